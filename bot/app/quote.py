"""What `hedgebot quote` does: read what the markets tell, and compare; nothing is ever sent."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import permutations
from pathlib import Path
from typing import Final

from bot import logs
from bot.app.quote_reader import read_market
from bot.app.sessions import paper_session
from bot.app.venues import Session
from bot.core import quote_rank
from bot.domain.environment import Environment
from bot.domain.errors import ConfigFault, StartFault
from bot.domain.ids import Symbol, VenueName
from bot.domain.quote import (
    Comparison,
    NoPair,
    NotQuoted,
    PairQuote,
    PairRules,
    PerpTerms,
    SpotFacts,
    Wish,
)
from bot.ports import Clock
from bot.ports.public import PublicMarket
from bot.runtime.clock import SystemClock
from bot.settings import PAPER_SECRET, Settings, VenueSettings, load_settings, pair_policies, policies
from bot.venue.spec import VenueSpec

EXCHANGES: Final = ("binance", "okx", "kucoin")
"""Those that can be quoted without a settings file, the usual one first."""
USUAL_RULES: Final = PairRules(min_edge=Decimal("0.001"), slippage_reserve=Decimal("0.0002"))
"""Without a cross-exchange hedge of the coin in the settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteOptions:
    """One call of `quote`.

    Attributes:
        exchanges: to quote on; with a settings file those of its venues, none: all of them.
        config: the settings file whose hedges count; None: what the settings have by default.
        paper: embed the paper exchange.
        paper_at, paper_ca: of a served one.
        min_edge, slippage_reserve: when a cross-exchange trade is worth it; None: as the settings have it.
    """

    wish: Wish
    exchanges: tuple[str, ...]
    config: Path | None
    paper: bool
    paper_at: tuple[str, int] | None
    paper_ca: Path | None
    min_edge: Decimal | None = None
    slippage_reserve: Decimal | None = None

    @property
    def on_paper(self) -> bool:
        """Whether a paper exchange is asked for, embedded or served."""
        return self.paper or self.paper_at is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """One exchange to quote on.

    Attributes:
        shorts: how the settings would hold a short there.
    """

    spec: VenueSpec
    shorts: Mapping[Symbol, PerpTerms] = field(default_factory=dict)


def run_quote(options: QuoteOptions) -> Comparison:
    """Quote as `hedgebot quote` does.

    Raises:
        ConfigFault: the settings are wrong, or name no such exchange.
        StartFault: no exchange has the coin.
        VenueFault: an exchange could not be read; a fee that it does not tell is such a case.
    """
    settings = None
    if options.config is not None:
        settings = load_settings(options.config, os.environ, paper=options.on_paper, keyless=True)
    logs.configure(() if settings is None else settings.secrets())
    places = _plain_places(options) if settings is None else _settled_places(options, settings)
    rules = _rules(options, settings)
    return asyncio.run(
        _run(options, places, rules, embedded=options.paper or (settings is not None and settings.paper))
    )


def _rules(options: QuoteOptions, settings: Settings | None) -> PairRules:
    """When a cross-exchange trade would act: as asked for, else as the first such hedge of the coin has it."""
    hedges = () if settings is None else pair_policies(settings)
    mine = next((hedge for hedge in hedges if hedge.asset == options.wish.asset), None)
    usual = USUAL_RULES
    if mine is not None:
        usual = PairRules(min_edge=mine.min_edge, slippage_reserve=mine.slippage_reserve)
    return PairRules(
        min_edge=usual.min_edge if options.min_edge is None else options.min_edge,
        slippage_reserve=usual.slippage_reserve if options.slippage_reserve is None else options.slippage_reserve,
    )


def _plain_places(options: QuoteOptions) -> Sequence[_Place]:
    """Without settings: the exchanges by their names; on paper with the key of everybody there."""
    key = PAPER_SECRET if options.on_paper else ""
    environment = Environment.PAPER if options.on_paper else Environment.LIVE
    return [
        _Place(
            spec=VenueSpec(
                name=VenueName(exchange),
                exchange=exchange,
                environment=environment,
                api_key=key,
                secret=key,
                password=key,
            )
        )
        for exchange in options.exchanges or EXCHANGES[:1]
    ]


def _settled_places(options: QuoteOptions, settings: Settings) -> Sequence[_Place]:
    """The venues of the hedges of the coin; all venues where there is no such hedge. Raises ConfigFault."""
    asset = options.wish.asset
    mine = [policy for policy in policies(settings) if policy.asset == asset]
    used = {policy.venue for policy in mine} | {
        spec.venue for policy in mine for spec in policy.holdings if spec.venue is not None
    }
    used |= {place.venue for pair in pair_policies(settings) if pair.asset == asset for place in pair.places}
    places = [
        _Place(
            spec=_spec(venue),
            shorts={
                policy.symbol: PerpTerms(
                    leverage=policy.leverage,
                    slippage=policy.slippage,
                    target=policy.ladder.target,
                    reserve=policy.margin_reserve,
                )
                for policy in mine
                if policy.venue == name
            },
        )
        for name, venue in settings.venues.items()
        if (name in used or not used) and (venue.exchange in options.exchanges or not options.exchanges)
    ]
    if not places:
        raise ConfigFault(
            f"{options.config}: --exchange {' '.join(options.exchanges)}: no venue of the file is on it",
            hint="leave out --exchange, or --config",
        )
    return places


def _spec(venue: VenueSettings) -> VenueSpec:
    return VenueSpec(
        name=venue.name,
        exchange=venue.exchange,
        environment=venue.environment,
        api_key=venue.api_key.get_secret_value(),
        secret=venue.secret.get_secret_value(),
        password=venue.password.get_secret_value() if venue.password is not None else "",
    )


async def _run(options: QuoteOptions, places: Sequence[_Place], rules: PairRules, *, embedded: bool) -> Comparison:
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(
            paper_session(embedded=embedded, paper_at=options.paper_at, paper_ca=options.paper_ca, clock=clock)
        )
        markets = [await _opened(stack, place.spec, session, clock) for place in places]
        read = await asyncio.gather(
            *(
                read_market(market, place.shorts, options.wish, clock)
                for market, place in zip(markets, places, strict=True)
            )
        )
    alternatives = [alternative for part in read for alternative in part.alternatives]
    if all(isinstance(each, NotQuoted) and each.symbol is None for each in alternatives):
        where = ", ".join(market.name for market in markets)
        raise StartFault(
            f"{options.wish.asset}: neither a spot market nor a perpetual on {where}",
            hint="give the coin as the exchange names it, such as BTC",
        )
    spots = [part.spot for part in read if part.spot is not None]
    pairs = [_pair(options.wish, rules, buy, sell) for buy, sell in permutations(spots, 2)]
    return quote_rank.compare(options.wish, alternatives, pairs)


def _pair(wish: Wish, rules: PairRules, buy: SpotFacts, sell: SpotFacts) -> PairQuote | NoPair:
    if buy.market.quote != sell.market.quote:
        reason = f"bought in {buy.market.quote} and sold in {sell.market.quote}, whose price is not quoted here"
        return NoPair(buy=buy.market.venue, sell=sell.market.venue, reason=reason)
    return quote_rank.pair(wish.amount, buy, sell, rules)


async def _opened(stack: AsyncExitStack, spec: VenueSpec, session: Session | None, clock: Clock) -> PublicMarket:
    from bot.venue.public import CcxtPublic  # noqa: PLC0415 - ccxt takes a second; what was asked is judged before it

    market = CcxtPublic(spec, clock=clock, session=session)
    stack.push_async_callback(market.close)
    await market.start()
    return market
