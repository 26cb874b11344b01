"""The bills of the trading account.

Source: https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-bills-details-last-7-days (read 2026-06). Which
sub-types net mode uses, and those of liquidations, are from general knowledge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.domain.numbers import ZERO, plain
from bot.paper.engine.model import Listing, MarketType, Order, PositionSide, RowKind, Side, Trade
from bot.paper.wire.okx.balances import WALLET
from bot.paper.wire.okx.desk import BILL_BASE, ORDER_BASE
from bot.paper.wire.okx.digits import blanks, text
from bot.paper.wire.okx.endpoint import INST_TYPES, Call, Endpoint, inst_type
from bot.paper.wire.okx.forced import forced
from bot.paper.wire.okx.ledger import Bill, bills_of
from bot.paper.wire.okx.limits import Rate
from bot.paper.wire.okx.pages import QUARTER_MS, WEEK_MS, page
from bot.paper.wire.okx.tape import TRADE_BASE

FUNDING_ACCOUNT: Final = "6"
TRADING_ACCOUNT: Final = "18"
_FILTERS: Final = ("instType", "instId", "ccy", "mgnMode", "type", "subType")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sources:
    """What bills refer to, by id; the marks of funding settlements by symbol and time."""

    listings: Mapping[str, Listing]
    trades: Mapping[int, Trade]
    orders: Mapping[int, Order]
    marks: Mapping[tuple[str, int], Decimal]


def trading_bills(call: Call) -> Sequence[Bill]:
    """Every bill of the trading account, oldest first; made anew only when something has happened there."""
    drawer, account = call.desk.drawer(call.key), call.account
    if drawer.bills[0] != account.last_update:
        settles = {one.symbol: one.settle for one in call.exchange.listings.values() if one.market.perpetual}
        drawer.bills = account.last_update, bills_of(account.updates(0), WALLET, settles.__getitem__)
    return drawer.bills[1]


def trade_bills(call: Call) -> Mapping[int, int]:
    """Trade id -> the id of its first bill."""
    return {bill.trade_id: BILL_BASE + bill.bill_id for bill in reversed(trading_bills(call)) if bill.trade_id}


def _sources(call: Call, bills: Sequence[Bill]) -> _Sources:
    account = call.account
    funded = dict.fromkeys(bill.symbol for bill in bills if bill.kind is RowKind.FUNDING_FEE)
    return _Sources(
        listings={listing.symbol: listing for listing in call.exchange.listings.values()},
        trades={trade.trade_id: trade for trade in account.trades()},
        orders={order.order_id: order for order in account.orders()},
        marks={
            (one.symbol, one.time_ms): one.mark_price
            for symbol in funded
            for one in call.exchange.funding_history(symbol)
        },
    )


def _types(bill: Bill, trade: Trade | None, order: Order | None) -> tuple[str, str]:
    """`type` and `subType`."""
    incoming = bill.amount > 0
    reason = forced(order) if order is not None else None
    if trade is not None and reason is not None:
        return reason.bill_type, reason.sub_type(trade.side, trade.position_side)
    match bill.kind:
        case None:
            return "6", "160" if bill.margin > 0 else "161"
        case RowKind.TRADE | RowKind.FEE | RowKind.REALIZED_PNL:
            return "2", _trade_type(trade)
        case RowKind.FUNDING_FEE:
            return "8", "174" if bill.pnl > 0 else "173"
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


def _row(call: Call, bill: Bill, sources: _Sources) -> dict[str, str]:
    trade = sources.trades.get(bill.trade_id)
    order = sources.orders.get(trade.order_id) if trade is not None else None
    listing = call.exchange.listings[trade.listing_key] if trade is not None else sources.listings.get(bill.symbol)
    ticket = call.desk.drawer(call.key).tickets.get(order.order_id) if order is not None else None
    kind, sub_kind = _types(bill, trade, order)
    here, there = (TRADING_ACCOUNT, FUNDING_ACCOUNT) if kind == "1" else ("", "")
    return {
        **blanks("earnAmt", "earnApr", "fillFwdPx", "fillIdxPx", "fillMarkPx", "fillMarkVol", "fillPxUsd", "fillPxVol"),
        "bal": text(bill.after),
        "balChg": text(bill.amount),
        "billId": str(BILL_BASE + bill.bill_id),
        "ccy": bill.coin,
        "clOrdId": order.client_id if order is not None and ticket is not None and ticket.named else "",
        "execType": "" if trade is None else "M" if trade.maker else "T",
        "fee": text(bill.fee),
        "fillTime": str(bill.time_ms),
        "from": there if bill.amount > 0 else here,
        "instId": listing.symbol if listing is not None else "",
        "instType": inst_type(listing) if listing is not None else "",
        "interest": "0",
        "mgnMode": _mode(call, listing),
        "notes": "",
        "ordId": str(ORDER_BASE + trade.order_id) if trade is not None else "",
        "pnl": text(bill.pnl),
        "posBal": text(bill.margin_after),
        "posBalChg": text(bill.margin),
        "px": plain(trade.price) if trade is not None else _mark_of(bill, sources),
        "subType": sub_kind,
        "sz": plain(trade.quantity) if trade is not None else text(_size(call, bill, listing)),
        "tag": ticket.tag if ticket is not None else "",
        "to": here if bill.amount > 0 else there,
        "tradeId": str(TRADE_BASE + trade.trade_id) if trade is not None else "",
        "ts": str(bill.time_ms),
        "type": kind,
    }


def _mark_of(bill: Bill, sources: _Sources) -> str:
    """The mark price of a funding settlement."""
    mark = sources.marks.get((bill.symbol, bill.time_ms)) if bill.kind is RowKind.FUNDING_FEE else None
    return "" if mark is None else plain(mark)


def _size(call: Call, bill: Bill, listing: Listing | None) -> Decimal:
    """Of funding the contracts that were held, of everything else the money."""
    if bill.kind is not RowKind.FUNDING_FEE or listing is None:
        return abs(bill.amount or bill.margin)
    trades = call.account.trades(listing.key)
    return abs(sum((one.side.sign * one.quantity for one in trades if one.time_ms <= bill.time_ms), ZERO))


def _mode(call: Call, listing: Listing | None) -> str:
    if listing is None:
        return ""
    if listing.market is MarketType.SPOT:
        return "cash"
    _, isolated = call.account.settings(listing.symbol)
    return "isolated" if isolated else "cross"


def _bills(age_ms: int) -> Callable[[Call], Sequence[object]]:
    def handle(call: Call) -> Sequence[object]:
        params = call.params
        params.text("instType", INST_TYPES)
        contract = params.text("ctType", {"linear", "inverse"})
        found = page(
            trading_bills(call),
            params,
            id_of=lambda bill: BILL_BASE + bill.bill_id,
            time_of=lambda bill: bill.time_ms,
            since_ms=call.now_ms - age_ms,
            count=None,
        )
        sources = _sources(call, found)
        rows = (_row(call, bill, sources) for bill in found)
        wanted = [
            row
            for row in rows
            if all(params.text(name) in {None, row[name]} for name in _FILTERS)
            and (contract is None or _contract(sources, row["instId"]) == contract)
        ]
        return wanted[: params.limit()]

    return handle


def _contract(sources: _Sources, name: str) -> str:
    listing = sources.listings.get(name)
    return listing.market.value if listing is not None else ""


ENDPOINTS: Final = (
    Endpoint(method="GET", path="account/bills", handle=_bills(WEEK_MS), rate=Rate(count=10)),
    Endpoint(method="GET", path="account/bills-archive", handle=_bills(QUARTER_MS), rate=Rate(count=5)),
)
