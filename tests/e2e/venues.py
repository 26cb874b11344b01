"""What the tests know of each paper exchange, and ccxt as the account's owner uses it beside the bot."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

import ccxt.async_support as ccxt

from bot.cli.status import read_status
from bot.domain.errors import JournalFault
from bot.domain.intent import IntentState
from bot.paper.client import local_session
from bot.runtime.clock import SystemClock
from tests.e2e.harness import Home, Paper

T = TypeVar("T")
Owner = Any
"""A ccxt exchange; ccxt has no types of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One venue as its paper exchange serves it.

    Attributes:
        exchange: ccxt id, and name of the paper venue.
        spot: the wallet of the starting coins.
        linear, inverse: perpetuals on BTC as the venue writes them.
        per_coin: linear contracts of 1 BTC.
        usd: of one inverse contract.
        margin: the wallet whose coins margin an inverse short.
        earn: the wallet that Earn takes coins from and gives them to.
        order: path that places orders on perpetuals.
    """

    exchange: str
    spot: str
    linear: str
    per_coin: int
    inverse: str
    usd: int
    margin: str
    earn: str
    order: str

    @property
    def account(self) -> str:
        return f"{self.exchange}/paper"

    def short(self, paper: Paper) -> Decimal:
        """In coins, of the linear contract."""
        return paper.short(self.linear, self.account) / self.per_coin

    def orders(self, paper: Paper) -> list[dict[str, Any]]:
        return paper.orders(self.account)


BINANCE = Place(
    exchange="binance",
    spot="spot",
    linear="BTCUSDT",
    per_coin=1,
    inverse="BTCUSD_PERP",
    usd=100,
    margin="coinm",
    earn="spot",
    order="/fapi/v1/order",
)
OKX = Place(
    exchange="okx",
    spot="trading",
    linear="BTC-USDT-SWAP",
    per_coin=100,
    inverse="BTC-USD-SWAP",
    usd=100,
    margin="trading",
    earn="funding",
    order="/api/v5/trade/order",
)
KUCOIN = Place(
    exchange="kucoin",
    spot="trade",
    linear="XBTUSDTM",
    per_coin=1_000,
    inverse="XBTUSDM",
    usd=1,
    margin="futures",
    earn="main",
    order="/api/v1/orders",
)
PLACES = (BINANCE, OKX, KUCOIN)


def named(place: Place) -> str:
    return place.exchange


def by_hand(paper: Paper, place: Place, act: Callable[[Owner], Awaitable[T]]) -> T:
    """Do something with the account that the bot uses, through ccxt and without the bot's code."""

    async def acted() -> T:
        host, _, port = paper.at.partition(":")
        async with local_session(host, int(port), paper.ca) as session:
            keys = {"apiKey": "paper", "secret": "paper", "password": "paper"}
            owner = getattr(ccxt, place.exchange)({**keys, "session": session, "options": {"defaultType": "swap"}})
            try:
                return await act(owner)
            finally:
                await owner.close()

    return asyncio.run(acted())


def verdict(home: Home) -> str:
    """What the bot last decided; empty while there is no journal yet."""
    return str(hedge(home).get("verdict", ""))


def hedge(home: Home) -> dict[str, Any]:
    """The one hedge as `status` shows it; empty while there is no journal yet."""
    if not home.journal.exists():
        return {}
    try:
        hedges: Sequence[dict[str, Any]] = read_status(home.journal, SystemClock())["hedges"]
    except JournalFault:
        return {}  # its tables are being made
    return hedges[0] if hedges else {}


def held(home: Home, source: str, venue: str | None = "main") -> Decimal | None:
    """Coins that the bot last saw in a source of one venue; None when it is unknown or not there."""
    rows = [row for row in hedge(home).get("holdings", ()) if (row["source"], row["venue"]) == (source, venue)]
    return sum((Decimal(row["quantity"]) for row in rows), Decimal(0)) if rows else None


def intents(home: Home, *, rejected: bool = True) -> list[str]:
    """Client ids of all intents; none while the journal is still being made.

    Args:
        rejected: with those that the venue refused, as it does with an order that a busy machine sent too late (R21).
    """
    if not home.journal.exists():
        return []
    with closing(sqlite3.connect(f"file:{home.journal}?mode=ro", uri=True)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'intents'").fetchone():
            return []
        rows = connection.execute("SELECT client_id, state FROM intents").fetchall()
    return [client_id for client_id, state in rows if rejected or state != IntentState.REJECTED]
