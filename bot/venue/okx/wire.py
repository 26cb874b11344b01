"""OKX's envelope: `{"code": "0", "data": [...], "msg": ""}`, with numbers as text and "" for what there is none of."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from bot.domain.numbers import ZERO
from bot.venue.shapes import Row, decimal_in, row_of, rows_of

SWAP = "SWAP"
SPOT = "SPOT"


def rows_in(body: object, *keys: str) -> Sequence[Row]:
    """The rows of an answer, each with at least these keys; may be none. Raises ValueError."""
    envelope = row_of(body, "code", "data")
    if envelope["code"] != "0":
        raise ValueError(f"the answer has code {envelope['code']!r}")
    return rows_of(envelope["data"], *keys)


def row_in(body: object, *keys: str) -> Row:
    """The only row of an answer. Raises ValueError."""
    rows = rows_in(body, *keys)
    if len(rows) != 1:
        raise ValueError(f"expected one row, got {len(rows)}")
    return rows[0]


def amount_in(row: Row, key: str) -> Decimal:
    """A number, where "" means that there is none of it. A key that is missing is no such thing. Raises ValueError."""
    row_of(row, key)
    return ZERO if row[key] == "" else decimal_in(row, key)


def figure_in(row: Row, key: str) -> Decimal | None:
    """A number that the venue may leave out or leave empty. Raises ValueError."""
    return None if row.get(key) in {None, ""} else decimal_in(row, key)


_CANDLE = ("ts", "open", "high", "low", "close", "contracts", "coins", "quote", "done")


def candles_in(body: object) -> Sequence[Row]:
    """Candles of a derivative, as objects; the venue tells each as a list. Raises ValueError."""
    envelope = row_of(body, "code", "data")
    listed = envelope["data"]
    if envelope["code"] != "0" or not isinstance(listed, list):
        raise ValueError("the answer is no list of candles")
    if not all(isinstance(candle, list) and len(candle) == len(_CANDLE) for candle in listed):
        raise ValueError("a candle has another shape")
    return [dict(zip(_CANDLE, candle, strict=True)) for candle in listed]
