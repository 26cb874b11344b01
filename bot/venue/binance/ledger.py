"""The venue's own books, wallet by wallet (R29)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Final

from bot.domain.ids import Asset, Symbol
from bot.domain.ledger import LedgerRow, RowKind
from bot.venue.binance import endpoints
from bot.venue.binance.cash import applied_ms, wallet_of
from bot.venue.binance.endpoints import FUNDING, SPOT, EarnKind
from bot.venue.binance.family import FAMILIES
from bot.venue.binance.pages import pages
from bot.venue.endpoint import Endpoint
from bot.venue.link import Link
from bot.venue.markets import Markets, SpotPair
from bot.venue.shapes import Row, decimal_in, flag_in, integer_in, positive_in, row_of, rows_of, text_in
from bot.venue.spans import spans

INCOME_KINDS: Final[Mapping[str, RowKind]] = {
    "REALIZED_PNL": RowKind.TRADE,
    "COMMISSION": RowKind.FEE,
    "FUNDING_FEE": RowKind.FUNDING,
    "TRANSFER": RowKind.TRANSFER,
    "INTERNAL_TRANSFER": RowKind.TRANSFER,
    "INSURANCE_CLEAR": RowKind.LIQUIDATION,
    "WELCOME_BONUS": RowKind.REWARD,
    "REFERRAL_KICKBACK": RowKind.REWARD,
    "COMMISSION_REBATE": RowKind.REWARD,
    "API_REBATE": RowKind.REWARD,
}
"""An income of another kind is not guessed at: the report then says that it can't be made."""

TRANSFER_LEGS: Final[Mapping[str, tuple[str, int]]] = {
    "MAIN_UMFUTURE": (SPOT, -1),
    "UMFUTURE_MAIN": (SPOT, 1),
    "FUNDING_UMFUTURE": (FUNDING, -1),
    "UMFUTURE_FUNDING": (FUNDING, 1),
    "MAIN_CMFUTURE": (SPOT, -1),
    "CMFUTURE_MAIN": (SPOT, 1),
    "FUNDING_CMFUTURE": (FUNDING, -1),
    "CMFUTURE_FUNDING": (FUNDING, 1),
    "MAIN_FUNDING": (SPOT, -1),
    "FUNDING_MAIN": (SPOT, 1),
}
"""By transfer type: the wallet whose side of it is booked here; a futures side stands in that API's income list."""
_SECOND_LEGS: Final[Mapping[str, tuple[str, int]]] = {"MAIN_FUNDING": (FUNDING, 1), "FUNDING_MAIN": (FUNDING, -1)}

_DAY_MS: Final = 86_400_000
_EARN_SPAN_MS: Final = 30 * _DAY_MS
_WITHDRAWN_NOT: Final = frozenset({1, 3, 5})
"""Withdrawals cancelled, rejected or failed: the coins came back."""
_WITHDRAWN: Final = 6
_DEPOSITED: Final = frozenset({1, 6})
_EARN_LEGS: Final[Mapping[str, int]] = {"FAILED": 0, "CREATED": 1, "PURCHASING": 1, "PAID": 2, "SUCCESS": 2}
"""How many sides of a subscription or redemption are booked."""
_ACCOUNTS: Final[Mapping[str, str]] = {"SPOT": SPOT, "FUND": FUNDING, "FUNDING": FUNDING}
_BOTH_ACCOUNTS: Final = "SPOTANDFUNDING"
_LOCK_ENDS: Final[Mapping[str, str]] = {
    "MATURE": SPOT,
    "NORMAL": SPOT,
    "AHEAD": SPOT,
    "NEW_TRANSFERRED": EarnKind.FLEXIBLE.value,
}
"""Where a locked redemption of a type goes."""
_CONVERTED: Final = "CONVERT"
"""A flexible subscription out of a locked product, which that product's redemption books (from general knowledge)."""
_DIVIDEND_PAGE: Final = 500
_SAME_REWARD_MS: Final = 3_600_000

RowMaker = Callable[[Row], Sequence[LedgerRow]]


