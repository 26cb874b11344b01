"""How OKX writes numbers: as JSON strings, without an exponent and without trailing zeros."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_DOWN, Decimal
from typing import Final

from bot.domain.numbers import plain

PLACES: Final = Decimal("1e-12")
"""The finest digit of computed figures; booked amounts have eight places and pass unchanged."""


def text(value: Decimal) -> str:
    """`value` in plain digits, never more of it than there is."""
    return plain(value.quantize(PLACES, rounding=ROUND_DOWN))


def money(value: Decimal) -> str:
    """An amount of a coin with the eight places in which everything is booked."""
    return plain(value.quantize(Decimal("1e-8"), rounding=ROUND_DOWN))


def or_empty(value: Decimal | None) -> str:
    """`value` in plain digits; empty when there is none, and for 0."""
    return text(value) if value else ""


def blanks(*names: str) -> Mapping[str, str]:
    """Members that OKX sends empty, because they belong to products or modes that are not in use."""
    return dict.fromkeys(names, "")


def truth(value: bool) -> str:  # noqa: FBT001 - the value itself
    """A boolean of order rows, which OKX writes as text."""
    return "true" if value else "false"
