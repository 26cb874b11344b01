"""`hedgebot paper`: serve the paper exchanges until stopped."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import Annotated, Final

import typer

from bot.cli.errors import EXIT_INTERRUPTED, report
from bot.domain.errors import ConfigFault
from bot.paper.embedded import serve_paper
from bot.paper.server import LISTEN_HOST, PortTaken
from bot.runtime.clock import SystemClock

EXIT_BY_SIGNAL: Final = {signal.SIGTERM: 0, signal.SIGINT: EXIT_INTERRUPTED}


async def _serve_until_signal(port: int, admin_port: int) -> int:
    loop = asyncio.get_running_loop()
    stopped_by: asyncio.Future[int] = loop.create_future()

    def stop(code: int) -> None:
        if not stopped_by.done():
            stopped_by.set_result(code)

    # Before anything is written to disk, so that no signal leaves it behind.
    for number, code in EXIT_BY_SIGNAL.items():
        loop.add_signal_handler(number, stop, code)
    async with serve_paper(time_ms=SystemClock().now_ms, port=port, admin_port=admin_port) as paper:
        where = {"listen": f"{paper.host}:{paper.port}", "ca": str(paper.ca), "admin": paper.admin_url}
        typer.echo(json.dumps(where))
        return await stopped_by


def paper_command(port: int, admin_port: int) -> int:
    """Serve until SIGTERM or SIGINT; one JSON line on stdout says where.

    Args:
        port: of the venues, TLS; 0 picks a free one.
        admin_port: of the admin interface, plain HTTP; 0 picks a free one.

    Returns:
        The exit code: 0 after SIGTERM, 130 after SIGINT, 2 when a port can't be listened on.
    """
    try:
        return asyncio.run(_serve_until_signal(port, admin_port))
    except PortTaken as taken:
        return report(
            ConfigFault(
                f"the paper exchange can't listen on port {taken.port} of {LISTEN_HOST}: {taken.reason}",
                hint="stop what uses the port, or choose another with --port and --admin-port (0 picks a free one)",
            )
        )


def register(app: typer.Typer) -> None:
    """Add the command to `hedgebot`."""

    @app.command("paper")
    def paper(
        port: Annotated[int, typer.Option(min=0, max=65535, help="TLS port of the venues; 0 picks a free one.")] = 0,
        admin_port: Annotated[
            int, typer.Option(min=0, max=65535, help="Port of the admin interface; 0 picks a free one.")
        ] = 0,
        as_json: Annotated[bool, typer.Option("--json", help="Accepted like everywhere; it is JSON anyway.")] = False,  # noqa: FBT002 - a flag
    ) -> None:
        """Serve the paper exchanges on this machine until stopped; prints one JSON line that says where."""
        del as_json
        raise typer.Exit(paper_command(port, admin_port))
