"""`resume --adopt`: the only way out when the confirmed position no longer fits the account (R23, R25)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bot.cli import resume, status
from bot.domain.errors import ConfigFault, StartFault
from bot.domain.ids import Epoch, HedgeName, Symbol, VenueName, client_order_id
from bot.domain.intent import Intent, IntentRecord, IntentState
from bot.domain.orders import Anchor, OrderRequest, Side, TimeInForce, TradeCursor
from bot.journal.store import SqlJournal
from bot.ports import Halt

NOW = 1_700_000_000_000
EPOCH = Epoch("abcdefghij")
MAIN = VenueName("main")
BTC = Symbol("BTC/USDT:USDT")
ETH = Symbol("ETH/USDT:USDT")
HALT = Halt(venue=MAIN, symbol=BTC, code="invariant", reason="an order of [nobody]", since_ms=NOW)
Run = Callable[..., tuple[str, str]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hedgebot.db"


@pytest.fixture
def bot(path: Path) -> Iterator[SqlJournal]:
    """A journal as a running bot holds it, which waits for a fill that is not in the position."""
    with SqlJournal.open(path, now_ms=NOW) as journal:
        journal.begin_epoch(EPOCH, NOW)
        anchor = Anchor(contracts=Decimal("-1.500"), cursor=TradeCursor(trade_id=None, time_ms=NOW), at_ms=NOW)
        journal.confirm(MAIN, BTC, anchor, [], [])
        lost = journal.arm(intent(1, BTC))
        journal.update(replace(lost, state=IntentState.FILLED, filled=Decimal("0.50"), average_price=Decimal(1)))
        unknown = journal.arm(intent(2, ETH))
        journal.update(replace(unknown, state=IntentState.UNKNOWN, detail="timeout"))
        yield journal


@pytest.fixture
def run() -> Run:
    app = typer.Typer()
    resume.register(app)
    status.register(app)

    def invoke(*arguments: str) -> tuple[str, str]:
        result = CliRunner(env={"COLUMNS": "300"}).invoke(app, arguments, catch_exceptions=False)
        assert result.exit_code == 0
        return result.stdout, result.stderr

    return invoke


def intent(sequence: int, symbol: Symbol) -> Intent:
    return Intent(
        client_id=client_order_id(EPOCH, sequence),
        hedge=HedgeName("btc"),
        request=OrderRequest(
            venue=MAIN,
            symbol=symbol,
            side=Side.SELL,
            contracts=Decimal("0.5"),
            price=Decimal(1),
            time_in_force=TimeInForce.IOC,
            reduce_only=False,
        ),
        position_before=Decimal("-1.5"),
        cursor_before=TradeCursor(trade_id=None, time_ms=NOW),
        mark=Decimal(1),
        created_ms=NOW,
        timestamp_ms=NOW,
        deadline_ms=NOW,
    )


def kept(journal: SqlJournal, sequence: int) -> IntentRecord:
    record = journal.intent(client_order_id(EPOCH, sequence))
    assert record is not None
    return record


def test_r25_adopt_drops_what_no_longer_fits_beside_the_running_bot(bot: SqlJournal, path: Path, run: Run) -> None:
    bot.halt(HALT)
    told, _ = run("resume", "--journal", str(path), "--adopt", "--yes")
    for part in (
        "Look at the position at the venue first",
        "three equal readings",
        "BTC/USDT:USDT of main: -1.5 contracts, confirmed",
        f"{client_order_id(EPOCH, 1)} on BTC/USDT:USDT of main: 0.5 filled",
        f"{client_order_id(EPOCH, 2)} on ETH/USDT:USDT of main: unknown",
        "an order of [nobody]",
        "1 cleared, 1 confirmed position dropped",
    ):
        assert part in told
    assert bot.anchor(MAIN, BTC) is None
    assert bot.halts() == ()
    assert (kept(bot, 1).settled, kept(bot, 1).detail) == (True, "re-adopted by an operator")
    assert (kept(bot, 2).state, kept(bot, 2).settled) == (IntentState.UNKNOWN, False)


def test_adopt_in_json_keeps_stdout_to_itself(bot: SqlJournal, path: Path, run: Run) -> None:
    told, asked = run("resume", "--journal", str(path), "--adopt", "--yes", "--json")
    whole = json.loads(told)
    assert (whole["cleared"], whole["dropped"], whole["halts"]) == (0, 1, [])
    (anchor,) = whole["anchors"]
    assert {name: anchor[name] for name in ("venue", "symbol", "contracts", "time_ms")} == {
        "venue": "main",
        "symbol": "BTC/USDT:USDT",
        "contracts": "-1.5",
        "time_ms": NOW,
    }
    assert whole["settled"] == [client_order_id(EPOCH, 1)]
    assert "Look at the position at the venue first" in asked
    assert bot.anchor(MAIN, BTC) is None


def test_adopt_settles_what_is_left_over_without_a_confirmed_position(bot: SqlJournal, path: Path, run: Run) -> None:
    bot.drop_anchors(NOW)
    partly = replace(kept(bot, 2), state=IntentState.EXPIRED, filled=Decimal("0.2"))
    bot.update(partly)
    whole = json.loads(run("resume", "--journal", str(path), "--adopt", "--yes", "--json")[0])
    assert (whole["dropped"], whole["settled"]) == (0, [client_order_id(EPOCH, 2)])
    assert kept(bot, 2).settled


def test_without_adopt_the_confirmed_position_stays(bot: SqlJournal, path: Path, run: Run) -> None:
    bot.halt(HALT)
    told, _ = run("resume", "--journal", str(path), "--yes", "--json")
    whole = json.loads(told)
    assert (whole["cleared"], whole["dropped"], whole["anchors"], whole["settled"]) == (1, 0, [], [])
    assert bot.anchor(MAIN, BTC) is not None
    assert not kept(bot, 1).settled


def test_adopt_with_nothing_to_drop_says_so(path: Path, run: Run) -> None:
    SqlJournal.open(path, now_ms=NOW).close()
    told, _ = run("resume", "--journal", str(path), "--adopt")
    assert "nothing is halted, and no position is confirmed" in told


def test_adopt_asks_first(bot: SqlJournal, path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigFault, match="nobody is there"):
        run("resume", "--journal", str(path), "--adopt")
    asked: list[str] = []

    def refuse(_command: str, question: str, *, yes: bool) -> bool:
        asked.append(question)
        return yes

    monkeypatch.setattr("bot.cli.resume.agreed", refuse)
    told, _ = run("resume", "--journal", str(path), "--adopt")
    assert "0 cleared, 0 confirmed positions dropped" in told
    assert "adopt whatever position" in asked[0]
    assert bot.anchor(MAIN, BTC) is not None
    assert not kept(bot, 1).settled


def settled_meanwhile(bot: SqlJournal) -> None:
    bot.update(replace(kept(bot, 1), settled=True))


def moved_meanwhile(bot: SqlJournal) -> None:
    anchor = bot.anchor(MAIN, BTC)
    assert anchor is not None
    bot.confirm(MAIN, BTC, replace(anchor, contracts=Decimal(-2)), [], [])


def halted_meanwhile(bot: SqlJournal) -> None:
    bot.halt(HALT)


@pytest.mark.parametrize("change", [settled_meanwhile, moved_meanwhile, halted_meanwhile])
def test_adopt_drops_nothing_that_changed_while_the_person_looked(
    bot: SqlJournal, path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, change: Callable[[SqlJournal], None]
) -> None:
    def answer_late(_command: str, question: str, *, yes: bool) -> bool:
        change(bot)
        return yes and bool(question)

    monkeypatch.setattr("bot.cli.resume.agreed", answer_late)
    with pytest.raises(StartFault, match="changed while you looked"):
        run("resume", "--journal", str(path), "--adopt", "--yes")
    assert bot.anchor(MAIN, BTC) is not None
    assert kept(bot, 2).state is IntentState.UNKNOWN


def test_adopt_may_be_answered_while_the_bot_confirms_the_same_position(
    bot: SqlJournal, path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer_late(_command: str, question: str, *, yes: bool) -> bool:
        anchor = bot.anchor(MAIN, BTC)
        assert anchor is not None
        bot.confirm(MAIN, BTC, replace(anchor, at_ms=NOW + 5), [], [])
        return yes and bool(question)

    monkeypatch.setattr("bot.cli.resume.agreed", answer_late)
    run("resume", "--journal", str(path), "--adopt", "--yes")
    assert bot.anchor(MAIN, BTC) is None
