"""What says that the market is uncertain: signals with hysteresis and a least time, of prices in US dollars.

What is not known says nothing: a signal stays what it was, and nobody acts on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final, assert_never

from bot.core import usd_bars
from bot.core.exit_windows import lookback
from bot.core.usd_bars import BeliefMemory
from bot.domain.exits import Combine, ExitPolicy, SignalKind, SignalRule, SignalView
from bot.domain.numbers import ZERO, plain
from bot.domain.observation import Unknown
from bot.domain.usd import UsdBar, UsdPrice

_ON: Final = "on"
_SINCE: Final = "since_ms"
_PENDING: Final = "pending_ms"
_SEEN: Final = "seen_ms"
_CALM: Final = "calm_ms"
_BLIND: Final = "blind_ms"
_DAY_MS: Final = 86_400_000
_HUNDRED: Final = Decimal(100)
_SHOWN: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalMemory:
    """One signal between decisions.

    Attributes:
        on: it says to exit.
        since_ms: since when it is what it is; None when it never was judged.
        pending_ms: since when its value says the opposite; None while it does not.
        seen_ms: when its value was last known.
    """

    on: bool = False
    since_ms: int | None = None
    pending_ms: int | None = None
    seen_ms: int | None = None

    def to_dict(self) -> dict[str, str]:
        """As text, for the journal."""
        times = {_SINCE: self.since_ms, _PENDING: self.pending_ms, _SEEN: self.seen_ms}
        return {_ON: str(int(self.on))} | {name: str(ms) for name, ms in times.items() if ms is not None}

    @classmethod
    def from_dict(cls, values: Mapping[str, str]) -> SignalMemory:
        """Read `to_dict` back. Raises ValueError when a value is not of our form."""
        since, pending, seen = (int(values[name]) if name in values else None for name in (_SINCE, _PENDING, _SEEN))
        return cls(on=bool(int(values.get(_ON, "0"))), since_ms=since, pending_ms=pending, seen_ms=seen)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalsMemory:
    """What survives a restart, so that hysteresis does.

    Attributes:
        price: of the coin.
        each: by kind.
        on_ms: since when enough of them say to exit; None while they don't.
        calm_ms, seen_ms: since when every signal is over; and when that was last known.
        blind_ms: since when not every signal's value is known; None while it is.
    """

    price: BeliefMemory = field(default_factory=BeliefMemory)
    each: Mapping[SignalKind, SignalMemory] = field(default_factory=dict)
    on_ms: int | None = None
    calm_ms: int | None = None
    seen_ms: int | None = None
    blind_ms: int | None = None

    def to_dict(self) -> dict[str, str]:
        """As text, for the journal."""
        times = {_ON: self.on_ms, _CALM: self.calm_ms, _SEEN: self.seen_ms, _BLIND: self.blind_ms}
        kept = {f"believed.{key}": value for key, value in self.price.to_dict().items()}
        kept |= {f"all.{name}": str(ms) for name, ms in times.items() if ms is not None}
        for kind, memory in self.each.items():
            kept |= {f"{kind.value}.{key}": value for key, value in memory.to_dict().items()}
        return kept

    @classmethod
    def from_dict(cls, values: Mapping[str, str]) -> SignalsMemory:
        """Read `to_dict` back. Raises ValueError when a value is not of our form."""
        parts: dict[str, dict[str, str]] = {}
        for key, value in values.items():
            part, _, name = key.partition(".")
            parts.setdefault(part, {})[name] = value
        told = parts.pop("believed", {}), parts.pop("all", {})
        times = {name: int(ms) for name, ms in told[1].items()}
        return cls(
            price=BeliefMemory.from_dict(told[0]),
            each={SignalKind(kind): SignalMemory.from_dict(kept) for kind, kept in parts.items()},
            on_ms=times.get(_ON),
            calm_ms=times.get(_CALM),
            seen_ms=times.get(_SEEN),
            blind_ms=times.get(_BLIND),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the signals say now.

    Attributes:
        price: USD of one coin, as believed; None while it is in doubt.
        doubt: why it is; empty when it is not.
        views: one for each signal of the policy.
        on: enough signals say to exit; their values are known now, and none of these says the opposite.
        on_ms: since when enough of them do, known now or not; None: they don't.
        held: some signal says to exit, and its value, if known, does not say the opposite.
        calm: every signal is known and over, and no value says the opposite.
        calm_ms: since when; None while it is not so.
        blind: for longer than a gap may be, some signal's value has not been known.
    """

    price: Decimal | None
    doubt: str
    views: tuple[SignalView, ...]
    on: bool
    on_ms: int | None
    held: bool
    calm: bool
    calm_ms: int | None
    blind: bool


