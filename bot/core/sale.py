"""Selling coins of a paired reduction on a spot market (R16, R24, R27): how many, at which limit, and the gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from bot.core.observation import stale
from bot.core.sizing import depth_contracts
from bot.domain.instrument import SpotMarket
from bot.domain.intent import IntentRecord
from bot.domain.numbers import ONE, ceil_to, floor_to, plain
from bot.domain.observation import Book
from bot.domain.orders import Approved, OrderRequest, Refused, Side, TimeInForce
from bot.domain.policy import HedgePolicy

_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleCase:
    """Everything that a sale is judged by.

    Attributes:
        coins: wanted, at most.
        price: quote per coin by the mark of the perpetual: a second source for the spot market's price (R12).
        slippage: fraction that may be given up below the best bid.
        recent: orders of ours on the market, at least those of the last minute.
        clock_ok: the venue's clock offset is known to be within 1 s (R21).
        now_ms: our clock.
    """

    market: SpotMarket
    policy: HedgePolicy
    coins: Decimal
    book: Book
    price: Decimal
    slippage: Decimal
    recent: Sequence[IntentRecord]
    clock_ok: bool
    now_ms: int


def approve_sale(case: SaleCase) -> Approved | Refused:
    """Size and price a sale and let it pass, or say why not. It is never larger than asked for, and never rests."""
    market, policy, book = case.market, case.policy, case.book
    if not market.active:
        return Refused(code="instrument.inactive", reason=f"the venue does not trade {market.symbol} now")
    if not case.clock_ok:
        return Refused(code="clock.offset", reason="the venue's clock offset is not known to be within 1 s")
    if stale(book.stamp, case.now_ms, policy.timing.age_max_s):
        return Refused(code="stale.book", reason=f"the book of {market.symbol} is too old")
    if not book.bids:
        return Refused(code="price.touch", reason=f"nobody bids for {market.base} on {market.symbol}")
    lately = sum(1 for record in case.recent if case.now_ms - record.intent.created_ms <= _MINUTE_MS)
    if lately >= policy.caps.orders_per_minute:
        return Refused(
            code="cap.orders-per-minute",
            reason=f"{lately} orders on {market.symbol} within a minute, the limit is {policy.caps.orders_per_minute}",
        )
    bid = book.bids[0].price
    if abs(bid - case.price) > policy.slippage_urgent * case.price:
        return Refused(
            code="price.touch",
            reason=f"the best bid for {market.base} is {plain(bid)}, further than {plain(policy.slippage_urgent)} "
            f"from {plain(case.price)}, the mark of the short",
        )
    limit = ceil_to(bid * (ONE - case.slippage), market.price_tick)
    if market.price_down is not None:
        limit = max(limit, ceil_to(bid * market.price_down, market.price_tick))
    most = min(depth_contracts(book, Side.SELL, limit), policy.caps.order_notional / bid, market.quantity_max)
    coins = floor_to(min(case.coins, most), market.quantity_step)
    if coins <= 0 or coins < market.quantity_min or coins * limit < market.notional_min:
        return Refused(code="order.too-small", reason=f"{plain(coins)} {market.base} are less than the market takes")
    request = OrderRequest(
        venue=market.venue,
        symbol=market.symbol,
        side=Side.SELL,
        contracts=coins,
        price=limit,
        time_in_force=TimeInForce.IOC,
        reduce_only=False,
    )
    return Approved(request=request, notional=coins * bid, mark=bid)
