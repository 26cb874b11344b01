"""What a stablecoin hedge sees at one moment: its signals, pegs, what it owns, where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from bot.core import depeg, owned
from bot.core import signals as sig
from bot.core.exit_situation import ExitMemory, ExitSituation
from bot.domain.exits import CrossingCause, CrossingKind, CrossingRecord, CrossingState, ExitState, ExitView, PegView
from bot.domain.ids import Asset
from bot.domain.numbers import ZERO
from bot.domain.observation import Unknown
from bot.domain.proceeds import WriteOff

WEEK_MS: Final = 604_800_000
_NO_PRICE: Final = Unknown(what="price", reason="it was not asked for")
_NO_BALANCE: Final = Unknown(what="balance", reason="it was not asked for")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A situation, judged.

    Attributes:
        pegs: of the basket and of everything that is owned.
        spendable: of what is owned what is there; None: not known now.
        open: the crossing that is not over; None: there is none.
        way: the newest way in or out.
        ways: in and out, newest first, without those that are stopped with nothing done.
        empty: nothing is owned that is worth an order on any market.
        emptied: it went out, and of the proceeds nothing is left that is worth an order: it counts as in coins.
    """

    situation: ExitSituation
    judged: sig.Judged
    pegs: dict[Asset, PegView]
    owned: dict[Asset, Decimal]
    spendable: dict[Asset, Decimal | None]
    write_offs: tuple[WriteOff, ...]
    open: CrossingRecord | None
    way: CrossingRecord | None
    ways: tuple[CrossingRecord, ...]
    empty: bool
    emptied: bool
    view: ExitView

    @property
    def last(self) -> CrossingRecord | None:
        """By this way the hedge stands where it stands; None: it never went anywhere."""
        return self.ways[0] if self.ways else None

    @property
    def known(self) -> dict[Asset, Decimal]:
        """What may be spent, of which it is known."""
        return {asset: amount for asset, amount in self.spendable.items() if amount is not None}


def look(situation: ExitSituation, memory: ExitMemory) -> tuple[Scene, ExitMemory]:
    """Judge everything once; what is to be remembered of it."""
    policy, now_ms = situation.policy, situation.now_ms
    judged, signals = sig.judge(
        memory.signals,
        policy,
        price=situation.price,
        second=situation.second,
        bars=situation.bars,
        bar_ms=situation.bar_ms,
        now_ms=now_ms,
    )
    mine = owned.owned(policy.asset, situation.flows, situation.write_offs)
    pegs, peg_memories = {}, {}
    for asset in sorted({*policy.basket, *mine}):
        price = situation.pegs.get(asset, _NO_PRICE)
        before = memory.pegs.get(asset, depeg.PegMemory())
        pegs[asset], peg_memories[asset] = depeg.judge(
            before, asset, price, depeg=policy.depeg, now_ms=now_ms, age_max_s=policy.age_max_s
        )
    spendable: dict[Asset, Decimal | None] = {}
    write_offs: list[WriteOff] = []
    shortfalls: dict[Asset, owned.ShortfallMemory] = {}
    for asset, amount in mine.items():
        if situation.unfinished or situation.others_unfinished:
            # What an order of a hedge may have spent was not withdrawn, and is not told by its flows yet.
            spendable[asset] = None
            shortfalls |= {asset: memory.shortfalls[asset]} if asset in memory.shortfalls else {}
            continue
        watched = owned.watch(
            memory.shortfalls.get(asset),
            policy,
            asset,
            amount,
            situation.money.get(asset, _NO_BALANCE),
            claimed=situation.claimed.get(asset, ZERO),
            written_off=situation.written_off,
            settled_ms=situation.settled_ms,
            now_ms=now_ms,
        )
        spendable[asset] = watched.spendable
        write_offs += [] if watched.write_off is None else [watched.write_off]
        shortfalls |= {} if watched.memory is None else {asset: watched.memory}
    scene = _scene(situation, judged, pegs, mine, spendable, tuple(write_offs))
    return scene, replace(memory, signals=signals, pegs=peg_memories, shortfalls=shortfalls)


def _state(last: CrossingRecord | None, *, emptied: bool) -> ExitState:
    """Where the hedge stands, by its newest way in or out. A way that was stopped counts for what it had done.

    Who has nothing to come back with does not stand outside: coins on the account are a person's, and to be protected.
    """
    if last is None or emptied:
        return ExitState.IN
    out = last.crossing.kind is CrossingKind.EXIT
    if last.state is CrossingState.OPEN:
        return ExitState.EXITING if out else ExitState.ENTERING
    return ExitState.OUT if out else ExitState.IN


def _scene(
    situation: ExitSituation,
    judged: sig.Judged,
    pegs: dict[Asset, PegView],
    mine: dict[Asset, Decimal],
    spendable: dict[Asset, Decimal | None],
    write_offs: tuple[WriteOff, ...],
) -> Scene:
    policy, crossings = situation.policy, situation.crossings
    ways = tuple(way for way in _ways(crossings) if way.state is not CrossingState.STOPPED or way.coins_done > 0)
    last = ways[0] if ways else None
    gone = {one.asset: one.amount for one in write_offs}
    empty = _worthless({asset: amount - gone.get(asset, ZERO) for asset, amount in mine.items()}, situation, last)
    out = last is not None and last.crossing.kind is CrossingKind.EXIT
    emptied = empty and out and last is not None and last.state is not CrossingState.OPEN
    cooldown_ms = None
    if policy.reenter is not None and last is not None and out and not emptied:
        cooldown_ms = last.updated_ms + int(policy.reenter.cooldown_s * 1000)
    view = ExitView(
        hedge=policy.name,
        asset=policy.asset,
        state=_state(last, emptied=emptied),
        price=judged.price,
        signals=judged.views,
        on=judged.on,
        calm=judged.calm,
        pegs=tuple(pegs.values()),
        free=None if isinstance(situation.coins, Unknown) else situation.coins.free,
        owned=mine,
        spendable={asset: amount for asset, amount in spendable.items() if amount is not None},
        round_trips=round_trips(crossings, situation.now_ms),
        cooldown_ms=cooldown_ms,
    )
    return Scene(
        situation=situation,
        judged=judged,
        pegs=pegs,
        owned=mine,
        spendable=spendable,
        write_offs=write_offs,
        open=next((record for record in reversed(crossings) if record.state is CrossingState.OPEN), None),
        way=next(_ways(crossings), None),
        ways=ways,
        empty=empty,
        emptied=emptied,
        view=view,
    )


def round_trips(crossings: Sequence[CrossingRecord], now_ms: int) -> int:
    """Ways back by itself that began within the last seven days, also those that were stopped."""
    return sum(
        1
        for record in crossings
        if record.crossing.kind is CrossingKind.ENTER
        and record.crossing.cause is CrossingCause.SIGNAL
        and now_ms - record.crossing.created_ms < WEEK_MS
    )


def _ways(crossings: Sequence[CrossingRecord]) -> Iterator[CrossingRecord]:
    """In and out, newest first."""
    return (record for record in reversed(crossings) if record.crossing.kind is not CrossingKind.SWAP)


def _worthless(mine: Mapping[Asset, Decimal], situation: ExitSituation, last: CrossingRecord | None) -> bool:
    """Whether nothing of it is worth an order on any market of the coin, at the price of the last way in or out."""
    price = (None if last is None else last.average) or ZERO
    markets = [at.market for at in situation.markets.values()]
    least = min((max(market.notional_min, market.quantity_min * price) for market in markets), default=ZERO)
    return not any(amount >= least and amount > 0 for amount in mine.values())
