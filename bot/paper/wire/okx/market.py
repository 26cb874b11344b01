"""Public market data: time, tickers, books, trades, candles, status.

Source: https://www.okx.com/docs-v5/en/#order-book-trading-market-data and #public-data-rest-api (read 2026-06).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from bot.domain.numbers import plain
from bot.paper.engine.model import Level, Listing, MarketType, Refusal
from bot.paper.wire.okx import errors, tape
from bot.paper.wire.okx.digits import text
from bot.paper.wire.okx.endpoint import Call, Endpoint, inst_type
from bot.paper.wire.okx.limits import By, Rate
from bot.paper.wire.okx.signing import Right

HONG_KONG_MS: Final = 8 * 3_600_000
_INDEX_QUOTES: Final = frozenset({"USD", "USDT", "USDC"})


def _time(call: Call) -> Sequence[object]:
    return [{"ts": str(call.now_ms)}]


def _status(call: Call) -> Sequence[object]:  # noqa: ARG001 - no maintenance is planned, ever
    return []


def ticker_row(call: Call, listing: Listing) -> dict[str, object]:
    """One ticker. `vol24h` is base for spot and contracts for perpetuals, `volCcy24h` quote and base."""
    day = tape.day(call.exchange, listing, call.now_ms)
    bid, ask = tape.best(call.exchange, listing)
    last = tape.prints(call.exchange, listing, call.now_ms, 1)[0]
    opened = [tape.price_at(call.exchange, listing, tape.start_of_day(call.now_ms, ms)) for ms in (0, HONG_KONG_MS)]
    spot = listing.market is MarketType.SPOT
    return {
        "instType": inst_type(listing),
        "instId": listing.symbol,
        "last": plain(call.exchange.last_price(listing.key)),
        "lastSz": plain(last.quantity),
        "askPx": plain(ask.price),
        "askSz": plain(ask.quantity),
        "bidPx": plain(bid.price),
        "bidSz": plain(bid.quantity),
        "open24h": plain(day.open),
        "high24h": plain(max(day.high, call.exchange.last_price(listing.key))),
        "low24h": plain(min(day.low, call.exchange.last_price(listing.key))),
        "volCcy24h": text(day.quote if spot else day.coins),
        "vol24h": text(day.volume),
        "ts": str(call.now_ms),
        "sodUtc0": plain(opened[0]),
        "sodUtc8": plain(opened[1]),
    }


def _ticker(call: Call) -> Sequence[object]:
    return [ticker_row(call, call.listing())]


def _tickers(call: Call) -> Sequence[object]:
    return [ticker_row(call, listing) for listing in call.wanted(need_type=True)]


def levels(side: Sequence[Level]) -> list[list[str]]:
    """Price, quantity, a member that is 0 always, number of orders."""
    return [[plain(level.price), plain(level.quantity), "0", "1"] for level in side]


def _books(highest: int) -> Callable[[Call], Sequence[object]]:
    def handle(call: Call) -> Sequence[object]:
        listing = call.listing()
        size = call.params.integer("sz")
        depth = call.exchange.depth(listing.key, max(1, min(size or 1, highest)))
        return [{"asks": levels(depth.asks), "bids": levels(depth.bids), "ts": str(call.now_ms)}]

    return handle


def print_row(listing: Listing, trade: tape.Print) -> dict[str, str]:
    """One public trade."""
    return {
        "instId": listing.symbol,
        "side": trade.side.value.lower(),
        "sz": plain(trade.quantity),
        "px": plain(trade.price),
        "source": "0",
        "tradeId": str(trade.trade_id),
        "ts": str(trade.time_ms),
    }


def _trades(call: Call) -> Sequence[object]:
    listing = call.listing()
    count = call.params.limit(500, 100)
    return [print_row(listing, trade) for trade in tape.prints(call.exchange, listing, call.now_ms, count)]


def candle_row(candle: tape.Candle) -> list[str]:
    """Open time, open, high, low, close, volume, volume in coins, volume in quote, whether it is over."""
    return [
        str(candle.open_ms),
        *(plain(price) for price in (candle.open, candle.high, candle.low, candle.close)),
        text(candle.volume),
        text(candle.coins),
        text(candle.quote),
        "1" if candle.done else "0",
    ]


def _candles(highest: int) -> Callable[[Call], Sequence[object]]:
    return lambda call: [candle_row(candle) for candle in _found(call, call.listing(), highest)]


def _found(call: Call, listing: Listing, highest: int) -> list[tape.Candle]:
    bar = call.params.text("bar") or "1m"
    if not tape.is_bar(bar):
        raise errors.parameter("bar")
    return tape.candles(
        call.exchange,
        listing,
        bar,
        call.now_ms,
        after_ms=call.params.integer("after"),
        before_ms=call.params.integer("before"),
        count=call.params.limit(highest, 100),
    )


def _price_candles(call: Call) -> Sequence[object]:
    """Candles of the mark price: no volumes."""
    rows = [candle_row(candle) for candle in _found(call, call.listing(), 100)]
    return [[*row[:5], row[-1]] for row in rows]


def _index_candles(call: Call) -> Sequence[object]:
    """Candles of an index, whose name is that of a pair."""
    listing = index_listing(call, call.params.need("instId"))
    rows = [candle_row(candle) for candle in _found(call, listing, 100)]
    return [[*row[:5], row[-1]] for row in rows]


def index_listing(call: Call, name: str) -> Listing:
    """An index such as `BTC-USDT`, `BTC-USD` or `USDT-USD`.

    Raises:
        ApiError: 51001 no such index.
    """
    coin, _, quote = name.partition("-")
    if coin == quote or quote not in _INDEX_QUOTES:
        raise errors.unknown_instrument()
    try:
        return call.exchange.index_of(coin, quote)
    except Refusal:
        raise errors.unknown_instrument() from None


def index_row(call: Call, name: str) -> dict[str, str]:
    """One index: the price of the coin in the currency."""
    listing = index_listing(call, name)
    day = tape.day(call.exchange, listing, call.now_ms)
    opened = [tape.price_at(call.exchange, listing, tape.start_of_day(call.now_ms, ms)) for ms in (0, HONG_KONG_MS)]
    return {
        "instId": name,
        "idxPx": plain(call.exchange.quoted_history(listing)[-1][1]),
        "high24h": plain(day.high),
        "low24h": plain(day.low),
        "open24h": plain(day.open),
        "sodUtc0": plain(opened[0]),
        "sodUtc8": plain(opened[1]),
        "ts": str(call.now_ms),
    }


def _index_tickers(call: Call) -> Sequence[object]:
    name = call.params.text("instId")
    if name is not None:
        return [index_row(call, name)]
    quote = call.params.need("quoteCcy")
    coins = dict.fromkeys([*(listing.asset for listing in call.listings()), "USDT"])
    return [index_row(call, f"{coin}-{quote}") for coin in coins if coin != quote]


def _public(path: str, handle: Callable[[Call], Sequence[object]], count: int, window_ms: int = 2000) -> Endpoint:
    rate = Rate(count=count, by=By.ADDRESS, window_ms=window_ms)
    return Endpoint(method="GET", path=path, handle=handle, rate=rate, right=Right.PUBLIC)


ENDPOINTS: Final = (
    _public("public/time", _time, 10),
    _public("system/status", _status, 1, 5000),
    _public("market/ticker", _ticker, 20),
    _public("market/tickers", _tickers, 20),
    _public("market/index-tickers", _index_tickers, 20),
    _public("market/books", _books(400), 40),
    _public("market/books-full", _books(5000), 10),
    _public("market/trades", _trades, 100),
    _public("market/history-trades", _trades, 20),
    _public("market/candles", _candles(300), 40),
    _public("market/history-candles", _candles(300), 20),
    _public("market/mark-price-candles", _price_candles, 20),
    _public("market/history-mark-price-candles", _price_candles, 20),
    _public("market/index-candles", _index_candles, 20),
    _public("market/history-index-candles", _index_candles, 10),
)
