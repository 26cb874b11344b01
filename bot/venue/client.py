"""Makes the ccxt client, and makes sure of where it points before it may be used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
from ccxt.async_support.binance import binance as Binance  # noqa: N812 - a class

from bot.domain.environment import Environment
from bot.domain.errors import ConfigFault, InvariantBroken, StartFault
from bot.venue.session import OnceSession
from bot.venue.shapes import parse_json
from bot.venue.spec import Offer, VenueSpec, offer_of

TIMEOUT_MS: Final = 10_000
"""Longer than any order stays valid (R21), so that a timeout always comes after the deadline."""
READ_WINDOW_MS: Final = 5_000
"""How old a signed read may be when the venue gets it."""


class AnswerFault(Exception):
    """An answer came back that is no success. Holds no address, and never reaches a user.

    Attributes:
        status: HTTP status; 200 for a body that is no JSON.
        body: parsed JSON; None when it is none.
    """

    def __init__(self, status: int, headers: Mapping[str, str], body: object) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.headers = headers
        self.body = body


class BinanceClient(Binance):
    """ccxt's Binance with our clock, exact digits, and answers handed on before ccxt judges them."""

    def __init__(self, config: Mapping[str, object], time_ms: Callable[[], int]) -> None:
        # Underscored: ccxt looks for a class attribute behind every public method it finds on the instance.
        self._time_ms = time_ms
        self.on_answer: Callable[[str, Mapping[str, str]], None] = _ignore_answer
        super().__init__(config)  # type: ignore[arg-type] # ccxt's own type lacks `number`

    def milliseconds(self) -> int:  # type: ignore[override] # ccxt reads it through the instance
        """Venue time; ccxt signs with it."""
        return self._time_ms()

    def on_json_response(self, response_body: str) -> object:  # type: ignore[override] # it is always text
        """Parse with the wire's digits."""
        return parse_json(response_body)

    def handle_errors(  # noqa: PLR0917 - ccxt's own signature
        self,
        code: int,
        reason: str,
        url: str,
        method: str,
        headers: Mapping[str, str],
        body: str,
        response: object,
        request_headers: object,
        request_body: object,
    ) -> None:
        """Let a JSON answer with status 200 pass; anything else is for our own table (R20)."""
        del reason, method, body, request_headers, request_body
        self.on_answer(urlsplit(url).path, headers)
        if code != 200 or response is None:
            raise AnswerFault(code, headers, response)

    async def close(self, clean_instance_data: bool = False) -> None:  # noqa: FBT001, FBT002 - ccxt's own signature
        """Release the sockets that are ours; a session that was given stays open."""
        session: object = self.session
        try:
            await super().close(clean_instance_data)  # type: ignore[no-untyped-call] # ccxt's own
        finally:
            if isinstance(session, OnceSession):
                await session.close()


def _ignore_answer(path: str, headers: Mapping[str, str]) -> None:
    """Nobody listens yet."""


def make_client(
    spec: VenueSpec,
    *,
    time_ms: Callable[[], int],
    session: object | None,
) -> Any:  # noqa: ANN401 - ccxt's implicit methods have no types
    """A client for one account; nothing is contacted.

    Args:
        spec: which account.
        time_ms: venue time in ms, to sign with.
        session: of the paper exchange, stays open when the client is closed; None for the real internet.

    Raises:
        ConfigFault: the settings ask for what the exchange does not have, or a secret is missing.
        StartFault: the client points at a host that does not belong to the environment.
    """
    offer = offer_of(spec)
    for name, value in (("api_key", spec.api_key), ("secret", spec.secret)):
        if not value:
            raise ConfigFault(
                f"venues.{spec.name}.{name} is missing",
                hint=f"set HEDGEBOT_VENUES__{spec.name.upper()}__{name.upper()} or its _FILE form",
            )
    if spec.environment == Environment.PAPER and session is None:
        raise InvariantBroken(f"venues.{spec.name} is on paper but was given no paper exchange")
    config: dict[str, object] = {
        "apiKey": spec.api_key,
        "secret": spec.secret,
        "password": spec.password,
        "number": Decimal,
        "enableRateLimit": False,
        "timeout": TIMEOUT_MS,
        "options": {
            "maxRetriesOnFailure": 0,
            "adjustForTimeDifference": False,
            "fetchMargins": False,
            "fetchCurrencies": False,
            "fetchMarkets": {"types": ["spot", "linear"]},
            "recvWindow": READ_WINDOW_MS,
        },
    }
    client = BinanceClient(config, time_ms)
    client.timeout_on_exit = 0
    # ccxt wants only get, post, put, delete of it; a stand-in without sockets follows and repeats nothing by itself.
    if session is None or isinstance(session, aiohttp.ClientSession):
        session = OnceSession(session, cafile=str(client.cafile))
    setattr(client, "session", session)  # noqa: B010 - ccxt's own type knows none but its own
    client.own_session = False
    try:
        if offer.demo:
            client.enable_demo_trading(True)
        check_client(spec, client, offer)
    except BaseException:
        client.session = None  # or ccxt complains when it is collected
        raise
    return client


def check_client(spec: VenueSpec, client: Any, offer: Offer) -> None:  # noqa: ANN401 - as above
    """Compare every address the client would use with the environment's own hosts, and hold what must never change.

    Raises:
        StartFault: an address of another host or without TLS.
        InvariantBroken: ccxt would repeat requests by itself, queue them, log them, or open its own way out.
    """
    for where, address in _leaves("api", client.urls["api"]):
        parts = urlsplit(address)
        if parts.scheme not in {"https", "wss"} or parts.hostname not in offer.hosts:
            raise StartFault(
                f"venues.{spec.name}: {where} points at {parts.scheme}://{parts.hostname}, "
                f"which does not belong to environment '{spec.environment}'",
                hint=f"expected hosts: {', '.join(sorted(offer.hosts))}",
            )
    if client.options.get("maxRetriesOnFailure", 0) != 0:
        raise InvariantBroken("ccxt must never repeat a request by itself: maxRetriesOnFailure is not 0")
    if client.enableRateLimit or client.verbose or client.aiohttp_trust_env:
        raise InvariantBroken("ccxt must not queue, print or take proxies from the environment")
    if client.own_session:
        raise InvariantBroken("ccxt must not open a session of its own: it would follow redirects and repeat requests")


def _leaves(where: str, node: object) -> Iterator[tuple[str, str]]:
    match node:
        case str():
            yield where, node
        case Mapping():
            for key, value in node.items():
                yield from _leaves(f"{where}.{key}", value)
        case _:
            raise StartFault(f"{where} holds no address")
