"""Binance's streams: one user data stream for each of spot, USD-M and COIN-M, and the marks.

Best bids and asks are left alone: they would come a hundred times a second, and say nothing that the mark does not.

Source: Binance spot and futures WebSocket documentation, "User Data Streams" and "Mark Price Stream".
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from ccxt.pro.binance import binance as BinancePro  # noqa: N812 - a class

from bot.domain.environment import Environment
from bot.domain.hint import HintKind
from bot.domain.ids import Symbol
from bot.domain.instrument import ContractKind
from bot.venue.binance.refusals import TABLE
from bot.venue.client import Exact
from bot.venue.endpoint import Endpoint, at
from bot.venue.errors import Meaning, redact
from bot.venue.link import Link
from bot.venue.shapes import Row, positive_in, row_of, rows_of, text_in
from bot.venue.sockets import Streaming
from bot.venue.stream_wire import Broken, Event, Frame, Line, Scope, StreamWays

RENEW_S: Final = 1_800.0
"""A listen key lives for 60 minutes, and begins anew with each renewal."""
_USED: Final = ("linear", "inverse")
_KEYS: Final[Mapping[ContractKind, tuple[Endpoint, Endpoint]]] = {
    kind: (
        at(api, f"{api}PrivatePostListenKey", "get a listen key"),
        at(api, f"{api}PrivatePutListenKey", "renew the listen key"),
    )
    for kind, api in ((ContractKind.LINEAR, "fapi"), (ContractKind.INVERSE, "dapi"))
}


class BinanceStreams(Streaming, Exact, BinancePro):  # type: ignore[misc] # ccxt's own methods have other types
    """ccxt.pro's Binance."""

    def __init__(self, config: Mapping[str, object], time_ms: Callable[[], int]) -> None:
        super().__init__(config, time_ms)
        # Hosts that nothing here uses are taken away, so that no connection can go there.
        urls: dict[str, Any] = self.urls or {}
        for environment in ("api", "demo"):
            ws = urls[environment]["ws"]
            urls[environment]["ws"] = {
                **{name: ws[name] for name in _USED},
                "ws-api": {"spot": ws["ws-api"]["spot"]},
            }


def lines(scope: Scope) -> Sequence[Line]:
    """One for the wallet, two for each kind of contract in use."""
    found = [_spot()] if scope.wallets else []
    for kind in ContractKind:
        symbols = scope.of(kind)
        if symbols:
            found += [_account(kind, symbols[0]), _marks(kind, symbols)]
    return found


def _spot() -> Line:
    return Line(name="spot account", watch=(lambda client: client.watch_balance({"type": "spot"}),), confirms=1)


def _account(kind: ContractKind, any_of: Symbol) -> Line:
    """All of one API's events come over one connection, whatever ccxt watches on it."""
    get, renew = _KEYS[kind]

    async def prepare(link: Link, client: Any) -> None:  # noqa: ANN401 - ccxt is untyped
        key = await link.ask(get, _listen_key)
        client.options[kind.value] = {"listenKey": key, "lastAuthenticatedTime": client.milliseconds()}

    return Line(
        name=f"{kind.value} account",
        prepare=prepare,
        watch=(lambda client: client.watch_orders(any_of),),
        renew=renew,
        renew_s=RENEW_S,
    )


def _listen_key(body: object) -> str:
    return text_in(row_of(body), "listenKey")


def _marks(kind: ContractKind, symbols: Sequence[Symbol]) -> Line:
    def watch(client: Any) -> Awaitable[object]:  # noqa: ANN401 - ccxt is untyped
        found: Awaitable[object] = client.watch_mark_prices(list(symbols))
        return found

    return Line(name=f"{kind.value} marks", watch=(watch,), confirms=1, marks=symbols)


def read(scope: Scope, message: object) -> Frame:
    """Read one frame of any of Binance's streams. Raises Broken, ValueError."""
    row = row_of(message)
    event = row.get("event", row)
    if not isinstance(event, dict) or "e" not in event:
        return _answer(row)
    name = event["e"]
    if name in _ENDS:
        raise Broken(f"the venue ends the stream ({name})")
    tells = _TELLS.get(str(name))
    return Frame(events=() if tells is None else tells(scope, event))


