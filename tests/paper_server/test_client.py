"""The session that ccxt gets reaches the paper exchange and nothing else."""

from __future__ import annotations

import socket
from pathlib import Path

import aiohttp
import pytest

from bot.paper.client import local_session, loopback_address
from bot.paper.embedded import ServedPaper, serve_paper
from bot.paper.tls import temporary_certificates
from bot.runtime.clock import SystemClock

PING = "https://api.binance.com/api/v3/ping"


@pytest.mark.parametrize("host", ["10.0.0.1", "::", "example.com", "", "127.0.0.1.example.com", "api.binance.com"])
async def test_only_a_loopback_host_is_accepted(paper: ServedPaper, host: str) -> None:
    with pytest.raises(ValueError, match="not on this machine"):
        local_session(host, paper.port, paper.ca)


@pytest.mark.parametrize(("host", "address"), [("localhost", "127.0.0.1"), ("127.0.0.2", "127.0.0.2"), ("::1", "::1")])
def test_loopback_hosts(host: str, address: str) -> None:
    assert str(loopback_address(host)) == address


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_every_name_leads_to_the_paper_exchange(paper: ServedPaper, host: str) -> None:
    async with local_session(host, paper.port, paper.ca) as session:
        for name in ("api.binance.com", "demo-fapi.binance.com", "testnet.binance.vision", "kucoin.com"):
            async with session.get(f"https://{name}:9443/") as response:
                assert response.status in {200, 404}


@pytest.mark.parametrize("literal", ["192.0.2.1", "[2001:db8::1]", "10.255.255.1"])
async def test_an_address_literal_can_not_leave_the_machine(paper: ServedPaper, literal: str) -> None:
    async with local_session(paper.host, paper.port, paper.ca) as session:
        with pytest.raises(aiohttp.ClientConnectorError, match="nothing leaves this machine"):
            await session.get(f"https://{literal}/")


async def test_a_proxy_in_the_environment_is_not_used(paper: ServedPaper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://192.0.2.1:3128")
    async with local_session(paper.host, paper.port, paper.ca) as session, session.get(PING) as response:
        assert response.status == 200


async def test_only_the_ca_of_this_run_is_trusted(paper: ServedPaper) -> None:
    now_ms = SystemClock().now_ms()
    with temporary_certificates(now_ms) as other:
        async with local_session(paper.host, paper.port, other.ca_file) as session:
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await session.get(PING)


async def test_names_that_are_not_served_have_no_certificate(paper: ServedPaper) -> None:
    async with local_session(paper.host, paper.port, paper.ca) as session:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get("https://example.com/")


async def test_a_missing_or_empty_ca_file_is_an_error(paper: ServedPaper, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").touch()
    for name in ("none.pem", "empty.pem"):
        with pytest.raises(OSError, match=r".+"):
            local_session(paper.host, paper.port, tmp_path / name)


async def test_the_server_listens_on_loopback_only() -> None:
    async with serve_paper(time_ms=SystemClock().now_ms) as paper:
        assert paper.host == "127.0.0.1"
        with socket.socket() as other:
            # Another local address of the same machine: nothing listens there.
            assert other.connect_ex(("127.0.0.2", paper.port)) != 0
