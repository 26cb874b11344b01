"""The newer streams that clients of classic accounts use: positions, mark prices, funding rates.

Source: https://www.kucoin.com/docs-new/3470233w0, 3470270w0 and 3470272w0 (read 2025-11), and ccxt 4.5.90,
`pro/kucoin.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from bot.domain.numbers import plain
from bot.paper.engine.model import Listing, Position
from bot.paper.wire.channel import Close, Frame, Text
from bot.paper.wire.kucoin.body import wire_json
from bot.paper.wire.kucoin.bullets import PING_INTERVAL_MS, PING_TIMEOUT_MS
from bot.paper.wire.kucoin.endpoint import CONTRACTS
from bot.paper.wire.kucoin.futures_market import FUNDING_CAP, FUNDING_MS
from bot.paper.wire.kucoin.futures_views import life_of, position_id, rounded
from bot.paper.wire.kucoin.stream_private import Positions
from bot.paper.wire.kucoin.tape import NANOS
from bot.paper.wire.kucoin.topics import Message, Polled, Source, Topic

_SECOND_MS: Final = 1000
_MINUTE_MS: Final = 60_000


class UnifiedChannel:
    """A connection of the newer streams.

    Args:
        source: where its messages come from.
        now_ms: when it was opened.
    """

    def __init__(self, source: Source, *, now_ms: int) -> None:
        self._source = source
        self._heard_ms = now_ms
        self._topics: dict[str, Topic] = {}
        welcome = {"sessionId": f"paper-{now_ms}", "message": "welcome", "pingInterval": PING_INTERVAL_MS}
        self._answers: list[Frame] = [Text(text=wire_json(welcome))]
        self._closed = False

    def receive(self, text: str, now_ms: int) -> None:
        """Take a frame of the client."""
        self._heard_ms = now_ms
        try:
            message = json.loads(text)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            self._answer({"id": "", "result": False, "reason": "message is not JSON"})
            return
        number = str(message.get("id", ""))
        if message.get("type") == "ping":
            self._answer({"id": number, "type": "pong", "timestamp": now_ms * 1000})
            return
        reason = self._obey(message)
        self._answer({"id": number, "result": True} if reason is None else _refused(number, reason))

    def _answer(self, message: object) -> None:
        self._answers.append(Text(text=wire_json(message)))

    def _obey(self, message: Mapping[str, object]) -> str | None:
        """Subscribe or unsubscribe. Returns why not."""
        channel, symbol = str(message.get("channel", "")), str(message.get("symbol", ""))
        named = f"{channel}:{symbol}"
        match message.get("action"):
            case "unsubscribe":
                self._topics.pop(named, None)
                return None
            case "subscribe":
                made = self._make(channel, symbol)
                if isinstance(made, str):
                    return made
                self._topics.setdefault(named, made)
                return None
            case _:
                return "action is not supported"

    def _make(self, channel: str, symbol: str) -> Topic | str:
        if channel == "positionAll":
            return _Positions(self._source) if self._source.key else "token is required"
        listing = next(
            (
                found
                for found in self._source.exchange.listings.values()
                if found.market in CONTRACTS and found.symbol == symbol
            ),
            None,
        )
        if listing is None:
            return f"invalid symbol: {symbol}"
        match channel:
            case "mark-price":
                return _mark_price(self._source, listing)
            case "funding-fee":
                return _funding(self._source, listing)
            case _:
                return f"channel is not supported: {channel}"

    def frames(self, now_ms: int) -> Sequence[Frame]:
        """Answers first, then what each topic has to tell; the end when the client is silent."""
        if self._closed:
            return ()
        found, self._answers = self._answers, []
        for topic in self._topics.values():
            for message in topic.messages(now_ms):
                told = {"T": message["subject"], "P": str(now_ms * NANOS), "d": message["data"]}
                found.append(Text(text=wire_json(told)))
        if now_ms - self._heard_ms > PING_INTERVAL_MS + PING_TIMEOUT_MS:
            found.append(Close(code=1001, reason="no ping"))
            self._closed = True
        return found


def _refused(number: str, reason: str) -> dict[str, object]:
    return {"id": number, "result": False, "reason": reason}


def _mark_price(source: Source, listing: Listing) -> Topic:
    def tell(now_ms: int) -> object:
        mark = plain(source.exchange.mark(listing.key))
        index = plain(source.exchange.index(listing.key))
        return {"s": listing.symbol, "mp": mark, "ip": index, "oi": "0", "ts": now_ms}

    return Polled("mark-price", lambda: source.exchange.mark(listing.key), tell, every_ms=_SECOND_MS)


def _funding(source: Source, listing: Listing) -> Topic:
    def rate() -> str:
        return plain(source.exchange.funding_rate(listing.asset))

    def tell(now_ms: int) -> object:
        del now_ms
        due_ms = source.exchange.next_funding_ms()
        return {
            "s": listing.symbol,
            "fr": rate(),
            "ft": due_ms - FUNDING_MS,
            "nt": due_ms,
            "gl": FUNDING_MS,
            "fc": plain(FUNDING_CAP),
            "ff": plain(-FUNDING_CAP),
        }

    return Polled("funding-fee", rate, tell, every_ms=_MINUTE_MS)


class _Positions:
    """Every position of the account, as often as the classic stream tells it."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._classic = Positions(source, "")

    def messages(self, now_ms: int) -> Sequence[Message]:
        """The positions that the classic topic would tell now."""
        return [
            {"subject": "positionAll.FUTURES", "data": self._row(position, now_ms)}
            for position in self._classic.due(now_ms)
        ]

    def _row(self, position: Position, now_ms: int) -> dict[str, object]:
        listing = self._source.exchange.listing(f"{position.market.value}:{position.symbol}")
        life = life_of(self._source.exchange.account(self._source.key), listing, position.side)
        return {
            "s": position.symbol,
            "pi": position_id(position),
            "mM": "ISOLATED" if position.isolated else "CROSS",
            "pS": position.side.value,
            "q": plain(position.contracts),
            "eP": plain(rounded(position.entry_price)),
            "pV": plain(rounded(listing.value(position.contracts, position.mark_price))),
            "mP": plain(position.mark_price),
            "lP": plain(rounded(position.liquidation_price)) if position.liquidation_price else "",
            "l": str(position.leverage),
            "uPL": plain(rounded(position.unrealized)),
            "rPL": plain(life.realised),
            "iM": plain(rounded(position.initial_margin)),
            "mmr": "0",
            "mtM": plain(rounded(position.maintenance_margin)),
            "U": str(now_ms * NANOS),
            "O": life.opened_ms * NANOS,
        }
