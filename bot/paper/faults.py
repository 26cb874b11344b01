"""Faults on purpose: which request suffers what, and for how long. No socket here; both shells obey it.

Streams have faults of their own: `bot.paper.stream_faults`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from bot.paper.mangling import Edit
from bot.paper.wire.http import Request, Response


class FaultKind(StrEnum):
    """What happens to a request. `delay_s` delays the answer, except where another meaning is named here."""

    DROP_BEFORE = "drop-before"
    """The connection closes; the request had no effect."""
    DROP_AFTER = "drop-after"
    """The request takes effect, then the connection closes without an answer."""
    DUPLICATE = "duplicate"
    """The request reaches the venue twice; the first answer is given."""
    HTTP_503 = "http-503"
    """503; the request had no effect."""
    HTTP_503_AFTER = "http-503-after"
    """The request takes effect; the answer is a 503, with the same body: a client must not be able to tell."""
    HTML_200 = "html-200"
    """Something in front of the venue answers with a page and status 200; the request had no effect."""
    TRUNCATED = "truncated"
    """The request takes effect; the answer has status 200 and the first half of the body."""
    EMPTY_LIST = "empty-list"
    """The list of the answer is empty; account-level figures beside it stay."""
    DOUBLE_ROWS = "double-rows"
    """Every row of the answer's list comes twice."""
    MANGLE = "mangle"
    """A field of the answer is changed or missing wherever it occurs; see `Fault.edit`."""
    STALE = "stale"
    """The request takes effect; the answer is the previous one to the same method, path and query."""
    NOT_FOUND_LAG = "not-found-lag"
    """A read sees the account's orders and trades as they were `delay_s` ago: a replica that lags behind."""
    POSITION_LAG = "position-lag"
    """A read sees the account's positions and balances as they were `delay_s` ago."""
    REJECT = "reject"
    """A definite refusal by the venue; no effect."""
    RATE_LIMITED = "rate-limited"
    """The venue's own "too many requests", with the header in which it says for how long; no effect."""
    BANNED = "banned"
    """The first request that it strikes begins a ban of `for_s` (120): all of the venue's requests are refused.

    Where the venue says how long its bans last (Binance), each refused request begins the ban anew.
    """
    MAINTENANCE = "maintenance"
    """The venue's own answer during maintenance, its status page included; no effect."""
    CANCEL_TOO_LATE = "cancel-too-late"
    """A cancel is answered as done, while the order has just filled at its price; other requests are as ever."""
    DELAY = "delay"
    """The request takes effect at once and is answered after `delay_s`."""
    MOVE_BETWEEN_READS = "move-between-reads"
    """After the answer free coins, stablecoins excepted, move from spot to Earn; if spot has none, they move back."""
    CLOCK_SKEW = "clock-skew"
    """For this request the venue's clock is off by `delay_s`, which may be negative."""


ANY_PATH: Final = "*"
BAN_S: Final = 120.0
"""How long a ban is that was planned without a length; the shortest of Binance."""
_LOSES_ANSWER: Final = frozenset({FaultKind.DROP_AFTER, FaultKind.HTTP_503_AFTER, FaultKind.DUPLICATE})
_LAGS: Final = frozenset({FaultKind.NOT_FOUND_LAG, FaultKind.POSITION_LAG})
_AT_THE_DOOR: Final = frozenset(
    {
        FaultKind.DROP_BEFORE,
        FaultKind.HTTP_503,
        FaultKind.HTML_200,
        FaultKind.RATE_LIMITED,
        FaultKind.BANNED,
        FaultKind.MAINTENANCE,
    }
)
"""Kinds that a WebSocket's handshake suffers, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One planned fault.

    Args:
        venue: the venue's name, such as `binance`.
        path: exact, without query, on any of the venue's hosts; `*` is every path.
        kind: what happens.
        method: None matches every method, except that kinds that lose an answer after the effect, and `duplicate`,
            leave GET alone, and that kinds that lag strike GET only.
        count: how many matching requests suffer, from 1; None: one, or with `for_s` all of them.
        delay_s: seconds.
        for_s: how long it lasts from the first request that it strikes, in seconds; None: until `count` is used up.
        edit: what `mangle` changes; None changes nothing.
    """

    venue: str
    path: str
    kind: FaultKind
    method: str | None = None
    count: int | None = None
    delay_s: float = 0.0
    for_s: float | None = None
    edit: Edit | None = None

    def matches(self, venue: str, request: Request) -> bool:
        """Whether the request suffers from this fault."""
        if venue != self.venue or self.path not in {ANY_PATH, request.path}:
            return False
        if self.method is not None:
            return request.method == self.method
        if self.kind in _LAGS:
            return request.method == "GET"
        return request.method != "GET" or self.kind not in _LOSES_ANSWER


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


