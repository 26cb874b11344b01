"""What single values can't tell: rules that hold between settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.units import asset_and_multiplier
from bot.domain.environment import Environment
from bot.domain.observation import Source
from bot.settings.exchanges import ALIASES, UNVERIFIED, VERIFIED, WITHOUT_TESTNET
from bot.settings.model import Document, HedgeTable, HoldingTable, VenueTable
from bot.settings.problems import KeyPath, Problem, did_you_mean, dotted, shown

AVAILABLE: Final = (Source.SPOT, Source.EARN, Source.EXTERNAL)


def broken_rules(document: Document, *, paper: bool) -> Iterator[Problem]:
    """Everything in a well-formed file that still must not run.

    Args:
        document: the file, each value fine by itself.
        paper: `--paper` or `--paper-at` was given.
    """
    for name, venue in document.venues.items():
        yield from _exchange(name, venue)
        if venue.environment is Environment.LIVE and not (paper or venue.real_money or document.real_money):
            yield _problem(
                ("venues", name, "environment"),
                "live",
                "this is real money, expected `real_money = true` beside it",
                "write `real_money = true` once you mean it, or try it first with --paper",
            )
    yield from _mixed(document)
    for index, hedge in enumerate(document.hedges):
        yield from _hedge(("hedges", index), hedge, document)
    yield from _owned_once(document)


def _exchange(name: str, venue: VenueTable) -> Iterator[Problem]:
    key = ("venues", name, "exchange")
    if venue.exchange in WITHOUT_TESTNET and venue.environment is Environment.TESTNET:
        yield _problem(
            ("venues", name, "environment"),
            "testnet",
            f"{venue.exchange} has no testnet, expected `paper` or `live`",
            'set environment = "paper": the built-in exchange needs no keys',
        )
    if venue.exchange in ALIASES:
        yield _problem(
            key, venue.exchange, "one exchange is one venue here", f'set exchange = "{ALIASES[venue.exchange]}"'
        )
    elif venue.exchange in UNVERIFIED:
        yield _problem(
            key,
            venue.exchange,
            f"this exchange is not verified yet, expected one of {', '.join(sorted(VERIFIED))}",
            "a hedge is only run on an exchange whose every answer is covered by our tests",
        )
    elif venue.exchange not in VERIFIED:
        yield _problem(
            key,
            venue.exchange,
            "unknown exchange, expected an id of ccxt",
            did_you_mean(venue.exchange, sorted(VERIFIED | UNVERIFIED))
            or f"available now: {', '.join(sorted(VERIFIED))}",
        )


def _mixed(document: Document) -> Iterator[Problem]:
    worlds = {venue.environment for venue in document.venues.values()}
    if {Environment.PAPER, Environment.LIVE} <= worlds:
        yield Problem(
            key="venues",
            text="some venues are on paper and some for real money, expected one or the other: "
            'environment = "paper" puts the whole run on paper',
            hint="use two settings files",
        )


def _hedge(key: KeyPath, hedge: HedgeTable, document: Document) -> Iterator[Problem]:
    short = hedge.short
    if short.leverage != 1 and not hedge.allow_leverage:
        yield _problem(
            (*key, "short", "leverage"),
            short.leverage,
            "expected 1: with more, a smaller rise of the price liquidates the short",
            "set leverage = 1, or write `allow_leverage = true` on the hedge",
        )
    yield from _symbol((*key, "short", "symbol"), hedge)
    yield from _venue_exists((*key, "short", "venue"), short.venue, document)
    for index, holding in enumerate(hedge.holdings):
        yield from _holding((*key, "holdings", index), holding, document)
    if hedge.max_slippage_urgent < hedge.slippage:
        yield _problem(
            (*key, "max_slippage_urgent"),
            str(hedge.max_slippage_urgent),
            f"expected at least the slippage, {hedge.slippage}",
            "raise max_slippage_urgent or lower slippage",
        )


def _symbol(key: KeyPath, hedge: HedgeTable) -> Iterator[Problem]:
    symbol = hedge.short.symbol
    base, _, rest = symbol.partition("/")
    _, _, settle = rest.partition(":")
    if settle == base:
        yield _problem(
            key,
            symbol,
            "coin-margined perpetuals are not available yet, expected one that settles in a stablecoin",
            f'for example "{hedge.asset}/USDT:USDT"',
        )
        return
    try:
        coin, _ = asset_and_multiplier(base)
    except ValueError as error:
        yield _problem(key, symbol, str(error), "hedge another coin until hedgebot knows this one")
        return
    if coin != hedge.asset:
        yield _problem(
            key, symbol, f"expected a perpetual on {hedge.asset}, the hedge's asset", "correct the symbol or the asset"
        )


def _holding(key: KeyPath, holding: HoldingTable, document: Document) -> Iterator[Problem]:
    if holding.source not in AVAILABLE:
        yield _problem(
            (*key, "source"),
            holding.source.value,
            f"this source comes later, expected one of {', '.join(AVAILABLE)}",
            "leave it out, or enter its coins as an `external` amount",
        )
    elif holding.source is Source.EXTERNAL:
        if holding.amount is None:
            yield _problem(
                (*key, "amount"), None, "is missing, expected the coins of the external holding", 'such as amount = "3"'
            )
        if holding.venue is not None:
            yield _problem(
                (*key, "venue"), holding.venue, "expected none: an external holding is on no venue", "remove it"
            )
    elif holding.amount is not None:
        yield _problem(
            (*key, "amount"),
            str(holding.amount),
            f"expected none: the venue tells how much is in {holding.source}",
            'remove it, or use source = "external"',
        )
    elif holding.venue is None:
        yield _problem(
            (*key, "venue"), None, "is missing, expected the venue that holds the coins", 'such as venue = "main"'
        )
    else:
        yield from _venue_exists((*key, "venue"), holding.venue, document)


def _venue_exists(key: KeyPath, venue: str, document: Document) -> Iterator[Problem]:
    if venue not in document.venues:
        names = sorted(document.venues)
        hint = did_you_mean(venue, names) or f"the file has: {', '.join(names)}"
        yield _problem(key, venue, f"there is no [venues.{venue}], expected a venue of this file", hint)


def _owned_once(document: Document) -> Iterator[Problem]:
    """R6: names, instruments and holdings each belong to one hedge."""
    seen: dict[tuple[str, ...], str] = {}
    for index, hedge in enumerate(document.hedges):
        key = ("hedges", index)
        claims: list[tuple[KeyPath, str, tuple[str, ...]]] = [
            ((*key, "name"), hedge.name, ("the name", hedge.name)),
            (
                (*key, "short", "symbol"),
                hedge.short.symbol,
                ("the short", hedge.short.symbol, "on", hedge.short.venue),
            ),
        ]
        claims += [
            (
                (*key, "holdings", at, "source"),
                holding.source.value,
                (hedge.asset, "in", holding.source, "on", holding.venue),
            )
            for at, holding in enumerate(hedge.holdings)
            if holding.venue is not None
        ]
        for path, value, claim in claims:
            if claim in seen:
                what = " ".join(claim)
                yield _problem(
                    path,
                    value,
                    f"{what} is already used by {seen[claim]}, expected one hedge for each",
                    "merge the two, or remove one",
                )
            else:
                seen[claim] = f"hedges[{index}] ({hedge.name})"


def _problem(path: KeyPath, value: object, text: str, hint: str) -> Problem:
    return Problem(key=dotted(path), value=shown(path, value), text=text, hint=hint)
