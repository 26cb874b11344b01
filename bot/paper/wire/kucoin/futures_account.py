"""The futures account: balances, positions, what was booked.

Source: https://www.kucoin.com/docs-new/rest/account-info/account-funding and .../futures-trading/positions
(read 2025-11).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bot.domain.numbers import ZERO, plain
from bot.paper.engine.model import Listing, Position, PositionSide, Row, RowKind
from bot.paper.wire.kucoin.endpoint import Call, Endpoint, Side
from bot.paper.wire.kucoin.errors import bad_parameter
from bot.paper.wire.kucoin.futures_views import flat_position, position_row, rounded
from bot.paper.wire.kucoin.history import window
from bot.paper.wire.kucoin.limits import Pool
from bot.paper.wire.kucoin.names import FUTURES, coin_of, futures_coin


def settle_currencies(call: Call) -> list[str]:
    """What contracts settle in, by its futures name."""
    return list(dict.fromkeys(futures_coin(listing.settle) for listing in call.contracts()))


def _overview(call: Call) -> object:
    currency = call.params.text("currency") or "XBT"
    if currency not in settle_currencies(call):
        raise bad_parameter(f"{currency} is not supported")
    return overview(call, currency)


def overview(call: Call, currency: str) -> dict[str, object]:
    """An account's figures in one currency: `accountEquity` contains the unrealised P&L, `marginBalance` does not."""
    account = call.account
    asset = coin_of(currency)
    summary = account.margin_summary(asset)
    equity = summary.margin_balance
    positions = sum((_margin_of(position) for position in account.positions() if position.settle == asset), ZERO)
    orders = max(summary.order_initial, equity - positions - summary.available)
    return {
        "accountEquity": rounded(equity),
        "unrealisedPNL": rounded(summary.unrealized),
        "marginBalance": rounded(summary.wallet),
        "positionMargin": rounded(positions),
        "orderMargin": rounded(orders),
        "frozenFunds": ZERO,
        "availableBalance": rounded(summary.available),
        "currency": currency,
        "riskRatio": rounded(summary.maintenance / equity) if equity > 0 else ZERO,
        "maxWithdrawAmount": rounded(summary.withdrawable),
        "availableMargin": rounded(summary.available),
    }


def _margin_of(position: Position) -> Decimal:
    """An isolated position holds its own money; a cross one is backed by the account's."""
    return position.isolated_wallet + position.unrealized if position.isolated else position.initial_margin


def open_positions(call: Call) -> list[tuple[Listing, Position]]:
    """Positions that are not flat."""
    return [
        (call.contract_of(position.symbol), position) for position in call.account.positions() if position.contracts
    ]


def _positions(call: Call) -> object:
    """Open ones only: a flat account reads `[]`."""
    currency = call.params.text("currency")
    return [
        position_row(listing, position, call.account, call.now_ms)
        for listing, position in open_positions(call)
        if currency in (None, futures_coin(listing.settle))
    ]


def _position(call: Call) -> object:
    """One contract's; flat when there is none, and in hedge mode the first side that is open."""
    listing = call.contract()
    return position_row(listing, position_of(call, listing), call.account, call.now_ms)


def _position_sides(call: Call) -> object:
    """One contract's open positions, of both sides in hedge mode."""
    listing = call.contract()
    return [
        position_row(listing, position, call.account, call.now_ms)
        for found, position in open_positions(call)
        if found is listing
    ]


def position_of(call: Call, listing: Listing) -> Position:
    """The contract's position, flat when there is none."""
    account = call.account
    rows = [position for position in account.positions() if position.symbol == listing.symbol]
    held = [position for position in rows if position.contracts]
    if held or rows:
        return (held or rows)[0]
    side = PositionSide.LONG if account.hedged else PositionSide.BOTH
    return flat_position(listing, side, account, call.exchange.mark(listing.key))


def _history_positions(call: Call) -> object:
    """What was closed is not kept as positions here; fills and the ledger tell it."""
    return {
        "currentPage": 1,
        "pageSize": call.params.integer("limit") or 10,
        "totalNum": 0,
        "totalPage": 0,
        "items": [],
    }


def _transactions(call: Call) -> object:
    """What was booked in the futures wallet, newest first, trades and funding as `RealisedPNL`."""
    params = call.params
    currency, kind = params.text("currency"), params.text("type")
    offset = params.integer("offset")
    most = min(params.integer("maxCount") or 50, 50)
    equity: dict[str, Decimal] = {}
    found: list[tuple[Row, str, Decimal]] = []
    for row in call.account.ledger:
        if row.wallet != FUTURES:
            continue
        equity[row.asset] = equity.get(row.asset, ZERO) + row.amount
        if row.reference != "opening":
            found.append((row, _transaction_type(row), equity[row.asset]))
    wanted = [
        entry
        for entry in window(found, params, lambda entry: entry[0].time_ms)
        if currency in (None, futures_coin(entry[0].asset))
        and kind in (None, entry[1])
        and (offset is None or entry[0].row_id < offset)
    ]
    newest = list(reversed(wanted))
    return {"dataList": [_transaction(*entry) for entry in newest[:most]], "hasMore": len(newest) > most}


