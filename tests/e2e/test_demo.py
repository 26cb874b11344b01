"""`hedgebot demo`: its stories through the real command, to the cent."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import Home

STORIES = ("btc-drop", "btc-rise", "bnb-stake", "inverse-rally", "okx-kucoin-split", "earn-cycle")
BETWEEN = ("kucoin-okx-gap", "gap-one-leg-fails")
"""Those without a short; see test_gap_demo.py."""
IN_PROCESS = {"earn-cycle"}
"""Those in which days pass."""
HEDGE_KEYS = [
    *("name", "kind", "asset", "price_start", "price_end", "exposure", "short", "gap_notional"),
    *("pnl", "stages", "orders", "effectiveness"),
]
PNL_KEYS = ["spot", "perp", "funding", "execution", "reward", "fees", "residual", "net"]


def command(path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return Home(path=path, paper=None).command("demo", *words, timeout_s=280)  # type: ignore[arg-type] # it brings its own


def shaped(line: str) -> tuple[str, dict[str, Any]]:
    """The story's name and its hedge, after looking at every key and type."""
    whole = json.loads(line)
    assert list(whole) == ["scenario", "seed", "transport", "hedges"]
    assert isinstance(whole["seed"], int)
    assert whole["transport"] == ("in-process" if whole["scenario"] in IN_PROCESS else "tls")
    (hedge,) = whole["hedges"]
    assert list(hedge) == HEDGE_KEYS
    assert hedge["kind"] == "spot-perp"
    assert list(hedge["pnl"]) == PNL_KEYS
    for stage in hedge["stages"]:
        assert list(stage) == ["price", "spot", "perp"]
    texts = [hedge[name] for name in HEDGE_KEYS[:8]] + list(hedge["pnl"].values())
    texts += [value for stage in hedge["stages"] for value in stage.values()]
    assert all(isinstance(text, str) for text in texts)
    assert list(hedge["orders"]) == ["sent", "filled", "rejected", "unknown"]
    assert all(type(count) is int for count in hedge["orders"].values())
    assert hedge["effectiveness"] is None or isinstance(hedge["effectiveness"], str)
    return whole["scenario"], hedge


def assert_explained(hedge: Mapping[str, Any], *, orders: int = 1) -> None:
    """R29: every cent; no order is lost or refused; spread and fees are real and stand on their own lines."""
    assert hedge["pnl"]["residual"] == "0"
    pnl = {name: D(value) for name, value in hedge["pnl"].items()}
    gains = pnl["spot"] + pnl["perp"] + pnl["funding"] + pnl["execution"] + pnl["reward"]
    assert pnl["net"] == gains - pnl["fees"]
    assert pnl["fees"] > 0
    assert pnl["execution"] < 0, "a seller pays the spread"
    assert hedge["orders"] == {"sent": orders, "filled": orders, "rejected": 0, "unknown": 0}


def assert_cancels_out(hedge: Mapping[str, Any]) -> None:
    """What one leg loses the other gains, at every stage."""
    assert all(D(stage["spot"]) + D(stage["perp"]) == 0 for stage in hedge["stages"])
    assert D(hedge["pnl"]["spot"]) + D(hedge["pnl"]["perp"]) == 0
    assert abs(D(hedge["gap_notional"])) < 1
    assert D(hedge["effectiveness"]) > D("0.99")


def assert_btc(hedge: Mapping[str, Any], end: str, change: str) -> None:
    assert_explained(hedge)
    assert_cancels_out(hedge)
    assert [D(hedge[name]) for name in ("price_start", "price_end")] == [D(100_000), D(end)]
    assert [D(hedge[name]) for name in ("exposure", "short")] == [1, 1]
    assert [D(hedge["pnl"][name]) for name in ("spot", "perp", "reward")] == [D(change), -D(change), 0]
    last = hedge["stages"][-1]
    assert [D(last[name]) for name in ("price", "spot", "perp")] == [D(end), D(change), -D(change)]
    # 0.05 % of 100,000 to open; what is left of the value is what the insurance cost.
    assert 49 < D(hedge["pnl"]["fees"]) < 51
    assert -60 < D(hedge["pnl"]["net"]) < 0


def assert_bnb(hedge: Mapping[str, Any]) -> None:
    assert_explained(hedge)
    assert_cancels_out(hedge)
    assert (hedge["asset"], D(hedge["price_start"]), D(hedge["price_end"])) == ("BNB", D(600), D(610))
    assert [D(hedge[name]) for name in ("exposure", "short")] == [3, 3]
    stages = [tuple(D(stage[name]) for name in ("price", "spot", "perp")) for stage in hedge["stages"]]
    assert (D(590), D(-30), D(30)) in stages
    assert stages[-1] == (D(610), D(30), D(-30))
    assert D(hedge["pnl"]["reward"]) == 100
    assert 95 < D(hedge["pnl"]["net"]) < 100, "the reward is the profit that is left"


