"""Placing orders, singly and in lists.

An order's refusal is a row of the answer, with HTTP 200 and the answer's code 1; where some orders of a list succeed
the code is 2. A post-only order that would take is accepted, and cancelled at once.

Source: https://www.okx.com/docs-v5/en/#order-book-trading-trade-post-place-order (read 2026-06). The limit of a spot
market order, 1,000,000 of quote, is from general knowledge.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

from bot.domain.numbers import plain
from bot.paper.engine.model import (
    DELISTED,
    Listing,
    MarketType,
    NewOrder,
    OrderKind,
    PositionSide,
    Refusal,
    RefusalCode,
    Side,
    TimeInForce,
)
from bot.paper.engine.state import closes
from bot.paper.wire.okx import errors
from bot.paper.wire.okx.balances import SPOT_MODE
from bot.paper.wire.okx.desk import ORDER_BASE, Ticket
from bot.paper.wire.okx.endpoint import Call, Endpoint, Reply
from bot.paper.wire.okx.errors import ApiError
from bot.paper.wire.okx.limits import By, Rate
from bot.paper.wire.okx.params import Params
from bot.paper.wire.okx.perpetuals import price_bounds
from bot.paper.wire.okx.refusals import Wording, api_error, worded
from bot.paper.wire.okx.settings import apply_mode, position_side
from bot.paper.wire.okx.signing import Right

MOST_ORDERS: Final = 20
_MOST_QUOTE: Final = Decimal(1_000_000)
_TIFS: Final = {
    "limit": TimeInForce.GTC,
    "post_only": TimeInForce.GTX,
    "ioc": TimeInForce.IOC,
    "fok": TimeInForce.FOK,
}
_MARKET: Final = frozenset({"market", "optimal_limit_ioc"})


def place(call: Call) -> Reply:
    """Place the request's orders, one after the other."""
    return each(call, _place)


def each(call: Call, act: Callable[[Call, Params], dict[str, object]]) -> Reply:
    """Do something for each object of the request; what is refused becomes a row that says so.

    Raises:
        ApiError: 51111 more than 20 objects; 50036, 50037 the request's own deadline has passed.
    """
    check_deadline(call)
    if len(call.batch) > MOST_ORDERS:
        raise ApiError("51111", f"Maximum {MOST_ORDERS} orders can be placed in bulk.")
    rows = [_row(call, params, act) for params in call.batch]
    failed = [row for row in rows if row["sCode"] != "0"]
    if not failed:
        return Reply(code="0", msg="", data=rows)
    if len(failed) < len(rows):
        return Reply(code="2", msg="Bulk operation partially succeeded.", data=rows)
    return Reply(code="1", msg="All operations failed", data=rows)


def check_deadline(call: Call) -> None:
    """Refuse what came after its `expTime`; what came in its very millisecond is too late for the matching.

    Raises:
        ApiError: 50036, 50037.
    """
    if call.expires_ms is None or call.now_ms < call.expires_ms:
        return
    if call.now_ms == call.expires_ms:
        raise ApiError("50037", "Order expired.")
    text = "The expTime can't be earlier than the current system time. Please adjust the expTime and try again."
    raise ApiError("50036", text)


def _row(call: Call, params: Params, act: Callable[[Call, Params], dict[str, object]]) -> dict[str, object]:
    try:
        return act(call, params)
    except ApiError as error:
        refused = error
    except Refusal as refusal:
        refused = api_error(refusal)
    return {
        "clOrdId": params.text("clOrdId") or "",
        "ordId": params.text("ordId") or "",
        "sCode": refused.code,
        "sMsg": refused.msg,
        "tag": params.text("tag") or "",
        "ts": str(call.now_ms),
    }


def _place(call: Call, params: Params) -> dict[str, object]:
    listing, order, ticket = _read(call, params)
    with worded(_wording(call, listing, order)):
        placed = call.exchange.submit(call.key, order)
    if order.reduce_only:
        # Cut to the position.
        size = plain(placed.quantity)
        ticket = Ticket(
            kind=ticket.kind, mode=ticket.mode, target=ticket.target, size=size, tag=ticket.tag, named=ticket.named
        )
    call.desk.drawer(call.key).tickets[placed.order_id] = ticket
    return {
        "clOrdId": order.client_id,
        "ordId": str(ORDER_BASE + placed.order_id),
        "sCode": "0",
        "sMsg": "Order placed",
        "tag": ticket.tag,
        "ts": str(call.now_ms),
    }


