"""The margin ladder of one hedge, put together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot import logs
from bot.domain.errors import ConfigFault
from bot.domain.ids import Epoch, Symbol, VenueName
from bot.domain.instrument import ContractKind, Instrument, SpotMarket
from bot.domain.policy import HedgePolicy
from bot.journal.store import SqlJournal
from bot.ports import Clock, Treasury, Venue
from bot.runtime.executor import Executor
from bot.runtime.ladder import Ladder
from bot.runtime.ladder_legs import Legs
from bot.runtime.ladder_money import Mover
from bot.runtime.ladder_steps import Parts, Stepper, spot_symbol_of
from bot.runtime.memory import HedgeMemory
from bot.runtime.resolver import Resolver


def ladder_of(
    policy: HedgePolicy,
    instrument: Instrument,
    venue: Venue,
    treasury: Treasury,
    *,
    journal: SqlJournal,
    executor: Executor | None,
    epoch: Epoch,
    clock: Clock,
) -> Callable[[HedgeMemory], Ladder]:
    """What makes the ladder once the hedge's memory is there; without an executor it only watches (R31)."""
    log = logs.get("bot.runtime.ladder").bind(hedge=policy.name)

    def make(memory: HedgeMemory) -> Ladder:
        stepper = None
        if executor is not None:
            legs = Legs(
                policy=policy,
                instrument=instrument,
                venue=venue,
                treasury=treasury,
                journal=journal,
                book=journal,
                executor=executor,
                clock=clock,
                memory=memory,
            )
            mover = Mover(
                venue=venue,
                treasury=treasury,
                journal=journal,
                clock=clock,
                epoch=epoch,
                timing=policy.timing,
                logger=log,
            )
            market = _market(instrument, treasury)
            resolver = None
            if market is not None:
                resolver = Resolver(
                    venue=venue, instrument=market, journal=journal, clock=clock, timing=policy.timing, logger=log
                )
            stepper = Stepper(
                Parts(
                    policy=policy,
                    instrument=instrument,
                    venue=venue,
                    treasury=treasury,
                    journal=journal,
                    clock=clock,
                    epoch=epoch,
                    memory=memory,
                    legs=legs,
                    mover=mover,
                    spot_resolver=resolver,
                    logger=log,
                )
            )
        return Ladder(
            policy=policy,
            instrument=instrument,
            venue=venue,
            journal=journal,
            stepper=stepper,
            clock=clock,
            memory=memory,
        )

    return make


def _market(instrument: Instrument, treasury: Treasury) -> SpotMarket | None:
    if instrument.kind is not ContractKind.LINEAR:
        return None
    try:
        return treasury.spot_market(spot_symbol_of(instrument))
    except ConfigFault:
        return None  # then nothing is ever sold


def spot_symbols(hedges: Sequence[HedgePolicy], venue: VenueName) -> tuple[Symbol, ...]:
    """Spot markets that a venue must have, since a hedge sells there when its margin shrinks."""
    wanted: dict[Symbol, None] = {}
    for policy in hedges:
        settle = policy.symbol.partition(":")[2]
        if policy.venue == venue and policy.ladder.reduce and settle != policy.asset:
            wanted[Symbol(f"{policy.asset}/{settle}")] = None
    return tuple(wanted)
