"""`hedgebot paper` as a process: its one line, its exit codes, what it leaves behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import ssl
import stat
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509

from bot.paper.client import local_session
from bot.paper.embedded import serve_paper
from bot.paper.server import PortTaken
from bot.paper.tls import SERVED_NAMES, temporary_certificates
from bot.runtime.clock import SystemClock


@asynccontextmanager
async def started(*arguments: str) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "paper", *arguments, stdout=PIPE, stderr=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
async def test_it_serves_until_stopped_and_leaves_nothing(number: signal.Signals, code: int) -> None:
    async with started("--port", "0", "--admin-port", "0") as process:
        assert process.stdout is not None
        where = json.loads(await process.stdout.readline())
        assert set(where) == {"listen", "ca", "admin"}
        host, port = where["listen"].split(":")
        ca = Path(where["ca"])
        assert stat.S_IMODE(ca.parent.stat().st_mode) == 0o700
        assert [path.name for path in ca.parent.iterdir()] == [ca.name]
        async with (
            local_session(host, int(port), ca) as session,
            session.get("https://fapi.binance.com/fapi/v1/ping") as response,
        ):
            assert response.status == 200
        async with aiohttp.ClientSession() as http, http.get(f"{where['admin']}/state") as response:
            assert (await response.json())["accounts"] == {}

        process.send_signal(number)
        rest, errors = await process.communicate()

    assert (process.returncode, rest, errors) == (code, b"", b"")
    assert not ca.parent.exists()


@pytest.mark.parametrize("option", ["--port", "--admin-port"])
async def test_a_taken_port_is_one_clear_message(option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with started(option, str(port)) as process:
            output, errors = await process.communicate()

    assert (process.returncode, output) == (2, b"")
    message, hint = errors.decode().splitlines()
    assert f"can't listen on port {port}" in message
    assert "--port" in hint


async def test_a_port_that_does_not_exist_is_refused() -> None:
    async with started("--port", "70000") as process:
        output, errors = await process.communicate()

    assert (process.returncode, output) == (2, b"")
    assert b"65535" in errors
    assert b"Traceback" not in errors


async def test_a_taken_port_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken) as caught:
            async with serve_paper(time_ms=SystemClock().now_ms, admin_port=port):
                pass
    assert caught.value.port == port
    assert not any(os.scandir(tmp_path))


def test_the_certificate_is_for_the_venues_names_and_two_days() -> None:
    now_ms = SystemClock().now_ms()
    with temporary_certificates(now_ms) as certificates:
        ca = x509.load_pem_x509_certificate(certificates.ca_file.read_bytes())
        trusting = ssl.create_default_context(cafile=certificates.ca_file)
        leaf = _presented(certificates.server, trusting)
        assert list(certificates.ca_file.parent.iterdir()) == [certificates.ca_file]

    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert tuple(names.get_values_for_type(x509.DNSName)) == SERVED_NAMES
    for certificate in (ca, leaf):
        assert 0 <= certificate.not_valid_after_utc.timestamp() - now_ms / 1000 - 2 * 86_400 + 1 <= 1
    assert not certificates.ca_file.parent.exists()


def _presented(server: ssl.SSLContext, client: ssl.SSLContext) -> x509.Certificate:
    """The certificate that a TLS client is shown, by a handshake in memory."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname="fapi.binance.com")
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    for side in (ours, theirs, ours, theirs):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    shown = ours.getpeercert(binary_form=True)
    assert shown is not None
    return x509.load_der_x509_certificate(shown)
