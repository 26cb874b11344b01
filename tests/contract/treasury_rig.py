"""What the cases of spot orders and moves of margin need beside the rig."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from bot.domain.ids import ClientOrderId, HedgeName, Symbol, VenueName, client_order_id
from bot.domain.moves import Move, MoveId, MoveKind, MoveOutcome, MoveRecord, MoveRequest, MoveState
from bot.domain.orders import SendOutcome, Side, TimeInForce
from bot.paper.engine import model
from bot.paper.engine.model import NewOrder, OrderKind
from bot.paper.faults import Fault, FaultKind
from bot.ports import OrderTicket
from tests.contract.rig import EPOCH, Rig

SPOT: Final = Symbol("BTC/USDT")


@dataclass(frozen=True, kw_only=True)
class Paths:
    """Where the commands of an exchange go, to lose their answers."""

    spot_order: str
    transfer: str | None
    margin: str


PATHS: Final = {
    "binance": Paths(spot_order="/api/v3/order", transfer="/sapi/v1/asset/transfer", margin="/fapi/v1/positionMargin"),
    "okx": Paths(spot_order="/api/v5/trade/order", transfer=None, margin="/api/v5/account/position/margin-balance"),
    "kucoin": Paths(
        spot_order="/api/v1/hf/orders",
        transfer="/api/v3/accounts/universal-transfer",
        margin="/api/v1/position/margin/deposit-margin",
    ),
}


def spot_key(rig: Rig) -> str:
    """The engine's name of the spot market."""
    return next(
        key
        for key, listing in rig.exchange.listings.items()
        if key.startswith("spot") and listing.asset == "BTC" and listing.quote == "USDT"
    )


def spot_ticket(
    rig: Rig, side: Side, coins: str, price: str, *, client_id: ClientOrderId | None = None, age_ms: int = 0
) -> OrderTicket:
    """An immediate-or-cancel order on the spot market."""
    ticket = rig.ticket(
        side, Decimal(coins), price, tif=TimeInForce.IOC, reduce_only=False, client_id=client_id, age_ms=age_ms
    )
    return replace(ticket, request=replace(ticket.request, symbol=SPOT))


def resting(rig: Rig, client_id: ClientOrderId) -> NewOrder:
    """An order of another program on the spot market, which rests, under an id of our form."""
    return NewOrder(
        listing_key=spot_key(rig),
        side=model.Side.SELL,
        kind=OrderKind.LIMIT,
        quantity=Decimal("0.1"),
        price=Decimal(101_000),
        client_id=client_id,
    )


def lose(rig: Rig, path: str) -> None:
    """Lose the answer to the next command there, after its effect."""
    rig.world.faults.add(Fault(venue=rig.ground.exchange, path=path, kind=FaultKind.DROP_AFTER, method="POST"))


def record(rig: Rig, kind: MoveKind, amount: str, *, age_ms: int = 0) -> MoveRecord:
    """A move as it was made durable."""
    now_ms = rig.venue.now_ms() - age_ms
    move = Move(
        move_id=MoveId(client_order_id(EPOCH, next(rig.numbers))),
        hedge=HedgeName("h"),
        request=MoveRequest(
            venue=VenueName("main"),
            kind=kind,
            symbol=rig.symbol,
            asset=rig.instrument.settle,
            amount=Decimal(amount),
        ),
        created_ms=now_ms,
        timestamp_ms=now_ms,
        deadline_ms=now_ms + rig.venue.recv_window_ms(),
    )
    return MoveRecord(move=move, state=MoveState.ARMED, reference=None, detail="", updated_ms=now_ms)


async def send(rig: Rig, moving: MoveRecord) -> MoveOutcome:
    """Send a move."""
    await rig.venue.order_slot(moving.move.request.symbol)
    return await rig.venue.move(moving)


async def sell_spot(rig: Rig, coins: str = "0.1") -> tuple[OrderTicket, SendOutcome]:
    """Sell coins at once."""
    ticket = spot_ticket(rig, Side.SELL, coins, "99000")
    return ticket, await rig.place(ticket)
