"""Mark, index, bid, ask, funding rate and depth, by ccxt's unified methods."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from bot.domain.ids import Symbol
from bot.domain.observation import Book, Prices, Unknown
from bot.venue.attempt import attempt
from bot.venue.book import book_of
from bot.venue.link import Timed, joined
from bot.venue.shapes import Row, row_of
from bot.venue.unified.calls import Calls
from bot.venue.unified.values import above_0_in, exact, info_in, price_in, told_in

_NO_RATE: Final[Row] = {}


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
            row = info_in(body, "symbol")
            if row["symbol"] != symbol:
                raise ValueError("the answer is about another market")
            return row

        if self.calls.nature.has("fetchTicker"):
            return await self.calls.read("fetch_ticker", (symbol,), parse)
        return await self.calls.read("fetch_tickers", ([symbol],), lambda body: parse(row_of(body, symbol)[symbol]))

    async def _one(self, symbol: Symbol, *, deep: bool) -> Prices:
        ticker = await self.ticker(symbol)
        rate = await self._rate(symbol)
        needs_book = deep or ticker.value.get("bid") is None or ticker.value.get("ask") is None
        book = await self._book(symbol) if needs_book else None
        try:
            return self._prices(symbol, ticker, rate, book, deep=deep)
        except ValueError as fault:
            raise self.calls.link.unreadable(f"read prices of {symbol}", str(fault)) from None

    def _prices(
        self, symbol: Symbol, ticker: Timed[Row], rate: Timed[Row] | None, book: Book | None, *, deep: bool
    ) -> Prices:
        told = _NO_RATE if rate is None else rate.value
        mark = price_in(told, "markPrice") or price_in(ticker.value, "markPrice")
        if mark is None:
            raise ValueError("no mark price is told")
        bid = book.bids[0].price if book and book.bids else above_0_in(ticker.value, "bid")
        ask = book.asks[0].price if book and book.asks else above_0_in(ticker.value, "ask")
        if bid >= ask:
            raise ValueError(f"bid {bid} is not below ask {ask}")
        stamps = [part.stamp for part in (rate, book) if part is not None]
        return Prices(
            symbol=symbol,
            mark=mark,
            index=price_in(told, "indexPrice") or price_in(ticker.value, "indexPrice"),
            bid=bid,
            ask=ask,
            funding_rate=told_in(told, "fundingRate"),
            stamp=joined(ticker.stamp, *stamps),
            book=book if deep else None,
        )

    async def _rate(self, symbol: Symbol) -> Timed[Row] | None:
        """The funding rate as ccxt makes it, with mark and index on most exchanges; None where there is none."""
        nature = self.calls.nature

        def parse(body: object) -> Row:
            row = row_of(body, "symbol")
            if row["symbol"] != symbol:
                raise ValueError("the answer is about another market")
            return row

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


def _levels(side: object) -> list[list[object]]:
    if not isinstance(side, list) or not all(isinstance(level, list) and len(level) >= 2 for level in side):
        raise ValueError("a side of the book is no list of levels")
    return [[exact(level[0]), exact(level[1])] for level in side]
