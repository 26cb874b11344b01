"""What the commands `run` and `check` do: settings, the exchange they are to reach, and a bot put together."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import Final

from bot import logs
from bot.app.assembly import Show, assembled, feeds_of, preflight_of, unseen
from bot.app.sessions import paper_session
from bot.app.traders import trader_lines, trader_markets
from bot.app.venues import Session, instrument_of, open_venues
from bot.domain.check import CheckLine, CheckVerdict
from bot.domain.errors import JournalFault
from bot.domain.trader import TraderOutcome
from bot.journal.store import SqlJournal
from bot.ports import Clock
from bot.runtime.clock import SystemClock
from bot.runtime.hedger import Outcome
from bot.runtime.signals import Stop
from bot.runtime.traders import ShowTrader
from bot.settings import RunOptions, Settings, load_settings, policies

EXIT_HALTED: Final = 4
"""Halted or frozen with `--live --once`."""


ShowAll = Callable[[Sequence[Outcome], Sequence[TraderOutcome]], None]


def run_bot(options: RunOptions, show: ShowAll) -> int:
    """Run the bot as `hedgebot run` does.

    Args:
        options: what the command line says.
        show: called after each turn with the outcomes of every spot-perp hedge, or that of the hedge of another kind
            whose turn it was; with `once` a single time with all, at the end.

    Returns:
        The exit code (0 done, 4 halted or frozen with `--live --once`, 130 after SIGINT).

    Raises:
        BotError: the start failed; see `bot.domain.errors` for what each kind means.
    """
    settings = _settings(options)
    return asyncio.run(_run(options, settings, show))


def run_check(options: RunOptions, *, apply: bool) -> Sequence[CheckLine]:
    """Run the preflight as `hedgebot check` does.

    Args:
        options: what the command line says.
        apply: set leverage and margin mode, and read them back.

    Raises:
        BotError: a venue could not be reached at all, or the settings are wrong.
    """
    settings = _settings(options)
    return asyncio.run(_check(options, settings, apply=apply))


def _settings(options: RunOptions) -> Settings:
    settings = load_settings(options.settings_path, os.environ, paper=options.on_paper)
    logs.configure(settings.secrets())
    for warning in settings.warnings:
        logs.get(__name__).warning(logs.SETTINGS_WARNED, warning=warning)
    return settings


def _paper_session(
    options: RunOptions, settings: Settings, clock: Clock
) -> AbstractAsyncContextManager[Session | None]:
    """The session that leads to the paper exchange the options ask for; None when they ask for none."""
    return paper_session(embedded=settings.paper, paper_at=options.paper_at, paper_ca=options.paper_ca, clock=clock)


async def _run(options: RunOptions, settings: Settings, show: ShowAll) -> int:
    clock = SystemClock()
    hedges: Show = _silent if options.once else lambda outcomes: show(outcomes, ())
    trader: ShowTrader = unseen if options.once else lambda outcome: show((), (outcome,))
    with Stop() as stop:
        async with (
            _paper_session(options, settings, clock) as session,
            assembled(settings, options, session, clock, hedges, show_trader=trader) as bot,
        ):
            stop.orderly(bot.daemon.stop)
            outcomes = await bot.daemon.run(once=options.once)
            if options.once and stop.signal is None:
                show(outcomes, bot.daemon.trader_outcomes)
                return EXIT_HALTED if options.live and bot.daemon.stuck else 0
    return stop.exit_code


def _silent(_: Sequence[Outcome]) -> None:
    """With `--once` only the end is shown."""


async def _check(options: RunOptions, settings: Settings, *, apply: bool) -> list[CheckLine]:
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(_paper_session(options, settings, clock))
        hedges = policies(settings)
        venues = await open_venues(stack, settings, hedges, session, clock, markets=trader_markets(settings))
        for policy in hedges:
            instrument_of(venues[policy.venue], policy)
        feeds = await stack.enter_async_context(feeds_of(settings, clock))
        lines = await preflight_of(settings, venues, hedges, clock, feeds, apply=apply).run()
        lines += await trader_lines(settings, venues)
        return [*_warned_lines(settings), *lines, _journal_line(settings.journal)]


def _warned_lines(settings: Settings) -> list[CheckLine]:
    """What the settings warn of, such as an exchange that was not verified."""
    return [CheckLine(name="settings", verdict=CheckVerdict.WARN, detail=warning) for warning in settings.warnings]


def _journal_line(path: Path) -> CheckLine:
    """Whether a bot could write its journal; a bot may be running on it, and nothing is left behind."""
    try:
        if path.exists():
            SqlJournal.open_beside(path).close()
        else:
            with tempfile.TemporaryFile(dir=path.parent):
                pass
    except (JournalFault, OSError) as fault:
        hint = fault.hint if isinstance(fault, JournalFault) else "set [journal] path to a place that can be written"
        return CheckLine(name="journal", verdict=CheckVerdict.FAIL, detail=f"{path}: {fault}", hint=hint)
    return CheckLine(name="journal", verdict=CheckVerdict.PASS, detail=f"{path} can be written")
