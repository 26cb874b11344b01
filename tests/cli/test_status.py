"""`status` and `resume` on real journals; the bot's own command line is driven elsewhere."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from bot.cli import asking, resume, status
from bot.cli.ages import age
from bot.domain.errors import ConfigFault, StartFault
from bot.domain.ids import Asset, Epoch, HedgeName, Symbol, TradeId, VenueName, VenueOrderId, client_order_id
from bot.domain.instrument import ContractKind
from bot.domain.intent import Intent, IntentState
from bot.domain.observation import Holding, Source, Stamp, Unknown
from bot.domain.orders import Anchor, OrderRequest, Side, TimeInForce, TradeCursor, VenueTrade
from bot.domain.plan import HedgeView, Plan, PlannedOrder, Verdict
from bot.journal.store import SqlJournal
from bot.ports import Halt
from bot.runtime.clock import SystemClock

EPOCH = Epoch("abcdefghij")
MAIN = VenueName("main")
BTC = Symbol("BTC/USDT:USDT")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hedgebot.db"


@pytest.fixture
def now_ms() -> int:
    return SystemClock().now_ms()


@pytest.fixture
def run() -> Callable[..., str]:
    app = typer.Typer()
    app.callback()(lambda: None)
    status.register(app)
    resume.register(app)

    def invoke(*arguments: str, env: dict[str, str] | None = None, answer: str | None = None) -> str:
        result = CliRunner(env=env).invoke(app, arguments, input=answer, catch_exceptions=False)
        assert result.exit_code == 0
        return result.stdout

    return invoke


def order(contracts: str) -> OrderRequest:
    return OrderRequest(
        venue=MAIN,
        symbol=BTC,
        side=Side.SELL,
        contracts=Decimal(contracts),
        price=Decimal("99500.0"),
        time_in_force=TimeInForce.IOC,
        reduce_only=False,
    )


def plan(at_ms: int) -> Plan:
    stamp = Stamp(sent_ms=at_ms, answered_ms=at_ms + 20)
    one = Decimal("1.0")
    spot = Holding(
        source=Source.SPOT, venue=MAIN, asset=Asset("BTC"), quantity=one, principal=one, stamp=stamp, wallets=("spot",)
    )
    view = HedgeView(
        hedge=HedgeName("btc"),
        asset=Asset("BTC"),
        symbol=BTC,
        kind=ContractKind.LINEAR,
        holdings=(spot, Unknown(what="earn [main]", reason="HTTP 503")),
        exposure=one,
        short=Decimal(0),
        gap=one,
        gap_notional=Decimal(100000),
        band_notional=Decimal(500),
        price=Decimal(100000),
    )
    planned = PlannedOrder(request=order("1"), coins=one, notional=Decimal(100000), fee_estimate=Decimal(50))
    return Plan(view=view, verdict=Verdict.ORDER, reason="the gap is [1 BTC]", order=planned, gap_after=Decimal(0))


@pytest.fixture
def bot(path: Path, now_ms: int) -> SqlJournal:
    """A journal as a running bot holds it: one order under way, one fill, one halt."""
    journal = SqlJournal.open(path, now_ms=now_ms - 60_000)
    journal.begin_epoch(EPOCH, now_ms)
    intent = Intent(
        client_id=client_order_id(EPOCH, 1),
        hedge=HedgeName("btc"),
        request=order("1.00"),
        position_before=Decimal(0),
        cursor_before=TradeCursor(trade_id=None, time_ms=now_ms),
        mark=Decimal(100000),
        created_ms=now_ms - 3_000,
        timestamp_ms=now_ms,
        deadline_ms=now_ms + 3_000,
    )
    record = journal.arm(intent)
    journal.update(replace(record, state=IntentState.UNKNOWN, detail="timeout"))
    trade = VenueTrade(
        trade_id=TradeId("1"),
        venue_order_id=VenueOrderId("2"),
        symbol=BTC,
        side=Side.BUY,
        contracts=Decimal(1),
        price=Decimal(1),
        fee=Decimal(0),
        fee_asset=Asset("USDT"),
        realized=Decimal(0),
        maker=False,
        time_ms=now_ms,
    )
    anchor = Anchor(contracts=Decimal(0), cursor=TradeCursor(trade_id=TradeId("1"), time_ms=now_ms), at_ms=now_ms)
    journal.confirm(MAIN, BTC, anchor, [(trade, None, Decimal(1))], [])
    journal.record_decision(now_ms - 5_000, plan(now_ms - 5_100))
    journal.halt(Halt(venue=MAIN, symbol=BTC, code="guard.fills", reason="3 fills moved nothing", since_ms=now_ms))
    journal.halt(Halt(venue=MAIN, symbol=None, code="epoch", reason="an order of another journal", since_ms=now_ms))
    return journal


def ages_off(told: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(told, dict):
        return {key: ages_off(value) for key, value in told.items() if key not in {"age_s", "time_ms"}}
    return [ages_off(value) for value in told] if isinstance(told, list) else told


def everything(path: Path) -> dict[str, Any]:
    """What status tells of `bot`'s journal once it stopped, without times and ages."""
    return {
        "journal": str(path),
        "mode": "live",
        "running": False,
        "process": None,
        "hedges": [
            {
                "name": "btc",
                "asset": "BTC",
                "symbol": "BTC/USDT:USDT",
                "kind": "linear",
                "verdict": "order",
                "reason": "the gap is [1 BTC]",
                "holdings": [
                    {"source": "spot", "venue": "main", "quantity": "1"},
                    {"source": "earn [main]", "venue": None, "quantity": None},
                ],
                "exposure": "1",
                "short": "0",
                "target": None,
                "gap": "1",
                "gap_notional": "100000",
                "band_notional": "500",
                "price": "100000",
                "liquidation_price": None,
                "gap_after": "0",
                "closing": None,
                "funding": None,
                "orders": [
                    {
                        "venue": "main",
                        "symbol": "BTC/USDT:USDT",
                        "side": "sell",
                        "quantity": "1",
                        "contracts": "1",
                        "price_collar": "99500",
                        "reduce_only": False,
                        "notional": "100000",
                        "fee_estimate": "50",
                    }
                ],
            }
        ],
        "intents": [
            {
                "client_id": client_order_id(EPOCH, 1),
                "hedge": "btc",
                "venue": "main",
                "symbol": "BTC/USDT:USDT",
                "side": "sell",
                "contracts": "1",
                "filled": "0",
                "price_collar": "99500",
                "reduce_only": False,
                "state": "unknown",
                "settled": False,
                "detail": "timeout",
            }
        ],
        "halts": [
            {"venue": "main", "symbol": "BTC/USDT:USDT", "code": "guard.fills", "reason": "3 fills moved nothing"},
            {"venue": "main", "symbol": None, "code": "epoch", "reason": "an order of another journal"},
        ],
        "controls": [],
        "fills": [{"venue": "main", "symbol": "BTC/USDT:USDT", "count": 1}],
    }


