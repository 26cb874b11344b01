"""What is learnt of two venues at once."""

from __future__ import annotations

import pytest

from bot.domain.errors import InvariantBroken, JournalFault
from bot.runtime.pair_proof import settled_all


def test_a_contradiction_comes_before_every_other_fault_and_none_is_lost() -> None:
    """A late order is told once: behind another fault it would never halt the hedge."""
    faults = [JournalFault("the disk is full"), InvariantBroken("a is there"), InvariantBroken("b is there")]
    with pytest.raises(InvariantBroken, match="a is there; b is there"):
        settled_all(faults)
    with pytest.raises(JournalFault):
        settled_all(["", faults[0]])
    assert settled_all(["", "order 1 is not accounted for"]) == ["", "order 1 is not accounted for"]
