"""A seed is a run: the same event log byte for byte in any process, another one for another seed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOURS = "0.06"
SEEDS = (2, 13, 21, 7)
"""With streams and without, with one venue and with two; the last is of a cross-exchange hedge."""
RUN = """
import sys
from decimal import Decimal
from tests.sim.runner import run_seed
for seed in map(int, sys.argv[2:]):
    result = run_seed(seed, Decimal(sys.argv[1]))
    sys.stdout.write(f"{seed} {result.sha256} {result.events} {result.violation}\\n")
"""


def run(*seeds: int, hash_seed: str) -> list[str]:
    """The event logs' sums of some seeds, one after the other in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, HOURS, *map(str, seeds)],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_a_seed_gives_the_same_event_log_in_every_process() -> None:
    first = run(*SEEDS, hash_seed="0")
    # In another order, and with another order of sets.
    second = run(*reversed(SEEDS), hash_seed="7")
    assert first == second[::-1]
    sums = {line.split()[1] for line in first}
    assert len(sums) == len(SEEDS)
