"""The spot-perp decision, reading by reading. One BTC at 100,000 against a 1x short, unless said otherwise."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.situation import Memory
from bot.core.spot_perp import decide
from bot.domain.ids import Asset
from bot.domain.observation import Book, BookLevel, Prices, Stamp, Unknown
from bot.domain.orders import Side, TimeInForce
from bot.domain.plan import Verdict
from bot.domain.policy import Band
from tests.core.instruments import LINEAR, PERP, POLICY
from tests.core.situations import START_MS, reading, run, verdicts


def test_r10_the_first_reading_only_asks_for_a_second() -> None:
    first, second = run(reading(0, book=False), reading(1))
    assert (first.verdict, first.order, first.look_again_s, first.want_book) == (Verdict.CONFIRMING, None, D(1), True)
    assert second.verdict is Verdict.ORDER
    assert second.order is not None
    request = second.order.request
    assert (request.side, request.contracts, request.reduce_only) == (Side.SELL, D(1), False)
    assert request.time_in_force is TimeInForce.IOC
    assert request.price == D("99500.0")  # min(bid 99,999.9, mark) less 0.5 %, rounded up to the tick
    assert (second.order.coins, second.order.notional, second.gap_after) == (D(1), D(100_000), D(0))
    assert second.order.fee_estimate == D("49.75")


def test_r10_a_second_reading_sent_before_the_first_was_answered_does_not_confirm() -> None:
    assert verdicts(reading(0), reading(0.05)) == [Verdict.CONFIRMING, Verdict.CONFIRMING]


def test_r10_coins_seen_twice_between_two_reads_are_never_hedged() -> None:
    """Three coins that look like six in one torn reading, then like three again."""
    short = D(-3)
    plans = run(reading(0, "3", short), reading(5, "6", short), reading(6, "3", short), reading(11, "3", short))
    assert [plan.verdict for plan in plans] == [
        Verdict.BALANCED,
        Verdict.CONFIRMING,
        Verdict.BALANCED,
        Verdict.BALANCED,
    ]


def test_r10_what_agrees_only_in_part_is_hedged_to_the_smaller_reading() -> None:
    _, plan = run(reading(0, "1.5", "-1"), reading(1, "1.502", "-1"))
    assert plan.order is not None
    assert plan.order.request.contracts == D("0.5")


def test_r10_agreement_on_what_is_inside_the_band_is_balanced() -> None:
    """The newest reading is just outside the band, the agreed smaller one inside."""
    plans = run(reading(0, "1.0049", "-1"), reading(1, "1.0051", "-1"))
    assert [plan.verdict for plan in plans] == [Verdict.BALANCED, Verdict.BALANCED]


def test_r14_nothing_is_sent_inside_the_band() -> None:
    (plan,) = run(reading(0, "1.004", "-1"))
    assert (plan.verdict, plan.order, plan.gap_after) == (Verdict.BALANCED, None, D("0.004"))
    assert plan.view.band_notional == D(502)


@given(st.decimals("0.5", "1.6", places=3))
def test_r1_a_linear_hedge_does_not_trade_when_only_the_price_moves(factor: D) -> None:
    plans = run(
        reading(0, "1", "-1"),
        *(reading(at_s, "1", "-1", price=D(100_000) * factor, book=True) for at_s in (5, 10, 15, 20)),
    )
    assert all(plan.order is None for plan in plans)


def test_r12_a_move_of_seven_percent_at_once_changes_nothing() -> None:
    assert verdicts(reading(0, "1", "-1"), reading(5, "1", "-1", "107000")) == [Verdict.BALANCED] * 2


def test_r12_a_doubled_price_is_read_again_first() -> None:
    plans = run(reading(0, "1", "-1"), reading(5, "1", "-1", "200000"))
    assert (plans[1].verdict, plans[1].look_again_s, plans[1].alarm) == (Verdict.CONFIRMING, D(1), True)


def test_r11_a_surplus_must_last_before_the_short_shrinks() -> None:
    first, later, ended = run(
        reading(0, "0.3", "-1"), reading(59.5, "0.3", "-1", book=False), reading(60.2, "0.3", "-1")
    )
    assert (first.verdict, first.order, first.look_again_s) == (Verdict.DWELLING, None, None)
    assert (later.verdict, later.look_again_s) == (Verdict.DWELLING, D("0.5"))
    assert ended.order is not None
    assert (ended.order.request.side, ended.order.request.contracts) == (Side.BUY, D("0.7"))
    assert ended.order.request.reduce_only
    assert ended.order.request.price == D("100500.1")  # ask 100,000.1 and 0.5 %, rounded down to the tick
    assert ended.gap_after == 0


def test_r11_the_book_is_read_before_a_decrease_is_sized() -> None:
    plans = run(reading(0, "0.3", "-1"), reading(61, "0.3", "-1", book=False))
    assert (plans[1].verdict, plans[1].want_book, plans[1].look_again_s) == (Verdict.CONFIRMING, True, D(0))


def test_r11_a_torn_reading_at_the_end_of_the_dwell_does_not_close_the_short() -> None:
    """0.1 was sold long ago; in the last reading all coins are under way and look sold."""
    plans = run(reading(0, "0.9", "-1"), reading(60.5, "0", "-1"))
    assert plans[1].order is not None
    assert plans[1].order.request.contracts == D("0.1")


def test_r11_the_dwell_restarts_when_the_surplus_disappears() -> None:
    assert verdicts(
        reading(0, "0.3", "-1"), reading(30, "1", "-1"), reading(50, "0.3", "-1"), reading(70, "0.3", "-1")
    ) == [Verdict.DWELLING, Verdict.BALANCED, Verdict.DWELLING, Verdict.DWELLING]


def test_r11_a_surplus_seen_smaller_once_inside_the_dwell_is_sized_to_that() -> None:
    plans = run(reading(0, "0.9943", "-1"), reading(61, "0.9", "-1"))
    assert plans[1].order is not None
    assert plans[1].order.request.contracts == D("0.005")


def test_r11_memory_of_the_dwell_survives_a_restart() -> None:
    _, memory = decide(reading(0, "0.3", "-1"), Memory())
    kept = Memory.from_dict(memory.to_dict())
    assert kept.surplus == memory.surplus
    assert run(reading(61, "0.3", "-1"), reading(62, "0.3", "-1"), memory=kept)[-1].verdict is Verdict.ORDER


def test_r11_what_was_sold_later_dwells_anew_and_is_never_forgotten() -> None:
    """Sell 0.1, then 0.6 within the same dwell: 0.1 is bought back at its end, 0.6 a dwell later."""
    plans = run(
        reading(0, "0.9", "-1"),
        reading(20, "0.3", "-1"),
        reading(60.5, "0.3", "-1"),
        reading(61, "0.3", "-0.9"),
        reading(100, "0.3", "-0.9"),
        reading(122, "0.3", "-0.9"),
    )
    assert [plan.verdict for plan in plans] == [
        Verdict.DWELLING,
        Verdict.DWELLING,
        Verdict.ORDER,
        Verdict.DWELLING,
        Verdict.DWELLING,
        Verdict.ORDER,
    ]
    sizes = [plan.order.request.contracts for plan in plans if plan.order is not None]
    assert sizes == [D("0.1"), D("0.6")]


def test_r11_a_rest_below_a_step_does_not_hide_what_was_sold_later() -> None:
    """What lasted is too small to buy back; what was sold since is not, and must not hide behind it."""
    policy = replace(POLICY, band=Band(relative=D(0), notional=D(0)))
    plans = run(
        reading(0, "0.9995", "-1", policy=policy),
        reading(61, "0.4", "-1", policy=policy),
        reading(122, "0.4", "-1", policy=policy),
    )
    assert [plan.verdict for plan in plans] == [Verdict.DWELLING, Verdict.DWELLING, Verdict.ORDER]


def test_r11_a_surplus_too_small_to_buy_back_says_so() -> None:
    policy = replace(POLICY, band=Band(relative=D(0), notional=D(0)))
    plans = run(reading(0, "0.9995", "-1", policy=policy), reading(61, "0.9995", "-1", policy=policy))
    assert [plan.verdict for plan in plans] == [Verdict.DWELLING, Verdict.TOO_SMALL]
    assert not plans[1].alarm


def test_r11_readings_that_fail_now_and_then_do_not_stop_the_reduction() -> None:
    unreadable = replace(reading(30, "0.3", "-1"), prices=Unknown(what="prices", reason="503"))
    plans = run(
        reading(0, "0.3", "-1"),
        unreadable,
        reading(60.5, "0.3", "-1"),
        reading(61.5, "0.3", "-1"),
    )
    assert [plan.verdict for plan in plans] == [
        Verdict.DWELLING,
        Verdict.FROZEN,
        Verdict.CONFIRMING,
        Verdict.ORDER,
    ]


def test_r11_a_reduction_waits_after_a_rejection() -> None:
    until = START_MS + 70_000
    plans = run(reading(0, "0.3", "-1"), reading(61, "0.3", "-1", live_from_ms=until))
    assert (plans[1].verdict, plans[1].order) == (Verdict.WAITING, None)


def test_r14_dust_is_no_reason_to_keep_a_step_short() -> None:
    plans = run(reading(0, "0.00000012", "-0.001"), reading(61, "0.00000012", "-0.001"))
    assert plans[1].order is not None
    assert (plans[1].order.request.contracts, plans[1].order.request.reduce_only) == (D("0.001"), True)


def test_r14_dust_alone_is_balanced() -> None:
    assert verdicts(reading(0, "0.0005", "0", price="100000")) == [Verdict.BALANCED]


def test_r16_an_order_made_too_small_by_depth_alarms() -> None:
    plans = run(reading(0), reading(1, depth="0.0005"))
    assert (plans[1].verdict, plans[1].alarm) == (Verdict.TOO_SMALL, True)


def test_r14_target_zero_closes_everything_whatever_the_band() -> None:
    plans = run(reading(0, "0", "-0.001", "10000"), reading(61, "0", "-0.001", "10000"))
    assert plans[1].order is not None
    assert plans[1].order.request.contracts == D("0.001")  # 10 USDT: below the minimum notional, but reduce-only
    assert plans[1].order.request.reduce_only


def test_r14_nothing_held_and_nothing_short_is_balanced() -> None:
    assert verdicts(reading(0, "0", "0")) == [Verdict.BALANCED]


def test_r14_a_gap_below_the_venues_minimum_says_so() -> None:
    policy = replace(POLICY, band=Band(relative=D(0), notional=D(0)))
    plans = run(reading(0, "1.0005", "-1", policy=policy), reading(1, "1.0005", "-1", policy=policy))
    assert plans[1].verdict is Verdict.TOO_SMALL
    assert plans[1].order is None


def test_r3_half_a_hedge() -> None:
    policy = replace(POLICY, ratio=D("0.5"))
    plans = run(reading(0, "1", policy=policy), reading(1, "1", policy=policy))
    assert plans[1].order is not None
    assert plans[1].order.request.contracts == D("0.5")


@pytest.mark.parametrize("part", ["holdings", "position", "prices", "margin"])
def test_r8_anything_unknown_freezes_the_hedge(part: str) -> None:
    unknown = Unknown(what=part, reason="HTML page")
    value = (unknown,) if part == "holdings" else unknown
    before = decide(reading(0, "0.3", "-1"), Memory())[1]
    plan, memory = decide(replace(reading(5, "0.3", "-1"), **{part: value}), before)  # type: ignore[arg-type]
    assert (plan.verdict, plan.order, plan.alarm) == (Verdict.FROZEN, None, True)
    assert part in plan.reason
    assert memory.surplus == before.surplus, "the dwell ends when the surplus disappears, not when a reading fails"
    assert memory.sample is None


def test_r8_old_readings_freeze_the_hedge() -> None:
    late = replace(reading(0), now_ms=START_MS + 15_001)
    assert verdicts(late) == [Verdict.FROZEN]


def test_r18_nothing_is_sent_while_something_of_ours_is_open() -> None:
    plans = run(reading(0), reading(1, waiting="order h1 is unknown"), reading(2, waiting="its fill", soon=True))
    assert [plan.verdict for plan in plans[1:]] == [Verdict.WAITING] * 2
    assert (plans[1].look_again_s, plans[2].look_again_s) == (None, D(0))


def test_r24_a_halt_stops_everything() -> None:
    plans = run(reading(0), reading(1, halted=("three fills did not move the position",)))
    assert (plans[1].verdict, plans[1].order, plans[1].alarm) == (Verdict.HALTED, None, True)


def test_r24_a_long_position_is_left_alone_with_an_alarm() -> None:
    plans = run(reading(0, "1", "0.2"), reading(1, "1", "0.2"))
    assert (plans[1].verdict, plans[1].order, plans[1].alarm) == (Verdict.FROZEN, None, True)


def test_r25_a_foreign_change_is_left_alone_for_its_grace_then_hedged() -> None:
    memory = Memory(foreign_since_ms=START_MS)
    plans = run(reading(0, "1", "-0.5"), reading(599, "1", "-0.5"), reading(601, "1", "-0.5"), memory=memory)
    assert [plan.verdict for plan in plans] == [Verdict.WAITING, Verdict.WAITING, Verdict.ORDER]
    assert plans[0].alarm
    kept = Memory.from_dict(memory.to_dict())
    assert kept.foreign_since_ms == START_MS


def test_r25_a_foreign_change_that_leaves_no_gap_is_balanced() -> None:
    plan, memory = decide(reading(1, "1", "-1"), Memory(foreign_since_ms=START_MS))
    assert plan.verdict is Verdict.BALANCED
    assert memory.foreign_since_ms == START_MS, "its grace goes on"
    _, memory = decide(reading(700, "1", "-1"), memory)
    assert memory.foreign_since_ms is None


def test_a_fresh_journal_settles_before_its_first_order() -> None:
    until = START_MS + 4_000
    plans = run(
        reading(0, live_from_ms=until), reading(1, live_from_ms=until), reading(3, live_from_ms=until), reading(5)
    )
    assert [plan.verdict for plan in plans] == [
        Verdict.CONFIRMING,
        Verdict.WAITING,
        Verdict.WAITING,
        Verdict.ORDER,
    ]
    assert (plans[1].look_again_s, plans[2].look_again_s) == (None, D("0.9"))


def test_r16_an_order_waits_for_the_book() -> None:
    plans = run(reading(0), reading(1, book=False))
    assert (plans[1].verdict, plans[1].want_book, plans[1].look_again_s) == (Verdict.CONFIRMING, True, D(0))


def test_r16_two_unfilled_tries_widen_the_collar_and_alarm() -> None:
    plans = run(reading(0), reading(1, unfilled_tries=2))
    assert plans[1].order is not None
    assert plans[1].order.request.price == D("98000.0")
    assert plans[1].alarm


@pytest.mark.parametrize(
    ("depth", "cap", "maximum", "expected"),
    [("0.4", "250000", "120", "0.4"), ("5", "30000", "120", "0.3"), ("5", "250000", "0.25", "0.25")],
)
def test_r16_orders_are_sliced(depth: str, cap: str, maximum: str, expected: str) -> None:
    policy = replace(POLICY, caps=replace(POLICY.caps, order_notional=D(cap)))
    instrument = replace(LINEAR, quantity_max=D(maximum))
    plans = run(
        reading(0, policy=policy, instrument=instrument),
        reading(1, depth=depth, policy=policy, instrument=instrument),
    )
    assert plans[1].order is not None
    assert plans[1].order.request.contracts == D(expected)
    assert plans[1].gap_after == 1 - D(expected)


def test_r15_what_fits_is_hedged_and_the_rest_alarmed() -> None:
    plans = run(reading(0), reading(1, free="50000"))
    assert plans[1].order is not None
    assert D("0.49") < plans[1].order.request.contracts < D("0.5")
    assert plans[1].alarm
    assert "do not fit" in plans[1].reason


def test_r15_nothing_fits() -> None:
    plans = run(reading(0), reading(1, free="3"))
    assert (plans[1].verdict, plans[1].order, plans[1].alarm) == (Verdict.NO_MARGIN, None, True)


def test_r7_a_multiplied_contract_is_sized_in_its_own_units() -> None:
    """10,000,000 PEPE at 0.00002 are 10,000 contracts of 1000PEPE at 0.02."""
    instrument = replace(
        LINEAR,
        asset=Asset("PEPE"),
        multiplier=D(1000),
        quantity_step=D(1),
        quantity_min=D(1),
        quantity_max=D(10**7),
        price_tick=D("0.0000001"),
        notional_min=D(5),
    )
    policy = replace(POLICY, asset=Asset("PEPE"))
    situations = [
        replace(
            reading(at, "10000000", "0", "0.02", policy=policy, instrument=instrument),
            prices=Prices(
                symbol=PERP,
                mark=D("0.02"),
                index=D("0.02"),
                bid=D("0.0199999"),
                ask=D("0.0200001"),
                funding_rate=None,
                stamp=Stamp(sent_ms=START_MS + at * 1000, answered_ms=START_MS + at * 1000 + 100),
                book=Book(
                    bids=(BookLevel(price=D("0.0199999"), contracts=D(10**6)),),
                    asks=(BookLevel(price=D("0.0200001"), contracts=D(10**6)),),
                    stamp=Stamp(sent_ms=START_MS, answered_ms=START_MS),
                ),
            ),
        )
        for at in (0, 1)
    ]
    plans = run(*situations)
    assert plans[1].order is not None
    assert plans[1].order.request.contracts == D(10_000)
    assert plans[1].order.coins == D(10_000_000)
    assert plans[1].order.notional == D(200)
    assert plans[1].view.gap_notional == D(200)


def test_deciding_twice_gives_the_same_answer() -> None:
    _, memory = decide(reading(0), Memory())
    assert decide(reading(1), memory) == decide(reading(1), memory)
