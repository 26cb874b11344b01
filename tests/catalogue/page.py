"""Writes the catalogue into `docs/faults.md`, between its two marks; the rest of the page is written by hand.

Usage: `python -m tests.catalogue.page`.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.catalogue.case import CASES, Case

HERE: Final = Path(__file__).parent
PAGE: Final = HERE.parents[1] / "docs" / "faults.md"
BEGIN: Final = "<!-- catalogue: written by `python -m tests.catalogue.page` -->"
END: Final = "<!-- end of the catalogue -->"

NUMBERS: Final = range(1, 65)
OPEN: Final = {
    57: "two instances on one account, beyond one machine: leases come with several machines; on one machine a file "
    "lock holds (`tests/journal`)",
    58: "locks behind a connection pooler: there is no database server yet",
    63: "a dashboard that closes positions: there is no dashboard yet",
}
"""Cases without a story, and why."""


def stories() -> list[Case]:
    """Every story, by number and in the order it is told."""
    for path in sorted(HERE.glob("test_*.py")):
        importlib.import_module(f"tests.catalogue.{path.stem}")
    return sorted(CASES.values(), key=lambda case: case.number)


def text() -> str:
    """What stands between the marks."""
    told = stories()
    proven = {case.number for case in told}
    lines = [
        f"{len(proven)} of {len(NUMBERS)} cases are proven, by {len(told)} stories; {len(OPEN)} are open.",
        "",
        "| case | what happens | what the bot does | told on | the broken bot of the proof | test |",
        "|---|---|---|---|---|---|",
        *_rows(told),
        "",
        "Open:",
        "",
        *(f"- {number}: {why}." for number, why in OPEN.items() if number not in proven),
    ]
    return "\n".join(lines)


def _rows(told: list[Case]) -> Iterator[str]:
    for case in told:
        where = f"`{case.module.rpartition('.')[2]}.py::{case.name}`"
        on = ", ".join(case.on) or "a reader alone"
        cells = (str(case.number), case.trigger, case.holds, on, f"{case.mutant}", where)
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def page(old: str) -> str:
    """The page with the catalogue as it is now."""
    before, begin, rest = old.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{PAGE.name} lacks the marks of the catalogue")
    return f"{before}{BEGIN}\n\n{text()}\n\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
