"""Proof that an order never took effect (R22).

Not found is not proof: a request may still be under way, and a venue's look-up may lag behind its matching. The proof
is a chain of readings, far enough apart and late enough, each of which looked at the order, the lists, the trades and
the position, and found nothing that is not explained otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.domain.intent import AbsenceRead, Intent

READS_NEEDED: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """All of R22 holds; `evidence` names the readings."""

    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotYet:
    """Something is still missing; the order stays as it is."""

    reason: str


def judge(intent: Intent, reads: Sequence[AbsenceRead], spacing_ms: int, grace_ms: int) -> Proven | NotYet:
    """Whether the readings prove that the order had no effect.

    Args:
        intent: the order that nobody can find.
        reads: every reading so far, oldest first.
        spacing_ms: how far readings must be apart to count as two.
        grace_ms: how long after the deadline the last one must be, in venue time.

    Returns:
        The proof, or what is missing. The mere passing of time never gives a proof.
    """
    if reads and not _clean(reads[-1]):
        return NotYet(reason=_objection(reads[-1]))
    chain = _chain(intent, reads, spacing_ms)
    if len(chain) < READS_NEEDED:
        return NotYet(reason=f"{len(chain)} of {READS_NEEDED} readings without the order, {spacing_ms} ms apart")
    due_ms = intent.deadline_ms + grace_ms
    if chain[-1].venue_ms <= due_ms:
        return NotYet(reason=f"the last reading was at {chain[-1].venue_ms}, it must be after {due_ms} (venue time)")
    found = ", ".join(f"{read.not_found_code} at {read.venue_ms}" for read in chain)
    return Proven(evidence=f"not found by the venue ({found}), in no list, no stray trade, position explained")


def next_read_ms(
    intent: Intent, reads: Sequence[AbsenceRead], spacing_ms: int, grace_ms: int, venue_now_ms: int
) -> int:
    """Venue time of the next reading that can bring the proof nearer; not before now.

    The first ones are due at once, because they may find the order; the one that can complete the proof is due after
    the grace.

    Args:
        intent: the order that nobody can find.
        reads: every reading so far, oldest first.
        spacing_ms: how far readings must be apart to count as two.
        grace_ms: how long after the deadline the last one must be, in venue time.
        venue_now_ms: venue time.
    """
    chain = _chain(intent, reads, spacing_ms)
    at_ms = max(venue_now_ms, intent.timestamp_ms)
    if chain:
        at_ms = max(at_ms, chain[-1].venue_ms + spacing_ms)
    if len(chain) >= READS_NEEDED - 1:
        at_ms = max(at_ms, intent.deadline_ms + grace_ms + 1)
    return at_ms


def _chain(intent: Intent, reads: Sequence[AbsenceRead], spacing_ms: int) -> list[AbsenceRead]:
    """The longest series of readings that count, oldest first, ending with the newest one.

    A reading that shows a trace of the order voids itself and all before it. One from before the order was signed
    shows nothing of it.
    """
    chain: list[AbsenceRead] = []
    for read in reversed(reads):
        if not _clean(read):
            break
        early = read.venue_ms < intent.timestamp_ms
        if not early and (not chain or read.venue_ms + spacing_ms <= chain[0].venue_ms):
            chain.insert(0, read)
    return chain


def _clean(read: AbsenceRead) -> bool:
    return not _objection(read)


def _objection(read: AbsenceRead) -> str:
    if not read.not_found_code:
        return "the venue did not say in its own code that the order is not found"
    if read.in_lists:
        return "the order stands in the venue's lists"
    if read.stray_trades:
        return f"trades that belong to no known order: {', '.join(read.stray_trades)}"
    if not read.position_explained:
        return "the position is not the one before plus all trades since"
    return ""
