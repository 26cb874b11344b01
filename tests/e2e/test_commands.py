"""What the commands print and leave behind: dry run, --live, check, status, help."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from collections.abc import Mapping
from contextlib import closing
from decimal import Decimal as D
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import Home, eventually, rarely, settings_text, throughout

CONFIG = Path(__file__).resolve().parents[2] / "config"
SHIPPED = ("demo.toml", *rarely("binance-demo.toml"))
FRESH = (20, "CROSSED")
"""Leverage and margin mode that Binance, and the paper account, begin with."""

HEDGE_KEYS = [
    *("name", "holdings", "exposure", "short", "gap", "gap_notional", "band_notional"),
    *("orders", "reason", "gap_after"),
]
ORDER_KEYS = [
    *("venue", "symbol", "side", "quantity", "contracts"),
    *("price_collar", "reduce_only", "notional", "fee_estimate"),
]


def quantity(value: object) -> D:
    """A quantity as the contract wants it: text, in plain digits."""
    assert isinstance(value, str)
    number = D(value)
    assert number.is_finite()
    assert "e" not in value.lower()
    return number


def shaped(text: str, mode: str) -> dict[str, Any]:
    """The one hedge of the object that `run --once --json` prints, after looking at every key and type."""
    (line,) = text.splitlines()
    whole = json.loads(line)
    assert list(whole) == ["mode", "hedges"]
    assert whole["mode"] == mode
    (hedge,) = whole["hedges"]
    assert list(hedge) == HEDGE_KEYS
    assert isinstance(hedge["name"], str)
    for holding in hedge["holdings"]:
        assert list(holding) == ["source", "venue", "quantity", "age_s"]
        assert isinstance(holding["source"], str)
        assert isinstance(holding["venue"], str)
        quantity(holding["quantity"])
        assert isinstance(holding["age_s"], int | float)
        assert 0 <= holding["age_s"] < 30
    for name in ("exposure", "short", "gap", "gap_notional", "band_notional", "gap_after"):
        quantity(hedge[name])
    assert isinstance(hedge["reason"], str)
    assert hedge["reason"]
    for order in hedge["orders"]:
        assert list(order) == ORDER_KEYS
        assert order["side"] in {"buy", "sell"}
        assert isinstance(order["reduce_only"], bool)
        for name in ("quantity", "contracts", "price_collar", "notional", "fee_estimate"):
            assert quantity(order[name]) > 0
    return hedge  # type: ignore[no-any-return] # JSON


def assert_intends_to_hedge_one_btc(hedge: Mapping[str, Any]) -> None:
    """Against the default balances: 1 BTC at 100,000, no position."""
    (holding,) = hedge["holdings"]
    assert (holding["source"], holding["venue"], D(holding["quantity"])) == ("spot", "main", D(1))
    assert [D(hedge[name]) for name in ("exposure", "short", "gap", "gap_after")] == [1, 0, 1, 0]
    assert D(hedge["gap_notional"]) == 100_000
    assert D(hedge["band_notional"]) == 500  # R14: 0.5 % of 100,000, more than 20
    (order,) = hedge["orders"]
    assert (order["venue"], order["symbol"], order["side"]) == ("main", "BTC/USDT:USDT", "sell")
    assert D(order["quantity"]) == D(order["contracts"]) == 1
    assert order["reduce_only"] is False
    assert 99_000 < D(order["price_collar"]) < 100_000  # R16: half a percent below the touch
    assert D(order["notional"]) == 100_000
    assert 49 < D(order["fee_estimate"]) < 51  # 0.05 %


@pytest.mark.parametrize("file", SHIPPED)
def test_shipped_settings_intend_one_order_on_the_embedded_paper(file: str, tmp_path: Path) -> None:
    done = bare(tmp_path, "run", "--config", str(CONFIG / file), "--paper", "--once", "--json")
    assert done.returncode == 0, done.stderr
    assert_intends_to_hedge_one_btc(shaped(done.stdout, "dry-run"))


@pytest.mark.parametrize("file", SHIPPED)
def test_r31_a_dry_run_of_shipped_settings_on_a_served_paper_sends_nothing(file: str, home: Home) -> None:
    words = ("run", "--config", str(CONFIG / file), *home.paper.options(), "--once")
    done = home.command(*words, "--json")
    assert done.returncode == 0, done.stderr
    assert_intends_to_hedge_one_btc(shaped(done.stdout, "dry-run"))
    seen = home.command(*words)
    assert seen.returncode == 0, seen.stderr
    for part in ("1 BTC", "spot on main", "sell", "nothing is sent", "reason", "band", "gap after", "fee about"):
        assert part in seen.stdout
    assert home.paper.orders() == []
    assert home.paper.leverage_and_mode() == FRESH
    assert_only_a_dry_run_journal(home)


def test_r31_a_dry_run_daemon_writes_nothing_and_prints_only_changes(home: Home) -> None:
    """Over several turns and changes: no order, cancel, leverage, mode, intent, cap or halt; also while it stops."""
    home.paper.ask("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=7)
    resting = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "price": "90000", "quantity": "0.01"}
    home.paper.ask("POST", "/fapi/v1/order", symbol="BTCUSDT", newClientOrderId="by-hand", **resting)
    told = home.path / "stdout.jsonl"
    with told.open("w") as stdout:
        bot = home.daemon("--json", stdout=stdout)

    def last() -> dict[str, Any]:
        lines = told.read_text().splitlines()
        return json.loads(lines[-1])["hedges"][0] if lines else {}

    eventually("intends 1 BTC", lambda: last().get("orders"))
    count = len(told.read_text().splitlines())
    throughout("printed once", lambda: len(told.read_text().splitlines()) == count, for_s=4)
    home.paper.post("/price", asset="BTC", price="103000")
    throughout("a price is no new plan", lambda: len(told.read_text().splitlines()) == count, for_s=3)
    home.paper.deposit("0.5")
    eventually("intends 1.5 BTC", lambda: [D(order["quantity"]) for order in last()["orders"]] == [D("1.5")])
    assert home.stop(bot) == 0

    lines = told.read_text().splitlines()
    for line in lines:
        shaped(line, "dry-run")
    assert len(lines) <= 4, "the first plan, the change, and the readings between that confirm it"
    assert [order["client_id"] for order in home.paper.orders()] == ["by-hand"]
    assert [row["clientOrderId"] for row in home.paper.ask("GET", "/fapi/v1/openOrders")] == ["by-hand"]
    assert home.paper.leverage_and_mode() == (7, "CROSSED")
    assert home.paper.ask("GET", "/fapi/v1/positionSide/dual")["dualSidePosition"] is False
    assert_only_a_dry_run_journal(home)


def test_live_is_needed_to_send_on_paper_too(home: Home) -> None:
    shaped(home.run_once().stdout, "dry-run")
    assert home.paper.orders() == []
    done = home.run_once("--live")
    assert done.returncode == 0, done.stderr
    hedge = shaped(done.stdout, "live")
    assert_intends_to_hedge_one_btc(hedge)
    (order,) = home.paper.orders()
    assert (order["side"], D(order["filled"]), order["reduce_only"]) == ("sell", D(1), False)
    assert home.paper.short() == 1
    assert home.paper.leverage_and_mode() == (1, "ISOLATED")
    again = home.run_once("--live")
    assert again.returncode == 0, again.stderr
    balanced = shaped(again.stdout, "live")
    assert [D(balanced[name]) for name in ("exposure", "short", "gap", "gap_after")] == [1, 1, 0, 0]
    assert balanced["orders"] == []
    assert len(home.paper.orders()) == 1


def test_a_frozen_live_once_ends_with_4_and_null_for_unknown(home: Home) -> None:
    home.paper.fault("/fapi/v3/positionRisk", "html-200", count=1000)
    done = home.run_once("--live")
    assert done.returncode == 4, done.stderr
    (hedge,) = json.loads(done.stdout)["hedges"]
    assert list(hedge) == HEDGE_KEYS
    assert hedge["short"] is None
    assert hedge["gap"] is None
    assert hedge["gap_after"] is None
    assert hedge["orders"] == []
    assert "position" in hedge["reason"]
    assert home.paper.orders() == []
    dry = home.run_once()
    assert dry.returncode == 0, "a dry run only tells"


def test_without_a_venue_the_start_ends_with_5(home: Home) -> None:
    for path in ("/fapi/v1/time", "/fapi/v1/exchangeInfo", "/api/v3/exchangeInfo"):
        home.paper.fault(path, "http-503", count=1000)
    done = home.run_once("--live")
    assert done.returncode == 5, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert home.paper.orders() == []


def checks(done: subprocess.CompletedProcess[str]) -> dict[str, tuple[str, str]]:
    """Verdict, and what was found with what to do, by the line's name."""
    whole = json.loads(done.stdout)
    assert list(whole) == ["pass", "warn", "fail", "checks"]
    rows = whole["checks"]
    for row in rows:
        assert list(row) == ["name", "verdict", "detail", "hint"]
    for verdict in ("pass", "warn", "fail"):
        assert whole[verdict] == sum(row["verdict"] == verdict for row in rows)
    return {row["name"]: (row["verdict"], f"{row['detail']}; {row['hint']}") for row in rows}


