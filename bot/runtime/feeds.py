"""Numbers that no venue tells: files and HTTPS addresses, read again while the bot runs (DESIGN, Holdings).

What can't be read, is no number, is below 0 or too old is unknown, and unknown freezes the hedge (R8).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import stat
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from structlog.typing import FilteringBoundLogger

from bot import logs
from bot.domain.feed import FeedSpec
from bot.domain.numbers import ZERO, plain
from bot.domain.observation import Stamp, Unknown
from bot.ports import Clock, FeedReading

TIMEOUT_S: Final = 10.0
BYTES_MAX: Final = 65_536
"""More than any answer that holds one number."""
CONFIRM_S: Final = 2.0
"""How soon a changed value is read again."""
RATE_STEP: Final = Decimal("0.1")
"""Tokens that stand for a coin gain a few percent a year; more than this at once is a mistake, or needs a person."""
ALIKE: Final = Decimal("0.001")
"""Two readings that differ by no more than this tell the same."""
_TRIES_FASTER: Final = 5
"""After a failed reading the next one comes that much sooner."""


_DIGITS: Final = re.compile(r"-?[0-9]{1,40}(\.[0-9]{0,40})?([eE][+-]?[0-9]{1,2})?")


class FeedFault(ValueError):
    """Something was read, and it is not what a feed may be; the text may be shown."""


@dataclass(frozen=True, slots=True)
class _Heard:
    """A value, and when it was asked for by our clock."""

    value: Decimal
    sent_ms: int


class Feeds:
    """Keeps the last good reading of every feed.

    A changed value counts once a second reading agrees with it; until then the one before serves (R10).

    Args:
        specs: what to read.
        clock: our time.
        logger: told when a feed fails and when it is back.
        session: for the addresses; None when there are none.
    """

    def __init__(
        self,
        specs: Sequence[FeedSpec],
        *,
        clock: Clock,
        logger: FilteringBoundLogger,
        session: aiohttp.ClientSession | None,
    ) -> None:
        self._specs = {spec.key: spec for spec in specs}
        self._clock = clock
        self._log = logger
        self._session = session
        self._values: dict[str, _Heard] = {}
        self._changed: dict[str, _Heard] = {}
        self._reasons: dict[str, str] = {}
        self._files: dict[str, asyncio.Future[bytes | Exception]] = {}

    def value(self, key: str) -> FeedReading | Unknown:
        """The number as it is now held to be; see `bot.ports.Feeds`."""
        spec = self._specs[key]
        now_ms = self._clock.now_ms()
        heard = self._values.get(key)
        if heard is None:
            return Unknown(what=spec.what, reason=self._reasons.get(key, "it was not read yet"))
        if now_ms - heard.sent_ms > spec.max_age_s * 1000:
            reason = self._reasons.get(key, "no two readings agreed since")
            age_s = (now_ms - heard.sent_ms) // 1000
            return Unknown(what=spec.what, reason=f"its last good reading is {age_s} s old: {reason}")
        return FeedReading(value=heard.value, stamp=Stamp(sent_ms=heard.sent_ms, answered_ms=heard.sent_ms))

    async def read_all(self) -> None:
        """Read every feed, twice: what is new counts when it is told twice."""
        await asyncio.gather(*(self._read(spec) for spec in self._specs.values()))
        if self._changed:
            await self._clock.sleep(CONFIRM_S)
            await asyncio.gather(*(self._read(self._specs[key]) for key in list(self._changed)))

    async def keep_reading(self) -> None:
        """Read every feed at its own pace, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for spec in self._specs.values():
                group.create_task(self._keep_reading(spec))

    async def _keep_reading(self, spec: FeedSpec) -> None:
        while True:
            pause_s = float(spec.refresh_s)
            if spec.key in self._changed:
                pause_s = min(pause_s, CONFIRM_S)
            elif spec.key in self._reasons:
                pause_s /= _TRIES_FASTER
            await self._clock.sleep(pause_s)
            await self._read(spec)

    async def _read(self, spec: FeedSpec) -> None:
        sent_ms = self._clock.now_ms()
        try:
            async with asyncio.timeout(TIMEOUT_S):
                text = await (self._file_text(spec) if spec.file is not None else self._address_text(spec))
            heard = _Heard(_number(text, spec), sent_ms)
            self._take(spec, heard)
        except (OSError, ValueError, RecursionError, aiohttp.ClientError) as error:
            reason = _words(error)
            if self._reasons.get(spec.key) != reason:
                self._log.warning(logs.FEED_FAILED, what=spec.what, reason=logs.redact(reason))
            self._reasons[spec.key] = reason
            self._changed.pop(spec.key, None)
            return
        if self._reasons.pop(spec.key, ""):
            self._log.info(logs.FEED_BACK, what=spec.what)

    def _take(self, spec: FeedSpec, heard: _Heard) -> None:
        """Believe what is as before, or was told twice in a row. Raises FeedFault for a rate that jumps."""
        before = self._values.get(spec.key)
        if spec.rate and before is not None and abs(heard.value - before.value) > RATE_STEP * before.value:
            raise FeedFault(
                f"the rate went from {plain(before.value)} to {heard.value:.8g} at once; if that is true, start again"
            )
        told = self._changed.pop(spec.key, None)
        if told is not None and _alike(told.value, heard.value):
            # What accrues is never the same twice: the smaller of two that are nearly the same (R10).
            self._values[spec.key] = _Heard(min(told.value, heard.value), heard.sent_ms)
            return
        if before is not None and _alike(before.value, heard.value):
            self._values[spec.key] = _Heard(before.value, heard.sent_ms)
        if before is None or heard.value != before.value:
            self._changed[spec.key] = heard

    async def _address_text(self, spec: FeedSpec) -> str:
        assert spec.url is not None
        assert self._session is not None
        host = urlsplit(spec.url).hostname
        # Redirects are not followed: the address that the settings name is the one that is trusted.
        async with self._session.get(spec.url, allow_redirects=False) as answer:
            if answer.status != 200:
                raise FeedFault(f"{host} answered with HTTP {answer.status}")
            body = b""
            async for piece in answer.content.iter_chunked(BYTES_MAX):
                body += piece
                if len(body) > BYTES_MAX:
                    raise FeedFault(f"{host} answered with more than {BYTES_MAX} bytes")
            return body.decode()

    async def _file_text(self, spec: FeedSpec) -> str:
        """Read in a thread of its own, which nobody waits for at the end: a file system may hang for ever."""
        assert spec.file is not None
        reading = self._files.get(spec.key)
        if reading is None or reading.done():
            reading = asyncio.get_running_loop().create_future()
            self._files[spec.key] = reading
            oldest_s = None
            if spec.file_age_max_s is not None:
                oldest_s = self._clock.now_ms() / 1000 - float(spec.file_age_max_s)
            args = (asyncio.get_running_loop(), reading, spec.file, oldest_s)
            try:
                threading.Thread(target=_read_file, args=args, name=f"feed {spec.key}", daemon=True).start()
            except RuntimeError:
                del self._files[spec.key]
                raise FeedFault("the machine has no thread left to read it with") from None
        found = await asyncio.shield(reading)
        if isinstance(found, Exception):
            raise found
        return found.decode()


