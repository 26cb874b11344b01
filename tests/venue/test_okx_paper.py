"""The gateway against the paper OKX, in-process."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from bot.domain.errors import StartFault, VenueRejected
from bot.domain.ids import Asset, ClientOrderId, Epoch, Symbol, VenueName, client_order_id
from bot.domain.instrument import MarginMode
from bot.domain.observation import FlatProof, Holding, Margin, Position, Prices, Source, Unknown, Wanted
from bot.domain.orders import (
    Acked,
    Found,
    NotFound,
    OrderReport,
    OrderRequest,
    OrderStatus,
    OutcomeUnknown,
    Rejected,
    Side,
    TimeInForce,
    TradeCursor,
)
from bot.paper import venues
from bot.paper.engine.defaults import DEFAULT_PRICES, OKX_LISTINGS, OKX_STARTING
from bot.paper.engine.exchange import Exchange
from bot.paper.engine.layout import OKX
from bot.paper.faults import Fault, FaultKind
from bot.paper.session import LocalSession
from bot.paper.wire.okx.facade import OkxFacade
from bot.paper.world import PaperVenue, World
from bot.ports import OrderTicket
from bot.venue.gateway import CcxtVenue, open_venue
from tests.venue.okx_wire import BTC, COIN_M, PEPE, spec, values
from tests.venue.wire import Anything, HandClock

COIN, TOKEN = Asset("BTC"), Asset("BETH")
SYMBOLS = (BTC, COIN_M, PEPE)
PAPER = spec(api_key="paper", secret="paper", password="paper")
ALL = Wanted(
    spot=frozenset({COIN}),
    earn=frozenset({COIN}),
    transit=frozenset({COIN, TOKEN}),
    transit_max_ms=86_400_000,
    symbols=frozenset(SYMBOLS),
    books=frozenset({BTC}),
    configs=frozenset(SYMBOLS),
)


@pytest.fixture
def exchange(clock: HandClock) -> Exchange:
    return Exchange(
        name="okx",
        listings=OKX_LISTINGS,
        starting=OKX_STARTING,
        time_ms=clock.now_ms,
        prices=DEFAULT_PRICES,
        layout=OKX,
    )


@pytest.fixture
def world(exchange: Exchange, clock: HandClock) -> World:
    venue = PaperVenue(exchange=exchange, facade=OkxFacade(exchange), traits=venues.OKX)
    return World({"okx": venue}, time_ms=clock.now_ms)


def opened(world: World, clock: HandClock, *, isolated: frozenset[Symbol] = frozenset({BTC})) -> CcxtVenue:
    return open_venue(PAPER, clock=clock, session=LocalSession(world), symbols=SYMBOLS, isolated=isolated)


@pytest.fixture
async def venue(world: World, clock: HandClock) -> AsyncIterator[CcxtVenue]:
    venue = opened(world, clock)
    await venue.start()
    yield venue
    await venue.close()


class Desk:
    """Places orders with ids of their own."""

    def __init__(self, venue: CcxtVenue) -> None:
        self.venue = venue
        self.sequence = 0

    def ticket(self, symbol: Symbol, side: Side, contracts: str, price: str, **more: Anything) -> OrderTicket:
        self.sequence += 1
        wanted: dict[str, Anything] = {
            "time_in_force": TimeInForce.IOC,
            "reduce_only": side is Side.BUY,
            **more,
        }
        request = OrderRequest(
            venue=VenueName("main"),
            symbol=symbol,
            side=side,
            contracts=Decimal(contracts),
            price=Decimal(price),
            **wanted,
        )
        now_ms = self.venue.now_ms()
        return OrderTicket(
            request=request,
            client_id=client_order_id(Epoch("abcdefghjk"), self.sequence),
            timestamp_ms=now_ms,
            deadline_ms=now_ms + self.venue.recv_window_ms(),
        )

    async def fill(self, symbol: Symbol, side: Side, contracts: str, price: str, **more: Anything) -> OrderReport:
        """Place an order and look at what became of it."""
        ticket = self.ticket(symbol, side, contracts, price, **more)
        outcome = await self.venue.place(ticket)
        assert isinstance(outcome, Acked), outcome
        found = await self.venue.find_order(symbol, ticket.client_id)
        assert isinstance(found, Found), found
        assert found.report.venue_order_id == outcome.report.venue_order_id
        return found.report


@pytest.fixture
def desk(venue: CcxtVenue) -> Desk:
    return Desk(venue)


async def position(venue: CcxtVenue, symbol: Symbol) -> Position:
    found = (await venue.observe(Wanted(symbols=frozenset({symbol})))).positions[symbol]
    assert isinstance(found, Position), found
    return found


async def test_a_linear_hedge_from_flat_to_short_and_back(venue: CcxtVenue, desk: Desk) -> None:
    before = await venue.observe(ALL)
    for symbol in SYMBOLS:
        flat, prices = before.positions[symbol], before.prices[symbol]
        assert isinstance(flat, Position)
        assert isinstance(prices, Prices)
        assert flat.proof is FlatProof.ACCOUNT
    held = before.holdings[Source.SPOT, COIN]
    assert isinstance(held, Holding)
    assert held.quantity == 1

    config = await venue.configure(BTC, 1, MarginMode.ISOLATED)
    assert values(config.leverage, config.margin_mode, config.hedged) == (1, MarginMode.ISOLATED, False)
    since_ms = venue.now_ms() - 1
    sold = await desk.fill(BTC, Side.SELL, "100", "99500")
    assert values(sold.status, sold.filled) == (OrderStatus.FILLED, 100)
    short = await position(venue, BTC)
    assert values(short.contracts, short.proof, short.raw_notional) == (-100, FlatProof.NOT_FLAT, 100_000)
    assert short.isolated_wallet is not None
    assert short.liquidation_price is not None
    assert short.liquidation_price > 190_000
    trades = await venue.trades(BTC, TradeCursor(trade_id=None, time_ms=since_ms))
    assert sum(trade.moved for trade in trades) == -100
    assert await venue.trades(BTC, TradeCursor(trade_id=trades[-1].trade_id, time_ms=since_ms)) == []
    bought = await desk.fill(BTC, Side.BUY, "100", "100500")
    assert values(bought.status, bought.reduce_only) == (OrderStatus.FILLED, True)
    assert (await position(venue, BTC)).contracts == 0
    assert [report.client_id for report in await venue.all_orders(BTC, since_ms)] == [sold.client_id, bought.client_id]


async def test_r2_a_backed_inverse_short_moves_with_the_price_and_its_principal_does_not(
    exchange: Exchange, venue: CcxtVenue, desk: Desk
) -> None:
    await venue.configure(COIN_M, 2, MarginMode.CROSS)
    await desk.fill(COIN_M, Side.SELL, "900", "99000")
    at_entry = (await venue.observe(ALL)).holdings[Source.SPOT, COIN]
    exchange.set_price("BTC", Decimal(150_000))
    observed = await venue.observe(ALL)
    higher, short, margin = observed.holdings[Source.SPOT, COIN], observed.positions[COIN_M], observed.margins[COIN_M]
    assert isinstance(at_entry, Holding)
    assert isinstance(higher, Holding)
    assert isinstance(short, Position)
    assert isinstance(margin, Margin)
    assert higher.quantity < Decimal("0.75") < at_entry.quantity
    assert higher.principal == at_entry.principal
    assert values(margin.balance, margin.wallet) == (higher.quantity, higher.principal)
    assert values(short.contracts, short.raw_notional) == (-900, 90_000)


async def test_hedge_mode_works_without_being_switched(world: World, exchange: Exchange, clock: HandClock) -> None:
    exchange.set_hedged("paper", True)
    venue = opened(world, clock)
    await venue.start()
    desk = Desk(venue)
    config = await venue.configure(BTC, 1, MarginMode.ISOLATED)
    assert values(config.leverage, config.hedged) == (1, True)
    await desk.fill(BTC, Side.SELL, "60", "99500", hedged=True)
    short = await position(venue, BTC)
    assert values(short.contracts, short.other_side) == (-60, 0)
    assert (await desk.fill(BTC, Side.BUY, "20", "100500", hedged=True)).reduce_only
    assert (await position(venue, BTC)).contracts == -40
    await venue.close()


async def test_r16_post_only_rests_is_canceled_and_read_back(venue: CcxtVenue, desk: Desk) -> None:
    resting = await desk.fill(BTC, Side.SELL, "10", "110000", time_in_force=TimeInForce.POST_ONLY)
    assert resting.status is OrderStatus.OPEN
    assert resting.client_id is not None
    assert [report.client_id for report in await venue.open_orders(BTC)] == [resting.client_id]
    canceled = await venue.cancel(BTC, resting.client_id)
    assert isinstance(canceled, Acked)
    assert values(canceled.report.status, canceled.report.filled) == (OrderStatus.CANCELED, 0)
    assert isinstance(await venue.cancel(BTC, resting.client_id), Rejected)
    crossing = await desk.fill(BTC, Side.SELL, "10", "96000", time_in_force=TimeInForce.POST_ONLY)
    assert values(crossing.status, crossing.filled) == (OrderStatus.CANCELED, 0)


async def test_r20_refusals_and_what_is_not_known(venue: CcxtVenue, desk: Desk) -> None:
    too_big = desk.ticket(BTC, Side.SELL, "9000", "99500")
    assert isinstance(await venue.place(too_big), Rejected)
    assert isinstance(await venue.find_order(BTC, too_big.client_id), NotFound)
    odd = desk.ticket(BTC, Side.SELL, "0.001", "99500")
    assert isinstance(await venue.place(odd), Rejected)
    nothing_to_reduce = desk.ticket(BTC, Side.BUY, "1", "100500")
    assert isinstance(await venue.place(nothing_to_reduce), Rejected)
    assert await venue.find_order(BTC, ClientOrderId("hnever")) == NotFound(code="51603")


async def test_r19_a_used_id_proves_that_the_order_exists(venue: CcxtVenue, desk: Desk) -> None:
    ticket = desk.ticket(BTC, Side.SELL, "1", "99500")
    assert isinstance(await venue.place(ticket), Acked)
    assert isinstance(await venue.place(ticket), OutcomeUnknown)
    assert (await position(venue, BTC)).contracts == -1


async def test_r21_an_order_past_its_deadline_has_no_effect(venue: CcxtVenue, desk: Desk) -> None:
    ticket = desk.ticket(BTC, Side.SELL, "1", "99500")
    late = OrderTicket(
        request=ticket.request,
        client_id=ticket.client_id,
        timestamp_ms=ticket.timestamp_ms - 10_000,
        deadline_ms=venue.now_ms() - 5_000,
    )
    dialect = venue._dialect
    with pytest.raises(VenueRejected) as caught:
        await dialect.place(late)
    assert caught.value.code == "50036"
    assert (await position(venue, BTC)).contracts == 0


async def test_r29_books_and_wallets_agree_to_the_last_digit(
    venue: CcxtVenue, desk: Desk, world: World, exchange: Exchange
) -> None:
    since_ms = venue.now_ms() - 1_000
    before: dict[tuple[str, str], Decimal] = {(row.wallet, row.asset): row.quantity for row in await venue.wallets()}
    await desk.fill(BTC, Side.SELL, "60", "99500")
    await desk.fill(COIN_M, Side.SELL, "300", "99500")
    world.settle_funding("BTC", Decimal("0.0001"))
    exchange.set_price("BTC", Decimal(101_000))
    await desk.fill(BTC, Side.BUY, "20", "102000")
    exchange.transfer("paper", "trading", "funding", "BTC", Decimal("0.5"))
    exchange.earn_subscribe("paper", "flexible", "BTC", Decimal("0.25"))
    exchange.earn_subscribe("paper", "locked", "BTC", Decimal("0.1"))
    exchange.earn_redeem("paper", "locked", "BTC", Decimal("0.05"))
    after: dict[tuple[str, str], Decimal] = {(row.wallet, row.asset): row.quantity for row in await venue.wallets()}
    changes: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in await venue.ledger(since_ms, SYMBOLS):
        changes[row.wallet, row.asset] += row.amount
    for key in {*before, *after, *changes}:
        assert after.get(key, 0) - before.get(key, 0) == changes[key], key


async def test_r5_r11_coins_are_seen_once_on_their_way_through_earn(venue: CcxtVenue, exchange: Exchange) -> None:
    async def seen() -> dict[Source, Decimal]:
        holdings = (await venue.observe(ALL)).holdings
        found = {source: held for (source, asset), held in holdings.items() if asset == COIN}
        quantities = {}
        for source, held in found.items():
            assert isinstance(held, Holding), held
            quantities[source] = held.quantity
        return quantities

    exchange.transfer("paper", "trading", "funding", "BTC", Decimal("0.6"))
    assert values(*(await seen()).values()) == (1, 0, 0)
    exchange.earn_subscribe("paper", "flexible", "BTC", Decimal("0.3"))
    exchange.earn_subscribe("paper", "locked", "BTC", Decimal("0.2"))
    assert await seen() == {Source.SPOT: Decimal("0.5"), Source.EARN: Decimal("0.5"), Source.TRANSIT: 0}
    exchange.earn_redeem("paper", "locked", "BTC", Decimal("0.2"))
    assert await seen() == {Source.SPOT: Decimal("0.5"), Source.EARN: Decimal("0.3"), Source.TRANSIT: Decimal("0.2")}
    exchange.earn_redeem("paper", "flexible", "BTC", Decimal("0.3"))
    assert await seen() == {Source.SPOT: Decimal("0.8"), Source.EARN: 0, Source.TRANSIT: Decimal("0.2")}
    assert sum((await seen()).values()) == 1


@pytest.mark.parametrize("mode", [1, 3, 4])
async def test_account_modes_are_recognised_and_refused(
    world: World, exchange: Exchange, mode: int, clock: HandClock
) -> None:
    exchange.set_account_mode("paper", mode)
    venue = opened(world, clock)
    with pytest.raises(StartFault, match=f"acctLv {mode}"):
        await venue.start()
    await venue.close()


async def test_what_the_account_and_the_markets_say(venue: CcxtVenue) -> None:
    scope = await venue.key_scope()
    assert scope.trade
    rate, subtracted = await venue.maintenance(BTC, Decimal(100_000))
    assert values(rate > 0, subtracted) == (True, 0)
    for symbol in SYMBOLS:
        contracts, quote, average = await venue.volumes_24h(symbol)
        instrument = venue.instrument(symbol)
        assert abs(instrument.notional(contracts, average) - quote) < quote * Decimal("0.01")


async def test_a_wrong_passphrase_is_refused_and_told(world: World, clock: HandClock) -> None:
    wrong = spec(api_key="paper", secret="paper", password="wrong")
    venue = open_venue(wrong, clock=clock, session=LocalSession(world), symbols=[BTC])
    with pytest.raises(VenueRejected) as caught:
        await venue.start()
    assert caught.value.code == "50105"
    assert "key" in caught.value.hint
    await venue.close()


async def test_a_price_that_is_suspended_makes_the_contract_inactive(
    world: World, exchange: Exchange, clock: HandClock
) -> None:
    exchange.set_status("linear:BTC-USDT-SWAP", "suspended")
    venue = opened(world, clock)
    await venue.start()
    assert not venue.instrument(BTC).active
    await venue.close()


async def test_r8_an_empty_balance_is_not_believed(venue: CcxtVenue, world: World) -> None:
    world.faults.add(Fault(venue="okx", kind=FaultKind.EMPTY_LIST, path="/api/v5/account/balance", count=2))
    observed = await venue.observe(Wanted(spot=frozenset({COIN}), symbols=frozenset({BTC})))
    assert isinstance(observed.holdings[Source.SPOT, COIN], Unknown)
    assert isinstance(observed.positions[BTC], Unknown)
