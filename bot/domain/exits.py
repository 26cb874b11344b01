"""Stablecoin hedges: coins exchanged for stablecoins while the market is uncertain, and bought back later.

What a hedge may spend on the way back are the proceeds of its own sales, by the journal, and no other money of the
account.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from bot.domain.ids import Asset, HedgeName, VenueName
from bot.domain.numbers import ONE, ZERO, plain
from bot.domain.orders import Approved
from bot.domain.proceeds import CrossingId, WriteOff


class SignalKind(StrEnum):
    """What is looked at to call the market uncertain; always the coin's price in US dollars."""

    DRAWDOWN = "drawdown"
    """How far the price is below its highest close of a rolling window, as a fraction of that."""
    VOLATILITY = "volatility"
    """Realised volatility a year, of simple returns weighted by their age."""
    AVERAGE = "average"
    """How far the price is below its moving average, as a fraction of that; negative: above it."""
    PRICE = "price"
    """The price itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRule:
    """One signal, with hysteresis: between `exit` and `back` it stays what it was.

    Attributes:
        exit: on at this value or worse; in the unit of its kind.
        back: over at this value or better.
        window_ms: of DRAWDOWN and AVERAGE what is looked back on, of VOLATILITY the half-life; 0 for PRICE.
    """

    kind: SignalKind
    exit: Decimal
    back: Decimal
    window_ms: int = 0

    def __post_init__(self) -> None:
        """Refuse thresholds in the wrong order, and windows that don't fit."""
        right = self.back > self.exit > 0 if self.kind is SignalKind.PRICE else self.back < self.exit
        if not right:
            raise ValueError(f"{self.kind}: exit {plain(self.exit)} and back {plain(self.back)} are in the wrong order")
        if (self.window_ms > 0) is (self.kind is SignalKind.PRICE):
            raise ValueError(f"{self.kind}: a window of {self.window_ms} ms does not fit")


class Combine(StrEnum):
    """How many of the signals must say so."""

    ANY = "any"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReenterPolicy:
    """Buying back without being told, once every signal is known and over.

    Attributes:
        cooldown_s: the least time between the end of an exit and the way back.
        for_s: how long the signals must have been over.
    """

    cooldown_s: Decimal
    for_s: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitCaps:
    """Limits of R24, over all orders of the hedge; notionals in quote."""

    order_notional: Decimal
    notional_per_hour: Decimal
    orders_per_minute: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitPolicy:
    """One `[[hedges]]` entry of kind stablecoin.

    Attributes:
        basket: what is bought, with weights that sum to 1.
        signals: without any, only a person says when.
        for_s: how long a signal must last before it is on.
        reenter: None: only a person says when coins are bought back.
        max_round_trips: most ways back by itself that may begin within any seven days.
        fraction: of the coins above the floor that an exit sells, with those that are locked.
        floor: coins that stay.
        depeg: how far from 1 USD a stablecoin may be.
        slippage: how far from the best price of the book an order may go, as a fraction.
        slice_notional: the largest single order, in quote; of hedged coins never more is naked.
        dwell_s: how long stablecoins must be missing before they count as withdrawn (R11).
        age_max_s: readings older than this say nothing.
        gap_max_s: a wait during which nobody looked for longer than this begins anew.
    """

    name: HedgeName
    asset: Asset
    venue: VenueName
    basket: Mapping[Asset, Decimal]
    caps: ExitCaps
    signals: tuple[SignalRule, ...] = ()
    combine: Combine = Combine.ANY
    for_s: Decimal = Decimal(300)
    reenter: ReenterPolicy | None = None
    max_round_trips: int = 1
    fraction: Decimal = ONE
    floor: Decimal = ZERO
    depeg: Decimal = Decimal("0.02")
    slippage: Decimal = Decimal("0.005")
    slice_notional: Decimal = Decimal(10_000)
    dwell_s: Decimal = Decimal(60)
    age_max_s: Decimal = Decimal(15)
    gap_max_s: Decimal = Decimal(600)

    def __post_init__(self) -> None:
        """Refuse what could never be meant."""
        if sum(self.basket.values(), ZERO) != ONE or min(self.basket.values()) <= 0 or self.asset in self.basket:
            raise ValueError(
                f"{self.name}: a basket of {dict(self.basket)}: weights above 0 that sum to 1 are expected"
            )
        if len({rule.kind for rule in self.signals}) != len(self.signals):
            raise ValueError(f"{self.name}: a signal is there twice")
        if not 0 < self.fraction <= 1 or self.floor < 0:
            raise ValueError(f"{self.name}: can't sell {plain(self.fraction)} of the coins above {plain(self.floor)}")


