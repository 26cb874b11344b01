"""One table says what a refusal means: (venue, HTTP status, code). What is not listed is unknown (R20).

ccxt's exception classes don't decide: they differ by host, and some that mean "no effect" are retryable there.

Source: Binance USD-M and spot REST documentation, "Error Codes" and "General Info / HTTP return codes".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot import logs
from bot.venue.shapes import Row


class Meaning(StrEnum):
    """What an error answer says about the request."""

    REFUSED = "refused"
    """Understood and refused: no effect."""
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


# Clock and validity: -1021, -4188 and -5028 are refused by the gateway or the matching engine's own window (R20, R21).
_STALE: Final = ("-1021", "-4188", "-5028")
_MALFORMED: Final = (
    *("-1013", "-1014", "-1020", "-1100", "-1101", "-1102", "-1103", "-1104", "-1105", "-1106"),
    *("-1111", "-1114", "-1115", "-1116", "-1117", "-1118", "-1119", "-1121", "-1130"),
    *("-4001", "-4002", "-4003", "-4004", "-4005", "-4013", "-4014", "-4015", "-4016", "-4023", "-4024"),
    *("-4028", "-4029", "-4030"),
)
_ORDER_REFUSED: Final = (
    *("-2010", "-2011", "-2018", "-2019", "-2021", "-2022", "-2023", "-2024", "-2025", "-2026", "-2027", "-2028"),
    *("-4051", "-4061", "-4062", "-4118", "-4131", "-4140", "-4141", "-4164", "-4192", "-4400"),
    *("-5021", "-5022"),
)
_SETTING_REFUSED: Final = ("-4047", "-4048", "-4049", "-4050", "-4067", "-4068", "-4161", "-4168")
_AUTH: Final = ("-1002", "-1022", "-2008", "-2014", "-2015")


def _binance() -> Mapping[tuple[str, int, str], Meaning]:
    def listed(statuses: Iterable[int], codes: Iterable[str], meaning: Meaning) -> dict[tuple[str, int, str], Meaning]:
        return {("binance", status, code): meaning for status in statuses for code in codes}

    return {
        **listed((400,), (*_STALE, *_MALFORMED, *_ORDER_REFUSED, *_SETTING_REFUSED), Meaning.REFUSED),
        **listed((400, 401), _AUTH, Meaning.AUTH),
        **listed((400,), ("-2013",), Meaning.NOT_FOUND),
        **listed((400,), ("-4046", "-4059"), Meaning.ALREADY_SET),
        **listed((400,), ("-4116",), Meaning.DUPLICATE),
        **listed((400,), ("-1003", "-1015"), Meaning.BUSY),
    }


TABLE: Final[Mapping[tuple[str, int, str], Meaning]] = _binance()
_LIMIT_STATUSES: Final = frozenset({418, 429})
"""Refused at the gate, whatever the body is."""
_DUPLICATE_TEXT: Final = ("binance", "-2010", "Duplicate order sent.")
"""Binance spot has one code for every refused order; only the text tells a taken id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An error answer, redacted.

    Attributes:
        code: the venue's own code; the HTTP status when the body holds none.
        text: the venue's own words, cut short.
    """

    status: int
    code: str
    text: str
    meaning: Meaning


def meaning_of(exchange: str, status: int, code: str) -> Meaning:
    """What the table says; UNKNOWN for what it does not list."""
    if status in _LIMIT_STATUSES:
        return Meaning.BUSY
    return TABLE.get((exchange, status, code), Meaning.UNKNOWN)


def refusal_of(exchange: str, status: int, body: object) -> Refusal:
    """Read an answer that is no success.

    Args:
        exchange: ccxt id, the first column of the table.
        status: HTTP status.
        body: parsed JSON, None when it was none.
    """
    row: Row = body if isinstance(body, dict) else {}
    code, text = str(row.get("code", "")), redact(str(row.get("msg", "")))
    meaning = meaning_of(exchange, status, code)
    if (exchange, code, text) == _DUPLICATE_TEXT:
        meaning = Meaning.DUPLICATE
    return Refusal(status=status, code=code or str(status), text=text, meaning=meaning)


_URL: Final = re.compile(r"https?://\S+")
_SIGNED: Final = re.compile(r"(?i)\b(signature|apikey|secret|passphrase|token)=[^&\s]*")
_TEXT_MAX: Final = 200


def redact(text: str) -> str:
    """A venue's words without our secrets, addresses and signatures, on one line, cut short; they may be kept."""
    line = " ".join(_SIGNED.sub(r"\1=***", _URL.sub("<url>", logs.redact(text))).split())
    return line if len(line) <= _TEXT_MAX else line[: _TEXT_MAX - 3] + "..."


_BANNED_UNTIL: Final = re.compile(r"banned until (\d{13})")
_BAN_S: Final = {418: 120, 429: 60}
_BAN_OTHER_S: Final = 10
_BAN_MIN_S: Final = 1
"""Whoever refuses for a limit wants a pause, even if it says 0 or names a moment that has passed."""


def ban_until_ms(refusal: Refusal, headers: Mapping[str, str], now_ms: int) -> int:
    """Until when nothing may be sent, by our clock.

    `Retry-After` decides, else the time in the text, else a careful guess by status; it is 1 s away at least.
    """
    for name, value in headers.items():
        if name.lower() == "retry-after" and value.strip().isdecimal():
            return now_ms + max(int(value), _BAN_MIN_S) * 1000
    named = _BANNED_UNTIL.search(refusal.text)
    if named:
        return max(int(named.group(1)), now_ms + _BAN_MIN_S * 1000)
    return now_ms + _BAN_S.get(refusal.status, _BAN_OTHER_S) * 1000
