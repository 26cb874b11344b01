"""The venue's own books, wallet by wallet (R29): the bills of the trading and funding accounts, and Simple Earn.

Source: OKX v5 REST documentation, "Get bills details", "Asset bills details", "Lending history".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Final

from bot.domain.errors import NotOffered
from bot.domain.ids import Asset, Symbol
from bot.domain.ledger import LedgerRow, RowKind
from bot.ports import Clock
from bot.venue.endpoint import Endpoint
from bot.venue.link import Link
from bot.venue.markets import Markets
from bot.venue.okx import endpoints
from bot.venue.okx.endpoints import PAGE
from bot.venue.okx.history import rows_with_id
from bot.venue.okx.wallets import FUNDING, SAVINGS, STAKING, TRADING, offered
from bot.venue.okx.wire import SWAP, amount_in, rows_in
from bot.venue.shapes import Row, decimal_in, integer_in, text_in
from bot.venue.throttle import Lane

TRADING_KINDS: Final[Mapping[str, RowKind]] = {
    "1": RowKind.TRANSFER,
    "2": RowKind.TRADE,
    "3": RowKind.TRADE,
    "5": RowKind.LIQUIDATION,
    "6": RowKind.TRANSFER,
    "7": RowKind.FEE,
    "8": RowKind.FUNDING,
    "9": RowKind.TRADE,
    "10": RowKind.LIQUIDATION,
    "12": RowKind.TRANSFER,
    "22": RowKind.TRADE,
    "27": RowKind.TRADE,
    "28": RowKind.TRADE,
    "30": RowKind.TRADE,
    "381": RowKind.REWARD,
}
"""Bills of the trading account by type. One of another type is not guessed at: the report then can't be made."""
FUNDING_KINDS: Final[Mapping[str, RowKind]] = {
    "1": RowKind.DEPOSIT,
    "2": RowKind.WITHDRAWAL,
    "13": RowKind.WITHDRAWAL,
    **dict.fromkeys(("20", "22"), RowKind.WITHDRAWAL),
    **dict.fromkeys(("21", "23"), RowKind.DEPOSIT),
    **dict.fromkeys(("75", "76", "80", "82", "130", "131"), RowKind.TRANSFER),
    **dict.fromkeys(("83", "89", "139", "328"), RowKind.REWARD),
    **dict.fromkeys(("48", "68", "72", "150", "151", "152", "173", "229", "300"), RowKind.REWARD),
    **dict.fromkeys(("137", "138", "272", "273", "329", "330", "331", "332"), RowKind.TRADE),
    **dict.fromkeys(("84", "221", "222"), RowKind.FEE),
}
"""Bills of the funding account by type; ETH and SOL staking changes one coin for a token in the same account."""
_EARN_OF: Final[Mapping[str, str]] = {"75": SAVINGS, "76": SAVINGS, "80": STAKING, "82": STAKING}
"""By bill type: the wallet that has the other side of it, which keeps no bills of its own."""
_ISOLATED: Final = "isolated"
_DAY_MS: Final = 86_400_000
_RECENT_BILLS_MS: Final = 6 * _DAY_MS
_FUNDING_KEPT_MS: Final = 27 * _DAY_MS
_PAGES_MAX: Final = 500

RowMaker = Callable[[Row], Sequence[LedgerRow]]


