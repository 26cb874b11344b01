"""OKX's streams: one private connection for orders, positions and the account, a public one for the marks.

Positions and the account are told again every few seconds without any change; only changes are events.

Source: OKX v5 WebSocket documentation, "Order channel", "Positions channel", "Account channel", "Mark price channel".
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any, Final

from ccxt.pro.okx import okx as OkxPro  # noqa: N812 - a class

from bot.domain.environment import Environment
from bot.domain.hint import HintKind
from bot.domain.instrument import ContractKind
from bot.venue.client import Exact
from bot.venue.errors import redact
from bot.venue.shapes import Row, positive_in, row_of, rows_of, text_in
from bot.venue.sockets import Streaming
from bot.venue.stream_wire import Broken, Changes, Event, Frame, Line, Scope, StreamWays

_PONG: Final = "pong"
_REFUSED: Final = frozenset(
    {"60001", "60003", "60005", "60007", "60008", "60009", "60010", "60011", "60022", "60024", "60029", "60032"}
)
"""What is wrong with the key, its secret, its passphrase or its permissions. From the venue's error code list."""


class OkxStreams(Streaming, Exact, OkxPro):  # type: ignore[misc] # ccxt's own methods have other types
    """ccxt.pro's OKX."""


def lines(scope: Scope) -> Sequence[Line]:
    """The account, and the marks of all perpetuals in use."""
    symbols = [symbol for kind in ContractKind for symbol in scope.of(kind)]

    def marks(client: Any) -> Awaitable[object]:  # noqa: ANN401 - ccxt is untyped
        found: Awaitable[object] = client.watch_mark_prices(symbols)
        return found

    account = Line(
        name="account",
        watch=(
            lambda client: client.watch_orders(),
            lambda client: client.watch_positions(),
            lambda client: client.watch_balance(),
        ),
        confirms=3,
    )
    public = Line(name="marks", watch=(marks,), confirms=len(symbols), marks=symbols)
    return [account, public] if symbols else [account]


class OkxReader:
    """Reads the frames of one line.

    Args:
        scope: what matters.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._changes = Changes()

    def __call__(self, message: object) -> Frame:
        """Read one frame. Raises Broken, ValueError."""
        if message == _PONG:
            return Frame(protocol=True)
        row = row_of(message)
        match row.get("event"):
            case None:
                return Frame(events=self._pushed(row_of(row.get("arg"), "channel"), row))
            case "subscribe":
                return Frame(confirms=1, protocol=True)
            case "error":
                raise _refusal(row)
            case "login" if row.get("code", "0") != "0":
                raise _refusal(row)
            case _:
                return Frame(protocol=True)

    def _pushed(self, arg: Row, row: Row) -> Sequence[Event]:
        data = rows_of(row.get("data"))
        match arg["channel"]:
            case "orders":
                return [event for order in data for event in self._of(HintKind.ORDER, order)]
            case "positions":
                return [event for position in data for event in self._position(position)]
            case "account":
                return self._account(data)
            case "mark-price":
                return [event for mark in data for event in self._mark(mark)]
            case _:
                return []

    def _of(self, kind: HintKind, row: Row) -> Sequence[Event]:
        symbol = self._scope.symbols.get(text_in(row, "instId"))
        return [] if symbol is None else [Event(kind=kind, symbol=symbol)]

    def _position(self, row: Row) -> Sequence[Event]:
        key = ("position", text_in(row, "instId"), str(row.get("posSide")), str(row.get("mgnMode")))
        values = tuple(row.get(name) for name in ("pos", "avgPx", "lever", "margin"))
        return self._of(HintKind.POSITION, row) if self._changes.new(key, values) else []

    def _account(self, rows: Sequence[Row]) -> Sequence[Event]:
        """Of a coin the cash and the debt count: equity, and what is frozen, move with every mark."""
        details = [detail for row in rows for detail in rows_of(row.get("details"), "ccy")]
        # All are asked: what is not asked now would look new the next time.
        news = [
            self._changes.new(("cash", str(detail["ccy"])), (detail.get("cashBal"), detail.get("liab")))
            for detail in details
            if detail["ccy"] in self._scope.currencies
        ]
        return [Event(kind=HintKind.BALANCE)] if any(news) else []

    def _mark(self, row: Row) -> Sequence[Event]:
        symbol = self._scope.symbols.get(text_in(row, "instId"))
        if symbol is None:
            return []
        return [Event(kind=HintKind.PRICE, symbol=symbol, price=positive_in(row, "markPx"))]


def _refusal(row: Row) -> Broken:
    """The words are left out where they repeat our own, which hold the key and the signature."""
    code, words = str(row.get("code", "")), str(row.get("msg", ""))
    told = "" if "{" in words else redact(words)
    return Broken(f"{code} {told}".strip(), refused=code in _REFUSED)


_LIVE: Final = frozenset({"ws.okx.com"})

STREAMS: Final = StreamWays(
    client=OkxStreams,
    hosts={
        Environment.PAPER: _LIVE,
        Environment.TESTNET: frozenset({"wspap.okx.com"}),
        Environment.LIVE: _LIVE,
    },
    lines=lines,
    reader=OkxReader,
)
