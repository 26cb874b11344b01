"""Answers changed on their way: lists emptied, rows doubled, fields rewritten. Digits that are not touched stay."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Final, Self

from bot.domain.numbers import plain
from bot.paper.wire.http import Response

JsonText = str
"""A value as JSON, such as `"0"` with its quotes, `0` or `null`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What happens to a field of an answer, wherever it occurs.

    Args:
        field: a name, or several joined by dots, such as `data.details.eq`: the last ones of the way to the field;
            lists on the way are not counted.
        value: the new value as JSON; None with `factor` None: the field is missing.
        factor: a number, in JSON or in a string, is multiplied by it and keeps its form; others stay.
        where: `(name, value)`: only in objects in which another field has this text.
    """

    field: str
    value: JsonText | None = None
    factor: Decimal | None = None
    where: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        """Refuse an edit that can't be made. Raises ValueError."""
        if not self.field or (self.value is not None and self.factor is not None):
            raise ValueError("an edit needs a field, and either a value or a factor")
        if self.value is not None:
            json.loads(self.value)


class _Digits(float):
    """A JSON number with the very text that it had."""

    text: str

    def __new__(cls, text: str) -> Self:
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __repr__(self) -> str:
        return self.text


_MISSING: Final = object()


def emptied(response: Response, lists: tuple[str, ...]) -> Response:
    """The same answer with an empty list; unchanged when it has none of the known lists, or is an error."""

    def change(body: object) -> object:
        return [] if isinstance(body, list) else _over_lists(body, lists, lambda _: [])

    return _rewritten(response, change)


def doubled(response: Response, lists: tuple[str, ...]) -> Response:
    """The same answer with every row of its list twice; unchanged when it has none, or is an error."""

    def twice(rows: list[object]) -> list[object]:
        return [row for row in rows for _ in range(2)]

    def change(body: object) -> object:
        return twice(body) if isinstance(body, list) else _over_lists(body, lists, twice)

    return _rewritten(response, change)


def mangled(response: Response, edit: Edit) -> Response:
    """The same answer with a field changed; errors and what is no JSON stay as they are."""
    return _rewritten(response, lambda body: _edited(body, edit, ()))


def truncated(response: Response) -> Response:
    """The first half of the answer, with status 200."""
    return replace(response, status=200, body=response.body[: len(response.body) // 2])


def _rewritten(response: Response, change: Callable[[object], object]) -> Response:
    if response.status != 200:
        return response
    try:
        body = json.loads(response.body, parse_float=_Digits)
    except ValueError:
        return response
    return replace(response, body=_dumped(change(body)).encode())


def _dumped(node: object) -> str:
    """JSON without blanks, numbers with their own digits."""
    if isinstance(node, _Digits):
        return node.text
    if isinstance(node, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{_dumped(value)}" for name, value in node.items()) + "}"
    if isinstance(node, list):
        return "[" + ",".join(_dumped(item) for item in node) + "]"
    return json.dumps(node)


def _over_lists(node: object, lists: tuple[str, ...], change: Callable[[list[object]], list[object]]) -> object:
    """Change the named lists; of one within another only the inner one, so that figures beside it stay."""
    if not isinstance(node, dict):
        return node
    return {name: _list_changed(name, value, lists, change) for name, value in node.items()}


def _list_changed(
    name: str, value: object, lists: tuple[str, ...], change: Callable[[list[object]], list[object]]
) -> object:
    if isinstance(value, list):
        inner = [_over_lists(item, lists, change) for item in value]
        return change(value) if name in lists and inner == value else inner
    return _over_lists(value, lists, change)


def _edited(node: object, edit: Edit, way: tuple[str, ...]) -> object:
    if isinstance(node, list):
        return [_edited(item, edit, way) for item in node]
    if not isinstance(node, dict):
        return node
    meant = edit.where is None or str(node.get(edit.where[0])) == edit.where[1]
    wanted = tuple(edit.field.split("."))
    after: dict[str, object] = {}
    for name, value in node.items():
        here = (*way, name)
        changed = _edited(value, edit, here)
        if meant and here[-len(wanted) :] == wanted:
            changed = _replaced(value, edit)
        if changed is not _MISSING:
            after[name] = changed
    return after


def _replaced(value: object, edit: Edit) -> object:
    if edit.value is not None:
        return json.loads(edit.value, parse_float=_Digits)
    if edit.factor is None:
        return _MISSING
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return value
    try:
        product = plain(Decimal(str(value)) * edit.factor)
    except InvalidOperation:
        return value
    return product if isinstance(value, str) else _Digits(product)
