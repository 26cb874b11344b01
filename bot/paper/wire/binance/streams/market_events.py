"""The bodies of market streams.

Source: https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams,
.../usds-margined-futures/websocket-market-streams and .../coin-margined-futures/websocket-market-streams (read
2025-11).
"""

from __future__ import annotations

from decimal import Decimal

from bot.paper.engine.model import Listing, MarketType, Trade
from bot.paper.wire.binance import tape
from bot.paper.wire.binance.digits import eight, fixed, price_text, quantity_text, worth_text
from bot.paper.wire.binance.endpoint import Call, pair_of
from bot.paper.wire.binance.streams.source import Event


def price_of(listing: Listing, price: Decimal) -> str:
    """A price as the market's streams write it."""
    return eight(price) if listing.market is MarketType.SPOT else price_text(listing, price)


def quantity_of(listing: Listing, quantity: Decimal) -> str:
    """A quantity as the market's streams write it."""
    return eight(quantity) if listing.market is MarketType.SPOT else quantity_text(listing, quantity)


def worth_of(listing: Listing, worth: Decimal) -> str:
    """Quote, or coins on COIN-M, as the market's streams write it."""
    return eight(worth) if listing.market is MarketType.SPOT else worth_text(listing, worth)


def pair(listing: Listing) -> Event:
    """COIN-M names the pair, too."""
    return {"ps": pair_of(listing)} if listing.market is MarketType.INVERSE else {}


def book_ticker(call: Call, listing: Listing) -> Event:
    """`@bookTicker`; spot's has no event type and no time."""
    bid, ask = tape.best(call, listing)
    levels = {
        "s": listing.symbol,
        **pair(listing),
        "b": price_of(listing, bid.price),
        "B": quantity_of(listing, bid.quantity),
        "a": price_of(listing, ask.price),
        "A": quantity_of(listing, ask.quantity),
    }
    if listing.market is MarketType.SPOT:
        return {"u": call.now_ms, **levels}
    return {"e": "bookTicker", "u": call.now_ms, **levels, "T": call.now_ms, "E": call.now_ms}


def mini_ticker(call: Call, listing: Listing) -> Event:
    """`@miniTicker`."""
    day = tape.day(call, listing)
    return {
        "e": "24hrMiniTicker",
        "E": call.now_ms,
        "s": listing.symbol,
        **pair(listing),
        "c": price_of(listing, day.close),
        "o": price_of(listing, day.open),
        "h": price_of(listing, day.high),
        "l": price_of(listing, day.low),
        "v": quantity_of(listing, day.volume),
        "q": worth_of(listing, day.quote_volume),
    }


def ticker(call: Call, listing: Listing) -> Event:
    """`@ticker`; futures' has no best bid and ask."""
    day = tape.day(call, listing)
    bid, ask = tape.best(call, listing)
    spot_only = {
        "x": price_of(listing, day.open),
        "b": price_of(listing, bid.price),
        "B": quantity_of(listing, bid.quantity),
        "a": price_of(listing, ask.price),
        "A": quantity_of(listing, ask.quantity),
    }
    return mini_ticker(call, listing) | {
        "e": "24hrTicker",
        "p": price_of(listing, day.change),
        "P": fixed(day.change_percent, 3),
        "w": price_of(listing, tape.average(listing, day)),
        "Q": quantity_of(listing, listing.quantity_step),
        **(spot_only if listing.market is MarketType.SPOT else {}),
        "O": day.open_ms,
        "C": day.close_ms,
        "F": -1,
        "L": -1,
        "n": day.count,
    }


def mark_price(call: Call, listing: Listing) -> Event:
    """`@markPrice`: mark, index, and the funding rate to come."""
    index = eight(call.exchange.index(listing.key))
    return {
        "e": "markPriceUpdate",
        "E": call.now_ms,
        "s": listing.symbol,
        "p": eight(call.exchange.mark(listing.key)),
        "i": index,
        "P": index,
        "r": eight(call.exchange.funding_rate(listing.asset)),
        "T": call.exchange.next_funding_ms(),
    }


def trade(call: Call, listing: Listing, done: Trade) -> Event:
    """`@trade`."""
    body: Event = {
        "e": "trade",
        "E": call.now_ms,
        "T": done.time_ms,
        "s": listing.symbol,
        "t": done.trade_id,
        "p": price_of(listing, done.price),
        "q": quantity_of(listing, done.quantity),
        "m": tape.buyer_is_maker(done),
    }
    return body | ({"M": True} if listing.market is MarketType.SPOT else {"X": "MARKET"})


def agg_trade(call: Call, listing: Listing, done: Trade) -> Event:
    """`@aggTrade`; each trade is an aggregate of its own."""
    body = trade(call, listing, done)
    number = body.pop("t")
    body.pop("X", None)
    return body | {"e": "aggTrade", "a": number, "f": number, "l": number}


def kline(call: Call, listing: Listing, interval: str, open_ms: int) -> Event:
    """`@kline_1m` and the like: the period that began at `open_ms`."""
    candle = tape.period(call, listing, interval, open_ms)
    return {
        "e": "kline",
        "E": call.now_ms,
        "s": listing.symbol,
        "k": {
            "t": candle.open_ms,
            "T": candle.close_ms,
            "s": listing.symbol,
            "i": interval,
            "f": -1,
            "L": -1,
            "o": price_of(listing, candle.open),
            "c": price_of(listing, candle.close),
            "h": price_of(listing, candle.high),
            "l": price_of(listing, candle.low),
            "v": quantity_of(listing, candle.volume),
            "n": candle.count,
            "x": candle.close_ms < call.now_ms,
            "q": worth_of(listing, candle.quote_volume),
            "V": "0",
            "Q": "0",
            "B": "0",
        },
    }
