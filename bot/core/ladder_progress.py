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
from bot.core.ladder_steps import PLACES, WORTH_IT, Purse
from bot.domain.instrument import Instrument, SpotMarket
from bot.domain.intent import IntentRecord
from bot.domain.ladder import LadderStep, StepKind, StepState
from bot.domain.moves import MoveKind, MoveRecord, MoveState
from bot.domain.numbers import ONE, ZERO, ceil_to, floor_to, plain

STEP_MAX_MS: Final = 15 * 60_000
"""No order of a step leaves later; what it reduced by then is made good, and the rest is judged anew."""
PART: Final = Decimal("0.1")
"""Of a reduction: so much at a time is sold or bought back before the other leg follows."""
PART_SLACK: Final = Decimal("1.2")
"""Times the least that the spot market takes, as prices move, and a sale may give up some of its own."""
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
        wallet: margin of the position now, without unrealised P&L.
        spot: coins of the hedge's spot holding now.
        moved_ms: when the newest move of anybody on the venue was known; 0 when there was none.
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
    wallet: Decimal
    spot: Decimal
    moved_ms: int = 0
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
    act = _next(progress, instrument, market)
    if isinstance(act, Close) and not _gone(progress):
        return Wait(reason="the coins that a ladder step has sold are still seen in spot")  # R23: else hedged again
    return act


def unmatched(step: LadderStep, bought: Decimal, sold: Decimal) -> Decimal:
    """Contracts of a reduction that were bought back and whose coins were not sold: so much is naked."""
    return max(bought - sold * step.contracts / step.coins, ZERO) if step.coins else ZERO


def unbought(step: LadderStep, bought: Decimal, sold: Decimal) -> Decimal:
    """Contracts of a reduction whose coins were sold and that were not bought back: so much is hedged too much."""
    return max(sold * step.contracts / step.coins - bought, ZERO) if step.coins else ZERO


def _next(progress: Progress, instrument: Instrument, market: SpotMarket | None) -> Act:
    waiting = _waiting(progress)
    if waiting is not None:
        return waiting
    if progress.moves and progress.moves[-1].state is MoveState.REJECTED:
        return Close(state=StepState.FAILED, detail=f"the venue refused the move: {progress.moves[-1].detail}")
    left = _left(progress, instrument, market) if market is not None else ZERO
    gap = _gap(progress, instrument, market, left) if market is not None else ""
    if progress.done(_last(progress)):
        return _confirmed(progress, gap)
    own = progress.purse.total
    if market is not None:
        order = _order(progress, instrument, market, left)
        if order is not None:
            return order
        # What was bought back and could not be sold is hedged again, and needs its margin for that.
        due = _due(progress, instrument, market)
        covered = min(progress.sold / due, ONE) if due else ZERO
        own = progress.proceeds + max(progress.released, ZERO) * covered
    return _money(progress, own, gap)


def _last(progress: Progress) -> MoveKind:
    """The move that ends a step."""
    return MoveKind.ADD_MARGIN if progress.backing.isolated else MoveKind.TRANSFER


def _waiting(progress: Progress) -> Wait | None:
    for record in (*progress.buys, *progress.sales):
        if not record.state.terminal or not record.settled:
            return Wait(reason=f"order {record.intent.client_id} of a ladder step is {record.state}")
    for move in progress.moves:
        if not move.state.terminal:
            return Wait(reason=f"the {move.move.request.kind} {move.move.move_id} is {move.state}: {move.detail}")
    if progress.read_ms <= max(_known_ms(progress), progress.moved_ms):
        return Wait(reason="a ladder step is under way; the next reading shows what it did", soon=True)
    return None


def _known_ms(progress: Progress) -> int:
    """When the newest of what the step did was known."""
    orders = [record.updated_ms for record in (*progress.buys, *progress.sales)]
    return max([*orders, *(move.updated_ms for move in progress.moves)], default=0)


def _left(progress: Progress, instrument: Instrument, market: SpotMarket) -> Decimal:
    """Coins that are still to be sold for what was bought back; 0 when the market does not take so few."""
    left = _due(progress, instrument, market) - progress.sold
    return left if left > 0 and left >= _least(progress, instrument, market) else ZERO


def _least(progress: Progress, instrument: Instrument, market: SpotMarket) -> Decimal:
    """Coins that the spot market takes at least, whatever a sale gives up."""
    price = instrument.coin_price(progress.backing.mark)
    return max(market.quantity_min, market.notional_min / price * PART_SLACK)


def _gap(progress: Progress, instrument: Instrument, market: SpotMarket, left: Decimal) -> str:
    """Which leg is behind the other one, were nothing done any more; empty when none is."""
    ahead = (progress.sold - _due(progress, instrument, market)) * progress.ratio
    contracts = instrument.contracts(ahead, progress.backing.mark)
    if contracts >= instrument.quantity_min:
        return f"{plain(contracts)} contracts could not be bought back"
    return f"{plain(left)} coins could not be sold" if left else ""


