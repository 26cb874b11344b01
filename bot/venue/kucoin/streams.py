"""KuCoin's streams: the spot account, the futures account, and the marks; each connection needs a token of its own.

ccxt.pro knows marks and positions only of the unified account, so topics are named here and ccxt subscribes to them.

Source: KuCoin WebSocket documentation, "Get Private Token", "Account Balance", "All Position", "Instrument".
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from ccxt.pro.kucoin import kucoin as KuCoinPro  # noqa: N812 - a class

from bot.domain.environment import Environment
from bot.domain.hint import HintKind
from bot.venue.client import Exact
from bot.venue.endpoint import Endpoint, at
from bot.venue.errors import redact
from bot.venue.kucoin.endpoints import FUTURES, PUBLIC, SPOT
from bot.venue.kucoin.envelope import row_in
from bot.venue.link import Link
from bot.venue.shapes import Row, positive_in, row_of, rows_of, text_in
from bot.venue.sockets import Streaming
from bot.venue.stream_wire import Broken, Changes, Event, Frame, Line, Scope, StreamWays

# Weights from general knowledge.
SPOT_TOKEN: Final = at(SPOT, "privatePostBulletPrivate", "get a token for the spot account's stream", 10)
FUTURES_TOKEN: Final = at(FUTURES, "futuresPrivatePostBulletPrivate", "get a token for the futures stream", 10)
PUBLIC_TOKEN: Final = at(PUBLIC, "futuresPublicPostBulletPublic", "get a token for the public futures stream", 10)

_ADDRESS: Final = "hedgebotAddress"
"""A ccxt option of ours: where the line's connection goes."""
_SILENT_REASON: Final = "markPriceChange"
_REFUSED: Final = frozenset({"400", "401", "403"})


class KuCoinStreams(Streaming, Exact, KuCoinPro):  # type: ignore[misc] # ccxt's own methods have other types
    """ccxt.pro's KuCoin, whose addresses come from the token that was asked for."""

    def __init__(self, config: Mapping[str, object], time_ms: Callable[[], int]) -> None:
        super().__init__(config, time_ms)
        # Hosts that nothing here uses are taken away, so that no connection can go there.
        api: dict[str, Any] = (self.urls or {})["api"]
        for unused in ("webExchange", "broker", "ws"):
            del api[unused]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    address: str
    token: str


def _token_of(body: object) -> _Token:
    data = row_in(body, "token", "instanceServers")
    server, *_ = [*rows_of(data["instanceServers"], "endpoint"), {}]
    return _Token(address=text_in(server, "endpoint"), token=text_in(data, "token"))


def _line(name: str, endpoint: Endpoint, topics: Sequence[str], *, private: bool, **more: Any) -> Line:  # noqa: ANN401
    async def prepare(link: Link, client: Any) -> None:  # noqa: ANN401 - ccxt is untyped
        found = await link.ask(endpoint, _token_of)
        query = urlencode({"token": found.token, "connectId": "hedgebot"})
        client.options[_ADDRESS] = f"{found.address}?{query}"

    return Line(
        name=name,
        prepare=prepare,
        watch=[_subscription(topic, private=private) for topic in topics],
        confirms=len(topics),
        **more,
    )


def _subscription(topic: str, *, private: bool) -> Callable[[Any], Awaitable[object]]:
    def watch(client: Any) -> Awaitable[object]:  # noqa: ANN401 - ccxt is untyped
        params = {"privateChannel": True} if private else {}
        found: Awaitable[object] = client.subscribe(client.options[_ADDRESS], topic, topic, params)
        return found

    return watch


def lines(scope: Scope) -> Sequence[Line]:
    """The wallets, and of perpetuals in use the futures account and the marks."""
    found = [_line("spot account", SPOT_TOKEN, ["/account/balance"], private=True)] if scope.wallets else []
    if scope.symbols:
        positions = [f"/contract/position:{name}" for name in scope.symbols]
        topics = ["/contractMarket/tradeOrders", "/contractAccount/wallet", *positions]
        marks = [f"/contract/instrument:{name}" for name in scope.symbols]
        found += [
            _line("futures account", FUTURES_TOKEN, topics, private=True),
            _line("marks", PUBLIC_TOKEN, marks, private=False, marks=tuple(scope.symbols.values())),
        ]
    return found


class KuCoinReader:
    """Reads the frames of one line.

    Args:
        scope: what matters.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._changes = Changes()

    def __call__(self, message: object) -> Frame:
        """Read one frame. Raises Broken, ValueError."""
        row = row_of(message, "type")
        match row["type"]:
            case "message" | "notice" | "command":
                return Frame(events=self._told(row))
            case "ack":
                return Frame(confirms=1, protocol=True)
            case "error":
                code = str(row.get("code", ""))
                raise Broken(f"{code} {redact(str(row.get('data', '')))}".strip(), refused=code in _REFUSED)
            case _:
                return Frame(protocol=True)

    def _told(self, row: Row) -> Sequence[Event]:
        topic, _, name = text_in(row, "topic").partition(":")
        subject, data = row.get("subject"), row.get("data")
        match topic:
            case "/contract/instrument" if subject == "mark.index.price":
                return self._mark(name, row_of(data))
            case "/contract/position":
                return self._position(name, row_of(data))
            case "/contractMarket/tradeOrders":
                return self._of(HintKind.ORDER, text_in(row_of(data), "symbol"))
            case "/contractAccount/wallet":
                return self._wallet(row_of(data, "currency"))
            case "/account/balance":
                return self._balance(row_of(data, "currency"))
            case _:
                return []

    def _of(self, kind: HintKind, name: str) -> Sequence[Event]:
        symbol = self._scope.symbols.get(name)
        return [] if symbol is None else [Event(kind=kind, symbol=symbol)]

    def _mark(self, name: str, data: Row) -> Sequence[Event]:
        symbol = self._scope.symbols.get(name)
        if symbol is None:
            return []
        return [Event(kind=HintKind.PRICE, symbol=symbol, price=positive_in(data, "markPrice"))]

    def _position(self, name: str, data: Row) -> Sequence[Event]:
        """What only follows the mark names no size, or says so."""
        if data.get("changeReason") == _SILENT_REASON or ("currentQty" not in data and "markValue" in data):
            return []
        return self._of(HintKind.POSITION, name)

    def _balance(self, data: Row) -> Sequence[Event]:
        account = tuple(str(data.get(name)) for name in ("accountId", "currency"))
        new = self._changes.new(account, (data.get("available"), data.get("hold")))
        return [Event(kind=HintKind.BALANCE)] if new and data["currency"] in self._scope.currencies else []

    def _wallet(self, data: Row) -> Sequence[Event]:
        """The wallet balance counts: what is available moves with every mark, and is told on its own."""
        currency = str(data["currency"])
        if "walletBalance" not in data or not self._changes.new((currency,), (data["walletBalance"],)):
            return []
        return [Event(kind=HintKind.BALANCE)] if currency in self._scope.currencies else []


_HOSTS: Final = frozenset({".kucoin.com"})
"""The venue itself names the host, in an answer over TLS."""

STREAMS: Final = StreamWays(
    client=KuCoinStreams,
    hosts={Environment.PAPER: _HOSTS, Environment.LIVE: _HOSTS},
    lines=lines,
    reader=KuCoinReader,
)
