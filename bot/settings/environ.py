"""`HEDGEBOT_*` variables: which setting each one is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from pydantic import BaseModel
from pydantic_settings import EnvSettingsSource, SettingsError

from bot.settings.model import DELIMITER, PREFIX, Document, VenueTable
from bot.settings.problems import KeyPath, Problem, did_you_mean

_VENUE_FIELDS: Final = "|".join(name.upper() for name in VenueTable.model_fields)
_FOREIGN_VENUE: Final = re.compile(rf"{PREFIX}VENUES{DELIMITER}(?P<venue>.+?){DELIMITER}(?:{_VENUE_FIELDS})")


@dataclass(slots=True, kw_only=True)
class Environ:
    """The environment's share of the settings.

    Attributes:
        tree: nested like the file.
        names: the variables that fitted.
    """

    tree: dict[str, object] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def variable(self, path: KeyPath) -> str:
        """The variable that gives the value at a path; empty when it came from the file."""
        for end in range(len(path), 0, -1):
            name = variable_of(path[:end])
            if name in self.names:
                return name
        return ""


def variable_of(path: KeyPath) -> str:
    """The variable that overrides the setting at a path."""
    return PREFIX + DELIMITER.join(str(part).upper() for part in path)


def read_environ(environ: Mapping[str, str], venues: Iterable[str]) -> Environ:
    """Sort the variables into settings, warnings and problems. An empty variable counts as not set.

    Args:
        environ: all variables of the process.
        venues: the venues that the file has.
    """
    known = frozenset(_known(venues))
    ours = {name: value for name, value in environ.items() if name.startswith(PREFIX)}
    found = Environ(names=frozenset(name for name in ours if name in known and ours[name]))
    for name in sorted(ours.keys() - known):
        foreign = _FOREIGN_VENUE.fullmatch(name)
        hint = did_you_mean(name, sorted(known))
        if foreign:
            venue = foreign["venue"].lower()
            found.warnings.append(
                f"{name} is ignored: there is no [venues.{venue}] in this file" + (f"; {hint}" if hint else "")
            )
        else:
            hint = hint or "unset it, or see docs/settings.md for the variables there are"
            found.problems.append(Problem(key=name, text="this environment variable fits no setting", hint=hint))
    source = EnvSettingsSource(Document)
    source.env_vars = {name.lower(): ours[name] for name in found.names}
    try:
        found.tree = source()
    except SettingsError:
        found.problems.append(
            Problem(
                key=variable_of(("hedges",)),
                text="expected the whole list of hedges as JSON",
                hint="better: leave the hedges to the settings file",
            )
        )
    return found


def _known(venues: Iterable[str]) -> Iterator[str]:
    """Every variable that fits: single values at any depth outside lists, and the list of hedges as JSON."""
    for path in _leaves(Document, ()):
        yield variable_of(path)
    for venue in venues:
        for path in _leaves(VenueTable, ("venues", venue)):
            yield variable_of(path)


def _leaves(model: type[BaseModel], under: KeyPath) -> Iterator[KeyPath]:
    for name, info in model.model_fields.items():
        kind = info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _leaves(kind, (*under, name))
        elif (*under, name) != ("venues",):
            yield (*under, name)
