"""Spot market data: `/api/v3` without a key.

Source: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints (read 2025-11).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

from bot.domain.numbers import plain
from bot.paper.engine.model import Listing, MarketType
from bot.paper.wire.binance import errors, tape
from bot.paper.wire.binance.digits import eight, fixed
from bot.paper.wire.binance.endpoint import Call, Endpoint, Security
from bot.paper.wire.binance.params import Params

_SPOT: Final = MarketType.SPOT


def _ping(_: Call) -> object:
    return {}


def _time(call: Call) -> object:
    return {"serverTime": call.now_ms}


def _exchange_info(call: Call) -> object:
    return {
        "timezone": "UTC",
        "serverTime": call.now_ms,
        "rateLimits": [
            _rate_limit("REQUEST_WEIGHT", "MINUTE", 1, call.limits.spot_weight),
            _rate_limit("ORDERS", "SECOND", 10, call.limits.spot_orders[0]),
            _rate_limit("ORDERS", "DAY", 1, call.limits.spot_orders[1]),
            _rate_limit("RAW_REQUESTS", "MINUTE", 5, 61_000),
        ],
        "exchangeFilters": [],
        "symbols": [_symbol(listing) for listing in _wanted(call)],
    }


def _rate_limit(kind: str, interval: str, count: int, limit: int) -> object:
    return {"rateLimitType": kind, "interval": interval, "intervalNum": count, "limit": limit}


def _symbol(listing: Listing) -> object:
    return {
        "symbol": listing.symbol,
        "status": listing.status,
        "baseAsset": listing.base,
        "baseAssetPrecision": 8,
        "quoteAsset": listing.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"],
        "icebergAllowed": False,
        "ocoAllowed": False,
        "otoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": True,
        "amendAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": True,
        "filters": _filters(listing),
        "permissions": [],
        "permissionSets": [["SPOT", "MARGIN"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"],
    }


def _filters(listing: Listing) -> list[object]:
    filters: list[object] = [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": eight(listing.price_tick),
            "maxPrice": eight(listing.price_max),
            "tickSize": eight(listing.price_tick),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": eight(listing.quantity_min),
            "maxQty": eight(listing.quantity_max),
            "stepSize": eight(listing.quantity_step),
        },
        {"filterType": "ICEBERG_PARTS", "limit": 10},
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": "0.00000000",
            "maxQty": eight(listing.market_quantity_max),
            "stepSize": "0.00000000",
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": eight(listing.notional_min),
            "applyMinToMarket": True,
            "maxNotional": "9000000.00000000",
            "applyMaxToMarket": False,
            "avgPriceMins": 5,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5},
    ]
    if listing.percent_price_up is not None and listing.percent_price_down is not None:
        up, down = plain(listing.percent_price_up), plain(listing.percent_price_down)
        filters.append(
            {
                "filterType": "PERCENT_PRICE_BY_SIDE",
                "bidMultiplierUp": up,
                "bidMultiplierDown": down,
                "askMultiplierUp": up,
                "askMultiplierDown": down,
                "avgPriceMins": 5,
            }
        )
    return filters


def _wanted(call: Call) -> list[Listing]:
    """The listings of `symbol` or `symbols`, or all of them."""
    raw = call.params.text("symbols")
    if raw is None:
        one = call.optional_listing(_SPOT)
        return call.all_listings(_SPOT) if one is None else [one]
    if "symbol" in call.params:
        raise errors.bad_combination()
    try:
        names = json.loads(raw)
    except ValueError:
        raise _bad_symbols() from None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _bad_symbols()
    found = [call.exchange.listings.get(f"{_SPOT.value}:{name}") for name in names]
    if None in found:
        raise errors.invalid_symbol()
    return [listing for listing in found if listing is not None]


def _bad_symbols() -> errors.ApiError:
    return errors.illegal("symbols", r'^\["[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}\]$')


def _one_or_many(call: Call, rows: list[object]) -> object:
    return rows[0] if "symbol" in call.params else rows


def _ticker_24hr(call: Call) -> object:
    return _one_or_many(call, [_day(call, listing) for listing in _wanted(call)])


def _day(call: Call, listing: Listing) -> object:
    day = tape.day(call, listing)
    bid, ask = tape.best(call, listing)
    return {
        "symbol": listing.symbol,
        "priceChange": eight(day.change),
        "priceChangePercent": fixed(day.change_percent, 3),
        "weightedAvgPrice": eight(tape.average(listing, day)),
        "prevClosePrice": eight(day.open),
        "lastPrice": eight(day.close),
        "lastQty": eight(listing.quantity_step),
        "bidPrice": eight(bid.price),
        "bidQty": eight(bid.quantity),
        "askPrice": eight(ask.price),
        "askQty": eight(ask.quantity),
        "openPrice": eight(day.open),
        "highPrice": eight(day.high),
        "lowPrice": eight(day.low),
        "volume": eight(day.volume),
        "quoteVolume": eight(day.quote_volume),
        "openTime": day.open_ms,
        "closeTime": day.close_ms,
        "firstId": -1,
        "lastId": -1,
        "count": day.count,
    }


def _ticker_price(call: Call) -> object:
    rows: list[object] = [
        {"symbol": listing.symbol, "price": eight(call.exchange.last_price(listing.key))} for listing in _wanted(call)
    ]
    return _one_or_many(call, rows)


def _book_ticker(call: Call) -> object:
    return _one_or_many(call, [_best(call, listing) for listing in _wanted(call)])


def _best(call: Call, listing: Listing) -> object:
    bid, ask = tape.best(call, listing)
    return {
        "symbol": listing.symbol,
        "bidPrice": eight(bid.price),
        "bidQty": eight(bid.quantity),
        "askPrice": eight(ask.price),
        "askQty": eight(ask.quantity),
    }


def _avg_price(call: Call) -> object:
    price = call.exchange.mark(call.listing(_SPOT).key)
    return {"mins": 5, "price": eight(price), "closeTime": call.now_ms}


def _depth(call: Call) -> object:
    listing = call.listing(_SPOT)
    depth = call.depth(listing, call.params.limit(100, 5000))
    return {
        "lastUpdateId": call.now_ms,
        "bids": [[eight(level.price), eight(level.quantity)] for level in depth.bids],
        "asks": [[eight(level.price), eight(level.quantity)] for level in depth.asks],
    }


def _klines(call: Call) -> object:
    return [
        [
            candle.open_ms,
            eight(candle.open),
            eight(candle.high),
            eight(candle.low),
            eight(candle.close),
            eight(candle.volume),
            candle.close_ms,
            eight(candle.quote_volume),
            candle.count,
            "0.00000000",
            "0.00000000",
            "0",
        ]
        for candle in tape.candles(call, call.listing(_SPOT), default=500, highest=1000)
    ]


def _trades(call: Call) -> object:
    return [
        {
            "id": trade.trade_id,
            "price": eight(trade.price),
            "qty": eight(trade.quantity),
            "quoteQty": eight(trade.quote),
            "time": trade.time_ms,
            "isBuyerMaker": tape.buyer_is_maker(trade),
            "isBestMatch": True,
        }
        for trade in tape.trades(call, call.listing(_SPOT))
    ]


def _agg_trades(call: Call) -> object:
    return [
        {
            "a": trade.trade_id,
            "p": eight(trade.price),
            "q": eight(trade.quantity),
            "f": trade.trade_id,
            "l": trade.trade_id,
            "T": trade.time_ms,
            "m": tape.buyer_is_maker(trade),
            "M": True,
        }
        for trade in tape.trades(call, call.listing(_SPOT))
    ]


def _depth_weight(params: Params) -> int:
    limit = params.limit(100, 5000)
    return 5 if limit <= 100 else 25 if limit <= 500 else 50 if limit <= 1000 else 250


def _ticker_weight(params: Params) -> int:
    if "symbol" in params:
        return 2
    if "symbols" in params:
        count = (params.text("symbols") or "").count(",") + 1
        return 2 if count <= 20 else 40 if count <= 100 else 80
    return 80


def _small_ticker_weight(params: Params) -> int:
    return 2 if "symbol" in params else 4


def _public(path: str, handle: Callable[[Call], object], weight: int | Callable[[Params], int]) -> Endpoint:
    return Endpoint(method="GET", path=f"/api/v3/{path}", handle=handle, weight=weight, security=Security.PUBLIC)


ENDPOINTS: Final = (
    _public("ping", _ping, 1),
    _public("time", _time, 1),
    _public("exchangeInfo", _exchange_info, 20),
    _public("depth", _depth, _depth_weight),
    _public("trades", _trades, 25),
    _public("aggTrades", _agg_trades, 4),
    _public("klines", _klines, 2),
    _public("avgPrice", _avg_price, 2),
    _public("ticker/24hr", _ticker_24hr, _ticker_weight),
    _public("ticker/price", _ticker_price, _small_ticker_weight),
    _public("ticker/bookTicker", _book_ticker, _small_ticker_weight),
)
