"""What happens in a simulation, one event after the other, and the exchanges' own truth beside it.

An oracle is given each event together with the truth as it is right after it. What the bot believes plays no part in
the truth: positions, orders and coins are the exchanges' own, intents are what is committed in the journal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from bot.domain.ids import Asset, Symbol, VenueName
from bot.domain.intent import IntentRecord
from bot.domain.numbers import ZERO
from bot.domain.plan import Plan
from bot.journal.store import SqlJournal
from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import MarketType, Order, PositionSide, Trade, UpdateKind
from bot.ports import Halt
from bot.runtime.virtual import EPOCH_MS


class Violation(AssertionError):
    """An oracle saw what must never be."""

    def __init__(self, oracle: str, message: str) -> None:
        super().__init__(f"{oracle}: {message}")
        self.oracle = oracle
        self.message = message


class Kind(StrEnum):
    """What an event is about."""

    PROCESS = "process"
    """`word`: started, up (its first turn is shown), stopping (an orderly stop was asked for), killed, ended."""
    REQUEST = "request"
    """A request came to the venue, or was lost on its way there; what it changed is in `changes`."""
    ANSWER = "answer"
    """Its answer, or the loss of it, came to the process."""
    COMMIT = "commit"
    """A journal transaction is durable."""
    TURN = "turn"
    """A turn is over; `plans` holds what each hedge came to."""
    ALARM = "alarm"
    """A person was told."""
    WORLD = "world"
    """Something happened outside the bot: a price, a deposit, a venue's own act; `word` says what."""
    FAULT = "fault"
    """A fault was planned, or began, or ended; `word` says what."""
    CALM = "calm"
    """From here on nothing goes wrong and nothing moves by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One request as it left a process.

    Attributes:
        number: counts all requests from 1.
        at_ms: when it left; it may come to the venue later, see `Event.at_ms`.
        fault: the kind of fault that struck it, such as `drop-after`; empty for none.
        status: HTTP status of the venue's answer; None when the connection was dropped.
        code: the venue's own error code in the answer; empty for none.
        retry_after_s: how long the answer told us to pause; None where it did not.
    """

    number: int
    at_ms: int
    process: int
    exchange: str
    method: str
    host: str
    path: str
    query: str
    body: str
    fault: str = ""
    status: int | None = None
    code: str = ""
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of an account on an exchange, by the exchange's own word.

    Attributes:
        order: a new version of an order; `trade` is the fill that made it, if one did.
        wallet, asset, amount: a change of a wallet; `reason` is the ledger's, such as `TRADE` or `WITHDRAWAL`.
    """

    exchange: str
    at_ms: int
    order: Order | None = None
    trade: Trade | None = None
    wallet: str = ""
    asset: str = ""
    amount: Decimal = ZERO
    reason: str = ""
    symbol: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened.

    Attributes:
        word: names it within its kind.
        process: whose doing it was; None: nobody's, or the world's.
        sent: the request of REQUEST and ANSWER.
        changes: what changed on the exchanges since the event before.
        plans: of a TURN.
        values: of an ALARM: what was told.
    """

    at_ms: int
    kind: Kind
    word: str
    process: int | None = None
    sent: Sent | None = None
    changes: tuple[Change, ...] = ()
    plans: tuple[Plan, ...] = ()
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What the bot is to hold, in the exchange's words.

    Attributes:
        exchange, venue: where the short is; the exchange's name and that of its `[venues.NAME]` table.
        coins_exchange: where the coins are; often the same.
        symbol: of the short, as ccxt names it; `venue_symbol` as the exchange does.
        wallets: of `coins_exchange`: those whose coins the hedge counts, the ones on their way included.
        contract_size: coins of a linear contract, quote of an inverse one.
        step: of the quantity, in contracts.
    """

    hedge: str
    asset: Asset
    exchange: str
    venue: VenueName
    coins_exchange: str
    symbol: Symbol
    venue_symbol: str
    market: MarketType
    wallets: tuple[str, ...]
    contract_size: Decimal
    step: Decimal
    ratio: Decimal
    band_relative: Decimal
    band_notional: Decimal
    streams: bool = False


@dataclass(slots=True, kw_only=True)
class Life:
    """One process.

    Attributes:
        up_ms: when its first turn was shown; None before.
        ended_ms: when it lost its power or ended; None while it lives.
        end: `killed`, `stopped`, or why it could not start or ended.
        bug: the kind of error that ended it, if it is none that a bot raises on purpose.
    """

    number: int
    started_ms: int
    up_ms: int | None = None
    ended_ms: int | None = None
    end: str = ""
    bug: str = ""


class Oracle(Protocol):
    """Watches a simulation; raises `Violation`."""

    def after(self, event: Event, truth: Truth) -> None:
        """Judge one event and the truth right after it."""
        ...

    def finish(self, truth: Truth) -> None:
        """Judge the whole at its end."""
        ...


class _Coins(dict[tuple[str, str, str], Decimal]):
    """Quantities by place; forgets what was counted when one changes."""

    counted: Decimal | None = None

    def __setitem__(self, place: tuple[str, str, str], quantity: Decimal) -> None:
        super().__setitem__(place, quantity)
        self.counted = None


class Truth:
    """How things really are.

    Args:
        job: what the bot is to hold.
        exchanges: by name, each with the one account `key`.
        journal: the file of all processes.

    Attributes:
        now_ms: of the last event.
        orders: every order ever accepted, by exchange and order id, in its newest version.
        contracts: signed, by exchange and the exchange's symbol; one-way mode.
        coins: by exchange, wallet and asset.
        in_flight: requests that left a living process and were not answered yet, by number.
        lives: the processes, oldest first.
        alarms: time, event and values of every alarm.
        output: every line that a process wrote, in order: the log and the reasons of its plans.
        calm_ms: from then on nothing goes wrong any more; None before.
        excused: why the hedge need not be restored, such as `liquidation`; empty while it must.
    """

    def __init__(self, job: Job, exchanges: Mapping[str, Exchange], journal: Path, *, key: str) -> None:
        self.job = job
        self.now_ms = EPOCH_MS
        self.orders: dict[tuple[str, int], Order] = {}
        self.contracts: dict[tuple[str, str], Decimal] = {}
        self.coins: dict[tuple[str, str, str], Decimal] = _Coins()
        self.in_flight: dict[int, Sent] = {}
        self.lives: list[Life] = []
        self.alarms: list[tuple[int, str, Mapping[str, object]]] = []
        self.output: list[str] = []
        self.calm_ms: int | None = None
        self.excused = ""
        self._counted = [(job.coins_exchange, wallet, job.asset) for wallet in job.wallets]
        self._mark: Decimal | None = None
        self._exchanges = exchanges
        self._key = key
        self._seen = dict.fromkeys(exchanges, 0)
        self._journal_path = journal
        self._reader: SqlJournal | None = None
        self._intents: Sequence[IntentRecord] | None = None
        self._halts: Sequence[Halt] | None = None

    # The journal, as committed

    def intents(self) -> Sequence[IntentRecord]:
        """Every intent on the job's instrument, oldest first."""
        if self._intents is None:
            self._intents = self.journal.recent(self.job.venue, self.job.symbol, 0)
        return self._intents

    def halts(self) -> Sequence[Halt]:
        """Halts that nobody has cleared."""
        if self._halts is None:
            self._halts = self.journal.halts()
        return self._halts

    @property
    def journal(self) -> SqlJournal:
        """The journal as another process finds it; there is none before the first start."""
        if self._reader is None:
            self._reader = SqlJournal.open_readonly(self._journal_path)
        return self._reader

    def close(self) -> None:
        """Close the journal."""
        if self._reader is not None:
            self._reader.close()

    def committed(self) -> None:
        """What was read of the journal is old."""
        self._intents = self._halts = None

    # The hedge

    @property
    def mark(self) -> Decimal:
        """Of the job's instrument, quote per coin."""
        if self._mark is None:
            listing = f"{self.job.market.value}:{self.job.venue_symbol}"
            self._mark = self._exchanges[self.job.exchange].mark(listing)
        return self._mark

    @property
    def held(self) -> Decimal:
        """Coins that the hedge counts; of an inverse short those that margin it at their wallet balance."""
        coins = self.coins
        assert isinstance(coins, _Coins)
        if coins.counted is None:
            coins.counted = sum((coins.get(place, ZERO) for place in self._counted), ZERO)
        return coins.counted

    @property
    def position(self) -> Decimal:
        """Contracts of the job's instrument, signed."""
        return self.contracts.get((self.job.exchange, self.job.venue_symbol), ZERO)

    @property
    def short(self) -> Decimal:
        """Coins that the position hedges at the mark, positive for a short."""
        size = -self.position * self.job.contract_size
        return size / self.mark if self.job.market is MarketType.INVERSE else size

    # Kept by the simulation

    def look(self) -> tuple[Change, ...]:
        """Take over what changed on the exchanges since the last look."""
        self._mark = None
        return tuple(change for name in self._exchanges for change in self._news(name))

    def _news(self, name: str) -> list[Change]:
        account = self._exchanges[name].account(self._key)
        if account.last_update == self._seen[name]:
            return []
        changes: list[Change] = []
        for update in account.updates(self._seen[name]):
            match update.kind:
                case UpdateKind.ORDER:
                    assert update.order is not None
                    self.orders[name, update.order.order_id] = update.order
                    changes.append(
                        Change(
                            exchange=name,
                            at_ms=update.time_ms,
                            order=update.order,
                            trade=update.trade,
                            symbol=update.symbol,
                        )
                    )
                case UpdateKind.BALANCE:
                    assert update.row is not None
                    place = (name, update.wallet, update.asset)
                    self.coins[place] = self.coins.get(place, ZERO) + update.row.amount
                    changes.append(
                        Change(
                            exchange=name,
                            at_ms=update.time_ms,
                            wallet=update.wallet,
                            asset=update.asset,
                            amount=update.row.amount,
                            reason=update.row.kind.value,
                            symbol=update.row.symbol,
                        )
                    )
                case UpdateKind.POSITION:
                    held = account._state.position(update.symbol, PositionSide.BOTH)
                    self.contracts[name, update.symbol] = held.contracts
        self._seen[name] = account.last_update
        return changes


