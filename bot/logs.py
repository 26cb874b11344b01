"""Logs: structlog on stderr, event names, and redaction by secret value.

stdout belongs to results and is never logged to. Records of the standard library (ccxt, aiohttp, asyncio, warnings)
pass through the same redaction. A secret is replaced wherever it turns up, also encoded, also inside tracebacks.
"""

from __future__ import annotations

import base64
import json as json_
import logging
import re
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, quote_plus

import structlog

if TYPE_CHECKING:
    from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

# Event names: a dotted noun and what happened to it.
HEDGE_DECIDED: Final = "hedge.decided"
HEDGE_FROZEN: Final = "hedge.frozen"
HEDGE_HALTED: Final = "hedge.halted"
FOREIGN_CHANGE: Final = "foreign.changed"
ORDER_ARMED: Final = "order.armed"
ORDER_SUBMITTED: Final = "order.submitted"
ORDER_REJECTED: Final = "order.rejected"
ORDER_OUTCOME_UNKNOWN: Final = "order.outcome_unknown"
ORDER_RESOLVED: Final = "order.resolved"
POSITION_CONFIRMED: Final = "position.confirmed"
CURSOR_KEPT: Final = "cursor.kept"
FEED_FAILED: Final = "feed.failed"
FEED_BACK: Final = "feed.back"
STREAM_ALIVE: Final = "stream.alive"
STREAM_SILENT: Final = "stream.silent"
STREAM_BROKEN: Final = "stream.broken"
JOURNAL_FAILED: Final = "journal.failed"
ALARM_RAISED: Final = "alarm.raised"
START_COMPLETED: Final = "start.completed"
STOP_REQUESTED: Final = "stop.requested"
TURN_FAILED: Final = "turn.failed"
TURN_SLOW: Final = "turn.slow"
LADDER_ALARM: Final = "ladder.alarm"
LADDER_STEP: Final = "ladder.step"
MOVE_ARMED: Final = "move.armed"
MOVE_ENDED: Final = "move.ended"
PAIR_NAKED: Final = "pair.naked"
PAIR_DECIDED: Final = "pair.decided"
PAIR_EVENING: Final = "pair.evening"
PAIR_ENDED: Final = "pair.ended"
STOP_INCOMPLETE: Final = "stop.incomplete"
DEAD_MAN_FAILED: Final = "dead_man.failed"
FUNDING_READ: Final = "funding.read"
FUNDING_OVER_BUDGET: Final = "funding.over_budget"
FUNDING_FAILED: Final = "funding.failed"
EXIT_DECIDED: Final = "exit.decided"
EXIT_ALARM: Final = "exit.alarm"
BARS_UNREAD: Final = "bars.unread"
START_FAILED: Final = "start.failed"
START_WAITING: Final = "start.waiting"
STOP_COMPLETED: Final = "stop.completed"
PREFLIGHT_NOTED: Final = "preflight.noted"
SETTINGS_WARNED: Final = "settings.warned"
COMMAND_FAILED: Final = "command.failed"

MASK: Final = "***"
_FRAGMENT_MIN: Final = 8
"""Derived forms shorter than this would blank out innocent text."""

_NAMES: Final = r"signature|X-MBX-APIKEY|OK-ACCESS-[A-Z-]+|KC-API-[A-Z-]+|listenKey"
_NAMED: Final = re.compile(
    rf"""((?:{_NAMES})[\\'"]*\s*(?:%3D|[=:,])\s*b?[\\'"]*)([^\\'"\s&,;)}}\]<>]+)""", re.IGNORECASE
)
_NAMED_KEY: Final = re.compile(rf"(?:{_NAMES}|api_?key|secret|password)", re.IGNORECASE)


@dataclass(slots=True)
class _Redactor:
    """Replaces every registered form; longest first, so that no part of a longer form is left over."""

    secrets: set[str] = field(default_factory=set)
    forms: tuple[str, ...] = ()

    def protect(self, secrets: Iterable[str]) -> None:
        """Register more secrets."""
        self.secrets |= {secret for secret in secrets if secret}
        forms = {form for secret in self.secrets for form in _forms(secret)}
        self.forms = tuple(sorted(forms, key=len, reverse=True))

    def redact(self, text: str) -> str:
        """The text without secrets and signatures."""
        for form in self.forms:
            text = text.replace(form, MASK)
        return _NAMED.sub(rf"\1{MASK}", text)


