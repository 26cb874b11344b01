"""What stands against a cross-exchange trade, beside its price: each as a constant code with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from bot.core import pair_size as ps
from bot.core.observation import stale
from bot.core.pair_situation import PairReading, PairSituation, QuotePrice, Stock
from bot.domain.numbers import ONE, plain
from bot.domain.observation import Book
from bot.domain.pair import PairStory, PairVerdict

FEE_MAX: Final = Decimal("0.05")
"""A taker fee above this, or below 0, is no fee that was read right."""


def whole_hedge(situation: PairSituation) -> tuple[PairVerdict, str, str] | None:
    """What stands against every trade of the hedge: verdict, code and reason; None when nothing does."""
    policy, now_ms = situation.policy, situation.now_ms
    if situation.halted:
        return PairVerdict.HALTED, "halted", "halted: " + "; ".join(situation.halted)
    if situation.control is not None:
        return PairVerdict.PAUSED, "paused", f"paused by {situation.control.who}, nothing is sent"
    open_ones = [story.record for story in situation.recent if not story.record.state.over]
    if open_ones:
        record = open_ones[0]
        return (
            PairVerdict.WAITING,
            "trade.unfinished",
            f"trade {record.trade.pair_id} is {record.state.value}; no second one until it is over",
        )
    if now_ms < situation.live_from_ms:
        left_s = Decimal(situation.live_from_ms - now_ms) / 1000
        return PairVerdict.BLOCKED, "fresh", f"no trade for another {left_s:.0f} s (fresh journal)"
    caps = policy.caps
    if caps.max_round_trips is not None:
        trips = ps.trips_within(situation.recent, now_ms - int(caps.window_s * 1000))
        if trips >= caps.max_round_trips:
            return (
                PairVerdict.BLOCKED,
                "cap.round-trips",
                f"{trips} trades within {plain(caps.window_s)} s, the limit is {caps.max_round_trips}",
            )
    return None


def conversion_of(situation: PairSituation, buy: PairReading, sell: PairReading) -> Decimal | tuple[str, str]:
    """Units of the buying venue's quote for one of the selling venue's; code and reason where it is not known.

    No two currencies are taken for equal: a dollar of one is not a dollar of the other. A price that is wrong makes an
    edge of nothing, so the least favourable one of those that the venues tell counts, and they must agree.
    """
    if buy.place.quote == sell.place.quote:
        return ONE
    worth: list[QuotePrice] = []
    for quote in (buy.place.quote, sell.place.quote):
        price = situation.quotes.get(quote)
        if not isinstance(price, QuotePrice):
            return "quote.unknown", f"the price of {quote} is not known" + (
                "" if price is None else f": {price.reason}"
            )
        worthless = any(each <= 0 for each in (price.usd, *price.told.values()))
        if worthless or stale(price.stamp, situation.now_ms, situation.policy.age_max_s):
            return "quote.unknown", f"the price of {quote} is too old, or none: {plain(price.usd)} USD"
        worth.append(price)
    bought, sold = worth
    # An index that is a little off moves both of a venue's prices alike, so each venue's are divided by each other.
    rates = [sold.told[venue] / bought.told[venue] for venue in bought.told if venue in sold.told]
    if not rates:
        return sold.usd / bought.usd
    least, most = min(rates), max(rates)
    if most - least > situation.policy.min_edge * least:
        told = f"between {plain(least)} and {plain(most)} {buy.place.quote}"
        return "quote.apart", f"the venues disagree on what {sell.place.quote} is worth: {told}"
    return least


def fee_trouble(reading: PairReading) -> tuple[str, str] | None:
    """Why a venue's fee can't be counted with: code and reason."""
    fee, venue = reading.taker_fee, reading.place.venue
    if fee is None:
        return "fee.unknown", f"the taker fee on {venue} is not known; it is never taken for 0"
    if not 0 <= fee <= FEE_MAX:
        return "fee.implausible", f"a taker fee of {plain(fee)} on {venue} can't be right"
    return None


def stock_trouble(situation: PairSituation, reading: PairReading) -> tuple[str, str] | None:
    """Why the balances of a venue can't be counted on."""
    stock, venue = reading.stock, reading.place.venue
    if not isinstance(stock, Stock):
        return "balance.unknown", f"what is free on {venue} is not known: {stock.reason}"
    if stale(stock.stamp, situation.now_ms, situation.policy.age_max_s):
        return "balance.stale", f"what is free on {venue} was read too long ago"
    if stock.stamp.sent_ms < changed_ms(situation.recent, reading):
        return "balance.before-trade", f"what is free on {venue} was read before the last order there ended"
    return None


def changed_ms(stories: Sequence[PairStory], reading: PairReading) -> int:
    """When the last of our orders on a venue was known to be over (R23), of whichever hedge it was."""
    own = (order for story in stories for order in story.orders if order.intent.request.venue == reading.place.venue)
    return max((order.updated_ms for order in (*own, *reading.recent)), default=0)


def against(situation: PairSituation, reading: PairReading) -> tuple[str, str] | None:
    """Why nothing may be sent to a venue now, whose book is known."""
    assert isinstance(reading.book, Book)
    venue, caps, now_ms = reading.place.venue, situation.policy.caps, situation.now_ms
    if not reading.market.active:
        return "instrument.inactive", f"{venue} does not trade {reading.market.symbol} now"
    if reading.trouble:
        return "venue.trouble", f"{venue}: {reading.trouble}"
    if not reading.clock_ok:
        return "clock.offset", f"the clock offset of {venue} is not known to be within 1 s"
    if reading.unresolved:
        return "intent.unresolved", f"{venue}: {reading.unresolved}"
    if reading.book.stamp.sent_ms < changed_ms(situation.recent, reading):
        return "book.before-trade", f"the book of {venue} was read before the last order there ended"
    if now_ms < reading.not_before_ms:
        left_s = Decimal(reading.not_before_ms - now_ms) / 1000
        return "venue.back-off", f"{venue} refused the last order; not for another {left_s:.0f} s"
    lately = ps.orders_within(reading, now_ms - ps.MINUTE_MS)
    if lately >= caps.orders_per_minute:
        return "cap.orders-per-minute", f"{lately} orders on {venue} in a minute, the limit is {caps.orders_per_minute}"
    return None
