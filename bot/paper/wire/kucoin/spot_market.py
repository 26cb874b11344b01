"""Spot market data and the service's own state.

Source: https://www.kucoin.com/docs-new/rest/spot-trading/market-data (read 2025-11).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bot.domain.numbers import plain
from bot.paper.engine.model import Level, Listing
from bot.paper.wire.kucoin import tape
from bot.paper.wire.kucoin.endpoint import Call, Endpoint
from bot.paper.wire.kucoin.errors import bad_parameter
from bot.paper.wire.kucoin.limits import Pool

LENGTHS_MINUTES: Final = {
    "1min": 1,
    "3min": 3,
    "5min": 5,
    "15min": 15,
    "30min": 30,
    "1hour": 60,
    "2hour": 120,
    "4hour": 240,
    "6hour": 360,
    "8hour": 480,
    "12hour": 720,
    "1day": 1440,
    "1week": 10_080,
    "1month": 43_200,
}
_MOST_CANDLES: Final = 1500
_CHAINS: Final = {"BTC": ("BTC", "btc"), "BNB": ("BEP20", "bsc")}


def _timestamp(call: Call) -> object:
    return call.now_ms


def _status(_: Call) -> object:
    return {"status": "open", "msg": ""}


def _symbols(call: Call) -> object:
    return [symbol_row(listing) for listing in call.pairs()]


def _symbol(call: Call) -> object:
    return symbol_row(call.pair())


def symbol_row(listing: Listing) -> dict[str, object]:
    """A trading pair. `quoteMinSize` is no minimum of an order; `minFunds` is."""
    return {
        "symbol": listing.symbol,
        "name": listing.symbol,
        "baseCurrency": listing.base,
        "quoteCurrency": listing.quote,
        "feeCurrency": listing.quote,
        "market": "USDS",
        "baseMinSize": plain(listing.quantity_min),
        "quoteMinSize": plain(listing.notional_min),
        "baseMaxSize": plain(listing.quantity_max),
        "quoteMaxSize": "99999999",
        "baseIncrement": plain(listing.quantity_step),
        "quoteIncrement": "0.000001",
        "priceIncrement": plain(listing.price_tick),
        "priceLimitRate": plain((listing.percent_price_up or Decimal(2)) - 1),
        "minFunds": plain(listing.notional_min),
        "isMarginEnabled": False,
        "enableTrading": listing.open,
        "feeCategory": 1,
        "makerFeeCoefficient": "1.00",
        "takerFeeCoefficient": "1.00",
        "st": False,
        "callauctionIsEnabled": False,
        "callauctionPriceFloor": None,
        "callauctionPriceCeiling": None,
        "callauctionFirstStageStartTime": None,
        "callauctionSecondStageStartTime": None,
        "callauctionThirdStageStartTime": None,
        "tradingStartTime": None,
    }


def _currencies(call: Call) -> object:
    return [_currency(asset) for asset in call.coins()]


def _one_currency(call: Call) -> object:
    wanted = call.params.need("currency")
    if wanted not in call.coins():
        raise bad_parameter("currency does not exist")
    return _currency(wanted)


def _currency(asset: str) -> object:
    chain, chain_id = _CHAINS.get(asset, ("ERC20", "eth"))
    return {
        "currency": asset,
        "name": asset,
        "fullName": asset,
        "precision": 8,
        "confirms": None,
        "contractAddress": None,
        "isMarginEnabled": False,
        "isDebitEnabled": False,
        "chains": [
            {
                "chainName": chain,
                "withdrawalMinSize": "0.00000001",
                "depositMinSize": "0.00000001",
                "withdrawFeeRate": "0",
                "withdrawalMinFee": "0",
                "isWithdrawEnabled": True,
                "isDepositEnabled": True,
                "confirms": 6,
                "preConfirms": 2,
                "contractAddress": "",
                "withdrawPrecision": 8,
                "maxWithdraw": None,
                "maxDeposit": None,
                "needTag": False,
                "chainId": chain_id,
            }
        ],
    }


def _all_tickers(call: Call) -> object:
    return {"time": call.now_ms, "ticker": [_ticker(call, listing) for listing in call.pairs()]}


def _stats(call: Call) -> object:
    row = _ticker(call, call.pair())
    del row["symbolName"]
    del row["bestBidSize"]
    del row["bestAskSize"]
    return {"time": call.now_ms, **row}


def _ticker(call: Call, listing: Listing) -> dict[str, object]:
    bid, ask = tape.best(call.exchange, listing)
    day = tape.day(call.exchange, listing, call.now_ms)
    return {
        "symbol": listing.symbol,
        "symbolName": listing.symbol,
        "buy": plain(bid.price),
        "bestBidSize": plain(bid.quantity),
        "sell": plain(ask.price),
        "bestAskSize": plain(ask.quantity),
        "changeRate": plain(day.change_rate),
        "changePrice": plain(day.change),
        "high": plain(day.high),
        "low": plain(day.low),
        "vol": plain(day.volume),
        "volValue": plain(day.turnover),
        "last": plain(call.exchange.last_price(listing.key)),
        "averagePrice": plain((day.high + day.low) / 2),
        "takerFeeRate": plain(listing.taker_fee),
        "makerFeeRate": plain(listing.maker_fee),
        "takerCoefficient": "1",
        "makerCoefficient": "1",
    }


def _level1(call: Call) -> object:
    listing = call.pair()
    bid, ask = tape.best(call.exchange, listing)
    done = tape.trades(call.exchange, listing)
    return {
        "time": call.now_ms,
        "sequence": str(tape.sequence(call.exchange, call.now_ms)),
        "price": plain(call.exchange.last_price(listing.key)),
        "size": plain(done[-1].quantity if done else ask.quantity),
        "bestBid": plain(bid.price),
        "bestBidSize": plain(bid.quantity),
        "bestAsk": plain(ask.price),
        "bestAskSize": plain(ask.quantity),
    }


def _level2_20(call: Call) -> object:
    return _book(call, 20)


def _level2_100(call: Call) -> object:
    return _book(call, 100)


def _level2(call: Call) -> object:
    return _book(call, 1000)


def _book(call: Call, levels: int) -> object:
    listing = call.pair()
    depth = call.depth(listing, levels)
    return {
        "time": call.now_ms,
        "sequence": str(tape.sequence(call.exchange, call.now_ms)),
        "bids": levels_of(depth.bids),
        "asks": levels_of(depth.asks),
    }


def levels_of(levels: tuple[Level, ...]) -> list[list[str]]:
    """Levels as pairs of texts."""
    return [[plain(level.price), plain(level.quantity)] for level in levels]


def _histories(call: Call) -> object:
    listing = call.pair()
    return [
        {
            "sequence": str(trade.trade_id),
            "price": plain(trade.price),
            "size": plain(trade.quantity),
            "side": trade.side.value.lower() if not trade.maker else trade.side.opposite.value.lower(),
            "time": trade.time_ms * tape.NANOS,
        }
        for trade in tape.trades(call.exchange, listing)[-100:]
    ]


def _candles(call: Call) -> object:
    listing = call.pair()
    minutes = LENGTHS_MINUTES.get(call.params.need("type"))
    if minutes is None:
        raise bad_parameter("type parameter is invalid")
    length_ms = minutes * tape.MINUTE_MS
    end_ms = min((call.params.integer("endAt") or call.now_ms) * 1000, call.now_ms)
    start_s = call.params.integer("startAt")
    oldest_ms = tape.newest_open_ms(end_ms, length_ms) - (_MOST_CANDLES - 1) * length_ms
    default_ms = tape.newest_open_ms(end_ms, length_ms) - 99 * length_ms
    start_ms = default_ms if not start_s else max(start_s * 1000, oldest_ms)
    found = tape.candles(call.exchange, listing, length_ms=length_ms, start_ms=start_ms, end_ms=end_ms)
    return [
        [
            str(candle.open_ms // 1000),
            plain(candle.open),
            plain(candle.close),
            plain(candle.high),
            plain(candle.low),
            plain(candle.volume),
            plain(candle.turnover),
        ]
        for candle in reversed(found)
    ]


def _prices(call: Call) -> object:
    wanted = call.params.text("currencies")
    names = wanted.split(",") if wanted else call.coins()
    return {name: plain(call.exchange.price(name)) for name in names if name in call.coins()}


def _markets(_: Call) -> object:
    return ["USDS"]


ENDPOINTS: Final = (
    Endpoint(method="GET", path="/api/v1/timestamp", handle=_timestamp, weight=3),
    Endpoint(method="GET", path="/api/v1/status", handle=_status, weight=3),
    Endpoint(method="GET", path="/api/v1/markets", handle=_markets, weight=3),
    Endpoint(method="GET", path="/api/v1/prices", handle=_prices, weight=3),
    Endpoint(method="GET", path="/api/v2/symbols", handle=_symbols, weight=4),
    Endpoint(method="GET", path="/api/v2/symbols/{symbol}", handle=_symbol, weight=4),
    Endpoint(method="GET", path="/api/v3/currencies", handle=_currencies, weight=3),
    Endpoint(method="GET", path="/api/v3/currencies/{currency}", handle=_one_currency, weight=3),
    Endpoint(method="GET", path="/api/v1/market/allTickers", handle=_all_tickers, weight=15),
    Endpoint(method="GET", path="/api/v1/market/stats", handle=_stats, weight=15),
    Endpoint(method="GET", path="/api/v1/market/orderbook/level1", handle=_level1, weight=2),
    Endpoint(method="GET", path="/api/v1/market/orderbook/level2_20", handle=_level2_20, weight=2),
    Endpoint(method="GET", path="/api/v1/market/orderbook/level2_100", handle=_level2_100, weight=4),
    Endpoint(method="GET", path="/api/v3/market/orderbook/level2", handle=_level2, pool=Pool.SPOT, weight=3),
    Endpoint(method="GET", path="/api/v1/market/histories", handle=_histories, weight=3),
    Endpoint(method="GET", path="/api/v1/market/candles", handle=_candles, weight=3),
)
