"""Who asks: key, passphrase, time and signature.

The signature is the base64 HMAC-SHA256 of timestamp + method + path with query + body, all exactly as sent. A WebSocket
login signs `GET` and `/users/self/verify` with a timestamp in seconds.

A paper account's key begins with `paper`; its secret and its passphrase are `paper`. Words in the key say what it is:
`withdraw` and `readonly` for its rights, `demo` and `live` for the only environment that takes it.

Source: https://www.okx.com/docs-v5/en/#overview-rest-authentication and #overview-websocket-login (read 2026-06).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import datetime
from enum import Enum
from typing import Final

from bot.paper.wire.http import Request
from bot.paper.wire.okx.errors import ApiError

SECRET: Final = b"paper"
PASSPHRASE: Final = "paper"
KEY_PREFIX: Final = "paper"
LATEST_MS: Final = 30_000
LOGIN_PATH: Final = "/users/self/verify"
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_TIMESTAMP: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")


class Right(Enum):
    """What an endpoint asks of a key."""

    PUBLIC = "public"
    READ = "read_only"
    TRADE = "trade"


def rights(key: str) -> list[str]:
    """What a key may do, as `account/config` lists it."""
    if "readonly" in key:
        return ["read_only"]
    return ["read_only", "withdraw", "trade"] if "withdraw" in key else ["read_only", "trade"]


def is_demo(request: Request) -> bool:
    """Whether the request asks for simulated trading."""
    return request.header("x-simulated-trading") == "1"


def verify(request: Request, right: Right) -> str:
    """Check who asks. Returns the key.

    Raises:
        ApiError: 50103, 50104, 50106, 50107 a header is missing; 50111 no key at all; 50119 no such key; 50101 a key of
            the other environment; 50105 the passphrase; 50112, 50102 the time; 50113 the signature; 50120 a right that
            the key has not.
    """
    key = _header(request, "OK-ACCESS-KEY", "50103")
    passphrase = _header(request, "OK-ACCESS-PASSPHRASE", "50104")
    signature = _header(request, "OK-ACCESS-SIGN", "50106")
    timestamp = _header(request, "OK-ACCESS-TIMESTAMP", "50107")
    check_key(key, passphrase, demo=is_demo(request))
    if abs(request.now_ms - _time_ms(timestamp)) > LATEST_MS:
        raise ApiError("50102", "Timestamp request expired.", status=401)
    query = f"?{request.query}" if request.query else ""
    body = request.body.decode("utf-8", errors="replace")
    check_signature(f"{timestamp}{request.method}{request.path}{query}{body}", signature)
    if right.value not in rights(key):
        raise ApiError("50120", "This API key doesn't have permission to use this function")
    return key


def check_key(key: str, passphrase: str, *, demo: bool) -> None:
    """Whether there is such a key, here, with this passphrase.

    Raises:
        ApiError: 50111, 50119, 50101, 50105.
    """
    if _KEY.fullmatch(key) is None:
        raise ApiError("50111", "Invalid OK-ACCESS-KEY.", status=401)
    if not key.startswith(KEY_PREFIX):
        raise ApiError("50119", "API key doesn't exist")
    if ("live" if demo else "demo") in key:
        raise ApiError("50101", "APIKey does not match current environment.", status=401)
    if passphrase != PASSPHRASE:
        raise ApiError("50105", 'Request header "OK-ACCESS-PASSPHRASE" incorrect.', status=401)


def check_signature(payload: str, signature: str) -> None:
    """Whether the signature belongs to the payload.

    Raises:
        ApiError: 50113.
    """
    if not hmac.compare_digest(sign(payload).encode(), signature.encode()):
        raise ApiError("50113", "Invalid signature.", status=401)


def sign(payload: str) -> str:
    """The signature that belongs to `payload`."""
    return base64.b64encode(hmac.new(SECRET, payload.encode(), hashlib.sha256).digest()).decode()


def _header(request: Request, name: str, code: str) -> str:
    value = request.header(name)
    if not value:
        raise ApiError(code, f'Request header "{name}" cannot be empty.', status=401)
    return value


def _time_ms(timestamp: str) -> int:
    invalid = ApiError("50112", "Invalid OK-ACCESS-TIMESTAMP.", status=401)
    if _TIMESTAMP.fullmatch(timestamp) is None:
        raise invalid
    try:
        at = datetime.fromisoformat(timestamp)
    except ValueError:
        raise invalid from None
    return int(at.timestamp()) * 1000 + at.microsecond // 1000
