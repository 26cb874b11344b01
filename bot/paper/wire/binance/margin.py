"""Spot margin under `/sapi/v1/margin`: which pairs could be traded on it. Nobody borrows on the paper exchange.

Source: https://developers.binance.com/docs/margin_trading (read 2025-11).
"""

from __future__ import annotations

from typing import Final

from bot.paper.engine.model import MarketType
from bot.paper.wire.binance.endpoint import Call, Endpoint, Security
from bot.paper.wire.binance.history import page

_FIRST_PAIR: Final = 351637150141315861


def _pairs(call: Call) -> list[dict[str, object]]:
    return [
        {
            "symbol": listing.symbol,
            "base": listing.base,
            "quote": listing.quote,
            "isMarginTrade": True,
            "isBuyAllowed": True,
            "isSellAllowed": True,
        }
        for listing in call.all_listings(MarketType.SPOT)
    ]


def _cross_pairs(call: Call) -> object:
    return [{"id": _FIRST_PAIR + number} | pair for number, pair in enumerate(_pairs(call))]


def _isolated_pairs(call: Call) -> object:
    return _pairs(call)


def _interest_history(call: Call) -> object:
    return page([], call.params)


ENDPOINTS: Final = (
    Endpoint(method="GET", path="/sapi/v1/margin/allPairs", handle=_cross_pairs, security=Security.KEY),
    Endpoint(
        method="GET", path="/sapi/v1/margin/isolated/allPairs", handle=_isolated_pairs, weight=10, security=Security.KEY
    ),
    Endpoint(method="GET", path="/sapi/v1/margin/interestHistory", handle=_interest_history),
)
