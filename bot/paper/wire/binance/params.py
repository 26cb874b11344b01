"""The parameters of one request: query and form body together, read strictly."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Final
from urllib.parse import parse_qsl

from bot.paper.wire.binance import errors
from bot.paper.wire.http import Request

DECIMAL_PATTERN: Final = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
INTEGER_PATTERN: Final = "^[0-9]{1,20}$"
CLIENT_ID_PATTERN: Final = r"^[\.A-Z\:/a-z0-9_-]{1,36}$"


class Params:
    """Parameters by name; where query and body both have one, the query's counts.

    Args:
        values: decoded names and values.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    @classmethod
    def of(cls, request: Request) -> Params:
        """The parameters of `request`, percent-decoded."""
        body = request.body.decode("utf-8", errors="replace")
        pairs = parse_qsl(body, keep_blank_values=True)
        pairs += parse_qsl(request.query, keep_blank_values=True)
        return cls(dict(pairs))

    def __contains__(self, name: str) -> bool:
        return name in self._values

    @property
    def names(self) -> Collection[str]:
        """The names that were sent."""
        return self._values.keys()

    def text(self, name: str, pattern: str | None = None) -> str | None:
        """The value, or None when it was not sent.

        Raises:
            ApiError: -1105 sent but empty; -1100 does not match `pattern`.
        """
        value = self._values.get(name)
        if value is None:
            return None
        if not value:
            raise errors.empty(name)
        if pattern is not None and re.fullmatch(pattern, value) is None:
            raise errors.illegal(name, pattern)
        return value

    def need(self, name: str, pattern: str | None = None) -> str:
        """The value of a mandatory parameter.

        Raises:
            ApiError: -1102 missing; else as `text`.
        """
        if not self._values.get(name):
            raise errors.missing(name)
        value = self.text(name, pattern)
        assert value is not None
        return value

    def number(self, name: str) -> Decimal | None:
        """A non-negative decimal number."""
        value = self.text(name, DECIMAL_PATTERN)
        return None if value is None else Decimal(value)

    def need_number(self, name: str) -> Decimal:
        """A mandatory non-negative decimal number."""
        return Decimal(self.need(name, DECIMAL_PATTERN))

    def integer(self, name: str) -> int | None:
        """A non-negative integer."""
        value = self.text(name, INTEGER_PATTERN)
        return None if value is None else int(value)

    def limit(self, default: int, highest: int, name: str = "limit") -> int:
        """How many rows are wanted, never more than `highest`."""
        value = self.integer(name)
        return default if value is None else min(value, highest)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """`true` or `false` in any case."""
        value = self.text(name)
        if value is None:
            return default
        if value.lower() not in {"true", "false"}:
            raise errors.illegal(name, "^(true|false)$")
        return value.lower() == "true"
