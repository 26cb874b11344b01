"""Oracles on what is asked, believed and said see what must never be, and let pass what looks like it and is right."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D
from pathlib import Path

import pytest

from bot import logs
from bot.paper.engine.layout import REDEEMING
from tests.sim.oracles_made import JOB, MadeTruth, Tale, reads, seen
from tests.sim.oracles_reading import FreshReadings, NoBug, NoSecret, WithinLimits, needed
from tests.sim.trace import Kind

READINGS = needed(JOB)

# O7


@pytest.mark.parametrize("unread", READINGS)
def test_o7_an_order_on_a_reading_that_was_never_made(unread: str) -> None:
    tale = Tale(FreshReadings())
    reads(tale, READINGS, but=unread)
    tale.arms(1)
    assert f"the {unread} was last read never" in seen(lambda: tale.sends(1, fills="1"))


def test_o7_a_reading_of_the_venue_where_the_coins_are_not() -> None:
    job = replace(JOB, exchange="okx", venue_symbol="BTC-USDT-SWAP", coins_exchange="kucoin")
    read = needed(job)
    assert read["coins"] == ("kucoin", "/api/v1/accounts")
    assert read["position"] == ("okx", "/api/v5/account/positions")
    tale = Tale(FreshReadings(), MadeTruth(job))
    reads(tale, read, but="coins")
    tale.asks("/api/v5/account/balance", exchange="okx")  # margin, not the coins of the hedge
    tale.arms(1)
    assert "the coins was last read never" in seen(lambda: tale.sends(1, fills="1"))


def test_o7_coins_in_earn_are_read_where_they_count() -> None:
    assert needed(replace(JOB, wallets=(*JOB.wallets, REDEEMING))).keys() - READINGS.keys() == {"earn"}


@pytest.mark.parametrize("old", READINGS)
def test_o7_an_order_on_a_reading_that_is_too_old(old: str) -> None:
    tale = Tale(FreshReadings())
    reads(tale, READINGS)
    tale.after(19)
    reads(tale, READINGS, but=old)
    tale.arms(1)
    assert f"the {old} was last read 19000 ms before" in seen(lambda: tale.sends(1, fills="1"))


def test_o7_an_unreadable_answer_is_no_reading_and_the_next_process_reads_anew() -> None:
    tale = Tale(FreshReadings())
    reads(tale, READINGS, but="mark")
    _, mark = READINGS["mark"]
    tale.asks(mark, fault="html-200")
    tale.asks(mark, status=503)
    tale.arms(1)
    seen(lambda: tale.sends(1, fills="1"))
    tale.asks(mark)
    tale.starts()
    tale.arms(2)
    seen(lambda: tale.sends(2, fills="1"))


def test_o7_a_price_that_never_was() -> None:
    tale = Tale(FreshReadings())
    reads(tale, READINGS)
    tale.arms(1, price=D(90_000))
    assert "is limited at 90000" in seen(lambda: tale.sends(1, fills="1", price=D(90_000)))


# O9


@pytest.mark.parametrize("status", [418, 429])
def test_o9_one_call_too_many(status: int) -> None:
    tale = Tale(WithinLimits())
    tale.asks("/fapi/v3/account", status=status, fault="ban")
    assert "one call too many" in seen(lambda: tale.asks("/fapi/v3/account", status=status, code="-1003"))


def test_o9_a_call_during_a_ban() -> None:
    tale = Tale(WithinLimits())
    tale.asks("/fapi/v3/account", status=418, fault="ban", retry_after_s=60)
    tale.after(59)
    assert "1000 ms before the ban's end" in seen(lambda: tale.asks("/fapi/v1/time"))
    tale.after(1)
    tale.asks("/fapi/v1/time")


def test_o9_a_path_that_counts_too_often_is_left_alone_but_others_are_not() -> None:
    tale = Tale(WithinLimits())
    tale.asks("/fapi/v1/depth", status=429, fault="rate-limited", retry_after_s=20)
    tale.after(10)
    tale.asks("/fapi/v1/time")
    assert "10000 ms before" in seen(lambda: tale.asks("/fapi/v1/depth"))


def test_o9_a_ban_without_a_word_of_its_length_is_still_a_ban() -> None:
    tale = Tale(WithinLimits())
    tale.asks("/api/v5/account/balance", status=403, fault="banned")
    tale.after(1)
    tale.asks("/api/v5/public/time")
    tale.asks("/api/v5/account/balance", "POST")
    assert "1000 ms before" in seen(lambda: tale.asks("/api/v5/account/balance"))


# O10


@pytest.mark.parametrize(
    "form", ["my/secret+key", "my%2Fsecret%2Bkey", "bXkvc2VjcmV0K2tleQ==", "6d792f7365637265742b6b6579"]
)
def test_o10_a_secret_in_a_line(form: str) -> None:
    tale = Tale(NoSecret(secrets=["my/secret+key"]))
    tale.truth.output.append("nothing here")
    tale.tell(Kind.TURN)
    tale.truth.output.append(f"it failed: GET /x?apiKey={form}&y")
    assert "a line of output" in seen(lambda: tale.tell(Kind.TURN))


def test_o10_a_signature_that_was_sent() -> None:
    tale = Tale(NoSecret(secrets=["my/secret+key"]))
    tale.tell(Kind.REQUEST, sent=tale.request("GET", "/fapi/v3/account", query=f"timestamp=1&signature={'ab' * 32}"))
    tale.truth.output.append(f"refused {'ab' * 32}")
    assert "the signature of a request" in seen(lambda: tale.tell(Kind.TURN))
    tale.truth.output[:] = [f"GET /x?signature={'cd' * 32}"]
    tale.oracle = NoSecret(secrets=[])
    assert "a signature of 64 characters" in seen(lambda: tale.tell(Kind.TURN))


@pytest.mark.parametrize(
    "line", ["OK-ACCESS-SIGN: q83vASNFZ4mrze8BI0VniavN7wE=", '"KC-API-PASSPHRASE": "q83vASNFZ4mrze8BI0VniavN7wE="']
)
def test_o10_a_header_that_signs(line: str) -> None:
    tale = Tale(NoSecret(secrets=[]))
    tale.truth.output.append("refused, sent OK-ACCESS-SIGN: ***")
    tale.tell(Kind.TURN)
    tale.truth.output.append(f"refused, sent {line}")
    assert "a signature of 28 characters" in seen(lambda: tale.tell(Kind.TURN))


def test_o10_a_secret_in_the_journal(tmp_path: Path) -> None:
    tale = Tale(NoSecret(secrets=["my/secret+key"]), MadeTruth(journal=tmp_path / "journal.db"))
    (tmp_path / "journal.db").write_bytes(b"SQLite \xff\x00 rows")
    tale.oracle.finish(tale.truth)
    (tmp_path / "journal.db-wal").write_bytes(b"\x00detail my/secret+key\xff")
    assert "journal.db-wal" in seen(lambda: tale.oracle.finish(tale.truth))


# O13


def test_o13_a_turn_that_ends_in_a_bug() -> None:
    tale = Tale(NoBug())
    tale.alarm(logs.TURN_FAILED, code="JournalFault")
    tale.alarm(logs.HEDGE_DECIDED, code="KeyError")
    assert "KeyError" in seen(lambda: tale.alarm(logs.TURN_FAILED, code="KeyError"))
    seen(lambda: tale.alarm(logs.TURN_FAILED, code="InvariantBroken"))


def test_o13_a_process_that_dies_of_a_bug() -> None:
    tale = Tale(NoBug())
    tale.truth.lives[-1].end = "no answer"
    tale.tell(Kind.PROCESS, "ended")
    tale.truth.lives[-1].bug = "TypeError"
    assert "TypeError" in seen(lambda: tale.tell(Kind.PROCESS, "ended"))


def test_o13_a_task_whose_error_nobody_looks_at() -> None:
    tale = Tale(NoBug())
    tale.truth.output.append('{"event": "asyncio speaks", "logger": "bot.venue", "level": "error"}')
    tale.tell(Kind.TURN)
    tale.truth.output.append('{"event": "Task exception was never retrieved", "logger": "asyncio", "level": "error"}')
    assert "never retrieved" in seen(lambda: tale.tell(Kind.TURN))
