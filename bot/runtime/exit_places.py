"""The spot markets of a stablecoin hedge: those between the coin and stablecoins, and those between stablecoins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import permutations

from bot.core.owned import owned
from bot.domain.errors import ConfigFault
from bot.domain.exits import ExitPolicy
from bot.domain.ids import Asset, HedgeName, Symbol
from bot.domain.instrument import SpotMarket
from bot.domain.intent import IntentRecord
from bot.domain.numbers import ZERO
from bot.ports import ExitJournal, Treasury


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where orders of the hedge may go.

    Attributes:
        stables: of the basket, and beside it what the hedge still owns, or may get by an order that is not over.
        coin: by the stablecoin that the coin is priced in.
        swaps: by (base, quote).
    """

    stables: tuple[Asset, ...]
    coin: Mapping[Asset, SpotMarket]
    swaps: Mapping[tuple[Asset, Asset], SpotMarket]

    @property
    def all(self) -> Mapping[Symbol, SpotMarket]:
        """Every market by its symbol."""
        return {market.symbol: market for market in (*self.coin.values(), *self.swaps.values())}


def coin_symbol(asset: Asset, stable: Asset) -> Symbol:
    """The market of a coin against a stablecoin."""
    return Symbol(f"{asset}/{stable}")


def places_of(policy: ExitPolicy, treasury: Treasury, book: ExitJournal) -> Places:
    """The markets that a hedge may need, of those that its venue lists. Raises JournalFault."""
    held = list(owned_by(book, policy.name, policy.asset))
    # Of a coin that left the basket an order may still be under way.
    left = [Asset(word) for record in book.unfinished_slices(policy.name) for word in _words(record)]
    stables = tuple(dict.fromkeys([*policy.basket, *held, *(asset for asset in left if asset != policy.asset)]))
    coin = {stable: _market(treasury, coin_symbol(policy.asset, stable)) for stable in stables}
    swaps = {pair: _market(treasury, coin_symbol(*pair)) for pair in permutations(stables, 2)}
    return Places(
        stables=stables,
        coin={stable: market for stable, market in coin.items() if market is not None},
        swaps={pair: market for pair, market in swaps.items() if market is not None},
    )


def owned_by(book: ExitJournal, hedge: HedgeName, coin: Asset) -> Mapping[Asset, Decimal]:
    """Stablecoins that are a hedge's by the journal. Raises JournalFault."""
    return owned(coin, book.flows(hedge), book.write_offs(hedge))


def claimed_by(
    book: ExitJournal, others: Mapping[HedgeName, Asset], stables: Sequence[Asset]
) -> Mapping[Asset, Decimal]:
    """Stablecoins that other hedges own on the same account, of which the coins are given. Raises JournalFault."""
    held = [owned_by(book, other, coin) for other, coin in others.items()]
    return {stable: sum((each.get(stable, ZERO) for each in held), ZERO) for stable in stables}


def _words(record: IntentRecord) -> Sequence[str]:
    """Base and quote of an order's market."""
    return record.intent.request.symbol.split("/")


def _market(treasury: Treasury, symbol: Symbol) -> SpotMarket | None:
    try:
        return treasury.spot_market(symbol)
    except ConfigFault:
        return None
