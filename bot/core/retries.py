"""What the ends of our last orders say about the next one (R16, R24)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.domain.intent import IntentRecord, IntentState

BACKOFF_FIRST_MS: Final = 5_000
BACKOFF_OPEN_MS: Final = 1_000
"""The first one while a leg is open: to be even is worth more orders."""
BACKOFF_MAX_MS: Final = 300_000
_UNFILLED: Final = frozenset({IntentState.EXPIRED, IntentState.CANCELED})
_REJECTED: Final = frozenset({IntentState.REJECTED})


def unfilled_tries(records: Sequence[IntentRecord]) -> int:
    """How many of the newest orders in a row ended without any fill; records oldest first."""
    return _trailing(records, _UNFILLED)


def backoff_until_ms(records: Sequence[IntentRecord], first_ms: int = BACKOFF_FIRST_MS) -> int:
    """After rejections in a row: when the next try may be made, doubling from `first_ms` to 5 min; 0 when at once."""
    rejected = _trailing(records, _REJECTED)
    if not rejected:
        return 0
    return records[-1].updated_ms + min(first_ms << min(rejected - 1, 10), BACKOFF_MAX_MS)


def _trailing(records: Sequence[IntentRecord], states: frozenset[IntentState]) -> int:
    count: int = 0
    for record in reversed(records):
        if record.state not in states or record.filled > 0:
            break
        count += 1
    return count
