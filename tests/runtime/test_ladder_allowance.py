"""What a step of the ladder may trade is allowed once, however often the journal fails meanwhile (R17, R24)."""

from __future__ import annotations

from decimal import Decimal as D
from pathlib import Path

import pytest

from bot import logs
from bot.core.guards import Campaign
from bot.domain.errors import JournalFault
from bot.journal.store import SqlJournal
from bot.runtime.alarms import LogAlarms
from bot.runtime.memory import HedgeMemory
from bot.runtime.virtual import VirtualClock
from tests.core.instruments import LINEAR, POLICY
from tests.core.ladders import NOW_MS


def test_r24_an_allowance_that_was_not_kept_was_not_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise JournalFault("the disk is full")

    clock = VirtualClock()
    with SqlJournal.open(tmp_path / "hedgebot.db", now_ms=NOW_MS) as journal:
        memory = HedgeMemory(
            policy=POLICY,
            instrument=LINEAR,
            journal=journal,
            clock=clock,
            alarms=LogAlarms(clock, logs.get("test")),
            logger=logs.get("test"),
            live=True,
        )
        memory.campaign = Campaign(exposure=D(1), initial_gap_contracts=D(1), filled_contracts=D(1), mismatches=0)
        with monkeypatch.context() as patch:
            patch.setattr(SqlJournal, "remember", full)
            for _ in range(3):
                with pytest.raises(JournalFault):
                    memory.allow(D("0.2"))
        memory.allow(D("0.2"))
        assert memory.campaign.initial_gap_contracts == D("1.2")
        assert Campaign.from_dict(journal.memory(POLICY.name)) == memory.campaign
