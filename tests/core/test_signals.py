"""Signals of the coin's price in US dollars: figures, hysteresis, least times, and what is not believed (R12)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.signals import Judged, SignalMemory, SignalsMemory, history_ms, judge
from bot.core.usd_bars import believed_bars, volatility
from bot.domain.exits import Combine, ExitPolicy, SignalKind, SignalRule
from bot.domain.observation import Unknown
from bot.domain.usd import DAY_MS, HOUR_MS, UsdBar
from tests.core.exits import BTC, NOW, POLICY, bars, unknown, usd

DRAWDOWN = SignalRule(kind=SignalKind.DRAWDOWN, exit=D("0.15"), back=D("0.10"), window_ms=10 * HOUR_MS)
AVERAGE = SignalRule(kind=SignalKind.AVERAGE, exit=D("0.05"), back=D(0), window_ms=10 * HOUR_MS)
WILD = SignalRule(kind=SignalKind.VOLATILITY, exit=D("0.9"), back=D("0.6"), window_ms=2 * HOUR_MS)
PRICE = SignalRule(kind=SignalKind.PRICE, exit=D(90), back=D(95))
FLAT = ("100",) * 10


class Watch:
    """One hedge's signals, judged again and again; what is remembered goes through text, as over a restart."""

    def __init__(self, *rules: SignalRule, **changes: object) -> None:
        self.policy: ExitPolicy = replace(POLICY, signals=rules, **changes)  # type: ignore[arg-type]
        self.memory, self.now_ms = SignalsMemory(), NOW

    def see(
        self,
        price: str | Unknown,
        closes: Sequence[str] = FLAT,
        *,
        after_s: float = 60,
        second: str | None = None,
        agree: bool = True,
        end_ms: int | None = None,
    ) -> Judged:
        self.now_ms += int(after_s * 1000)
        told = price if isinstance(price, Unknown) else usd(BTC, D(price), self.now_ms)
        other = price if agree and not isinstance(price, Unknown) else second
        judged, memory = judge(
            self.memory,
            self.policy,
            price=told,
            second=None if other is None else D(other),
            bars=bars(*closes, end_ms=self.now_ms if end_ms is None else end_ms),
            bar_ms=HOUR_MS,
            now_ms=self.now_ms,
        )
        self.memory = SignalsMemory.from_dict(memory.to_dict())
        assert self.memory == memory
        return judged


def value(judged: Judged) -> D | None:
    return judged.views[0].value


# Figures


def test_drawdown_is_from_the_highest_close_of_the_window_or_from_the_price_itself() -> None:
    seen = Watch(DRAWDOWN).see("90", ("98", "99", "100", *FLAT[:4], "95", "92", "91"))
    assert value(seen) == D("0.1")
    assert seen.views[0].text == (
        "the price 90 USD is 10 % below 100, its peak of 0.42 days (exit at 15 %, over at 10 %)"
    )
    assert value(Watch(DRAWDOWN).see("104")) == 0


def test_a_peak_leaves_the_window() -> None:
    closes = ("120", "118", *FLAT)
    assert value(Watch(DRAWDOWN).see("100", closes)) == 0


@pytest.mark.parametrize(("price", "told", "side"), [("95", "0.05", "below"), ("104", "-0.04", "above")])
def test_the_average_is_of_the_closes(price: str, told: str, side: str) -> None:
    seen = Watch(AVERAGE).see(price)
    assert value(seen) == D(told)
    assert f" {side} 100, its average" in seen.views[0].text
    assert "0 % below" in Watch(AVERAGE).see("100").views[0].text


def test_volatility_of_one_step_up_and_down_is_its_size_a_year() -> None:
    closes = [D(100) * (D("1.01") if n % 2 else D(1)) for n in range(50)]
    told = volatility(
        [UsdBar(open_ms=n * HOUR_MS, close=close) for n, close in enumerate(closes)], HOUR_MS, 5 * HOUR_MS
    )
    # Returns of +1 % and -0.990 %, 8,760 of them a year: about 0.995 % x 93.6.
    assert D("0.925") < told < D("0.940")


