"""What a settings file may say of the margin ladder (R27, R28)."""

from __future__ import annotations

from decimal import Decimal as D
from pathlib import Path

import pytest

from bot.domain.errors import ConfigFault
from bot.domain.ladder import LadderPolicy
from bot.settings import load_settings, policies

LINEAR, INVERSE = "BTC/USDT:USDT", "BTC/USD:BTC"


def load(
    tmp_path: Path,
    own: str,
    *,
    top: str = "",
    source: str = 'source = "spot", venue = "main"',
    symbol: str = LINEAR,
) -> LadderPolicy:
    path = tmp_path / "settings.toml"
    path.write_text(
        (f"ladder = {{{top}}}\n" if top else "")
        + '[venues.main]\nexchange = "binance"\nenvironment = "paper"\n'
        + f'[[hedges]]\nname = "btc"\nasset = "BTC"\nholdings = [{{{source}}}]\n'
        + f'short = {{venue = "main", symbol = "{symbol}"}}\n'
        + (f"ladder = {{{own}}}\n" if own else ""),
        "utf-8",
    )
    (policy,) = policies(load_settings(path, {}, paper=True))
    return policy.ladder


def test_r27_nothing_is_done_unless_it_is_switched_on(tmp_path: Path) -> None:
    assert load(tmp_path, "") == LadderPolicy()
    assert not LadderPolicy().top_up
    assert not LadderPolicy().reduce


def test_a_hedge_says_what_differs_from_the_top(tmp_path: Path) -> None:
    ladder = load(tmp_path, 'reduce = true, target = "2"', top='top_up = true, target = "1.9", reserve = "500"')
    assert ladder == LadderPolicy(top_up=True, reduce=True, target=D(2), reserve=D(500))


@pytest.mark.parametrize(
    ("own", "key"),
    [
        ('target = "1.5"', "hedges[0].ladder.target"),
        ('act_at = "1.9"', "hedges[0].ladder.target"),
        ('critical = "1.6"', "hedges[0].ladder.critical"),
        ('alarm_at = "1.2"', "hedges[0].ladder.critical"),
        ('critical = "1"', "hedges[0].ladder.critical"),
        ("top_up = 1", "hedges[0].ladder.top_up"),
        ("target = 1.8", "hedges[0].ladder.target"),
    ],
)
def test_rungs_that_are_out_of_order_are_refused(tmp_path: Path, own: str, key: str) -> None:
    with pytest.raises(ConfigFault) as refused:
        load(tmp_path, own)
    assert key in refused.value.message


@pytest.mark.parametrize(
    "source",
    [
        'source = "earn", venue = "main"',
        'source = "external", amount = "1"',
        'source = "spot", venue = "main", asset = "WBTC", rate = "1"',
    ],
)
def test_r27_coins_that_can_not_be_sold_are_told_before_anything_runs(tmp_path: Path, source: str) -> None:
    with pytest.raises(ConfigFault, match="nothing can be sold there"):
        load(tmp_path, "reduce = true", source=source)
    with pytest.raises(ConfigFault, match="nothing can be sold there"):
        load(tmp_path, "", top="reduce = true", source=source)
    assert load(tmp_path, "top_up = true", source=source).top_up


def test_r28_a_coin_margined_short_takes_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigFault, match="backed by its own coins"):
        load(tmp_path, "top_up = true", symbol=INVERSE)
    load(tmp_path, "", top="top_up = true, reduce = true", symbol=INVERSE)
