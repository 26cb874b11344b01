"""The spot markets of a stablecoin hedge: whose books may be used, and for which stablecoin a slice is traded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from bot.core.observation import stale
from bot.domain.exits import Peg, PegView
from bot.domain.ids import Asset
from bot.domain.instrument import SpotMarket
from bot.domain.numbers import ONE, ZERO, plain
from bot.domain.observation import Book, Unknown
from bot.domain.orders import Refused
from bot.domain.usd import UsdPrice


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitMarket:
    """A spot market on the hedge's venue, and its book; None when the book could not be read."""

    market: SpotMarket
    book: Book | None


def unusable(market: SpotMarket, book: Book, now_ms: int, age_max_s: Decimal) -> Refused | None:
    """Why nothing may be sent by this book; None when it may. A crossed or unsorted one is a mangled answer (R12)."""
    if not market.active:
        return Refused(code="instrument.inactive", reason=f"the venue does not trade {market.symbol} now")
    if stale(book.stamp, now_ms, age_max_s):
        return Refused(code="stale.book", reason=f"the book of {market.symbol} is too old")
    if not book.bids or not book.asks:
        return Refused(code="book.empty", reason=f"a side of the book of {market.symbol} is empty")
    bids, asks = [level.price for level in book.bids], [level.price for level in book.asks]
    falling = all(better > worse for better, worse in pairwise(bids))
    rising = all(better < worse for better, worse in pairwise(asks))
    whole = min(level.contracts for level in (*book.bids, *book.asks)) > 0 and min(bids[-1], asks[0]) > 0
    if not (falling and rising and whole) or bids[0] >= asks[0]:
        reason = f"the book of {market.symbol} contradicts itself: bid {plain(bids[0])}, ask {plain(asks[0])}"
        return Refused(code="book.mangled", reason=reason)
    return None


def buyable(basket: Mapping[Asset, Decimal], pegs: Mapping[Asset, PegView]) -> dict[Asset, Decimal]:
    """What of the basket may be bought, with weights that sum to 1 again; empty when all of it failed or is in doubt.

    Without an anchor nobody can say more of a stablecoin than that a person chose it.
    """
    good = {asset: weight for asset, weight in basket.items() if pegs[asset].peg in {Peg.SOUND, Peg.NO_ANCHOR}}
    total = sum(good.values(), ZERO)
    return {asset: weight / total for asset, weight in good.items()}


def sale_order(
    weights: Mapping[Asset, Decimal], sold: Mapping[Asset, Decimal], remaining: Decimal
) -> list[tuple[Asset, Decimal]]:
    """Into which stablecoins an exit goes on, and how many coins at most: the one furthest behind its weight first.

    Args:
        weights: of what may be bought; they sum to 1.
        sold: coins so far, by stablecoin, also by those that may not be bought any more.
        remaining: coins still to sell, above 0.
    """
    whole = remaining + sum((sold.get(asset, ZERO) for asset in weights), ZERO)
    behind = {asset: weight * whole - sold.get(asset, ZERO) for asset, weight in weights.items()}
    order = sorted(behind, key=lambda asset: (-behind[asset], asset))
    return [(asset, min(behind[asset], remaining)) for asset in order if behind[asset] > 0]


def spend_order(
    spendable: Mapping[Asset, Decimal], basket: Mapping[Asset, Decimal], pegs: Mapping[Asset, PegView]
) -> list[Asset]:
    """What is spent first on the way back: what left the basket, then what broke, then the most."""

    def rank(asset: Asset) -> tuple[bool, bool, Decimal, Asset]:
        sound = asset not in pegs or pegs[asset].peg is not Peg.BROKEN
        return asset in basket, sound, -spendable[asset], asset

    return sorted((asset for asset, amount in spendable.items() if amount > 0), key=rank)


def worth(pegs: Mapping[Asset, PegView], asset: Asset) -> Decimal:
    """USD of a stablecoin as far as known, else 1: only to hold a book against."""
    view = pegs.get(asset)
    return ONE if view is None or view.price is None else view.price


def unread(pegs: Mapping[Asset, PegView], asset: Asset) -> bool:
    """Whether a stablecoin has an anchor that says nothing now: then only its market with the coin tells its worth."""
    return pegs[asset].price is None and pegs[asset].peg is not Peg.NO_ANCHOR


def second_source(
    coin: Asset, markets: Mapping[Asset, ExitMarket], pegs: Mapping[Asset, UsdPrice | Unknown]
) -> Decimal | None:
    """USD of the coin by its own market and what a stablecoin is worth: beside its index (R12); None: there is none.

    A stablecoin that is itself priced by the coin's index and market says nothing of it: whatever the index tells,
    that market times that price is the same again.
    """
    for stable, at in markets.items():
        peg = pegs[stable]
        if at.book is not None and at.book.bids and isinstance(peg, UsdPrice) and peg.through != coin:
            return at.book.bids[0].price * peg.value
    return None


def sound_targets(views: Sequence[PegView], basket: Mapping[Asset, Decimal], source: Asset) -> list[PegView]:
    """Stablecoins of the basket that another one can be exchanged into, the soundest first."""
    sound = [view for view in views if view.peg is Peg.SOUND and view.asset in basket and view.asset != source]
    known = [(abs(view.price - ONE), view.asset, view) for view in sound if view.price is not None]
    return [view for _, _, view in sorted(known, key=lambda entry: entry[:2])]
