"""The whole world as plain JSON, for operators and tests."""

from __future__ import annotations

from bot.domain.numbers import plain
from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import Order, Position
from bot.paper.world import PaperVenue, World


def state_of(world: World) -> dict[str, object]:
    """What `GET /state` shows.

    Quantities and prices are strings, symbols as the venue writes them; sides, markets and statuses are lower case
    (`short`, `sell`, `linear`, `filled`). `orders` has every order ever accepted, oldest first. `liquidation_price` is
    null where no price liquidates. The wallets `redeeming` and `withdrawing` are there while they hold something.
    `faults` are the planned ones that are not used up; `left` is null for those that end by time.
    """
    return {
        "time_ms": world.now_ms(),
        "marks": {symbol: mark for venue in world.venues.values() for symbol, mark in _marks(venue.exchange).items()},
        "accounts": {
            f"{name}/{key}": _account(venue, key)
            for name, venue in world.venues.items()
            for key in venue.exchange.accounts()
        },
        "faults": [
            {"venue": fault.venue, "path": fault.path, "kind": fault.kind.value, "left": fault.count}
            for fault in world.faults.pending
        ],
    }


def _marks(exchange: Exchange) -> dict[str, str]:
    listings = exchange.listings.values()
    return {listing.symbol: plain(exchange.mark(listing.key)) for listing in listings if listing.market.perpetual}


def _account(venue: PaperVenue, key: str) -> dict[str, object]:
    account, layout = venue.exchange.account(key), venue.exchange.layout
    wallets = {
        wallet: {asset: plain(held.total) for asset, held in account.balances(wallet).items() if held.total}
        for wallet in layout.every_wallet
    }
    return {
        "wallets": {wallet: held for wallet, held in wallets.items() if held or wallet in layout.wallets},
        "positions": [_position(position) for position in account.positions() if position.contracts],
        "orders": [_order(venue.exchange, order) for order in account.orders()],
    }


def _position(position: Position) -> dict[str, object]:
    liquidation = position.liquidation_price
    return {
        "symbol": position.symbol,
        "side": "short" if position.contracts < 0 else "long",
        "contracts": plain(abs(position.contracts)),
        "entry_price": plain(position.entry_price),
        "mark_price": plain(position.mark_price),
        "liquidation_price": None if liquidation is None else plain(liquidation),
    }


def _order(exchange: Exchange, order: Order) -> dict[str, object]:
    listing = exchange.listings[order.listing_key]
    return {
        "client_id": order.client_id,
        "symbol": listing.symbol,
        "market": listing.market.value,
        "side": order.side.value.lower(),
        "quantity": plain(order.quantity),
        "filled": plain(order.filled),
        "status": order.status.value.lower(),
        "reduce_only": order.reduce_only,
        "time_ms": order.time_ms,
    }