class ExitState(StrEnum):
    """Where a stablecoin hedge stands."""

    IN = "in"
    """In coins."""
    EXITING = "exiting"
    OUT = "out"
    """In stablecoins, until told otherwise or until calm returns."""
    ENTERING = "entering"


class CrossingKind(StrEnum):
    """Which way."""

    EXIT = "exit"
    """Coins for stablecoins."""
    ENTER = "enter"
    """The hedge's own stablecoins for coins."""
    SWAP = "swap"
    """A stablecoin that lost its peg for the soundest one."""


class CrossingCause(StrEnum):
    """Who wanted it."""

    SIGNAL = "signal"
    HAND = "hand"
    DEPEG = "depeg"


class CrossingState(StrEnum):
    """Where a crossing is in its life."""

    OPEN = "open"
    DONE = "done"
    STOPPED = "stopped"
    """Its reason was gone, or a person wanted the opposite; what had been exchanged stays so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """One way out, or back, or from one stablecoin to another; committed before its first order leaves.

    Attributes:
        coins: of EXIT: to be sold in all. Else 0: what the hedge owns is spent.
        source, target: of SWAP: from which stablecoin to which. Else None.
        reason: one sentence with the numbers.
        created_ms: our clock.
    """

    crossing_id: CrossingId
    hedge: HedgeName
    venue: VenueName
    asset: Asset
    kind: CrossingKind
    cause: CrossingCause
    coins: Decimal
    source: Asset | None
    target: Asset | None
    reason: str
    created_ms: int

    def __post_init__(self) -> None:
        """Refuse one that contradicts itself."""
        if (self.coins > 0) is not (self.kind is CrossingKind.EXIT) or self.coins < 0:
            raise ValueError(f"{self.crossing_id}: {self.kind} of {plain(self.coins)} coins")
        swaps = self.source is not None and self.target is not None and self.source != self.target
        if swaps is not (self.kind is CrossingKind.SWAP) or (self.source is None) is not (self.target is None):
            raise ValueError(f"{self.crossing_id}: {self.kind} from {self.source} to {self.target}")
        if (self.cause is CrossingCause.DEPEG) is not (self.kind is CrossingKind.SWAP):
            raise ValueError(f"{self.crossing_id}: {self.kind} because of {self.cause}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossingRecord:
    """A crossing and what is known of it.

    Attributes:
        coins_done: of `asset` sold or bought so far; of SWAP the source exchanged. Stored when it ends.
        quote_done: of stablecoins got or spent for that, at face value, before fees; of SWAP the target got.
        detail: how it ended; empty while it is open.
        updated_ms: our clock; of one that is over: when it ended.
    """

    crossing: Crossing
    state: CrossingState
    coins_done: Decimal
    quote_done: Decimal
    detail: str
    updated_ms: int

    @property
    def average(self) -> Decimal | None:
        """Stablecoins per coin; None when nothing was exchanged."""
        return self.quote_done / self.coins_done if self.coins_done else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person told the hedge: EXIT also keeps it out until told otherwise.

    Attributes:
        kind: EXIT or ENTER.
        why: in their words; may be empty.
        since_ms: our clock.
    """

    kind: CrossingKind
    why: str
    since_ms: int


