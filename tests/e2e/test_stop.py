"""Stopping at any moment: orderly, bounded, and with nothing left behind."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.e2e.harness import Home, clean_environ, eventually, settings_text
from tests.e2e.processes import HEDGEBOT
from tests.e2e.venues import verdict

ORDER = "/fapi/v1/order"
REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_stop_during_the_start_is_orderly_and_leaves_nothing(home: Home, number: int, code: int) -> None:
    home.paper.fault("/fapi/v1/exchangeInfo", "delay", delay_s=60)
    began = time.monotonic()
    bot = home.daemon("--live")
    eventually("it asks for the list", lambda: not home.paper.state()["faults"], within_s=60)
    time_to_stop = time.monotonic()
    bot.send_signal(number)
    assert bot.wait(timeout=60) == code
    # Nobody waits for the answer, nor for its timeout of 10 s. A busy machine took longer to begin, too.
    assert time.monotonic() - time_to_stop < 5 + (time_to_stop - began)
    assert home.paper.orders() == []


def test_a_stop_of_an_embedded_exchange_leaves_no_folder(tmp_path: Path) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    config = REPOSITORY / "config" / "demo.toml"
    bot = subprocess.Popen(
        [*HEDGEBOT, "run", "--config", str(config)],
        cwd=tmp_path,
        env=clean_environ(TMPDIR=str(folder)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    eventually("the exchange is up", lambda: list(folder.iterdir()))
    bot.send_signal(signal.SIGTERM)
    assert bot.wait(timeout=20) == 0
    assert list(folder.iterdir()) == []


def test_a_stop_of_the_demo_leaves_no_folder(tmp_path: Path) -> None:
    bot = subprocess.Popen(
        [*HEDGEBOT, "demo", "--scenario", "btc-drop"],
        cwd=tmp_path,
        env=clean_environ(TMPDIR=str(tmp_path)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    eventually("it plays", lambda: len(list(tmp_path.iterdir())) >= 2)
    bot.send_signal(signal.SIGTERM)
    assert bot.wait(timeout=20) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_stop_with_an_order_in_flight_classifies_it_within_ten_seconds(home: Home) -> None:
    home.paper.fault(ORDER, "delay", method="POST", delay_s=60)
    bot = home.daemon("--live")
    eventually("the order is on its way", home.paper.orders)
    began = time.monotonic()
    bot.send_signal(signal.SIGTERM)
    assert bot.wait(timeout=30) == 0
    assert time.monotonic() - began < 20, "8 s for the order, the rest is the machine's; its answer would take 60 s"
    assert home.paper.short() == 1
    home.daemon("--live")
    eventually("accounted for", lambda: verdict(home) == "balanced")
    assert len(home.paper.orders()) == 1


def test_a_second_signal_leaves_at_once(home: Home) -> None:
    home.paper.fault(ORDER, "delay", method="POST", delay_s=60)
    bot = home.daemon("--live")
    eventually("the order is on its way", home.paper.orders)
    bot.send_signal(signal.SIGTERM)
    # Two signals at once are one to a process that does not run in between.
    eventually("it has heard the first", lambda: home.logged("stop.requested"), every_s=0.02)
    assert bot.poll() is None
    bot.send_signal(signal.SIGTERM)
    assert bot.wait(timeout=20) == 128 + signal.SIGTERM, "an orderly end, some seconds later, would be 0"


def test_another_symbol_on_the_same_journal_does_not_double_the_short(home: Home) -> None:
    bot = home.daemon("--live")
    eventually("hedged", lambda: home.paper.short() == 1)
    eventually("settled", lambda: verdict(home) == "balanced")
    assert home.stop(bot) == 0
    home.write(settings_text(asset="ETH", symbol="ETH/USDT:USDT"))
    refused = home.run_once("--live")
    assert refused.returncode == 3
    assert "BTC/USDT:USDT" in refused.stderr
    assert len(home.paper.orders()) == 1


def test_an_embedded_exchange_starts_a_new_journal_each_time(tmp_path: Path) -> None:
    config = REPOSITORY / "config" / "demo.toml"
    for _ in range(2):
        done = subprocess.run(
            [*HEDGEBOT, "run", "--config", str(config), "--live", "--once", "--json"],
            cwd=tmp_path,
            env=clean_environ(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert '"orders": [{' in done.stdout


def test_apply_leaves_the_position_mode_alone(home: Home) -> None:
    home.paper.ask("POST", "/fapi/v1/positionSide/dual", dualSidePosition="true")
    done = home.command("check", "--config", str(home.config), *home.paper.options(), "--apply")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "hedge mode" in done.stdout
    answer = home.paper.ask("GET", "/fapi/v1/positionSide/dual")
    assert answer["dualSidePosition"] is True


def test_check_looks_at_the_real_journal(home: Home) -> None:
    home.journal.write_text("this is no database\n" * 100)
    done = home.command("check", "--config", str(home.config), *home.paper.options())
    assert done.returncode == 3
    assert str(home.journal.name) in done.stdout
    assert home.paper.short() == 0
