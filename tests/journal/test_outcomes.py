"""What turns of hedges without a perpetual came to: kept with the decisions, thinned by what they share."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.domain.errors import JournalFault
from bot.domain.ids import Asset, HedgeName
from bot.domain.trader import HedgeKind, TraderOutcome
from bot.journal.plans import plan_of
from bot.journal.store import SqlJournal

NOW = 1_700_000_000_000


def outcome(same: str = "calm", net: str = "-0.2", kind: HedgeKind = HedgeKind.CROSS_EXCHANGE) -> TraderOutcome:
    return TraderOutcome(
        hedge=HedgeName("gap"),
        kind=kind,
        asset=Asset("BTC"),
        verdict="no-edge",
        reason=f"net {net}",
        same=same,
        facts={"net": net},
    )


def test_one_is_kept_with_all_its_facts(journal: SqlJournal) -> None:
    journal.record_outcome(NOW, outcome())
    (row,) = journal.last_decisions()
    assert (row.time_ms, row.hedge) == (NOW, "gap")
    assert row.plan == {
        "kind": "cross-exchange",
        "asset": "BTC",
        "verdict": "no-edge",
        "reason": "net -0.2",
        "net": "-0.2",
        "same": "calm",
    }


def test_of_equal_ones_the_first_and_the_newest_stay(journal: SqlJournal, path: Path) -> None:
    for at, same in enumerate(["calm", "calm", "calm", "act", "calm"]):
        journal.record_outcome(NOW + at, outcome(same, net=str(at)))
    with closing(sqlite3.connect(path)) as file:
        times = [time_ms - NOW for (time_ms,) in file.execute("select time_ms from decisions order by id")]
    assert times == [0, 2, 3, 4]
    assert journal.last_decisions()[0].plan["net"] == "4"


@pytest.mark.parametrize("text", ["[]", "{}", '{"kind": "cross-exchange"}', '{"kind": "stablecoin", "asset": "BTC"}'])
def test_one_that_lacks_something_is_no_decision(text: str) -> None:
    with pytest.raises(ValueError, match="all its facts"):
        plan_of(text)


def test_a_row_that_somebody_cut_is_refused(journal: SqlJournal, path: Path) -> None:
    journal.record_outcome(NOW, outcome(kind=HedgeKind.STABLECOIN))
    with closing(sqlite3.connect(path)) as file, file:
        file.execute('update decisions set plan = \'{"kind": "stablecoin"}\'')
    with pytest.raises(JournalFault):
        journal.last_decisions()
