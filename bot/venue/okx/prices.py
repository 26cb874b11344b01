"""Mark, index, bid, ask, funding rate and depth of swaps (R12); a constant number of calls for any number of them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from bot.domain.errors import ConfigFault
from bot.domain.ids import Symbol
from bot.domain.observation import Book, Prices, Unknown
from bot.venue.attempt import attempt
from bot.venue.book import book_of
from bot.venue.endpoint import Endpoint
from bot.venue.link import Link, Timed, joined
from bot.venue.markets import Markets
from bot.venue.okx import endpoints
from bot.venue.okx.markets import underlying_of
from bot.venue.okx.wire import SWAP, figure_in, row_in, rows_in
from bot.venue.shapes import Row, positive_in, row_of, text_in

_DEPTH_LEVELS: Final = 50
_ANY: Final = "ANY"
Rows = Timed[Mapping[str, Row]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """What the venue calls a swap and the index behind it."""

    market_id: str
    index: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lists:
    """What the prices of one reading are made of, by the venue's names."""

    marks: Rows
    indexes: Rows
    tickers: Rows
    rates: Rows


@dataclass(frozen=True, slots=True)
class PriceReader:
    """Reads prices of one venue."""

    link: Link
    markets: Markets

    async def read(self, symbols: Collection[Symbol], books: Collection[Symbol]) -> Mapping[Symbol, Prices | Unknown]:
        """Prices by symbol; never raises a VenueFault."""
        names: dict[Symbol, _Names] = {}
        found: dict[Symbol, Prices | Unknown] = {}
        for symbol in symbols:
            try:
                market = self.markets.market(symbol)
                names[symbol] = _Names(market_id=str(market["id"]), index=underlying_of(market))
            except (ConfigFault, ValueError) as fault:
                found[symbol] = Unknown(what=f"prices {symbol}", reason=str(fault))
        if not names:
            return found
        depths = sorted(set(books) & set(names))
        lists, levels = await asyncio.gather(
            attempt("prices", self._lists(tuple(names.values()))),
            asyncio.gather(
                *(
                    attempt(f"order book {symbol}", book_of_market(self.link, names[symbol].market_id))
                    for symbol in depths
                )
            ),
        )
        book_by_symbol = dict(zip(depths, levels, strict=True))
        for symbol, name in names.items():
            found[symbol] = _prices(symbol, name, lists, book_by_symbol.get(symbol))
        return found

    async def _lists(self, names: Collection[_Names]) -> _Lists:
        """One market by its name, several by the lists of all."""
        only = next(iter(names)).market_id if len(names) == 1 else None
        listed: Mapping[str, object] = {"instType": SWAP} if only is None else {"instType": SWAP, "instId": only}
        tickers = (
            self._rows(endpoints.TICKERS, {"instType": SWAP})
            if only is None
            else self._rows(endpoints.TICKER, {"instId": only})
        )
        parts = await asyncio.gather(
            self._rows(endpoints.MARKS, listed),
            self._indexes(sorted({name.index for name in names})),
            tickers,
            self._rows(endpoints.FUNDING_RATES, {"instId": only or _ANY}),
        )
        return _Lists(marks=parts[0], indexes=parts[1], tickers=parts[2], rates=parts[3])

    async def _indexes(self, names: Collection[str]) -> Rows:
        """One index by its name, several by the lists of their quote currencies, of which there are very few."""
        if len(names) == 1:
            return await self._rows(endpoints.INDEXES, {"instId": next(iter(names))})
        quotes = sorted({name.partition("-")[2] for name in names})
        parts = await asyncio.gather(*(self._rows(endpoints.INDEXES, {"quoteCcy": quote}) for quote in quotes))
        rows = {name: row for part in parts for name, row in part.value.items()}
        return Timed(rows, joined(*(part.stamp for part in parts)))

    async def _rows(self, endpoint: Endpoint, params: Mapping[str, object]) -> Rows:
        return await self.link.read(endpoint, _by_name, params)


async def book_of_market(link: Link, market_id: str) -> Book:
    """Visible depth of any market, by the venue's name of it. Raises VenueFault."""
    params = {"instId": market_id, "sz": str(_DEPTH_LEVELS)}
    read = await link.read(endpoints.DEPTH, lambda body: row_in(body, "bids", "asks"), params)
    try:
        return book_of(read.value["bids"], read.value["asks"], read.stamp)
    except ValueError as fault:
        raise link.unreadable(endpoints.DEPTH.operation, str(fault)) from None


def _by_name(body: object) -> Mapping[str, Row]:
    return {text_in(row, "instId"): row for row in rows_in(body, "instId")}


def _prices(symbol: Symbol, name: _Names, lists: _Lists | Unknown, book: Book | Unknown | None) -> Prices | Unknown:
    """They are as old as the oldest of them."""
    what = f"prices {symbol}"
    if isinstance(lists, Unknown):
        return Unknown(what=what, reason=lists.reason)
    if isinstance(book, Unknown):
        return Unknown(what=what, reason=book.reason)
    parts = (lists.marks.stamp, lists.indexes.stamp, lists.tickers.stamp, lists.rates.stamp)
    try:
        ticker = _row_of(lists.tickers, name.market_id, "bidPx", "askPx")
        bid, ask = positive_in(ticker, "bidPx"), positive_in(ticker, "askPx")
        if bid >= ask:
            return Unknown(what=what, reason=f"bid {bid} is not below ask {ask}")
        return Prices(
            symbol=symbol,
            mark=positive_in(_row_of(lists.marks, name.market_id), "markPx"),
            index=positive_in(_row_of(lists.indexes, name.index), "idxPx"),
            bid=bid,
            ask=ask,
            funding_rate=figure_in(_row_of(lists.rates, name.market_id, "fundingRate"), "fundingRate"),
            stamp=joined(*parts, *(() if book is None else (book.stamp,))),
            book=book,
        )
    except ValueError as fault:
        return Unknown(what=what, reason=str(fault))


def _row_of(rows: Rows, name: str, *keys: str) -> Row:
    if name not in rows.value:
        raise ValueError(f"the venue does not list {name}")
    return row_of(rows.value[name], *keys)
