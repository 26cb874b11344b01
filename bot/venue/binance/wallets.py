"""Wallets: spot, funding, margin, Earn; what each holds of each coin (R4, R5)."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Final

from bot.domain.errors import NotOffered
from bot.domain.ids import Asset
from bot.domain.ledger import WalletBalance
from bot.domain.numbers import ZERO
from bot.venue.binance.endpoints import (
    EARN_FLEXIBLE,
    EARN_LOCKED,
    FUNDING,
    FUNDING_WALLET,
    SPOT,
    SPOT_ACCOUNT,
    EarnKind,
)
from bot.venue.binance.family import FAMILIES, INVERSE
from bot.venue.binance.futures import account_of
from bot.venue.binance.pages import pages
from bot.venue.dialect import MarginBalance, Quantities, WalletGroup
from bot.venue.link import Link, Timed, joined
from bot.venue.markets import Markets
from bot.venue.shapes import Row, decimal_in, row_of, rows_of, text_in

_EARN_PREFIX: Final = "LD"


@dataclass(frozen=True, slots=True)
class Wallets:
    """Reads the wallets of one account.

    Args:
        link: the way to the account.
        markets: to tell Earn's mirror balances from coins.
        served: whether the host serves the wallet endpoints (demo trading does not).
    """

    link: Link
    markets: Markets
    served: bool

    async def spot(self) -> WalletGroup:
        """What `spot` means: spot and, where the host serves it, funding; free, locked, frozen, withdrawing (R5).

        Raises VenueFault.
        """
        if not self.served:
            spot = await self._spot()
            return Timed({SPOT: spot.value}, spot.stamp)
        spot, funding = await asyncio.gather(self._spot(), self.link.read(FUNDING_WALLET, _funding))
        return Timed({SPOT: spot.value, FUNDING: funding.value}, joined(spot.stamp, funding.stamp))

    async def earn(self, counted: Mapping[Asset, Decimal] | None = None) -> WalletGroup:
        """Simple Earn, flexible and locked.

        A locked position tells an `amount` and a `redeemingAmt`; the documentation does not say whether the first
        contains the second. It is taken to (from general knowledge), which never counts a coin twice: what is being
        redeemed is taken off here as far as it is counted elsewhere, and no further, so that it is not lost either.

        Args:
            counted: coins on their way out of locked Earn that are counted as such; None: whatever is being redeemed.

        Raises:
            NotOffered: the host has no Earn.
            VenueFault: it could not be read.
        """
        if not self.served:
            raise NotOffered(
                "Earn is not offered here", venue=self.link.name, operation="read Earn", hint="remove the earn source"
            )
        flexible, locked = await asyncio.gather(
            pages(self.link, EARN_FLEXIBLE, lambda row: (text_in(row, "asset"), decimal_in(row, "totalAmount"))),
            pages(self.link, EARN_LOCKED, _locked),
        )
        amounts = _added((asset, amount) for asset, amount, _ in locked.value)
        leaving = _added((asset, amount) for asset, _, amount in locked.value)
        elsewhere = leaving if counted is None else counted
        kept = {
            asset: max(amount - min(leaving[asset], elsewhere.get(asset, ZERO)), ZERO)
            for asset, amount in amounts.items()
        }
        return Timed(
            {EarnKind.FLEXIBLE.value: _added(flexible.value), EarnKind.LOCKED.value: kept},
            joined(flexible.stamp, locked.stamp),
        )

    async def margin(self, assets: Collection[Asset]) -> Timed[Mapping[Asset, MarginBalance]]:
        """The COIN-M wallet: `marginBalance` is W + u, `walletBalance` is W (R4). Raises VenueFault."""

        def parse(body: object) -> Mapping[Asset, MarginBalance]:
            account = account_of(body, INVERSE)
            if not account.listed:
                # COIN-M lists every coin it has, those of quantity 0 too.
                raise ValueError("no balances at all")
            figures = {asset: account.figures.get(asset) for asset in assets}
            return {
                asset: MarginBalance(
                    balance=ZERO if found is None else found.balance, wallet=ZERO if found is None else found.wallet
                )
                for asset, found in figures.items()
            }

        return await self.link.read(INVERSE.account, parse)

    async def all(self) -> Sequence[WalletBalance]:
        """Every wallet with something in it. Raises VenueFault."""
        parts = [
            (await self.spot()).value,
            *[{family.wallet: await self.link.ask(family.account, _margin)} for family in FAMILIES],
        ]
        if self.served:
            parts.append((await self.earn()).value)
        return [
            WalletBalance(venue=self.link.name, wallet=wallet, asset=asset, quantity=quantity)
            for part in parts
            for wallet, quantities in part.items()
            for asset, quantity in sorted(quantities.items())
            if quantity != 0
        ]

    async def _spot(self) -> Timed[Quantities]:
        return await self.link.read(SPOT_ACCOUNT, partial(_spot, self.markets))


def _locked(row: Row) -> tuple[str, Decimal, Decimal]:
    """Coin, amount, what of it is being redeemed; the venue may leave the last out where there is none."""
    leaving = ZERO if row.get("redeemingAmt") in {None, ""} else decimal_in(row, "redeemingAmt")
    if leaving < 0:
        raise ValueError(f"redeemingAmt: {leaving} is below 0")
    return text_in(row, "asset"), decimal_in(row, "amount"), leaving


def _spot(markets: Markets, body: object) -> Quantities:
    rows = rows_of(row_of(body, "balances")["balances"], "asset", "free", "locked")
    if not rows:
        # Binance lists every coin it has, those of quantity 0 too.
        raise ValueError("no balances at all")
    return _sums(
        [row for row in rows if not _mirrors_earn(markets, text_in(row, "asset"))], "asset", ("free", "locked")
    )


def _mirrors_earn(markets: Markets, asset: str) -> bool:
    """Whether a spot balance only mirrors Simple Earn: `LD` + a known coin, and no coin itself (`LDO` is one)."""
    rest = asset.removeprefix(_EARN_PREFIX)
    return asset.startswith(_EARN_PREFIX) and asset not in markets.coins and rest in markets.coins


def _funding(body: object) -> Quantities:
    keys = ("free", "locked", "freeze", "withdrawing")
    return _sums(rows_of(body, "asset", *keys), "asset", keys)


def _margin(body: object) -> Quantities:
    return _sums(rows_of(row_of(body, "assets")["assets"], "asset", "walletBalance"), "asset", ("walletBalance",))


def _sums(rows: Sequence[Row], name: str, keys: Sequence[str]) -> Quantities:
    return _added((text_in(row, name), sum((decimal_in(row, key) for key in keys), ZERO)) for row in rows)


def _added(amounts: Iterable[tuple[str, Decimal]]) -> Quantities:
    sums: defaultdict[Asset, Decimal] = defaultdict(lambda: ZERO)
    for name, amount in amounts:
        sums[Asset(name)] += amount
    return dict(sums)
