"""The spot account: balances and fills.

Source: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/account-endpoints (read 2025-11).
"""

from __future__ import annotations

from typing import Final

from bot.paper.engine.model import MarketType, Side, Trade
from bot.paper.wire.binance.digits import eight
from bot.paper.wire.binance.endpoint import Call, Endpoint
from bot.paper.wire.binance.history import DAY_MS, slice_of
from bot.paper.wire.binance.params import Params

_SPOT: Final = MarketType.SPOT
_BASIS_POINTS: Final = 10_000


def _account(call: Call) -> object:
    account = call.exchange.account(call.key)
    balances = {asset: account.balance("spot", asset) for asset in call.assets()} | dict(account.balances("spot"))
    keep_zeros = not call.params.flag("omitZeroBalances")
    rows = [
        {"asset": asset, "free": eight(balance.free), "locked": eight(balance.locked)}
        for asset, balance in sorted(balances.items())
        if balance.total or keep_zeros
    ]
    # Flexible Earn shows up a second time, as coins named LD + asset in the spot wallet.
    rows += [
        {"asset": f"LD{asset}", "free": eight(balance.total), "locked": eight(balance.locked)}
        for asset, balance in account.balances("earn-flexible").items()
        if balance.total
    ]
    maker, taker = account.fees(call.all_listings(_SPOT)[0])
    return {
        "makerCommission": int(maker * _BASIS_POINTS),
        "takerCommission": int(taker * _BASIS_POINTS),
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {
            "maker": eight(maker),
            "taker": eight(taker),
            "buyer": "0.00000000",
            "seller": "0.00000000",
        },
        "canTrade": True,
        "canWithdraw": True,
        "canDeposit": True,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": next((row.time_ms for row in reversed(account.ledger) if row.wallet == "spot"), 0),
        "accountType": "SPOT",
        "balances": rows,
        "permissions": ["SPOT"],
        "uid": 354937868,
    }


def _my_trades(call: Call) -> object:
    listing = call.listing(_SPOT)
    trades = list(call.exchange.account(call.key).trades(listing.key))
    order_id = call.params.integer("orderId")
    if order_id is not None:
        trades = [trade for trade in trades if trade.order_id == order_id]
    found = slice_of(
        trades,
        call.params,
        limit=call.params.limit(500, 1000),
        id_of=lambda trade: trade.trade_id,
        time_of=lambda trade: trade.time_ms,
        id_name="fromId",
        longest_ms=DAY_MS,
    )
    return [_trade(listing.symbol, trade) for trade in found]


def _trade(symbol: str, trade: Trade) -> object:
    return {
        "symbol": symbol,
        "id": trade.trade_id,
        "orderId": trade.order_id,
        "orderListId": -1,
        "price": eight(trade.price),
        "qty": eight(trade.quantity),
        "quoteQty": eight(trade.quote),
        "commission": eight(trade.fee),
        "commissionAsset": trade.fee_asset,
        "time": trade.time_ms,
        "isBuyer": trade.side is Side.BUY,
        "isMaker": trade.maker,
        "isBestMatch": True,
    }


def _trades_weight(params: Params) -> int:
    return 5 if "orderId" in params else 20


ENDPOINTS: Final = (
    Endpoint(method="GET", path="/api/v3/account", handle=_account, weight=20),
    Endpoint(method="GET", path="/api/v3/myTrades", handle=_my_trades, weight=_trades_weight),
)