def history_ms(policy: ExitPolicy) -> int:
    """How far back bars are of use to any signal of a hedge."""
    return max((lookback(rule.kind, rule.window_ms) for rule in policy.signals), default=0)


def judge(
    memory: SignalsMemory,
    policy: ExitPolicy,
    *,
    price: UsdPrice | Unknown,
    second: Decimal | None,
    bars: Sequence[UsdBar],
    bar_ms: int,
    now_ms: int,
) -> tuple[Judged, SignalsMemory]:
    """Judge every signal of a hedge by one reading.

    Args:
        memory: what the last call returned, also before a restart.
        policy: its signals and least times.
        price: USD of one coin.
        second: the same from another source; None: there is none.
        bars: that have ended, oldest first; gaps are allowed.
        bar_ms: their length.
        now_ms: our clock.
    """
    confirmed = usd_bars.believed_bars(bars, bar_ms, None)
    last = confirmed[-1].close if confirmed else None
    believed, doubt, prices = usd_bars.believe(
        memory.price, price, second=second, last_close=last, now_ms=now_ms, age_max_s=policy.age_max_s
    )
    sound = usd_bars.believed_bars(bars, bar_ms, believed)
    views, each = [], {}
    for rule in policy.signals:
        value, text = _value(rule, believed, sound, bar_ms, now_ms)
        each[rule.kind] = _advance(memory.each.get(rule.kind, SignalMemory()), rule, value, policy, now_ms)
        state = each[rule.kind]
        views.append(SignalView(kind=rule.kind, value=value, on=state.on, since_ms=state.since_ms, text=doubt or text))
    told = replace(memory, price=prices, each=each)
    return _combined(policy, told, tuple(views), (believed, doubt), now_ms)


def _combined(
    policy: ExitPolicy,
    memory: SignalsMemory,
    views: tuple[SignalView, ...],
    price: tuple[Decimal | None, str],
    now_ms: int,
) -> tuple[Judged, SignalsMemory]:
    enough = any if policy.combine is Combine.ANY else all
    held = bool(views) and enough(view.on for view in views)
    known = all(view.value is not None for view in views)
    over = bool(views) and not any(view.on for view in views)
    on_ms = (now_ms if memory.on_ms is None else memory.on_ms) if held else None
    calm_ms, seen_ms = memory.calm_ms, memory.seen_ms
    if not over:
        calm_ms = None
    elif known:
        looked = seen_ms is not None and now_ms - seen_ms <= int(policy.gap_max_s * 1000)
        calm_ms = calm_ms if calm_ms is not None and looked else now_ms
    seen_ms = now_ms if known else seen_ms
    blind_ms = None if known else now_ms if memory.blind_ms is None else memory.blind_ms
    # A value that says the opposite has not lasted yet: nobody begins anything by what was before a downtime.
    steady = {view.kind for view in views if memory.each[view.kind].pending_ms is None}
    judged = Judged(
        price=price[0],
        doubt=price[1],
        views=views,
        on=bool(views) and enough(view.on and view.value is not None and view.kind in steady for view in views),
        on_ms=on_ms,
        held=any(view.on and (view.value is None or view.kind in steady) for view in views),
        calm=over and known and len(steady) == len(views),
        calm_ms=calm_ms,
        blind=blind_ms is not None and now_ms - blind_ms >= int(policy.gap_max_s * 1000),
    )
    return judged, replace(memory, on_ms=on_ms, calm_ms=calm_ms, seen_ms=seen_ms, blind_ms=blind_ms)


