"""A ccxt class as a client of ours: each request looked at before it leaves, each failure told as what it is."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

import ccxt.async_support as ccxt
from ccxt.base.errors import (
    AuthenticationError,
    BaseError,
    DDoSProtection,
    InvalidNonce,
    InvalidOrder,
    NoChange,
    OrderNotFound,
    RateLimitExceeded,
)

from bot.domain.errors import StartFault
from bot.domain.numbers import plain
from bot.venue.client import AnswerFault, Exact
from bot.venue.errors import Meaning, Refusal, redact
from bot.venue.unified.facts import TESTNETS
from bot.venue.unified.values import exact

NOT_SENT: Final = "not-sent"
"""Code of what ccxt refused by itself: nothing left this machine."""
_PRICE_ROUNDING: Final = Decimal("0.0001")
"""How far ccxt may round a price for an exchange's rules, such as five significant digits."""
_STUMBLES: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
_MEANINGS: Final = (
    (OrderNotFound, Meaning.NOT_FOUND),
    (RateLimitExceeded, Meaning.BUSY),
    (DDoSProtection, Meaning.BUSY),
    (InvalidNonce, Meaning.UNTIMELY),
    (AuthenticationError, Meaning.AUTH),
    (NoChange, Meaning.ALREADY_SET),
)


@dataclass(frozen=True, slots=True)
class Stumble:
    """ccxt did not get on with an answer."""

    why: str


@dataclass(slots=True)
class _Passage:
    """What became of one unified call so far."""

    left: bool = False
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


_PASSAGE: ContextVar[_Passage | None] = ContextVar("passage", default=None)


class Unified(Exact):
    """What comes before a ccxt class."""

    id: str
    apiKey: str | None  # noqa: N815 - ccxt's own
    urls: Any
    hostname: str
    has: Mapping[str, object]

    def __init__(self, config: Mapping[str, object], time_ms: Callable[[], int]) -> None:
        self._hosts: frozenset[str] = frozenset()
        self._marks: Mapping[str, str] = {}
        super().__init__(config, time_ms)
        self._hosts = hosts_of(self)

    def set_sandbox_mode(self, enabled: bool) -> None:  # noqa: FBT001 - ccxt's own signature
        """Switch to play money, or fail: from here on nothing can leave for another host.

        Raises:
            StartFault: the switch failed, or did not lead where it must.
        """
        testnet = TESTNETS.get(self.id)
        try:
            super().set_sandbox_mode(enabled)  # type: ignore[misc] # of the ccxt class behind us
        except (BaseError, *_STUMBLES) as fault:
            raise StartFault(f"{self.id}: the switch to its testnet failed ({type(fault).__name__})") from None
        if testnet is None or not enabled or hosts_of(self) != testnet.hosts:
            raise StartFault(
                f"{self.id}: the switch to its testnet leads to {', '.join(sorted(hosts_of(self)))}",
                hint="another version of ccxt has moved it; nothing was sent",
            )
        self._hosts, self._marks = testnet.hosts, testnet.marks

    async def fetch(self, url: str, method: str = "GET", headers: object = None, body: object = None) -> object:
        """Send a request, if it goes where it may. Raises StartFault when it does not."""
        parts = urlsplit(url)
        sent = {str(key).lower(): value for key, value in headers.items()} if isinstance(headers, dict) else {}
        if parts.scheme != "https" or parts.hostname not in self._hosts:
            raise StartFault(f"{self.id}: a request would go to {parts.scheme}://{parts.hostname}")
        signed = self.apiKey in sent.values()
        if signed and any(sent.get(name.lower()) != value for name, value in self._marks.items()):
            raise StartFault(f"{self.id}: a signed request would lack {', '.join(self._marks)}, the mark of play money")
        passage = _PASSAGE.get()
        if passage is not None:
            passage.left = True
        return await super().fetch(url, method, headers, body)

    def on_json_response(self, response_body: str) -> object:
        """Parse as ccxt does, which keeps digits as text for all of its own readers."""
        return super(Exact, self).on_json_response(response_body)  # type: ignore[misc] # of the ccxt class behind us

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
        """Ours first for a success, which must be JSON; ccxt's for errors, of which only it knows the words."""
        passage = _PASSAGE.get()
        if passage is not None:
            passage.status, passage.headers = code, headers
        success = 200 <= code < 300
        told = (reason, url, method, headers, body, response, request_headers, request_body)
        if success:
            super().handle_errors(200, *told)
        try:
            super(Exact, self).handle_errors(code, *told)  # type: ignore[misc] # of the ccxt class behind us
            self.handle_http_status_code(code, reason, url, method, body)  # type: ignore[attr-defined] # as above
        except BaseError as fault:
            if passage is None:
                raise AnswerFault(headers, _refusal_of(code, fault)) from None
            raise
        if not success:
            super().handle_errors(code, *told)

    async def unified(self, request: Mapping[str, Any]) -> object:
        """Call one of ccxt's methods: `call` names it, `args` are its arguments.

        Returns:
            What ccxt made of the answers, or a Stumble.

        Raises:
            AnswerFault: an error came back, or ccxt refused by itself (code `not-sent`).
            BaseError: no answer came back.
        """
        passage = _Passage()
        token = _PASSAGE.set(passage)
        try:
            result = getattr(self, request["call"])(*request["args"])
            return await result if inspect.isawaitable(result) else result
        except BaseError as fault:
            if not passage.left:
                raise AnswerFault({}, _own_refusal(fault)) from None
            if passage.status is None:
                raise
            raise AnswerFault(passage.headers, _refusal_of(passage.status, fault)) from None
        except _STUMBLES as fault:
            if not passage.left:
                raise AnswerFault({}, _own_refusal(fault)) from None
            return Stumble(f"ccxt does not get on with the answer ({type(fault).__name__})")
        finally:
            _PASSAGE.reset(token)

    async def venue_time(self, params: object = None) -> object:
        """The exchange's time in ms; where it tells none, that of any answer of its, to the second."""
        del params
        if self.has.get("fetchTime"):
            return await self.unified({"call": "fetch_time", "args": ()})
        _, address = next(_leaves(self))
        headers: Mapping[str, str] = {}
        token = _PASSAGE.set(passage := _Passage())
        try:
            await self.fetch(f"https://{urlsplit(address).hostname}/")
        except (AnswerFault, BaseError):
            if passage.status is None:
                raise
        finally:
            _PASSAGE.reset(token)
        headers = {name.lower(): value for name, value in passage.headers.items()}
        try:
            return int(parsedate_to_datetime(headers["date"]).timestamp()) * 1000 + 500
        except (LookupError, TypeError, ValueError):
            return Stumble("the answer has no date")

    async def send_order(
        self, symbol: str, side: str, contracts: Decimal, price: Decimal, params: Mapping[str, object]
    ) -> object:
        """Create a limit order, unless ccxt would send other numbers than were decided on.

        ccxt's classes differ in what they do with an amount: some compare it, some take no Decimal for a number. All
        take a float, whose shortest digits are then what is sent; others than ours are refused here.
        """
        markets: Any = self
        if exact(markets.amount_to_precision(symbol, plain(contracts))) != contracts:
            raise InvalidOrder("the quantity is no multiple of the step")
        sent_price = exact(markets.price_to_precision(symbol, plain(price)))
        if abs(sent_price - price) > _PRICE_ROUNDING * price:
            raise InvalidOrder("the price is no multiple of the tick")
        if (exact(float(contracts)), exact(float(sent_price))) != (contracts, sent_price):
            raise InvalidOrder("a number with so many digits can't be handed to ccxt")
        return await markets.create_order(symbol, "limit", side, float(contracts), float(sent_price), dict(params))


