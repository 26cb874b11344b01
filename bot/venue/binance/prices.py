"""Mark, index, bid, ask, depth and volumes of both futures APIs."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from bot.domain.errors import ConfigFault
from bot.domain.ids import Symbol
from bot.domain.instrument import ContractKind
from bot.domain.observation import Book, Prices, Unknown
from bot.venue.attempt import attempt
from bot.venue.binance.endpoints import DEPTH_LEVELS
from bot.venue.binance.family import Family, family_of
from bot.venue.book import book_of
from bot.venue.endpoint import Endpoint
from bot.venue.link import Link, Timed, joined
from bot.venue.markets import Markets
from bot.venue.shapes import Row, decimal_in, positive_in, row_of, rows_of, text_in


@dataclass(frozen=True, slots=True)
class PriceReader:
    """Reads what everybody may know."""

    link: Link
    markets: Markets

    async def prices(self, symbols: Collection[Symbol], books: Collection[Symbol]) -> Mapping[Symbol, Prices | Unknown]:
        """Prices of each symbol, with depth where it is wanted; by a constant number of calls for each API."""
        found: dict[Symbol, Prices | Unknown] = {}
        by_kind: dict[ContractKind, set[Symbol]] = {}
        for symbol in symbols:
            try:
                by_kind.setdefault(self.markets.kind_of(symbol), set()).add(symbol)
            except ConfigFault as fault:
                found[symbol] = Unknown(what=f"prices {symbol}", reason=fault.message)
        parts = (self._family_prices(family_of(kind), some, books) for kind, some in by_kind.items())
        for part in await asyncio.gather(*parts):
            found.update(part)
        return found

    async def volumes_24h(self, symbol: Symbol) -> tuple[Decimal, Decimal, Decimal]:
        """24 h volume in contracts and in quote, and the average price, as the venue tells them. Raises VenueFault.

        COIN-M tells its turnover in coins; at the average price that is quote without our contract size (R7).
        """
        family, market_id = family_of(self.markets.kind_of(symbol)), self.markets.id_of(symbol)

        def parse(body: object) -> tuple[Decimal, Decimal, Decimal]:
            row = row_of(_by_market(body).get(market_id), "volume", "weightedAvgPrice")
            average = decimal_in(row, "weightedAvgPrice")
            if family.kind is ContractKind.LINEAR:
                return decimal_in(row, "volume"), decimal_in(row, "quoteVolume"), average
            return decimal_in(row, "volume"), decimal_in(row, "baseVolume") * average, average

        return await self.link.ask(family.volumes, parse, {"symbol": market_id})

    async def mark(self, symbol: Symbol) -> Decimal:
        """The mark price now. Raises VenueFault."""
        family, market_id = family_of(self.markets.kind_of(symbol)), self.markets.id_of(symbol)

        def parse(body: object) -> Decimal:
            return positive_in(row_of(_by_market(body).get(market_id), "markPrice"), "markPrice")

        return await self.link.ask(family.mark, parse, {"symbol": market_id})

    async def _family_prices(
        self, family: Family, symbols: Collection[Symbol], books: Collection[Symbol]
    ) -> Mapping[Symbol, Prices | Unknown]:
        depths = sorted(symbol for symbol in symbols if symbol in books)
        marks, tickers, levels = await asyncio.gather(
            self._quotes("mark prices", family.mark, family.marks, symbols),
            self._quotes("bids and asks", family.ticker, family.tickers, symbols),
            asyncio.gather(*(self._book(family, symbol) for symbol in depths)),
        )
        book_of_symbol = dict(zip(depths, levels, strict=True))
        found: dict[Symbol, Prices | Unknown] = {}
        for symbol in symbols:
            what, book = f"prices {symbol}", book_of_symbol.get(symbol)
            if isinstance(marks, Unknown) or isinstance(tickers, Unknown) or isinstance(book, Unknown):
                found[symbol] = Unknown(what=what, reason=_first_reason((marks, tickers, book)))
                continue
            try:
                found[symbol] = _prices(symbol, self.markets.id_of(symbol), marks, tickers, book)
            except ValueError as fault:
                found[symbol] = Unknown(what=what, reason=str(fault))
        return found

    async def _quotes(
        self, what: str, one: Endpoint, many: Endpoint, symbols: Collection[Symbol]
    ) -> Timed[Mapping[str, Row]] | Unknown:
        """Rows by the venue's market name: one symbol alone is cheaper to ask for."""
        if len(symbols) > 1:
            return await attempt(what, self.link.read(many, _by_market))
        params = {"symbol": self.markets.id_of(next(iter(symbols)))}
        return await attempt(what, self.link.read(one, _by_market, params))

    async def _book(self, family: Family, symbol: Symbol) -> Book | Unknown:
        params = {"symbol": self.markets.id_of(symbol), "limit": DEPTH_LEVELS}
        what = f"order book {symbol}"
        read = await attempt(what, self.link.read(family.depth, lambda body: row_of(body, "bids", "asks"), params))
        if isinstance(read, Unknown):
            return read
        try:
            return book_of(read.value["bids"], read.value["asks"], read.stamp)
        except ValueError as fault:
            return Unknown(what=what, reason=str(fault))


def _first_reason(parts: Sequence[object]) -> str:
    return next(part.reason for part in parts if isinstance(part, Unknown))


def _by_market(body: object) -> Mapping[str, Row]:
    """A list; USD-M tells of one symbol without one."""
    rows = rows_of(body, "symbol") if isinstance(body, list) else [row_of(body, "symbol")]
    return {text_in(row, "symbol"): row for row in rows}


def _prices(
    symbol: Symbol,
    market_id: str,
    marks: Timed[Mapping[str, Row]],
    tickers: Timed[Mapping[str, Row]],
    book: Book | None,
) -> Prices:
    """They are as old as the oldest of them."""
    mark_row = row_of(marks.value.get(market_id), "markPrice", "indexPrice", "lastFundingRate")
    ticker_row = row_of(tickers.value.get(market_id), "bidPrice", "askPrice")
    bid, ask = positive_in(ticker_row, "bidPrice"), positive_in(ticker_row, "askPrice")
    if bid >= ask:
        raise ValueError(f"bid {bid} is not below ask {ask}")
    funding = mark_row["lastFundingRate"]
    return Prices(
        symbol=symbol,
        mark=positive_in(mark_row, "markPrice"),
        index=positive_in(mark_row, "indexPrice"),
        bid=bid,
        ask=ask,
        funding_rate=None if funding == "" else decimal_in(mark_row, "lastFundingRate"),
        stamp=joined(marks.stamp, tickers.stamp, *(() if book is None else (book.stamp,))),
        book=book,
    )
