"""An intent as it is when it is armed."""

from __future__ import annotations

from typing import Any

from bot.domain.errors import InvariantBroken
from bot.domain.ids import Epoch, epoch_of
from bot.domain.intent import Intent, IntentRecord, IntentState
from bot.domain.numbers import ZERO
from bot.journal import rows


def armed(intent: Intent, epoch: Epoch) -> tuple[IntentRecord, dict[str, Any]]:
    """The record and its row; InvariantBroken when the id is not of this epoch, or the intent contradicts itself."""
    record = IntentRecord(
        intent=intent,
        state=IntentState.ARMED,
        filled=ZERO,
        average_price=None,
        venue_order_id=None,
        settled=False,
        detail="",
        updated_ms=intent.created_ms,
    )
    if epoch_of(intent.client_id) != epoch:
        raise InvariantBroken(f"{intent.client_id} is not of this start's epoch {epoch}")
    return record, checked(record)


def checked(record: IntentRecord) -> dict[str, Any]:
    """The row of an intent; InvariantBroken when it contradicts itself."""
    try:
        return rows.record_row(record)
    except ValueError as error:
        raise InvariantBroken(f"an intent that contradicts itself: {error}") from error
