"""`exit` and `enter` on real journals: what they write, show, ask and answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from bot.cli import asking, crossing, resume
from bot.core.lifecycle import advance
from bot.domain.control import Control, ControlKind, standing, wished
from bot.domain.errors import ConfigFault, StartFault
from bot.domain.exits import Crossing, CrossingCause, CrossingKind, CrossingState
from bot.domain.ids import Asset, Epoch, HedgeName, Symbol, VenueName, client_order_id
from bot.domain.intent import Intent, RejectedByVenue
from bot.domain.orders import OrderRequest, Side, TimeInForce, TradeCursor
from bot.domain.proceeds import CrossingId
from bot.domain.trader import HedgeKind, TraderOutcome
from bot.journal.store import SqlJournal
from bot.runtime.clock import SystemClock

CALM = HedgeName("calm")
Run = Callable[..., str]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal with one stablecoin hedge and one pair."""
    where = tmp_path / "hedgebot.db"
    now_ms = SystemClock().now_ms()
    facts: dict[str, object] = {"state": "in", "free": "0.9", "owned": {}, "price_usd": "100000", "notes": ["[hedged]"]}
    with SqlJournal.open(where, now_ms=now_ms) as journal:
        for name, kind in ((CALM, HedgeKind.STABLECOIN), (HedgeName("pair"), HedgeKind.CROSS_EXCHANGE)):
            outcome = TraderOutcome(
                hedge=name,
                kind=kind,
                asset=Asset("BTC"),
                verdict="hold",
                reason="calm",
                same="",
                facts=facts,
                look_again_s=Decimal(1),
            )
            journal.record_outcome(now_ms, outcome)
    return where


@pytest.fixture
def run(path: Path) -> Run:
    app = typer.Typer()
    app.callback()(lambda: None)
    for command in (crossing, resume):
        command.register(app)

    def invoke(*arguments: str) -> str:
        given = [*arguments, "--journal", str(path)]
        result = CliRunner(env={"COLUMNS": "300"}).invoke(app, given, catch_exceptions=False)
        assert result.exit_code == 0
        return result.stdout if "--json" in arguments else result.output

    return invoke


def controls(path: Path) -> list[Control]:
    with SqlJournal.open_readonly(path) as journal:
        return list(journal.controls())


def told(run: Run, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*arguments, "--yes", "--json"))
    return found


@pytest.mark.parametrize("word", ["exit", "enter"])
def test_it_says_what_it_will_do_and_is_written_once(run: Run, path: Path, word: str) -> None:
    said = run(word, "calm", "--yes", "--reason", "rumours")
    assert "0.9 BTC can be sold; it owns no stablecoins" in said
    assert "[hedged]" in said
    assert "no bot is running: the next start begins" in said
    (control,) = controls(path)
    assert (control.kind.value, control.hedge, control.why) == (word, CALM, "rumours")
    assert "told so already" in run(word, "calm", "--yes")
    assert told(run, word, "calm")["new"] is False
    assert controls(path) == [control]


def test_the_last_word_counts(run: Run, path: Path) -> None:
    for word in ("exit", "enter", "exit"):
        assert told(run, word, "calm")["new"] is True
    newest = wished(controls(path), CALM)
    assert newest is not None
    assert newest.kind is ControlKind.EXIT
    assert standing(controls(path), CALM) is None, "no pause"
    assert "2 ended" in run("resume", "calm", "--yes")
    assert wished(controls(path), CALM) is None


