"""Public topics: tickers, best levels, books, trades, candles, mark prices.

Source: https://www.kucoin.com/docs-new/3470063w0 and its neighbours (read 2025-11), and ccxt 4.5.90, `pro/kucoin.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from bot.domain.numbers import plain
from bot.paper.engine.model import Listing, Trade
from bot.paper.wire.kucoin import tape
from bot.paper.wire.kucoin.names import contract_id, spot_id
from bot.paper.wire.kucoin.spot_market import LENGTHS_MINUTES
from bot.paper.wire.kucoin.stream_books import ContractBook, SpotBook
from bot.paper.wire.kucoin.topics import Message, Polled, Source, Topic

_SECOND_MS: Final = 1000
_SNAPSHOT_MS: Final = 2000
_FUNDING_MS: Final = 60_000
Maker = Callable[[Source, Listing], Topic]


def _top(source: Source, listing: Listing) -> Callable[[], Hashable]:
    """Best levels and latest price."""

    def look() -> Hashable:
        bid, ask = tape.best(source.exchange, listing)
        return bid, ask, source.exchange.last_price(listing.key)

    return look


def _mark(source: Source, listing: Listing) -> Callable[[], Hashable]:
    return lambda: source.exchange.mark(listing.key)


def _spot_ticker(source: Source, listing: Listing) -> Topic:
    def tell(now_ms: int) -> object:
        bid, ask = tape.best(source.exchange, listing)
        return {
            "sequence": str(tape.sequence(source.exchange, now_ms)),
            "price": plain(source.exchange.last_price(listing.key)),
            "size": plain(listing.quantity_min),
            "bestAsk": plain(ask.price),
            "bestAskSize": plain(ask.quantity),
            "bestBid": plain(bid.price),
            "bestBidSize": plain(bid.quantity),
            "time": now_ms,
        }

    return Polled("trade.ticker", _top(source, listing), tell, every_ms=_SECOND_MS)


def _spot_snapshot(source: Source, listing: Listing) -> Topic:
    """Every two seconds."""

    def tell(now_ms: int) -> object:
        bid, ask = tape.best(source.exchange, listing)
        day = tape.day(source.exchange, listing, now_ms)
        row = {
            "trading": listing.open,
            "symbol": listing.symbol,
            "buy": bid.price,
            "sell": ask.price,
            "sort": 100,
            "volValue": day.turnover,
            "baseCurrency": listing.base,
            "market": "USDS",
            "quoteCurrency": listing.quote,
            "symbolCode": listing.symbol,
            "datetime": now_ms,
            "open": day.open,
            "high": day.high,
            "low": day.low,
            "vol": day.volume,
            "close": day.close,
            "averagePrice": (day.high + day.low) / 2,
            "changePrice": day.change,
            "changeRate": day.change_rate,
            "lastTradedPrice": source.exchange.last_price(listing.key),
            "takerFeeRate": listing.taker_fee,
            "makerFeeRate": listing.maker_fee,
            "takerCoefficient": 1,
            "makerCoefficient": 1,
            "board": 0,
            "mark": 0,
        }
        return {"sequence": str(tape.sequence(source.exchange, now_ms)), "data": row}

    return Polled("trade.snapshot", _top(source, listing), tell, every_ms=_SNAPSHOT_MS, quiet_ms=_SNAPSHOT_MS)


def _level1(source: Source, listing: Listing) -> Topic:
    def tell(now_ms: int) -> object:
        bid, ask = tape.best(source.exchange, listing)
        return {
            "asks": [plain(ask.price), plain(ask.quantity)],
            "bids": [plain(bid.price), plain(bid.quantity)],
            "timestamp": now_ms,
        }

    return Polled("level1", _top(source, listing), tell, every_ms=_SECOND_MS)


def _depth(levels: int, *, numbers: bool) -> Maker:
    """The first levels of a book, complete in every message."""

    def make(source: Source, listing: Listing) -> Topic:
        def look() -> Hashable:
            return source.exchange.depth(listing.key, levels)

        def tell(now_ms: int) -> object:
            depth = source.exchange.depth(listing.key, levels)
            sides = {"asks": depth.asks, "bids": depth.bids}
            told: dict[str, object] = {
                side: [_level(level.price, level.quantity, numbers=numbers) for level in found]
                for side, found in sides.items()
            }
            if numbers:
                told |= {"sequence": tape.sequence(source.exchange, now_ms), "ts": now_ms}
            return {**told, "timestamp": now_ms}

        return Polled("level2", look, tell, every_ms=_SECOND_MS)

    return make


def _level(price: Decimal, quantity: Decimal, *, numbers: bool) -> list[object]:
    return [plain(price), int(quantity) if numbers else plain(quantity)]


class _Trades:
    """Every trade of a market, once it has happened.

    Args:
        source: where the trades are.
        listing: the market.
        subject: of its messages.
        tell: the data of a trade.
    """

    def __init__(self, source: Source, listing: Listing, subject: str, tell: Callable[[Trade], object]) -> None:
        self._source = source
        self._listing = listing
        self._subject = subject
        self._tell = tell
        self._updates = self._count()
        self._newest = self._newest_id()

    def messages(self, now_ms: int) -> Sequence[Message]:
        """A message for each trade since the last call."""
        del now_ms
        if self._count() == self._updates:
            return ()
        self._updates = self._count()
        found = [trade for trade in self._all() if trade.trade_id > self._newest]
        self._newest = self._newest_id()
        return [{"subject": self._subject, "data": self._tell(trade)} for trade in found]

    def _count(self) -> int:
        return sum(account.last_update for account in self._source.exchange.accounts().values())

    def _all(self) -> Sequence[Trade]:
        return tape.trades(self._source.exchange, self._listing)

    def _newest_id(self) -> int:
        found = self._all()
        return found[-1].trade_id if found else 0


def _spot_match(source: Source, listing: Listing) -> Topic:
    def tell(trade: Trade) -> object:
        own, other = spot_id(trade.order_id), spot_id(1)
        return {
            "sequence": str(trade.trade_id),
            "type": "match",
            "symbol": listing.symbol,
            "side": (trade.side.opposite if trade.maker else trade.side).value.lower(),
            "price": plain(trade.price),
            "size": plain(trade.quantity),
            "tradeId": str(trade.trade_id),
            "takerOrderId": other if trade.maker else own,
            "makerOrderId": own if trade.maker else other,
            "time": str(trade.time_ms * tape.NANOS),
        }

    return _Trades(source, listing, "trade.l3match", tell)


def _execution(source: Source, listing: Listing) -> Topic:
    def tell(trade: Trade) -> object:
        own, other = contract_id(trade.order_id), contract_id(1)
        return {
            "symbol": listing.symbol,
            "sequence": trade.trade_id,
            "side": (trade.side.opposite if trade.maker else trade.side).value.lower(),
            "size": int(trade.quantity),
            "price": plain(trade.price),
            "takerOrderId": other if trade.maker else own,
            "makerOrderId": own if trade.maker else other,
            "tradeId": contract_id(trade.trade_id),
            "ts": trade.time_ms * tape.NANOS,
        }

    return _Trades(source, listing, "match", tell)


def _contract_ticker(source: Source, listing: Listing) -> Topic:
    def tell(now_ms: int) -> object:
        bid, ask = tape.best(source.exchange, listing)
        return {
            "symbol": listing.symbol,
            "sequence": tape.sequence(source.exchange, now_ms),
            "side": "buy",
            "price": plain(source.exchange.last_price(listing.key)),
            "size": 1,
            "tradeId": contract_id(1),
            "bestBidSize": int(bid.quantity),
            "bestBidPrice": plain(bid.price),
            "bestAskPrice": plain(ask.price),
            "bestAskSize": int(ask.quantity),
            "ts": now_ms * tape.NANOS,
        }

    return Polled("ticker", _top(source, listing), tell, every_ms=_SECOND_MS)


def _contract_ticker_v2(source: Source, listing: Listing) -> Topic:
    def tell(now_ms: int) -> object:
        bid, ask = tape.best(source.exchange, listing)
        return {
            "symbol": listing.symbol,
            "sequence": tape.sequence(source.exchange, now_ms),
            "bestBidSize": int(bid.quantity),
            "bestBidPrice": plain(bid.price),
            "bestAskPrice": plain(ask.price),
            "bestAskSize": int(ask.quantity),
            "ts": now_ms * tape.NANOS,
        }

    return Polled("tickerV2", _top(source, listing), tell, every_ms=_SECOND_MS)


class _Instrument:
    """Mark and index price each second and when they change, the funding rate each minute."""

    def __init__(self, source: Source, listing: Listing) -> None:
        def prices(now_ms: int) -> object:
            mark = source.exchange.mark(listing.key)
            index = source.exchange.index(listing.key)
            return {"granularity": 1000, "indexPrice": index, "markPrice": mark, "timestamp": now_ms}

        def funding(now_ms: int) -> object:
            rate = source.exchange.funding_rate(listing.asset)
            return {"granularity": _FUNDING_MS, "fundingRate": rate, "timestamp": now_ms}

        self._topics: tuple[Topic, ...] = (
            Polled("mark.index.price", _mark(source, listing), prices, every_ms=_SECOND_MS),
            Polled(
                "funding.rate",
                lambda: source.exchange.funding_rate(listing.asset),
                funding,
                every_ms=_FUNDING_MS,
            ),
        )

    def messages(self, now_ms: int) -> Sequence[Message]:
        """What is due of both."""
        return [message for topic in self._topics for message in topic.messages(now_ms)]


#: What can be subscribed to for a market, by the topic before its colon.
SPOT_TOPICS: Final[Mapping[str, Maker]] = {
    "/market/ticker": _spot_ticker,
    "/market/snapshot": _spot_snapshot,
    "/market/level2": SpotBook,
    "/market/match": _spot_match,
    "/spotMarket/level1": _level1,
    "/spotMarket/level2Depth5": _depth(5, numbers=False),
    "/spotMarket/level2Depth50": _depth(50, numbers=False),
}
FUTURES_TOPICS: Final[Mapping[str, Maker]] = {
    "/contractMarket/ticker": _contract_ticker,
    "/contractMarket/tickerV2": _contract_ticker_v2,
    "/contractMarket/level2": ContractBook,
    "/contractMarket/level2Depth5": _depth(5, numbers=True),
    "/contractMarket/level2Depth50": _depth(50, numbers=True),
    "/contractMarket/execution": _execution,
    "/contract/instrument": _Instrument,
}


def candles(source: Source, listing: Listing, length: str, *, spot: bool) -> Topic | None:
    """The running candle of a length such as `1min`; None when there is no such length."""
    minutes = LENGTHS_MINUTES.get(length)
    if minutes is None:
        return None
    length_ms = minutes * tape.MINUTE_MS

    def tell(now_ms: int) -> object:
        open_ms = tape.newest_open_ms(now_ms, length_ms)
        candle, *_ = tape.candles(source.exchange, listing, length_ms=length_ms, start_ms=open_ms, end_ms=now_ms)
        row = (candle.open, candle.close, candle.high, candle.low, candle.volume)
        told = [str(open_ms // 1000), *(plain(value) for value in row)]
        last = candle.turnover if spot else candle.volume
        time = now_ms * tape.NANOS if spot else now_ms
        return {"symbol": listing.symbol, "candles": [*told, plain(last)], "time": time}

    subject = "trade.candles.update" if spot else "candle.stick"
    return Polled(subject, _top(source, listing), tell, every_ms=_SECOND_MS, quiet_ms=_SECOND_MS)
