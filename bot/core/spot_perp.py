"""The spot-perp decision: from one reading and what is remembered to a plan. Pure (R1 to R16, R23 to R25)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from bot.core import exposure as ex
from bot.core import observation as obs
from bot.core import prices as px
from bot.core import sizing
from bot.domain.instrument import Instrument
from bot.domain.numbers import ZERO, floor_to, plain
from bot.domain.observation import Book, Holding, Margin, Position, Prices, Unknown
from bot.domain.orders import OrderRequest, Side, TimeInForce
from bot.domain.plan import HedgeView, Plan, PlannedOrder, Verdict
from bot.domain.policy import HedgePolicy

UNFILLED_TRIES_BEFORE_URGENT = 2
"""R16: after two unfilled tries the collar widens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything one decision needs.

    Attributes:
        unfilled: side and contracts of orders of ours that may still fill (R13).
        waiting: why orders must wait, such as a fill not yet found in the position (R23); empty when nothing waits.
        soon: what waits can be settled by the next reading.
        halted: reasons of halts that reach this instrument.
        unfilled_tries: how many of our last orders in a row ended without any fill (R16).
        live_from_ms: no order before this time (fresh journal, or a back-off after rejections).
    """

    policy: HedgePolicy
    instrument: Instrument
    holdings: tuple[Holding | Unknown, ...]
    position: Position | Unknown
    prices: Prices | Unknown
    margin: Margin | Unknown
    unfilled: Sequence[tuple[Side, Decimal]]
    waiting: str
    soon: bool
    halted: Sequence[str]
    unfilled_tries: int
    live_from_ms: int
    now_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What one decision leaves for the next.

    Attributes:
        sample: the last complete reading; not kept over a restart, so that a restart reads twice again.
        foreign_since_ms: since when a change by others is left alone (R25).
    """

    sample: obs.Sample | None = None
    prices: px.PriceMemory = field(default_factory=px.PriceMemory)
    surplus: obs.Surplus | None = None
    foreign_since_ms: int | None = None

    def to_dict(self) -> dict[str, str]:
        """What survives a restart, as text."""
        kept = {f"price.{key}": value for key, value in self.prices.to_dict().items()}
        if self.surplus is not None:
            kept |= {f"surplus.{key}": value for key, value in self.surplus.to_dict().items()}
        if self.foreign_since_ms is not None:
            kept["foreign_since_ms"] = str(self.foreign_since_ms)
        return kept

    @classmethod
    def from_dict(cls, kept: Mapping[str, str]) -> Memory:
        """Read what `to_dict` wrote; an empty mapping is a first start."""
        surplus = _under("surplus.", kept)
        foreign = kept.get("foreign_since_ms")
        return cls(
            prices=px.PriceMemory.from_dict(_under("price.", kept)),
            surplus=obs.Surplus.from_dict(surplus) if surplus else None,
            foreign_since_ms=int(foreign) if foreign else None,
        )


def _under(prefix: str, kept: Mapping[str, str]) -> dict[str, str]:
    return {key.removeprefix(prefix): value for key, value in kept.items() if key.startswith(prefix)}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """A situation in which everything needed is known."""

    situation: Situation
    holdings: tuple[Holding, ...]
    position: Position
    prices: Prices
    mark: Decimal
    view: HedgeView
    sample: obs.Sample
    gap: Decimal
    band_coins: Decimal

    @property
    def price(self) -> Decimal:
        return self.situation.instrument.coin_price(self.mark)