def begun(path: Path, kind: CrossingKind, at_ms: int) -> None:
    """A crossing of the hedge begins, by a signal, with an order that the venue then refuses."""
    epoch = Epoch("abcdefghij" if kind is CrossingKind.EXIT else "abcdefghik")
    with SqlJournal.open(path, now_ms=at_ms) as journal:
        journal.begin_epoch(epoch, at_ms)
        begins = Crossing(
            crossing_id=CrossingId(client_order_id(epoch, 1)),
            hedge=CALM,
            venue=VenueName("main"),
            asset=Asset("BTC"),
            kind=kind,
            cause=CrossingCause.SIGNAL,
            coins=Decimal(1) if kind is CrossingKind.EXIT else Decimal(0),
            source=None,
            target=None,
            reason="the price is low",
            created_ms=at_ms,
        )
        request = OrderRequest(
            venue=begins.venue,
            symbol=Symbol("BTC/USDT"),
            side=Side.SELL if kind is CrossingKind.EXIT else Side.BUY,
            contracts=Decimal("0.5"),
            price=Decimal(90_000),
            time_in_force=TimeInForce.IOC,
            reduce_only=False,
        )
        intent = Intent(
            client_id=client_order_id(epoch, 2),
            hedge=CALM,
            request=request,
            position_before=Decimal(0),
            cursor_before=TradeCursor(trade_id=None, time_ms=at_ms),
            mark=Decimal(90_000),
            created_ms=at_ms,
            timestamp_ms=at_ms,
            deadline_ms=at_ms + 3_000,
        )
        record = journal.arm_slice(intent, begins.crossing_id, begins=begins)
        journal.update(advance(record, RejectedByVenue(code="-1", message="no"), at_ms))
        (crossing_,) = [each for each in journal.crossings(CALM) if each.crossing == begins]
        journal.end_crossing(replace(crossing_, state=CrossingState.DONE, detail="done", updated_ms=at_ms))


def test_a_wish_that_was_obeyed_can_be_said_again_once_a_signal_undid_it(run: Run, path: Path) -> None:
    assert told(run, "enter", "calm")["new"] is True
    begun(path, CrossingKind.ENTER, SystemClock().now_ms())
    assert told(run, "enter", "calm")["new"] is False, "it is in, as it was told"
    begun(path, CrossingKind.EXIT, SystemClock().now_ms())
    assert told(run, "enter", "calm")["new"] is True
    (control,) = controls(path)
    assert control.kind is ControlKind.ENTER


def test_what_began_while_a_person_thought_has_not_obeyed_them(
    run: Run, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_ms = SystemClock().now_ms()
    clock = [asked_ms]

    def thinks(*_: object, **__: object) -> bool:
        begun(path, CrossingKind.EXIT, asked_ms + 60_000)
        clock.append(asked_ms + 120_000)
        return True

    class Clock:
        def now_ms(self) -> int:
            return clock[-1]

    monkeypatch.setattr(crossing, "SystemClock", Clock)
    monkeypatch.setattr(crossing, "agreed", thinks)
    run("enter", "calm")
    (control,) = controls(path)
    assert control.since_ms > asked_ms + 60_000


def test_what_began_while_it_was_being_written_has_not_obeyed_either(
    run: Run, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = SqlJournal.control
    began: list[int] = []

    def slowly(journal: SqlJournal, control: Control) -> None:
        if not began:
            began.append(control.since_ms)
            begun(path, CrossingKind.EXIT, control.since_ms)
        write(journal, control)

    monkeypatch.setattr(SqlJournal, "control", slowly)
    later = iter(range(SystemClock().now_ms(), 2**62, 1_000))

    class Clock:
        def now_ms(self) -> int:
            return next(later)

    monkeypatch.setattr(crossing, "SystemClock", Clock)
    run("enter", "calm", "--yes")
    (control,) = controls(path)
    assert control.since_ms > began[0]


def test_who_says_no_changes_nothing(run: Run, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "agreed", lambda *_, **__: False)
    monkeypatch.setattr(crossing, "agreed", lambda *_, **__: False)
    assert "nothing was changed" in run("exit", "calm")
    assert controls(path) == []


@pytest.mark.parametrize("hedge", ["pair", "other"])
def test_only_a_stablecoin_hedge_can_be_told(run: Run, hedge: str) -> None:
    with pytest.raises(StartFault, match=f"no stablecoin hedge {hedge}") as fault:
        run("exit", hedge, "--yes")
    assert fault.value.hint == "it has: calm"


def test_a_reason_of_two_lines_is_none(run: Run, path: Path) -> None:
    with pytest.raises(ConfigFault, match="--reason"):
        run("exit", "calm", "--yes", "--reason", "a\nb")
    assert controls(path) == []
