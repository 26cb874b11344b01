"""Streams, listened to for when to look (DESIGN, Shape): a lost event costs a turn, never correctness."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, assert_never

from structlog.typing import FilteringBoundLogger

from bot import logs
from bot.domain.errors import BotError
from bot.domain.hint import Hint, HintKind
from bot.domain.ids import Asset, Symbol, VenueName
from bot.domain.policy import HedgePolicy
from bot.ports import Clock, HintSource

BACKOFF_FIRST_S: Final = 1.0
BACKOFF_MAX_S: Final = 60.0
MOVE_MIN: Final = Decimal("0.001")
"""A mark that moved by less is no reason to look, however narrow the band."""


@dataclass(slots=True, kw_only=True)
class StreamStatus:
    """How the streams of one venue are; each of their log events carries the counts.

    Attributes:
        alive: none of them is silent, and they have spoken.
        hints: events so far, of all kinds.
        silences: how often one fell silent.
        failures: how often they broke off.
        last_ms: our clock at the last event; None before the first.
    """

    alive: bool = False
    hints: int = 0
    silences: int = 0
    failures: int = 0
    last_ms: int | None = None

    def counts(self) -> dict[str, int]:
        """What a log event carries."""
        return {"hints": self.hints, "silences": self.silences, "failures": self.failures}


class Streams:
    """Listens to every venue that has streams, and says when a turn is worth its calls.

    Args:
        sources: venues with streams.
        policies: whose symbols and coins matter.
        clock: our time.
        logger: told when streams fall silent, speak again, or break off.
    """

    def __init__(
        self,
        sources: Sequence[HintSource],
        policies: Sequence[HedgePolicy],
        *,
        clock: Clock,
        logger: FilteringBoundLogger,
    ) -> None:
        self._sources = sources
        self._policies = policies
        self._clock = clock
        self._log = logger
        self._heard: dict[tuple[VenueName, Symbol], Decimal] = {}
        self._since: dict[tuple[VenueName, Symbol], Decimal] = {}
        self._moves = {(policy.venue, policy.symbol): max(policy.band.relative / 2, MOVE_MIN) for policy in policies}
        self._wake: Callable[[], None] = lambda: None
        self._status = {source.name: StreamStatus() for source in sources}

    @property
    def status(self) -> Mapping[VenueName, StreamStatus]:
        """How the streams of each venue are now."""
        return self._status

    def turned(self, marks: Mapping[tuple[VenueName, Symbol], Decimal | None]) -> None:
        """A turn was taken at these marks, or without any; moves count from then on.

        They count from what the stream said last: one that tells a slightly other price than the venue's reading, or
        goes on while nothing can be read, must not look like a move for ever.
        """
        for key, mark in marks.items():
            since = self._heard.get(key, mark)
            if since is not None:
                self._since[key] = since

    async def run(self, wake: Callable[[], None]) -> None:
        """Listen until cancelled.

        Args:
            wake: called when something happened that a turn should look at.
        """
        self._wake = wake
        async with asyncio.TaskGroup() as group:
            for source in self._sources:
                group.create_task(self._listen(source))

    async def _listen(self, source: HintSource) -> None:
        """Begin anew when a stream ends or the venue fails; return only when there is none."""
        delay_s = BACKOFF_FIRST_S
        while True:
            heard = self._status[source.name].hints
            try:
                async with aclosing(source.hints(self._symbols(source.name), self._assets(source.name))) as hints:
                    async for hint in hints:
                        self._take(hint)
            except BotError as fault:
                self._broken(source.name, fault.message)
            else:
                if self._status[source.name].hints == heard:
                    return
                self._broken(source.name, "it ended")
            if self._status[source.name].hints > heard:
                delay_s = BACKOFF_FIRST_S
            await self._clock.sleep(delay_s)
            delay_s = min(delay_s * 2, BACKOFF_MAX_S)

    def _broken(self, venue: VenueName, reason: str) -> None:
        status = self._status[venue]
        status.failures += 1
        status.alive = False
        self._log.warning(logs.STREAM_BROKEN, venue=venue, reason=logs.redact(reason), **status.counts())
        self._wake()  # what it would have said meanwhile is looked for

    def _take(self, hint: Hint) -> None:
        status = self._status[hint.venue]
        status.hints += 1
        status.last_ms = hint.time_ms
        match hint.kind:
            case HintKind.ORDER | HintKind.POSITION | HintKind.BALANCE:
                self._wake()
            case HintKind.PRICE:
                if self._moved(hint):
                    self._wake()
            case HintKind.SILENT:
                status.silences += 1
                status.alive = False
                self._log.warning(logs.STREAM_SILENT, venue=hint.venue, symbol=hint.symbol, **status.counts())
            case HintKind.ALIVE:
                status.alive = True
                self._log.info(logs.STREAM_ALIVE, venue=hint.venue, symbol=hint.symbol, **status.counts())
                self._wake()
            case _:
                assert_never(hint.kind)

    def _moved(self, hint: Hint) -> bool:
        """Whether the mark is further from that of the last turn than half of the hedge's relative band."""
        if hint.symbol is None or hint.price is None:
            return False
        key = (hint.venue, hint.symbol)
        self._heard[key] = hint.price
        move, last = self._moves.get(key), self._since.get(key)
        return move is not None and last is not None and abs(hint.price - last) > move * last

    def _symbols(self, venue: VenueName) -> frozenset[Symbol]:
        return frozenset(policy.symbol for policy in self._policies if policy.venue == venue)

    def _assets(self, venue: VenueName) -> frozenset[Asset]:
        return frozenset(
            spec.token or policy.asset for policy in self._policies for spec in policy.holdings if spec.venue == venue
        )
