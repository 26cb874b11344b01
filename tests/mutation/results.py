"""What mutmut left behind: every mutant, what became of it, and the line it changed."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

KILLED: Final = frozenset({1, 3})
TIMED_OUT: Final = frozenset({36, 24, -24, 152, 255})
"""Endless loops, and what a limit of processor time ended: the tests noticed."""
SURVIVED: Final = frozenset({0, 5, 33})
"""5 and 33: no test runs the function at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One change of one function.

    Attributes:
        module: such as `core.sizing`.
        function: such as `bounds` or `Executor.execute`.
        noticed: a test failed.
        before, after: the lines changed, one line each, without indentation.
    """

    module: str
    function: str
    noticed: bool
    before: str
    after: str


class Unfinished(Exception):
    """Some mutants were not tried: the run was cut short."""


def mutants(root: Path) -> Iterator[Mutant]:
    """Every mutant under mutmut's directory, by module and in the order of the code.

    Raises:
        Unfinished: a mutant has no result, or one that says nothing of the tests.
    """
    for meta in sorted(root.glob("bot/**/*.py.meta")):
        path = meta.with_suffix("")
        module = ".".join(path.relative_to(root / "bot").with_suffix("").parts)
        for key, code in json.loads(meta.read_text())["exit_code_by_key"].items():
            if code not in KILLED | TIMED_OUT | SURVIVED:
                raise Unfinished(f"{key} ended with {code}")
            mangled, _, _ = key.rpartition("__mutmut_")
            noticed = code not in SURVIVED
            before, after = ("", "") if noticed else _change(path, key.rpartition(".")[2])
            yield Mutant(module=module, function=_name(mangled), noticed=noticed, before=before, after=after)


def _name(mangled: str) -> str:
    """`bot.core.sizing.x_bounds` is `bounds`; a method stands between two marks behind its class."""
    return (
        mangled.rpartition(".")[2].removeprefix("x").lstrip("_ǁ").replace("ǁ", ".")
        if "ǁ" in mangled
        else (mangled.rpartition(".")[2].removeprefix("x_"))
    )


def _change(path: Path, name: str) -> tuple[str, str]:
    original = name.rpartition("__mutmut_")[0] + "__mutmut_orig"
    old, new = (_source(path, function) for function in (original, name))
    changed = [line for line in difflib.ndiff(old, new) if line[:2] in {"- ", "+ "}]
    before, after = (" ".join(line[2:].strip() for line in changed if line[0] == sign) for sign in "-+")
    return before, after


def _source(path: Path, name: str) -> list[str]:
    start, end = _spans(path)[name]
    lines = _lines(path)[start - 1 : end]
    return [line.replace(name, "f") for line in lines]


@cache
def _spans(path: Path) -> dict[str, tuple[int, int]]:
    return json.loads(path.with_suffix(".py.spans").read_text())["spans"]  # type: ignore[no-any-return]


@cache
def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()
