"""What a stop does, the dead-man's switch, and what funding may cost: good values and bad ones."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from bot.domain.control import StopMode
from bot.domain.errors import ConfigFault
from bot.domain.policy import FundingPolicy
from bot.settings import Settings, load_settings, policies

TEXT = """
{top}

[venues.main]
exchange = "{exchange}"
environment = "paper"
{venue}

[[hedges]]
name = "btc"
asset = "BTC"
holdings = [ {{source = "spot", venue = "main"}} ]
short = {{venue = "main", symbol = "BTC/USDT:USDT"}}
{hedge}
"""


def loaded(tmp_path: Path, *, top: str = "", exchange: str = "binance", venue: str = "", hedge: str = "") -> Settings:
    path = tmp_path / "settings.toml"
    path.write_text(TEXT.format(top=top, exchange=exchange, venue=venue, hedge=hedge), encoding="utf-8")
    return load_settings(path, {}, paper=True)


def test_what_holds_when_nothing_is_said(tmp_path: Path) -> None:
    settings = loaded(tmp_path)
    assert (settings.on_stop, settings.warnings) == (StopMode.KEEP, ())
    assert [venue.dead_man_s for venue in settings.venues.values()] == [0]
    assert policies(settings)[0].funding == FundingPolicy()


def test_what_is_said_at_the_top_holds_for_every_hedge_that_does_not_say_otherwise(tmp_path: Path) -> None:
    top = 'on_stop = "flatten"\nmax_funding_apr = "0.2"\nfunding = {close_above = "0.6", reopen_below = "0.1"}'
    settings = loaded(
        tmp_path, top=top, hedge='funding_window_s = 86400\nfunding = {close_above="1", reopen_below="0"}'
    )
    assert settings.on_stop is StopMode.FLATTEN
    assert policies(settings)[0].funding == FundingPolicy(
        max_apr=Decimal("0.2"), window_s=Decimal(86_400), close_above=Decimal(1), reopen_below=Decimal(0)
    )


@pytest.mark.parametrize(("exchange", "warned"), [("binance", False), ("okx", False), ("kucoin", True)])
def test_a_switch_that_a_venue_does_not_have_is_warned_of(tmp_path: Path, exchange: str, *, warned: bool) -> None:
    settings = loaded(tmp_path, exchange=exchange, venue="dead_man_s = 60")
    assert any("dead_man_s does nothing on kucoin" in warning for warning in settings.warnings) is warned


@pytest.mark.parametrize(
    ("where", "text", "says"),
    [
        ("hedge", 'funding = {close_above = "0.1", reopen_below = "0.1"}', "hedges[0].funding.reopen_below"),
        ("top", 'funding = {close_above = "0.1", reopen_below = "0.2"}', "less than close_above, which is 0.1"),
        ("hedge", 'funding = {close_above = "0.1"}', "funding.reopen_below: is missing"),
        ("venue", "dead_man_s = 5", "expected 0 (off), or whole seconds from 10 to 300"),
        ("venue", "dead_man_s = 301", "dead_man_s = 301"),
        ("top", 'on_stop = "panic"', 'expected one of "keep", "cancel", "flatten"'),
        ("top", "max_funding_apr = 0.5", "max_funding_apr"),
    ],
)
def test_bad_values_are_named(tmp_path: Path, where: str, text: str, says: str) -> None:
    with pytest.raises(ConfigFault) as raised:
        loaded(tmp_path, **{where: text})
    assert says in raised.value.message
