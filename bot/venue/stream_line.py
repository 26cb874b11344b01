"""One line: opened on a ccxt.pro client of its own, listened to, watched for silence, and thrown away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from bot.domain.hint import HintKind
from bot.domain.ids import Symbol
from bot.ports import Clock
from bot.venue.client import make_client
from bot.venue.link import Link
from bot.venue.markets import Markets
from bot.venue.sockets import STUMBLES, Lead
from bot.venue.spec import VenueSpec
from bot.venue.stream_wire import Broken, Event, Line, Reader, StreamWays
from bot.venue.venue_clock import VenueClock

QUIET_MS: Final = 25_000
"""A connection is pinged every 10 s; one that says nothing for longer is dead, however open it looks."""
MARK_QUIET_MS: Final = 15_000
"""Marks come every second, and from OKX at least every 10 s while they stand still (from general knowledge)."""
OPEN_MS: Final = 15_000
"""Within it a line must have been confirmed and have spoken."""
_CHECK_S: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What the streams share with the readings of an account.

    Attributes:
        client: the ccxt client of the readings; its markets and its session serve the streams too.
        link: for what streams need of REST.
    """

    spec: VenueSpec
    link: Link
    client: Any
    markets: Markets
    venue_clock: VenueClock
    clock: Clock


async def serve(
    account: Account,
    ways: StreamWays,
    line: Line,
    reader: Reader,
    *,
    heard: Callable[[Event], None],
    up: Callable[[Line], None],
) -> None:
    """Open a line and listen, until it breaks or the task is cancelled; nothing of it is left then.

    Args:
        account: whose.
        ways: of its exchange's streams.
        line: which.
        reader: new, of this line alone.
        heard: told of every event.
        up: told once, when all of the line's subscriptions stand and speak.

    Raises:
        ExceptionGroup: of Broken and VenueFault; never ends otherwise.
        StartFault: the ccxt client points at a host that does not belong to the environment.
    """
    client = _client_of(account, ways)
    try:
        async with asyncio.TaskGroup() as group:
            open_line = _OpenLine(line, reader, client=client, clock=account.clock, heard=heard, up=up)
            hosts = ways.hosts[account.spec.environment]
            client.lead(Lead(group=group, clock=account.clock, hosts=hosts, take=open_line.take))
            if line.prepare is not None:
                await line.prepare(account.link, client)
            for watch in line.watch:
                group.create_task(_watched(watch, client))
            if line.renew is not None:
                group.create_task(_renewing(account, line))
            await open_line.guard()
    finally:
        client.session = None
        client.clients.clear()


def _client_of(account: Account, ways: StreamWays) -> Any:  # noqa: ANN401 - ccxt is untyped
    """A ccxt.pro client that shares markets and session with the one of the readings."""
    own = account.link.ways
    offers = {
        environment: replace(offer, hosts=offer.hosts | ways.hosts[environment])
        for environment, offer in own.offers.items()
    }
    client = make_client(
        account.spec,
        replace(own, client=ways.client, offers=offers, options={**own.options, **ways.options}),
        time_ms=account.venue_clock.now_ms,
        session=account.client.session,
    )
    client.set_markets_from_exchange(account.client)
    return client


async def _watched(watch: Callable[[Any], Awaitable[object]], client: Any) -> None:  # noqa: ANN401 - ccxt is untyped
    try:
        await watch(client)
    except STUMBLES as fault:
        raise Broken(f"ccxt can't subscribe ({type(fault).__name__})") from None


async def _renewing(account: Account, line: Line) -> None:
    assert line.renew is not None
    while True:
        await account.clock.sleep(line.renew_s)
        await account.link.ask(line.renew, _anything)


def _anything(_: object) -> None:
    """Whatever a success says."""


class _OpenLine:
    """What was heard of a line since it was opened."""

    def __init__(
        self,
        line: Line,
        reader: Reader,
        *,
        client: Any,  # noqa: ANN401 - ccxt is untyped
        clock: Clock,
        heard: Callable[[Event], None],
        up: Callable[[Line], None],
    ) -> None:
        self._line = line
        self._reader = reader
        self._client = client
        self._clock = clock
        self._heard = heard
        self._up = up
        self._opened_ms = clock.now_ms()
        self._confirmed = 0
        self._marks: dict[Symbol, int] = {}
        self._is_up = False

    def take(self, message: object) -> bool:
        """Read a frame and pass on what it tells; whether ccxt must see it too. Raises Broken, ValueError."""
        frame = self._reader(message)
        self._confirmed += frame.confirms
        for event in frame.events:
            if event.kind is HintKind.PRICE and event.symbol is not None:
                self._marks[event.symbol] = self._clock.now_ms()
            self._heard(event)
        return frame.protocol

    async def guard(self) -> None:
        """Notice when the line stands, and raise Broken when it falls silent."""
        while True:
            await self._clock.sleep(_CHECK_S)
            now_ms = self._clock.now_ms()
            if not self._is_up and self._stands():
                self._is_up = True
                self._up(self._line)
            if not self._is_up and now_ms - self._opened_ms > OPEN_MS:
                raise Broken(f"not everything was confirmed within {OPEN_MS // 1000} s")
            self._refuse_silence(now_ms)

    def _stands(self) -> bool:
        connections = self._client.clients.values()
        return (
            self._confirmed >= self._line.confirms
            and self._marks.keys() >= set(self._line.marks)
            and bool(connections)
            and all(connection.heard_ms is not None for connection in connections)
        )

    def _refuse_silence(self, now_ms: int) -> None:
        for connection in self._client.clients.values():
            if now_ms - (connection.heard_ms or self._opened_ms) > QUIET_MS:
                raise Broken(f"the connection said nothing for {QUIET_MS // 1000} s")
        for symbol in self._line.marks:
            if now_ms - self._marks.get(symbol, self._opened_ms) > MARK_QUIET_MS:
                raise Broken(f"no mark of {symbol} for {MARK_QUIET_MS // 1000} s")
