"""A process that has imported the whole command, and forks one of its own for each that a test starts.

A test then pays for what the command does, and not again and again for Python's start and the imports, which cost more.
What it starts is a process like any other: with its own files, folder, environment, signals and exit code.

Usage: `python template.py DESCRIPTOR`, of a socket over which `tests/e2e/processes.py` asks.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import sys
import tempfile

IMPORTED = (
    *("bot.__main__", "bot.app", "bot.app.replay", "bot.journal.migrate", "bot.journal.store", "bot.paper.embedded"),
    *("bot.venue.gateway", "bot.venue.binance.streams", "bot.venue.okx.streams", "bot.venue.kucoin.streams"),
    *("bot.report.tables", "cryptography.hazmat.backends.openssl.backend", "rich.console", "rich.panel", "rich.table"),
)
"""Also what the commands import only when they get there."""


def serve(control: socket.socket) -> list[str] | None:
    """Start processes until nobody can ask any more.

    Returns:
        The words of its command line in each process started; None at the end.
    """
    while True:
        asked, files, _, _ = socket.recv_fds(control, 1, 4)
        if not asked:
            return None
        if os.fork() == 0:
            control.close()
            return start(socket.socket(fileno=files[0]), files[1:])
        for file in files:
            os.close(file)


def start(line: socket.socket, files: list[int]) -> list[str]:
    """Fork once more, and tell the process id and how it ended; only the process started returns."""
    text = b""
    while not text.endswith(b"\n"):
        text += line.recv(65_536)
    asked = json.loads(text)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    started = os.fork()
    if started:
        for file in files:
            os.close(file)
        line.sendall(b"%d\n" % started)
        line.sendall(b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(started, 0)[1]))
        os._exit(0)
    line.close()
    for file, known_as in zip(files, (0, 1, 2), strict=True):
        os.dup2(file, known_as)
        os.close(file)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environ"])
    tempfile.tempdir = None  # it may be elsewhere in this environment
    signal.signal(signal.SIGINT, signal.default_int_handler)
    words: list[str] = asked["words"]
    return words


def reap(*_: object) -> None:
    """Let go of those that have ended; nobody asks here how."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def main() -> int:
    signal.signal(signal.SIGCHLD, reap)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in IMPORTED:
        importlib.import_module(name)
    gc.freeze()
    words = serve(socket.socket(fileno=int(sys.argv[1])))
    if words is None:
        return 0
    sys.argv[1:] = words
    command: object = importlib.import_module("bot.__main__").main()
    return command if isinstance(command, int) else 1


if __name__ == "__main__":
    sys.exit(main())
