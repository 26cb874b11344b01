"""Controls and funding payments survive, and are never there twice."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from bot.domain.control import Control, ControlKind
from bot.domain.errors import JournalFault
from bot.domain.funding import FundingPayment
from bot.domain.ids import Asset, HedgeName, Symbol, VenueName
from bot.journal.store import SqlJournal

NOW = 1_700_000_000_000
MAIN = VenueName("main")
BTC = Symbol("BTC/USDT:USDT")
PAUSE_ALL = Control(kind=ControlKind.PAUSE, hedge=None, who="ann@host", why="holiday", since_ms=NOW)
UNWIND_BTC = Control(kind=ControlKind.UNWIND, hedge=HedgeName("btc"), who="", why="", since_ms=NOW + 1)
PAID = FundingPayment(
    venue=MAIN, symbol=BTC, reference="77", asset=Asset("USDT"), amount=Decimal("-3.5"), time_ms=NOW, short=Decimal(1)
)


def test_controls_survive_a_restart_and_end_once(path: Path, journal: SqlJournal) -> None:
    journal.control(PAUSE_ALL)
    journal.control(UNWIND_BTC)
    journal.control(PAUSE_ALL)
    journal.close()
    with SqlJournal.open(path, now_ms=NOW) as again:
        assert again.controls() == (UNWIND_BTC, PAUSE_ALL), "said again, it is the newest"
        assert again.end_controls(NOW + 10, HedgeName("eth")) == 0
        assert again.end_controls(NOW + 10, HedgeName("btc")) == 1
        assert again.controls() == (PAUSE_ALL,)
        again.control(UNWIND_BTC)
        assert again.end_controls(NOW + 11) == 2
        assert (again.controls(), again.end_controls(NOW + 12)) == ((), 0)


def test_funding_is_kept_once_in_the_order_of_its_settlement(path: Path, journal: SqlJournal) -> None:
    later = replace(PAID, reference="78", time_ms=NOW + 5, short=None, mark=Decimal("100000.5"))
    assert journal.last_funding_ms(MAIN, BTC) is None
    assert journal.keep_funding([later, PAID]) == 2
    assert journal.keep_funding([PAID, replace(PAID, amount=Decimal(9))]) == 0
    assert journal.keep_funding([]) == 0
    journal.close()
    with SqlJournal.open(path, now_ms=NOW) as again:
        assert again.funding(MAIN, BTC, 0) == (PAID, later)
        assert again.funding(MAIN, BTC, NOW + 1) == (later,)
        assert again.funding(MAIN, Symbol("ETH/USDT:USDT"), 0) == ()
        assert again.last_funding_ms(MAIN, BTC) == NOW + 5


def test_what_a_gone_world_was_told_is_gone_with_it(journal: SqlJournal) -> None:
    journal.control(PAUSE_ALL)
    journal.keep_funding([PAID])
    journal.forget_world()
    assert (journal.controls(), journal.funding(MAIN, BTC, 0)) == ((), ())


def test_a_control_of_a_kind_that_is_not_known_does_not_read_back(journal: SqlJournal) -> None:
    journal.control(PAUSE_ALL)
    with journal._database.writing() as connection:
        connection.exec_driver_sql("UPDATE controls SET kind = 'dance'")
    with pytest.raises(JournalFault, match="does not read back"):
        journal.controls()
