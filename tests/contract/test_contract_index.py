"""What every venue's gateway must tell of US dollars, as numbered cases; see test_contract.py."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Final

import pytest

from bot.domain.errors import NotOffered, VenueUnreadable
from bot.domain.ids import Asset
from bot.domain.observation import Unknown
from bot.domain.usd import DAY_MS, HOUR_MS, UsdPrice
from bot.paper.faults import Fault, FaultKind
from bot.paper.mangling import Edit
from bot.ports import Index
from tests.contract.rig import COIN, GROUNDS, LINEAR, Rig, rigged

D = Decimal
USDT, USDC = Asset("USDT"), Asset("USDC")
PRICE_PATHS: Final = {
    "binance": "/dapi/v1/premiumIndex",
    "okx": "/api/v5/market/index-tickers",
    "kucoin": "/api/v1/mark-price/XBTUSDM/current",
}
PRICE_FIELDS: Final = {"binance": "indexPrice", "okx": "idxPx", "kucoin": "indexPrice"}
TIME_FIELDS: Final = {"binance": "time", "okx": "ts", "kucoin": "timePoint"}
BOOK_PATHS: Final = {
    "binance": "/api/v3/depth",
    "okx": "/api/v5/market/books",
    "kucoin": "/api/v1/market/orderbook/level2_100",
}
BAR_PATHS: Final = {
    "binance": "/dapi/v1/indexPriceKlines",
    "okx": "/api/v5/market/history-index-candles",
    "kucoin": "/api/v1/kline/query",
}


@pytest.fixture(params=list(GROUNDS))
async def dollars(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    async with rigged(request.param, LINEAR, "in-process") as made:
        yield made


def strike(rig: Rig, path: str, kind: FaultKind, edit: Edit | None = None) -> None:
    rig.world.faults.add(
        Fault(
            venue=rig.ground.exchange, path=path, method="GET", kind=kind, count=None, delay_s=0, for_s=9.0, edit=edit
        )
    )


async def price(rig: Rig, asset: Asset) -> UsdPrice:
    index: Index = rig.venue
    found = await index.usd_price(asset)
    assert isinstance(found, UsdPrice), found
    return found


async def no_price(rig: Rig, asset: Asset) -> Unknown:
    found = await rig.venue.usd_price(asset)
    assert isinstance(found, Unknown), found
    assert found.venue == rig.venue.name
    return found


# Prices.


async def test_c90_a_coin_is_priced_by_its_own_index(dollars: Rig) -> None:
    began_ms = dollars.clock.now_ms()
    dollars.exchange.set_price("BTC", D("91234.5"))
    found = await price(dollars, COIN)
    assert (found.asset, found.value, found.anchor, found.through) == (COIN, D("91234.5"), "BTC-USD index", None)
    assert began_ms <= found.stamp.sent_ms <= found.stamp.answered_ms <= dollars.clock.now_ms()


async def test_c91_a_coins_dollars_do_not_move_with_a_stablecoin(dollars: Rig) -> None:
    dollars.exchange.set_price("USDT", D("0.8"))
    assert (await price(dollars, COIN)).value == 100_000


@pytest.mark.parametrize(("worth", "other"), [("0.97", "1"), ("1", "0.9"), ("1.02", "0.5")])
async def test_c92_a_stablecoin_is_told_apart_from_the_one_that_broke(dollars: Rig, worth: str, other: str) -> None:
    dollars.exchange.set_price("USDT", D(worth))
    dollars.exchange.set_price("USDC", D(other))
    for asset, expected in ((USDT, worth), (USDC, other)):
        found = await price(dollars, asset)
        assert abs(found.value - D(expected)) < D("0.0001")
        assert found.anchor == f"BTC-USD index against BTC/{asset}"
        assert found.through == "BTC"


async def test_c93_what_has_no_anchor_is_unknown_for_good(dollars: Rig) -> None:
    for asset in ("PEPE", "NOPE"):
        assert (await no_price(dollars, Asset(asset))).lasting


@pytest.mark.parametrize("value", ["0", "-100000", "", "abc"])
async def test_c94_a_malformed_index_is_unknown(dollars: Rig, value: str) -> None:
    name = dollars.ground.exchange
    strike(dollars, PRICE_PATHS[name], FaultKind.MANGLE, Edit(field=PRICE_FIELDS[name], value=f'"{value}"'))
    for asset in (COIN, USDT):
        assert not (await no_price(dollars, asset)).lasting


@pytest.mark.parametrize("kind", [FaultKind.HTML_200, FaultKind.HTTP_503, FaultKind.DROP_BEFORE, FaultKind.TRUNCATED])
async def test_c95_an_answer_that_does_not_come_is_unknown(dollars: Rig, kind: FaultKind) -> None:
    strike(dollars, PRICE_PATHS[dollars.ground.exchange], kind)
    await no_price(dollars, COIN)
    await no_price(dollars, USDT)


@pytest.mark.parametrize("late_ms", [-61_500, 61_500])
async def test_c96_an_index_that_stands_still_is_unknown(dollars: Rig, late_ms: int) -> None:
    name = dollars.ground.exchange
    told = str(dollars.clock.now_ms() + late_ms)
    strike(dollars, PRICE_PATHS[name], FaultKind.MANGLE, Edit(field=TIME_FIELDS[name], value=told))
    assert "old by the venue's own time" in (await no_price(dollars, COIN)).reason
    await no_price(dollars, USDT)


async def test_c97_a_book_that_nobody_could_price_by_is_unknown(dollars: Rig) -> None:
    strike(dollars, BOOK_PATHS[dollars.ground.exchange], FaultKind.MANGLE, Edit(field="bids", value="[]"))
    found = await no_price(dollars, USDT)
    assert not found.lasting
    assert (await price(dollars, COIN)).value == 100_000, "the coin's own index needs no book"


@pytest.mark.parametrize("bid", ["98900", "100002", "200000"])
async def test_c98_a_wide_or_crossed_book_is_unknown(dollars: Rig, bid: str) -> None:
    name = dollars.ground.exchange
    level = f'[["{bid}", "1", "0", "1"]]'
    strike(dollars, BOOK_PATHS[name], FaultKind.MANGLE, Edit(field="bids", value=level))
    assert "empty, crossed or too wide" in (await no_price(dollars, USDT)).reason


# Bars.


async def test_c99_bars_that_have_ended_come_whole_and_in_order(dollars: Rig) -> None:
    hour_ms = -(-dollars.venue.now_ms() // HOUR_MS) * HOUR_MS
    for after_h, worth in ((1, 101_000), (2, 99_000), (3, 98_000)):
        dollars.clock.skip(hour_ms + after_h * HOUR_MS - dollars.clock.now_ms() - 1_000_000)
        dollars.exchange.set_price("BTC", D(worth))
    dollars.exchange.set_price("USDT", D("0.9"))
    dollars.clock.skip(1_000_000 + 1_000)
    await dollars.venue.measure_clock()

    bars = await dollars.venue.usd_bars(COIN, hour_ms - 300 * HOUR_MS - 1, HOUR_MS)

    assert [bar.open_ms for bar in bars] == [hour_ms + number * HOUR_MS for number in range(-300, 3)]
    assert [bar.close for bar in bars[-4:]] == [100_000, 101_000, 99_000, 98_000]
    assert {bar.close for bar in bars[:-3]} == {D(100_000)}


async def test_c100_days_are_those_of_utc(dollars: Rig) -> None:
    day_ms = dollars.venue.now_ms() // DAY_MS * DAY_MS
    bars = await dollars.venue.usd_bars(COIN, day_ms - 250 * DAY_MS, DAY_MS)
    assert [bar.open_ms for bar in bars] == [day_ms - ago * DAY_MS for ago in range(250, 0, -1)]


async def test_c101_nothing_has_ended_since_now(dollars: Rig) -> None:
    assert await dollars.venue.usd_bars(COIN, dollars.venue.now_ms(), HOUR_MS) == []


async def test_c102_bars_of_what_has_no_index_are_not_offered(dollars: Rig) -> None:
    for asset in ("USDT", "PEPE"):
        with pytest.raises(NotOffered):
            await dollars.venue.usd_bars(Asset(asset), dollars.venue.now_ms() - DAY_MS, HOUR_MS)


async def test_c103_bars_that_can_not_be_are_refused(dollars: Rig) -> None:
    since_ms = dollars.venue.now_ms() - 3 * HOUR_MS
    strike(dollars, BAR_PATHS[dollars.ground.exchange], FaultKind.HTML_200)
    with pytest.raises(VenueUnreadable):
        await dollars.venue.usd_bars(COIN, since_ms, HOUR_MS)


async def test_c104_a_coin_is_priced_in_a_currency_by_the_index_of_its_perpetual(dollars: Rig) -> None:
    dollars.exchange.set_price("BTC", D(91_000))
    dollars.exchange.set_price("USDT", D("0.91"))
    assert await dollars.venue.index_in(COIN, USDT) == 100_000


async def test_c105_a_book_moves_no_index(dollars: Rig) -> None:
    strike(dollars, BOOK_PATHS[dollars.ground.exchange], FaultKind.HTTP_503)
    assert await dollars.venue.index_in(COIN, USDT) == 100_000


async def test_c106_an_index_without_a_perpetual_is_unknown_for_good_and_one_that_fails_for_now(dollars: Rig) -> None:
    never = await dollars.venue.index_in(Asset("NOPE"), USDT)
    assert isinstance(never, Unknown)
    assert never.lasting
    strike(dollars, "*", FaultKind.HTTP_503)
    failed = await dollars.venue.index_in(COIN, USDT)
    assert isinstance(failed, Unknown)
    assert not failed.lasting