def _order(progress: Progress, instrument: Instrument, market: SpotMarket, left: Decimal) -> Act | None:
    """The next leg, part by part; None when no leg is left.

    The first part is sold before anything is bought back: were the sale refused, the hedge would still be whole, and
    would need no margin to become so again.
    """
    step = progress.step
    over = progress.now_ms - step.created_ms > STEP_MAX_MS
    part = _part(progress, instrument, market)
    first = ZERO if progress.bought or progress.sold else _coins(progress, instrument, market, part)
    coins = left or first
    if coins and not over and fruitless(progress.sales) < TRIES_MAX:
        return Sell(coins=coins)
    if not progress.sold:
        return Close(state=StepState.FAILED, detail=f"{plain(coins)} {market.base} could not be sold")
    if part >= instrument.quantity_min and not left and not over and fruitless(progress.buys) < TRIES_MAX:
        return Buy(contracts=part)
    return None


def _part(progress: Progress, instrument: Instrument, market: SpotMarket) -> Decimal:
    """Contracts to buy back at a time: a small part, as no more than that is ever without its other leg."""
    sold = instrument.contracts(_least(progress, instrument, market) * progress.ratio, progress.backing.mark)
    enough = max(sold * PART_SLACK, instrument.quantity_min)
    part = ceil_to(max(progress.step.contracts * PART, enough), instrument.quantity_step)
    rest = progress.step.contracts - progress.bought
    return part if rest - part >= enough else rest  # too few for orders of their own are no part


def fruitless(records: Sequence[IntentRecord]) -> int:
    """How many of the newest orders in a row ended without any fill."""
    return sum(1 for _ in takewhile(lambda record: not record.filled, reversed(records)))


def _due(progress: Progress, instrument: Instrument, market: SpotMarket) -> Decimal:
    """Coins to sell for what was bought back."""
    return _coins(progress, instrument, market, progress.bought)


def _coins(progress: Progress, instrument: Instrument, market: SpotMarket, contracts: Decimal) -> Decimal:
    """Coins that so many contracts of the step hedge."""
    if not progress.ratio:
        return ZERO  # the hedge is to hold no short any more
    coins = instrument.coins(contracts, progress.backing.mark) / progress.ratio
    return floor_to(min(coins, progress.step.coins), market.quantity_step)


def _money(progress: Progress, own: Decimal, gap: str) -> Act:
    """Make margin of what the step may use, up to its target; one transfer at most."""
    purse = progress.purse
    missing = ceil_to(top_up(progress.backing, progress.step.target), PLACES)
    if purse.total < min(missing, own) * ARRIVED and progress.read_ms - _known_ms(progress) < LAG_MS:
        return Wait(reason="the money of a ladder step is not seen in the wallets yet")
    amount = min(missing, floor_to(min(own, purse.total) - PLACES, PLACES))
    if amount <= PLACES:
        return _over(progress, gap, "no more margin is needed, or free")
    if len(progress.moves) >= TRIES_MAX:
        return Close(state=StepState.FAILED, detail=f"{len(progress.moves)} moves did not bring the margin")
    if not progress.backing.isolated:
        return _shift(progress, gap, MoveKind.TRANSFER, min(amount, floor_to(purse.wallet - PLACES, PLACES)))
    if amount * ARRIVED <= purse.margin:  # dust in the other wallet is not worth a transfer
        return _shift(progress, gap, MoveKind.ADD_MARGIN, min(amount, floor_to(purse.margin - PLACES, PLACES)))
    if not progress.done(MoveKind.TRANSFER):
        lacking = ceil_to(amount + PLACES - purse.margin, PLACES)
        return _shift(progress, gap, MoveKind.TRANSFER, min(lacking, floor_to(purse.wallet - PLACES, PLACES)))
    if progress.read_ms - _known_ms(progress) < LAG_MS:
        return Wait(reason="a transfer is not seen in the margin wallet yet")
    return _shift(progress, gap, MoveKind.ADD_MARGIN, min(amount, floor_to(purse.margin - PLACES, PLACES)))


def _shift(progress: Progress, gap: str, kind: MoveKind, amount: Decimal) -> Act:
    if amount <= 0:
        return _over(progress, gap, "no money is free to move")
    return Shift(kind=kind, amount=amount)


def _confirmed(progress: Progress, gap: str) -> Act:
    """Ended once the readings show it, or have had the time to."""
    step, done = progress.step, progress.done(_last(progress))
    topped = step.kind is StepKind.REDUCTION or progress.wallet >= (step.wallet_before + done) * ARRIVED
    if topped or progress.read_ms - _known_ms(progress) >= LAG_MS:
        return _over(progress, gap, f"{plain(done)} added to the margin")
    return Wait(reason="a ladder step is not seen in the balances yet")


def _gone(progress: Progress) -> bool:
    """Whether the reading shows that the coins were sold, or has had the time to."""
    if not progress.sold or progress.spot <= progress.step.spot_before - progress.sold:
        return True
    return progress.read_ms - _known_ms(progress) >= LAG_MS


def _over(progress: Progress, gap: str, detail: str) -> Close:
    """The end of a step that moved what it could: failed when a leg stayed behind, or the money where it is."""
    if gap:
        return Close(state=StepState.FAILED, detail=f"{gap}; {detail}")
    idle = progress.proceeds - progress.done(_last(progress))
    missing = top_up(progress.backing, progress.step.target)
    if idle > progress.proceeds * (ONE - ARRIVED) and missing > WORTH_IT * progress.backing.notional:
        return Close(state=StepState.FAILED, detail=f"{idle:,.2f} of what was sold did not become margin; {detail}")
    return Close(state=StepState.DONE, detail=detail)
