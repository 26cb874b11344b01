"""What backs a coin-margined short, what it realises, and whose profit is among the coins (R2, R11, R15, R24, R28)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.core import inverse
from bot.core.situation import Situation
from bot.core.spot_perp import decide
from bot.core.work import campaign_work
from bot.domain.ids import Asset, TradeId, VenueOrderId
from bot.domain.observation import Holding, Margin, Position, Source
from bot.domain.orders import Side, VenueTrade
from bot.domain.plan import Verdict
from tests.core.coins import CONTRACT, CoinAccount, hedged
from tests.core.instruments import BTC, LINEAR, USDT
from tests.core.situations import reading, run


def unbacked(moved: str, price: str) -> CoinAccount:
    """A hedge of 1 coin, of which so much went from the margin wallet to spot."""
    account = hedged()
    account.wallet -= D(moved)
    account.spot += D(moved)
    account.move(D(price))
    return account


def test_r28_coins_that_leave_the_margin_wallet_are_told_though_the_hedge_is_balanced() -> None:
    """The coins are all there, and nothing is to be traded; but the short would be liquidated."""
    account = unbacked("0.8", "118000")
    plan = account.turn()
    assert (plan.verdict, plan.order, plan.alarm) == (Verdict.BALANCED, None, True)
    assert "effective leverage of 17.97" in plan.reason
    backing = account.wallet * 1000 / D(999)
    assert f"liquidated a little below {100_000 / (1 - backing):,.2f}" in plan.reason
    halted, _ = decide(replace(account.situation(), halted=("a person must look",)), account.memory)
    assert halted.verdict is Verdict.HALTED
    assert "effective leverage" in halted.reason


def test_r28_a_margin_balance_below_nothing_and_an_entry_that_is_not_told_are_told_as_far_as_known() -> None:
    plan = unbacked("0.8", "130000").turn()
    assert plan.alarm
    assert "the margin balance is -0." in plan.reason
    account = unbacked("0.8", "100000")
    situation = account.situation()
    position = replace(situation.position, entry_price=None)  # type: ignore[arg-type]
    plan, _ = decide(replace(situation, position=position), account.memory)
    assert plan.alarm
    assert "leverage" in plan.reason
    assert "R28" not in plan.reason


@pytest.mark.parametrize(("moved", "price"), [("0.003", "500000"), ("0.04", "100000"), ("0.0", "300000")])
def test_r15_a_short_that_its_margin_all_but_backs_is_no_alarm(moved: str, price: str) -> None:
    account = unbacked(moved, price)
    assert not account.turn().alarm
    assert inverse.overdrawn_now(CONTRACT, *facts(account)) == ""


def facts(account: CoinAccount) -> tuple[Position, Margin, D]:
    situation = account.situation()
    assert isinstance(situation.position, Position)
    assert isinstance(situation.margin, Margin)
    return situation.position, situation.margin, account.price


def test_r28_debts_without_a_short_are_no_leverage() -> None:
    assert inverse.overdrawn_now(CONTRACT, *facts(CoinAccount(wallet=D(-1)))) == ""


@pytest.mark.parametrize("price", ["200000", "60000"])
def test_r11_slices_of_a_surplus_dwell_once_whatever_they_realise(price: str) -> None:
    """Every slice pays its loss out of the margin, or earns its profit: that is no new surplus."""
    account = hedged()
    account.move(D(price))
    account.policy = replace(account.policy, caps=replace(account.policy.caps, order_notional=D(5_000)))
    account.wallet -= D("0.2")
    account.sent.clear()
    account.verdicts.clear()
    account.settle()
    assert len(account.sent) > 2
    first = account.verdicts.index(Verdict.ORDER)
    last = len(account.verdicts) - account.verdicts[::-1].index(Verdict.ORDER)
    assert set(account.verdicts[first:last]) == {Verdict.ORDER}


def trade(side: Side, contracts: str, price: str, *, fee_asset: Asset = BTC, realized: str = "0") -> VenueTrade:
    return VenueTrade(
        trade_id=TradeId("1"),
        venue_order_id=VenueOrderId("1"),
        symbol=CONTRACT.symbol,
        side=side,
        contracts=D(contracts),
        price=D(price),
        fee=D("0.001"),
        fee_asset=fee_asset,
        realized=D(realized),
        maker=False,
        time_ms=0,
    )


SELL_500 = trade(Side.SELL, "500", "100000")
BUY_500 = trade(Side.BUY, "500", "50000", realized="7")


@pytest.mark.parametrize(
    ("contracts", "entry", "trades", "coins"),
    [
        ("0", None, [SELL_500], "-0.001"),
        ("-1000", "100000", [BUY_500], "0.499"),
        ("-500", "100000", [BUY_500, BUY_500], "0.498"),
        ("500", "100000", [trade(Side.SELL, "500", "200000", fee_asset=USDT)], "0.25"),
        ("-1000", None, [BUY_500], "6.999"),
        ("-500", None, [SELL_500, BUY_500], "6.998"),
        ("-500", "50000", [SELL_500, trade(Side.BUY, "1000", "50000")], "0.498"),
        ("-250", "100000", [BUY_500, trade(Side.SELL, "250", "25000")], "-0.252"),
    ],
)
def test_r24_what_trades_realise_is_computed_whatever_the_venue_tells(
    contracts: str, entry: str | None, trades: list[VenueTrade], coins: str
) -> None:
    """The trades say 0 or 7; only where no entry is known does that count."""
    known = None if entry is None else D(entry)
    assert inverse.gained(CONTRACT, trades, D(contracts), known) == D(coins)
    assert inverse.gained(LINEAR, trades, D(contracts), known) == 0


@pytest.mark.parametrize(("off", "frozen"), [("1.005", False), ("0.995", False), ("1.015", True), ("0.985", True)])
def test_r2_an_entry_that_the_margin_contradicts_freezes(off: str, frozen: bool) -> None:
    account = hedged()
    situation = account.situation()
    assert isinstance(situation.position, Position)
    assert situation.position.entry_price is not None
    position = replace(situation.position, entry_price=situation.position.entry_price * D(off))
    plan, _ = decide(replace(situation, position=position), account.memory)
    assert (plan.verdict is Verdict.FROZEN) is frozen


def with_profit(situation: Situation, source: Source, profit: str) -> Situation:
    (held,) = situation.holdings
    assert isinstance(held, Holding)
    return replace(situation, holdings=(replace(held, source=source, quantity=held.principal + D(profit)),))


@pytest.mark.parametrize("source", [Source.MARGIN, Source.SPOT])
def test_r2_profit_of_somebody_elses_position_freezes_a_linear_hedge(source: Source) -> None:
    """A coin-margined position beside the coins: hedging its profit would trade with every price."""
    plans = run(*(with_profit(reading(at_s, "1", "-1"), source, "0.01") for at_s in (0, 2, 4)))
    assert [(plan.verdict, plan.order) for plan in plans] == [(Verdict.FROZEN, None)] * 3
    assert "another position on that coin" in plans[0].reason
    (dust,) = run(with_profit(reading(0, "1", "-1"), source, "0.001"))
    assert dust.verdict is Verdict.BALANCED


def test_r2_profit_of_another_position_beside_an_inverse_hedge_freezes_it() -> None:
    account = hedged("1", spot="1")
    situation = account.situation()
    margin, spot = situation.holdings
    assert isinstance(spot, Holding)
    plan, _ = decide(replace(situation, holdings=(margin, replace(spot, quantity=D("1.2")))), account.memory)
    assert plan.verdict is Verdict.FROZEN


def test_r24_the_work_of_a_linear_hedge_is_its_coins_and_no_price_changes_that() -> None:
    situation = reading(0, "1", "-0.75")
    assert isinstance(situation.position, Position)
    (plan,) = run(situation)
    work = campaign_work(plan.view, situation.position, LINEAR, D(1))
    assert work is not None
    assert (work.exposure, work.gap_contracts, work.per_contract) == (D(1), D("0.25"), None)


@pytest.mark.parametrize(
    ("side", "price", "fee_asset", "contracts"),
    [
        (Side.SELL, "90000", BTC, "50"),
        (Side.SELL, "110000", USDT, "50"),
        (Side.BUY, "110000", USDT, "50"),
        (Side.BUY, "110000", BTC, "51.1"),
    ],
)
def test_r24_how_price_and_fee_of_a_trade_move_what_is_left_to_do(
    side: Side, price: str, fee_asset: Asset, contracts: str
) -> None:
    """500 contracts, decided on a tenth away from that price; a fee of 0.001 coins is 1.1 contracts at 110,000."""
    found = trade(side, "500", price, fee_asset=fee_asset)
    assert inverse.slipped(CONTRACT, found, D("1.1") * D(price)) == D(contracts)
    assert inverse.slipped(LINEAR, found, D("1.1") * D(price)) == 0


def test_r24_a_fee_that_is_paid_back_is_no_work() -> None:
    found = replace(trade(Side.BUY, "500", "100000"), fee=D("-0.001"))
    assert inverse.slipped(CONTRACT, found, D(100_000)) == 0
