"""USD-M futures market data: `/fapi/v1` without a key.

Source: https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api (read 2025-11).
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from bot.domain.numbers import plain
from bot.paper.engine.model import Listing, MarketType
from bot.paper.wire.binance import tape
from bot.paper.wire.binance.digits import eight, fixed, places_of, price_places, price_text, quantity_text, quote_text
from bot.paper.wire.binance.endpoint import Call, Endpoint, Security
from bot.paper.wire.binance.params import Params

_LINEAR: Final = MarketType.LINEAR
_PERPETUAL_DELIVERY_MS: Final = 4_133_404_800_000


def _ping(_: Call) -> object:
    return {}


def _time(call: Call) -> object:
    return {"serverTime": call.now_ms}


def _exchange_info(call: Call) -> object:
    listings = call.all_listings(_LINEAR)
    assets = dict.fromkeys([listing.settle for listing in listings] + ["BTC", "BNB"])
    return {
        "timezone": "UTC",
        "serverTime": call.now_ms,
        "futuresType": "U_MARGINED",
        "rateLimits": [
            _rate_limit("REQUEST_WEIGHT", "MINUTE", 1, call.limits.linear_weight),
            _rate_limit("ORDERS", "MINUTE", 1, call.limits.linear_orders[1]),
            _rate_limit("ORDERS", "SECOND", 10, call.limits.linear_orders[0]),
        ],
        "exchangeFilters": [],
        "assets": [{"asset": asset, "marginAvailable": True, "autoAssetExchange": "-10000"} for asset in assets],
        "symbols": [_symbol(listing) for listing in listings],
    }


def _rate_limit(kind: str, interval: str, count: int, limit: int) -> object:
    return {"rateLimitType": kind, "interval": interval, "intervalNum": count, "limit": limit}


def _symbol(listing: Listing) -> object:
    return {
        "symbol": listing.symbol,
        "pair": listing.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": _PERPETUAL_DELIVERY_MS,
        "onboardDate": listing.onboard_ms,
        "status": listing.status,
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": listing.base,
        "quoteAsset": listing.quote,
        "marginAsset": listing.settle,
        "pricePrecision": price_places(listing),
        "quantityPrecision": places_of(listing.quantity_step),
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": ["PoW"] if listing.base == "BTC" else [],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "maxMoveOrderLimit": 10000,
        "filters": _filters(listing),
        "orderTypes": ["LIMIT", "MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
        "permissionSets": ["GRID", "COPY"],
    }


def _filters(listing: Listing) -> list[object]:
    step, least = plain(listing.quantity_step), plain(listing.quantity_min)
    tick = price_text(listing, listing.price_tick)
    most = plain(listing.price_max)
    filters: list[object] = [
        {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": most, "tickSize": tick},
        {"filterType": "LOT_SIZE", "minQty": least, "maxQty": plain(listing.quantity_max), "stepSize": step},
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": least,
            "maxQty": plain(listing.market_quantity_max),
            "stepSize": step,
        },
        {"filterType": "MAX_NUM_ORDERS", "limit": 200},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": 10},
        {"filterType": "MIN_NOTIONAL", "notional": plain(listing.notional_min)},
    ]
    if listing.percent_price_up is not None and listing.percent_price_down is not None:
        filters.append(
            {
                "filterType": "PERCENT_PRICE",
                "multiplierUp": fixed(listing.percent_price_up, 4),
                "multiplierDown": fixed(listing.percent_price_down, 4),
                "multiplierDecimal": "4",
            }
        )
    return filters


def _wanted(call: Call) -> list[Listing]:
    one = call.optional_listing(_LINEAR)
    return call.all_listings(_LINEAR) if one is None else [one]


def _one_or_many(call: Call, rows: list[object]) -> object:
    return rows[0] if "symbol" in call.params else rows


def _ticker_24hr(call: Call) -> object:
    return _one_or_many(call, [_day(call, listing) for listing in _wanted(call)])


def _day(call: Call, listing: Listing) -> object:
    day = tape.day(call, listing)
    return {
        "symbol": listing.symbol,
        "priceChange": price_text(listing, day.change),
        "priceChangePercent": fixed(day.change_percent, 3),
        "weightedAvgPrice": price_text(listing, day.average),
        "lastPrice": price_text(listing, call.exchange.last_price(listing.key)),
        "lastQty": quantity_text(listing, listing.quantity_step),
        "openPrice": price_text(listing, day.open),
        "highPrice": price_text(listing, day.high),
        "lowPrice": price_text(listing, day.low),
        "volume": quantity_text(listing, day.volume),
        "quoteVolume": quote_text(listing, day.quote_volume),
        "openTime": day.open_ms,
        "closeTime": day.close_ms,
        "firstId": -1,
        "lastId": -1,
        "count": day.count,
    }


def _ticker_price(call: Call) -> object:
    return _one_or_many(call, [_last(call, listing) for listing in _wanted(call)])


def _last(call: Call, listing: Listing) -> object:
    price = price_text(listing, call.exchange.last_price(listing.key))
    return {"symbol": listing.symbol, "price": price, "time": call.now_ms}


def _book_ticker(call: Call) -> object:
    return _one_or_many(call, [_best(call, listing) for listing in _wanted(call)])


def _best(call: Call, listing: Listing) -> object:
    bid, ask = tape.best(call, listing)
    return {
        "symbol": listing.symbol,
        "bidPrice": price_text(listing, bid.price),
        "bidQty": quantity_text(listing, bid.quantity),
        "askPrice": price_text(listing, ask.price),
        "askQty": quantity_text(listing, ask.quantity),
        "time": call.now_ms,
        "lastUpdateId": call.now_ms,
    }


def _depth(call: Call) -> object:
    listing = call.listing(_LINEAR)
    depth = call.exchange.depth(listing.key, call.params.limit(500, 1000))

    def rows(side: str) -> list[list[str]]:
        levels = depth.bids if side == "bids" else depth.asks
        return [[price_text(listing, level.price), quantity_text(listing, level.quantity)] for level in levels]

    return {
        "lastUpdateId": call.now_ms,
        "E": call.now_ms,
        "T": call.now_ms,
        "bids": rows("bids"),
        "asks": rows("asks"),
    }


def _klines(call: Call) -> object:
    listing = call.listing(_LINEAR)
    return [
        [
            candle.open_ms,
            price_text(listing, candle.open),
            price_text(listing, candle.high),
            price_text(listing, candle.low),
            price_text(listing, candle.close),
            quantity_text(listing, candle.volume),
            candle.close_ms,
            quote_text(listing, candle.quote_volume),
            candle.count,
            quantity_text(listing, Decimal(0)),
            quote_text(listing, Decimal(0)),
            "0",
        ]
        for candle in tape.candles(call, listing, default=500, highest=1500)
    ]


def _trades(call: Call) -> object:
    listing = call.listing(_LINEAR)
    return [
        {
            "id": trade.trade_id,
            "price": price_text(listing, trade.price),
            "qty": quantity_text(listing, trade.quantity),
            "quoteQty": quote_text(listing, trade.quote),
            "time": trade.time_ms,
            "isBuyerMaker": tape.buyer_is_maker(trade),
        }
        for trade in tape.trades(call, listing)
    ]


def _agg_trades(call: Call) -> object:
    listing = call.listing(_LINEAR)
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


def _premium_index(call: Call) -> object:
    return _one_or_many(call, [_premium(call, listing) for listing in _wanted(call)])


def _premium(call: Call, listing: Listing) -> object:
    mark = eight(call.exchange.mark(listing.key))
    return {
        "symbol": listing.symbol,
        "markPrice": mark,
        "indexPrice": mark,
        "estimatedSettlePrice": mark,
        "lastFundingRate": eight(call.exchange.funding_rate(listing.asset)),
        "interestRate": "0.00010000",
        "nextFundingTime": call.exchange.next_funding_ms(),
        "time": call.now_ms,
    }


def _funding_rate(call: Call) -> object:
    records = [record for listing in _wanted(call) for record in call.exchange.funding_history(listing.symbol)]
    start_ms, end_ms = call.params.integer("startTime"), call.params.integer("endTime")
    found = [
        {
            "symbol": record.symbol,
            "fundingTime": record.time_ms,
            "fundingRate": eight(record.rate),
            "markPrice": eight(record.mark_price),
        }
        for record in sorted(records, key=lambda record: record.time_ms)
        if (start_ms is None or record.time_ms >= start_ms) and (end_ms is None or record.time_ms <= end_ms)
    ]
    limit = call.params.limit(100, 1000)
    # From a start the oldest rows count, else the newest; ascending in both cases.
    return found[:limit] if start_ms is not None else found[-limit:]


def _funding_info(call: Call) -> object:
    return [
        {
            "symbol": listing.symbol,
            "adjustedFundingRateCap": "0.02000000",
            "adjustedFundingRateFloor": "-0.02000000",
            "fundingIntervalHours": 8,
            "disclaimer": False,
        }
        for listing in call.all_listings(_LINEAR)
    ]


def _depth_weight(params: Params) -> int:
    limit = params.limit(500, 1000)
    return 2 if limit <= 50 else 5 if limit <= 100 else 10 if limit <= 500 else 20


def _klines_weight(params: Params) -> int:
    limit = params.limit(500, 1500)
    return 1 if limit < 100 else 2 if limit < 500 else 5 if limit <= 1000 else 10


def _by_symbol(one: int, all_of_them: int) -> Callable[[Params], int]:
    return lambda params: one if "symbol" in params else all_of_them


def _public(path: str, handle: Callable[[Call], object], weight: int | Callable[[Params], int] = 1) -> Endpoint:
    return Endpoint(method="GET", path=f"/fapi/{path}", handle=handle, weight=weight, security=Security.PUBLIC)


ENDPOINTS: Final = (
    _public("v1/ping", _ping),
    _public("v1/time", _time),
    _public("v1/exchangeInfo", _exchange_info),
    _public("v1/depth", _depth, _depth_weight),
    _public("v1/trades", _trades, 5),
    _public("v1/aggTrades", _agg_trades, 20),
    _public("v1/klines", _klines, _klines_weight),
    _public("v1/ticker/24hr", _ticker_24hr, _by_symbol(1, 40)),
    _public("v1/ticker/price", _ticker_price, _by_symbol(1, 2)),
    _public("v2/ticker/price", _ticker_price, _by_symbol(1, 2)),
    _public("v1/ticker/bookTicker", _book_ticker, _by_symbol(2, 5)),
    _public("v1/premiumIndex", _premium_index, _by_symbol(1, 10)),
    _public("v1/fundingRate", _funding_rate),
    _public("v1/fundingInfo", _funding_info, 0),
)