def test_volatility_forgets_by_half_with_each_half_life_and_a_gap_is_spread() -> None:
    def made(*closes: str, gap: int = 1) -> D:
        opens = [0, HOUR_MS * gap, *(HOUR_MS * (gap + n) for n in range(1, len(closes)))]
        told = [UsdBar(open_ms=at, close=D(close)) for at, close in zip(opens, closes, strict=False)]
        return volatility(told, HOUR_MS, HOUR_MS)

    year = D(8760)
    assert abs(made("100", "110") - (D("0.01") * year).sqrt()) < D("1e-20")
    assert abs(made("100", "110", "110") - (D("0.01") * year / 3).sqrt()) < D("1e-20"), "weights 1/4 and 1/2"
    assert abs(made("100", "110", gap=4) - (D("0.01") / 4 * year).sqrt()) < D("1e-20")


def test_a_return_of_two_bars_ago_weighs_half_where_the_half_life_is_two_bars() -> None:
    told = volatility(bars("100", "110", "110", "121"), HOUR_MS, 2 * HOUR_MS)
    older = D("0.5").sqrt()
    assert abs(told**2 - D("0.01") * (1 + D("0.5")) / (1 + older + D("0.5")) * 8760) < D("1e-20")


def test_volatility_as_a_signal() -> None:
    closes = [str(100 + n % 2 * 4) for n in range(8)]
    seen = Watch(WILD, for_s=D(0)).see("104", closes)
    assert seen.on
    assert "a year, with a half-life of 0.08 days" in seen.views[0].text


def test_the_price_of_a_cheap_coin_is_told_with_its_digits() -> None:
    cheap = replace(PRICE, exit=D("0.00001"), back=D("0.00002"))
    assert "0.0000123457 USD" in Watch(cheap).see("0.0000123456789").views[0].text.replace(
        "1.23457e-05", "0.0000123457"
    )


def test_how_far_back_it_looks() -> None:
    assert history_ms(replace(POLICY, signals=())) == 0
    assert history_ms(replace(POLICY, signals=(DRAWDOWN, WILD))) == 10 * HOUR_MS
    assert history_ms(replace(POLICY, signals=(WILD,))) == 8 * HOUR_MS


# Hysteresis and time


def test_between_its_thresholds_a_signal_stays_what_it_was() -> None:
    watch = Watch(DRAWDOWN, for_s=D(0))
    told = [watch.see(price).on for price in ("86", "85", "86", "89.9", "90", "86", "85")]
    assert told == [False, True, True, True, False, False, True]


def test_a_price_signal_is_on_at_its_exit_and_over_at_its_way_back() -> None:
    watch = Watch(PRICE, for_s=D(0))
    told = [watch.see(price).on for price in ("90.01", "90", "94.99", "95")]
    assert told == [False, True, True, False]


def test_it_must_last_and_a_reading_in_between_begins_anew() -> None:
    watch = Watch(DRAWDOWN, for_s=D(300))
    told = [watch.see(price).on for price in ("84", "84", "84", "99", "84", "84", "84", "84", "84")]
    assert not any(told)
    judged = watch.see("84")
    assert judged.on
    assert judged.views[0].since_ms == judged.on_ms == watch.now_ms
    assert watch.see("84").on_ms == judged.on_ms


def test_a_time_in_which_nobody_looked_does_not_count() -> None:
    watch = Watch(DRAWDOWN, for_s=D(300))
    watch.see("84")
    assert not watch.see("84", after_s=3_600).on
    assert watch.see("84", after_s=300).on


@pytest.mark.parametrize(("after_s", "on"), [(600, True), (600.001, False)])
def test_a_wait_as_long_as_a_gap_may_be_counts(after_s: float, *, on: bool) -> None:
    watch = Watch(DRAWDOWN, for_s=D(600))
    watch.see("84")
    assert watch.see("84", after_s=after_s).on is on


@pytest.mark.parametrize(("after_s", "anew"), [(600, False), (600.001, True)])
def test_calm_begins_anew_after_a_longer_gap(after_s: float, *, anew: bool) -> None:
    watch = Watch(DRAWDOWN)
    since = watch.see("100").calm_ms
    assert watch.see("100", after_s=after_s).calm_ms == (watch.now_ms if anew else since)


