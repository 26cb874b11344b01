"""All values are frozen, slotted and built by keyword, so that none changes under way and none is mixed up."""

import dataclasses
import importlib
import pkgutil

import pytest

import bot.domain


def _values() -> list[type]:
    found: list[type] = []
    for module in pkgutil.iter_modules(bot.domain.__path__):
        loaded = importlib.import_module(f"bot.domain.{module.name}")
        found += [
            kind
            for kind in vars(loaded).values()
            if isinstance(kind, type) and dataclasses.is_dataclass(kind) and kind.__module__ == loaded.__name__
        ]
    return found


@pytest.mark.parametrize("value", _values(), ids=lambda value: value.__name__)
def test_a_value_is_frozen_slotted_and_keyword_only(value: type) -> None:
    assert value.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert "__slots__" in vars(value)
    assert all(field.kw_only for field in dataclasses.fields(value))
    assert value.__doc__
