"""Streams as hints (DESIGN, Shape): what they say is never believed, only that it is worth looking now.

Every venue has a few lines, such as one market's account or the marks. Each is kept open by a task of its own, on a
ccxt.pro client of its own that is thrown away with it, so nothing of a broken connection is left over for the next.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from importlib import import_module
from types import TracebackType
from typing import Final, Self

from bot import logs
from bot.domain.errors import ConfigFault, StartFault, VenueBusy, VenueFault
from bot.domain.hint import Hint, HintKind
from bot.domain.ids import Asset, Symbol
from bot.venue.errors import Meaning, Refused
from bot.venue.stream_line import Account, serve
from bot.venue.stream_wire import Broken, Event, Line, Scope, StreamWays, names_of

_MODULES: Final[Mapping[str, str]] = {name: f"bot.venue.{name}.streams" for name in ("binance", "kucoin", "okx")}
"""By ccxt id; imported with the first use."""

BACKOFF_FIRST_S: Final = 1.0
BACKOFF_MAX_S: Final = 60.0
STEADY_MS: Final = 60_000
"""A line that lived that long was no failure; the next attempt comes soon again."""
BACKLOG_MAX: Final = 1_000
"""Hints beyond it are dropped: they all say the same, look now."""


async def listen(
    account: Account, symbols: Collection[Symbol], assets: Collection[Asset]
) -> AsyncGenerator[Hint, None]:
    """Events of an account as they come; see `bot.ports.HintSource`.

    What fails is logged and tried again after 1, 2, 4 ... 60 s; a refused key only every 60 s. Costs no requests but a
    listen key (Binance) or a token (KuCoin) with each opening of a line, which the rate limits count.

    Raises:
        ConfigFault: a symbol is not one of the venue's.
    """
    name = _MODULES.get(account.spec.exchange)
    if name is None:
        return
    ways: StreamWays = import_module(name).STREAMS
    scope = _scope(account, symbols, assets)
    lines = ways.lines(scope) if scope.symbols or scope.currencies else ()
    if not lines:
        return
    async with _Switchboard(account, ways, scope, lines) as board:
        while True:
            yield await board.next()


def _scope(account: Account, symbols: Collection[Symbol], assets: Collection[Asset]) -> Scope:
    markets = account.markets
    settles = {Asset(markets.market(symbol)["settle"]) for symbol in symbols}
    return Scope(
        symbols={markets.id_of(symbol): symbol for symbol in symbols},
        kinds={symbol: markets.kind_of(symbol) for symbol in symbols},
        currencies=names_of(account.client.markets, settles | set(assets)) if symbols or assets else frozenset(),
        wallets=bool(assets),
    )


class _Switchboard:
    """Keeps the lines of one venue open as long as its context lasts, and collects what they say."""

    def __init__(self, account: Account, ways: StreamWays, scope: Scope, lines: Sequence[Line]) -> None:
        self._account = account
        self._ways = ways
        self._scope = scope
        self._lines = lines
        self._clock = account.clock
        self._log = logs.get(__name__)
        self._running: asyncio.Future[tuple[None]] | None = None
        self._hints: asyncio.Queue[Hint | None] = asyncio.Queue()
        self._down = {line.name for line in lines}
        self._said: HintKind | None = None

    async def next(self) -> Hint:
        """The next hint, once there is one; raises what was no fault of a network, and ended all lines."""
        hint = await self._hints.get()
        if hint is None:
            assert self._running is not None
            error = self._running.exception()
            assert error is not None
            raise _first(error)
        return hint

    async def __aenter__(self) -> Self:
        # No group around the caller's own block: it would wrap the GeneratorExit of whoever stops listening.
        self._running = asyncio.gather(self._keep_all())
        self._running.add_done_callback(self._ended)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._running is not None
        self._running.cancel()
        await asyncio.wait({self._running})

    async def _keep_all(self) -> None:
        async with asyncio.TaskGroup() as group:
            for line in self._lines:
                group.create_task(self._keep(line))

    def _ended(self, running: asyncio.Future[tuple[None]]) -> None:
        """Only a cancel or a bug ends the lines."""
        if not running.cancelled() and running.exception() is not None:
            self._hints.put_nowait(None)

    async def _keep(self, line: Line) -> None:
        delay_s = BACKOFF_FIRST_S
        while True:
            opened_ms = self._clock.now_ms()
            broken = await self._once(line)
            lived_ms = self._clock.now_ms() - opened_ms
            self._went_down(line, broken)
            if lived_ms >= STEADY_MS:
                delay_s = BACKOFF_FIRST_S
            if broken.refused:
                delay_s = BACKOFF_MAX_S
            ban_s = (broken.retry_at_ms - self._clock.now_ms()) / 1000
            await self._clock.sleep(max(delay_s, ban_s))
            delay_s = min(delay_s * 2, BACKOFF_MAX_S)

    async def _once(self, line: Line) -> Broken:
        """Open a line and serve it until it breaks."""
        broken = Broken("it ended")
        try:
            await serve(
                self._account, self._ways, line, self._ways.reader(self._scope), heard=self._heard, up=self._came_up
            )
        except* (Broken, VenueFault, ConfigFault, StartFault) as faults:
            broken = _broken_of(_first(faults))
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            # A group that is cancelled while one of its tasks fails tells only of the failure (until Python 3.13).
            raise asyncio.CancelledError
        return broken

    def _heard(self, event: Event) -> None:
        if self._hints.qsize() < BACKLOG_MAX:
            self._put(event.kind, event.symbol, event)

    def _came_up(self, line: Line) -> None:
        self._down.discard(line.name)
        if not self._down and self._said is not HintKind.ALIVE:
            self._said = HintKind.ALIVE
            self._put(HintKind.ALIVE)

    def _went_down(self, line: Line, broken: Broken) -> None:
        self._log.warning(logs.STREAM_BROKEN, venue=self._account.spec.name, stream=line.name, reason=broken.reason)
        self._down.add(line.name)
        if self._said is not HintKind.SILENT:
            self._said = HintKind.SILENT
            self._put(HintKind.SILENT)

    def _put(self, kind: HintKind, symbol: Symbol | None = None, event: Event | None = None) -> None:
        price = event.price if event is not None else None
        self._hints.put_nowait(
            Hint(kind=kind, venue=self._account.spec.name, symbol=symbol, time_ms=self._clock.now_ms(), price=price)
        )


def _first(fault: BaseException) -> BaseException:
    while isinstance(fault, BaseExceptionGroup):
        fault = fault.exceptions[0]
    return fault


def _broken_of(fault: BaseException) -> Broken:
    """What ended a line, in words that may be logged."""
    match fault:
        case Broken():
            return fault
        case VenueBusy(retry_at_ms=int(at_ms)):
            return Broken(fault.message, retry_at_ms=at_ms)
        case Refused(meaning=Meaning.AUTH) | ConfigFault() | StartFault():
            return Broken(fault.message, refused=True)
        case VenueFault():
            return Broken(fault.message)
        case _:
            raise AssertionError from fault
