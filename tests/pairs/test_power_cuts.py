"""The power goes at every named point of a trade's way; the next process finds both venues' truth and ends even."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal as D
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bot.domain.intent import IntentState
from bot.paper.faults import FaultKind
from tests.pairs.gap import ORDERS, Gap, play, settings
from tests.sim.stage import PowerCut, Process

STEP = D("0.00000001")
TEXT = settings(extra='proof_grace_s = "2"\nproof_spacing_s = "1"')
WITHOUT_ORDER = {IntentState.REJECTED, IntentState.NO_EFFECT_PROVEN}
TROUBLES = {"both fill": None, "a leg is refused": FaultKind.REJECT, "an answer is lost": FaultKind.DROP_AFTER}


@dataclass
class Cuts:
    """Counts the points from the gap's beginning, and cuts the power at one of them."""

    gap: Gap
    at: str = ""
    counting: bool = False
    made: bool = False
    reached: list[str] = field(default_factory=list)

    def __call__(self, _process: Process, name: str) -> None:
        if not self.counting or name.startswith("GET "):
            return
        seen = sum(point.partition(" #")[0] == name for point in self.reached)
        here = f"{name} #{seen + 1}"
        if not self.made:
            self.reached.append(here)
        if here == self.at and not self.made:
            self.made = True
            self.gap.stage.cut()
            raise PowerCut


def told(trouble: FaultKind | None, at: str = "") -> Cuts:
    """One trade, with the power cut at a point, to its end."""
    watch: list[Cuts] = []

    async def story(gap: Gap) -> None:
        cuts = Cuts(gap=gap, at=at)
        watch.append(cuts)
        gap.point = cuts
        if trouble is not None:
            gap.trouble("okx", trouble)
        gap.prices("100000", "100200")
        cuts.counting = True
        await gap.until(lambda seen: seen.over, within_s=60)
        cuts.counting = False
        gap.even_prices()
        await gap.until(lambda seen: seen.over, within_s=60)
        await gap.run(5)
        judge(gap)

    with TemporaryDirectory() as folder:
        play(story, Path(folder), text=TEXT)
    return watch[0]


def judge(gap: Gap) -> None:
    """As many coins as before; no order is lost, none doubled, and the journal tells of each what the venue does."""
    assert abs(gap.held() - 2) <= STEP * len(gap.trades), f"{gap.held()} coins"
    assert gap.over
    assert not gap.stage.halts
    known = {order.intent.client_id: order for story in gap.trades for order in story.orders}
    reached = {order.client_id: order for name in gap.venues for order in gap.orders(name)}
    assert set(reached) <= set(known)
    for client_id, record in known.items():
        assert record.state.terminal
        assert record.settled
        assert (client_id in reached) == (record.state not in WITHOUT_ORDER)
        assert record.filled == (reached[client_id].filled if client_id in reached else 0)


OWN = {
    "both fill": "",
    "a leg is refused": "arm_evening|#3|settle_leg: after|update_pair",
    "an answer is lost": "answer lost|update: |settle_leg: before",
}
"""What the other stories have not shown already, as a pattern."""


def once(points: Sequence[str], trouble: str) -> list[str]:
    """Each place so often as a trade comes there; what every turn writes only once."""
    own = [point for point in points if re.search(OWN[trouble], point)]
    return [point for point in own if "record_outcome" not in point or point.endswith(" #1")]


@pytest.mark.parametrize("trouble", TROUBLES)
def test_r17_a_power_cut_anywhere_ends_even(trouble: str, subtests: pytest.Subtests) -> None:
    reached = told(TROUBLES[trouble]).reached
    names = {point.partition(" #")[0] for point in reached}
    assert names >= {f"commit {what}: {when}" for what in ("arm_pair", "update") for when in ("before", "after")}
    assert f"POST {ORDERS['kucoin']}: took effect" in names
    assert ("commit arm_evening: after" in names) == (trouble == "a leg is refused")
    for point in once(reached, trouble):
        with subtests.test(point):
            assert told(TROUBLES[trouble], point).made
