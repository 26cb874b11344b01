"""Every path that the bot asks, by venue: where faults strike. `test_seeds.py` holds the list against a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """The paths of one venue for one kind of contract.

    Attributes:
        order: where orders go; faults strike there often, as everything hangs on them.
        proof: what tells of an order's fate: look-ups, lists, trades, the position.
        reading: what every turn reads besides.
        start: what a start asks.
    """

    order: str
    proof: tuple[str, ...]
    reading: tuple[str, ...]
    start: tuple[str, ...]

    @property
    def every(self) -> frozenset[str]:
        """All of them."""
        return frozenset({self.order, *self.proof, *self.reading, *self.start})


_BINANCE_COINS: Final = (
    "/api/v3/account",
    "/sapi/v1/asset/get-funding-asset",
    "/sapi/v1/simple-earn/flexible/position",
    "/sapi/v1/simple-earn/locked/position",
    "/sapi/v1/simple-earn/flexible/history/redemptionRecord",
    "/sapi/v1/simple-earn/locked/history/redemptionRecord",
    "/sapi/v1/eth-staking/eth/history/redemptionHistory",
    "/sapi/v1/sol-staking/sol/history/redemptionHistory",
    "/sapi/v1/capital/deposit/hisrec",
    "/sapi/v1/capital/withdraw/history",
)
_BINANCE_LEDGER: Final = (
    "/api/v3/myTrades",
    "/dapi/v1/income",
    "/fapi/v1/income",
    "/sapi/v1/asset/assetDividend",
    "/sapi/v1/asset/transfer",
    "/sapi/v1/simple-earn/flexible/history/rewardsRecord",
    "/sapi/v1/simple-earn/flexible/history/subscriptionRecord",
    "/sapi/v1/simple-earn/locked/history/rewardsRecord",
    "/sapi/v1/simple-earn/locked/history/subscriptionRecord",
)
_BINANCE_START: Final = (
    "/api/v3/exchangeInfo",
    "/dapi/v1/exchangeInfo",
    "/fapi/v1/exchangeInfo",
    "/sapi/v1/account/apiRestrictions",
)
_OKX: Final = Paths(
    order="/api/v5/trade/order",
    proof=(
        "/api/v5/trade/order",
        "/api/v5/trade/orders-pending",
        "/api/v5/trade/orders-history",
        "/api/v5/trade/fills",
        "/api/v5/trade/cancel-order",
        "/api/v5/account/positions",
        "/api/v5/account/balance",
    ),
    reading=(
        "/api/v5/account/bills",
        "/api/v5/account/config",
        "/api/v5/account/leverage-info",
        "/api/v5/asset/bills",
        "/api/v5/asset/balances",
        "/api/v5/asset/deposit-history",
        "/api/v5/asset/withdrawal-history",
        "/api/v5/finance/savings/balance",
        "/api/v5/finance/savings/lending-history",
        "/api/v5/finance/staking-defi/orders-active",
        "/api/v5/market/books",
        "/api/v5/market/index-tickers",
        "/api/v5/market/ticker",
        "/api/v5/public/funding-rate",
        "/api/v5/public/mark-price",
        "/api/v5/public/time",
    ),
    start=(
        "/api/v5/account/trade-fee",
        "/api/v5/account/set-leverage",
        "/api/v5/market/candles",
        "/api/v5/public/instruments",
        "/api/v5/public/position-tiers",
    ),
)


def _kucoin(contract: str, *, inverse: bool) -> Paths:
    cross = ("/api/v2/getCrossUserLeverage", "/api/v2/changeCrossUserLeverage")
    return Paths(
        order="/api/v1/orders",
        proof=(
            "/api/v1/orders",
            "/api/v1/orders/byClientOid",
            "/api/v1/fills",
            "/api/v1/positions",
            "/api/v1/account-overview",
        ),
        reading=(
            "/api/v1/accounts",
            "/api/v1/accounts/ledgers",
            f"/api/v1/contracts/{contract}",
            "/api/v1/deposits",
            "/api/v1/funding-history",
            "/api/v1/hf/accounts/ledgers",
            "/api/v1/transaction-history",
            "/api/v1/withdrawals",
            "/api/v1/earn/hold-assets",
            "/api/v1/level2/depth100",
            "/api/v1/ticker",
            "/api/v1/timestamp",
            "/api/v2/position/getMarginMode",
            "/api/v2/position/getPositionMode",
            *(cross[:1] if inverse else ()),
        ),
        start=(
            "/api/ua/v1/account/mode",
            "/api/v1/contracts/active",
            f"/api/v1/contracts/risk-limit/{contract}",
            "/api/v1/kline/query",
            "/api/v1/trade-fees",
            "/api/v1/user/api-key",
            "/api/v2/symbols",
            "/api/v2/position/changeMarginMode",
            "/api/v1/bullet-private",
            "/api/v1/bullet-public",
            *(cross[1:] if inverse else ()),
        ),
    )


PATHS: Final[Mapping[tuple[str, bool], Paths]] = {
    ("binance", False): Paths(
        order="/fapi/v1/order",
        proof=(
            "/fapi/v1/order",
            "/fapi/v1/openOrders",
            "/fapi/v1/allOrders",
            "/fapi/v1/userTrades",
            "/fapi/v3/positionRisk",
            "/fapi/v3/account",
        ),
        reading=(
            *_BINANCE_COINS,
            *_BINANCE_LEDGER,
            "/fapi/v1/accountConfig",
            "/fapi/v1/depth",
            "/fapi/v1/premiumIndex",
            "/fapi/v1/symbolConfig",
            "/fapi/v1/ticker/bookTicker",
            "/fapi/v1/time",
        ),
        start=(
            *_BINANCE_START,
            "/dapi/v1/account",
            "/fapi/v1/commissionRate",
            "/fapi/v1/leverage",
            "/fapi/v1/leverageBracket",
            "/fapi/v1/listenKey",
            "/fapi/v1/marginType",
            "/fapi/v1/ticker/24hr",
        ),
    ),
    ("binance", True): Paths(
        order="/dapi/v1/order",
        proof=(
            "/dapi/v1/order",
            "/dapi/v1/openOrders",
            "/dapi/v1/allOrders",
            "/dapi/v1/userTrades",
            "/dapi/v1/positionRisk",
            "/dapi/v1/account",
        ),
        reading=(
            *_BINANCE_COINS,
            *_BINANCE_LEDGER,
            "/dapi/v1/depth",
            "/dapi/v1/positionSide/dual",
            "/dapi/v1/premiumIndex",
            "/dapi/v1/ticker/bookTicker",
            "/fapi/v1/time",
        ),
        start=(
            *_BINANCE_START,
            "/dapi/v1/commissionRate",
            "/dapi/v1/leverage",
            "/dapi/v1/listenKey",
            "/dapi/v1/marginType",
            "/dapi/v1/ticker/24hr",
            "/dapi/v2/leverageBracket",
            "/fapi/v3/account",
        ),
    ),
    ("okx", False): _OKX,
    ("okx", True): _OKX,
    ("kucoin", False): _kucoin("XBTUSDTM", inverse=False),
    ("kucoin", True): _kucoin("XBTUSDM", inverse=True),
}
"""By exchange and whether the contract is coin-margined."""
