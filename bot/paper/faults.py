"""Faults on purpose: which request suffers what, and what the client then gets. No socket here; both shells obey it.

Both kinds of 503 answer with the same body, since a client must not be able to tell whether the request took effect.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Literal, assert_never
from urllib.parse import parse_qsl

from bot.paper.venues import Traits
from bot.paper.wire.http import Request, Response


class FaultKind(StrEnum):
    """What happens to a request. `delay_s` also delays every kind of answer, except that of `clock-skew`."""

    DROP_BEFORE = "drop-before"
    """The connection closes; the request had no effect."""
    DROP_AFTER = "drop-after"
    """The request takes effect, then the connection closes without an answer."""
    HTTP_503 = "http-503"
    """503; the request had no effect."""
    HTTP_503_AFTER = "http-503-after"
    """The request takes effect; the answer is a 503."""
    HTML_200 = "html-200"
    """Something in front of the venue answers with a page and status 200; the request had no effect."""
    EMPTY_LIST = "empty-list"
    """The list of the answer is empty; account-level figures beside it stay."""
    STALE = "stale"
    """The request takes effect; the answer is the previous one to the same method, path and query."""
    REJECT = "reject"
    """A definite refusal by the venue; no effect."""
    DELAY = "delay"
    """The request takes effect at once and is answered after `delay_s`."""
    MOVE_BETWEEN_READS = "move-between-reads"
    """After the answer free coins, stablecoins excepted, move from spot to Earn; if spot has none, they move back."""
    CLOCK_SKEW = "clock-skew"
    """For this request the venue's clock is off by `delay_s`, which may be negative."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One planned fault.

    Args:
        venue: the venue's name, such as `binance`.
        path: exact, without query, on any of the venue's hosts.
        kind: what happens.
        method: None matches every method, except that kinds that lose an answer after the effect leave GET alone.
        count: how many matching requests suffer, from 1.
        delay_s: seconds.
    """

    venue: str
    path: str
    kind: FaultKind
    method: str | None = None
    count: int = 1
    delay_s: float = 0.0

    def matches(self, venue: str, request: Request) -> bool:
        """Whether the request suffers from this fault."""
        if (venue, request.path) != (self.venue, self.path):
            return False
        if self.method is not None:
            return request.method == self.method
        return request.method != "GET" or self.kind not in {FaultKind.DROP_AFTER, FaultKind.HTTP_503_AFTER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Send this response after so many seconds."""

    response: Response
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """Close the connection without an answer after so many seconds."""

    delay_s: float = 0.0


Outcome = Answer | Drop


class FaultSchedule:
    """Planned faults; the oldest that matches a request strikes first."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Plan a fault."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Forget all planned faults."""
        self._faults.clear()

    @property
    def pending(self) -> tuple[Fault, ...]:
        """What is still planned, with the counts that are left; oldest first."""
        return tuple(self._faults)

    def take(self, venue: str, request: Request) -> Fault | None:
        """The fault that this request suffers; uses one of its count."""
        for index, fault in enumerate(self._faults):
            if fault.matches(venue, request):
                if fault.count > 1:
                    self._faults[index] = replace(fault, count=fault.count - 1)
                else:
                    del self._faults[index]
                return fault
        return None


_Key = tuple[str, str, str, str | None, tuple[tuple[str, str], ...]]
_REMEMBERED: Final = 512


class AnswerMemory:
    """The last good answer to each request, for `stale`; the oldest are forgotten."""

    def __init__(self, traits: Traits) -> None:
        self._traits = traits
        self._answers: OrderedDict[_Key, Response] = OrderedDict()

    def _key(self, request: Request) -> _Key:
        wanted = parse_qsl(request.query, keep_blank_values=True)
        steady = tuple((name, value) for name, value in wanted if name not in self._traits.volatile)
        return request.method, request.host, request.path, self._traits.account_of(request), steady

    def remember(self, request: Request, response: Response) -> None:
        """Keep a good answer."""
        if response.status == 200:
            key = self._key(request)
            self._answers[key] = response
            self._answers.move_to_end(key)
            if len(self._answers) > _REMEMBERED:
                self._answers.popitem(last=False)

    def previous(self, request: Request) -> Response | None:
        """The answer kept for an equal request of the same account."""
        return self._answers.get(self._key(request))