def decide(situation: Situation, memory: Memory) -> tuple[Plan, Memory]:
    """Decide what to do now.

    Returns:
        The plan, with at most one order, and what to remember. Nothing is changed in place: deciding twice on the
        same input gives the same answer.
    """
    view = _view(situation)
    unknown = _first_unknown(situation)
    if unknown:
        # A surplus that can't be seen is not known to last: the dwell begins anew with the next reading.
        plan = Plan(view=view, verdict=Verdict.FROZEN, reason=f"frozen where it is: {unknown}", alarm=True)
        return plan, replace(memory, sample=None, surplus=None)
    assert isinstance(situation.prices, Prices)  # _first_unknown has looked
    mark, why, price_memory = px.judge(memory.prices, situation.prices, situation.now_ms)
    memory = replace(memory, prices=price_memory)
    if mark is None:
        plan = Plan(
            view=view,
            verdict=Verdict.CONFIRMING,
            reason=why,
            look_again_s=situation.policy.timing.confirm_s,
            alarm=True,
        )
        return plan, memory
    reading = _read(situation, view, mark)
    plan, memory = _act(reading, memory)
    return plan, replace(memory, sample=reading.sample)


def _view(situation: Situation) -> HedgeView:
    return HedgeView(
        hedge=situation.policy.name,
        asset=situation.policy.asset,
        symbol=situation.policy.symbol,
        kind=situation.instrument.kind,
        holdings=situation.holdings,
    )


def _first_unknown(situation: Situation) -> str:
    """R8: the first thing that is unknown or too old; empty when everything is known."""
    age_max_s = situation.policy.timing.age_max_s
    parts: list[Holding | Position | Prices | Margin | Unknown]
    parts = [*situation.holdings, situation.position, situation.prices, situation.margin]
    for part in parts:
        if isinstance(part, Unknown):
            return f"{part.what} is unknown ({part.reason})"
        if obs.stale(part.stamp, situation.now_ms, age_max_s):
            return f"a reading is older than {plain(age_max_s)} s"
    return ""


def _read(situation: Situation, view: HedgeView, mark: Decimal) -> _Reading:
    policy, instrument = situation.policy, situation.instrument
    assert isinstance(situation.position, Position)
    assert isinstance(situation.prices, Prices)
    holdings = tuple(holding for holding in situation.holdings if isinstance(holding, Holding))
    total, principal = ex.exposure(holdings), ex.principal(holdings)
    short = ex.short_coins(instrument, situation.position.contracts, mark)
    gap = ex.gap(total, principal, short, policy.ratio)
    price = instrument.coin_price(mark)
    target = short + gap
    band_notional = sizing.band_notional(policy.band, target, price)
    stamps = [*(holding.stamp for holding in holdings), situation.position.stamp]
    sample = obs.Sample(
        exposure=total,
        principal=principal,
        short=short,
        sent_ms=min(stamp.sent_ms for stamp in stamps),
        answered_ms=max(stamp.answered_ms for stamp in stamps),
    )
    return _Reading(
        situation=situation,
        holdings=holdings,
        position=situation.position,
        prices=situation.prices,
        mark=mark,
        view=replace(
            view,
            exposure=total,
            principal=principal,
            short=short,
            target=target,
            gap=gap,
            gap_notional=gap * price,
            band_notional=band_notional,
            price=price,
            mark=mark,
            liquidation_price=situation.position.liquidation_price,
        ),
        sample=sample,
        gap=gap,
        band_coins=band_notional / price,
    )


def _act(reading: _Reading, memory: Memory) -> tuple[Plan, Memory]:
    situation = reading.situation
    timing = situation.policy.timing
    outside = _outside(reading, reading.gap)
    surplus = obs.watch_surplus(
        memory.surplus, reading.sample, surplus=outside and reading.gap < 0, now_ms=situation.now_ms
    )
    memory = replace(memory, surplus=surplus)
    if situation.halted:
        return _plain(reading, Verdict.HALTED, "halted: " + "; ".join(situation.halted), alarm=True), memory
    if situation.waiting:
        # What changed meanwhile is looked at again once the order is accounted for.
        again = ZERO if situation.soon else None
        return _plain(reading, Verdict.WAITING, situation.waiting, look_again_s=again), memory
    if reading.position.contracts > 0:
        reason = f"a long of {plain(reading.position.contracts)} contracts stands where the short belongs; left alone"
        return _plain(reading, Verdict.FROZEN, reason, alarm=True), memory
    if memory.foreign_since_ms is not None:
        left_ms = memory.foreign_since_ms + int(timing.foreign_grace_s * 1000) - situation.now_ms
        if left_ms > 0 and outside:
            reason = f"the position was changed by others; left alone for another {left_ms // 1000} s"
            return _plain(reading, Verdict.WAITING, reason, alarm=True), memory
        memory = replace(memory, foreign_since_ms=None if left_ms <= 0 else memory.foreign_since_ms)
    if not outside:
        return _plain(reading, Verdict.BALANCED, _balance_text(reading)), memory
    if reading.gap > 0:
        return _increase(reading, memory), memory
    return _decrease(reading, memory), memory