def _advance(
    memory: SignalMemory, rule: SignalRule, value: Decimal | None, policy: ExitPolicy, now_ms: int
) -> SignalMemory:
    """Hysteresis and the least time, over readings without a long gap."""
    if value is None:
        return memory
    seen = replace(memory, seen_ms=now_ms, since_ms=now_ms if memory.since_ms is None else memory.since_ms)
    if not (_over(rule, value) if memory.on else _bad(rule, value)):
        return replace(seen, pending_ms=None)
    looked = memory.seen_ms is not None and now_ms - memory.seen_ms <= int(policy.gap_max_s * 1000)
    pending_ms = memory.pending_ms if memory.pending_ms is not None and looked else now_ms
    if now_ms - pending_ms < int(policy.for_s * 1000):
        return replace(seen, pending_ms=pending_ms)
    return SignalMemory(on=not memory.on, since_ms=now_ms, seen_ms=now_ms)


def _bad(rule: SignalRule, value: Decimal) -> bool:
    return value <= rule.exit if rule.kind is SignalKind.PRICE else value >= rule.exit


def _over(rule: SignalRule, value: Decimal) -> bool:
    return value >= rule.back if rule.kind is SignalKind.PRICE else value <= rule.back


def _value(
    rule: SignalRule, price: Decimal | None, bars: Sequence[UsdBar], bar_ms: int, now_ms: int
) -> tuple[Decimal | None, str]:
    """The signal's value and a sentence with its numbers; None when too little is known."""
    if price is None:
        return None, ""
    if rule.kind is SignalKind.PRICE:
        return price, f"the price is {_number(price)} USD (exit at {plain(rule.exit)}, over at {plain(rule.back)})"
    inside = usd_bars.within(bars, bar_ms, lookback(rule.kind, rule.window_ms), now_ms)
    needed = rule.window_ms * (2 if rule.kind is SignalKind.VOLATILITY else 1)
    if len(inside) < 2 or not usd_bars.covered(inside, bar_ms, needed, now_ms):
        have, want = len(inside) * bar_ms, _days(needed)
        return None, f"{rule.kind.value}: {_days(have)} of {want} days are known, that is too little"
    bounds = f"(exit at {_percent(rule.exit)}, over at {_percent(rule.back)})"
    days = _days(rule.window_ms)
    match rule.kind:
        case SignalKind.DRAWDOWN:
            peak = max(price, *(bar.close for bar in inside))
            value = (peak - price) / peak
            text = f"the price {_number(price)} USD is {_percent(value)} below {_number(peak)}, its peak of {days} days"
        case SignalKind.AVERAGE:
            average = sum((bar.close for bar in inside), ZERO) / len(inside)
            value = (average - price) / average
            side = "below" if value >= 0 else "above"
            text = (
                f"the price {_number(price)} USD is {_percent(abs(value))} {side} {_number(average)}, "
                f"its average of {days} days"
            )
        case SignalKind.VOLATILITY:
            value = usd_bars.volatility(inside, bar_ms, rule.window_ms)
            text = f"volatility is {_percent(value)} a year, with a half-life of {days} days"
        case _:
            assert_never(rule.kind)
    return value, f"{text} {bounds}"


def _percent(value: Decimal) -> str:
    return f"{plain((value * _HUNDRED).quantize(_SHOWN))} %"


def _number(value: Decimal) -> str:
    return plain(value.quantize(_SHOWN)) if value >= 1 else f"{value:.6g}"


def _days(ms: int) -> str:
    return plain((Decimal(ms) / _DAY_MS).quantize(_SHOWN))