@dataclass(slots=True, kw_only=True)
class _Planned:
    """A fault with what is left of it.

    Attributes:
        length_ms: how long it lasts once it has struck.
        until_ms: None before it has struck, and for one that only counts.
    """

    fault: Fault
    left: int | None
    length_ms: int | None
    until_ms: int | None = None

    def strike(self, now_ms: int) -> Fault:
        """One more request suffers."""
        if self.until_ms is None and self.length_ms is not None:
            self.until_ms = now_ms + self.length_ms
        if self.left is not None:
            self.left -= 1
        lasts_s = None if self.until_ms is None else (self.until_ms - now_ms) / 1000
        return replace(self.fault, for_s=lasts_s)

    def over(self, now_ms: int) -> bool:
        """Nothing is left of it."""
        return self.left == 0 or (self.until_ms is not None and now_ms >= self.until_ms)


class FaultSchedule:
    """Planned faults; the oldest that matches a request strikes first."""

    def __init__(self) -> None:
        self._planned: list[_Planned] = []

    def add(self, fault: Fault) -> None:
        """Plan a fault."""
        lasts_s = BAN_S if fault.kind is FaultKind.BANNED and fault.for_s is None else fault.for_s
        counted = fault.kind is not FaultKind.BANNED and (lasts_s is None or fault.count is not None)
        self._planned.append(
            _Planned(
                fault=fault,
                left=(fault.count or 1) if counted else None,
                length_ms=None if lasts_s is None else round(lasts_s * 1000),
            )
        )

    def clear(self) -> None:
        """Forget all planned faults; what lasts ends."""
        self._planned.clear()

    @property
    def pending(self) -> tuple[Fault, ...]:
        """What is still planned, with the counts that are left; oldest first."""
        return tuple(replace(planned.fault, count=planned.left) for planned in self._planned)

    def take(self, venue: str, request: Request) -> Fault | None:
        """The fault that this request suffers; uses one of its count. Its `for_s` is how long it goes on."""
        return self._take(venue, request, frozenset(FaultKind))

    def take_handshake(self, venue: str, request: Request) -> Fault | None:
        """The fault that a WebSocket's upgrade request suffers; only some kinds are for it."""
        return self._take(venue, request, _AT_THE_DOOR)

    def prolong(self, ban: Fault, now_ms: int) -> Fault:
        """Begin a ban that goes on anew. Returns it with what it lasts now."""
        for planned in self._planned:
            if planned.fault.kind is FaultKind.BANNED and planned.fault.venue == ban.venue and planned.length_ms:
                planned.until_ms = now_ms + planned.length_ms
                return replace(ban, for_s=planned.length_ms / 1000)
        return ban

    def _take(self, venue: str, request: Request, kinds: frozenset[FaultKind]) -> Fault | None:
        self._planned = [planned for planned in self._planned if not planned.over(request.now_ms)]
        for planned in self._planned:
            if planned.fault.kind in kinds and planned.fault.matches(venue, request):
                struck = planned.strike(request.now_ms)
                if struck.kind is FaultKind.BANNED:
                    # From here on it is the address that is refused, whatever it asks.
                    planned.fault = replace(planned.fault, path=ANY_PATH, method=None)
                if planned.over(request.now_ms):
                    self._planned.remove(planned)
                return struck
        return None
