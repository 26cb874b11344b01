"""What single values can't tell: rules that hold between settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.units import asset_and_multiplier
from bot.domain.environment import Environment
from bot.domain.instrument import MarginMode
from bot.domain.observation import Source
from bot.settings.exchanges import (
    ALIASES,
    UNIFIED,
    UNVERIFIED,
    VERIFIED,
    WITH_DEAD_MAN,
    WITH_TESTNET,
    WITHOUT_PERPETUALS,
)
from bot.settings.exit_model import ExitTable
from bot.settings.exit_rules import broken_exit, exit_warnings
from bot.settings.fallback import broken_fallback
from bot.settings.ladder import broken_ladder
from bot.settings.model import Defaults, Document, HedgeTable, HoldingTable, ShortTable, VenueTable
from bot.settings.owners import owned_once
from bot.settings.pair_model import PairTable
from bot.settings.pairs import broken_pair
from bot.settings.problems import KeyPath, Problem, did_you_mean, dotted, shown

_ANSWER_S: Final = 10
"""How long a feed may take to answer."""


def broken_rules(document: Document, *, paper: bool) -> Iterator[Problem]:
    """Everything in a well-formed file that still must not run.

    Args:
        document: the file, each value fine by itself.
        paper: `--paper` or `--paper-at` was given.
    """
    for name, venue in document.venues.items():
        yield from _exchange(name, venue, paper=paper)
        if venue.environment is Environment.LIVE and not (paper or venue.real_money or document.real_money):
            yield _problem(
                ("venues", name, "environment"),
                "live",
                "this is real money, expected `real_money = true` beside it",
                "write `real_money = true` once you mean it, or try it first with --paper",
            )
    yield from _mixed(document)
    yield from _hysteresis((), document)
    for index, hedge in enumerate(document.hedges):
        key = ("hedges", index)
        match hedge:
            case HedgeTable():
                yield from _hysteresis(key, hedge)
                yield from _hedge(key, hedge, document)
                yield from broken_ladder(key, hedge, document)
            case PairTable():
                yield from broken_pair(key, hedge, document)
            case ExitTable():
                yield from broken_exit(key, hedge, document)
    yield from owned_once(document)


def warnings(document: Document) -> Iterator[str]:
    """What is allowed, but a careful reader should know."""
    for name, venue in document.venues.items():
        if venue.exchange in UNVERIFIED:
            yield (
                f"venues.{name}: hedgebot was not verified on {venue.exchange}: it has no paper exchange here, and "
                "nobody has tested what it answers; begin with its testnet and small amounts"
            )
        if venue.dead_man_s and venue.exchange not in WITH_DEAD_MAN:
            yield f"venues.{name}: dead_man_s does nothing on {venue.exchange}, which has no such switch"
    yield from exit_warnings(document)


def _hysteresis(key: KeyPath, table: Defaults) -> Iterator[Problem]:
    """What closes a short must be well above what opens it again, or both follow each other."""
    funding = table.funding
    if funding is not None and funding.reopen_below >= funding.close_above:
        yield _problem(
            (*key, "funding", "reopen_below"),
            str(funding.reopen_below),
            f"expected less than close_above, which is {funding.close_above}",
            'such as funding = {close_above = "0.50", reopen_below = "0.10"}',
        )


def _exchange(name: str, venue: VenueTable, *, paper: bool) -> Iterator[Problem]:
    key = ("venues", name, "exchange")
    if venue.exchange in ALIASES:
        yield _problem(
            key, venue.exchange, "one exchange is one venue here", f'set exchange = "{ALIASES[venue.exchange]}"'
        )
    elif venue.exchange in WITHOUT_PERPETUALS:
        yield _problem(
            key,
            venue.exchange,
            "this exchange has no perpetuals that can be reached, expected one that has",
            f"verified are {', '.join(sorted(VERIFIED))}",
        )
    elif venue.exchange not in VERIFIED | UNVERIFIED:
        yield _problem(
            key,
            venue.exchange,
            "unknown exchange, expected an id of ccxt",
            did_you_mean(venue.exchange, sorted(VERIFIED | UNVERIFIED))
            or f"verified are {', '.join(sorted(VERIFIED))}",
        )
    where = ("venues", name, "environment")
    if venue.environment is Environment.TESTNET and venue.exchange not in WITH_TESTNET:
        unverified = venue.exchange in UNVERIFIED
        yield _problem(
            where,
            "testnet",
            f"{venue.exchange} has no testnet, expected " + ("`live`" if unverified else "`paper` or `live`"),
            "try the hedge on a verified exchange first"
            if unverified
            else 'set environment = "paper": the built-in exchange needs no keys',
        )
    if (paper or venue.environment is Environment.PAPER) and venue.exchange in UNVERIFIED - ALIASES.keys():
        yield _problem(
            key if paper else where,
            venue.exchange if paper else "paper",
            f"there is no built-in {venue.exchange}, expected `testnet` or `live` and no --paper",
            f"the built-in exchanges are {', '.join(sorted(VERIFIED))}",
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
    yield from _short((*key, "short"), hedge.short, hedge, document)
    if hedge.fallback is not None:
        yield from _short((*key, "fallback"), hedge.fallback, hedge, document)
        yield from broken_fallback(key, hedge, hedge.fallback)
    for index, holding in enumerate(hedge.holdings):
        yield from _holding((*key, "holdings", index), holding, hedge, document)
    yield from _no_margin_account(key, hedge, document)
    if hedge.max_slippage_urgent < hedge.slippage:
        yield _problem(
            (*key, "max_slippage_urgent"),
            str(hedge.max_slippage_urgent),
            f"expected at least the slippage, {hedge.slippage}",
            "raise max_slippage_urgent or lower slippage",
        )


def _short(key: KeyPath, short: ShortTable, hedge: HedgeTable, document: Document) -> Iterator[Problem]:
    yield from _margined(key, short, hedge)
    yield from _symbol((*key, "symbol"), short.symbol, hedge)
    yield from _venue_exists((*key, "venue"), short.venue, document)


def _margined(key: KeyPath, short: ShortTable, hedge: HedgeTable) -> Iterator[Problem]:
    """R15: how a contract must be margined."""
    if short.inverse:
        if short.margin_mode is not MarginMode.CROSS:
            yield _problem(
                (*key, "margin"),
                short.margin_mode.value,
                'expected "cross": all coins of the margin wallet back a coin-margined short',
                "remove `margin`, or use a perpetual that settles in a stablecoin",
            )
        if short.leverage_setting < 2:
            yield _problem(
                (*key, "leverage"),
                short.leverage_setting,
                "expected 2 or more for a coin-margined perpetual: at 1 the last contracts do not fit",
                "remove `leverage`; the bot itself holds the short at 1x or less",
            )
    elif short.leverage_setting != 1 and not hedge.allow_leverage:
        yield _problem(
            (*key, "leverage"),
            short.leverage_setting,
            "expected 1: with more, a smaller rise of the price liquidates the short",
            "set leverage = 1, or write `allow_leverage = true` on the hedge",
        )


def _symbol(key: KeyPath, symbol: str, hedge: HedgeTable) -> Iterator[Problem]:
    base = symbol.partition("/")[0]
    try:
        coin, _ = asset_and_multiplier(base)
    except ValueError as error:
        yield _problem(key, symbol, str(error), "hedge another coin until hedgebot knows this one")
        return
    if coin != hedge.asset:
        yield _problem(
            key, symbol, f"expected a perpetual on {hedge.asset}, the hedge's asset", "correct the symbol or the asset"
        )


def _holding(key: KeyPath, holding: HoldingTable, hedge: HedgeTable, document: Document) -> Iterator[Problem]:
    numbers = [name for name in ("amount", "file", "url") if getattr(holding, name) is not None]
    if holding.source is Source.EXTERNAL:
        if len(numbers) != 1:
            yield _problem(
                (*key, "amount"),
                None,
                f"{' and '.join(numbers) or 'nothing'} given, expected exactly one of amount, file, url: "
                "how many coins the external holding is",
                'such as amount = "3"',
            )
        if holding.venue is not None:
            yield _problem(
                (*key, "venue"), holding.venue, "expected none: an external holding is on no venue", "remove it"
            )
    else:
        for name in numbers:
            yield _problem(
                (*key, name),
                str(getattr(holding, name)),
                f"expected none: the venue tells how much is in {holding.source}",
                'remove it, or use source = "external"',
            )
        if holding.venue is None:
            yield _problem(
                (*key, "venue"), None, "is missing, expected the venue that holds the coins", 'such as venue = "main"'
            )
        else:
            yield from _venue_exists((*key, "venue"), holding.venue, document)
    yield from _ages(key, holding)
    if holding.path is not None and not {"file", "url"} & {*numbers}:
        yield _problem((*key, "path"), holding.path, "expected none: there is no file and no url", "remove it")
    yield from _token(key, holding, hedge)


def _ages(key: KeyPath, holding: HoldingTable) -> Iterator[Problem]:
    """Settings of feeds: only where there is a feed, and such that one reading lasts until the next."""
    fed = any(getattr(holding, name) is not None for name in ("file", "url", "rate_file", "rate_url"))
    for name in ("refresh_s", "max_age_s", "file_age_max_s"):
        files = name != "file_age_max_s" or holding.file is not None or holding.rate_file is not None
        if name in holding.model_fields_set and not (fed and files):
            yield _problem(
                (*key, name), str(getattr(holding, name)), "expected none: nothing of this holding is read", "remove it"
            )
    if fed and holding.max_age_s < holding.refresh_s + _ANSWER_S:
        yield _problem(
            (*key, "max_age_s"),
            str(holding.max_age_s),
            f"expected at least refresh_s + {_ANSWER_S} s, or the hedge is frozen between two readings",
            "raise max_age_s or lower refresh_s",
        )


def _token(key: KeyPath, holding: HoldingTable, hedge: HedgeTable) -> Iterator[Problem]:
    """A token that stands for the coin needs exactly one source of its rate; the coin itself needs none."""
    rates = [name for name in ("rate", "rate_file", "rate_url") if getattr(holding, name) is not None]
    if holding.asset is None or holding.asset == hedge.asset:
        for name in rates:
            yield _problem(
                (*key, name),
                str(getattr(holding, name)),
                f"expected none: the holding is {hedge.asset} itself",
                'name the token it is of, such as asset = "WBETH", or remove it',
            )
    elif len(rates) != 1:
        yield _problem(
            (*key, "asset"),
            holding.asset,
            f"{' and '.join(rates) or 'no rate'} given, expected exactly one of rate, rate_file, rate_url: "
            f"how many {hedge.asset} one {holding.asset} is",
            'such as rate = "1.0834"',
        )
    if holding.rate_path is not None and not {"rate_file", "rate_url"} & {*rates}:
        yield _problem(
            (*key, "rate_path"), holding.rate_path, "expected none: there is no rate_file and no rate_url", "remove it"
        )


def _no_margin_account(key: KeyPath, hedge: HedgeTable, document: Document) -> Iterator[Problem]:
    """R5: a unified account has one row for spot and margin; named as two sources, every coin would count twice."""
    for index, holding in enumerate(hedge.holdings):
        venue = document.venues.get(holding.venue or "")
        if holding.source is Source.MARGIN and venue and venue.exchange in UNIFIED:
            yield _problem(
                (*key, "holdings", index, "source"),
                holding.source.value,
                f'{venue.exchange} has one account for spot and margin, expected "spot", which is both',
                'write source = "spot"',
            )


def _venue_exists(key: KeyPath, venue: str, document: Document) -> Iterator[Problem]:
    if venue not in document.venues:
        names = sorted(document.venues)
        hint = did_you_mean(venue, names) or f"the file has: {', '.join(names)}"
        yield _problem(key, venue, f"there is no [venues.{venue}], expected a venue of this file", hint)


def _problem(path: KeyPath, value: object, text: str, hint: str) -> Problem:
    return Problem(key=dotted(path), value=shown(path, value), text=text, hint=hint)
