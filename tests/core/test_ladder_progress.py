"""How a step of the margin ladder goes on from what is known of it (R27)."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.core.ladder_progress import (
    LAG_MS,
    STEP_MAX_MS,
    TRIES_MAX,
    Act,
    Buy,
    Close,
    Progress,
    Sell,
    Shift,
    Wait,
    next_act,
    unbought,
    unmatched,
)
from bot.core.ladder_steps import PLACES, Purse
from bot.domain.intent import IntentState
from bot.domain.ladder import StepKind, StepState
from bot.domain.moves import MoveKind, MoveState
from bot.domain.orders import Side
from tests.core.instruments import LINEAR
from tests.core.ladders import HELD, MARKET, NOW_MS, leg, move, progress

D = Decimal
REDUCTION = StepKind.REDUCTION
NEEDED = D(53_008)
BOUGHT = leg("0.2")
SOLD = leg("0.2", side=Side.SELL)
EMPTY = leg("0", state=IntentState.EXPIRED)


def act(known: Progress) -> Act:
    return next_act(known, LINEAR, MARKET if known.step.kind is REDUCTION else None)


def closed(known: Progress) -> StepState:
    end = act(known)
    assert isinstance(end, Close)
    assert end.detail
    return end.state


# A top-up


def test_a_top_up_adds_what_the_margin_wallet_has() -> None:
    assert act(progress()) == Shift(kind=MoveKind.ADD_MARGIN, amount=NEEDED)


def test_what_is_missing_there_is_moved_first() -> None:
    purse = Purse(margin=D(3_008), wallet=D(100_000))
    assert act(progress(purse=purse)) == Shift(kind=MoveKind.TRANSFER, amount=D(50_000) + PLACES)


def test_what_is_not_there_is_left_out() -> None:
    purse = Purse(margin=D(1_000), wallet=D(2_000))
    assert act(progress(purse=purse)) == Shift(kind=MoveKind.TRANSFER, amount=D(2_000) - PLACES)
    moved = move(MoveKind.TRANSFER, "1999.999999")
    after = Purse(margin=D("2999.999999"), wallet=D("0.000001"))
    add = act(progress(purse=after, moves=[moved]))
    assert isinstance(add, Shift)
    assert add.kind is MoveKind.ADD_MARGIN
    assert add.amount == D("2999.999998")


def test_a_transfer_is_waited_for_and_never_made_twice() -> None:
    moved = move(MoveKind.TRANSFER, "50000")
    purse = Purse(margin=D(3_008), wallet=D(50_000))
    unseen = progress(purse=purse, moves=[moved])
    assert isinstance(act(unseen), Wait)
    late = replace(unseen, read_ms=moved.updated_ms + LAG_MS)
    assert act(late) == Shift(kind=MoveKind.ADD_MARGIN, amount=D(3_008) - PLACES)


def test_r27_nothing_moves_while_a_move_is_unknown() -> None:
    for state in (MoveState.ARMED, MoveState.UNKNOWN):
        assert isinstance(act(progress(moves=[move(state=state)])), Wait)


def test_a_move_without_effect_is_made_again_but_not_for_ever() -> None:
    lost = move(state=MoveState.NO_EFFECT_PROVEN)
    assert act(progress(moves=[lost])) == Shift(kind=MoveKind.ADD_MARGIN, amount=NEEDED)
    assert closed(progress(moves=[lost] * TRIES_MAX)) is StepState.FAILED


def test_a_refused_move_ends_the_step() -> None:
    known = progress(moves=[move(state=MoveState.REJECTED)])
    assert closed(known) is StepState.FAILED
    assert "-4051" in str(act(known))


def test_a_reading_from_before_a_move_was_known_says_nothing() -> None:
    known = progress(moves=[move(MoveKind.TRANSFER)], read_ms=NOW_MS + 1_000)
    waiting = act(known)
    assert isinstance(waiting, Wait)
    assert waiting.soon


def test_a_step_ends_once_its_margin_is_seen_or_has_had_the_time() -> None:
    known = progress(moves=[move()])
    assert isinstance(act(known), Wait)
    assert closed(replace(known, wallet=D(153_008))) is StepState.DONE
    assert closed(replace(known, read_ms=NOW_MS + 1_000 + LAG_MS)) is StepState.DONE


def test_a_price_that_has_fallen_back_needs_nothing() -> None:
    assert closed(progress(backing=replace(HELD, equity=D(200_000)))) is StepState.DONE
    assert closed(progress(purse=Purse(margin=D(0), wallet=D(0)))) is StepState.DONE


def test_under_cross_margin_a_transfer_is_all() -> None:
    cross = replace(HELD, isolated=False)
    purse = Purse(margin=D(0), wallet=D(100_000))
    known = progress(backing=cross, purse=purse)
    assert act(known) == Shift(kind=MoveKind.TRANSFER, amount=NEEDED)
    assert isinstance(act(replace(known, moves=[move(MoveKind.TRANSFER)])), Wait)
    seen = replace(known, moves=[move(MoveKind.TRANSFER)], read_ms=NOW_MS + 1_000 + LAG_MS)
    assert closed(seen) is StepState.DONE
    assert closed(replace(known, purse=Purse(margin=D(100_000), wallet=D(0)))) is StepState.DONE


# A reduction


def test_r27_little_is_sold_first_and_no_more_than_a_tenth_is_ever_bought_back_at_a_time() -> None:
    assert act(progress(REDUCTION)) == Sell(coins=D("0.02"))
    first = leg("0.02", side=Side.SELL)
    assert act(progress(REDUCTION, sales=[first])) == Buy(contracts=D("0.020"))
    assert act(progress(REDUCTION, buys=[leg("0.02")], sales=[first])) == Buy(contracts=D("0.020"))
    assert act(progress(REDUCTION, buys=[leg("0.02")] * 2, sales=[first])) == Sell(coins=D("0.02"))
    late, last = leg("0.19"), leg("0.19", side=Side.SELL)
    assert act(progress(REDUCTION, buys=[late], sales=[last])) == Buy(contracts=D("0.01"))


def test_r27_coins_that_are_never_sold_leave_the_short_as_it_is() -> None:
    refused = [leg("0", side=Side.SELL, state=IntentState.REJECTED)]
    assert act(progress(REDUCTION, sales=refused * (TRIES_MAX - 1))) == Sell(coins=D("0.02"))
    assert closed(progress(REDUCTION, sales=refused * TRIES_MAX)) is StepState.FAILED


def test_a_part_is_no_less_than_can_be_sold_and_no_more_than_the_step() -> None:
    def first(price: str, contracts: str = "0.2") -> Act:
        known = progress(REDUCTION, backing=replace(HELD, mark=D(price)))
        return act(replace(known, step=replace(known.step, contracts=D(contracts))))

    assert first("360") == Sell(coins=D("0.02"))
    assert first("120") == Sell(coins=D("0.06"))
    assert first("120", "0.119") == Sell(coins=D("0.119")), "what stayed would be too little to be sold"
    assert first("10") == Sell(coins=D("0.2"))


def test_too_few_contracts_for_an_order_are_left_to_the_hedge() -> None:
    most, sold = leg("0.195"), leg("0.195", side=Side.SELL)
    known = progress(REDUCTION, buys=[most], sales=[sold], spot=D("0.805"), proceeds=D(27_000))
    assert act(known) == Buy(contracts=D("0.005"))
    assert isinstance(next_act(known, replace(LINEAR, quantity_min=D("0.01")), MARKET), Shift)


def test_r27_coins_that_were_sold_while_nothing_could_be_bought_back_fail_the_step() -> None:
    sold, refused = leg("0.02", side=Side.SELL), leg("0", state=IntentState.REJECTED)
    known = progress(REDUCTION, buys=[refused] * TRIES_MAX, sales=[sold], spot=D("0.98"), moves=[move(amount="2800")])
    assert closed(known) is StepState.FAILED
    assert "0.02 contracts could not be bought back" in str(act(known))
    assert closed(replace(known, buys=[leg("0.0195"), *known.buys])) is StepState.DONE, "but for less than an order"


def test_what_is_bought_back_is_sold_before_more_is_bought() -> None:
    half = leg("0.05", wanted="0.05")
    assert act(progress(REDUCTION, buys=[half])) == Sell(coins=D("0.05"))
    sold = leg("0.05", wanted="0.05", side=Side.SELL)
    assert act(progress(REDUCTION, buys=[half], sales=[sold])) == Buy(contracts=D("0.020"))


def test_a_hedge_that_is_to_hold_no_short_any_more_sells_nothing() -> None:
    assert closed(progress(REDUCTION, ratio=D(0))) is StepState.FAILED


def test_half_a_hedge_sells_twice_as_much() -> None:
    known = progress(REDUCTION, buys=[leg("0.1")], ratio=D("0.5"))
    assert act(known) == Sell(coins=D("0.2"))


@pytest.mark.parametrize(
    "leg_",
    [
        leg("0.1", state=IntentState.PARTIALLY_FILLED, settled=False),
        leg("0", state=IntentState.UNKNOWN, settled=False),
        leg("0.2", settled=False),
    ],
)
def test_r18_r23_an_open_leg_is_waited_for(leg_: object) -> None:
    assert isinstance(act(progress(REDUCTION, buys=[leg_])), Wait)


def test_r27_the_money_of_both_legs_is_added() -> None:
    known = progress(REDUCTION, buys=[BOUGHT], sales=[SOLD], proceeds=D(27_972), released=D(11_900))
    assert act(known) == Shift(kind=MoveKind.ADD_MARGIN, amount=D(39_872) - PLACES)
    there = replace(known, purse=Purse(margin=D(11_900), wallet=D(27_972)))
    assert act(there) == Shift(kind=MoveKind.TRANSFER, amount=D(27_972) - PLACES)


def test_no_more_is_added_than_brings_it_to_the_target() -> None:
    after = replace(HELD, units=D("0.8"), equity=D(48_000))
    known = progress(REDUCTION, buys=[BOUGHT], sales=[SOLD], proceeds=D(90_000), released=D(12_000), backing=after)
    added = act(known)
    assert isinstance(added, Shift)
    assert D(42_000) < added.amount < D(42_500)


def test_a_reduction_ends_once_its_coins_are_seen_to_be_gone() -> None:
    known = progress(REDUCTION, buys=[BOUGHT], sales=[SOLD], moves=[move()])
    assert isinstance(act(known), Wait)
    assert closed(replace(known, spot=D("0.8"))) is StepState.DONE
    assert closed(replace(known, read_ms=NOW_MS + 1_000 + LAG_MS)) is StepState.DONE


def test_nothing_that_fills_ends_the_step_and_the_money_of_the_first_sale_is_added() -> None:
    first = leg("0.02", side=Side.SELL)
    known = progress(REDUCTION, buys=[EMPTY] * (TRIES_MAX - 1), sales=[first], proceeds=D(2_800))
    assert act(known) == Buy(contracts=D("0.020"))
    assert act(replace(known, buys=[EMPTY] * TRIES_MAX)) == Shift(kind=MoveKind.ADD_MARGIN, amount=D(2_800) - PLACES)


# The money of a reduction


SOLD_ALL: dict[str, object] = {"buys": [BOUGHT], "sales": [SOLD], "proceeds": D(27_972), "released": D(11_900)}
LATE_MS = NOW_MS + 1_000 + LAG_MS


def test_r23_the_money_of_a_sale_is_waited_for_before_anything_is_added_or_ended() -> None:
    half = progress(REDUCTION, **SOLD_ALL, purse=Purse(margin=D(11_900), wallet=D(0)))
    none = replace(half, purse=Purse(margin=D(0), wallet=D(0)))
    for known in (half, none):
        waiting = act(known)
        assert isinstance(waiting, Wait)
        assert "not seen" in waiting.reason
    late = replace(none, read_ms=LATE_MS)
    assert closed(late) is StepState.FAILED, "its money is nowhere to be seen"
    rest = Shift(kind=MoveKind.ADD_MARGIN, amount=D(11_900) - PLACES)
    assert act(replace(half, read_ms=LATE_MS)) == rest


def test_r27_a_reduction_whose_money_did_not_become_margin_has_failed() -> None:
    moved = progress(REDUCTION, **SOLD_ALL, moves=[move(amount="11900")], read_ms=LATE_MS)
    assert closed(moved) is StepState.FAILED
    assert "16,072.00 of what was sold did not become margin" in str(act(moved))
    assert closed(replace(moved, backing=replace(HELD, equity=D(120_000)))) is StepState.DONE, "none is missing"
    assert closed(replace(moved, moves=[move(amount="27972")])) is StepState.DONE


def test_r27_a_reduction_of_which_coins_stay_unsold_has_failed() -> None:
    tries = [leg("0.1", side=Side.SELL), *[leg("0", side=Side.SELL, state=IntentState.EXPIRED)] * TRIES_MAX]
    known = progress(REDUCTION, buys=[BOUGHT], sales=tries, proceeds=D(14_000), moves=[move(amount="14000")])
    assert closed(replace(known, read_ms=LATE_MS)) is StepState.FAILED


def test_r23_no_end_before_the_reading_shows_that_the_coins_are_gone() -> None:
    refused = progress(REDUCTION, **SOLD_ALL, moves=[move(state=MoveState.REJECTED)])
    assert isinstance(act(refused), Wait)
    assert closed(replace(refused, spot=D("0.8"))) is StepState.FAILED
    assert closed(replace(refused, read_ms=LATE_MS)) is StepState.FAILED
    enough = progress(REDUCTION, **SOLD_ALL, backing=replace(HELD, equity=D(120_000)))
    assert isinstance(act(enough), Wait)
    assert closed(replace(enough, spot=D("0.8"))) is StepState.DONE


def test_money_that_another_hedge_moved_after_the_reading_is_not_counted_again() -> None:
    known = progress(moved_ms=NOW_MS + 9_000)
    assert isinstance(act(known), Wait)
    assert isinstance(act(replace(known, moved_ms=NOW_MS + 8_999)), Shift)


def test_r27_what_is_bought_back_and_not_sold_is_naked() -> None:
    step = progress(REDUCTION).step
    assert unmatched(step, D("0.1"), D("0.08")) == D("0.02")
    assert unmatched(step, D("0.1"), D("0.2")) == 0
    assert unmatched(replace(step, coins=D("0.4")), D("0.1"), D("0.1")) == D("0.05")
    assert unmatched(progress().step, D(0), D(0)) == 0
    assert unbought(step, D("0.08"), D("0.1")) == D("0.02")
    assert unbought(step, D("0.2"), D("0.1")) == 0
    assert unbought(replace(step, coins=D("0.4")), D("0.03"), D("0.1")) == D("0.02")
    assert unbought(progress().step, D(0), D(0)) == 0


def test_what_can_not_be_sold_ends_the_step_and_adds_nothing() -> None:
    tries = [leg("0", side=Side.SELL, state=IntentState.EXPIRED)] * TRIES_MAX
    known = progress(REDUCTION, buys=[BOUGHT], sales=tries, released=D(11_900))
    assert closed(known) is StepState.FAILED
    assert "could not be sold" in str(act(known))


def test_what_was_sold_in_part_is_added_with_its_share_of_the_margin() -> None:
    part = leg("0.1", side=Side.SELL)
    tries = [part, *[leg("0", side=Side.SELL, state=IntentState.EXPIRED)] * TRIES_MAX]
    known = progress(REDUCTION, buys=[BOUGHT], sales=tries, proceeds=D(14_000), released=D(12_000))
    assert act(known) == Shift(kind=MoveKind.ADD_MARGIN, amount=D(20_000) - PLACES)


def test_a_step_that_took_too_long_sends_no_order_any_more() -> None:
    late = NOW_MS + STEP_MAX_MS + 1
    assert closed(progress(REDUCTION, now_ms=late)) is StepState.FAILED
    assert closed(progress(REDUCTION, buys=[BOUGHT], now_ms=late)) is StepState.FAILED
    half, sold = leg("0.05", wanted="0.05"), leg("0.05", wanted="0.05", side=Side.SELL)
    known = progress(REDUCTION, buys=[half], sales=[sold], proceeds=D(6_993), released=D(3_000), now_ms=late)
    assert act(known) == Shift(kind=MoveKind.ADD_MARGIN, amount=D(9_993) - PLACES)


def test_a_remainder_that_the_market_does_not_take_is_left() -> None:
    known = progress(REDUCTION, buys=[BOUGHT], sales=[leg("0.19999", side=Side.SELL)], proceeds=D(28_000))
    assert isinstance(act(known), Shift)
    few = progress(REDUCTION, buys=[leg("0.00001"), *[EMPTY] * TRIES_MAX])
    assert closed(few) is StepState.FAILED
