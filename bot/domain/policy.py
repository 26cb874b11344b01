"""What the user asked for, as values the core can use. Made from the settings by `bot.app`."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from bot.domain.ids import Asset, HedgeName, Symbol, VenueName
from bot.domain.instrument import MarginMode
from bot.domain.ladder import LadderPolicy
from bot.domain.observation import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingSpec:
    """One source of coins.

    Attributes:
        venue: None for EXTERNAL, which is on none.
        amount, feed: of EXTERNAL, one of them: a number that stays, or the key of a feed that is read again and again.
        token: what is held there when it is not the hedge's coin itself, such as WBETH for ETH.
        rate, rate_feed: of a token, one of them: coins of the hedge in one token, or the key of a feed.
    """

    source: Source
    venue: VenueName | None
    amount: Decimal | None = None
    feed: str | None = None
    token: Asset | None = None
    rate: Decimal | None = None
    rate_feed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """How large a gap is left alone: max(relative x target x price, notional) (R14)."""

    relative: Decimal
    notional: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """Limits of R24. `total_short` is a factor of the target."""

    order_notional: Decimal
    notional_per_hour: Decimal
    orders_per_minute: int
    total_short: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Durations, in seconds.

    Attributes:
        dwell_s: how long a surplus must last before the short is reduced (R11).
        confirm_s: how soon an increase is read again (R10).
        foreign_grace_s: how long an unexplained change by others is left alone (R25).
        proof_grace_s: how long after the deadline the last absence reading must be (R22).
        proof_spacing_s: how far absence readings are apart at least (R22).
        age_max_s: readings older than this say nothing.
        settle_s: with a fresh journal, how long before the first order (an order of a lost journal may be under way).
        transit_max_s: how long coins on their way count as held (R11).
    """

    dwell_s: Decimal
    confirm_s: Decimal
    foreign_grace_s: Decimal
    proof_grace_s: Decimal
    proof_spacing_s: Decimal
    age_max_s: Decimal
    settle_s: Decimal
    transit_max_s: Decimal = Decimal(604_800)


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingPolicy:
    """What the short may cost to hold, as fractions of its notional a year.

    Attributes:
        max_apr: the budget; above it a person is told.
        window_s: the trailing time that costs are averaged over.
        close_above, reopen_below: the average cost above which the short is closed, and below which it comes back;
            both or none of them. Without them funding never closes anything.
    """

    max_apr: Decimal = Decimal("0.5")
    window_s: Decimal = Decimal(259_200)
    close_above: Decimal | None = None
    reopen_below: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """Of a policy that is the second leg of a hedge, on its fallback venue.

    Attributes:
        hedge: whose.
        after_s: how long the first leg must have been unable before this one grows.
    """

    hedge: HedgeName
    after_s: Decimal


def fallback_name(hedge: HedgeName) -> HedgeName:
    """What the second leg of a hedge is called."""
    return HedgeName(f"{hedge}/fallback")


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgePolicy:
    """One `[[hedges]]` entry of kind spot-perp.

    Attributes:
        ratio: 0..1, wanted short / exposure.
        holdings: for an inverse short the coins that margin it are among them (R2).
        slippage, slippage_urgent: fractions of the price; urgent after two unfilled tries (R16).
        margin_reserve: quote that is never used as margin.
        stands_in: of the second leg of a hedge; None for a first leg.
    """

    name: HedgeName
    asset: Asset
    ratio: Decimal
    holdings: tuple[HoldingSpec, ...]
    venue: VenueName
    symbol: Symbol
    margin_mode: MarginMode
    leverage: int
    band: Band
    caps: Caps
    timing: Timing
    slippage: Decimal
    slippage_urgent: Decimal
    margin_reserve: Decimal
    funding: FundingPolicy = FundingPolicy()
    ladder: LadderPolicy = field(default_factory=LadderPolicy)
    stands_in: StandIn | None = None

    @property
    def names(self) -> tuple[HedgeName, ...]:
        """What a person may call it by: a second leg obeys what is said of its hedge, too."""
        return (self.name,) if self.stands_in is None else (self.name, self.stands_in.hedge)