def _answer(row: Row) -> Frame:
    """What the venue says to our own words: `{"id", "result"}`, or an error."""
    error = row.get("error", row)
    if isinstance(error, dict) and ("msg" in error or "error" in row):
        code = str(error.get("code", ""))
        refused = any(TABLE.get((status, code)) is Meaning.AUTH for status in (400, 401))
        raise Broken(f"{code} {redact(str(error.get('msg', '')))}".strip(), refused=refused)
    if row.get("status", 200) != 200:
        raise Broken(f"the venue answers with status {row['status']}")
    return Frame(confirms=1 if "result" in row else 0, protocol=True)


def _mark(scope: Scope, event: Row) -> Sequence[Event]:
    symbol = scope.symbols.get(text_in(event, "s"))
    return [] if symbol is None else [Event(kind=HintKind.PRICE, symbol=symbol, price=positive_in(event, "p"))]


def _of(kind: HintKind, scope: Scope, row: Row) -> Sequence[Event]:
    symbol = scope.symbols.get(text_in(row, "s"))
    return [] if symbol is None else [Event(kind=kind, symbol=symbol)]


def _order(scope: Scope, event: Row) -> Sequence[Event]:
    return _of(HintKind.ORDER, scope, row_of(event.get("o")))


def _account_update(scope: Scope, event: Row) -> Sequence[Event]:
    """Balances and positions that changed together."""
    update = row_of(event.get("a"))
    return [*_positions(scope, update.get("P", [])), *_balances(scope, update.get("B", []))]


def _settings(scope: Scope, event: Row) -> Sequence[Event]:
    """Of a symbol, or of the account."""
    settings = event.get("ac")
    return [] if settings is None else _of(HintKind.POSITION, scope, row_of(settings))


def _positions(scope: Scope, rows: object) -> Sequence[Event]:
    return [found for row in rows_of(rows, "s") for found in _of(HintKind.POSITION, scope, row)]


def _balances(scope: Scope, rows: object) -> Sequence[Event]:
    changed = any(row["a"] in scope.currencies for row in rows_of(rows, "a"))
    return [Event(kind=HintKind.BALANCE)] if changed else []


def _balance(scope: Scope, event: Row) -> Sequence[Event]:
    return _balances(scope, [event])


_TELLS: Final[Mapping[str, Callable[[Scope, Row], Sequence[Event]]]] = {
    "markPriceUpdate": _mark,
    "ORDER_TRADE_UPDATE": _order,
    "TRADE_LITE": partial(_of, HintKind.ORDER),
    "ACCOUNT_UPDATE": _account_update,
    "ACCOUNT_CONFIG_UPDATE": _settings,
    "MARGIN_CALL": lambda scope, event: _positions(scope, event.get("p")),
    "outboundAccountPosition": lambda scope, event: _balances(scope, event.get("B")),
    "balanceUpdate": _balance,
    "externalLockUpdate": _balance,
}
"""By name of the event. Orders of the spot market are left to what they do to balances."""
_ENDS: Final = frozenset({"listenKeyExpired", "eventStreamTerminated", "serverShutdown"})

_LIVE: Final = frozenset({f"{part}.binance.com" for part in ("fstream", "dstream", "ws-api")})
_DEMO: Final = frozenset({"fstream.binancefuture.com", "dstream.binancefuture.com", "demo-ws-api.binance.com"})

STREAMS: Final = StreamWays(
    client=BinanceStreams,
    hosts={Environment.PAPER: _LIVE, Environment.TESTNET: _DEMO, Environment.LIVE: _LIVE},
    lines=lines,
    reader=lambda scope: partial(read, scope),
    options={
        "watchBalance": {"fetchBalanceSnapshot": False, "awaitBalanceSnapshot": False},
        "watchPositions": {"fetchPositionsSnapshot": False, "awaitPositionsSnapshot": False},
    },
)
