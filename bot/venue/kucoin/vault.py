"""Moves of margin (R27): a trade or the main account to the futures account, that to an isolated position.

KuCoin keeps no list of margin that was added to a position. It tells the sum of it with the position (`posCross`), so
the sum is read before each move is sent, and what has become of it since tells whether that move was done.

Source: KuCoin REST documentation, "Flex Transfer", "Get Account Ledgers - Futures", "Add Isolated Margin", "Get
Position List"; ccxt's `kucoin`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Final

from bot.domain.ids import Asset, Symbol
from bot.domain.moves import Move, MoveKind, VenueMove
from bot.domain.numbers import ZERO, plain
from bot.domain.observation import Sellable
from bot.venue.desk import Sending, not_offered
from bot.venue.endpoint import Endpoint
from bot.venue.errors import Meaning
from bot.venue.kucoin.client import SIGNED_MS
from bot.venue.kucoin.endpoints import ADD_MARGIN, DAY_MS, FUTURES_LEDGER, LEDGER_PAGE, POSITIONS, TRANSFER
from bot.venue.kucoin.envelope import row_in, rows_in
from bot.venue.kucoin.ledger import data_list
from bot.venue.kucoin.markets import KuCoinMarkets
from bot.venue.kucoin.settings import Settings
from bot.venue.kucoin.wallets import MAIN, Wallets
from bot.venue.link import Link
from bot.venue.shapes import Row, decimal_in, integer_in, row_of, same_market, text_in
from bot.venue.spans import spans
from bot.venue.throttle import Lane

_SOURCES: Final[Mapping[str, str]] = {"trade_hf": "TRADE_HF", "trade": "TRADE", MAIN: "MAIN"}
"""Accounts that a transfer may come from, and how it names them; sales of spot are paid to the first two.

Source: KuCoin REST documentation, "Flex Transfer". Newer editions name no `TRADE_HF`: where the two trade accounts were
made one, it is listed as `trade`.
"""
_SIGNS: Final[Mapping[str, int]] = {"TransferIn": 1, "TransferOut": -1}
_DONE: Final = "Completed"
_NO_POSITION: Final = "position does not exist"
_NO_TRANSFER: Final = "failed to transfer out"
"""Words of a success that is none (ccxt, `addMargin` and `transfer`)."""
_OUR_SIDES: Final = frozenset({"BOTH", "SHORT"})
_SLACK_MS: Final = 120_000
"""How much further back a question about added margin may reach than the sum that was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sum:
    """Margin added to a position by hand, in all, before the newest move.

    Attributes:
        at_ms: when that was prepared, in venue time.
        asked: what it was to add.
    """

    at_ms: int
    added: Decimal
    asked: Decimal


