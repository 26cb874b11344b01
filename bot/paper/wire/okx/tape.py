"""What happened on a market: best levels, trades, candles. The rest of the market trades here, too, at a steady pace.

A market on which nobody ever traded would be refused by anybody who holds the contract size against its volumes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from bot.domain.numbers import ZERO, floor_to
from bot.paper.engine.book import rounded_to_tick
from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import Level, Listing, MarketType, Side, Trade

TURNOVER: Final = 1_000
"""How often a day the others trade the first level of the book."""
DAY_MS: Final = 86_400_000
_MINUTE_MS: Final = 60_000
_PACE_MS: Final = 1000
"""How often the others trade one lot."""
_UNITS_MS: Final = {"s": 1000, "m": _MINUTE_MS, "H": 3_600_000, "D": DAY_MS, "W": 7 * DAY_MS}
_BAR: Final = re.compile(r"1s|(?:1|3|5|15|30)m|(?:1|2|4)H|(?:6|12)H(?:utc)?|[123]D(?:utc)?|1W(?:utc)?|[13]M(?:utc)?")
_MONDAY_MS: Final = 4 * DAY_MS
"""Weeks begin on Monday; day 0 of the epoch was a Thursday."""
_HONG_KONG_MS: Final = 8 * 3_600_000
"""Bars of six hours and longer begin by Hong Kong's clock unless they say `utc`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Print:
    """One public trade; `side` is the taker's."""

    trade_id: int
    time_ms: int
    side: Side
    price: Decimal
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Candle:
    """One period of a market.

    Attributes:
        volume: base for spot, contracts for perpetuals.
        coins: base.
        quote: quote currency.
        done: the period is over.
    """

    open_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    coins: Decimal
    quote: Decimal
    done: bool


def best(exchange: Exchange, listing: Listing) -> tuple[Level, Level]:
    """Best bid and best ask."""
    depth = exchange.depth(listing.key, 1)
    return depth.bids[0], depth.asks[0]


def prints(exchange: Exchange, listing: Listing, now_ms: int, count: int) -> list[Print]:
    """The market's newest trades, newest first: those of the accounts, and one of the others each second."""
    mine = [_print(trade) for trade in _trades(exchange, listing)]
    lot = max(listing.quantity_min, floor_to(listing.depth / 100, listing.quantity_step))
    newest = now_ms // _PACE_MS
    others = [
        Print(
            trade_id=number,
            time_ms=number * _PACE_MS,
            side=Side.BUY if number % 2 else Side.SELL,
            price=_on_tick(listing, _price_at(exchange, listing, number * _PACE_MS)),
            quantity=lot,
        )
        for number in range(newest - count + 1, newest + 1)
    ]
    return sorted([*mine, *others], key=lambda trade: (trade.time_ms, trade.trade_id), reverse=True)[:count]


def day(exchange: Exchange, listing: Listing, now_ms: int) -> Candle:
    """The 24 hours up to now."""
    return _candle(exchange, listing, (now_ms - DAY_MS, now_ms), now_ms, _trades(exchange, listing))


def is_bar(bar: str) -> bool:
    """Whether OKX has candles of this length."""
    return _BAR.fullmatch(bar) is not None


def candles(
    exchange: Exchange,
    listing: Listing,
    bar: str,
    now_ms: int,
    *,
    after_ms: int | None,
    before_ms: int | None,
    count: int,
) -> list[Candle]:
    """The newest periods that begin before `after_ms` and after `before_ms`, at most `count`, newest first."""
    found: list[Candle] = []
    traded = _trades(exchange, listing)
    start_ms = _start_of(bar, now_ms if after_ms is None else min(now_ms, after_ms - 1))
    while len(found) < count and start_ms > (before_ms or 0):
        found.append(_candle(exchange, listing, (start_ms, _end_of(bar, start_ms)), now_ms, traded))
        start_ms = _start_of(bar, start_ms - 1)
    return found


def start_of_day(now_ms: int, offset_ms: int) -> int:
    """When today began, by a clock that is ahead of UTC."""
    return (now_ms + offset_ms) // DAY_MS * DAY_MS - offset_ms


