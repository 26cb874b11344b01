"""Orders that OKX makes itself: to liquidate, to deleverage, to settle what is delisted.

Source: https://www.okx.com/docs-v5/en/#order-book-trading-trade-get-order-history-last-7-days (`category`),
https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-bills-details-last-7-days (`type` and `subType`;
read 2026-06). Which sub-types net mode uses is from general knowledge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.paper.engine.model import ForcedCause, Order, PositionSide, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Forced:
    """OKX's words for one reason.

    Attributes:
        category: of the order.
        bill_type: `type` of the bills of its fills.
        close_long, close_short: `subType` of fills and bills in long/short mode.
        buy, sell: the same in net mode.
    """

    category: str
    bill_type: str
    close_long: str
    close_short: str
    buy: str
    sell: str

    def sub_type(self, side: Side, position_side: PositionSide) -> str:
        """`subType` of a fill."""
        match position_side:
            case PositionSide.BOTH:
                return self.buy if side is Side.BUY else self.sell
            case PositionSide.LONG:
                return self.close_long
            case PositionSide.SHORT:
                return self.close_short


_REASONS: Final[Mapping[ForcedCause, Forced]] = {
    ForcedCause.LIQUIDATION: Forced(
        category="full_liquidation", bill_type="5", close_long="104", close_short="105", buy="106", sell="107"
    ),
    ForcedCause.ADL: Forced(category="adl", bill_type="9", close_long="125", close_short="126", buy="127", sell="128"),
    ForcedCause.SETTLEMENT: Forced(
        category="delivery", bill_type="3", close_long="112", close_short="113", buy="113", sell="112"
    ),
}


def forced(order: Order) -> Forced | None:
    """Why the venue made the order; None for one of the account's own."""
    return None if order.cause is None else _REASONS[order.cause]
