from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.ids import (
    EPOCH_ALPHABET,
    Asset,
    ClientOrderId,
    Epoch,
    HedgeName,
    Symbol,
    TradeId,
    VenueName,
    VenueOrderId,
    client_order_id,
)
from bot.domain.intent import AbsenceRead, Intent, IntentRecord, IntentState
from bot.domain.orders import Anchor, OrderRequest, Side, TimeInForce, TradeCursor, VenueTrade
from bot.journal import rows
from bot.ports import Halt

TIMES = st.integers(0, 2**53)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
NAMES = st.from_regex(r"[A-Za-z0-9/:_-]{1,20}", fullmatch=True)
SIGNED = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=None)
POSITIVE = st.builds(lambda whole, places: Decimal(whole).scaleb(-places), st.integers(1, 10**24), st.integers(-6, 24))
EPOCHS = st.text(EPOCH_ALPHABET, min_size=10, max_size=10).map(Epoch)
IDS = st.builds(client_order_id, EPOCHS, st.integers(1, 10**15 - 1))
CURSORS = st.builds(TradeCursor, trade_id=st.none() | NAMES.map(TradeId), time_ms=TIMES)


@st.composite
def records(draw: st.DrawFn) -> IntentRecord:
    contracts = draw(POSITIVE)
    state = draw(st.sampled_from(IntentState))
    without = state in {IntentState.REJECTED, IntentState.NO_EFFECT_PROVEN}
    filled = Decimal(0) if without else draw(st.sampled_from((Decimal(0), contracts / 4, contracts)))
    timestamp = draw(TIMES)
    return IntentRecord(
        intent=Intent(
            client_id=draw(IDS),
            hedge=HedgeName(draw(TEXTS)),
            request=OrderRequest(
                venue=VenueName(draw(NAMES)),
                symbol=Symbol(draw(NAMES)),
                side=draw(st.sampled_from(Side)),
                contracts=contracts,
                price=draw(POSITIVE),
                time_in_force=draw(st.sampled_from(TimeInForce)),
                reduce_only=draw(st.booleans()),
                hedged=draw(st.booleans()),
            ),
            position_before=draw(SIGNED),
            cursor_before=draw(CURSORS),
            mark=draw(POSITIVE),
            created_ms=draw(TIMES),
            timestamp_ms=timestamp,
            deadline_ms=timestamp + draw(TIMES),
        ),
        state=state,
        filled=filled,
        average_price=draw(POSITIVE) if filled else None,
        venue_order_id=draw(st.none() | NAMES.map(VenueOrderId)),
        settled=draw(st.booleans()),
        detail=draw(TEXTS),
        updated_ms=draw(TIMES),
    )


@given(records())
def test_every_intent_reads_back_as_written(record: IntentRecord) -> None:
    row = rows.record_row(record)
    assert rows.record_of(row) == record
    assert row["client_id"] == client_order_id(row["epoch"], row["sequence"])
    assert "E" not in row["contracts"]


@given(
    st.builds(
        AbsenceRead,
        venue_ms=TIMES,
        not_found_code=TEXTS,
        in_lists=st.booleans(),
        stray_trades=st.lists(TEXTS, max_size=3).map(tuple),
        position_explained=st.booleans(),
    ),
    IDS,
)
def test_every_absence_reading_reads_back_as_written(read: AbsenceRead, client_id: ClientOrderId) -> None:
    assert rows.absence_of(rows.absence_row(client_id, read)) == read


@given(st.builds(Anchor, contracts=SIGNED, cursor=CURSORS, at_ms=TIMES))
def test_every_anchor_reads_back_as_written(anchor: Anchor) -> None:
    assert rows.anchor_of(rows.anchor_row(VenueName("main"), Symbol("X"), anchor)) == anchor


@given(
    st.builds(
        VenueTrade,
        trade_id=NAMES.map(TradeId),
        venue_order_id=NAMES.map(VenueOrderId),
        symbol=NAMES.map(Symbol),
        side=st.sampled_from(Side),
        contracts=POSITIVE,
        price=POSITIVE,
        fee=SIGNED,
        fee_asset=NAMES.map(Asset),
        realized=SIGNED,
        maker=st.booleans(),
        time_ms=TIMES,
    ),
    st.none() | IDS,
    POSITIVE,
)
def test_every_fill_reads_back_as_written(trade: VenueTrade, client_id: ClientOrderId | None, mark: Decimal) -> None:
    assert rows.fill_of(rows.fill_row(VenueName("main"), trade, client_id, mark)) == (trade, client_id, mark)


@given(st.dictionaries(TEXTS, TEXTS, max_size=4))
def test_every_memory_reads_back_as_written(memory: dict[str, str]) -> None:
    assert rows.memory_of(rows.memory_text(memory)) == memory


@given(
    st.builds(
        Halt,
        venue=NAMES.map(VenueName),
        symbol=st.none() | NAMES.map(Symbol),
        code=TEXTS,
        reason=TEXTS,
        since_ms=TIMES,
    )
)
def test_every_halt_reads_back_as_written(halt: Halt) -> None:
    assert rows.halt_of(rows.halt_row(halt)) == halt


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity")])
def test_a_number_that_is_not_finite_is_not_written(value: Decimal) -> None:
    with pytest.raises(ValueError, match="finite"):
        rows.digits(value)


def test_memory_must_be_texts() -> None:
    with pytest.raises(ValueError, match="texts"):
        rows.memory_of(json.dumps({"a": 1}))
