"""Books, tickers and trades of futures, without a key.

COIN-M answers with a list also when one symbol is asked for, counts quantities in contracts, and gives coins
(`baseQty`) where USD-M gives quote.

Source: https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api and
.../coin-margined-futures/market-data/rest-api (read 2025-11).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bot.paper.engine.model import Listing
from bot.paper.wire.binance import tape
from bot.paper.wire.binance.digits import fixed, price_text, quantity_text, worth_text
from bot.paper.wire.binance.endpoint import Call, Endpoint, Security, futures, pair_of
from bot.paper.wire.binance.params import Params


def one_or_many(call: Call, rows: list[object]) -> object:
    """USD-M gives one object for one symbol, COIN-M a list in any case."""
    return rows[0] if "symbol" in call.params and not call.inverse else rows


def named(call: Call, listing: Listing) -> dict[str, object]:
    """The members that name the market."""
    return {"symbol": listing.symbol, **({"pair": pair_of(listing)} if call.inverse else {})}


def _ticker_24hr(call: Call) -> object:
    return one_or_many(call, [_day(call, listing) for listing in call.contracts()])


def _day(call: Call, listing: Listing) -> object:
    day = tape.day(call, listing)
    return named(call, listing) | {
        "priceChange": price_text(listing, day.change),
        "priceChangePercent": fixed(day.change_percent, 3),
        "weightedAvgPrice": price_text(listing, tape.average(listing, day)),
        "lastPrice": price_text(listing, call.exchange.last_price(listing.key)),
        "lastQty": quantity_text(listing, listing.quantity_step),
        "openPrice": price_text(listing, day.open),
        "highPrice": price_text(listing, day.high),
        "lowPrice": price_text(listing, day.low),
        "volume": quantity_text(listing, day.volume),
        "baseVolume" if call.inverse else "quoteVolume": worth_text(listing, day.quote_volume),
        "openTime": day.open_ms,
        "closeTime": day.close_ms,
        "firstId": -1,
        "lastId": -1,
        "count": day.count,
    }


def _ticker_price(call: Call) -> object:
    return one_or_many(call, [_last(call, listing) for listing in call.contracts()])


def _last(call: Call, listing: Listing) -> object:
    price = price_text(listing, call.exchange.last_price(listing.key))
    pair = {"ps": pair_of(listing)} if call.inverse else {}
    return {"symbol": listing.symbol, **pair, "price": price, "time": call.now_ms}


def _book_ticker(call: Call) -> object:
    return one_or_many(call, [_best(call, listing) for listing in call.contracts()])


def _best(call: Call, listing: Listing) -> object:
    bid, ask = tape.best(call, listing)
    return named(call, listing) | {
        "bidPrice": price_text(listing, bid.price),
        "bidQty": quantity_text(listing, bid.quantity),
        "askPrice": price_text(listing, ask.price),
        "askQty": quantity_text(listing, ask.quantity),
        "time": call.now_ms,
        "lastUpdateId": call.now_ms,
    }


def _depth(call: Call) -> object:
    listing = call.contract()
    bids, asks = tape.levels(call, listing, call.params.limit(500, 1000))
    body = {"lastUpdateId": call.now_ms, "E": call.now_ms, "T": call.now_ms, "bids": bids, "asks": asks}
    return named(call, listing) | body if call.inverse else body


def _trades(call: Call) -> object:
    listing = call.contract()
    return [
        {
            "id": trade.trade_id,
            "price": price_text(listing, trade.price),
            "qty": quantity_text(listing, trade.quantity),
            "baseQty" if call.inverse else "quoteQty": worth_text(
                listing, listing.notional(trade.quantity, trade.price)
            ),
            "time": trade.time_ms,
            "isBuyerMaker": tape.buyer_is_maker(trade),
        }
        for trade in tape.trades(call, listing)
    ]


def _agg_trades(call: Call) -> object:
    listing = call.contract()
    return [
        {
            "a": trade.trade_id,
            "p": price_text(listing, trade.price),
            "q": quantity_text(listing, trade.quantity),
            "f": trade.trade_id,
            "l": trade.trade_id,
            "T": trade.time_ms,
            "m": tape.buyer_is_maker(trade),
        }
        for trade in tape.trades(call, listing)
    ]


def depth_weight(params: Params) -> int:
    """By how many levels are asked for."""
    limit = params.limit(500, 1000)
    return 2 if limit <= 50 else 5 if limit <= 100 else 10 if limit <= 500 else 20


def by_symbol(one: int, all_of_them: int) -> Callable[[Params], int]:
    """A weight that depends on whether one symbol is asked for."""
    return lambda params: one if "symbol" in params else all_of_them


def _public(
    path: str, handle: Callable[[Call], object], weight: int | Callable[[Params], int] = 1
) -> tuple[Endpoint, Endpoint]:
    return futures("GET", path, handle, weight, security=Security.PUBLIC)


ENDPOINTS: Final = (
    *_public("v1/depth", _depth, depth_weight),
    *_public("v1/trades", _trades, 5),
    *_public("v1/aggTrades", _agg_trades, 20),
    *_public("v1/ticker/24hr", _ticker_24hr, by_symbol(1, 40)),
    *_public("v1/ticker/price", _ticker_price, by_symbol(1, 2)),
    _public("v2/ticker/price", _ticker_price, by_symbol(1, 2))[0],
    *_public("v1/ticker/bookTicker", _book_ticker, by_symbol(2, 5)),
)