def check(home: Home, *words: str) -> subprocess.CompletedProcess[str]:
    return home.command("check", "--config", str(home.config), *home.paper.options(), *words)


def test_check_looks_at_everything_and_only_reads(home: Home) -> None:
    done = check(home, "--json")
    assert done.returncode == 0, done.stderr
    found = checks(done)
    told = {name: verdict for name, (verdict, _) in found.items()}
    assert told == {
        "main: clock": "pass",
        "main: key": "pass",
        "main: key scope": told["main: key scope"],  # the paper key is bound to no address
        "hedge: BTC/USDT:USDT": "pass",
        "hedge: units": told["hedge: units"],  # nothing was traded within 24 h
        "hedge: leverage and modes": "warn",
        "hedge: spot on main": "pass",
        "hedge: margin": "pass",
        "hedge: liquidation": "pass",
        "hedge: margin ladder": "pass",
        "journal": "pass",
    }
    assert "may trade" in found["main: key scope"][1]
    assert "one contract is 1" in found["hedge: BTC/USDT:USDT"][1]
    modes = found["hedge: leverage and modes"][1]
    assert "leverage 20, cross" in modes
    assert "would set leverage 1, isolated" in modes
    assert "200,000.00 free" in found["hedge: margin"][1]
    assert "1.99 times the mark" in found["hedge: liquidation"][1]
    seen = check(home)
    assert seen.returncode == 0, seen.stderr
    for name in found:
        assert name in seen.stdout
    assert home.paper.leverage_and_mode() == FRESH
    assert home.paper.orders() == []
    assert not home.journal.exists()


