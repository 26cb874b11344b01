"""The parameters of one request: path, query and JSON body together, read strictly."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final
from urllib.parse import parse_qsl

from bot.paper.wire.http import Request
from bot.paper.wire.kucoin.errors import bad_parameter

_NUMBER: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")
_INTEGER: Final = re.compile(r"[0-9]{1,20}")
_CLIENT_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")


class Params:
    """Parameters by name. Numbers may come as JSON numbers or as text, as KuCoin takes both.

    Args:
        values: names and values as JSON has them; numbers with a fraction are `Decimal`.
        items: the body, where it is a list.
    """

    def __init__(self, values: Mapping[str, object], items: Sequence[object] = ()) -> None:
        self._values = {name: value for name, value in values.items() if value is not None}
        self.items = items

    @classmethod
    def of(cls, request: Request, path: Mapping[str, str]) -> Params:
        """The parameters of `request`; what the path says counts most.

        Raises:
            ApiError: 400100 the body is no JSON.
        """
        values: dict[str, object] = dict(parse_qsl(request.query, keep_blank_values=True))
        body = _body_of(request)
        items = body if isinstance(body, list) else ()
        if isinstance(body, dict):
            values |= body
        return cls({**values, **path}, items)

    def within(self, value: object) -> Params:
        """The parameters of one item of a list.

        Raises:
            ApiError: 400100 the item is no object.
        """
        if not isinstance(value, dict):
            raise bad_parameter("Parameter Error")
        return Params(value)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def raw(self, name: str) -> object:
        """The value as JSON has it, or None."""
        return self._values.get(name)

    def text(self, name: str) -> str | None:
        """The value as text; None when it was not sent or is empty."""
        value = self._values.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, bool | dict | list):
            raise bad_parameter(f"{name} parameter is invalid")
        return str(value)

    def need(self, name: str) -> str:
        """The text of a mandatory parameter.

        Raises:
            ApiError: 400100 missing.
        """
        value = self.text(name)
        if value is None:
            raise bad_parameter(f"{name} can not be empty")
        return value

    def number(self, name: str) -> Decimal | None:
        """A non-negative decimal number.

        Raises:
            ApiError: 400100 no number.
        """
        value = self.text(name)
        if value is None:
            return None
        if _NUMBER.fullmatch(value) is None:
            raise bad_parameter(f"{name} parameter is invalid")
        return Decimal(value)

    def need_number(self, name: str) -> Decimal:
        """A mandatory non-negative decimal number."""
        self.need(name)
        value = self.number(name)
        assert value is not None
        return value

    def integer(self, name: str) -> int | None:
        """A non-negative integer.

        Raises:
            ApiError: 400100 no integer.
        """
        value = self.text(name)
        if value is None:
            return None
        if _INTEGER.fullmatch(value) is None:
            raise bad_parameter(f"{name} parameter is invalid")
        return int(value)

    def flag(self, name: str) -> bool:
        """A JSON boolean or its text; False when it was not sent.

        Raises:
            ApiError: 400100 neither.
        """
        value = self._values.get(name)
        if value is None or value == "":
            return False
        if isinstance(value, bool):
            return value
        if str(value).lower() not in {"true", "false"}:
            raise bad_parameter(f"{name} parameter is invalid")
        return str(value).lower() == "true"

    def client_id(self, name: str = "clientOid") -> str | None:
        """A client order id: at most 40 letters, digits, `_` and `-`.

        Raises:
            ApiError: 400100 longer, or with other characters.
        """
        value = self.text(name)
        if value is not None and _CLIENT_ID.fullmatch(value) is None:
            raise bad_parameter(f"{name} is invalid: at most 40 characters of [A-Za-z0-9_-]")
        return value


def _body_of(request: Request) -> object:
    if request.method not in {"POST", "DELETE"} or not request.body:
        return {}
    try:
        body: object = json.loads(request.body, parse_float=Decimal)
    except ValueError:
        raise bad_parameter("Parameter Error") from None
    return body
