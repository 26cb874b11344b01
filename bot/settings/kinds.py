"""The kinds of values a settings file holds, each with the words that say what is expected of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final

from pydantic import GetCoreSchemaHandler, SecretStr
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from bot.domain.environment import Environment
from bot.domain.instrument import MarginMode
from bot.domain.numbers import ZERO, decimal_of

AMOUNT_MAX: Final = Decimal(10) ** 15
"""Above this a number is a slip of the keyboard, not money."""
RATE_MAX: Final = Decimal(1_000_000)
"""Coins in one token; no token stands for more."""
DEAD_MAN_MIN_S: Final = 10
"""Venues take no less, and a turn must fit into it."""
PLACES_MAX: Final = 18
"""More decimal places than any venue or chain counts in."""


BARE_MAX: Final = Decimal("0.01")
"""A larger share without its unit may be percent as well as a fraction."""
_SHARE: Final = re.compile(r"(?P<number>[0-9]{1,6}(?:\.[0-9]{1,12})?)(?: ?(?P<unit>%|bp))?")
_UNITS: Final = {"%": Decimal("0.01"), "bp": Decimal("0.0001")}


@dataclass(frozen=True, slots=True)
class Expect:
    """Reads one value strictly, and says in words what it takes.

    Attributes:
        text: completes "expected ...".
        read: returns the value; raises ValueError when the raw value is not what is expected.
    """

    text: str
    read: Callable[[object], object]

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Let pydantic call `read`."""
        return core_schema.no_info_plain_validator_function(self._checked)

    def _checked(self, raw: object) -> object:
        try:
            return self.read(raw)
        except ValueError:
            raise PydanticCustomError("expected", "{text}", {"text": self.text}) from None


def exact(low: Decimal, high: Decimal) -> Callable[[object], Decimal]:
    """A reader of exact numbers from `low` to `high`, both included."""

    def read(raw: object) -> Decimal:
        value = decimal_of(raw)
        exponent = value.as_tuple().exponent
        if not low <= value <= high or (isinstance(exponent, int) and exponent < -PLACES_MAX):
            raise ValueError
        return value

    return read


def _seconds(low: Decimal, high: Decimal) -> Callable[[object], Decimal]:
    within = exact(low, high)
    # A duration may be written 0.5; its shortest digits are what was meant.
    return lambda raw: within(repr(raw) if isinstance(raw, float) else raw)


def _whole(low: int, high: int) -> Callable[[object], int]:
    def read(raw: object) -> int:
        if isinstance(raw, bool) or not isinstance(raw, int | str):
            raise ValueError  # noqa: TRY004 - `Expect` words it
        value = int(raw)
        if not low <= value <= high:
            raise ValueError
        return value

    return read


def _text(pattern: str) -> Callable[[object], str]:
    compiled = re.compile(pattern)

    def read(raw: object) -> str:
        if not isinstance(raw, str) or not compiled.fullmatch(raw):
            raise ValueError
        return raw

    return read


