"""Futures accounts: balances, margins, income.

USD-M shows the assets that the wallet ever held; COIN-M shows every coin that its contracts are margined in.

Source: https://developers.binance.com/docs/derivatives/usds-margined-futures/account/rest-api and
.../coin-margined-futures/account/rest-api (read 2025-11).
"""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import Final

from bot.domain.numbers import ZERO
from bot.paper.engine.account import Account
from bot.paper.engine.model import PLACES, MarginSummary, Row, RowKind
from bot.paper.wire.binance.digits import eight
from bot.paper.wire.binance.endpoint import Call, Endpoint, futures
from bot.paper.wire.binance.futures_positions import account_row, account_row_inverse, account_row_v2, every, held
from bot.paper.wire.binance.history import DAY_MS, within

_INCOME_TYPES: Final = {
    RowKind.FEE: "COMMISSION",
    RowKind.REALIZED_PNL: "REALIZED_PNL",
    RowKind.FUNDING_FEE: "FUNDING_FEE",
    RowKind.INSURANCE_CLEAR: "INSURANCE_CLEAR",
    RowKind.TRANSFER: "TRANSFER",
    # No chain pays into this wallet: what comes from outside comes as a transfer.
    RowKind.DEPOSIT: "TRANSFER",
    RowKind.WITHDRAWAL: "TRANSFER",
}


def _account_v3(call: Call) -> object:
    account = call.exchange.account(call.key)
    return {
        **_totals(call, account),
        "assets": [_asset(call, account, asset) for asset in account.balances(call.wallet)],
        "positions": [account_row(call, position) for position in held(call)],
    }


def _account_v2(call: Call) -> object:
    account = call.exchange.account(call.key)
    return {
        **_permissions(),
        "feeBurn": False,
        "multiAssetsMargin": account.multi_assets,
        "tradeGroupId": -1,
        **_totals(call, account),
        "assets": [_asset(call, account, asset) | {"marginAvailable": True} for asset in account.balances(call.wallet)],
        "positions": [account_row_v2(call, position) for position in every(call)],
    }


def _account_inverse(call: Call) -> object:
    account = call.exchange.account(call.key)
    return {
        **_permissions(),
        "assets": [_asset(call, account, asset) for asset in _coins(call, account)],
        "positions": [account_row_inverse(call, position) for position in every(call)],
    }


def _permissions() -> dict[str, object]:
    return {"feeTier": 0, "canTrade": True, "canDeposit": True, "canWithdraw": True, "updateTime": 0}


def _coins(call: Call, account: Account) -> list[str]:
    settled = [listing.settle for listing in call.all_listings(call.market)]
    return list(dict.fromkeys([*settled, *account.balances(call.wallet)]))


def _totals(call: Call, account: Account) -> dict[str, object]:
    summary = summary_of(call, account, "USDT")
    orders = _order_margin(account, summary)
    return {
        "totalInitialMargin": eight(_shown(summary.position_initial) + orders),
        "totalMaintMargin": eight(summary.maintenance),
        "totalWalletBalance": eight(summary.wallet),
        "totalUnrealizedProfit": eight(summary.unrealized),
        "totalMarginBalance": _margin_balance(summary),
        "totalPositionInitialMargin": eight(summary.position_initial),
        "totalOpenOrderInitialMargin": eight(orders),
        "totalCrossWalletBalance": eight(summary.cross_wallet),
        "totalCrossUnPnl": eight(summary.cross_unrealized),
        "availableBalance": eight(summary.available),
        "maxWithdrawAmount": eight(summary.withdrawable),
    }


def summary_of(call: Call, account: Account, asset: str) -> MarginSummary:
    """The figures of one asset of the wallet, also of one that margins nothing there."""
    return account.margin_summary(asset, call.market)


def _order_margin(account: Account, summary: MarginSummary) -> Decimal:
    """What open orders hold: their margin, and what filling them would lose at once."""
    apart = [
        position.initial_margin
        for position in account.positions()
        if position.isolated and position.settle == summary.asset
    ]
    positions = summary.position_initial - sum(apart, ZERO)
    # Of figures as they are shown, so that what is available and what is used add up.
    return summary.cross_wallet + _shown(summary.cross_unrealized) - _shown(positions) - _shown(summary.headroom)


def _shown(value: Decimal) -> Decimal:
    return value.quantize(PLACES, rounding=ROUND_DOWN)


