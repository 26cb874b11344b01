"""Bad input: one clear message, exit code 2 or 3, no traceback, no secret, nothing lost and nothing sent.

Each case is one whole command beside a journal that an earlier live run left.
"""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.e2e.harness import Home, Paper, eventually, settings_text

RUN = ("run", "--config", "hedge.toml", "--live", "--once", "--json")
CHECK = ("check", "--config", "hedge.toml", "--json")
NOBODY = "s3cret-of-nobody-0123456789"
"""Stands wherever a secret may stand; nothing may ever show it."""
API_KEY = "HEDGEBOT_VENUES__MAIN__API_KEY"
SECRET = "HEDGEBOT_VENUES__MAIN__SECRET"
EARLIER = "paperEarlier"
"""The account of the live run that left the journal."""
SIGNED = (
    *("/sapi/v1/account/apiRestrictions", "/sapi/v1/asset/get-funding-asset", "/api/v3/account"),
    *("/sapi/v1/simple-earn/flexible/position", "/sapi/v1/simple-earn/locked/position"),
    *("/fapi/v1/accountConfig", "/fapi/v1/symbolConfig", "/fapi/v1/commissionRate", "/fapi/v1/leverageBracket"),
    *("/fapi/v3/account", "/fapi/v3/positionRisk"),
)
FACTS = ("intents", "fills", "halts", "anchors", "absences")
"""The tables that hold what happened; a start that is refused later may still have drawn an epoch (R19)."""


@dataclass(frozen=True, kw_only=True)
class Bad:
    """One bad input.

    Attributes:
        says: each must be in the message: what is wrong, its value, what was expected, what to do.
        swap: what stands in the good file, and what stands there instead.
        words: the command; `{port}` is a port that is taken.
        on_paper: the command gets the served paper exchange.
        environ: on top of a key of the case's own.
        before: brings about what the venue or the machine is to blame for.
    """

    id: str
    says: tuple[str, ...]
    code: int = 2
    swap: tuple[str, str] = ("", "")
    more: str = ""
    words: tuple[str, ...] = RUN
    on_paper: bool = True
    environ: Mapping[str, str] = field(default_factory=dict)
    before: Callable[[Home], None] = lambda _: None


def without_file(home: Home) -> None:
    home.config.unlink()


def wrong_clock(home: Home) -> None:
    for path in ("/fapi/v1/time", "/api/v3/time"):
        home.paper.fault(path, "clock-skew", count=1000, delay_s=5)


def wrong_clock_everywhere(home: Home) -> None:
    """The machine's clock is wrong: every answer of the venue says so."""
    wrong_clock(home)
    for path in SIGNED:
        home.paper.fault(path, "clock-skew", count=1000, delay_s=5)


def first_bot(home: Home) -> None:
    home.daemon("--live", env={API_KEY: EARLIER})
    eventually("the first bot holds the journal", home.path.joinpath("journal.db.lock").exists)
    eventually("and decides", lambda: "hedge.decided" in home.path.joinpath("log.jsonl").read_text())


def no_journal_but_a_text(home: Home) -> None:
    home.journal.write_text("my shopping list, " * 100)


HEDGE = 'kind = "spot-perp"'
SYMBOL = 'symbol = "BTC/USDT:USDT"'
EXCHANGE = 'exchange = "binance"'
PAPER = 'environment = "paper"'
TESTNET = 'environment = "testnet"'
SECOND_HEDGE = f"""
[[hedges]]
name = "second"
{HEDGE}
asset = "BTC"
holdings = [{{source = "external", amount = "1"}}]
short = {{venue = "main", {SYMBOL}}}
"""


def setting(id_: str, swap: tuple[str, str], *says: str) -> Bad:
    return Bad(id=id_, swap=swap, says=says)


