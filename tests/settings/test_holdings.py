"""Every kind of holding and contract, from the file to the policy that the core decides by."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from bot.domain.errors import ConfigFault
from bot.domain.feed import FeedSpec
from bot.domain.instrument import MarginMode
from bot.domain.observation import Source
from bot.domain.policy import HedgePolicy
from bot.settings import load_settings, policies
from bot.settings.policy import wanted_feeds

VENUES = """
[venues.{exchange}]
exchange = "{exchange}"
environment = "paper"
"""


def read(tmp_path: Path, hedge: str, *exchanges: str) -> tuple[HedgePolicy, tuple[FeedSpec, ...]]:
    path = tmp_path / "settings.toml"
    path.write_text("".join(VENUES.format(exchange=name) for name in exchanges) + "[[hedges]]\n" + hedge, "utf-8")
    settings = load_settings(path, {}, paper=True)
    (policy,) = policies(settings)
    return policy, wanted_feeds(settings)


def sources(policy: HedgePolicy) -> list[tuple[Source, str | None]]:
    return [(spec.source, spec.venue) for spec in policy.holdings]


@pytest.mark.parametrize("exchange", ["binance", "kucoin"])
def test_r2_an_inverse_short_brings_the_coins_that_margin_it(tmp_path: Path, exchange: str) -> None:
    policy, _ = read(
        tmp_path,
        f'name = "b"\nasset = "BTC"\nholdings = [{{source = "spot", venue = "{exchange}"}}]\n'
        f'short = {{venue = "{exchange}", symbol = "BTC/USD:BTC"}}\n',
        exchange,
    )
    assert sources(policy) == [(Source.SPOT, exchange), (Source.MARGIN, exchange)]
    assert (policy.margin_mode, policy.leverage) == (MarginMode.CROSS, 2)


def test_r5_on_a_unified_account_spot_contains_that_margin(tmp_path: Path) -> None:
    policy, _ = read(
        tmp_path,
        'name = "b"\nasset = "BTC"\nholdings = [{source = "spot", venue = "okx"}]\n'
        'short = {venue = "okx", symbol = "BTC/USD:BTC"}\n',
        "okx",
    )
    assert sources(policy) == [(Source.SPOT, "okx")]


def test_r2_a_unified_account_without_its_spot_brings_its_margin(tmp_path: Path) -> None:
    policy, _ = read(
        tmp_path,
        'name = "b"\nasset = "BTC"\nholdings = [{source = "external", amount = 1}]\n'
        'short = {venue = "okx", symbol = "BTC/USD:BTC"}\n',
        "okx",
    )
    assert sources(policy) == [(Source.EXTERNAL, None), (Source.SPOT, "okx")]


def test_a_margin_that_is_named_is_not_brought_again(tmp_path: Path) -> None:
    policy, _ = read(
        tmp_path,
        'name = "b"\nasset = "BTC"\nholdings = [{source = "margin", venue = "binance"}]\n'
        'short = {venue = "binance", symbol = "BTC/USD:BTC"}\n',
        "binance",
    )
    assert sources(policy) == [(Source.MARGIN, "binance")]


def test_a_linear_short_stays_isolated_at_one(tmp_path: Path) -> None:
    policy, _ = read(
        tmp_path,
        'name = "b"\nasset = "BTC"\nholdings = [{source = "spot", venue = "okx"},'
        ' {source = "spot", venue = "kucoin"}]\n'
        'short = {venue = "binance", symbol = "BTC/USDT:USDT"}\ntransit_max_s = 60\n',
        "okx",
        "kucoin",
        "binance",
    )
    # Coins may be on their way from one to the other (R11).
    assert sources(policy) == [
        (Source.SPOT, "okx"),
        (Source.SPOT, "kucoin"),
        (Source.TRANSIT, "kucoin"),
        (Source.TRANSIT, "okx"),
    ]
    assert (policy.margin_mode, policy.leverage) == (MarginMode.ISOLATED, 1)
    assert policy.timing.transit_max_s == 60


def test_r11_earn_brings_what_is_on_its_way_back_once(tmp_path: Path) -> None:
    policy, _ = read(
        tmp_path,
        'name = "b"\nasset = "BNB"\nshort = {venue = "binance", symbol = "BNB/USDT:USDT"}\n'
        'holdings = [{source = "earn", venue = "binance"}, {source = "earn", venue = "kucoin"},'
        ' {source = "transit", venue = "kucoin"}]\n',
        "kucoin",
        "binance",
    )
    assert sources(policy) == [
        (Source.EARN, "binance"),
        (Source.EARN, "kucoin"),
        (Source.TRANSIT, "kucoin"),
        (Source.TRANSIT, "binance"),
    ]


def test_numbers_that_no_venue_tells_become_feeds_under_the_keys_of_the_policy(tmp_path: Path) -> None:
    policy, found = read(
        tmp_path,
        'name = "eth"\nasset = "ETH"\nshort = {venue = "binance", symbol = "ETH/USDT:USDT"}\nholdings = [\n'
        '{source = "spot", venue = "binance", asset = "WBETH", rate = "1.08"},\n'
        '{source = "external", file = "cold.txt", asset = "STETH",'
        ' rate_url = "https://x.example/r", rate_path = "a.0"},\n'
        '{source = "external", url = "https://x.example/q", path = "sum", refresh_s = 5},\n'
        "]\n",
        "binance",
    )
    spot, cold, web = policy.holdings
    assert (spot.token, spot.rate, spot.rate_feed, spot.feed) == ("WBETH", Decimal("1.08"), None, None)
    assert (cold.token, cold.rate, cold.amount) == ("STETH", None, None)
    assert (web.token, web.rate_feed) == (None, None)
    by_key = {feed.key: feed for feed in found}
    assert by_key.keys() == {cold.feed, cold.rate_feed, web.feed}
    assert by_key[str(cold.feed)].file == Path("cold.txt")
    assert not by_key[str(cold.feed)].rate
    assert (by_key[str(cold.rate_feed)].path, by_key[str(cold.rate_feed)].rate) == ("a.0", True)
    assert (by_key[str(web.feed)].path, by_key[str(web.feed)].refresh_s) == ("sum", Decimal(5))


def test_a_token_in_an_address_is_a_secret(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(
        VENUES.format(exchange="binance") + '[[hedges]]\nname = "b"\nasset = "BTC"\n'
        'holdings = [{source = "external", url = "https://x.example/balance?key=abcdefghijklmnopqrstuvwxyz"}]\n'
        'short = {venue = "binance", symbol = "BTC/USDT:USDT"}\n',
        "utf-8",
    )
    settings = load_settings(path, {}, paper=True)
    assert settings.secrets() == ("abcdefghijklmnopqrstuvwxyz",)
    assert "abcdefghijklmnopqrstuvwxyz" not in repr(settings)


def test_an_exchange_that_nobody_verified_runs_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(
        '[venues.b]\nexchange = "bybit"\nenvironment = "testnet"\n[[hedges]]\nname = "b"\nasset = "BTC"\n'
        'holdings = [{source = "spot", venue = "b"}]\nshort = {venue = "b", symbol = "BTC/USDT:USDT"}\n',
        "utf-8",
    )
    keys = {"HEDGEBOT_VENUES__B__API_KEY": "k" * 20, "HEDGEBOT_VENUES__B__SECRET": "s" * 20}
    (warning,) = load_settings(path, keys, paper=False).warnings
    assert "not verified on bybit" in warning


@pytest.mark.parametrize(
    ("holding", "says"),
    [
        ('source = "spot", venue = "binance", max_age_s = 60', "nothing of this holding is read"),
        ('source = "external", url = "https://x.example/q", file_age_max_s = 60', "nothing of this holding is read"),
        ('source = "external", file = "f", refresh_s = 600', "at least refresh_s + 10 s"),
    ],
)
def test_an_age_that_guards_nothing_or_never_lasts_is_refused(tmp_path: Path, holding: str, says: str) -> None:
    hedge = (
        f'name = "b"\nasset = "BTC"\nholdings = [{{{holding}}}]\n'
        'short = {venue = "binance", symbol = "BTC/USDT:USDT"}\n'
    )
    with pytest.raises(ConfigFault) as refused:
        read(tmp_path, hedge, "binance")
    assert says in refused.value.message


def test_r11_coins_between_two_venues_are_looked_for_where_they_are_told(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    venue = '[venues.{0}]\nexchange = "{0}"\nenvironment = "{1}"\n'
    path.write_text(
        venue.format("bybit", "testnet") + venue.format("okx", "testnet") + '[[hedges]]\nname = "b"\nasset = "BTC"\n'
        'holdings = [{source = "spot", venue = "bybit"}, {source = "spot", venue = "okx"}]\n'
        'short = {venue = "okx", symbol = "BTC/USDT:USDT"}\n',
        "utf-8",
    )
    keys = {
        f"HEDGEBOT_VENUES__{name}__{part}": f"{name}{part}" * 4
        for name in ("BYBIT", "OKX")
        for part in ("API_KEY", "SECRET", "PASSWORD")
    }
    (policy,) = policies(load_settings(path, keys, paper=False))
    assert sources(policy) == [(Source.SPOT, "bybit"), (Source.SPOT, "okx")]
