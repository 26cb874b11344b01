"""Runs ccxt's own test suite, from a copy of ccxt, against a served paper exchange: a process of its own.

Usage: `python launcher.py HOST PORT CA_FILE FOLDER [the suite's own arguments]`; FOLDER holds the copy, `ccxt/`.

The suite's own start file, `tests_init.py`, also imports the unit tests of ccxt's base classes, and with them a library
that nothing else needs; what it then does for a live test are the three lines at the end of `main`.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from bot.paper.client import LoopbackConnector


def _connector(host: str, port: int, ca_file: Path, **_: object) -> LoopbackConnector:
    return LoopbackConnector(host, port, ca_file)


def main(host: str, port: str, ca_file: str, folder: str, *arguments: str) -> None:
    """Send every connection that ccxt opens to one local port, then run the suite as if it had been started itself."""
    # Another base address would fail the suite's check of the constructor, and bend ccxt's error table.
    aiohttp.TCPConnector = partial(_connector, host, int(port), Path(ca_file))  # type: ignore[misc,assignment]
    sys.path[:0] = [str(Path(folder) / "ccxt" / "test"), folder]
    sys.argv = ["tests_init.py", *arguments]
    if "--fundedTests" in arguments:
        mending: Any = importlib.import_module("mending")
        mending.mend_order_test()
    helpers: Any = importlib.import_module("tests_helpers")
    suite: Any = importlib.import_module("tests_async")
    asyncio.run(suite.testMainClass().init(helpers.argvExchange, helpers.argvSymbol, helpers.argvMethod))


if __name__ == "__main__":
    main(*sys.argv[1:])