def test_calm_that_nobody_could_see_for_long_begins_anew() -> None:
    watch = Watch(DRAWDOWN)
    watch.see("100")
    watch.see(unknown(), after_s=500)
    assert watch.see("100", after_s=200).calm_ms == watch.now_ms


def test_blind_is_who_has_not_known_for_as_long_as_a_gap_may_be() -> None:
    watch = Watch(DRAWDOWN)
    watch.see("100")
    assert not watch.see(unknown()).blind
    assert not watch.see(unknown(), after_s=599.999).blind
    assert watch.see(unknown(), after_s=0.001).blind
    assert not watch.see("100").blind
    assert not watch.see(unknown()).blind


def test_since_when_a_signal_is_what_it_is_stays_until_it_changes() -> None:
    watch = Watch(DRAWDOWN, for_s=D(0))
    first = watch.see("100").views[0]
    assert (first.kind, first.on, first.since_ms) == (SignalKind.DRAWDOWN, False, watch.now_ms)
    assert watch.see("99").views[0].since_ms == first.since_ms
    on = watch.see("84").views[0]
    assert (on.on, on.since_ms) == (True, watch.now_ms)
    assert watch.memory.each[SignalKind.DRAWDOWN].seen_ms == watch.now_ms
    assert watch.see("84").views[0].since_ms == on.since_ms


def test_unknown_says_nothing_and_changes_nothing() -> None:
    watch = Watch(DRAWDOWN, for_s=D(300))
    watch.see("84")
    assert value(watch.see(unknown(), after_s=100)) is None
    assert watch.see("84", after_s=200).on, "what came back in time goes on"
    judged = watch.see(unknown())
    assert not judged.on
    assert not judged.calm
    assert judged.on_ms is not None
    assert judged.views[0].on
    assert "unknown: no answer" in judged.views[0].text


def test_calm_takes_all_of_them_known_and_over_and_lasts_while_it_is_looked_at() -> None:
    watch = Watch(DRAWDOWN, PRICE, for_s=D(0), combine=Combine.ALL)
    assert watch.see("100").calm_ms == watch.now_ms
    since = watch.now_ms
    assert watch.see("89").calm_ms is None, "the price alone is enough against it"
    assert not watch.see("89").on
    assert watch.see("84").on
    watch.see("100")
    since = watch.now_ms
    assert watch.see("100").calm_ms == since
    judged = watch.see("100", ())
    assert (judged.calm, judged.calm_ms) == (False, since)
    assert watch.see("100").calm_ms == since
    assert watch.see("100", after_s=3_600).calm_ms == watch.now_ms


def test_without_signals_nothing_is_on_or_calm() -> None:
    judged = Watch().see("1")
    assert (judged.on, judged.calm, judged.views) == (False, False, ())


# What is believed


def test_too_little_history_is_unknown() -> None:
    for closes, told in ((FLAT[:7], None), (FLAT[:8], D(0)), ((), None), (("100",), None)):
        assert value(Watch(DRAWDOWN).see("100", closes)) == told
    assert "0.29 of 0.42 days" in Watch(DRAWDOWN).see("100", FLAT[:7]).views[0].text


def test_two_bars_are_enough_where_they_cover_the_window_and_volatility_takes_two_half_lives() -> None:
    two_hours = replace(DRAWDOWN, window_ms=2 * HOUR_MS)
    assert value(Watch(two_hours).see("90", ("100", "100"))) == D("0.1")
    assert value(Watch(WILD).see("100", FLAT[:3])) is None
    assert value(Watch(WILD).see("100", FLAT[:4])) == 0


def test_what_was_never_kept_is_off() -> None:
    assert SignalMemory.from_dict({}) == SignalMemory()


def test_a_price_is_told_to_the_cent() -> None:
    assert "12345.68 USD" in Watch(PRICE).see("12345.678").views[0].text
    assert "1.23 USD" in Watch(PRICE).see("1.23456").views[0].text


