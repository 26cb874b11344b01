from __future__ import annotations

import fcntl
import json
import os
import resource
from pathlib import Path

import pytest

from bot.domain.errors import JournalFault
from bot.journal.lock import (
    AccountLock,
    JournalLock,
    default_state_dir,
    key_fingerprint,
    lock_holder,
    lock_path,
)

NOW = 1_700_000_000_000


def test_r26_one_writer_and_the_file_says_who(path: Path) -> None:
    lock = JournalLock.acquire(path, now_ms=NOW)
    told = json.loads(lock_path(path).read_text())
    assert told == {"pid": os.getpid(), "host": os.uname().nodename, "since_ms": NOW}
    with pytest.raises(JournalFault, match=f"journal {path} is in use by process {os.getpid()} on ") as raised:
        JournalLock.acquire(path, now_ms=NOW)
    assert "stop that process first" in raised.value.hint
    holder = lock_holder(path)
    assert holder is not None
    assert (holder.pid, holder.since_ms) == (os.getpid(), NOW)
    lock.release()
    lock.release()
    assert lock_holder(path) is None
    JournalLock.acquire(path, now_ms=NOW).release()
    assert not path.exists()


def test_r26_the_file_of_a_dead_process_blocks_nobody(path: Path) -> None:
    lock_path(path).write_text('{"pid": 1, "host": "elsewhere", "since_ms": 1, "more": "than we write ourselves"}')
    assert lock_holder(path) is None
    with JournalLock.acquire(path, now_ms=NOW):
        holder = lock_holder(path)
        assert holder is not None
        assert holder.pid == os.getpid()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"pid": null, "host": "a", "since_ms": 1}', "\x00\x01"])
def test_r26_a_lock_counts_even_when_its_file_does_not_tell_who(path: Path, content: str) -> None:
    with JournalLock.acquire(path, now_ms=NOW):
        lock_path(path).write_text(content)
        with pytest.raises(JournalFault, match="in use by another process"):
            JournalLock.acquire(path, now_ms=NOW)


def test_nobody_holds_a_lock_that_was_never_made(path: Path) -> None:
    assert lock_holder(path) is None


def test_r26_looking_at_a_lock_does_not_stop_a_start(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock_path(path).write_text("")
    descriptor = os.open(lock_path(path), os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    monkeypatch.setattr("bot.journal.lock.time.sleep", lambda _: fcntl.flock(descriptor, fcntl.LOCK_UN))
    JournalLock.acquire(path, now_ms=NOW).release()
    os.close(descriptor)


def test_a_lock_file_that_can_not_be_written_is_a_fault(path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with pytest.raises(JournalFault, match="can't be locked and written"):
            JournalLock.acquire(path, now_ms=NOW)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    JournalLock.acquire(path, now_ms=NOW).release()


def test_r26_one_bot_per_api_key_whatever_its_journal(tmp_path: Path) -> None:
    state = tmp_path / "state" / "hedgebot"
    one, other = key_fingerprint("key-one"), key_fingerprint("key-two")
    assert len(one) == 16
    assert one != other
    with AccountLock.acquire(one, state, now_ms=NOW), AccountLock.acquire(other, state, now_ms=NOW):
        with pytest.raises(JournalFault, match=f"account of API key {one} is in use by process {os.getpid()}"):
            AccountLock.acquire(one, state, now_ms=NOW)
        assert not any("key-one" in file.read_text() + file.name for file in state.iterdir())
    AccountLock.acquire(one, state, now_ms=NOW).release()


def test_a_state_directory_that_can_not_be_made_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalFault, match="can't be made") as raised:
        AccountLock.acquire("0" * 16, tmp_path / "file" / "state", now_ms=NOW)
    assert "XDG_STATE_HOME" in raised.value.hint


def test_the_state_directory_follows_the_environment(tmp_path: Path) -> None:
    assert default_state_dir({"XDG_STATE_HOME": "/var/state"}, tmp_path) == Path("/var/state/hedgebot")
    default = tmp_path / ".local" / "state" / "hedgebot"
    assert default_state_dir({}, tmp_path) == default
    assert default_state_dir({"XDG_STATE_HOME": "relative"}, tmp_path) == default
