"""Composition root: the only place where concrete parts meet."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot import logs
from bot.app.exits import sold_of
from bot.app.ladders import ladder_of
from bot.app.legs import legs_of
from bot.app.pairs import beside_of
from bot.app.trader_parts import Waker
from bot.app.traders import TraderParts, trader_lines, trader_markets, trader_places, traders_of
from bot.app.venues import Gateway, Session, instrument_of, open_venues
from bot.app.watches import dead_men, funding_readers, funding_watches
from bot.domain.check import CheckVerdict
from bot.domain.control import StopMode
from bot.domain.errors import BotError, StartFault
from bot.domain.ids import Epoch, HedgeName, VenueName
from bot.domain.instrument import Instrument
from bot.domain.policy import HedgePolicy
from bot.domain.trader import TraderOutcome
from bot.journal.lock import AccountLock, default_state_dir, key_fingerprint
from bot.journal.store import SqlJournal
from bot.ports import Clock, Venue
from bot.runtime import start
from bot.runtime.alarms import LogAlarms
from bot.runtime.daemon import Daemon
from bot.runtime.executor import Executor
from bot.runtime.feeds import Feeds, reading
from bot.runtime.funding import FundingWatch
from bot.runtime.hedger import Hedger, Outcome
from bot.runtime.ladder_steps import spot_symbol_of
from bot.runtime.legs import Leg
from bot.runtime.observer import Observer
from bot.runtime.preflight import Preflight
from bot.runtime.streams import Streams
from bot.runtime.traders import ShowTrader, Traders
from bot.settings import RunOptions, Settings, VenueSettings, exit_policies, pair_policies, policies, wanted_feeds

Show = Callable[[Sequence[Outcome]], None]

EMBEDDED: Final = "embedded paper"


def unseen(_: TraderOutcome) -> None:
    """Nobody looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shows:
    """What is called after each turn."""

    hedges: Show
    trader: ShowTrader


@dataclass(frozen=True, slots=True, kw_only=True)
class Bot:
    """One assembled bot. The demo drives the same parts as `run`."""

    daemon: Daemon
    venues: Mapping[VenueName, Venue]
    policies: Sequence[HedgePolicy]
    journal: SqlJournal


@asynccontextmanager
async def assembled(
    settings: Settings,
    options: RunOptions,
    session: Session | None,
    clock: Clock,
    show: Show,
    *,
    entropy: start.Entropy = secrets.randbelow,
    show_trader: ShowTrader = unseen,
) -> AsyncIterator[Bot]:
    """Put a bot together and take it apart: journal and locks, epoch, venues, preflight, hedgers.

    Args:
        settings: validated.
        options: `live`, `once` and so on.
        session: leads to a paper exchange; None for the real venues.
        clock: the one clock.
        show: see `run_bot`.
        entropy: where the epoch is drawn from; the one thing that differs from start to start.
        show_trader: the same as `show` for a turn of a hedge without a perpetual.

    Raises:
        BotError: it can't start; what was taken is given back.
    """
    async with AsyncExitStack() as stack:
        try:
            shows = Shows(hedges=show, trader=show_trader)
            bot = await _assemble(stack, settings, options, session, clock, shows=shows, entropy=entropy)
        except BotError as fault:
            if options.live:  # a hedge may stand there, and nobody watches it
                alarms = LogAlarms(clock, logs.get("bot.alarms"))
                code = type(fault).__name__
                alarms.alarm(logs.START_FAILED, code=code, reason=fault.message, hint=fault.hint)
            raise
        yield bot