def _alike(first: Decimal, second: Decimal) -> bool:
    return abs(first - second) <= ALIKE * min(first, second)


def _read_file(
    loop: asyncio.AbstractEventLoop, reading: asyncio.Future[bytes | Exception], file: Path, oldest_s: float | None
) -> None:
    def settle(found: bytes | Exception) -> None:
        if not reading.done():
            reading.set_result(found)

    try:
        found: bytes | Exception = _bytes_of(file, oldest_s)
    except (OSError, FeedFault) as error:
        found = error
    with contextlib.suppress(RuntimeError):  # the loop is gone: nobody waits any more
        loop.call_soon_threadsafe(settle, found)


def _bytes_of(file: Path, oldest_s: float | None) -> bytes:
    found = file.stat()
    if not stat.S_ISREG(found.st_mode):
        raise FeedFault(f"{file} is no regular file")
    if oldest_s is not None and found.st_mtime < oldest_s:
        raise FeedFault(f"{file} was written {oldest_s - found.st_mtime:.0f} s too long ago")
    with file.open("rb") as opened:
        body = opened.read(BYTES_MAX + 1)
    if len(body) > BYTES_MAX:
        raise FeedFault(f"{file} holds more than {BYTES_MAX} bytes")
    return body


def _words(error: BaseException) -> str:
    """What failed, without an address: it may carry a token."""
    match error:
        case FeedFault():
            return str(error)
        case FileNotFoundError():
            return f"there is no file {error.filename}"
        case OSError() if error.filename is not None:
            return f"{error.filename} can't be read: {error.strerror}"
        case TimeoutError():
            return f"no answer within {TIMEOUT_S:.0f} s"
        case json.JSONDecodeError() | RecursionError():
            return "it is no JSON"
        case UnicodeDecodeError():
            return "it is no text"
        case _:
            return f"it can't be reached ({type(error).__name__})"


def _number(text: str, spec: FeedSpec) -> Decimal:
    """The number in a text. Raises FeedFault, JSONDecodeError, RecursionError."""
    raw: object = text.strip()
    if spec.path or spec.url is not None:
        raw = _at(json.loads(text, parse_float=str, parse_int=str, parse_constant=str), spec.path)
    if not isinstance(raw, str) or not _DIGITS.fullmatch(raw):
        raise FeedFault(f"{_where(spec)} is no number")
    value = Decimal(raw)
    if value < ZERO or (spec.rate and value == ZERO) or value > spec.most:
        low = "above 0" if spec.rate else "0 or more"
        raise FeedFault(f"{_where(spec)} is {value:.8g}, expected {low} and at most {plain(spec.most)}")
    return value


def _where(spec: FeedSpec) -> str:
    return f"what is at {spec.path!r}" if spec.path else "the text"


def _at(tree: object, path: str) -> object:
    for part in path.split(".") if path else ():
        if isinstance(tree, Mapping) and part in tree:
            tree = tree[part]
        elif isinstance(tree, list) and part.isdecimal() and int(part) < len(tree):
            tree = tree[int(part)]
        else:
            raise FeedFault(f"the JSON has nothing at {path!r}")
    return tree


@asynccontextmanager
async def reading(specs: Sequence[FeedSpec], *, clock: Clock, logger: FilteringBoundLogger) -> AsyncIterator[Feeds]:
    """Feeds that have been read once; `keep_reading` is for the daemon."""
    async with AsyncExitStack() as stack:
        session = None
        if any(spec.url is not None for spec in specs):
            session = await stack.enter_async_context(aiohttp.ClientSession(trust_env=False))
        feeds = Feeds(specs, clock=clock, logger=logger, session=session)
        await feeds.read_all()
        yield feeds
