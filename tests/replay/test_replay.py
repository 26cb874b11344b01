"""Made-up histories, played to the real bot: what each bar does, in its order, and that every cent is explained."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.app.replay import Replayed
from bot.app.replay_script import at_close, at_high, at_open
from bot.domain.instrument import ContractKind
from tests.replay.bars import climb, history, played

UP_AND_DOWN = ("20800", "21900", "23500", "22100", "25500", "24000", "22800", "20500", "19000", "21000")
PLACES = ("binance", "okx")


def assert_explained(told: Replayed, *, within: str = "0") -> None:
    """R29: the venue's books explain every digit of the wallets, and the terms explain the change of what all is worth.

    Coins that an inverse short has realised are valued where they were paid, so its terms are a little off.
    """
    assert told.statement.unexplained == {}
    assert told.statement.pnl.residual == 0
    assert abs(told.worth_end - told.worth_start - told.statement.pnl.net) <= D(within) + D("0.000001")


@pytest.mark.parametrize("place", PLACES)
def test_r2_an_inverse_short_sends_one_order_where_nothing_but_the_price_moves(place: str) -> None:
    told = played(history(UP_AND_DOWN, rates=["0"], kind=ContractKind.INVERSE, exchange=place))
    assert told.statement.orders.sent == 1
    assert told.statement.pnl.funding == 0
    assert told.liquidations == 0
    assert told.statement.effectiveness is not None
    assert told.statement.effectiveness >= D("0.999")
    assert_explained(told, within="0.001")


@pytest.mark.parametrize("rate", ["0.004", "-0.004"])
def test_orders_of_an_inverse_hedge_follow_its_funding(rate: str) -> None:
    told = played(history(UP_AND_DOWN, rates=[rate], kind=ContractKind.INVERSE), coins="10")
    # Nine settlements of 0.4 % of the coins, a band of 0.5 %: every second one is followed.
    assert told.statement.orders.sent == 5
    assert (told.statement.pnl.funding > 0) is (D(rate) > 0)
    assert (told.coins_end > told.coins_start) is (D(rate) > 0)
    assert_explained(told, within="1")


@pytest.mark.parametrize("place", PLACES)
def test_funding_settles_at_the_open_on_the_position_carried_into_the_bar(place: str) -> None:
    bars = history(UP_AND_DOWN[:4], rates=["0.5", "0.001", "-0.002", "0.003"], exchange=place)
    told = played(bars)
    paid = sum((period.rate * period.perp.open for period in bars.periods[1:]), D(0))
    assert told.statement.pnl.funding == paid, "of 1 BTC; the first bar's own is nobody's yet"
    assert_explained(told)


def test_spot_is_valued_at_spot_and_the_contract_at_its_own_mark() -> None:
    bars = history(UP_AND_DOWN)
    told = played(bars).statement
    first, last = bars.periods[0], bars.periods[-1]
    assert told.pnl.spot == last.spot.close - first.spot.open
    opened = first.perp.open
    assert told.pnl.perp == opened - last.perp.close
    assert (told.price_start, told.price_end) == (first.spot.open, last.spot.close)


@pytest.mark.parametrize("place", PLACES)
def test_r27_with_stablecoins_a_rally_is_topped_up(place: str) -> None:
    told = played(history(climb("4", 24), exchange=place), reserve="4.7", ladder=True)
    assert told.liquidations == 0
    assert told.steps["top-up"] >= 2
    assert (told.steps["reduction"], told.steps["failed"]) == (0, 0)
    assert told.coins_end == told.coins_start == 1
    assert told.statement.orders.sent == 1
    assert_explained(told)


@pytest.mark.parametrize("place", PLACES)
def test_r27_without_them_spot_and_short_shrink_together(place: str) -> None:
    closes = climb("4", 24)
    # Coins are sold at highs from which the bars fall back.
    highs = [
        f"{max(pair) * 1.04:.1f}" for pair in zip(map(float, closes), map(float, ["20000", *closes]), strict=False)
    ]
    told = played(history(closes, highs=highs, exchange=place), reserve="0", ladder=True)
    assert told.liquidations == 0
    assert told.steps["reduction"] >= 2
    assert told.steps["failed"] == 0
    assert told.coins_end < told.coins_start
    assert abs(told.statement.gap_notional) < told.worth_end / 100
    lost = told.worth_start - told.worth_end
    assert lost <= told.statement.pnl.fees - told.statement.pnl.execution - told.statement.pnl.funding + 100
    assert_explained(told)


def test_r25_without_the_ladder_the_short_is_liquidated_once_and_not_opened_again() -> None:
    told = played(history(climb("3", 16)))
    assert told.liquidations == 1
    assert told.statement.orders.sent == 1
    assert told.statement.short == 0
    assert told.statement.unexplained == {}


def test_a_bar_is_tested_at_its_high_before_its_close() -> None:
    flat = ["20000"] * 4
    assert played(history(flat, highs=[None, "39000", None, None])).liquidations == 0
    assert played(history(flat, highs=[None, "41000", None, None])).liquidations == 1


def test_spot_stays_near_the_contract_at_its_high() -> None:
    """The two highs of a bar are of two moments: together they would be a basis that nobody traded."""
    (period,) = history(["20000"], highs=["28000"]).periods
    wick = replace(period, perp=replace(period.perp, high=D(29_000)))
    spot, contract = at_high(wick)
    assert contract == 29_000
    assert abs(spot / contract - wick.spot.close / wick.perp.close) < D("1e-9")
    assert (at_open(wick), at_close(wick)) == (
        (D(20_000), wick.perp.open),
        (D(20_000), wick.perp.close),
    )


def test_the_ladder_acts_at_the_high() -> None:
    """From 1.99 a high of +40 % is below 1.5, though every bar closes where it opened."""
    bars = history(["20000"] * 4, highs=[None, "28000", None, None])
    assert played(bars, reserve="2", ladder=True).steps["top-up"] == 1