def test_status_tells_everything_while_the_bot_runs_and_after(
    bot: SqlJournal, path: Path, run: Callable[..., str]
) -> None:
    told = json.loads(run("status", "--journal", str(path), "--json"))
    assert told["running"] is True
    assert ages_off(told["process"]) == {"pid": os.getpid(), "host": os.uname().nodename}
    assert told["process"]["age_s"] >= 60
    (hedge,) = told["hedges"]
    assert 5 <= hedge["age_s"] < 60
    assert told["time_ms"] - hedge["time_ms"] == pytest.approx(hedge["age_s"] * 1000, abs=2)
    assert 5 <= hedge["holdings"][0]["age_s"] < 60
    bot.close()
    after = json.loads(run("status", "--journal", str(path), "--json"))
    assert (after["running"], after["process"]) == (False, None)
    assert ages_off(after["hedges"]) == ages_off(told["hedges"])
    assert ages_off(after) == everything(path)


def test_status_draws_what_it_tells(
    bot: SqlJournal, path: Path, run: Callable[..., str], now_ms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Clock:
        def now_ms(self) -> int:
            return now_ms

    monkeypatch.setattr(status, "SystemClock", Clock)
    drawn = run("status", "--journal", str(path), env={"COLUMNS": "200"})
    for part in (
        f"process {os.getpid()}",
        "earn [main]",
        "unknown",
        "the gap is [1 BTC]",
        "sell 1 at 99500 or better",
        "1 contracts, 0 filled, unknown, 3 s old  timeout",
        "BTC/USDT:USDT of main for 0 s: 3 fills moved nothing",
        "all of main for 0 s",
        "1 on BTC/USDT:USDT of main",
    ):
        assert part in drawn
    assert "\x1b" not in drawn
    bot.close()
    narrow = run("status", "--journal", str(path), env={"COLUMNS": "30"})
    assert f"journal (live)  {path}  no bot is running on it" in narrow


def test_a_lock_that_does_not_tell_who_still_counts(bot: SqlJournal, path: Path, run: Callable[..., str]) -> None:
    path.with_name("hedgebot.db.lock").write_text("")
    told = json.loads(run("status", "--journal", str(path), "--json"))
    assert (told["running"], told["process"]) == (True, None)
    assert "in use by a running bot" in run("status", "--journal", str(path), env={"COLUMNS": "200"})
    bot.close()


def test_a_journal_without_decisions_says_so(path: Path, run: Callable[..., str]) -> None:
    SqlJournal.open(path, now_ms=0).close()
    assert "no decision was recorded yet" in run("status", "--journal", str(path))


def test_the_journal_comes_from_the_settings_without_keys(bot: SqlJournal, path: Path, run: Callable[..., str]) -> None:
    config = settings_for(path)
    told = json.loads(run("status", "--config", str(config), "--json"))
    assert (told["journal"], told["mode"]) == (str(path), "live")
    bot.close()


def test_status_finds_the_journal_of_a_dry_run(path: Path, run: Callable[..., str], now_ms: int) -> None:
    config = settings_for(path)
    dry_run = path.with_name("hedgebot.db.dry-run")
    with SqlJournal.open(path, now_ms=now_ms, dry_run=True) as journal:
        journal.record_decision(now_ms, plan(now_ms))
        for arguments in (("--config", str(config)), ("--journal", str(dry_run))):
            told = json.loads(run("status", *arguments, "--json"))
            assert (told["journal"], told["mode"]) == (str(dry_run), "dry-run")
            # A dry run takes no lock, so nobody can tell.
            assert (told["running"], told["process"]) == (None, None)
            assert [hedge["name"] for hedge in told["hedges"]] == ["btc"]
            drawn = run("status", *arguments, env={"COLUMNS": "300"})
            assert "journal (dry-run)" in drawn
            assert "no bot is running" not in drawn
        with pytest.raises(StartFault, match="there is no journal at"):
            run("resume", "--config", str(config), "--yes")
    SqlJournal.open(path, now_ms=now_ms).close()
    told = json.loads(run("status", "--config", str(config), "--json"))
    assert (told["journal"], told["mode"], told["hedges"]) == (str(path), "live", [])
    assert "journal (live)" in run("status", "--config", str(config), env={"COLUMNS": "300"})


def settings_for(path: Path) -> Path:
    config = path.with_name("bot.toml")
    config.write_text(
        f"""
[journal]
path = "{path}"
[venues.main]
exchange = "binance"
environment = "testnet"
[[hedges]]
name = "btc"
kind = "spot-perp"
asset = "BTC"
holdings = [{{source = "spot", venue = "main"}}]
short = {{venue = "main", symbol = "BTC/USDT:USDT"}}
"""
    )
    return config


def test_what_is_not_there_is_said(path: Path, run: Callable[..., str]) -> None:
    for arguments in ((), ("--config", "a", "--journal", "b")):
        with pytest.raises(ConfigFault, match="expected either"):
            run("status", *arguments)
    with pytest.raises(StartFault, match="there is no journal at") as raised:
        run("status", "--journal", str(path))
    assert "check the path" in raised.value.hint
    SqlJournal.open(path, now_ms=0, dry_run=True).close()
    with pytest.raises(StartFault, match="there is no journal at") as raised:
        run("resume", "--journal", str(path), "--yes")
    assert f"--journal {path}.dry-run" in raised.value.hint


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.4, "0 s"), (119, "119 s"), (180, "3 min"), (7200, "2 h"), (864_000, "10 days")]
)
def test_ages_are_told_in_the_unit_that_suits_them(seconds: float, told: str) -> None:
    assert age(seconds) == told