def price_at(exchange: Exchange, listing: Listing, time_ms: int) -> Decimal:
    """The market's price at a time, on the tick; before the first one, the first one."""
    return _on_tick(listing, _price_at(exchange, listing, time_ms))


def _start_of(bar: str, time_ms: int) -> int:
    """When the bar began that holds a time."""
    name = bar.removesuffix("utc")
    long = name[-1] in "DWM" or name in {"6H", "12H"}
    offset_ms = _HONG_KONG_MS if long and name == bar else 0
    local_ms = time_ms + offset_ms
    count = int(name[:-1])
    if name.endswith("M"):
        at = datetime.fromtimestamp(local_ms // 1000, UTC)
        first = datetime(at.year, (at.month - 1) // count * count + 1, 1, tzinfo=UTC)
        return int(first.timestamp()) * 1000 - offset_ms
    length_ms = count * _UNITS_MS[name[-1]]
    phase_ms = _MONDAY_MS if name.endswith("W") else 0
    return (local_ms - phase_ms) // length_ms * length_ms + phase_ms - offset_ms


def _end_of(bar: str, start_ms: int) -> int:
    """The first moment after a bar."""
    name = bar.removesuffix("utc")
    if name.endswith("M"):
        return _start_of(bar, start_ms + (int(name[:-1]) * 31 + 1) * DAY_MS)
    return start_ms + int(name[:-1]) * _UNITS_MS[name[-1]]


def _candle(
    exchange: Exchange, listing: Listing, period_ms: tuple[int, int], now_ms: int, trades: Sequence[Trade]
) -> Candle:
    open_ms, end_ms = period_ms
    history = exchange.quoted_history(listing)
    traded = [trade for trade in trades if open_ms <= trade.time_ms < end_ms]
    moves = [(at_ms, price) for at_ms, price in history if open_ms < at_ms < end_ms]
    moves += [(trade.time_ms, trade.price) for trade in traded]
    # Sorting keeps a trade behind the price of the same moment.
    moves.sort(key=lambda move: move[0])
    path = [_price_at(exchange, listing, open_ms), *(price for _, price in moves)]
    # Rounding keeps the order, so the ends are rounded and not every move of a long day.
    first, high, low, last = (_on_tick(listing, price) for price in (path[0], max(path), min(path), path[-1]))
    elapsed_ms = min(end_ms, now_ms) - open_ms
    others = floor_to(listing.depth * TURNOVER * elapsed_ms / DAY_MS, listing.quantity_step)
    middle = (high + low) / 2
    size = listing.contract_size * listing.multiplier
    amounts = [(others, middle), *((trade.quantity, trade.price) for trade in traded)]
    if listing.market is MarketType.INVERSE:
        coins = sum((quantity * size / price for quantity, price in amounts), ZERO)
        quote = sum((quantity * size for quantity, _ in amounts), ZERO)
    else:
        coins = sum((quantity * size for quantity, _ in amounts), ZERO)
        quote = sum((quantity * listing.contract_size * price for quantity, price in amounts), ZERO)
    return Candle(
        open_ms=open_ms,
        open=first,
        high=high,
        low=low,
        close=last,
        volume=sum((quantity for quantity, _ in amounts), ZERO),
        coins=coins,
        quote=quote,
        done=end_ms <= now_ms,
    )


def _price_at(exchange: Exchange, listing: Listing, time_ms: int) -> Decimal:
    history = exchange.quoted_history(listing)
    before = [price for at_ms, price in history if at_ms <= time_ms]
    return before[-1] if before else history[0][1]


def _on_tick(listing: Listing, price: Decimal) -> Decimal:
    return rounded_to_tick(price, listing.price_tick)


def _trades(exchange: Exchange, listing: Listing) -> Sequence[Trade]:
    found = [trade for account in exchange.accounts().values() for trade in account.trades(listing.key)]
    return sorted(found, key=lambda trade: trade.trade_id)


def _print(trade: Trade) -> Print:
    """The accounts' trades have ids of their own range."""
    return Print(
        trade_id=TRADE_BASE + trade.trade_id,
        time_ms=trade.time_ms,
        side=trade.side.opposite if trade.maker else trade.side,
        price=trade.price,
        quantity=trade.quantity,
    )


TRADE_BASE: Final = 1_518_000_000
"""Added to the exchange's trade ids."""
