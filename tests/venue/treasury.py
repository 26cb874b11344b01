"""Spot orders and moves of margin for tests on canned wires."""

from __future__ import annotations

from decimal import Decimal

from bot.domain.ids import Asset, ClientOrderId, HedgeName, Symbol, VenueName
from bot.domain.moves import Move, MoveId, MoveKind, MoveRecord, MoveRequest, MoveState
from bot.domain.orders import OrderRequest, Side, TimeInForce
from bot.ports import OrderTicket
from tests.venue.wire import BTC, EPOCH_MS

SPOT = Symbol("BTC/USDT")
USDT = Asset("USDT")
OURS = ClientOrderId("habcdefghjk000000000000001")
MOVE = MoveId("habcdefghjk000000000000002")


def spot_sale(coins: str = "0.1", at_ms: int = EPOCH_MS, valid_ms: int = 3_000) -> OrderTicket:
    """Sell coins at once."""
    request = OrderRequest(
        venue=VenueName("main"),
        symbol=SPOT,
        side=Side.SELL,
        contracts=Decimal(coins),
        price=Decimal("99500.0"),
        time_in_force=TimeInForce.IOC,
        reduce_only=False,
    )
    return OrderTicket(request=request, client_id=OURS, timestamp_ms=at_ms, deadline_ms=at_ms + valid_ms)


def moving(
    kind: MoveKind, amount: str = "25.00000001", symbol: Symbol = BTC, at_ms: int = EPOCH_MS, valid_ms: int = 3_000
) -> MoveRecord:
    """A move as it was made durable."""
    request = MoveRequest(
        venue=VenueName("main"),
        kind=kind,
        symbol=symbol,
        asset=USDT if symbol == BTC else Asset("BTC"),
        amount=Decimal(amount),
    )
    move = Move(
        move_id=MOVE,
        hedge=HedgeName("h"),
        request=request,
        created_ms=at_ms,
        timestamp_ms=at_ms,
        deadline_ms=at_ms + valid_ms,
    )
    return MoveRecord(move=move, state=MoveState.ARMED, reference=None, detail="", updated_ms=at_ms)
