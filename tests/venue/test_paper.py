"""The gateway against the paper exchange: in-process, and over TLS."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from decimal import Decimal

import pytest

from bot.domain.errors import VenueRejected
from bot.domain.ids import Asset, ClientOrderId, Epoch, Symbol, VenueName, client_order_id
from bot.domain.instrument import MarginMode
from bot.domain.ledger import RowKind
from bot.domain.observation import FlatProof, Holding, Margin, Position, Prices, Source, SymbolConfig, Unknown, Wanted
from bot.domain.orders import (
    Acked,
    Found,
    NotFound,
    OrderRequest,
    OrderStatus,
    OutcomeUnknown,
    Rejected,
    Side,
    TimeInForce,
    TradeCursor,
)
from bot.paper.client import local_session
from bot.paper.embedded import serve_paper
from bot.paper.faults import Fault, FaultKind
from bot.paper.session import LocalSession
from bot.paper.world import World, default_world
from bot.ports import OrderTicket
from bot.runtime.clock import SystemClock
from bot.venue.gateway import CcxtVenue, open_venue
from tests.venue.wire import BTC, Anything, HandClock, spec

COIN = Asset("BTC")
PEPE = Symbol("1000PEPE/USDT:USDT")
ALL = Wanted(
    spot=frozenset({COIN}),
    earn=frozenset({COIN}),
    symbols=frozenset({BTC}),
    books=frozenset({BTC}),
    configs=frozenset({BTC}),
)


@pytest.fixture
def clock() -> HandClock:
    return HandClock(SystemClock().now_ms())  # certificates go by it


@pytest.fixture
def world(clock: HandClock) -> World:
    return default_world(clock.now_ms)


@pytest.fixture(params=["in-process", "tls"])
async def paper(request: pytest.FixtureRequest, world: World, clock: HandClock) -> AsyncIterator[CcxtVenue]:
    async with AsyncExitStack() as stack:
        session: Anything = LocalSession(world)
        if request.param == "tls":
            served = await stack.enter_async_context(serve_paper(time_ms=world.now_ms, world=world))
            session = await stack.enter_async_context(local_session(served.host, served.port, served.ca))
        keys = spec(api_key="paper", secret="paper")
        venue = open_venue(keys, clock=clock, session=session, symbols=[BTC, PEPE], isolated=frozenset({BTC, PEPE}))
        await venue.start()
        yield venue
        await venue.close()


def order(venue: CcxtVenue, sequence: int, side: Side, contracts: str, price: str, **more: Anything) -> OrderTicket:
    wanted: dict[str, Anything] = {
        "symbol": BTC,
        "time_in_force": TimeInForce.IOC,
        "reduce_only": side is Side.BUY,
        **more,
    }
    request = OrderRequest(
        venue=VenueName("main"), side=side, contracts=Decimal(contracts), price=Decimal(price), **wanted
    )
    now_ms = venue.now_ms()
    return OrderTicket(
        request=request,
        client_id=client_order_id(Epoch("abcdefghjk"), sequence),
        timestamp_ms=now_ms,
        deadline_ms=now_ms + venue.recv_window_ms(),
    )


async def test_a_hedge_from_flat_to_short_and_back(paper: CcxtVenue) -> None:
    before = await paper.observe(ALL)
    flat = before.positions[BTC]
    assert isinstance(flat, Position)
    assert flat.proof is FlatProof.ACCOUNT
    holding = before.holdings[Source.SPOT, COIN]
    assert isinstance(holding, Holding)
    assert holding.quantity == 1
    prices = before.prices[BTC]
    assert isinstance(prices, Prices)
    assert prices.book is not None
    assert prices.book.bids[0].price == prices.bid

    config = await paper.configure(BTC, 1, MarginMode.ISOLATED)
    assert config == SymbolConfig(symbol=BTC, leverage=1, margin_mode=MarginMode.ISOLATED, hedged=False)
    await paper.order_slot(BTC)
    sold = await paper.place(order(paper, 1, Side.SELL, "1", "99500"))
    assert isinstance(sold, Acked)
    assert sold.report.status is OrderStatus.FILLED

    short = (await paper.observe(ALL)).positions[BTC]
    assert isinstance(short, Position)
    assert (short.contracts, short.proof) == (Decimal(-1), FlatProof.NOT_FLAT)
    assert short.isolated_wallet is not None
    assert short.liquidation_price is not None
    assert short.liquidation_price > Decimal(190_000)

    (trade, *_) = trades = await paper.trades(BTC, TradeCursor(trade_id=None, time_ms=flat.stamp.sent_ms - 1))
    assert sum(trade.moved for trade in trades) == -1
    assert trade.fee > 0
    assert await paper.trades(BTC, TradeCursor(trade_id=trades[-1].trade_id, time_ms=0)) == []

    bought = await paper.place(order(paper, 2, Side.BUY, "1", "100500"))
    assert isinstance(bought, Acked)
    again = (await paper.observe(ALL)).positions[BTC]
    assert isinstance(again, Position)
    assert again.contracts == 0
    assert [report.status for report in await paper.all_orders(BTC, flat.stamp.sent_ms)] == [OrderStatus.FILLED] * 2


async def test_flat_beside_another_position_is_proven(paper: CcxtVenue) -> None:
    placed = await paper.place(order(paper, 1, Side.SELL, "1000000", "0.0199", symbol=PEPE))
    assert isinstance(placed, Acked)
    seen = await paper.observe(Wanted(symbols=frozenset({BTC, PEPE})))
    flat, short = seen.positions[BTC], seen.positions[PEPE]
    assert isinstance(flat, Position)
    assert (flat.contracts, flat.proof) == (Decimal(0), FlatProof.ACCOUNT)
    assert isinstance(short, Position)
    assert short.contracts == -1_000_000


async def test_resting_orders_are_listed_cancelled_and_looked_up(paper: CcxtVenue) -> None:
    ticket = order(paper, 1, Side.SELL, "0.5", "105000", time_in_force=TimeInForce.POST_ONLY)
    assert isinstance(await paper.place(ticket), Acked)
    (resting,) = await paper.open_orders(BTC)
    assert resting.client_id == ticket.client_id
    # A zero row now stands in both lists: flat without doubt.
    seen = (await paper.observe(ALL)).positions[BTC]
    assert isinstance(seen, Position)
    assert (seen.contracts, seen.proof) == (Decimal(0), FlatProof.ZERO_ROW)
    assert isinstance(await paper.cancel(BTC, ticket.client_id), Acked)
    assert await paper.open_orders(BTC) == []
    found = await paper.find_order(BTC, ticket.client_id)
    assert isinstance(found, Found)
    assert found.report.status is OrderStatus.CANCELED
    assert isinstance(await paper.find_venue_order(BTC, found.report.venue_order_id), Found)
    assert await paper.find_order(BTC, ClientOrderId("nobody")) == NotFound(code="-2013")
    assert isinstance(await paper.cancel(BTC, ClientOrderId("nobody")), Rejected)


async def test_r20_what_the_venue_refuses_is_definite(paper: CcxtVenue) -> None:
    for sequence, ticket in enumerate(
        (
            order(paper, 1, Side.BUY, "1", "100500"),  # reduce-only without a position
            order(paper, 2, Side.SELL, "0.0001", "99500"),  # below the step
            order(paper, 3, Side.SELL, "0.001", "99500.05"),  # off the tick
            order(paper, 4, Side.SELL, "900", "99500"),  # more than the margin allows
            order(paper, 5, Side.SELL, "1", "99000", time_in_force=TimeInForce.POST_ONLY),  # would match
        )
    ):
        assert isinstance(await paper.place(ticket), Rejected), sequence
    late = order(paper, 6, Side.SELL, "1", "99500")
    old = OrderTicket(
        request=late.request,
        client_id=late.client_id,
        timestamp_ms=late.timestamp_ms - 10_000,
        deadline_ms=late.timestamp_ms - 1,
    )
    assert isinstance(await paper.place(old), Rejected)
    assert await paper.all_orders(BTC, 0 + paper.now_ms() - 60_000) == []


@pytest.mark.parametrize("kind", [FaultKind.DROP_AFTER, FaultKind.HTTP_503_AFTER, FaultKind.DROP_BEFORE])
async def test_r20_a_lost_answer_is_unknown_and_the_look_up_tells(
    paper: CcxtVenue, world: World, kind: FaultKind
) -> None:
    world.faults.add(Fault(venue="binance", path="/fapi/v1/order", kind=kind, method="POST"))
    ticket = order(paper, 1, Side.SELL, "1", "99500")
    assert isinstance(await paper.place(ticket), OutcomeUnknown)
    found = await paper.find_order(BTC, ticket.client_id)
    if kind is FaultKind.DROP_BEFORE:
        assert isinstance(found, NotFound)
    else:
        assert isinstance(found, Found)
        assert found.report.filled == 1


@pytest.mark.parametrize("kind", [FaultKind.EMPTY_LIST, FaultKind.HTML_200, FaultKind.HTTP_503])
@pytest.mark.parametrize("path", ["/fapi/v3/positionRisk", "/fapi/v3/account"])
async def test_r9_an_open_short_never_looks_flat(paper: CcxtVenue, world: World, kind: FaultKind, path: str) -> None:
    assert isinstance(await paper.place(order(paper, 1, Side.SELL, "1", "99500")), Acked)
    world.faults.add(Fault(venue="binance", path=path, kind=kind))
    position = (await paper.observe(ALL)).positions[BTC]
    assert isinstance(position, Unknown) or position.contracts == -1


async def test_r9_an_open_short_never_looks_flat_when_both_lists_are_empty(paper: CcxtVenue, world: World) -> None:
    await paper.configure(BTC, 1, MarginMode.ISOLATED)
    assert isinstance(await paper.place(order(paper, 1, Side.SELL, "1", "99500")), Acked)
    for path in ("/fapi/v3/positionRisk", "/fapi/v3/account"):
        world.faults.add(Fault(venue="binance", path=path, kind=FaultKind.EMPTY_LIST))
    assert isinstance((await paper.observe(ALL)).positions[BTC], Unknown)


@pytest.mark.parametrize("kind", [FaultKind.EMPTY_LIST, FaultKind.HTML_200])
async def test_r8_balances_that_vanish_are_unknown(paper: CcxtVenue, world: World, kind: FaultKind) -> None:
    world.faults.add(Fault(venue="binance", path="/api/v3/account", kind=kind, count=2))
    assert isinstance((await paper.observe(ALL)).holdings[Source.SPOT, COIN], Unknown)


async def test_r10_coins_moved_between_the_reads_are_unknown(paper: CcxtVenue, world: World) -> None:
    world.faults.add(Fault(venue="binance", path="/api/v3/account", kind=FaultKind.MOVE_BETWEEN_READS))
    holdings = (await paper.observe(ALL)).holdings
    assert isinstance(holdings[Source.SPOT, COIN], Unknown)
    assert isinstance(holdings[Source.EARN, COIN], Unknown)
    holdings = (await paper.observe(ALL)).holdings
    parts = [holdings[source, COIN] for source in (Source.SPOT, Source.EARN)]
    assert sum(part.quantity for part in parts if isinstance(part, Holding)) == 1


async def test_r29_the_ledger_explains_every_wallet_to_the_last_digit(paper: CcxtVenue, world: World) -> None:
    exchange = world.venues["binance"].exchange
    since_ms = paper.now_ms() - 1_000
    before = await wallets(paper)
    exchange.deposit("paper", "spot", "BTC", Decimal("0.5"))
    exchange.deposit("paper", "spot", "USDT", Decimal(-1_000))
    exchange.transfer("paper", "spot", "usdm", "USDT", Decimal("1234.5"))
    exchange.transfer("paper", "spot", "funding", "BTC", Decimal("0.1"))
    exchange.earn_subscribe("paper", "locked", "BTC", Decimal("0.7"))
    exchange.earn_subscribe("paper", "flexible", "BTC", Decimal("0.2"))
    exchange.earn_redeem("paper", "flexible", "BTC", Decimal("0.05"))
    exchange.pay_reward("paper", "locked", "USDT", Decimal(100))
    assert isinstance(await paper.place(order(paper, 1, Side.SELL, "1.234", "99500")), Acked)
    exchange.settle_funding("BTC", Decimal("0.0001"))
    exchange.set_price("BTC", Decimal(97_123))
    assert isinstance(await paper.place(order(paper, 2, Side.BUY, "1", "97700")), Acked)

    rows = await paper.ledger(since_ms, [BTC])
    change: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in rows:
        change[row.wallet, row.asset] += row.amount
    after = await wallets(paper)
    for key in before | after:
        assert after.get(key, Decimal(0)) - before.get(key, Decimal(0)) == change[key], key
    kinds = {row.kind for row in rows}
    assert kinds >= {RowKind.TRADE, RowKind.FEE, RowKind.FUNDING, RowKind.TRANSFER, RowKind.REWARD, RowKind.DEPOSIT}
    assert [row.time_ms for row in rows] == sorted(row.time_ms for row in rows)
    assert sum(row.amount for row in rows if row.kind is RowKind.TRANSFER) == 0


async def wallets(venue: CcxtVenue) -> dict[tuple[str, str], Decimal]:
    return {(balance.wallet, balance.asset): balance.quantity for balance in await venue.wallets()}


async def test_a_key_that_the_venue_does_not_know_is_refused(world: World, clock: HandClock) -> None:
    keys = spec(api_key="somebody", secret="else")
    venue = open_venue(keys, clock=clock, session=LocalSession(world), symbols=[BTC])
    with pytest.raises(VenueRejected) as fault:
        await venue.start()
    await venue.close()
    assert fault.value.hint


async def test_the_margin_is_read_from_the_settle_currency(paper: CcxtVenue) -> None:
    margin = (await paper.observe(ALL)).margins[BTC]
    assert isinstance(margin, Margin)
    assert (margin.asset, margin.wallet, margin.available) == (Asset("USDT"), Decimal(200_000), Decimal(200_000))
