"""The venue's own books: the spot wallets' ledgers, and the futures account's (R29).

The futures account books a contract's result once a settlement period, trading fees and funding included. Those are
told apart by the lists of trades and of funding payments; what is left of a period's result is the trades' own. A sum
over all rows is what the account gained either way.

Source: KuCoin REST documentation, "Get Account Ledgers" of spot, high-frequency and futures; names of business types as
ccxt's `kucoin` lists them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Final

from bot.domain.ids import Asset, Symbol
from bot.domain.ledger import LedgerRow, RowKind
from bot.domain.numbers import ZERO
from bot.domain.orders import TradeCursor
from bot.venue.endpoint import Endpoint
from bot.venue.kucoin.endpoints import DAY_MS, FUNDING, FUTURES_LEDGER, HF_LEDGER, LEDGER, LEDGER_PAGE, WEEK_MS
from bot.venue.kucoin.envelope import pages, row_in, rows_in
from bot.venue.kucoin.history import History
from bot.venue.kucoin.markets import KuCoinMarkets
from bot.venue.kucoin.wallets import EARN, FUTURES, MAIN
from bot.venue.link import Link
from bot.venue.shapes import Row, decimal_in, integer_in, row_of, rows_of, text_in
from bot.venue.spans import spans

_WALLETS: Final[Mapping[str, str]] = {"MAIN": MAIN, "TRADE": "trade", "TRADE_HF": "trade_hf"}
_NOT_OURS: Final = frozenset({"MARGIN", "MARGIN_V2", "ISOLATED", "ISOLATED_V2", "CONTRACT", "OPTION"})
_KINDS: Final[Mapping[str, RowKind]] = {
    **dict.fromkeys(("exchange", "tradeexchange", "spotexchange", "instantexchange", "buycrypto"), RowKind.TRADE),
    **dict.fromkeys(("transfer", "subtransfer", "subaccounttransfer", "innertransfer"), RowKind.TRANSFER),
    "deposit": RowKind.DEPOSIT,
    **dict.fromkeys(("withdrawal", "withdraw"), RowKind.WITHDRAWAL),
    **dict.fromkeys(("kcspayfees", "deductionfees", "kcsdeductionfees"), RowKind.FEE),
    **dict.fromkeys(("rewards", "otherrewards", "kucoinbonus", "referralbonus", "airdropfork"), RowKind.REWARD),
    **dict.fromkeys(("distribution", "stakingprofits", "softstakingprofits", "earninterest"), RowKind.REWARD),
    **dict.fromkeys(("feerebate", "refundedfees", "returnedfees", "spotexchangerebate"), RowKind.REWARD),
}
"""By business type, in small letters without signs. Another one is not guessed at: then no report can be made."""
_EARN_MOVES: Final = frozenset({"staking", "redemption", "earn", "kucoinearn", "earnsubscription", "earnredemption"})
_FUTURES_MOVES: Final[Mapping[str, tuple[RowKind, int]]] = {
    "TransferIn": (RowKind.TRANSFER, 1),
    "TransferOut": (RowKind.TRANSFER, -1),
    "Deposit": (RowKind.DEPOSIT, 1),
    "Withdrawal": (RowKind.WITHDRAWAL, -1),
}
_RESULT: Final = "RealisedPNL"
_PAGE: Final = 500
_HF_PAGE: Final = 200
_FUNDING_PAGE: Final = 100
RowMaker = Callable[[Row], Sequence[LedgerRow]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _List:
    """How a list without numbered pages is read: its limit's name, the most rows, the longest span."""

    limit: str
    page: int
    span_ms: int
    rows: Callable[[object], Sequence[Row]]


_STAMPS_APART_MS: Final = 1_000


def data_list(body: object) -> Sequence[Row]:
    """The rows of a list of the futures host that has no pages. Raises ValueError."""
    return rows_of(row_in(body, "dataList")["dataList"])


_HF: Final = _List(limit="limit", page=_HF_PAGE, span_ms=DAY_MS, rows=rows_in)
_BOOKED: Final = _List(limit="maxCount", page=LEDGER_PAGE, span_ms=DAY_MS, rows=data_list)
_PAID: Final = _List(limit="maxCount", page=_FUNDING_PAGE, span_ms=WEEK_MS, rows=data_list)


