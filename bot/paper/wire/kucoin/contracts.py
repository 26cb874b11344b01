"""The list of contracts, and the dated future that clients insist on seeing in it.

Source: https://www.kucoin.com/docs-new/rest/futures-trading/market-data/get-all-symbols (read 2025-11).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bot.domain.numbers import ONE, plain
from bot.paper.engine.listing import DELISTED, SETTLING
from bot.paper.engine.model import Listing, MarketType
from bot.paper.wire.kucoin import tape
from bot.paper.wire.kucoin.endpoint import Call
from bot.paper.wire.kucoin.names import futures_coin

_QUARTER_MS: Final = 90 * tape.DAY_MS
_DATED: Final = "XBTMH"
_FUNDING_MS: Final = 28_800_000
_CLOSED: Final = {DELISTED: "Closed", SETTLING: "BeingSettled"}


def contract_row(call: Call, listing: Listing) -> dict[str, object]:
    """A perpetual: its rules, its prices, its last day."""
    return {**_rules(listing), **_state(call, listing)}


def _rules(listing: Listing) -> dict[str, object]:
    """What hardly changes. The multiplier of an inverse contract is negative: its value falls when the price rises."""
    inverse = listing.market is MarketType.INVERSE
    base, quote, settle = futures_coin(listing.base), listing.quote, futures_coin(listing.settle)
    top = listing.brackets[0]
    size = listing.contract_size
    return {
        "symbol": listing.symbol,
        "rootSymbol": settle if inverse else quote,
        "type": "FFWCSX",
        "firstOpenDate": 1_585_555_200_000,
        "expireDate": None,
        "settleDate": None,
        "baseCurrency": base,
        "quoteCurrency": quote,
        "settleCurrency": settle,
        "maxOrderQty": int(listing.quantity_max),
        "maxPrice": Decimal(1_000_000),
        "lotSize": int(listing.quantity_step),
        "tickSize": listing.price_tick,
        "indexPriceTickSize": listing.price_tick,
        "multiplier": -size if inverse else size,
        "initialMargin": (ONE / top.max_leverage).quantize(Decimal("0.0001")),
        "maintainMargin": top.rate,
        "maxRiskLimit": int(top.cap),
        "minRiskLimit": int(top.cap),
        "riskStep": int(top.cap) // 2,
        "makerFeeRate": listing.maker_fee,
        "takerFeeRate": listing.taker_fee,
        "takerFixFee": 0,
        "makerFixFee": 0,
        "settlementFee": None,
        "isDeleverage": True,
        "isQuanto": not inverse,
        "isInverse": inverse,
        "markMethod": "FairPrice",
        "fairMethod": "FundingRate",
        "fundingBaseSymbol": f".{base}INT8H",
        "fundingQuoteSymbol": f".{quote}INT8H",
        "fundingRateSymbol": f".{listing.symbol}FPI8H",
        "indexSymbol": f".K{listing.symbol.removesuffix('M')}",
        "settlementSymbol": "",
        "fundingRateGranularity": _FUNDING_MS,
        "maxLeverage": top.max_leverage,
        "sourceExchanges": ["okex", "binance", "kucoin"],
        "premiumsSymbol1M": f".{listing.symbol}PI",
        "premiumsSymbol8H": f".{listing.symbol}PI8H",
        "fundingBaseSymbol1M": f".{base}INT",
        "fundingQuoteSymbol1M": f".{quote}INT",
        "k": Decimal(490),
        "m": Decimal(300),
        "f": Decimal("1.3"),
        "mmrLimit": Decimal("0.3"),
        "mmrLevConstant": Decimal(top.max_leverage),
        "supportCross": True,
    }


def _state(call: Call, listing: Listing) -> dict[str, object]:
    """Volume counts coins for linear contracts and US dollars for inverse ones, turnover the settlement currency."""
    mark, tick = call.exchange.mark(listing.key), listing.price_tick
    day = tape.day(call.exchange, listing, call.now_ms)
    due_ms = call.exchange.next_funding_ms()
    size = listing.contract_size
    return {
        "status": "Open" if listing.open else _CLOSED.get(listing.status, "Paused"),
        "fundingFeeRate": call.exchange.funding_rate(listing.asset),
        "predictedFundingFeeRate": call.exchange.funding_rate(listing.asset),
        "openInterest": plain(day.volume),
        "turnoverOf24h": day.turnover.quantize(Decimal("1e-8")),
        "volumeOf24h": day.volume * size,
        "markPrice": mark,
        "indexPrice": call.exchange.index(listing.key),
        "lastTradePrice": call.exchange.last_price(listing.key),
        "nextFundingRateTime": due_ms - call.now_ms,
        "nextFundingRateDateTime": due_ms,
        "lowPrice": day.low,
        "highPrice": day.high,
        "priceChgPct": day.change_rate,
        "priceChg": day.change,
        "buyLimit": tick * (mark * (listing.percent_price_up or ONE) // tick),
        "sellLimit": tick * (mark * (listing.percent_price_down or ONE) // tick),
    }


def dated_row(call: Call) -> dict[str, object]:
    """The quarterly bitcoin future: to be seen, not to be traded. A future has no next funding time."""
    pattern = next(listing for listing in call.contracts() if listing.asset == "BTC")
    row = contract_row(call, pattern)
    expires_ms = (call.now_ms // _QUARTER_MS + 1) * _QUARTER_MS + 8 * 3_600_000
    return {
        **row,
        "symbol": _DATED,
        "rootSymbol": "XBT",
        "type": "FFICSX",
        "expireDate": expires_ms,
        "settleDate": expires_ms,
        "quoteCurrency": "USD",
        "settleCurrency": "XBT",
        "multiplier": -ONE,
        "isQuanto": False,
        "isInverse": True,
        "fairMethod": None,
        "fundingBaseSymbol": None,
        "fundingQuoteSymbol": None,
        "fundingRateSymbol": None,
        "fundingFeeRate": None,
        "predictedFundingFeeRate": None,
        "fundingRateGranularity": None,
        "nextFundingRateTime": None,
        "nextFundingRateDateTime": None,
        "supportCross": False,
    }
