"""Sales and the choice of a step exactly at the bound (R16, R24, R27)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

from bot.core.ladder_steps import PLACES, WORTH_IT, Missing, Purse, Reduce, Sellable, TopUp, choose, tagged
from bot.core.sale import SaleCase, approve_sale
from bot.domain.intent import IntentRecord
from bot.domain.ladder import LadderPolicy
from bot.domain.numbers import ceil_to, floor_to
from bot.domain.observation import Book, BookLevel, Stamp
from bot.domain.orders import Approved, OrderRequest, Refused, Side, TimeInForce
from tests.core.instruments import LINEAR, MAIN, POLICY
from tests.core.ladders import HELD, MARKET, NOW_MS, SPOT, leg

NEEDED = D(53_008)


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


def test_r27_a_reduction_counts_contracts_of_any_size_and_what_both_legs_cost() -> None:
    small = replace(LINEAR, contract_size=D("0.01"), quantity_step=D("0.001"))
    coins = Sellable(market=MARKET, coins=D(1), bid=D(140_000))
    on = LadderPolicy(reduce=True)
    # 53,008 are missing; a unit less brings 1.004 x 1.8 P, one coin more for half a hedge, less 0.05 + 0.1 + 1 %.
    units = NEEDED / ((D("1.004") * D("1.8") - D("0.0115") + 1) * 140_000)
    contracts = ceil_to(units * 100, small.quantity_step)
    step = choose(HELD, on, small, D("0.5"), purse=None, sellable=coins, slippage=D("0.005"))
    assert step == Reduce(contracts=contracts, coins=floor_to(contracts / 50, MARKET.quantity_step), short_of=D(0))
    few = choose(HELD, on, small, D("0.5"), purse=None, sellable=replace(coins, coins=D("0.1")), slippage=D("0.005"))
    assert few == Reduce(contracts=D(5), coins=D("0.1"), short_of=(contracts - 5) * D("0.01") * 140_000 * D("1.8"))
    gone = replace(HELD, equity=D(-500_000))
    whole = choose(gone, on, small, D(1), purse=None, sellable=replace(coins, coins=D(9)), slippage=D("0.005"))
    assert isinstance(whole, Reduce)
    assert whole.contracts == 100
    free = replace(small, quantity_min=D(0))
    taken = replace(coins, coins=D(0), market=replace(MARKET, quantity_min=D(0), notional_min=D(0)))
    none = choose(HELD, on, free, D(1), purse=None, sellable=taken, slippage=D("0.005"))
    assert isinstance(none, Missing)
