"""One slice of an exit, of the way back, or from one stablecoin to another: how much, at which limit, and the gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.core.exit_books import ExitMarket, unusable
from bot.core.retries import backoff_until_ms
from bot.core.sizing import depth_contracts
from bot.domain.exits import ExitPolicy
from bot.domain.instrument import SpotMarket
from bot.domain.intent import IntentRecord
from bot.domain.numbers import ONE, ZERO, ceil_to, floor_to, plain
from bot.domain.observation import Book
from bot.domain.orders import Approved, OrderRequest, Refused, Side, TimeInForce

TOO_SMALL: Final = "order.too-small"
"""The code of a refusal that more time or depth would not change: there is nothing left worth an order."""
SETTLING: Final = "settling"
"""The code of a refusal that only lasts until a new journal is a moment old."""
TOUCH: Final = Decimal("0.05")
"""How far the best price of a book may be from what the prices in US dollars say (R12)."""
_ROUNDED: Final = Decimal("1e-6")
"""Of the money of a buy this is kept: a venue may book each of its fills a last digit, of eight, dearer."""
_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceCase:
    """Everything that a slice is judged by.

    Attributes:
        most: of the base to be traded, at most; None: as much as `money` buys.
        money: of the quote that may be spent, fee included; None of a sale.
        reference: quote per base by the prices in US dollars: a second source for the book (R12).
        touch: how far the best price of the book may be from it.
        recent: orders of the hedge of the last hour on any market, oldest first.
        live_from_ms: no order before this time.
        clock_ok: the venue's clock offset is known to be within 1 s (R21).
        now_ms: our clock.
    """

    policy: ExitPolicy
    market: ExitMarket
    side: Side
    most: Decimal | None
    money: Decimal | None
    reference: Decimal
    recent: Sequence[IntentRecord]
    live_from_ms: int
    clock_ok: bool
    now_ms: int
    touch: Decimal = TOUCH


def approve_slice(case: SliceCase) -> Approved | Refused:
    """Size and price a slice and let it pass, or say why not.

    It is IOC, within the slippage, and never more than was asked for. What is wanted comes first: where nothing
    worth an order is left, caps and depth don't matter.
    """
    market, book = case.market.market, case.market.book
    if book is None:
        return Refused(code="book.unknown", reason=f"the book of {market.symbol} could not be read")
    no = unusable(market, book, case.now_ms, case.policy.age_max_s)
    if no is not None:
        return no
    touch = (book.bids if case.side is Side.SELL else book.asks)[0].price
    if abs(touch - case.reference) > case.touch * case.reference:
        worth = f"{case.reference:.8g}, what it is worth by the prices in US dollars"
        far = f"further than {plain(case.touch)} from {worth}"
        return Refused(code="price.touch", reason=f"the best price of {market.symbol} is {plain(touch)}, {far}")
    limit = _limit(case, market, touch)
    wanted = _wanted(case, market, limit)
    if _small(market, wanted, limit):
        return Refused(code=TOO_SMALL, reason=f"{plain(wanted)} {market.base} are less than {market.symbol} takes")
    closed = _closed(case)
    return closed if closed is not None else _sized(case, market, book, touch, limit, wanted)


def _limit(case: SliceCase, market: SpotMarket, touch: Decimal) -> Decimal:
    """The collar (R16), inside the venue's percent-price filter."""
    if case.side is Side.SELL:
        low = ceil_to(touch * (ONE - case.policy.slippage), market.price_tick)
        return low if market.price_down is None else max(low, ceil_to(touch * market.price_down, market.price_tick))
    high = floor_to(touch * (ONE + case.policy.slippage), market.price_tick)
    return high if market.price_up is None else min(high, floor_to(touch * market.price_up, market.price_tick))


def _wanted(case: SliceCase, market: SpotMarket, limit: Decimal) -> Decimal:
    """Of the base, in whole steps; what is bought is paid for at its limit, with the fee."""
    amounts = [] if case.most is None else [case.most]
    if case.money is not None:
        fee = market.taker_fee if market.fee_in_quote else ZERO
        amounts.append((case.money - _ROUNDED) / (limit * (ONE + fee)))
    return floor_to(max(min(amounts), ZERO), market.quantity_step)


def _small(market: SpotMarket, quantity: Decimal, limit: Decimal) -> bool:
    return quantity <= 0 or quantity < market.quantity_min or quantity * limit < market.notional_min


def _closed(case: SliceCase) -> Refused | None:
    """What keeps any order from leaving now."""
    if not case.clock_ok:
        return Refused(code="clock.offset", reason="the venue's clock offset is not known to be within 1 s")
    if case.now_ms < case.live_from_ms:
        left_s = (case.live_from_ms - case.now_ms) // 1000
        return Refused(code=SETTLING, reason=f"the first order of a new journal leaves in {left_s} s")
    from_ms = backoff_until_ms(case.recent)
    if case.now_ms < from_ms:
        return Refused(code="backoff", reason=f"no order for another {(from_ms - case.now_ms) // 1000} s")
    lately = sum(1 for record in case.recent if case.now_ms - record.intent.created_ms <= _MINUTE_MS)
    most = case.policy.caps.orders_per_minute
    if lately >= most:
        reason = f"{lately} orders of {case.policy.name} within a minute, the limit is {most}"
        return Refused(code="cap.orders-per-minute", reason=reason)
    return None


def _sized(
    case: SliceCase, market: SpotMarket, book: Book, touch: Decimal, limit: Decimal, wanted: Decimal
) -> Approved | Refused:
    caps, price = case.policy.caps, max(touch, limit)
    left = caps.notional_per_hour - _traded(case)
    depth = depth_contracts(book, case.side, limit)
    bounds = (
        (depth, "depth.too-thin", f"{market.symbol} shows {plain(depth)} {market.base} up to {plain(limit)}"),
        (
            max(left, ZERO) / price,
            "cap.notional-per-hour",
            f"{plain(max(left, ZERO))} {market.quote} are left of the hour",
        ),
        (
            caps.order_notional / price,
            "cap.order-notional",
            f"an order may be {plain(caps.order_notional)} {market.quote}",
        ),
        (
            case.policy.slice_notional / price,
            "slice",
            f"a slice may be {plain(case.policy.slice_notional)} {market.quote}",
        ),
        (market.quantity_max, "quantity.max", f"an order may be {plain(market.quantity_max)} {market.base}"),
    )
    most, code, why = min(bounds, key=lambda bound: bound[0])
    quantity = floor_to(min(wanted, most), market.quantity_step)
    if _small(market, quantity, limit):
        return Refused(code=code, reason=f"{why}, too little for an order")
    request = OrderRequest(
        venue=market.venue,
        symbol=market.symbol,
        side=case.side,
        contracts=quantity,
        price=limit,
        time_in_force=TimeInForce.IOC,
        reduce_only=False,
    )
    return Approved(request=request, notional=quantity * touch, mark=case.reference)


def _traded(case: SliceCase) -> Decimal:
    """Notional of the last hour's orders, in quote: what filled, and of those that are not over all of it."""
    total = ZERO
    for record in case.recent:
        if case.now_ms - record.intent.created_ms <= _HOUR_MS:
            quantity = record.filled if record.state.terminal else record.intent.request.contracts
            total += quantity * (record.average_price or record.intent.request.price)
    return total
