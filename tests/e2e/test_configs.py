"""Every settings file that ships runs unchanged with `--paper`: seen, planned, sent once, and checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import Home, throughout

CONFIG = Path(__file__).resolve().parents[2] / "config"


@dataclass(frozen=True, kw_only=True)
class Ships:
    """What a file must lead to on fresh paper accounts.

    Attributes:
        holdings: source, venue, coins.
        order: symbol, coins, contracts.
        short: account, symbol as the venue writes it.
        standing_by: legs that have nothing to do.
    """

    holdings: tuple[tuple[str, str | None, int], ...]
    order: tuple[str, str, str]
    short: tuple[str, str]
    standing_by: tuple[str, ...] = ()

    @property
    def contracts(self) -> D:
        return D(self.order[2])


SPOT = (("spot", "main", 1),)
ON_BINANCE = Ships(holdings=SPOT, order=("BTC/USDT:USDT", "1", "1"), short=("binance/paper", "BTCUSDT"))
SHIPPED = {
    "binance-demo": ON_BINANCE,
    "demo": ON_BINANCE,
    "earn": Ships(
        holdings=(("spot", "main", 3), ("earn", "main", 0), ("external", None, 0), ("transit", "main", 0)),
        order=("BNB/USDT:USDT", "3", "3"),
        short=("binance/paper", "BNBUSDT"),
    ),
    "fallback": Ships(
        holdings=(("spot", "vault", 1),),
        order=("BTC/USDT:USDT", "1", "100"),
        short=("okx/paper", "BTC-USDT-SWAP"),
        standing_by=("btc/fallback",),
    ),
    "inverse": Ships(holdings=SPOT, order=("BTC/USD:BTC", "0.999", "999"), short=("okx/paper", "BTC-USD-SWAP")),
    "kucoin-paper": Ships(holdings=SPOT, order=("BTC/USDT:USDT", "1", "1000"), short=("kucoin/paper", "XBTUSDTM")),
    "ladder": ON_BINANCE,
    "okx-demo": Ships(holdings=SPOT, order=("BTC/USDT:USDT", "1", "100"), short=("okx/paper", "BTC-USDT-SWAP")),
    "split": Ships(
        holdings=(("spot", "okx", 3), ("spot", "kucoin", 3), ("transit", "kucoin", 0), ("transit", "okx", 0)),
        order=("BNB/USDT:USDT", "6", "6"),
        short=("binance/paper", "BNBUSDT"),
    ),
}


ELSEWHERE = {"cross-exchange", "stablecoin"}
"""Without a short; see test_gap.py and test_calm.py."""


def test_every_file_is_tried() -> None:
    assert set(SHIPPED) | ELSEWHERE == {file.stem for file in CONFIG.glob("*.toml")}


def planned(text: str, mode: str, ships: Ships) -> None:
    """The object of `run --once --json`: all holdings seen, one order planned."""
    whole = json.loads(text)
    assert whole["mode"] == mode
    hedge, *others = whole["hedges"]
    assert tuple(other["name"] for other in others) == ships.standing_by
    assert all(other["orders"] == [] for other in others)
    seen = tuple((row["source"], row["venue"], D(row["quantity"])) for row in hedge["holdings"])
    assert seen == tuple((source, venue, D(coins)) for source, venue, coins in ships.holdings)
    assert D(hedge["exposure"]) == sum(row[2] for row in ships.holdings)
    (order,) = hedge["orders"]
    assert (order["symbol"], order["side"], order["reduce_only"]) == (ships.order[0], "sell", False)
    assert (D(order["quantity"]), D(order["contracts"])) == (D(ships.order[1]), ships.contracts)
    assert D(hedge["gap_after"]) == D(hedge["exposure"]) - D(ships.order[1])


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_file_runs_unchanged_on_paper(name: str, home: Home) -> None:
    ships = SHIPPED[name]
    words = ("run", "--config", str(CONFIG / f"{name}.toml"), *home.paper.options(), "--once", "--json")
    dry = home.command(*words)
    assert dry.returncode == 0, dry.stderr
    planned(dry.stdout, "dry-run", ships)
    # For longer than two seconds, too: OKX allows so many reads in two, and each start has a count of its own.
    throughout("R31: a dry run sends nothing", lambda: orders(home) == [], for_s=2.5, every_s=0.5)

    live = home.command(*words, "--live")
    assert live.returncode == 0, live.stderr
    planned(live.stdout, "live", ships)
    (order,) = orders(home)
    assert (order["side"], D(order["filled"])) == ("sell", ships.contracts)
    account, symbol = ships.short
    assert home.paper.short(symbol, account) == ships.contracts


@pytest.mark.parametrize("name", [*SHIPPED, *sorted(ELSEWHERE)])
def test_check_finds_nothing_wrong_with_a_shipped_file(name: str, tmp_path: Path) -> None:
    """On an embedded exchange, as a reader would try it first."""
    home = Home(path=tmp_path, paper=None)  # type: ignore[arg-type] # it brings its own
    done = home.command("check", "--config", str(CONFIG / f"{name}.toml"), "--paper", "--json")
    whole = json.loads(done.stdout)
    failing = tuple(row["name"] for row in whole["checks"] if row["verdict"] == "fail")
    assert failing == ()
    assert whole["fail"] == 0
    assert done.returncode == 0
    assert done.stderr == ""


def orders(home: Home) -> list[Mapping[str, Any]]:
    return [order for account in home.paper.state()["accounts"].values() for order in account["orders"]]
