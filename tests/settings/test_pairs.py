"""`kind = "cross-exchange"`: its own keys, shares in plain forms only, two venues that are two."""

from __future__ import annotations

from decimal import Decimal as D
from pathlib import Path

import pytest

from bot.domain.errors import ConfigFault
from bot.settings import Settings, load_settings, pair_policies, proof_timings

VENUES = "".join(
    f'[venues.{name}]\nexchange = "{exchange}"\nenvironment = "{where}"\n'
    for name, exchange, where in (
        ("a", "kucoin", "paper"),
        ("b", "okx", "paper"),
        ("c", "binance", "paper"),
    )
)
HEDGE = """
[[hedges]]
name = "gap"
kind = "cross-exchange"
asset = "BTC"
venues = [{venue = "a"}, {venue = "b"}]
min_edge = "0.1 %"
"""
SHORT = """
[[hedges]]
name = "btc"
asset = "BTC"
holdings = [{source = "spot", venue = "a"}, {source = "spot", venue = "c"}]
short = {venue = "c", symbol = "BTC/USDT:USDT"}
"""


def loaded(folder: Path, text: str, top: str = "") -> Settings:
    path = folder / "settings.toml"
    path.write_text(top + VENUES + text, "utf-8")
    return load_settings(path, {}, paper=True)


def refused(folder: Path, text: str) -> str:
    with pytest.raises(ConfigFault) as raised:
        loaded(folder, text)
    return f"{raised.value.message}\n{raised.value.hint}"


def test_it_becomes_a_policy(tmp_path: Path) -> None:
    settings = loaded(tmp_path, HEDGE, "proof_grace_s = 7\n")
    (policy,), (timing,) = pair_policies(settings), proof_timings(settings)
    assert settings.hedges == ()
    assert [(place.venue, place.symbol, place.quote) for place in policy.places] == [
        ("a", "BTC/USDT", "USDT"),
        ("b", "BTC/USDT", "USDT"),
    ]
    assert (policy.min_edge, policy.slippage_reserve, policy.persist_s) == (D("0.001"), D("0.0002"), D("0.5"))
    assert (policy.max_loss, policy.max_unwind_slippage, policy.caps.order_notional) == (D(20), D("0.02"), D(10_000))
    assert (timing.proof_grace_s, timing.proof_spacing_s) == (D(7), D(5))


def test_other_quote_currencies_and_fees_of_transfers(tmp_path: Path) -> None:
    text = HEDGE.replace(
        '{venue = "b"}', '{venue = "b", symbol = "BTC/USDC", coin_transfer_fee = "0.0001", quote_transfer_fee = 1}'
    )
    (policy,) = pair_policies(loaded(tmp_path, text))
    place = policy.places[1]
    assert (str(place.quote), place.coin_transfer_fee, place.quote_transfer_fee) == ("USDC", D("0.0001"), D(1))


@pytest.mark.parametrize(
    ("written", "is_"),
    [
        ("0.1 %", "0.001"),
        ("0.1%", "0.001"),
        ("10 bp", "0.001"),
        ("10bp", "0.001"),
        ("0.001", "0.001"),
        ("0.01", "0.01"),
        ("5 %", "0.05"),
    ],
)
def test_shares_in_plain_forms(tmp_path: Path, written: str, is_: str) -> None:
    (policy,) = pair_policies(loaded(tmp_path, HEDGE.replace("0.1 %", written)))
    assert policy.min_edge == D(is_)


