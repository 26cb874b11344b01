"""Wallets: main, trade, high-frequency trade, Earn, and the futures account (R4, R5)."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import partial
from typing import Final

from bot.domain.ids import Asset
from bot.domain.ledger import WalletBalance
from bot.domain.numbers import ZERO
from bot.venue.dialect import MarginBalance, Quantities, WalletGroup
from bot.venue.kucoin.cash import Cash
from bot.venue.kucoin.endpoints import ACCOUNTS, HOLD_ASSETS, OVERVIEW
from bot.venue.kucoin.envelope import row_in, rows_in, timed_pages
from bot.venue.kucoin.markets import KuCoinMarkets
from bot.venue.link import Link, Timed, joined
from bot.venue.shapes import Row, decimal_in, row_of, text_in

MAIN: Final = "main"
SPOT_WALLETS: Final = (MAIN, "trade", "trade_hf")
"""What `spot` means (R5), by the venue's own names."""
EARN: Final = "earn"
FUTURES: Final = "futures"
_EARN_PAGE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """One row of a spot wallet.

    Attributes:
        balance: available + holds.
        holds: bound by orders and, in the main wallet, by withdrawals that are not done.
    """

    account_id: str
    asset: Asset
    balance: Decimal
    holds: Decimal


class HoldStatus(StrEnum):
    """States of an Earn holding."""

    LOCKED = "LOCKED"
    REDEEMING = "REDEEMING"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One Earn holding: `amount` holds what is being redeemed, too."""

    asset: Asset
    amount: Decimal
    redeeming: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The futures account in one settle currency.

    Attributes:
        equity: W + u, the field `accountEquity`.
        unrealised: u, of every position in the currency.
        position_margin, order_margin: bound by positions and by orders.
        available: what a new order may use.
    """

    asset: Asset
    equity: Decimal
    unrealised: Decimal
    position_margin: Decimal
    order_margin: Decimal
    available: Decimal

    @property
    def wallet(self) -> Decimal:
        """W."""
        return self.equity - self.unrealised

    @property
    def without_position(self) -> bool:
        """No position in this currency binds margin or has a result that is open."""
        return self.position_margin == 0 and self.unrealised == 0


