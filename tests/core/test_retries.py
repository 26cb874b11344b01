"""What the ends of our last orders say about the next one."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from bot.core.retries import backoff_until_ms, unfilled_tries
from bot.domain.intent import IntentRecord, IntentState
from tests.core.instruments import intent


def ended(state: IntentState, filled: str = "0", updated_ms: int = 0) -> IntentRecord:
    return IntentRecord(
        intent=intent(),
        state=state,
        filled=D(filled),
        average_price=D(100_000) if D(filled) else None,
        venue_order_id=None,
        settled=True,
        detail="",
        updated_ms=updated_ms,
    )


EXPIRED = ended(IntentState.EXPIRED)
FILLED = ended(IntentState.FILLED, "1")
REJECTED = ended(IntentState.REJECTED, updated_ms=1_000)


@pytest.mark.parametrize(
    ("records", "tries"),
    [
        ([], 0),
        ([EXPIRED], 1),
        ([EXPIRED, ended(IntentState.CANCELED)], 2),
        ([EXPIRED, FILLED], 0),
        ([FILLED, EXPIRED], 1),
        ([ended(IntentState.EXPIRED, "0.4"), EXPIRED], 1),
        ([EXPIRED, REJECTED], 0),
    ],
)
def test_r16_only_orders_that_ended_without_a_fill_count(records: list[IntentRecord], tries: int) -> None:
    assert unfilled_tries(records) == tries


@pytest.mark.parametrize(
    ("count", "pause_ms"), [(0, None), (1, 5_000), (2, 10_000), (3, 20_000), (7, 300_000), (60, 300_000)]
)
def test_rejections_in_a_row_are_tried_again_ever_later(count: int, pause_ms: int | None) -> None:
    assert backoff_until_ms([FILLED, *[REJECTED] * count]) == (0 if pause_ms is None else 1_000 + pause_ms)
