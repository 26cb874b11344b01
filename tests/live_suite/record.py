"""Runs ccxt's own suite and writes down what it reported as done.

Usage: `python -m tests.live_suite.record [--streams] [--show] [EXCHANGE [SYMBOL]]`; with `--show` nothing is written
and the whole output is shown. A run with failures or warnings is never recorded.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

from tests.live_suite import page
from tests.live_suite.suite import CASES, HERE, REST, STREAMS, Outcome, read_json, run


def _record(exchange: str, symbol: str, kind: str, outcome: Outcome) -> None:
    lists = read_json("methods", exchange)
    lists.setdefault(symbol, {})[kind] = sorted(outcome.done)
    file = HERE / "methods" / f"{exchange}.json"
    file.write_text(json.dumps(lists, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def main() -> int:
    """Run the cases asked for, one after the other.

    Returns:
        How many of them had failures or warnings.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("exchange", nargs="?")
    parser.add_argument("symbol", nargs="?")
    parser.add_argument("--streams", action="store_true")
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    kind, arguments = ("streams", STREAMS) if options.streams else ("rest", REST)
    failed = 0
    for exchange, symbol in CASES:
        if options.exchange not in {None, exchange} or options.symbol not in {None, symbol}:
            continue
        with tempfile.TemporaryDirectory() as folder:
            outcome = asyncio.run(run(exchange, symbol, Path(folder), arguments))
        if options.show:
            sys.stdout.write(outcome.text)
        troubles = "\n  ".join([*outcome.trouble, *(f"not supported: {method}" for method in outcome.refused)])
        sys.stdout.write(f"{exchange} {symbol}: {len(outcome.done)} done\n  {troubles}\n")
        failed += bool(troubles)
        if not troubles and not options.show:
            _record(exchange, symbol, kind, outcome)
    if not options.show:
        page.PAGE.write_text(page.text(), encoding="utf-8")
    return failed


if __name__ == "__main__":
    sys.exit(main())