def _flag(raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw in {"true", "false"}:
        return raw == "true"
    raise ValueError


def _secret(raw: object) -> SecretStr:
    if not isinstance(raw, str) or not raw.strip():
        raise ValueError
    return SecretStr(raw)


def choice(kind: type[StrEnum], *, but: Collection[StrEnum] = ()) -> Expect:
    """One of an enum's words, except those that no person may write."""
    words = {word.value: word for word in kind if word not in but}

    def read(raw: object) -> StrEnum:
        if not isinstance(raw, str) or raw not in words:
            raise ValueError
        return words[raw]

    return Expect("one of " + ", ".join(f'"{word}"' for word in words), read)


def _dead_man(raw: object) -> int:
    value = _whole(0, 300)(raw)
    if 0 < value < DEAD_MAN_MIN_S:
        raise ValueError
    return value


def seconds(low: str, high: str) -> Expect:
    """A duration in seconds."""
    return Expect(f"seconds from {low} to {high}", _seconds(Decimal(low), Decimal(high)))


def fraction(low: str, high: str) -> Expect:
    """A fraction; 0.005 is half a percent."""
    return Expect(
        f'a number from {low} to {high}, as a string ("{high}") or an integer', exact(Decimal(low), Decimal(high))
    )


def share(low: str, high: str) -> Expect:
    """A share of money whose unit must be plain: percent, basis points, or a fraction too small to mean percent."""
    within = exact(Decimal(low), Decimal(high))

    def read(raw: object) -> Decimal:
        found = _SHARE.fullmatch(raw) if isinstance(raw, str) else None
        if found is None:
            raise ValueError
        value = (
            within(found["number"]) if not found["unit"] else within(Decimal(found["number"]) * _UNITS[found["unit"]])
        )
        if not found["unit"] and value > BARE_MAX:
            raise ValueError
        return value

    most = f"{Decimal(high) * 100:f}".rstrip("0").rstrip(".")
    return Expect(
        f'a share up to {most} %, as text with its unit, "0.1 %" or "10 bp", or as a plain fraction of at most '
        f'{BARE_MAX} ("0.001" is 0.1 %)',
        read,
    )


def whole(low: int, high: int) -> Expect:
    """A whole number."""
    return Expect(f"a whole number from {low} to {high}", _whole(low, high))


Amount = Annotated[
    Decimal, Expect('an amount of 0 or more, as a string such as "20.5" or an integer', exact(ZERO, AMOUNT_MAX))
]
PositiveAmount = Annotated[
    Decimal,
    Expect(
        'an amount above 0, as a string such as "20.5" or an integer', exact(Decimal(1).scaleb(-PLACES_MAX), AMOUNT_MAX)
    ),
]
Flag = Annotated[bool, Expect("true or false", _flag)]
Secret = Annotated[SecretStr, Expect("a text that is not empty", _secret)]
FilePath = Annotated[str, Expect("a path that is not empty", _text(r"[^\x00]+"))]
VenueWord = Annotated[
    str, Expect("a name of small letters, digits and single underscores", _text(r"[a-z][a-z0-9]*(_[a-z0-9]+)*"))
]
HedgeWord = Annotated[
    str, Expect("a name of 1 to 64 printable characters", _text(r"[^\x00-\x20]([^\x00-\x1f]{0,62}\S)?"))
]
AssetWord = Annotated[str, Expect('a coin in capitals, such as "BTC"', _text(r"[^\sa-z/:]{1,32}"))]
SymbolWord = Annotated[
    str,
    Expect('a perpetual as ccxt names it, such as "BTC/USDT:USDT"', _text(r"[^\s/:]+/[^\s/:]+:[^\s/:-]+")),
]
SpotSymbolWord = Annotated[
    str, Expect('a spot market as ccxt names it, such as "BTC/USDT"', _text(r"[^\s/:]+/[^\s/:]+"))
]
ExchangeWord = Annotated[str, Expect('an exchange as ccxt names it, such as "binance"', _text(r"\S+"))]
EnvironmentWord = Annotated[Environment, choice(Environment)]
MarginModeWord = Annotated[MarginMode, choice(MarginMode)]
WebAddress = Annotated[
    str,
    Expect('an address that begins with "https://"', _text(r"https://[^\s/?#@]+(/[^\s#]*)?(\?[^\s#]*)?")),
]
JsonPath = Annotated[
    str,
    Expect('names and list positions joined by dots, such as "data.0.free"', _text(r"[^\s.]+(\.[^\s.]+)*")),
]
DEAD_MAN: Final = Expect("0 (off), or whole seconds from 10 to 300", _dead_man)
RATE: Final = Expect(
    'a rate above 0 and up to 1000000, as a string such as "1.0834" or an integer',
    exact(Decimal(1).scaleb(-PLACES_MAX), RATE_MAX),
)
"""Coins in one token."""
