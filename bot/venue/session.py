"""The HTTP session that ccxt sends through: a request goes once, to the host that it was addressed to (R20)."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
from yarl import URL


class OnceSession:
    """Takes the place of ccxt's own aiohttp session.

    aiohttp by itself follows redirects, which would send a signed order again, with the API key, to whatever host the
    answer names; and it repeats a GET, PUT or DELETE whose kept-alive connection was dropped. Neither happens here: a
    redirect is an answer like any other, and a drop is an outcome that is not known.

    Args:
        session: one that leads to a paper exchange; whoever made it closes it. None opens one of our own with the first
            request; it takes no proxies from the environment and keeps no cookies.
        cafile: certificate authorities that a session of our own trusts, a PEM file.
    """

    def __init__(self, session: aiohttp.ClientSession | None, *, cafile: str) -> None:
        self._own = session is None
        self._cafile = cafile
        self._session = session

    @property
    def headers(self) -> Mapping[str, str]:
        """What the session adds to each request; ccxt reads it."""
        return {} if self._session is None else self._session.headers

    def get(self, url: URL, **options: Any) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:  # noqa: ANN401
        """Like `aiohttp.ClientSession.get`."""
        return self._request("GET", url, options)

    def post(self, url: URL, **options: Any) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:  # noqa: ANN401
        """Like `aiohttp.ClientSession.post`."""
        return self._request("POST", url, options)

    def put(self, url: URL, **options: Any) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:  # noqa: ANN401
        """Like `aiohttp.ClientSession.put`."""
        return self._request("PUT", url, options)

    def delete(self, url: URL, **options: Any) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:  # noqa: ANN401
        """Like `aiohttp.ClientSession.delete`."""
        return self._request("DELETE", url, options)

    def ws_connect(self, url: str, **options: Any) -> AbstractAsyncContextManager[aiohttp.ClientWebSocketResponse]:  # noqa: ANN401
        """Like `aiohttp.ClientSession.ws_connect`; a session of our own follows no redirect there either."""
        return self._opened().ws_connect(url, **options)

    async def close(self) -> None:
        """Close what was opened here."""
        if self._own and self._session is not None:
            await self._session.close()

    def _request(
        self, method: str, url: URL, options: dict[str, Any]
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        session = self._opened()
        session._retry_connection = False  # noqa: SLF001 - there is no public switch; aiohttp's own test client does this
        return session.request(method, url, **{**options, "allow_redirects": False})

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            tls = ssl.create_default_context(cafile=self._cafile)
            # A WebSocket handshake has no switch for redirects.
            trace = aiohttp.TraceConfig()
            trace.on_request_redirect.append(_refuse_redirect)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=tls),
                trust_env=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                trace_configs=[trace],
            )
        return self._session


async def _refuse_redirect(*_: object) -> None:
    raise aiohttp.ClientError("a redirect is not followed")
