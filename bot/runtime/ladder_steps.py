"""Steps of the margin ladder: chosen, begun, carried on, ended; all that must survive is in the journal (R27)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, assert_never

from structlog.typing import FilteringBoundLogger

from bot import logs
from bot.core.ladder_progress import Buy, Close, Progress, Sell, Shift, Wait, fruitless, next_act, unbought, unmatched
from bot.core.ladder_steps import Purse, Reduce, Sellable, Step, TopUp, choose
from bot.core.observation import stale
from bot.domain.errors import ConfigFault, VenueFault
from bot.domain.ids import Epoch, Symbol, client_order_id
from bot.domain.instrument import Instrument, SpotMarket
from bot.domain.intent import IntentRecord
from bot.domain.ladder import LadderStep, StepId, StepKind, StepRecord, StepState
from bot.domain.moves import MoveState
from bot.domain.numbers import ZERO
from bot.domain.observation import Margin, Position, SymbolConfig, Unknown
from bot.domain.orders import Refused
from bot.domain.policy import HedgePolicy
from bot.ports import REDUCTIONS, Clock, LadderJournal, Treasury, Venue
from bot.runtime.ladder_legs import Ground, Legs, sellable_coins
from bot.runtime.ladder_look import Situated, spot_coins
from bot.runtime.ladder_money import Mover
from bot.runtime.memory import HedgeMemory
from bot.runtime.resolver import Resolver

Said = tuple[str, bool]
"""Why the hedge's own decision waits, and whether the next reading can carry the step on at once; "": it is over."""
OVER: Final[Said] = "", False


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the steps of one hedge are made with."""

    policy: HedgePolicy
    instrument: Instrument
    venue: Venue
    treasury: Treasury
    journal: LadderJournal
    clock: Clock
    epoch: Epoch
    memory: HedgeMemory
    legs: Legs
    mover: Mover
    spot_resolver: Resolver | None
    logger: FilteringBoundLogger


class Stepper:
    """One for each hedge; keeps nothing.

    Args:
        parts: its `spot_resolver` is None where the venue has no spot market for the coin.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def resolve(self, step: LadderStep | None, position: Position | Unknown) -> None:
        """Find out what became of the moves of a step, and of sales of any step. Raises VenueFault, JournalFault."""
        parts = self._parts
        if parts.spot_resolver is not None and parts.spot_resolver.unfinished():
            parts.spot_resolver.begin()
            await parts.spot_resolver.resolve_all(None)
            await parts.legs.settle(parts.spot_resolver.unfinished())
        if step is None:
            return
        wallet = None
        if isinstance(position, Position):
            margin = position.isolated_wallet if position.contracts else ZERO
            wallet = None if margin is None else (margin, position.stamp.sent_ms)
        moves = parts.journal.moves_of(step.step_id)
        taken = {record.reference for record in moves if record.reference}
        for record in moves:
            if not record.state.terminal:
                await parts.mover.resolve(record, taken, wallet)

    async def choose(self, seen: Situated) -> Step:
        """The step to take now. Raises VenueFault."""
        policy, instrument, ladder = self._parts.policy, self._parts.instrument, self._parts.policy.ladder
        seen = await self._at_target(seen, ladder.target)
        purse = await self._purse(seen, reserved=True) if ladder.top_up else None
        sellable: Sellable | str = "no coins are sold"
        if ladder.reduce:
            sellable = self._parts.memory.reductions_held() or await self._sellable_now(seen)
        return choose(
            seen.backing,
            ladder,
            instrument,
            self._parts.memory.ratio,
            purse=purse,
            sellable=sellable,
            slippage=policy.slippage,
        )

    def ready(self, seen: Situated) -> bool:
        """Whether the reading holds what an order needs."""
        config = seen.look.observed.configs.get(self._parts.policy.symbol)
        return seen.prices.book is not None and isinstance(config, SymbolConfig)

    async def begin(self, step: TopUp | Reduce, seen: Situated, ratio: Decimal) -> Said:
        """Make a step durable, then do its first part. Raises like `carry_on`."""
        parts, policy = self._parts, self._parts.policy
        held = spot_coins(policy, seen.look.holdings)
        contracts, coins = ZERO, ZERO
        if isinstance(step, Reduce):
            contracts, coins = step.contracts, step.coins
            parts.memory.allow(contracts)  # what the step buys back is no fight of orders (R24)
        row = LadderStep(
            step_id=StepId(client_order_id(parts.epoch, parts.journal.next_sequence())),
            hedge=policy.name,
            kind=StepKind.REDUCTION if contracts else StepKind.TOP_UP,
            venue=policy.venue,
            symbol=policy.symbol,
            spot_symbol=self._spot_symbol if contracts else None,
            contracts=contracts,
            coins=coins,
            target=policy.ladder.target,
            ratio=ratio,
            wallet_before=self._wallet(seen),
            spot_before=held[0] if held else ZERO,
            created_ms=parts.clock.now_ms(),
        )
        record = parts.journal.open_step(row)
        parts.logger.info(logs.LADDER_STEP, step=row.step_id, kind=row.kind, ratio=f"{ratio:.4f}")
        return await self.carry_on(record, seen)

    async def carry_on(self, record: StepRecord, seen: Situated) -> Said:
        """Do the next part of a step.

        Raises:
            VenueFault, NotSent: nothing was sent; later.
            InvariantBroken: the journal contradicts itself.
            JournalFault: nothing was sent after it.
        """
        parts, step = self._parts, record.step
        progress = await self._progress(step, await self._at_target(seen, step.target))
        if isinstance(progress, str):
            return f"a ladder step waits: {progress}", False
        market = self._market if step.kind is StepKind.REDUCTION else None
        act = next_act(progress, parts.instrument, market)
        match act:
            case Wait(reason=reason, soon=soon):
                return reason, soon
            case Buy(contracts=contracts):
                ground = self._ground(seen)
                if isinstance(ground, str):
                    return ground, False
                tries = fruitless(progress.buys)
                return _said(await parts.legs.buy(step, contracts, ground, tries), "buying back")
            case Sell(coins=coins):
                ground = self._ground(seen)
                if isinstance(ground, str) or market is None:
                    return str(ground), False
                tries = fruitless(progress.sales)
                return _said(await parts.legs.sell(step, market, coins, ground, tries), "selling")
            case Shift(kind=kind, amount=amount):
                still_good = self._objection(seen)
                wallet = seen.position.isolated_wallet
                move = await parts.mover.send(
                    step, kind, parts.instrument.settle, amount, wallet=wallet, still_good=still_good
                )
                return f"the {kind} of a ladder step is {move.state}", move.state is MoveState.DONE
            case Close():
                self._end(record, act, traded=(progress.bought, progress.sold))
                return OVER
            case _:
                assert_never(act)

    def only_moves_left(self, step: LadderStep) -> bool:
        """Whether every order of a step is over and accounted for, so that the hedge may go on beside it."""
        return all(leg.state.terminal and leg.settled for leg in self._parts.journal.legs(step.step_id))

    def buys_left(self, step: LadderStep) -> bool:
        """Whether an order of a step may still change the short, or is not accounted for."""
        buys = [leg for leg in self._parts.journal.legs(step.step_id) if leg.intent.request.symbol == step.symbol]
        return not all(buy.state.terminal and buy.settled for buy in buys)

    def half_done(self, step: LadderStep) -> tuple[Decimal, Decimal]:
        """Contracts, at worst: bought back while their coins are not sold; not bought back while they are."""
        legs, sales = self._parts.journal.legs(step.step_id), self._sales(step)
        buys = [leg for leg in legs if leg.intent.request.symbol == step.symbol]
        return unmatched(step, _most(buys), _least(sales)), unbought(step, _least(buys), _most(sales))

    def abandon(self, record: StepRecord, why: str) -> bool:
        """End a step whose short is gone; False while an order or a move of it may still have an effect."""
        legs, moves = self._parts.journal.legs(record.step.step_id), self._parts.journal.moves_of(record.step.step_id)
        if any(not leg.state.terminal for leg in legs) or any(not move.state.terminal for move in moves):
            return False
        self._end(record, Close(state=StepState.FAILED, detail=why), traded=None)
        return True

    def _end(self, record: StepRecord, act: Close, *, traded: tuple[Decimal, Decimal] | None) -> None:
        """`traded`: contracts and coins; None when a person had the short closed, or somebody did."""
        parts = self._parts
        if act.state is StepState.FAILED and traded is not None:
            again = unmatched(record.step, *traded)
            if again:
                parts.memory.allow(again)  # the hedge sells again what could not be matched
            if record.step.kind is StepKind.REDUCTION:
                # First of all: were it begun again and again, the holdings would melt and their money lie idle.
                parts.memory.halt(REDUCTIONS, f"a reduction failed: {act.detail}")
        ended = replace(record, state=act.state, detail=act.detail, updated_ms=parts.clock.now_ms())
        parts.journal.end_step(ended)
        parts.logger.info(logs.LADDER_STEP, step=record.step.step_id, state=act.state, detail=act.detail)
        what = f"the {record.step.kind} of the margin ladder is {act.state}: {act.detail}"
        parts.memory.alarm(logs.LADDER_ALARM, code=f"step-{act.state}", reason=what)

    # What is known

    async def _progress(self, step: LadderStep, seen: Situated) -> Progress | str:
        parts, reduces = self._parts, step.kind is StepKind.REDUCTION
        held = spot_coins(parts.policy, seen.look.holdings)
        if reduces and held is None:
            return "the coins in spot are not known now"
        margin = seen.look.observed.margins.get(step.symbol)
        if not isinstance(margin, Margin):
            return "the free margin is not known now"
        legs = parts.journal.legs(step.step_id)
        buys = [leg for leg in legs if leg.intent.request.symbol == step.symbol]
        stamps = [seen.position.stamp.sent_ms, margin.stamp.sent_ms, *([held[1]] if held and reduces else [])]
        return Progress(
            step=step,
            ratio=parts.policy.ratio,
            buys=buys,
            sales=self._sales(step),
            moves=parts.journal.moves_of(step.step_id),
            proceeds=self._proceeds(step),
            released=self._released(step, seen, buys),
            backing=seen.backing,
            purse=await self._purse(seen, reserved=not reduces),
            wallet=self._wallet(seen),
            spot=held[0] if held else ZERO,
            moved_ms=parts.journal.moved_ms(step.venue),
            read_ms=min(stamps),
            now_ms=parts.clock.now_ms(),
        )

    def _sales(self, step: LadderStep) -> list[IntentRecord]:
        return [leg for leg in self._parts.journal.legs(step.step_id) if leg.intent.request.symbol == step.spot_symbol]

    def _proceeds(self, step: LadderStep) -> Decimal:
        """What the confirmed sales brought, net of fees."""
        return self._parts.legs.proceeds(self._sales(step), self._parts.instrument.settle)

    def _released(self, step: LadderStep, seen: Situated, buys: list[IntentRecord]) -> Decimal:
        """Margin that left the position, less the loss that the buys realised, and their fees at most."""
        instrument, entry = self._parts.instrument, seen.position.entry_price or seen.mark
        lost = ZERO
        for record in buys:
            if record.filled and record.average_price is not None:
                spent = instrument.notional(record.filled, record.average_price)
                lost += spent - instrument.notional(record.filled, entry) + spent * instrument.taker_fee
        return step.wallet_before - self._wallet(seen) - lost

    def _wallet(self, seen: Situated) -> Decimal:
        wallet = seen.position.isolated_wallet
        if wallet is not None:
            return wallet
        margin = seen.look.observed.margins.get(self._parts.policy.symbol)
        return margin.wallet if isinstance(margin, Margin) else ZERO

    async def _at_target(self, seen: Situated, target: Decimal) -> Situated:
        """The bracket that counts is that of the notional at the liquidation price which is wanted."""
        notional = seen.backing.notional * target
        rate, cum = await self._parts.venue.maintenance(self._parts.policy.symbol, notional)
        return replace(seen, backing=replace(seen.backing, mark=seen.mark, rate=rate, cum=cum))

    async def _purse(self, seen: Situated, *, reserved: bool) -> Purse:
        parts, policy = self._parts, self._parts.policy
        margin = seen.look.observed.margins.get(policy.symbol)
        free = margin.available if isinstance(margin, Margin) else ZERO
        kept, reserve = (policy.margin_reserve, policy.ladder.reserve) if reserved else (ZERO, ZERO)
        if not seen.backing.isolated:
            free = ZERO  # under cross margin it backs the short already
        if parts.venue.unified:
            return Purse(margin=max(free - max(kept, reserve), ZERO), wallet=ZERO)
        wallet = await parts.treasury.free_to_move(parts.instrument.settle)
        return Purse(margin=max(free - kept, ZERO), wallet=max(wallet - reserve, ZERO))

    async def _sellable_now(self, seen: Situated) -> Sellable | str:
        """A spot market that does not answer keeps no money from the margin."""
        try:
            return await self._sellable(seen)
        except VenueFault as fault:
            return f"what can be sold is not known: {fault.message}"

    async def _sellable(self, seen: Situated) -> Sellable | str:
        parts = self._parts
        held = spot_coins(parts.policy, seen.look.holdings)
        if held is None:
            return "the hedge has no coins in spot on the venue of the short, or they are not known"
        try:
            market = self._market
        except ConfigFault as fault:
            return fault.message
        free = await sellable_coins(parts.policy, parts.venue, parts.treasury)
        return Sellable(market=market, coins=min(held[0], free), bid=await self._bid())

    @property
    def _spot_symbol(self) -> Symbol:
        return spot_symbol_of(self._parts.instrument)

    @property
    def _market(self) -> SpotMarket:
        return self._parts.treasury.spot_market(self._spot_symbol)

    async def _bid(self) -> Decimal:
        book = await self._parts.treasury.spot_book(self._spot_symbol)
        return book.bids[0].price if book.bids else ZERO

    def _ground(self, seen: Situated) -> Ground | str:
        look, symbol = seen.look, self._parts.policy.symbol
        if look.reconciled.waiting or look.reconciled.anchor is None:
            return f"a ladder step waits: {look.reconciled.waiting or 'no position is confirmed'}"
        return Ground(
            position=seen.position,
            prices=seen.prices,
            mark=seen.mark,
            margin=look.observed.margins.get(symbol, Unknown(what=f"margin {symbol}", reason="it was not read")),
            config=look.observed.configs.get(symbol, Unknown(what=f"configuration {symbol}", reason="it was not read")),
            anchor=look.reconciled.anchor,
            recent=look.recent,
            still_good=self._objection(seen),
        )

    def _objection(self, seen: Situated) -> Callable[[], str]:
        """Why nothing may leave any more, asked after the wait for the rate limits."""

        def objection() -> str:
            parts, age_max_s = self._parts, self._parts.policy.timing.age_max_s
            now_ms = parts.clock.now_ms()
            if seen.look.stopping():
                return "the bot is stopping"
            if parts.memory.standing() is not None:
                return "a person paused or unwound the hedge meanwhile"
            if stale(seen.prices.stamp, now_ms, age_max_s) or stale(seen.position.stamp, now_ms, age_max_s):
                return "the rate limits held it back until its readings were too old"
            return "" if parts.venue.has_offset() else "the clock offset is not known any more"

        return objection


def spot_symbol_of(instrument: Instrument) -> Symbol:
    """The spot market whose sales bring what the contract settles in."""
    return Symbol(f"{instrument.asset}/{instrument.settle}")


def _least(orders: Sequence[IntentRecord]) -> Decimal:
    """What orders have filled, as far as known."""
    return sum((order.filled for order in orders), ZERO)


def _most(orders: Sequence[IntentRecord]) -> Decimal:
    """What orders may have filled."""
    return sum((order.filled if order.state.terminal else order.intent.request.contracts for order in orders), ZERO)


def _said(sent: IntentRecord | Refused | None, doing: str) -> Said:
    match sent:
        case None:
            return f"{doing} for a ladder step: the order book is read before the order is sized", True
        case Refused(reason=reason):
            return f"{doing} for a ladder step: refused, {reason}", False
        case _:
            return f"{doing} for a ladder step: {sent.intent.client_id} is {sent.state}", sent.state.terminal
