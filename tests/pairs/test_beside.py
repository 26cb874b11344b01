"""A spot-perp hedge of the same coin: it counts both venues' coins, and follows no trade that is under way."""

from __future__ import annotations

from decimal import Decimal as D
from pathlib import Path

import pytest

from bot.core import beside_pairs as core
from bot.domain.observation import Holding, Unknown
from bot.paper.faults import FaultKind
from tests.pairs.gap import Gap, play, settings
from tests.sim.stage import KEY

HEDGED = """
[[hedges]]
name     = "btc"
asset    = "BTC"
holdings = [ {source = "spot", venue = "kucoin"}, {source = "spot", venue = "okx"} ]
short    = {venue = "binance", symbol = "BTC/USDT:USDT"}
dwell_s  = 5
"""
TEXT = settings(more=HEDGED)


def short(gap: Gap) -> D:
    """Of the perpetual, in coins."""
    positions = gap.stage.world.venues["binance"].exchange.account(KEY).positions()
    return -sum((held.contracts for held in positions), D(0))


def perp_orders(gap: Gap) -> int:
    """Sent so far."""
    return len(gap.stage.intents(venue="binance"))


async def hedged(gap: Gap) -> None:
    """Both coins are hedged, and nothing more is to be done."""
    await gap.until(lambda seen: short(seen) == D(2), within_s=60)
    await gap.run(20)
    assert perp_orders(gap) == 1


@pytest.mark.parametrize(
    ("venue", "kind"),
    [("okx", None), ("okx", FaultKind.DROP_BEFORE), ("kucoin", FaultKind.DROP_BEFORE), ("kucoin", FaultKind.REJECT)],
)
def test_a_trade_under_way_is_no_change_of_the_holdings(tmp_path: Path, venue: str, kind: FaultKind | None) -> None:
    async def story(gap: Gap) -> None:
        await hedged(gap)
        if kind is not None:
            gap.trouble(venue, kind)
        gap.prices("100000", "100200")
        await gap.until(lambda seen: seen.over, within_s=80)
        gap.even_prices()
        await gap.run(60)
        assert short(gap) == D(2)
        assert perp_orders(gap) == 1, gap.stage.intents(venue="binance")
        frozen = [text for _, text in gap.alarms if "btc: " in text and "moved between reads" not in text]
        assert frozen == []

    play(story, tmp_path, text=TEXT)


def test_without_the_journal_a_trade_under_way_would_be_hedged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above can fail: a buy whose sale is lost looks like new coins for half a minute."""

    def as_read(holdings: tuple[Holding | Unknown, ...], *_: object) -> tuple[Holding | Unknown, ...]:
        return holdings

    monkeypatch.setattr("bot.app.pairs.beside_pairs", as_read)
    assert core.beside_pairs is not as_read

    async def story(gap: Gap) -> None:
        await hedged(gap)
        gap.trouble("okx", FaultKind.DROP_BEFORE)
        gap.prices("100000", "100200")
        await gap.until(lambda seen: short(seen) > D(2), within_s=40)

    play(story, tmp_path, text=TEXT)
