"""The daemon against the paper exchange: it follows the coins, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal as D

from tests.e2e.harness import Home, eventually, settings_text, throughout


def hedged(home: Home, short: str) -> Callable[[], bool]:
    return lambda: home.paper.short() == D(short)


def test_follows_deposits_and_sales_and_ignores_prices(home: Home) -> None:
    bot = home.daemon("--live", cold=True)
    eventually("1 BTC is hedged", hedged(home, "1"))
    (first,) = home.paper.orders()
    assert (first["side"].lower(), D(first["quantity"]), first["reduce_only"]) == ("sell", D(1), False)
    position = home.paper.account()["positions"][0]
    assert D("1.98") < D(position["liquidation_price"]) / D(position["mark_price"]) < 2

    # R10: two agreeing readings, the second at once; two intervals are 2 s here, the rest is the machine's.
    home.paper.deposit("0.5")
    eventually("the short follows", hedged(home, "1.5"), within_s=15)

    # Only the price moves: nothing is sent, not even at 7 % at once.
    for price in ("107000", "99500", "95000", "105000"):
        home.paper.post("/price", asset="BTC", price=price)
        throughout("no order", lambda: len(home.paper.orders()) == 2, for_s=2.5)

    # Inside the band (0.5 % of 1.5 BTC at 105,000 is 787 USDT): nothing is sent.
    home.paper.deposit("0.007")
    throughout("no order inside the band", lambda: len(home.paper.orders()) == 2, for_s=2.5)
    home.paper.deposit("-0.007")

    # R11: a sale waits for the dwell, then the short shrinks, reduce-only.
    began_ms = home.paper.state()["time_ms"]
    home.paper.deposit("-0.7")
    eventually("the short is reduced", hedged(home, "0.8"))
    last = home.paper.orders()[-1]
    assert last["time_ms"] - began_ms >= 3_000
    assert (last["side"].lower(), D(last["quantity"]), last["reduce_only"]) == ("buy", D("0.7"), True)
    assert len(home.paper.orders()) == 3

    assert home.stop(bot) == 0
    assert home.paper.short() == D("0.8"), "the hedge stays when the bot stops"


def test_everything_sold_closes_everything(home: Home) -> None:
    home.daemon("--live")
    eventually("hedged", hedged(home, "1"))
    home.paper.deposit("-1")
    eventually("closed", hedged(home, "0"), within_s=15)
    assert home.paper.orders()[-1]["reduce_only"]


def test_restart_on_target_sends_nothing(home: Home) -> None:
    bot = home.daemon("--live")
    eventually("hedged", hedged(home, "1"))
    assert home.stop(bot) == 0
    home.daemon("--live")
    eventually("decides again", lambda: home.status()["hedges"][0]["verdict"] == "balanced")
    throughout("no order", lambda: len(home.paper.orders()) == 1, for_s=4)


def test_r25_a_lost_journal_adopts_the_short_and_repeats_no_id(home: Home) -> None:
    bot = home.daemon("--live")
    eventually("hedged", hedged(home, "1"))
    assert home.stop(bot) == 0
    for file in home.path.glob("journal.db*"):
        file.unlink()
    home.daemon("--live")
    # The short was opened a moment ago: 30 s of quiet, then three equal readings.
    eventually("adopted", lambda: home.journal.exists() and _verdict(home) == "balanced", within_s=60, every_s=1)
    throughout("no order", lambda: len(home.paper.orders()) == 1, for_s=3)
    home.paper.deposit("0.25")
    eventually("follows", hedged(home, "1.25"))
    ids = [order["client_id"] for order in home.paper.orders()]
    assert len(set(ids)) == len(ids) == 2
    assert ids[0][:11] != ids[1][:11], "another start, another epoch (R19)"


def _verdict(home: Home) -> str:
    done = home.command("status", "--journal", str(home.journal), "--json")
    hedges = json.loads(done.stdout)["hedges"] if done.returncode == 0 else []
    return str(hedges[0]["verdict"]) if hedges else ""


def test_r26_the_second_bot_on_a_journal_refuses_to_start(home: Home) -> None:
    bot = home.daemon("--live")
    eventually("hedged", hedged(home, "1"))
    second = home.run_once("--live")
    assert second.returncode == 3
    assert str(bot.pid) in second.stderr
    assert "Traceback" not in second.stderr


def test_r7_contracts_are_not_coins(home: Home) -> None:
    """50,000,000 PEPE are 50,000 contracts of 1000PEPE, not 50,000,000."""
    home.write(settings_text(asset="PEPE", symbol="1000PEPE/USDT:USDT"))
    home.paper.deposit("50000000", asset="PEPE")
    home.daemon("--live")
    eventually("hedged", lambda: home.paper.short("1000PEPEUSDT") == 50_000)
    (order,) = home.paper.orders()
    assert D(order["quantity"]) == 50_000


def test_sigint_ends_with_130_and_leaves_the_hedge(home: Home) -> None:
    bot = home.daemon("--live")
    eventually("hedged", hedged(home, "1"))
    bot.send_signal(2)
    assert bot.wait(timeout=30) == 130
    assert home.paper.short() == 1


def test_status_works_while_it_runs_and_after(home: Home) -> None:
    bot = home.daemon("--live")
    eventually("hedged", hedged(home, "1"))
    eventually("balanced", lambda: home.status()["hedges"][0]["verdict"] == "balanced")
    running = home.status()
    assert home.stop(bot) == 0
    stopped = home.status()
    assert running["hedges"][0]["short"] == stopped["hedges"][0]["short"] == "1"


def test_r17_a_locked_journal_stops_sending_and_loses_nothing(home: Home) -> None:
    import sqlite3  # noqa: PLC0415 - only this test locks a database by hand

    bot = home.daemon("--live")
    eventually("hedged", hedged(home, "1"))
    locker = sqlite3.connect(home.journal, isolation_level=None, timeout=10)
    locker.execute("BEGIN IMMEDIATE")
    home.paper.deposit("0.5")
    throughout("no persist, no send", lambda: len(home.paper.orders()) == 1, for_s=6)
    assert bot.poll() is None, "the bot lives on"
    locker.execute("ROLLBACK")
    locker.close()
    eventually("the gap closes", hedged(home, "1.5"), within_s=20)
    assert len(home.paper.orders()) == 2
