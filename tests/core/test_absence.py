"""R22: what proves that an order had no effect, and that nothing less does."""

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.absence import NotYet, Proven, judge, next_read_ms
from bot.domain.intent import AbsenceRead
from tests.core.instruments import intent

SPACING_MS = 5_000
GRACE_MS = 30_000
SIGNED_MS = 100_000
DEADLINE_MS = SIGNED_MS + 3_000
DUE_MS = DEADLINE_MS + GRACE_MS
INTENT = intent(created_ms=90_000, timestamp_ms=SIGNED_MS, deadline_ms=DEADLINE_MS)


def read(venue_ms: int) -> AbsenceRead:
    return AbsenceRead(
        venue_ms=venue_ms, not_found_code="-2013", in_lists=False, stray_trades=(), position_explained=True
    )


GOOD = [read(SIGNED_MS), read(SIGNED_MS + SPACING_MS), read(DUE_MS + 1)]
TRACES = {
    "in a list": {"in_lists": True},
    "a stray trade": {"stray_trades": ("501",)},
    "an unexplained position": {"position_explained": False},
    "no code of the venue": {"not_found_code": ""},
}


def verdict(reads: list[AbsenceRead]) -> Proven | NotYet:
    return judge(INTENT, reads, SPACING_MS, GRACE_MS)


def due(reads: list[AbsenceRead], now_ms: int) -> int:
    return next_read_ms(INTENT, reads, SPACING_MS, GRACE_MS, now_ms)


def test_r22_three_clean_readings_far_enough_apart_and_late_enough_prove_it() -> None:
    proof = verdict(GOOD)
    assert isinstance(proof, Proven)
    assert f"-2013 at {DUE_MS + 1}" in proof.evidence


@pytest.mark.parametrize(
    ("reads", "missing"),
    [
        ([], "0 of 3"),
        (GOOD[:2], "2 of 3"),
        ([GOOD[0], GOOD[2]], "2 of 3"),
        # Three readings, but two of them as good as one.
        ([read(SIGNED_MS), read(SIGNED_MS + SPACING_MS - 1), read(DUE_MS + 1)], "2 of 3"),
        ([read(DUE_MS + 1), read(DUE_MS + 2), read(DUE_MS + 3)], "1 of 3"),
        # Three readings, the last one not after the grace.
        ([*GOOD[:2], read(DUE_MS)], "must be after"),
        # A reading from before the request was signed shows nothing of it.
        ([read(SIGNED_MS - 1), *GOOD[1:]], "2 of 3"),
    ],
)
def test_r22_less_is_no_proof(reads: list[AbsenceRead], missing: str) -> None:
    got = verdict(reads)
    assert isinstance(got, NotYet)
    assert missing in got.reason


@pytest.mark.parametrize("trace", list(TRACES.values()), ids=list(TRACES))
@pytest.mark.parametrize("place", [0, 1, 2])
def test_r22_a_trace_of_the_order_voids_its_reading_and_all_before(trace: dict[str, object], place: int) -> None:
    reads = list(GOOD)
    reads[place] = replace(reads[place], **trace)  # type: ignore[arg-type]
    assert isinstance(verdict(reads), NotYet)
    # Three clean ones after it are a proof again; two are not.
    again = [*reads, *(read(DUE_MS + n * SPACING_MS + 1) for n in (1, 2, 3))]
    needed = 3 - (2 - place)
    assert isinstance(verdict(again[: 3 + needed]), Proven)
    assert isinstance(verdict(again[: 3 + needed - 1]), NotYet)


@pytest.mark.parametrize(
    ("trace", "words"), [*zip(TRACES.values(), ["lists", "501", "position", "own code"], strict=True)], ids=list(TRACES)
)
def test_a_trace_in_the_newest_reading_is_the_reason(trace: dict[str, object], words: str) -> None:
    got = verdict([*GOOD, replace(read(DUE_MS + SPACING_MS), **trace)])  # type: ignore[arg-type]
    assert isinstance(got, NotYet)
    assert words in got.reason


def test_the_first_readings_are_due_at_once_the_last_after_the_grace() -> None:
    now_ms = SIGNED_MS + 10
    assert due([], now_ms) == now_ms
    assert due([], SIGNED_MS - 500) == SIGNED_MS
    assert due([read(now_ms)], now_ms) == now_ms + SPACING_MS
    two = [read(now_ms), read(now_ms + SPACING_MS)]
    assert due(two, now_ms + SPACING_MS) == DUE_MS + 1
    assert due(two, DUE_MS + 60_000) == DUE_MS + 60_000
    late = [read(DUE_MS + 1), read(DUE_MS + 1 + SPACING_MS)]
    assert due(late, DUE_MS + 2 + SPACING_MS) == DUE_MS + 1 + 2 * SPACING_MS


def test_a_voided_reading_begins_the_schedule_anew() -> None:
    reads = [*GOOD[:2], replace(read(SIGNED_MS + 12_000), in_lists=True)]
    assert due(reads, SIGNED_MS + 13_000) == SIGNED_MS + 13_000


@given(started=st.integers(min_value=0, max_value=100_000), delay=st.integers(min_value=0, max_value=3_000))
def test_r22_reading_when_due_proves_it_within_the_promised_time(started: int, delay: int) -> None:
    """Three readings suffice when each is made when due, and the last is at most one spacing after it could be."""
    now_ms, reads = SIGNED_MS + started, list[AbsenceRead]()
    for _ in range(3):
        assert isinstance(verdict(reads), NotYet)
        now_ms = due(reads, now_ms) + delay
        reads.append(read(now_ms))
    assert isinstance(verdict(reads), Proven)
    assert now_ms <= max(DUE_MS + 1, SIGNED_MS + started + 2 * SPACING_MS + 2 * delay) + delay


READS = st.builds(
    AbsenceRead,
    venue_ms=st.sampled_from([SIGNED_MS - 1, SIGNED_MS, SIGNED_MS + 4_999, DUE_MS - 5_000, DUE_MS, DUE_MS + 5_000]),
    not_found_code=st.sampled_from(["-2013", "-2013", "-2013", ""]),
    in_lists=st.sampled_from([False, False, False, True]),
    stray_trades=st.sampled_from([(), (), (), ("501",)]),
    position_explained=st.sampled_from([True, True, True, False]),
)


@given(reads=st.lists(st.one_of(READS, st.sampled_from(GOOD)), max_size=6))
def test_r22_there_is_a_proof_exactly_when_the_rule_holds(reads: list[AbsenceRead]) -> None:
    reads.sort(key=lambda one: one.venue_ms)  # oldest first, as the journal keeps them
    voided = [n for n, r in enumerate(reads) if r != read(r.venue_ms)]
    times = [r.venue_ms for r in reads[voided[-1] + 1 if voided else 0 :] if r.venue_ms >= SIGNED_MS]
    holds = any(
        last == times[-1] and last > DUE_MS and last >= second + SPACING_MS and second >= first + SPACING_MS
        for first, second, last in combinations(times, 3)
    )
    assert isinstance(verdict(reads), Proven) == holds
