"""One run of ccxt's own test suite against a paper exchange, and what it said.

The suite ends with 0 even when tests failed, and leaves private tests out in silence when keys are missing. So a run
counts only by its words, and by the list of methods that it reported as done.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import ccxt

from bot.paper.embedded import serve_paper
from bot.runtime.clock import SystemClock
from tests.live_suite.seasoned import KEY, season, stir

HERE: Final = Path(__file__).parent
#: Which exchanges are run, each with a symbol of every kind that it trades.
CASES: Final = (
    ("binance", "BTC/USDT"),
    ("binance", "BTC/USDT:USDT"),
    ("binanceusdm", "BTC/USDT:USDT"),
    ("binancecoinm", "BTC/USD:BTC"),
    ("okx", "BTC/USDT"),
    ("okx", "BTC/USDT:USDT"),
    ("kucoin", "BTC/USDT"),
    ("kucoinfutures", "BTC/USDT:USDT"),
)
REST: Final = ("--private", "--fundedTests")
STREAMS: Final = ("--private", "--ws")
LONGEST_S: Final = 240
_STATED: Final = re.compile(r"^\[INFO\] (?P<state>[A-Z_]+(?: DONE)?) +\S+ (?P<method>\w+)")
_MISSING: Final = ("UNSUPPORTED_TEST", "UNIMPLEMENTED_TEST")
_TROUBLE: Final = ("[TEST_FAILURE]", "[TEST_WARNING]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one run said.

    Attributes:
        done: methods tested to their end.
        skipped: methods that our list of skips left out.
        missing: methods that ccxt does not have for this exchange, or has no test for.
        refused: methods that ended with "not supported", which the suite takes for no failure.
        trouble: each failure and warning with what followed it.
        text: everything.
    """

    done: frozenset[str]
    skipped: frozenset[str]
    missing: frozenset[str]
    refused: frozenset[str]
    trouble: tuple[str, ...]
    text: str


def outcome_of(text: str) -> Outcome:
    """Read a run's output."""
    stated: dict[str, set[str]] = {}
    for line in text.splitlines():
        found = _STATED.match(line)
        if found is not None:
            stated.setdefault(found["state"], set()).add(found["method"])
    return Outcome(
        done=frozenset(stated.get("TESTING DONE", ())),
        skipped=frozenset(stated.get("SKIPPED_TEST", ())),
        missing=frozenset().union(*(stated.get(state, ()) for state in _MISSING)),
        refused=frozenset(stated.get("NOT_SUPPORTED", ())),
        trouble=tuple(line for line in text.splitlines() if line.startswith(_TROUBLE)),
        text=text,
    )


def read_json(kind: str, exchange: str) -> dict[str, Any]:
    """The committed file `kind/EXCHANGE.json`; empty when there is none."""
    file = HERE / kind / f"{exchange}.json"
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return content


def skips_of(exchange: str, symbol: str) -> dict[str, Any]:
    """Method -> why it is left out, or which of its members are and why; `*` holds for every symbol."""
    skips = read_json("skips", exchange)
    return {**skips.get("*", {}), **skips.get(symbol, {})}


def lay_out(folder: Path, exchange: str, symbol: str) -> Path:
    """Make what the suite wants to find around itself: ccxt outside of `site-packages`, keys and skips two levels up.

    Returns:
        The folder that holds ccxt.
    """
    library = folder / "python"
    installed = Path(ccxt.__file__).parent
    # Folders of our own on the way to the tests, links below: the suite looks above itself with `..`.
    copied = library / "ccxt"
    (copied / "test").mkdir(parents=True)
    for entry in [*installed.iterdir(), *(installed / "test").iterdir()]:
        link = copied / entry.relative_to(installed)
        if not link.exists():
            link.symlink_to(entry)
    keys = {exchange: {"apiKey": KEY, "secret": "paper", "password": "paper"}}
    (folder / "keys.local.json").write_text(json.dumps(keys), encoding="utf-8")
    skips = {exchange: {"skipMethods": skips_of(exchange, symbol)}}
    (folder / "skip-tests.json").write_text(json.dumps(skips), encoding="utf-8")
    return library


async def run(exchange: str, symbol: str, folder: Path, arguments: tuple[str, ...]) -> Outcome:
    """Run the suite against a paper world of its own.

    Args:
        exchange: ccxt's id.
        symbol: ccxt's symbol.
        folder: empty; the suite's surroundings are made here.
        arguments: `REST` or `STREAMS`.
    """
    library = lay_out(folder, exchange, symbol)
    async with serve_paper(time_ms=SystemClock().now_ms) as paper, asyncio.TaskGroup() as ours:
        season(paper.world)
        stirring = ours.create_task(stir(paper.world)) if "--ws" in arguments else None
        where = (paper.host, str(paper.port), str(paper.ca), str(library))
        text = await _output(folder, *where, exchange, symbol, *arguments, "--info")
        if stirring is not None:
            stirring.cancel()
    return outcome_of(text)


async def _output(folder: Path, *arguments: str) -> str:
    """What the process wrote; one that takes too long is ended, and has failed."""
    file = folder / "output.txt"
    ending = ""
    with file.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-u", str(HERE / "launcher.py"), *arguments, stdout=output, stderr=output, cwd=folder
        )
        try:
            async with asyncio.timeout(LONGEST_S):
                await process.wait()
        except TimeoutError:
            ending = f"\n[TEST_FAILURE] not done after {LONGEST_S} s"
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    return file.read_text(encoding="utf-8", errors="replace") + ending


def expected(exchange: str, symbol: str) -> Mapping[str, list[str]]:
    """The committed lists of one case: `rest` and `streams`."""
    lists: Mapping[str, list[str]] = read_json("methods", exchange).get(symbol, {})
    return lists
