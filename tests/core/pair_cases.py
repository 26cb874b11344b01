"""Situations in which nothing may be traded, and why, for decision and gate alike."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

from bot.core.cross_exchange import decide
from bot.core.pair_situation import PairMemory, PairReading, PairSituation, Stock
from bot.domain.control import Control, ControlKind
from bot.domain.observation import Stamp, Unknown
from bot.domain.orders import Side
from bot.domain.pair import PairCaps, PairPlan, PairPolicy, PairState
from tests.core.pairs import (
    BUYING,
    FRESH,
    MARKET,
    NOW_MS,
    POLICY,
    SELLING,
    SITUATION,
    USDC,
    book,
    legs,
    order,
    story,
    with_both,
)

NONE = PairMemory()


def planned(situation: PairSituation, memory: PairMemory = NONE) -> PairPlan:
    return decide(situation, memory)[0]


def later(situation: PairSituation, ms: int, *, buy_only: bool = False) -> PairSituation:
    stamp = Stamp(sent_ms=FRESH.sent_ms + ms, answered_ms=FRESH.answered_ms + ms)

    def moved(reading: PairReading) -> PairReading:
        assert not isinstance(reading.book, Unknown)
        assert isinstance(reading.stock, Stock)
        return replace(reading, book=replace(reading.book, stamp=stamp), stock=replace(reading.stock, stamp=stamp))

    buy, sell = situation.readings
    return replace(situation, readings=(moved(buy), sell if buy_only else moved(sell)), now_ms=situation.now_ms + ms)


PAUSE = Control(kind=ControlKind.PAUSE, hedge=None, who="ann", why="", since_ms=NOW_MS)


def with_policy(policy: PairPolicy, situation: PairSituation = SITUATION) -> PairSituation:
    return replace(situation, policy=policy)


def with_caps(caps: PairCaps) -> PairSituation:
    return with_policy(replace(POLICY, caps=caps))


def in_usdc(reading: PairReading) -> PairReading:
    return replace(reading, place=replace(reading.place, quote=USDC))


BLIND = [
    (with_both(SITUATION, replace(BUYING, taker_fee=None)), "fee.unknown", True),
    (with_both(SITUATION, sell=replace(SELLING, taker_fee=None)), "fee.unknown", True),
    (with_both(SITUATION, replace(BUYING, taker_fee=D("-0.0001"))), "fee.implausible", True),
    (with_both(SITUATION, replace(BUYING, taker_fee=D("0.051"))), "fee.implausible", True),
    (with_both(SITUATION, replace(BUYING, book=Unknown(what="book", reason="HTTP 503"))), "book.unknown", False),
    (replace(SITUATION, now_ms=NOW_MS + 4_901), "book.stale", False),
    (with_both(SITUATION, sell=replace(SELLING, book=book([("111000", "1")], [("111010", "1")]))), "book.apart", True),
    (with_both(SITUATION, replace(BUYING, reference=D(90_000))), "book.doubtful", True),
]


OLD = Stamp(sent_ms=NOW_MS - 30_001, answered_ms=NOW_MS)
SENT = tuple(order(number, Side.BUY) for number in range(10, 16))
BLOCKED = [
    (replace(BUYING, stock=Unknown(what="balance", reason="HTTP 503")), "balance.unknown"),
    (replace(BUYING, stock=Stock(coins=D(1), quote=D(200_000), stamp=OLD)), "balance.stale"),
    (replace(BUYING, stock=Stock(coins=D(1), quote=D(4), stamp=FRESH)), "balance.quote"),
    (replace(BUYING, stock=Stock(coins=D(1), quote=D(0), stamp=FRESH)), "balance.quote"),
    (replace(BUYING, market=replace(MARKET, quantity_min=D(2))), "size.below-minimum"),
    (replace(BUYING, market=replace(MARKET, notional_min=D(100_001))), "size.below-minimum"),
    (replace(BUYING, market=replace(MARKET, active=False)), "instrument.inactive"),
    (replace(BUYING, trouble="it does not answer"), "venue.trouble"),
    (replace(BUYING, clock_ok=False), "clock.offset"),
    (replace(BUYING, unresolved="order 7 is unknown"), "intent.unresolved"),
    (replace(BUYING, not_before_ms=NOW_MS + 1), "venue.back-off"),
    (replace(BUYING, recent=SENT), "cap.orders-per-minute"),
]


OVER = story(*legs(), state=PairState.EVEN)
OPEN = story(*legs())
