"""OKX's requests, each with a limit of its own.

Source: OKX v5 REST documentation, "Rate Limit" of each endpoint; private ones count by user, public ones by address.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.venue.endpoint import Endpoint
from bot.venue.throttle import Cost, Limit

PAGE: Final = 100
"""The most rows that any list gives at once."""
_limits: dict[str, Limit] = {}


def _own(method: str, operation: str, calls: int, period_s: int = 2) -> Endpoint:
    """A request with a window of its own: so many calls in a period."""
    _limits[method] = Limit(units=calls, period_s=period_s, reserve=False)
    return Endpoint(method=method, operation=operation, cost=Cost(family=method, units={method: 1}))


def _shared(endpoint: Endpoint, operation: str) -> Endpoint:
    """The same request for something else; it waits in the same queue."""
    return Endpoint(method=endpoint.method, operation=operation, cost=endpoint.cost)


SERVER_TIME: Final = _own("publicGetPublicTime", "measure the clock", 10)
INSTRUMENTS: Final = _own("publicGetPublicInstruments", "read the market list", 20)

TRADING: Final = _own("privateGetAccountBalance", "read the trading account", 10)
FUNDING: Final = _own("privateGetAssetBalances", "read the funding account", 6, period_s=1)
SAVINGS: Final = _own("privateGetFinanceSavingsBalance", "read Simple Earn", 6, period_s=1)
STAKING: Final = _own("privateGetFinanceStakingDefiOrdersActive", "read on-chain Earn", 3, period_s=1)
ETH_STAKING: Final = _own("privateGetFinanceStakingDefiEthPurchaseRedeemHistory", "read ETH unstaking", 6, period_s=1)
SOL_STAKING: Final = _own("privateGetFinanceStakingDefiSolPurchaseRedeemHistory", "read SOL unstaking", 6, period_s=1)
DEPOSITS: Final = _own("privateGetAssetDepositHistory", "read deposits", 6, period_s=1)
WITHDRAWALS: Final = _own("privateGetAssetWithdrawalHistory", "read withdrawals", 6, period_s=1)
LENDING: Final = _own("privateGetFinanceSavingsLendingHistory", "read Simple Earn's interest", 6, period_s=1)

BILLS: Final = _own("privateGetAccountBills", "read the trading account's bills", 5, period_s=1)
OLD_BILLS: Final = _own("privateGetAccountBillsArchive", "read the trading account's older bills", 5)
FUNDING_BILLS: Final = _own("privateGetAssetBills", "read the funding account's bills", 6, period_s=1)

POSITIONS: Final = _own("privateGetAccountPositions", "read positions", 10)
CONFIG: Final = _own("privateGetAccountConfig", "read the account's configuration", 5)
KEY_SCOPE: Final = _shared(CONFIG, "read what the key may do")
LEVERAGE: Final = _own("privateGetAccountLeverageInfo", "read leverage", 20)
SET_LEVERAGE: Final = _own("privatePostAccountSetLeverage", "set leverage", 20)
ADD_MARGIN: Final = _own("privatePostAccountPositionMarginBalance", "add margin to a position", 20)
FEES: Final = _own("privateGetAccountTradeFee", "read fee rates", 5)
TIERS: Final = _own("publicGetPublicPositionTiers", "read the position tiers", 10)

MARKS: Final = _own("publicGetPublicMarkPrice", "read mark prices", 10)
INDEXES: Final = _own("publicGetMarketIndexTickers", "read index prices", 20)
INDEX: Final = _shared(INDEXES, "read an index price")
INDEX_CANDLES: Final = _own("publicGetMarketHistoryIndexCandles", "read bars of an index", 10)
TICKER: Final = _own("publicGetMarketTicker", "read bid and ask", 20)
TICKERS: Final = _own("publicGetMarketTickers", "read bids and asks", 20)
FUNDING_RATES: Final = _own("publicGetPublicFundingRate", "read funding rates", 10)
FUNDING_HISTORY: Final = _own("publicGetPublicFundingRateHistory", "read past funding", 10)
DEPTH: Final = _own("publicGetMarketBooks", "read the order book", 40)
CANDLES: Final = _own("publicGetMarketCandles", "read 24 h volumes", 40)

PLACE_ORDER: Final = _own("privatePostTradeOrder", "place an order", 60)
"""One order, one answer: of a list of orders the parts may fare differently."""
CANCEL_ALL_AFTER: Final = _own("privatePostTradeCancelAllAfter", "set the switch that cancels orders", 2)
"""The venue allows one a second; as two in two seconds, so that our share of it is one at least."""
CANCEL_ORDER: Final = _own("privatePostTradeCancelOrder", "cancel an order", 60)
FIND_ORDER: Final = _own("privateGetTradeOrder", "look an order up", 60)
OPEN_ORDERS: Final = _own("privateGetTradeOrdersPending", "read open orders", 60)
ORDERS: Final = _own("privateGetTradeOrdersHistory", "read done orders", 40)
OLD_ORDERS: Final = _own("privateGetTradeOrdersHistoryArchive", "read older orders", 20)
FILLS: Final = _own("privateGetTradeFills", "read trades", 60)
OLD_FILLS: Final = _own("privateGetTradeFillsHistory", "read older trades", 10)

LIMITS: Final[Mapping[str, Limit]] = _limits
"""The venue's own limits, by window."""
