"""The decision of a hedge that a person had unwound: reduce-only to flat, then nothing (R14, R18, R24).

The position alone is needed: what is held may be unknown, and a halt does not stand against it, as a person decided and
the short only shrinks. An order without an end is waited for (R18 would let an unwind pass it).
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from bot.core import account, sizing, slicing
from bot.core import exposure as ex
from bot.core import prices as px
from bot.core.reading import unknown_among, view_of
from bot.core.situation import Memory, Situation
from bot.domain.control import Control
from bot.domain.numbers import ZERO, plain
from bot.domain.observation import Position, Prices
from bot.domain.plan import HedgeView, Plan, PlannedOrder, Verdict


def by(control: Control) -> str:
    """Who gave a control and why, as far as known."""
    return (f" by {control.who}" if control.who else "") + (f" ({control.why})" if control.why else "")


def order_text(order: PlannedOrder) -> str:
    """One order in words."""
    request = order.request
    return f"{request.side} {plain(order.coins)} at {plain(request.price)} or better"


def decide(situation: Situation, memory: Memory, control: Control) -> tuple[Plan, Memory]:
    """See `bot.core.spot_perp.decide`.

    Args:
        situation: of which only position and prices must be known.
        memory: as the last decision left it. Nothing of a surplus is kept: after `resume` it is watched anew.
        control: the unwind that is in force.
    """
    memory = replace(memory, sample=None, surplus=None)
    position, prices = situation.position, situation.prices
    unknown = unknown_among([position, prices], situation)
    if unknown:
        return _plan(view_of(situation), control, Verdict.FROZEN, f"frozen where it is: {unknown}", alarm=True), memory
    assert isinstance(position, Position)
    assert isinstance(prices, Prices)
    mark, why, price_memory = px.judge(memory.prices, prices, situation.now_ms)
    memory = replace(memory, prices=price_memory)
    if mark is None:
        again_s = situation.policy.timing.confirm_s
        plan = _plan(view_of(situation), control, Verdict.CONFIRMING, why, alarm=True)
        return replace(plan, look_again_s=again_s), memory
    view = _view(situation, position, mark)
    left_alone = _left_alone(situation, memory, control, view, position)
    return left_alone or _order(situation, control, view, prices, mark), memory


def _view(situation: Situation, position: Position, mark: Decimal) -> HedgeView:
    """Target 0; what is held is shown, and not needed."""
    instrument = situation.instrument
    short = ex.short_coins(instrument, position.contracts, mark)
    price = instrument.coin_price(mark)
    return replace(
        view_of(situation),
        short=short,
        target=ZERO,
        gap=-short,
        gap_notional=-short * price,
        band_notional=ZERO,
        price=price,
        mark=mark,
        liquidation_price=position.liquidation_price,
    )


def _left_alone(
    situation: Situation, memory: Memory, control: Control, view: HedgeView, position: Position
) -> Plan | None:
    """Why nothing is closed now; None when it is."""
    if situation.waiting:
        plan = _plan(view, control, Verdict.WAITING, situation.waiting)
        return replace(plan, look_again_s=ZERO if situation.soon else None)
    foreign = account.foreign_position(position)
    if foreign:
        return _plan(view, control, Verdict.FROZEN, f"{foreign}; left alone", alarm=True)
    if position.contracts == 0:
        return _plan(view, control, Verdict.UNWOUND, "the short is closed and stays so until `hedgebot resume`")
    left_s = _grace_left_s(situation, memory, control)
    if left_s > 0:
        reason = f"the position was changed by others; left alone for another {left_s:.0f} s"
        return _plan(view, control, Verdict.WAITING, reason, alarm=True)
    if situation.now_ms < situation.live_from_ms:
        wait_s = Decimal(situation.live_from_ms - situation.now_ms) / 1000
        reason = f"no order for another {wait_s:.0f} s (fresh journal, or the venue refused the last one)"
        plan = _plan(view, control, Verdict.WAITING, reason)
        return replace(plan, look_again_s=slicing.soon(wait_s, situation), want_book=True)
    return None


def _grace_left_s(situation: Situation, memory: Memory, control: Control) -> Decimal:
    """R25: a change by others since the command; one from before it, the person has seen."""
    since_ms = memory.foreign_since_ms
    if since_ms is None or since_ms <= control.since_ms:
        return ZERO
    return situation.policy.timing.foreign_grace_s - Decimal(situation.now_ms - since_ms) / 1000


def _order(situation: Situation, control: Control, view: HedgeView, prices: Prices, mark: Decimal) -> Plan:
    instrument, tries = situation.instrument, situation.unfilled_tries
    assert isinstance(situation.position, Position)
    if prices.book is None:
        plan = _plan(view, control, Verdict.CONFIRMING, "the order book is read before the order is sized")
        return replace(plan, look_again_s=ZERO, want_book=True)
    _, short_min = sizing.bounds(situation.position.contracts, situation.unfilled)
    wanted = sizing.decrease_contracts(ZERO, short_min, instrument.quantity_step)
    order = slicing.buy_back(
        situation.policy,
        instrument,
        prices,
        prices.book,
        mark,
        wanted,
        unfilled_tries=tries,
        hedged=situation.hedged,
    )
    if isinstance(order, str):
        return replace(_plan(view, control, Verdict.TOO_SMALL, order, alarm=True), want_book=True)
    assert view.gap is not None
    contracts = order.request.contracts
    left = f"; {plain(wanted - contracts)} contracts stay for later orders" if contracts < wanted else ""
    plan = _plan(view, control, Verdict.ORDER, f"the short is closed{left}", alarm=slicing.urgent(tries))
    return replace(plan, order=order, gap_after=view.gap + order.coins)


def _plan(view: HedgeView, control: Control, verdict: Verdict, reason: str, *, alarm: bool = False) -> Plan:
    told = f"unwound{by(control)}: {reason}"
    return Plan(view=view, verdict=verdict, reason=told, gap_after=view.gap, alarm=alarm)