def test_resume_clears_what_it_shows_beside_the_running_bot(
    bot: SqlJournal, path: Path, run: Callable[..., str]
) -> None:
    drawn = run("resume", "--journal", str(path), "--yes", env={"COLUMNS": "200"})
    assert "3 fills moved nothing" in drawn
    assert "2 cleared" in drawn
    assert bot.halts() == ()
    assert "nothing is halted" in run("resume", "--journal", str(path))
    bot.close()


def test_resume_in_json(bot: SqlJournal, path: Path, run: Callable[..., str]) -> None:
    told = json.loads(run("resume", "--journal", str(path), "--yes", "--json"))
    assert (told["cleared"], [halt["code"] for halt in told["halts"]]) == (2, ["guard.fills", "epoch"])
    assert bot.halts() == ()
    bot.close()


def test_resume_clears_nothing_when_nobody_can_answer(bot: SqlJournal, path: Path, run: Callable[..., str]) -> None:
    with pytest.raises(ConfigFault, match="nobody is there"):
        run("resume", "--journal", str(path))
    assert len(bot.halts()) == 2
    bot.close()


class Terminal(io.StringIO):
    """A keyboard with somebody at it."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "agreed"), [("y\n", True), ("n\n", False)])
def test_resume_asks_on_a_terminal(monkeypatch: pytest.MonkeyPatch, answer: str, agreed: bool) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    assert asking.agreed("resume", "Clear 2?", yes=False) is agreed


def test_resume_leaves_what_nobody_agreed_to(
    bot: SqlJournal, path: Path, run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.cli.resume.agreed", lambda command, question, *, yes: yes and "2" in question)
    assert "0 cleared" in run("resume", "--journal", str(path))
    assert len(bot.halts()) == 2
    bot.close()


def test_resume_does_not_clear_what_nobody_saw(
    bot: SqlJournal, path: Path, run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer_late(_command: str, question: str, *, yes: bool) -> bool:
        bot.halt(Halt(venue=MAIN, symbol=BTC, code="caps", reason="later", since_ms=1))
        return yes and "Clear 2 and" in question

    monkeypatch.setattr("bot.cli.resume.agreed", answer_late)
    with pytest.raises(StartFault, match="changed"):
        run("resume", "--journal", str(path), "--yes")
    assert len(bot.halts()) == 3
    bot.close()
