"""Where a connection's messages come from, and how they are written."""

from __future__ import annotations

import json
from dataclasses import dataclass

from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import Listing
from bot.paper.wire.binance.books import SeenBooks
from bot.paper.wire.binance.endpoint import Call
from bot.paper.wire.binance.limits import Family, Limits
from bot.paper.wire.binance.listen_keys import ListenKeys
from bot.paper.wire.binance.params import Params
from bot.paper.wire.channel import Text

Event = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a connection knows of the venue.

    Attributes:
        exchange: whose markets and accounts are told.
        limits: request weights and order counts.
        listen_keys: those given out.
        books: which were read lately.
        family: which part of Binance the host belongs to.
    """

    exchange: Exchange
    limits: Limits
    listen_keys: ListenKeys
    books: SeenBooks
    family: Family

    def call(self, now_ms: int) -> Call:
        """The same question that a request without parameters asks."""
        return Call(
            exchange=self.exchange,
            params=Params({}),
            key="",
            now_ms=now_ms,
            limits=self.limits,
            family=self.family,
            listen_keys=self.listen_keys,
            books=self.books,
        )

    def listing(self, lower_symbol: str) -> Listing | None:
        """The market that a stream's name means: symbols are in lower case there."""
        return self.exchange.listings.get(f"{self.call(0).market.value}:{lower_symbol.upper()}")


def frame(body: object) -> Text:
    """A body as Binance writes it, without blanks."""
    return Text(text=json.dumps(body, separators=(",", ":")))
