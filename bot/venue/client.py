"""Makes the ccxt client, and makes sure of where it points before it may be used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import aiohttp

from bot.domain.environment import Environment
from bot.domain.errors import ConfigFault, InvariantBroken, StartFault
from bot.venue.errors import Refusal
from bot.venue.session import OnceSession
from bot.venue.shapes import parse_json
from bot.venue.spec import Offer, Switch, VenueSpec

if TYPE_CHECKING:
    from bot.venue.dialect import Ways

TIMEOUT_MS: Final = 10_000
"""Longer than any order with a deadline stays valid (R21), so that a timeout always comes after the deadline."""

Judge = Callable[[int, str, Mapping[str, str], object], None]
"""Given status, path, headers and parsed body (None: no JSON), raises AnswerFault when it is no success."""


class AnswerFault(Exception):
    """An answer came back that is no success. Holds no address, and never reaches a user.

    Attributes:
        refusal: what it says; None for a body that is no JSON.
    """

    def __init__(self, headers: Mapping[str, str], refusal: Refusal | None) -> None:
        super().__init__("no JSON" if refusal is None else f"HTTP {refusal.status}")
        self.headers = headers
        self.refusal = refusal


class Exact:
    """What our clients have before ccxt's own: our clock, exact digits, answers judged by us before ccxt sees them.

    To be named first: `class Client(Exact, ccxt_class)`.

    Args:
        config: for ccxt.
        time_ms: venue time in ms, to sign with.
    """

    session: object

    def __init__(self, config: Mapping[str, object], time_ms: Callable[[], int]) -> None:
        # Underscored: ccxt looks for a class attribute behind every public callable it finds on the instance.
        self._time_ms = time_ms
        self._judge: Judge = _refuse_all
        self._reach: frozenset[str] = frozenset()
        super().__init__(config)  # type: ignore[call-arg] # of the ccxt class behind us

    def judge_with(self, judge: Judge) -> None:
        """Have every answer judged; until then none is believed."""
        self._judge = judge

    def go_only_to(self, hosts: Iterable[str]) -> None:
        """Let requests go to these hosts and no others; until then none goes anywhere."""
        self._reach = frozenset(hosts)

    async def fetch(self, url: str, method: str = "GET", headers: object = None, body: object = None) -> object:
        """Send a request, if it goes where it may: an address is made anew for each, and not by us.

        Raises:
            StartFault: it would go to another host, or without TLS; it is not sent.
        """
        parts = urlsplit(url)
        if parts.scheme != "https" or parts.hostname not in self._reach:
            raise StartFault(
                f"a request would go to {parts.scheme}://{parts.hostname}",
                hint="this is not the ccxt that was tested, or it was tampered with; nothing was sent",
            )
        return await super().fetch(url, method, headers, body)  # type: ignore[misc] # of the ccxt class behind us

    def milliseconds(self) -> int:
        """Venue time; ccxt signs with it."""
        return self._time_ms()

    def on_json_response(self, response_body: str) -> object:
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
        """Our own table judges every answer, those of ccxt's own requests too (R20)."""
        del reason, method, body, request_headers, request_body
        self._judge(code, urlsplit(url).path, headers, response)

    async def close(self, clean_instance_data: bool = False) -> None:  # noqa: FBT001, FBT002 - ccxt's own signature
        """Release the sockets that are ours; a session that was given stays open."""
        session = self.session
        try:
            await super().close(clean_instance_data)  # type: ignore[misc] # of the ccxt class behind us
        finally:
            if isinstance(session, OnceSession):
                await session.close()


def _refuse_all(status: int, path: str, headers: Mapping[str, str], body: object) -> None:
    del status, path, body
    raise AnswerFault(headers, None)


def make_client(
    spec: VenueSpec,
    ways: Ways,
    *,
    time_ms: Callable[[], int],
    session: object | None,
    keyless: bool = False,
) -> Any:  # noqa: ANN401 - ccxt's implicit methods have no types
    """A client for one account; nothing is contacted.

    Args:
        spec: which account.
        ways: of its exchange.
        time_ms: venue time in ms, to sign with.
        session: of the paper exchange, stays open when the client is closed; None for the real internet.
        keyless: no secret is needed: only what everybody may read is asked for.

    Raises:
        ConfigFault: the settings ask for what the exchange does not have, or a secret is missing.
        StartFault: the client points at a host that does not belong to the environment.
    """
    offer = ways.offer(spec)
    for name in ways.secrets:
        if not keyless and not getattr(spec, name):
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
        "options": {"maxRetriesOnFailure": 0, "adjustForTimeDifference": False, **ways.options},
    }
    client = ways.client(config, time_ms)
    client.timeout_on_exit = 0
    # ccxt wants only get, post, put, delete of it; a stand-in without sockets follows and repeats nothing by itself.
    if session is None or isinstance(session, aiohttp.ClientSession):
        session = OnceSession(session, cafile=str(client.cafile))
    client.session = session
    client.own_session = False
    try:
        match offer.switch:
            case Switch.NONE:
                pass
            case Switch.DEMO:
                client.enable_demo_trading(True)
            case Switch.SANDBOX:
                client.set_sandbox_mode(True)
        check_client(spec, client, offer)
        client.go_only_to(offer.hosts)
    except BaseException:
        client.session = None  # or ccxt complains when it is collected
        raise
    return client


def check_client(spec: VenueSpec, client: Any, offer: Offer) -> None:  # noqa: ANN401 - as above
    """Compare every address the client would use with the environment's own hosts, and hold what must never change.

    Raises:
        StartFault: an address of another host or without TLS, or a header that marks play money is missing.
        InvariantBroken: ccxt would repeat requests by itself, queue them, log them, or open its own way out.
    """
    for where, address in _leaves("api", client.urls["api"]):
        parts = urlsplit(client.implode_params(address, {"hostname": client.hostname}))
        if parts.scheme not in {"https", "wss"} or parts.hostname not in offer.hosts:
            raise StartFault(
                f"venues.{spec.name}: {where} points at {parts.scheme}://{parts.hostname}, "
                f"which does not belong to environment '{spec.environment}'",
                hint=f"expected hosts: {', '.join(sorted(offer.hosts))}",
            )
    sent = {name.lower(): value for name, value in client.headers.items()}
    for name, value in offer.headers.items():
        if sent.get(name.lower()) != value:
            raise StartFault(f"venues.{spec.name}: requests of environment '{spec.environment}' would lack {name}")
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
