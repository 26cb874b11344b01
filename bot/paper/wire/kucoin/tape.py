"""What happened on a market: best levels, trades, candles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from bot.domain.numbers import ONE, ZERO, floor_to
from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import Level, Listing, Trade

DAY_MS: Final = 86_400_000
MINUTE_MS: Final = 60_000
_TURNOVER: Final = 1_000
"""How often a day the others trade the first level."""
_MONDAY_MS: Final = 4 * DAY_MS
"""Weeks begin on Monday; day 0 of the epoch was a Thursday."""
_YEAR_MS: Final = 366 * DAY_MS
NANOS: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Candle:
    """One period of a market.

    Attributes:
        volume: in base for spot, in contracts for futures.
        turnover: in quote, or in the settle asset of an inverse contract.
    """

    open_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    turnover: Decimal

    @property
    def change(self) -> Decimal:
        """From open to close."""
        return self.close - self.open

    @property
    def change_rate(self) -> Decimal:
        """From open to close as a fraction, to four places as KuCoin writes it."""
        return (self.change / self.open).quantize(Decimal("0.0001"))


def best(exchange: Exchange, listing: Listing) -> tuple[Level, Level]:
    """Best bid and best ask."""
    depth = exchange.depth(listing.key, 1)
    return depth.bids[0], depth.asks[0]


def trades(exchange: Exchange, listing: Listing) -> list[Trade]:
    """Every trade of the market, oldest first."""
    found = [trade for account in exchange.accounts().values() for trade in account.trades(listing.key)]
    return sorted(found, key=lambda trade: trade.trade_id)


def day(exchange: Exchange, listing: Listing, now_ms: int) -> Candle:
    """The 24 hours up to now, with what the rest of the market traded: the first level of the book, many times over.

    A market on which nobody ever traded would be refused by anybody who holds the contract size against its volumes.
    """
    seen = _candle(exchange, listing, trades(exchange, listing), now_ms - DAY_MS, now_ms)
    return _with_others(exchange, listing, seen, DAY_MS)


def candles(exchange: Exchange, listing: Listing, *, length_ms: int, start_ms: int, end_ms: int) -> Sequence[Candle]:
    """The periods that begin within the window, oldest first."""
    offset_ms = _MONDAY_MS if length_ms % (7 * DAY_MS) == 0 else 0
    first_ms = -((offset_ms - start_ms) // length_ms) * length_ms + offset_ms
    tape = trades(exchange, listing)
    opens = range(first_ms, end_ms + 1, length_ms)
    seen = (_candle(exchange, listing, tape, open_ms, open_ms + length_ms - 1) for open_ms in opens)
    return [_with_others(exchange, listing, candle, max(min(length_ms, end_ms - candle.open_ms), 0)) for candle in seen]


def index_candles(
    exchange: Exchange, index: Listing, *, length_ms: int, start_ms: int, end_ms: int
) -> Sequence[Candle]:
    """Like `candles`, of an index: nobody trades there."""
    opens = range(-(-start_ms // length_ms) * length_ms, end_ms + 1, length_ms)
    return [_candle(exchange, index, (), open_ms, open_ms + length_ms - 1) for open_ms in opens]


def newest_open_ms(now_ms: int, length_ms: int) -> int:
    """When the running period began."""
    offset_ms = _MONDAY_MS if length_ms % (7 * DAY_MS) == 0 else 0
    return (now_ms - offset_ms) // length_ms * length_ms + offset_ms


def sequence(exchange: Exchange, now_ms: int) -> int:
    """A number that grows with time and with everything accounts do; it stays below the time in milliseconds.

    ccxt holds the sequence of a futures book against the time of a change, and drops the change when it is not later.
    """
    return now_ms - _YEAR_MS + sum(account.last_update for account in exchange.accounts().values())


def _with_others(exchange: Exchange, listing: Listing, seen: Candle, lasted_ms: int) -> Candle:
    """Add what the rest of the market trades in that time, evenly over the day, so that candles and days agree."""
    others = floor_to(best(exchange, listing)[1].quantity * _TURNOVER * lasted_ms / DAY_MS, listing.quantity_step)
    if not others:
        return seen
    worth = others * _mean_worth(exchange, listing, seen.open_ms, lasted_ms)
    return replace(seen, volume=seen.volume + others, turnover=seen.turnover + worth)


def _mean_worth(exchange: Exchange, listing: Listing, open_ms: int, lasted_ms: int) -> Decimal:
    """What one contract was worth on average over the time: a jump moves the turnover by its share of the day."""
    end_ms, total, from_ms, worth = open_ms + lasted_ms, ZERO, open_ms, ZERO
    for time_ms, price in exchange.quoted_history(listing):
        now_ms, after = min(max(time_ms, open_ms), end_ms), abs(listing.notional(ONE, price))
        # Before its first price a market had that price, too.
        total += (worth or after) * (now_ms - from_ms)
        from_ms, worth = now_ms, after
    return (total + worth * (end_ms - from_ms)) / lasted_ms


def _candle(exchange: Exchange, listing: Listing, tape: Sequence[Trade], open_ms: int, close_ms: int) -> Candle:
    history = exchange.quoted_history(listing)
    before = [price for time_ms, price in history if time_ms <= open_ms]
    opening = before[-1] if before else history[0][1]
    moved = [(time_ms, price) for time_ms, price in history if open_ms < time_ms <= close_ms]
    traded = [trade for trade in tape if open_ms <= trade.time_ms <= close_ms]
    # A price that was set comes before the trades that it caused.
    happened = sorted([*moved, *((trade.time_ms, trade.price) for trade in traded)], key=lambda event: event[0])
    path = [opening, *(price for _, price in happened)]
    return Candle(
        open_ms=open_ms,
        open=path[0],
        high=max(path),
        low=min(path),
        close=path[-1],
        volume=sum((trade.quantity for trade in traded), ZERO),
        turnover=sum((trade.quote for trade in traded), ZERO),
    )
