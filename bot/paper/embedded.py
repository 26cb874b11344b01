"""A served paper world inside our own process: real TLS sockets, for `--paper`, `paper` and the demo."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.paper.server import LISTEN_HOST, serving
from bot.paper.tls import temporary_certificates
from bot.paper.world import World, default_world


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedPaper:
    """Where a served world is reached, and the world itself.

    Attributes:
        host: always `127.0.0.1`.
        port: TLS, every venue's hosts.
        ca: the file with the only CA to trust; gone when the context ends.
        admin_url: `http://127.0.0.1:PORT`.
    """

    host: str
    port: int
    ca: Path
    admin_url: str
    world: World


@asynccontextmanager
async def serve_paper(
    *, time_ms: Callable[[], int], port: int = 0, admin_port: int = 0, world: World | None = None
) -> AsyncIterator[ServedPaper]:
    """Serve a paper world until the context ends.

    Args:
        time_ms: wall time, milliseconds since 1970; clients sign with theirs.
        port: where the venues are served; 0 picks a free port.
        admin_port: where the admin interface is served; 0 picks a free port.
        world: what to serve; the default world when None.

    Raises:
        PortTaken: one of the ports can't be listened on.
    """
    served = world or default_world(time_ms)
    with temporary_certificates(time_ms()) as certificates:
        async with serving(served, certificates=certificates.server, port=port, admin_port=admin_port) as (
            listen,
            control,
        ):
            yield ServedPaper(
                host=LISTEN_HOST,
                port=listen,
                ca=certificates.ca_file,
                admin_url=f"http://{LISTEN_HOST}:{control}",
                world=served,
            )
