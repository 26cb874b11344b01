"""ccxt's unified methods against paper exchanges, as if nobody had verified them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal as D

import pytest

from bot.core.units import check_notional, check_volume
from bot.domain.errors import NotOffered, StartFault, VenueUnreachable, VenueUnreadable
from bot.domain.ids import Symbol
from bot.domain.instrument import MarginMode
from bot.domain.observation import FlatProof, Holding, Margin, Position, Prices, Source, SymbolConfig, Unknown, Wanted
from bot.domain.orders import (
    Acked,
    Found,
    LookupFailed,
    NotFound,
    OrderStatus,
    OutcomeUnknown,
    Rejected,
    Side,
    TradeCursor,
)
from bot.paper.faults import Fault, FaultKind
from bot.paper.world import World, default_world
from bot.runtime.clock import SystemClock
from bot.venue.gateway import CcxtVenue
from tests.venue.unified_paper import ALL, BTC, COIN, ticket, unverified

SIZE = {"binance": "0.1", "kucoin": "100", "okx": "10"}
"""0.1 BTC in contracts."""


@pytest.fixture
def world() -> World:
    return default_world(SystemClock().now_ms)


@pytest.fixture(params=sorted(SIZE))
async def venue(request: pytest.FixtureRequest, world: World) -> AsyncIterator[CcxtVenue]:
    async with unverified(request.param, world) as made:
        yield made


@pytest.fixture
async def binance(world: World) -> AsyncIterator[CcxtVenue]:
    async with unverified("binance", world) as made:
        yield made


async def position(venue: CcxtVenue) -> Position | Unknown:
    return (await venue.observe(ALL)).positions[BTC]


async def short(venue: CcxtVenue, sequence: int = 1) -> Acked:
    sent = await venue.place(ticket(venue, sequence, Side.SELL, SIZE[venue.exchange], "99500"))
    assert isinstance(sent, Acked)
    return sent


async def test_the_parts_of_an_observation(venue: CcxtVenue) -> None:
    seen = await venue.observe(ALL)
    coins, prices, margin = seen.holdings[Source.SPOT, COIN], seen.prices[BTC], seen.margins[BTC]
    assert isinstance(coins, Holding)
    assert isinstance(prices, Prices)
    assert isinstance(margin, Margin)
    assert coins.quantity == coins.principal == 1
    assert (prices.mark, prices.bid, prices.ask) == (D(100_000), D(99_999), D(100_001))
    assert prices.funding_rate == D("0.0001")
    assert prices.book is not None
    assert (prices.book.bids[0].price, prices.book.asks[0].price) == (D(99_999), D(100_001))
    assert margin.available >= 200_000


@pytest.mark.parametrize(
    ("exchange", "proof"), [("binance", FlatProof.ACCOUNT), ("kucoin", FlatProof.ZERO_ROW), ("okx", None)]
)
async def test_r9_flat_only_with_proof(exchange: str, proof: FlatProof | None, world: World) -> None:
    """OKX tells no row through ccxt, and its one account may hold anything: nothing there is a proof."""
    async with unverified(exchange, world) as venue:
        found = await position(venue)
    if proof is None:
        assert isinstance(found, Unknown)
    else:
        assert isinstance(found, Position)
        assert (found.contracts, found.proof) == (D(0), proof)


async def test_r9_an_empty_list_hides_no_short(binance: CcxtVenue, world: World) -> None:
    await short(binance)
    world.faults.add(Fault(venue="binance", path="/fapi/v3/positionRisk", kind=FaultKind.EMPTY_LIST, count=100))
    found = await position(binance)
    assert isinstance(found, Unknown)
    assert "nothing is bound" in found.reason


async def test_a_round_trip(venue: CcxtVenue) -> None:
    since_ms = venue.now_ms() - 1000
    sent = await short(venue)
    assert sent.report.status is OrderStatus.OPEN
    found = await venue.find_order(BTC, ticket(venue, 1, Side.SELL, "1", "1").client_id)
    assert isinstance(found, Found)
    assert found.report.status is OrderStatus.FILLED
    assert found.report.filled == D(SIZE[venue.exchange])
    assert await venue.find_venue_order(BTC, sent.report.venue_order_id) == found

    held = await position(venue)
    assert isinstance(held, Position)
    assert held.contracts == -D(SIZE[venue.exchange])
    assert held.proof is FlatProof.NOT_FLAT
    assert check_notional(venue.instrument(BTC), held.contracts, D(100_000), held.raw_notional) is None
    assert held.raw_notional is not None

    back = await venue.place(ticket(venue, 2, Side.BUY, SIZE[venue.exchange], "100500"))
    assert isinstance(back, Acked)
    trades = await venue.trades(BTC, TradeCursor(trade_id=None, time_ms=since_ms))
    assert [trade.side for trade in trades] == [Side.SELL, Side.BUY]
    assert sum(trade.moved for trade in trades) == 0
    assert all(trade.fee > 0 for trade in trades)
    cursor = TradeCursor(trade_id=trades[0].trade_id, time_ms=trades[0].time_ms)
    assert await venue.trades(BTC, cursor) == trades[1:]
    assert await venue.open_orders(BTC) == []


async def test_r20_a_refusal_is_an_open_outcome_until_a_look_up(venue: CcxtVenue) -> None:
    """Nothing to reduce: each exchange refuses for good, and ccxt has its class for it; that decides nothing."""
    wanted = ticket(venue, 1, Side.BUY, SIZE[venue.exchange], "100500")
    assert isinstance(await venue.place(wanted), OutcomeUnknown)
    assert isinstance(await venue.find_order(BTC, wanted.client_id), NotFound)


@pytest.mark.parametrize("kind", [FaultKind.DROP_AFTER, FaultKind.HTTP_503_AFTER])
async def test_r20_a_lost_answer_is_found_again(kind: FaultKind, binance: CcxtVenue, world: World) -> None:
    world.faults.add(Fault(venue="binance", path="/fapi/v1/order", kind=kind, method="POST"))
    wanted = ticket(binance, 1, Side.SELL, "0.1", "99500")
    assert isinstance(await binance.place(wanted), OutcomeUnknown)
    found = await binance.find_order(BTC, wanted.client_id)
    assert isinstance(found, Found)
    assert found.report.filled == D("0.1")
    assert len(world.venues["binance"].exchange.account("paper").orders()) == 1


async def test_r20_what_never_left_is_not_sent(venue: CcxtVenue, world: World) -> None:
    size = SIZE[venue.exchange]
    half_a_step = {"binance": "0.1005", "kucoin": "100.5", "okx": "10.005"}[venue.exchange]
    for wanted in (
        ticket(venue, 1, Side.SELL, half_a_step, "99500"),
        ticket(venue, 2, Side.SELL, size, "5.04"),
        ticket(venue, 3, Side.SELL, size, "99500", hedged=True),
    ):
        sent = await venue.place(wanted)
        assert isinstance(sent, Rejected)
        assert sent.code == "not-sent"
    assert not world.venues[venue.exchange].exchange.account("paper").orders()


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("/api/v3/account", "holding"),
        ("/fapi/v3/positionRisk", "position"),
        ("/fapi/v3/account", "margin"),
        ("/fapi/v1/ticker/24hr", "prices"),
        ("/fapi/v1/depth", "prices"),
        ("/fapi/v1/premiumIndex", "prices"),
    ],
)
async def test_r8_a_page_instead_of_an_answer_is_unknown(
    path: str, part: str, binance: CcxtVenue, world: World
) -> None:
    world.faults.add(Fault(venue="binance", path=path, kind=FaultKind.HTML_200, count=100))
    seen = await binance.observe(ALL)
    parts = {
        "holding": seen.holdings[Source.SPOT, COIN],
        "position": seen.positions[BTC],
        "margin": seen.margins[BTC],
        "prices": seen.prices[BTC],
    }
    assert isinstance(parts[part], Unknown)


async def test_r8_a_page_instead_of_an_order_is_an_open_outcome(binance: CcxtVenue, world: World) -> None:
    world.faults.add(Fault(venue="binance", path="/fapi/v1/order", kind=FaultKind.HTML_200, method="POST"))
    assert isinstance(await binance.place(ticket(binance, 1, Side.SELL, "0.1", "99500")), OutcomeUnknown)
    world.faults.add(Fault(venue="binance", path="/fapi/v1/order", kind=FaultKind.HTML_200, method="GET"))
    client_id = ticket(binance, 1, Side.SELL, "0.1", "99500").client_id
    assert isinstance(await binance.find_order(BTC, client_id), LookupFailed)


async def test_r8_a_page_instead_of_trades_is_no_empty_list(binance: CcxtVenue, world: World) -> None:
    world.faults.add(Fault(venue="binance", path="/fapi/v1/userTrades", kind=FaultKind.HTML_200))
    with pytest.raises(VenueUnreadable):
        await binance.trades(BTC, TradeCursor(trade_id=None, time_ms=binance.now_ms() - 1000))


@pytest.mark.parametrize("path", ["/fapi/v1/allOrders", "/fapi/v1/openOrders"])
async def test_r8_a_page_instead_of_orders_is_no_empty_list(path: str, binance: CcxtVenue, world: World) -> None:
    world.faults.add(Fault(venue="binance", path=path, kind=FaultKind.HTML_200))
    with pytest.raises(VenueUnreadable):
        await binance.all_orders(BTC, binance.now_ms() - 1000)


async def test_all_orders_where_they_are_listed(binance: CcxtVenue) -> None:
    await short(binance)
    await short(binance, 2)
    orders = await binance.all_orders(BTC, binance.now_ms() - 60_000)
    assert [order.status for order in orders] == [OrderStatus.FILLED] * 2


async def test_what_is_not_known_is_not_offered(venue: CcxtVenue) -> None:
    more = Wanted(earn=frozenset({COIN}), margin=frozenset({COIN}), transit=frozenset({COIN}), transit_max_ms=1000)
    for found in (await venue.observe(more)).holdings.values():
        assert isinstance(found, Unknown)
        assert found.lasting
    with pytest.raises(NotOffered):
        await venue.key_scope()
    with pytest.raises(NotOffered):
        await venue.ledger(0, [BTC])


@pytest.mark.parametrize("exchange", ["binance", "okx"])
async def test_settings_are_set_and_read_back(exchange: str, world: World) -> None:
    async with unverified(exchange, world) as venue:
        assert await venue.configure(BTC, 1, MarginMode.ISOLATED) == SymbolConfig(
            symbol=BTC, leverage=1, margin_mode=MarginMode.ISOLATED, hedged=False
        )
        assert (await venue.configure(BTC, 1, MarginMode.ISOLATED)).leverage == 1
        await short(venue)
        held = await position(venue)
        assert isinstance(held, Position)
        assert held.isolated_wallet is not None
        world.venues[exchange].exchange.set_hedged("other", True)
        assert not (await venue.configure(BTC, 2, MarginMode.ISOLATED)).hedged


async def test_a_refused_setting_is_told(binance: CcxtVenue, world: World) -> None:
    path = "/fapi/v1/leverage"
    world.faults.add(Fault(venue="binance", path=path, kind=FaultKind.HTTP_503, method="POST"))
    with pytest.raises(VenueUnreachable, match="set_leverage"):
        await binance.configure(BTC, 1, MarginMode.ISOLATED)


async def test_a_coin_margined_contract_is_refused_at_start(world: World) -> None:
    with pytest.raises(StartFault, match="margined in coins"):
        async with unverified("binance", world, symbols=[Symbol("BTC/USD:BTC")]):
            pass


@pytest.mark.parametrize(("exchange", "shown"), [("binance", True), ("okx", True), ("kucoin", False)])
async def test_r7_a_contract_size_is_shown_or_refused(exchange: str, shown: bool, world: World) -> None:
    async with unverified(exchange, world) as venue:
        if shown:
            assert check_volume(venue.instrument(BTC), *await venue.volumes_24h(BTC)) is None
        else:
            with pytest.raises(VenueUnreadable):
                await venue.volumes_24h(BTC)


async def test_wallets_tell_each_coin_once(venue: CcxtVenue) -> None:
    coins = [row for row in await venue.wallets() if row.asset == COIN]
    assert [row.quantity for row in coins] == [1]
