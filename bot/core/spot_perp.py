"""The spot-perp decision: from one reading and what is remembered to a plan. Pure (R1 to R16, R23 to R25)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Final

from bot.core import account, beside_exits, funding, inverse, sizing, slicing, unwinding
from bot.core import exposure as ex
from bot.core import observation as obs
from bot.core import prices as px
from bot.core.margin import liquidation_price
from bot.core.reading import Reading, first_unknown, read, view_of
from bot.core.situation import Memory, Situation
from bot.core.unwinding import by, order_text
from bot.domain.control import Control, ControlKind
from bot.domain.numbers import ZERO, plain
from bot.domain.observation import Holding, Prices
from bot.domain.orders import Side
from bot.domain.plan import Plan, Verdict

_NOT_OURS_TO_DECIDE: Final = frozenset({Verdict.FROZEN, Verdict.HALTED})
"""What a pause does not hide."""
_LEAVING_A_GAP: Final = frozenset({Verdict.ORDER, Verdict.NO_MARGIN})


def decide(situation: Situation, memory: Memory) -> tuple[Plan, Memory]:
    """Decide what to do now.

    Returns:
        The plan, with at most one order, and what to remember. Nothing is changed in place: deciding twice on the
        same input gives the same answer.
    """
    control = situation.control
    if control is not None and control.kind is ControlKind.UNWIND:
        return unwinding.decide(situation, memory, control)
    watched = funding.watch(memory.funding, _funding_cost(situation), situation.now_ms, situation.policy.funding)
    turned, memory = watched.closed is not memory.funding.closed, replace(memory, funding=watched)
    if watched.closed:
        situation = replace(situation, policy=replace(situation.policy, ratio=ZERO))
    plan, memory = _decide(situation, memory)
    plan = _with_overdue(_with_funding(plan, watched, turned=turned), situation)
    return plan if control is None else _paused(plan, control), memory


def _funding_cost(situation: Situation) -> Decimal | None:
    prices = situation.prices
    if not isinstance(prices, Prices) or prices.funding_rate is None:
        return None
    return funding.cost_a_year(prices.funding_rate, situation.funding_interval_ms)


def _with_funding(plan: Plan, watched: funding.FundingMemory, *, turned: bool) -> Plan:
    """Say that funding keeps the short closed, and tell a person when that begins or ends."""
    if not (watched.closed or turned):
        return plan
    done = "keeps the short closed" if watched.closed else "lets the short be opened again"
    reason = f"{plan.reason}; funding, at {watched.average():.4f} of its notional a year, {done}"
    return replace(plan, reason=reason, alarm=plan.alarm or turned)


def _paused(plan: Plan, control: Control) -> Plan:
    """What would be done is said and not done; what is wrong is told all the same."""
    open_gap = plan.verdict in _LEAVING_A_GAP
    would = f"{order_text(plan.order)}, as it is {plan.reason}" if plan.order is not None else plan.reason
    return replace(
        plan,
        verdict=plan.verdict if plan.verdict in _NOT_OURS_TO_DECIDE else Verdict.PAUSED,
        reason=f"paused{by(control)}, nothing is sent; without that: {would}",
        order=None,
        gap_after=plan.view.gap,
        look_again_s=None,
        want_book=plan.want_book or plan.order is not None,
        alarm=plan.alarm or open_gap,
    )


def _decide(situation: Situation, memory: Memory) -> tuple[Plan, Memory]:
    unknown = first_unknown(situation)
    if unknown:
        return _frozen(situation, f"frozen where it is: {unknown}"), replace(memory, sample=None)
    assert isinstance(situation.prices, Prices)  # first_unknown has looked
    mark, why, price_memory = px.judge(
        memory.prices, situation.prices, situation.now_ms, sized_by_price=inverse.is_inverse(situation.instrument)
    )
    memory = replace(memory, prices=price_memory)
    if mark is None:
        plan = Plan(
            view=view_of(situation),
            verdict=Verdict.CONFIRMING,
            reason=why,
            look_again_s=situation.policy.timing.confirm_s,
            alarm=True,
        )
        return plan, memory
    reading = read(situation, mark)
    if isinstance(reading, str):
        return _frozen(situation, f"frozen where it is: {reading}"), replace(memory, sample=None)
    plan, memory = _act(reading, memory)
    return _with_overdrawn(plan, reading), replace(memory, sample=reading.sample)


def _frozen(situation: Situation, reason: str) -> Plan:
    return Plan(view=view_of(situation), verdict=Verdict.FROZEN, reason=reason, alarm=True)


def _with_overdue(plan: Plan, situation: Situation) -> Plan:
    """R11: coins that are on their way for too long are told, whatever else there is to say."""
    late = [held for held in situation.holdings if isinstance(held, Holding) and held.overdue > 0]
    if not late:
        return plan
    told = ", ".join(f"{plain(held.overdue)} {held.asset} to or from {held.venue}" for held in late)
    reason = f"{plan.reason}; on the way for more than transit_max_s and not counted any more: {told}"
    return replace(plan, reason=reason, alarm=True)


def _with_overdrawn(plan: Plan, reading: Reading) -> Plan:
    """R15, R28: an inverse short that its margin does not back is told, whatever else there is to say."""
    instrument, position = reading.situation.instrument, reading.position
    overdrawn = inverse.overdrawn_now(instrument, position, reading.margin, reading.mark)
    if not overdrawn:
        return plan
    entry = inverse.entry_of(instrument, position)
    # Without a maintenance margin, so that the true price is a little lower.
    end = liquidation_price(instrument, position.contracts, entry, reading.margin.wallet, ZERO) if entry else None
    at = f", liquidated a little below {end:,.2f} (R28)" if end is not None else ""
    reason = f"{plan.reason}; the short is not backed by its margin: {overdrawn}{at}; move coins back into it"
    return replace(plan, reason=reason, alarm=True)


def _act(reading: Reading, memory: Memory) -> tuple[Plan, Memory]:
    situation = reading.situation
    timing = situation.policy.timing
    outside = reading.outside(reading.gap)
    surplus = obs.watch_surplus(
        memory.surplus, reading.sample, surplus=outside and reading.gap < 0, now_ms=situation.now_ms
    )
    seen = _beside(reading)
    followed = beside_exits.follow(memory.followed, seen, reading.gap, outside=outside, dwell_s=timing.dwell_s)
    memory = replace(memory, surplus=surplus, followed=followed)
    if situation.halted:
        return _plain(reading, Verdict.HALTED, "halted: " + "; ".join(situation.halted), alarm=True), memory
    if situation.waiting:
        # What changed meanwhile is looked at again once the order is accounted for.
        again = ZERO if situation.soon else None
        return _plain(reading, Verdict.WAITING, situation.waiting, look_again_s=again), memory
    foreign = account.foreign_position(reading.position)
    if foreign:
        return _plain(reading, Verdict.FROZEN, f"{foreign}; left alone", alarm=True), memory
    if memory.foreign_since_ms is not None:
        left_ms = memory.foreign_since_ms + int(timing.foreign_grace_s * 1000) - situation.now_ms
        if left_ms > 0 and outside:
            reason = f"the position was changed by others; left alone for another {left_ms // 1000} s"
            return _plain(reading, Verdict.WAITING, reason, alarm=True), memory
        memory = replace(memory, foreign_since_ms=None if left_ms <= 0 else memory.foreign_since_ms)
    sold = beside_exits.explained(followed, seen, reading.gap)
    if sold >= seen.step:
        # R11: explained by our own confirmed spot fills: neither dwell nor band.
        return _reduction(reading, -sold), memory
    if not outside:
        return _plain(reading, Verdict.BALANCED, _balance_text(reading)), memory
    if reading.gap > 0:
        return _increase(reading, memory), memory
    return _decrease(reading, memory, surplus)


def _beside(reading: Reading) -> beside_exits.Seen:
    situation, instrument = reading.situation, reading.situation.instrument
    step = instrument.coins(max(instrument.quantity_step, instrument.quantity_min), reading.mark)
    return beside_exits.Seen(
        sold=situation.sold,
        exposure=reading.sample.exposure,
        short=reading.sample.short,
        ratio=situation.policy.ratio,
        step=step,
        grows=max(step, instrument.notional_min / reading.price),
        now_ms=situation.now_ms,
    )


def _balance_text(reading: Reading) -> str:
    return f"gap {_money(reading.view.gap_notional)} is inside the band of {_money(reading.view.band_notional)}"


def _money(value: Decimal | None) -> str:
    return "unknown" if value is None else f"{value:,.2f}"


def _plain(
    reading: Reading,
    verdict: Verdict,
    reason: str,
    *,
    alarm: bool = False,
    look_again_s: Decimal | None = None,
    want_book: bool = False,
) -> Plan:
    return Plan(
        view=reading.view,
        verdict=verdict,
        reason=reason,
        gap_after=reading.gap,
        alarm=alarm,
        look_again_s=look_again_s,
        want_book=want_book,
    )


def _increase(reading: Reading, memory: Memory) -> Plan:
    situation = reading.situation
    policy, instrument = situation.policy, situation.instrument
    agreed = obs.agree(memory.sample, reading.sample, band_coins=reading.band_coins)
    if agreed is None:
        reason = f"under-hedged by {_money(reading.view.gap_notional)}; read once more before anything is sold (R10)"
        return _plain(reading, Verdict.CONFIRMING, reason, look_again_s=policy.timing.confirm_s, want_book=True)
    gap = ex.gap(agreed.exposure, agreed.principal, reading.sample.short, policy.ratio)
    if not reading.outside(gap):
        return _plain(reading, Verdict.BALANCED, _balance_text(reading))
    if situation.now_ms < situation.live_from_ms:
        return _held_back(reading)
    book = reading.prices.book
    if book is None:
        reason = "the order book is read before the order is sized"
        return _plain(reading, Verdict.CONFIRMING, reason, look_again_s=ZERO, want_book=True)
    short_max, _ = sizing.bounds(reading.position.contracts, situation.unfilled)
    wanted = sizing.increase_contracts(reading.target_contracts(gap), short_max, instrument.quantity_step)
    collar = sizing.collar(Side.SELL, reading.prices, instrument, _slippage(situation))
    fits = _fitting(reading, collar)
    sized = min(wanted, slicing.most_at_once(policy, instrument, book, Side.SELL, collar, reading.mark))
    missing = max(sized - fits, ZERO)
    if fits <= 0 < missing:
        reason = (
            f"under-hedged by {_money(reading.view.gap_notional)} and no contract fits into the free margin of "
            f"{_money(reading.margin.available)} {instrument.settle}"
        )
        return _plain(reading, Verdict.NO_MARGIN, reason, alarm=True, want_book=True)
    note = ""
    if missing:
        note = f"; {plain(instrument.coins(missing, reading.mark))} {policy.asset} do not fit into the free margin"
    return _order(reading, Side.SELL, wanted, min(sized, fits), collar, note=note, alarm=bool(missing))


def _slippage(situation: Situation) -> Decimal:
    return slicing.slippage(situation.policy, situation.unfilled_tries)


def _fitting(reading: Reading, collar: Decimal) -> Decimal:
    """R15: what the free margin carries; an inverse short also stays within the coins that back it."""
    situation = reading.situation
    policy, instrument = situation.policy, situation.instrument
    coined = inverse.is_inverse(instrument)
    fits = sizing.fitting_contracts(
        instrument,
        available=reading.margin.available,
        reserve=policy.margin_reserve / reading.price if coined else policy.margin_reserve,
        price=min(reading.mark, collar) if coined else max(reading.mark, collar),
        slippage=_slippage(situation),
        leverage=account.wanted_setting(policy, instrument)[0],
    )
    if not coined:
        return fits
    return min(fits, inverse.room(instrument, reading.position, reading.margin, reading.mark, policy.margin_reserve))


def _decrease(reading: Reading, memory: Memory, surplus: obs.Surplus | None) -> tuple[Plan, Memory]:
    situation = reading.situation
    assert surplus is not None  # watch_surplus has just seen this one
    if not obs.dwelled(surplus, situation.now_ms, situation.policy.timing.dwell_s):
        return _dwelling(reading, surplus), memory
    if memory.sample is None:
        reason = "over-hedged after readings that failed; read once more before anything is bought"
        timing = situation.policy.timing
        return _plain(reading, Verdict.CONFIRMING, reason, look_again_s=timing.confirm_s, want_book=True), memory
    gap = ex.gap(surplus.exposure_max, surplus.principal_max, reading.sample.short, situation.policy.ratio)
    plan = _reduction(reading, gap) if reading.outside(gap) else None
    if plan is not None and (plan.verdict is not Verdict.TOO_SMALL or gap == reading.gap):
        return plan, memory
    # What lasted for the whole dwell is done, but more was sold meanwhile: that has to last as well.
    rest = obs.Surplus.first(reading.sample, situation.now_ms)
    return _dwelling(reading, rest), replace(memory, surplus=rest)


def _dwelling(reading: Reading, surplus: obs.Surplus) -> Plan:
    situation = reading.situation
    left_s = situation.policy.timing.dwell_s - Decimal(situation.now_ms - surplus.since_ms) / 1000
    reason = (
        f"over-hedged by {_money(-reading.gap * reading.price)}; coins under way look sold, so it must last "
        f"another {left_s:.0f} s (R11)"
    )
    return _plain(reading, Verdict.DWELLING, reason, look_again_s=slicing.soon(left_s, situation))


def _reduction(reading: Reading, gap: Decimal) -> Plan:
    situation = reading.situation
    policy, instrument = situation.policy, situation.instrument
    if situation.now_ms < situation.live_from_ms:
        return _held_back(reading)
    book = reading.prices.book
    if book is None:
        reason = "the order book is read before the order is sized"
        return _plain(reading, Verdict.CONFIRMING, reason, look_again_s=ZERO, want_book=True)
    _, short_min = sizing.bounds(reading.position.contracts, situation.unfilled)
    wanted = sizing.decrease_contracts(reading.target_contracts(gap), short_min, instrument.quantity_step)
    collar = sizing.collar(Side.BUY, reading.prices, instrument, _slippage(situation))
    most = slicing.most_at_once(policy, instrument, book, Side.BUY, collar, reading.mark)
    return _order(reading, Side.BUY, wanted, min(wanted, most), collar)


def _held_back(reading: Reading) -> Plan:
    """No order before a time: a fresh journal settles, or the venue refused the last order."""
    situation = reading.situation
    left_s = Decimal(situation.live_from_ms - situation.now_ms) / 1000
    reason = f"no order for another {left_s:.0f} s (fresh journal, or the venue refused the last one)"
    again_s = slicing.soon(left_s, situation)
    return _plain(reading, Verdict.WAITING, reason, look_again_s=again_s, want_book=True)


def _order(
    reading: Reading,
    side: Side,
    wanted: Decimal,
    contracts: Decimal,
    collar: Decimal,
    *,
    note: str = "",
    alarm: bool = False,
) -> Plan:
    situation = reading.situation
    instrument = situation.instrument
    reduce_only = side is Side.BUY
    too_small = sizing.enough(instrument, contracts, collar, reduce_only=reduce_only)
    if too_small:
        # Below the minimum by itself is nobody's fault; made so small by depth, caps or margin it leaves a gap open.
        alarm = alarm or sizing.enough(instrument, wanted, collar, reduce_only=reduce_only) is None
        return _plain(reading, Verdict.TOO_SMALL, f"{too_small}{note}", alarm=alarm, want_book=True)
    closed = contracts * reading.gap_per_contract(side)
    gap_after = reading.gap - closed if side is Side.SELL else reading.gap + closed
    urgent = slicing.urgent(situation.unfilled_tries)
    verb = "under-hedged" if side is Side.SELL else "over-hedged"
    if urgent:
        note += f"; {situation.unfilled_tries} tries did not fill, so the collar is the urgent one"
    return Plan(
        view=reading.view,
        verdict=Verdict.ORDER,
        reason=f"{verb} by {_money(abs(reading.gap) * reading.price)}, "
        f"outside the band of {_money(reading.view.band_notional)}{note}",
        order=slicing.at_once(instrument, side, contracts, collar, reading.mark, hedged=situation.hedged),
        gap_after=gap_after,
        alarm=alarm or urgent,
    )
