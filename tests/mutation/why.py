"""Why a mutant may live: by rule for what no test should notice, by hand for the rest."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tests.mutation.results import Mutant

BY_HAND: Final = Path(__file__).with_name("survivors.toml")

_WORDS: Final = re.compile(r"f?\"[^\"]*\"|f?'[^']*'")
_NAMED_WORDS: Final = (
    r"(f?\"[^\"]* [^\"]*\"(?: f?\"[^\"]*\")*|reason|why|told|detail|hint|too_small|overdrawn|situation\.waiting)"
)
_NOTHING_SAID: Final = re.compile(rf"(?:\w+\s*=\s*)?{_NAMED_WORDS}(?=[,)]|$)")


def _only_words(mutant: Mutant) -> bool:
    """The same code but for the text between quotes, which has a space in it: a sentence, not a key."""
    before, after = _WORDS.sub('""', mutant.before), _WORDS.sub('""', mutant.after)
    changed = set(_WORDS.findall(mutant.before)) - set(_WORDS.findall(mutant.after))
    return bool(before) and before == after and all(" " in text for text in changed)


def _no_words(mutant: Mutant) -> bool:
    """None, or nothing, where a sentence was."""
    if not mutant.before:
        return False
    silenced = {_NOTHING_SAID.sub("None", mutant.before, count=1)}
    for found in _NOTHING_SAID.finditer(mutant.before):
        start, end = found.span(1)
        silenced.add(mutant.before[:start] + "None" + mutant.before[end:])
    dropped = not mutant.after.strip(") ") and bool(re.match(r"(hint|detail|reason)=", mutant.before))
    return mutant.after in silenced or dropped


_SIDE_TOLD: Final = re.compile(r"\btoo_small\([\w.]+, (?:side|Side\.\w+)(?=,)")


def _side_of_a_sentence(mutant: Mutant) -> bool:
    """`pair_size.too_small` names the side in its sentence, and judges by coins and price."""
    return any(
        mutant.before[: found.end()].rpartition(" ")[0] + " None" + mutant.before[found.end() :] == mutant.after
        for found in _SIDE_TOLD.finditer(mutant.before)
    )


def _never_reached(mutant: Mutant) -> bool:
    return "assert_never(" in mutant.before and (mutant.after in {"", "assert_never(None)"})


def _zero_of_a_sum(mutant: Mutant) -> bool:
    """`sum` begins at 0 by itself, which equals ours."""
    return any(
        mutant.before[: found.end(1)] + ", )" + mutant.before[found.end() :] == mutant.after
        for found in re.finditer(r"\bsum\((.*?), ZERO\)", mutant.before)
        if found[1].count("(") == found[1].count(")")
    )


_PRICE: Final = re.compile(r"((?:instrument\.(?:coins|contracts)\(|short_coins\([\w.]+, )[\w. *]+, )[\w.]+\)")


def _mark_of_a_linear_contract(mutant: Mutant) -> bool:
    """Ladder and fallback are for linear contracts only, whose coins are no matter of the price."""
    return mutant.module.startswith(("core.ladder", "core.legs")) and any(
        mutant.before[: found.end(1)] + "None)" + mutant.before[found.end() :] == mutant.after
        for found in _PRICE.finditer(mutant.before)
    )


def _only_logged(mutant: Mutant) -> bool:
    return mutant.module == "runtime.executor" and bool(
        re.search(r"\blog\b|_log\b|plain\(|logs\.|^(side|contracts|collar|reduce_only)=request", mutant.before)
    )


RULES: Final[Mapping[str, Callable[[Mutant], bool]]] = {
    "only the words of a sentence differ": _only_words,
    "a sentence is left out, the decision is the same": _no_words,
    "the side stands in the sentence only": _side_of_a_sentence,
    "the type checker proves that the arm is never reached": _never_reached,
    "a sum of none is 0 either way": _zero_of_a_sum,
    "the coins of a linear contract do not depend on the price": _mark_of_a_linear_contract,
    "only what a log line carries": _only_logged,
}


def by_hand(path: Path = BY_HAND) -> dict[tuple[str, str, str], str]:
    """Reasons by function and changed line, which outlive a renumbering."""
    entries = tomllib.loads(path.read_text()).get("survivor", [])
    return {(entry["function"], entry["before"], entry["after"]): entry["why"] for entry in entries}


def reason(mutant: Mutant, known: Mapping[tuple[str, str, str], str]) -> str:
    """One line, or nothing when nobody has said why."""
    for why, holds in RULES.items():
        if holds(mutant):
            return why
    return known.get((f"{mutant.module}.{mutant.function}", mutant.before, mutant.after), "")
