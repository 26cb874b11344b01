"""Indices in US dollars: those behind the coin-margined contracts, which margin nothing in a stablecoin.

Source: Binance COIN-M futures REST documentation, "Index Price and Mark Price", "Index Price Kline Data".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.domain.usd import DAY_MS
from bot.venue.binance.family import INVERSE, LINEAR
from bot.venue.endpoint import at
from bot.venue.index import IndexWire, Market, Told, bars_in
from bot.venue.shapes import integer_in, positive_in, rows_of, same_market, text_in

_PAGE: Final = 190
"""Bars at once: a span may not be longer than 200 days."""
_COLUMNS: Final = 12


def _price_of(body: object, market: Market) -> Told:
    # USD-M tells of one contract without a list.
    rows = rows_of(body if isinstance(body, list) else [body], "symbol", "indexPrice", "time")
    if len(rows) != 1:
        raise ValueError(f"{len(rows)} rows for one contract")
    same_market(rows[0], "symbol", str(market["id"]))
    return Told(value=positive_in(rows[0], "indexPrice"), time_ms=integer_in(rows[0], "time"))


def _bars_params(market: Market, begin_ms: int, end_ms: int, bar_ms: int) -> Mapping[str, object]:
    return {
        "pair": text_in(market["info"], "pair"),
        "interval": "1d" if bar_ms == DAY_MS else "1h",
        "startTime": begin_ms,
        "endTime": end_ms,
        "limit": _PAGE,
    }


WIRE: Final = IndexWire(
    price=INVERSE.mark,
    price_in=LINEAR.mark,
    price_params=lambda market: {"symbol": market["id"]},
    price_of=_price_of,
    bars=at("dapi", "dapiPublicGetIndexPriceKlines", "read bars of an index", 2),
    bars_params=_bars_params,
    bars_of=lambda body: bars_in(body, columns=_COLUMNS),
    page=_PAGE,
)
