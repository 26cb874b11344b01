"""KuCoin's requests with their weights, and its limits.

Source: KuCoin REST documentation, "Rate Limit" (resource pools of a VIP 0 account) and the weight of each endpoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.venue.endpoint import at
from bot.venue.throttle import Limit

SPOT: Final = "spot"
FUTURES: Final = "futures"
MANAGEMENT: Final = "management"
EARN: Final = "earn"
PUBLIC: Final = "public"

LIMITS: Final[Mapping[str, Limit]] = {
    SPOT: Limit(units=4_000, period_s=30, reserve=False),
    FUTURES: Limit(units=2_000, period_s=30),
    MANAGEMENT: Limit(units=2_000, period_s=30, reserve=False),
    EARN: Limit(units=2_000, period_s=30, reserve=False),
    PUBLIC: Limit(units=2_000, period_s=30, reserve=False),
}
"""The venue's own limits, by resource pool."""

SPOT_MARKETS: Final = at(PUBLIC, "publicGetSymbols", "read the spot market list", 4)
CONTRACTS: Final = at(PUBLIC, "futuresPublicGetContractsActive", "read the contract list", 3)
CONTRACT: Final = at(PUBLIC, "futuresPublicGetContractsSymbol", "read a contract", 3)
SPOT_DEPTH: Final = at(PUBLIC, "publicGetMarketOrderbookLevel2100", "read the spot order book", 4)
SERVER_TIME: Final = at(PUBLIC, "futuresPublicGetTimestamp", "measure the clock", 2)
TICKER: Final = at(PUBLIC, "futuresPublicGetTicker", "read bid and ask", 2)
TICKERS: Final = at(PUBLIC, "futuresPublicGetAllTickers", "read bids and asks", 5)
DEPTH: Final = at(PUBLIC, "futuresPublicGetLevel2Depth100", "read the order book", 10)
MARK: Final = at(PUBLIC, "futuresPublicGetMarkPriceSymbolCurrent", "read an index price", 3)
INDEX_CANDLES: Final = at(PUBLIC, "futuresPublicGetKlineQuery", "read bars of an index", 3)
CANDLES: Final = at(PUBLIC, "futuresPublicGetKlineQuery", "read 24 h volumes", 3)
RISK_LIMITS: Final = at(PUBLIC, "futuresPublicGetContractsRiskLimitSymbol", "read the risk limits", 5)
FUNDING_RATES: Final = at(PUBLIC, "futuresPublicGetContractFundingRates", "read past funding", 5)

ACCOUNTS: Final = at(MANAGEMENT, "privateGetAccounts", "read the spot wallets", 5)
KEY_SCOPE: Final = at(MANAGEMENT, "privateGetUserApiKey", "read what the key may do", 20)
ACCOUNT_MODE: Final = at(MANAGEMENT, "utaPrivateGetAccountMode", "read the account mode", 30)
LEDGER: Final = at(MANAGEMENT, "privateGetAccountsLedgers", "read the spot ledger", 2)
HF_LEDGER: Final = at(SPOT, "privateGetHfAccountsLedgers", "read the high-frequency ledger", 2)
TRANSFER: Final = at(MANAGEMENT, "privatePostAccountsUniversalTransfer", "transfer to the margin account", 4)
DEPOSITS: Final = at(MANAGEMENT, "privateGetDeposits", "read deposits", 5)
WITHDRAWALS: Final = at(MANAGEMENT, "privateGetWithdrawals", "read withdrawals", 20)
SPOT_FEES: Final = at(SPOT, "privateGetTradeFees", "read spot fee rates", 3)
SPOT_PLACE: Final = at(SPOT, "privatePostHfOrders", "place a spot order", 1)
SPOT_CANCEL: Final = at(SPOT, "privateDeleteHfOrdersClientOrderClientOid", "cancel a spot order", 1)
SPOT_FIND: Final = at(SPOT, "privateGetHfOrdersClientOrderClientOid", "look a spot order up", 2)
SPOT_FIND_VENUE: Final = at(SPOT, "privateGetHfOrdersOrderId", "look a spot order up", 2)
SPOT_OPEN: Final = at(SPOT, "privateGetHfOrdersActive", "read open spot orders", 2)
SPOT_ORDERS: Final = at(SPOT, "privateGetHfOrdersDone", "read done spot orders", 2)
SPOT_TRADES: Final = at(SPOT, "privateGetHfFills", "read spot trades", 2)
HOLD_ASSETS: Final = at(EARN, "earnGetEarnHoldAssets", "read Earn", 5)