@dataclass(frozen=True, slots=True)
class Wallets:
    """Reads the wallets of one account.

    Args:
        link: the way to the account.
        markets: the names of coins.
        cash: withdrawals, which the main wallet holds until they are done.
    """

    link: Link
    markets: KuCoinMarkets
    cash: Cash
    _seen: set[str] = field(default_factory=set)
    """Wallets that were once listed with coins in them."""

    async def spot(self) -> WalletGroup:
        """Coins by wallet, available and held, but without those on the chain. Raises VenueFault.

        The main wallet holds the coins of a withdrawal until it is done, which is some time after they are on the
        chain. There whoever receives them tells of them, so they are taken off; the withdrawals are asked for only
        while the main wallet holds something, and after it.
        """
        group, holds = await self._listed()
        if not any(holds.values()):
            return group
        gone = await self.cash.on_chain()
        main = dict(group.value[MAIN])
        for record in gone.value:
            taken = min(holds.get(record.asset, ZERO), record.amount)
            holds[record.asset] = holds.get(record.asset, ZERO) - taken
            main[record.asset] = main.get(record.asset, ZERO) - taken
        return Timed({**group.value, MAIN: main}, joined(group.stamp, gone.stamp))

    async def _listed(self) -> tuple[WalletGroup, dict[Asset, Decimal]]:
        """Coins by wallet, and what the main wallet holds of them. Raises VenueFault.

        A row of the venue's that comes under two wallets is counted once. An account that was used keeps its rows, so a
        wallet that held something and is answered with an empty list is not believed.
        """
        read = await asyncio.gather(*(self.rows(wallet) for wallet in SPOT_WALLETS))
        counted: set[str] = set()
        group: dict[str, Quantities] = {}
        for wallet, timed in zip(SPOT_WALLETS, read, strict=True):
            sums: defaultdict[Asset, Decimal] = defaultdict(Decimal)
            for row in timed.value:
                if row.account_id not in counted:
                    counted.add(row.account_id)
                    sums[row.asset] += row.balance
            group[wallet] = dict(sums)
        if not any(group.values()):
            raise self.link.unreadable(ACCOUNTS.operation, "no balances at all")
        holds: defaultdict[Asset, Decimal] = defaultdict(Decimal)
        for row in read[0].value:
            holds[row.asset] += row.holds
        return Timed(group, joined(*(timed.stamp for timed in read))), holds

    async def rows(self, wallet: str) -> Timed[Sequence[Spot]]:
        """One spot wallet, currency by currency. Raises VenueFault."""
        read = await self.link.read(ACCOUNTS, partial(self._spot_rows, wallet), {"type": wallet})
        if not read.value and wallet in self._seen:
            raise self.link.unreadable(ACCOUNTS.operation, f"the wallet {wallet} is empty all at once")
        if any(row.balance != 0 for row in read.value):
            self._seen.add(wallet)
        return read

    async def held(self) -> Timed[list[Held]]:
        """Everything in Earn. Raises VenueFault."""
        return await timed_pages(self.link, HOLD_ASSETS, self._held, {}, size=_EARN_PAGE)

    async def earn(self) -> WalletGroup:
        """What is in Earn and not on its way out of it. Raises VenueFault."""
        read = await self.held()
        sums: defaultdict[Asset, Decimal] = defaultdict(Decimal)
        for held in read.value:
            sums[held.asset] += held.amount - held.redeeming
        return Timed({EARN: dict(sums)}, read.stamp)

    async def overview(self, currency: str) -> Timed[Overview]:
        """The futures account in a settle currency, by the venue's name of it. Raises VenueFault."""
        return await self.link.read(OVERVIEW, partial(self._overview, currency), {"currency": currency})

    async def margin(self, assets: Collection[Asset]) -> Timed[Mapping[Asset, MarginBalance]]:
        """W + u and W of coins in the futures account; a coin that margins no contract is left out (R2 to R4).

        Raises VenueFault.
        """
        currencies = [currency for asset in sorted(assets) if (currency := self.markets.currency_of(asset)) is not None]
        read = await asyncio.gather(*(self.overview(currency) for currency in currencies))
        if not read:
            raise self.link.unreadable(OVERVIEW.operation, f"{', '.join(sorted(assets))}: margins no contract here")
        found = {
            timed.value.asset: MarginBalance(balance=timed.value.equity, wallet=timed.value.wallet) for timed in read
        }
        return Timed(found, joined(*(timed.stamp for timed in read)))

    async def all(self) -> Sequence[WalletBalance]:
        """Every wallet as the venue books it, unrealised P&L excluded. Raises VenueFault."""
        sums: defaultdict[tuple[str, Asset], Decimal] = defaultdict(Decimal)
        group, _ = await self._listed()
        for wallet, quantities in group.value.items():
            for asset, quantity in quantities.items():
                sums[wallet, asset] += quantity
        for held in (await self.held()).value:
            sums[EARN, held.asset] += held.amount
        for currency, asset in self.markets.settles.items():
            sums[FUTURES, asset] += (await self.overview(currency)).value.wallet
        return [
            WalletBalance(venue=self.link.name, wallet=wallet, asset=asset, quantity=quantity)
            for (wallet, asset), quantity in sorted(sums.items())
            if quantity != 0
        ]

    def _spot_rows(self, wallet: str, body: object) -> Sequence[Spot]:
        rows = rows_in(body, "id", "currency", "type", "balance", "available", "holds")
        return [self._spot(row) for row in rows if row["type"] == wallet]

    def _spot(self, row: Row) -> Spot:
        balance, holds = decimal_in(row, "balance"), decimal_in(row, "holds")
        if decimal_in(row, "available") + holds != balance:
            raise ValueError(f"balance {balance} is not what is available and held")
        return Spot(
            account_id=text_in(row, "id"),
            asset=self.markets.asset_of(text_in(row, "currency")),
            balance=balance,
            holds=holds,
        )

    def _held(self, row: Row) -> Held:
        row_of(row, "currency", "holdAmount", "redeemingAmount", "status")
        HoldStatus(text_in(row, "status"))
        amount, redeeming = decimal_in(row, "holdAmount"), decimal_in(row, "redeemingAmount")
        if not ZERO <= redeeming <= amount:
            raise ValueError(f"redeemingAmount {redeeming} does not fit holdAmount {amount}")
        return Held(asset=self.markets.asset_of(text_in(row, "currency")), amount=amount, redeeming=redeeming)

    def _overview(self, currency: str, body: object) -> Overview:
        row = row_in(
            body, "accountEquity", "unrealisedPNL", "positionMargin", "orderMargin", "availableBalance", "currency"
        )
        if row["currency"] != currency:
            raise ValueError("the answer is about another currency")
        return Overview(
            asset=self.markets.asset_of(currency),
            equity=decimal_in(row, "accountEquity"),
            unrealised=decimal_in(row, "unrealisedPNL"),
            position_margin=decimal_in(row, "positionMargin"),
            order_margin=decimal_in(row, "orderMargin"),
            available=decimal_in(row, "availableBalance"),
        )
