"""What happened on a market: best levels, trades, candles."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from bot.domain.numbers import ZERO
from bot.paper.engine.model import Level, Listing, MarketType, PositionSide, Side, Trade
from bot.paper.wire.binance.digits import price_text, quantity_text
from bot.paper.wire.binance.endpoint import Call
from bot.paper.wire.binance.errors import ApiError

_TURNOVER: Final = 1_000
"""How often a day the others trade the first level."""
_OTHERS_FIRST_ID: Final = 10**10
_DAY_MS: Final = 86_400_000
_UNITS_MS: Final = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": _DAY_MS, "w": 7 * _DAY_MS}
_INTERVAL: Final = re.compile(r"1s|(1|3|5|15|30)m|(1|2|4|6|8|12)h|[13]d|1w")
#: Weeks begin on Monday; day 0 of the epoch was a Thursday.
_MONDAY_MS: Final = 4 * _DAY_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Candle:
    """One period of a market; `close_ms` is its last millisecond. `quote_volume` is in coins for COIN-M."""

    open_ms: int
    close_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal
    count: int

    @property
    def change(self) -> Decimal:
        """From open to close."""
        return self.close - self.open

    @property
    def change_percent(self) -> Decimal:
        """From open to close, in percent."""
        return self.change / self.open * 100


def average(listing: Listing, candle: Candle) -> Decimal:
    """Volume-weighted price; the close when nothing was traded."""
    if not candle.volume:
        return candle.close
    size = candle.volume * listing.contract_size
    return size / candle.quote_volume if listing.market is MarketType.INVERSE else candle.quote_volume / size


def best(call: Call, listing: Listing) -> tuple[Level, Level]:
    """Best bid and best ask."""
    depth = call.exchange.depth(listing.key, 1)
    return depth.bids[0], depth.asks[0]


def levels(call: Call, listing: Listing, limit: int) -> tuple[list[list[str]], list[list[str]]]:
    """A contract's bids and asks as rows of price and quantity, best first."""
    depth = call.depth(listing, limit)
    bids, asks = (
        [[price_text(listing, level.price), quantity_text(listing, level.quantity)] for level in side]
        for side in (depth.bids, depth.asks)
    )
    return bids, asks


def open_interest(call: Call, listing: Listing) -> Decimal:
    """Contracts outstanding: the accounts' own, and the others' as many as they trade in a day."""
    accounts = call.exchange.accounts().values()
    held = [position for account in accounts for position in account.positions() if position.symbol == listing.symbol]
    return best(call, listing)[1].quantity * _TURNOVER + sum((abs(position.contracts) for position in held), ZERO)


def trades(call: Call, listing: Listing) -> list[Trade]:
    """The market's newest trades, oldest first, at most `limit` of them (500 by default, at most 1000)."""
    return own_trades(call, listing)[-call.params.limit(500, 1000) :]


