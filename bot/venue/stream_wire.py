"""What the package of one exchange gives to its streams: lines to keep open, and how a frame is read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from bot.domain.environment import Environment
from bot.domain.hint import HintKind
from bot.domain.ids import Asset, Symbol
from bot.domain.instrument import ContractKind
from bot.venue.endpoint import Endpoint
from bot.venue.link import Link


class Broken(Exception):
    """A line can't go on. Its text names no address and no secret.

    Args:
        reason: for the log.
        refused: asking again soon would not help, as with a key that is refused.
        retry_at_ms: our clock, when the venue named a time.
    """

    def __init__(self, reason: str, *, refused: bool = False, retry_at_ms: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.refused = refused
        self.retry_at_ms = retry_at_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What the caller wants to hear of, in the venue's own words.

    Attributes:
        symbols: perpetuals by the venue's name.
        kinds: of each of them.
        currencies: the venue's names of the coins that matter, those that the perpetuals settle in too.
        wallets: whether coins of the account's wallets matter, beside those that margin the perpetuals.
    """

    symbols: Mapping[str, Symbol]
    kinds: Mapping[Symbol, ContractKind]
    currencies: frozenset[str]
    wallets: bool

    def of(self, kind: ContractKind) -> list[Symbol]:
        """The perpetuals of a kind, sorted."""
        return sorted(symbol for symbol, its in self.kinds.items() if its is kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that a frame tells, of a symbol or coin in scope.

    Attributes:
        price: of PRICE only: the mark.
    """

    kind: HintKind
    symbol: Symbol | None = None
    price: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What a frame means.

    Attributes:
        events: what happened; may be none that matters.
        confirms: how many subscriptions it confirms.
        protocol: it is part of the conversation and ccxt must see it; what only tells something is spared its parsers.
    """

    events: Sequence[Event] = ()
    confirms: int = 0
    protocol: bool = False


class Reader(Protocol):
    """Reads the frames of one line, in order."""

    def __call__(self, message: object, /) -> Frame:
        """Read one parsed frame; a text that is no JSON comes as it is.

        Raises:
            Broken: the venue refuses something, or ends the stream.
            ValueError: it has not the shape that it must have.
        """
        ...


class Changes:
    """Tells what is new from what is only said again: some venues repeat themselves every few seconds."""

    def __init__(self) -> None:
        self._said: dict[tuple[str, ...], tuple[object, ...]] = {}

    def new(self, key: tuple[str, ...], values: tuple[object, ...]) -> bool:
        """Whether these values were not the last ones under the key."""
        known = self._said.get(key)
        self._said[key] = values
        return known != values


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What is opened, kept and given up together, on a ccxt client of its own.

    Attributes:
        name: for the log.
        prepare: asks by REST for what the handshake needs and gives it to the ccxt client; raises VenueFault,
            ValueError. None: it needs nothing.
        watch: each subscribes to something through the ccxt client, and ends only by an exception.
        confirms: how many confirmations come when all subscriptions stand; 0: an open connection is enough.
        marks: perpetuals whose mark must keep coming.
        renew: keeps alive what `prepare` got, every `renew_s`.
    """

    name: str
    watch: Sequence[Callable[[Any], Awaitable[object]]]
    confirms: int = 0
    marks: Collection[Symbol] = ()
    prepare: Callable[[Link, Any], Awaitable[None]] | None = None
    renew: Endpoint | None = None
    renew_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamWays:
    """What can be told of an exchange's streams as data.

    Attributes:
        client: makes a ccxt.pro client like `Ways.client`; its class has `bot.venue.sockets.Streaming` first.
        hosts: that streams may come from, by environment; one that begins with a dot stands for all below it.
        lines: what to keep open.
        reader: a reader for one line.
        options: ccxt options of its streams.
    """

    client: Callable[[Mapping[str, object], Callable[[], int]], Any]
    hosts: Mapping[Environment, frozenset[str]]
    lines: Callable[[Scope], Sequence[Line]]
    reader: Callable[[Scope], Reader]
    options: Mapping[str, object] = field(default_factory=dict)


def names_of(listed: Mapping[str, Mapping[str, Any]], coins: Collection[Asset]) -> frozenset[str]:
    """The venue's own names of coins, by the market lists of ccxt; one coin may have several."""
    return frozenset(coins) | {
        str(market[f"{part}Id"])
        for market in listed.values()
        for part in ("base", "quote", "settle")
        if market.get(part) in coins and market.get(f"{part}Id")
    }
