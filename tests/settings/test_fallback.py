"""`fallback`: a second venue, linear, elsewhere, on the same coin, and nobody else's."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D
from pathlib import Path

import pytest

from bot.domain.errors import ConfigFault
from bot.domain.ids import HedgeName, VenueName
from bot.domain.instrument import MarginMode
from bot.domain.policy import HedgePolicy, StandIn
from bot.settings import load_settings, policies

VENUES = "".join(
    f'[venues.{name}]\nexchange = "{exchange}"\nenvironment = "paper"\n'
    for name, exchange in (("main", "binance"), ("backup", "okx"))
)
HEDGE = """
[[hedges]]
name = "btc"
asset = "BTC"
holdings = [{source = "spot", venue = "backup"}]
short = {venue = "main", symbol = "BTC/USDT:USDT"}
fallback = {FALLBACK}
"""


def legs(folder: Path, fallback: str, more: str = "", *, hedge: str = HEDGE) -> tuple[HedgePolicy, ...]:
    path = folder / "settings.toml"
    path.write_text(VENUES + hedge.replace("FALLBACK", fallback) + more, "utf-8")
    return policies(load_settings(path, {}, paper=True))


def refused(folder: Path, fallback: str, more: str = "", *, hedge: str = HEDGE) -> str:
    with pytest.raises(ConfigFault) as raised:
        legs(folder, fallback, more, hedge=hedge)
    return raised.value.message


GOOD = 'venue = "backup", symbol = "BTC/USDT:USDT"'


def test_it_becomes_a_second_leg_with_the_same_policy(tmp_path: Path) -> None:
    first, second = legs(tmp_path, GOOD)
    assert first.stands_in is None
    assert second == replace(
        first,
        name=HedgeName("btc/fallback"),
        venue=VenueName("backup"),
        stands_in=StandIn(hedge=first.name, after_s=D(60)),
    )


def test_its_own_settings(tmp_path: Path) -> None:
    _, second = legs(
        tmp_path, 'venue = "backup", symbol = "BTC/USDC:USDC", margin = "cross", leverage = 1, after_s = 300'
    )
    assert second.symbol == "BTC/USDC:USDC"
    assert second.margin_mode is MarginMode.CROSS
    assert second.stands_in == StandIn(hedge=second.names[1], after_s=D(300))


@pytest.mark.parametrize(
    ("spots", "reduce"), [(("main",), [True, False]), (("main", "backup"), [True, True])], ids=["one", "both"]
)
def test_a_leg_sells_coins_only_where_there_are_some(
    tmp_path: Path, spots: tuple[str, ...], reduce: list[bool]
) -> None:
    held = ", ".join(f'{{source = "spot", venue = "{venue}"}}' for venue in spots)
    hedge = HEDGE.replace('{source = "spot", venue = "backup"}', held) + "ladder = {reduce = true}\n"
    assert [leg.ladder.reduce for leg in legs(tmp_path, GOOD, hedge=hedge)] == reduce


@pytest.mark.parametrize(
    ("fallback", "expected"),
    [
        ('venue = "main", symbol = "BTC/USDC:USDC"', "hedges[0].fallback.venue"),
        ('venue = "backup", symbol = "BTC/USD:BTC"', "settles in a stablecoin"),
        ('venue = "backup", symbol = "ETH/USDT:USDT"', "expected a perpetual on BTC"),
        ('venue = "nowhere", symbol = "BTC/USDT:USDT"', "there is no [venues.nowhere]"),
        ('venue = "backup", symbol = "BTC/USDT:USDT", leverage = 5', "hedges[0].fallback.leverage"),
        ('venue = "backup", symbol = "BTC/USDT:USDT", after_s = 1', "hedges[0].fallback.after_s"),
        ('venue = "backup", symbol = "BTC/USDT:USDT", ratio = 1', "hedges[0].fallback.ratio"),
        ('venue = "backup"', "hedges[0].fallback.symbol"),
    ],
)
def test_what_can_not_be_is_refused(tmp_path: Path, fallback: str, expected: str) -> None:
    assert expected in refused(tmp_path, fallback)


def test_a_coin_margined_short_has_none(tmp_path: Path) -> None:
    said = refused(tmp_path, GOOD, hedge=HEDGE.replace('symbol = "BTC/USDT:USDT"}', 'symbol = "BTC/USD:BTC"}', 1))
    assert "hedges[0].short.symbol" in said
    assert "coin-margined" in said


def test_r6_its_contract_belongs_to_one_hedge(tmp_path: Path) -> None:
    other = HEDGE.replace('"btc"', '"other"').replace('"spot"', '"earn"').replace("fallback = {FALLBACK}\n", "")
    said = refused(tmp_path, GOOD, other.replace('venue = "main"', 'venue = "backup"'))
    assert "the short BTC/USDT:USDT on backup is already used by hedges[0] (btc)" in said


def test_its_name_is_taken(tmp_path: Path) -> None:
    other = HEDGE.replace('"btc"', '"btc/fallback"').replace('"spot"', '"earn"')
    other = other.replace("fallback = {FALLBACK}\n", "").replace("BTC/USDT:USDT", "BTC/USDC:USDC")
    assert "the name btc/fallback is already used by" in refused(tmp_path, GOOD, other)


def test_no_holding_is_another_leg(tmp_path: Path) -> None:
    said = refused(tmp_path, GOOD, hedge=HEDGE.replace('"spot"', '"other-leg"'))
    assert 'expected one of "spot", "earn", "margin", "transit", "external"' in said
