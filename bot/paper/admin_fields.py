"""The named values of one administrative command, read from JSON. No fraction is taken for money.

Each reader raises ValueError saying what was expected.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final, TypeVar

from bot.domain.numbers import decimal_of

_ASSET: Final = re.compile(r"[A-Z0-9]{1,20}")
_LARGEST: Final = Decimal(10) ** 15
_NOTICE_MAX_S: Final = 366 * 86_400
_DAY_S: Final = 86_400
_Option = TypeVar("_Option", bound=str)
_METHODS: Final = frozenset({"GET", "POST", "PUT", "DELETE", "PATCH"})


class _Fraction(float):
    """A JSON number with a point or an exponent: good for seconds, not for money."""


class Fields:
    """The named values of one command; each reader raises ValueError saying what was expected."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values

    def text(self, name: str) -> str:
        """Some text."""
        value = self._values.get(name)
        if not isinstance(value, str) or not value:
            raise ValueError(f"{name}: expected text, got {shown(value)}")
        return value

    def choice(self, name: str, options: Iterable[_Option]) -> _Option:
        """One of the options."""
        value = self._values.get(name)
        known = {str(option): option for option in options}
        if not isinstance(value, str) or value not in known:
            raise ValueError(f"{name}: expected one of {', '.join(known)}; got {shown(value)}")
        return known[value]

    def asset(self) -> str:
        """A coin's name."""
        value = self.text("asset")
        if not _ASSET.fullmatch(value):
            raise ValueError(f'asset: expected a coin in capitals such as "BTC", got {shown(value)}')
        return value

    def number(self, name: str) -> Decimal:
        """An exact number."""
        value = self._values.get(name)
        try:
            number = decimal_of(value)
        except ValueError:
            raise ValueError(f'{name}: expected a number as a string such as "0.5", got {shown(value)}') from None
        if abs(number) >= _LARGEST:
            raise ValueError(f"{name}: expected less than {_LARGEST:f}, got {shown(value)}")
        return number

    def count(self) -> int | None:
        """A whole number from 1; None when it is not given."""
        value = self._values.get("count")
        if value is None:
            return None
        if isinstance(value, str) and value.isascii() and value.isdigit():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"count: expected a whole number from 1, got {shown(value)}")
        return value

    def notice(self) -> int | None:
        """Whole seconds of notice, at most a year; None when they are not given."""
        value = self._values.get("notice_s")
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _NOTICE_MAX_S:
            raise ValueError(f"notice_s: expected whole seconds from 0 to {_NOTICE_MAX_S}, got {shown(value)}")
        return value

    def json(self, name: str) -> object:
        """Any JSON value, as it was given."""
        return self._values.get(name)

    def given(self, name: str) -> bool:
        """Whether it is named at all, null included."""
        return name in self._values

    def has(self, name: str) -> bool:
        """Whether it is given and not null."""
        return self._values.get(name) is not None

    def seconds(self, name: str, *, negative: bool = False) -> float:
        """Seconds, at most a day; 0 when they are not given."""
        value = self._values.get(name, 0)
        try:
            seconds = value if isinstance(value, _Fraction) else float(decimal_of(value))
        except (ValueError, OverflowError):
            raise ValueError(f"{name}: expected seconds, got {shown(value)}") from None
        if not math.isfinite(seconds) or abs(seconds) > _DAY_S or (seconds < 0 and not negative):
            expected = f"-{_DAY_S} to {_DAY_S}" if negative else f"0 to {_DAY_S}"
            raise ValueError(f"{name}: expected seconds from {expected}, got {shown(value)}")
        return seconds

    def method(self) -> str | None:
        """An HTTP method in capitals; None when it is not given."""
        value = self._values.get("method")
        if value is None:
            return None
        if not isinstance(value, str) or value.upper() not in _METHODS:
            raise ValueError(f"method: expected one of {', '.join(sorted(_METHODS))} or none, got {shown(value)}")
        return value.upper()


def shown(value: object) -> str:
    """A value as a message shows it."""
    if value is None:
        return "nothing"
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:60]}..."


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def parsed(body: bytes, known: frozenset[str]) -> Fields:
    """The values of a command's body; `known` are the names that it may have. Raises ValueError."""
    try:
        values = json.loads(body or b"{}", parse_float=_Fraction, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"body: expected a JSON object, got something else ({error})") from None
    if not isinstance(values, dict):
        raise ValueError(f"body: expected a JSON object, got {shown(values)}")  # noqa: TRY004 - answered with 400
    if unknown := sorted(set(values) - known):
        expected = ", ".join(sorted(known)) or "no fields"
        raise ValueError(f"{', '.join(unknown)}: not known here; expected {expected}")
    return Fields(values)