def test_check_apply_sets_leverage_and_mode_and_reads_back(home: Home) -> None:
    done = check(home, "--apply", "--json")
    assert done.returncode == 0, done.stderr
    verdict, told = checks(done)["hedge: leverage and modes"]
    assert verdict == "pass"
    assert "leverage 1, isolated, one-way" in told
    assert home.paper.leverage_and_mode() == (1, "ISOLATED")
    again = checks(check(home, "--json"))
    assert again["hedge: leverage and modes"][0] == "pass"
    assert home.paper.orders() == []


def test_check_says_how_much_margin_is_missing(home: Home) -> None:
    home.paper.deposit("-150000", asset="USDT", wallet="usdm")
    done = check(home, "--json")
    assert done.returncode == 3
    verdict, told = checks(done)["hedge: margin"]
    assert verdict == "fail"
    assert "50,000.00 free" in told
    assert "missing" in told
    assert "move USDT to the futures wallet" in told


def test_r5_check_warns_of_coins_that_no_source_covers(home: Home) -> None:
    home.paper.deposit("2", asset="BTC")
    home.paper.post("/earn", account="binance/paper", product="flexible", asset="BTC", amount="2")
    verdict, told = checks(check(home, "--json"))["main: wallet earn-flexible"]
    assert verdict == "warn"
    assert "2 BTC" in told
    assert 'source = "earn"' in told