@dataclass(frozen=True, slots=True)
class Ledger:
    """Reads every list that books something in the wallets that `bot.venue.kucoin.wallets` reads."""

    link: Link
    markets: KuCoinMarkets
    history: History

    async def rows(self, since_ms: int, until_ms: int, symbols: Sequence[Symbol]) -> Sequence[LedgerRow]:
        """All rows of that time, oldest first; fees and funding of `symbols` are told apart. Raises VenueFault."""
        found: list[LedgerRow] = []
        for begin in range(since_ms, until_ms + 1, DAY_MS):
            span = {"startAt": begin, "endAt": min(begin + DAY_MS - 1, until_ms)}
            for made in await pages(self.link, LEDGER, self._spot, span, size=_PAGE):
                found += made
        for made in await self._spans(HF_LEDGER, _HF, (since_ms, until_ms), self._spot):
            found += made
        found += await self._futures(since_ms, until_ms, symbols)
        return sorted(found, key=lambda row: row.time_ms)

    async def _spans(
        self,
        endpoint: Endpoint,
        shape: _List,
        span: tuple[int, int],
        make: RowMaker,
        params: Mapping[str, object] | None = None,
    ) -> list[Sequence[LedgerRow]]:
        """A list without numbered pages, read in spans of time."""

        async def read(begin: int, end: int) -> Sequence[Sequence[LedgerRow]]:
            query = {**(params or {}), "startAt": begin, "endAt": end, shape.limit: shape.page}
            return await self.link.ask(endpoint, lambda body: [make(row) for row in shape.rows(body)], query)

        return await spans(read, *span, link=self.link, what=endpoint.operation, span_ms=shape.span_ms, page=shape.page)

    def _row(
        self,
        wallet: str,
        asset: Asset,
        amount: Decimal,
        kind: RowKind,
        *,
        reference: str,
        time_ms: int,
        symbol: Symbol | None = None,
    ) -> LedgerRow:
        return LedgerRow(
            venue=self.link.name,
            wallet=wallet,
            asset=asset,
            amount=amount,
            kind=kind,
            symbol=symbol,
            reference=reference,
            time_ms=time_ms,
        )

    def _spot(self, row: Row) -> Sequence[LedgerRow]:
        """One change of a spot wallet: `amount` is all of it, a trade's fee included."""
        row_of(row, "id", "currency", "amount", "fee", "accountType", "bizType", "direction", "createdAt")
        account = text_in(row, "accountType")
        if account in _NOT_OURS:
            return ()
        wallet = _WALLETS.get(account)
        if wallet is None:
            raise ValueError(f"an account of type {account} is not known")
        asset, reference = self.markets.asset_of(text_in(row, "currency")), text_in(row, "id")
        change, fee = _signed(row), decimal_in(row, "fee")
        make = partial(self._row, reference=reference, time_ms=integer_in(row, "createdAt"))
        business = re.sub(r"[^a-z]", "", text_in(row, "bizType").lower())
        if business in _EARN_MOVES:
            return (
                make(wallet, asset, change, RowKind.TRANSFER),
                make(EARN, asset, -change, RowKind.TRANSFER),
            )
        kind = _KINDS.get(business)
        if kind is None:
            raise ValueError(f"an entry of type {row['bizType']} is not known")
        booked = ((change + fee, kind), (-fee, RowKind.FEE))
        return [make(wallet, asset, amount, what) for amount, what in booked if amount != 0]

    async def _futures(self, since_ms: int, until_ms: int, symbols: Sequence[Symbol]) -> list[LedgerRow]:
        read = await self._spans(FUTURES_LEDGER, _BOOKED, (since_ms, until_ms), self._booked)
        rows = [row for made in read for row in made]
        told: list[LedgerRow] = []
        for symbol in symbols:
            params = {"symbol": self.markets.id_of(symbol)}
            make = partial(self._payment, symbol)
            for made in await self._spans(FUNDING, _PAID, (since_ms, until_ms), make, params):
                told += made
            told += await self._fees(symbol, since_ms, until_ms)
        return told + _without(rows, told)

    async def _fees(self, symbol: Symbol, since_ms: int, until_ms: int) -> list[LedgerRow]:
        trades = await self.history.trades(symbol, TradeCursor(trade_id=None, time_ms=since_ms - 1), until_ms)
        return [
            self._row(
                FUTURES,
                trade.fee_asset,
                -trade.fee,
                RowKind.FEE,
                reference=trade.trade_id,
                time_ms=trade.time_ms,
                symbol=symbol,
            )
            for trade in trades
            if trade.fee != 0
        ]

    def _booked(self, row: Row) -> Sequence[LedgerRow]:
        row_of(row, "time", "type", "amount", "currency", "remark", "offset")
        name, amount = text_in(row, "type"), decimal_in(row, "amount")
        asset, time_ms = self.markets.asset_of(text_in(row, "currency")), integer_in(row, "time")
        make = partial(self._row, FUTURES, asset, reference=str(row["offset"]), time_ms=time_ms)
        if name == _RESULT:
            symbol = self.markets.symbol_of(str(row["remark"]))
            return (make(amount, RowKind.TRADE, symbol=symbol),)
        if name not in _FUTURES_MOVES:
            raise ValueError(f"an entry of type {name} is not known")
        kind, sign = _FUTURES_MOVES[name]
        return (make(sign * abs(amount), kind),)

    def _payment(self, symbol: Symbol, row: Row) -> Sequence[LedgerRow]:
        row_of(row, "id", "symbol", "timePoint", "funding", "settleCurrency")
        if row["symbol"] != self.markets.id_of(symbol):
            raise ValueError("the answer is about another market")
        asset, time_ms = self.markets.asset_of(text_in(row, "settleCurrency")), integer_in(row, "timePoint")
        amount = decimal_in(row, "funding")
        reference = str(row["id"])
        return (
            self._row(FUTURES, asset, amount, RowKind.FUNDING, reference=reference, time_ms=time_ms, symbol=symbol),
        )


def _signed(row: Row) -> Decimal:
    match row["direction"]:
        case "in":
            return abs(decimal_in(row, "amount"))
        case "out":
            return -abs(decimal_in(row, "amount"))
        case _:
            raise ValueError(f"direction {row['direction']!r} is not known")


def _without(rows: Sequence[LedgerRow], told: Sequence[LedgerRow]) -> list[LedgerRow]:
    """The account's own rows, its results less the fees and funding that stand in `told`.

    Each of those belongs to the first result of its contract that is not older than it; both are stamped on their own,
    so a result may seem a little older than what it contains.
    """
    results: defaultdict[Symbol | None, list[LedgerRow]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.time_ms):
        if row.kind is RowKind.TRADE:
            results[row.symbol].append(row)
    inside: defaultdict[int, Decimal] = defaultdict(Decimal)
    for part in told:
        result = next((row for row in results[part.symbol] if row.time_ms >= part.time_ms - _STAMPS_APART_MS), None)
        if result is not None:
            inside[id(result)] += part.amount
    left = [(row, row.amount - inside.get(id(row), ZERO)) for row in rows]
    return [row if amount == row.amount else replace(row, amount=amount) for row, amount in left if amount != 0]
