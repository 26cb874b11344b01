"""Indices in US dollars: those behind the contracts that are margined in coins.

Source: KuCoin futures REST documentation, "Get Mark Price", "Get Klines" (of a contract or of its index symbol).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.venue.index import IndexWire, Market, Told, bars_in
from bot.venue.kucoin.endpoints import INDEX_CANDLES, MARK
from bot.venue.kucoin.envelope import data_of, row_in
from bot.venue.shapes import integer_in, positive_in, same_market, text_in

_PAGE: Final = 200
_COLUMNS: Final = 7
_MINUTE_MS: Final = 60_000


def _price_of(body: object, market: Market) -> Told:
    row = row_in(body, "symbol", "indexPrice", "timePoint")
    same_market(row, "symbol", str(market["id"]))
    return Told(value=positive_in(row, "indexPrice"), time_ms=integer_in(row, "timePoint"))


def _bars_params(market: Market, begin_ms: int, end_ms: int, bar_ms: int) -> Mapping[str, object]:
    return {
        "symbol": text_in(market["info"], "indexSymbol"),
        "granularity": bar_ms // _MINUTE_MS,
        "from": begin_ms,
        "to": end_ms,
    }


WIRE: Final = IndexWire(
    price=MARK,
    price_in=MARK,
    price_params=lambda market: {"symbol": market["id"]},
    price_of=_price_of,
    bars=INDEX_CANDLES,
    bars_params=_bars_params,
    bars_of=lambda body: bars_in(data_of(body), columns=_COLUMNS),
    page=_PAGE,
)
