"""Decimals: read strictly, rounded by name, printed plainly."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation
from typing import Final

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)


def decimal_of(raw: object) -> Decimal:
    """Read a number from the wire or the settings.

    Args:
        raw: a string, an integer or a Decimal. Floats are refused: their digits are not the wire's.

    Raises:
        ValueError: not a number, not finite, or a float.
    """
    if isinstance(raw, bool) or not isinstance(raw, str | int | Decimal):
        raise ValueError(f"{raw!r} is no exact number")  # noqa: TRY004 - one error type for every bad number
    try:
        value = Decimal(raw)
    except InvalidOperation:
        raise ValueError(f"{raw!r} is no number") from None
    if not value.is_finite():
        raise ValueError(f"{raw!r} is not finite")
    return value


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of `step` that is not above `value`; for quantities and buy prices."""
    return (value / step).to_integral_value(rounding=ROUND_FLOOR) * step


def ceil_to(value: Decimal, step: Decimal) -> Decimal:
    """The smallest multiple of `step` that is not below `value`; for sell prices."""
    return (value / step).to_integral_value(rounding=ROUND_CEILING) * step


def plain(value: Decimal) -> str:
    """Digits without an exponent and without trailing zeros: `1.50` is `1.5`, `-0` is `0`."""
    if value == 0:
        return "0"
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
