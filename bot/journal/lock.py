"""One writer (R26): `flock` on a file of its own, which the kernel releases on any death."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from bot.domain.errors import JournalFault

_TRIES: Final = 10
_PAUSE_S: Final = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds a lock, as written in its file. `pid` is None when the file does not tell (yet)."""

    pid: int | None
    host: str
    since_ms: int

    def __str__(self) -> str:
        if self.pid is None:
            return "another process"
        since = datetime.fromtimestamp(self.since_ms // 1000, UTC)
        return f"process {self.pid} on {self.host} since {since:%Y-%m-%d %H:%M:%S} UTC"


class JournalLock:
    """Held from `acquire` until `release` or the end of the process, however that comes."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    @classmethod
    def acquire(cls, path: Path, *, now_ms: int) -> Self:
        """Take the lock of a journal: `flock` on PATH.lock, never on the database file.

        Args:
            path: of the journal.
            now_ms: when we started, for the message others get.

        Raises:
            JournalFault: another process holds it, or the file can't be written.
        """
        return cls._take(lock_path(path), f"journal {path}", now_ms)

    @classmethod
    def _take(cls, file: Path, what: str, now_ms: int) -> Self:
        try:
            descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise JournalFault(
                f"{what}: its lock file {file} can't be opened: {error.strerror}",
                hint="choose a path in a directory that exists and that this user may write to",
            ) from error
        try:
            holder = _lock(descriptor, Holder(pid=os.getpid(), host=platform.node(), since_ms=now_ms))
        except OSError as error:
            os.close(descriptor)
            raise JournalFault(
                f"{what}: its lock file {file} can't be locked and written: {error.strerror}",
                hint="free disk space, or choose a path on a local file system",
            ) from error
        if holder is not None:
            os.close(descriptor)
            raise JournalFault(
                f"{what} is in use by {holder}",
                hint="stop that process first: two bots on one account would both hedge",
            )
        return cls(descriptor)

    def release(self) -> None:
        """Let go; again is no error. The file stays: removing it would let two processes lock two files."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, 0)
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class AccountLock(JournalLock):
    """A second lock per API key, so that two journals never serve one account. Not taken on paper."""

    @classmethod
    def acquire(cls, fingerprint: str, state_dir: Path, *, now_ms: int) -> Self:  # type: ignore[override]
        """Take the lock of an account.

        Args:
            fingerprint: from `key_fingerprint`.
            state_dir: from `default_state_dir`; made when it is missing.
            now_ms: when we started.

        Raises:
            JournalFault: another process of this user holds it, or the directory can't be written.
        """
        try:
            state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise JournalFault(
                f"the directory {state_dir} for account locks can't be made: {error.strerror}",
                hint="set XDG_STATE_HOME to a directory that this user may write to",
            ) from error
        return cls._take(state_dir / f"account-{fingerprint}.lock", f"account of API key {fingerprint}", now_ms)


def lock_path(path: Path) -> Path:
    """The lock file of a journal: PATH.lock."""
    return path.with_name(path.name + ".lock")


def lock_holder(path: Path) -> Holder | None:
    """Who holds the lock of a journal now; None when nobody does, whatever an old file says."""
    try:
        descriptor = os.open(lock_path(path), os.O_RDONLY)
    except OSError:
        return None
    try:
        # Shared and for an instant only; `_lock` tries again, so that looking never stops a start.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _read_holder(descriptor)
    finally:
        os.close(descriptor)
    return None


def key_fingerprint(api_key: str) -> str:
    """What may be shown and stored of an API key: the first 16 hex digits of its SHA-256."""
    return hashlib.sha256(api_key.encode()).hexdigest()[:16]


def default_state_dir(environ: Mapping[str, str], home: Path) -> Path:
    """The per-user state directory: `$XDG_STATE_HOME/hedgebot`, else `~/.local/state/hedgebot`."""
    base = Path(environ.get("XDG_STATE_HOME", ""))
    return (base if base.is_absolute() else home / ".local" / "state") / "hedgebot"


def _lock(descriptor: int, us: Holder) -> Holder | None:
    """Take the lock and write who we are; or who holds it. `lock_holder` of others may be in the way for an instant."""
    for _ in range(_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE_S)
        else:
            os.ftruncate(descriptor, 0)
            content = json.dumps({"pid": us.pid, "host": us.host, "since_ms": us.since_ms}) + "\n"
            os.pwrite(descriptor, content.encode(), 0)
            return None
    return _read_holder(descriptor)


def _read_holder(descriptor: int) -> Holder:
    try:
        told = json.loads(os.pread(descriptor, 4096, 0))
        return Holder(pid=int(told["pid"]), host=str(told["host"]), since_ms=int(told["since_ms"]))
    except (ValueError, TypeError, KeyError):
        return Holder(pid=None, host="", since_ms=0)
