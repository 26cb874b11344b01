"""What a cross-exchange trade needs until it is even, and what it came to."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from bot.domain.ids import Asset
from bot.domain.orders import Approved


class EveningVerdict(StrEnum):
    """What a trade needs whose outcomes are, or are not, known."""

    WAIT = "wait"
    """An outcome is unknown (R20 to R22), or what is read says too little to act on."""
    ORDER = "order"
    """One order that brings the venues closer to even."""
    EVEN = "even"
    DUST = "dust"
    STUCK = "stuck"
    """Uneven, and no venue can be sent an order now; it is tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EveningPlan:
    """What to do for one unfinished trade.

    Attributes:
        imbalance: coins that the trade has added so far, negative when it took some.
        naked: the imbalance is more than one step, whatever the fees turn out to be.
        order: None but for ORDER.
        completes: the order does what a leg left undone; else it undoes the other leg.
        result: what the trade comes to if the order fills at its limit, in its money; None without an order.
    """

    verdict: EveningVerdict
    reason: str
    imbalance: Decimal
    naked: bool = False
    order: Approved | None = None
    completes: bool = False
    result: Decimal | None = None
    look_again_s: Decimal | None = None
    alarm: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PairResult:
    """What the trades of every order of one pair come to, exactly.

    Attributes:
        coins: added by all fills, less fees taken in coins; negative when it took some.
        money: proceeds less costs less fees in quote, in the trade's money.
        fees: all fees in quote, in the trade's money; those in coins are in `coins`.
        other_fees: fees taken in any other currency, by currency; in neither of the sums.
    """

    coins: Decimal
    money: Decimal
    fees: Decimal
    other_fees: tuple[tuple[Asset, Decimal], ...] = ()