def _transaction_type(row: Row) -> str:
    incoming = row.amount > 0
    match row.kind:
        case RowKind.TRANSFER:
            return "TransferIn" if incoming else "TransferOut"
        case RowKind.DEPOSIT:
            return "Deposit"
        case RowKind.WITHDRAWAL:
            return "Withdrawal"
        case _:
            return "RealisedPNL"


def _transaction(row: Row, kind: str, equity: Decimal) -> dict[str, object]:
    remarks = {"TransferIn": "Transferred from Main Account", "TransferOut": "Transferred to Main Account"}
    return {
        "time": row.time_ms,
        "type": kind,
        "amount": row.amount,
        "fee": -row.amount if row.kind is RowKind.FEE else ZERO,
        "accountEquity": equity,
        "status": "Completed",
        "remark": remarks.get(kind, row.symbol),
        "offset": row.row_id,
        "currency": futures_coin(row.asset),
    }


def _funding_history(call: Call) -> object:
    """Funding that the account paid (negative) or received."""
    listing = call.contract()
    params = call.params
    most = min(params.integer("maxCount") or 10, 100)
    offset = params.integer("offset")
    start_ms, end_ms = params.integer("startAt"), params.integer("endAt")
    settled = {record.time_ms: record for record in call.exchange.funding_history(listing.symbol)}
    rows = [
        row
        for row in reversed(call.account.ledger)
        if row.kind is RowKind.FUNDING_FEE
        and row.symbol == listing.symbol
        and (offset is None or row.row_id < offset)
        and (start_ms is None or row.time_ms >= start_ms)
        and (end_ms is None or row.time_ms <= end_ms)
    ]
    shown = []
    for row in rows[:most]:
        record = settled[row.time_ms]
        contracts = _contracts_for(listing, row.amount, record.rate, record.mark_price)
        shown.append(
            {
                "id": row.row_id,
                "symbol": listing.symbol,
                "timePoint": row.time_ms,
                "fundingRate": record.rate,
                "markPrice": record.mark_price,
                "positionQty": int(contracts),
                "positionCost": rounded(listing.value(contracts, record.mark_price)),
                "funding": row.amount,
                "settleCurrency": futures_coin(row.asset),
                "context": "",
                "marginMode": "ISOLATED" if call.account.settings(listing.symbol)[1] else "CROSS",
            }
        )
    return {"dataList": shown, "hasMore": len(rows) > most}


def _contracts_for(listing: Listing, paid: Decimal, rate: Decimal, mark: Decimal) -> Decimal:
    """The signed position that a payment was made for: payment = -notional x rate."""
    one = listing.notional(Decimal(1), mark) * rate
    return (-paid / one).to_integral_value() if one else ZERO


def _trade_fees(call: Call) -> object:
    listing = call.contract()
    return {
        "symbol": listing.symbol,
        "takerFeeRate": plain(listing.taker_fee),
        "makerFeeRate": plain(listing.maker_fee),
    }


_F: Final = Side.FUTURES
_POOL: Final = Pool.FUTURES
ENDPOINTS: Final = (
    Endpoint(method="GET", path="/api/v1/account-overview", handle=_overview, side=_F, pool=_POOL, weight=5),
    Endpoint(
        method="GET",
        path="/api/v1/transaction-history",
        handle=_transactions,
        side=_F,
        pool=Pool.MANAGEMENT,
        weight=2,
    ),
    Endpoint(method="GET", path="/api/v1/positions", handle=_positions, side=_F, pool=_POOL, weight=2),
    Endpoint(method="GET", path="/api/v1/position", handle=_position, side=_F, pool=_POOL, weight=2),
    Endpoint(method="GET", path="/api/v2/position", handle=_position_sides, side=_F, pool=_POOL, weight=2),
    Endpoint(method="GET", path="/api/v1/history-positions", handle=_history_positions, side=_F, pool=_POOL, weight=2),
    Endpoint(method="GET", path="/api/v1/funding-history", handle=_funding_history, side=_F, pool=_POOL, weight=5),
    Endpoint(method="GET", path="/api/v1/trade-fees", handle=_trade_fees, side=_F, pool=_POOL, weight=3),
)