class Hyperliquid(Unified):
    """Signs with a private key, and sends nothing of ccxt's own."""

    async def handle_builder_fee_approval(self) -> bool:
        """Nothing: ccxt would have the account approve a fee for ccxt."""
        return True


def class_of(exchange: str) -> Callable[[Mapping[str, object], Callable[[], int]], Any]:
    """What makes clients of an exchange."""
    ours = Hyperliquid if exchange == "hyperliquid" else Unified
    made: Callable[[Mapping[str, object], Callable[[], int]], Any] = type(
        f"Unified_{exchange}", (ours, getattr(ccxt, exchange)), {}
    )
    return made


def hosts_of(client: Any) -> frozenset[str]:  # noqa: ANN401 - ccxt is untyped
    """Hosts of every address of a client; "" stands for what is none."""
    return frozenset(urlsplit(address).hostname or "" for _, address in _leaves(client))


def _leaves(client: Any) -> Any:  # noqa: ANN401 - as above
    nodes: list[tuple[str, object]] = [("api", client.urls["api"])]
    while nodes:
        where, node = nodes.pop(0)
        if isinstance(node, dict):
            nodes += [(f"{where}.{key}", each) for key, each in node.items()]
        else:
            yield where, client.implode_params(str(node), {"hostname": client.hostname})


def _refusal_of(status: int, fault: BaseError) -> Refusal:
    meaning = next((meaning for kind, meaning in _MEANINGS if isinstance(fault, kind)), Meaning.UNKNOWN)
    return Refusal(status=status, code=type(fault).__name__, text=redact(str(fault)), meaning=meaning)


def _own_refusal(fault: Exception) -> Refusal:
    return Refusal(status=0, code=NOT_SENT, text=redact(f"{type(fault).__name__}: {fault}"), meaning=Meaning.REFUSED)
