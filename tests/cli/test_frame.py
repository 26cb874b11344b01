"""The command line's frame: options, exit codes, and one readable message for each error."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.cli.check import check_json, exit_code_of, print_checks
from bot.cli.errors import exit_code, report, worst_known
from bot.cli.options import run_options
from bot.domain.check import CheckLine, CheckVerdict
from bot.domain.errors import (
    BotError,
    ConfigFault,
    InvariantBroken,
    JournalFault,
    NotOffered,
    StartFault,
    VenueBusy,
    VenueRejected,
    VenueUnreachable,
    VenueUnreadable,
)
from bot.settings import RunOptions

CONFIG = Path("x.toml")
LINES = (
    CheckLine(name="main: clock", verdict=CheckVerdict.PASS, detail="12 ms ahead", hint="not shown"),
    CheckLine(name="main: Earn", verdict=CheckVerdict.WARN, detail="not offered here", hint="use [spot] only"),
    CheckLine(name="btc: symbol", verdict=CheckVerdict.FAIL, detail="no such symbol", hint="correct it"),
)


def venue_fault(kind: type[VenueRejected | VenueUnreachable | VenueUnreadable | NotOffered]) -> BotError:
    return kind("said no", venue="main", operation="read balances")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigFault("x"), 2),
        (StartFault("x"), 3),
        (JournalFault("x"), 3),
        (venue_fault(VenueRejected), 3),
        (venue_fault(VenueUnreadable), 3),
        (venue_fault(NotOffered), 3),
        (venue_fault(VenueUnreachable), 5),
        (VenueBusy("x", venue="main", operation="y", retry_at_ms=1), 5),
        (InvariantBroken("x"), 1),
    ],
)
def test_each_error_has_its_exit_code(error: BotError, code: int) -> None:
    assert exit_code(error) == code


def test_of_several_errors_the_lowest_code_wins() -> None:
    config = ConfigFault("x")
    group = BaseExceptionGroup("", [venue_fault(VenueUnreachable), ExceptionGroup("", [config, ValueError()])])
    assert worst_known(group) is config
    assert worst_known(BaseExceptionGroup("", [KeyboardInterrupt()])) is None


def test_an_error_is_a_message_and_a_hint_without_signatures(capsys: pytest.CaptureFixture[str]) -> None:
    assert report(StartFault("GET /x?signature=abcdef", hint="try again")) == 3
    assert report(StartFault("no hint")) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "hedgebot: GET /x?signature=***\nhint: try again\nhedgebot: no hint\n"


def test_options_are_taken_as_given(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.touch()
    plain = run_options(config=CONFIG, paper=False, paper_at=None, paper_ca=None)
    assert plain == RunOptions(settings_path=CONFIG)
    assert not plain.on_paper
    embedded = run_options(config=CONFIG, paper=True, paper_at=None, paper_ca=None, live=True, once=True)
    assert embedded == RunOptions(settings_path=CONFIG, paper=True, live=True, once=True)
    assert embedded.on_paper
    for text, at in {
        "127.0.0.1:8443": ("127.0.0.1", 8443),
        "localhost:1": ("127.0.0.1", 1),
        "[::1]:65535": ("::1", 65_535),
        "127.9.9.9:80": ("127.9.9.9", 80),
    }.items():
        served = run_options(config=CONFIG, paper=False, paper_at=text, paper_ca=ca)
        assert (served.paper_at, served.paper_ca, served.on_paper) == (at, ca, True)


@pytest.mark.parametrize(
    ("paper", "paper_at", "ca", "says"),
    [
        (True, "127.0.0.1:1", True, "expected one paper exchange"),
        (False, None, True, "expected --paper-at HOST:PORT with it"),
        (False, "127.0.0.1:1", False, "expected --paper-ca FILE with it"),
        (False, "192.0.2.1:1", True, "expected an address of this machine"),
        (False, "0.0.0.0:1", True, "expected an address of this machine"),
        (False, "example.com:1", True, "expected HOST:PORT"),
        (False, "127.0.0.1", True, "expected HOST:PORT"),
        (False, "127.0.0.1:x", True, "expected HOST:PORT"),
        (False, "127.0.0.1:0", True, "expected a port"),
        (False, "127.0.0.1:70000", True, "expected a port"),
    ],
)
def test_only_a_paper_exchange_of_this_machine_is_taken(
    paper: bool, paper_at: str | None, ca: bool, says: str, tmp_path: Path
) -> None:
    file = tmp_path / "ca.pem"
    file.touch()
    with pytest.raises(ConfigFault, match=says) as caught:
        run_options(config=CONFIG, paper=paper, paper_at=paper_at, paper_ca=file if ca else None)
    assert caught.value.hint


def test_a_ca_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigFault, match="there is no such file"):
        run_options(config=CONFIG, paper=False, paper_at="127.0.0.1:1", paper_ca=tmp_path / "ca.pem")


def test_checks_are_drawn_with_their_marks_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    print_checks(LINES)
    out = capsys.readouterr().out
    for part in ("✓ pass", "! warn", "✗ fail", "12 ms ahead", "→ use [spot] only", "→ correct it"):
        assert part in out
    assert "not shown" not in out
    assert out.splitlines()[-1] == "1 pass, 1 warn, 1 fail"


def test_checks_as_json_and_their_exit_code() -> None:
    found = check_json(LINES)
    assert {key: found[key] for key in ("pass", "warn", "fail")} == {"pass": 1, "warn": 1, "fail": 1}
    assert json.loads(json.dumps(found))["checks"][2] == {
        "name": "btc: symbol",
        "verdict": "fail",
        "detail": "no such symbol",
        "hint": "correct it",
    }
    assert exit_code_of(LINES) == 3
    assert exit_code_of(LINES[:2]) == 0


def hedgebot(*args: str, code: str = "from bot.__main__ import main; raise SystemExit(main())") -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the command, or of a few lines that stand for it."""
    done = subprocess.run(
        [sys.executable, "-c", code, *args],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )
    return done.returncode, done.stdout, done.stderr


def test_version_and_help() -> None:
    assert hedgebot("--version")[:2] == (0, "hedgebot 0.1.0\n")
    code, out, _ = hedgebot("--help")
    assert code == 0
    assert not [name for name in ("run", "check", "status", "resume", "paper") if name not in out]


def test_a_wrong_option_is_exit_code_2() -> None:
    code, out, err = hedgebot("run", "--lve")
    assert (code, out) == (2, "")
    assert "No such option" in err


RAISES = """
import bot.__main__ as command
def fail(): raise {error}
command.run_command_line = fail
raise SystemExit(command.main())
"""


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        ("KeyboardInterrupt", 130, ""),
        ("BaseExceptionGroup('', [__import__('bot').domain.errors.StartFault('x')])", 3, "hedgebot: x\n"),
    ],
)
def test_what_a_command_raises_becomes_its_exit_code(error: str, code: int, says: str) -> None:
    assert hedgebot(code=RAISES.format(error=error)) == (code, "", says)


@pytest.mark.parametrize(
    "error", ["ValueError('signature=abc')", "BaseExceptionGroup('signature=abc', [ValueError(1)])"]
)
def test_an_error_of_ours_is_one_line_and_a_traceback_in_the_log(error: str) -> None:
    code, out, err = hedgebot(code=RAISES.format(error=error))
    log, message = err.splitlines()
    assert (code, out) == (1, "")
    assert json.loads(log)["event"] == "command.failed"
    assert "Traceback" in json.loads(log)["exception"]
    assert "abc" not in log
    assert message == "hedgebot: internal error; the log line above says where"