_redactor = _Redactor()


def protect(secrets: Iterable[str]) -> None:
    """Keep these values out of every line from now on."""
    _redactor.protect(secrets)


def redact(text: str) -> str:
    """The text as it may be shown to anybody."""
    return _redactor.redact(text)


def configure(
    secrets: Iterable[str] = (),
    *,
    json: bool | None = None,
    level: str = "info",
    now_ms: Callable[[], int] | None = None,
) -> None:
    """Set up all logging of the process; may be called again.

    Args:
        secrets: values to keep out of every line, besides those already registered.
        json: one JSON object a line; None: unless stderr is a terminal.
        level: of our own loggers; others speak from `warning` on.
        now_ms: milliseconds since 1970 that lines are dated with; None: the host's time.
    """
    protect(secrets)
    as_json = not sys.stderr.isatty() if json is None else json
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time") if now_ms is None else _dated(now_ms),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = _Stderr()
    handler.setFormatter(
        _RedactingFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _redact_event, _renderer(as_json)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("bot").setLevel(level.upper())
    logging.captureWarnings(capture=True)


def get(name: str) -> FilteringBoundLogger:
    """A logger; `name` is the module's, so that it lies below `bot`."""
    logger: FilteringBoundLogger = structlog.get_logger(name)
    return logger


def stray(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    """Log an error that nobody caught, with its traceback."""
    get(__name__).critical(COMMAND_FAILED, exc_info=(kind, error, trace))


def catch_stray_errors() -> None:
    """Send what Python would print by itself, such as a thread's last words, through the log and its redaction."""
    sys.unraisablehook = lambda args: stray(args.exc_type, args.exc_value, args.exc_traceback)
    threading.excepthook = lambda args: stray(args.exc_type, args.exc_value, args.exc_traceback)


class _Stderr(logging.StreamHandler[Any]):
    """Writes to whatever stderr is now, not to what it was when logging was set up."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        self.stream = sys.stderr
        super().emit(record)


class _RedactingFormatter(structlog.stdlib.ProcessorFormatter):
    """The last look at every line, after all rendering."""

    def format(self, record: logging.LogRecord) -> str:
        """Render and redact."""
        return redact(super().format(record))


def _dated(now_ms: Callable[[], int]) -> Processor:
    def date(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        moment = datetime.fromtimestamp(now_ms() / 1000, UTC)
        return {**event, "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")}

    return date


def _renderer(as_json: bool) -> Processor:  # noqa: FBT001 - the only argument
    if as_json:
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)


def _redact_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Redact values before they are escaped or coloured, when they are easiest to see."""
    return {redact(str(key)): MASK if _NAMED_KEY.fullmatch(str(key)) else _clean(value) for key, value in event.items()}


def _clean(value: object) -> object:
    match value:
        case None | bool() | int() | float():
            return value
        case Mapping():
            return {
                redact(str(key)): MASK if _NAMED_KEY.fullmatch(str(key)) else _clean(inner)
                for key, inner in value.items()
            }
        case list() | tuple() | set() | frozenset():
            return [_clean(inner) for inner in value]
        case _:
            return redact(str(value))


def _forms(secret: str) -> Iterator[str]:
    """Every way a secret is known to be written."""
    lines = [line for line in secret.splitlines() if len(line) >= _FRAGMENT_MIN]
    for part in {secret, *lines}:
        yield part
        yield from (json_.dumps(part)[1:-1], json_.dumps(part, ensure_ascii=False)[1:-1])
        yield from (repr(part)[1:-1], ascii(part)[1:-1])
        for encoded in (quote(part), quote(part, safe=""), quote_plus(part)):
            yield encoded
            yield re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), encoded)
        yield from _base64_forms(part.encode())


def _base64_forms(raw: bytes) -> Iterator[str]:
    """Base64 of the secret alone, and the part of it that does not depend on what stands around it."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(raw).decode()
        for shift in range(3):
            # The first group holds the shift's bytes, the last may hold what follows: only whole groups are ours.
            inner = encode(bytes(shift) + raw).decode().rstrip("=")
            start = 0 if shift == 0 else 4
            end = (shift + len(raw)) // 3 * 4
            if end - start >= _FRAGMENT_MIN:
                yield inner[start:end]
