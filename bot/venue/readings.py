"""One observation: a constant number of calls, however many symbols; what fails is Unknown, never zero (R8 to R12)."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeVar

from bot.domain.errors import ConfigFault, NotOffered, VenueFault
from bot.domain.ids import Asset, Symbol
from bot.domain.instrument import Instrument
from bot.domain.numbers import ZERO
from bot.domain.observation import (
    Book,
    BookLevel,
    Holding,
    Margin,
    Position,
    Prices,
    Source,
    Stamp,
    SymbolConfig,
    Unknown,
    Wanted,
)
from bot.venue import binance
from bot.venue.futures import Account, PositionRows, account_of, margin_of, position_of, position_rows
from bot.venue.link import Link, Timed, joined
from bot.venue.markets import Markets
from bot.venue.settings import Settings
from bot.venue.shapes import Row, decimal_in, positive_in, row_of, rows_of, text_in
from bot.venue.wallets import Quantities, Wallets

T = TypeVar("T")
Holdings = Mapping[tuple[Source, Asset], Holding | Unknown]
WalletGroup = Timed[Mapping[str, Quantities]]
_NOT_ASKED: Final[WalletGroup] = Timed({}, Stamp(sent_ms=0, answered_ms=0))


@dataclass(frozen=True, slots=True)
class Readings:
    """Reads one account once."""

    link: Link
    markets: Markets
    wallets: Wallets
    settings: Settings

    async def holdings(self, wanted: Wanted) -> Holdings:
        """Coins by source. Spot is read before and after Earn: what moved in between is unknown (R10)."""
        before = await self._try("spot wallets", self.wallets.spot()) if wanted.spot else _NOT_ASKED
        earn: WalletGroup | Unknown = _NOT_ASKED
        after: WalletGroup | Unknown = before
        if wanted.earn:
            earn = await self._try("earn", self.wallets.earn())
            if wanted.spot:
                after = await self._try("spot wallets", self.wallets.spot())
        torn = {asset: _why_torn(before, after, asset) for asset in wanted.spot}
        found: dict[tuple[Source, Asset], Holding | Unknown] = {}
        for source, assets, group in ((Source.SPOT, wanted.spot, after), (Source.EARN, wanted.earn, earn)):
            for asset in assets:
                why = torn.get(asset)
                found[source, asset] = (
                    Unknown(what=f"{source.value} {asset}", reason=why)
                    if why is not None
                    else self._holding(source, asset, group)
                )
        return found

    async def futures(
        self, wanted: Wanted
    ) -> tuple[Mapping[Symbol, Position | Unknown], Mapping[Symbol, Margin | Unknown]]:
        """Positions and margin, by two calls of the same moment."""
        if not wanted.symbols:
            return {}, {}
        account, risk = await asyncio.gather(
            self._try("margin account", self.link.read(binance.ACCOUNT, account_of)),
            self._try("positions", self.link.read(binance.POSITIONS, position_rows)),
        )
        positions: dict[Symbol, Position | Unknown] = {}
        margins: dict[Symbol, Margin | Unknown] = {}
        for symbol in wanted.symbols:
            instrument = self._instrument(symbol)
            if isinstance(instrument, Unknown):
                positions[symbol] = margins[symbol] = instrument
                continue
            positions[symbol] = self._position(instrument, risk, account)
            margins[symbol] = _margin(instrument, account)
        return positions, margins

    async def prices(self, wanted: Wanted) -> Mapping[Symbol, Prices | Unknown]:
        """Mark, index, bid, ask, funding rate, and depth where it is wanted."""
        if not wanted.symbols:
            return {}
        depths = sorted(wanted.books & wanted.symbols)
        marks, tickers, books = await asyncio.gather(
            self._quotes("mark prices", binance.MARK, binance.MARKS, wanted.symbols),
            self._quotes("bids and asks", binance.TICKER, binance.TICKERS, wanted.symbols),
            asyncio.gather(*(self._book(symbol) for symbol in depths)),
        )
        book_of = dict(zip(depths, books, strict=True))
        found: dict[Symbol, Prices | Unknown] = {}
        for symbol in wanted.symbols:
            what, book = f"prices {symbol}", book_of.get(symbol)
            if isinstance(marks, Unknown) or isinstance(tickers, Unknown) or isinstance(book, Unknown):
                found[symbol] = Unknown(what=what, reason=_first_reason(marks, tickers, book))
                continue
            try:
                market_id = self.markets.id_of(symbol)
                found[symbol] = _prices(symbol, market_id, marks, tickers, book)
            except (ValueError, ConfigFault) as fault:
                found[symbol] = Unknown(what=what, reason=str(fault))
        return found

    async def configs(self, wanted: Wanted) -> Mapping[Symbol, SymbolConfig | Unknown]:
        """Leverage, margin mode and position mode, read from the symbols' configuration."""
        if not wanted.configs:
            return {}
        read = await self._try("symbol configuration", self.settings.read(wanted.configs))
        if isinstance(read, Unknown):
            return dict.fromkeys(wanted.configs, read)
        return {
            symbol: read.get(symbol) or Unknown(what=f"configuration {symbol}", reason="the venue does not list it")
            for symbol in wanted.configs
        }

    async def _quotes(
        self, what: str, one: binance.Endpoint, many: binance.Endpoint, symbols: frozenset[Symbol]
    ) -> Timed[Mapping[str, Row]] | Unknown:
        """Rows by the venue's market name: one symbol alone is cheaper to ask for."""
        if len(symbols) > 1:
            return await self._try(what, self.link.read(many, _rows_by_market))
        try:
            params = {"symbol": self.markets.id_of(next(iter(symbols)))}
        except ConfigFault as fault:
            return Unknown(what=what, reason=fault.message)
        return await self._try(what, self.link.read(one, _row_by_market, params))

    async def _book(self, symbol: Symbol) -> Book | Unknown:
        try:
            params = {"symbol": self.markets.id_of(symbol), "limit": binance.DEPTH_LEVELS}
        except ConfigFault as fault:
            return Unknown(what=f"order book {symbol}", reason=fault.message)
        levels = await self._try(f"order book {symbol}", self.link.read(binance.DEPTH, _levels, params))
        if isinstance(levels, Unknown):
            return levels
        bids, asks = levels.value
        return Book(bids=bids, asks=asks, stamp=levels.stamp)

    def _holding(self, source: Source, asset: Asset, group: WalletGroup | Unknown) -> Holding | Unknown:
        if isinstance(group, Unknown):
            return Unknown(what=f"{source.value} {asset}", reason=group.reason, lasting=group.lasting)
        quantity = sum((quantities.get(asset, ZERO) for quantities in group.value.values()), ZERO)
        return Holding(
            source=source,
            venue=self.link.name,
            asset=asset,
            quantity=quantity,
            principal=quantity,
            stamp=group.stamp,
            wallets=tuple(group.value),
        )

    def _instrument(self, symbol: Symbol) -> Instrument | Unknown:
        try:
            return self.markets.instrument(symbol)
        except ConfigFault as fault:
            return Unknown(what=f"instrument {symbol}", reason=fault.message)

    def _position(
        self, instrument: Instrument, risk: Timed[PositionRows] | Unknown, account: Timed[Account] | Unknown
    ) -> Position | Unknown:
        if isinstance(risk, Unknown):
            return Unknown(what=f"position {instrument.symbol}", reason=risk.reason)
        market_id = self.markets.id_of(instrument.symbol)
        if isinstance(account, Unknown):
            return position_of(instrument, market_id, risk.value, account, risk.stamp)
        return position_of(instrument, market_id, risk.value, account.value, joined(risk.stamp, account.stamp))

    async def _try(self, what: str, reading: Awaitable[T]) -> T | Unknown:
        try:
            return await reading
        except VenueFault as fault:
            return Unknown(what=what, reason=fault.message, lasting=isinstance(fault, NotOffered))


