"""Answers are believed only when they have the shape they must have (R8).

Everything here raises ValueError on a body of another shape; `Link` turns that into VenueUnreadable.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NoReturn

from bot.domain.ids import VenueOrderId
from bot.domain.numbers import ZERO, decimal_of
from bot.domain.orders import Side

Row = Mapping[str, object]


def parse_json(text: str) -> object:
    """Parse a body, with the digits of its numbers kept.

    Raises:
        ValueError: no JSON, or a number that is none (NaN, Infinity).
    """
    return json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def row_of(body: object, *keys: str) -> Row:
    """An object with at least these keys."""
    if not isinstance(body, dict):
        raise ValueError(f"expected an object, got {_kind(body)}")  # noqa: TRY004 - one error type for every bad shape
    missing = [key for key in keys if key not in body]
    if missing:
        raise ValueError(f"the answer lacks {', '.join(missing)}")
    return body


def rows_of(body: object, *keys: str) -> Sequence[Row]:
    """A list of objects, each with at least these keys, none of them twice; may be empty.

    For a list of what there is: a coin, a position, an order of Earn has an id or a name of its own. A row that is told
    twice, down to the last field, is none of the venue's, and what is added up from it would count coins twice.
    """
    rows = entries_of(body, *keys)
    if len(rows) > 1 and len({repr(row) for row in rows}) < len(rows):
        raise ValueError("the answer tells the same row twice")
    return rows


def entries_of(body: object, *keys: str) -> Sequence[Row]:
    """A list of objects, each with at least these keys, of which some may be equal; may be empty.

    For a list of what happened where the caller counts each row by its id, or where the venue gives a row none, so that
    two equal ones may both have happened.
    """
    if not isinstance(body, list):
        raise ValueError(f"expected a list, got {_kind(body)}")  # noqa: TRY004 - one error type for every bad shape
    return [row_of(row, *keys) for row in body]


def decimal_in(row: Row, key: str) -> Decimal:
    """An exact number."""
    try:
        return decimal_of(row.get(key))
    except ValueError as fault:
        raise ValueError(f"{key}: {fault}") from None


def positive_in(row: Row, key: str) -> Decimal:
    """An exact number above 0."""
    value = decimal_in(row, key)
    if value <= 0:
        raise ValueError(f"{key}: {value} is not above 0")
    return value


def told_in(row: Row, key: str) -> Decimal:
    """A number that the venue may leave out, or tell as null or as an empty text: 0 then."""
    return decimal_in(row, key) if row.get(key) else ZERO


def text_in(row: Row, key: str) -> str:
    """A text that is not empty."""
    value = row.get(key)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{key} is no text")
    return value


def integer_in(row: Row, key: str) -> int:
    """A whole number: an id, a time, a count."""
    value = decimal_in(row, key)
    if value != value.to_integral_value():
        raise ValueError(f"{key}: {value} is no whole number")
    return int(value)


def order_number_in(row: Row, key: str) -> VenueOrderId:
    """An order's id where the venue counts them: a whole number above 0."""
    number = integer_in(row, key)
    if number <= 0:
        raise ValueError(f"{key} {number} is none")
    return VenueOrderId(str(number))


def order_code_in(row: Row, key: str) -> VenueOrderId:
    """An order's id of letters and digits, not all of them 0."""
    code = text_in(row, key)
    if not code.isalnum() or not code.strip("0"):
        raise ValueError(f"{key} {code!r} is none")
    return VenueOrderId(code)


def flag_in(row: Row, key: str) -> bool:
    """True or false, as JSON or as text."""
    match row.get(key):
        case True | "true":
            return True
        case False | "false":
            return False
        case _:
            raise ValueError(f"{key} is neither true nor false")


def side_in(row: Row, key: str = "side") -> Side:
    """The direction of an order or a trade; venues differ in its letters' case only."""
    text = text_in(row, key)
    try:
        return Side(text.lower())
    except ValueError:
        raise ValueError(f"{key} {text!r} is not known") from None


def same_market(row: Row, key: str, market_id: str) -> None:
    """Refuse an answer about another market than the one asked for."""
    if row[key] != market_id:
        raise ValueError("the answer is about another market")


def _kind(body: object) -> str:
    return "nothing" if body is None else type(body).__name__
