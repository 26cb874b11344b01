"""What the bots say is not looked at here."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.sim.output import captured


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Nothing is written down, which saves time."""
    with captured(lambda _: None, lambda: 0):
        logging.getLogger("bot").setLevel(logging.CRITICAL)
        yield