def other_trades(call: Call, listing: Listing, after_ms: int, until_ms: int) -> list[Trade]:
    """What the others traded in a time, for those who listen: the least quantity at the last price, once a second.

    They are in no list, no candle and no volume; `day` counts what the others trade by the book.
    """
    price = call.exchange.last_price(listing.key)
    return [
        Trade(
            trade_id=_OTHERS_FIRST_ID + second,
            order_id=0,
            listing_key=listing.key,
            side=Side.BUY if second % 2 else Side.SELL,
            price=price,
            quantity=listing.quantity_min,
            quote=listing.notional(listing.quantity_min, price),
            fee=ZERO,
            fee_asset=listing.settle,
            realized=ZERO,
            maker=False,
            time_ms=second * 1000,
            position_side=PositionSide.BOTH,
        )
        for second in range(after_ms // 1000 + 1, until_ms // 1000 + 1)
    ]


def buyer_is_maker(trade: Trade) -> bool:
    """Whether the buying side rested in the book."""
    return trade.maker is (trade.side is Side.BUY)


def day(call: Call, listing: Listing) -> Candle:
    """The 24 hours up to now, with what the rest of the market traded: the first level of the book, many times over.

    A market on which nobody ever traded would be refused by anybody who holds the contract size against its volumes.
    """
    seen = _candle(call, listing, call.now_ms - _DAY_MS, call.now_ms)
    others = best(call, listing)[1].quantity * _TURNOVER
    return replace(
        seen,
        volume=seen.volume + others,
        quote_volume=seen.quote_volume + listing.notional(others, (seen.high + seen.low) / 2),
        count=seen.count + _TURNOVER,
    )


def candles(call: Call, listing: Listing, *, default: int, highest: int) -> list[Candle]:
    """The periods that `interval`, `startTime`, `endTime` and `limit` ask for, oldest first.

    Raises:
        ApiError: -1102 no interval; -1120 not one of Binance's.
    """
    interval = call.params.need("interval")
    if _INTERVAL.fullmatch(interval) is None:
        raise ApiError(-1120, "Invalid interval.")
    length_ms = _length_ms(interval)
    opens = period_starts(call, interval, default=default, highest=highest)
    return [_candle(call, listing, open_ms, open_ms + length_ms - 1) for open_ms in opens]


def _length_ms(interval: str) -> int:
    return int(interval[:-1]) * _UNITS_MS[interval[-1]]


def period_start(interval: str, now_ms: int) -> int:
    """The first millisecond of the period that is running."""
    length_ms, offset_ms = _length_ms(interval), _MONDAY_MS if interval == "1w" else 0
    return (now_ms - offset_ms) // length_ms * length_ms + offset_ms


def period(call: Call, listing: Listing, interval: str, open_ms: int) -> Candle:
    """The candle of one period, as far as it has come."""
    return _candle(call, listing, open_ms, open_ms + _length_ms(interval) - 1)


def period_starts(call: Call, interval: str, *, default: int, highest: int) -> range:
    """The periods' first milliseconds that `startTime`, `endTime` and `limit` ask for, oldest first."""
    length_ms = _length_ms(interval)
    offset_ms = _MONDAY_MS if interval == "1w" else 0
    limit = call.params.limit(default, highest)
    end_ms = min(call.params.integer("endTime") or call.now_ms, call.now_ms)
    newest_ms = period_start(interval, end_ms)
    start_ms = call.params.integer("startTime")
    if start_ms is None:
        first_ms = newest_ms - (limit - 1) * length_ms
    else:
        first_ms = -((offset_ms - start_ms) // length_ms) * length_ms + offset_ms
    return range(first_ms, newest_ms + 1, length_ms)[:limit]


def _candle(call: Call, listing: Listing, open_ms: int, close_ms: int) -> Candle:
    marks = call.exchange.quoted_history(listing)
    own = own_trades(call, listing)
    # The sort is stable: of one moment a price that was set comes before the trades at it.
    prices = sorted([*marks, *((trade.time_ms, trade.price) for trade in own)], key=lambda event: event[0])
    before = [price for time_ms, price in prices if time_ms <= open_ms]
    inside = [price for time_ms, price in prices if open_ms < time_ms <= close_ms]
    path = [before[-1] if before else prices[0][1], *inside]
    traded = [trade for trade in own if open_ms <= trade.time_ms <= close_ms]
    return Candle(
        open_ms=open_ms,
        close_ms=close_ms,
        open=path[0],
        high=max(path),
        low=min(path),
        close=path[-1],
        volume=sum((trade.quantity for trade in traded), ZERO),
        quote_volume=sum((listing.notional(trade.quantity, trade.price) for trade in traded), ZERO),
        count=len(traded),
    )


def own_trades(call: Call, listing: Listing) -> list[Trade]:
    """What the accounts of the exchange traded, oldest first."""
    found = [trade for account in call.exchange.accounts().values() for trade in account.trades(listing.key)]
    return sorted(found, key=lambda trade: trade.trade_id)
