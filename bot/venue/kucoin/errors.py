"""What a refusal of KuCoin means: by code, and by its words where one code says many things (R20).

KuCoin refuses with HTTP 200 as a rule, and with 4xx at its gates; with 5xx it says nothing of the effect.

Source: KuCoin REST documentation, "Errors", of spot and futures; the codes that ccxt's `kucoin` tells apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.venue.errors import WALL, WALL_PAUSE_S, Meaning, Refusal, redact
from bot.venue.shapes import Row

SUCCESS: Final = "200000"
_STATUSES: Final = frozenset({200, 400, 401, 403, 404, 415})
"""With these a code can be definite; 429 means the limit whatever the body says."""

Rule = tuple[str, Meaning]
_NOT_FOUND: Final = Meaning.NOT_FOUND
_REFUSED: Final = Meaning.REFUSED
_AUTH: Final = Meaning.AUTH
_DUPLICATE: Final = Meaning.DUPLICATE


def _any_text(meaning: Meaning, *codes: str) -> dict[str, tuple[Rule, ...]]:
    return dict.fromkeys(codes, (("", meaning),))


TABLE: Final[Mapping[str, tuple[Rule, ...]]] = {
    # Balance and margin.
    **_any_text(_REFUSED, "200004", "230003", "260100", "300003", "330008", "600100"),
    # Size, price, state of the contract; reduce-only without a position; margin or position mode of the order.
    **_any_text(_REFUSED, "300000", "300002", "300009", "300011", "300012", "330005", "330011", "330012", "600101"),
    # Too many active orders; more than the risk limit allows.
    **_any_text(_REFUSED, "300001", "300005"),
    **_any_text(_REFUSED, "400200", "400330", "400350", "400370", "400600", "400760", "900001"),
    # Its timestamp is over 5 s off (R21).
    **_any_text(Meaning.UNTIMELY, "400002"),
    # The request itself: no such path, no JSON.
    **_any_text(_REFUSED, "404000", "415000"),
    **_any_text(_AUTH, "400001", "400003", "400004", "400005", "400006", "400007", "400303", "400401"),
    **_any_text(_AUTH, "400500", "411100"),
    **_any_text(_DUPLICATE, "102435", "126044"),
    **_any_text(_NOT_FOUND, "order_not_exist"),
    **_any_text(Meaning.BUSY, "429000", "1015"),
    "200002": (("too many", Meaning.BUSY),),
    "103": (("not exist", _NOT_FOUND),),
    "100001": (
        ("ordernotexist", _NOT_FOUND),
        ("order not exist", _NOT_FOUND),
        ("no open positions to close", _REFUSED),
    ),
    "100004": (("not exist", _NOT_FOUND), ("not cancelable", _REFUSED), ("cannot be canceled", _REFUSED)),
    "400100": (
        ("clientoid duplicate", _DUPLICATE),
        ("not_exist_or_not_allow_to", _REFUSED),
        ("not exist or not allow to", _REFUSED),
        ("order_not_exist", _NOT_FOUND),
        ("ordernotexist", _NOT_FOUND),
        ("order not exist", _NOT_FOUND),
        ("order does not exist", _NOT_FOUND),
        ("account.available.amount", _REFUSED),
        ("order size below the minimum", _REFUSED),
        ("order size increment invalid", _REFUSED),
        ("below the minimum requirement", _REFUSED),
        ("increment is invalid", _REFUSED),
        ("not in the given range", _REFUSED),
        ("unsupported trading pair", _REFUSED),
        ("validation.createorder", _REFUSED),
    ),
}
"""By code: words in small letters that its text must hold, and what it means then; the first that fits counts."""


def refusal(status: int, body: object) -> Refusal | None:
    """What kind of refusal an answer is; None when it is none.

    Args:
        status: HTTP status.
        body: parsed JSON; None when it was none.
    """
    row: Row = body if isinstance(body, dict) else {}
    code = str(row.get("code", ""))
    if status == 200 and code in {"", SUCCESS}:
        return None
    text = str(row.get("msg") or "")
    pause_s = WALL_PAUSE_S if status == WALL and not code else 0
    meaning = _meaning(status, code, text.lower())
    return Refusal(status=status, code=code or str(status), text=redact(text), meaning=meaning, pause_s=pause_s)


def _meaning(status: int, code: str, text: str) -> Meaning:
    if status == 429:
        return Meaning.BUSY
    if status not in _STATUSES:
        return Meaning.UNKNOWN
    return next((meaning for words, meaning in TABLE.get(code, ()) if words in text), Meaning.UNKNOWN)
