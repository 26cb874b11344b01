"""Coin-margined shorts, decided reading by reading (R2, R3, R15)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core import inverse
from bot.core.guards import Campaign, tripped
from bot.core.situation import Memory
from bot.core.spot_perp import decide
from bot.domain.observation import Holding, Margin, Position, Source, Unknown
from bot.domain.orders import OrderRequest, Refused, Side, TimeInForce
from bot.domain.plan import Verdict
from tests.core.coins import COINED, CONFIG, CONTRACT, CoinAccount, hedged
from tests.core.gate import GOOD, GOOD_BUY, Case
from tests.core.instruments import BTC, LINEAR, MAIN
from tests.core.situations import reading, run

FACTORS = st.lists(st.integers(50, 150), min_size=1, max_size=6)
STEP_USD = D(100)


def test_r15_one_coin_at_100000_is_one_order_of_999_contracts() -> None:
    account = hedged()
    assert [(request.side, request.contracts) for request in account.sent] == [(Side.SELL, D(999))]
    assert account.wallet == D("0.9995005")


@settings(max_examples=60, deadline=None)
@given(
    ratio=st.integers(0, 100).map(lambda percent: D(percent) / 100),
    wallet=st.integers(1, 400).map(lambda tenth: D(tenth) / 100),
    path=FACTORS,
)
def test_r2_an_inverse_hedge_at_its_target_sends_nothing_whatever_the_price(
    ratio: D, wallet: D, path: list[int]
) -> None:
    account = CoinAccount(wallet=wallet, policy=replace(COINED, ratio=ratio))
    account.settle()
    view = account.turn().view
    assert view.gap_notional is not None
    assert view.band_notional is not None
    if not account.contracts or view.gap_notional * 3 / 2 >= view.band_notional:
        return  # what is less than a contract rides with the price, and half as much again may be outside the band
    sent, campaigns = len(account.sent), account.campaigns
    account.verdicts.clear()
    for percent in path:
        account.move(D(100_000) * percent / 100)
    assert account.sent[sent:] == []
    assert set(account.verdicts) <= {Verdict.BALANCED, Verdict.CONFIRMING, Verdict.TOO_SMALL}
    assert account.memory.surplus is None
    assert account.campaigns == campaigns


@settings(max_examples=30, deadline=None)
@given(path=st.lists(st.integers(20, 500), min_size=1, max_size=6))
def test_r2_a_full_hedge_keeps_its_value_to_one_contract_at_any_price(path: list[int]) -> None:
    account = hedged()
    value = account.value
    for percent in path:
        account.move(D(1000) * percent)
        # What is less than a contract rides with the price.
        assert abs(account.value - value) <= STEP_USD * abs(account.price / 100_000 - 1)


@pytest.mark.parametrize("ratio", ["0", "0.25", "0.5", "0.75", "1"])
def test_r3_fifty_percent_up_and_down_at_every_ratio(ratio: str) -> None:
    account = hedged(ratio=ratio)
    expected = D(ratio) * 1000 / D("1.0005") // 1
    assert [request.contracts for request in account.sent] == [expected] * (expected > 0)
    for price in (110_000, 125_000, 150_000, 110_000, 75_000, 50_000):
        account.move(D(price))
    assert len(account.sent) == (1 if D(ratio) else 0)


@pytest.mark.parametrize("price", ["50000", "100000", "170000"])
@pytest.mark.parametrize("ratio", ["0", "0.3", "0.5", "1"])
def test_r3_what_is_bought_back_far_from_the_entry_is_not_sold_again(price: str, ratio: str) -> None:
    """Buying back turns profit into principal, of which the share 1 - r stays unhedged."""
    account = hedged("2", "1")
    account.move(D(price))
    account.policy = replace(account.policy, ratio=D(ratio))
    account.campaign = None  # another ratio is another job
    account.sent.clear()
    account.settle()
    assert {request.side for request in account.sent} <= {Side.BUY}
    plan = account.turn()
    assert plan.verdict is Verdict.BALANCED
    if ratio == "0":
        assert account.contracts == 0


@pytest.mark.parametrize("slip", ["0.001", "0.005", "0.02"])
@pytest.mark.parametrize("wallet", ["1", "30"])
def test_r24_fills_at_the_edge_of_the_collar_are_corrected_without_a_halt(slip: str, wallet: str) -> None:
    """What was sold too cheap is short too much; the guard takes that for work, and the fees for no new campaign."""
    account = CoinAccount(wallet=D(wallet), slip=D(slip), policy=COINED)
    account.settle()
    for price in (140_000, 60_000):
        account.move(D(price))
        account.settle()
    assert account.turn().verdict in {Verdict.BALANCED, Verdict.TOO_SMALL}
    assert account.campaigns == 1


@pytest.mark.parametrize("ratio", ["0.5", "1"])
@pytest.mark.parametrize("price", ["60000", "100000", "150000"])
def test_r24_fees_of_a_reduction_in_slices_are_work_and_no_halt(price: str, ratio: str) -> None:
    """Each slice pays its fee in coins, contracts of it, which nobody needs to hedge any more."""
    account = hedged("30", ratio)
    account.move(D(price))
    account.policy = replace(account.policy, caps=replace(account.policy.caps, order_notional=D(200_000)))
    account.wallet -= D(10)
    account.sent.clear()
    account.settle()
    assert len(account.sent) > 1
    assert account.turn().verdict in {Verdict.BALANCED, Verdict.TOO_SMALL}


@pytest.mark.parametrize("price", ["150000", "60000"])
def test_r24_a_price_that_moves_while_a_surplus_dwells_does_not_halt(price: str) -> None:
    """Half a coin is 500 contracts at 100,000 and 750 at 150,000: no more was done than there was to do."""
    account = hedged("2")
    account.wallet -= D("0.5")
    account.turn()
    account.move(D(price))
    account.sent.clear()
    account.settle()
    bought = sum(request.contracts for request in account.sent)
    assert account.price / 200 - 2 <= bought <= account.price / 200


def test_r24_a_loop_of_fills_trips_the_guard_of_an_inverse_hedge_too() -> None:
    account = hedged("30")
    again = OrderRequest(
        venue=MAIN,
        symbol=CONTRACT.symbol,
        side=Side.SELL,
        contracts=D(3000),
        price=D(100_000),
        time_in_force=TimeInForce.IOC,
        reduce_only=False,
    )
    account.fill(again)
    account.fill(replace(again, side=Side.BUY, reduce_only=True))
    account.turn()
    assert account.campaigns == 1
    assert account.campaign is not None
    assert tripped(account.campaign, CONTRACT.quantity_step) is not None


@settings(max_examples=30, deadline=None)
@given(path=FACTORS, deposit=st.integers(-300, 500).map(lambda part: D(part) / 1000))
def test_r24_a_deposit_or_withdrawal_at_any_price_is_followed_without_a_halt(path: list[int], deposit: D) -> None:
    account = hedged()
    for percent in path:
        account.move(D(1000) * percent)
    account.wallet += max(deposit, D("0.9") * -account.balance(account.price))
    account.settle()
    assert account.turn().verdict in {Verdict.BALANCED, Verdict.TOO_SMALL}


def test_r15_coins_outside_the_margin_wallet_are_hedged_as_far_as_the_margin_backs_them() -> None:
    account = CoinAccount(wallet=D("0.3"), spot=D("0.7"))
    first, second = account.turn(), account.turn()
    assert first.verdict is Verdict.CONFIRMING
    assert second.order is not None
    assert second.order.request.contracts == 299
    assert second.alarm
    assert "0.7 BTC do not fit" in second.reason
    assert [account.turn().verdict for _ in range(2)] == [Verdict.CONFIRMING, Verdict.NO_MARGIN]


def test_r2_readings_of_two_moments_are_restated_at_one_price() -> None:
    """The margin was told at 100,500, the position at 100,000: half a percent apart, and no gap comes of it."""
    account = hedged()
    account.lag = D(100_500)
    plan = account.turn()
    assert plan.verdict is Verdict.BALANCED
    assert plan.view.exposure == account.balance(D(100_000))
    assert plan.view.holdings[0].quantity == plan.view.exposure  # type: ignore[union-attr]


def test_r4_a_margin_that_leaves_the_profit_out_freezes() -> None:
    """As with a field that is named like the margin balance and is the wallet."""
    account = hedged()
    account.move(D(125_000))
    account.lag = account.entry
    plan = account.turn()
    assert (plan.verdict, plan.order, plan.alarm) == (Verdict.FROZEN, None, True)
    assert "another position" in plan.reason


def test_r4_profit_without_a_position_freezes() -> None:
    account = CoinAccount()
    situation = account.situation()
    margin = replace(situation.holdings[0], quantity=D("1.2"))  # type: ignore[arg-type]
    plan, _ = decide(replace(situation, holdings=(margin,)), Memory())
    assert plan.verdict is Verdict.FROZEN


def test_r2_without_an_entry_the_venues_own_balance_counts() -> None:
    account = hedged()
    situation = account.situation()
    position = replace(situation.position, entry_price=None)  # type: ignore[arg-type]
    plan, _ = decide(replace(situation, position=position), Memory())
    assert plan.verdict is Verdict.BALANCED
    assert plan.view.exposure == account.balance(account.price)


def test_r2_without_the_coins_that_margin_it_an_inverse_hedge_is_frozen() -> None:
    account = CoinAccount()
    situation = account.situation()
    held = replace(situation.holdings[0], source=Source.EARN)
    plan, _ = decide(replace(situation, holdings=(held,)), Memory())
    assert plan.verdict is Verdict.FROZEN
    assert "R2" in plan.reason


def test_r5_on_a_unified_account_spot_holds_the_margin() -> None:
    account = hedged()
    account.price = D(110_000)
    situation = account.situation()
    held = replace(situation.holdings[0], source=Source.SPOT)
    plan, _ = decide(replace(situation, holdings=(held,)), account.memory)
    assert (plan.verdict, plan.view.exposure) == (Verdict.BALANCED, account.balance(D(110_000)))


def test_r12_a_mark_in_doubt_never_sizes_an_inverse_order() -> None:
    """A linear hedge takes it after 15 s, since its size does not need it."""
    account = CoinAccount()
    memory = Memory()
    verdicts = []
    for at_s in range(0, 60, 5):
        account.now_s = D(at_s)
        account.price = D(100_000) if at_s % 10 else D(60_000)
        situation = account.situation()
        doubtful = replace(situation.prices, index=D(200_000))  # type: ignore[arg-type]
        plan, memory = decide(replace(situation, prices=doubtful), memory)
        verdicts.append(plan.verdict)
    assert set(verdicts) == {Verdict.CONFIRMING}
    assert len(memory.prices.pending) <= 4


def test_an_old_memory_neither_crashes_nor_acts() -> None:
    account = hedged()
    account.move(D(140_000))
    kept = account.memory.to_dict() | {
        "surplus.since_ms": "0",
        "surplus.exposure_max": "0.9",
        "surplus.principal_max": "0.9",
    }
    old = {
        "campaign.exposure": "1",
        "campaign.initial_gap_contracts": "999",
        "campaign.filled_contracts": "999",
        "campaign.mismatches": "0",
    }
    account.memory, account.campaign = Memory.from_dict(kept), Campaign.from_dict(old)
    assert account.campaign is not None
    assert account.campaign.per_contract is None
    sent = len(account.sent)
    account.settle()
    assert (len(account.sent), account.memory.surplus) == (sent, None)


def inverse_case(contracts: str, asked: str, wallet: str = "1", price: str = "100000") -> Case:
    """The gate, asked for one more inverse order."""
    account = CoinAccount(wallet=D(wallet), contracts=-D(contracts), sold=D(contracts) / 1000, price=D(price))
    situation = account.situation()
    assert isinstance(situation.position, Position)
    assert isinstance(situation.margin, Margin)
    stamp = GOOD.position.stamp
    return replace(
        GOOD,
        request=replace(GOOD.request, symbol=CONTRACT.symbol, contracts=D(asked), price=D(price)),
        policy=COINED,
        instrument=CONTRACT,
        prices=replace(GOOD.prices, symbol=CONTRACT.symbol, mark=D(price), bid=D(price), ask=D(price)),
        mark=D(price),
        position=replace(situation.position, stamp=stamp),
        target=D(100_000),
        margin=situation.margin,
        config=CONFIG,
        campaign=None,
    )


@pytest.mark.parametrize(
    ("contracts", "asked", "passes"), [("0", "1001", True), ("0", "1002", False), ("999", "3", False)]
)
def test_r15_the_gate_holds_the_effective_leverage_at_one_contract_above_1(
    contracts: str, asked: str, passes: bool
) -> None:
    got = inverse_case(contracts, asked).judged()
    assert isinstance(got, Refused) is not passes
    if isinstance(got, Refused):
        assert got.code == "margin.effective-leverage"
        assert "1.00000000" in got.reason


def test_r15_the_gate_counts_the_profit_at_the_mark() -> None:
    """999 contracts from 100,000 at 50,000: the wallet of 1 has earned 0.999, and backs 1 contract at most."""
    assert not isinstance(inverse_case("999", "1", price="50000").judged(), Refused)
    got = inverse_case("999", "3", price="50000").judged()
    assert isinstance(got, Refused)
    assert got.code == "margin.effective-leverage"


@pytest.mark.parametrize(
    ("config", "code"),
    [
        (replace(CONFIG, leverage=1), "config.leverage"),
        (replace(CONFIG, margin_mode=GOOD.policy.margin_mode), "config.margin-mode"),
    ],
)
def test_r15_an_inverse_short_grows_only_under_cross_margin_and_a_setting_of_2_or_more(
    config: object, code: str
) -> None:
    case = inverse_case("0", "10")
    got = replace(case, config=config).judged()  # type: ignore[arg-type]
    assert isinstance(got, Refused)
    assert got.code == code
    assert not isinstance(replace(case, config=replace(CONFIG, leverage=20)).judged(), Refused)


def test_r15_an_unknown_margin_lets_no_inverse_short_grow() -> None:
    got = replace(inverse_case("0", "10"), margin=Unknown(what="margin", reason="503")).judged()
    assert isinstance(got, Refused)
    assert got.code == "margin.unknown"


def test_linear_hedges_are_judged_at_the_mark() -> None:
    (plan,) = run(reading(0, "1", "-1"))
    assert plan.verdict is Verdict.BALANCED
    position = replace(reading(0, "1", "-1").position, entry_price=D(50_000))  # type: ignore[arg-type]
    assert inverse.reference(LINEAR, position, D(100_000)) == 100_000  # type: ignore[arg-type]
    held = (
        Holding(
            source=Source.MARGIN, venue=MAIN, asset=BTC, quantity=D(3), principal=D(2), stamp=GOOD_BUY.position.stamp
        ),
    )
    assert inverse.restated(held, MAIN, LINEAR, position, D(100_000)) == held  # type: ignore[arg-type]