def test_check_on_the_demo_hosts_tells_what_they_do_not_offer(home: Home) -> None:
    words = ("check", "--config", str(CONFIG / "binance-demo.toml"), *home.paper.options(), "--json")
    done = home.command(*words)
    assert done.returncode == 0, done.stderr
    verdict, told = checks(done)["main: key scope"]
    assert verdict == "warn"
    assert told.startswith("not offered here")


@pytest.mark.parametrize("words", [("check",), ("run", "--once"), ("run", "--once", "--live")])
def test_earn_on_the_demo_hosts_is_refused_by_name_at_the_start(home: Home, words: tuple[str, ...]) -> None:
    both = '{source = "spot", venue = "main"}, {source = "earn", venue = "main"}'
    home.write(settings_text(environment="testnet", holdings=both))
    done = home.command(words[0], "--config", str(home.config), *home.paper.options(), *words[1:], "--json")
    assert done.returncode == 3, done.stderr
    told = done.stdout + done.stderr
    assert "hedge: earn" in told
    assert "Earn is not offered here" in told
    assert "remove this source from the hedge" in told
    assert "Traceback" not in told
    assert home.paper.orders() == []


def test_status_tells_what_the_journal_knows(home: Home) -> None:
    none = home.command("status", "--config", str(home.config), "--json")
    assert none.returncode == 3
    assert none.stdout == ""
    assert "no journal at" in none.stderr
    assert home.run_once("--live").returncode == 0
    for words in (("--config", str(home.config)), ("--journal", str(home.journal))):
        done = home.command("status", *words, "--json")
        assert done.returncode == 0, done.stderr
        whole = json.loads(done.stdout)
        assert whole["running"] is False
        (hedge,) = whole["hedges"]
        assert (hedge["name"], D(hedge["exposure"])) == ("hedge", D(1))
        assert whole["intents"] == whole["halts"] == []
        assert [row["count"] for row in whole["fills"]] == [1]
    seen = home.command("status", "--journal", str(home.journal))
    assert seen.returncode == 0, seen.stderr
    for part in ("hedge", "BTC/USDT:USDT", "no bot is running", "exposure", "1 BTC"):
        assert part in seen.stdout


def test_status_names_the_running_process(home: Home) -> None:
    bot = home.daemon("--live")
    eventually("hedged", lambda: home.paper.short() == 1)
    eventually("it decides", lambda: home.status()["hedges"])
    told = home.status()
    assert told["running"] is True
    assert told["process"]["pid"] == bot.pid


def test_version_and_help(tmp_path: Path) -> None:
    told = bare(tmp_path, "--version", cold=True)
    assert (told.returncode, told.stdout.strip()) == (0, f"hedgebot {version('hedgebot')}")
    whole = bare(tmp_path, "--help", cold=True)
    assert whole.returncode == 0
    for command in ("demo", "run", "check", "status", "paper"):
        assert command in whole.stdout
        done = bare(tmp_path, command, "--help")
        assert done.returncode == 0, done.stderr
        assert "--json" in done.stdout
        assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words", [("run",), ("run", "--config"), ("walk",), ("run", "--config", "x.toml", "--no-such-option")]
)
def test_a_wrong_command_line_ends_with_2(words: tuple[str, ...], tmp_path: Path) -> None:
    done = bare(tmp_path, *words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "Error" in done.stderr


def bare(path: Path, *words: str, cold: bool = False) -> subprocess.CompletedProcess[str]:
    """A command without a served paper exchange beside it."""
    return Home(path=path, paper=None).command(*words, cold=cold)  # type: ignore[arg-type] # no command here asks for it


def assert_only_a_dry_run_journal(home: Home) -> None:
    """A dry run keeps a journal of its own, without intents, fills or halts, and takes no lock (R31)."""
    files = {path.name for path in home.path.iterdir() if ".db" in path.name}
    journals = {name for name in files if name.endswith(".dry-run")}
    assert journals
    assert {name.removesuffix("-wal").removesuffix("-shm") for name in files} == journals
    for name in journals:
        with closing(sqlite3.connect(f"file:{home.path / name}?mode=ro", uri=True)) as connection:
            for table in ("intents", "fills", "halts"):
                assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)  # noqa: S608
