"""What is traded on futures, and under which rules: `exchangeInfo` of USD-M and COIN-M.

Source: https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api and
.../coin-margined-futures/market-data/rest-api (read 2025-11).
"""

from __future__ import annotations

from typing import Final

from bot.domain.numbers import plain
from bot.paper.engine.model import Listing
from bot.paper.wire.binance.dated import quarterly
from bot.paper.wire.binance.digits import fixed, places_of, price_places, price_text, wire_number
from bot.paper.wire.binance.endpoint import Call, Endpoint, Security, futures, pair_of

_PERPETUAL_DELIVERY_MS: Final = 4_133_404_800_000


def _ping(_: Call) -> object:
    return {}


def _time(call: Call) -> object:
    return {"serverTime": call.now_ms}


def _exchange_info(call: Call) -> object:
    symbols = {listing.symbol: _symbol(call, listing) for listing in call.all_listings(call.market)}
    bitcoin = [(symbol, row) for symbol, row in symbols.items() if row["baseAsset"] == "BTC"]
    dated = [quarterly(row, symbol.partition("_")[0], call.now_ms) for symbol, row in bitcoin]
    weight, orders = _limits(call)
    body: dict[str, object] = {
        "timezone": "UTC",
        "serverTime": call.now_ms,
        "rateLimits": [
            _rate_limit("REQUEST_WEIGHT", "MINUTE", 1, weight),
            _rate_limit("ORDERS", "MINUTE", 1, orders[1]),
            *([] if call.inverse else [_rate_limit("ORDERS", "SECOND", 10, orders[0])]),
        ],
        "exchangeFilters": [],
        "symbols": [*symbols.values(), *dated],
    }
    if not call.inverse:
        assets = dict.fromkeys([str(row["marginAsset"]) for row in symbols.values()] + ["BTC", "BNB"])
        rows = [{"asset": asset, "marginAvailable": True, "autoAssetExchange": "-10000"} for asset in assets]
        body |= {"futuresType": "U_MARGINED", "assets": rows}
    return body


def _limits(call: Call) -> tuple[int, tuple[int, int]]:
    limits = call.limits
    if call.inverse:
        return limits.inverse_weight, limits.inverse_orders
    return limits.linear_weight, limits.linear_orders


def _rate_limit(kind: str, interval: str, count: int, limit: int) -> object:
    return {"rateLimitType": kind, "interval": interval, "intervalNum": count, "limit": limit}


def _symbol(call: Call, listing: Listing) -> dict[str, object]:
    own: dict[str, object]
    if call.inverse:
        own = {
            "contractStatus": listing.status,
            "contractSize": int(listing.contract_size),
            "equalQtyPrecision": 4,
            "liquidationFee": "0.015000",
        }
    else:
        own = {"status": listing.status, "liquidationFee": "0.012500", "permissionSets": ["GRID", "COPY"]}
    return own | {
        "symbol": listing.symbol,
        "pair": pair_of(listing),
        "contractType": "PERPETUAL",
        "deliveryDate": _PERPETUAL_DELIVERY_MS,
        "onboardDate": listing.onboard_ms,
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
        "marketTakeBound": "0.05",
        "maxMoveOrderLimit": 10000,
        "filters": _filters(call, listing),
        "orderTypes": ["LIMIT", "MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    }


def _filters(call: Call, listing: Listing) -> list[object]:
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
        {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": 20 if call.inverse else 10},
    ]
    if not call.inverse:
        # COIN-M has no least notional: one contract is the least.
        filters.append({"filterType": "MIN_NOTIONAL", "notional": plain(listing.notional_min)})
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


def _leverage_bracket(call: Call) -> object:
    """Tiers by symbol: USD-M bounds them in quote, COIN-M in coins."""
    return [
        {"symbol": listing.symbol, "notionalCoef": 1.0, "brackets": _brackets(call, listing)}
        for listing in call.contracts()
    ]


def _pair_bracket(call: Call) -> object:
    """COIN-M's first version, by pair."""
    return [{"pair": pair_of(listing), "brackets": _brackets(call, listing)} for listing in call.contracts()]


def _brackets(call: Call, listing: Listing) -> list[object]:
    # COIN-M's documentation spells the floor `qtylFloor`.
    cap, floor = ("qtyCap", "qtylFloor") if call.inverse else ("notionalCap", "notionalFloor")
    return [
        {
            "bracket": number,
            "initialLeverage": bracket.max_leverage,
            cap: int(bracket.cap),
            floor: int(bracket.floor),
            "maintMarginRatio": wire_number(bracket.rate),
            "cum": wire_number(bracket.cum),
        }
        for number, bracket in enumerate(listing.brackets, start=1)
    ]


def _commission_rate(call: Call) -> object:
    listing = call.contract()
    return {
        "symbol": listing.symbol,
        "makerCommissionRate": fixed(listing.maker_fee, 6),
        "takerCommissionRate": fixed(listing.taker_fee, 6),
    }


ENDPOINTS: Final = (
    *futures("GET", "v1/ping", _ping, security=Security.PUBLIC),
    *futures("GET", "v1/time", _time, security=Security.PUBLIC),
    *futures("GET", "v1/exchangeInfo", _exchange_info, security=Security.PUBLIC),
    Endpoint(method="GET", path="/fapi/v1/leverageBracket", handle=_leverage_bracket),
    Endpoint(method="GET", path="/dapi/v1/leverageBracket", handle=_pair_bracket),
    Endpoint(method="GET", path="/dapi/v2/leverageBracket", handle=_leverage_bracket),
    *futures("GET", "v1/commissionRate", _commission_rate, 20),
)
