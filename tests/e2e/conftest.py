"""Fixtures: a served paper exchange, and a working directory for bots beside it."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.harness import HEDGEBOT, Home, Paper, clean_environ, settings_text


@pytest.fixture
def paper() -> Iterator[Paper]:
    process = subprocess.Popen(
        [*HEDGEBOT, "paper", "--port", "0", "--admin-port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env=clean_environ(),
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    where = json.loads(line)
    yield Paper(process=process, at=where["listen"], ca=where["ca"], admin=where["admin"])
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 0
    process.stdout.close()


@pytest.fixture
def home(tmp_path: Path, paper: Paper) -> Iterator[Home]:
    place = Home(path=tmp_path, paper=paper)
    place.write(settings_text())
    yield place
    for process in place.running:
        if process.poll() is None:
            process.kill()
            process.wait(timeout=10)
