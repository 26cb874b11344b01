"""The ledger of the trading account: `account/bills` and its archive.

A fill is one bill for each coin it moves, with its P&L and its fee in it. Isolated margin is part of the account's
money here, so bills show no margin moved into a position.

Source: https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-bills-details-last-7-days (read 2025-11). Which
sub-types net mode uses, and those of liquidations, are from general knowledge.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from bot.domain.numbers import ZERO, plain
from bot.paper.engine.model import Listing, MarketType, Order, PositionSide, Row, RowKind, Side, Trade
from bot.paper.wire.okx.balances import WALLET
from bot.paper.wire.okx.desk import BILL_BASE, ORDER_BASE
from bot.paper.wire.okx.digits import blanks, text
from bot.paper.wire.okx.endpoint import INST_TYPES, Call, Endpoint, inst_type
from bot.paper.wire.okx.limits import Rate
from bot.paper.wire.okx.pages import QUARTER_MS, WEEK_MS, page
from bot.paper.wire.okx.tape import TRADE_BASE

FUNDING_ACCOUNT: Final = "6"
TRADING_ACCOUNT: Final = "18"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """One change of one coin.

    Attributes:
        amount: the change, fee and P&L in it.
        after: what the coin's balance was then.
        fee: negative where one was paid.
        trade_id: 0 when no trade caused it.
    """

    bill_id: int
    time_ms: int
    kind: RowKind
    coin: str
    amount: Decimal
    after: Decimal
    fee: Decimal
    pnl: Decimal
    symbol: str
    trade_id: int


def bills_of(rows: Sequence[Row]) -> list[Bill]:
    """The trading account's bills, oldest first: the ledger rows of a fill put together coin by coin."""
    balances: dict[str, Decimal] = {}
    found: dict[tuple[object, ...], Bill] = {}
    for row in rows:
        if row.wallet != WALLET:
            continue
        balances[row.asset] = balances.get(row.asset, ZERO) + row.amount
        key = (row.trade_id, row.asset) if row.trade_id else (row.row_id,)
        bill = found.get(key) or Bill(
            bill_id=row.row_id,
            time_ms=row.time_ms,
            kind=row.kind,
            coin=row.asset,
            amount=ZERO,
            after=ZERO,
            fee=ZERO,
            pnl=ZERO,
            symbol=row.symbol,
            trade_id=row.trade_id,
        )
        found[key] = replace(
            bill,
            kind=RowKind.TRADE if row.trade_id and row.kind is not RowKind.INSURANCE_CLEAR else row.kind,
            amount=bill.amount + row.amount,
            after=balances[row.asset],
            fee=bill.fee + (row.amount if row.kind is RowKind.FEE else ZERO),
            pnl=bill.pnl + (row.amount if row.kind is RowKind.REALIZED_PNL else ZERO),
        )
    return list(found.values())


def _types(bill: Bill, trade: Trade | None) -> tuple[str, str]:
    """`type` and `subType`."""
    incoming = bill.amount > 0
    match bill.kind:
        case RowKind.TRADE | RowKind.FEE | RowKind.REALIZED_PNL:
            return "2", _trade_type(trade)
        case RowKind.FUNDING_FEE:
            return "8", "174" if incoming else "173"
        case RowKind.INSURANCE_CLEAR:
            return "5", "104"
        case RowKind.TRANSFER | RowKind.DEPOSIT | RowKind.WITHDRAWAL | RowKind.EARN | RowKind.REWARD:
            return "1", "11" if incoming else "12"


def _trade_type(trade: Trade | None) -> str:
    """Buy and sell; in long/short mode open and close of the side."""
    if trade is None:
        return ""
    buy = trade.side is Side.BUY
    match trade.position_side:
        case PositionSide.BOTH:
            return "1" if buy else "2"
        case PositionSide.LONG:
            return "3" if buy else "5"
        case PositionSide.SHORT:
            return "6" if buy else "4"


