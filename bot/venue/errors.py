"""What a refusal means: (HTTP status, code) in the table of each exchange. What is not listed is unknown (R20).

ccxt's exception classes don't decide: they differ by host, and some that mean "no effect" are retryable there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from bot import logs
from bot.domain.errors import VenueRejected


class Meaning(StrEnum):
    """What an error answer says about the request."""

    REFUSED = "refused"
    """Understood and refused: no effect."""
    UNTIMELY = "untimely"
    """Refused for the time that it was signed with: no effect, and our idea of the venue's time may be wrong."""
    AUTH = "auth"
    """Key, signature or permission refused: no effect."""
    BUSY = "busy"
    """Over a limit: stopped before any effect; nothing more may be sent for a while."""
    NOT_FOUND = "not-found"
    """The venue's own answer for an order that it does not know."""
    ALREADY_SET = "already-set"
    """The setting has that value; success for us."""
    DUPLICATE = "duplicate"
    """The client order id is taken: proves that the order exists."""
    UNKNOWN = "unknown"
    """Anything else; it says nothing about the effect."""


class Refused(VenueRejected):
    """A definite refusal, with what its code means."""

    def __init__(
        self, message: str, *, venue: str, operation: str, meaning: Meaning, code: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, venue=venue, operation=operation, code=code, hint=hint)
        self.meaning = meaning


Table = Mapping[tuple[int, str], Meaning]
"""By HTTP status and the venue's own code."""


def listed(statuses: Iterable[int], codes: Iterable[str], meaning: Meaning) -> Table:
    """Rows of a table."""
    codes = tuple(codes)
    return {(status, code): meaning for status in statuses for code in codes}


_LIMIT_STATUSES: Final = frozenset({418, 429})
"""Refused at the gate, whatever the body is."""


def meaning_in(table: Table, status: int, code: str) -> Meaning:
    """What the table says; BUSY for the statuses that mean it everywhere, UNKNOWN for what is not listed."""
    if status in _LIMIT_STATUSES:
        return Meaning.BUSY
    return table.get((status, code), Meaning.UNKNOWN)


WALL: Final = 403
"""What a firewall in front of a venue answers, with a page of its own and no code."""
WALL_PAUSE_S: Final = 60
"""Pressing on against a wall makes it stand longer, and proves nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An error answer, redacted.

    Attributes:
        code: the venue's own code; the HTTP status when the body holds none.
        text: the venue's own words, cut short.
        pause_s: how long nothing more should be sent, whatever became of the request; BUSY has pauses of its own.
    """

    status: int
    code: str
    text: str
    meaning: Meaning
    pause_s: int = 0


_URL: Final = re.compile(r"https?://\S+")
_SIGNED: Final = re.compile(r"(?i)\b(signature|apikey|secret|passphrase|token)=[^&\s]*")
_TEXT_MAX: Final = 200


def redact(text: str) -> str:
    """A venue's words without our secrets, addresses and signatures, on one line, cut short; they may be kept."""
    line = " ".join(_SIGNED.sub(r"\1=***", _URL.sub("<url>", logs.redact(text))).split())
    return line if len(line) <= _TEXT_MAX else line[: _TEXT_MAX - 3] + "..."


_BANNED_UNTIL: Final = re.compile(r"banned until (\d{13})")
_BAN_MIN_S: Final = 1
"""Whoever refuses for a limit wants a pause, even if it says 0 or names a moment that has passed."""
_RESET_HEADER: Final = "gw-ratelimit-reset"
"""KuCoin's: ms until the window of a resource pool begins anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pauses:
    """How long to send nothing after a refusal for a limit that does not say so itself, in s.

    Attributes:
        by_status: by HTTP status.
        otherwise: for any other.
    """

    by_status: Mapping[int, int] = field(default_factory=lambda: {418: 120, 429: 60})
    otherwise: int = 10


def ban_until_ms(refusal: Refusal, headers: Mapping[str, str], now_ms: int, pauses: Pauses) -> int:
    """Until when nothing may be sent, by our clock.

    `Retry-After`, in s, or KuCoin's own header decides, else the time in the text, else the venue's usual pause; it is
    1 s away at least.
    """
    for name, value in headers.items():
        if name.lower() == "retry-after" and value.strip().isdecimal():
            return now_ms + max(int(value), _BAN_MIN_S) * 1000
        if name.lower() == _RESET_HEADER and value.strip().isdecimal():
            return now_ms + max(int(value), _BAN_MIN_S * 1000)
    named = _BANNED_UNTIL.search(refusal.text)
    if named:
        return max(int(named.group(1)), now_ms + _BAN_MIN_S * 1000)
    return now_ms + pauses.by_status.get(refusal.status, pauses.otherwise) * 1000
