"""How a step of the margin ladder goes on, exactly at the bound (R27)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.core.ladder_progress import (
    ARRIVED,
    LAG_MS,
    PART,
    PART_SLACK,
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
    unmatched,
)
from bot.core.ladder_steps import PLACES, WORTH_IT, Purse
from bot.domain.instrument import Instrument, SpotMarket
from bot.domain.intent import IntentState
from bot.domain.ladder import StepKind, StepState
from bot.domain.moves import MoveKind, MoveState
from bot.domain.orders import Side
from tests.core.instruments import LINEAR
from tests.core.ladders import HELD, MARKET, NOW_MS, leg, move, progress

REDUCTION = StepKind.REDUCTION
READ_MS = NOW_MS + 9_000
NEEDED = D(53_008)
BUY = leg("0.2")
SALE = leg("0.2", side=Side.SELL)


def act(known: Progress, instrument: Instrument = LINEAR, market: SpotMarket = MARKET) -> Act:
    return next_act(known, instrument, market if known.step.kind is REDUCTION else None)


def reducing(**given: object) -> Progress:
    return progress(REDUCTION, **given)


# The parts of a reduction


def test_the_first_sale_is_a_small_part_and_so_is_each_buy() -> None:
    assert act(reducing()) == Sell(coins=D("0.2") * PART)
    sold = leg("0.02", side=Side.SELL)
    assert act(reducing(sales=[sold])) == Buy(contracts=D("0.2") * PART)
    bought, more = leg("0.19"), leg("0.19", side=Side.SELL)
    assert act(reducing(buys=[bought], sales=[more], spot=D("0.81"))) == Buy(contracts=D("0.01"))


@pytest.mark.parametrize(("ratio", "price"), [("1", "140000"), ("0.5", "140000"), ("1", "70000")])
def test_a_part_is_enough_for_the_least_sale(ratio: str, price: str) -> None:
    market = replace(MARKET, notional_min=D(14_000))
    least = D(14_000) / D(price) * PART_SLACK
    backing = replace(HELD, mark=D(price))
    small = replace(LINEAR, contract_size=D("0.01"), quantity_step=D("0.0001"))
    step = replace(reducing().step, contracts=D(70))
    sold = leg("0.2", side=Side.SELL)
    bought = act(reducing(ratio=D(ratio), backing=backing, step=step, sales=[sold]), small, market)
    assert isinstance(bought, Buy)
    enough = least * D(ratio) * 100 * PART_SLACK
    assert 0 <= bought.contracts - enough < D("0.0001")


def test_a_part_is_no_less_than_either_market_takes() -> None:
    sold = reducing(sales=[leg("0.02", side=Side.SELL)])
    assert act(sold, replace(LINEAR, quantity_min=D("0.05"))) == Buy(contracts=D("0.05"))
    assert act(sold, market=replace(MARKET, quantity_min=D("0.08"))) == Buy(contracts=D("0.08") * PART_SLACK)


def test_what_was_bought_and_not_sold_is_naked() -> None:
    half = replace(reducing().step, coins=D("0.4"))
    assert unmatched(half, D("0.2"), D("0.1")) == D("0.15")
    assert unmatched(half, D("0.05"), D("0.2")) == 0
    assert unmatched(progress().step, D("0.2"), D(0)) == 0


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
    assert isinstance(act(last), Sell)
    over = act(replace(last, now_ms=last.now_ms + 1))
    assert over == Close(state=StepState.FAILED, detail="0.02 BTC could not be sold")
    unsold = act(reducing(buys=[BUY], now_ms=NOW_MS + STEP_MAX_MS + 1))
    assert unsold == Close(state=StepState.FAILED, detail="0.2 BTC could not be sold")
    sold = replace(last, sales=[leg("0.02", side=Side.SELL)], spot=D("0.98"))
    assert isinstance(act(sold), Buy)
    assert not isinstance(act(replace(sold, now_ms=last.now_ms + 1)), Buy)


def test_so_many_tries_without_a_fill_and_no_more() -> None:
    missed = leg("0", state=IntentState.EXPIRED)
    sold = reducing(sales=[leg("0.02", side=Side.SELL)], spot=D("0.98"))
    assert isinstance(act(replace(sold, buys=[missed] * (TRIES_MAX - 1))), Buy)
    assert not isinstance(act(replace(sold, buys=[missed] * TRIES_MAX)), Buy)
    unsold = replace(missed, intent=SALE.intent)
    assert isinstance(act(reducing(buys=[BUY], sales=[unsold] * (TRIES_MAX - 1))), Sell)
    assert isinstance(act(reducing(buys=[BUY], sales=[unsold] * TRIES_MAX)), Close)
    assert fruitless([missed, BUY, missed, missed]) == 2
    assert fruitless([]) == 0


def test_what_is_left_to_sell_is_left_when_the_market_would_not_take_it() -> None:
    half = leg("0.1", side=Side.SELL)
    assert act(reducing(buys=[BUY], sales=[half])) == Sell(coins=D("0.1"))
    least = D(14_000) / PART_SLACK  # so that no sale is refused for what it gives up of the price
    assert isinstance(act(reducing(buys=[BUY], sales=[half]), market=replace(MARKET, notional_min=least)), Sell)
    assert isinstance(act(reducing(buys=[BUY], sales=[half]), market=replace(MARKET, quantity_min=D("0.1"))), Sell)
    for market in (replace(MARKET, notional_min=least + D("0.01")), replace(MARKET, quantity_min=D("0.10001"))):
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
    ("margin", "amount"),
    [(NEEDED + PLACES, NEEDED), (NEEDED, NEEDED - PLACES), (NEEDED * ARRIVED, NEEDED * ARRIVED - PLACES)],
)
def test_the_margin_wallet_keeps_its_last_place(margin: D, amount: D) -> None:
    shift = act(progress(purse=Purse(margin=margin, wallet=D(50_000))))
    assert shift == Shift(kind=MoveKind.ADD_MARGIN, amount=amount)


def test_r27_what_is_lacking_is_transferred_first_unless_it_is_dust() -> None:
    lacks = act(progress(purse=Purse(margin=NEEDED * ARRIVED - 1, wallet=D(50_000))))
    assert lacks == Shift(kind=MoveKind.TRANSFER, amount=NEEDED - NEEDED * ARRIVED + 1 + PLACES)
    for dust in ("0", "0.000001", "0.0000015", "0.000002", "0.00001"):
        short_of_money = act(progress(purse=Purse(margin=D(30_000), wallet=D(dust))))
        assert isinstance(short_of_money, Shift)
        assert short_of_money.kind is MoveKind.ADD_MARGIN
        assert 0 <= D(30_000) - short_of_money.amount <= 2 * PLACES


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


@pytest.mark.parametrize(("margin", "ends"), [(NEEDED * ARRIVED, "sum"), (NEEDED * ARRIVED - D("0.01"), "wait")])
def test_money_that_is_on_its_way_to_the_wallets_is_waited_for(margin: D, ends: str) -> None:
    known = reducing(
        buys=[leg("0.2", at_ms=READ_MS - LAG_MS + 1)],
        sales=[SALE],
        spot=D("0.8"),
        proceeds=D(60_000),
        purse=Purse(margin=margin, wallet=D(0)),
    )
    early = act(known)
    assert isinstance(early, Wait) == (ends == "wait")
    late = act(replace(known, buys=[leg("0.2", at_ms=READ_MS - LAG_MS)], sales=[leg("0.2", at_ms=READ_MS - LAG_MS)]))
    assert late == Shift(kind=MoveKind.ADD_MARGIN, amount=margin - PLACES)


def test_coins_that_are_still_seen_keep_a_step_from_its_end() -> None:
    sales = [leg("0.02", side=Side.SELL, at_ms=READ_MS - LAG_MS + 1)]
    failed = reducing(sales=sales, moves=[move(state=MoveState.REJECTED)], spot=D("0.99"))
    assert act(failed) == Wait(reason="the coins that a ladder step has sold are still seen in spot")
    refused = Close(state=StepState.FAILED, detail="the venue refused the move: -4051 not enough")
    assert act(replace(failed, spot=D("0.98"))) == refused
    at_ms = READ_MS - LAG_MS
    late = replace(
        failed, sales=[leg("0.02", side=Side.SELL, at_ms=at_ms)], moves=[move(state=MoveState.REJECTED, at_ms=at_ms)]
    )
    assert act(late) == refused
    assert act(replace(failed, sales=(), spot=D(1))) == refused


def test_a_step_whose_money_stays_where_it_is_has_failed() -> None:
    worth = WORTH_IT * HELD.notional
    known = reducing(
        buys=[BUY],
        sales=[SALE],
        spot=D("0.8"),
        proceeds=D(10_000),
        moves=[move(amount="9990")],
        backing=replace(HELD, equity=HELD.equity + NEEDED - worth - 1),
    )
    assert act(known) == Close(state=StepState.DONE, detail="9990 added to the margin")
    idle = replace(known, moves=[move(amount="9989.99")])
    assert act(idle) == Close(
        state=StepState.FAILED, detail="10.01 of what was sold did not become margin; 9989.99 added to the margin"
    )
    enough = replace(idle, backing=replace(HELD, equity=HELD.equity + NEEDED - worth))
    assert act(enough) == Close(state=StepState.DONE, detail="9989.99 added to the margin")
