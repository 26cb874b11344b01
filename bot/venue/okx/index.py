"""Indices in US dollars, by the name of their pair.

Source: OKX v5 REST documentation, "Get index tickers", "Get index candlesticks history".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from bot.domain.usd import DAY_MS, UsdBar
from bot.venue.index import IndexWire, Market, Told, bars_in
from bot.venue.okx import endpoints
from bot.venue.okx.markets import underlying_of
from bot.venue.okx.wire import row_in
from bot.venue.shapes import integer_in, positive_in, row_of, same_market

_PAGE: Final = 100
_COLUMNS: Final = 6


def _price_of(body: object, market: Market) -> Told:
    row = row_in(body, "instId", "idxPx", "ts")
    same_market(row, "instId", underlying_of(market))
    return Told(value=positive_in(row, "idxPx"), time_ms=integer_in(row, "ts"))


def _bars_params(market: Market, begin_ms: int, end_ms: int, bar_ms: int) -> Mapping[str, object]:
    """Both ends are left out of what is given."""
    return {
        "instId": underlying_of(market),
        "bar": "1Dutc" if bar_ms == DAY_MS else "1H",
        "before": begin_ms - 1,
        "after": end_ms + 1,
        "limit": _PAGE,
    }


def _bars_of(body: object) -> Sequence[UsdBar]:
    envelope = row_of(body, "code", "data")
    if envelope["code"] != "0":
        raise ValueError(f"code is {envelope['code']!r}")
    return bars_in(envelope["data"], columns=_COLUMNS)


WIRE: Final = IndexWire(
    price=endpoints.INDEX,
    price_in=endpoints.INDEX,
    price_params=lambda market: {"instId": underlying_of(market)},
    price_of=_price_of,
    bars=endpoints.INDEX_CANDLES,
    bars_params=_bars_params,
    bars_of=_bars_of,
    page=_PAGE,
)