CASES = (
    # What the file says.
    setting("unknown setting", (HEDGE, f'{HEDGE}\nrato = "1"'), 'hedges[0].rato = "1"', "unknown", "mean `ratio`?"),
    setting(
        "wrong type", ('interval_s = "1"', 'interval_s = "soon"'), 'interval_s = "soon"', "expected seconds", "hint:"
    ),
    setting("money as a float", (HEDGE, f"{HEDGE}\nratio = 0.5"), "hedges[0].ratio = 0.5", 'as a string ("1")'),
    Bad(
        id="two hedges on one symbol",
        more=SECOND_HEDGE,
        says=('hedges[1].short.symbol = "BTC/USDT:USDT"', "already used by hedges[0]", "merge the two, or remove one"),
    ),
    setting("ratio above 1", (HEDGE, f'{HEDGE}\nratio = "1.01"'), 'hedges[0].ratio = "1.01"', "from 0 to 1"),
    setting("ratio below 0", (HEDGE, f'{HEDGE}\nratio = "-0.5"'), 'hedges[0].ratio = "-0.5"', "from 0 to 1"),
    setting(
        "leverage", (SYMBOL, f"{SYMBOL}, leverage = 3"), "short.leverage = 3", "expected 1", "allow_leverage = true"
    ),
    setting(
        "key in the file",
        (PAPER, f'{PAPER}\napi_key = "{NOBODY}"'),
        "venues.main.api_key",
        "expected it in the environment",
        "replace the key at the exchange",
        API_KEY,
    ),
    setting(
        "unknown exchange", (EXCHANGE, 'exchange = "binanse"'), 'exchange = "binanse"', "unknown exchange", "did you"
    ),
    setting(
        "spot symbol", (SYMBOL, 'symbol = "BTC/USDT"'), 'symbol = "BTC/USDT"', "expected a perpetual", "BTC/USDT:USDT"
    ),
    Bad(
        id="kucoin has no testnet",
        swap=(f"{EXCHANGE}\n{PAPER}", f'exchange = "kucoin"\n{TESTNET}'),
        on_paper=False,
        says=('venues.main.environment = "testnet"', "has no testnet", 'set environment = "paper"'),
    ),
    Bad(
        id="kucoin has no testnet, on paper too",
        swap=(f"{EXCHANGE}\n{PAPER}", f'exchange = "kucoin"\n{TESTNET}'),
        says=('venues.main.environment = "testnet"', "has no testnet", 'set environment = "paper"'),
    ),
    Bad(
        id="no file",
        before=without_file,
        says=("hedge.toml", "there is no such settings file", "give the path of a TOML file with --config"),
    ),
    # What the environment says.
    Bad(
        id="missing key",
        swap=(PAPER, TESTNET),
        on_paper=False,
        environ={API_KEY: "", SECRET: NOBODY},
        says=("venues.main.api_key", "is missing", f"set {API_KEY}", "--paper"),
    ),
    Bad(
        id="missing secret",
        swap=(PAPER, TESTNET),
        on_paper=False,
        says=("venues.main.secret", "is missing", f"set {SECRET}", "--paper"),
    ),
    Bad(
        id="unknown variable",
        environ={"HEDGEBOT_INTERVALL_S": "1"},
        says=("HEDGEBOT_INTERVALL_S", "fits no setting", "did you mean `HEDGEBOT_INTERVAL_S`?"),
    ),
    Bad(
        id="real money without a word",
        swap=(PAPER, 'environment = "live"'),
        on_paper=False,
        environ={SECRET: NOBODY},
        says=('venues.main.environment = "live"', "this is real money", "real_money = true"),
    ),
    # What the command line says.
    Bad(
        id="paper port taken",
        words=("paper", "--port", "{port}", "--admin-port", "0"),
        on_paper=False,
        says=("can't listen on port {port}", "in use", "--port", "0 picks a free one"),
    ),
    Bad(
        id="paper admin port taken",
        words=("paper", "--port", "0", "--admin-port", "{port}"),
        on_paper=False,
        says=("can't listen on port {port}", "in use", "--admin-port", "0 picks a free one"),
    ),
    Bad(
        id="paper elsewhere",
        words=(*RUN, "--paper-at", "192.0.2.1:443", "--paper-ca", "hedge.toml"),
        on_paper=False,
        says=("--paper-at 192.0.2.1:443", "expected an address of this machine", "hint:"),
    ),
    Bad(
        id="wrong certificate",
        words=(*RUN, "--paper-at", "127.0.0.1:{port}", "--paper-ca", "hedge.toml"),
        on_paper=False,
        says=("--paper-ca hedge.toml", "give the `ca` file that `hedgebot paper` printed"),
    ),
    # What the venue says.
    Bad(
        id="key refused",
        code=3,
        environ={API_KEY: NOBODY},
        says=("venues.main", "-2015", "check the key, its secret, its permissions"),
    ),
    Bad(
        id="secret refused",
        code=3,
        environ={SECRET: NOBODY},
        says=("venues.main", "-1022", "check the key, its secret"),
    ),
    Bad(
        id="key may withdraw",
        code=3,
        environ={API_KEY: "paperwithdraw0123456789"},
        says=("main: key scope", "may withdraw", "without withdrawal rights", "allow_withdraw_key = true"),
    ),
    Bad(
        id="no such symbol",
        code=3,
        swap=(SYMBOL, 'symbol = "BTC/USDX:USDX"'),
        says=("hedges.hedge.short.symbol", "BTC/USDX:USDX", "expected a perpetual such as", "did you mean"),
    ),
    Bad(
        id="clock off, and the venue refuses signatures for it",
        code=3,
        before=wrong_clock,
        says=("main: clock", "off by ", "at most 1 s", "synchronise this machine's clock"),
    ),
    Bad(
        id="clock off by what the venue says throughout",
        code=3,
        before=wrong_clock_everywhere,
        says=("main: clock", "off by ", "at most 1 s", "synchronise this machine's clock"),
    ),
    # What the journal's path says.
    Bad(
        id="journal below a file",
        code=3,
        swap=('path = "journal.db"', 'path = "hedge.toml/journal.db"'),
        says=("hedge.toml/journal.db", "can't be opened", "choose a path in a directory that exists"),
    ),
    Bad(
        id="journal nowhere",
        code=3,
        swap=('path = "journal.db"', 'path = "no/such/folder/journal.db"'),
        says=("no/such/folder/journal.db", "can't be opened", "choose a path in a directory that exists"),
    ),
    Bad(
        id="journal is something else",
        code=3,
        before=no_journal_but_a_text,
        says=("journal.db", "not a database", "choose another path"),
    ),
    Bad(id="second bot", code=3, before=first_bot, says=("journal.db", "process", "{pid}", "hint:")),
)
AT_THE_VENUE = [case for case in CASES if case.code == 3 and "journal" not in case.id and "bot" not in case.id]


