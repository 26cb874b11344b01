"""The KuCoin dialect against the paper exchange: in-process, and over TLS."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from decimal import Decimal as D

import pytest

from bot.core.accounting import ForeignVerdict, Liquidation, Ours, foreign_verdict, owner_of
from bot.core.units import check_notional, check_volume
from bot.domain.errors import VenueRejected
from bot.domain.ids import Asset, Symbol
from bot.domain.instrument import MarginMode
from bot.domain.ledger import RowKind
from bot.domain.observation import FlatProof, Holding, Position, Source, Unknown, Wanted
from bot.domain.orders import (
    Acked,
    Found,
    LookupFailed,
    NotFound,
    OrderStatus,
    OutcomeUnknown,
    Rejected,
    Side,
    TimeInForce,
    TradeCursor,
)
from bot.paper.client import local_session
from bot.paper.embedded import serve_paper
from bot.paper.engine.exchange import Exchange
from bot.paper.faults import Fault, FaultKind
from bot.paper.session import LocalSession
from bot.paper.world import World, default_world
from bot.ports import OrderTicket
from bot.runtime.clock import SystemClock
from bot.venue.gateway import CcxtVenue, open_venue
from tests.venue.kucoin_wire import INVERSE, PEPE, client_id, kucoin_spec, ticket
from tests.venue.wire import BTC, Anything, HandClock

COIN = Asset("BTC")
DAY_MS = 86_400_000
SETTLING_MS = 3_000
ALL = Wanted(
    spot=frozenset({COIN}),
    earn=frozenset({COIN}),
    margin=frozenset({COIN}),
    transit=frozenset({COIN}),
    transit_max_ms=7 * DAY_MS,
    symbols=frozenset({BTC, INVERSE}),
    configs=frozenset({BTC, INVERSE}),
)


@pytest.fixture
def clock() -> HandClock:
    return HandClock(SystemClock().now_ms())  # certificates go by it


@pytest.fixture
def world(clock: HandClock) -> World:
    return default_world(clock.now_ms)


@pytest.fixture
def exchange(world: World) -> Exchange:
    return world.venues["kucoin"].exchange


@pytest.fixture(params=["in-process", "tls"])
async def paper(request: pytest.FixtureRequest, world: World, clock: HandClock) -> AsyncIterator[CcxtVenue]:
    async with AsyncExitStack() as stack:
        session: Anything = LocalSession(world)
        if request.param == "tls":
            served = await stack.enter_async_context(serve_paper(time_ms=world.now_ms, world=world))
            session = await stack.enter_async_context(local_session(served.host, served.port, served.ca))
        keys = kucoin_spec(api_key="paper", secret="paper", password="paper")
        venue = open_venue(keys, clock=clock, session=session, symbols=[BTC, INVERSE, PEPE])
        await venue.start()
        yield venue
        await venue.close()


def order(venue: CcxtVenue, sequence: int, side: Side, contracts: int, price: str, **more: Anything) -> OrderTicket:
    wanted: dict[str, Anything] = {
        "symbol": BTC,
        "time_in_force": TimeInForce.IOC,
        "reduce_only": side is Side.BUY,
        **more,
    }
    return ticket(venue.now_ms(), sequence, side=side, contracts=D(contracts), price=D(price), **wanted)


async def position(venue: CcxtVenue, symbol: Symbol = BTC) -> Position:
    found = (await venue.observe(ALL)).positions[symbol]
    assert isinstance(found, Position), found
    return found


async def coins(venue: CcxtVenue, source: Source) -> D:
    found = (await venue.observe(ALL)).holdings[source, COIN]
    assert isinstance(found, Holding), found
    return found.quantity + found.overdue


async def test_a_linear_hedge_from_flat_to_short_and_back(paper: CcxtVenue) -> None:
    flat = await position(paper)
    assert flat.proof is FlatProof.ACCOUNT
    assert await coins(paper, Source.SPOT) == 1
    config = await paper.configure(BTC, 1, MarginMode.ISOLATED)
    assert (config.leverage, config.margin_mode, config.hedged) == (1, MarginMode.ISOLATED, False)
    await paper.order_slot(BTC)
    assert isinstance(await paper.place(order(paper, 1, Side.SELL, 1000, "99500")), Acked)
    sold = await paper.find_order(BTC, client_id(1))
    assert isinstance(sold, Found)
    assert (sold.report.status, sold.report.filled) == (OrderStatus.FILLED, D(1000))

    short = await position(paper)
    assert (short.contracts, short.proof) == (D(-1000), FlatProof.NOT_FLAT)
    assert short.liquidation_price is not None
    assert short.liquidation_price > 190_000
    assert short.mark_price is not None
    instrument = paper.instrument(BTC)
    assert check_notional(instrument, short.contracts, short.mark_price, short.raw_notional) is None
    trades = await paper.trades(BTC, TradeCursor(trade_id=None, time_ms=flat.stamp.sent_ms - 1))
    assert sum(trade.moved for trade in trades) == -1000
    cursor = TradeCursor(trade_id=trades[-1].trade_id, time_ms=trades[-1].time_ms)
    assert await paper.trades(BTC, cursor) == []

    assert isinstance(await paper.place(order(paper, 2, Side.BUY, 1000, "100500")), Acked)
    assert (await position(paper)).contracts == 0
    assert {trade.side for trade in await paper.trades(BTC, cursor)} == {Side.BUY}
    statuses = [report.status for report in await paper.all_orders(BTC, flat.stamp.sent_ms)]
    assert statuses == [OrderStatus.FILLED] * 2


async def test_r2_an_inverse_short_keeps_its_worth_in_usd(paper: CcxtVenue, exchange: Exchange) -> None:
    """1 BTC of margin, short its worth: W + u - c*s/P stays where it was, whatever the price does."""
    exchange.transfer("paper", "trade", "futures", "BTC", D(1))
    config = await paper.configure(INVERSE, 2, MarginMode.CROSS)
    assert (config.leverage, config.margin_mode) == (2, MarginMode.CROSS)
    assert isinstance(await paper.place(order(paper, 1, Side.SELL, 99_900, "99500", symbol=INVERSE)), Acked)
    gaps: list[D] = []
    for price in (100_000, 150_000, 50_000):
        exchange.set_price("BTC", D(price))
        short = await position(paper, INVERSE)
        assert short.mark_price == price
        assert check_notional(paper.instrument(INVERSE), short.contracts, D(price), short.raw_notional) is None
        gaps.append(await coins(paper, Source.MARGIN) + paper.instrument(INVERSE).coins(short.contracts, D(price)))
    assert max(gaps) - min(gaps) < D("0.000001")
    assert await coins(paper, Source.SPOT) == 0


async def test_flat_beside_another_position_is_proven(paper: CcxtVenue) -> None:
    assert isinstance(await paper.place(order(paper, 1, Side.SELL, 100, "0.199", symbol=PEPE)), Acked)
    found = await position(paper)
    assert (found.contracts, found.proof) == (D(0), FlatProof.ZERO_ROW)


@pytest.mark.parametrize("symbol", [BTC, INVERSE, PEPE])
async def test_r7_the_contract_sizes_agree_with_the_volumes(paper: CcxtVenue, symbol: Symbol) -> None:
    assert check_volume(paper.instrument(symbol), *await paper.volumes_24h(symbol)) is None


async def test_resting_orders_are_listed_cancelled_and_looked_up(paper: CcxtVenue, clock: HandClock) -> None:
    resting = order(paper, 1, Side.SELL, 5, "104000", time_in_force=TimeInForce.POST_ONLY)
    assert isinstance(await paper.place(resting), Acked)
    (listed,) = await paper.open_orders(BTC)
    assert (listed.client_id, listed.status) == (resting.client_id, OrderStatus.OPEN)
    assert isinstance(await paper.cancel(BTC, resting.client_id), OutcomeUnknown)
    assert await paper.open_orders(BTC) == []
    clock.ms += SETTLING_MS
    found = await paper.find_order(BTC, resting.client_id)
    assert isinstance(found, Found)
    assert found.report.status is OrderStatus.CANCELED
    assert isinstance(await paper.find_venue_order(BTC, found.report.venue_order_id), Found)
    assert isinstance(await paper.find_order(BTC, client_id(99)), NotFound)
    assert isinstance(await paper.cancel(BTC, client_id(99)), Rejected)


async def test_a_partial_fill_of_an_ioc_order_is_terminal(paper: CcxtVenue, clock: HandClock) -> None:
    await paper.configure(PEPE, 20, MarginMode.ISOLATED)
    assert isinstance(await paper.place(order(paper, 1, Side.SELL, 5_000_000, "0.199998", symbol=PEPE)), Acked)
    assert isinstance(await paper.find_order(PEPE, client_id(1)), LookupFailed), "more of it might be booked"
    clock.ms += SETTLING_MS
    found = await paper.find_order(PEPE, client_id(1))
    assert isinstance(found, Found)
    assert found.report.status is OrderStatus.CANCELED
    assert 0 < found.report.filled < found.report.contracts


async def test_r20_what_the_venue_refuses_is_definite(paper: CcxtVenue) -> None:
    for sequence, refused in enumerate(
        (
            order(paper, 1, Side.BUY, 10, "100500"),  # reduce-only without a position
            order(paper, 2, Side.SELL, 10, "99500.05"),  # off the tick
            order(paper, 3, Side.SELL, 900_000, "99500"),  # more than the margin allows
            order(paper, 4, Side.SELL, 10, "90000"),  # outside the price range
        )
    ):
        assert isinstance(await paper.place(refused), Rejected), sequence
    late = order(paper, 6, Side.SELL, 10, "99500")
    old = OrderTicket(
        request=late.request,
        client_id=late.client_id,
        timestamp_ms=late.timestamp_ms - 6_000,
        deadline_ms=late.timestamp_ms + 60_000,
    )
    outcome = await paper.place(old)
    assert isinstance(outcome, Rejected)
    assert outcome.code == "400002", "R21: the venue itself holds the deadline"
    assert await paper.all_orders(BTC, paper.now_ms() - 60_000) == []


@pytest.mark.parametrize("kind", [FaultKind.DROP_AFTER, FaultKind.HTTP_503_AFTER, FaultKind.DROP_BEFORE])
async def test_r20_a_lost_answer_is_unknown_and_the_look_up_tells(
    paper: CcxtVenue, world: World, kind: FaultKind
) -> None:
    world.faults.add(Fault(venue="kucoin", path="/api/v1/orders", kind=kind, method="POST"))
    assert isinstance(await paper.place(order(paper, 1, Side.SELL, 100, "99500")), OutcomeUnknown)
    found = await paper.find_order(BTC, client_id(1))
    if kind is FaultKind.DROP_BEFORE:
        assert isinstance(found, NotFound)
    else:
        assert isinstance(found, Found)
        assert found.report.filled == 100


async def test_r19_an_id_that_is_open_already_is_no_second_order(paper: CcxtVenue) -> None:
    resting = order(paper, 1, Side.SELL, 5, "104000", time_in_force=TimeInForce.GTC)
    assert isinstance(await paper.place(resting), Acked)
    assert isinstance(await paper.place(resting), OutcomeUnknown)
    assert len(await paper.open_orders(BTC)) == 1


@pytest.mark.parametrize("kind", [FaultKind.EMPTY_LIST, FaultKind.HTML_200, FaultKind.HTTP_503])
@pytest.mark.parametrize("path", ["/api/v1/positions", "/api/v1/account-overview"])
async def test_r9_an_open_short_never_looks_flat(paper: CcxtVenue, world: World, kind: FaultKind, path: str) -> None:
    assert isinstance(await paper.place(order(paper, 1, Side.SELL, 1000, "99500")), Acked)
    world.faults.add(Fault(venue="kucoin", path=path, kind=kind))
    found = (await paper.observe(ALL)).positions[BTC]
    assert isinstance(found, Unknown) or found.contracts == -1000


async def test_r25_a_liquidation_is_no_strangers_trade(paper: CcxtVenue, exchange: Exchange) -> None:
    begun = TradeCursor(trade_id=None, time_ms=paper.now_ms() - 1)
    assert isinstance(await paper.place(order(paper, 1, Side.SELL, 1000, "99500")), Acked)
    exchange.set_price("BTC", D(210_000))
    assert (await position(paper)).contracts == 0
    own, forced = await paper.trades(BTC, begun)
    found = await paper.find_venue_order(BTC, forced.venue_order_id)
    assert isinstance(found, Found)
    owner = owner_of(found.report.client_id, known=lambda _: True)
    assert owner == Liquidation()
    assert foreign_verdict([(forced, owner)]) is ForeignVerdict.LIQUIDATION
    mine = await paper.find_venue_order(BTC, own.venue_order_id)
    assert isinstance(mine, Found)
    assert owner_of(mine.report.client_id, known=lambda _: True) == Ours(client_id=client_id(1))


async def test_hedge_mode_shorts_the_short_side(paper: CcxtVenue, exchange: Exchange) -> None:
    exchange.set_hedged("paper", True)
    seen = (await paper.observe(ALL)).configs[BTC]
    assert not isinstance(seen, Unknown)
    assert seen.hedged
    await paper.configure(BTC, 1, MarginMode.ISOLATED)
    begun_ms = paper.now_ms()
    assert isinstance(await paper.place(order(paper, 1, Side.SELL, 300, "99500", hedged=True)), Acked)
    assert isinstance(await paper.place(order(paper, 2, Side.BUY, 100, "100500", hedged=True)), Acked)
    found = await position(paper)
    assert (found.contracts, found.other_side) == (D(-200), D(0))
    trades = await paper.trades(BTC, TradeCursor(trade_id=None, time_ms=begun_ms - 1))
    assert sum(trade.moved for trade in trades) == -200
    assert (await paper.configure(BTC, 1, MarginMode.ISOLATED)).hedged, "the position mode is the user's own"


async def test_r11_coins_on_their_way_are_counted_once(paper: CcxtVenue, exchange: Exchange) -> None:
    async def everything() -> D:
        return sum([await coins(paper, source) for source in (Source.SPOT, Source.EARN, Source.TRANSIT)], D(0))

    exchange.transfer("paper", "trade", "main", "BTC", D("0.6"))
    assert await everything() == 1
    exchange.earn_subscribe("paper", "staking", "BTC", D("0.5"))
    assert (await coins(paper, Source.EARN), await everything()) == (D("0.5"), D(1))
    exchange.earn_redeem("paper", "staking", "BTC", D("0.2"))
    assert (await coins(paper, Source.EARN), await coins(paper, Source.TRANSIT)) == (D("0.3"), D("0.2"))
    assert await everything() == 1
    exchange.withdraw("paper", "main", "BTC", D("0.1"), pending_s=3_600)
    assert await everything() == 1


async def test_r29_the_ledger_explains_every_wallet_to_the_last_digit(paper: CcxtVenue, exchange: Exchange) -> None:
    since_ms = paper.now_ms() - 1_000
    before = await wallets(paper)
    exchange.deposit("paper", "main", "BTC", D("0.5"))
    exchange.transfer("paper", "trade", "futures", "USDT", D("1234.5"))
    exchange.transfer("paper", "trade", "main", "BTC", D("0.1"))
    exchange.earn_subscribe("paper", "staking", "BTC", D("0.3"))
    exchange.earn_redeem("paper", "staking", "BTC", D("0.1"), 0)
    exchange.pay_reward("paper", "staking", "BTC", D("0.001"))
    assert isinstance(await paper.place(order(paper, 1, Side.SELL, 1234, "99500")), Acked)
    exchange.settle_funding("BTC", D("0.0001"))
    exchange.set_price("BTC", D(97_123))
    assert isinstance(await paper.place(order(paper, 2, Side.BUY, 1000, "97700")), Acked)
    rows = await paper.ledger(since_ms, [BTC])
    change: defaultdict[tuple[str, str], D] = defaultdict(D)
    for row in rows:
        change[row.wallet, row.asset] += row.amount
    after = await wallets(paper)
    for key in before | after:
        assert after.get(key, D(0)) - before.get(key, D(0)) == change[key], key
    assert {row.kind for row in rows} >= {
        RowKind.TRADE,
        RowKind.FEE,
        RowKind.FUNDING,
        RowKind.TRANSFER,
        RowKind.DEPOSIT,
    }


async def wallets(venue: CcxtVenue) -> dict[tuple[str, str], D]:
    return {(balance.wallet, balance.asset): balance.quantity for balance in await venue.wallets()}


async def test_a_wrong_passphrase_is_refused(world: World, clock: HandClock) -> None:
    keys = kucoin_spec(api_key="paper", secret="paper", password="wrong")
    venue = open_venue(keys, clock=clock, session=LocalSession(world), symbols=[BTC])
    with pytest.raises(VenueRejected) as fault:
        await venue.start()
    await venue.close()
    assert fault.value.hint


async def test_maintenance_of_small_and_large_positions(paper: CcxtVenue) -> None:
    for symbol in (BTC, INVERSE):
        small, _ = await paper.maintenance(symbol, D(1_000))
        large, _ = await paper.maintenance(symbol, D(1_000_000))
        assert 0 < small <= large < 1
