"""How one step of the margin ladder goes on, from what the journal and the newest reading know of it (R27).

Level-triggered: nothing is remembered but the step itself, its orders and its moves, so that a start after a power cut
at any point goes on where the last one ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import takewhile
from typing import Final

from bot.core.ladder import Backing, top_up
from bot.core.ladder_steps import PLACES, Purse
from bot.domain.instrument import Instrument, SpotMarket
from bot.domain.intent import IntentRecord
from bot.domain.ladder import LadderStep, StepKind, StepState
from bot.domain.moves import MoveKind, MoveRecord, MoveState
from bot.domain.numbers import ZERO, ceil_to, floor_to, plain

STEP_MAX_MS: Final = 15 * 60_000
"""No order of a step leaves later; what it reduced by then is made good, and the rest is judged anew."""
FIRST_PART: Final = Decimal("0.1")
"""Of a reduction: what is bought back before it is known that the coins can be sold."""
FIRST_SLACK: Final = Decimal("1.2")
"""Times the least that the spot market takes, as prices move."""
TRIES_MAX: Final = 6
"""Orders in a row without a fill, or moves without an effect, after which a step gives up."""
ARRIVED: Final = Decimal("0.999")
"""Of an amount: so much of it shows that it is there; the rest is rounding, and funding meanwhile."""
LAG_MS: Final = 30_000
"""How long a venue's balances may lag behind what it has done (seen: 1 to 30 s)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What is known of a step that is open.

    Attributes:
        ratio: wanted short / exposure.
        buys, sales, moves: of the step, oldest first.
        proceeds: money that the confirmed sales brought, net of their fees.
        released: margin that the buys set free, net of their losses and fees.
        purse: money that may become margin: of a top-up with every reserve taken off, of a reduction without.
        bid: of the spot market, for its minimum notional; None for a top-up.
        wallet: margin of the position now, without unrealised P&L.
        spot: coins of the hedge's spot holding now.
        read_ms: when the reading that all this is from was sent.
        now_ms: our clock.
    """

    step: LadderStep
    ratio: Decimal
    buys: Sequence[IntentRecord]
    sales: Sequence[IntentRecord]
    moves: Sequence[MoveRecord]
    proceeds: Decimal
    released: Decimal
    backing: Backing
    purse: Purse
    bid: Decimal | None
    wallet: Decimal
    spot: Decimal
    read_ms: int
    now_ms: int

    @property
    def bought(self) -> Decimal:
        """Contracts."""
        return sum((record.filled for record in self.buys), ZERO)

    @property
    def sold(self) -> Decimal:
        """Coins."""
        return sum((record.filled for record in self.sales), ZERO)

    def done(self, kind: MoveKind) -> Decimal:
        """Money that was moved."""
        return sum(
            (
                record.move.request.amount
                for record in self.moves
                if record.state is MoveState.DONE and record.move.request.kind is kind
            ),
            ZERO,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Buy:
    """Buy so many contracts back, at most."""

    contracts: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Sell:
    """Sell so many coins, at most."""

    coins: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Move money: `amount` is rounded up to `PLACES`, and its last places are free for a tag."""

    kind: MoveKind
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Nothing can be done now. `soon`: the next reading may change that."""

    reason: str
    soon: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """The step is over."""

    state: StepState
    detail: str


Act = Buy | Sell | Shift | Wait | Close


def next_act(progress: Progress, instrument: Instrument, market: SpotMarket | None) -> Act:
    """What to do next.

    Args:
        progress: what is known.
        instrument: the short's contract.
        market: where the coins are sold; None for a top-up.
    """
    waiting = _waiting(progress)
    if waiting is not None:
        return waiting
    if progress.moves and progress.moves[-1].state is MoveState.REJECTED:
        return Close(state=StepState.FAILED, detail=f"the venue refused the move: {progress.moves[-1].detail}")
    last = MoveKind.ADD_MARGIN if progress.backing.isolated else MoveKind.TRANSFER
    if progress.done(last):
        return _confirmed(progress)
    own = progress.purse.total
    if market is not None:
        order = _order(progress, instrument, market)
        if order is not None:
            return order
        # What was bought back and could not be sold is hedged again, and needs its margin for that.
        covered = min(progress.sold / _due(progress, instrument, market), Decimal(1))
        own = progress.proceeds + max(progress.released, ZERO) * covered
    return _money(progress, own)


def _waiting(progress: Progress) -> Wait | None:
    for record in (*progress.buys, *progress.sales):
        if not record.state.terminal or not record.settled:
            return Wait(reason=f"order {record.intent.client_id} of a ladder step is {record.state}")
    for move in progress.moves:
        if not move.state.terminal:
            return Wait(reason=f"the {move.move.request.kind} {move.move.move_id} is {move.state}: {move.detail}")
    if progress.read_ms <= _known_ms(progress):
        return Wait(reason="a ladder step is under way; the next reading shows what it did", soon=True)
    return None


def _known_ms(progress: Progress) -> int:
    """When the newest of what the step did was known."""
    orders = [record.updated_ms for record in (*progress.buys, *progress.sales)]
    return max([*orders, *(move.updated_ms for move in progress.moves)], default=0)


def _order(progress: Progress, instrument: Instrument, market: SpotMarket) -> Act | None:
    """The next leg: what is bought back is sold at once; None when no leg is left."""
    step = progress.step
    over = progress.now_ms - step.created_ms > STEP_MAX_MS
    left = _due(progress, instrument, market) - progress.sold
    sells = left >= market.quantity_min and left * (progress.bid or ZERO) >= market.notional_min and left > 0
    if sells and not over and fruitless(progress.sales) < TRIES_MAX:
        return Sell(coins=left)
    if sells and not progress.sold:
        return Close(state=StepState.FAILED, detail=f"{plain(left)} {market.base} could not be sold")
    wanted = step.contracts - progress.bought
    if wanted > 0 and not sells and not over and fruitless(progress.buys) < TRIES_MAX:
        return Buy(contracts=wanted if progress.sold else min(wanted, _first(progress, instrument, market)))
    if not progress.sold:
        return Close(state=StepState.FAILED, detail=f"{plain(wanted)} contracts could not be bought back")
    return None


def _first(progress: Progress, instrument: Instrument, market: SpotMarket) -> Decimal:
    """Contracts to buy back before the first sale: a small part, as nothing is lost yet should nothing sell."""
    least = max(market.quantity_min, market.notional_min / progress.bid if progress.bid else ZERO)
    enough = instrument.contracts(least * progress.ratio, progress.backing.mark) * FIRST_SLACK
    part = max(progress.step.contracts * FIRST_PART, enough, instrument.quantity_min)
    return ceil_to(part, instrument.quantity_step)


def fruitless(records: Sequence[IntentRecord]) -> int:
    """How many of the newest orders in a row ended without any fill."""
    return sum(1 for _ in takewhile(lambda record: not record.filled, reversed(records)))


def _due(progress: Progress, instrument: Instrument, market: SpotMarket) -> Decimal:
    """Coins to sell for what was bought back."""
    coins = instrument.coins(progress.bought, progress.backing.mark) / progress.ratio
    return floor_to(min(coins, progress.step.coins), market.quantity_step)


def _money(progress: Progress, own: Decimal) -> Act:
    """Make margin of what the step may use, up to its target; one transfer at most."""
    purse = progress.purse
    missing = ceil_to(top_up(progress.backing, progress.step.target), PLACES)
    amount = min(missing, floor_to(min(own, purse.total) - PLACES, PLACES))
    if amount <= PLACES:
        return Close(state=StepState.DONE, detail="no more margin is needed, or free")
    if len(progress.moves) >= TRIES_MAX:
        return Close(state=StepState.FAILED, detail=f"{len(progress.moves)} moves did not bring the margin")
    if not progress.backing.isolated:
        return _shift(MoveKind.TRANSFER, min(amount, floor_to(purse.wallet - PLACES, PLACES)))
    there = amount + PLACES <= purse.margin
    if there or (progress.done(MoveKind.TRANSFER) and amount * ARRIVED <= purse.margin):
        return _shift(MoveKind.ADD_MARGIN, min(amount, floor_to(purse.margin - PLACES, PLACES)))
    if not progress.done(MoveKind.TRANSFER):
        lacking = ceil_to(amount + PLACES - purse.margin, PLACES)
        return _shift(MoveKind.TRANSFER, min(lacking, floor_to(purse.wallet - PLACES, PLACES)))
    if progress.read_ms - _known_ms(progress) < LAG_MS:
        return Wait(reason="a transfer is not seen in the margin wallet yet")
    return _shift(MoveKind.ADD_MARGIN, min(amount, floor_to(purse.margin - PLACES, PLACES)))


def _shift(kind: MoveKind, amount: Decimal) -> Act:
    if amount <= 0:
        return Close(state=StepState.DONE, detail="no money is free to move")
    return Shift(kind=kind, amount=amount)


def _confirmed(progress: Progress) -> Act:
    """Ended once the readings show it, or have had the time to."""
    step = progress.step
    done = progress.done(MoveKind.ADD_MARGIN) or progress.done(MoveKind.TRANSFER)
    topped = step.kind is StepKind.REDUCTION or progress.wallet >= (step.wallet_before + done) * ARRIVED
    gone = step.kind is StepKind.TOP_UP or progress.spot <= step.spot_before - progress.sold
    if (topped and gone) or progress.read_ms - _known_ms(progress) >= LAG_MS:
        return Close(state=StepState.DONE, detail=f"{plain(done)} added to the margin")
    return Wait(reason="a ladder step is not seen in the balances yet")