@dataclass(frozen=True, slots=True)
class Ledger:
    """Reads every list that books something in the wallets that `bot.venue.wallets` reads.

    Args:
        link: the way to the account.
        markets: the names.
        served: whether the host serves transfers, deposits, withdrawals and Earn; without them only spot trades and the
            futures wallets are told.
    """

    link: Link
    markets: Markets
    served: bool

    async def rows(self, since_ms: int, until_ms: int, symbols: Sequence[Symbol]) -> Sequence[LedgerRow]:
        """All rows since a venue time, oldest first.

        Args:
            since_ms: venue time, inclusive.
            until_ms: venue time, inclusive.
            symbols: perpetuals; spot trades of their coins are read too.

        Raises:
            VenueFault: a list could not be read, or holds what can't be booked.
        """
        assets = frozenset(self.markets.instrument(symbol).asset for symbol in symbols)
        found: list[LedgerRow] = []
        for family in FAMILIES:
            make_income = partial(self._income, family.wallet)
            found += await self._listed(family.income, {}, since_ms, until_ms, endpoints.WEEK_MS, make_income)
        for pair in self.markets.spot_pairs(assets):
            make = partial(self._spot_trade, pair)
            params = {"symbol": pair.market_id}
            found += await self._listed(endpoints.SPOT_TRADES, params, since_ms, until_ms, _DAY_MS, make)
        if self.served:
            found += await self._wallet_rows(since_ms, until_ms)
        return sorted(found, key=lambda row: row.time_ms)

    async def _wallet_rows(self, since_ms: int, until_ms: int) -> list[LedgerRow]:
        found: list[LedgerRow] = []
        for endpoint, make in ((endpoints.DEPOSITS, self._deposit), (endpoints.WITHDRAWALS, self._withdrawal)):
            found += await self._listed(endpoint, {}, since_ms, until_ms, _EARN_SPAN_MS, make)
        for kind in TRANSFER_LEGS:
            make_transfer = partial(self._transfer, kind)
            found += await self._paged(endpoints.TRANSFERS, {"type": kind}, since_ms, until_ms, make_transfer)
        for product in EarnKind:
            for endpoint, make_earn in (
                (endpoints.EARN_SUBSCRIPTIONS[product], partial(self._subscription, product)),
                (endpoints.EARN_REDEMPTIONS[product], partial(self._redemption, product)),
            ):
                found += await self._paged(endpoint, {}, since_ms, until_ms, make_earn)
        rewards = await self._paged(
            endpoints.EARN_REWARDS[EarnKind.FLEXIBLE], {"type": "ALL"}, since_ms, until_ms, self._flexible_reward
        )
        rewards += await self._paged(
            endpoints.EARN_REWARDS[EarnKind.LOCKED], {}, since_ms, until_ms, self._locked_reward
        )
        return [*found, *rewards, *_beside(await self._dividends(since_ms, until_ms), rewards)]

    async def _dividends(self, since_ms: int, until_ms: int) -> list[LedgerRow]:
        """Distributions to spot: launchpools, airdrops."""

        async def read(begin: int, end: int) -> Sequence[LedgerRow]:
            query = {"startTime": begin, "endTime": end, "limit": _DIVIDEND_PAGE}
            return await self.link.ask(endpoints.DIVIDENDS, self._dividend_rows, query)

        return await spans(
            read,
            since_ms,
            until_ms,
            link=self.link,
            what=endpoints.DIVIDENDS.operation,
            span_ms=_EARN_SPAN_MS,
            page=_DIVIDEND_PAGE,
        )

    def _dividend_rows(self, body: object) -> Sequence[LedgerRow]:
        page = row_of(body, "rows", "total")
        rows = rows_of(page["rows"], "tranId")
        if len(rows) != min(integer_in(page, "total"), _DIVIDEND_PAGE):
            raise ValueError("the list does not hold as many rows as it says")
        return [
            self._row(
                SPOT,
                text_in(row, "asset"),
                positive_in(row, "amount"),
                RowKind.REWARD,
                str(row["tranId"]),
                integer_in(row, "divTime"),
            )
            for row in rows
        ]

    async def _listed(
        self,
        endpoint: Endpoint,
        params: Mapping[str, object],
        since_ms: int,
        until_ms: int,
        span_ms: int,
        make: RowMaker,
    ) -> list[LedgerRow]:
        """A plain list, read in spans of time."""

        async def read(begin: int, end: int) -> Sequence[Sequence[LedgerRow]]:
            query = {**params, "startTime": begin, "endTime": end, "limit": endpoints.PAGE}
            return await self.link.ask(endpoint, lambda body: [make(row) for row in rows_of(body)], query)

        pieces = await spans(
            read, since_ms, until_ms, link=self.link, what=endpoint.operation, span_ms=span_ms, page=endpoints.PAGE
        )
        return [row for piece in pieces for row in piece]

    async def _paged(
        self, endpoint: Endpoint, params: Mapping[str, object], since_ms: int, until_ms: int, make: RowMaker
    ) -> list[LedgerRow]:
        """Numbered pages that tell how many rows there are in all."""
        found: list[LedgerRow] = []
        for begin in range(since_ms, until_ms + 1, _EARN_SPAN_MS):
            span = {"startTime": begin, "endTime": min(begin + _EARN_SPAN_MS - 1, until_ms)}
            read = await pages(self.link, endpoint, make, {**params, **span}, rows_optional=True)
            found += [row for rows in read.value for row in rows]
        return found

    def _row(
        self,
        wallet: str,
        asset: str,
        amount: Decimal,
        kind: RowKind,
        reference: str,
        time_ms: int,
        *,
        symbol: Symbol | None = None,
    ) -> LedgerRow:
        return LedgerRow(
            venue=self.link.name,
            wallet=wallet,
            asset=Asset(asset),
            amount=amount,
            kind=kind,
            symbol=symbol,
            reference=reference,
            time_ms=time_ms,
        )

    def _income(self, wallet: str, row: Row) -> Sequence[LedgerRow]:
        kind = INCOME_KINDS.get(text_in(row, "incomeType"))
        if kind is None:
            raise ValueError(f"an income of type {row['incomeType']} is not known")
        market_id = row.get("symbol")
        reference = row.get("tradeId") or row.get("tranId")
        return (
            self._row(
                wallet,
                text_in(row, "asset"),
                decimal_in(row, "income"),
                kind,
                str(reference),
                integer_in(row, "time"),
                symbol=self.markets.symbol_of(market_id) if isinstance(market_id, str) else None,
            ),
        )

    def _spot_trade(self, pair: SpotPair, row: Row) -> Sequence[LedgerRow]:
        sign = 1 if flag_in(row, "isBuyer") else -1
        reference, time_ms = str(integer_in(row, "id")), integer_in(row, "time")
        fee, fee_asset = decimal_in(row, "commission"), text_in(row, "commissionAsset")
        booked = (
            (pair.base, sign * positive_in(row, "qty"), RowKind.TRADE),
            (pair.quote, -sign * positive_in(row, "quoteQty"), RowKind.TRADE),
            (Asset(fee_asset), -fee, RowKind.FEE),
        )
        return [
            self._row(SPOT, asset, amount, kind, reference, time_ms, symbol=pair.symbol)
            for asset, amount, kind in booked
            if amount != 0
        ]

    def _deposit(self, row: Row) -> Sequence[LedgerRow]:
        if integer_in(row, "status") not in _DEPOSITED:
            return ()
        amount, reference = decimal_in(row, "amount"), str(row.get("id") or row.get("txId"))
        wallet = wallet_of(row)
        return (
            self._row(wallet, text_in(row, "coin"), amount, RowKind.DEPOSIT, reference, integer_in(row, "insertTime")),
        )

    def _withdrawal(self, row: Row) -> Sequence[LedgerRow]:
        status, wallet = integer_in(row, "status"), wallet_of(row)
        # The funding wallet holds the coins, as `withdrawing`, until they are gone.
        if status in _WITHDRAWN_NOT or (wallet == FUNDING and status != _WITHDRAWN):
            return ()
        coin, reference, time_ms = text_in(row, "coin"), text_in(row, "id"), applied_ms(row)
        booked = ((decimal_in(row, "amount"), RowKind.WITHDRAWAL), (decimal_in(row, "transactionFee"), RowKind.FEE))
        return [
            self._row(wallet_of(row), coin, -amount, kind, reference, time_ms) for amount, kind in booked if amount != 0
        ]

    def _transfer(self, kind: str, row: Row) -> Sequence[LedgerRow]:
        if text_in(row, "status") != "CONFIRMED":
            return ()
        amount, reference = positive_in(row, "amount"), str(integer_in(row, "tranId"))
        legs = [TRANSFER_LEGS[kind], *([_SECOND_LEGS[kind]] if kind in _SECOND_LEGS else [])]
        asset, time_ms = text_in(row, "asset"), integer_in(row, "timestamp")
        return [self._row(wallet, asset, sign * amount, RowKind.TRANSFER, reference, time_ms) for wallet, sign in legs]

    def _subscription(self, product: EarnKind, row: Row) -> Sequence[LedgerRow]:
        if product is EarnKind.FLEXIBLE and row.get("type") == _CONVERTED:
            return ()
        return self._earn_move(row, "purchaseId", _paid_from(row), product.value)

    def _redemption(self, product: EarnKind, row: Row) -> Sequence[LedgerRow]:
        flexible = product is EarnKind.FLEXIBLE
        target = _named(row, "destAccount", _ACCOUNTS) if flexible else _named(row, "type", _LOCK_ENDS)
        return self._earn_move(row, "redeemId", ((product.value, positive_in(row, "amount")),), target)

    def _earn_move(
        self, row: Row, id_key: str, sources: Sequence[tuple[str, Decimal]], target: str
    ) -> Sequence[LedgerRow]:
        """While it is under way the coins have left one wallet and are in none."""
        sides = _EARN_LEGS.get(text_in(row, "status"))
        if sides is None:
            raise ValueError(f"status {row['status']} is not known")
        asset, amount = text_in(row, "asset"), positive_in(row, "amount")
        reference, time_ms = str(row.get(id_key)), integer_in(row, "time")
        left = [(wallet, -part) for wallet, part in sources if part] if sides else []
        arrived = [(target, amount)] if sides > 1 else []
        return [
            self._row(wallet, asset, moved, RowKind.TRANSFER, reference, time_ms) for wallet, moved in (*left, *arrived)
        ]

    def _flexible_reward(self, row: Row) -> Sequence[LedgerRow]:
        """Real-time interest is added to the product itself; bonus and daily rewards are paid to spot."""
        wallet = EarnKind.FLEXIBLE.value if row.get("type") == "REALTIME" else SPOT
        return (self._reward(wallet, decimal_in(row, "rewards"), str(row.get("projectId")), row),)

    def _locked_reward(self, row: Row) -> Sequence[LedgerRow]:
        return (self._reward(SPOT, decimal_in(row, "amount"), str(row.get("positionId")), row),)

    def _reward(self, wallet: str, amount: Decimal, reference: str, row: Row) -> LedgerRow:
        return self._row(wallet, text_in(row, "asset"), amount, RowKind.REWARD, reference, integer_in(row, "time"))


