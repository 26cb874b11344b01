"""`hedgebot quote` as a user calls it: one run, three alternatives, edges between exchanges, else one clear line."""

from __future__ import annotations

import json
import os
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from bot.domain.errors import ConfigFault
from bot.settings import load_settings
from tests.e2e.harness import Home, Paper, settings_text
from tests.settings.conftest import GOOD

BTC = ("quote", "--asset", "BTC", "--amount", "1", "--days", "30")


@pytest.fixture
def desk(tmp_path: Path, module_paper: Paper) -> Home:
    """A working directory beside one paper exchange for all tests of this file."""
    return Home(path=tmp_path, paper=module_paper)


def answer(desk: Home, *words: str) -> dict[str, Any]:
    done = desk.command(*words, "--json")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_one_run_without_keys_and_settings_answers_with_three_alternatives(tmp_path: Path, desk: Home) -> None:
    told = answer(desk, *BTC, "--paper")
    assert (told["asset"], told["amount"], told["days"]) == ("BTC", "1", "30")
    kinds = [each["kind"] for each in told["alternatives"]]
    assert sorted(kinds) == ["spot-perp-inverse", "spot-perp-linear", "stablecoin"]
    assert all(each["available"] for each in told["alternatives"])
    assert told["cheapest"] == {"kind": kinds[0], "venue": "binance"}
    assert told["verdict"].startswith(f"cheapest: {kinds[0]}")
    results = [D(each["result"]) for each in told["alternatives"]]
    assert results == sorted(results, reverse=True)
    linear = told["alternatives"][kinds.index("spot-perp-linear")]
    assert linear["funding"]["average"]["averaged"] == 90
    assert [top["rise"] for top in linear["margin"]["top_ups"]] == ["0.5", "1"]
    assert linear["unknown"] == {}
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


def test_quantities_are_text_and_counts_are_numbers(desk: Home) -> None:
    def numbers(node: object, key: str = "") -> set[str]:
        if isinstance(node, dict):
            return {name for key, value in node.items() for name in numbers(value, key)}
        if isinstance(node, list):
            return {name for value in node for name in numbers(value, key)}
        return {key} if isinstance(node, int | float) and not isinstance(node, bool) else set()

    told = answer(desk, *BTC, *desk.paper.options(), "--exchange", "binance", "--exchange", "kucoin")
    assert numbers(told) == {"place", "payments", "averaged", "leverage"}


def test_a_person_gets_a_table_and_the_verdict(desk: Home) -> None:
    words = (*BTC, *desk.paper.options(), "--exchange", "binance", "--exchange", "kucoin")
    done = desk.command(*words, env={"COLUMNS": "160"})
    assert done.returncode == 0, done.stderr
    for part in (
        "binance",
        "kucoin",
        "cross-exchange",
        "liquidation price",
        "top-up at +100 %",
        "(account)",
        "cheapest: ",
    ):
        assert part in done.stdout, part
    missing = desk.command("quote", "--asset", "BNB", "--amount", "3", *desk.paper.options(), "--exchange", "kucoin")
    assert "not quoted: spot-perp-inverse on kucoin: kucoin has no inverse perpetual of BNB" in missing.stdout


def gap(desk: Home) -> None:
    """KuCoin asks 100,000 and OKX bids 100,200, deep enough for 1 BTC."""
    desk.paper.post("/price", asset="BTC", price="99999", venue="kucoin")
    desk.paper.post("/price", asset="BTC", price="100201.1", venue="okx")


@pytest.mark.parametrize(
    ("rate", "net", "acts"), [("0.001", "-0.2", False), ("0.0002", "159.96", True)], ids=["dear", "cheap"]
)
def test_a_gap_between_two_exchanges_counts_after_both_fees(desk: Home, rate: str, net: str, acts: bool) -> None:
    gap(desk)
    for venue in ("kucoin", "okx"):
        desk.paper.post("/fee", venue=venue, rate=rate)
    words = (*BTC, *desk.paper.options(), "--exchange", "kucoin", "--exchange", "okx")
    (there, back) = answer(desk, *words)["cross_exchange"]
    assert (there["buy"], there["sell"]) == ("kucoin", "okx")
    assert (there["gross"], there["net"], there["acts"]) == ("200", net, acts)
    assert D(there["buy_price"]) == D(100_000)
    assert D(there["gross"]) + D(there["buy_fee"]) + D(there["sell_fee"]) == D(there["net"])
    assert D(back["net"]) < 0
    assert back["acts"] is False
    # What is asked of a trade is the user's.
    strict = answer(desk, *words, "--min-edge", "20 bp")["cross_exchange"][0]
    assert strict["acts"] is False


def test_the_settings_of_a_hedge_count(desk: Home) -> None:
    desk.write(
        settings_text(hedge='allow_leverage = true\nslippage = "0.01"\nladder = {target = "1.9"}').replace(
            '"BTC/USDT:USDT"}', '"BTC/USDT:USDT", leverage = 2}'
        )
    )
    told = answer(desk, *BTC, "--config", str(desk.config), *desk.paper.options())
    (linear,) = (each for each in told["alternatives"] if each["kind"] == "spot-perp-linear")
    assert linear["venue"] == "main"
    assert linear["margin"]["leverage"] == 2
    price = D(linear["price"])
    assert D(linear["margin"]["needed"]) == price * (D("0.5") + D("0.01") + D(linear["fee_rate"]))
    plain = answer(desk, *BTC, *desk.paper.options())
    (usual,) = (each for each in plain["alternatives"] if each["kind"] == "spot-perp-linear")
    assert D(linear["margin"]["top_ups"][0]["amount"]) > D(usual["margin"]["top_ups"][0]["amount"])
    elsewhere = desk.command(*BTC, "--config", str(desk.config), *desk.paper.options(), "--exchange", "okx")
    assert elsewhere.returncode == 2
    assert "no venue of the file is on it" in elsewhere.stderr


