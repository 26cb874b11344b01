"""The hedges without a perpetual, put together: their markets, their checks, and what takes their turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.app.exits import exit_lines, exit_markets, exit_places, exit_traders
from bot.app.pairs import pair_lines, pair_markets, pair_traders
from bot.app.trader_parts import TraderParts
from bot.app.venues import Gateway, Market
from bot.domain.check import CheckLine
from bot.domain.ids import Symbol, VenueName
from bot.ports import Trader
from bot.settings import Settings

__all__ = ["TraderParts", "trader_lines", "trader_markets", "trader_places", "traders_of"]


def trader_markets(settings: Settings) -> Sequence[Market]:
    """The spot markets that traders trade on: a venue must have them, and the account's fee rates on them are read."""
    return [*pair_markets(settings), *exit_markets(settings)]


def trader_places(settings: Settings) -> set[tuple[VenueName, Symbol]]:
    """Every market on which an order of a trader may be under way."""
    return {(market.venue, market.symbol) for market in pair_markets(settings)} | exit_places(settings)


async def trader_lines(settings: Settings, venues: Mapping[VenueName, Gateway]) -> list[CheckLine]:
    """The checks of a start, or of `check`, for every trader. Venue faults become lines; they are not raised."""
    return [*await pair_lines(settings, venues), *await exit_lines(settings, venues)]


def traders_of(parts: TraderParts) -> list[Trader]:
    """What takes the turns of every hedge without a perpetual, in the file's order for each kind."""
    return [*pair_traders(parts), *exit_traders(parts)]
