from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterable, Iterator

import pytest
import structlog

from bot import logs

Configured = Callable[[Iterable[str], bool], None]


@pytest.fixture
def configured() -> Iterator[Configured]:
    """Sets logging up for one test, with its own secrets, and puts everything back."""
    root, ours = logging.getLogger(), logging.getLogger("bot")
    before = (list(root.handlers), root.level, ours.level)
    hooks = (sys.unraisablehook, threading.excepthook)
    kept = logs._redactor

    def configure(secrets: Iterable[str], json: bool) -> None:
        logs._redactor = logs._Redactor()
        logs.configure(secrets, json=json, level="debug")

    yield configure
    logs._redactor = kept
    sys.unraisablehook, threading.excepthook = hooks
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
