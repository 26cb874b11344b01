"""What a façade takes and gives: one HTTP request, one HTTP response, without any socket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, exactly as it came over the wire.

    Args:
        method: upper case, e.g. `GET`.
        host: lower case, without a port, e.g. `fapi.binance.com`.
        path: starts with `/`, without the query.
        query: the raw query string without `?`, still percent-encoded: signatures cover these very characters.
        headers: names in any case; see `header`.
        body: the raw bytes; empty when there is none.
        now_ms: the venue's time when the request arrives, milliseconds since 1970.
        client: who asks; rate limits that count by address count by this.
        skew_ms: how far `now_ms` is ahead of the true time; a venue whose clock is wrong counts requests as they come.
    """

    method: str
    host: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    now_ms: int
    client: str = "127.0.0.1"
    skew_ms: int = 0

    @property
    def arrived_ms(self) -> int:
        """When the request arrives, by a clock that nobody puts right."""
        return self.now_ms - self.skew_ms

    def skewed(self, ms: int) -> Request:
        """The same request at a venue whose clock is so far ahead (behind, if negative)."""
        return replace(self, now_ms=self.now_ms + ms, skew_ms=self.skew_ms + ms)

    def header(self, name: str) -> str | None:
        """The header of that name in any case, or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers.items() if key.lower() == wanted), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One answer; `headers` contain `Content-Type`, never `Content-Length` (the shell's business)."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