def test_an_old_history_is_unknown() -> None:
    watch = Watch(replace(DRAWDOWN, window_ms=40 * HOUR_MS))
    assert value(watch.see("100", FLAT * 4, end_ms=NOW + 60_000 - 3 * HOUR_MS)) is not None
    assert value(watch.see("100", FLAT * 4, end_ms=NOW + 120_000 - 3 * HOUR_MS - 1)) is None


@pytest.mark.parametrize("at", range(10))
@pytest.mark.parametrize("mangled", ["150", "10", "0", "106", "-5"])
def test_a_mangled_bar_makes_no_signal(at: int, mangled: str) -> None:
    closes = list(FLAT)
    closes[at] = mangled
    told = value(Watch(replace(DRAWDOWN, exit=D("0.02"), back=D("0.01"))).see("100", closes))
    assert told == 0


def test_a_level_that_the_next_bars_hold_is_believed_and_so_is_one_that_the_price_confirms() -> None:
    found = believed_bars(bars("100", "100", "80", "80"), HOUR_MS, None)
    assert [bar.close for bar in found] == [100, 100, 80, 80]
    assert [bar.close for bar in believed_bars(bars("100", "100", "80"), HOUR_MS, D(80))] == [100, 100, 80]
    assert [bar.close for bar in believed_bars(bars("100", "100", "80"), HOUR_MS, D(100))] == [100, 100]
    assert len(believed_bars(bars("100", "84", bar_ms=DAY_MS), DAY_MS, None)) == 2, "a day may move further"
    assert believed_bars(bars("100"), HOUR_MS, None) == []
    assert believed_bars(bars("0", "0"), HOUR_MS, None) == []
    assert len(believed_bars(bars("0.5", "0.5"), HOUR_MS, None)) == 2
    seen = Watch(DRAWDOWN).see("118", (*FLAT[:9], "120"))
    assert value(seen) == D(2) / 120, "the price confirms the newest bar"


def test_a_price_without_its_second_source_waits_for_three_that_agree() -> None:
    watch = Watch(PRICE, for_s=D(0))
    assert [watch.see("50", second="100", agree=False).on for _ in range(3)] == [False, False, True]
    watch = Watch(PRICE, for_s=D(0))
    told = [watch.see(price, second="100", agree=False).on for price in ("50", "60", "50", "60", "50")]
    assert not any(told)


def test_without_a_second_source_a_jump_waits() -> None:
    watch = Watch(PRICE, for_s=D(0))
    assert watch.see("98", agree=False).price == 98, "near the last bar"
    assert watch.see("94", agree=False).price == 94
    judged = watch.see("84", agree=False)
    assert judged.price is None
    assert "jumped from 94" in judged.doubt
    assert watch.see("84", agree=False).price is None
    assert watch.see("84", agree=False).on


def test_the_first_price_of_all_is_confirmed_by_three() -> None:
    watch = Watch(PRICE)
    prices = [watch.see("84", (), agree=False) for _ in range(3)]
    assert [one.price for one in prices] == [None, None, 84]
    assert "nothing confirms it" in prices[0].doubt


def test_the_first_price_is_held_against_the_newest_bar() -> None:
    assert Watch(PRICE).see("112", ("100", "104", "108"), agree=False).price == 112


@given(st.lists(st.integers(1, 1_000), min_size=2, max_size=40))
def test_no_history_breaks_a_signal(closes: list[int]) -> None:
    watch = Watch(DRAWDOWN, AVERAGE, WILD, PRICE, for_s=D(0))
    judged = watch.see("100", [str(close) for close in closes])
    drawdown, average, wild, price = (view.value for view in judged.views)
    assert price == 100
    assert drawdown is None or 0 <= drawdown < 1
    assert average is None or average < 1
    assert wild is None or wild >= 0


def test_a_signal_that_turns_asks_for_nothing_and_one_that_is_unknown_takes_nothing_back() -> None:
    watch = Watch(PRICE, for_s=D(120), gap_max_s=D(600))
    fallen = [watch.see("89", ("89",) * 10) for _ in range(4)][-1]
    assert (fallen.on, fallen.held) == (True, True)
    turning = watch.see("96", ("96",) * 10)
    assert (turning.on, turning.held) == (False, False)
    unread = watch.see(unknown(), ("96",) * 10)
    assert (unread.on, unread.held) == (False, True)
