"""`pause`, `unwind` and `resume` on real journals: what they write, show, ask and answer."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bot.cli import asking, pause, resume, status, unwind
from bot.domain.control import Control, ControlKind
from bot.domain.errors import ConfigFault, StartFault
from bot.domain.funding import FundingFigures
from bot.domain.ids import Asset, HedgeName, Symbol, VenueName
from bot.domain.instrument import ContractKind
from bot.domain.plan import Closing, HedgeView, Plan, Verdict
from bot.journal.store import SqlJournal
from bot.ports import Halt
from bot.runtime.clock import SystemClock

MAIN = VenueName("main")
BTC = Symbol("BTC/USDT:USDT")
CLOSING = Closing(
    venue=MAIN,
    contracts=Decimal("1.5"),
    notional=Decimal(150_000),
    fee=Decimal(75),
    slippage_max=Decimal(750),
    realized=Decimal(-20),
    settle=Asset("USDT"),
)
PAID = FundingFigures(
    amount=Decimal("-3.5"), asset=Asset("USDT"), payments=2, since_ms=0, cost_a_year=Decimal("0.0123")
)

Run = Callable[..., str]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hedgebot.db"


@pytest.fixture
def run(path: Path) -> Run:
    app = typer.Typer()
    app.callback()(lambda: None)
    for command in (status, pause, resume, unwind):
        command.register(app)

    def invoke(*arguments: str) -> str:
        given = [*arguments, "--journal", str(path)]
        result = CliRunner(env={"COLUMNS": "300"}).invoke(app, given, catch_exceptions=False)
        assert result.exit_code == 0
        return result.stdout if "--json" in arguments else result.output

    return invoke


@pytest.fixture
def bot(path: Path) -> SqlJournal:
    """A bot's journal, which it holds: two hedges, one with a short."""
    now_ms = SystemClock().now_ms()
    journal = SqlJournal.open(path, now_ms=now_ms)
    for name, closing, age_s in (("btc", CLOSING, 0), ("eth", None, 300)):
        journal.record_decision(now_ms - age_s * 1000, decided(name, closing))
    return journal


def decided(name: str, closing: Closing | None) -> Plan:
    short = Decimal(0) if closing is None else closing.contracts
    view = HedgeView(
        hedge=HedgeName(name),
        asset=Asset(name.upper()),
        symbol=BTC,
        kind=ContractKind.LINEAR,
        holdings=(),
        short=short,
        closing=closing,
        funding=None if closing is None else PAID,
    )
    return Plan(view=view, verdict=Verdict.BALANCED, reason="inside the band")


def test_a_pause_is_written_beside_the_running_bot_and_shown(bot: SqlJournal, run: Run) -> None:
    assert "btc is paused" in run("pause", "btc", "--reason", "travelling")
    assert "was paused already" in run("pause", "btc")
    (control,) = bot.controls()
    assert (control.kind, control.hedge, control.why) == (ControlKind.PAUSE, "btc", "travelling")
    assert "@" in control.who
    drawn = run("status")
    assert "paused" in drawn
    assert "travelling" in drawn
    assert "-3.5 USDT in 2 payments, a cost of 0.0123 of the notional a year" in drawn
    told = json.loads(run("status", "--json"))
    assert told["controls"][0]["hedge"] == "btc"
    assert [hedge["funding"] and hedge["funding"]["payments"] for hedge in told["hedges"]] == [2, None]
    bot.close()


def test_a_pause_of_all_in_json(bot: SqlJournal, run: Run) -> None:
    told = json.loads(run("pause", "--json"))
    assert (told["hedge"], told["paused"], [one["kind"] for one in told["controls"]]) == (None, True, ["pause"])
    assert json.loads(run("pause", "--json"))["paused"] is False
    bot.close()


def test_an_unwind_shows_what_it_costs_first(bot: SqlJournal, run: Run) -> None:
    drawn = run("unwind", "--yes", "--reason", "sold")
    assert "buys 1.5 contracts back, worth 150000; fee 75" in drawn
    assert "at most 750 a try; realizes -20 USDT" in drawn
    assert "these figures are 5 min old" in drawn
    assert "flat already" in drawn
    assert "the running bot closes it" in drawn
    (control,) = bot.controls()
    assert (control.kind, control.hedge, control.why) == (ControlKind.UNWIND, None, "sold")
    bot.close()