def _outside(reading: _Reading, gap: Decimal) -> bool:
    """R14: the gap asks for an order. Target 0 closes everything, whatever the band."""
    target = reading.sample.short + gap
    if target <= 0:
        return reading.sample.short > 0
    return abs(gap) * reading.price >= sizing.band_notional(reading.situation.policy.band, target, reading.price)


def _balance_text(reading: _Reading) -> str:
    return f"gap {_money(reading.view.gap_notional)} is inside the band of {_money(reading.view.band_notional)}"


def _money(value: Decimal | None) -> str:
    return "unknown" if value is None else f"{value:,.2f}"


def _plain(
    reading: _Reading,
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


def _increase(reading: _Reading, memory: Memory) -> Plan:
    situation = reading.situation
    policy, instrument = situation.policy, situation.instrument
    agreed = obs.agree(memory.sample, reading.sample, band_coins=reading.band_coins)
    if agreed is None:
        reason = f"under-hedged by {_money(reading.view.gap_notional)}; read once more before anything is sold (R10)"
        return _plain(reading, Verdict.CONFIRMING, reason, look_again_s=policy.timing.confirm_s, want_book=True)
    gap = ex.gap(agreed.exposure, agreed.principal, reading.sample.short, policy.ratio)
    if not _outside(reading, gap):
        return _plain(reading, Verdict.BALANCED, _balance_text(reading))
    if situation.now_ms < situation.live_from_ms:
        left_s = Decimal(situation.live_from_ms - situation.now_ms) / 1000
        reason = f"no order for another {left_s:.0f} s (fresh journal, or the venue refused the last one)"
        return _plain(reading, Verdict.WAITING, reason, look_again_s=_no_longer_than(left_s, situation), want_book=True)
    book = reading.prices.book
    if book is None:
        reason = "the order book is read before the order is sized"
        return _plain(reading, Verdict.CONFIRMING, reason, look_again_s=ZERO, want_book=True)
    short_max, _ = sizing.bounds(reading.position.contracts, situation.unfilled)
    target = instrument.contracts(reading.sample.short + gap, reading.mark)
    wanted = sizing.increase_contracts(target, short_max, instrument.quantity_step)
    collar = sizing.collar(Side.SELL, reading.prices, instrument, _slippage(situation))
    assert isinstance(situation.margin, Margin)
    fits = sizing.fitting_contracts(
        instrument,
        available=situation.margin.available,
        reserve=policy.margin_reserve,
        price=max(reading.mark, collar),
        slippage=_slippage(situation),
        leverage=policy.leverage,
    )
    sized = min(wanted, _slice(reading, book, Side.SELL, collar))
    missing = max(sized - fits, ZERO)
    if fits <= 0 < missing:
        reason = (
            f"under-hedged by {_money(reading.view.gap_notional)} and no contract fits into the free margin of "
            f"{_money(situation.margin.available)} {instrument.settle}"
        )
        return _plain(reading, Verdict.NO_MARGIN, reason, alarm=True, want_book=True)
    note = ""
    if missing:
        note = f"; {plain(instrument.coins(missing, reading.mark))} {policy.asset} do not fit into the free margin"
    return _order(reading, Side.SELL, min(sized, fits), collar, note=note, alarm=bool(missing))


def _decrease(reading: _Reading, memory: Memory) -> Plan:
    situation = reading.situation
    policy, instrument = situation.policy, situation.instrument
    surplus = memory.surplus
    assert surplus is not None  # watch_surplus has just seen this one
    if not obs.dwelled(surplus, situation.now_ms, policy.timing.dwell_s):
        left_s = policy.timing.dwell_s - Decimal(situation.now_ms - surplus.since_ms) / 1000
        reason = (
            f"over-hedged by {_money(-reading.gap * reading.price)}; coins under way look sold, so it must last "
            f"another {left_s:.0f} s (R11)"
        )
        return _plain(reading, Verdict.DWELLING, reason, look_again_s=_no_longer_than(left_s, situation))
    gap = ex.gap(surplus.exposure_max, surplus.principal_max, reading.sample.short, policy.ratio)
    if not _outside(reading, gap):
        return _plain(reading, Verdict.BALANCED, _balance_text(reading))
    book = reading.prices.book
    if book is None:
        reason = "the order book is read before the order is sized"
        return _plain(reading, Verdict.CONFIRMING, reason, look_again_s=ZERO, want_book=True)
    _, short_min = sizing.bounds(reading.position.contracts, situation.unfilled)
    target = instrument.contracts(max(reading.sample.short + gap, ZERO), reading.mark)
    wanted = sizing.decrease_contracts(target, short_min, instrument.quantity_step)
    collar = sizing.collar(Side.BUY, reading.prices, instrument, _slippage(situation))
    return _order(reading, Side.BUY, min(wanted, _slice(reading, book, Side.BUY, collar)), collar)


def _no_longer_than(left_s: Decimal, situation: Situation) -> Decimal | None:
    """Wake up when a wait ends, if that is soon; else the interval does."""
    return max(left_s, ZERO) if left_s <= 2 * situation.policy.timing.confirm_s else None


def _slippage(situation: Situation) -> Decimal:
    urgent = situation.unfilled_tries >= UNFILLED_TRIES_BEFORE_URGENT
    return situation.policy.slippage_urgent if urgent else situation.policy.slippage


def _slice(reading: _Reading, book: Book, side: Side, collar: Decimal) -> Decimal:
    """R16: the largest single order, by visible depth within the collar, the cap and the venue's maximum."""
    instrument = reading.situation.instrument
    cap = reading.situation.policy.caps.order_notional
    by_cap = cap / instrument.notional(Decimal(1), reading.mark)
    most = min(sizing.depth_contracts(book, side, collar), by_cap, instrument.quantity_max)
    return floor_to(most, instrument.quantity_step)


def _order(
    reading: _Reading, side: Side, contracts: Decimal, collar: Decimal, *, note: str = "", alarm: bool = False
) -> Plan:
    situation = reading.situation
    policy, instrument = situation.policy, situation.instrument
    reduce_only = side is Side.BUY
    too_small = sizing.enough(instrument, contracts, collar, reduce_only=reduce_only)
    if too_small:
        return _plain(reading, Verdict.TOO_SMALL, f"{too_small}{note}", alarm=alarm, want_book=True)
    coins = instrument.coins(contracts, reading.mark)
    gap_after = reading.gap - coins if side is Side.SELL else reading.gap + coins
    urgent = situation.unfilled_tries >= UNFILLED_TRIES_BEFORE_URGENT
    verb = "under-hedged" if side is Side.SELL else "over-hedged"
    if urgent:
        note += f"; {situation.unfilled_tries} tries did not fill, so the collar is the urgent one"
    return Plan(
        view=reading.view,
        verdict=Verdict.ORDER,
        reason=f"{verb} by {_money(abs(reading.gap) * reading.price)}, "
        f"outside the band of {_money(reading.view.band_notional)}{note}",
        order=PlannedOrder(
            request=OrderRequest(
                venue=policy.venue,
                symbol=policy.symbol,
                side=side,
                contracts=contracts,
                price=collar,
                time_in_force=TimeInForce.IOC,
                reduce_only=reduce_only,
            ),
            coins=coins,
            notional=instrument.notional(contracts, reading.mark),
            fee_estimate=instrument.notional(contracts, collar) * instrument.taker_fee,
        ),
        gap_after=gap_after,
        alarm=alarm or urgent,
    )
