"""No key, secret or signature leaves the process but in the requests themselves."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping

import pytest

from tests.e2e.harness import Home, Paper, eventually, settings_text
from tests.e2e.venues import verdict

KEY = "paperKEY-5f1d0c7e9b-Qz8_xw"
SECRET = "SECRET+of/nobody=&5f1d0c7e9b"
ENVIRON = {"HEDGEBOT_VENUES__MAIN__API_KEY": KEY}
WRONG = ENVIRON | {"HEDGEBOT_VENUES__MAIN__SECRET": SECRET}
ACCOUNT = f"binance/{KEY}"

SIGNED = (
    *("/api/v3/account", "/fapi/v3/account", "/fapi/v3/positionRisk", "/fapi/v1/symbolConfig"),
    *("/sapi/v1/asset/get-funding-asset", "/fapi/v1/commissionRate", "/fapi/v1/openOrders", "/fapi/v1/userTrades"),
)
PUBLIC = ("/fapi/v1/premiumIndex", "/fapi/v1/ticker/bookTicker", "/fapi/v1/time")
WRITES = ("/fapi/v1/order", "/fapi/v1/leverage", "/fapi/v1/marginType")
KINDS = ("http-503", "html-200", "drop-before", "drop-after", "http-503-after", "reject", "empty-list")

SIGNATURE = re.compile(rb"signature[\"']?\s*(?:=|%3D|:)\s*[\"']?(?!\*\*\*)[^\s\"'&]", re.IGNORECASE)
DIGEST = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


def texts(home: Home) -> Iterator[tuple[str, bytes]]:
    """Every file that the bot left: its log, its journal, and whatever else."""
    for path in sorted(home.path.rglob("*")):
        if path.is_file():
            yield path.name, path.read_bytes()


def assert_clean(home: Home, *said: str) -> None:
    for name, content in (*texts(home), *(("output", text.encode()) for text in said)):
        assert KEY.encode() not in content, f"key in {name}"
        assert SECRET.encode() not in content, f"secret in {name}"
        found = SIGNATURE.search(content) or DIGEST.search(content)
        assert found is None, f"{found[0]!r} in {name}"


def assert_nothing_leaks_anywhere(home: Home) -> None:
    status = home.command("status", "--journal", str(home.journal), "--json")
    seen = home.command("status", "--journal", str(home.journal))
    assert status.returncode == seen.returncode == 0, status.stderr
    assert_clean(home, status.stdout, status.stderr, seen.stdout, seen.stderr)


def afflict(paper: Paper, kind: str, paths: Iterable[str]) -> None:
    for path in paths:
        paper.fault(path, kind, count=1000)


def command(home: Home, name: str, *words: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return home.command(name, "--config", str(home.config), *home.paper.options(), *words, env=env)


def log_lines(home: Home) -> int:
    return home.path.joinpath("log.jsonl").read_text().count("\n")


@pytest.mark.timeout(300)
def test_a_daemon_that_suffers_everything_shows_no_key(home: Home) -> None:
    """Each fault on every request, in turn, while it opens and follows a hedge."""
    bot = home.daemon("--live", env=ENVIRON)
    eventually("hedged", lambda: home.paper.short(name=ACCOUNT) == 1)
    for kind in KINDS:
        afflict(home.paper, kind, (*SIGNED, *PUBLIC, *WRITES))
        home.paper.deposit("0.05", account=ACCOUNT)
        before = log_lines(home)
        eventually(f"it told of {kind}", lambda: log_lines(home) > before + 6)  # noqa: B023 - called in this round
        home.paper.post("/clear-faults")
        assert bot.poll() is None
    home.paper.fault("/fapi/v1/order", "drop-after", method="POST")
    home.paper.deposit("0.1", account=ACCOUNT)
    eventually("the gap closes", lambda: verdict(home) == "balanced", within_s=60)
    assert home.stop(bot) == 0
    assert_nothing_leaks_anywhere(home)


@pytest.mark.parametrize("kind", ["http-503", "html-200", "drop-before", "reject"])
def test_a_start_that_fails_shows_no_key(home: Home, kind: str) -> None:
    """Early, on the first request; and late, on the signed ones."""
    for paths, environ in (((*PUBLIC, *SIGNED), WRONG), (SIGNED, ENVIRON)):
        home.paper.post("/clear-faults")
        afflict(home.paper, kind, paths)
        for words in (("run", "--live", "--once"), ("check",)):
            done = command(home, *words, "--json", env=environ)
            assert "Traceback" not in done.stdout + done.stderr
            assert_clean(home, done.stdout, done.stderr)


def test_a_wrong_secret_is_refused_and_not_shown(home: Home) -> None:
    for words in (("run", "--live", "--once"), ("run", "--once"), ("check",)):
        done = command(home, *words, env=WRONG)
        assert done.returncode == 3, done.stderr
        assert "-1022" in done.stdout + done.stderr
        assert_clean(home, done.stdout, done.stderr)


def test_a_key_from_a_file_is_not_shown(home: Home) -> None:
    away = home.path.parent / "secrets"
    away.mkdir()
    key = away / "key"
    key.write_text(KEY + "\n")
    environ = {"HEDGEBOT_VENUES__MAIN__API_KEY_FILE": str(key)}
    done = home.run_once("--live", env=environ)
    assert done.returncode == 0, done.stderr
    assert home.paper.short(name=ACCOUNT) == 1
    assert_clean(home, done.stdout, done.stderr)


def test_keys_in_a_settings_file_are_refused_unseen(home: Home) -> None:
    paper = 'environment = "paper"'
    home.write(settings_text().replace(paper, f'{paper}\napi_key = "{KEY}"\nsecret = "{SECRET}"'))
    done = home.run_once("--live")
    assert done.returncode == 2
    home.config.unlink()
    assert_clean(home, done.stdout, done.stderr)
