"""Holdings of a spot-perp hedge while a cross-exchange trade of the same coin is under way.

The two orders of a trade change the coins of two venues, and each venue shows its part when it likes. A buy that is
seen before its sale looks like new coins; hedging them would open a short for coins that are as good as sold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from bot.core.pair_result import imbalance, leg_on
from bot.domain.numbers import ZERO
from bot.domain.observation import Holding, Source, Unknown
from bot.domain.orders import Side
from bot.domain.pair import PairLeg, PairStory


def beside_pairs(
    holdings: Sequence[Holding | Unknown], stories: Sequence[PairStory], now_ms: int, grace_ms: int
) -> tuple[Holding | Unknown, ...]:
    """The same holdings without what trades under way, or just over, have done to them.

    Of a trade that is over, and of one that is naked for longer than the grace with all outcomes known, the coins are
    as the venues tell them, once every venue was read after its last order had ended. Until then the trade's part is
    taken out of each venue's reading: how far that has moved from what it was before, in the direction of the trade's
    orders there, but no further than these can have moved it.

    Args:
        holdings: of a spot-perp hedge.
        stories: trades of the last minutes, and all that are not over, of any hedge, oldest first.
        now_ms: our clock.
        grace_ms: what could not be evened for so long is coins like any other.

    Returns:
        Spot holdings on the trade's venues changed, or Unknown where its part can't be told; others as they are.
    """
    changed = list(holdings)
    for story in reversed(stories):  # the newest first: what a venue held before an older one is before a newer one
        if _shown(changed, story, now_ms, grace_ms):
            continue
        changed = [_without(held, story) if isinstance(held, Holding) else held for held in changed]
    return tuple(changed)


def _shown(holdings: Sequence[Holding | Unknown], story: PairStory, now_ms: int, grace_ms: int) -> bool:
    """Whether the readings tell what has become of a trade by themselves."""
    record = story.record
    if any(not order.state.terminal for order in story.orders):
        return False
    if not record.state.over and not _lasting(story, now_ms, grace_ms):
        return False
    ended_ms = max((order.updated_ms for order in story.orders), default=record.updated_ms)
    own = [held for held in holdings if isinstance(held, Holding) and _leg_of(held, story) is not None]
    return all(held.stamp.sent_ms >= ended_ms for held in own)


def _lasting(story: PairStory, now_ms: int, grace_ms: int) -> bool:
    """Its evening had so long: before both outcomes were known it could not begin."""
    known_ms = max((order.updated_ms for order in story.orders[:2]), default=0)
    return story.record.naked_since_ms is not None and now_ms - max(story.record.naked_since_ms, known_ms) > grace_ms


def _leg_of(held: Holding, story: PairStory) -> PairLeg | None:
    trade = story.record.trade
    if held.source is not Source.SPOT or held.asset != trade.asset or held.token is not None:
        return None
    return next((leg for leg in (trade.buy, trade.sell) if leg.venue == held.venue), None)


def _without(held: Holding, story: PairStory) -> Holding | Unknown:
    leg, trade = _leg_of(held, story), story.record.trade
    if leg is None or held.stamp.answered_ms <= trade.created_ms:
        return held
    low, high = _moved(story, leg, held.stamp.sent_ms)
    if low == high:
        part = low
    elif leg.holding_before is None:
        reason = f"trade {trade.pair_id} is under way there, and it was not read what was held before"
        return Unknown(what=f"spot of {leg.venue}", reason=reason, source=held.source, venue=held.venue)
    else:
        part = min(max(held.quantity - leg.holding_before, low), high)
    return replace(held, quantity=held.quantity - part, principal=held.principal - part)


def _moved(story: PairStory, leg: PairLeg, sent_ms: int) -> tuple[Decimal, Decimal]:
    """By how many coins at least and at most the trade's orders have moved a reading of a venue."""
    low = high = ZERO
    for order in story.orders:
        if leg_on(story.record.trade, order) != leg:
            continue
        ended = order.state.terminal and sent_ms >= order.updated_ms
        one = PairStory(record=story.record, orders=(order,))
        known = imbalance(one, {})
        if ended:
            low, high = low + known, high + known
        elif order.intent.request.side is Side.BUY:
            high += known if order.state.terminal else order.intent.request.contracts
        else:
            low += known if order.state.terminal else -order.intent.request.contracts
    return low, high
