"""What the bots say is not looked at here."""

from __future__ import annotations

import gc
import logging
import warnings
from collections.abc import Iterator

import pytest

from tests.sim.output import captured


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Nothing is written down, which saves time."""
    with captured(lambda _: None, lambda: 0):
        logging.getLogger("bot").setLevel(logging.CRITICAL)
        with warnings.catch_warnings():
            # What was about to begin when the power went never does.
            warnings.filterwarnings("ignore", message="coroutine .* was never awaited", category=RuntimeWarning)
            yield
            gc.collect()