async def _assemble(
    stack: AsyncExitStack,
    settings: Settings,
    options: RunOptions,
    session: Session | None,
    clock: Clock,
    *,
    shows: Shows,
    entropy: start.Entropy,
) -> Bot:
    now_ms = clock.now_ms()
    journal = stack.enter_context(_open_journal(settings, options, now_ms))
    if options.live and not settings.paper:
        for venue_settings in settings.venues.values():
            fingerprint = key_fingerprint(venue_settings.api_key.get_secret_value())
            state_dir = default_state_dir(os.environ, Path.home())
            stack.enter_context(AccountLock.acquire(fingerprint, state_dir, now_ms=now_ms))
    epoch = start.draw_epoch(entropy)
    journal.begin_epoch(epoch, now_ms)
    hedges = policies(settings)
    patient = options.live and not options.once
    markets = trader_markets(settings)
    venues = await open_venues(stack, settings, hedges, session, clock, patient=patient, markets=markets)
    instruments = {policy.name: instrument_of(venues[policy.venue], policy) for policy in hedges}
    if options.live:
        sold_on = [(policy.venue, spot_symbol_of(instruments[policy.name])) for policy in hedges]
        sold_on += trader_places(settings)
        start.refuse_uncovered(hedges, journal, sold_on)
        start.refuse_uncovered_trades(pair_policies(settings), journal)
        start.refuse_moved_exits(exit_policies(settings), journal)
    feeds = await stack.enter_async_context(feeds_of(settings, clock))
    await _preflight(settings, venues, hedges, clock, feeds, live=options.live)
    if options.live:
        places = [*((policy.venue, policy.symbol) for policy in hedges), *((m.venue, m.symbol) for m in markets)]
        await start.refuse_unknown_epochs(venues, places, journal)
    daemon = _daemon(
        settings=settings,
        hedges=hedges,
        instruments=instruments,
        venues=venues,
        journal=journal,
        executor=Executor(journal=journal, clock=clock, epoch=epoch, logger=logs.get("bot.runtime.executor"))
        if options.live
        else None,
        epoch=epoch,
        clock=clock,
        feeds=feeds,
        shows=shows,
        on_stop=(options.on_stop or settings.on_stop) if options.live else StopMode.KEEP,
    )
    logs.get(__name__).info(
        logs.START_COMPLETED,
        mode="live" if options.live else "dry-run",
        paper=settings.paper,
        hedges=len(hedges) + len(settings.pairs) + len(settings.exits),
        journal=str(settings.journal),
    )
    return Bot(daemon=daemon, venues=venues, policies=hedges, journal=journal)


def _open_journal(settings: Settings, options: RunOptions, now_ms: int) -> SqlJournal:
    """Open the journal of this run, bound to the world that it speaks of.

    An embedded paper exchange is new at every start: a journal of an earlier one speaks of a world that is gone, and is
    replaced. No other journal ever is.
    """
    if not options.live:
        return SqlJournal.open(settings.journal, now_ms=now_ms, dry_run=True)
    journal = SqlJournal.open(settings.journal, now_ms=now_ms)
    try:
        embedded = settings.paper and options.paper_at is None
        worlds = journal.worlds()
        if embedded and worlds and all(world.endswith(EMBEDDED) for world in worlds):
            journal.forget_world()
        journal.bind({name: _world(venue, settings, options) for name, venue in settings.venues.items()}, now_ms)
    except BaseException:
        journal.close()
        raise
    return journal


def _world(venue: VenueSettings, settings: Settings, options: RunOptions) -> str:
    """Which exchange a journal speaks of. Without the key: a key may be replaced while its short stands."""
    where = venue.environment.value
    if options.paper_at is not None:
        where = "paper at {}:{}".format(*options.paper_at)
    elif settings.paper:
        where = EMBEDDED
    return f"{venue.exchange}, {where}"


def feeds_of(settings: Settings, clock: Clock) -> AbstractAsyncContextManager[Feeds]:
    """The numbers that no venue tells, read once."""
    return reading(wanted_feeds(settings), clock=clock, logger=logs.get("bot.runtime.feeds"))


def preflight_of(
    settings: Settings,
    venues: Mapping[VenueName, Gateway],
    hedges: Sequence[HedgePolicy],
    clock: Clock,
    feeds: Feeds,
    *,
    apply: bool,
) -> Preflight:
    """The checks of a start, or of `check`; `apply` sets what differs."""
    return Preflight(
        venues=venues,
        policies=hedges,
        allow_withdraw_key=frozenset(name for name, venue in settings.venues.items() if venue.allow_withdraw_key),
        now_ms=clock.now_ms(),
        apply=apply,
        feeds=feeds,
        treasuries=venues,
    )


