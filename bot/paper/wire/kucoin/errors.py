"""KuCoin's error body, `{"code": "400100", "msg": "..."}`, and the errors of the request itself.

Refusals of the business come with HTTP 200; only authentication (401), missing rights (403), unknown paths (404) and
rate limits (429) have a status of their own.

Source: https://www.kucoin.com/docs-new/error-code (read 2025-11) and ccxt 4.5.90, `kucoin.describe()["exceptions"]`;
statuses and texts that neither gives are from general knowledge.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.paper.wire.http import Response
from bot.paper.wire.kucoin.body import respond


class ApiError(Exception):
    """An answer that is an error.

    Args:
        code: KuCoin's six digits, as text.
        msg: KuCoin's text; ccxt and others match on its exact words.
        status: the HTTP status.
    """

    def __init__(self, code: str, msg: str, *, status: int = 200) -> None:
        super().__init__(f"{status} {code} {msg}")
        self.code = code
        self.msg = msg
        self.status = status

    def response(self, headers: Mapping[str, str]) -> Response:
        """The error as it goes over the wire."""
        return respond({"code": self.code, "msg": self.msg}, self.status, headers)


def bad_parameter(msg: str) -> ApiError:
    """A parameter that is missing or makes no sense."""
    return ApiError("400100", msg)


def headers_missing() -> ApiError:
    """A private endpoint was asked without the four headers."""
    text = "Please check the header of your request for KC-API-KEY, KC-API-SIGN, KC-API-TIMESTAMP, KC-API-PASSPHRASE"
    return ApiError("400001", text, status=401)


def bad_timestamp() -> ApiError:
    """The timestamp is not within five seconds of the server's time."""
    return ApiError("400002", "Invalid KC-API-TIMESTAMP", status=401)


def unknown_key() -> ApiError:
    """No such API key."""
    return ApiError("400003", "KC-API-KEY not exists", status=401)


def bad_passphrase() -> ApiError:
    """The passphrase is not the key's, or not signed as key version 2 wants it."""
    return ApiError("400004", "Invalid KC-API-PASSPHRASE", status=401)


def bad_signature() -> ApiError:
    """The signature is not the one of this request."""
    return ApiError("400005", "Invalid KC-API-SIGN", status=401)


def no_permission() -> ApiError:
    """The key lacks the right."""
    return ApiError("400007", "Access denied, require more permission.", status=403)


def not_found() -> ApiError:
    """No such path and method on this host."""
    return ApiError("404000", "Url Not Found", status=404)


def too_many_requests() -> ApiError:
    """The pool of weights is used up."""
    return ApiError("429000", "Too many requests. Please retry later.", status=429)


def unknown_spot_symbol() -> ApiError:
    """No such trading pair."""
    return ApiError("900001", "symbol not exists")


def unknown_contract() -> ApiError:
    """No such contract."""
    return ApiError("200003", "The symbol parameter is invalid.")
