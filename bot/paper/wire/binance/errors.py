"""Binance's error body, `{"code": -1121, "msg": "Invalid symbol."}`, and the errors of the request itself.

Source: https://developers.binance.com/docs/binance-spot-api-docs/errors and
https://developers.binance.com/docs/derivatives/usds-margined-futures/error-code (read 2025-11).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from bot.paper.wire.http import Response

JSON_TYPE: Final = {"Content-Type": "application/json;charset=UTF-8"}


class ApiError(Exception):
    """An answer that is an error.

    Args:
        code: Binance's number, negative.
        msg: Binance's text; ccxt and others match on its exact words.
        status: the HTTP status.
        headers: more headers, e.g. `Retry-After`.
        data: the `data` member that a failed cancel-replace carries.
    """

    def __init__(
        self,
        code: int,
        msg: str,
        *,
        status: int = 400,
        headers: Mapping[str, str] | None = None,
        data: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(f"{status} {code} {msg}")
        self.code = code
        self.msg = msg
        self.status = status
        self.headers = headers or {}
        self.data = data

    def response(self, headers: Mapping[str, str] | None = None) -> Response:
        """The error as it goes over the wire, with more headers if any."""
        body: dict[str, object] = {"code": self.code, "msg": self.msg}
        if self.data is not None:
            body["data"] = self.data
        return json_response(body, status=self.status, headers={**(headers or {}), **self.headers})


def json_response(body: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer without blanks, as Binance writes it."""
    text = json.dumps(body, separators=(",", ":"))
    return Response(status=status, headers={**JSON_TYPE, **(headers or {})}, body=text.encode())


def missing(name: str) -> ApiError:
    """A mandatory parameter is not there."""
    return ApiError(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def empty(name: str) -> ApiError:
    """A parameter was sent without a value."""
    return ApiError(-1105, f"Parameter '{name}' was empty.")


def illegal(name: str, legal: str) -> ApiError:
    """A parameter does not match its regular expression."""
    return ApiError(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'.")


def not_required(name: str) -> ApiError:
    """A parameter that does not belong to this kind of request."""
    return ApiError(-1106, f"Parameter '{name}' sent when not required.")


def unread(read: int, sent: int) -> ApiError:
    """Parameters that the endpoint does not know."""
    return ApiError(-1104, f"Not all sent parameters were read; read '{read}' parameter(s) but was sent '{sent}'.")


def invalid_symbol() -> ApiError:
    """No such symbol on this market."""
    return ApiError(-1121, "Invalid symbol.")


def bad_precision_spot(name: str) -> ApiError:
    """More digits than the spot symbol's assets have."""
    return ApiError(-1111, f"Parameter '{name}' has too much precision.")


def bad_precision_futures() -> ApiError:
    """More digits than the contract's precision."""
    return ApiError(-1111, "Precision is over the maximum defined for this asset.")


def bad_combination() -> ApiError:
    """Parameters that do not go together."""
    return ApiError(-1128, "Combination of optional parameters invalid.")


def malformed_key() -> ApiError:
    """No API key, or one that no key looks like."""
    return ApiError(-2014, "API-key format invalid.", status=401)


def unknown_key() -> ApiError:
    """A key that does not exist, may not be used from here, or lacks the permission."""
    return ApiError(-2015, "Invalid API-key, IP, or permissions for action.", status=401)


def bad_signature() -> ApiError:
    """The signature is not the one of these parameters."""
    return ApiError(-1022, "Signature for this request is not valid.")


def too_late() -> ApiError:
    """The request arrived after its receive window."""
    return ApiError(-1021, "Timestamp for this request is outside of the recvWindow.")


def too_early() -> ApiError:
    """The request's timestamp lies in the venue's future."""
    return ApiError(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")


def window_too_long() -> ApiError:
    """A receive window above one minute."""
    return ApiError(-1131, "recvWindow must be less than 60000.")


def unknown_order_query() -> ApiError:
    """The order asked for does not exist."""
    return ApiError(-2013, "Order does not exist.")


def unknown_order_cancel() -> ApiError:
    """The order to cancel does not exist or is finished."""
    return ApiError(-2011, "Unknown order sent.")