def assert_inverse(hedge: Mapping[str, Any]) -> None:
    """R2, R15: 999 contracts of 100 USD, opened once; at +50 % and -50 % the value in USD is within one contract."""
    assert_explained(hedge)
    assert [D(hedge[name]) for name in ("price_start", "price_end")] == [D(100_000), D(75_000)]
    assert D(hedge["short"]) * 75_000 == 99_900
    assert D(hedge["pnl"]["funding"]) == D(hedge["pnl"]["reward"]) == 0
    assert D("49.94") < D(hedge["pnl"]["fees"]) < D("49.96"), "0.05 % of 99,900 USD, paid in coins"
    kept = 1 - D("0.0004995")  # the fee, in coins
    entry = 100_000 + D(hedge["pnl"]["execution"]) / D("0.99900999")  # the bid
    for price, stage in zip((150_000, 75_000), hedge["stages"], strict=True):
        spot, perp = D(stage["spot"]), D(stage["perp"])
        assert D(stage["price"]) == price
        assert abs(spot + perp) < 100
        assert spot == kept * (price - 100_000)
        coins = 99_900 / D(price) - 99_900 / entry
        assert abs(perp - (coins * price - D(hedge["pnl"]["execution"]))) < D("0.001")
    # The statement against what is in the wallet: the coins with their profit, at the last price.
    worth = D(hedge["exposure"]) * 75_000
    assert abs(worth - 100_000) < 100
    assert abs(worth - 100_000 - D(hedge["pnl"]["net"])) < D("0.001")
    assert D(hedge["effectiveness"]) > D("0.999")


def assert_split(hedge: Mapping[str, Any]) -> None:
    """0.6 and 0.4 BTC, then 0.1 more on the one and 0.2 on the other venue: each is followed, on a third."""
    assert_explained(hedge, orders=3)
    assert_cancels_out(hedge)
    assert [D(hedge[name]) for name in ("exposure", "short")] == [D("1.3"), D("1.3")]
    assert [D(stage["price"]) for stage in hedge["stages"]] == [100_000, 100_000, 95_000]
    assert [D(hedge["pnl"][name]) for name in ("spot", "perp")] == [-6_500, 6_500]
    assert 64 < D(hedge["pnl"]["fees"]) < 66


def assert_earn(hedge: Mapping[str, Any]) -> None:
    """R11: three days in and out of Earn, one order."""
    assert_explained(hedge)
    assert [D(hedge[name]) for name in ("exposure", "short", "gap_notional")] == [3, 3, 0]
    assert [D(stage["price"]) for stage in hedge["stages"]] == [600, 600, 600, 600]
    assert [D(hedge["pnl"][name]) for name in ("spot", "perp")] == [0, 0]
    assert D(hedge["pnl"]["funding"]) > 0, "the shorts are paid, every eight hours"
    assert hedge["effectiveness"] is None, "nothing moved"


TOLD: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
    "btc-drop": lambda hedge: assert_btc(hedge, "95000", "-5000"),
    "btc-rise": lambda hedge: assert_btc(hedge, "105000", "5000"),
    "bnb-stake": assert_bnb,
    "inverse-rally": assert_inverse,
    "okx-kucoin-split": assert_split,
    "earn-cycle": assert_earn,
}


@pytest.mark.parametrize("story", STORIES)
def test_a_story_is_told_to_the_cent(tmp_path: Path, story: str) -> None:
    done = command(tmp_path, "--scenario", story, "--json")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    (line,) = done.stdout.splitlines()
    name, hedge = shaped(line)
    assert name == story
    TOLD[story](hedge)
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


@pytest.mark.torture
def test_without_a_name_all_stories_are_told_in_turn(tmp_path: Path) -> None:
    done = command(tmp_path, "--json")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert tuple(json.loads(line)["scenario"] for line in lines) == STORIES + BETWEEN
    told = dict(shaped(line) for line in lines[: len(STORIES)])
    for name, hedge in told.items():
        TOLD[name](hedge)


def test_one_story_as_a_table(tmp_path: Path) -> None:
    done = command(tmp_path, "--scenario", "btc-drop")
    assert done.returncode == 0, done.stderr
    for part in ("-5,000", "+5,000", "fees", "funding", "execution", "residual", "net"):
        assert part in done.stdout, done.stdout
    assert done.stdout.count("btc-drop") + done.stdout.count("1 BTC") >= 1
    assert "{" not in done.stdout


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_an_unknown_story_is_refused_with_the_names_of_all(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = command(tmp_path, "--scenario", "doge-moon", *words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "doge-moon" in done.stderr
    for name in STORIES + BETWEEN:
        assert name in done.stderr
    assert "Traceback" not in done.stderr