class EventLog:
    """One line for each event; two runs of a seed give it byte for byte.

    Args:
        keep: keep the lines; else only their hash.
    """

    def __init__(self, *, keep: bool = False) -> None:
        self.lines: list[str] = []
        self.count = 0
        self._keep = keep
        self._hash = hashlib.sha256()

    def add(self, event: Event) -> None:
        """Write one down, but for answers: what came of a request is said where it came to the venue."""
        if event.kind is Kind.ANSWER:
            return
        line = line_of(event)
        self.count += 1
        self._hash.update(line.encode() + b"\n")
        if self._keep:
            self.lines.append(line)

    @property
    def sha256(self) -> str:
        """Of all lines so far, each ended by a newline."""
        return self._hash.hexdigest()


def line_of(event: Event) -> str:
    """Virtual ms since the start, process, what happened, and what changed on the exchanges."""
    who = "-" if event.process is None else str(event.process)
    parts = [f"{event.at_ms - EPOCH_MS:>10} {who:>3} {event.kind.value:<7} {event.word}"]
    parts += [text for change in event.changes if (text := _told(change))]
    parts += [f"{plan.view.hedge}: {plan.verdict.value}" for plan in event.plans]
    return " | ".join(parts)


def _told(change: Change) -> str:
    if change.order is None:
        return f"{change.exchange} {change.wallet} {change.asset} {change.amount:+f} {change.reason.lower()}"
    order = change.order
    if change.trade is not None:
        return f"{change.exchange} fill {order.client_id} {change.trade.quantity:f} at {change.trade.price:f}"
    side, status = order.side.value.lower(), order.status.value.lower()
    return f"{change.exchange} order {order.client_id} {side} {order.quantity:f} {status}"