PAIR = """\
[venues.cheap]
exchange = "kucoin"
environment = "paper"
[venues.dear]
exchange = "okx"
environment = "paper"
[venues.other]
exchange = "binance"
environment = "paper"
[[hedges]]
name = "gap"
kind = "cross-exchange"
asset = "BTC"
venues = [{venue = "cheap"}, {venue = "dear"}]
min_edge = "0.14 %"
slippage_reserve = "3 bp"
"""


def test_the_settings_of_a_cross_exchange_hedge_count_unless_asked_otherwise(desk: Home) -> None:
    gap(desk)
    for venue in ("kucoin", "okx"):
        desk.paper.post("/fee", venue=venue, rate="0.0002")
    desk.write(PAIR)
    words = (*BTC, "--config", str(desk.config), *desk.paper.options())
    there, back = answer(desk, *words)["cross_exchange"]
    assert (there["buy"], there["sell"], back["buy"]) == ("cheap", "dear", "dear"), "the third venue is not the hedge's"
    assert (there["net"], there["acts"]) == ("159.96", False)  # 0.16 % of the purchase, and 0.17 % is asked for
    assert answer(desk, *words, "--slippage-reserve", "1 bp")["cross_exchange"][0]["acts"] is True


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--amount", "0"), 2, "--amount 0: expected a number of coins above 0"),
        (("--amount=-1",), 2, "--amount -1: expected a number of coins above 0"),
        (("--amount", "many"), 2, "--amount 'many': expected a number of coins above 0"),
        (("--amount", "NaN"), 2, "--amount 'NaN': expected a number of coins above 0"),
        (("--days", "0"), 2, "--days 0: expected days above 0"),
        (("--days", "4000"), 2, "--days 4000: expected days above 0 and up to 3650"),
        (("--days", "soon"), 2, "--days 'soon': expected days"),
        (("--asset", "BTC/USDT"), 2, "--asset 'BTC/USDT': expected a coin"),
        (("--exchange", "mtgox"), 2, "--exchange mtgox: expected one of binance, okx, kucoin"),
        (("--exchange", "okx", "--exchange", "okx"), 2, "--exchange okx: expected each exchange once"),
        (("--min-edge", "0.1"), 2, "--min-edge '0.1': expected a share up to 20 %, as text with its unit, \"0.1 %\""),
        (("--min-edge", "a lot"), 2, "--min-edge 'a lot': expected a share"),
        (("--slippage-reserve", "100 %"), 2, "--slippage-reserve '100 %': expected a share"),
        (("--config", "none.toml"), 2, "none.toml: there is no such settings file"),
        (("--paper-at", "127.0.0.1:1"), 2, "--paper-at 127.0.0.1:1: expected --paper-ca FILE"),
    ],
)
def test_bad_input_is_one_clear_line_before_anything_is_asked(
    desk: Home, words: tuple[str, ...], code: int, says: str
) -> None:
    done = desk.command(*BTC, *words)
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr
    assert done.stderr.count("hedgebot: ") == 1
    assert "Traceback" not in done.stderr


def test_a_coin_that_an_exchange_does_not_have_is_found_there(desk: Home) -> None:
    done = desk.command("quote", "--asset", "DOGE", "--amount", "1", *desk.paper.options())
    assert (done.returncode, done.stdout) == (3, "")
    assert "hedgebot: DOGE: neither a spot market nor a perpetual on binance" in done.stderr


def test_more_than_the_book_holds_is_not_priced(desk: Home) -> None:
    told = answer(desk, "quote", "--asset", "BTC", "--amount", "100000", *desk.paper.options())
    assert told["cheapest"] is None
    assert all("the visible bids hold" in each["reason"] for each in told["alternatives"])


def test_an_exchange_that_is_not_there_is_told_by_its_name(desk: Home) -> None:
    desk.paper.fault("*", "http-503", count=3, venue="kucoin")
    try:
        done = desk.command(*BTC, *desk.paper.options(), "--exchange", "kucoin")
    finally:
        desk.paper.post("/clear-faults")
    assert (done.returncode, done.stdout) == (5, "")
    assert "hedgebot: kucoin: " in done.stderr


def test_without_keys_a_settings_file_is_still_good_for_what_everybody_may_read(tmp_path: Path) -> None:
    path = tmp_path / "hedge.toml"
    path.write_text(GOOD)
    with pytest.raises(ConfigFault, match="api_key"):
        load_settings(path, {}, paper=False)
    venue = load_settings(path, {}, paper=False, keyless=True).venues["main"]  # type: ignore[index] # a name
    assert (venue.api_key.get_secret_value(), venue.secret.get_secret_value()) == ("", "")
    path.write_text(
        GOOD.replace("[[hedges]]", '[venues.other]\nexchange = "binance"\nenvironment = "testnet"\n[[hedges]]')
    )
    assert len(load_settings(path, {}, paper=False, keyless=True).venues) == 2
    assert "HEDGEBOT_VENUES__MAIN__API_KEY" not in os.environ
