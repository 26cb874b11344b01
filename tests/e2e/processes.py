"""Processes of the command: forked from one that has imported it, or, where a test asks for it, new interpreters."""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Protocol

HEDGEBOT = [sys.executable, "-m", "bot"]


class Process(Protocol):
    """What the tests use of `subprocess.Popen`."""

    pid: int

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, sig: int) -> None: ...

    def kill(self) -> None: ...


class Forked:
    """A process that the template started; ended by signal `n` its code is `-n`, as with `subprocess.Popen`."""

    def __init__(self, words: Sequence[str], folder: Path, environ: Mapping[str, str], files: Sequence[int]) -> None:
        self._words = words
        self._line, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(_template(), [b"!"], [theirs.fileno(), *files])
        asked = {"words": list(words), "folder": str(folder), "environ": dict(environ)}
        self._line.sendall(json.dumps(asked).encode() + b"\n")
        self._told = b""
        self._code: int | None = None
        while b"\n" not in self._told:
            self._hear()
        self.pid = int(self._told.split(b"\n")[0])

    def _hear(self) -> None:
        heard = self._line.recv(64)
        if not heard:
            raise RuntimeError(f"lost sight of {self._words}")
        self._told += heard

    def poll(self) -> int | None:
        """Its exit code; None while it runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, as soon as it has ended.

        Raises:
            subprocess.TimeoutExpired: after `timeout` seconds.
        """
        end = None if timeout is None else time.monotonic() + timeout
        while (code := self._ended(None if end is None else max(0.0, end - time.monotonic()))) is None:
            if end is not None and time.monotonic() >= end:
                raise subprocess.TimeoutExpired(list(self._words), timeout or 0)
        return code

    def _ended(self, within_s: float | None) -> int | None:
        if self._code is None and select.select([self._line], [], [], within_s)[0]:
            self._hear()
            if self._told.count(b"\n") == 2:
                self._code = int(self._told.split(b"\n")[1])
                self._line.close()
        return self._code

    def send_signal(self, sig: int) -> None:
        """Nothing happens to one that has ended."""
        if self.poll() is None:
            os.kill(self.pid, sig)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


@cache
def _template() -> socket.socket:
    """The other end of which the template listens to; it ends with this process."""
    ours, theirs = socket.socketpair()
    with theirs:
        command = [sys.executable, str(Path(__file__).with_name("template.py")), str(theirs.fileno())]
        process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)

    def end() -> None:
        ours.close()
        process.wait(timeout=30)

    atexit.register(end)
    return ours


def started(
    words: Sequence[str],
    folder: Path,
    environ: Mapping[str, str],
    stdout: IO[str] | int,
    stderr: IO[str] | int,
    *,
    cold: bool = False,
) -> Process:
    """Start `hedgebot` with these words.

    Args:
        cold: as a new interpreter; for what is read from the environment while libraries are imported.
    """
    if cold:
        return subprocess.Popen([*HEDGEBOT, *words], cwd=folder, env=environ, stdout=stdout, stderr=stderr, text=True)
    with open(os.devnull) as nothing:  # noqa: PTH123 - no path of ours
        files = [nothing.fileno(), *(file if isinstance(file, int) else file.fileno() for file in (stdout, stderr))]
        return Forked(words, folder, environ, files)
