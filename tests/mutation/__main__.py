"""`make mutate`: break core and executor in every small way, count what the tests notice, say why the rest may live."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.mutation import why
from tests.mutation.results import Mutant, mutants

ROOT: Final = Path(__file__).parents[2]
LEFT_BEHIND: Final = ROOT / "mutants"
PAGE: Final = ROOT / "docs" / "mutation.md"
SCORE_MIN: Final = 90.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--date", required=True)
    parser.add_argument("--commit", required=True)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--again", action="store_true", help="read the results of the last run, run nothing")
    given = parser.parse_args()
    if not given.again:
        run(given.jobs)
    found = list(mutants(LEFT_BEHIND))
    known = why.by_hand()
    explained = [(mutant, why.reason(mutant, known)) for mutant in found if not mutant.noticed]
    PAGE.write_text(page(found, explained, given.date, given.commit))
    unexplained = [mutant for mutant, reason in explained if not reason]
    for mutant in unexplained:
        say(f"{mutant.module}.{mutant.function}\n  - {mutant.before}\n  + {mutant.after}")
    score = share(found)
    say(
        f"{len(found)} mutants, {score:.1f} % noticed, {len(explained)} survive, {len(unexplained)} of them unexplained"
    )
    return int(score < SCORE_MIN or bool(unexplained))


def say(text: str) -> None:
    """To the person who runs it."""
    sys.stdout.write(text + "\n")


def run(jobs: int) -> None:
    """All of it, which takes minutes; mutmut goes on where it was cut short."""
    LEFT_BEHIND.mkdir(exist_ok=True)
    with (LEFT_BEHIND / "run.log").open("w") as log:
        command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(jobs)]
        if subprocess.run(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, check=False).returncode:
            sys.exit(f"mutmut could not run; see {log.name}")


def share(found: Sequence[Mutant]) -> float:
    """Per cent of the mutants that a test noticed."""
    return 100 * sum(mutant.noticed for mutant in found) / len(found)


def page(found: Sequence[Mutant], explained: Sequence[tuple[Mutant, str]], date: str, commit: str) -> str:
    """`docs/mutation.md`."""
    lines = [
        "# Mutation tests",
        "",
        "`make mutate` changes every line of `bot/core` and of the executor in every small way that mutmut knows",
        "(an operator, a bound, a sign, a default, an argument left out) and runs the tests of both against",
        "each of these broken bots. This page is what it wrote.",
        "",
        f"{date}, commit {commit}: {len(found)} mutants, **{share(found):.1f} %** noticed, {len(explained)} survive.",
        "At least 90 % must be noticed, and every survivor needs its reason.",
        "",
        "| Module | Mutants | Noticed | % |",
        "| --- | ---: | ---: | ---: |",
    ]
    for module in sorted({mutant.module for mutant in found}):
        own = [mutant for mutant in found if mutant.module == module]
        lines.append(f"| `{module}` | {len(own)} | {sum(one.noticed for one in own)} | {share(own):.1f} |")
    lines += ["", "## Survivors by reason", "", "| Why it may live | Mutants |", "| --- | ---: |"]
    classes = Counter(reason if reason in why.RULES else "said one by one" for _, reason in explained)
    lines += [f"| {reason} | {count} |" for reason, count in classes.most_common()]
    lines += ["", "## Survivors one by one", "", "Each with what it was changed to."]
    for module in sorted({mutant.module for mutant, _ in explained}):
        lines += ["", f"### `{module}`", ""]
        for mutant, reason in explained:
            if mutant.module == module:
                lines.append(f"- `{mutant.function}`: `{shown(mutant)}`: {reason or 'unexplained'}")
    return "\n".join(lines) + "\n"


def shown(mutant: Mutant) -> str:
    """The changed line, or the one that went."""
    return (mutant.after or f"without {mutant.before}").replace("`", "'")


if __name__ == "__main__":
    sys.exit(main())
