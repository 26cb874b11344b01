"""What stands between the bot and the exchanges, so that a story can hold back or change what passes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from bot.paper.faults import Answer, Outcome
from bot.paper.wire.http import Request, Response
from bot.paper.world import World
from tests.catalogue.places import Place

Json = Any
Pass = Callable[[Request], Outcome]
Rule = Callable[[Request, Pass], Outcome | None]
"""Answers a request, with or without passing it on; None leaves it to the next rule."""


class Wire:
    """Every request passes here. The newest rule that answers one counts.

    Attributes:
        seen: every request with the time it came, oldest first.
    """

    def __init__(self, world: World) -> None:
        self._pass = world.handle
        self._rules: list[Rule] = []
        self.seen: list[Request] = []
        setattr(world, "handle", self._handle)  # noqa: B010 - stands in for the world's own

    def _handle(self, request: Request) -> Outcome:
        self.seen.append(request)
        for rule in reversed(self._rules):
            outcome = rule(request, self._pass)
            if outcome is not None:
                return outcome
        return self._pass(request)

    def lay(self, rule: Rule) -> None:
        """Add a rule."""
        self._rules.append(rule)

    def clear(self) -> None:
        """Drop all rules."""
        self._rules.clear()

    def sent(self, path: str, method: str = "POST") -> list[Request]:
        """Requests of one kind so far."""
        return [request for request in self.seen if (request.method, request.path) == (method, path)]


def fits(request: Request, paths: Sequence[str], method: str | None = "GET") -> bool:
    """Whether a request is of one of these paths; one that ends with a slash stands for all behind it."""
    if method is not None and request.method != method:
        return False
    return any(request.path.startswith(path) if path.endswith("/") else request.path == path for path in paths)


def changed(paths: Sequence[str], change: Callable[[Json], Json], *, method: str = "GET", times: int = -1) -> Rule:
    """The body of good answers is changed; `times` -1: always. What `change` returns None for stays."""
    left = [times]

    def rule(request: Request, onward: Pass) -> Outcome | None:
        if not fits(request, paths, method) or left[0] == 0:
            return None
        outcome = onward(request)
        if not isinstance(outcome, Answer) or outcome.response.status != 200:
            return outcome
        body = change(json.loads(outcome.response.body))
        if body is None:
            return outcome
        left[0] -= 1
        return replace(outcome, response=replace(outcome.response, body=json.dumps(body).encode()))

    return rule


def instead(
    paths: Sequence[str], status: int, body: Json, *, method: str | None = "GET", effect: bool = False, times: int = -1
) -> Rule:
    """Requests are answered so, and take effect only if it is said; `times` -1: always."""
    left = [times]

    def rule(request: Request, onward: Pass) -> Outcome | None:
        if not fits(request, paths, method) or left[0] == 0:
            return None
        left[0] -= 1
        if effect:
            onward(request)
        return answer(status, body)

    return rule


def answer(status: int, body: Json, **headers: str) -> Answer:
    """An answer of our own."""
    named = {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return Answer(response=Response(status=status, headers=named, body=json.dumps(body).encode()))


def lagging(paths: Sequence[str], seconds: float) -> Rule:
    """Reads of these paths tell what was true so long ago: a replica that lags behind.

    What was not asked for then is answered as it was when it was first asked for.
    """
    told: dict[tuple[str, str], list[tuple[int, Outcome]]] = {}

    def rule(request: Request, onward: Pass) -> Outcome | None:
        if not fits(request, paths):
            return None
        wanted = "&".join(part for part in request.query.split("&") if not _volatile(part))
        seen = told.setdefault((request.path, wanted), [])
        seen.append((request.now_ms, onward(request)))
        old = [outcome for at_ms, outcome in seen if at_ms <= request.now_ms - seconds * 1000]
        return old[-1] if old else seen[0][1]

    return rule


def missing(place: Place, seconds: float) -> Rule:
    """No order is found by its id until so long after the first one was sent."""
    since: list[int] = []

    def rule(request: Request, _onward: Pass) -> Outcome | None:
        if fits(request, [place.order], "POST"):
            since.append(request.now_ms)
            return None
        if not fits(request, place.lookups) or not since or request.now_ms >= since[0] + seconds * 1000:
            return None
        return answer(*place.missing)

    return rule


def _volatile(part: str) -> bool:
    return part.partition("=")[0] in {
        "timestamp",
        "signature",
        "recvWindow",
        "startTime",
        "endTime",
        "begin",
        "end",
        "startAt",
        "endAt",
    }


def unreachable(prefixes: Sequence[str] = ("/",), hosts: Sequence[str] = ("",)) -> Rule:
    """Names are not resolved, or nobody listens: nothing arrives, nothing is answered."""

    def rule(request: Request, _onward: Pass) -> Outcome | None:
        if not request.path.startswith(tuple(prefixes)) or not any(host in request.host for host in hosts):
            return None
        raise OSError("name or service not known")

    return rule
