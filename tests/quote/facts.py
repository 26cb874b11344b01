"""A market of round figures, and what a quote is made of, for the tests of the quote."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

from bot.domain.ids import Asset, Symbol, VenueName
from bot.domain.instrument import Instrument, SpotMarket
from bot.domain.observation import Book, BookLevel, Prices, Stamp, Unknown
from bot.domain.quote import (
    FeeRate,
    FeeSource,
    FundingFacts,
    Maintenance,
    PastFunding,
    PerpFacts,
    PerpTerms,
    SpotFacts,
    Wish,
)
from tests.core.instruments import BTC, INVERSE, LINEAR, MAIN, USDT

STAMP = Stamp(sent_ms=1_000, answered_ms=1_010)
EIGHT_HOURS_MS = 8 * 3_600_000
WISH = Wish(asset=BTC, amount=D(1), days=D(30))
ACCOUNT = FeeSource.ACCOUNT
WHY = Unknown(what="it", reason="nobody tells")
BINANCE_SPOT = SpotMarket(
    venue=MAIN,
    symbol=Symbol("BTC/USDT"),
    base=BTC,
    quote=USDT,
    quantity_step=D("0.00001"),
    quantity_min=D("0.00001"),
    quantity_max=D(9000),
    price_tick=D("0.01"),
    notional_min=D(5),
    taker_fee=D("0.001"),
    fee_in_quote=False,
)
KUCOIN_SPOT = replace(BINANCE_SPOT, venue=VenueName("kucoin"), quantity_step=D("0.00000001"), fee_in_quote=True)


def levels(*pairs: tuple[object, object]) -> tuple[BookLevel, ...]:
    return tuple(BookLevel(price=D(str(price)), contracts=D(str(quantity))) for price, quantity in pairs)


def book(bids: tuple[BookLevel, ...], asks: tuple[BookLevel, ...]) -> Book:
    return Book(bids=bids, asks=asks, stamp=STAMP)


NARROW = book(levels((99_990, "0.4"), (99_980, 5)), levels((100_010, "0.5"), (100_030, 5)))
"""In coins: half a spread of 10, and a second level on both sides."""
NARROW_INVERSE = book(levels((99_990, 400), (99_980, 5_000)), levels((100_010, 500), (100_030, 5_000)))
"""The same in contracts of 100 USD, as far as they are needed."""


def funding(
    current: D | Unknown = D("0.0001"),
    past: tuple[str, ...] | Unknown = ("0.0001", "0.0003"),
    interval_ms: int | Unknown = EIGHT_HOURS_MS,
) -> FundingFacts:
    payments = past
    if not isinstance(payments, Unknown):
        return FundingFacts(
            current=current,
            interval_ms=interval_ms,
            past=tuple(PastFunding(time_ms=i * EIGHT_HOURS_MS, rate=D(rate)) for i, rate in enumerate(payments)),
        )
    return FundingFacts(current=current, interval_ms=interval_ms, past=payments)


def perp(
    instrument: Instrument = LINEAR,
    depth: Book = NARROW,
    *,
    mark: str = "100000",
    paid: FundingFacts | None = None,
    terms: PerpTerms | None = None,
    maintenance: Maintenance | Unknown = (D("0.005"), D(0)),
) -> PerpFacts:
    bid = depth.bids[0].price if depth.bids else D(mark)
    ask = depth.asks[0].price if depth.asks else D(mark)
    return PerpFacts(
        instrument=instrument,
        prices=Prices(
            symbol=instrument.symbol, mark=D(mark), index=D(mark), bid=bid, ask=ask, funding_rate=None, stamp=STAMP
        ),
        book=depth,
        fee=FeeRate(taker=instrument.taker_fee, source=ACCOUNT),
        funding=paid or funding(),
        terms=terms or PerpTerms(leverage=1 if instrument.settle == USDT else 2),
        maintenance={D(0): maintenance, D("0.5"): maintenance, D(1): maintenance},
    )


def spot(market: SpotMarket = BINANCE_SPOT, depth: Book = NARROW) -> SpotFacts:
    return SpotFacts(market=market, book=depth, fee=FeeRate(taker=market.taker_fee, source=ACCOUNT))


__all__ = ["BTC", "INVERSE", "LINEAR", "MAIN", "USDT", "Asset"]
