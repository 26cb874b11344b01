"""Numbers that no venue tells: files and HTTPS addresses, read again while the bot runs (DESIGN, Holdings).

What can't be read, is no number, is below 0 or too old is unknown, and unknown freezes the hedge (R8).
"""

from __future__ import annotations

import asyncio
import json
import re
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
from bot.domain.numbers import ZERO, plain
from bot.domain.observation import Stamp, Unknown
from bot.ports import Clock, FeedReading

TIMEOUT_S: Final = 10.0
BYTES_MAX: Final = 65_536
"""More than any answer that holds one number."""
_TRIES_FASTER: Final = 5
"""After a failed reading the next one comes that much sooner."""


_DIGITS: Final = re.compile(r"-?[0-9]{1,40}(\.[0-9]{0,40})?([eE][+-]?[0-9]{1,2})?")


class FeedFault(ValueError):
    """Something was read, and it is not what a feed may be; the text may be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSpec:
    """One number to be read again and again.

    Attributes:
        key: how the policies name it.
        what: how messages name it, such as `external BTC`.
        file, url: where it is; one of them is given.
        path: where in the JSON, names and list positions joined by dots; empty: the whole text is the number.
        positive: 0 is no value either; for rates.
        most: what is larger is a mistake.
        refresh_s: how often it is read.
        max_age_s: how long the last good reading serves.
        file_age_max_s: a file written longer ago is stale; None: of any age.
    """

    key: str
    what: str
    file: Path | None
    url: str | None
    path: str
    positive: bool
    most: Decimal
    refresh_s: Decimal
    max_age_s: Decimal
    file_age_max_s: Decimal | None


class Feeds:
    """Keeps the last good reading of every feed.

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
        self._values: dict[str, tuple[Decimal, int]] = {}
        self._reasons: dict[str, str] = {}

    def value(self, key: str) -> FeedReading | Unknown:
        """The number as it is now held to be; see `bot.ports.Feeds`."""
        spec = self._specs[key]
        now_ms = self._clock.now_ms()
        if key not in self._values:
            return Unknown(what=spec.what, reason=self._reasons.get(key, "it was not read yet"))
        value, read_ms = self._values[key]
        if now_ms - read_ms > spec.max_age_s * 1000:
            reason = self._reasons.get(key, "nothing newer came")
            age_s = (now_ms - read_ms) // 1000
            return Unknown(what=spec.what, reason=f"its last good reading is {age_s} s old: {reason}")
        return FeedReading(value=value, stamp=Stamp(sent_ms=read_ms, answered_ms=read_ms))

    async def read_all(self) -> None:
        """Read every feed once."""
        await asyncio.gather(*(self._read(spec) for spec in self._specs.values()))

    async def keep_reading(self) -> None:
        """Read every feed at its own pace, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for spec in self._specs.values():
                group.create_task(self._keep_reading(spec))

    async def _keep_reading(self, spec: FeedSpec) -> None:
        while True:
            sooner = _TRIES_FASTER if spec.key in self._reasons else 1
            await self._clock.sleep(float(spec.refresh_s) / sooner)
            await self._read(spec)

    async def _read(self, spec: FeedSpec) -> None:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                text = await self._text(spec)
            value = _number(text, spec)
        except (OSError, ValueError, RecursionError, aiohttp.ClientError) as error:
            reason = _words(error)
            if self._reasons.get(spec.key) != reason:
                self._log.warning(logs.FEED_FAILED, what=spec.what, reason=logs.redact(reason))
            self._reasons[spec.key] = reason
            return
        if self._reasons.pop(spec.key, ""):
            self._log.info(logs.FEED_BACK, what=spec.what)
        self._values[spec.key] = value, self._clock.now_ms()

    async def _text(self, spec: FeedSpec) -> str:
        if spec.file is not None:
            return await asyncio.to_thread(self._file, spec, spec.file)
        assert spec.url is not None
        assert self._session is not None
        # Redirects are not followed: the address that the settings name is the one that is trusted.
        async with self._session.get(spec.url, allow_redirects=False) as answer:
            host = urlsplit(spec.url).hostname
            if answer.status != 200:
                raise FeedFault(f"{host} answered with HTTP {answer.status}")
            body = await answer.content.read(BYTES_MAX + 1)
            if len(body) > BYTES_MAX:
                raise FeedFault(f"{host} answered with more than {BYTES_MAX} bytes")
            return body.decode()

    def _file(self, spec: FeedSpec, file: Path) -> str:
        with file.open("rb") as opened:
            body = opened.read(BYTES_MAX + 1)
        if len(body) > BYTES_MAX:
            raise FeedFault(f"{file} holds more than {BYTES_MAX} bytes")
        if spec.file_age_max_s is not None:
            age_s = self._clock.now_ms() // 1000 - int(file.stat().st_mtime)
            if age_s > spec.file_age_max_s:
                raise FeedFault(f"{file} was written {age_s} s ago, expected at most {plain(spec.file_age_max_s)} s")
        return body.decode()


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
    if value < ZERO or (spec.positive and value == ZERO) or value > spec.most:
        low = "above 0" if spec.positive else "0 or more"
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
