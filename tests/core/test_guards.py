"""R24: guards against doing the same thing again and again."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.guards import Activity, Campaign, activity, after_accounting, observe_exposure, tripped
from bot.domain.intent import IntentRecord, IntentState
from bot.domain.orders import Refused
from tests.core.instruments import LINEAR, armed_record, intent

STEP = Decimal("0.001")
INSTRUMENT = replace(LINEAR, contract_size=Decimal("0.01"))
NOW_MS = 10_000_000
CAMPAIGN = Campaign(exposure=Decimal(1), initial_gap_contracts=Decimal(100), filled_contracts=Decimal(0), mismatches=0)


def armed(
    age_ms: int, state: IntentState = IntentState.FILLED, mark: str = "100000", filled: str = "2"
) -> IntentRecord:
    made = armed_record(intent("2", mark, created_ms=NOW_MS - age_ms, timestamp_ms=0, deadline_ms=0), 0)
    return replace(made, state=state, filled=Decimal(filled))


def test_activity_of_nothing_is_nothing() -> None:
    assert activity([], INSTRUMENT, NOW_MS) == Activity(orders_last_minute=0, notional_last_hour=Decimal(0))


def test_activity_counts_orders_of_the_minute_and_notional_of_the_hour() -> None:
    records = [armed(3_600_001), armed(3_600_000, mark="50000"), armed(60_001), armed(60_000), armed(0)]
    got = activity(records, INSTRUMENT, NOW_MS)
    # 2 contracts of 0.01 at 100,000 are 2,000; the oldest of the hour was decided at 50,000.
    assert got == Activity(orders_last_minute=2, notional_last_hour=Decimal(7_000))


@pytest.mark.parametrize("state", IntentState)
@pytest.mark.parametrize("filled", ["0", "0.5"])
def test_r24_what_may_still_fill_counts_whole_and_what_is_over_by_what_filled(state: IntentState, filled: str) -> None:
    got = activity([armed(0, state, filled=filled)], INSTRUMENT, NOW_MS)
    assert got.notional_last_hour == (Decimal(filled) * 1000 if state.terminal else 2_000)
    assert got.orders_last_minute == 1


def test_r24_orders_that_missed_the_market_leave_the_hour_for_the_next_try() -> None:
    missed = [armed(600_000, IntentState.EXPIRED, filled="0") for _ in range(4)]
    assert activity(missed, INSTRUMENT, NOW_MS) == Activity(orders_last_minute=0, notional_last_hour=Decimal(0))


def test_a_campaign_survives_a_restart() -> None:
    campaign = Campaign(
        exposure=Decimal("1.50"),
        initial_gap_contracts=Decimal("0.123"),
        filled_contracts=Decimal("1e2"),
        mismatches=2,
    )
    memory = {**campaign.to_dict(), "price.accepted": "1"}
    assert Campaign.from_dict(memory) == campaign
    assert Campaign.from_dict({"price.accepted": "1"}) is None


@pytest.mark.parametrize("key", ["initial_gap_contracts", "filled_contracts", "mismatches"])
def test_half_a_campaign_is_no_campaign(key: str) -> None:
    memory = CAMPAIGN.to_dict()
    del memory[f"campaign.{key}"]
    with pytest.raises(ValueError, match="''"):
        Campaign.from_dict(memory)


def test_a_campaign_begins_with_the_first_exposure_and_with_each_change() -> None:
    begun = observe_exposure(None, Decimal(1), Decimal(-100), Decimal("0.01"), step=Decimal(1))
    assert begun == CAMPAIGN
    done = replace(begun, filled_contracts=Decimal(60), mismatches=2)
    assert observe_exposure(done, Decimal(1), Decimal(40), Decimal("0.01"), step=Decimal(1)) is done
    assert observe_exposure(done, Decimal("1.02"), Decimal(42), Decimal("0.01"), step=Decimal(1)) == Campaign(
        exposure=Decimal("1.02"), initial_gap_contracts=Decimal(42), filled_contracts=Decimal(0), mismatches=2
    )


def test_r24_a_step_more_and_a_step_less_is_work_for_two_fills() -> None:
    """0.020 BTC are hedged; a deposit of one step and a sale of one step are hedged too."""
    campaign = replace(CAMPAIGN, exposure=Decimal("0.020"), initial_gap_contracts=Decimal("0.020"))
    campaign = after_accounting(campaign, Decimal("-0.020"), Decimal("-0.020"), STEP)
    for exposure, moved in (("0.021", "-0.001"), ("0.020", "0.001"), ("0.021", "-0.001"), ("0.020", "0.001")):
        campaign = observe_exposure(campaign, Decimal(exposure), Decimal(moved), STEP, step=STEP)
        campaign = after_accounting(campaign, Decimal(moved), Decimal(moved), STEP)
        assert tripped(campaign, STEP) is None
    assert campaign.filled_contracts == Decimal("0.024")
    assert tripped(after_accounting(campaign, 2 * STEP, 2 * STEP, STEP), STEP) is not None


def test_r24_a_small_change_counts_in_contracts() -> None:
    """Contracts of 0.01 coins: half a step of change is half a step of work."""
    full = replace(CAMPAIGN, filled_contracts=Decimal(100), mismatches=2)
    grown = observe_exposure(full, Decimal("1.000005"), Decimal(9), Decimal("0.00001"), step=STEP)
    assert grown == replace(full, exposure=Decimal("1.000005"), initial_gap_contracts=Decimal("100.0005"))
    assert observe_exposure(full, Decimal(1), Decimal(9), Decimal("0.00001"), step=STEP) is full


@given(st.lists(st.integers(-10, 10), min_size=30, max_size=30))
def test_r24_dust_every_turn_does_not_let_a_loop_of_fills_run(dust: list[int]) -> None:
    """Each turn 1 contract is filled though the gap stays: what trips is the fills, whatever the exposure trembles."""
    campaign = observe_exposure(None, Decimal(1), Decimal(1), STEP, step=STEP)
    filled = 0
    while tripped(campaign, STEP) is None:
        campaign = after_accounting(campaign, Decimal(-1), Decimal(-1), STEP)
        trembled = campaign.exposure + Decimal(dust[filled % 30]) / 10_000
        campaign = observe_exposure(campaign, trembled, Decimal(1), STEP, step=STEP)
        filled += 1
        assert filled <= 2


@given(st.lists(st.integers(-10, 10), max_size=50))
def test_r24_idle_trembling_saves_nothing_up(dust: list[int]) -> None:
    """A band leaves small gaps alone for days; what they sum to must not be left for a loop of fills later."""
    campaign = replace(CAMPAIGN, filled_contracts=Decimal(100))
    for tenths in dust:
        trembled = campaign.exposure + Decimal(tenths) / 10_000
        campaign = observe_exposure(campaign, trembled, trembled - 1, STEP, step=STEP)
    assert campaign.initial_gap_contracts - campaign.filled_contracts <= abs(campaign.exposure - 1)


def test_r24_a_fill_that_the_position_followed_counts_as_done() -> None:
    after = after_accounting(replace(CAMPAIGN, mismatches=2), Decimal(-60), Decimal(-60) + STEP, STEP)
    assert (after.filled_contracts, after.mismatches) == (Decimal(60), 0)
    back = after_accounting(after, Decimal(5), Decimal(5), STEP)
    assert back.filled_contracts == 65


def test_r24_three_fills_that_the_position_did_not_follow_halt() -> None:
    campaign = CAMPAIGN
    for count in (1, 2, 3):
        assert tripped(campaign, STEP) is None
        campaign = after_accounting(campaign, Decimal(-10), Decimal(-10) + 2 * STEP, STEP)
        assert campaign.mismatches == count
    stop = tripped(campaign, STEP)
    assert isinstance(stop, Refused)
    assert (stop.code, stop.halt) == ("guard.position-not-moving", True)


def test_r24_a_fill_that_was_followed_ends_the_row_and_no_fill_leaves_it() -> None:
    campaign = replace(CAMPAIGN, mismatches=2)
    assert after_accounting(campaign, Decimal(0), Decimal(7), STEP).mismatches == 2
    assert after_accounting(campaign, Decimal(-10), Decimal(-10), STEP).mismatches == 0


def test_r24_mismatches_are_not_forgotten_when_the_exposure_changes_each_time() -> None:
    campaign = CAMPAIGN
    for coins in (2, 3, 4):
        campaign = observe_exposure(campaign, Decimal(coins), Decimal(100), STEP, step=STEP)
        campaign = after_accounting(campaign, Decimal(-100), Decimal(0), STEP)
    assert tripped(campaign, STEP) is not None


def test_r24_more_than_the_initial_gap_and_one_step_halts() -> None:
    full = after_accounting(CAMPAIGN, Decimal(-100) - STEP, Decimal(-100) - STEP, STEP)
    assert tripped(full, STEP) is None
    over = after_accounting(full, -STEP, -STEP, STEP)
    stop = tripped(over, STEP)
    assert isinstance(stop, Refused)
    assert (stop.code, stop.halt) == ("guard.filled-too-much", True)
    assert "100.002" in stop.reason


def test_r25_an_adl_cascade_is_hedged_again_and_is_no_mismatch() -> None:
    """Each time we sell again what was taken; nobody fights us. It does not clear what was counted before, either."""
    campaign = replace(CAMPAIGN, mismatches=1)
    for _ in range(5):
        campaign = after_accounting(campaign, Decimal(-30), Decimal(0), STEP, adl=True)
        assert tripped(campaign, STEP) is None
    assert campaign.mismatches == 1


@pytest.mark.parametrize("others", [Decimal(10), Decimal(-10)])
def test_r24_trades_without_marker_beside_ours_are_a_fight_in_either_direction(others: Decimal) -> None:
    """Two hedgers of one account undo each other, or both sell and then both buy back."""
    campaign = CAMPAIGN
    for _ in range(3):
        campaign = after_accounting(campaign, Decimal(-10), Decimal(-10) + others, STEP)
    assert tripped(campaign, STEP) is not None


def test_r25_a_gap_that_others_opened_may_be_closed_again() -> None:
    """ADL takes 30 of the 100 that we sold: 130 sold in all is right, 131 is not."""
    hedged = after_accounting(CAMPAIGN, Decimal(-100), Decimal(-100), STEP)
    reduced = after_accounting(hedged, Decimal(0), Decimal(30), STEP)
    again = after_accounting(reduced, Decimal(-30), Decimal(-30), STEP)
    assert tripped(again, STEP) is None
    assert tripped(after_accounting(again, Decimal(-1), Decimal(-1), STEP), STEP) is not None
