from __future__ import annotations

import json
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterable
from decimal import Decimal

import pytest
import structlog

from bot import logs

Configured = Callable[[Iterable[str], bool], None]


def test_a_line_is_one_json_object_with_its_context(configured: Configured, capfd: pytest.CaptureFixture[str]) -> None:
    configured([], True)
    with structlog.contextvars.bound_contextvars(hedge="btc"):
        logs.get("bot.runtime").info(logs.HEDGE_DECIDED, gap=Decimal("0.10"), orders=1, late=None, ok=True, ages=[1.5])
    out, err = capfd.readouterr()
    line = json.loads(err)
    time = line.pop("time")
    assert out == ""
    assert time.endswith("Z")
    assert line == {
        "event": "hedge.decided",
        "level": "info",
        "logger": "bot.runtime",
        "hedge": "btc",
        "gap": "0.10",
        "orders": 1,
        "late": None,
        "ok": True,
        "ages": [1.5],
    }


def test_lines_can_be_dated_by_another_clock(configured: Configured, capfd: pytest.CaptureFixture[str]) -> None:
    configured([], True)
    logs.configure(json=True, now_ms=lambda: 1_767_225_600_250)
    logs.get("bot.runtime").info(logs.HEDGE_DECIDED)
    assert json.loads(capfd.readouterr().err)["time"] == "2026-01-01T00:00:00.250Z"


def test_a_terminal_gets_readable_lines(configured: Configured, capfd: pytest.CaptureFixture[str]) -> None:
    configured([], False)
    logs.get("bot.runtime").info(logs.HEDGE_DECIDED, gap="1")
    err = capfd.readouterr().err
    assert "hedge.decided" in err
    assert not err.startswith("{")


def test_without_being_told_it_looks_at_stderr(capfd: pytest.CaptureFixture[str], configured: Configured) -> None:
    configured([], False)
    logs.configure()
    logs.get("bot.runtime").info(logs.HEDGE_DECIDED)
    assert json.loads(capfd.readouterr().err)["event"] == "hedge.decided"


def test_others_speak_from_warning_on(configured: Configured, capfd: pytest.CaptureFixture[str]) -> None:
    configured([], True)
    logging.getLogger("aiohttp.access").info("GET /")
    logging.getLogger("aiohttp.access").warning("odd")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    events = [json.loads(line)["event"] for line in capfd.readouterr().err.splitlines()]
    assert events[0] == "odd"
    assert "DeprecationWarning: old" in events[1]


def test_stray_errors_reach_the_log(configured: Configured, capfd: pytest.CaptureFixture[str]) -> None:
    configured(["a-secret-a-secret"], True)
    logs.catch_stray_errors()

    def last_words() -> None:
        raise ValueError("a-secret-a-secret")

    thread = threading.Thread(target=last_words)
    thread.start()
    thread.join()

    class Hook:
        exc_type, exc_value, exc_traceback, err_msg, object = ValueError, ValueError("late"), None, None, None

    sys.unraisablehook(Hook())  # type: ignore[arg-type]
    first, second = (json.loads(line) for line in capfd.readouterr().err.splitlines())
    assert first["event"] == second["event"] == logs.COMMAND_FAILED
    assert "ValueError: ***" in first["exception"]
    assert "late" in second["exception"]


def test_event_names_are_a_noun_and_what_happened_each_once() -> None:
    names = [value for name, value in vars(logs).items() if name.isupper() and isinstance(value, str) and "." in value]
    assert len(names) >= 16
    assert len(set(names)) == len(names)
    assert all(name.replace("_", "").replace(".", "").isalpha() and name.count(".") == 1 for name in names)
