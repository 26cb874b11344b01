"""What is particular to Binance, as data: endpoints with their weights, limits, names.

Source: Binance spot, USD-M futures, wallet and Simple Earn REST documentation. Weights are the venue's own; ccxt's
costs understate spot five times and `sapi` ten times.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.domain.instrument import MarginMode
from bot.domain.orders import OrderStatus, TimeInForce
from bot.venue.throttle import Cost, Limit

RECV_WINDOW_MS: Final = 3_000
"""How long after its timestamp an order may still take effect (R21)."""
PAGE: Final = 1_000
"""The most rows that order, trade and income lists give at once."""
WEEK_MS: Final = 7 * 86_400_000
"""The longest span that order and trade lists take."""


class EarnKind(StrEnum):
    """Simple Earn's two products, by their wallet name."""

    FLEXIBLE = "earn-flexible"
    LOCKED = "earn-locked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One request: ccxt's implicit method, what it is for, what it costs."""

    method: str
    operation: str
    cost: Cost


def _at(family: str, method: str, operation: str, weight: int) -> Endpoint:
    return Endpoint(method=method, operation=operation, cost=Cost(family=family, units={family: weight}))


def _sapi(method: str, operation: str, weight: int) -> Endpoint:
    """Each `sapi` endpoint has a limit of its own, so a queue and a window of its own."""
    return Endpoint(method=method, operation=operation, cost=Cost(family=method, units={method: weight}))


SPOT_EXCHANGE_INFO: Final = _at("spot", "publicGetExchangeInfo", "read the spot market list", 20)
SPOT_ACCOUNT: Final = _at("spot", "privateGetAccount", "read the spot wallet", 20)
SPOT_TRADES: Final = _at("spot", "privateGetMyTrades", "read spot trades", 20)

FUNDING_WALLET: Final = _sapi("sapiPostAssetGetFundingAsset", "read the funding wallet", 1)
EARN_FLEXIBLE: Final = _sapi("sapiGetSimpleEarnFlexiblePosition", "read flexible Earn", 150)
EARN_LOCKED: Final = _sapi("sapiGetSimpleEarnLockedPosition", "read locked Earn", 150)
KEY_SCOPE: Final = _sapi("sapiGetAccountApiRestrictions", "read what the key may do", 1)
TRANSFERS: Final = _sapi("sapiGetAssetTransfer", "read transfers", 1)
DEPOSITS: Final = _sapi("sapiGetCapitalDepositHisrec", "read deposits", 1)
WITHDRAWALS: Final = _sapi("sapiGetCapitalWithdrawHistory", "read withdrawals", 18_000)


def _earn_history(what: str, operation: str) -> Mapping[EarnKind, Endpoint]:
    return {
        kind: _sapi(f"sapiGetSimpleEarn{name}History{what}", operation, 150)
        for kind, name in ((EarnKind.FLEXIBLE, "Flexible"), (EarnKind.LOCKED, "Locked"))
    }


EARN_SUBSCRIPTIONS: Final = _earn_history("SubscriptionRecord", "read Earn subscriptions")
EARN_REDEMPTIONS: Final = _earn_history("RedemptionRecord", "read Earn redemptions")
EARN_REWARDS: Final = _earn_history("RewardsRecord", "read Earn rewards")