@pytest.mark.parametrize("written", ['"0.1"', "0.001", "0", '"1"', '"0.1 percent"', '"-0.1 %"', '"30 %"', '"%"', '""'])
def test_what_may_mean_percent_or_a_fraction_is_refused(tmp_path: Path, written: str) -> None:
    told = refused(tmp_path, HEDGE.replace('"0.1 %"', written))
    assert "hedges[0].min_edge" in told
    assert '"0.1 %" or "10 bp"' in told


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('{venue = "b"}', '{venue = "a"}'), ("hedges[0].venues[1].venue", "twice", "each venue once")),
        (('{venue = "b"}', '{venue = "z"}'), ("hedges[0].venues[1].venue", "no [venues.z]")),
        ((', {venue = "b"}', ""), ("hedges[0].venues", "at least one")),
        (('{venue = "b"}', '{venue = "b", symbol = "ETH/USDT"}'), ("venues[1].symbol", "market of BTC")),
        (('{venue = "b"}', '{venue = "b", symbol = "BTC/ETH"}'), ("venues[1].symbol", "ETH is no money")),
        (('{venue = "b"}', '{venue = "b", symbol = "BTC/USDT:USDT"}'), ("venues[1].symbol", "a spot market")),
        (('"0.1 %"', '"0 %"'), ("hedges[0].min_edge", "more than 0")),
        (('"BTC"', '"USDC"'), ("hedges[0].asset", "money")),
        (('"0.1 %"', '"0.1 %"\nratio = "1"'), ("hedges[0].ratio", "unknown setting")),
        (('"0.1 %"', '"0.1 %"\ncaps = {order_notional = 0}'), ("caps.order_notional", "above 0")),
        (('"0.1 %"', '"0.1 %"\ncaps = {total_short = 1}'), ("caps.total_short", "unknown setting")),
        (('min_edge = "0.1 %"', ""), ("hedges[0].min_edge", "is missing", "add `min_edge`")),
    ],
)
def test_bad_input(tmp_path: Path, change: tuple[str, str], says: tuple[str, ...]) -> None:
    told = refused(tmp_path, HEDGE.replace(*change))
    assert [word for word in says if word not in told] == [], told


def test_a_short_takes_none_of_its_keys(tmp_path: Path) -> None:
    told = refused(tmp_path, SHORT + 'min_edge = "0.1 %"\n')
    assert "hedges[0].min_edge" in told
    assert "unknown setting" in told


def test_r6_two_hedges_never_trade_in_one_coin_on_one_venue(tmp_path: Path) -> None:
    other = HEDGE.replace('"gap"', '"other"').replace('{venue = "b"}', '{venue = "c"}')
    assert "trading BTC on a is already used by hedges[0] (gap)" in refused(tmp_path, HEDGE + other)
    assert "the name gap is already used" in refused(tmp_path, HEDGE + other.replace('"other"', '"gap"'))


def test_r6_two_hedges_never_buy_with_the_same_money(tmp_path: Path) -> None:
    """A premium of USDT opens gaps of all coins at once: each hedge would believe all of the money to be its own."""
    other = HEDGE.replace('"gap"', '"other"').replace('"BTC"', '"ETH"')
    assert "buying with USDT on a is already used by hedges[0] (gap)" in refused(tmp_path, HEDGE + other)


def test_r6_a_ladder_that_sells_there_is_another_one(tmp_path: Path) -> None:
    short = SHORT.replace('venue = "c"', 'venue = "a"') + "ladder = {reduce = true}\n"
    short = short.replace('holdings = [{source = "spot", venue = "a"}, {source = "spot", venue = "a"}]', "")
    short += 'holdings = [{source = "spot", venue = "a"}]\n'
    assert "trading BTC on a is already used by" in refused(tmp_path, HEDGE + short)


def test_a_short_may_count_the_same_coins(tmp_path: Path) -> None:
    settings = loaded(tmp_path, HEDGE + SHORT)
    assert (len(settings.hedges), len(settings.pairs)) == (1, 1)


def test_an_exchange_that_nobody_verified_is_refused(tmp_path: Path) -> None:
    venues = VENUES.replace("kucoin", "bybit").replace('"paper"', '"testnet"')
    path = tmp_path / "settings.toml"
    path.write_text(venues + HEDGE, "utf-8")
    keys = {
        f"HEDGEBOT_VENUES__{name}__{part}": f"word-{name}-{part}"
        for name in "ABC"
        for part in ("API_KEY", "SECRET", "PASSWORD")
    }
    with pytest.raises(ConfigFault, match="nobody has verified in which currency bybit takes its fees"):
        load_settings(path, keys, paper=False)
