"""Margin of isolated positions (R27), and the switch that cancels orders. One account holds spot and margin.

Source: OKX v5 REST documentation, "Increase/decrease margin", "Get bills details", "Cancel All After".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Final

from bot.domain.ids import Asset, Symbol
from bot.domain.moves import Move, MoveKind, VenueMove
from bot.domain.numbers import ZERO, plain
from bot.domain.observation import Sellable
from bot.ports import Clock
from bot.venue.desk import Sending
from bot.venue.errors import Meaning
from bot.venue.link import Link
from bot.venue.markets import Markets
from bot.venue.okx import endpoints
from bot.venue.okx.client import VALID_UNTIL
from bot.venue.okx.futures import LONG, NET, SHORT
from bot.venue.okx.ledger import bills_of
from bot.venue.okx.settings import config_of
from bot.venue.okx.wire import SWAP, figure_in, row_in
from bot.venue.shapes import Row, decimal_in, integer_in, row_of, rows_of, text_in
from bot.venue.throttle import Lane

_AVAILABLE: Final = ("ccy", "availBal", "availEq", "cashBal")
_MARGIN_BILL: Final = "6"
_SIGNS: Final[Mapping[str, int]] = {"160": 1, "161": -1}
"""Sub-types of a bill of margin: added by hand, taken off by hand."""
_AUTOMATIC: Final = "162"
_SECONDS_MIN: Final = 10


@dataclass(frozen=True, slots=True)
class Vault:
    """See `bot.venue.desk.Vault`; `clock` tells venue time."""

    link: Link
    markets: Markets
    clock: Clock

    async def free_to_move(self, asset: Asset) -> Decimal:
        """Nothing: what is for spot margins contracts as it is."""
        del asset
        return ZERO

    async def to_sell(self, asset: Asset) -> Sellable:
        """What the trading account has available: no order and no position holds it, and no loss eats it.

        The venue tells coins and equity apart. Coins that margin a position are still there to be sold by the first
        figure, and its unrealised profit can be used as margin by the second; the smaller one is both free and there.
        The rest of the coins counts as locked.
        """
        return await self.link.ask(endpoints.TRADING, partial(_available, asset), {"ccy": asset}, lane=Lane.RESCUE)

    async def prepared(self, move: Move) -> Sending:
        """Margin for the isolated position; it carries no id of ours. A transfer is refused: there is no need of one.

        The venue takes no deadline with this request, so it is signed to be too old from the deadline on.
        """
        request = move.request
        if request.kind is MoveKind.TRANSFER:
            raise self.link.refused(
                endpoints.ADD_MARGIN.operation,
                "nothing was sent: spot and margin are one account here",
                meaning=Meaning.REFUSED,
                code="not-needed",
            )
        market_id = self.markets.id_of(request.symbol)
        config = await self.link.ask(endpoints.CONFIG, config_of, lane=Lane.ORDER)
        params: dict[str, object] = {
            "instId": market_id,
            "posSide": SHORT if config.hedged else NET,
            "type": "add",
            "amt": plain(request.amount),
            VALID_UNTIL: move.deadline_ms,
        }
        return Sending(endpoint=endpoints.ADD_MARGIN, params=params, parse=partial(_added, market_id, request.amount))

    async def moves(self, kind: MoveKind, symbol: Symbol, since_ms: int, until_ms: int) -> Sequence[VenueMove]:
        """Margin that was added or taken off by hand, from the bills; there are no transfers."""
        if kind is MoveKind.TRANSFER:
            return []
        market_id = self.markets.id_of(symbol)
        only = {"instType": SWAP, "type": _MARGIN_BILL, "begin": str(since_ms), "end": str(until_ms)}
        operation, bills = await bills_of(self.link, self.clock, since_ms, only, lane=Lane.RESCUE)
        try:
            found = [_margin_move(row) for row in bills if row.get("instId") == market_id]
        except ValueError as fault:
            raise self.link.unreadable(operation, str(fault)) from None
        return [move for move in found if move is not None and since_ms <= move.time_ms <= until_ms]

    async def dead_man(self, symbol: Symbol, seconds: int) -> None:
        """Cancel everything that rests in the whole account, whatever the symbol, unless called again in time.

        The venue has one switch for all, of 10 s at least; so it must be renewed for the account, not for a contract.
        """
        del symbol
        wanted = max(seconds, _SECONDS_MIN) if seconds else 0
        params = {"timeOut": str(wanted)}
        await self.link.ask(endpoints.CANCEL_ALL_AFTER, partial(_armed, wanted), params, lane=Lane.RESCUE)


def _added(market_id: str, amount: Decimal, body: object) -> str:
    """The answer repeats what was asked for, and names no id."""
    row = row_in(body, "instId", "type", "amt")
    if (row["instId"], row["type"], decimal_in(row, "amt")) != (market_id, "add", amount):
        raise ValueError("the answer is about another change of margin")
    return ""


def _armed(seconds: int, body: object) -> None:
    """The time at which it will trigger, 0 when it is off."""
    trigger = integer_in(row_in(body, "triggerTime"), "triggerTime")
    if (trigger != 0) is not (seconds != 0):
        raise ValueError(f"asked for {seconds} s, the switch triggers at {trigger}")


def _margin_move(row: Row) -> VenueMove | None:
    """One bill of margin; None for what the venue moved by itself, or on the long side. Raises ValueError."""
    row_of(row, "billId", "type", "subType", "ccy", "posBalChg", "ts")
    if row["type"] != _MARGIN_BILL:
        raise ValueError(f"a bill of type {row['type']!r} was not asked for")
    if row["subType"] == _AUTOMATIC or row.get("posSide") == LONG:
        return None
    sign = _SIGNS.get(text_in(row, "subType"))
    change = decimal_in(row, "posBalChg")
    if sign is None or change * sign <= 0:
        raise ValueError(f"a bill of sub-type {row['subType']} over {change} is not known")
    return VenueMove(
        kind=MoveKind.ADD_MARGIN,
        asset=Asset(text_in(row, "ccy")),
        amount=change,
        reference=str(integer_in(row, "billId")),
        move_id=None,
        time_ms=integer_in(row, "ts"),
    )


def _available(asset: Asset, body: object) -> Sellable:
    """What can be sold of a coin; the venue leaves out coins of which there are none. Raises ValueError."""
    rows = [row for row in rows_of(row_in(body, "details")["details"], *_AVAILABLE) if text_in(row, "ccy") == asset]
    if len(rows) > 1:
        raise ValueError(f"{asset} is listed twice")
    if not rows:
        return Sellable(free=ZERO, locked=ZERO)
    # Accounts for spot alone have no equity to margin anything with.
    equity = figure_in(rows[0], "availEq")
    coins = decimal_in(rows[0], "availBal")
    free = max(ZERO, coins if equity is None else min(coins, equity))
    return Sellable(free=free, locked=max(decimal_in(rows[0], "cashBal") - free, ZERO))
