"""The USD-M account: balances, positions, income.

Source: https://developers.binance.com/docs/derivatives/usds-margined-futures/account/rest-api (read 2025-11).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bot.domain.numbers import ONE, ZERO, plain
from bot.paper.engine.account import Account
from bot.paper.engine.model import Listing, MarginSummary, MarketType, Position, PositionSide, Row, RowKind
from bot.paper.wire.binance.digits import eight, fixed, quantity_text
from bot.paper.wire.binance.endpoint import Call, Endpoint
from bot.paper.wire.binance.history import DAY_MS, within
from bot.paper.wire.binance.linear_settings import largest_notional

_LINEAR: Final = MarketType.LINEAR
_WALLET: Final = "usdm"
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
        **_totals(account.margin_summary("USDT")),
        "assets": [_asset(account, asset) for asset in account.balances(_WALLET)],
        "positions": [_account_position(call, position) for position in _shown(call)],
    }


def _account_v2(call: Call) -> object:
    account = call.exchange.account(call.key)
    return {
        "feeTier": 0,
        "feeBurn": False,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": True,
        "updateTime": 0,
        "multiAssetsMargin": account.multi_assets,
        "tradeGroupId": -1,
        **_totals(account.margin_summary("USDT")),
        "assets": [_asset(account, asset) | {"marginAvailable": True} for asset in account.balances(_WALLET)],
        "positions": [
            _account_position(call, position) | _settings_of(call, position) for position in _all_positions(call)
        ],
    }


def _totals(summary: MarginSummary) -> dict[str, object]:
    return {
        "totalInitialMargin": eight(summary.initial),
        "totalMaintMargin": eight(summary.maintenance),
        "totalWalletBalance": eight(summary.wallet),
        "totalUnrealizedProfit": eight(summary.unrealized),
        "totalMarginBalance": eight(summary.margin_balance),
        "totalPositionInitialMargin": eight(summary.position_initial),
        "totalOpenOrderInitialMargin": eight(summary.order_initial),
        "totalCrossWalletBalance": eight(summary.cross_wallet),
        "totalCrossUnPnl": eight(summary.cross_unrealized),
        "availableBalance": eight(summary.available),
        "maxWithdrawAmount": eight(summary.withdrawable),
    }


def _asset(account: Account, asset: str) -> dict[str, object]:
    summary = account.margin_summary(asset)
    return {
        "asset": asset,
        "walletBalance": eight(summary.wallet),
        "unrealizedProfit": eight(summary.unrealized),
        "marginBalance": eight(summary.margin_balance),
        "maintMargin": eight(summary.maintenance),
        "initialMargin": eight(summary.initial),
        "positionInitialMargin": eight(summary.position_initial),
        "openOrderInitialMargin": eight(summary.order_initial),
        "crossWalletBalance": eight(summary.cross_wallet),
        "crossUnPnl": eight(summary.cross_unrealized),
        "availableBalance": eight(summary.available),
        "maxWithdrawAmount": eight(summary.withdrawable),
        "updateTime": _updated_ms(account, asset),
    }


def _updated_ms(account: Account, asset: str) -> int:
    newest_first = reversed(account.ledger)
    return next((row.time_ms for row in newest_first if row.wallet == _WALLET and row.asset == asset), 0)


def _balance(call: Call) -> object:
    account = call.exchange.account(call.key)
    summaries = [account.margin_summary(asset) for asset in account.balances(_WALLET)]
    return [
        {
            "accountAlias": "SgsR",
            "asset": summary.asset,
            "balance": eight(summary.wallet),
            "crossWalletBalance": eight(summary.cross_wallet),
            "crossUnPnl": eight(summary.cross_unrealized),
            "availableBalance": eight(summary.available),
            "maxWithdrawAmount": eight(summary.withdrawable),
            "marginAvailable": True,
            "updateTime": _updated_ms(account, summary.asset),
        }
        for summary in summaries
    ]


def _shown(call: Call) -> list[Position]:
    """What version 3 shows: positions, and flat rows of symbols with open orders. A flat account shows none."""
    account = call.exchange.account(call.key)
    working = {(order.listing_key, order.position_side) for order in account.open_orders()}
    return [
        position
        for position in account.positions()
        if position.contracts or (_listing(call, position).key, position.side) in working
    ]


def _all_positions(call: Call) -> list[Position]:
    """What version 2 shows: every symbol, flat or not."""
    account = call.exchange.account(call.key)
    sides = (PositionSide.LONG, PositionSide.SHORT) if account.hedged else (PositionSide.BOTH,)
    return [
        account.position(listing.symbol, side) or _flat(call, account, listing, side)
        for listing in call.all_listings(_LINEAR)
        for side in sides
    ]


def _flat(call: Call, account: Account, listing: Listing, side: PositionSide) -> Position:
    leverage, isolated = account.settings(listing.symbol)
    return Position(
        symbol=listing.symbol,
        side=side,
        settle=listing.settle,
        contracts=ZERO,
        entry_price=ZERO,
        mark_price=call.exchange.mark(listing.key),
        isolated=isolated,
        isolated_wallet=ZERO,
        leverage=leverage,
        notional=ZERO,
        unrealized=ZERO,
        maintenance_margin=ZERO,
        initial_margin=ZERO,
        order_margin=ZERO,
        liquidation_price=None,
        update_ms=0,
    )


def _listing(call: Call, position: Position) -> Listing:
    return call.exchange.listings[f"{_LINEAR.value}:{position.symbol}"]


def _account_position(call: Call, position: Position) -> dict[str, object]:
    return {
        "symbol": position.symbol,
        "positionSide": position.side.value,
        "positionAmt": quantity_text(_listing(call, position), position.contracts),
        "unrealizedProfit": eight(position.unrealized),
        "isolatedMargin": _isolated_margin(position),
        "notional": _or_zero(position.notional),
        "isolatedWallet": _or_zero(position.isolated_wallet),
        "initialMargin": _or_zero(position.initial_margin + position.order_margin),
        "maintMargin": _or_zero(position.maintenance_margin),
        "updateTime": position.update_ms,
    }


def _settings_of(call: Call, position: Position) -> dict[str, object]:
    """The members that version 2 has and version 3 has not."""
    listing = _listing(call, position)
    return {
        "leverage": str(position.leverage),
        "isolated": position.isolated,
        "entryPrice": _price(position.entry_price),
        "breakEvenPrice": _price(_break_even(listing, position)),
        "positionInitialMargin": _or_zero(position.initial_margin),
        "openOrderInitialMargin": _or_zero(position.order_margin),
        "maxNotional": plain(largest_notional(listing, position.leverage)),
        "bidNotional": "0",
        "askNotional": "0",
    }


def _or_zero(value: Decimal) -> str:
    return eight(value) if value else "0"


def _isolated_margin(position: Position) -> str:
    """Wallet and unrealised P&L of an isolated position; `0` under cross margin and when flat."""
    return eight(position.isolated_wallet + position.unrealized) if position.isolated and position.contracts else "0"


def _price(price: Decimal) -> str:
    """A computed price: as many digits as it has, eleven at most, one at least."""
    text = plain(Decimal(fixed(price, 11)))
    return text if "." in text else f"{text}.0"


def _break_even(listing: Listing, position: Position) -> Decimal:
    """The entry price moved by one taker fee, against the holder."""
    if position.contracts == 0:
        return ZERO
    return position.entry_price * (ONE + listing.taker_fee.copy_sign(position.contracts))


def _position_risk_v3(call: Call) -> object:
    one = call.optional_listing(_LINEAR)
    return [
        _risk(call, position)
        | {
            "initialMargin": _or_zero(position.initial_margin + position.order_margin),
            "maintMargin": _or_zero(position.maintenance_margin),
            "positionInitialMargin": _or_zero(position.initial_margin),
            "openOrderInitialMargin": _or_zero(position.order_margin),
            "adl": 1 if position.contracts else 0,
            "bidNotional": "0",
            "askNotional": "0",
            "marginAsset": position.settle,
        }
        for position in _shown(call)
        if one is None or position.symbol == one.symbol
    ]


def _position_risk_v2(call: Call) -> object:
    one = call.optional_listing(_LINEAR)
    return [
        _risk(call, position)
        | {
            "leverage": str(position.leverage),
            "maxNotionalValue": plain(largest_notional(_listing(call, position), position.leverage)),
            "marginType": "isolated" if position.isolated else "cross",
            "isAutoAddMargin": "false",
        }
        for position in _all_positions(call)
        if one is None or position.symbol == one.symbol
    ]


def _risk(call: Call, position: Position) -> dict[str, object]:
    listing = _listing(call, position)
    liquidation = position.liquidation_price
    return {
        "symbol": position.symbol,
        "positionSide": position.side.value,
        "positionAmt": quantity_text(listing, position.contracts),
        "entryPrice": _price(position.entry_price),
        "breakEvenPrice": _price(_break_even(listing, position)),
        "markPrice": eight(position.mark_price),
        "unRealizedProfit": eight(position.unrealized),
        "liquidationPrice": "0" if liquidation is None else plain(Decimal(fixed(liquidation, 8))),
        "isolatedMargin": _isolated_margin(position),
        "notional": _or_zero(position.notional),
        "isolatedWallet": _or_zero(position.isolated_wallet),
        "updateTime": position.update_ms,
    }


def _income(call: Call) -> object:
    params = call.params
    kind, one = params.text("incomeType"), call.optional_listing(_LINEAR)
    start_ms, end_ms = params.integer("startTime"), params.integer("endTime")
    if start_ms is None and end_ms is None:
        oldest_ms: int | None = call.now_ms - 7 * DAY_MS
    else:
        oldest_ms = start_ms
    rows = [
        row
        for row in within(call.exchange.account(call.key).ledger, oldest_ms, end_ms, lambda row: row.time_ms)
        if row.wallet == _WALLET
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
    Endpoint(method="GET", path="/fapi/v3/balance", handle=_balance, weight=5),
    Endpoint(method="GET", path="/fapi/v2/balance", handle=_balance, weight=5),
    Endpoint(method="GET", path="/fapi/v3/positionRisk", handle=_position_risk_v3, weight=5),
    Endpoint(method="GET", path="/fapi/v2/positionRisk", handle=_position_risk_v2, weight=5),
    Endpoint(method="GET", path="/fapi/v1/income", handle=_income, weight=30),
)
