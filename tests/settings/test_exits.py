"""What a settings file may say of a stablecoin hedge."""

from __future__ import annotations

from decimal import Decimal as D
from pathlib import Path

import pytest

from bot.domain.errors import ConfigFault
from bot.settings import Settings, load_settings

VENUE = '[venues.main]\nexchange = "binance"\nenvironment = "paper"\n'
SIGNAL = 'signals = {drawdown = {exit = "0.15", back = "0.10"}}'
DAILY = 'average = {exit = "0", back = "-1 %"}}'
"""It looks back a hundred days."""
SHORT = """
[[hedges]]
name = "short"
asset = "BTC"
holdings = [{source = "spot", venue = "main"}]
short = {venue = "main", symbol = "BTC/USDT:USDT"}
"""


def load(
    tmp_path: Path, *lines: str, basket: str = '{USDC = "0.5", USDT = "0.5"}', asset: str = "BTC", more: str = ""
) -> Settings:
    path = tmp_path / "settings.toml"
    hedge = ["[[hedges]]", 'name = "calm"', 'kind = "stablecoin"', f'asset = "{asset}"', f"basket = {basket}", *lines]
    if not any(line.startswith("venue") for line in lines):
        hedge.append('venue = "main"')
    path.write_text(VENUE + "\n".join(hedge) + more, "utf-8")
    return load_settings(path, {}, paper=True)


def test_nothing_switched_on_is_manual_only(tmp_path: Path) -> None:
    (hedge,) = load(tmp_path).exits
    assert all(signal is None for _, signal in hedge.signals)
    assert hedge.reenter is None
    assert (hedge.fraction, hedge.basket) == (D(1), {"USDC": D("0.5"), "USDT": D("0.5")})


@pytest.mark.parametrize("written", ["0.15", "15 %", "15%", "15.0 %"])
def test_a_fraction_or_a_percentage_that_says_so(tmp_path: Path, written: str) -> None:
    (hedge,) = load(tmp_path, f'signals = {{drawdown = {{exit = "{written}", back = "0.1"}}}}').exits
    assert hedge.signals.drawdown is not None
    assert hedge.signals.drawdown.exit == D("0.15")


