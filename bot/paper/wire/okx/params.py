"""The parameters of one request: the query of a GET, the JSON body of a POST, or one object of a list of them."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Final
from urllib.parse import parse_qsl

from bot.paper.wire.okx import errors

_NUMBER: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")
_INTEGER: Final = re.compile(r"[0-9]{1,20}")
CLIENT_ID: Final = re.compile(r"[A-Za-z0-9]{1,32}")


class Params:
    """Parameters by name. An empty one counts as not sent; numbers and booleans may come as JSON or as text.

    Objects are not read: they belong to attached orders, which are not served.

    Args:
        values: names and values as they were decoded.
    """

    def __init__(self, values: Mapping[str, object]) -> None:
        self._lists = {name: value for name, value in values.items() if isinstance(value, list)}
        self._values = {
            name: _text(name, value)
            for name, value in values.items()
            if not isinstance(value, list | dict) and value not in {None, ""}
        }

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str, among: Collection[str] | None = None) -> str | None:
        """The value, or None when it was not sent.

        Raises:
            ApiError: 51000 not one of `among`.
        """
        value = self._values.get(name)
        if value is not None and among is not None and value not in among:
            raise errors.parameter(name)
        return value

    def need(self, name: str, among: Collection[str] | None = None) -> str:
        """The value of a mandatory parameter.

        Raises:
            ApiError: 50014 missing; 51000 not one of `among`.
        """
        value = self.text(name, among)
        if value is None:
            raise errors.empty(name)
        return value

    def number(self, name: str) -> Decimal | None:
        """A non-negative decimal number.

        Raises:
            ApiError: 51000 not one.
        """
        value = self._values.get(name)
        if value is not None and _NUMBER.fullmatch(value) is None:
            raise errors.parameter(name)
        return None if value is None else Decimal(value)

    def need_number(self, name: str) -> Decimal:
        """A mandatory non-negative decimal number.

        Raises:
            ApiError: 50014 missing; 51000 not one.
        """
        value = self.number(name)
        if value is None:
            raise errors.empty(name)
        return value

    def integer(self, name: str) -> int | None:
        """A non-negative integer, such as a time in milliseconds or an id.

        Raises:
            ApiError: 51000 not one.
        """
        value = self._values.get(name)
        if value is not None and _INTEGER.fullmatch(value) is None:
            raise errors.parameter(name)
        return None if value is None else int(value)

    def limit(self, highest: int = 100, default: int | None = None) -> int:
        """How many rows are wanted, at least one and never more than `highest`, which is the default."""
        value = self.integer("limit")
        return (default or highest) if value is None else max(1, min(value, highest))

    def flag(self, name: str) -> bool:
        """`true` or `false`, in JSON or as text.

        Raises:
            ApiError: 51000 neither.
        """
        return self.text(name, {"true", "false"}) == "true"

    def client_id(self, name: str = "clOrdId") -> str:
        """A client's id: 1 to 32 letters and digits; empty when none was sent.

        Raises:
            ApiError: 51000 anything else.
        """
        value = self._values.get(name, "")
        if value and CLIENT_ID.fullmatch(value) is None:
            raise errors.parameter(name)
        return value

    def rows(self, name: str) -> list[Params]:
        """The objects of a mandatory list.

        Raises:
            ApiError: 50014 missing or empty; 51000 not a list of objects.
        """
        rows = self._lists.get(name)
        if not rows:
            raise errors.empty(name)
        if not all(isinstance(row, dict) for row in rows):
            raise errors.parameter(name)
        return [Params(row) for row in rows]


def _text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | Decimal):
        return f"{value}"
    raise errors.parameter(name)


def of_query(query: str) -> Params:
    """The parameters of a GET, percent-decoded."""
    return Params(dict(parse_qsl(query)))


def of_body(body: bytes) -> list[Params]:
    """The objects of a POST's JSON body: one, or those of a list.

    Raises:
        ApiError: 50002 no JSON, or neither an object nor a list of objects.
    """
    if not body:
        return [Params({})]
    try:
        # Numbers keep their digits; a float would lose some.
        read = json.loads(body, parse_float=Decimal)
    except ValueError:
        raise errors.bad_json() from None
    rows = read if isinstance(read, list) else [read]
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise errors.bad_json()
    return [Params(row) for row in rows]