class ExitVerdict(StrEnum):
    """What kind of plan it is; the words of logs, status and tests."""

    HOLD = "hold"
    """In coins or in stablecoins, and to stay so."""
    ORDER = "order"
    """One slice of a crossing; with `begin` the first one."""
    END = "end"
    """The open crossing is over."""
    WRITE_OFF = "write-off"
    """Proceeds were withdrawn by others; that is kept before anything else is done."""
    WAITING = "waiting"
    """An order, its fill, or the short beside it is not yet accounted for."""
    REFUSED = "refused"
    """An exchange is wanted, and something stands against the next slice."""
    FROZEN = "frozen"
    """Something needed is unknown."""
    PAUSED = "paused"
    HALTED = "halted"


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossingDraft:
    """A crossing that is to begin: all of `Crossing` but its id and time."""

    kind: CrossingKind
    cause: CrossingCause
    reason: str
    coins: Decimal = ZERO
    source: Asset | None = None
    target: Asset | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossingEnd:
    """How the open crossing ends: what its record takes over."""

    state: CrossingState
    detail: str
    coins_done: Decimal
    quote_done: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalView:
    """One signal as it stands.

    Attributes:
        value: in the unit of its kind; None when unknown.
        on: it says to exit; it stays so until it is over.
        since_ms: since when it is what it is; None when it never was judged.
        text: one sentence with the numbers.
    """

    kind: SignalKind
    value: Decimal | None
    on: bool
    since_ms: int | None
    text: str


class Peg(StrEnum):
    """What is known of a stablecoin's peg."""

    SOUND = "sound"
    DOUBTFUL = "doubtful"
    """Beyond the limit, or unknown for the moment, and not confirmed yet: not bought, and not sold either."""
    BROKEN = "broken"
    NO_ANCHOR = "no-anchor"
    """The venue knows no price of it in US dollars: a person is told, and nothing else can be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PegView:
    """One stablecoin's peg as it stands; `price` in USD, None when unknown."""

    asset: Asset
    peg: Peg
    price: Decimal | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitView:
    """All numbers of one decision; None means unknown.

    Attributes:
        price: USD of one coin, as believed.
        free: coins that can be sold now.
        owned: stablecoins that are the hedge's, by the journal.
        spendable: of these, what is really there.
        round_trips: ways back by itself that began within the last seven days.
        cooldown_ms: when a way back by itself may begin at the earliest; None when that does not matter.
    """

    hedge: HedgeName
    asset: Asset
    state: ExitState
    price: Decimal | None
    signals: tuple[SignalView, ...]
    on: bool
    calm: bool
    pegs: tuple[PegView, ...]
    free: Decimal | None
    owned: Mapping[Asset, Decimal] = field(default_factory=dict)
    spendable: Mapping[Asset, Decimal] = field(default_factory=dict)
    round_trips: int = 0
    cooldown_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitPlan:
    """The outcome of one decision. What is to be kept comes before what is to be sent.

    Attributes:
        code: a constant dotted word, such as `signal.on`, `cap.orders-per-minute` or `peg.all-failed`.
        reason: one sentence with the numbers.
        write_offs: to be kept at once; nothing else is in such a plan.
        begin: a crossing that begins with `order`, in one commit.
        order: at most one a turn, already approved (R18).
        end: how the open crossing ends; then there is no order.
        notes: what a person should know besides, such as that a stablecoin has no anchor.
        alarm: a person should be told; `reason` and `notes` say of what.
        look_again_s: read again that soon; None: no hurry.
    """

    view: ExitView
    verdict: ExitVerdict
    code: str
    reason: str
    write_offs: tuple[WriteOff, ...] = ()
    begin: CrossingDraft | None = None
    order: Approved | None = None
    end: CrossingEnd | None = None
    notes: tuple[str, ...] = ()
    alarm: bool = False
    look_again_s: Decimal | None = None
