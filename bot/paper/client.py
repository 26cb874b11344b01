"""The aiohttp session through which ccxt reaches a served paper exchange, and nothing else."""

from __future__ import annotations

import errno
import ipaddress
import socket
import ssl
from pathlib import Path

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult


def loopback_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The address behind a loopback host.

    Args:
        host: `127.0.0.1`, another loopback literal, or `localhost`.

    Raises:
        ValueError: anything else; the paper exchange is on this machine only.
    """
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        address = None
    if address is None or not address.is_loopback:
        raise ValueError(f"{host!r} is not on this machine: the paper exchange is reached at 127.0.0.1 only")
    return address


class _EveryName(AbstractResolver):
    """Sends every host name to one local port."""

    def __init__(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int) -> None:
        self._host = str(address)
        self._port = port
        self._family = socket.AF_INET if address.version == 4 else socket.AF_INET6

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The paper exchange's address, whatever was asked."""
        del port, family
        return [
            ResolveResult(
                hostname=host,
                host=self._host,
                port=self._port,
                family=self._family,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        """Nothing to release."""


def _loopback_socket(
    peer: tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[object, ...]],
) -> socket.socket:
    """A socket for a peer on this machine; an address literal in a URL gets here past the resolver."""
    family, kind, proto, _, sockaddr = peer
    if not ipaddress.ip_address(str(sockaddr[0])).is_loopback:
        raise PermissionError(errno.EACCES, "in paper mode nothing leaves this machine")
    return socket.socket(family=family, type=kind, proto=proto)


class LoopbackConnector(aiohttp.TCPConnector):
    """Connects to one port on this machine under any host name, and trusts one CA.

    Args:
        host: a loopback host.
        port: where the paper exchange listens.
        ca_file: the CA that the paper exchange made; no other is trusted.

    Raises:
        ValueError: the host is not loopback.
        OSError: the CA file can't be read (`ssl.SSLError`, one of its subclasses: it holds no certificate).
    """

    def __init__(self, host: str, port: int, ca_file: Path) -> None:
        super().__init__(
            resolver=_EveryName(loopback_address(host), port),
            ssl=ssl.create_default_context(cafile=ca_file),
            socket_factory=_loopback_socket,
        )


def local_session(host: str, port: int, ca_file: str | Path) -> aiohttp.ClientSession:
    """A session for ccxt (`{"session": ...}`) that reaches only the paper exchange; the caller closes it.

    Args:
        host: `127.0.0.1`, another loopback address, or `localhost`.
        port: where the paper exchange listens.
        ca_file: the file that `hedgebot paper` named as `ca`.

    Raises:
        ValueError: the host is not loopback.
        OSError: the CA file can't be read or holds no certificate.
    """
    session = aiohttp.ClientSession(
        connector=LoopbackConnector(host, port, Path(ca_file)), trust_env=False, cookie_jar=aiohttp.DummyCookieJar()
    )
    # aiohttp repeats a GET, PUT or DELETE whose kept-alive connection was dropped; a command is sent once (R20).
    session._retry_connection = False  # noqa: SLF001 - there is no public switch; aiohttp's own test client does this
    return session