async def _preflight(
    settings: Settings,
    venues: Mapping[VenueName, Gateway],
    hedges: Sequence[HedgePolicy],
    clock: Clock,
    feeds: Feeds,
    *,
    live: bool,
) -> None:
    """Refuse to start on a failure that no later turn can mend. Missing margin is none: what fits is hedged (R15)."""
    lines = await preflight_of(settings, venues, hedges, clock, feeds, apply=live).run()
    lines += await trader_lines(settings, venues)
    log = logs.get(__name__)
    for line in lines:
        if line.verdict is not CheckVerdict.PASS:
            log.warning(logs.PREFLIGHT_NOTED, check=line.name, verdict=line.verdict, detail=line.detail, hint=line.hint)
    failed = [line for line in lines if line.verdict is CheckVerdict.FAIL and not line.mendable]
    if failed:
        raise StartFault(
            "; ".join(f"{line.name}: {line.detail}" for line in failed),
            hint="; ".join(dict.fromkeys(line.hint for line in failed if line.hint)),
        )


def _daemon(
    *,
    settings: Settings,
    hedges: Sequence[HedgePolicy],
    instruments: Mapping[HedgeName, Instrument],
    venues: Mapping[VenueName, Gateway],
    journal: SqlJournal,
    executor: Executor | None,
    epoch: Epoch,
    clock: Clock,
    feeds: Feeds,
    shows: Shows,
    on_stop: StopMode,
) -> Daemon:
    look = Waker()
    parts = TraderParts(
        settings=settings,
        hedges=hedges,
        venues=venues,
        journal=journal,
        executor=executor,
        epoch=epoch,
        clock=clock,
        alarms=LogAlarms(clock, logs.get("bot.alarms")),
        wake=look,
    )
    alarms, live = parts.alarms, executor is not None
    funding = funding_watches(hedges, instruments, venues, journal, clock, alarms) if live else {}
    legs = legs_of(hedges, instruments, journal, clock, live=live)
    listened = [venue for name, venue in venues.items() if settings.venues[name].streams]
    daemon = Daemon(
        observer=Observer(venues, hedges),
        hedgers=[
            _hedger(
                policy,
                instruments[policy.name],
                parts,
                feeds=feeds,
                funding=funding.get(policy.name),
                leg=legs.get(policy.name),
            )
            for policy in hedges
        ],
        alarms=alarms,
        interval_s=float(settings.interval_s),
        show=shows.hedges,
        logger=logs.get("bot.runtime.daemon"),
        beside=[feeds.keep_reading, *funding_readers(hedges, venues, funding, clock, alarms)],
        on_stop=on_stop,
        dead_men=dead_men(settings, hedges, venues, clock, alarms) if live else (),
        streams=Streams(listened, hedges, clock=clock, logger=logs.get("bot.runtime.streams")) if hedges else None,
        traders=_traders(parts, shows),
    )
    look.wakes(daemon.look)
    return daemon


def _hedger(
    policy: HedgePolicy,
    instrument: Instrument,
    parts: TraderParts,
    *,
    feeds: Feeds,
    funding: FundingWatch | None,
    leg: Leg | None,
) -> Hedger:
    venue, journal, clock, executor = parts.venues[policy.venue], parts.journal, parts.clock, parts.executor
    return Hedger(
        policy=policy,
        instrument=instrument,
        venue=venue,
        journal=journal,
        executor=executor,
        clock=clock,
        alarms=parts.alarms,
        logger=logs.get("bot.runtime.hedger"),
        not_before_ms=start.first_order_ms(policy, journal, clock) if executor is not None else 0,
        feeds=feeds,
        ladder=ladder_of(
            policy,
            instrument,
            venue,
            venue,
            journal=journal,
            executor=executor,
            epoch=parts.epoch,
            clock=clock,
        ),
        funding=funding,
        leg=leg,
        sold=sold_of(policy, parts.settings, journal) if executor is not None else None,
        beside=beside_of(policy, parts.settings, journal),
    )


def _traders(parts: TraderParts, shows: Shows) -> Traders | None:
    traders = traders_of(parts)
    if not traders:
        return None
    return Traders(traders, alarms=parts.alarms, show=shows.trader, logger=logs.get("bot.runtime.traders"))
