"""Futures market data.

Source: https://www.kucoin.com/docs-new/rest/futures-trading/market-data and .../funding-fees (read 2025-11).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bot.domain.numbers import ZERO, plain
from bot.paper.engine.listing import DELISTED
from bot.paper.engine.model import Level, Listing
from bot.paper.wire.kucoin import tape
from bot.paper.wire.kucoin.contracts import contract_row, dated_row
from bot.paper.wire.kucoin.endpoint import Call, Endpoint, Side
from bot.paper.wire.kucoin.errors import bad_parameter
from bot.paper.wire.kucoin.names import contract_id

_GRANULARITIES: Final = frozenset({1, 5, 15, 30, 60, 120, 240, 480, 720, 1440, 10_080})
_MOST_CANDLES: Final = 500
FUNDING_MS: Final = 28_800_000
FUNDING_CAP: Final = Decimal("0.003")


def _timestamp(call: Call) -> object:
    return call.now_ms


def _status(_: Call) -> object:
    return {"status": "open", "msg": ""}


def _active(call: Call) -> object:
    return [
        *(contract_row(call, listing) for listing in call.contracts() if listing.status != DELISTED),
        dated_row(call),
    ]


def _contract(call: Call) -> object:
    return contract_row(call, call.contract())


def _ticker(call: Call) -> object:
    return ticker_row(call, call.contract())


def _all_tickers(call: Call) -> object:
    return [ticker_row(call, listing) for listing in call.contracts()]


def ticker_row(call: Call, listing: Listing) -> dict[str, object]:
    """The latest trade and the best levels; the market's own trade before anybody else traded."""
    bid, ask = tape.best(call.exchange, listing)
    done = tape.trades(call.exchange, listing)
    last = done[-1] if done else None
    return {
        "sequence": tape.sequence(call.exchange, call.now_ms),
        "symbol": listing.symbol,
        "side": last.side.value.lower() if last else "buy",
        "size": int(last.quantity) if last else 1,
        "tradeId": contract_id(last.trade_id if last else 1),
        "price": plain(call.exchange.last_price(listing.key)),
        "bestBidPrice": plain(bid.price),
        "bestBidSize": int(bid.quantity),
        "bestAskPrice": plain(ask.price),
        "bestAskSize": int(ask.quantity),
        "ts": (last.time_ms if last else call.now_ms) * tape.NANOS,
    }


def _snapshot(call: Call) -> object:
    return _book(call, 1000)


def _depth20(call: Call) -> object:
    return _book(call, 20)


def _depth100(call: Call) -> object:
    return _book(call, 100)


def _book(call: Call, levels: int) -> object:
    listing = call.contract()
    depth = call.depth(listing, levels)
    return {
        "symbol": listing.symbol,
        "sequence": tape.sequence(call.exchange, call.now_ms),
        "asks": number_levels(depth.asks),
        "bids": number_levels(depth.bids),
        "ts": call.now_ms * tape.NANOS,
    }


def number_levels(levels: tuple[Level, ...]) -> list[list[object]]:
    """Levels as pairs of numbers."""
    return [[level.price, int(level.quantity)] for level in levels]


def _trade_history(call: Call) -> object:
    listing = call.contract()
    return [
        {
            "sequence": trade.trade_id,
            "contractId": 1,
            "tradeId": contract_id(trade.trade_id),
            "makerOrderId": contract_id(trade.order_id if trade.maker else 1),
            "takerOrderId": contract_id(1 if trade.maker else trade.order_id),
            "ts": trade.time_ms * tape.NANOS,
            "size": int(trade.quantity),
            "price": plain(trade.price),
            "side": (trade.side.opposite if trade.maker else trade.side).value.lower(),
        }
        for trade in reversed(tape.trades(call.exchange, listing)[-100:])
    ]


def _klines(call: Call) -> object:
    """Oldest first, with numbers and milliseconds; of a contract, or of its index, which has no volume."""
    index = _contract_of_index(call)
    listing = call.contract() if index is None else call.exchange.index_of(index.asset, index.quote)
    minutes = call.params.integer("granularity")
    if minutes not in _GRANULARITIES:
        raise bad_parameter("granularity parameter is invalid")
    length_ms = minutes * tape.MINUTE_MS
    end_ms = min(call.params.integer("to") or call.now_ms, call.now_ms)
    newest_ms = tape.newest_open_ms(end_ms, length_ms)
    start_ms = call.params.integer("from") or newest_ms - 199 * length_ms
    oldest_ms = newest_ms - (_MOST_CANDLES - 1) * length_ms
    window = {"length_ms": length_ms, "start_ms": max(start_ms, oldest_ms), "end_ms": end_ms}
    read = tape.candles if index is None else tape.index_candles
    found = read(call.exchange, listing, **window)
    return [
        [candle.open_ms, candle.open, candle.high, candle.low, candle.close, candle.volume, candle.turnover]
        for candle in found
    ]


def _mark_price(call: Call) -> object:
    listing = call.contract()
    mark = call.exchange.mark(listing.key)
    return {
        "symbol": listing.symbol,
        "granularity": 1000,
        "timePoint": call.now_ms // 1000 * 1000,
        "value": mark,
        "indexPrice": call.exchange.index(listing.key),
    }


def _index(call: Call) -> object:
    """The index of a contract, by its own name such as `.KXBTUSDT` or by the contract's."""
    listing = _contract_of_index(call) or call.contract()
    price = call.exchange.index(listing.key)
    row = {
        "symbol": index_name(listing),
        "granularity": 1000,
        "timePoint": call.now_ms // 1000 * 1000,
        "value": price,
        "decomposionList": [{"exchange": "kucoin", "price": price, "weight": Decimal(1)}],
    }
    return {"hasMore": False, "dataList": [row]}


