"""What every venue's gateway must do with margin, markers and funding, as numbered cases; see test_contract.py."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from bot.core.accounting import Adl, Liquidation, Owner, Settlement, owner_of
from bot.domain.errors import NotOffered
from bot.domain.ledger import RowKind
from bot.domain.moves import Moved, MoveKind, VenueMove
from bot.domain.orders import Found, OutcomeUnknown, Rejected, Side, TimeInForce
from tests.contract.rig import COIN, KEY, Rig
from tests.contract.treasury_rig import PATHS, lose, record, send

ADD, TRANSFER = MoveKind.ADD_MARGIN, MoveKind.TRANSFER
WITHOUT_SWITCH = frozenset({"kucoin"})
SWITCH_S = 12


async def history(rig: Rig, kind: MoveKind, since_ms: int) -> Sequence[VenueMove]:
    return await rig.venue.moves(kind, rig.symbol, since_ms)


# Transfers.


async def test_c60_a_transfer_moves_money_and_is_in_the_history(linear: Rig) -> None:
    since_ms = linear.clock.now_ms()
    before, free = await linear.margin(), await linear.venue.free_to_move(linear.instrument.settle)
    outcome = await send(linear, record(linear, TRANSFER, "123.4567890"))
    if linear.ground.unified:
        assert free == 0
        assert isinstance(outcome, Rejected), outcome
        assert outcome.code == "not-needed"
        assert await history(linear, TRANSFER, since_ms) == []
        return
    assert free > 1_000
    assert isinstance(outcome, Moved), outcome
    amount = Decimal("123.4567890")
    assert (await linear.margin()).wallet - before.wallet == amount
    assert free - await linear.venue.free_to_move(linear.instrument.settle) == amount
    (move,) = await history(linear, TRANSFER, since_ms)
    assert (move.kind, move.asset, move.amount) == (TRANSFER, linear.instrument.settle, amount)
    assert move.reference
    assert since_ms <= move.time_ms <= linear.clock.now_ms()
    assert await history(linear, TRANSFER, linear.clock.now_ms() + 5_000) == []


async def test_c61_a_transfer_back_is_told_as_negative(linear: Rig) -> None:
    if linear.ground.unified:
        return
    since_ms = linear.clock.now_ms()
    await send(linear, record(linear, TRANSFER, "10"))
    linear.exchange.transfer(KEY, linear.ground.margin[linear.symbol], linear.ground.spot, "USDT", Decimal(4))
    moves = await history(linear, TRANSFER, since_ms)
    assert sorted(move.amount for move in moves) == [-4, 10]
    assert len({move.reference for move in moves}) == 2


async def test_c62_more_than_there_is_can_not_be_moved(linear: Rig) -> None:
    since_ms = linear.clock.now_ms()
    outcome = await send(linear, record(linear, TRANSFER, "99999999"))
    assert isinstance(outcome, Rejected), outcome
    assert await history(linear, TRANSFER, since_ms) == []


async def test_c63_a_transfer_with_a_lost_answer_is_unknown_and_then_in_the_history(linear: Rig) -> None:
    path = PATHS[linear.ground.exchange].transfer
    if path is None:
        return
    since_ms = linear.clock.now_ms()
    lose(linear, path)
    outcome = await send(linear, record(linear, TRANSFER, "7"))
    assert isinstance(outcome, OutcomeUnknown), outcome
    assert [move.amount for move in await history(linear, TRANSFER, since_ms)] == [7]


# Margin of an isolated position.


async def test_c64_margin_added_moves_the_liquidation_price_and_is_in_the_history(linear: Rig) -> None:
    await linear.sell("0.1")
    before, since_ms = await linear.position(), linear.clock.now_ms()
    moving = record(linear, ADD, "500.0000012")
    outcome = await send(linear, moving)
    assert isinstance(outcome, Moved), outcome
    after = await linear.position()
    assert before.liquidation_price is not None
    assert after.liquidation_price is not None
    assert before.isolated_wallet is not None
    assert after.liquidation_price > before.liquidation_price + 4_000
    assert after.isolated_wallet == before.isolated_wallet + Decimal("500.0000012")
    (move,) = await history(linear, ADD, min(since_ms, moving.move.timestamp_ms))
    assert (move.kind, move.asset, move.amount) == (ADD, linear.instrument.settle, Decimal("500.0000012"))
    assert move.reference


async def test_c65_margin_with_a_lost_answer_is_unknown_and_then_in_the_history(linear: Rig) -> None:
    await linear.sell("0.1")
    lose(linear, PATHS[linear.ground.exchange].margin)
    moving = record(linear, ADD, "50.0000034")
    outcome = await send(linear, moving)
    assert isinstance(outcome, OutcomeUnknown), outcome
    (move,) = await history(linear, ADD, moving.move.timestamp_ms)
    assert move.amount == Decimal("50.0000034")


async def test_c66_margin_that_never_arrived_is_not_in_the_history(linear: Rig) -> None:
    await linear.sell("0.1")
    moving = record(linear, ADD, "99999999")
    outcome = await send(linear, moving)
    assert isinstance(outcome, Rejected), outcome
    assert await history(linear, ADD, moving.move.timestamp_ms) == []


async def test_c67_there_is_no_margin_to_add_without_a_position(linear: Rig) -> None:
    outcome = await send(linear, record(linear, ADD, "10"))
    assert isinstance(outcome, Rejected), outcome


async def test_c68_r21_a_move_past_its_deadline_never_leaves(linear: Rig) -> None:
    await linear.sell("0.1")
    before = await linear.position()
    late = record(linear, ADD, "10", age_ms=linear.venue.recv_window_ms() + 1)
    outcome = await send(linear, late)
    assert isinstance(outcome, Rejected), outcome
    assert (await linear.position()).isolated_wallet == before.isolated_wallet


async def test_c69_hedge_mode_names_the_short_side(linear: Rig) -> None:
    linear.exchange.set_hedged(KEY, True)
    await linear.venue.configure(linear.symbol, linear.leverage, linear.margin_mode)
    await linear.place(linear.ticket(Side.SELL, linear.contracts("0.1"), "99000", hedged=True))
    before = await linear.position()
    moving = record(linear, ADD, "50.0000034")
    outcome = await send(linear, moving)
    assert isinstance(outcome, Moved), outcome
    assert before.isolated_wallet is not None
    assert (await linear.position()).isolated_wallet == before.isolated_wallet + Decimal("50.0000034")
    since_ms = moving.move.timestamp_ms - 1_000
    assert [move.amount for move in await history(linear, ADD, since_ms)] == [Decimal("50.0000034")]


# The dead man's switch.


async def test_c70_a_dead_mans_switch_cancels_what_rests_and_leaves_the_position(rig: Rig) -> None:
    ticket = await rig.sell("0.1")
    await rig.place(rig.ticket(Side.SELL, rig.contracts("0.1"), "101000", tif=TimeInForce.GTC))
    if rig.ground.exchange in WITHOUT_SWITCH:
        with pytest.raises(NotOffered):
            await rig.venue.dead_man(rig.symbol, SWITCH_S)
        return
    await rig.venue.dead_man(rig.symbol, SWITCH_S)
    rig.clock.skip(SWITCH_S * 1_000 - 5_000)
    assert len(await rig.venue.open_orders(rig.symbol)) == 1
    await rig.venue.dead_man(rig.symbol, SWITCH_S)
    rig.clock.skip(SWITCH_S * 1_000 - 5_000)
    assert len(await rig.venue.open_orders(rig.symbol)) == 1
    rig.clock.skip(5_001)
    assert await rig.venue.open_orders(rig.symbol) == []
    assert (await rig.position()).contracts == -ticket.request.contracts


async def test_c71_a_dead_mans_switch_that_is_off_cancels_nothing(rig: Rig) -> None:
    if rig.ground.exchange in WITHOUT_SWITCH:
        return
    await rig.place(rig.ticket(Side.SELL, rig.contracts("0.1"), "101000", tif=TimeInForce.GTC))
    await rig.venue.dead_man(rig.symbol, SWITCH_S)
    await rig.venue.dead_man(rig.symbol, 0)
    rig.clock.skip(SWITCH_S * 2_000)
    assert len(await rig.venue.open_orders(rig.symbol)) == 1


# Trades that the venue forced (R25).


async def owners(rig: Rig) -> list[Owner]:
    """Whose the trades are that were not ours, as the reconciler asks."""
    found: list[Owner] = []
    for trade in await rig.venue.trades(rig.symbol, rig.cursor()):
        if trade.side is Side.BUY:
            lookup = await rig.venue.find_venue_order(rig.symbol, trade.venue_order_id)
            assert isinstance(lookup, Found), lookup
            assert lookup.report.side is Side.BUY
            found.append(owner_of(lookup.report.client_id, known=lambda _: True))
    return found


async def test_c72_r25_auto_deleveraging_is_known_by_the_venues_marker(rig: Rig) -> None:
    ticket = await rig.sell("0.1")
    part = rig.contracts("0.04")
    rig.exchange.deleverage(KEY, rig.market_id, quantity=part)
    assert await owners(rig) == [Adl()]
    assert (await rig.position()).contracts == part - ticket.request.contracts


async def test_c73_r25_a_liquidation_is_known_by_the_venues_marker(rig: Rig) -> None:
    await rig.sell("0.1")
    rig.exchange.liquidate(KEY, rig.market_id)
    assert set(await owners(rig)) == {Liquidation()}
    assert (await rig.position()).contracts == 0


async def test_c74_r25_a_settlement_is_known_by_the_venues_marker(rig: Rig) -> None:
    await rig.sell("0.1")
    rig.exchange.settle_market(rig.market_id)
    assert set(await owners(rig)) == {Settlement()}


# Funding.


async def test_c75_every_funding_payment_has_symbol_sign_time_and_reference(rig: Rig) -> None:
    await rig.sell("0.1")
    since_ms = rig.clock.now_ms()
    settled_ms: list[tuple[int, int]] = []
    for rate in ("0.0001", "-0.0002", "0.0001"):
        began_ms = rig.clock.now_ms()
        rig.exchange.settle_funding(COIN, Decimal(rate))
        settled_ms.append((began_ms, rig.clock.now_ms()))
        rig.clock.skip(1_000)
    rows = await rig.venue.ledger(since_ms, [rig.symbol])
    paid = [row for row in rows if row.kind is RowKind.FUNDING]
    assert {row.symbol for row in paid} == {rig.symbol}
    assert {row.asset for row in paid} == {rig.instrument.settle}
    # A short receives while the rate is positive.
    assert [row.amount > 0 for row in paid] == [True, False, True]
    assert abs(paid[1].amount + 2 * paid[0].amount) < abs(paid[0].amount) / 1_000
    assert len({row.reference for row in paid}) == 3
    assert all(row.reference not in {"", "None"} for row in paid)
    assert all(
        began_ms <= row.time_ms <= ended_ms for row, (began_ms, ended_ms) in zip(paid, settled_ms, strict=True)
    ), ([row.time_ms for row in paid], settled_ms)
