"""One observation: a constant number of calls, however many symbols; what fails is Unknown, never zero (R8 to R12)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.domain.ids import Asset, Symbol, VenueName
from bot.domain.numbers import ZERO
from bot.domain.observation import Holding, Prices, Source, Stamp, SymbolConfig, Unknown, Wanted
from bot.venue.attempt import attempt
from bot.venue.dialect import ContractsRead, Dialect, MarginBalance, Moving, PricedGroup, Quantities, WalletGroup, Ways
from bot.venue.link import Timed

Holdings = Mapping[tuple[Source, Asset], Holding | Unknown]
_NOT_ASKED: Final = Stamp(sent_ms=0, answered_ms=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Coins:
    """Wallets by source; the spot wallets before and after the others."""

    before: WalletGroup | Unknown
    moving: Timed[Mapping[Asset, Moving | Unknown]] | Unknown
    earn: WalletGroup | Unknown
    margin: Timed[Mapping[Asset, MarginBalance]] | Unknown
    after: WalletGroup | Unknown


@dataclass(frozen=True, slots=True)
class Readings:
    """Reads one account once."""

    name: VenueName
    ways: Ways
    dialect: Dialect

    async def account(self, wanted: Wanted) -> tuple[Holdings, ContractsRead]:
        """Coins by source, and contracts.

        A unified account is read for both, and what it holds of a coin must be the same: an answer that is an old one
        repeated shows only so. Coins that left that account would be counted there and where they went (R10).
        """
        coins, futures = await asyncio.gather(self._coins(wanted), self._futures(wanted))
        return self._holdings(wanted, coins, futures.booked), futures

    async def _coins(self, wanted: Wanted) -> _Coins:
        """Wallets by source.

        Spot is read before and after all else: what moved in between is unknown (R10). What is on its way is read
        before Earn and margin, so that coins which set out meanwhile are missed once rather than counted twice.
        """
        empty: WalletGroup = Timed({}, _NOT_ASKED)
        before = await attempt("spot wallets", self.dialect.spot()) if wanted.spot else empty
        moving = await self._transit(wanted)
        earn, margin = await asyncio.gather(self._earn(wanted), self._margin(wanted))
        after = before  # what could not be read once is not waited for twice
        if (
            wanted.spot
            and not isinstance(before, Unknown)
            and (wanted.transit or wanted.earn or (wanted.margin and not self.ways.unified))
        ):
            after = await attempt("spot wallets", self.dialect.spot())
        return _Coins(before=before, moving=moving, earn=earn, margin=margin, after=after)

    def _holdings(self, wanted: Wanted, coins: _Coins, account: Quantities | None) -> Holdings:
        found: dict[tuple[Source, Asset], Holding | Unknown] = {}
        torn = {asset: _why_torn(coins.before, coins.after, account, asset) for asset in wanted.spot}
        parts: tuple[tuple[Source, frozenset[Asset], Callable[[Asset], Holding | Unknown]], ...] = (
            (Source.SPOT, wanted.spot, lambda asset: self._spot_holding(asset, coins.after)),
            (Source.EARN, wanted.earn, lambda asset: self._earn_holding(asset, coins.earn)),
            (Source.MARGIN, wanted.margin, lambda asset: self._margin_holding(asset, coins.margin)),
            (Source.TRANSIT, wanted.transit, lambda asset: self._transit_holding(asset, coins.moving)),
        )
        for source, assets, make in parts:
            for asset in assets:
                why = torn.get(asset)
                found[source, asset] = make(asset) if why is None else self._unknown(source, asset, why)
        return found

    async def _futures(self, wanted: Wanted) -> ContractsRead:
        return await self.dialect.futures(wanted.symbols) if wanted.symbols else ContractsRead({}, {})

    async def prices(self, wanted: Wanted) -> Mapping[Symbol, Prices | Unknown]:
        """Mark, index, bid, ask, funding rate, and depth where it is wanted."""
        if not wanted.symbols:
            return {}
        return await self.dialect.prices(wanted.symbols, wanted.books & wanted.symbols)

    async def configs(self, wanted: Wanted) -> Mapping[Symbol, SymbolConfig | Unknown]:
        """Leverage, margin mode and position mode, read from the symbols' configuration."""
        if not wanted.configs:
            return {}
        read = await attempt("symbol configuration", self.dialect.configs(wanted.configs))
        if isinstance(read, Unknown):
            return dict.fromkeys(wanted.configs, read)
        return {
            symbol: read.get(symbol) or Unknown(what=f"configuration {symbol}", reason="the venue does not list it")
            for symbol in wanted.configs
        }

    async def _earn(self, wanted: Wanted) -> WalletGroup | Unknown:
        return await attempt("earn", self.dialect.earn()) if wanted.earn else Timed({}, _NOT_ASKED)

    async def _margin(self, wanted: Wanted) -> Timed[Mapping[Asset, MarginBalance]] | Unknown:
        if not wanted.margin:
            return Timed({}, _NOT_ASKED)
        if self.ways.unified:
            reason = "spot and margin are one account here, which the source `spot` covers"
            return Unknown(what="margin", reason=reason, lasting=True)
        return await attempt("margin balance", self.dialect.margin(wanted.margin))

    async def _transit(self, wanted: Wanted) -> Timed[Mapping[Asset, Moving | Unknown]] | Unknown:
        if not wanted.transit:
            return Timed({}, _NOT_ASKED)
        return await attempt("transit", self.dialect.transit(wanted.transit, wanted.transit_max_ms))

    def _spot_holding(self, asset: Asset, group: WalletGroup | Unknown) -> Holding | Unknown:
        if isinstance(group, Unknown):
            return self._unknown(Source.SPOT, asset, group.reason, lasting=group.lasting)
        principal = self.dialect.spot_principal(group, asset)
        return self._holding(
            Source.SPOT, asset, _sum(group, asset), group.stamp, wallets=tuple(group.value), principal=principal
        )

    def _earn_holding(self, asset: Asset, group: WalletGroup | Unknown) -> Holding | Unknown:
        if isinstance(group, Unknown):
            return self._unknown(Source.EARN, asset, group.reason, lasting=group.lasting)
        return self._holding(Source.EARN, asset, _sum(group, asset), group.stamp, wallets=tuple(group.value))

    def _margin_holding(self, asset: Asset, read: Timed[Mapping[Asset, MarginBalance]] | Unknown) -> Holding | Unknown:
        if isinstance(read, Unknown):
            return self._unknown(Source.MARGIN, asset, read.reason, lasting=read.lasting)
        found = read.value.get(asset)
        if found is None:
            return self._unknown(Source.MARGIN, asset, "the venue does not list it")
        wallets = (self.ways.margin_wallet,)
        return self._holding(Source.MARGIN, asset, found.balance, read.stamp, wallets=wallets, principal=found.wallet)

    def _transit_holding(
        self, asset: Asset, read: Timed[Mapping[Asset, Moving | Unknown]] | Unknown
    ) -> Holding | Unknown:
        if isinstance(read, Unknown):
            return self._unknown(Source.TRANSIT, asset, read.reason, lasting=read.lasting)
        moving = read.value.get(asset, Moving(quantity=ZERO, overdue=ZERO))
        if isinstance(moving, Unknown):
            return self._unknown(Source.TRANSIT, asset, moving.reason)
        return self._holding(Source.TRANSIT, asset, moving.quantity, read.stamp, overdue=moving.overdue)

    def _holding(
        self,
        source: Source,
        asset: Asset,
        quantity: Decimal,
        stamp: Stamp,
        *,
        wallets: tuple[str, ...] = (),
        principal: Decimal | None = None,
        overdue: Decimal = ZERO,
    ) -> Holding:
        return Holding(
            source=source,
            venue=self.name,
            asset=asset,
            quantity=quantity,
            principal=quantity if principal is None else principal,
            stamp=stamp,
            wallets=wallets,
            overdue=overdue,
        )

    def _unknown(self, source: Source, asset: Asset, reason: str, *, lasting: bool = False) -> Unknown:
        what = f"{source.value} {asset}"
        return Unknown(what=what, reason=reason, lasting=lasting, source=source, venue=self.name)


def _why_torn(
    before: WalletGroup | Unknown, after: WalletGroup | Unknown, account: Quantities | None, asset: Asset
) -> str | None:
    """Why the reads of the spot wallets don't vouch for what was read beside them; None when they do."""
    if isinstance(before, Unknown):
        return before.reason
    if isinstance(after, Unknown):
        return after.reason
    if _told(before, asset) != _told(after, asset):
        return "moved between reads"
    if (
        account is not None
        and isinstance(after, PricedGroup)
        and after.booked.get(asset, ZERO) != account.get(asset, ZERO)
    ):
        return "the account was read twice, and the answers differ"
    return None


def _told(group: WalletGroup, asset: Asset) -> object:
    """What must be equal."""
    if isinstance(group, PricedGroup):
        return group.settled.get(asset, ZERO)
    return {wallet: quantities.get(asset, ZERO) for wallet, quantities in group.value.items()}


def _sum(group: WalletGroup, asset: Asset) -> Decimal:
    return sum((quantities.get(asset, ZERO) for quantities in group.value.values()), ZERO)
