"""What Binance's refusals mean (R20).

Source: Binance USD-M, COIN-M and spot REST documentation, "Error Codes" and "General Info / HTTP return codes".
"""

from __future__ import annotations

from typing import Final

from bot.venue.errors import WALL, WALL_PAUSE_S, Meaning, Refusal, Table, listed, meaning_in, redact
from bot.venue.shapes import Row

# Validity: refused by the matching engine's own window (R20, R21); the gateway's is -1021.
_STALE: Final = ("-4188", "-5028")
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
_MOVE_REFUSED: Final = (*("-4054", "-4055", "-5001", "-5002", "-5003", "-5007", "-5009", "-5011", "-5013"),)
"""Margin and transfers. Not -5010 (failed) and -5012 (pending): those don't say that nothing moves."""
_AUTH: Final = ("-1002", "-1022", "-2008", "-2014", "-2015")

TABLE: Final[Table] = {
    **listed((400,), (*_STALE, *_MALFORMED, *_ORDER_REFUSED, *_SETTING_REFUSED, *_MOVE_REFUSED), Meaning.REFUSED),
    **listed((400,), ("-1021",), Meaning.UNTIMELY),
    **listed((400, 401), _AUTH, Meaning.AUTH),
    **listed((400,), ("-2013",), Meaning.NOT_FOUND),
    **listed((400,), ("-4046", "-4059"), Meaning.ALREADY_SET),
    **listed((400,), ("-4116",), Meaning.DUPLICATE),
    **listed((400,), ("-1003", "-1015"), Meaning.BUSY),
    # Overloaded: "always a failure". Its other 503s are told apart by their text alone, and stay unknown.
    **listed((503,), ("-1008",), Meaning.REFUSED),
}
_PAUSES_S: Final = {WALL: WALL_PAUSE_S, 408: 10}
"""The firewall and a backend that did not answer in time: pressing on makes it worse, and proves nothing."""
_DUPLICATE_TEXT: Final = ("-2010", "Duplicate order sent.")
"""Binance spot has one code for every refused order; only the text tells a taken id."""


def refusal_of(status: int, body: object) -> Refusal | None:
    """Read an answer; None: it is a success. Binance refuses with the HTTP status, and a code in the body."""
    if status == 200:
        return None
    row: Row = body if isinstance(body, dict) else {}
    code, text = str(row.get("code", "")), redact(str(row.get("msg", "")))
    meaning = Meaning.DUPLICATE if (code, text) == _DUPLICATE_TEXT else meaning_in(TABLE, status, code)
    pause_s = 0 if code else _PAUSES_S.get(status, 0)
    return Refusal(status=status, code=code or str(status), text=text, meaning=meaning, pause_s=pause_s)
