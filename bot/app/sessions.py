"""The way to a paper exchange: embedded in this process, or served on this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp

from bot.app.venues import Session
from bot.domain.errors import ConfigFault
from bot.paper.client import local_session
from bot.paper.embedded import serve_paper
from bot.ports import Clock


@asynccontextmanager
async def paper_session(
    *, embedded: bool, paper_at: tuple[str, int] | None, paper_ca: Path | None, clock: Clock
) -> AsyncIterator[Session | None]:
    """The session that leads to the paper exchange asked for; None when none is.

    Args:
        embedded: make one for as long as the session is used.
        paper_at: host and port of a served one, which goes before.
        paper_ca: its certificate authority.
        clock: what an embedded one runs on.

    Raises:
        ConfigFault: the served one can't be reached by what was given.
    """
    async with AsyncExitStack() as stack:
        if paper_at is not None:
            if paper_ca is None:
                raise ConfigFault(
                    "--paper-at needs --paper-ca", hint="give the `ca` file that `hedgebot paper` printed"
                )
            host, port = paper_at
            yield await stack.enter_async_context(_loopback(host, port, paper_ca))
        elif embedded:
            served = await stack.enter_async_context(serve_paper(time_ms=clock.now_ms))
            yield await stack.enter_async_context(_loopback(served.host, served.port, served.ca))
        else:
            yield None


def _loopback(host: str, port: int, ca: Path) -> aiohttp.ClientSession:
    try:
        return local_session(host, port, ca)
    except ValueError as error:
        raise ConfigFault(f"--paper-at {host}:{port}: {error}", hint="the paper exchange is on this machine") from None
    except OSError as error:
        raise ConfigFault(
            f"--paper-ca {ca}: {error.strerror or error}", hint="give the `ca` file that `hedgebot paper` printed"
        ) from None
