"""For all tests: which of them are not traced for coverage."""

from __future__ import annotations

from pathlib import Path

import pytest

STORIES = tuple(
    Path(__file__).parent / name
    for name in ("catalogue", "crash", "e2e", "fallback", "ladder", "live_suite", "pairs", "replay", "sim")
)
"""They tell stories to the whole bot for minutes. Tracing doubles that, and the other tests reach the same lines.

`no_cover` of pytest-cov would say the same, but pytest-xdist's workers go on tracing.
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(item.path.is_relative_to(place) for place in STORIES):
            item.add_marker("story")
