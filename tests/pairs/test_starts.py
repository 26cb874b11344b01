"""What a start does with a trade that an earlier one left."""

from __future__ import annotations

from pathlib import Path

from bot.paper.faults import FaultKind
from tests.pairs.gap import RICH, Gap, play, settings


def test_a_trade_that_no_hedge_ends_refuses_the_start(tmp_path: Path) -> None:
    async def story(gap: Gap) -> None:
        gap.trouble("okx", FaultKind.DROP_BEFORE)
        gap.prices("100000", "100200")
        await gap.until(lambda seen: bool(seen.trades))
        gap.stage.cut()
        other = settings(buys="kucoin", sells="binance").replace("{journal}", str(gap.stage.journal_path))
        gap.stage.settings_path.write_text(other, "utf-8")
        gap.stage.start()
        await gap.run(3)
        assert gap.stage.starts_failed
        assert "no hedge" in gap.stage.starts_failed[0]
        assert not gap.over

    play(story, tmp_path, money=RICH)


def test_a_trade_that_is_left_by_half_is_evened_by_the_next_start(tmp_path: Path) -> None:
    async def story(gap: Gap) -> None:
        gap.trouble("okx", FaultKind.REJECT)
        gap.trouble("kucoin", FaultKind.DELAY, delay_s=2)
        gap.prices("100000", "100200")
        await gap.until(lambda seen: bool(seen.trades))
        gap.stage.restart()
        gap.even_prices()
        await gap.until(lambda seen: seen.over, within_s=90)
        assert abs(gap.held() - 2) <= gap.step

    play(story, tmp_path)
