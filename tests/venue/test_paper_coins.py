"""The gateway against the paper exchange: COIN-M, hedge mode, and coins on their way, on a clock of our own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from bot.domain.ids import Asset, ClientOrderId, Symbol, VenueName
from bot.domain.instrument import MarginMode
from bot.domain.observation import FlatProof, Holding, Position, Source, SymbolConfig, Unknown, VenueObservation, Wanted
from bot.domain.orders import Acked, OrderRequest, Rejected, Side, TimeInForce, TradeCursor
from bot.paper.engine.exchange import Exchange
from bot.paper.faults import Fault, FaultKind
from bot.paper.session import LocalSession
from bot.paper.world import World, default_world
from bot.ports import OrderTicket
from bot.venue.gateway import CcxtVenue, open_venue
from tests.venue.wire import BTC, COIN_M, HandClock, spec

COIN = Asset("BTC")
EVERYWHERE = Wanted(
    spot=frozenset({COIN}),
    earn=frozenset({COIN}),
    margin=frozenset({COIN}),
    transit=frozenset({COIN}),
    transit_max_ms=3 * 86_400_000,
    symbols=frozenset({COIN_M}),
)


@pytest.fixture
def world(clock: HandClock) -> World:
    return default_world(clock.now_ms)


@pytest.fixture
def exchange(world: World) -> Exchange:
    return world.venues["binance"].exchange


@pytest.fixture
async def paper(world: World, clock: HandClock) -> AsyncIterator[CcxtVenue]:
    keys = spec(api_key="paper", secret="paper")
    venue = open_venue(keys, clock=clock, session=LocalSession(world), symbols=[BTC, COIN_M])
    await venue.start()
    yield venue
    await venue.close()


def order(
    venue: CcxtVenue,
    number: int,
    side: Side,
    contracts: str,
    price: str,
    *,
    symbol: Symbol = COIN_M,
    hedged: bool = False,
) -> OrderTicket:
    request = OrderRequest(
        venue=VenueName("main"),
        symbol=symbol,
        side=side,
        contracts=Decimal(contracts),
        price=Decimal(price),
        time_in_force=TimeInForce.IOC,
        reduce_only=side is Side.BUY,
        hedged=hedged,
    )
    now_ms = venue.now_ms()
    client_id = ClientOrderId(f"habcdefghjk{number:015d}")
    return OrderTicket(
        request=request, client_id=client_id, timestamp_ms=now_ms, deadline_ms=now_ms + venue.recv_window_ms()
    )


def held(seen: VenueObservation) -> dict[Source, str]:
    parts = {source: seen.holdings[source, COIN] for source in Source if (source, COIN) in seen.holdings}
    assert all(isinstance(part, Holding) for part in parts.values()), parts
    return {source: str(part.quantity.normalize()) for source, part in parts.items() if isinstance(part, Holding)}


async def test_r2_the_gap_of_an_inverse_hedge_does_not_move_with_the_price(
    paper: CcxtVenue, exchange: Exchange
) -> None:
    exchange.transfer("paper", "spot", "coinm", "BTC", Decimal(1))
    config = await paper.configure(COIN_M, 2, MarginMode.CROSS)
    assert config == SymbolConfig(symbol=COIN_M, leverage=2, margin_mode=MarginMode.CROSS, hedged=False)
    sold = await paper.place(order(paper, 1, Side.SELL, "999", "99500"))
    assert isinstance(sold, Acked)
    contract, gaps = paper.instrument(COIN_M), []
    for price in ("100000", "150000", "75000", "50000"):
        exchange.set_price("BTC", Decimal(price))
        seen = await paper.observe(EVERYWHERE)
        holding, position = seen.holdings[Source.MARGIN, COIN], seen.positions[COIN_M]
        assert isinstance(holding, Holding)
        assert isinstance(position, Position)
        assert position.contracts == -999
        assert position.raw_notional is not None
        assert abs(position.raw_notional - 99_900) < 1
        assert position.liquidation_price is None
        gaps.append(holding.quantity + contract.coins(position.contracts, Decimal(price)))
    assert max(gaps) - min(gaps) < Decimal("0.0000001")


async def test_r29_the_coin_margin_wallet_is_explained_to_the_last_digit(
    paper: CcxtVenue, exchange: Exchange, clock: HandClock
) -> None:
    since_ms, before = paper.now_ms() - 1, await balances(paper)
    exchange.transfer("paper", "spot", "coinm", "BTC", Decimal("0.9"))
    await paper.configure(COIN_M, 2, MarginMode.CROSS)
    assert isinstance(await paper.place(order(paper, 1, Side.SELL, "800", "99500")), Acked)
    exchange.settle_funding("BTC", Decimal("0.0001"))
    exchange.set_price("BTC", Decimal(97_123))
    assert isinstance(await paper.place(order(paper, 2, Side.BUY, "300", "97700")), Acked)
    exchange.earn_subscribe("paper", "locked", "BTC", Decimal("0.1"))
    exchange.earn_redeem("paper", "locked", "BTC", Decimal("0.04"), 86_400)
    clock.ms += 1
    change: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in await paper.ledger(since_ms, [COIN_M]):
        change[row.wallet, row.asset] += row.amount
    after = await balances(paper)
    for key in before | after:
        assert after.get(key, Decimal(0)) - before.get(key, Decimal(0)) == change[key], key


async def balances(venue: CcxtVenue) -> dict[tuple[str, str], Decimal]:
    return {(balance.wallet, balance.asset): balance.quantity for balance in await venue.wallets()}


@pytest.mark.parametrize("kind", [FaultKind.EMPTY_LIST, FaultKind.HTML_200, FaultKind.HTTP_503])
@pytest.mark.parametrize("path", ["/dapi/v1/positionRisk", "/dapi/v1/account"])
async def test_r9_an_open_inverse_short_never_looks_flat(
    paper: CcxtVenue, exchange: Exchange, world: World, kind: FaultKind, path: str
) -> None:
    exchange.transfer("paper", "spot", "coinm", "BTC", Decimal(1))
    assert isinstance(await paper.place(order(paper, 1, Side.SELL, "100", "99500")), Acked)
    world.faults.add(Fault(venue="binance", path=path, kind=kind, count=3))
    position = (await paper.observe(Wanted(symbols=frozenset({COIN_M})))).positions[COIN_M]
    assert isinstance(position, Unknown) or position.contracts == -100


async def test_r15_more_than_the_coins_bear_is_refused(paper: CcxtVenue, exchange: Exchange) -> None:
    exchange.transfer("paper", "spot", "coinm", "BTC", Decimal("0.1"))
    await paper.configure(COIN_M, 2, MarginMode.CROSS)
    assert isinstance(await paper.place(order(paper, 1, Side.SELL, "900", "99500")), Rejected)


@pytest.mark.parametrize(("symbol", "contracts"), [(BTC, "0.5"), (COIN_M, "100")])
async def test_hedge_mode_opens_and_shrinks_the_short_side(
    paper: CcxtVenue, exchange: Exchange, symbol: Symbol, contracts: str
) -> None:
    exchange.transfer("paper", "spot", "coinm", "BTC", Decimal("0.5"))
    exchange.set_hedged("paper", True)
    wanted = Wanted(symbols=frozenset({symbol}), configs=frozenset({symbol}))
    config = (await paper.observe(wanted)).configs[symbol]
    assert isinstance(config, SymbolConfig)
    assert config.hedged
    after = await paper.configure(symbol, 2, MarginMode.CROSS)
    assert (after.leverage, after.hedged) == (2, True)
    since_ms = paper.now_ms() - 1
    sold = await paper.place(order(paper, 1, Side.SELL, contracts, "99500", symbol=symbol, hedged=True))
    assert isinstance(sold, Acked)
    position = (await paper.observe(wanted)).positions[symbol]
    assert isinstance(position, Position)
    assert (position.contracts, position.other_side) == (-Decimal(contracts), Decimal(0))
    bought = await paper.place(order(paper, 2, Side.BUY, contracts, "100500", symbol=symbol, hedged=True))
    assert isinstance(bought, Acked)
    assert bought.report.reduce_only
    # More than the short side holds is refused: a buy never opens a long.
    more = await paper.place(order(paper, 3, Side.BUY, contracts, "100500", symbol=symbol, hedged=True))
    assert isinstance(more, Rejected)
    position = (await paper.observe(wanted)).positions[symbol]
    assert isinstance(position, Position)
    assert position.contracts == 0
    assert position.proof in {FlatProof.ZERO_ROW, FlatProof.ACCOUNT}
    found = await paper.trades(symbol, TradeCursor(trade_id=None, time_ms=since_ms))
    assert sum(trade.moved for trade in found) == 0


async def test_r11_an_earn_cycle_never_changes_the_sum(paper: CcxtVenue, exchange: Exchange, clock: HandClock) -> None:
    day_s = 86_400

    async def sums() -> dict[Source, str]:
        clock.ms += 10_000
        exchange.advance()
        return held(await paper.observe(EVERYWHERE))

    nothing = dict.fromkeys((Source.SPOT, Source.EARN, Source.MARGIN, Source.TRANSIT), "0")
    assert await sums() == {**nothing, Source.SPOT: "1"}
    exchange.earn_subscribe("paper", "flexible", "BTC", Decimal(1))
    assert await sums() == {**nothing, Source.EARN: "1"}
    exchange.earn_redeem("paper", "flexible", "BTC", Decimal(1))
    exchange.earn_subscribe("paper", "locked", "BTC", Decimal(1))
    assert await sums() == {**nothing, Source.EARN: "1"}
    exchange.earn_redeem("paper", "locked", "BTC", Decimal(1), 2 * day_s)
    assert await sums() == {**nothing, Source.TRANSIT: "1"}
    clock.ms += day_s * 1_000
    assert await sums() == {**nothing, Source.TRANSIT: "1"}
    clock.ms += day_s * 1_000
    assert await sums() == {**nothing, Source.SPOT: "1"}


async def test_r11_withdrawals_and_deposits_are_on_their_way_until_done(
    paper: CcxtVenue, exchange: Exchange, clock: HandClock
) -> None:
    async def sums() -> tuple[str, str]:
        clock.ms += 10_000
        exchange.advance()
        found = held(await paper.observe(EVERYWHERE))
        return found[Source.SPOT], found[Source.TRANSIT]

    assert await sums() == ("1", "0")
    exchange.withdraw("paper", "spot", "BTC", Decimal("0.4"), pending_s=60)
    assert await sums() == ("0.6", "0.4")
    clock.ms += 60_000
    assert await sums() == ("0.6", "0")
    exchange.deposit("paper", "spot", "BTC", Decimal("0.3"), pending_s=60)
    assert await sums() == ("0.6", "0.3")
    clock.ms += 60_000
    assert await sums() == ("0.9", "0")


async def test_r11_what_leaves_the_funding_wallet_is_told_by_that_wallet_alone(
    paper: CcxtVenue, exchange: Exchange, clock: HandClock
) -> None:
    since_ms, before = paper.now_ms() - 1, await balances(paper)
    exchange.transfer("paper", "spot", "funding", "BTC", Decimal(1))
    exchange.withdraw("paper", "funding", "BTC", Decimal("0.4"), pending_s=60)
    for spot in ("1", "0.6"):
        found = held(await paper.observe(EVERYWHERE))
        assert (found[Source.SPOT], found[Source.TRANSIT]) == (spot, "0")
        change: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for row in await paper.ledger(since_ms, [BTC]):
            change[row.wallet, row.asset] += row.amount
        after = await balances(paper)
        for key in before | after:
            assert after.get(key, Decimal(0)) - before.get(key, Decimal(0)) == change[key], key
        clock.ms += 61_000
        exchange.advance()
