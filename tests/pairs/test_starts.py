"""What a start does with a trade that an earlier one left."""

from __future__ import annotations

from pathlib import Path

from bot.domain.control import ControlKind
from bot.paper.faults import FaultKind
from tests.pairs.gap import ORDERS, RICH, Gap, play, settings


def test_a_trade_that_no_hedge_ends_refuses_the_start(tmp_path: Path) -> None:
    async def story(gap: Gap) -> None:
        def paused(_process: object, name: str) -> None:
            if name == f"POST {ORDERS['kucoin']}: took effect":
                gap.point = lambda _process, _name: None
                gap.say(ControlKind.PAUSE)

        gap.trouble("okx", FaultKind.REJECT)
        gap.point = paused
        gap.prices("100000", "100200")
        await gap.until(lambda seen: bool(seen.trades))
        await gap.run(5)
        # A person said that nothing is sent: so the leg stays open, and is told.
        assert len(gap.trades[0].orders) == 2
        assert gap.told("pair.naked")
        assert all(order.state.terminal and order.settled for order in gap.trades[0].orders)
        gap.stage.cut()
        other = settings().replace('"gap"', '"other"').replace("{journal}", str(gap.stage.journal_path))
        gap.stage.settings_path.write_text(other, "utf-8")
        gap.stage.start()
        await gap.run(3)
        assert gap.stage.starts_failed
        assert "is not over, and no hedge brings it to its end" in gap.stage.starts_failed[0]
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
