"""The risk gate: the last look at an order before it may become an intent (R16, R18, R21, R24).

It believes nothing that sizing said and checks the order against the readings anew. Each check is one small function;
the first one that objects decides. Only this module makes `Approved`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, assert_never

from bot.core import account, guards, inverse
from bot.core.guards import Activity, Campaign
from bot.domain.instrument import Instrument
from bot.domain.numbers import ONE, ZERO, plain
from bot.domain.observation import Margin, Position, Prices, Stamp, SymbolConfig, Unknown
from bot.domain.orders import Approved, OrderRequest, Refused, Side
from bot.domain.plan import PlannedOrder
from bot.domain.policy import HedgePolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """Everything a check may look at; the arguments of `approve`."""

    order: PlannedOrder
    policy: HedgePolicy
    instrument: Instrument
    prices: Prices
    mark: Decimal
    position: Position
    target_contracts: Decimal
    unfilled: Sequence[tuple[Side, Decimal]]
    margin: Margin | Unknown
    config: SymbolConfig | Unknown
    clock_ok: bool
    activity: Activity
    campaign: Campaign | None
    halted: Sequence[str]
    live: bool
    now_ms: int

    @property
    def request(self) -> OrderRequest:
        return self.order.request

    @property
    def notional(self) -> Decimal:
        return self.instrument.notional(self.request.contracts, self.mark)

    def waiting(self, side: Side) -> Decimal:
        """Contracts of one side that may still fill (R13)."""
        return sum((contracts for waiting, contracts in self.unfilled if waiting is side), ZERO)


def approve(
    order: PlannedOrder,
    *,
    policy: HedgePolicy,
    instrument: Instrument,
    prices: Prices,
    mark: Decimal,
    position: Position,
    target_contracts: Decimal,
    unfilled: Sequence[tuple[Side, Decimal]],
    margin: Margin | Unknown,
    config: SymbolConfig | Unknown,
    clock_ok: bool,
    activity: Activity,
    campaign: Campaign | None,
    halted: Sequence[str],
    live: bool,
    now_ms: int,
) -> Approved | Refused:
    """Let an order pass, or say why not.

    Args:
        order: as planned.
        policy: what the user allowed.
        instrument: the contract.
        prices: the reading that the order's limit was made from.
        mark: the mark that was believed (R12).
        position: the confirmed position.
        target_contracts: the short that would leave no gap, positive.
        unfilled: side and contracts of everything that may still fill or is not in the position yet (R13).
        margin: what backs the short; an inverse one is held to it (R15).
        config: how the account is set for the instrument.
        clock_ok: the venue's clock offset was measured lately and is within 1 s (R21).
        activity: what was sent lately.
        campaign: what was done since the exposure last changed; None before the first exposure.
        halted: reasons of the halts that stand on the instrument or its account.
        live: whether the start sets leverage and margin mode; a dry run leaves them, so a difference there is no
            objection to showing the order (R31).
        now_ms: our clock.

    Returns:
        The approved order, or the first objection with the limit and the value.
    """
    case = _Case(
        order=order,
        policy=policy,
        instrument=instrument,
        prices=prices,
        mark=mark,
        position=position,
        target_contracts=target_contracts,
        unfilled=unfilled,
        margin=margin,
        config=config,
        clock_ok=clock_ok,
        activity=activity,
        campaign=campaign,
        halted=halted,
        live=live,
        now_ms=now_ms,
    )
    for check in _CHECKS:
        refused = check(case)
        if refused is not None:
            return refused
    return Approved(request=order.request, notional=case.notional, mark=mark)


# Whether anything may be sent at all.


def _not_halted(case: _Case) -> Refused | None:
    if case.halted:
        return Refused(code="halt.standing", reason=f"halted: {'; '.join(case.halted)}")
    return None


def _guards_quiet(case: _Case) -> Refused | None:
    if case.campaign is None:
        return None
    return guards.tripped(case.campaign, case.instrument.quantity_step)


def _same_instrument(case: _Case) -> Refused | None:
    wanted = (case.instrument.venue, case.instrument.symbol)
    symbols = {case.position.symbol, case.prices.symbol, case.policy.symbol, case.request.symbol}
    if not isinstance(case.config, Unknown):
        symbols.add(case.config.symbol)
    if symbols != {case.instrument.symbol} or {case.policy.venue, case.request.venue} != {case.instrument.venue}:
        return Refused(
            code="order.wrong-instrument",
            reason=f"not all of order, policy, position, prices and configuration are of {' '.join(wanted)}",
            halt=True,
        )
    return None


def _instrument_active(case: _Case) -> Refused | None:
    if not case.instrument.active:
        return Refused(code="instrument.inactive", reason=f"the venue does not trade {case.instrument.symbol} now")
    return None


def _clock_known(case: _Case) -> Refused | None:
    if not case.clock_ok:
        return Refused(code="clock.offset", reason="the venue's clock offset is not known to be within 1 s")
    return None


def _nothing_unresolved(case: _Case) -> Refused | None:
    if case.unfilled:
        orders = ", ".join(f"{side} {plain(contracts)}" for side, contracts in case.unfilled)
        return Refused(code="order.unresolved", reason=f"{len(case.unfilled)} unresolved, the limit is 0: {orders}")
    return None


def _prices_fresh(case: _Case) -> Refused | None:
    return _fresh(case, "prices", case.prices.stamp)


def _position_fresh(case: _Case) -> Refused | None:
    return _fresh(case, "position", case.position.stamp)


def _fresh(case: _Case, what: str, stamp: Stamp) -> Refused | None:
    age_s = Decimal(case.now_ms - stamp.sent_ms) / 1000
    limit_s = case.policy.timing.age_max_s
    if not 0 <= age_s <= limit_s:
        return Refused(code=f"stale.{what}", reason=f"the {what} are {age_s} s old, the limit is {plain(limit_s)} s")
    return None


# Whether the account is set as configured.


def _configured(case: _Case) -> Refused | None:
    config, policy = case.config, case.policy
    if isinstance(config, Unknown):
        return Refused(code="config.unknown", reason=f"{config.what} is unknown: {config.reason}")
    if config.hedged is not case.request.hedged:
        mode, made_for = ("hedge", "one-way") if config.hedged else ("one-way", "hedge")
        return Refused(
            code="config.position-mode",
            reason=f"the account is in {mode} position mode, the order was made for {made_for} mode",
        )
    if not case.live or case.request.side is Side.BUY:
        return None  # Shrinking the short is right under any leverage and margin mode.
    leverage, margin_mode = account.wanted_setting(policy, case.instrument)
    if not account.leverage_fits(policy, case.instrument, config):
        return Refused(code="config.leverage", reason=f"the leverage is {config.leverage}, configured is {leverage}")
    if not account.margin_mode_fits(policy, case.instrument, config):
        return Refused(
            code="config.margin-mode", reason=f"the margin mode is {config.margin_mode}, configured is {margin_mode}"
        )
    return None


def _backed(case: _Case) -> Refused | None:
    """R15: the effective leverage of an inverse short is 1: its coins are no more than its margin balance."""
    if case.request.side is Side.BUY or not inverse.is_inverse(case.instrument):
        return None
    if isinstance(case.margin, Unknown):
        return Refused(code="margin.unknown", reason=f"{case.margin.what} is unknown: {case.margin.reason}")
    worst = -case.position.contracts + case.waiting(Side.SELL) + case.request.contracts
    overdrawn = inverse.overdrawn(case.instrument, case.position, case.margin, case.mark, worst)
    return Refused(code="margin.effective-leverage", reason=overdrawn) if overdrawn else None


# Whether the order has the right direction and form.


def _not_long(case: _Case) -> Refused | None:
    if case.position.contracts > 0:
        return Refused(
            code="position.long",
            reason=f"the position is long by {plain(case.position.contracts)} contracts, it must be short or flat",
            halt=True,
        )
    return None


def _alone(case: _Case) -> Refused | None:
    if case.position.other_side > 0:
        return Refused(code="position.other-side", reason=account.foreign_position(case.position))
    return None


def _reduce_only_right(case: _Case) -> Refused | None:
    if case.request.reduce_only is not (case.request.side is Side.BUY):
        flag = "is" if case.request.reduce_only else "is not"
        return Refused(
            code="order.reduce-only",
            reason=f"a {case.request.side} {flag} reduce-only; every buy must be, and no sell",
            halt=True,
        )
    return None


def _never_flips(case: _Case) -> Refused | None:
    short_min = -case.position.contracts - case.waiting(Side.BUY)
    if case.request.side is Side.BUY and case.request.contracts > short_min:
        return Refused(
            code="order.flips",
            reason=f"buying {plain(case.request.contracts)} contracts, the confirmed short is {plain(short_min)}",
        )
    return None


def _quantity_valid(case: _Case) -> Refused | None:
    contracts, instrument = case.request.contracts, case.instrument
    if contracts <= 0 or contracts % instrument.quantity_step != 0:
        return Refused(
            code="order.quantity-step",
            reason=f"{plain(contracts)} contracts are no positive multiple of {plain(instrument.quantity_step)}",
        )
    if not instrument.quantity_min <= contracts <= instrument.quantity_max:
        return Refused(
            code="order.quantity-range",
            reason=f"{plain(contracts)} contracts are not within {plain(instrument.quantity_min)} "
            f"to {plain(instrument.quantity_max)}",
        )
    return None


def _price_valid(case: _Case) -> Refused | None:
    price, tick = case.request.price, case.instrument.price_tick
    if price <= 0 or case.mark <= 0 or price % tick != 0:
        return Refused(
            code="order.price-tick",
            reason=f"the price {plain(price)} is no positive multiple of {plain(tick)}, or the mark "
            f"{plain(case.mark)} is not positive",
        )
    return None


def _notional_enough(case: _Case) -> Refused | None:
    notional, least = case.instrument.notional(case.request.contracts, case.request.price), case.instrument.notional_min
    if not case.request.reduce_only and notional < least:
        return Refused(code="order.notional-min", reason=f"worth {plain(notional)}, the venue takes {plain(least)}")
    return None


def _within_collar(case: _Case) -> Refused | None:
    """R16: no further from the touch than the urgent slippage, nor the touch from the mark."""
    side, price, mark, most = case.request.side, case.request.price, case.mark, case.policy.slippage_urgent
    match side:
        case Side.SELL:
            touch = min(case.prices.bid, mark)
            touch_far, price_far = touch < mark * (ONE - most), price < touch * (ONE - most)
        case Side.BUY:
            touch = max(case.prices.ask, mark)
            touch_far, price_far = touch > mark * (ONE + most), price > touch * (ONE + most)
        case _:
            assert_never(side)
    if touch_far:
        return Refused(
            code="price.touch",
            reason=f"the best price to {side} at is {plain(touch)}, further than {plain(most)} from the mark "
            f"{plain(mark)}",
        )
    if price_far:
        return Refused(
            code="price.collar",
            reason=f"the limit of the {side} is {plain(price)}, further than {plain(most)} from {plain(touch)}",
        )
    return None


# Whether it stays within the caps.


def _order_cap(case: _Case) -> Refused | None:
    return _capped("cap.order-notional", "the order is worth", case.notional, case.policy.caps.order_notional)


def _hour_cap(case: _Case) -> Refused | None:
    """Of what grows the short; an order that shrinks it is never held back for having grown it too much before."""
    if case.request.side is Side.BUY:
        return None
    with_this = case.activity.notional_last_hour + case.notional
    return _capped(
        "cap.notional-per-hour", "orders of the last hour with this one", with_this, case.policy.caps.notional_per_hour
    )


def _minute_cap(case: _Case) -> Refused | None:
    with_this = Decimal(case.activity.orders_last_minute + 1)
    limit = Decimal(case.policy.caps.orders_per_minute)
    return _capped("cap.orders-per-minute", "orders of the last minute with this one", with_this, limit)


def _total_short_cap(case: _Case) -> Refused | None:
    """R13, R24: the short after the worst case; one step above the factor, since small targets are few steps."""
    if case.request.side is Side.BUY:
        return None
    worst = -case.position.contracts + case.waiting(Side.SELL) + case.request.contracts
    limit = ZERO
    if case.target_contracts > 0:
        limit = case.policy.caps.total_short * case.target_contracts + case.instrument.quantity_step
    return _capped("cap.total-short", "contracts short after this order", worst, limit)


def _capped(code: str, what: str, value: Decimal, limit: Decimal) -> Refused | None:
    if value > limit:
        return Refused(code=code, reason=f"{what}: {plain(value)}, the limit is {plain(limit)}")
    return None


_CHECKS: Final[tuple[Callable[[_Case], Refused | None], ...]] = (
    _not_halted,
    _guards_quiet,
    _same_instrument,
    _instrument_active,
    _clock_known,
    _nothing_unresolved,
    _prices_fresh,
    _position_fresh,
    _configured,
    _backed,
    _not_long,
    _alone,
    _reduce_only_right,
    _never_flips,
    _quantity_valid,
    _price_valid,
    _notional_enough,
    _within_collar,
    _order_cap,
    _hour_cap,
    _minute_cap,
    _total_short_cap,
)