def _contract_of_index(call: Call) -> Listing | None:
    """The contract whose index is asked for by the index's own name."""
    wanted = call.params.need("symbol")
    return next((found for found in call.contracts() if index_name(found) == wanted), None)


def index_name(listing: Listing) -> str:
    """Such as `.KXBTUSDT`."""
    return f".K{listing.symbol.removesuffix('M')}"


def _funding_rate(call: Call) -> object:
    """`timePoint` is when the running period began, `fundingTime` when it is settled."""
    listing = call.contract()
    due_ms = call.exchange.next_funding_ms()
    return {
        "symbol": f".{listing.symbol}FPI8H",
        "granularity": FUNDING_MS,
        "timePoint": due_ms - FUNDING_MS,
        "value": call.exchange.funding_rate(listing.asset),
        "predictedValue": None,
        "dailyInterestRate": Decimal("0.0003"),
        "fundingRateCap": FUNDING_CAP,
        "fundingRateFloor": -FUNDING_CAP,
        "period": 1,
        "fundingTime": due_ms,
    }


def _funding_rates(call: Call) -> object:
    listing = call.contract()
    start_ms, end_ms = call.params.integer("from") or 0, call.params.integer("to") or call.now_ms
    return [
        {"symbol": listing.symbol, "fundingRate": record.rate, "timepoint": record.time_ms}
        for record in reversed(call.exchange.told_fundings(listing.symbol))
        if start_ms <= record.time_ms <= end_ms
    ][:100]


def _unified_funding(call: Call) -> object:
    """Of every contract, or of one."""
    one = call.optional_contract()
    due_ms = call.exchange.next_funding_ms()
    return [
        {
            "symbol": listing.symbol,
            "nextFundingRate": plain(call.exchange.funding_rate(listing.asset)),
            "fundingTime": due_ms,
            "fundingRateCap": plain(FUNDING_CAP),
            "fundingRateFloor": plain(-FUNDING_CAP),
            "currentGranularity": FUNDING_MS,
            "newGranularity": FUNDING_MS,
            "newGranularityStartTime": due_ms,
        }
        for listing in (call.contracts() if one is None else [one])
    ]


def _risk_limit(call: Call) -> object:
    return [
        {
            "symbol": listing.symbol,
            "level": number,
            "maxRiskLimit": int(bracket.cap),
            "minRiskLimit": int(bracket.floor),
            "maxLeverage": bracket.max_leverage,
            "initialMargin": (Decimal(1) / bracket.max_leverage).quantize(Decimal("1e-10")),
            "maintainMargin": bracket.rate,
        }
        for listing in [call.contract()]
        for number, bracket in enumerate(listing.brackets, 1)
    ]


def _position_tiers(call: Call) -> object:
    """In contracts, at the mark."""
    return [
        {
            "symbol": listing.symbol,
            "tier": number,
            "maxSize": str(_contracts_in(call, listing, bracket.cap)),
            "minSize": str(_contracts_in(call, listing, bracket.floor)),
            "maxLeverage": str(bracket.max_leverage),
            "initialMarginRate": plain((Decimal(1) / bracket.max_leverage).quantize(Decimal("1e-10"))),
            "maintainMarginRate": plain(bracket.rate),
        }
        for symbol in call.params.need("symbol").split(",")
        for listing in [call.contract_of(symbol)]
        for number, bracket in enumerate(listing.brackets, 1)
    ]


def _contracts_in(call: Call, listing: Listing, value: Decimal) -> int:
    one = listing.notional(Decimal(1), call.exchange.mark(listing.key))
    return int(value / one) if value else int(ZERO)


_F: Final = Side.FUTURES
ENDPOINTS: Final = (
    Endpoint(method="GET", path="/api/v1/timestamp", handle=_timestamp, side=_F, weight=2),
    Endpoint(method="GET", path="/api/v1/status", handle=_status, side=_F, weight=4),
    Endpoint(method="GET", path="/api/v1/contracts/active", handle=_active, side=_F, weight=3),
    Endpoint(method="GET", path="/api/v1/contracts/{symbol}", handle=_contract, side=_F, weight=3),
    Endpoint(method="GET", path="/api/v1/contracts/risk-limit/{symbol}", handle=_risk_limit, side=_F, weight=5),
    Endpoint(method="GET", path="/api/v1/ticker", handle=_ticker, side=_F, weight=2),
    Endpoint(method="GET", path="/api/v1/allTickers", handle=_all_tickers, side=_F, weight=5),
    Endpoint(method="GET", path="/api/v1/level2/snapshot", handle=_snapshot, side=_F, weight=3),
    Endpoint(method="GET", path="/api/v1/level2/depth20", handle=_depth20, side=_F, weight=5),
    Endpoint(method="GET", path="/api/v1/level2/depth100", handle=_depth100, side=_F, weight=10),
    Endpoint(method="GET", path="/api/v1/trade/history", handle=_trade_history, side=_F, weight=5),
    Endpoint(method="GET", path="/api/v1/kline/query", handle=_klines, side=_F, weight=3),
    Endpoint(method="GET", path="/api/v1/mark-price/{symbol}/current", handle=_mark_price, side=_F, weight=3),
    Endpoint(method="GET", path="/api/v1/index/query", handle=_index, side=_F, weight=2),
    Endpoint(method="GET", path="/api/v1/funding-rate/{symbol}/current", handle=_funding_rate, side=_F, weight=2),
    Endpoint(method="GET", path="/api/v1/contract/funding-rates", handle=_funding_rates, side=_F, weight=5),
    Endpoint(method="GET", path="/api/ua/v2/market/funding-rate", handle=_unified_funding, weight=3),
    Endpoint(method="GET", path="/api/ua/v1/market/position-tiers", handle=_position_tiers, weight=20),
)
