"""Why the paper exchange says no. Read it through `bot.paper.engine.model`."""

from __future__ import annotations

from enum import StrEnum


class RefusalCode(StrEnum):
    """Every reason to refuse; compares equal to its text."""

    UNKNOWN_SYMBOL = "unknown-symbol"
    UNKNOWN_ASSET = "unknown-asset"
    UNKNOWN_WALLET = "unknown-wallet"
    UNKNOWN_PRODUCT = "unknown-product"
    """No such Earn product."""
    UNKNOWN_ORDER = "unknown-order"
    MARKET_CLOSED = "market-closed"
    BAD_AMOUNT = "bad-amount"
    """Zero, negative or finer than 1e-8 where an amount was expected."""
    BAD_PRICE = "bad-price"
    INSUFFICIENT_BALANCE = "insufficient-balance"
    """Spot orders, transfers, withdrawals, Earn, margin added to a position."""
    INSUFFICIENT_MARGIN = "insufficient-margin"
    """Futures orders and leverage changes."""
    LOT_SIZE = "lot-size"
    """Quantity below the minimum, not a multiple of the step, or missing."""
    MAX_QUANTITY = "max-quantity"
    PRICE_FILTER = "price-filter"
    """Price off tick, not positive, or missing."""
    PERCENT_PRICE = "percent-price"
    MIN_NOTIONAL = "min-notional"
    DUPLICATE_CLIENT_ID = "duplicate-client-id"
    WOULD_MATCH = "would-match"
    """A post-only order that would take."""
    REDUCE_ONLY_REJECTED = "reduce-only-rejected"
    POSITION_SIDE_MISMATCH = "position-side-mismatch"
    """BOTH in hedge mode, or LONG/SHORT in one-way mode."""
    MAX_POSITION = "max-position"
    """The brackets do not allow so large a position at the leverage set."""
    BAD_LEVERAGE = "bad-leverage"
    LEVERAGE_REDUCTION = "leverage-reduction"
    """Lower leverage with an open isolated position."""
    NO_CHANGE = "no-change"
    HAS_POSITION = "has-position"
    HAS_ORDERS = "has-orders"
    MULTI_ASSETS = "multi-assets"
    """Isolated margin under Multi-Assets mode, or the other way round."""
    NOT_ISOLATED = "not-isolated"
    """Margin can be added to an isolated position only."""
    NO_POSITION = "no-position"


class Refusal(Exception):
    """The exchange refused, and nothing changed.

    Args:
        code: a constant that the wire translates into the venue's number and text; see `RefusalCode`.
        detail: what exactly was wrong, in words.
    """

    def __init__(self, code: RefusalCode, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else str(code))
        self.code = code
        self.detail = detail
