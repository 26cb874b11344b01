"""A power cut at each named point of an exit and of a way back: the next process ends it, nothing is done twice."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal as D
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.domain.control import ControlKind
from bot.domain.exits import CrossingKind, CrossingState
from bot.domain.ids import Asset
from tests.exits.calm import ORDERS, Calm, play, settings
from tests.sim.doors import Point, PowerCut, Process

FAST = """
look_s = 1
slice_notional = 60000
proof_grace_s = 2
proof_spacing_s = 1
dwell_s = 5
"""
COMMITS = ("arm_slice", "update", "settle_slice", "end_crossing", "remember")
"""What an exit writes; a decision that is noted changes nothing."""


def named(name: str) -> str:
    """The point's name where it matters to an exit; else nothing."""
    asked, _, when = name.partition(": ")
    if asked == f"POST {ORDERS['binance']}":
        return f"order: {when}"
    return name if any(word in asked for word in COMMITS) and asked.startswith("commit") else ""


class Cut:
    """Counts the points, and cuts the power at one of them."""

    def __init__(self, at: tuple[str, int] | None) -> None:
        self.at = at
        self.counting = False
        self.made = False
        self.reached: Counter[str] = Counter()
        self.here: list[Calm] = []

    def point(self, here: list[Calm]) -> Point:
        self.here = here

        def reached(_process: Process, name: str) -> None:
            short = named(name)
            if not self.counting or self.made or not short:
                return
            self.reached[short] += 1
            if self.at == (short, self.reached[short]):
                self.made = True
                here[0].stage.cut()
                raise PowerCut

        return reached


def told(at: tuple[str, int] | None) -> Cut:
    """Out by hand and back by hand, with the power cut once."""
    cut = Cut(at)

    async def story(calm: Calm) -> None:
        await calm.run(5)
        cut.counting = True
        calm.say(ControlKind.EXIT)
        await calm.until(lambda seen: seen.crossed(1), within_s=200, step_s=1)
        sold = sum((order.filled for order in calm.orders), D(0))
        assert sold == 1, "every coin once"
        assert calm.held("BTC") == 0
        assert all(abs(calm.owned[Asset(name)] - calm.held(name)) < D("0.000001") for name in ("USDC", "USDT"))
        calm.say(ControlKind.ENTER)
        await calm.until(lambda seen: seen.crossed(2), within_s=200, step_s=1)
        await calm.run(5)
        out, back = calm.crossings
        assert (out.crossing.kind, back.crossing.kind) == (CrossingKind.EXIT, CrossingKind.ENTER)
        assert {out.state, back.state} == {CrossingState.DONE}
        assert calm.held("BTC") == back.coins_done * D("0.999"), "the fee is taken in coins"
        assert min(calm.held("USDC"), calm.held("USDT")) >= 0
        assert calm.held("USDC") + calm.held("USDT") < 12
        assert not calm.stage.halts

    with TemporaryDirectory() as folder:
        play(story, Path(folder), text=settings("binance", FAST), point=cut.point)
    return cut


def test_r17_whatever_point_the_power_is_cut_at() -> None:
    undisturbed = told(None)
    points = [(name, nth) for name, count in undisturbed.reached.items() for nth in {1, min(count, 3)}]
    assert {name.partition(":")[0] for name, _ in points} >= {"order", "commit arm_slice", "commit end_crossing"}
    assert len(points) >= 16
    for point in points:
        assert told(point).made, point
