"""Every bad input: one message with file, key, value, what was expected and what to do; no traceback, no secret."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.cli.errors import report
from bot.domain.errors import ConfigFault
from bot.settings import load_settings

SECRET = "hunter2-hunter2-hunter2"
ANOTHER_HEDGE = """
[[hedges]]
name = "{name}"
asset = "{asset}"
holdings = [ {{source = "{source}", venue = "main"}} ]
short = {{venue = "main", symbol = "{symbol}"}}
"""


@dataclass(frozen=True, kw_only=True)
class Bad:
    """One bad input, as a change of a good file.

    Attributes:
        swap: what stands in the good file, and what stands there instead.
        more: text after the good file.
        whole: instead of the good file; None for no file at all, when `given` is False.
        environ: on top of the two keys; an empty value counts as not set.
        names_file: the message is about the file.
        command: run the whole command with these arguments (and `--config FILE`); otherwise only read the settings.
        says: each must be in the message: key, value, what was expected, what to do.
    """

    id: str
    says: tuple[str, ...]
    swap: tuple[str, str] = ("", "")
    more: str = ""
    whole: str | None = None
    given: bool = True
    environ: Mapping[str, str] = field(default_factory=dict)
    paper: bool = False
    command: tuple[str, ...] = ()
    names_file: bool = True
    code: int = 2


def bad(id_: str, swap: tuple[str, str], *says: str) -> Bad:
    return Bad(id=id_, swap=swap, says=says)


def also(id_: str, more: str, *says: str) -> Bad:
    return Bad(id=id_, more=more, says=says)


def env(id_: str, name: str, value: str, *says: str) -> Bad:
    return Bad(id=id_, environ={f"HEDGEBOT_{name}": value}, says=says)


RATIO = 'ratio = "1"'
BAND = 'notional = "20"'
EXCHANGE = 'exchange = "binance"'
TESTNET = 'environment = "testnet"'
HOLDINGS = '[ {source = "spot", venue = "main"} ]'

INVERSE = ("BTC/USDT:USDT", "BTC/USD:BTC")
KUCOIN_LIVE = (f"{EXCHANGE}\n{TESTNET}", 'exchange = "kucoin"\nenvironment = "live"\nreal_money = true')

CASES = (
    # The file itself.
    Bad(id="no file", given=False, says=("there is no such settings file", "--config")),
    Bad(id="no TOML", whole="[venues.main\n", says=("this is not TOML", "line 1, column 13", "correct the line")),
    Bad(id="empty", whole="", says=("2 settings", "venues: is missing", "hedges: is missing")),
    bad("no hedges", ("[[hedges]]", "[[hedgess]]"), "hedgess", "unknown setting", "did you mean `hedges`?"),
    # Unknown settings.
    also("unknown table", "[jurnal]\npath = 'x'\n", "jurnal = a table", "unknown setting", "did you mean `journal`?"),
    bad(
        "unknown key", ("interval_s = 5", "intervall_s = 5"), "intervall_s = 5", "unknown", "did you mean `interval_s`?"
    ),
    bad("unknown in hedge", (RATIO, 'rato = "1"'), 'hedges[0].rato = "1"', "unknown", "did you mean `ratio`?"),
    bad(
        "other place",
        (RATIO, "order_notional = 5"),
        "hedges[0].order_notional = 5",
        "did you mean `caps.order_notional`?",
    ),
    bad("nothing like it", (RATIO, "zzz = 5"), "hedges[0].zzz = 5", "docs/settings.md", "remove it"),
    # Wrong types and ranges.
    bad("ratio above 1", (RATIO, 'ratio = "1.5"'), 'hedges[0].ratio = "1.5"', "from 0 to 1", "Wanted short / exposure"),
    bad("ratio below 0", (RATIO, "ratio = -1"), "hedges[0].ratio = -1", "from 0 to 1"),
    bad("ratio a float", (RATIO, "ratio = 0.5"), "hedges[0].ratio = 0.5", 'as a string ("1") or an integer'),
    bad("ratio a word", (RATIO, 'ratio = "all"'), 'hedges[0].ratio = "all"', "from 0 to 1"),
    bad("ratio a date", (RATIO, "ratio = 2026-01-01"), "hedges[0].ratio: expected a number", "from 0 to 1"),
    bad(
        "no short", ("short = {venue", "kind_of_short = {venue"), "hedges[0].short: is missing, expected a table", "add"
    ),
    bad("ratio a flag", (RATIO, "ratio = true"), "hedges[0].ratio = true", "from 0 to 1"),
    bad("money a float", (BAND, "notional = 20.5"), "hedges[0].band.notional = 20.5", "an amount", 'such as "20.5"'),
    bad("money infinite", (BAND, 'notional = "inf"'), 'hedges[0].band.notional = "inf"', "an amount of 0 or more"),
    bad("money no number", (BAND, 'notional = "NaN"'), 'hedges[0].band.notional = "NaN"', "an amount of 0 or more"),
    bad("money without bound", (BAND, 'notional = "1e400"'), 'hedges[0].band.notional = "1e400"', "an amount"),
    bad("money too fine", (BAND, 'notional = "1e-40"'), 'hedges[0].band.notional = "1e-40"', "an amount"),
    bad("money negative", (BAND, 'notional = "-1"'), 'hedges[0].band.notional = "-1"', "an amount of 0 or more"),
    bad("interval nan", ("interval_s = 5", "interval_s = nan"), "interval_s = NaN", "expected seconds from 0.05"),
    bad("interval 0", ("interval_s = 5", "interval_s = 0"), "interval_s = 0", "expected seconds from 0.05"),
    bad("leverage a float", ("leverage = 1", "leverage = 1.0"), "leverage = 1.0", "a whole number from 1 to 125"),
    bad("leverage text", ("leverage = 1", 'leverage = "x"'), 'leverage = "x"', "a whole number from 1 to 125"),
    bad("leverage flag", ("leverage = 1", "leverage = true"), "leverage = true", "a whole number from 1 to 125"),
    bad("leverage 0", ("leverage = 1", "leverage = 0"), "leverage = 0", "a whole number from 1 to 125"),
    bad("flag as text", (RATIO, 'allow_leverage = "yes"'), 'allow_leverage = "yes"', "true or false"),
    bad("margin mode", ('"isolated"', '"both"'), 'margin = "both"', '"isolated", "cross"', "Margin mode"),
    bad("table as number", ("band = {", "band = 5 # {"), "hedges[0].band = 5", "a table", "How large a gap"),
    bad(
        "list as table", (f"holdings = {HOLDINGS}", "holdings = {}"), "hedges[0].holdings = a table", "a list of tables"
    ),
    bad("no holdings", (HOLDINGS, "[]"), "hedges[0].holdings", "at least one"),
    bad("asset", ('asset = "BTC"', 'asset = "btc"'), 'hedges[0].asset = "btc"', "in capitals"),
    bad("asset missing", ('asset = "BTC"', ""), "hedges[0].asset: is missing", 'such as "BTC"', "add `asset`"),
    bad("name empty", ('name = "btc"', 'name = ""'), 'hedges[0].name = ""', "1 to 64 printable"),
    bad("name too long", ('name = "btc"', f'name = "{"x" * 90}"'), 'hedges[0].name = "xxx', "xxx...", "1 to 64"),
    bad("spot symbol", ("BTC/USDT:USDT", "BTC/USDT"), 'short.symbol = "BTC/USDT"', "a perpetual", "BTC/USDT:USDT"),
    bad("dated future", ("BTC/USDT:USDT", "BTC/USDT:USDT-261225"), "USDT-261225", "a perpetual"),
    bad("venue name", ("venues.main", "venues.Main"), "venues.Main", "small letters", "rename the table"),
    bad("venue no table", ("[venues.main]", "venues = 5\n[x]"), "venues", "a table", "x = a table"),
    # What holds between settings.
    bad("leverage", ("leverage = 1", "leverage = 3"), "short.leverage = 3", "expected 1", "allow_leverage = true"),
    bad(
        "other coin", ("BTC/USDT:USDT", "ETH/USDT:USDT"), '"ETH/USDT:USDT"', "a perpetual on BTC", "correct the symbol"
    ),
    bad(
        "not the coin", ("BTC/USDT:USDT", "1000BTC/USDT:USDT"), "1000BTC", "looks like a multiple", "hedge another coin"
    ),
    bad("R15 coin-margined", INVERSE, "short.margin", 'expected "cross"', "short.leverage = 1", "2 or more"),
    Bad(
        id="R5 margin of a unified account",
        swap=(EXCHANGE, 'exchange = "okx"'),
        more='[[hedges]]\nname="b"\nasset="ETH"\nshort={venue="main", symbol="ETH/USD:ETH"}\n'
        'holdings=[{source="margin", venue="main"}]\n',
        environ={"HEDGEBOT_VENUES__MAIN__PASSWORD": "phrase"},
        says=('hedges[1].holdings[0].source = "margin"', "one account for spot and margin", 'write source = "spot"'),
    ),
    also(
        "R6 margin of two coin-margined shorts",
        "".join(
            f'[[hedges]]\nname="{name}"\nasset="ETH"\nholdings=[{{source="external", amount=1}}]\n'
            f'short={{venue="main", symbol="ETH/{quote}:ETH"}}\n'
            for name, quote in (("x", "USD"), ("y", "USDX"))
        ),
        "hedges[2].short.symbol",
        "ETH in margin on main is already used by hedges[1] (x)",
    ),
    bad(
        "no such venue",
        ('{venue = "main"', '{venue = "mian"'),
        'short.venue = "mian"',
        "no [venues.mian]",
        "mean `main`?",
    ),
    bad("holding venue", ('"spot", venue = "main"', '"spot", venue = "x"'), '[0].venue = "x"', "the file has: main"),
    bad("holding nowhere", ('"spot", venue = "main"', '"spot"'), "holdings[0].venue: is missing", 'venue = "main"'),
    bad("external how much", (HOLDINGS, '[ {source = "external"} ]'), "[0].amount", "exactly one of", 'amount = "3"'),
    bad(
        "external twice",
        (HOLDINGS, '[{source = "external", amount = 1, file = "f"}]'),
        "[0].amount",
        "amount and file given, expected exactly one of amount, file, url",
    ),
    bad("external plain http", (HOLDINGS, '[{source = "external", url = "http://a/b"}]'), "[0].url", '"https://"'),
    bad("external login", (HOLDINGS, '[{source = "external", url = "https://u:p@a/b"}]'), "[0].url", '"https://"'),
    bad("path of nothing", ('"spot",', '"spot", path = "a.b",'), '[0].path = "a.b"', "no file and no url", "remove it"),
    bad("bad path", ('"spot",', '"spot", path = "a..b",'), '[0].path = "a..b"', "joined by dots"),
    bad("token without a rate", ('"spot",', '"spot", asset = "WBTC",'), "[0].asset", "no rate given", "how many BTC"),
    bad(
        "token with two rates",
        ('"spot",', '"spot", asset = "WBTC", rate = 1, rate_file = "f",'),
        "rate and rate_file given, expected exactly one of rate, rate_file, rate_url",
    ),
    bad("rate of the coin", ('"spot",', '"spot", rate = 1,'), "[0].rate", "the holding is BTC itself", "remove it"),
    bad("rate 0", ('"spot",', '"spot", asset = "WBTC", rate = 0,'), "[0].rate = 0", "a rate above 0"),
    bad("rate path of nothing", ('"spot",', '"spot", rate_path = "a",'), "rate_path", "no rate_file and no rate_url"),
    bad(
        "external where",
        (HOLDINGS, '[{source="external", amount=3, venue="main"}]'),
        'venue = "main"',
        "on no venue",
        "remove",
    ),
    bad("spot amount", ('"spot",', '"spot", amount = 3,'), "amount", "the venue tells how much", "external"),
    bad("source", ('"spot"', '"sopt"'), 'source = "sopt"', 'one of "spot"', "Where the coins are"),
    bad("slippage", (RATIO, 'slippage = "0.1"'), "max_slippage_urgent", "at least the slippage, 0.1", "lower slippage"),
    bad(
        "kind unknown",
        ('"spot-perp"', '"grid"'),
        'hedges[0].kind = "grid"',
        'one of "spot-perp"',
        "What the hedge does",
    ),
    bad(
        "same source",
        (HOLDINGS, f"[{HOLDINGS[1:-1]}, {HOLDINGS[1:-1]}]"),
        "holdings[1].source",
        "BTC in spot on main",
        "one",
    ),
    also(
        "two hedges on one symbol",
        ANOTHER_HEDGE.format(name="b", asset="BTC", source="earn", symbol="BTC/USDT:USDT"),
        'hedges[1].short.symbol = "BTC/USDT:USDT"',
        "already used by hedges[0] (btc)",
        "one hedge for each",
        "merge the two",
    ),
    also(
        "R6 coins counted twice",
        ANOTHER_HEDGE.format(name="b", asset="BTC", source="spot", symbol="BTC/USDC:USDC"),
        'hedges[1].holdings[0].source = "spot"',
        "BTC in spot on main is already used by hedges[0] (btc)",
    ),
    also(
        "same name",
        ANOTHER_HEDGE.format(name="btc", asset="BNB", source="spot", symbol="BNB/USDT:USDT"),
        'hedges[1].name = "btc"',
        "already used by hedges[0]",
    ),
    # Exchanges and environments.
    bad(
        "typo", (EXCHANGE, 'exchange = "binanse"'), 'exchange = "binanse"', "unknown exchange", "did you mean `binance"
    ),
    bad("no exchange", (EXCHANGE, 'exchange = "qqqq"'), 'exchange = "qqqq"', "an id of ccxt", "verified are binance"),
    bad("no perpetuals", (EXCHANGE, 'exchange = "bitvavo"'), '"bitvavo"', "no perpetuals", "verified are binance"),
    bad("unverified without testnet", (EXCHANGE, 'exchange = "mexc"'), '"testnet"', "no testnet", "expected `live`"),
    Bad(
        id="unverified on paper",
        paper=True,
        swap=(EXCHANGE, 'exchange = "bybit"'),
        says=('exchange = "bybit"', "no built-in bybit", "the built-in exchanges are binance, kucoin, okx"),
    ),
    bad("okx without passphrase", (EXCHANGE, 'exchange = "okx"'), "venues.main.password", "is missing", "__PASSWORD"),
    bad("kucoin without passphrase", KUCOIN_LIVE, "venues.main.password", "is missing", "__PASSWORD"),
    bad(
        "alias", (EXCHANGE, 'exchange = "binanceusdm"'), '"binanceusdm"', "one exchange is one", 'exchange = "binance"'
    ),
    bad("kucoin", (EXCHANGE, 'exchange = "kucoin"'), 'environment = "testnet"', "no testnet", 'environment = "paper"'),
    Bad(
        id="kucoin on paper all the same",
        paper=True,
        swap=(EXCHANGE, 'exchange = "kucoin"'),
        says=('venues.main.environment = "testnet"', "no testnet", 'environment = "paper"'),
    ),
    bad(
        "real money", (TESTNET, 'environment = "live"'), 'environment = "live"', "real_money = true", "once you mean it"
    ),
    bad("environment", (TESTNET, 'environment = "demo"'), 'environment = "demo"', '"paper", "testnet", "live"'),
    also(
        "paper and live",
        '[venues.a]\nexchange="binance"\nenvironment="paper"\n'
        '[venues.b]\nexchange="binance"\nenvironment="live"\nreal_money=true\n',
        "venues: some venues are on paper and some for real money",
        "two settings files",
    ),
    # Secrets.
    bad(
        "key in file",
        (TESTNET, f'{TESTNET}\napi_key = "{SECRET}"'),
        "venues.main.api_key",
        "_KEY_FILE",
        "replace the key",
    ),
    bad("secret in file", (TESTNET, f'{TESTNET}\nsecret = "{SECRET}"'), "venues.main.secret", "VENUES__MAIN__SECRET"),
    bad(
        "deep key",
        (TESTNET, f'{TESTNET}\no = [{{password = "{SECRET}"}}]'),
        "venues.main.o[0].password",
        "settings file",
    ),
    bad(
        "key on top",
        ("interval_s = 5", f'api_key = "{SECRET}"'),
        "api_key: a key stands",
        "HEDGEBOT_VENUES__MAIN__API_KEY",
    ),
    bad(
        "like a key",
        (TESTNET, f'{TESTNET}\napiKey = "{SECRET}"'),
        "venues.main.apiKey:",
        "unknown",
        "HEDGEBOT_VENUES__",
    ),
    bad("like a token", ("interval_s = 5", f'token = "{SECRET}"'), "token: unknown setting", "docs/settings.md"),
    bad("venue a text", ("[venues.main]", f'[venues]\nmain = "{SECRET}"\n[x]'), "venues.main: expected a table"),
    env(
        "no key", "VENUES__MAIN__API_KEY", "", "venues.main.api_key: is missing", "set HEDGEBOT_VENUES__MAIN__API_KEY,"
    ),
    env(
        "no secret", "VENUES__MAIN__SECRET", "", "venues.main.secret: is missing", "HEDGEBOT_VENUES__MAIN__SECRET_FILE"
    ),
    env("both forms", "VENUES__MAIN__API_KEY_FILE", "/etc/passwd", "venues.main.api_key", "one of them", "unset"),
    Bad(
        id="key file unreadable",
        environ={"HEDGEBOT_VENUES__MAIN__API_KEY": "", "HEDGEBOT_VENUES__MAIN__API_KEY_FILE": f"/nowhere/{SECRET}"},
        says=("venues.main.api_key_file", "can't be read: No such file", "holds the api_key", "correct the path"),
    ),
    Bad(
        id="key file empty, on paper too",
        paper=True,
        environ={"HEDGEBOT_VENUES__MAIN__SECRET": ""},
        swap=(TESTNET, f'{TESTNET}\nsecret_file = "{os.devnull}"'),
        says=("venues.main.secret_file", "the file is empty", "holds the secret"),
    ),
    # The environment.
    env("variable", "INTERVALS", "1", "HEDGEBOT_INTERVALS", "fits no setting", "did you mean `HEDGEBOT_INTERVAL_S`?"),
    env("nothing like it", "QQQQQQQQQQQQ", "1", "HEDGEBOT_QQQQ", "fits no setting", "docs/settings.md"),
    env("list item", "HEDGES__0__RATIO", "1", "HEDGEBOT_HEDGES__0__RATIO", "fits no setting"),
    env("small letters", "interval_s", "1", "HEDGEBOT_interval_s", "fits no setting"),
    env("value", "INTERVAL_S", "soon", 'interval_s = "soon" (from HEDGEBOT_INTERVAL_S)', "expected seconds"),
    env("deep value", "BAND__NOTIONAL", "-1", 'band.notional = "-1" (from HEDGEBOT_BAND__NOTIONAL)', "an amount"),
    env("list no JSON", "HEDGES", SECRET, "HEDGEBOT_HEDGES", "as JSON", "the settings file"),
    env("list a float", "HEDGES", '[{"ratio": 0.5}]', "hedges[0].ratio = 0.5 (from HEDGEBOT_HEDGES)", "from 0 to 1"),
    # The whole command.
    Bad(id="command: no file", command=("run",), given=False, says=("no such settings file", "--config")),
    Bad(
        id="command: ratio", command=("check",), swap=(RATIO, "ratio = 2"), says=("hedges[0].ratio = 2", "from 0 to 1")
    ),
    Bad(
        id="command: paper elsewhere",
        command=("run", "--paper-at", "192.0.2.1:8443", "--paper-ca", __file__),
        names_file=False,
        says=("--paper-at 192.0.2.1:8443", "an address of this machine", "loopback"),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_bad_input_gets_one_clear_message(
    case: Bad, good: str, keys: dict[str, str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "settings.toml"
    assert case.swap[0] in good
    text = case.whole if case.whole is not None else good.replace(*case.swap, 1) + case.more
    if case.given:
        path.write_text(text, encoding="utf-8")
    environ = {**keys, **case.environ}

    if case.command:
        code, said = by_command(case, path, environ)
    else:
        code, said = by_settings(case, path, environ, capfd)

    assert code == case.code
    assert "Traceback" not in said
    named = [path.name] if case.names_file else []
    missing = [part for part in (*named, *case.says) if part not in said]
    assert not missing, said
    for secret in (SECRET, *keys.values()):
        assert secret not in said


def by_settings(
    case: Bad, path: Path, environ: Mapping[str, str], capfd: pytest.CaptureFixture[str]
) -> tuple[int, str]:
    """Exit code and stderr of an input that reading the settings finds."""
    with pytest.raises(ConfigFault) as caught:
        load_settings(path, environ, paper=case.paper)
    code = report(caught.value)
    out, err = capfd.readouterr()
    assert out == ""
    return code, err


def by_command(case: Bad, path: Path, environ: Mapping[str, str]) -> tuple[int, str]:
    """Exit code and stderr of the whole command."""
    command = [sys.executable, "-m", "bot", case.command[0], "--config", str(path), *case.command[1:]]
    done = subprocess.run(
        command,
        env={"PATH": os.environ["PATH"], **environ},
        cwd=path.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == ""
    return done.returncode, done.stderr
