"""Who asks: API key, timestamp, passphrase and signature.

The signature is the base64 HMAC-SHA256, with the key's secret, of timestamp + method + path with query + body; the
passphrase of key version 2 is signed in the same way.

Source: https://www.kucoin.com/docs-new/authentication (read 2025-11).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import Final

from bot.paper.wire.http import Request
from bot.paper.wire.kucoin import errors

SECRET: Final = b"paper"
PASSPHRASE: Final = "paper"
KEY_PREFIX: Final = "paper"
LATEST_MS: Final = 5000
"""How far a timestamp may lie from the server's time, either way."""
_KEY = re.compile(r"[A-Za-z0-9_-]{1,128}")
_SIGNED_VERSIONS: Final = frozenset({"2", "3"})


def verify(request: Request) -> str:
    """Check all of it.

    Returns:
        The API key, which names the account.

    Raises:
        ApiError: 400001 a header is missing; 400003 no paper account; 400002 the timestamp; 400004 the passphrase;
            400005 the signature.
    """
    key, sent, stamp, passphrase = (
        request.header(f"KC-API-{name}") for name in ("KEY", "SIGN", "TIMESTAMP", "PASSPHRASE")
    )
    if not key or not sent or not stamp or not passphrase:
        raise errors.headers_missing()
    if not stamp.isascii() or not stamp.isdecimal() or abs(request.now_ms - int(stamp)) > LATEST_MS:
        raise errors.bad_timestamp()
    if _KEY.fullmatch(key) is None or not key.startswith(KEY_PREFIX):
        raise errors.unknown_key()
    version = request.header("KC-API-KEY-VERSION")
    if version not in _SIGNED_VERSIONS or not hmac.compare_digest(sign(PASSPHRASE).encode(), passphrase.encode()):
        raise errors.bad_passphrase()
    if not hmac.compare_digest(sign(_payload(request, stamp)).encode(), sent.encode()):
        raise errors.bad_signature()
    return key


def sign(payload: str) -> str:
    """The signature that belongs to `payload`."""
    return base64.b64encode(hmac.new(SECRET, payload.encode(), hashlib.sha256).digest()).decode()


def _payload(request: Request, stamp: str) -> str:
    target = f"{request.path}?{request.query}" if request.query else request.path
    return f"{stamp}{request.method}{target}{request.body.decode('utf-8', errors='replace')}"