@pytest.fixture(scope="module")
def left_behind(module_paper: Paper, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The journal of a live run that sent one order and ended."""
    home = Home(path=tmp_path_factory.mktemp("earlier"), paper=module_paper)
    home.write(settings_text())
    done = home.run_once("--live", env={API_KEY: EARLIER})
    assert done.returncode == 0, done.stderr
    assert len(module_paper.orders(f"binance/{EARLIER}")) == 1
    return home.journal


@pytest.fixture
def place(module_paper: Paper, left_behind: Path, tmp_path: Path) -> Iterator[Home]:
    home = Home(path=tmp_path, paper=module_paper)
    shutil.copy(left_behind, home.journal)
    yield home
    module_paper.post("/clear-faults")
    for process in home.running:
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_bad_input_gets_one_clear_message_and_nothing_is_lost(case: Bad, place: Home) -> None:
    done, environ = refused(case, place, case.words)
    said = done.stderr
    assert done.returncode == case.code, said
    assert done.stdout == ""
    messages = [line for line in said.splitlines() if not line.startswith("{")]
    told = "\n".join(messages)
    assert told.count("hedgebot: ") == 1, f"one message:\n{said}"
    fill = {"port": port_of(place), "pid": str(place.running[0].pid) if place.running else ""}
    missing = [part for part in case.says if part.format(**fill) not in told]
    assert not missing, f"{missing} not in:\n{told}"
    if case.words is RUN and not case.id.startswith("unknown variable"):
        assert "hedge.toml" in told, "the file is named"
    assert_no_secret(said, environ)


@pytest.mark.parametrize("case", AT_THE_VENUE, ids=lambda case: case.id)
def test_check_finds_the_same_and_prints_json_or_nothing(case: Bad, place: Home) -> None:
    done, environ = refused(case, place, CHECK)
    assert done.returncode == 3, done.stderr
    failed = ""
    if done.stdout:
        lines = json.loads(done.stdout)["checks"]
        failed = "\n".join(
            f"{row['name']}: {row['detail']}; {row['hint']}" for row in lines if row["verdict"] == "fail"
        )
    told = failed + done.stderr
    missing = [part for part in case.says if part not in told]
    assert not missing, f"{missing} not in:\n{told}"
    assert_no_secret(done.stdout + done.stderr, environ)


def refused(case: Bad, home: Home, words: tuple[str, ...]) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
    """Run one bad command; the journal keeps its facts, and no order is accepted anywhere."""
    good = settings_text()
    assert case.swap[0] in good
    home.write(good.replace(*case.swap, 1) + case.more)
    environ = {API_KEY: "paper-of-this-case-0123456789", **case.environ}
    case.before(home)
    orders, facts, content = accepted(home.paper), facts_of(home), home.journal.read_bytes()
    given = [word.format(port=port_of(home)) for word in words]
    done = home.command(*given, *(home.paper.options() if case.on_paper else ()), env=environ)
    assert accepted(home.paper) == orders, "no order"
    assert facts_of(home) == facts, "the journal keeps its facts"
    if case.code == 2 or "is something else" in case.id:
        assert home.journal.read_bytes() == content, "untouched to the last byte"
    assert "Traceback" not in done.stdout + done.stderr
    return done, environ


def accepted(paper: Paper) -> list[str]:
    return [order["client_id"] for account in paper.state()["accounts"].values() for order in account["orders"]]


def facts_of(home: Home) -> dict[str, list[tuple[object, ...]]] | None:
    """What the journal holds of what happened; None when the file is no journal."""
    if home.journal.read_bytes()[:6] != b"SQLite":
        return None
    with closing(sqlite3.connect(f"file:{home.journal}?mode=ro", uri=True)) as connection:
        return {table: sorted(connection.execute(f"SELECT * FROM {table}")) for table in FACTS}  # noqa: S608


def port_of(home: Home) -> str:
    return home.paper.at.rpartition(":")[2]


def assert_no_secret(said: str, environ: Mapping[str, str]) -> None:
    for secret in (NOBODY, *(environ[name] for name in (API_KEY, SECRET) if environ.get(name))):
        assert secret not in said
