"""The stories of `hedgebot demo` about two exchanges, through the real command, to the cent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.e2e.harness import Home


def told(path: Path, name: str) -> Any:  # noqa: ANN401
    home = Home(path=path, paper=None)  # type: ignore[arg-type] # it brings its own
    done = home.command("demo", "--scenario", name, "--json")
    assert done.returncode == 0, done.stderr
    whole = json.loads(done.stdout)
    assert (whole["scenario"], whole["transport"]) == (name, "tls")
    (hedge,) = whole["hedges"]
    assert (hedge["kind"], hedge["coins"], hedge["pnl"]["residual"]) == ("cross-exchange", "0", "0")
    return hedge


def test_the_gap_is_refused_at_one_fee_and_earns_at_the_other(tmp_path: Path) -> None:
    hedge = told(tmp_path, "kucoin-okx-gap")
    refused, acted = hedge["decisions"]
    way = refused["opportunity"]
    assert (refused["verdict"], way["gross"], way["buy_fee"], way["sell_fee"]) == ("no-edge", "200", "100", "100.2")
    assert way["net"] == "-0.2"
    assert "-0.20" in refused["reason"]
    assert acted["verdict"] == "act"
    (trade,) = hedge["trades"]
    assert (trade["state"], trade["coins"], trade["result"]) == ("even", "1", "159.96")
    assert hedge["pnl"]["net"] == "159.96"
    assert hedge["orders"] == {"sent": 2, "filled": 2}


def test_a_leg_that_fails_is_undone_and_costs_what_it_says(tmp_path: Path) -> None:
    """Bought at 100,000 and sold again at 99,998 on the same book: 2, and fees of 20 and 19.9996."""
    hedge = told(tmp_path, "gap-one-leg-fails")
    (trade,) = hedge["trades"]
    assert (trade["state"], trade["result"], trade["left"]) == ("even", "-41.9996", "0")
    assert trade["naked_ms"] <= 5_000
    assert hedge["pnl"]["net"] == "-41.9996"
    assert hedge["orders"] == {"sent": 3, "filled": 2}
    held = hedge["balances"]
    assert {venue: held["after"][venue]["BTC"] for venue in held["after"]} == {"kucoin": "0", "okx": "1"}
