"""What a process says: its log as it would stand on stderr, line by line, dated by virtual time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from bot import logs


class _Lines(logging.Handler):
    def __init__(self, formatter: logging.Formatter | None, write: Callable[[str], None]) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        self._write(self.format(record))


@contextmanager
def captured(write: Callable[[str], None], now_ms: Callable[[], int]) -> Iterator[None]:
    """Give every log line to `write`, redacted as it is in production; put logging back afterwards."""
    root, ours = logging.getLogger(), logging.getLogger("bot")
    before = (list(root.handlers), root.level, ours.level, logs._redactor)
    logs._redactor = logs._Redactor()
    logs.configure(json=True, now_ms=now_ms)
    root.handlers[:] = [_Lines(root.handlers[0].formatter, write)]
    try:
        yield
    finally:
        logs._redactor = before[3]
        root.handlers[:] = before[0]
        root.setLevel(before[1])
        ours.setLevel(before[2])
        logging.captureWarnings(capture=False)
        structlog.reset_defaults()
