"""Pydantic's findings, in the words of a settings file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import NoneType
from typing import Any, Final, TypeGuard, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from bot.settings.environ import Environ, variable_of
from bot.settings.kinds import Expect
from bot.settings.model import MODELS, Document, HedgeTable
from bot.settings.problems import KeyPath, Problem, at, did_you_mean, dotted, hidden, shown
from bot.settings.tables import Kind

_KEY_MARK: Final = "[key]"
_HEDGE_DEPTH: Final = 2


def explain(error: ValidationError, merged: Mapping[str, Any], env: Environ) -> Iterator[Problem]:
    """One problem for each finding.

    Args:
        error: what pydantic found.
        merged: what it looked at.
        env: tells which values came from the environment.
    """
    for detail in error.errors(include_input=False, include_url=False):
        path: KeyPath = detail["loc"]
        table: type[BaseModel] = MODELS[Kind.SPOT_PERP]
        if path[:1] == ("hedges",) and len(path) > _HEDGE_DEPTH:
            # Pydantic puts the kind that it judged by into the path.
            table = MODELS[Kind(str(path[_HEDGE_DEPTH]))]
            path = (*path[:_HEDGE_DEPTH], *path[_HEDGE_DEPTH + 1 :])
        yield _one(path, detail, merged, env, table)


def _one(
    path: KeyPath, detail: ErrorDetails, merged: Mapping[str, Any], env: Environ, hedge: type[BaseModel]
) -> Problem:
    if path[-1] == _KEY_MARK:
        name = str(path[-2])
        return Problem(
            key=dotted(path[:-1]), text=f"`{name}` is no name here, expected {detail['msg']}", hint="rename the table"
        )
    match detail["type"]:
        case "missing":
            info = field_at(path, hedge)
            return Problem(
                key=dotted(path),
                text=f"is missing, expected {expected(info)}",
                hint=f"add `{path[-1]}`: {_means(info)}",
            )
        case "extra_forbidden":
            return Problem(
                key=dotted(path),
                value=shown(path, at(merged, path)),
                variable=env.variable(path),
                text="unknown setting, expected one that docs/settings.md names",
                hint=_closest(path, hedge),
            )
        case "expected":
            text = f"expected {detail['msg']}"
        case "too_short":
            text = f"expected at least one [[{dotted(path)}]]"
        case "tuple_type":
            text = "expected a list of tables"
        case _:
            text = "expected a table"
    return Problem(
        key=dotted(path),
        value=shown(path, at(merged, path)),
        variable=env.variable(path),
        text=text,
        hint=_means(field_at(path, hedge)),
    )


def expected(info: FieldInfo | None) -> str:
    """What a field takes, in words."""
    for mark in _marks(info):
        if isinstance(mark, Expect):
            return mark.text
    return "a table" if info is None or not get_args(info.annotation) else "tables"


def _marks(info: FieldInfo | None) -> Iterator[object]:
    if info is None:
        return
    yield from info.metadata
    # `X | None` keeps the marks of X inside the annotation.
    for part in get_args(info.annotation):
        yield from getattr(part, "__metadata__", ())


def field_at(path: KeyPath, hedge: type[BaseModel] = HedgeTable) -> FieldInfo | None:
    """The model's field at a path; None for what is none: `venues.main`, `hedges[0]`, an unknown key.

    Args:
        path: in the file.
        hedge: what a path within a hedge is looked up in.
    """
    return _walk(path, hedge)[0]


def _walk(path: KeyPath, hedge: type[BaseModel]) -> tuple[FieldInfo | None, type[BaseModel] | None]:
    """The field at a path and, where a table is, the table's model."""
    info: FieldInfo | None = None
    model: type[BaseModel] | None = Document
    items: type[BaseModel] | None = None
    for part in path:
        if items is not None:
            info, model, items = None, hedge if items is HedgeTable else items, None
            continue
        info = model.model_fields.get(str(part)) if model else None
        model, items = children(info)
    return info, model


def children(info: FieldInfo | None) -> tuple[type[BaseModel] | None, type[BaseModel] | None]:
    """The model of the table that a field holds, and the model of the tables in a field that holds many."""
    kind = info.annotation if info else None
    if _is_model(kind):
        return kind, None
    within = next(_models_in(kind), None)
    return (within, None) if NoneType in get_args(kind) else (None, within)


def _models_in(kind: object) -> Iterator[type[BaseModel]]:
    """The tables that a list, a choice or an optional value may hold, the first kind of hedge first."""
    for part in get_args(kind):
        if _is_model(part):
            yield part
        else:
            yield from _models_in(part)


def _is_model(kind: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _means(info: FieldInfo | None) -> str:
    return info.description or "" if info else ""


def _closest(path: KeyPath, hedge: type[BaseModel]) -> str:
    """Where an unknown key may belong."""
    if hidden(path):
        return f"credentials come from the environment, such as {variable_of((*path[:2], 'api_key'))}"
    word = str(path[-1])
    _, model = _walk(path[:-1], hedge)
    near = did_you_mean(word, sorted(model.model_fields)) if model else ""
    elsewhere = next((key for key in _keys(Document, ()) if key[-1] == word), None)
    return near or (f"did you mean `{dotted(elsewhere)}`?" if elsewhere else "remove it")


def _keys(model: type[BaseModel], under: KeyPath) -> Iterator[KeyPath]:
    for name, info in model.model_fields.items():
        yield (*under, name)
        table, items = children(info)
        below = table or items
        if below is not None:
            yield from _keys(below, (*under, name))
