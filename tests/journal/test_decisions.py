from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from bot.domain.ids import HedgeName
from bot.domain.plan import Plan, Verdict
from bot.journal.database import Database
from bot.journal.plans import plan_facts
from bot.journal.store import SqlJournal

NOW = 1_700_000_000_000
HEDGE = HedgeName("btc")
Plans = Callable[..., Plan]


@pytest.fixture
def short_lived(path: Path) -> Iterator[SqlJournal]:
    database = Database(path, "rwc")
    database.prepare()
    with SqlJournal(database, None, decisions_kept=3) as journal:
        yield journal


def times(path: Path, hedge: HedgeName = HEDGE) -> list[int]:
    """When each kept decision of a hedge was taken, oldest first, as it lies in the file."""
    with closing(sqlite3.connect(path)) as file:
        kept = file.execute("select time_ms from decisions where hedge = ? order by id", (hedge,))
        return [time_ms - NOW for (time_ms,) in kept]


def test_a_decision_is_kept_with_all_its_numbers(journal: SqlJournal, make_plan: Plans) -> None:
    plan = make_plan(order=True, verdict=Verdict.ORDER, exposure="1.50")
    journal.record_decision(NOW, plan)
    (row,) = journal.last_decisions()
    assert (row.time_ms, row.hedge, row.plan) == (NOW, HEDGE, plan_facts(plan))
    assert row.plan["exposure"] == "1.5"
    assert row.plan["target"] is None
    assert row.plan["holdings"] == [
        {
            "source": "spot",
            "venue": "main",
            "quantity": "1.5",
            "principal": "1.5",
            "wallets": ["spot", "funding"],
            "sent_ms": NOW - 40,
            "answered_ms": NOW - 20,
        },
        {"unknown": "earn of main", "reason": "HTTP 503"},
    ]
    assert row.plan["order"] == {
        "venue": "main",
        "symbol": "BTC/USDT:USDT",
        "side": "sell",
        "quantity": "1.5",
        "contracts": "1.5",
        "price_collar": "100000",
        "reduce_only": False,
        "notional": "150000",
        "fee_estimate": "40",
    }


def test_equal_decisions_in_a_row_keep_the_first_and_the_newest(
    path: Path, journal: SqlJournal, make_plan: Plans
) -> None:
    for step in range(6):
        journal.record_decision(NOW + step, make_plan(mark=str(100000 + step), at_ms=NOW + step))
    assert times(path) == [0, 5]
    (newest,) = journal.last_decisions()
    assert newest.plan["mark"] == "100005"
    journal.record_decision(NOW + 6, make_plan(exposure="1.1"))
    journal.record_decision(NOW + 7, make_plan())
    journal.record_decision(NOW + 8, make_plan())
    assert times(path) == [0, 5, 6, 7, 8]


@pytest.mark.parametrize(
    "other",
    [
        {"exposure": "1.0001"},
        {"verdict": Verdict.FROZEN},
        {"reason": "balance of main unreadable"},
        {"order": True},
    ],
)
def test_decisions_that_differ_in_substance_are_all_kept(
    path: Path, journal: SqlJournal, make_plan: Plans, other: dict[str, object]
) -> None:
    for step, plan in enumerate((make_plan(), make_plan(), make_plan(**other), make_plan())):
        journal.record_decision(NOW + step, plan)
    assert times(path) == [0, 1, 2, 3]


def test_hedges_are_thinned_apart(path: Path, journal: SqlJournal, make_plan: Plans) -> None:
    for step in range(4):
        journal.record_decision(NOW + step, make_plan(hedge="btc"))
        journal.record_decision(NOW + step, make_plan(hedge="eth"))
    assert times(path) == [0, 3]
    assert {(row.hedge, row.time_ms) for row in journal.last_decisions()} == {("btc", NOW + 3), ("eth", NOW + 3)}


def test_only_the_newest_decisions_of_each_hedge_are_kept(
    path: Path, short_lived: SqlJournal, make_plan: Plans
) -> None:
    short_lived.record_decision(NOW, make_plan(hedge="eth"))
    for step in range(8):
        short_lived.record_decision(NOW + step, make_plan(exposure=str(Decimal(1) + step)))
    assert times(path) == [5, 6, 7]
    assert times(path, HedgeName("eth")) == [0]