def test_how_absence_is_proven_is_said_once_at_the_top(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    load(tmp_path)
    path.write_text('proof_grace_s = "7"\n' + path.read_text("utf-8"), "utf-8")
    (hedge,) = load_settings(path, {}, paper=True).exits
    assert hedge.proof_grace_s == 7


@pytest.mark.parametrize(
    ("line", "key", "says"),
    [
        ('signals = {drawdown = {exit = "0.10", back = "0.15"}}', "signals.drawdown.back", "wrong order"),
        ('signals = {drawdown = {exit = "0.10", back = "0.10"}}', "signals.drawdown.back", "wrong order"),
        ('signals = {volatility = {exit = "0.5", back = "0.9"}}', "signals.volatility.back", "wrong order"),
        ('signals = {average = {exit = "0.01", back = "0.02"}}', "signals.average.back", "wrong order"),
        ('signals = {price = {exit = "65000", back = "60000"}}', "signals.price.back", "wrong order"),
        ('signals = {price = {exit = "0", back = "60000"}}', "signals.price.exit", "above 0"),
        ('signals = {drawdown = {exit = 0.15, back = "0.1"}}', "signals.drawdown.exit", "as a string"),
        ('signals = {drawdown = {exit = 15, back = "0.1"}}', "signals.drawdown.exit", "as a string"),
        ('signals = {drawdown = {exit = "15", back = "0.1"}}', "signals.drawdown.exit", "percentage"),
        ('signals = {drawdown = {exit = "15 % off", back = "0.1"}}', "signals.drawdown.exit", "percentage"),
        ('signals = {drawdown = {exit = "x %", back = "0.1"}}', "signals.drawdown.exit", "percentage"),
        ('signals = {moon = {exit = "1"}}', "signals.moon", "unknown setting"),
        ('venue = "else"', "venue", "there is no [venues.else]"),
        ('combine = "most"', "combine", 'one of "any", "all"'),
        ('signals = {drawdown = {exit = "0.2", back = "0.1", window_s = 10799}}', "signals.drawdown.window_s", "10800"),
        ('signals = {average = {exit = "0.2", back = "0.1", window_s = 3600}}', "signals.average.window_s", "10800"),
        (
            'signals = {drawdown = {exit = "0.2", back = "0.1", window_s = 86400}, ' + DAILY,
            "signals.drawdown.window_s",
            "expected at least 259200",
        ),
        (
            'signals = {volatility = {exit = "1", back = "0.5", half_life_s = 64799}, ' + DAILY,
            "signals.volatility.half_life_s",
            "expected at least 64800",
        ),
        ("reenter = {}", "reenter", "no signal"),
        ('depeg = "2"', "depeg", "0.5"),
        ("slice_notional = 0", "slice_notional", "more than 0"),
        ('slippage = "0"', "slippage", "more than 0"),
        ("caps = {order_notional = 0}", "caps.order_notional", "more than 0"),
        ("max_round_trips = 0", "max_round_trips", "whole number"),
        ("ratio = 1", "ratio", "unknown setting"),
        ("dwell_s = 0", "dwell_s", "at least 3 x look_s, which is 5"),
        ("look_s = 60", "dwell_s", "at least 3 x look_s, which is 60"),
    ],
)
def test_what_can_not_be(tmp_path: Path, line: str, key: str, says: str) -> None:
    with pytest.raises(ConfigFault) as fault:
        load(tmp_path, line)
    assert f"hedges[0].{key}" in fault.value.message
    assert says in fault.value.message


@pytest.mark.parametrize(
    "signals",
    [
        'drawdown = {exit = "0.2", back = "0.1", window_s = 10800}}',
        'volatility = {exit = "1", back = "0.5", half_life_s = 3600}}',
        'volatility = {exit = "1", back = "0.5", half_life_s = 64800}, ' + DAILY,
        'drawdown = {exit = "0.2", back = "0.1", window_s = 259200}, ' + DAILY,
        'drawdown = {exit = "0.2", back = "0.1"}, volatility = {exit = "1", back = "0.5"}, ' + DAILY,
        'price = {exit = "1", back = "2"}}',
    ],
)
def test_three_bars_are_enough(tmp_path: Path, signals: str) -> None:
    assert load(tmp_path, "signals = {" + signals).exits


@pytest.mark.parametrize(
    ("basket", "says"),
    [
        ('{USDC = "0.5", USDT = "0.4"}', "sum to 0.9"),
        ('{USDC = "0.5", USDT = "0.51"}', "sum to 1.01"),
        ('{ETH = "1"}', "ETH is no US dollar stablecoin"),
        ('{EURC = "1"}', "EURC is no US dollar stablecoin"),
        ("{}", "sum to 0"),
        ("{USDC = 1}", "as a string"),
    ],
)
def test_a_basket_that_is_none(tmp_path: Path, basket: str, says: str) -> None:
    with pytest.raises(ConfigFault, match="basket") as fault:
        load(tmp_path, basket=basket)
    assert says in fault.value.message


def test_a_stablecoin_is_nothing_to_exit_from(tmp_path: Path) -> None:
    with pytest.raises(ConfigFault, match="a stablecoin itself"):
        load(tmp_path, asset="USDC")


def test_r6_a_short_may_stand_on_the_same_coins(tmp_path: Path) -> None:
    settings = load(tmp_path, SIGNAL, more=SHORT)
    assert [len(settings.hedges), len(settings.exits)] == [1, 1]


def test_r11_a_token_that_a_short_counts_can_not_be_sold_slice_by_slice(tmp_path: Path) -> None:
    more = """
[[hedges]]
name = "short"
asset = "ETH"
holdings = [{source = "spot", venue = "main", asset = "WBETH", rate = "1.05"}]
short = {venue = "main", symbol = "ETH/USDT:USDT"}
"""
    with pytest.raises(ConfigFault, match="as a token of ETH") as fault:
        load(tmp_path, asset="WBETH", more=more)
    assert "hedges[0].asset" in fault.value.message
    assert load(tmp_path, asset="BTC", more=more).exits


def test_a_ladder_that_may_spend_the_proceeds_is_warned_of(tmp_path: Path) -> None:
    assert not load(tmp_path, SIGNAL, more=SHORT).warnings
    (warning,) = load(tmp_path, SIGNAL, more=SHORT + "ladder = {top_up = true}").warnings
    assert "short: its ladder may top margin up" in warning


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (SHORT.replace("BTC/USDT:USDT", "BTC/USD:BTC"), "margin its coin-margined short"),
        (SHORT + "ladder = {reduce = true}", "trading BTC on main"),
        (
            SHORT + 'fallback = {venue = "second", symbol = "BTC/USDT:USDT"}\n[venues.second]\nexchange = "okx"\n'
            'environment = "paper"',
            "hedged on two venues",
        ),
        (
            '\n[[hedges]]\nname = "again"\nkind = "stablecoin"\nasset = "BTC"\nvenue = "main"\nbasket = {USDT = "1"}',
            "trading BTC on main",
        ),
        (
            (
                '\n[[hedges]]\nname = "pair"\nkind = "cross-exchange"\nasset = "ETH"\nmin_edge = "0.1 %"\n'
                'venues = [{venue = "main"}, {venue = "second"}]\n[venues.second]\nexchange = "okx"\n'
                'environment = "paper"'
            ),
            "buys coins with USDT on main too",
        ),
        (
            (
                '\n[[hedges]]\nname = "pair"\nkind = "cross-exchange"\nasset = "BTC"\nmin_edge = "0.1 %"\n'
                'venues = [{venue = "main"}, {venue = "second"}]\n[venues.second]\nexchange = "okx"\n'
                'environment = "paper"'
            ),
            "trading BTC on main",
        ),
    ],
)
def test_r6_what_can_not_stand_beside_it(tmp_path: Path, more: str, says: str) -> None:
    with pytest.raises(ConfigFault) as fault:
        load(tmp_path, SIGNAL, more=more)
    assert says in fault.value.message