@dataclass(frozen=True, slots=True)
class Vault:
    """See `bot.venue.desk.Vault`."""

    link: Link
    markets: KuCoinMarkets
    wallets: Wallets
    settings: Settings
    _sums: dict[Symbol, _Sum] = field(default_factory=dict)

    async def free_to_move(self, asset: Asset) -> Decimal:
        """What is free in a trade or the main account, whichever has most: a transfer comes from one of them."""
        return max((await self._free(asset)).values())

    async def to_sell(self, asset: Asset) -> Sellable:
        """In a trade account, whichever has most free: what lies in the main account can't be sold (200004)."""
        found = [one for name, one in (await self._accounts(asset)).items() if name != MAIN]
        return max(found, key=lambda one: (one.free, one.locked))

    async def prepared(self, move: Move) -> Sending:
        """A transfer with our id, from an account that has enough; or margin for the position, under our id too."""
        request = move.request
        if request.kind is MoveKind.TRANSFER:
            free = await self._free(request.asset)
            source = next((name for name, coins in free.items() if coins >= request.amount), next(iter(free)))
            params: dict[str, object] = {
                "clientOid": move.move_id,
                "type": "INTERNAL",
                "currency": self.markets.settle_currency(request.symbol),
                "amount": plain(request.amount),
                "fromAccountType": _SOURCES[source],
                "toAccountType": "CONTRACT",
                SIGNED_MS: move.timestamp_ms,
            }
            return Sending(endpoint=TRANSFER, params=params, parse=self._transferred)
        config = await self.settings.current(request.symbol)
        before = await self._added(request.symbol)
        self._sums[request.symbol] = _Sum(at_ms=move.timestamp_ms, added=before, asked=request.amount)
        market_id = self.markets.id_of(request.symbol)
        params = {
            "symbol": market_id,
            "margin": plain(request.amount),
            "bizNo": move.move_id,
            SIGNED_MS: move.timestamp_ms,
        }
        if config.hedged:
            params["positionSide"] = "SHORT"
        return Sending(endpoint=ADD_MARGIN, params=params, parse=partial(self._accepted, market_id))

    async def moves(self, kind: MoveKind, symbol: Symbol, since_ms: int, until_ms: int) -> Sequence[VenueMove]:
        """Transfers to and from the futures account; or margin that the newest move of this run has added.

        Raises:
            NotOffered: margin, and its sum was not read at that time: nothing tells of it.
            VenueFault: also when the sum changed by something else.
        """
        if kind is MoveKind.TRANSFER:
            return await self._transfers(symbol, since_ms, until_ms)
        return await self._margin_moves(symbol, since_ms)

    async def dead_man(self, symbol: Symbol, seconds: int) -> None:
        """Raises NotOffered: there is no such switch for contracts."""
        del seconds
        raise not_offered(self.link.name, f"have the orders on {symbol} cancelled by a switch")

    async def _free(self, asset: Asset) -> Mapping[str, Decimal]:
        return {name: one.free for name, one in (await self._accounts(asset)).items()}

    async def _accounts(self, asset: Asset) -> Mapping[str, Sellable]:
        found: dict[str, Sellable] = {}
        for wallet in _SOURCES:
            rows = [row for row in (await self.wallets.rows(wallet)).value if row.asset == asset]
            held, locked = sum((row.balance for row in rows), ZERO), sum((row.holds for row in rows), ZERO)
            found[wallet] = Sellable(free=held - locked, locked=locked)
        return found

    async def _transfers(self, symbol: Symbol, since_ms: int, until_ms: int) -> Sequence[VenueMove]:
        settle, currency = self.markets.instrument(symbol).settle, self.markets.settle_currency(symbol)

        async def read(begin: int, end: int) -> Sequence[VenueMove | None]:
            params = {"startAt": begin, "endAt": end, "maxCount": LEDGER_PAGE, "currency": currency}

            def parse(body: object) -> Sequence[VenueMove | None]:
                return [_transfer(settle, currency, row) for row in data_list(body)]

            return await self.link.ask(FUTURES_LEDGER, parse, params, lane=Lane.RESCUE)

        what = FUTURES_LEDGER.operation
        found = await spans(read, since_ms, until_ms, link=self.link, what=what, span_ms=DAY_MS, page=LEDGER_PAGE)
        unique = {move.reference: move for move in found if move is not None}
        return sorted(unique.values(), key=lambda move: (move.time_ms, move.reference))

    async def _margin_moves(self, symbol: Symbol, since_ms: int) -> Sequence[VenueMove]:
        before = self._sums.get(symbol)
        if before is None or before.at_ms > since_ms + _SLACK_MS:
            raise not_offered(self.link.name, f"list the margin that was added to {symbol}")
        added = await self._added(symbol)
        if added not in {before.added, before.added + before.asked}:
            what = f"margin of {symbol} changed by {added - before.added}, not by the {before.asked} that was asked for"
            raise self.link.unreadable(POSITIONS.operation, what)
        if added == before.added or before.at_ms < since_ms:
            return []
        return [
            VenueMove(
                kind=MoveKind.ADD_MARGIN,
                asset=self.markets.instrument(symbol).settle,
                amount=before.asked,
                reference=f"{before.at_ms}-{plain(added)}",
                move_id=None,
                time_ms=before.at_ms,
            )
        ]

    async def _added(self, symbol: Symbol) -> Decimal:
        """The sum of margin that was added to our position by hand; 0 without one. Raises VenueFault."""
        market_id = self.markets.id_of(symbol)

        def parse(body: object) -> Decimal:
            rows = [row for row in rows_in(body, "symbol") if row["symbol"] == market_id]
            ours = [row for row in rows if (row.get("positionSide") or "BOTH") in _OUR_SIDES]
            if len(ours) > 1:
                raise ValueError("two rows for one side")
            return decimal_in(ours[0], "posCross") if ours else ZERO

        return await self.link.ask(POSITIONS, parse, lane=Lane.RESCUE)

    def _accepted(self, market_id: str, body: object) -> str:
        """The answer is the position, with no id of the move."""
        self._refuse_in_words(ADD_MARGIN, _NO_POSITION, body)
        same_market(row_in(body, "symbol"), "symbol", market_id)
        return ""

    def _transferred(self, body: object) -> str:
        self._refuse_in_words(TRANSFER, _NO_TRANSFER, body)
        return text_in(row_in(body, "orderId"), "orderId")

    def _refuse_in_words(self, endpoint: Endpoint, words: str, body: object) -> None:
        """Raise Refused for a success without data in which words alone say that nothing was done."""
        envelope = row_of(body, "code")
        if envelope.get("data") is None and words in str(envelope.get("msg") or "").lower():
            raise self.link.refused(endpoint.operation, words, meaning=Meaning.REFUSED, code="refused-in-words")


def _transfer(settle: Asset, currency: str, row: Row) -> VenueMove | None:
    """One entry of the futures account's ledger; None when it is no transfer. Raises ValueError."""
    row_of(row, "time", "type", "amount", "currency", "status", "offset")
    sign = _SIGNS.get(text_in(row, "type"))
    if sign is None or row["currency"] != currency:
        return None
    if row["status"] != _DONE:
        raise ValueError(f"a transfer is {row['status']!r}, which may go either way")
    return VenueMove(
        kind=MoveKind.TRANSFER,
        asset=settle,
        amount=sign * abs(decimal_in(row, "amount")),
        reference=str(integer_in(row, "offset")),
        move_id=None,
        time_ms=integer_in(row, "time"),
    )
