"""What a decision says: an order or none, always with the reason and its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from bot.domain.funding import FundingFigures
from bot.domain.ids import Asset, HedgeName, Symbol, VenueName
from bot.domain.instrument import ContractKind
from bot.domain.numbers import plain
from bot.domain.observation import Holding, Unknown
from bot.domain.orders import OrderRequest


class Verdict(StrEnum):
    """What kind of plan it is; the words of logs, status and tests."""

    BALANCED = "balanced"
    """The gap is inside the band."""
    ORDER = "order"
    CONFIRMING = "confirming"
    """A change was seen; it is read again before anything is done (R10, R12, R25)."""
    DWELLING = "dwelling"
    """A surplus was seen; it must last `dwell_s` (R11)."""
    WAITING = "waiting"
    """An order of ours, or its fill, is not yet accounted for (R18, R23), or a foreign change is in its grace (R25)."""
    TOO_SMALL = "too-small"
    """Outside the band, but below what the venue takes (R14)."""
    NO_MARGIN = "no-margin"
    """Nothing fits into the free margin (R15)."""
    FROZEN = "frozen"
    """Something needed is unknown (R8)."""
    HALTED = "halted"
    """A guard stopped it; a person must look (R24, R25)."""
    REFUSED = "refused"
    """The risk gate stopped the order."""
    PAUSED = "paused"
    """A person paused the hedge: nothing is sent."""
    UNWOUND = "unwound"
    """A person had the short closed; it stays so until `resume`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedOrder:
    """An order before the risk gate.

    Attributes:
        coins: quantity in coins of the asset.
        notional: at the mark, in quote.
        fee_estimate: taker fee at the collar, in quote.
    """

    request: OrderRequest
    coins: Decimal
    notional: Decimal
    fee_estimate: Decimal


def order_facts(order: PlannedOrder) -> dict[str, str | bool]:
    """An order as JSON, for journal and command line: amounts are strings of plain digits, `quantity` is in coins."""
    request = order.request
    return {
        "venue": request.venue,
        "symbol": request.symbol,
        "side": request.side.value,
        "quantity": plain(order.coins),
        "contracts": plain(request.contracts),
        "price_collar": plain(request.price),
        "reduce_only": request.reduce_only,
        "notional": plain(order.notional),
        "fee_estimate": plain(order.fee_estimate),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """What it would cost to close the short now.

    Attributes:
        contracts: of the short, positive.
        notional: at the mark, in quote.
        fee: taker fee at the worst price, in quote.
        slippage_max: what the worst price that an order may have costs against the mark, in quote: spread included.
        realized: what the short has won (positive) or lost since its entry, at the mark; None when no entry is told.
        settle: the currency of `realized`.
    """

    venue: VenueName
    contracts: Decimal
    notional: Decimal
    fee: Decimal
    slippage_max: Decimal
    realized: Decimal | None
    settle: Asset


def closing_facts(closing: Closing | None) -> dict[str, str | None] | None:
    """As JSON: amounts are strings of plain digits."""
    if closing is None:
        return None
    return {
        "venue": closing.venue,
        "contracts": plain(closing.contracts),
        "notional": plain(closing.notional),
        "fee": plain(closing.fee),
        "slippage_max": plain(closing.slippage_max),
        "realized": None if closing.realized is None else plain(closing.realized),
        "settle": closing.settle,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeView:
    """All numbers of one decision; None means unknown. Coins unless said otherwise.

    Attributes:
        principal: exposure with margin at its wallet balance (R3).
        short: positive; 0 when flat.
        target: the short that would leave no gap.
        gap: positive when under-hedged.
        gap_notional, band_notional: in quote.
        price: quote per coin, from the mark.
        closing: None when the position or its price is unknown, or there is no short.
        funding: what the short paid lately; None when nothing is known.
    """

    hedge: HedgeName
    asset: Asset
    symbol: Symbol
    kind: ContractKind
    holdings: tuple[Holding | Unknown, ...]
    exposure: Decimal | None = None
    principal: Decimal | None = None
    short: Decimal | None = None
    target: Decimal | None = None
    gap: Decimal | None = None
    gap_notional: Decimal | None = None
    band_notional: Decimal | None = None
    price: Decimal | None = None
    mark: Decimal | None = None
    liquidation_price: Decimal | None = None
    closing: Closing | None = None
    funding: FundingFigures | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The outcome of one decision.

    Attributes:
        reason: one sentence with the numbers.
        order: at most one order a turn (R18).
        gap_after: the gap in coins once the order has filled; equal to the gap without an order; None if unknown.
        look_again_s: read again that soon instead of waiting for the next interval; None: no hurry.
        want_book: the next reading should hold the order book.
        alarm: a person should know; the reason says what.
        refused: the risk gate's code, of a plan that it stopped; else empty.
    """

    view: HedgeView
    verdict: Verdict
    reason: str
    order: PlannedOrder | None = None
    gap_after: Decimal | None = None
    look_again_s: Decimal | None = None
    want_book: bool = False
    alarm: bool = False
    refused: str = ""
