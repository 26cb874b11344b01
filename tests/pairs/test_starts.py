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


def test_a_fee_that_is_not_told_at_first_is_asked_for_again_and_decides_nothing(tmp_path: Path) -> None:
    async def story(gap: Gap) -> None:
        def once_started(_process: object, name: str) -> None:
            if name.startswith("GET /api/v5/trade/orders-pending"):  # the last before the first look
                gap.point = lambda _process, _name: None
                gap.trouble("okx", FaultKind.HTTP_503, path="/api/v5/account/trade-fee")

        gap.point = once_started
        gap.stage.start()
        await gap.until(lambda seen: bool(seen.stage.outcomes))
        assert gap.last is not None
        assert (gap.last.verdict, gap.last.settled) == ("blind", False)
        await gap.until(lambda seen: seen.last is not None and seen.last.verdict == "no-edge", within_s=5)

    play(story, tmp_path, starts=False)
