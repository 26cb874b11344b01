"""Prices, funding and open interest of futures over time, without a key.

Source: https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api and
.../coin-margined-futures/market-data/rest-api (read 2025-11).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Final

from bot.domain.numbers import ZERO
from bot.paper.engine.model import Listing
from bot.paper.wire.binance import tape
from bot.paper.wire.binance.digits import eight, fixed, price_text, quantity_text, worth_text
from bot.paper.wire.binance.endpoint import Call, Endpoint, Security, futures, pair_of
from bot.paper.wire.binance.errors import ApiError
from bot.paper.wire.binance.futures_market import by_symbol, named, one_or_many
from bot.paper.wire.binance.history import within
from bot.paper.wire.binance.limits import Family
from bot.paper.wire.binance.params import Params

_PERIODS: Final = frozenset({"5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d"})


def _klines(call: Call) -> object:
    listing = call.contract()
    return [
        [
            candle.open_ms,
            price_text(listing, candle.open),
            price_text(listing, candle.high),
            price_text(listing, candle.low),
            price_text(listing, candle.close),
            quantity_text(listing, candle.volume),
            candle.close_ms,
            worth_text(listing, candle.quote_volume),
            candle.count,
            quantity_text(listing, ZERO),
            worth_text(listing, ZERO),
            "0",
        ]
        for candle in tape.candles(call, listing, default=500, highest=1500)
    ]


def _mark_klines(call: Call) -> object:
    return _price_klines(call, call.contract(), lambda price: price)


def _index_klines(call: Call) -> object:
    listing = call.contract_of_pair()
    index = replace(call.exchange.index_of(listing.asset, listing.quote), multiplier=listing.multiplier)
    return _price_klines(call, index, lambda price: price)


def _premium_klines(call: Call) -> object:
    """Candles of an index follow the contract, so the premium is 0, even where markets are priced apart."""
    return _price_klines(call, call.contract(), lambda _: ZERO)


def _price_klines(call: Call, listing: Listing, shown: Callable[[Decimal], Decimal]) -> object:
    return [
        [
            candle.open_ms,
            *(eight(shown(price)) for price in (candle.open, candle.high, candle.low, candle.close)),
            "0",
            candle.close_ms,
            "0",
            (candle.close_ms + 1 - candle.open_ms) // 1000,
            "0",
            "0",
            "0",
        ]
        for candle in tape.candles(call, listing, default=500, highest=1500)
    ]


def _premium_index(call: Call) -> object:
    return one_or_many(call, [_premium(call, listing) for listing in call.contracts()])


def _premium(call: Call, listing: Listing) -> object:
    index = eight(call.exchange.index(listing.key))
    return named(call, listing) | {
        "markPrice": eight(call.exchange.mark(listing.key)),
        "indexPrice": index,
        "estimatedSettlePrice": index,
        "lastFundingRate": eight(call.exchange.funding_rate(listing.asset)),
        "interestRate": "0.00010000",
        "nextFundingTime": call.exchange.next_funding_ms(),
        "time": call.now_ms,
    }


def _funding_rate(call: Call) -> object:
    records = [record for listing in call.contracts() for record in call.exchange.told_fundings(listing.symbol)]
    start_ms, end_ms = call.params.integer("startTime"), call.params.integer("endTime")
    found = [
        {
            "symbol": record.symbol,
            "fundingTime": record.time_ms,
            "fundingRate": eight(record.rate),
            "markPrice": eight(record.mark_price),
        }
        for record in within(
            sorted(records, key=lambda record: record.time_ms), start_ms, end_ms, lambda record: record.time_ms
        )
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
        for listing in call.all_listings(call.market)
    ]


def _open_interest(call: Call) -> object:
    listing = call.contract()
    contract_type = {"contractType": "PERPETUAL"} if call.inverse else {}
    interest = quantity_text(listing, tape.open_interest(call, listing))
    return named(call, listing) | contract_type | {"openInterest": interest, "time": call.now_ms}


def _open_interest_history(call: Call) -> object:
    """The open interest of now at every period's start: nothing is remembered. COIN-M asks by pair."""
    listing = call.contract_of_pair() if call.inverse else call.contract()
    period = call.params.need("period")
    if period not in _PERIODS:
        raise ApiError(-1130, "Data sent for parameter 'period' is not valid.")
    interest = tape.open_interest(call, listing)
    worth = listing.notional(interest, call.exchange.mark(listing.key))
    name = {"pair": pair_of(listing), "contractType": "PERPETUAL"} if call.inverse else {"symbol": listing.symbol}
    starts = tape.period_starts(call, period, default=30, highest=500)
    return [
        name
        | {
            "sumOpenInterest": fixed(interest, 8),
            "sumOpenInterestValue": fixed(worth, 8),
            "timestamp": start_ms,
        }
        for start_ms in starts
    ]


def _klines_weight(params: Params) -> int:
    limit = params.limit(500, 1500)
    return 1 if limit < 100 else 2 if limit < 500 else 5 if limit <= 1000 else 10


def _public(
    path: str, handle: Callable[[Call], object], weight: int | Callable[[Params], int] = 1
) -> tuple[Endpoint, Endpoint]:
    return futures("GET", path, handle, weight, security=Security.PUBLIC)


def _data(part: Family) -> Endpoint:
    return Endpoint(
        method="GET",
        path="/futures/data/openInterestHist",
        handle=_open_interest_history,
        security=Security.PUBLIC,
        part=part,
    )


ENDPOINTS: Final = (
    *_public("v1/klines", _klines, _klines_weight),
    *_public("v1/markPriceKlines", _mark_klines, _klines_weight),
    *_public("v1/indexPriceKlines", _index_klines, _klines_weight),
    *_public("v1/premiumIndexKlines", _premium_klines, _klines_weight),
    *futures(
        "GET",
        "v1/premiumIndex",
        _premium_index,
        by_symbol(1, 10),
        inverse_weight=10,
        security=Security.PUBLIC,
    ),
    *_public("v1/fundingRate", _funding_rate),
    *_public("v1/fundingInfo", _funding_info, 0),
    *_public("v1/openInterest", _open_interest),
    _data(Family.LINEAR),
    _data(Family.INVERSE),
)