def _named(row: Row, key: str, wallets: Mapping[str, str]) -> str:
    """The wallet that a word of the venue means. Raises ValueError for any other."""
    wallet = wallets.get(text_in(row, key))
    if wallet is None:
        raise ValueError(f"{key} {row[key]} is not known")
    return wallet


def _paid_from(row: Row) -> Sequence[tuple[str, Decimal]]:
    """The wallets that a subscription was paid from, and what each paid. Raises ValueError."""
    amount = positive_in(row, "amount")
    if row.get("sourceAccount") != _BOTH_ACCOUNTS:
        return ((_named(row, "sourceAccount", _ACCOUNTS), amount),)
    parts = ((SPOT, decimal_in(row, "amtFromSpot")), (FUNDING, decimal_in(row, "amtFromFunding")))
    if sum(part for _, part in parts) != amount:
        raise ValueError("the parts of a subscription are not the whole")
    return parts


def _beside(dividends: Sequence[LedgerRow], rewards: Sequence[LedgerRow]) -> Sequence[LedgerRow]:
    """Distributions without those that are rewards of Earn, which the list may tell again (from general knowledge)."""
    told = [row for row in rewards if row.wallet == SPOT]
    found = []
    for dividend in dividends:
        again = next((row for row in told if _same_reward(row, dividend)), None)
        if again is None:
            found.append(dividend)
        else:
            told.remove(again)
    return found


def _same_reward(reward: LedgerRow, dividend: LedgerRow) -> bool:
    same = (reward.asset, reward.amount) == (dividend.asset, dividend.amount)
    return same and abs(reward.time_ms - dividend.time_ms) <= _SAME_REWARD_MS
