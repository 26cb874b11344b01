"""Rules of a cross-exchange hedge that hold between settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.settings.exchanges import UNVERIFIED
from bot.settings.model import Document
from bot.settings.pair_model import PairTable, PairVenueTable
from bot.settings.problems import KeyPath, Problem, did_you_mean, dotted, shown

QUOTE: Final = "USDT"
"""What the coin is traded against where no symbol is given."""
MONEY: Final = frozenset({"USDT", "USDC", "USD", "FDUSD", "TUSD", "USDP", "DAI", "PYUSD", "EUR", "GBP", "TRY", "BRL"})
"""Quote currencies in which a result can be money: another coin would be a second bet."""


def spot_symbol(hedge: PairTable, at: PairVenueTable) -> str:
    """The spot market of a hedge on one of its venues."""
    return at.symbol or f"{hedge.asset}/{QUOTE}"


def broken_pair(key: KeyPath, hedge: PairTable, document: Document) -> Iterator[Problem]:
    """What of a cross-exchange hedge can't be.

    Args:
        key: of the hedge.
        hedge: as written.
        document: with the venues that it names.
    """
    seen: set[str] = set()
    for index, each in enumerate(hedge.venues):
        path = (*key, "venues", index)
        if each.venue in seen:
            yield _problem(
                (*path, "venue"),
                each.venue,
                "is there twice, expected each venue once: nothing is earned between an account and itself",
                "name another [venues.NAME]",
            )
        seen.add(each.venue)
        yield from _venue((*path, "venue"), each.venue, document)
        yield from _symbol((*path, "symbol"), spot_symbol(hedge, each), hedge.asset)
    if hedge.asset in MONEY:
        yield _problem(
            (*key, "asset"), hedge.asset, "is money here, expected a coin that is traded against it", 'such as "BTC"'
        )
    if hedge.min_edge <= 0:
        yield _problem(
            (*key, "min_edge"),
            str(hedge.min_edge),
            "expected more than 0: a trade must leave something",
            'such as min_edge = "0.05 %"',
        )


def _venue(key: KeyPath, venue: str, document: Document) -> Iterator[Problem]:
    table = document.venues.get(venue)
    if table is None:
        names = sorted(document.venues)
        hint = did_you_mean(venue, names) or f"the file has: {', '.join(names)}"
        yield _problem(key, venue, f"there is no [venues.{venue}], expected a venue of this file", hint)
    elif table.exchange in UNVERIFIED:
        yield _problem(
            key,
            venue,
            f"nobody has verified in which currency {table.exchange} takes its fees, expected a verified exchange",
            "see docs/cross-exchange.md for the exchanges that can be used",
        )


def _symbol(key: KeyPath, symbol: str, asset: str) -> Iterator[Problem]:
    base, _, quote = symbol.partition("/")
    if base != asset:
        yield _problem(
            key, symbol, f"expected a spot market of {asset}, the hedge's asset", "correct the symbol or the asset"
        )
    elif quote not in MONEY:
        yield _problem(
            key,
            symbol,
            f"{quote} is no money here, expected one of {', '.join(sorted(MONEY))}: against a coin the result would "
            "be a bet on that coin",
            f"such as {asset}/USDT",
        )


def _problem(path: KeyPath, value: str, text: str, hint: str) -> Problem:
    return Problem(key=dotted(path), value=shown(path, value), text=text, hint=hint)
