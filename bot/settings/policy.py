"""From the settings to the values that the core decides by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from bot.domain.feed import FeedSpec
from bot.domain.ids import Asset, HedgeName, Symbol, VenueName
from bot.domain.ladder import LadderPolicy
from bot.domain.observation import Source
from bot.domain.policy import (
    Band,
    Caps,
    FundingPolicy,
    HedgePolicy,
    HoldingSpec,
    StandIn,
    Timing,
    fallback_name,
)
from bot.settings.kinds import AMOUNT_MAX, RATE_MAX
from bot.settings.load import Settings
from bot.settings.model import HedgeTable, HoldingTable
from bot.settings.owners import brings_margin, brings_transit, tells_transit


def policies(settings: Settings) -> tuple[HedgePolicy, ...]:
    """One policy for each hedge, in the file's order; that of a fallback comes right after its hedge's own."""
    return tuple(policy for hedge in settings.hedges for policy in _legs(hedge, settings))


def _legs(hedge: HedgeTable, settings: Settings) -> Iterator[HedgePolicy]:
    first, fallback = _policy(hedge, settings), hedge.fallback
    yield first
    if fallback is not None:
        venue = VenueName(fallback.venue)
        sells = any(spec.source is Source.SPOT and spec.venue == venue and not spec.token for spec in first.holdings)
        yield replace(
            first,
            name=fallback_name(first.name),
            venue=venue,
            symbol=Symbol(fallback.symbol),
            margin_mode=fallback.margin_mode,
            leverage=fallback.leverage_setting,
            ladder=replace(first.ladder, reduce=first.ladder.reduce and sells),
            stands_in=StandIn(hedge=first.name, after_s=fallback.after_s),
        )


def wanted_feeds(settings: Settings) -> tuple[FeedSpec, ...]:
    """Every feed that the hedges name, each under the key that its policy has."""
    return tuple(
        feed
        for hedge in settings.hedges
        for index, holding in enumerate(hedge.holdings)
        for feed in _feeds(hedge, index, holding)
    )


def _feeds(hedge: HedgeTable, index: int, holding: HoldingTable) -> Iterator[FeedSpec]:
    coin = holding.asset or hedge.asset
    if holding.file is not None or holding.url is not None:
        yield _feed(
            holding,
            key=_key(hedge, index, "quantity"),
            what=f"external {coin}",
            source=(holding.file, holding.url, holding.path),
            rate=False,
            most=AMOUNT_MAX,
        )
    if holding.rate_file is not None or holding.rate_url is not None:
        yield _feed(
            holding,
            key=_key(hedge, index, "rate"),
            what=f"rate of {coin}",
            source=(holding.rate_file, holding.rate_url, holding.rate_path),
            rate=True,
            most=RATE_MAX,
        )


def _feed(
    holding: HoldingTable,
    *,
    key: str,
    what: str,
    source: tuple[str | None, str | None, str | None],
    rate: bool,
    most: Decimal,
) -> FeedSpec:
    file, url, path = source
    return FeedSpec(
        key=key,
        what=what,
        file=None if file is None else Path(file),
        url=url,
        path=path or "",
        rate=rate,
        most=most,
        refresh_s=holding.refresh_s,
        max_age_s=holding.max_age_s,
        file_age_max_s=holding.file_age_max_s,
    )


def _key(hedge: HedgeTable, index: int, number: str) -> str:
    return f"{hedge.name}.holdings[{index}].{number}"


def _policy(hedge: HedgeTable, settings: Settings) -> HedgePolicy:
    holdings = [_holding(hedge, index, holding) for index, holding in enumerate(hedge.holdings)]
    holdings += _implied(hedge, settings)
    return HedgePolicy(
        name=HedgeName(hedge.name),
        asset=Asset(hedge.asset),
        ratio=hedge.ratio,
        holdings=tuple(holdings),
        venue=VenueName(hedge.short.venue),
        symbol=Symbol(hedge.short.symbol),
        margin_mode=hedge.short.margin_mode,
        leverage=hedge.short.leverage_setting,
        band=Band(relative=hedge.band.relative, notional=hedge.band.notional),
        caps=Caps(
            order_notional=hedge.caps.order_notional,
            notional_per_hour=hedge.caps.notional_per_hour,
            orders_per_minute=hedge.caps.orders_per_minute,
            total_short=hedge.caps.total_short,
        ),
        timing=Timing(
            dwell_s=hedge.dwell_s,
            confirm_s=hedge.confirm_s,
            foreign_grace_s=hedge.foreign_grace_s,
            proof_grace_s=hedge.proof_grace_s,
            proof_spacing_s=hedge.proof_spacing_s,
            age_max_s=hedge.age_max_s,
            settle_s=hedge.settle_s,
            transit_max_s=hedge.transit_max_s,
        ),
        slippage=hedge.slippage,
        slippage_urgent=hedge.max_slippage_urgent,
        margin_reserve=hedge.margin_reserve,
        funding=FundingPolicy(
            max_apr=hedge.max_funding_apr,
            window_s=hedge.funding_window_s,
            close_above=None if hedge.funding is None else hedge.funding.close_above,
            reopen_below=None if hedge.funding is None else hedge.funding.reopen_below,
        ),
        ladder=LadderPolicy(
            top_up=hedge.ladder.top_up,
            reduce=hedge.ladder.reduce,
            alarm_at=hedge.ladder.alarm_at,
            act_at=hedge.ladder.act_at,
            target=hedge.ladder.target,
            critical=hedge.ladder.critical,
            reserve=hedge.ladder.reserve,
        ),
    )


def _implied(hedge: HedgeTable, settings: Settings) -> Iterator[HoldingSpec]:
    """Sources that come with others: coins that margin an inverse short (R2), and what Earn is giving back (R11)."""
    margin = brings_margin(hedge, settings.venues[VenueName(hedge.short.venue)].exchange)
    if margin is not None:
        yield HoldingSpec(source=margin, venue=VenueName(hedge.short.venue))
    venues = settings.venues.items()
    silent = {name for name, venue in venues if not tells_transit(venue.exchange, venue.environment)}
    for name in brings_transit(hedge, silent):
        yield HoldingSpec(source=Source.TRANSIT, venue=VenueName(name))


def _holding(hedge: HedgeTable, index: int, holding: HoldingTable) -> HoldingSpec:
    token = None if holding.asset in {None, hedge.asset} else Asset(str(holding.asset))
    return HoldingSpec(
        source=holding.source,
        venue=None if holding.venue is None else VenueName(holding.venue),
        amount=holding.amount,
        feed=None if holding.file is None and holding.url is None else _key(hedge, index, "quantity"),
        token=token,
        rate=holding.rate,
        rate_feed=None if holding.rate_file is None and holding.rate_url is None else _key(hedge, index, "rate"),
    )
