"""R6: what belongs to one hedge alone, and the sources of coins that come by themselves."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import assert_never

from bot.domain.environment import Environment
from bot.domain.ids import HedgeName
from bot.domain.observation import Source
from bot.domain.policy import fallback_name
from bot.settings.exchanges import UNIFIED, VERIFIED
from bot.settings.exit_model import ExitTable
from bot.settings.model import AnyTable, Document, HedgeTable
from bot.settings.pair_model import PairTable, PairVenueTable
from bot.settings.pairs import spot_symbol
from bot.settings.problems import KeyPath, Problem, dotted, shown

Claim = tuple[KeyPath, str, tuple[str, ...]]
"""Where it is written, what is shown of it, and what it lays claim to."""


def owned_once(document: Document) -> Iterator[Problem]:
    """R6: names, instruments, markets and holdings each belong to one hedge."""
    seen: dict[tuple[str, ...], str] = {}
    for index, hedge in enumerate(document.hedges):
        key = ("hedges", index)
        for path, value, claim in _claims(key, hedge, document):
            if claim in seen:
                what = " ".join(claim)
                yield Problem(
                    key=dotted(path),
                    value=shown(path, value),
                    text=f"{what} is already used by {seen[claim]}, expected one hedge for each",
                    hint="merge the two, or remove one",
                )
            else:
                seen[claim] = f"hedges[{index}] ({hedge.name})"


def _claims(key: KeyPath, hedge: AnyTable, document: Document) -> list[Claim]:
    match hedge:
        case HedgeTable():
            return _hedge_claims(key, hedge, document)
        case PairTable():
            return _pair_claims(key, hedge)
        case ExitTable():
            return _exit_claims(key, hedge)
        case _:
            assert_never(hedge)


def _hedge_claims(key: KeyPath, hedge: HedgeTable, document: Document) -> list[Claim]:
    claims: list[Claim] = [
        ((*key, "name"), hedge.name, ("the name", hedge.name)),
        (
            (*key, "short", "symbol"),
            hedge.short.symbol,
            ("the short", hedge.short.symbol, "on", hedge.short.venue),
        ),
    ]
    if hedge.fallback is not None:
        second = hedge.fallback
        taken = ("the short", second.symbol, "on", second.venue)
        claims.append(((*key, "name"), hedge.name, ("the name", fallback_name(HedgeName(hedge.name)))))
        claims.append(((*key, "fallback", "symbol"), second.symbol, taken))
    claims += [
        (
            (*key, "holdings", at, "source"),
            holding.source.value,
            (holding.asset or hedge.asset, "in", holding.source, "on", holding.venue),
        )
        for at, holding in enumerate(hedge.holdings)
        if holding.venue is not None
    ]
    venue = document.venues.get(hedge.short.venue)
    margin = None if venue is None else brings_margin(hedge, venue.exchange)
    if margin is not None:
        brought = (hedge.asset, "in", margin, "on", hedge.short.venue)
        claims.append(((*key, "short", "symbol"), hedge.short.symbol, brought))
    silent = {name for name, venue in document.venues.items() if not tells_transit(venue.exchange, venue.environment)}
    claims += [
        ((*key, "holdings"), Source.TRANSIT.value, (hedge.asset, "in", Source.TRANSIT, "on", name))
        for name in brings_transit(hedge, silent)
    ]
    claims += [
        ((*key, "holdings", at, name), number, ("the number in", number, holding.path or ""))
        for at, holding in enumerate(hedge.holdings)
        for name in ("file", "url")
        if (number := getattr(holding, name)) is not None
    ]
    ladder = hedge.ladder if "ladder" in hedge.model_fields_set else document.ladder
    if ladder.reduce and not hedge.short.inverse:
        # The ladder sells on the spot market, where a market has one order at a time (R18).
        sold = ("trading", hedge.asset, "on", hedge.short.venue)
        claims.append(((*key, "ladder", "reduce"), "true", sold))
    return claims


def _pair_claims(key: KeyPath, hedge: PairTable) -> list[Claim]:
    """One hedge alone trades in a coin on a venue, and one alone spends a currency there.

    Gaps of several coins come together: each hedge would believe all of the money to be its own, and lose a leg.
    """
    claims: list[Claim] = [((*key, "name"), hedge.name, ("the name", hedge.name))]
    claims += [
        ((*key, "venues", at, "venue"), each.venue, ("trading", hedge.asset, "on", each.venue))
        for at, each in enumerate(hedge.venues)
    ]
    claims += [
        ((*key, "venues", at, "venue"), each.venue, ("buying with", _quote(hedge, each), "on", each.venue))
        for at, each in enumerate(hedge.venues)
    ]
    return claims


def _quote(hedge: PairTable, each: PairVenueTable) -> str:
    return spot_symbol(hedge, each).partition("/")[2]


def _exit_claims(key: KeyPath, hedge: ExitTable) -> list[Claim]:
    """Coins of a stablecoin hedge may be hedged by a short as well: it follows what is sold (R11)."""
    return [
        ((*key, "name"), hedge.name, ("the name", hedge.name)),
        ((*key, "venue"), hedge.venue, ("trading", hedge.asset, "on", hedge.venue)),
    ]


def tells_transit(exchange: str, environment: Environment) -> bool:
    """Whether coins between two venues can be seen there: play money is never sent, other exchanges were not tried."""
    return exchange in VERIFIED and environment is not Environment.TESTNET


def brings_transit(hedge: HedgeTable, silent: Collection[str]) -> Sequence[str]:
    """The venues whose coins on their way count although the hedge does not say so (R11).

    Those from whose Earn coins may be coming back, and, with coins on several venues, all between which they may move.

    Args:
        hedge: with its sources.
        silent: venues that do not tell, see `tells_transit`.
    """
    named = {holding.venue for holding in hedge.holdings if holding.source is Source.TRANSIT}
    earning = {holding.venue for holding in hedge.holdings if holding.source is Source.EARN}
    holding_coins = {holding.venue for holding in hedge.holdings if holding.source is Source.SPOT}
    several = len(holding_coins | earning) > 1
    coming = earning | (holding_coins - {*silent} if several else set())
    return sorted(str(venue) for venue in coming - named if venue is not None)


def brings_margin(hedge: HedgeTable, exchange: str) -> Source | None:
    """The source of the coins that margin an inverse short, when the hedge does not name it itself (R2).

    Args:
        hedge: with its short and sources.
        exchange: where the short is.

    Returns:
        SPOT on a unified account, else MARGIN; None for a linear short, or when the source is named.
    """
    holder = Source.SPOT if exchange in UNIFIED else Source.MARGIN
    named = any(
        holding.source is holder and holding.venue == hedge.short.venue and holding.asset in {None, hedge.asset}
        for holding in hedge.holdings
    )
    return holder if hedge.short.inverse and not named else None
