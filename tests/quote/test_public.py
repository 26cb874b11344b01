"""What each exchange tells without a key is enough for a quote; with one, the account's own figures count."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal as D
from typing import Any

import pytest

from bot.app.quote_reader import read_market
from bot.domain.environment import Environment
from bot.domain.errors import ConfigFault, InvariantBroken, NotOffered, StartFault, VenueBusy, VenueFault
from bot.domain.ids import Asset, Symbol, VenueName
from bot.domain.instrument import ContractKind
from bot.domain.observation import Unknown
from bot.domain.quote import FeeSource, FundingQuote, Kind, NotQuoted, PerpTerms, Quoted, Wish
from bot.paper.faults import Fault, FaultKind
from bot.paper.session import LocalSession
from bot.paper.world import World, default_world
from bot.runtime.clock import SystemClock
from bot.venue.public import CcxtPublic
from bot.venue.spec import VenueSpec
from tests.contract.rig import SkippingClock
from tests.quote.facts import WISH

EXCHANGES = ("binance", "okx", "kucoin")
LINEAR = Symbol("BTC/USDT:USDT")
PAST = {
    "binance": "/fapi/v1/fundingRate",
    "okx": "/api/v5/public/funding-rate-history",
    "kucoin": "/api/v1/contract/funding-rates",
}
MARKET = {"binance": "BTCUSDT", "okx": "BTC-USDT-SWAP", "kucoin": "XBTUSDTM"}


class Watched:
    """The session of a paper world that keeps what was asked."""

    def __init__(self, world: World) -> None:
        self._inner = LocalSession(world)
        self.signed: list[str] = []
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        found = getattr(self._inner, name)
        if name not in {"get", "post", "put", "delete"}:
            return found

        def request(url: Any, **more: Any) -> Any:  # noqa: ANN401
            headers = {str(key).upper() for key, value in dict(more.get("headers") or {}).items() if value}
            keyed = headers & {"X-MBX-APIKEY", "OK-ACCESS-KEY", "OK-ACCESS-SIGN", "KC-API-KEY", "KC-API-SIGN"}
            if keyed or "signature" in str(url) or name != "get":
                self.signed.append(f"{name} {url}")
            self.asked.append(str(url.path))
            return found(url, **more)

        return request


@asynccontextmanager
async def opened(
    exchange: str, key: str = "", world: World | None = None, clock: SystemClock | None = None
) -> AsyncIterator[tuple[CcxtPublic, Watched]]:
    clock = clock or SystemClock()
    session = Watched(world or default_world(clock.now_ms))
    spec = VenueSpec(
        name=VenueName(exchange),
        exchange=exchange,
        environment=Environment.PAPER,
        api_key=key,
        secret=key,
        password=key,
    )
    market = CcxtPublic(spec, clock=clock, session=session)
    try:
        await market.start()
        yield market, session
    finally:
        await market.close()


def by_kind(alternatives: tuple[Quoted | NotQuoted, ...]) -> dict[Kind, Quoted | NotQuoted]:
    return {each.kind: each for each in alternatives}


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_without_a_key_everything_is_quoted_and_nothing_is_signed(exchange: str) -> None:
    async with opened(exchange) as (market, session):
        read = await read_market(market, {}, WISH, SystemClock())
    found = by_kind(read.alternatives)
    assert session.signed == []
    for kind in (Kind.LINEAR, Kind.INVERSE):
        short = found[kind]
        assert isinstance(short, Quoted)
        assert short.fee.source is FeeSource.PUBLISHED
        assert isinstance(short.funding_average, FundingQuote)
        assert (short.funding_average.averaged, short.funding_average.payments) == (90, 90)
        assert short.margin is not None
        # Binance tells its brackets to an account only.
        assert isinstance(short.margin.liquidation, Unknown) is (exchange == "binance")
        assert isinstance(short.margin.top_ups[0].amount, Unknown) is (exchange == "binance")
    exit_ = found[Kind.STABLECOIN]
    assert isinstance(exit_, Quoted)
    assert exit_.fee.source is (FeeSource.PUBLISHED if exchange == "binance" else FeeSource.ASSUMED)
    assert exit_.fee.taker > 0


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_with_a_key_the_fees_are_the_accounts(exchange: str) -> None:
    clock = SystemClock()
    world = default_world(clock.now_ms)
    world.venues[exchange].exchange.set_spot_fee(D("0.0007"), "paper")
    per_contract = {"binance": D(1), "okx": D("0.01"), "kucoin": D("0.001")}
    async with opened(exchange, "paper", world) as (market, session):
        read = await read_market(market, {}, WISH, clock)
    found = by_kind(read.alternatives)
    assert session.signed
    assert all(isinstance(each, Quoted) and each.fee.source is FeeSource.ACCOUNT for each in found.values())
    exit_, short = found[Kind.STABLECOIN], found[Kind.LINEAR]
    assert isinstance(exit_, Quoted)
    assert exit_.fee.taker == D("0.0007")
    assert isinstance(short, Quoted)
    assert short.opening.fee_amount == short.opening.quantity * per_contract[exchange] * short.opening.average * (
        short.fee.taker
    )
    assert short.margin is not None
    assert isinstance(short.margin.liquidation, D)


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_the_average_is_that_of_the_venues_own_list(exchange: str) -> None:
    clock = SystemClock()
    world = default_world(clock.now_ms)
    inner = world.venues[exchange].exchange
    inner.settle_funding("BTC", D("-0.003"))
    async with opened(exchange, world=world) as (market, _):
        past = await market.past_fundings(LINEAR, clock.now_ms() - 30 * 86_400_000)
    assert past[-1].rate == D("-0.003")
    assert [each.time_ms for each in past] == sorted({each.time_ms for each in past})
    assert len(past) == 91


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_a_history_of_several_pages_is_read_whole(exchange: str) -> None:
    clock = SkippingClock()
    world = default_world(clock.now_ms)
    inner = world.venues[exchange].exchange
    for hour in range(120):
        clock.skip(3_600_000)
        inner.settle_funding("BTC", D(hour) / 100_000)
    async with opened(exchange, world=world, clock=clock) as (market, _):
        past = await market.past_fundings(LINEAR, clock.now_ms() - 30 * 86_400_000)
    told = [record.rate for record in inner.funding_history(MARKET[exchange])]
    assert len(told) == 120
    assert [each.rate for each in past[-120:]] == told
    # Before that three a day, of the 25 days that are left.
    assert len({each.time_ms for each in past[:-120]}) == 75


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_history_that_can_not_be_read_is_unknown_and_the_current_rate_counts(exchange: str) -> None:
    clock = SystemClock()
    world = default_world(clock.now_ms)
    world.faults.add(Fault(venue=exchange, path=PAST[exchange], kind=FaultKind.HTML_200, count=20))
    async with opened(exchange, world=world) as (market, _):
        read = await read_market(market, {}, WISH, clock)
    short = by_kind(read.alternatives)[Kind.LINEAR]
    assert isinstance(short, Quoted)
    assert isinstance(short.funding_average, Unknown)
    assert isinstance(short.funding, FundingQuote)
    assert short.funding.averaged == 0


async def test_a_fee_that_can_not_be_read_refuses() -> None:
    clock = SystemClock()
    world = default_world(clock.now_ms)
    world.faults.add(Fault(venue="binance", path="/fapi/v1/commissionRate", kind=FaultKind.HTML_200, count=20))
    async with opened("binance", "paper", world) as (market, _):
        with pytest.raises(VenueFault, match="fee rates"):
            await read_market(market, {}, WISH, clock)


async def test_coins_that_an_exchange_does_not_have_are_told() -> None:
    async with opened("okx") as (market, _):
        nothing = await read_market(market, {}, replace(WISH, asset=Asset("DOGE")), SystemClock())
        assert market.perpetual_of(Asset("DOGE"), ContractKind.LINEAR) is None
    assert all(isinstance(each, NotQuoted) and each.symbol is None for each in nothing.alternatives)
    assert nothing.spot is None


async def test_a_contract_of_a_thousand_coins_is_found_by_its_coin() -> None:
    async with opened("binance") as (market, _):
        read = await read_market(market, {}, Wish(asset=Asset("PEPE"), amount=D(50_000_000), days=D(7)), SystemClock())
    short = by_kind(read.alternatives)[Kind.LINEAR]
    assert isinstance(short, Quoted), short
    assert short.symbol == "1000PEPE/USDT:USDT"
    assert short.covered == D(50_000_000)
    assert short.mark < D("0.001")


async def test_the_settings_own_terms_count() -> None:
    terms = PerpTerms(leverage=1, slippage=D("0.02"))
    async with opened("kucoin") as (market, _):
        usual = await read_market(market, {}, WISH, SystemClock())
        told = await read_market(market, {LINEAR: terms}, WISH, SystemClock())
        with pytest.raises(StartFault, match="BTC/EUR:EUR"):
            await read_market(market, {Symbol("BTC/EUR:EUR"): terms}, WISH, SystemClock())
    margins = []
    for read in (usual, told):
        short = by_kind(read.alternatives)[Kind.LINEAR]
        assert isinstance(short, Quoted)
        assert short.margin is not None
        margins.append(short.margin.needed)
    assert margins[1] - margins[0] == D("0.015") * 100_000


async def test_binance_tells_brackets_to_an_account_only() -> None:
    async with opened("binance") as (market, _):
        with pytest.raises(NotOffered, match="without a key"):
            await market.maintenance(LINEAR, D(100_000))


async def test_nothing_is_read_before_the_start_and_nothing_quoted_elsewhere() -> None:
    clock = SystemClock()
    session = LocalSession(default_world(clock.now_ms))
    spec = VenueSpec(
        name=VenueName("x"), exchange="binance", environment=Environment.PAPER, api_key="", secret="", password=""
    )
    with pytest.raises(InvariantBroken, match="before its start"):
        CcxtPublic(spec, clock=clock, session=session).has_spot(Symbol("BTC/USDT"))
    with pytest.raises(ConfigFault, match="nothing can be quoted on bybit"):
        CcxtPublic(replace(spec, exchange="bybit"), clock=clock, session=session)


async def test_a_long_ban_is_told_and_not_waited_for() -> None:
    clock = SystemClock()
    world = default_world(clock.now_ms)
    async with opened("binance", world=world) as (market, _):
        world.faults.add(Fault(venue="binance", path="*", kind=FaultKind.BANNED, for_s=600))
        with pytest.raises(VenueBusy):
            await market.prices(LINEAR)


@pytest.mark.parametrize("symbol", [LINEAR, Symbol("BTC/USDT")])
async def test_a_fee_that_nobody_publishes_refuses(symbol: Symbol) -> None:
    async with opened("binance") as (market, _):
        markets = market._parts.markets  # as if ccxt's tables had no rate
        rows: Any = markets._swaps if symbol == LINEAR else markets._spots
        rows[symbol]["taker"] = None
        with pytest.raises(StartFault, match="can't be traded"):
            await read_market(market, {}, WISH, SystemClock())
