"""Each figure of a coin-margined short by itself, with its numbers and its bounds (R2, R3, R15)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.core import account, inverse, sizing
from bot.core.closing import closing_cost
from bot.core.reading import Reading, read
from bot.core.work import Work, campaign_work
from bot.domain.ids import Asset, VenueName
from bot.domain.instrument import MarginMode
from bot.domain.observation import Holding, Margin, Position, Prices, Source, Stamp, SymbolConfig
from bot.domain.orders import Side
from bot.domain.plan import Closing
from tests.core.instruments import BTC, INVERSE, LINEAR, MAIN, POLICY, position_of
from tests.core.situations import reading

STAMP = Stamp(sent_ms=0, answered_ms=0)
OTHER = VenueName("other")
MARK = D(100_000)
BIG = replace(INVERSE, multiplier=D(10))
"""Ten coins in one unit of the base."""


def short(contracts: str = "-1000", entry: str | None = "100000", mark: str | None = None) -> Position:
    return replace(
        position_of(contracts, STAMP),
        symbol=INVERSE.symbol,
        entry_price=None if entry is None else D(entry),
        mark_price=None if mark is None else D(mark),
    )


def coins(
    quantity: str,
    principal: str | None = None,
    source: Source = Source.MARGIN,
    venue: VenueName = MAIN,
    token: str = "",
) -> Holding:
    return Holding(
        source=source,
        venue=venue,
        asset=BTC,
        quantity=D(quantity),
        principal=D(principal or quantity),
        stamp=STAMP,
        token=Asset(token) if token else None,
    )


def margin(wallet: str = "1", balance: str | None = None) -> Margin:
    told = None if balance is None else D(balance)
    return Margin(asset=BTC, wallet=D(wallet), available=D(wallet), balance=told, stamp=STAMP)


def test_the_entry_of_what_has_one() -> None:
    assert inverse.entry_of(INVERSE, short()) == 100_000
    assert inverse.entry_of(INVERSE, short(entry="0.5")) == D("0.5")
    for instrument, position in (
        (LINEAR, short()),
        (INVERSE, short("0")),
        (INVERSE, short(entry=None)),
        (INVERSE, short(entry="0")),
        (INVERSE, short(entry="-1")),
    ):
        assert inverse.entry_of(instrument, position) is None
        assert inverse.reference(instrument, position, MARK) == MARK
    assert inverse.reference(INVERSE, short(entry="90000"), MARK) == 90_000


def test_r2_what_a_short_has_won_at_a_price() -> None:
    assert inverse.profit(INVERSE, D(-1000), D(100_000), D(50_000)) == 1
    assert inverse.profit(INVERSE, D(-1000), D(100_000), D(200_000)) == D("-0.5")


def test_r2_the_margin_is_restated_and_nothing_else() -> None:
    told = (coins("3", source=Source.SPOT), coins("1.4", "1"), coins("2", source=Source.EARN))
    restated = inverse.restated(told, MAIN, INVERSE, short(), D(50_000))
    assert restated == (told[0], replace(told[1], quantity=D(2)), told[2])
    assert inverse.restated(told, MAIN, LINEAR, short(), D(50_000)) == told
    assert inverse.restated(told, MAIN, INVERSE, short(entry=None), D(50_000)) == told
    assert inverse.restated(told, OTHER, INVERSE, short(), D(50_000)) == told


def test_r5_the_margin_is_that_of_the_venue_itself_else_its_spot_else_none() -> None:
    spot, own = coins("1", source=Source.SPOT), coins("1")
    wrapped, elsewhere = coins("1", token="WBTC"), coins("1", venue=OTHER)
    carrier = inverse._carrier
    assert carrier((spot, wrapped, elsewhere, own), MAIN, INVERSE) == 3
    assert carrier((elsewhere, wrapped, spot), MAIN, INVERSE) == 2
    assert carrier((elsewhere, wrapped), MAIN, INVERSE) is None
    assert carrier((own,), MAIN, LINEAR) is None


@pytest.mark.parametrize(
    ("holdings", "position", "objected"),
    [
        # The short is worth 1 coin: 0.012 coins of profit that it does not explain may be.
        ((coins("1.012", "1"),), short(mark="100000"), False),
        ((coins("0.988", "1"),), short(mark="100000"), False),
        ((coins("1.01200001", "1"),), short(mark="100000"), True),
        ((coins("0.98799999", "1"),), short(mark="100000"), True),
        # Dust of 20 coins is more than that.
        ((coins("20.02", "20"),), short(mark="100000"), False),
        ((coins("20.02000001", "20"),), short(mark="100000"), True),
        # Marks a hundredth apart are the same, beyond that they say nothing.
        ((coins("2", "1"),), short(mark="101000"), True),
        ((coins("2", "1"),), short(mark="99000"), True),
        ((coins("2", "1"),), short(mark="101000.01"), False),
        ((coins("2", "1"),), short(mark="98999.99"), False),
        ((coins("2", "1"),), short(entry=None, mark="100000"), False),
        ((coins("2", "1"),), short(mark=None), False),
        # Without a position there is no profit; beside the margin there is none either.
        ((coins("1.001", "1"),), short("0"), False),
        ((coins("1.00100001", "1"),), short("0"), True),
        ((coins("1"), coins("2.002", "2", Source.SPOT)), short(mark="100000"), False),
        ((coins("1"), coins("2.00200001", "2", Source.SPOT)), short(mark="100000"), True),
    ],
)
def test_r4_profit_that_no_short_of_ours_explains(
    holdings: tuple[Holding, ...], position: Position, objected: bool
) -> None:
    assert bool(inverse.objection(holdings, MAIN, INVERSE, position, MARK)) is objected


def test_r4_the_profit_is_held_against_that_at_the_venues_mark() -> None:
    won = coins("1.01", "1")
    assert not inverse.objection((won,), MAIN, INVERSE, short(mark="99009.9"), MARK)
    said = inverse.objection((coins("1.5", "1"),), MAIN, INVERSE, short(mark="100000"), MARK)
    assert said == (
        "the profit in the margin coins on main is 0.50000000 BTC, our position makes it 0.00000000: "
        "is there another position on that coin?"
    )
    nowhere = inverse.objection((coins("1", venue=OTHER),), MAIN, INVERSE, short(), MARK)
    assert nowhere == "no source of the hedge holds the coins on main that margin its short (R2)"
    assert not inverse.objection((coins("1", venue=OTHER),), MAIN, LINEAR, short(), MARK)


def test_r2_the_margin_balance() -> None:
    assert inverse.balance(INVERSE, short(), margin("3", "7"), D(50_000)) == 4
    assert inverse.balance(INVERSE, short(entry=None), margin("3", "7"), D(50_000)) == 7
    assert inverse.balance(INVERSE, short(entry=None), margin("3"), D(50_000)) == 3


def test_r15_the_room_that_is_left() -> None:
    free = replace(INVERSE, taker_fee=D("0.01"))
    # 2 coins at 50,000 back 1,000 contracts, and 101 of those are 1 % more than 100.
    assert inverse.room(free, short("-899", None), margin("1"), MARK, D(0)) == 100
    assert inverse.room(free, short("-899.01", None), margin("1"), MARK, D(0)) == 99
    assert inverse.room(free, short("-798", None), margin("1"), MARK, D(10_100)) == 100
    assert inverse.room(free, short("-1001", None), margin("1"), MARK, D(0)) == 0
    assert inverse.room(replace(BIG, taker_fee=D(0)), short("-1", None), margin("10"), MARK, D(1_000)) == 989


def test_r15_overdrawn_is_more_than_one_contract_above_the_balance() -> None:
    assert inverse.overdrawn(INVERSE, short(entry=None), margin("1"), MARK, D(1_001)) == ""
    assert inverse.overdrawn(INVERSE, short(entry=None), margin("1"), MARK, D("1001.1")) == (
        "1001.1 contracts short are 1.00110000 BTC, the margin balance is 1.00000000"
    )


def test_r28_a_person_is_told_above_a_twentieth_too_much() -> None:
    assert inverse.overdrawn_now(INVERSE, short("-1050", None), margin("1"), MARK) == ""
    told = inverse.overdrawn_now(INVERSE, short("-1051", None), margin("1"), MARK)
    assert told.endswith("the margin balance is 1.00000000, an effective leverage of 1.05")
    assert inverse.overdrawn_now(LINEAR, short("-1051", None), margin("1"), MARK) == ""
    assert inverse.overdrawn_now(INVERSE, short("0", None), margin("-1"), MARK) == ""
    empty = inverse.overdrawn_now(INVERSE, short("-10", None), margin("0"), MARK)
    assert empty == "10 contracts short are 0.01000000 BTC, the margin balance is 0.00000000"
    # A short below one contract's worth is never told.
    assert inverse.overdrawn_now(INVERSE, short("-1", None), margin("0.0000001"), MARK) == ""


def test_r3_what_a_contract_closes() -> None:
    closes = sizing.gap_per_contract
    assert closes(INVERSE, Side.SELL, D(50_000), D(100_000), D("0.25")) == D("0.002")
    assert closes(INVERSE, Side.BUY, D(50_000), D(100_000), D("0.25")) == D("0.00125")
    assert closes(INVERSE, Side.BUY, D(50_000), None, D("0.25")) == D("0.002")
    assert closes(LINEAR, Side.BUY, D(50_000), D(100_000), D("0.25")) == 1


def test_the_setting_that_a_start_makes() -> None:
    assert account.wanted_setting(POLICY, INVERSE) == (2, MarginMode.CROSS)
    assert account.wanted_setting(replace(POLICY, leverage=3), INVERSE) == (3, MarginMode.CROSS)
    assert account.wanted_setting(POLICY, LINEAR) == (1, MarginMode.ISOLATED)
    for leverage, inverse_fits, linear_fits in ((1, False, True), (2, True, False), (9, True, False)):
        config = SymbolConfig(symbol=LINEAR.symbol, leverage=leverage, margin_mode=MarginMode.CROSS, hedged=False)
        assert account.leverage_fits(POLICY, INVERSE, config) is inverse_fits
        assert account.leverage_fits(POLICY, LINEAR, config) is linear_fits


def inverse_reading(entry: str = "100000", price: str = "80000", spot: str = "0") -> Reading:
    """1 coin in the margin wallet, 900 contracts short, judged at the entry."""
    situation = reading(0, "1", "0", price, instrument=INVERSE)
    position = short("-900", entry)
    wallet = margin("1")
    held = coins(str(1 + inverse.profit(INVERSE, D(-900), D(entry), D(price))), "1")
    found = read(
        replace(situation, position=position, margin=wallet, holdings=(held, coins(spot, source=Source.SPOT))), D(price)
    )
    assert isinstance(found, Reading)
    return found


def test_r2_an_inverse_reading_is_judged_at_its_entry_and_shown_at_the_mark() -> None:
    found = inverse_reading()
    assert (found.reference, found.price, found.gap) == (D(100_000), D(80_000), D("0.1"))
    assert (found.sample.exposure, found.sample.principal, found.sample.short) == (D(1), D(1), D("0.9"))
    view = found.view
    assert (view.exposure, view.principal, view.short) == (D("1.225"), D(1), D("1.125"))
    assert (view.target, view.gap, view.gap_notional) == (D("1.225"), D("0.1"), D(8_000))
    # The band is a share of what the hedge is worth now (R14): of 1.225 coins at 80,000.
    band = sizing.band_notional(POLICY.band, D("1.225"), D(80_000))
    assert (view.band_notional, found.band_coins) == (band, band / 80_000)
    assert found.target_contracts(D("0.1")) == 900 + D("0.1") / D("1.0005") / (D(100) / 80_000)
    assert found.target_contracts(D("-0.1")) == 900 - D("0.1") / found.gap_per_contract(Side.BUY)
    assert found.target_contracts(D("0.001") / D("1.0005")) == 900
    assert found.target_contracts(D("0.0010006")) > 900
    assert found.target_contracts(D("-0.9")) == 0


def test_r14_the_band_itself_asks_for_an_order() -> None:
    found = inverse_reading()
    policy = replace(POLICY, band=replace(POLICY.band, relative=D(0), notional=D(8_000)))
    just = replace(found, situation=replace(found.situation, policy=policy))
    assert just.outside(D("0.1"))
    assert just.outside(D("-0.1"))
    assert not just.outside(D("0.09999"))
    assert just.outside(D("-0.9")), "target 0"
    assert not replace(just, sample=replace(just.sample, short=D(0))).outside(D(0))


def test_r24_the_work_of_an_inverse_hedge() -> None:
    found = inverse_reading()
    assert campaign_work(found.view, found.position, INVERSE, D(1)) == Work(
        exposure=D(1), gap_contracts=D(80), tolerance=D("0.00125"), per_contract=D("0.00125")
    )
    over = replace(found.view, gap=D("-0.1"))
    half = campaign_work(over, found.position, INVERSE, D("0.5"))
    assert half is not None
    assert half.per_contract == D("0.001125")
    assert half.gap_contracts == D("0.1") / D("0.001125")
    view = found.view
    for partly in (replace(view, exposure=None), replace(view, principal=None), replace(view, gap=None)):
        assert campaign_work(partly, found.position, INVERSE, D(1)) is None
    assert campaign_work(replace(view, mark=None), found.position, INVERSE, D(1)) is None


def test_what_closing_an_inverse_short_costs() -> None:
    situation = reading(0, "1", "0", "80000", instrument=INVERSE)
    assert isinstance(situation.prices, Prices)
    cost = closing_cost(INVERSE, short("-800"), situation.prices, D("0.005"))
    assert cost == Closing(
        venue=MAIN,
        contracts=D(800),
        notional=D(80_000),
        fee=D(40),
        slippage_max=D("400.1"),
        realized=D("0.2"),
        settle=BTC,
    )
    even = replace(situation.prices, bid=situation.prices.ask)
    assert closing_cost(INVERSE, short("-800"), even, D(0)) is not None
    for wrong in (replace(even, bid=D(0)), replace(even, mark=D(0)), replace(even, bid=even.ask + 1)):
        assert closing_cost(INVERSE, short("-800"), wrong, D(0)) is None
    assert closing_cost(INVERSE, short("0"), even, D(0)) is None
    assert closing_cost(INVERSE, short("800"), even, D(0)) is None
