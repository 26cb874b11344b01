"""The life of an intent holds under everything that can happen to it, and the model tells when it does not."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import select

from bot.core import absence, accounting, lifecycle, sizing
from bot.domain.errors import BotError
from bot.journal import statements
from bot.journal.schema import INTENTS
from tests.journal.intent_life import IntentLife
from tests.journal.intent_model import STEP

SETTINGS: Final = settings(
    max_examples=60, stateful_step_count=20, deadline=None, derandomize=True, database=None, print_blob=False
)

TestIntentLife = IntentLife.TestCase
TestIntentLife.settings = SETTINGS


def one_reading_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(absence, "READS_NEEDED", 1)


def no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    judge, next_read_ms = absence.judge, absence.next_read_ms
    monkeypatch.setattr(absence, "judge", lambda intent, reads, spacing, _: judge(intent, reads, spacing, 0))
    monkeypatch.setattr(
        absence, "next_read_ms", lambda intent, reads, spacing, _, now: next_read_ms(intent, reads, spacing, 0, now)
    )


def no_room_between_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three readings of one moment, all from the copy that forgot the order."""
    chain = absence._chain
    monkeypatch.setattr(absence, "_chain", lambda intent, reads, _: chain(intent, list(reads) * 3, 0))


def a_lost_answer_is_a_rejection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "_lost", lifecycle._rejected)


def fills_need_not_be_in_the_trades(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounting, "_fill_not_in_trades", lambda *_: None)


def trades_need_no_lookup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounting, "_without_lookup", lambda *_: None)


def the_position_may_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounting, "_position_differs", lambda *_: None)


def reductions_are_a_step_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    decrease = sizing.decrease_contracts
    monkeypatch.setattr(sizing, "decrease_contracts", lambda *given: _more(decrease(*given)))


def increases_are_a_step_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    increase = sizing.increase_contracts
    monkeypatch.setattr(sizing, "increase_contracts", lambda *given: _more(increase(*given)))


def _more(contracts: Decimal) -> Decimal:
    return contracts + STEP if contracts else contracts


def unsettled_fills_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        statements, "UNFINISHED", select(INTENTS).where(statements._ON_INSTRUMENT, statements._NOT_TERMINAL)
    )


def the_unresolved_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "UNFINISHED", statements.UNFINISHED.where(~statements._NOT_TERMINAL))


@pytest.mark.parametrize(
    "sabotage",
    [
        one_reading_is_enough,
        no_grace,
        no_room_between_readings,
        a_lost_answer_is_a_rejection,
        fills_need_not_be_in_the_trades,
        trades_need_no_lookup,
        the_position_may_differ,
        reductions_are_a_step_too_large,
        increases_are_a_step_too_large,
        unsettled_fills_are_forgotten,
        the_unresolved_are_forgotten,
    ],
)
def test_the_model_notices(monkeypatch: pytest.MonkeyPatch, sabotage: Callable[[pytest.MonkeyPatch], None]) -> None:
    """With the very settings above, without the search for the shortest story."""
    sabotage(monkeypatch)
    with pytest.raises((AssertionError, BotError)):
        run_state_machine_as_test(
            IntentLife, settings=settings(SETTINGS, phases=[Phase.generate], report_multiple_bugs=False)
        )
