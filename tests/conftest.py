"""For all tests: which of them are not traced for coverage."""

from __future__ import annotations

from pathlib import Path

import pytest

UNTRACED = tuple(Path(__file__).parent / name for name in ("catalogue", "crash", "ladder/test_rally.py", "sim"))
"""They tell stories to the whole bot for minutes. Tracing doubles that, and the other tests reach the same lines."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(item.path.is_relative_to(place) for place in UNTRACED):
            item.add_marker("no_cover")
