"""One request: through the throttle, once, and back as a value or as one of our faults."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import aiohttp
from ccxt.base.errors import BaseError

from bot.domain.errors import VenueBusy, VenueFault, VenueUnreachable, VenueUnreadable
from bot.domain.ids import VenueName
from bot.domain.observation import Stamp
from bot.ports import Clock
from bot.venue.client import TIMEOUT_MS, AnswerFault
from bot.venue.endpoint import Endpoint
from bot.venue.errors import Meaning, Refusal, Refused, ban_until_ms, meaning_in, redact
from bot.venue.throttle import Lane, Throttle

if TYPE_CHECKING:
    from bot.venue.dialect import Ways

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_GUARD_S: Final = TIMEOUT_MS / 1000 + 1
"""Beyond the HTTP timeout: a session that forgets it must not hold us for ever."""
_READ_GUARD_S: Final = 4.0
"""A read that hangs is given up before it uses up the time of the whole observation: the next turn asks again."""
_LOST: Final = (BaseError, aiohttp.ClientError, TimeoutError, OSError)
_HINTS: Final[Mapping[Meaning, str]] = {
    Meaning.AUTH: "check the key, its secret, its permissions and the addresses it is bound to",
}


@dataclass(frozen=True, slots=True)
class Timed(Generic[T_co]):
    """An answer and when its request left, which is after the rate limits let it go: waiting ages no answer."""

    value: T_co
    stamp: Stamp


def joined(first: Stamp, *more: Stamp) -> Stamp:
    """From before the first request to after the last answer."""
    stamps = (first, *more)
    return Stamp(sent_ms=min(stamp.sent_ms for stamp in stamps), answered_ms=max(stamp.answered_ms for stamp in stamps))


class Link:
    """The way to one account.

    Args:
        name: the venue's name, for its faults.
        ways: of its exchange.
        client: the ccxt client.
        throttle: the venue's dispatcher.
        clock: our time.

    Attributes:
        clock_doubted: the venue refused a request for its time, and its clock was not measured since.
    """

    def __init__(self, *, name: VenueName, ways: Ways, client: Any, throttle: Throttle, clock: Clock) -> None:  # noqa: ANN401
        self.name = name
        self.clock_doubted = False
        self.ways = ways
        self._client = client
        self._throttle = throttle
        self._clock = clock
        client.judge_with(self._judge)

    async def ask(
        self,
        endpoint: Endpoint,
        parse: Callable[[object], T],
        params: Mapping[str, object] | None = None,
        *,
        lane: Lane = Lane.READ,
    ) -> T:
        """Wait for the rate limits, then send once.

        Args:
            endpoint: which request.
            parse: turns the JSON body into a value; a ValueError of it means that the body can't be believed.
            params: query or form fields.
            lane: who goes first.

        Raises:
            VenueFault: one of its kinds; VenueRejected only for what the error table lists.
        """
        await self.throttled(endpoint, lane)
        return await self._sent(endpoint, parse, params, guard_s=_READ_GUARD_S if lane is Lane.READ else _GUARD_S)

    async def read(
        self,
        endpoint: Endpoint,
        parse: Callable[[object], T],
        params: Mapping[str, object] | None = None,
        *,
        lane: Lane = Lane.READ,
    ) -> Timed[T]:
        """Like `ask`, with the time of the request."""
        await self.throttled(endpoint, lane)
        sent_ms = self._clock.now_ms()
        value = await self._sent(endpoint, parse, params, guard_s=_READ_GUARD_S if lane is Lane.READ else _GUARD_S)
        return Timed(value, Stamp(sent_ms=sent_ms, answered_ms=self._clock.now_ms()))

    async def throttled(self, endpoint: Endpoint, lane: Lane = Lane.READ) -> None:
        """Wait until the rate limits let a request go at once, and count it. Raises VenueBusy."""
        await self._throttle.acquire(endpoint.cost, lane, operation=endpoint.operation)

    async def send(
        self, endpoint: Endpoint, parse: Callable[[object], T], params: Mapping[str, object] | None = None
    ) -> T:
        """Send once, now; the rate limits must have been asked before. Raises like `ask`."""
        return await self._sent(endpoint, parse, params, guard_s=_GUARD_S)

    async def _sent(
        self,
        endpoint: Endpoint,
        parse: Callable[[object], T],
        params: Mapping[str, object] | None,
        *,
        guard_s: float,
    ) -> T:
        call = getattr(self._client, endpoint.method)(dict(params or {}))
        body = await self._answer(endpoint.operation, call, family=endpoint.cost.family, guard_s=guard_s)
        try:
            return parse(body)
        except ValueError as fault:
            raise self.unreadable(endpoint.operation, redact(str(fault))) from None

    async def load_markets(self, parse: Callable[[Mapping[str, Any]], T]) -> T:
        """Have ccxt read the market lists, and turn its markets by symbol into a value. Raises like `ask`."""
        for endpoint in self.ways.lists:
            await self.throttled(endpoint)
        operation = "read the market lists"
        try:
            await self._answer(operation, self._client.load_markets(True))
            return parse(self._client.markets or {})
        except ValueError as fault:
            raise self.unreadable(operation, redact(str(fault))) from None
        except (AttributeError, LookupError, TypeError) as fault:
            # ccxt stumbles over lists of another shape in its own ways.
            raise self.unreadable(operation, f"the lists have another shape ({type(fault).__name__})") from None

    async def order_slot(self, placing: Endpoint) -> None:
        """Wait until an order may go at once, and count it. Raises VenueBusy."""
        await self.throttled(placing, Lane.ORDER)

    def refuse_during_ban(self, operation: str, endpoint: Endpoint) -> None:
        """Raise VenueBusy while a ban is on, or a pause of the endpoint's family."""
        self._throttle.refuse_during_ban(operation, endpoint.cost.family)

    def paused_until_ms(self, endpoint: Endpoint) -> int:
        """Until when `refuse_during_ban` would raise, by our clock; 0 when it would not."""
        return self._throttle.paused_until_ms(endpoint.cost.family)

    async def close(self) -> None:
        """Release the client's sockets; a session that was given to it stays open."""
        with contextlib.suppress(*_LOST):
            await self._client.close()

    async def _answer(
        self, operation: str, call: Awaitable[object], *, family: str = "", guard_s: float = _GUARD_S
    ) -> object:
        try:
            async with asyncio.timeout(guard_s):
                return await call
        except AnswerFault as fault:
            raise self._fault(operation, fault, family) from None
        except _LOST as fault:
            # Their texts hold the signed address: only the class is told.
            raise VenueUnreachable(
                f"{operation}: no answer ({type(fault).__name__})", venue=self.name, operation=operation
            ) from None

    def _fault(self, operation: str, answer: AnswerFault, family: str) -> VenueFault:
        refusal = answer.refusal
        if refusal is None:
            return self.unreadable(operation, "the answer is no JSON")
        message = f"{operation}: {refusal.code} {refusal.text}".rstrip()
        match refusal.meaning:
            case Meaning.BUSY:
                until_ms = ban_until_ms(refusal, answer.headers, self._clock.now_ms(), self.ways.pauses)
                self._throttle.ban(until_ms)
                return VenueBusy(message, venue=self.name, operation=operation, code=refusal.code, retry_at_ms=until_ms)
            case Meaning.UNTIMELY:
                self.clock_doubted = True
                return self.refused(operation, message, meaning=refusal.meaning, code=refusal.code)
            case Meaning.REFUSED | Meaning.AUTH | Meaning.NOT_FOUND | Meaning.ALREADY_SET:
                return self.refused(operation, message, meaning=refusal.meaning, code=refusal.code)
            case Meaning.DUPLICATE | Meaning.UNKNOWN:
                self._throttle.pause(family, self._clock.now_ms() + refusal.pause_s * 1000)
                return VenueUnreachable(message, venue=self.name, operation=operation, code=refusal.code)

    def refused(self, operation: str, message: str, *, meaning: Meaning, code: str) -> Refused:
        """The fault of a definite refusal."""
        hint = _HINTS.get(meaning, "")
        return Refused(message, venue=self.name, operation=operation, meaning=meaning, code=code, hint=hint)

    def unreadable(self, operation: str, why: str) -> VenueUnreadable:
        """The fault of an answer that can't be believed."""
        return VenueUnreadable(f"{operation}: {why}", venue=self.name, operation=operation)

    def _judge(self, status: int, path: str, headers: Mapping[str, str], body: object) -> None:
        """Raise AnswerFault for an answer that is no success; the venue's own count of our requests is taken over."""
        counted = self.ways.used(path, headers)
        if counted is not None:
            window, used = counted
            self._throttle.learn(window, used)
        if status == 200 and body is None:
            raise AnswerFault(headers, None)
        refusal = self.ways.refusal(status, body)
        if refusal is None and status != 200:
            refusal = Refusal(status=status, code=str(status), text="", meaning=meaning_in({}, status, ""))
        if refusal is not None:
            raise AnswerFault(headers, refusal)
