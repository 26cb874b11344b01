"""What is wrong with the settings, in words: file, key, value, what was expected, what to do. Never a secret."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, cast

from bot.domain.errors import ConfigFault

KeyPath = tuple[str | int, ...]

SECRET_FIELDS: Final = ("api_key", "secret", "password")
_SECRET_LOOKING: Final = re.compile("key|secret|pass|token|phrase|private|sign", re.IGNORECASE)
_HARMLESS: Final = frozenset({"allow_withdraw_key"})
_VALUE_LENGTH: Final = 60
_VENUE_DEPTH: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        key: where, such as `hedges[0].ratio`, or the environment variable.
        text: what was found and what was expected, a sentence without its full stop.
        value: the value as it may be shown; empty when there is none or it is hidden.
        variable: the environment variable that the value came from.
        hint: what to do.
    """

    key: str
    text: str
    value: str = ""
    variable: str = ""
    hint: str = ""

    def line(self) -> str:
        """Everything but the hint, on one line."""
        shown = f"{self.key} = {self.value}" if self.value else self.key
        origin = f" (from {self.variable})" if self.variable else ""
        return f"{shown}{origin}: {self.text}"


def fault(path: Path, problems: Sequence[Problem]) -> ConfigFault:
    """All problems of one file as one error."""
    if len(problems) == 1:
        return ConfigFault(f"{path}: {problems[0].line()}", hint=problems[0].hint)
    lines = [f"{path}: {len(problems)} settings are wrong"]
    for problem in problems:
        lines.append(f"  {problem.line()}")
        if problem.hint:
            lines.append(f"    hint: {problem.hint}")
    return ConfigFault("\n".join(lines))


def dotted(path: KeyPath) -> str:
    """A key as people write it: `hedges[0].short.symbol`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def shown(path: KeyPath, value: object) -> str:
    """A value as it may stand in a message; empty for everything that is, or looks like, a secret."""
    if hidden(path):
        return ""
    match value:
        case bool() | int() | float() | str():
            text = json.dumps(value, ensure_ascii=False)
            return text if len(text) <= _VALUE_LENGTH else text[:_VALUE_LENGTH] + "..."
        case Mapping():
            return "a table"
        case list() | tuple():
            return "a list"
        case _:
            return ""


def at(tree: object, path: KeyPath) -> object:
    """The value at a path of nested tables and lists; None when there is none."""
    for part in path:
        table = isinstance(tree, Mapping) and part in tree
        item = isinstance(tree, list | tuple) and isinstance(part, int) and part < len(tree)
        if not (table or item):
            return None
        tree = cast("Any", tree)[part]
    return tree


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """A hint that names the closest known word; empty when none is close."""
    close = get_close_matches(word, known, n=1)
    return f"did you mean `{close[0]}`?" if close else ""


def hidden(path: KeyPath) -> bool:
    """Whether the value at a path is, or looks like, a secret."""
    if not path or path[-1] in _HARMLESS:
        return False
    parts = path
    if path[0] == "venues":
        if len(path) <= _VENUE_DEPTH:
            return True
        parts = path[_VENUE_DEPTH:]
    return any(isinstance(part, str) and _SECRET_LOOKING.search(part) for part in parts)
