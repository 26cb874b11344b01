"""Wallets: the trading and funding accounts, Simple Earn, on-chain Earn; what each holds of each coin (R4, R5).

| wallet | raw field | what it holds |
|---|---|---|
| `trading` | `eq` | free + locked - debts, with unrealised P&L, the equity of isolated positions and of bots |
| `funding` | `bal` | free + locked |
| `savings` | `amt` | Simple Earn, lent and not lent |
| `staking` | `investData[].amt` | on-chain Earn |

Staked ETH and SOL are no wallet of their own: the venue gives BETH and OKSOL for them, which are in the trading or
funding account, and are read there under these names. Its staking balances tell the same tokens again, in sum.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeVar

from bot.domain.errors import NotOffered, VenueRejected
from bot.domain.ids import Asset
from bot.domain.ledger import WalletBalance
from bot.domain.numbers import ZERO
from bot.venue.dialect import PricedGroup, Quantities, WalletGroup
from bot.venue.link import Link, Timed, joined
from bot.venue.okx import endpoints
from bot.venue.okx.errors import NOT_IN_DEMO
from bot.venue.okx.wire import amount_in, figure_in, row_in, rows_in
from bot.venue.shapes import Row, decimal_in, rows_of, text_in

T = TypeVar("T")
TRADING: Final = "trading"
FUNDING: Final = "funding"
SAVINGS: Final = "savings"
STAKING: Final = "staking"

REDEEMING: Final = "2"
_STAKED: Final = frozenset({"8", "13", "9", "1"})
"""Pending, cancelling, on-chain, earning; a redeeming one is on its way back (R11)."""
_COIN_KEYS: Final = ("ccy", "eq", "cashBal", "availEq", "upl", "isoEq", "isoUpl", "imr", "mmr", "ordFrozen")


@dataclass(frozen=True, slots=True)
class Coin:
    """One coin in the trading account.

    Attributes:
        equity: W + u, after debts (R4).
        cash: what is booked and neither in isolated positions nor with bots.
        wallet: W: cash, the margin of isolated positions and what bots of the venue hold, without P&L that is not
            realised. Made of figures that do not move with every price, rather than of `eq` less P&L.
        available: what a new order may use as margin.
        position_margin: what cross and isolated positions hold, P&L included; 0 without positions. `imr` is no part of
            it: resting orders hold some too.
        maintenance: of cross positions.
        isolated: equity of isolated positions.
    """

    equity: Decimal
    cash: Decimal
    wallet: Decimal
    available: Decimal
    position_margin: tuple[Decimal, ...]
    maintenance: Decimal
    isolated: Decimal

    @property
    def without_position(self) -> bool:
        """Nothing is held by any position in this coin, and none has a profit or a loss."""
        return not any(self.position_margin)


@dataclass(frozen=True, slots=True)
class Trading:
    """The trading account.

    Attributes:
        coins: each coin that there is some of; the venue leaves out the others.
    """

    coins: Mapping[Asset, Coin]

    def booked(self) -> Quantities:
        """Of each coin what changes only when it is booked."""
        return {asset: coin.cash for asset, coin in self.coins.items()}


@dataclass(frozen=True, slots=True)
class SpotGroup(PricedGroup):
    """What `spot` means, and the same with margin counted as W (R3).

    What is settled is cash alone: the figures of isolated positions and of bots move with the price, and coins that go
    into either leave the cash.
    """

    principal: Quantities


@dataclass(frozen=True, slots=True)
class Wallets:
    """Reads the wallets of one account."""

    link: Link

    async def trading(self) -> Timed[Trading]:
        """The trading account. Raises VenueFault."""
        return await self.link.read(endpoints.TRADING, trading_of)

    async def spot(self) -> SpotGroup:
        """What `spot` means: trading and funding (R5); the coins that margin contracts are among them.

        Raises VenueFault.
        """
        trading, funding = await asyncio.gather(self.trading(), self.link.read(endpoints.FUNDING, _funding))
        booked = trading.value.booked()
        return SpotGroup(
            value={
                TRADING: {asset: coin.equity for asset, coin in trading.value.coins.items()},
                FUNDING: funding.value,
            },
            stamp=joined(trading.stamp, funding.stamp),
            settled=_with(booked, funding.value),
            booked=booked,
            principal=_with({asset: coin.wallet for asset, coin in trading.value.coins.items()}, funding.value),
        )

    async def earn(self) -> WalletGroup:
        """Simple Earn and on-chain Earn, without what is being redeemed. Raises NotOffered, else VenueFault."""
        savings, staking = await asyncio.gather(
            offered(self.link, self.link.read(endpoints.SAVINGS, _savings)),
            offered(self.link, self.link.read(endpoints.STAKING, staked)),
        )
        return Timed({SAVINGS: savings.value, STAKING: staking.value}, joined(savings.stamp, staking.stamp))

    async def all(self) -> Sequence[WalletBalance]:
        """Every wallet with something in it: without unrealised P&L, with what is being redeemed. Raises VenueFault."""
        trading, funding = await asyncio.gather(self.trading(), self.link.ask(endpoints.FUNDING, _funding))
        parts: dict[str, Quantities] = {
            TRADING: {asset: coin.wallet for asset, coin in trading.value.coins.items()},
            FUNDING: funding,
        }
        try:
            parts[SAVINGS] = await offered(self.link, self.link.ask(endpoints.SAVINGS, _savings))
            parts[STAKING] = await offered(self.link, self.link.ask(endpoints.STAKING, _invested))
        except NotOffered:
            # Where there is no Earn, there is nothing in it.
            parts[SAVINGS] = parts[STAKING] = {}
        return [
            WalletBalance(venue=self.link.name, wallet=wallet, asset=asset, quantity=quantity)
            for wallet, quantities in parts.items()
            for asset, quantity in sorted(quantities.items())
            if quantity != 0
        ]


def _with(trading: Quantities, funding: Quantities) -> Quantities:
    return sums((asset, quantity) for part in (trading, funding) for asset, quantity in part.items())


async def offered(link: Link, reading: Awaitable[T]) -> T:
    """Tell what simulated trading does not serve from what was refused. Raises NotOffered, else what was raised."""
    try:
        return await reading
    except VenueRejected as fault:
        if fault.code != NOT_IN_DEMO:
            raise
        raise NotOffered(
            f"{fault.operation}: simulated trading does not offer it",
            venue=link.name,
            operation=fault.operation,
            code=fault.code,
            hint="use a live account, or take the source out of the settings",
        ) from None


def trading_of(body: object) -> Trading:
    """Read `account/balance`.

    Raises:
        ValueError: another shape, or no coins at all where the total says that there are some (R8).
    """
    account = row_in(body, "details", "totalEq")
    coins: dict[Asset, Coin] = {}
    for row in rows_of(account["details"], *_COIN_KEYS):
        asset = Asset(text_in(row, "ccy"))
        if asset in coins:
            raise ValueError(f"{asset} is listed twice")
        coins[asset] = _coin(row)
    if not coins and decimal_in(account, "totalEq") != 0:
        raise ValueError(f"no coins, but a total of {account['totalEq']}")
    return Trading(coins=coins)


def _coin(row: Row) -> Coin:
    cash, bots = decimal_in(row, "cashBal"), figure_in(row, "stgyEq") or ZERO
    return Coin(
        equity=decimal_in(row, "eq"),
        cash=cash,
        wallet=cash + amount_in(row, "isoEq") - amount_in(row, "isoUpl") + bots,
        available=amount_in(row, "availEq"),
        position_margin=tuple(amount_in(row, key) for key in ("mmr", "isoEq", "upl", "isoUpl")),
        maintenance=amount_in(row, "mmr"),
        isolated=amount_in(row, "isoEq"),
    )


def _funding(body: object) -> Quantities:
    return sums((text_in(row, "ccy"), decimal_in(row, "bal")) for row in rows_in(body, "ccy", "bal"))


def _savings(body: object) -> Quantities:
    return sums((text_in(row, "ccy"), decimal_in(row, "amt")) for row in rows_in(body, "ccy", "amt"))


def staking_rows(body: object) -> Sequence[Row]:
    """The orders of on-chain Earn that are not over. Raises ValueError."""
    rows = rows_in(body, "ordId", "state", "investData", "fastRedemptionData")
    for row in rows:
        if text_in(row, "state") not in {*_STAKED, REDEEMING}:
            raise ValueError(f"an on-chain Earn order in state {row['state']} is not known")
        if any(amount_in(part, "redeemingAmt") for part in rows_of(row["fastRedemptionData"])):
            # The documentation does not say whether the invested amount still contains it.
            raise ValueError("a fast redemption is under way; wait until it is done")
    return rows


def invested_in(row: Row) -> Quantities:
    """The coins of one order. Raises ValueError."""
    return sums((text_in(part, "ccy"), decimal_in(part, "amt")) for part in rows_of(row["investData"], "ccy", "amt"))


def staked(body: object) -> Quantities:
    """Coins in on-chain Earn without what is being redeemed. Raises ValueError."""
    return _invested_sum(row for row in staking_rows(body) if row["state"] in _STAKED)


def _invested(body: object) -> Quantities:
    return _invested_sum(staking_rows(body))


def _invested_sum(rows: Iterable[Row]) -> Quantities:
    return sums((str(asset), amount) for row in rows for asset, amount in invested_in(row).items())


def sums(amounts: Iterable[tuple[str, Decimal]]) -> Quantities:
    """Quantities by coin, those of one coin added up."""
    found: defaultdict[Asset, Decimal] = defaultdict(lambda: ZERO)
    for name, amount in amounts:
        found[Asset(name)] += amount
    return dict(found)
