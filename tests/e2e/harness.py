"""The real command over real sockets: a served paper exchange, its admin interface, and bots beside it."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, TypeVar
from urllib.parse import urlencode

import pytest

from tests.e2e.processes import Process, started

T = TypeVar("T")


def eventually(what: str, holds: Callable[[], T], within_s: float = 30.0, every_s: float = 0.1) -> T:
    """The first true value of `holds`; fails after `within_s` seconds of real time."""
    pause = threading.Event()
    end = time.monotonic() + within_s
    while True:
        value = holds()
        if value:
            return value
        if time.monotonic() > end:
            pytest.fail(f"not within {within_s} s: {what}")
        pause.wait(every_s)


def throughout(what: str, holds: Callable[[], object], for_s: float, every_s: float = 0.1) -> None:
    """Fails as soon as `holds` is false within the next `for_s` seconds of real time."""
    pause = threading.Event()
    end = time.monotonic() + for_s
    while time.monotonic() < end:
        assert holds(), what
        pause.wait(every_s)


def rarely(*cases: Any) -> list[Any]:  # noqa: ANN401 - whatever a test is parametrised by
    """Cases for `make torture` alone: contract tests, catalogue and simulation tell them in-process at every run."""
    return [pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.torture) for case in cases]


def clean_environ(**more: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("HEDGEBOT_")} | more


@dataclass
class Paper:
    """A served paper exchange and its admin interface."""

    process: Process
    at: str
    ca: str
    admin: str

    def options(self) -> list[str]:
        return ["--paper-at", self.at, "--paper-ca", self.ca]

    def state(self) -> Any:  # noqa: ANN401
        with urllib.request.urlopen(f"{self.admin}/state", timeout=10) as answer:  # noqa: S310
            return json.load(answer)

    def post(self, path: str, /, **body: object) -> Any:  # noqa: ANN401
        data = json.dumps(body).encode()
        request = urllib.request.Request(f"{self.admin}{path}", data=data, method="POST")  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            pytest.fail(f"{path}: {error.read().decode()}")

    def deposit(self, amount: str, asset: str = "BTC", wallet: str = "spot", account: str = "binance/paper") -> None:
        self.post("/deposit", account=account, wallet=wallet, asset=asset, amount=amount)

    def fault(
        self,
        path: str,
        kind: str,
        count: int = 1,
        method: str | None = None,
        delay_s: float = 0,
        *,
        venue: str = "binance",
    ) -> None:
        body: dict[str, object] = {"venue": venue, "path": path, "kind": kind, "count": count, "delay_s": delay_s}
        self.post("/fault", **body | ({"method": method} if method else {}))

    def account(self, name: str = "binance/paper") -> Any:  # noqa: ANN401
        return self.state()["accounts"].get(name, {"wallets": {}, "positions": [], "orders": []})

    def orders(self, name: str = "binance/paper") -> list[dict[str, Any]]:
        return list(self.account(name)["orders"])

    def short(self, symbol: str = "BTCUSDT", name: str = "binance/paper") -> Decimal:
        """Contracts of the short; negative would be a long."""
        rows = [row for row in self.account(name)["positions"] if row["symbol"] == symbol]
        return sum(
            (Decimal(row["contracts"]) * (1 if row["side"].lower() == "short" else -1) for row in rows), Decimal(0)
        )

    def ask(
        self, method: str, path: str, *, host: str = "fapi.binance.com", key: str = "paper", **fields: object
    ) -> Any:  # noqa: ANN401
        """One signed request of an account's owner, beside the bot and without its code; the JSON of the answer."""
        query = urlencode({**fields, "timestamp": self.state()["time_ms"]})
        signature = hmac.new(b"paper", query.encode(), hashlib.sha256).hexdigest()
        address, _, port = self.at.partition(":")
        trusted = ssl.create_default_context(cafile=self.ca)
        with closing(http.client.HTTPSConnection(host, timeout=10)) as connection:
            plain = socket.create_connection((address, int(port)), timeout=10)
            connection.sock = trusted.wrap_socket(plain, server_hostname=host)
            connection.request(method, f"{path}?{query}&signature={signature}", headers={"X-MBX-APIKEY": key})
            answer = connection.getresponse()
            body = json.loads(answer.read())
        assert answer.status == 200, body
        return body

    def leverage_and_mode(self, symbol: str = "BTCUSDT", **how: str) -> tuple[int, str]:
        """As the venue has them set: leverage, and `CROSSED` or `ISOLATED`."""
        (row,) = self.ask("GET", "/fapi/v1/symbolConfig", symbol=symbol, **how)
        return row["leverage"], row["marginType"]


