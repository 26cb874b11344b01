"""A gap between two exchanges: refused when the fees eat it, used when they don't, and even at the end."""

from __future__ import annotations

from decimal import Decimal as D
from pathlib import Path

from bot.domain.pair import PairState
from bot.paper.faults import FaultKind
from tests.pairs.gap import Gap, play, settings


def test_the_reference_gap_is_refused_at_a_tenth_of_a_percent(tmp_path: Path) -> None:
    async def story(gap: Gap) -> None:
        gap.prices("100000", "100200")
        await gap.run(10)
        assert gap.trades == ()
        assert gap.last is not None
        best = gap.last.facts["opportunities"][0]  # type: ignore[index]
        assert (best["gross"], best["buy_fee"], best["sell_fee"], best["net"]) == ("200", "100", "100.2", "-0.2")
        assert gap.last.verdict == "no-edge"

    play(story, tmp_path, fee="0.001")


def test_the_reference_gap_earns_its_cents_at_a_fiftieth_of_a_percent(tmp_path: Path) -> None:
    async def story(gap: Gap) -> None:
        money = gap.held("USDT")
        gap.prices("100000", "100200")
        await gap.until(lambda seen: seen.over)
        gap.even_prices()
        await gap.run(10)
        (trade,) = gap.trades
        assert trade.record.state is PairState.EVEN
        assert trade.record.result == D("159.96")
        assert gap.held("USDT") - money == D("159.96")
        assert gap.held() == 2
        assert (gap.held_on("kucoin"), gap.held_on("okx")) == (D(2), D(0))
        assert gap.alarms == []

    play(story, tmp_path)


MIXED = settings().replace('{venue = "okx"}', '{venue = "okx", symbol = "BTC/USDC"}')
INDEXES = {"okx": "/api/v5/market/index-tickers", "kucoin": "/api/v1/mark-price/XBTUSDM/current"}
DOLLARS = {
    "kucoin": {"trade": {"BTC": D(1), "USDT": D(400_000)}},
    "okx": {"trading": {"BTC": D(1), "USDC": D(400_000)}},
}


def test_an_edge_between_two_currencies_counts_what_each_is_worth(tmp_path: Path) -> None:
    """A USDC of 0.97 makes BTC dearer in it by 3 %: no edge at all, though the digits say 3,092 gross."""

    async def story(gap: Gap) -> None:
        gap.stage.world.set_price("USDC", D("0.97"))
        await gap.run(20)
        assert gap.trades == ()
        assert gap.last is not None
        ways = gap.last.facts["opportunities"]
        assert isinstance(ways, list)
        way = next(way for way in ways if way["buy"] == "kucoin")
        assert D(way["sell_price"]) > D(103_000)
        assert D(way["gross"]) < D(10)
        assert gap.last.verdict == "no-edge"

    play(story, tmp_path, text=MIXED, money=DOLLARS)


def test_without_the_price_of_a_currency_nothing_is_done(tmp_path: Path) -> None:
    async def story(gap: Gap) -> None:
        for name in gap.venues:
            gap.trouble(name, FaultKind.HTTP_503, path=INDEXES[name], count=100_000)
        await gap.run(20)
        gap.stage.world.set_price("BTC", D(102_000), "okx")
        await gap.run(20)
        assert gap.trades == ()
        assert gap.last is not None
        assert gap.last.verdict == "blind"
        assert "price of USD" in gap.last.reason

    play(story, tmp_path, text=MIXED, money=DOLLARS)


def test_r21_a_gap_that_comes_late_is_used_all_the_same(tmp_path: Path) -> None:
    """What is known of clocks, fees and balances is kept fresh while there is nothing to do."""

    async def story(gap: Gap) -> None:
        await gap.run(1_800)
        gap.prices("100000", "100200")
        await gap.until(lambda seen: seen.over, within_s=60, step_s=5)
        assert gap.trades[0].record.result == D("159.96")
        assert gap.alarms == []

    text = settings(extra='look_s = "30"')
    play(story, tmp_path, text=text)
