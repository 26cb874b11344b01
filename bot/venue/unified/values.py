"""ccxt's values: numbers as text, as Decimal, as float or not at all."""

from __future__ import annotations

from decimal import Decimal

from bot.domain.numbers import decimal_of
from bot.venue.shapes import Row, row_of


def exact(value: object) -> Decimal:
    """A number; of a float its shortest digits, which are the wire's for up to 15 of them. Raises ValueError."""
    return decimal_of(repr(value) if isinstance(value, float) else value)


def number_in(row: Row, key: str) -> Decimal:
    """A number that must be there. Raises ValueError."""
    try:
        return exact(row.get(key))
    except ValueError as fault:
        raise ValueError(f"{key}: {fault}") from None


def told_in(row: Row, key: str) -> Decimal | None:
    """A number, or None where it is not told. Raises ValueError for what is none."""
    return None if row.get(key) in {None, ""} else number_in(row, key)


def above_0_in(row: Row, key: str) -> Decimal:
    """A number that must be there and above 0. Raises ValueError."""
    value = number_in(row, key)
    if value <= 0:
        raise ValueError(f"{key}: {value} is not above 0")
    return value


def price_in(row: Row, key: str) -> Decimal | None:
    """A price, None where it is not told or 0. Raises ValueError, as for one below 0."""
    price = told_in(row, key) or None
    if price is not None and price < 0:
        raise ValueError(f"{key}: {price} is below 0")
    return price


def info_in(body: object, *keys: str) -> Row:
    """An object of ccxt's with the raw answer in it, which must not be empty. Raises ValueError."""
    row = row_of(body, "info", *keys)
    if not isinstance(row["info"], dict | list) or not row["info"]:
        raise ValueError("the answer is empty")
    return row
