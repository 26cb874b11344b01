"""Fixtures: a served paper exchange, and a working directory for bots beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.harness import Home, Paper, served_paper, settings_text


@pytest.fixture
def paper() -> Iterator[Paper]:
    with served_paper() as served:
        yield served


@pytest.fixture(scope="module")
def module_paper() -> Iterator[Paper]:
    """One for all tests of a module: each uses an account of its own, and clears the faults that it plans."""
    with served_paper(cold=True) as served:
        yield served


@pytest.fixture
def home(tmp_path: Path, paper: Paper) -> Iterator[Home]:
    place = Home(path=tmp_path, paper=paper)
    place.write(settings_text())
    yield place
    for process in place.running:
        if process.poll() is None:
            process.kill()
            process.wait(timeout=10)