def test_an_unwind_in_json_without_a_running_bot(bot: SqlJournal, run: Run) -> None:
    bot.close()
    told = json.loads(run("unwind", "btc", "--yes", "--json"))
    assert (told["unwinding"], told["running"], told["hedge"]) == (True, False, "btc")
    (cost,) = told["costs"]
    amounts = {name: cost[name] for name in ("contracts", "notional", "fee", "slippage_max", "realized", "settle")}
    assert amounts == {
        "contracts": "1.5",
        "notional": "150000",
        "fee": "75",
        "slippage_max": "750",
        "realized": "-20",
        "settle": "USDT",
    }
    assert "next start closes it" in run("unwind", "btc", "--yes")


def test_an_unwind_says_when_the_cost_is_not_known(path: Path, run: Run) -> None:
    with SqlJournal.open(path, now_ms=0) as journal:
        assert "no decision was recorded yet" in run("unwind", "--yes")
        plan = decided("btc", CLOSING)
        frozen = Plan(
            view=HedgeView(
                hedge=plan.view.hedge, asset=plan.view.asset, symbol=BTC, kind=ContractKind.LINEAR, holdings=()
            ),
            verdict=Verdict.FROZEN,
            reason="unknown",
        )
        journal.record_decision(0, frozen)
    assert "was not known at the last decision" in run("unwind", "btc", "--yes")


@pytest.mark.parametrize("command", ["pause", "unwind", "resume"])
def test_a_hedge_that_nobody_knows_is_refused(bot: SqlJournal, run: Run, command: str) -> None:
    with pytest.raises(StartFault, match="knows no hedge doge") as raised:
        run(command, "doge")
    assert raised.value.hint == "it has: btc, eth"
    bot.close()


def test_nothing_is_unwound_when_nobody_can_answer(bot: SqlJournal, run: Run) -> None:
    with pytest.raises(ConfigFault, match="unwind asks before it changes anything") as raised:
        run("unwind")
    assert raised.value.hint == "add --yes"
    assert bot.controls() == ()
    bot.close()


@pytest.mark.parametrize("answer", ["n", "y"])
def test_what_a_person_answers_is_done(
    bot: SqlJournal, path: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal(answer + "\n"))
    app = typer.Typer()
    app.callback()(lambda: None)
    unwind.register(app)
    with pytest.raises(SystemExit) as ended:
        app(["unwind", "btc", "--journal", str(path)])
    assert ended.value.code == 0
    assert len(bot.controls()) == (answer == "y")
    bot.close()


def test_an_answer_that_never_comes_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Closed())
    with pytest.raises(typer.Exit) as ended:
        asking.agreed("unwind", "Close?", yes=False)
    assert ended.value.exit_code == 130


def test_resume_ends_all_and_shows_it_first(bot: SqlJournal, run: Run) -> None:
    bot.halt(Halt(venue=MAIN, symbol=BTC, code="guard", reason="3 fills", since_ms=0))
    bot.control(Control(kind=ControlKind.PAUSE, hedge=None, who="ann", why="", since_ms=0))
    bot.control(Control(kind=ControlKind.UNWIND, hedge=HedgeName("btc"), who="", why="sold", since_ms=0))
    drawn = run("resume", "--yes")
    assert "paused  every hedge for" in drawn
    assert "unwound  btc for" in drawn
    assert "1 cleared, 2 ended" in drawn
    assert (bot.controls(), bot.halts()) == ((), ())
    assert "nothing is halted, paused or unwound" in run("resume")
    bot.close()


def test_resume_of_one_hedge_leaves_the_others_and_the_halts(bot: SqlJournal, run: Run) -> None:
    pause_all = Control(kind=ControlKind.PAUSE, hedge=None, who="ann", why="", since_ms=0)
    bot.control(pause_all)
    bot.control(Control(kind=ControlKind.UNWIND, hedge=HedgeName("btc"), who="", why="sold", since_ms=0))
    bot.halt(Halt(venue=MAIN, symbol=BTC, code="guard", reason="3 fills", since_ms=0))
    told = json.loads(run("resume", "btc", "--yes", "--json"))
    assert (told["ended"], told["cleared"], told["halts"]) == (1, 0, [])
    assert (list(bot.controls()), len(bot.halts())) == ([pause_all], 1)
    with pytest.raises(ConfigFault, match="--adopt with btc"):
        run("resume", "btc", "--adopt", "--yes")
    bot.close()


def test_a_reason_is_one_line(bot: SqlJournal, run: Run) -> None:
    with pytest.raises(ConfigFault, match="at most 200 printable"):
        run("pause", "--reason", "a\nb")
    assert bot.controls() == ()
    bot.close()