def _margin_balance(summary: MarginSummary) -> str:
    return eight(summary.wallet + _shown(summary.unrealized))


def _asset(call: Call, account: Account, asset: str) -> dict[str, object]:
    summary = summary_of(call, account, asset)
    orders = _order_margin(account, summary)
    return {
        "asset": asset,
        "walletBalance": eight(summary.wallet),
        "unrealizedProfit": eight(summary.unrealized),
        "marginBalance": _margin_balance(summary),
        "maintMargin": eight(summary.maintenance),
        "initialMargin": eight(_shown(summary.position_initial) + orders),
        "positionInitialMargin": eight(summary.position_initial),
        "openOrderInitialMargin": eight(orders),
        "crossWalletBalance": eight(summary.cross_wallet),
        "crossUnPnl": eight(summary.cross_unrealized),
        "availableBalance": eight(summary.available),
        "maxWithdrawAmount": eight(summary.withdrawable),
        "updateTime": _updated_ms(call, account, asset),
    }


def _updated_ms(call: Call, account: Account, asset: str) -> int:
    newest_first = reversed(account.ledger)
    return next((row.time_ms for row in newest_first if row.wallet == call.wallet and row.asset == asset), 0)


def _balance(call: Call) -> object:
    account = call.exchange.account(call.key)
    assets = _coins(call, account) if call.inverse else account.balances(call.wallet)
    return [_balance_row(call, account, summary_of(call, account, asset)) for asset in assets]


def _balance_row(call: Call, account: Account, summary: MarginSummary) -> object:
    own: dict[str, object]
    if call.inverse:
        own = {"withdrawAvailable": eight(summary.withdrawable)}
    else:
        own = {"maxWithdrawAmount": eight(summary.withdrawable), "marginAvailable": True}
    return {
        "accountAlias": "SgsR",
        "asset": summary.asset,
        "balance": eight(summary.wallet),
        "crossWalletBalance": eight(summary.cross_wallet),
        "crossUnPnl": eight(summary.cross_unrealized),
        "availableBalance": eight(summary.available),
        **own,
        "updateTime": _updated_ms(call, account, summary.asset),
    }


def _income(call: Call) -> object:
    params = call.params
    kind, one = params.text("incomeType"), call.optional_listing(call.market)
    start_ms, end_ms = params.integer("startTime"), params.integer("endTime")
    if start_ms is None and end_ms is None:
        oldest_ms: int | None = call.now_ms - 7 * DAY_MS
    else:
        oldest_ms = start_ms
    rows = [
        row
        for row in within(call.exchange.account(call.key).ledger, oldest_ms, end_ms, lambda row: row.time_ms)
        if row.wallet == call.wallet
        and row.kind in _INCOME_TYPES
        and row.reference != "opening"
        and (kind is None or _INCOME_TYPES[row.kind] == kind)
        and (one is None or row.symbol == one.symbol)
    ]
    limit = params.limit(100, 1000)
    number = params.integer("page")
    if number is not None:
        rows = rows[(max(1, number) - 1) * limit :]
    found = rows[:limit] if start_ms is not None or number is not None else rows[-limit:]
    return [_income_row(row) for row in found]


def _income_row(row: Row) -> object:
    kind = _INCOME_TYPES[row.kind]
    traded = str(row.trade_id) if row.trade_id else ""
    return {
        "symbol": row.symbol,
        "incomeType": kind,
        "income": eight(row.amount),
        "asset": row.asset,
        "time": row.time_ms,
        "info": traded or kind,
        "tranId": int(row.reference) if row.kind is RowKind.TRANSFER else row.row_id,
        "tradeId": traded,
    }


ENDPOINTS: Final = (
    Endpoint(method="GET", path="/fapi/v3/account", handle=_account_v3, weight=5),
    Endpoint(method="GET", path="/fapi/v2/account", handle=_account_v2, weight=5),
    Endpoint(method="GET", path="/dapi/v1/account", handle=_account_inverse, weight=5),
    Endpoint(method="GET", path="/fapi/v3/balance", handle=_balance, weight=5),
    Endpoint(method="GET", path="/fapi/v2/balance", handle=_balance, weight=5),
    Endpoint(method="GET", path="/dapi/v1/balance", handle=_balance),
    *futures("GET", "v1/income", _income, 30, inverse_weight=20),
)