def _read(call: Call, params: Params) -> tuple[Listing, NewOrder, Ticket]:
    """What the parameters ask for, after every check that the exchange does not make itself."""
    listing = call.listing(params, gone=True)
    mode = params.need("tdMode", {"cash", "cross", "isolated"})
    side = Side[params.need("side", {"buy", "sell"}).upper()]
    kind = params.need("ordType", _TIFS.keys() | _MARKET)
    size = params.need_number("sz")
    spot = listing.market is MarketType.SPOT
    _check_product(call, listing, mode, kind)
    reduce_only = params.flag("reduceOnly")
    if spot and reduce_only:
        raise ApiError("51205", "Reduce Only is not available.")
    position = PositionSide.BOTH if spot else position_side(call, params.text("posSide"))
    market = kind in _MARKET
    # A market buy on spot is in quote unless it says otherwise.
    default = "quote_ccy" if side is Side.BUY else "base_ccy"
    target = (params.text("tgtCcy", {"base_ccy", "quote_ccy"}) or default) if spot and market else ""
    price = None if market else params.need_number("px")
    in_quote = target == "quote_ccy"
    _check_size(call, listing, size, in_quote=in_quote, market=market)
    if not spot:
        apply_mode(call, listing, mode)
    order = NewOrder(
        listing_key=listing.key,
        side=side,
        kind=OrderKind.MARKET if market else OrderKind.LIMIT,
        quantity=None if in_quote else size,
        quote_quantity=size if in_quote else None,
        price=price,
        tif=_TIFS.get(kind, TimeInForce.GTC),
        reduce_only=reduce_only and not call.account.hedged,
        client_id=params.client_id(),
        position_side=position,
    )
    ticket = Ticket(
        kind=kind,
        mode=mode,
        target=target,
        size=plain(size),
        tag=params.client_id("tag"),
        named="clOrdId" in params,
    )
    return listing, order, ticket


def _check_product(call: Call, listing: Listing, mode: str, kind: str) -> None:
    if listing.status == DELISTED:
        if not listing.market.perpetual:
            raise errors.unknown_instrument()
        raise ApiError("51027", "Contract expired")
    if listing.market is MarketType.SPOT:
        # Margin pairs are not served.
        if mode != "cash":
            raise errors.parameter("tdMode")
        if kind == "optimal_limit_ioc":
            raise errors.parameter("ordType")
        return
    if call.account.account_mode == SPOT_MODE:
        raise errors.account_mode()
    if mode == "cash":
        raise errors.parameter("tdMode")


def _check_size(call: Call, listing: Listing, size: Decimal, *, in_quote: bool, market: bool) -> None:
    mark = call.exchange.mark(listing.key)
    if size == 0:
        raise errors.parameter("sz")
    if size < (listing.quantity_min * mark if in_quote else listing.quantity_min):
        raise ApiError("51020", "Your order should meet or exceed the minimum order amount.")
    if not market:
        return
    if listing.market is MarketType.SPOT:
        if (size if in_quote else size * mark) > _MOST_QUOTE:
            raise ApiError("51201", f"The value of a market order can't exceed {plain(_MOST_QUOTE)} {listing.quote}.")
    elif size > listing.market_quantity_max:
        raise ApiError("51202", "Market order amount exceeds the maximum amount.")


def _wording(call: Call, listing: Listing, order: NewOrder) -> Wording:
    """What a refusal says of this instrument and this order."""
    spot = listing.market is MarketType.SPOT
    buy, sell = price_bounds(call, listing)
    if spot:
        coin, what = (listing.quote if order.side is Side.BUY else listing.base), "balance"
    else:
        coin, what = listing.settle, "margin"
    bounds = f"(max buy price: {plain(buy) if buy else ''}, min sell price: {plain(sell) if sell else ''})"
    short = ("51008", f"Order failed. Insufficient {coin} {what} in account")
    wording = {
        RefusalCode.INSUFFICIENT_BALANCE: short,
        RefusalCode.INSUFFICIENT_MARGIN: short,
        RefusalCode.PERCENT_PRICE: ("51006", f"Order price is not within the price limit {bounds}"),
    }
    held = call.account.position(listing.symbol, order.position_side)
    if held is not None and held.contracts:
        if order.reduce_only:
            text = "A reduce-only order can't be the same trading direction as your existing positions."
            wording[RefusalCode.REDUCE_ONLY_REJECTED] = ("51170", f"Failed to place order. {text}")
        elif closes(order.side, order.position_side):
            text = "Close order size exceeds available size for this position."
            wording[RefusalCode.REDUCE_ONLY_REJECTED] = ("51112", text)
    return wording


def trading(path: str, handle: Callable[[Call], Reply | Sequence[object]], count: int, *, places: bool) -> Endpoint:
    """An endpoint whose requests count by account and instrument."""
    rate = Rate(count=count, by=By.INSTRUMENT)
    return Endpoint(method="POST", path=path, handle=handle, rate=rate, right=Right.TRADE, places=places)


ENDPOINTS: Final = (
    trading("trade/order", place, 60, places=True),
    trading("trade/batch-orders", place, 300, places=True),
)
