"""A venue whose answers suffer from faults. No socket here; both shells obey what it says."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Final, Literal, assert_never

from bot.paper.engine.late import Late
from bot.paper.faults import Answer, Drop, Fault, FaultKind, Outcome
from bot.paper.mangling import doubled, emptied, mangled, truncated
from bot.paper.venues import Traits
from bot.paper.wire.http import Request, Response

_Key = tuple[str, str, str, str | None, tuple[str, ...]]
_REMEMBERED: Final = 512
_PAGE: Final = Response(
    status=200,
    headers={"Content-Type": "text/html; charset=utf-8"},
    body=b"<!DOCTYPE html><html><head><title>One moment</title></head><body>Checking your browser.</body></html>",
)
_InPlace = Literal[
    FaultKind.HTTP_503,
    FaultKind.HTML_200,
    FaultKind.REJECT,
    FaultKind.RATE_LIMITED,
    FaultKind.BANNED,
    FaultKind.MAINTENANCE,
]
_Changing = Literal[
    FaultKind.DUPLICATE,
    FaultKind.HTTP_503_AFTER,
    FaultKind.TRUNCATED,
    FaultKind.EMPTY_LIST,
    FaultKind.DOUBLE_ROWS,
    FaultKind.MANGLE,
    FaultKind.STALE,
    FaultKind.DELAY,
    FaultKind.MOVE_BETWEEN_READS,
]


_CODE: Final = re.compile(rb'"code":\s*"?(-?\d+)')
_GOOD: Final = frozenset({b"0", b"200", b"200000"})


class AnswerMemory:
    """The last good answer to each request, for `stale`; the oldest are forgotten."""

    def __init__(self, traits: Traits) -> None:
        self._traits = traits
        self._answers: OrderedDict[_Key, Response] = OrderedDict()

    def _key(self, request: Request) -> _Key:
        # Not decoded: this is done for every answer, and equal requests are spelt alike.
        steady = tuple(part for part in request.query.split("&") if part.partition("=")[0] not in self._traits.volatile)
        return request.method, request.host, request.path, self._traits.account_of(request), steady

    def remember(self, request: Request, response: Response) -> None:
        """Keep a good answer: OKX and KuCoin refuse with 200 and a code, in which nothing says what was asked."""
        code = _CODE.search(response.body[:64])
        if response.status == 200 and (code is None or code[1] in _GOOD):
            key = self._key(request)
            self._answers[key] = response
            self._answers.move_to_end(key)
            if len(self._answers) > _REMEMBERED:
                self._answers.popitem(last=False)

    def previous(self, request: Request) -> Response | None:
        """The answer kept for an equal request of the same account."""
        return self._answers.get(self._key(request))


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """What a faulty venue reaches of the true one.

    Attributes:
        handle: lets a request take effect and gives the venue's true answer.
        move: what happens to the world right after the answer of a `move-between-reads`.
        late: while it is entered, reads show what was so many milliseconds ago.
        cancelling_too_late: while it is entered, cancels are answered as done and have come too late.
    """

    handle: Callable[[Request], Response]
    move: Callable[[Request], None]
    late: Callable[[Late, int], AbstractContextManager[None]]
    cancelling_too_late: Callable[[], AbstractContextManager[None]]


class FaultyVenue:
    """A venue whose answers suffer from faults.

    Args:
        traits: the venue's error bodies and list names.
        behind: the true venue.
    """

    def __init__(self, *, traits: Traits, behind: Behind) -> None:
        self._traits = traits
        self._behind = behind
        self._memory = AnswerMemory(traits)

    def answer(self, request: Request, fault: Fault | None) -> Outcome:
        """Answer a request as the fault will have it; None is an ordinary answer."""
        if fault is None:
            return Answer(response=self._effect(request))
        match fault.kind:
            case FaultKind.DROP_BEFORE:
                return Drop(delay_s=fault.delay_s)
            case FaultKind.DROP_AFTER:
                self._effect(request)
                return Drop(delay_s=fault.delay_s)
            case FaultKind.CLOCK_SKEW:
                return Answer(response=self._behind.handle(request.skewed(round(fault.delay_s * 1000))))
            case FaultKind.CANCEL_TOO_LATE:
                with self._behind.cancelling_too_late():
                    return Answer(response=self._effect(request), delay_s=fault.delay_s)
            case FaultKind.NOT_FOUND_LAG:
                return Answer(response=self._late(request, Late.ORDERS, fault))
            case FaultKind.POSITION_LAG:
                return Answer(response=self._late(request, Late.POSITIONS, fault))
            case (
                FaultKind.HTTP_503
                | FaultKind.HTML_200
                | FaultKind.REJECT
                | FaultKind.RATE_LIMITED
                | FaultKind.BANNED
                | FaultKind.MAINTENANCE
            ):
                return Answer(response=self._in_place_of(request, fault, fault.kind), delay_s=fault.delay_s)
            case _:
                return Answer(response=self._changed(request, fault, fault.kind), delay_s=fault.delay_s)

    def handshake(self, request: Request, fault: Fault) -> Outcome:
        """What a WebSocket's upgrade request gets instead of a connection."""
        outcome = self.answer(request, fault)
        if isinstance(outcome, Answer) and outcome.response.status == 200:
            # A page or a body where a connection was asked for; what counts is that there is none.
            return replace(outcome, response=replace(outcome.response, status=503))
        return outcome

    def _effect(self, request: Request) -> Response:
        response = self._behind.handle(request)
        self._memory.remember(request, response)
        return response

    def _late(self, request: Request, what: Late, fault: Fault) -> Response:
        with self._behind.late(what, round(fault.delay_s * 1000)):
            return self._behind.handle(request)

    def _in_place_of(self, request: Request, fault: Fault, kind: _InPlace) -> Response:
        """What the client gets for a request that has no effect."""
        lasts_ms = 1000 if fault.for_s is None else round(fault.for_s * 1000)
        match kind:
            case FaultKind.HTTP_503:
                return self._traits.outage
            case FaultKind.HTML_200:
                return _PAGE
            case FaultKind.REJECT:
                return self._traits.reject(request)
            case FaultKind.RATE_LIMITED:
                return self._traits.too_many(request, lasts_ms)
            case FaultKind.BANNED:
                return self._traits.banned(request, lasts_ms)
            case FaultKind.MAINTENANCE:
                return self._traits.maintenance(request)
            case _:
                assert_never(kind)

    def _changed(self, request: Request, fault: Fault, kind: _Changing) -> Response:
        """What the client gets for a request that takes effect."""
        # What `stale` repeats stays the same however often: a stuck cache, not one that lags by one request.
        stale = self._memory.previous(request) if kind is FaultKind.STALE else None
        response = self._behind.handle(request) if stale else self._effect(request)
        match kind:
            case FaultKind.HTTP_503_AFTER:
                return self._traits.outage
            case FaultKind.DUPLICATE:
                self._behind.handle(request)
                return response
            case FaultKind.TRUNCATED:
                return truncated(response)
            case FaultKind.EMPTY_LIST:
                return emptied(response, self._traits.lists)
            case FaultKind.DOUBLE_ROWS:
                return doubled(response, self._traits.lists)
            case FaultKind.MANGLE:
                return response if fault.edit is None else mangled(response, fault.edit)
            case FaultKind.STALE:
                return stale or response
            case FaultKind.DELAY:
                return response
            case FaultKind.MOVE_BETWEEN_READS:
                self._behind.move(request)
                return response
            case _:
                assert_never(kind)
