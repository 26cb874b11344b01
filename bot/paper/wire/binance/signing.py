"""Who asks: API key, receive window and signature.

The signature is the hex HMAC-SHA256 of the query string concatenated with the body, both exactly as sent, without the
signature itself.

Source: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/request-security (read 2025-11).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Final

from bot.paper.wire.binance import errors
from bot.paper.wire.binance.params import INTEGER_PATTERN, Params
from bot.paper.wire.http import Request

SECRET: Final = b"paper"
KEY_PREFIX: Final = "paper"
DEFAULT_WINDOW_MS: Final = 5000
LONGEST_WINDOW_MS: Final = 60000
EARLY_MS: Final = 1000
_KEY = re.compile(r"[A-Za-z0-9_-]{1,128}")
_SIGNATURE = re.compile(r"(?:^|&)signature=([^&]*)")


def api_key(request: Request) -> str:
    """The key of the account that asks.

    Raises:
        ApiError: -2014 no key or a malformed one; -2015 not a paper account.
    """
    return known_key(request.header("X-MBX-APIKEY"))


def known_key(key: str | None) -> str:
    """The same key when an account has it. Raises as `api_key`."""
    if key is None or _KEY.fullmatch(key) is None:
        raise errors.malformed_key()
    if not key.startswith(KEY_PREFIX):
        raise errors.unknown_key()
    return key


def verify(request: Request, params: Params) -> None:
    """Check window and signature of a signed request.

    Raises:
        ApiError: -1102 no timestamp or signature; -1131, -1021 the window; -1022 the signature.
    """
    check_window(params, request.now_ms)
    sent = params.need("signature")
    if not hmac.compare_digest(sign(_unsigned(request)).encode(), sent.encode()):
        raise errors.bad_signature()


def check_window(params: Params, now_ms: int) -> None:
    """Whether a request signed at `timestamp` may still be taken.

    Raises:
        ApiError: -1102 no timestamp; -1131 the window is too long; -1021 outside of it.
    """
    timestamp = int(params.need("timestamp", INTEGER_PATTERN))
    window = params.integer("recvWindow")
    if window is None:
        window = DEFAULT_WINDOW_MS
    if window > LONGEST_WINDOW_MS:
        raise errors.window_too_long()
    if timestamp > now_ms + EARLY_MS:
        raise errors.too_early()
    if now_ms - timestamp > window:
        raise errors.too_late()


def sign(payload: str) -> str:
    """The signature that belongs to `payload`."""
    return hmac.new(SECRET, payload.encode(), hashlib.sha256).hexdigest()


def _unsigned(request: Request) -> str:
    body = request.body.decode("utf-8", errors="replace")
    return _without_signature(request.query) + _without_signature(body)


def _without_signature(text: str) -> str:
    return _SIGNATURE.sub("", text, count=1).removeprefix("&")
