"""Sales, steps and their progress exactly at the bound (R16, R24, R27)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.core.ladder_progress import (
    ARRIVED,
    FIRST_PART,
    FIRST_SLACK,
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
    fruitless,
    next_act,
)
from bot.core.ladder_steps import PLACES, WORTH_IT, Missing, Purse, Reduce, Sellable, TopUp, choose, tagged
from bot.core.sale import SaleCase, approve_sale
from bot.domain.instrument import Instrument, SpotMarket
from bot.domain.intent import IntentRecord, IntentState
from bot.domain.ladder import LadderPolicy, StepKind, StepState
from bot.domain.moves import MoveKind, MoveState
from bot.domain.observation import Book, BookLevel, Stamp
from bot.domain.orders import Approved, OrderRequest, Refused, Side, TimeInForce
from tests.core.instruments import LINEAR, MAIN, POLICY
from tests.core.ladders import HELD, MARKET, NOW_MS, SPOT, leg, move, progress

REDUCTION = StepKind.REDUCTION
READ_MS = NOW_MS + 9_000
NEEDED = D(53_008)
BUY = leg("0.2")
SALE = leg("0.2", side=Side.SELL)


def act(known: Progress, instrument: Instrument = LINEAR, market: SpotMarket = MARKET) -> Act:
    return next_act(known, instrument, market if known.step.kind is REDUCTION else None)


def reducing(**given: object) -> Progress:
    return progress(REDUCTION, **given)


# The first buy of a reduction


def test_the_first_buy_is_a_small_part() -> None:
    assert act(reducing()) == Buy(contracts=D("0.2") * FIRST_PART)


@pytest.mark.parametrize(("ratio", "bid"), [("1", "140000"), ("0.5", "140000"), ("1", "70000")])
def test_the_first_buy_is_enough_for_the_least_sale(ratio: str, bid: str) -> None:
    market = replace(MARKET, notional_min=D(14_000))
    least = D(14_000) / D(bid)
    small = replace(LINEAR, contract_size=D("0.01"), quantity_step=D("0.0001"))
    step = replace(reducing().step, contracts=D(40))
    bought = act(reducing(ratio=D(ratio), bid=D(bid), step=step), small, market)
    assert isinstance(bought, Buy)
    enough = least * D(ratio) * 100 * FIRST_SLACK
    assert 0 <= bought.contracts - enough < D("0.0001")


def test_the_first_buy_is_no_less_than_the_contract_takes() -> None:
    assert act(reducing(), replace(LINEAR, quantity_min=D("0.05"))) == Buy(contracts=D("0.05"))
    assert act(reducing(), market=replace(MARKET, quantity_min=D("0.1"))) == Buy(contracts=D("0.1") * FIRST_SLACK)


# Waiting, trying again, giving up


def test_a_reading_of_the_very_moment_is_too_early() -> None:
    done = leg("0.2", at_ms=READ_MS)
    early = act(reducing(buys=[done]))
    assert early == Wait(reason="a ladder step is under way; the next reading shows what it did", soon=True)
    assert act(reducing(buys=[leg("0.2", at_ms=READ_MS - 1)])) == Sell(coins=D("0.2"))


def test_the_newest_of_all_that_was_done_counts() -> None:
    for known in (
        reducing(buys=[leg("0.2", at_ms=READ_MS)], sales=[SALE]),
        reducing(buys=[BUY], sales=[leg("0.2", side=Side.SELL, at_ms=READ_MS)]),
        reducing(buys=[BUY], sales=[SALE], moves=[move(MoveKind.TRANSFER, "5", at_ms=READ_MS)]),
    ):
        assert isinstance(act(known), Wait)


def test_a_step_has_its_time_to_the_millisecond() -> None:
    last = reducing(now_ms=NOW_MS + STEP_MAX_MS)
    assert isinstance(act(last), Buy)
    over = act(replace(last, now_ms=last.now_ms + 1))
    assert over == Close(state=StepState.FAILED, detail="0.2 contracts could not be bought back")
    unsold = act(reducing(buys=[BUY], now_ms=NOW_MS + STEP_MAX_MS + 1))
    assert unsold == Close(state=StepState.FAILED, detail="0.2 BTC could not be sold")


def test_so_many_tries_without_a_fill_and_no_more() -> None:
    missed = leg("0", state=IntentState.EXPIRED)
    assert isinstance(act(reducing(buys=[missed] * (TRIES_MAX - 1))), Buy)
    assert act(reducing(buys=[missed] * TRIES_MAX)) == Close(
        state=StepState.FAILED, detail="0.2 contracts could not be bought back"
    )
    unsold = replace(missed, intent=SALE.intent)
    assert isinstance(act(reducing(buys=[BUY], sales=[unsold] * (TRIES_MAX - 1))), Sell)
    assert isinstance(act(reducing(buys=[BUY], sales=[unsold] * TRIES_MAX)), Close)
    assert fruitless([missed, BUY, missed, missed]) == 2
    assert fruitless([]) == 0


def test_what_is_left_to_sell_is_left_when_the_market_would_not_take_it() -> None:
    half = leg("0.1", side=Side.SELL)
    assert act(reducing(buys=[BUY], sales=[half])) == Sell(coins=D("0.1"))
    assert act(reducing(buys=[BUY], sales=[half]), market=replace(MARKET, notional_min=D(14_000))) == Sell(
        coins=D("0.1")
    )
    assert isinstance(act(reducing(buys=[BUY], sales=[half]), market=replace(MARKET, quantity_min=D("0.1"))), Sell)
    for market in (replace(MARKET, notional_min=D("14000.01")), replace(MARKET, quantity_min=D("0.10001"))):
        assert not isinstance(act(reducing(buys=[BUY], sales=[half]), market=market), Sell)


def test_no_more_is_sold_than_the_step_allows() -> None:
    cheap = replace(HELD, mark=D(140_000))
    assert act(reducing(buys=[BUY], ratio=D("0.5"), backing=cheap)) == Sell(coins=D("0.2"))
    assert act(reducing(buys=[leg("0.05")], ratio=D("0.5"), backing=cheap)) == Sell(coins=D("0.1"))


# Money


def test_what_was_sold_and_set_free_becomes_margin() -> None:
    known = reducing(buys=[BUY], sales=[SALE], proceeds=D(10_000), released=D(2_000))
    assert act(known) == Shift(kind=MoveKind.ADD_MARGIN, amount=D(12_000) - PLACES)
    half = reducing(
        buys=[BUY],
        sales=[leg("0.1", side=Side.SELL), *[leg("0", side=Side.SELL, state=IntentState.EXPIRED)] * TRIES_MAX],
        proceeds=D(10_000),
        released=D(2_000),
    )
    assert act(half) == Shift(kind=MoveKind.ADD_MARGIN, amount=D(11_000) - PLACES)
    assert act(replace(known, released=D(-500))) == Shift(kind=MoveKind.ADD_MARGIN, amount=D(10_000) - PLACES)


def test_no_more_moves_than_so_many() -> None:
    refused = [move(MoveKind.TRANSFER, "1", MoveState.NO_EFFECT_PROVEN)] * TRIES_MAX
    assert isinstance(act(progress(moves=refused[1:])), Shift)
    end = act(progress(moves=refused))
    assert end == Close(state=StepState.FAILED, detail=f"{TRIES_MAX} moves did not bring the margin")


@pytest.mark.parametrize(
    ("margin", "amount"), [(NEEDED + PLACES, NEEDED), (NEEDED, PLACES * 1), (NEEDED - 8, D(8) + PLACES)]
)
def test_the_margin_wallet_keeps_its_last_place(margin: D, amount: D) -> None:
    shift = act(progress(purse=Purse(margin=margin, wallet=D(50_000))))
    assert shift == Shift(kind=MoveKind.ADD_MARGIN if amount == NEEDED else MoveKind.TRANSFER, amount=amount)


def test_a_transfer_that_has_nearly_arrived_has_arrived_and_another_is_waited_for() -> None:
    moved = [move(MoveKind.TRANSFER, "53008", at_ms=READ_MS - LAG_MS + 1)]
    arrived = Purse(margin=NEEDED * ARRIVED, wallet=D(50_000))
    assert isinstance(act(progress(purse=arrived, moves=moved, now_ms=READ_MS)), Shift)
    short = Purse(margin=NEEDED * ARRIVED - D("0.01"), wallet=D(50_000))
    early = act(progress(purse=short, moves=moved))
    assert early == Wait(reason="a transfer is not seen in the margin wallet yet")
    late = act(progress(purse=short, moves=[move(MoveKind.TRANSFER, "53008", at_ms=READ_MS - LAG_MS)]))
    assert isinstance(late, Shift)
    assert late.kind is MoveKind.ADD_MARGIN


def test_nothing_is_moved_when_nothing_is_free() -> None:
    nothing = Close(state=StepState.DONE, detail="no more margin is needed, or free")
    assert act(progress(purse=Purse(margin=D(0), wallet=2 * PLACES))) == nothing
    account = replace(HELD, isolated=False)
    assert act(progress(backing=account, purse=Purse(margin=D(50_000), wallet=PLACES))) == Close(
        state=StepState.DONE, detail="no money is free to move"
    )
    assert act(progress(backing=account, purse=Purse(margin=D(50_000), wallet=2 * PLACES))) == Shift(
        kind=MoveKind.TRANSFER, amount=PLACES
    )


def test_the_end_is_shown_by_the_readings_or_by_time() -> None:
    added = [move(at_ms=READ_MS - LAG_MS + 1)]
    there = (D(100_000) + NEEDED) * ARRIVED
    done = Close(state=StepState.DONE, detail="53008 added to the margin")
    assert act(progress(moves=added, wallet=there)) == done
    waiting = act(progress(moves=added, wallet=there - D("0.01")))
    assert waiting == Wait(reason="a ladder step is not seen in the balances yet")
    assert act(progress(moves=[move(at_ms=READ_MS - LAG_MS)], wallet=D(0))) == done
    sold = reducing(buys=[BUY], sales=[SALE], moves=added, wallet=D(0), spot=D("0.8"))
    assert act(sold) == done
    assert isinstance(act(replace(sold, spot=D("0.80001"))), Wait)


# Which step


def choice(policy: LadderPolicy, purse: Purse | None, sellable: Sellable | str) -> TopUp | Reduce | Missing:
    return choose(HELD, policy, LINEAR, D(1), purse=purse, sellable=sellable, slippage=D("0.005"))


def test_a_top_up_needs_one_place_more_than_it_takes() -> None:
    on = LadderPolicy(top_up=True)
    assert choice(on, Purse(margin=NEEDED, wallet=PLACES), "") == TopUp(amount=NEEDED, short_of=D(0))
    assert choice(on, Purse(margin=NEEDED, wallet=D(0)), "") == TopUp(amount=NEEDED - PLACES, short_of=PLACES)
    worth = WORTH_IT * HELD.notional
    assert choice(on, Purse(margin=worth, wallet=PLACES), "") == TopUp(amount=worth, short_of=NEEDED - worth)
    assert choice(on, Purse(margin=worth, wallet=D(0)), "") == Missing(
        amount=NEEDED - worth, why=f"{worth.normalize():f} USDT are free"
    )


def test_the_least_that_both_markets_take() -> None:
    on, coins = LadderPolicy(reduce=True), Sellable(market=MARKET, coins=D("0.1"), bid=D(140_000))
    assert choice(on, None, coins) == Reduce(
        contracts=D("0.1"), coins=D("0.1"), short_of=D("0.111") * 140_000 * D("1.8")
    )
    worth = D("0.1") * 140_000 * D("0.995")
    for market in (replace(MARKET, quantity_min=D("0.1")), replace(MARKET, notional_min=worth)):
        assert isinstance(choice(on, None, replace(coins, market=market)), Reduce)
    for market in (replace(MARKET, quantity_min=D("0.10001")), replace(MARKET, notional_min=worth + PLACES)):
        refused = choice(on, None, replace(coins, market=market))
        assert refused == Missing(amount=NEEDED, why="0.1 BTC are less than the spot market takes")
    exactly = choose(
        HELD, on, replace(LINEAR, quantity_min=D("0.1")), D(1), purse=None, sellable=coins, slippage=D("0.005")
    )
    assert isinstance(exactly, Reduce)


def test_r27_no_two_moves_have_one_amount() -> None:
    assert tagged(D("1.2345671"), 0) == D("1.234568")
    amounts = {tagged(D(5), sequence) for sequence in range(100)}
    assert len(amounts) == 100
    assert (min(amounts), max(amounts) < D(5) + PLACES) == (D(5), True)
    assert tagged(D(5), 101) == tagged(D(5), 1)


# Sales

BOOK = Book(
    bids=(BookLevel(price=D(140_000), contracts=D(1)),), asks=(), stamp=Stamp(sent_ms=NOW_MS - 100, answered_ms=NOW_MS)
)
CASE = SaleCase(
    market=MARKET,
    policy=POLICY,
    coins=D("0.5"),
    book=BOOK,
    price=D(140_000),
    slippage=D("0.005"),
    recent=(),
    clock_ok=True,
    now_ms=NOW_MS,
)


def test_a_sale_to_the_last_field() -> None:
    request = OrderRequest(
        venue=MAIN,
        symbol=SPOT,
        side=Side.SELL,
        contracts=D("0.5"),
        price=D(139_300),
        time_in_force=TimeInForce.IOC,
        reduce_only=False,
    )
    assert approve_sale(CASE) == Approved(request=request, notional=D(70_000), mark=D(140_000))


def test_r12_a_bid_just_within_the_slippage_is_sold_to() -> None:
    assert isinstance(approve_sale(replace(CASE, book=bids("98000"), price=D(100_000))), Approved)
    assert isinstance(approve_sale(replace(CASE, book=bids("97999.99"), price=D(100_000))), Refused)


def bids(price: str) -> Book:
    return replace(BOOK, bids=(BookLevel(price=D(price), contracts=D(1)),))


def test_r24_a_minute_is_over_after_a_minute() -> None:
    def sold(ago_ms: int) -> list[IntentRecord]:
        record = leg("0", side=Side.SELL)
        return [replace(record, intent=replace(record.intent, created_ms=NOW_MS - ago_ms))] * 20

    refused = approve_sale(replace(CASE, recent=sold(60_000)))
    assert refused == Refused(
        code="cap.orders-per-minute", reason="20 orders on BTC/USDT within a minute, the limit is 20"
    )
    assert isinstance(approve_sale(replace(CASE, recent=sold(60_001))), Approved)


def test_the_least_that_a_sale_may_be() -> None:
    least = replace(MARKET, quantity_min=D("0.5"), notional_min=D("0.5") * 139_300)
    assert isinstance(approve_sale(replace(CASE, market=least)), Approved)
    for market in (replace(least, quantity_min=D("0.50001")), replace(least, notional_min=D("69650.01"))):
        refused = approve_sale(replace(CASE, market=market))
        assert refused == Refused(code="order.too-small", reason="0.5 BTC are less than the market takes")
    nothing = replace(MARKET, quantity_min=D(0), notional_min=D(0))
    assert isinstance(approve_sale(replace(CASE, market=nothing, coins=D(0))), Refused)
