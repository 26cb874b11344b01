"""Made-up traces, to show that an oracle sees what must never be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, cast

import pytest

from bot.domain.ids import Asset, ClientOrderId, Epoch, HedgeName, Symbol, VenueName, VenueOrderId, client_order_id
from bot.domain.intent import Intent, IntentRecord, IntentState
from bot.domain.orders import OrderRequest, TradeCursor
from bot.domain.orders import Side as Way
from bot.domain.orders import TimeInForce as Standing
from bot.journal.store import SqlJournal
from bot.paper.engine.model import (
    MarketType,
    Order,
    OrderKind,
    OrderStatus,
    PositionSide,
    Side,
    TimeInForce,
    Trade,
)
from bot.ports import Halt
from bot.runtime.virtual import EPOCH_MS
from tests.sim.trace import Change, Event, Job, Kind, Life, Oracle, Sent, Truth, Violation

D = Decimal
MARK: Final = D(100_000)
MAIN: Final = VenueName("main")
PERP: Final = Symbol("BTC/USDT:USDT")
JOB: Final = Job(
    hedge="btc",
    asset=Asset("BTC"),
    exchange="binance",
    venue=MAIN,
    coins_exchange="binance",
    symbol=PERP,
    venue_symbol="BTCUSDT",
    market=MarketType.LINEAR,
    wallets=("spot", "funding"),
    contract_size=D(1),
    step=D("0.001"),
    ratio=D(1),
    band_relative=D("0.005"),
    band_notional=D(20),
)


def our_id(number: int, epoch: str = "abcdefghij") -> ClientOrderId:
    """One of our ids."""
    return client_order_id(Epoch(epoch), number)


class MadeTruth(Truth):
    """A truth that is what a test says."""

    def __init__(self, job: Job = JOB, journal: Path = Path("no journal")) -> None:
        super().__init__(job, {}, journal, key="paper")
        self.coins["binance", "spot", "BTC"] = D(1)
        self.price = MARK
        self.known: dict[ClientOrderId, IntentRecord] = {}
        self.stopped: list[Halt] = []

    @property
    def mark(self) -> Decimal:
        """The price that was made up."""
        return self.price

    @property
    def journal(self) -> SqlJournal:
        """What was made up of it."""
        return cast(SqlJournal, self)

    def intent(self, client_id: ClientOrderId) -> IntentRecord | None:
        """As a journal answers."""
        return self.known.get(client_id)

    def intents(self) -> Sequence[IntentRecord]:
        """Oldest first."""
        return list(self.known.values())

    def halts(self) -> Sequence[Halt]:
        """Those that stand."""
        return self.stopped


class Tale:
    """Tells an oracle one event after the other."""

    def __init__(self, oracle: Oracle, truth: MadeTruth | None = None) -> None:
        self.oracle = oracle
        self.truth = MadeTruth() if truth is None else truth
        self.process = 0
        self.ms = 0
        self._requests = self._orders = 0
        self.starts()

    # Time, processes, the world

    def after(self, seconds: float) -> None:
        """So much later."""
        self.ms += round(seconds * 1000)

    def tell(self, kind: Kind, word: str = "", *, changes: Iterable[Change] = (), **more: Any) -> None:  # noqa: ANN401
        """One event."""
        at_ms = EPOCH_MS + self.ms
        self.truth.now_ms = at_ms
        given = {"process": self.process} | more
        self.oracle.after(Event(at_ms=at_ms, kind=kind, word=word, changes=tuple(changes), **given), self.truth)

    def starts(self) -> None:
        """The next process starts and is up."""
        self.process = len(self.truth.lives)
        at_ms = EPOCH_MS + self.ms
        self.truth.lives.append(Life(number=self.process, started_ms=at_ms, up_ms=at_ms))
        self.tell(Kind.PROCESS, "started")

    def calm(self) -> None:
        """Nothing goes wrong any more."""
        self.truth.calm_ms = EPOCH_MS + self.ms
        self.tell(Kind.CALM)

    def holds(self, coins: str) -> None:
        """The owner has so many coins now."""
        self.truth.coins["binance", "spot", "BTC"] = D(coins)
        self.tell(Kind.WORLD, "coins")

    def alarm(self, name: str = "alarm", **values: object) -> None:
        """A person is told."""
        self.truth.alarms.append((EPOCH_MS + self.ms, name, values))
        self.tell(Kind.ALARM, name, values=values)

    # Orders

    def arms(
        self,
        number: int,
        side: Way = Way.SELL,
        contracts: str = "1",
        behind_ms: int = 0,
        **more: Any,  # noqa: ANN401
    ) -> IntentRecord:
        """An intent is committed, by a clock that is so far behind."""
        given: dict[str, Any] = {"price": MARK, "reduce_only": side is Way.BUY, "symbol": PERP} | more
        client_id = our_id(number)
        intent = Intent(
            client_id=client_id,
            hedge=HedgeName("btc"),
            request=OrderRequest(venue=MAIN, side=side, contracts=D(contracts), time_in_force=Standing.IOC, **given),
            position_before=D(0),
            cursor_before=TradeCursor(trade_id=None, time_ms=0),
            mark=MARK,
            created_ms=EPOCH_MS + self.ms,
            timestamp_ms=EPOCH_MS + self.ms - behind_ms,
            deadline_ms=EPOCH_MS + self.ms - behind_ms + 3000,
        )
        record = IntentRecord(
            intent=intent,
            state=IntentState.ARMED,
            filled=D(0),
            average_price=None,
            venue_order_id=None,
            settled=False,
            detail="",
            updated_ms=intent.created_ms,
        )
        self.truth.known[client_id] = record
        self.tell(Kind.COMMIT, "arm")
        return record

    def learns(self, number: int, state: IntentState, filled: str = "0") -> None:
        """The journal learns what became of an order."""
        client_id = our_id(number)
        known = self.truth.known[client_id]
        order_id = VenueOrderId(str(number)) if D(filled) else None
        self.truth.known[client_id] = replace(
            known, state=state, filled=D(filled), venue_order_id=order_id, settled=state.terminal
        )
        self.tell(Kind.COMMIT, "update")

    def sends(
        self,
        number: int,
        *,
        fills: str | None = None,
        fault: str = "",
        status: int | None = 200,
        left_ms: int = 0,
        **order: Any,  # noqa: ANN401
    ) -> Sent:
        """The order's request comes to the venue; with `fills` it is accepted, and so much of it fills."""
        sent = self.request("POST", "/fapi/v1/order", body=f"newClientOrderId={our_id(number)}", fault=fault)
        sent = replace(sent, status=status, at_ms=EPOCH_MS + self.ms - left_ms)
        changes = [] if fills is None else self.accepted(our_id(number), fills, **order)
        self.tell(Kind.REQUEST, sent=sent, changes=changes)
        return sent

    def request(self, method: str, path: str, **more: Any) -> Sent:  # noqa: ANN401
        """A request as it left just now."""
        self._requests += 1
        given: dict[str, Any] = {"exchange": "binance", "query": "", "body": "", "status": 200} | more
        return Sent(
            number=self._requests,
            at_ms=EPOCH_MS + self.ms,
            process=self.process,
            method=method,
            host="fapi.binance.com",
            path=path,
            **given,
        )

    def asks(self, path: str, method: str = "GET", **more: Any) -> None:  # noqa: ANN401
        """A request and its answer."""
        sent = self.request(method, path, **more)
        self.tell(Kind.REQUEST, sent=sent)
        self.tell(Kind.ANSWER, sent=sent)

    def accepted(
        self,
        client_id: str,
        fills: str,
        *,
        side: Side = Side.SELL,
        contracts: str | None = None,
        price: Decimal = MARK,
        reduce_only: bool | None = None,
        status: OrderStatus | None = None,
        **order: Any,  # noqa: ANN401 - any other field of `Order`
    ) -> list[Change]:
        """The versions of a new order: accepted, then filled."""
        self._orders += 1
        quantity, filled = D(contracts or fills), D(fills)
        new = Order(
            order_id=self._orders,
            client_id=client_id,
            listing_key="linear:BTCUSDT",
            side=side,
            kind=OrderKind.LIMIT,
            tif=TimeInForce.IOC,
            price=price,
            quantity=quantity,
            quote_quantity=D(0),
            filled=D(0),
            quote_filled=D(0),
            status=OrderStatus.NEW,
            reduce_only=side is Side.BUY if reduce_only is None else reduce_only,
            position_side=PositionSide.BOTH,
            time_ms=EPOCH_MS + self.ms,
            update_ms=EPOCH_MS + self.ms,
        )
        new = replace(new, **order)
        changes = [self._change(new)]
        if filled:
            trade = Trade(
                trade_id=self._orders,
                order_id=self._orders,
                listing_key=new.listing_key,
                side=side,
                price=price,
                quantity=filled,
                quote=filled * price,
                fee=D(0),
                fee_asset="USDT",
                realized=D(0),
                maker=False,
                time_ms=new.time_ms,
                position_side=PositionSide.BOTH,
            )
            ended = status or (OrderStatus.FILLED if filled == quantity else OrderStatus.EXPIRED)
            changes.append(self._change(replace(new, filled=filled, status=ended, trades=(trade,)), trade))
            place = ("binance", "BTCUSDT")
            self.truth.contracts[place] = self.truth.contracts.get(place, D(0)) + filled * side.sign
        return changes

    def by_hand(self, side: Side, contracts: str) -> None:
        """The owner trades the contract."""
        self.tell(Kind.WORLD, "foreign", changes=self.accepted("web_1", contracts, side=side), process=None)

    def _change(self, order: Order, trade: Trade | None = None) -> Change:
        self.truth.orders["binance", order.order_id] = order
        return Change(exchange="binance", at_ms=EPOCH_MS + self.ms, order=order, trade=trade, symbol=JOB.venue_symbol)

    def opens(self, number: int = 1, contracts: str = "1") -> None:
        """An order of ours from its intent to its end, as it should be."""
        self.arms(number, contracts=contracts)
        self.tell(Kind.ANSWER, sent=self.sends(number, fills=contracts))
        self.learns(number, IntentState.FILLED, contracts)


def seen(what: Callable[[], object]) -> str:
    """What the oracle says of it."""
    with pytest.raises(Violation) as violation:
        what()
    return violation.value.message


def reads(tale: Tale, places: Mapping[str, tuple[str, str]], *, but: str = "") -> None:
    """Everything that a decision rests on is read, but one."""
    for what, (exchange, path) in places.items():
        if what != but:
            tale.asks(path, exchange=exchange)