def _row(call: Call, bill: Bill) -> dict[str, str]:
    account = call.account
    trade = next((trade for trade in account.trades() if trade.trade_id == bill.trade_id), None)
    order: Order | None = None
    if trade is not None:
        order = next((order for order in account.orders() if order.order_id == trade.order_id), None)
    listing = _listing(call, bill, trade)
    kind, sub_kind = _types(bill, trade)
    transfer = bill.kind is RowKind.TRANSFER
    isolated = listing is not None and listing.market.perpetual and account.settings(listing.symbol)[1]
    mode = "" if listing is None else "cash" if listing.market is MarketType.SPOT else "isolated" if isolated else "cross"
    return {
        **blanks("fillFwdPx", "fillMarkVol", "fillPxUsd", "fillPxVol", "notes", "earnAmt", "earnApr"),
        "bal": text(bill.after),
        "balChg": text(bill.amount),
        "billId": str(BILL_BASE + bill.bill_id),
        "ccy": bill.coin,
        "clOrdId": order.client_id if order is not None else "",
        "execType": "" if trade is None else "M" if trade.maker else "T",
        "fee": text(bill.fee),
        "fillIdxPx": "",
        "fillMarkPx": "",
        "fillTime": str(bill.time_ms) if trade is not None else "",
        "from": (FUNDING_ACCOUNT if bill.amount > 0 else TRADING_ACCOUNT) if transfer else "",
        "instId": "" if listing is None else listing.symbol,
        "instType": "" if listing is None else inst_type(listing),
        "interest": "0",
        "mgnMode": mode,
        "ordId": "" if trade is None else str(ORDER_BASE + trade.order_id),
        "pnl": text(bill.pnl) if bill.kind is not RowKind.FUNDING_FEE else text(bill.amount),
        "posBal": "0",
        "posBalChg": "0",
        "px": "" if trade is None else plain(trade.price),
        "subType": sub_kind,
        "sz": text(abs(bill.amount)) if trade is None else plain(trade.quantity),
        "tag": "",
        "to": (TRADING_ACCOUNT if bill.amount > 0 else FUNDING_ACCOUNT) if transfer else "",
        "tradeId": "" if trade is None else str(TRADE_BASE + trade.trade_id),
        "ts": str(bill.time_ms),
        "type": kind,
    }


def _listing(call: Call, bill: Bill, trade: Trade | None) -> Listing | None:
    if trade is not None:
        return call.exchange.listings[trade.listing_key]
    return next((one for one in call.exchange.listings.values() if bill.symbol and one.symbol == bill.symbol), None)


def _bills(age_ms: int) -> Callable[[Call], Sequence[object]]:
    def handle(call: Call) -> Sequence[object]:
        params = call.params
        wanted = {
            name: params.text(name)
            for name in ("instId", "ccy", "mgnMode", "type", "subType")
            if params.text(name) is not None
        }
        if (kind := params.text("instType", INST_TYPES)) is not None:
            wanted["instType"] = kind
        contract = params.text("ctType", {"linear", "inverse"})
        newest = page(
            bills_of(call.account.ledger),
            params,
            id_of=lambda bill: BILL_BASE + bill.bill_id,
            time_of=lambda bill: bill.time_ms,
            since_ms=call.now_ms - age_ms,
            highest=10**9,
        )
        found = (_row(call, bill) for bill in newest)
        rows = [
            row
            for row in found
            if all(row[name] == value for name, value in wanted.items())
            and (contract is None or _contract(call, row["instId"]) == contract)
        ]
        return rows[: params.limit()]

    return handle


def _contract(call: Call, name: str) -> str:
    return next((one.market.value for one in call.exchange.listings.values() if one.symbol == name), "")


ENDPOINTS: Final = (
    Endpoint(method="GET", path="account/bills", handle=_bills(WEEK_MS), rate=Rate(count=10)),
    Endpoint(method="GET", path="account/bills-archive", handle=_bills(QUARTER_MS), rate=Rate(count=5)),
)
