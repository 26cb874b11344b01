"""`python -m tests.sim`: run seeds of the simulation."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import time
from decimal import Decimal

from rich.console import Console

from tests.sim.runner import Kind, Order, line_of, run

SEED_MAX = 10**9


def main() -> int:
    """Run what the command line asks for. Returns the exit code: 1 when something did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.sim", description=__doc__)
    parser.add_argument("--seeds", type=int, help="how many; without it as many as fit into --budget-s")
    parser.add_argument("--hours", type=Decimal, default=Decimal(1), help="of virtual time for each seed")
    parser.add_argument("--first-seed", type=int, help="drawn, and printed, when it is not given")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="seeds at a time")
    parser.add_argument("--budget-s", type=float, help="no seed begins that would likely end after so many seconds")
    parser.add_argument("--kind", type=Kind, choices=list(Kind), help="only seeds of this kind of hedge")
    parser.add_argument("--no-shrink", action="store_true", help="don't look for the shortest failing beginning")
    parser.add_argument("--json", action="store_true", help="the result line as JSON")
    given = parser.parse_args()
    if given.seeds is None and given.budget_s is None:
        parser.error("give --seeds, --budget-s, or both")
    order = Order(
        first=secrets.randbelow(SEED_MAX) if given.first_seed is None else given.first_seed,
        hours=given.hours,
        seeds=given.seeds,
        jobs=given.jobs,
        budget_s=given.budget_s,
        shrink=not given.no_shrink,
        kind=given.kind,
    )
    console = Console(stderr=True)
    console.print(f"sim: first seed {order.first}, {order.hours} h each, {order.jobs} at a time", highlight=False)
    began_s = time.monotonic()
    tally = run(order, console)
    sys.stdout.write(line_of(order, tally, time.monotonic() - began_s, as_json=given.json) + "\n")
    return 1 if tally.violations else 0


if __name__ == "__main__":
    sys.exit(main())
