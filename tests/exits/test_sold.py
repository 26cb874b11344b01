"""What exits sold of a coin, by the journal: the same sum however long ago, and nothing that a reading can't show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal as D
from typing import cast

from bot.domain.ids import ClientOrderId, HedgeName, Symbol, VenueName
from bot.domain.intent import Intent, IntentRecord, IntentState
from bot.domain.orders import OrderRequest, Side, TimeInForce, TradeCursor
from bot.ports import Journal
from bot.runtime.beside_exits import KEPT_MS, Beside, Sold

MAIN, CALM = VenueName("main"), HedgeName("calm")
USDT, USDC = Symbol("BTC/USDT"), Symbol("BTC/USDC")


@dataclass
class Orders:
    """The only thing that is asked of a journal here."""

    records: list[IntentRecord] = field(default_factory=list)
    oldest_asked_ms: int = 0

    def recent(self, venue: VenueName, symbol: Symbol, since_ms: int) -> Sequence[IntentRecord]:
        self.oldest_asked_ms = since_ms
        return [
            record
            for record in self.records
            if (record.intent.request.venue, record.intent.request.symbol) == (venue, symbol)
            and record.intent.created_ms >= since_ms
        ]

    def add(
        self,
        at_ms: int,
        side: Side,
        filled: str,
        *,
        symbol: Symbol = USDT,
        hedge: HedgeName = CALM,
        state: IntentState = IntentState.FILLED,
    ) -> None:
        request = OrderRequest(
            venue=MAIN,
            symbol=symbol,
            side=side,
            contracts=D(1),
            price=D(1),
            time_in_force=TimeInForce.IOC,
            reduce_only=False,
        )
        intent = Intent(
            client_id=ClientOrderId(f"h{len(self.records):025}"),
            hedge=hedge,
            request=request,
            position_before=D(0),
            cursor_before=TradeCursor(trade_id=None, time_ms=0),
            mark=D(1),
            created_ms=at_ms,
            timestamp_ms=at_ms,
            deadline_ms=at_ms,
        )
        record = IntentRecord(
            intent=intent,
            state=state,
            filled=D(filled),
            average_price=D(1),
            venue_order_id=None,
            settled=state.terminal,
            detail="",
            updated_ms=at_ms + 100,
        )
        self.records.append(record)


def sold(orders: Orders) -> Sold:
    beside = Beside(exits=frozenset({CALM}), places=frozenset({(MAIN, USDT), (MAIN, USDC)}))
    return Sold(beside, cast(Journal, orders))


def test_sales_less_buys_on_every_market_of_the_exits_alone() -> None:
    orders = Orders()
    orders.add(0, Side.SELL, "0.5")
    orders.add(10, Side.SELL, "0.3", symbol=USDC)
    orders.add(20, Side.BUY, "0.1")
    orders.add(30, Side.SELL, "0.7", hedge=HedgeName("short"))
    assert sold(orders).by(1_000) == D("0.7")


def test_a_fill_that_was_not_known_when_the_reading_was_asked_for_does_not_count() -> None:
    orders = Orders()
    orders.add(1_000, Side.SELL, "0.5")
    assert sold(orders).by(1_099) == 0
    assert sold(orders).by(1_100) == D("0.5")


def test_what_is_long_over_is_summed_once_and_what_is_not_is_read_again() -> None:
    orders = Orders()
    orders.add(0, Side.SELL, "0.5")
    orders.add(1_000, Side.SELL, "0.2", state=IntentState.UNKNOWN)
    orders.add(2_000, Side.SELL, "0.1", symbol=USDC)
    seen = sold(orders)
    for later in range(1, 4):
        assert seen.by(later * KEPT_MS) == D("0.8")
    assert orders.oldest_asked_ms == 1_000, "up to the first that is not over"
    orders.records[1] = orders.records[0]
    again = sold(orders)
    orders.add(5 * KEPT_MS, Side.BUY, "0.4")
    assert [again.by(6 * KEPT_MS + later) for later in (0, 1, KEPT_MS)] == [D("0.7")] * 3
