"""Replays say nothing of every turn."""

from __future__ import annotations

import pytest

from bot import logs


@pytest.fixture(autouse=True)
def quiet() -> None:
    logs.configure(level="critical")
