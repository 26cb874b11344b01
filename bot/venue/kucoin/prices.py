"""Prices of contracts: mark, index, funding rate, bid, ask, depth; and what was traded in 24 h (R7, R12)."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Final

from bot.domain.errors import ConfigFault
from bot.domain.ids import Symbol
from bot.domain.instrument import ContractKind
from bot.domain.numbers import ZERO
from bot.domain.observation import Book, Prices, Unknown
from bot.ports import Clock
from bot.venue.attempt import attempt
from bot.venue.book import book_of
from bot.venue.endpoint import Endpoint
from bot.venue.kucoin.endpoints import CANDLES, CONTRACT, CONTRACTS, DAY_MS, DEPTH, TICKER, TICKERS
from bot.venue.kucoin.envelope import data_of, row_in, rows_in
from bot.venue.kucoin.markets import KuCoinMarkets
from bot.venue.link import Link, Timed, joined
from bot.venue.shapes import Row, decimal_in, positive_in, row_of, text_in

_GRANULARITY_MIN: Final = 15
_CANDLES_MAX: Final = 200
_MARK_KEYS: Final = ("symbol", "markPrice", "indexPrice", "fundingFeeRate")
_TICKER_KEYS: Final = ("symbol", "bestBidPrice", "bestAskPrice")
Rows = Mapping[str, Row]


@dataclass(frozen=True, slots=True)
class PriceReader:
    """Reads the prices of one venue."""

    link: Link
    markets: KuCoinMarkets
    clock: Clock

    async def read(self, symbols: Collection[Symbol], books: Collection[Symbol]) -> Mapping[Symbol, Prices | Unknown]:
        """Two calls for all symbols, and one for each book. Never raises a VenueFault."""
        depths = sorted(books)
        marks, tickers, read = await asyncio.gather(
            self._quotes("mark prices", CONTRACT, CONTRACTS, symbols),
            self._quotes("bids and asks", TICKER, TICKERS, symbols),
            asyncio.gather(*(self._book(symbol) for symbol in depths)),
        )
        depth_of = dict(zip(depths, read, strict=True))
        return {symbol: self._prices(symbol, marks, tickers, depth_of.get(symbol)) for symbol in symbols}

    async def volumes_24h(self, symbol: Symbol) -> tuple[Decimal, Decimal, Decimal]:
        """Contracts, turnover in quote, average price. Raises VenueFault.

        `volumeOf24h` would show nothing: it is told in coins, made of contracts with the very multiplier that is in
        question. Candles count contracts, so a wrong multiplier shows. An inverse contract's turnover is in coins.
        """
        market_id = self.markets.id_of(symbol)
        until_ms = self.clock.now_ms()
        span = {"granularity": _GRANULARITY_MIN, "from": until_ms - DAY_MS, "to": until_ms}
        (contracts, average), turnover = await asyncio.gather(
            self.link.ask(CANDLES, _traded, {"symbol": market_id, **span}),
            self.link.ask(CONTRACT, partial(_turnover, market_id), {"symbol": market_id}),
        )
        if self.markets.kind_of(symbol) is ContractKind.INVERSE:
            turnover *= average
        return contracts, turnover, average

    async def _quotes(
        self, what: str, one: Endpoint, many: Endpoint, symbols: Collection[Symbol]
    ) -> Timed[Rows] | Unknown:
        """Rows by the venue's market name: one contract alone is cheaper to ask for."""
        if len(symbols) > 1:
            return await attempt(what, self.link.read(many, _by_market))
        try:
            params = {"symbol": self.markets.id_of(next(iter(symbols)))}
        except ConfigFault as fault:
            return Unknown(what=what, reason=fault.message)
        return await attempt(what, self.link.read(one, _alone, params))

    async def _book(self, symbol: Symbol) -> Book | Unknown:
        what = f"order book {symbol}"
        try:
            market_id = self.markets.id_of(symbol)
        except ConfigFault as fault:
            return Unknown(what=what, reason=fault.message)
        read = await attempt(what, self.link.read(DEPTH, partial(_depth, market_id), {"symbol": market_id}))
        if isinstance(read, Unknown):
            return read
        try:
            return book_of(read.value["bids"], read.value["asks"], read.stamp)
        except ValueError as fault:
            return Unknown(what=what, reason=str(fault))

    def _prices(
        self,
        symbol: Symbol,
        marks: Timed[Rows] | Unknown,
        tickers: Timed[Rows] | Unknown,
        book: Book | Unknown | None,
    ) -> Prices | Unknown:
        """They are as old as the oldest of them."""
        what = f"prices {symbol}"
        if isinstance(marks, Unknown):
            return Unknown(what=what, reason=marks.reason)
        if isinstance(tickers, Unknown):
            return Unknown(what=what, reason=tickers.reason)
        if isinstance(book, Unknown):
            return Unknown(what=what, reason=book.reason)
        try:
            market_id = self.markets.id_of(symbol)
            mark = row_of(marks.value.get(market_id), *_MARK_KEYS)
            bid, ask = _touch(row_of(tickers.value.get(market_id), *_TICKER_KEYS))
            return Prices(
                symbol=symbol,
                mark=positive_in(mark, "markPrice"),
                index=positive_in(mark, "indexPrice"),
                bid=bid,
                ask=ask,
                funding_rate=None if mark["fundingFeeRate"] is None else decimal_in(mark, "fundingFeeRate"),
                stamp=joined(marks.stamp, tickers.stamp, *(() if book is None else (book.stamp,))),
                book=book,
            )
        except (ValueError, ConfigFault) as fault:
            return Unknown(what=what, reason=str(fault))


def _touch(row: Row) -> tuple[Decimal, Decimal]:
    bid, ask = positive_in(row, "bestBidPrice"), positive_in(row, "bestAskPrice")
    if bid >= ask:
        raise ValueError(f"bid {bid} is not below ask {ask}")
    return bid, ask


def _by_market(body: object) -> Rows:
    """Rows of a whole list; dated futures lack figures that perpetuals have, so only the name is asked of all."""
    return {text_in(row, "symbol"): row for row in rows_in(body, "symbol")}


def _alone(body: object) -> Rows:
    row = row_in(body, "symbol")
    return {text_in(row, "symbol"): row}


def _depth(market_id: str, body: object) -> Row:
    row = row_in(body, "symbol", "bids", "asks")
    if row["symbol"] != market_id:
        raise ValueError("the answer is about another market")
    return row


def _traded(body: object) -> tuple[Decimal, Decimal]:
    """Contracts of all candles, and the price weighted by them; a candle is [time, open, high, low, close, count]."""
    candles = data_of(body)
    if not isinstance(candles, list) or len(candles) > _CANDLES_MAX:
        raise ValueError("the candles are no list of a day")
    contracts, weighted = ZERO, ZERO
    for candle in candles:
        if not isinstance(candle, list) or len(candle) < 6:
            raise ValueError("a candle has another shape")
        row = {"high": candle[2], "low": candle[3], "volume": candle[5]}
        volume = decimal_in(row, "volume")
        contracts += volume
        weighted += volume * (positive_in(row, "high") + positive_in(row, "low")) / 2
    return contracts, weighted / contracts if contracts > 0 else ZERO


def _turnover(market_id: str, body: object) -> Decimal:
    row = row_in(body, "symbol", "turnoverOf24h")
    if row["symbol"] != market_id:
        raise ValueError("the answer is about another market")
    return decimal_in(row, "turnoverOf24h")
