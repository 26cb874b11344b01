"""`hedgebot demo`: the stories of the stablecoin hedge, through the real command, to the last digit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.e2e.harness import Home


def played(path: Path, story: str) -> Any:  # noqa: ANN401
    home = Home(path=path, paper=None)  # type: ignore[arg-type] # it brings its own
    done = home.command("demo", "--scenario", story, "--json", timeout_s=280)
    assert done.returncode == 0, done.stderr
    whole = json.loads(done.stdout)
    (hedge,) = whole["hedges"]
    assert (whole["scenario"], hedge["kind"], hedge["pnl"]["residual"]) == (story, "stablecoin", "0")
    return whole["transport"], hedge


def held(stage: Any) -> tuple[str, str, str]:  # noqa: ANN401
    return stage["BTC"], stage["USDC"], stage["USDT"]


def test_out_by_a_drawdown_no_second_trade_in_the_noise_and_back_by_hand(tmp_path: Path) -> None:
    transport, hedge = played(tmp_path, "uncertain-market")
    assert transport == "in-process"
    first, below, out, noise, back, last = hedge["stages"]
    assert [stage["price_usd"] for stage in hedge["stages"]] == ["100000", "92000", "88000", "84000", "85000", "87000"]
    assert held(first) == held(below) == ("1", "0", "0")
    # 87,999.12 for the coin, half each, and 0.1 % of it in fees.
    assert held(out) == held(noise) == ("0", "43955.56044003", "43955.56044003")
    # 1.03422 bought at 85,000.85; the fee of 0.1 % is taken in coins.
    assert held(back) == held(last) == ("1.03318578", "0.77089653", "0.77089653")
    exit_, enter = hedge["crossings"]
    assert [exit_[name] for name in ("kind", "cause", "state", "coins", "quote")] == [
        "exit",
        "signal",
        "done",
        "1",
        "87999.12",
    ]
    assert [enter[name] for name in ("kind", "cause", "state", "coins", "average")] == [
        "enter",
        "hand",
        "done",
        "1.03422",
        "85000.85",
    ]
    assert "16.19 % below 105000" in exit_["reason"]
    assert (exit_["fees"], enter["fees"]) == (
        {"USDC": "43.99955997", "USDT": "43.99955997"},
        {"BTC": "0.00103422"},
    )
    assert hedge["orders"] == {"sent": 22, "filled": 22}


def test_usdt_breaks_and_is_left_for_usdc(tmp_path: Path) -> None:
    transport, hedge = played(tmp_path, "usdt-depeg")
    assert transport == "tls"
    first, out, left, last = hedge["stages"]
    assert held(first) == ("1", "0", "0")
    assert held(out) == ("0", "49949.5005", "49949.5005")
    assert held(left) == held(last) == ("0", "98350.0515", "1.48844")
    exit_, swap = hedge["crossings"]
    assert (exit_["cause"], exit_["quote"]) == ("hand", "99999")
    assert (swap["kind"], swap["cause"], swap["coins"], swap["quote"]) == ("swap", "depeg", "49948.01206", "48449")
    assert swap["fees"] == {"USDC": "48.449"}
    assert hedge["orders"] == {"sent": 4, "filled": 4}
