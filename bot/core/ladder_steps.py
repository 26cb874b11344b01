"""Which step of the margin ladder is taken, and with how much (R27)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.core.ladder import Backing, reduction, top_up
from bot.domain.instrument import Instrument, SpotMarket
from bot.domain.ladder import LadderPolicy
from bot.domain.numbers import ONE, ZERO, ceil_to, floor_to, plain

PLACES: Final = Decimal("0.000001")
"""Amounts are rounded to this; the two places after it tell one move from another."""
WORTH_IT: Final = Decimal("0.01")
"""A top-up that falls short of the target must be worth this fraction of the notional."""
_TAGS: Final = 100
_TAG: Final = Decimal("0.00000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Purse:
    """Money that may become margin, with every reserve taken off.

    Attributes:
        margin: in the wallet that margins the contract.
        wallet: in the wallet that spot trading uses, and may be moved from there.
    """

    margin: Decimal
    wallet: Decimal

    @property
    def total(self) -> Decimal:
        """Both."""
        return self.margin + self.wallet


@dataclass(frozen=True, slots=True, kw_only=True)
class Sellable:
    """Coins that can be sold on the venue of the short.

    Attributes:
        coins: free in the wallet of spot trading, at most what the hedge holds in `spot` there.
        bid: the best one, in quote per coin.
    """

    market: SpotMarket
    coins: Decimal
    bid: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUp:
    """Add margin. `short_of` is what is still missing to the target afterwards."""

    amount: Decimal
    short_of: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduce:
    """Buy contracts back and sell coins. `short_of` as above, were the money added instead."""

    contracts: Decimal
    coins: Decimal
    short_of: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Nothing can be done: so much is missing, and why."""

    amount: Decimal
    why: str


Step = TopUp | Reduce | Missing


def choose(
    backing: Backing,
    policy: LadderPolicy,
    instrument: Instrument,
    ratio: Decimal,
    *,
    purse: Purse | None,
    sellable: Sellable | str,
    slippage: Decimal,
) -> Step:
    """The step to take when one is due: top up, else reduce, else say what is missing.

    Args:
        backing: as it is.
        policy: what is switched on.
        instrument: the short's contract.
        ratio: wanted short / exposure.
        purse: None when it is not known, or top-ups are off.
        sellable: or why nothing can be sold; unused while reductions are off.
        slippage: the most that each leg of a reduction may cost.
    """
    missing = ceil_to(top_up(backing, policy.target), PLACES)
    if not missing:
        return Missing(amount=ZERO, why="the target is reached")
    free = purse.total if policy.top_up and purse is not None else ZERO
    if free >= missing + PLACES:
        return TopUp(amount=missing, short_of=ZERO)
    why = "" if policy.top_up or policy.reduce else "no automatic step is switched on"
    if policy.reduce:
        reduced = _reduce(backing, policy, instrument, ratio, sellable, slippage)
        if isinstance(reduced, Reduce):
            return reduced
        why = reduced
    if free - PLACES >= WORTH_IT * backing.notional:
        amount = floor_to(free - PLACES, PLACES)
        return TopUp(amount=amount, short_of=missing - amount)
    return Missing(amount=max(missing - free, ZERO), why=why or f"{plain(free)} {instrument.settle} are free")


def _reduce(
    backing: Backing,
    policy: LadderPolicy,
    instrument: Instrument,
    ratio: Decimal,
    sellable: Sellable | str,
    slippage: Decimal,
) -> Reduce | str:
    """Whole steps on both markets; as much as can be sold when that is less than needed."""
    if isinstance(sellable, str):
        return sellable
    if ratio == 0:
        return "the hedge holds no short by its ratio"
    market = sellable.market
    if market.quote != instrument.settle:
        return f"{market.symbol} brings {market.quote}, the contract settles in {instrument.settle}"
    cost = instrument.taker_fee + market.taker_fee + 2 * slippage
    units = reduction(backing, policy.target, cost=cost, ratio=ratio)
    step = instrument.quantity_step
    held = backing.units / instrument.contract_size
    wanted = min(ceil_to(units / instrument.contract_size, step), held)
    covered = instrument.contracts(sellable.coins * ratio, backing.mark)
    contracts = floor_to(min(wanted, covered), step)
    coins = floor_to(instrument.coins(contracts, backing.mark) / ratio, market.quantity_step)
    if contracts <= 0 or contracts < instrument.quantity_min:
        return f"{plain(sellable.coins)} {market.base} can be sold, too few for one step of the contract"
    if coins < market.quantity_min or coins * sellable.bid * (ONE - slippage) < market.notional_min:
        return f"{plain(coins)} {market.base} are less than the spot market takes"
    left = wanted - contracts
    return Reduce(contracts=contracts, coins=coins, short_of=instrument.notional(left, backing.mark) * policy.target)


def tagged(amount: Decimal, sequence: int) -> Decimal:
    """An amount that no other move has (R27): its last two places count the sequence, above what was asked for.

    Args:
        amount: rounded up to `PLACES`.
        sequence: of the move.
    """
    return ceil_to(amount, PLACES) + (sequence % _TAGS) * _TAG
