"""An account with a past, so that the suite has rows of every kind to look at."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from itertools import chain, cycle
from typing import Final

from bot.domain.numbers import floor_to
from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import Listing, MarketType, NewOrder, OrderKind, Side
from bot.paper.world import World

KEY: Final = "paper"
WORTH: Final = Decimal(2_000)
#: Large enough for a margin ratio that does not round to 0, and for a coin-margined short that can be liquidated.
POSITION_WORTH: Final = Decimal(20_000)
STIR_S: Final = 0.5
_RATE: Final = Decimal("0.0001")


def season(world: World) -> None:
    """Give the account of every venue trades, orders, a position in ETH, funding, a deposit and a withdrawal.

    The suite trades BTC itself, and would find a position in its way.
    """
    for venue in world.venues.values():
        exchange, layout = venue.exchange, venue.exchange.layout
        for market in MarketType:
            wallet = layout.margin[market] if market.perpetual else layout.spot
            for coin in ("BTC", "ETH"):
                exchange.deposit(KEY, wallet, coin, Decimal(1))
        for listing in exchange.listings.values():
            if listing.asset == "BTC" and listing.quote != "USDC":
                _round_trip(exchange, listing)
            elif listing.asset == "ETH" and listing.market.perpetual:
                _order(exchange, listing, Side.SELL, worth=POSITION_WORTH)
        exchange.settle_funding("ETH", _RATE)
        exchange.withdraw(KEY, layout.spot, "BTC", Decimal("0.1"))


async def stir(world: World) -> None:
    """Let something happen in every account and on every market of BTC, again and again, until cancelled."""
    # One buy more than sells: a position that has just been closed has neither side nor price.
    for side in chain([Side.BUY], cycle((Side.BUY, Side.SELL))):
        await asyncio.sleep(STIR_S)
        for venue in world.venues.values():
            for listing in venue.exchange.listings.values():
                if listing.asset == "BTC" and listing.quote != "USDC":
                    # The older order first: the suite wants each batch of news in order of the orders' age.
                    venue.exchange.cancel_all(KEY, listing.key)
                    _order(venue.exchange, listing, side)
                    _order(venue.exchange, listing, Side.BUY, below=Decimal("0.97"))


def _round_trip(exchange: Exchange, listing: Listing) -> None:
    """Bought and sold again, an order canceled, and one that rests."""
    for side in (Side.BUY, Side.SELL):
        _order(exchange, listing, side)
    for _ in range(2):
        exchange.cancel_all(KEY, listing.key)
        _order(exchange, listing, Side.BUY, below=Decimal("0.97"))


def _order(
    exchange: Exchange, listing: Listing, side: Side, *, worth: Decimal = WORTH, below: Decimal | None = None
) -> None:
    mark = exchange.mark(listing.key)
    new = NewOrder(
        listing_key=listing.key,
        side=side,
        kind=OrderKind.MARKET if below is None else OrderKind.LIMIT,
        quantity=floor_to(worth / listing.quote_value(Decimal(1), mark), listing.quantity_step),
        price=None if below is None else floor_to(mark * below, listing.price_tick),
    )
    exchange.submit(KEY, new)
