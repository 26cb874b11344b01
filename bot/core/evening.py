"""Until both venues are even again: what to do for a trade of which a leg fell short (R16, R20 to R22).

Coins that are too many are sold, coins that are missing are bought, on that one of the trade's two venues where it
costs less. On the venue of the leg that fell short this completes it; on the other it undoes that one. Completing is
never dearer than the trade's largest loss; undoing goes on, ever further from the touch, until both are even.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Final

from bot.core import pair_result as pr
from bot.core.evening_order import TRIES_TO_WIDEST, Choice, EveningCase, choice, dust, tries
from bot.domain.evening import EveningPlan, EveningVerdict
from bot.domain.intent import IntentState
from bot.domain.numbers import ONE, ZERO, plain
from bot.domain.orders import Side
from bot.domain.pair import PairRecord, PairState, PairStory

LOOK_AGAIN_S: Final = ONE
_UNTOLD: Final = "the trades of its orders are not all told yet"


def even_out(case: EveningCase) -> EveningPlan:
    """Say what the trade needs: to wait, one order, or nothing more."""
    orders = case.story.orders
    added = pr.imbalance(case.story, case.fees_in_coins)
    step = max(case.buy.market.quantity_step, case.sell.market.quantity_step)
    naked = abs(added) - pr.doubt(case.story, case.fees_in_coins) >= step
    open_ones = [order for order in orders if not order.state.terminal]
    if open_ones:
        unknown = any(order.state is IntentState.UNKNOWN for order in open_ones)
        told = ", ".join(f"{order.intent.request.side} on {order.intent.request.venue}" for order in open_ones)
        why = f"the outcome of the {told} is not known; nothing more is sent until it is"
        return _waiting(EveningVerdict.WAIT, why, added, naked=naked, alarm=unknown or naked)
    settled = all(order.filled == 0 or order.intent.client_id in case.fees_in_coins for order in orders)
    if not naked:
        if not settled:
            return _waiting(EveningVerdict.WAIT, _UNTOLD, added)
        why = f"even, with {plain(added)} {case.policy.asset} more than before"
        return EveningPlan(verdict=EveningVerdict.EVEN, reason=why, imbalance=added)
    return _uneven(case, added, settled=settled)


def _uneven(case: EveningCase, added: Decimal, *, settled: bool) -> EveningPlan:
    side = Side.SELL if added > 0 else Side.BUY
    venues = (case.buy, case.sell)
    smalls = [dust(case, reading, side, abs(added)) for reading in venues]
    # Where one takes no order so small, the other may have nothing left to sell, or to pay with: that is dust as well.
    lacks = [dust(case, reading, side, abs(added), payable=True) for reading in venues]
    if any(smalls) and all(lacks):
        if not settled:
            return _waiting(EveningVerdict.WAIT, _UNTOLD, added, naked=True)
        why = f"{plain(added)} {case.policy.asset} are left, which no venue takes: {lacks[0]}; {lacks[1]}"
        return EveningPlan(verdict=EveningVerdict.DUST, reason=why, imbalance=added, naked=True, alarm=True)
    missed = tries(case.story)
    if len(missed) >= TRIES_TO_WIDEST and case.now_ms - missed[0].updated_ms < LOOK_AGAIN_S * 1000:
        why = f"{plain(added)} {case.policy.asset} uneven, the last {len(missed)} orders evened nothing: one a second"
        return _waiting(EveningVerdict.STUCK, why, added, naked=True, alarm=True)
    found = [small or choice(case, reading, side, abs(added)) for reading, small in zip(venues, smalls, strict=True)]
    choices = [each for each in found if isinstance(each, Choice)]
    if not choices:
        told = "; ".join(f"{reading.place.venue}: {why}" for reading, why in zip(venues, found, strict=True))
        why = f"{plain(added)} {case.policy.asset} uneven, and no order can be sent: {told}"
        return _waiting(EveningVerdict.STUCK, why, added, naked=True, alarm=True)
    # Dearest last, whether it sells or buys; a venue that did not fill the last order is asked after the other.
    best = min(choices, key=lambda each: (each.misses, each.price * side.sign))
    request = best.approved.request
    what = f"{request.side} {plain(request.contracts)} on {request.venue} at {plain(request.price)} or better"
    why = f"to {'complete the leg there' if best.completes else 'undo the leg there'}"
    return EveningPlan(
        verdict=EveningVerdict.ORDER,
        reason=f"{plain(added)} {case.policy.asset} uneven: {what}, {why}",
        imbalance=added,
        naked=True,
        order=best.approved,
        completes=best.completes,
        result=best.result,
        look_again_s=ZERO,
        alarm=True,
    )


def watched(record: PairRecord, story: PairStory, plan: EveningPlan, now_ms: int) -> PairRecord:
    """The record of a trade as the plan leaves it: state, since when it is naked and for how long, what is left.

    It is naked from the first fill on until it is even or over. An answer may tell of a fill long after it, so that it
    counts from when the order left: never less than it was.

    Args:
        record: as it is stored; the same is returned when nothing of it changes.
        story: the trade with its orders as they are now.
        plan: what `even_out` says of them.
        now_ms: our clock.
    """
    filled = [order for order in story.orders if order.filled > 0]
    began_ms = min((order.intent.created_ms for order in filled), default=now_ms)
    over = {EveningVerdict.EVEN: PairState.EVEN, EveningVerdict.DUST: PairState.DUST}.get(plan.verdict)
    known = all(order.state.terminal for order in story.orders[:2])
    state = over or (PairState.EVENING if known and plan.naked else record.state)
    since_ms, naked_ms = record.naked_since_ms, record.naked_ms
    if plan.naked and since_ms is None:
        since_ms = now_ms if naked_ms else began_ms
    if since_ms is not None and (over is not None or not plan.naked):
        naked_ms += max(now_ms - since_ms, 0)
        since_ms = None
    elif over is not None and naked_ms == 0:
        naked_ms = max((order.updated_ms for order in filled), default=now_ms) - began_ms
    left = plan.imbalance if over is not None else record.left
    changed = replace(record, state=state, naked_since_ms=since_ms, naked_ms=naked_ms, left=left)
    return record if changed == record else replace(changed, detail=plan.reason, updated_ms=now_ms)


def _waiting(
    verdict: EveningVerdict, reason: str, added: Decimal, *, naked: bool = False, alarm: bool = False
) -> EveningPlan:
    return EveningPlan(
        verdict=verdict, reason=reason, imbalance=added, naked=naked, look_again_s=LOOK_AGAIN_S, alarm=alarm
    )