@contextmanager
def served_paper(*, cold: bool = False) -> Iterator[Paper]:
    """`hedgebot paper` until the block ends; it must end well."""
    words = ("paper", "--port", "0", "--admin-port", "0")
    told, tell = os.pipe()
    with open(told) as stdout:  # noqa: PTH123 - a descriptor
        process = started(words, Path.cwd(), clean_environ(), tell, 2, cold=cold)
        os.close(tell)
        try:
            where = json.loads(stdout.readline())
            yield Paper(process=process, at=where["listen"], ca=where["ca"], admin=where["admin"])
        finally:
            process.send_signal(signal.SIGTERM)
            code = process.wait(timeout=20)
    assert code == 0


FAST = {
    "interval_s": '"1"',
    "confirm_s": '"0.2"',
    "dwell_s": '"3"',
    "settle_s": '"0"',
    "proof_grace_s": '"1"',
    "proof_spacing_s": '"0.5"',
}
"""Shorter waits than the defaults; one test keeps the defaults."""


def settings_text(
    *,
    asset: str = "BTC",
    symbol: str = "BTC/USDT:USDT",
    holdings: str = '{source = "spot", venue = "main"}',
    hedge: str = "",
    top: Mapping[str, str] | None = None,
    environment: str = "paper",
    exchange: str = "binance",
) -> str:
    lines = [f"{name} = {value}" for name, value in (FAST | dict(top or {})).items()]
    return "\n".join(
        [
            *lines,
            "[journal]",
            'path = "journal.db"',
            "[venues.main]",
            f'exchange = "{exchange}"',
            f'environment = "{environment}"',
            "[[hedges]]",
            'name = "hedge"',
            'kind = "spot-perp"',
            f'asset = "{asset}"',
            f"holdings = [{holdings}]",
            f'short = {{venue = "main", symbol = "{symbol}"}}',
            hedge,
            "",
        ]
    )


@dataclass
class Home:
    """A working directory with a settings file, and the bots started in it."""

    path: Path
    paper: Paper
    running: list[Process] = field(default_factory=list)

    @property
    def config(self) -> Path:
        return self.path / "hedge.toml"

    @property
    def journal(self) -> Path:
        return self.path / "journal.db"

    def write(self, text: str) -> None:
        self.config.write_text(text)

    def command(
        self, *words: str, env: Mapping[str, str] | None = None, timeout_s: float = 120, cold: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """The whole command, to its end; `cold` as in `processes.started`."""
        with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
            process = started(words, self.path, clean_environ(**(env or {})), stdout, stderr, cold=cold)
            try:
                code = process.wait(timeout=timeout_s)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(timeout=10)
                raise
            for output in (stdout, stderr):
                output.seek(0)
            return subprocess.CompletedProcess(words, code, stdout.read(), stderr.read())

    def run_once(self, *words: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return self.command(
            "run", "--config", str(self.config), *self.paper.options(), "--once", "--json", *words, env=env
        )

    def daemon(
        self,
        *words: str,
        env: Mapping[str, str] | None = None,
        stdout: IO[str] | None = None,
        cold: bool = False,
    ) -> Process:
        """Start the bot as a daemon; what it logs, and without `stdout` what it shows, goes to `log.jsonl`."""
        run = ("run", "--config", str(self.config), *self.paper.options(), *words)
        with (self.path / "log.jsonl").open("a") as log:
            process = started(run, self.path, clean_environ(**(env or {})), stdout or log, log, cold=cold)
        self.running.append(process)
        return process

    def stop(self, process: Process) -> int:
        process.send_signal(signal.SIGTERM)
        return process.wait(timeout=30)

    def logged(self, event: str) -> list[dict[str, Any]]:
        """What daemons have logged under that name, oldest first; a line that is still being written is left out."""
        lines = (self.path / "log.jsonl").read_text().splitlines(keepends=True)
        found = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("\n")]
        return [line for line in found if line.get("event") == event]

    def status(self) -> Any:  # noqa: ANN401
        done = self.command("status", "--journal", str(self.journal), "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