@dataclass(frozen=True, slots=True)
class Ledger:
    """Reads every list that books something in the wallets of `bot.venue.okx.wallets`; `clock` tells venue time."""

    link: Link
    markets: Markets
    clock: Clock

    async def rows(self, since_ms: int, until_ms: int) -> Sequence[LedgerRow]:
        """All rows since a venue time, oldest first.

        Raises:
            VenueFault: a list could not be read, does not reach back so far, or holds what can't be booked.
        """
        now_ms = self.clock.now_ms()
        if since_ms < now_ms - _FUNDING_KEPT_MS:
            raise self.link.unreadable(endpoints.FUNDING_BILLS.operation, "the venue tells the last month only")
        span = {"begin": str(since_ms), "end": str(until_ms)}
        bills, listed = await bills_of(self.link, self.clock, since_ms, span)
        found = [row for raw in listed for row in self._made(bills, self._trading, raw)]
        for endpoint, key, make in (
            (endpoints.FUNDING_BILLS, "billId", self._funding),
            (endpoints.LENDING, "", self._lending),
        ):
            try:
                listed = await self._timed(endpoint, key, since_ms, until_ms)
            except NotOffered:
                continue
            found += [row for raw in listed for row in self._made(endpoint.operation, make, raw)]
        return sorted(found, key=lambda row: row.time_ms)

    async def _timed(self, endpoint: Endpoint, key: str, since_ms: int, until_ms: int) -> Sequence[Row]:
        """Paged by time, newest first; the moment at the edge of a page is read twice, so that none of it is lost."""
        found: dict[object, Row] = {}
        edge_ms = until_ms + 1
        for _ in range(_PAGES_MAX):
            query = {"after": str(edge_ms), "limit": str(PAGE)}
            page = await offered(self.link, self.link.ask(endpoint, partial(_rows_with_time, key), query))
            found |= {row[key] if key else tuple(sorted(map(str, row.items()))): row for row in page}
            oldest_ms = min((integer_in(row, "ts") for row in page), default=since_ms - 1)
            if len(page) < PAGE or oldest_ms < since_ms:
                return [row for row in found.values() if since_ms <= integer_in(row, "ts") <= until_ms]
            if edge_ms == oldest_ms + 1:
                break
            edge_ms = oldest_ms + 1
        raise self.link.unreadable(endpoint.operation, "the list does not end")

    def _made(self, operation: str, make: RowMaker, raw: Row) -> Sequence[LedgerRow]:
        try:
            return make(raw)
        except ValueError as fault:
            raise self.link.unreadable(operation, str(fault)) from None

    def _trading(self, row: Row) -> Sequence[LedgerRow]:
        """A bill and its fee apart.

        The margin of an isolated position is part of the wallet: what moves into it changes nothing, and what such a
        position earns or pays is told by `pnl` and `fee`, for it is booked in the position first.
        """
        kind = TRADING_KINDS.get(text_in(row, "type"))
        if kind is None:
            raise ValueError(f"a bill of type {row['type']} in the trading account is not known")
        fee = amount_in(row, "fee")
        if row["type"] == "6":
            amount = decimal_in(row, "balChg") + amount_in(row, "posBalChg")
        elif row.get("instType") == SWAP and row.get("mgnMode") == _ISOLATED:
            amount = amount_in(row, "pnl")
        else:
            amount = decimal_in(row, "balChg") - fee
        return self._rows(TRADING, row, ((amount, kind), (fee, RowKind.FEE)), self._symbol(row))

    def _funding(self, row: Row) -> Sequence[LedgerRow]:
        bill_type, amount = text_in(row, "type"), decimal_in(row, "balChg")
        kind = FUNDING_KINDS.get(bill_type)
        if kind is None:
            raise ValueError(f"a bill of type {bill_type} in the funding account is not known")
        other = _EARN_OF.get(bill_type)
        mirrored = self._rows(other, row, ((-amount, kind),)) if other is not None else ()
        return (*self._rows(FUNDING, row, ((amount, kind),)), *mirrored)

    def _lending(self, row: Row) -> Sequence[LedgerRow]:
        """Interest of Simple Earn is added to what is lent."""
        return self._rows(SAVINGS, row, ((decimal_in(row, "earnings"), RowKind.REWARD),))

    def _rows(
        self, wallet: str, row: Row, booked: Sequence[tuple[Decimal, RowKind]], symbol: Symbol | None = None
    ) -> Sequence[LedgerRow]:
        return [
            LedgerRow(
                venue=self.link.name,
                wallet=wallet,
                asset=Asset(text_in(row, "ccy")),
                amount=amount,
                kind=kind,
                symbol=symbol,
                reference=str(row.get("billId", "")),
                time_ms=integer_in(row, "ts"),
            )
            for amount, kind in booked
            if amount != 0
        ]

    def _symbol(self, row: Row) -> Symbol | None:
        market_id = row.get("instId")
        if not isinstance(market_id, str) or not market_id:
            return None
        pair = self.markets.pair_of(market_id)
        return pair.symbol if pair is not None else self.markets.symbol_of(market_id)


async def bills_of(
    link: Link, clock: Clock, since_ms: int, only: Mapping[str, object], *, lane: Lane = Lane.READ
) -> tuple[str, Sequence[Row]]:
    """All bills of the trading account, oldest first, paged by an id that counts up.

    Args:
        link: the way to the account.
        clock: tells venue time.
        since_ms: how far back, which decides on the list that is asked for.
        only: which of them.
        lane: who goes first.

    Returns:
        What was asked for, for faults, and the rows.

    Raises:
        VenueFault: the list could not be read, or does not end.
    """
    recent = since_ms > clock.now_ms() - _RECENT_BILLS_MS
    endpoint = endpoints.BILLS if recent else endpoints.OLD_BILLS
    found: dict[int, Row] = {}
    query: dict[str, object] = {**only, "limit": str(PAGE)}
    for _ in range(_PAGES_MAX):
        page = await link.ask(endpoint, partial(rows_with_id, "billId"), query, lane=lane)
        found |= {integer_in(row, "billId"): row for row in page}
        if len(page) < PAGE:
            return endpoint.operation, [found[number] for number in sorted(found)]
        query["after"] = str(min(integer_in(row, "billId") for row in page))
    raise link.unreadable(endpoint.operation, "the list does not end")


def _rows_with_time(key: str, body: object) -> Sequence[Row]:
    rows = rows_in(body, "ccy", "ts", *((key,) if key else ()))
    for row in rows:
        integer_in(row, "ts")
    return rows
