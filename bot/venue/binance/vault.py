"""Moves of margin (R27): the spot wallet to a futures wallet, that to an isolated position; the countdown.

Source: Binance wallet REST documentation, "User Universal Transfer"; USD-M and COIN-M futures REST documentation,
"Modify Isolated Position Margin", "Get Position Margin Change History", "Auto-Cancel All Open Orders".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Final

from bot.domain.ids import Asset, Symbol
from bot.domain.moves import Move, MoveKind, VenueMove
from bot.domain.numbers import ZERO, plain
from bot.domain.observation import Sellable
from bot.venue.binance.endpoints import DAY_MS, SPOT_ACCOUNT, TRANSFER, TRANSFERS
from bot.venue.binance.family import INVERSE, Family, family_of
from bot.venue.binance.orders import LONG, SHORT, position_side
from bot.venue.binance.pages import pages
from bot.venue.desk import Sending, not_offered
from bot.venue.endpoint import Endpoint
from bot.venue.link import Link
from bot.venue.markets import Markets
from bot.venue.shapes import (
    Row,
    decimal_in,
    entries_of,
    flag_in,
    integer_in,
    positive_in,
    row_of,
    rows_of,
    same_market,
    text_in,
)
from bot.venue.spans import spans
from bot.venue.throttle import Lane

_SPAN_MS: Final = 30 * DAY_MS
_MARGIN_PAGE: Final = 500
_SIGNS: Final[Mapping[int, int]] = {1: 1, 2: -1}
"""Types of a change of margin: added, taken off."""
_BY_TRADE: Final = "TRADE"
"""What opening or closing moved by itself."""
_BY_USER: Final = "USER_ADJUST"
_DONE: Final = "CONFIRMED"
_FAILED: Final = "FAILED"


@dataclass(frozen=True, slots=True)
class Vault:
    """See `bot.venue.desk.Vault`.

    Args:
        link: the way to the account.
        markets: the names.
        served: whether the host serves transfers (demo trading does not).
    """

    link: Link
    markets: Markets
    served: bool

    async def free_to_move(self, asset: Asset) -> Decimal:
        """What is free in the spot wallet. Raises NotOffered where the host serves no transfers."""
        self._refuse_unserved(TRANSFER)
        return await self.link.ask(SPOT_ACCOUNT, partial(_free, asset), lane=Lane.RESCUE)

    async def to_sell(self, asset: Asset) -> Sellable:
        """What is free in the spot wallet, which every host tells, and what orders hold there."""
        return await self.link.ask(SPOT_ACCOUNT, partial(_sellable, asset), lane=Lane.RESCUE)

    async def prepared(self, move: Move) -> Sending:
        """A transfer, or margin for the isolated position; neither carries an id of ours."""
        symbol, amount = move.request.symbol, plain(move.request.amount)
        family = self._family(symbol)
        signed = {"timestamp": move.timestamp_ms, "recvWindow": move.deadline_ms - move.timestamp_ms}
        if move.request.kind is MoveKind.TRANSFER:
            self._refuse_unserved(TRANSFER)
            params = {"type": family.transfers[0], "asset": move.request.asset, "amount": amount, **signed}
            return Sending(endpoint=TRANSFER, params=params, parse=_transferred)
        params = {"symbol": self.markets.id_of(symbol), "amount": amount, "type": 1, **signed}
        if await self.link.ask(family.mode, _hedged, lane=Lane.ORDER):
            params["positionSide"] = SHORT
        return Sending(endpoint=family.add_margin, params=params, parse=partial(_added, move.request.amount))

    async def moves(self, kind: MoveKind, symbol: Symbol, since_ms: int, until_ms: int) -> Sequence[VenueMove]:
        """Transfers between the spot and the futures wallet in the settle currency, or margin changed by hand."""
        if kind is MoveKind.TRANSFER:
            found = await self._transfers(symbol, since_ms, until_ms)
        else:
            found = await self._margin_moves(symbol, since_ms, until_ms)
        return sorted(found, key=lambda move: (move.time_ms, move.reference))

    async def dead_man(self, symbol: Symbol, seconds: int) -> None:
        """Count down to a cancel of all open orders on this contract, anew at each call."""
        market_id = self.markets.id_of(symbol)
        params = {"symbol": market_id, "countdownTime": seconds * 1_000}
        parse = partial(_counting, market_id, seconds * 1_000)
        await self.link.ask(self._family(symbol).countdown, parse, params, lane=Lane.RESCUE)

    async def _transfers(self, symbol: Symbol, since_ms: int, until_ms: int) -> Sequence[VenueMove]:
        self._refuse_unserved(TRANSFERS)
        settle, found = self.markets.instrument(symbol).settle, list[VenueMove | None]()
        for name, sign in zip(self._family(symbol).transfers, (1, -1), strict=True):
            for begin in range(since_ms, until_ms + 1, _SPAN_MS):
                params = {"type": name, "startTime": begin, "endTime": min(begin + _SPAN_MS - 1, until_ms)}
                make = partial(_transfer, name, sign)
                read = await pages(self.link, TRANSFERS, make, params, rows_optional=True)
                found += read.value
        return [move for move in found if move is not None and move.asset == settle]

    async def _margin_moves(self, symbol: Symbol, since_ms: int, until_ms: int) -> Sequence[VenueMove]:
        """The venue gives these no id, so each is named by its time, and numbered among those of one moment.

        Rows may be equal (from general knowledge): fills of one order, in one millisecond, may change the margin by the
        same amount.
        """
        family, market_id = self._family(symbol), self.markets.id_of(symbol)

        async def read(begin: int, end: int) -> Sequence[VenueMove | None]:
            params = {"symbol": market_id, "startTime": begin, "endTime": end, "limit": _MARGIN_PAGE}

            def parse(body: object) -> Sequence[VenueMove | None]:
                return [_margin_move(family, market_id, row) for row in entries_of(body)]

            return await self.link.ask(family.margin_moves, parse, params, lane=Lane.RESCUE)

        what = family.margin_moves.operation
        found = await spans(read, since_ms, until_ms, link=self.link, what=what, span_ms=_SPAN_MS, page=_MARGIN_PAGE)
        return _numbered([move for move in found if move is not None])

    def _family(self, symbol: Symbol) -> Family:
        return family_of(self.markets.kind_of(symbol))

    def _refuse_unserved(self, endpoint: Endpoint) -> None:
        if not self.served:
            raise not_offered(self.link.name, endpoint.operation)


def _free(asset: Asset, body: object) -> Decimal:
    return _sellable(asset, body).free


def _sellable(asset: Asset, body: object) -> Sellable:
    rows = rows_of(row_of(body, "balances")["balances"], "asset", "free", "locked")
    if not rows:
        # Binance lists every coin it has, those of quantity 0 too.
        raise ValueError("no balances at all")
    own = [row for row in rows if row["asset"] == asset]
    free, locked = (sum((decimal_in(row, name) for row in own), ZERO) for name in ("free", "locked"))
    return Sellable(free=free, locked=locked)


def _hedged(body: object) -> bool:
    return flag_in(row_of(body), "dualSidePosition")


def _transferred(body: object) -> str:
    return str(integer_in(row_of(body), "tranId"))


def _added(amount: Decimal, body: object) -> str:
    """The answer names the amount and no id."""
    row = row_of(body, "amount", "type")
    if (decimal_in(row, "amount"), integer_in(row, "type")) != (amount, 1):
        raise ValueError("the answer is about another change of margin")
    return ""


def _counting(market_id: str, countdown_ms: int, body: object) -> None:
    row = row_of(body, "symbol", "countdownTime")
    same_market(row, "symbol", market_id)
    if integer_in(row, "countdownTime") != countdown_ms:
        raise ValueError(f"the countdown is {row['countdownTime']} ms, not {countdown_ms}")


def _transfer(name: str, sign: int, row: Row) -> VenueMove | None:
    """One transfer; None for one that failed. One that is pending leaves the history open. Raises ValueError."""
    row_of(row, "asset", "amount", "type", "status", "tranId", "timestamp")
    if row["type"] != name:
        raise ValueError(f"a transfer of type {row['type']!r} was not asked for")
    if row["status"] == _FAILED:
        return None
    if row["status"] != _DONE:
        raise ValueError(f"a transfer is {row['status']!r}, which may go either way")
    return VenueMove(
        kind=MoveKind.TRANSFER,
        asset=Asset(text_in(row, "asset")),
        amount=sign * positive_in(row, "amount"),
        reference=str(integer_in(row, "tranId")),
        move_id=None,
        time_ms=integer_in(row, "timestamp"),
    )


def _margin_move(family: Family, market_id: str, row: Row) -> VenueMove | None:
    """One change of a position's margin; None for what the user did not change, or on the long side.

    COIN-M does not tell who changed it, and is taken to list what users did (from general knowledge).

    Raises ValueError.
    """
    row_of(row, "symbol", "type", "amount", "asset", "time", "positionSide")
    same_market(row, "symbol", market_id)
    sign = _SIGNS.get(integer_in(row, "type"))
    by = row.get("deltaType", _BY_USER if family is INVERSE else None)
    if sign is None or by not in {_BY_TRADE, _BY_USER}:
        raise ValueError(f"a change of type {row['type']} by {by!r} is not known")
    if by == _BY_TRADE or position_side(row) == LONG:
        return None
    return VenueMove(
        kind=MoveKind.ADD_MARGIN,
        asset=Asset(text_in(row, "asset")),
        amount=sign * abs(decimal_in(row, "amount")),
        reference="",
        move_id=None,
        time_ms=integer_in(row, "time"),
    )


def _numbered(moves: Sequence[VenueMove]) -> Sequence[VenueMove]:
    """Give each a reference: its time, and its number among those of one moment."""
    seen: Counter[int] = Counter()
    named: list[VenueMove] = []
    for move in moves:
        seen[move.time_ms] += 1
        named.append(replace(move, reference=f"{move.time_ms}-{seen[move.time_ms]}"))
    return named