def emptied(response: Response, lists: tuple[str, ...]) -> Response:
    """The same answer with an empty list; unchanged when it has none of the known lists, or is an error."""
    if response.status != 200:
        return response
    body = json.loads(response.body)
    body = [] if isinstance(body, list) else _without_lists(body, lists)
    return replace(response, body=json.dumps(body, separators=(",", ":")).encode())


def _without_lists(node: object, lists: tuple[str, ...]) -> object:
    """Empty the named lists; of one within another only the inner one, so that figures beside it stay."""
    if not isinstance(node, dict):
        return node
    return {name: _emptied_value(name, value, lists) for name, value in node.items()}


def _emptied_value(name: str, value: object, lists: tuple[str, ...]) -> object:
    if isinstance(value, list):
        inner = [_without_lists(item, lists) for item in value]
        return [] if name in lists and inner == value else inner
    return _without_lists(value, lists)


_PAGE: Final = Response(
    status=200,
    headers={"Content-Type": "text/html; charset=utf-8"},
    body=b"<!DOCTYPE html><html><head><title>One moment</title></head><body>Checking your browser.</body></html>",
)


class FaultyVenue:
    """A venue whose answers suffer from faults.

    Args:
        traits: the venue's error bodies and list names.
        handle: lets a request take effect and gives the venue's true answer.
        move: what happens to the world right after the answer of a `move-between-reads`.
    """

    def __init__(
        self, *, traits: Traits, handle: Callable[[Request], Response], move: Callable[[Request], None]
    ) -> None:
        self._traits = traits
        self._handle = handle
        self._move = move
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
                skewed = replace(request, now_ms=request.now_ms + round(fault.delay_s * 1000))
                return Answer(response=self._handle(skewed))
            case FaultKind.HTTP_503 | FaultKind.HTML_200 | FaultKind.REJECT:
                return Answer(response=self._in_place_of(request, fault.kind), delay_s=fault.delay_s)
            case _:
                return Answer(response=self._changed(request, fault.kind), delay_s=fault.delay_s)

    def _effect(self, request: Request) -> Response:
        response = self._handle(request)
        self._memory.remember(request, response)
        return response

    def _in_place_of(
        self, request: Request, kind: Literal[FaultKind.HTTP_503, FaultKind.HTML_200, FaultKind.REJECT]
    ) -> Response:
        """What the client gets for a request that has no effect."""
        match kind:
            case FaultKind.HTTP_503:
                return self._traits.outage
            case FaultKind.HTML_200:
                return _PAGE
            case FaultKind.REJECT:
                return self._traits.reject(request)

    def _changed(
        self,
        request: Request,
        kind: Literal[
            FaultKind.HTTP_503_AFTER,
            FaultKind.EMPTY_LIST,
            FaultKind.STALE,
            FaultKind.DELAY,
            FaultKind.MOVE_BETWEEN_READS,
        ],
    ) -> Response:
        """What the client gets for a request that takes effect."""
        # What `stale` repeats stays the same however often: a stuck cache, not one that lags by one request.
        stale = self._memory.previous(request) if kind is FaultKind.STALE else None
        response = self._handle(request) if stale else self._effect(request)
        match kind:
            case FaultKind.HTTP_503_AFTER:
                return self._traits.outage
            case FaultKind.EMPTY_LIST:
                return emptied(response, self._traits.lists)
            case FaultKind.STALE:
                return stale or response
            case FaultKind.DELAY:
                return response
            case FaultKind.MOVE_BETWEEN_READS:
                self._move(request)
                return response
            case _:
                assert_never(kind)
