"""From a method, a host and a path to an endpoint; paths may carry parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import unquote

from bot.paper.wire.kucoin.endpoint import Endpoint, Side


class Routes:
    """A table of endpoints.

    Args:
        endpoints: all of them. A path spelled out counts before one with parameters.
    """

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._exact: dict[tuple[str, Side, str], Endpoint] = {}
        self._open: dict[tuple[str, Side, int], list[tuple[tuple[str, ...], Endpoint]]] = {}
        for endpoint in endpoints:
            if "{" not in endpoint.path:
                self._exact[endpoint.method, endpoint.side, endpoint.path] = endpoint
                continue
            parts = tuple(endpoint.path.split("/"))
            self._open.setdefault((endpoint.method, endpoint.side, len(parts)), []).append((parts, endpoint))

    def find(self, method: str, side: Side, path: str) -> tuple[Endpoint, Mapping[str, str]] | None:
        """The endpoint and the parameters of its path; None when there is none."""
        exact = self._exact.get((method, side, path))
        if exact is not None:
            return exact, {}
        given = path.split("/")
        for parts, endpoint in self._open.get((method, side, len(given)), ()):
            found = _fit(parts, given)
            if found is not None:
                return endpoint, found
        return None


def _fit(parts: tuple[str, ...], given: list[str]) -> dict[str, str] | None:
    found: dict[str, str] = {}
    for part, text in zip(parts, given, strict=True):
        if part.startswith("{") and text:
            found[part.strip("{}")] = unquote(text)
        elif part != text:
            return None
    return found
