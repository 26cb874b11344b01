"""Mark, index, bid, ask, funding rate and depth, by ccxt's unified methods."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from bot.domain.ids import Symbol
from bot.domain.observation import Book, Prices, Unknown
from bot.venue.attempt import attempt
from bot.venue.book import book_of
from bot.venue.link import Timed, joined
from bot.venue.shapes import Row, row_of
from bot.venue.unified.calls import Calls
from bot.venue.unified.values import above_0_in, exact, info_in, price_in, told_in


@dataclass(frozen=True, slots=True)
class PriceReader:
    """Reads prices of one exchange."""

    calls: Calls

    async def read(self, symbols: Collection[Symbol], books: Collection[Symbol]) -> Mapping[Symbol, Prices | Unknown]:
        """Prices by symbol. Never raises a VenueFault."""
        ordered = sorted(symbols)
        found = await asyncio.gather(
            *(attempt(f"prices {symbol}", self._one(symbol, deep=symbol in books)) for symbol in ordered)
        )
        return dict(zip(ordered, found, strict=True))

    async def ticker(self, symbol: Symbol) -> Timed[Row]:
        """The ticker as ccxt makes it. Raises VenueFault."""

        def parse(body: object) -> Row:
            return _of(symbol, info_in(body, "symbol"))

        if self.calls.nature.has("fetchTicker"):
            return await self.calls.read("fetch_ticker", (symbol,), parse)
        return await self.calls.read("fetch_tickers", ([symbol],), lambda body: parse(row_of(body, symbol)[symbol]))

    async def _one(self, symbol: Symbol, *, deep: bool) -> Prices:
        ticker = await self.ticker(symbol)
        rate = await self._rate(symbol)
        mark = await self._mark(symbol, ticker, rate)
        needs_book = deep or ticker.value.get("bid") is None or ticker.value.get("ask") is None
        book = await self._book(symbol) if needs_book else None
        try:
            return self._prices(symbol, (mark, ticker, *(() if rate is None else (rate,))), book, deep=deep)
        except ValueError as fault:
            raise self.calls.link.unreadable(f"read prices of {symbol}", str(fault)) from None

    def _prices(self, symbol: Symbol, parts: Sequence[Timed[Row]], book: Book | None, *, deep: bool) -> Prices:
        """Prices out of what was told, best first; the ticker is the second."""
        ticker = parts[1].value
        mark = _first(parts, "markPrice")
        if mark is None:
            raise ValueError("no mark price is told")
        bid = book.bids[0].price if book and book.bids else above_0_in(ticker, "bid")
        ask = book.asks[0].price if book and book.asks else above_0_in(ticker, "ask")
        if bid >= ask:
            raise ValueError(f"bid {bid} is not below ask {ask}")
        return Prices(
            symbol=symbol,
            mark=mark,
            index=_first(parts, "indexPrice"),
            bid=bid,
            ask=ask,
            funding_rate=told_in(parts[-1].value, "fundingRate"),
            stamp=joined(*(part.stamp for part in parts), *(() if book is None else (book.stamp,))),
            book=book if deep else None,
        )

    async def _mark(self, symbol: Symbol, ticker: Timed[Row], rate: Timed[Row] | None) -> Timed[Row]:
        """What tells the mark: the funding rate, the ticker, or an answer of its own."""
        for part in (rate, ticker):
            if part is not None and part.value.get("markPrice") is not None:
                return part
        if not self.calls.nature.has("fetchMarkPrice"):
            return ticker
        return await self.calls.read("fetch_mark_price", (symbol,), lambda body: _of(symbol, info_in(body, "symbol")))

    async def _rate(self, symbol: Symbol) -> Timed[Row] | None:
        """The funding rate as ccxt makes it, with mark and index on most exchanges; None where there is none."""
        nature = self.calls.nature

        def parse(body: object) -> Row:
            return _of(symbol, row_of(body, "symbol"))

        if nature.has("fetchFundingRate"):
            return await self.calls.read("fetch_funding_rate", (symbol,), parse)
        if nature.has("fetchFundingRates"):
            return await self.calls.read(
                "fetch_funding_rates", ([symbol],), lambda body: parse(row_of(body, symbol)[symbol])
            )
        return None

    async def _book(self, symbol: Symbol) -> Book:
        """Depth in contracts; ccxt tells it as floats."""
        read = await self.calls.read("fetch_order_book", (symbol,), lambda body: row_of(body, "bids", "asks"))
        try:
            return book_of(_levels(read.value["bids"]), _levels(read.value["asks"]), read.stamp)
        except ValueError as fault:
            raise self.calls.link.unreadable("fetch_order_book", str(fault)) from None


def _of(symbol: Symbol, row: Row) -> Row:
    if row["symbol"] != symbol:
        raise ValueError("the answer is about another market")
    return row


def _first(parts: Sequence[Timed[Row]], key: str) -> Decimal | None:
    return next((price for part in parts if (price := price_in(part.value, key)) is not None), None)


def _levels(side: object) -> list[list[object]]:
    if not isinstance(side, list) or not all(isinstance(level, list) and len(level) >= 2 for level in side):
        raise ValueError("a side of the book is no list of levels")
    return [[exact(level[0]), exact(level[1])] for level in side]
