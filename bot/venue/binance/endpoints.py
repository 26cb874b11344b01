"""Binance's requests of the spot and wallet APIs with their weights, and its limits.

Source: Binance spot, wallet, Simple Earn and staking REST documentation. Weights are the venue's own; ccxt's costs
understate spot five times and `sapi` ten times.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from bot.venue.endpoint import Endpoint, at
from bot.venue.throttle import Cost, Limit

SPOT: Final = "spot"
FUNDING: Final = "funding"
PAGE: Final = 1_000
"""The most rows that most lists give at once."""
DAY_MS: Final = 86_400_000
"""The longest span that lists of spot orders and trades take."""
WEEK_MS: Final = 7 * DAY_MS
"""The longest span that lists of orders and trades of contracts take."""
DEPTH_LEVELS: Final = 50
"""Most levels of a book for the lowest weight."""


class EarnKind(StrEnum):
    """Simple Earn's two products, by their wallet name."""

    FLEXIBLE = "earn-flexible"
    LOCKED = "earn-locked"


def _sapi(method: str, operation: str, weight: int = 1) -> Endpoint:
    """Each `sapi` endpoint has a limit of its own, so a queue and a window of its own."""
    return at(method, method, operation, weight)


SPOT_EXCHANGE_INFO: Final = at("spot", "publicGetExchangeInfo", "read the spot market list", 20)
SPOT_ACCOUNT: Final = at("spot", "privateGetAccount", "read the spot wallet", 20)
SPOT_TRADES: Final = at("spot", "privateGetMyTrades", "read spot trades", 20)
SPOT_DEPTH: Final = at("spot", "publicGetDepth", "read the spot order book", 5)
SPOT_PLACE: Final = Endpoint(
    method="privatePostOrder",
    operation="place a spot order",
    cost=Cost(family="spot", units={"spot": 1, "spot-orders-10s": 1}),
)
SPOT_FIND: Final = at("spot", "privateGetOrder", "look a spot order up", 4)
SPOT_CANCEL: Final = at("spot", "privateDeleteOrder", "cancel a spot order", 1)
SPOT_OPEN: Final = at("spot", "privateGetOpenOrders", "read open spot orders", 6)
SPOT_ORDERS: Final = at("spot", "privateGetAllOrders", "read all spot orders", 20)

FUNDING_WALLET: Final = _sapi("sapiPostAssetGetFundingAsset", "read the funding wallet")
EARN_FLEXIBLE: Final = _sapi("sapiGetSimpleEarnFlexiblePosition", "read flexible Earn", 150)
EARN_LOCKED: Final = _sapi("sapiGetSimpleEarnLockedPosition", "read locked Earn", 150)
KEY_SCOPE: Final = _sapi("sapiGetAccountApiRestrictions", "read what the key may do")
SPOT_FEES: Final = _sapi("sapiGetAssetTradeFee", "read spot fee rates")
TRANSFER: Final = _sapi("sapiPostAssetTransfer", "transfer to the margin wallet", 900)
TRANSFERS: Final = _sapi("sapiGetAssetTransfer", "read transfers")
DIVIDENDS: Final = _sapi("sapiGetAssetAssetDividend", "read distributions", 10)
DEPOSITS: Final = _sapi("sapiGetCapitalDepositHisrec", "read deposits")
WITHDRAWALS: Final = _sapi("sapiGetCapitalWithdrawHistory", "read withdrawals", 18_000)


def _earn_history(what: str, operation: str) -> Mapping[EarnKind, Endpoint]:
    return {
        kind: _sapi(f"sapiGetSimpleEarn{name}History{what}", operation, 150)
        for kind, name in ((EarnKind.FLEXIBLE, "Flexible"), (EarnKind.LOCKED, "Locked"))
    }


EARN_SUBSCRIPTIONS: Final = _earn_history("SubscriptionRecord", "read Earn subscriptions")
EARN_REDEMPTIONS: Final = _earn_history("RedemptionRecord", "read Earn redemptions")
EARN_REWARDS: Final = _earn_history("RewardsRecord", "read Earn rewards")
STAKING_REDEMPTIONS: Final = tuple(
    _sapi(f"sapiGet{coin}Staking{coin}HistoryRedemptionHistory", f"read redemptions of staked {coin.upper()}", 150)
    for coin in ("Eth", "Sol")
)

_SAPI_IP: Final = Limit(units=12_000, period_s=60, reserve=False)
_SAPI_UID: Final = Limit(units=180_000, period_s=60, reserve=False)
LIMITS: Final[Mapping[str, Limit]] = {
    "spot": Limit(units=6_000, period_s=60),
    "spot-orders-10s": Limit(units=100, period_s=10),
    "fapi": Limit(units=2_400, period_s=60),
    "fapi-orders-10s": Limit(units=300, period_s=10),
    "fapi-orders-1m": Limit(units=1_200, period_s=60),
    "dapi": Limit(units=2_400, period_s=60),
    "dapi-orders-1m": Limit(units=1_200, period_s=60),
    WITHDRAWALS.method: _SAPI_UID,
    TRANSFER.method: _SAPI_UID,
    **{
        endpoint.method: _SAPI_IP
        for endpoint in (
            *(FUNDING_WALLET, EARN_FLEXIBLE, EARN_LOCKED, KEY_SCOPE, SPOT_FEES, TRANSFERS, DIVIDENDS, DEPOSITS),
            *(*EARN_SUBSCRIPTIONS.values(), *EARN_REDEMPTIONS.values(), *EARN_REWARDS.values()),
            *STAKING_REDEMPTIONS,
        )
    },
}
"""The venue's own limits, by window."""

_USED_WEIGHT: Final[Mapping[str, str]] = {"/api/": "spot", "/fapi/": "fapi", "/dapi/": "dapi"}


def used_weight(path: str, headers: Mapping[str, str]) -> tuple[str, int] | None:
    """What the venue itself counted, told in `X-MBX-USED-WEIGHT-1M`; which window, by the beginning of the path."""
    window = next((window for start, window in _USED_WEIGHT.items() if path.startswith(start)), None)
    used = next((value for name, value in headers.items() if name.lower() == "x-mbx-used-weight-1m"), "")
    return (window, int(used)) if window is not None and used.isdigit() else None
