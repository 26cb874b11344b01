"""`hedgebot demo`: the three stories through the real command, to the cent."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import Home

STORIES = ("btc-drop", "btc-rise", "bnb-stake")
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
    assert whole["transport"] == "tls"
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


def assert_explained(hedge: Mapping[str, Any]) -> None:
    """R29: every cent; one order opened the hedge; spread and fees are real and stand on their own lines."""
    assert hedge["pnl"]["residual"] == "0"
    pnl = {name: D(value) for name, value in hedge["pnl"].items()}
    gains = pnl["spot"] + pnl["perp"] + pnl["funding"] + pnl["execution"] + pnl["reward"]
    assert pnl["net"] == gains - pnl["fees"]
    assert pnl["spot"] + pnl["perp"] == 0
    assert pnl["fees"] > 0
    assert pnl["execution"] < 0, "a seller pays the spread"
    assert hedge["orders"] == {"sent": 1, "filled": 1, "rejected": 0, "unknown": 0}
    assert abs(D(hedge["gap_notional"])) < 1
    assert D(hedge["effectiveness"]) > D("0.99")


def assert_btc(hedge: Mapping[str, Any], end: str, change: str) -> None:
    assert_explained(hedge)
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
    assert (hedge["asset"], D(hedge["price_start"]), D(hedge["price_end"])) == ("BNB", D(600), D(610))
    assert [D(hedge[name]) for name in ("exposure", "short")] == [3, 3]
    stages = [tuple(D(stage[name]) for name in ("price", "spot", "perp")) for stage in hedge["stages"]]
    assert (D(590), D(-30), D(30)) in stages
    assert stages[-1] == (D(610), D(30), D(-30))
    assert D(hedge["pnl"]["reward"]) == 100
    assert 95 < D(hedge["pnl"]["net"]) < 100, "the reward is the profit that is left"


@pytest.mark.timeout(400)
def test_all_three_stories_are_told_to_the_cent(tmp_path: Path) -> None:
    done = command(tmp_path, "--json")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    told = dict(shaped(line) for line in done.stdout.splitlines())
    assert tuple(told) == STORIES
    assert_btc(told["btc-drop"], "95000", "-5000")
    assert_btc(told["btc-rise"], "105000", "5000")
    assert_bnb(told["bnb-stake"])
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


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
    for name in STORIES:
        assert name in done.stderr
    assert "Traceback" not in done.stderr
