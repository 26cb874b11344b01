"""RULES, One order: what each event does to each state."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bot.core.lifecycle import advance, unfilled
from bot.domain.errors import InvariantBroken
from bot.domain.ids import ClientOrderId, Symbol, VenueOrderId
from bot.domain.intent import (
    IntentEvent,
    IntentRecord,
    IntentState,
    OutcomeLost,
    ProvenWithoutEffect,
    RejectedByVenue,
    Reported,
)
from bot.domain.orders import OrderReport, OrderStatus, Side
from tests.core.instruments import CLIENT_ID, PERP, armed_record, intent

ORDER = VenueOrderId("77")
INTENT = intent("1.0")
LIVE = [IntentState.ARMED, IntentState.UNKNOWN, IntentState.ACKED, IntentState.PARTIALLY_FILLED]
ENDED = [IntentState.FILLED, IntentState.CANCELED, IntentState.EXPIRED]
WITHOUT_EFFECT = [IntentState.REJECTED, IntentState.NO_EFFECT_PROVEN]
REJECTION = RejectedByVenue(code="-2019", message="Margin is insufficient.")
LOST = OutcomeLost(detail="timeout")
PROOF = ProvenWithoutEffect(evidence="three readings")


def report(status: OrderStatus, filled: str = "0", *, price: str | None = None) -> OrderReport:
    return OrderReport(
        symbol=PERP,
        client_id=CLIENT_ID,
        venue_order_id=ORDER,
        side=Side.SELL,
        status=status,
        contracts=Decimal("1.0"),
        filled=Decimal(filled),
        average_price=None if price is None else Decimal(price),
        reduce_only=False,
        time_ms=1_500,
    )


def reported(status: OrderStatus, filled: str = "0", *, price: str | None = None) -> Reported:
    return Reported(report=report(status, filled, price=price))


def record(state: IntentState, filled: str = "0", *, settled: bool = False) -> IntentRecord:
    """A record as `advance` would have made it."""
    known = state not in {IntentState.ARMED, IntentState.UNKNOWN, *WITHOUT_EFFECT}
    return replace(
        armed_record(INTENT, 1_000),
        state=state,
        filled=Decimal(filled),
        venue_order_id=ORDER if known else None,
        settled=settled,
    )


@pytest.mark.parametrize("state", LIVE)
@pytest.mark.parametrize(
    ("status", "filled", "becomes"),
    [
        (OrderStatus.OPEN, "0.5", IntentState.PARTIALLY_FILLED),
        (OrderStatus.PARTIALLY_FILLED, "0.5", IntentState.PARTIALLY_FILLED),
        (OrderStatus.FILLED, "1", IntentState.FILLED),
        (OrderStatus.CANCELED, "0.5", IntentState.CANCELED),
        (OrderStatus.EXPIRED, "0.5", IntentState.EXPIRED),
    ],
)
def test_r20_a_report_moves_a_live_record(
    state: IntentState, status: OrderStatus, filled: str, becomes: IntentState
) -> None:
    after = advance(record(state), reported(status, filled, price="99990"), 2_000)
    assert (after.state, after.filled, after.average_price) == (becomes, Decimal(filled), Decimal(99_990))
    assert (after.venue_order_id, after.updated_ms, after.settled) == (ORDER, 2_000, False)


@pytest.mark.parametrize("status", [OrderStatus.CANCELED, OrderStatus.EXPIRED])
def test_an_order_that_ended_with_nothing_filled_is_settled(status: OrderStatus) -> None:
    after = advance(record(IntentState.ACKED), reported(status), 2_000)
    assert after.settled
    assert unfilled(after) == 0


def test_an_acknowledgement_without_fill_is_acked_and_not_settled() -> None:
    after = advance(record(IntentState.ARMED), reported(OrderStatus.OPEN), 2_000)
    assert (after.state, after.settled) == (IntentState.ACKED, False)
    assert unfilled(after) == 1


def test_a_late_smaller_report_does_not_shrink_the_fill() -> None:
    known = replace(record(IntentState.PARTIALLY_FILLED, "0.7"), average_price=Decimal(99_900))
    late = advance(known, reported(OrderStatus.PARTIALLY_FILLED, "0.3", price="99800"), 2_000)
    assert late == known
    opened = advance(known, reported(OrderStatus.OPEN), 2_000)
    assert opened == known
    ended = advance(known, reported(OrderStatus.CANCELED, "0.3", price="99800"), 2_000)
    assert (ended.state, ended.filled, ended.average_price) == (
        IntentState.CANCELED,
        Decimal("0.7"),
        Decimal(99_900),
    )
    assert not ended.settled


def test_the_same_report_twice_changes_nothing() -> None:
    once = advance(record(IntentState.ACKED), reported(OrderStatus.FILLED, "1", price="99990"), 2_000)
    assert advance(once, reported(OrderStatus.FILLED, "1", price="99990"), 3_000) is once


@pytest.mark.parametrize("state", ENDED)
def test_late_truth_adds_a_fill_to_an_ended_record_and_unsettles_it(state: IntentState) -> None:
    known = record(state, "0.3", settled=True)
    after = advance(known, reported(OrderStatus.FILLED, "0.8"), 2_000)
    assert (after.state, after.filled, after.settled) == (state, Decimal("0.8"), False)


@pytest.mark.parametrize("state", ENDED)
@pytest.mark.parametrize("status", [OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED, OrderStatus.EXPIRED])
def test_a_late_report_does_not_move_an_ended_record(state: IntentState, status: OrderStatus) -> None:
    known = record(state, "0.3", settled=True)
    assert advance(known, reported(status, "0.3"), 2_000) is known
    assert advance(known, reported(status, "0.1"), 2_000) is known


def test_an_order_settled_while_it_stood_stays_settled_when_it_ends_without_more() -> None:
    known = record(IntentState.PARTIALLY_FILLED, "0.3", settled=True)
    assert advance(known, reported(OrderStatus.CANCELED, "0.3"), 2_000).settled
    assert not advance(known, reported(OrderStatus.CANCELED, "0.4"), 2_000).settled


@pytest.mark.parametrize("state", [IntentState.ARMED, IntentState.UNKNOWN])
@pytest.mark.parametrize("event", [REJECTION, reported(OrderStatus.REJECTED)])
def test_r20_a_definite_rejection_ends_an_open_question(state: IntentState, event: IntentEvent) -> None:
    after = advance(record(state), event, 2_000)
    assert (after.state, after.settled, unfilled(after)) == (IntentState.REJECTED, True, Decimal(0))


@pytest.mark.parametrize("state", [IntentState.ACKED, IntentState.PARTIALLY_FILLED, *ENDED])
@pytest.mark.parametrize("event", [REJECTION, reported(OrderStatus.REJECTED)])
def test_r20_an_order_that_existed_can_not_be_rejected(state: IntentState, event: IntentEvent) -> None:
    with pytest.raises(InvariantBroken, match=r"reject"):
        advance(record(state), event, 2_000)


@pytest.mark.parametrize("state", WITHOUT_EFFECT)
@pytest.mark.parametrize("event", [REJECTION, reported(OrderStatus.REJECTED), LOST])
def test_a_record_without_effect_keeps_what_agrees_with_it(state: IntentState, event: IntentEvent) -> None:
    known = record(state, settled=True)
    assert advance(known, event, 2_000) is known


@pytest.mark.parametrize("state", WITHOUT_EFFECT)
@pytest.mark.parametrize(
    "event",
    [reported(OrderStatus.OPEN), reported(OrderStatus.FILLED, "1"), reported(OrderStatus.CANCELED)],
)
def test_r22_an_order_that_appears_after_all_breaks_the_invariant(state: IntentState, event: IntentEvent) -> None:
    with pytest.raises(InvariantBroken) as caught:
        advance(record(state, settled=True), event, 2_000)
    assert str(state) in caught.value.message
    assert ORDER in caught.value.message


def test_r20_a_lost_answer_makes_an_armed_record_unknown() -> None:
    after = advance(record(IntentState.ARMED), LOST, 2_000)
    assert (after.state, after.detail, after.settled) == (IntentState.UNKNOWN, "timeout", False)
    assert unfilled(after) == 1


@pytest.mark.parametrize("state", [*LIVE[1:], *ENDED])
def test_r20_a_lost_answer_takes_nothing_away(state: IntentState) -> None:
    known = record(state, "0.3")
    assert advance(known, LOST, 2_000) is known


@pytest.mark.parametrize("state", [IntentState.ARMED, IntentState.UNKNOWN])
def test_r22_a_proof_of_absence_ends_an_open_question(state: IntentState) -> None:
    after = advance(record(state), PROOF, 2_000)
    assert (after.state, after.settled, after.detail) == (IntentState.NO_EFFECT_PROVEN, True, "three readings")


@pytest.mark.parametrize("known", [record(s) for s in (*LIVE[2:], *ENDED, *WITHOUT_EFFECT)])
def test_r22_a_known_order_can_not_be_proven_absent(known: IntentRecord) -> None:
    with pytest.raises(InvariantBroken, match="proven absent"):
        advance(known, PROOF, 2_000)


def test_r22_an_order_with_a_fill_can_not_be_proven_absent() -> None:
    with pytest.raises(InvariantBroken, match="proven absent"):
        advance(record(IntentState.UNKNOWN, "0.1"), PROOF, 2_000)


@pytest.mark.parametrize(
    "told",
    [
        replace(report(OrderStatus.OPEN), client_id=None),
        replace(report(OrderStatus.OPEN), client_id=ClientOrderId("habcdefghjk000000000000002")),
        replace(report(OrderStatus.OPEN), symbol=Symbol("ETH/USDT:USDT")),
        replace(report(OrderStatus.OPEN), side=Side.BUY),
        replace(report(OrderStatus.OPEN), venue_order_id=VenueOrderId("78")),
        report(OrderStatus.FILLED, "1.1"),
        report(OrderStatus.OPEN, "-0.1"),
        report(OrderStatus.FILLED, "0"),
        report(OrderStatus.REJECTED, "0.1"),
    ],
)
def test_r20_a_report_that_is_not_of_this_order_or_contradicts_itself_is_no_evidence(told: OrderReport) -> None:
    with pytest.raises(InvariantBroken):
        advance(record(IntentState.ACKED), Reported(report=told), 2_000)


def test_a_fill_of_zero_that_contradicts_itself_is_no_evidence_for_an_unknown_record_either() -> None:
    for told in (report(OrderStatus.FILLED), report(OrderStatus.REJECTED, "0.1")):
        with pytest.raises(InvariantBroken, match="contradicts"):
            advance(record(IntentState.UNKNOWN), Reported(report=told), 2_000)


@pytest.mark.parametrize("state", LIVE)
def test_r13_unfilled_is_what_may_still_fill(state: IntentState) -> None:
    assert unfilled(record(state, "0.3")) == Decimal("0.7")


@pytest.mark.parametrize("state", [*ENDED, *WITHOUT_EFFECT])
def test_r13_a_terminal_order_fills_no_more(state: IntentState) -> None:
    assert unfilled(record(state, "0.3")) == 0


EVENTS = st.one_of(
    st.builds(
        lambda status, tenths: reported(status, str(Decimal(tenths) / 10)),
        st.sampled_from(OrderStatus),
        st.integers(min_value=0, max_value=10),
    ),
    st.sampled_from([REJECTION, LOST, PROOF]),
)


class OneOrder(RuleBasedStateMachine):
    """Whatever the venue says, in whatever order: fills only grow, the end is the end, only evidence answers."""

    @initialize()
    def armed(self) -> None:
        self.record = armed_record(INTENT, 0)
        self.now_ms = 0

    @rule(event=EVENTS)
    def told(self, event: IntentEvent) -> None:
        before = self.record
        self.now_ms += 1
        try:
            self.record = advance(before, event, self.now_ms)
        except InvariantBroken:
            return
        after = self.record
        assert after.filled >= before.filled
        assert after.intent is before.intent
        if before.state.terminal:
            assert after.state is before.state
        if before.state is IntentState.UNKNOWN and after.state is not IntentState.UNKNOWN:
            assert not isinstance(event, OutcomeLost)
        if after.filled > before.filled:
            assert isinstance(event, Reported)
            assert not after.settled
        if after != before:
            assert after.updated_ms == self.now_ms

    @rule()
    def found_in_position(self) -> None:
        if self.record.filled > 0:
            self.record = replace(self.record, settled=True)

    @invariant()
    def numbers_fit(self) -> None:
        known = self.record
        assert 0 <= known.filled <= INTENT.request.contracts
        assert 0 <= unfilled(known) <= INTENT.request.contracts - known.filled
        if known.state in {IntentState.ARMED, IntentState.UNKNOWN, *WITHOUT_EFFECT}:
            assert known.filled == 0
        if known.state.terminal and known.filled == 0:
            assert known.settled


TestOneOrder = OneOrder.TestCase
