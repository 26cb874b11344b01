"""OKX's envelope, `{"code": "0", "msg": "", "data": [...]}`, and the errors of the request itself.

Source: https://www.okx.com/docs-v5/en/#error-code-rest-api (read 2026-06).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from bot.paper.wire.http import Response

JSON_TYPE: Final = {"Content-Type": "application/json"}


class ApiError(Exception):
    """An answer that is an error, or the refusal of one order of several.

    Args:
        code: OKX's number, as text.
        msg: OKX's text.
        status: the HTTP status.
    """

    def __init__(self, code: str, msg: str, *, status: int = 200) -> None:
        super().__init__(f"{status} {code} {msg}")
        self.code = code
        self.msg = msg
        self.status = status

    def response(self) -> Response:
        """The error as it goes over the wire."""
        return json_response(envelope((), code=self.code, msg=self.msg), status=self.status)


def envelope(data: Sequence[object], *, code: str = "0", msg: str = "") -> dict[str, object]:
    """The body around every answer."""
    return {"code": code, "data": list(data), "msg": msg}


def json_response(body: object, *, status: int = 200) -> Response:
    """A JSON answer without blanks, as OKX writes it."""
    return Response(status=status, headers=JSON_TYPE, body=dump(body).encode())


def dump(body: object) -> str:
    """JSON without blanks."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)


def empty(name: str) -> ApiError:
    """A mandatory parameter is not there."""
    return ApiError("50014", f"Parameter {name} can not be empty.", status=400)


def parameter(name: str) -> ApiError:
    """A parameter that is not what it should be."""
    return ApiError("51000", f"Parameter {name} error", status=400)


def bad_json() -> ApiError:
    """A body that is no JSON object, or no list of them."""
    return ApiError("50002", "JSON syntax error", status=400)


def unknown_instrument() -> ApiError:
    """No such instrument."""
    return ApiError("51001", "Instrument ID, Instrument ID code or Spread ID doesn't exist.")


def unknown_order() -> ApiError:
    """The order asked for does not exist, or was forgotten."""
    return ApiError("51603", "Order does not exist.")


def account_mode() -> ApiError:
    """The account mode does not allow it: perpetuals in spot mode."""
    return ApiError("51010", "Request unsupported under current account mode")


def not_in_demo() -> ApiError:
    """Some products are not there in simulated trading."""
    return ApiError("50038", "This feature is unavailable in demo trading")


def too_many() -> ApiError:
    """Past the endpoint's rate limit."""
    return ApiError("50011", "Too Many Requests", status=429)


def not_found() -> Response:
    """No such path."""
    return json_response({"msg": "Not Found", "code": "404", "data": {}}, status=404)