def _margin(instrument: Instrument, account: Timed[Account] | Unknown) -> Margin | Unknown:
    if isinstance(account, Unknown):
        return Unknown(what=f"margin {instrument.symbol}", reason=account.reason)
    return margin_of(instrument, account.value, account.stamp)


def _why_torn(before: WalletGroup | Unknown, after: WalletGroup | Unknown, asset: Asset) -> str | None:
    """Why two reads of the spot wallets don't vouch for what was read in between; None when they do."""
    for group in (before, after):
        if isinstance(group, Unknown):
            return group.reason
    if _coins(before, asset) != _coins(after, asset):
        return "moved between reads"
    return None


def _coins(group: WalletGroup | Unknown, asset: Asset) -> Mapping[str, Decimal]:
    if isinstance(group, Unknown):
        return {}
    return {wallet: quantities.get(asset, ZERO) for wallet, quantities in group.value.items()}


def _first_reason(*parts: object) -> str:
    return next(part.reason for part in parts if isinstance(part, Unknown))


def _rows_by_market(body: object) -> Mapping[str, Row]:
    return {text_in(row, "symbol"): row for row in rows_of(body, "symbol")}


def _row_by_market(body: object) -> Mapping[str, Row]:
    row = row_of(body, "symbol")
    return {text_in(row, "symbol"): row}


def _levels(body: object) -> tuple[tuple[BookLevel, ...], tuple[BookLevel, ...]]:
    row = row_of(body, "bids", "asks")
    bids, asks = _side(row["bids"]), _side(row["asks"])
    if any(upper.price <= lower.price for upper, lower in itertools.pairwise(bids)):
        raise ValueError("bids are not in order")
    if any(lower.price >= upper.price for lower, upper in itertools.pairwise(asks)):
        raise ValueError("asks are not in order")
    return bids, asks


def _side(raw: object) -> tuple[BookLevel, ...]:
    if not isinstance(raw, list) or not all(isinstance(level, list) and len(level) >= 2 for level in raw):
        raise ValueError("a side of the book is no list of levels")
    named = ({"price": level[0], "quantity": level[1]} for level in raw)
    return tuple(BookLevel(price=positive_in(row, "price"), contracts=positive_in(row, "quantity")) for row in named)


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