SERVER_TIME: Final = _at("fapi", "fapiPublicGetTime", "measure the clock", 1)
EXCHANGE_INFO: Final = _at("fapi", "fapiPublicGetExchangeInfo", "read the contract list", 1)
ACCOUNT: Final = _at("fapi", "fapiPrivateV3GetAccount", "read the margin account", 5)
POSITIONS: Final = _at("fapi", "fapiPrivateV3GetPositionRisk", "read positions", 5)
MARK: Final = _at("fapi", "fapiPublicGetPremiumIndex", "read the mark price", 1)
MARKS: Final = _at("fapi", "fapiPublicGetPremiumIndex", "read mark prices", 10)
TICKER: Final = _at("fapi", "fapiPublicGetTickerBookTicker", "read bid and ask", 2)
TICKERS: Final = _at("fapi", "fapiPublicGetTickerBookTicker", "read bids and asks", 5)
DEPTH: Final = _at("fapi", "fapiPublicGetDepth", "read the order book", 2)
VOLUMES: Final = _at("fapi", "fapiPublicGetTicker24hr", "read 24 h volumes", 1)
BRACKETS: Final = _at("fapi", "fapiPrivateGetLeverageBracket", "read the leverage brackets", 1)
SYMBOL_CONFIG: Final = _at("fapi", "fapiPrivateGetSymbolConfig", "read leverage and margin mode", 5)
ACCOUNT_CONFIG: Final = _at("fapi", "fapiPrivateGetAccountConfig", "read position and multi-assets mode", 5)
"""Tells both modes for a sixth of what either endpoint of its own costs."""
FEES: Final = _at("fapi", "fapiPrivateGetCommissionRate", "read fee rates", 20)
SET_LEVERAGE: Final = _at("fapi", "fapiPrivatePostLeverage", "set leverage", 1)
SET_POSITION_MODE: Final = _at("fapi", "fapiPrivatePostPositionSideDual", "set the position mode", 1)
SET_MARGIN_MODE: Final = _at("fapi", "fapiPrivatePostMarginType", "set the margin mode", 1)
FIND_ORDER: Final = _at("fapi", "fapiPrivateGetOrder", "look an order up", 1)
CANCEL_ORDER: Final = _at("fapi", "fapiPrivateDeleteOrder", "cancel an order", 1)
OPEN_ORDERS: Final = _at("fapi", "fapiPrivateGetOpenOrders", "read open orders", 1)
ALL_ORDERS: Final = _at("fapi", "fapiPrivateGetAllOrders", "read all orders", 5)
TRADES: Final = _at("fapi", "fapiPrivateGetUserTrades", "read trades", 5)
INCOME: Final = _at("fapi", "fapiPrivateGetIncome", "read the margin account's ledger", 30)
PLACE_ORDER: Final = Endpoint(
    method="fapiPrivatePostOrder",
    operation="place an order",
    cost=Cost(family="fapi", units={"fapi": 1, "fapi-orders-10s": 1, "fapi-orders-1m": 1}),
)

_SAPI_IP: Final = Limit(units=12_000, period_s=60, reserve=False)
_SAPI_UID: Final = Limit(units=180_000, period_s=60, reserve=False)
LIMITS: Final[Mapping[str, Limit]] = {
    "spot": Limit(units=6_000, period_s=60),
    "fapi": Limit(units=2_400, period_s=60),
    "fapi-orders-10s": Limit(units=300, period_s=10),
    "fapi-orders-1m": Limit(units=1_200, period_s=60),
    WITHDRAWALS.method: _SAPI_UID,
    **{
        endpoint.method: _SAPI_IP
        for endpoint in (
            *(FUNDING_WALLET, EARN_FLEXIBLE, EARN_LOCKED, KEY_SCOPE, TRANSFERS, DEPOSITS),
            *(*EARN_SUBSCRIPTIONS.values(), *EARN_REDEMPTIONS.values(), *EARN_REWARDS.values()),
        )
    },
}
"""The venue's own limits, by window."""

DEPTH_LEVELS: Final = 50
"""Most levels for weight 2."""


USED_WEIGHT: Final[Mapping[str, str]] = {"/api/": "spot", "/fapi/": "fapi"}
"""Where the venue tells in `X-MBX-USED-WEIGHT-1M` what it counted, by the beginning of the path: our window."""

TIME_IN_FORCE: Final[Mapping[TimeInForce, str]] = {
    TimeInForce.IOC: "IOC",
    TimeInForce.GTC: "GTC",
    TimeInForce.POST_ONLY: "GTX",
}
STATUS: Final[Mapping[str, OrderStatus]] = {
    "NEW": OrderStatus.OPEN,
    "PARTIALLY_FILLED": OrderStatus.PARTIALLY_FILLED,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELED,
    "REJECTED": OrderStatus.REJECTED,
    "EXPIRED": OrderStatus.EXPIRED,
    "EXPIRED_IN_MATCH": OrderStatus.EXPIRED,
}
MARGIN_TYPE: Final[Mapping[MarginMode, str]] = {MarginMode.ISOLATED: "ISOLATED", MarginMode.CROSS: "CROSSED"}
MARGIN_MODE: Final[Mapping[str, MarginMode]] = {name: mode for mode, name in MARGIN_TYPE.items()}