OVERVIEW: Final = at(FUTURES, "futuresPrivateGetAccountOverview", "read the margin account", 5)
POSITIONS: Final = at(FUTURES, "futuresPrivateGetPositions", "read positions", 2)
POSITION: Final = at(FUTURES, "futuresPrivateGetPosition", "read a position", 2)
MARGIN_MODE: Final = at(FUTURES, "futuresPrivateGetPositionGetMarginMode", "read the margin mode", 2)
POSITION_MODE: Final = at(FUTURES, "futuresPrivateGetPositionGetPositionMode", "read the position mode", 2)
CROSS_LEVERAGE: Final = at(FUTURES, "futuresPrivateGetGetCrossUserLeverage", "read the cross leverage", 2)
SET_MARGIN_MODE: Final = at(FUTURES, "futuresPrivatePostPositionChangeMarginMode", "set the margin mode", 2)
SET_CROSS_LEVERAGE: Final = at(FUTURES, "futuresPrivatePostChangeCrossUserLeverage", "set the cross leverage", 2)
FEES: Final = at(FUTURES, "futuresPrivateGetTradeFees", "read fee rates", 3)
ADD_MARGIN: Final = at(FUTURES, "futuresPrivatePostPositionMarginDepositMargin", "add margin to a position", 4)
PLACE_ORDER: Final = at(FUTURES, "futuresPrivatePostOrders", "place an order", 2)
CANCEL_ORDER: Final = at(FUTURES, "futuresPrivateDeleteOrdersClientOrderClientOid", "cancel an order", 1)
FIND_ORDER: Final = at(FUTURES, "futuresPrivateGetOrdersByClientOid", "look an order up", 5)
FIND_VENUE_ORDER: Final = at(FUTURES, "futuresPrivateGetOrdersOrderId", "look an order up", 5)
ORDERS: Final = at(FUTURES, "futuresPrivateGetOrders", "read orders", 2)
TRADES: Final = at(FUTURES, "futuresPrivateGetFills", "read trades", 5)
FUNDING: Final = at(FUTURES, "futuresPrivateGetFundingHistory", "read funding payments", 5)
FUTURES_LEDGER: Final = at(MANAGEMENT, "futuresPrivateGetTransactionHistory", "read the margin account's ledger", 2)

DAY_MS: Final = 86_400_000
WEEK_MS: Final = 7 * DAY_MS
"""The longest span that lists of orders, trades, deposits and withdrawals take; ledgers take a day."""
PAGE: Final = 1_000
"""The most rows a page of orders or trades has; of other lists 500, 200 or 50."""
SPOT_PAGE: Final = 100
"""The most rows that a list of spot orders or trades gives."""
LEDGER_PAGE: Final = 50
"""The most rows that the margin account's ledger gives."""

_POOLS: Final = (
    ("/api/v1/hf/", SPOT),
    ("/api/v1/earn/", EARN),
    ("/api/v1/user/", MANAGEMENT),
    ("/api/v1/accounts", MANAGEMENT),
    ("/api/v3/accounts/", MANAGEMENT),
    ("/api/v1/market/", PUBLIC),
    ("/api/v1/deposits", MANAGEMENT),
    ("/api/v1/withdrawals", MANAGEMENT),
    ("/api/v1/transaction-history", MANAGEMENT),
    ("/api/v1/account-overview", FUTURES),
    ("/api/v1/position", FUTURES),
    ("/api/v1/orders", FUTURES),
    ("/api/v1/fills", FUTURES),
    ("/api/v1/contracts/active", PUBLIC),
    ("/api/v1/allTickers", PUBLIC),
    ("/api/v1/level2/", PUBLIC),
)


def used(path: str, headers: Mapping[str, str]) -> tuple[str, int] | None:
    """What the venue itself counted in a pool: `gw-ratelimit-limit` less `gw-ratelimit-remaining`."""
    pool = next((pool for start, pool in _POOLS if path.startswith(start)), None)
    told = {name.lower(): value for name, value in headers.items()}
    limit, remaining = told.get("gw-ratelimit-limit", ""), told.get("gw-ratelimit-remaining", "")
    if pool is None or not limit.isdecimal() or not remaining.isdecimal():
        return None
    return pool, max(int(limit) - int(remaining), 0)
