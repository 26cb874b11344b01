"""Which kinds of hedge may send orders where."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.app.traders import refuse_unreleased
from bot.domain.errors import ConfigFault
from bot.settings import load_settings

VENUES = "".join(
    f'[venues.{name}]\nexchange = "{name}"\nenvironment = "{{where}}"\n'
    f'api_key_file = "{{key}}"\nsecret_file = "{{key}}"\npassword_file = "{{key}}"\n'
    for name in ("binance", "okx")
)
SHORT = """
[[hedges]]
name = "short"
asset = "BTC"
holdings = [{source = "spot", venue = "binance"}]
short = {venue = "binance", symbol = "BTC/USDT:USDT"}
"""
GAP = """
[[hedges]]
name = "gap"
kind = "cross-exchange"
asset = "BTC"
venues = [{venue = "binance"}, {venue = "okx"}]
min_edge = "0.1 %"
"""
CALM = """
[[hedges]]
name = "calm"
kind = "stablecoin"
asset = "BTC"
venue = "okx"
basket = {USDC = "0.5", USDT = "0.5"}
"""


def judge(folder: Path, where: str, hedge: str, *, paper: bool = False) -> None:
    key = folder / "key"
    key.write_text("k", "utf-8")
    key.chmod(0o600)
    path = folder / "settings.toml"
    path.write_text("real_money = true\n" + VENUES.format(where=where, key=key) + hedge, "utf-8")
    refuse_unreleased(load_settings(path, {}, paper=paper))


@pytest.mark.parametrize("hedge", [GAP, CALM])
def test_real_money_is_refused(tmp_path: Path, hedge: str) -> None:
    with pytest.raises(ConfigFault, match="not released for real money"):
        judge(tmp_path, "live", hedge)


@pytest.mark.parametrize("hedge", [GAP, CALM])
def test_play_money_is_not(tmp_path: Path, hedge: str) -> None:
    judge(tmp_path, "testnet", hedge)
    judge(tmp_path, "live", hedge, paper=True)


def test_a_short_alone_is_released(tmp_path: Path) -> None:
    judge(tmp_path, "live", SHORT)
