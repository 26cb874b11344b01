"""JSON as KuCoin writes it: `{"code": "200000", "data": ...}`, and numbers with the very digits they have."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from json.encoder import encode_basestring_ascii
from typing import Final

from bot.domain.numbers import plain
from bot.paper.wire.http import Response

SUCCESS: Final = "200000"
JSON_TYPE: Final = {"Content-Type": "application/json"}


def wire_json(value: object) -> str:
    """`value` as JSON without blanks; a `Decimal` becomes a number with all its digits.

    The futures side of KuCoin writes money as JSON numbers. A float would print other digits than the exchange has.

    Raises:
        TypeError: something JSON does not know, a float among it.
    """
    if isinstance(value, str):
        return encode_basestring_ascii(value)
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, Mapping):
        members = (f"{encode_basestring_ascii(str(key))}:{wire_json(item)}" for key, item in value.items())
        return "{" + ",".join(members) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(wire_json(item) for item in value) + "]"
    if value is None or isinstance(value, int):
        return json.dumps(value)
    raise TypeError(f"{value!r} is not written on KuCoin's wire")


def success(data: object, headers: Mapping[str, str]) -> Response:
    """The answer to a request that KuCoin carried out."""
    return respond({"code": SUCCESS, "data": data}, 200, headers)


def respond(body: object, status: int, headers: Mapping[str, str]) -> Response:
    """A JSON answer."""
    return Response(status=status, headers={**JSON_TYPE, **headers}, body=wire_json(body).encode())
