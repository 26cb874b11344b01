"""Coins on their way (R11): redeemed or unstaked but not there yet, deposited but not credited, withdrawn but not gone.

Counted are the venue's own records that are neither done nor failed; a record in a state that is not known here makes
all of it unknown. A withdrawal from the funding wallet is left out, since that wallet tells it as `withdrawing`; and so
is one that is on the chain (it has a `txId`): whoever receives the coins tells of them as a deposit, and if that is
another of our venues they would be counted twice.

One reading of withdrawals costs a tenth of the minute's limit, so not every turn can have one. An older reading serves
only where it can't count a coin twice: it said that nothing is under way, and the spot and funding wallets hold what
they held then, as no withdrawal begins without leaving its wallet; it then is as fresh as the reading of the wallets.
If something was under way it serves for some seconds, and is as old as it is. All else is asked anew in every turn.

Source: Binance wallet, Simple Earn and staking REST documentation.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Final

from bot.domain.errors import NotOffered
from bot.domain.ids import Asset
from bot.domain.numbers import ZERO
from bot.ports import Clock
from bot.venue.binance.cash import applied_ms, wallet_of
from bot.venue.binance.endpoints import (
    DEPOSITS,
    EARN_REDEMPTIONS,
    FUNDING,
    PAGE,
    STAKING_REDEMPTIONS,
    WITHDRAWALS,
    EarnKind,
)
from bot.venue.binance.pages import pages
from bot.venue.dialect import Moving, WalletGroup
from bot.venue.link import Link, Timed, joined
from bot.venue.shapes import Row, integer_in, positive_in, row_of, rows_of, text_in

_DAY_MS: Final = 86_400_000
_LOOK_BACK_MS: Final = 30 * _DAY_MS
"""Records older than this are not looked for; a hedge alarms long before."""
_EMPTY_AGE_MAX_MS: Final = 60_000
_MOVING_AGE_MAX_MS: Final = 8_000
"""Room for 8 readings a minute."""


class _State(Enum):
    MOVING = "moving"
    OVER = "over"


_REDEMPTION: Final = {"CREATED": _State.MOVING, "PAID": _State.OVER, "FAILED": _State.OVER}
_UNSTAKING: Final = {"PENDING": _State.MOVING, "SUCCESS": _State.OVER, "FAILED": _State.OVER}
_DEPOSIT_PENDING: Final = 0
_DEPOSIT_UNCONFIRMED: Final = 8
"""It waits for its owner to confirm it."""
_WITHDRAWAL: Final = {
    0: _State.MOVING,  # the e-mail was sent
    1: _State.OVER,  # cancelled
    2: _State.MOVING,  # awaits approval
    3: _State.OVER,  # rejected
    4: _State.MOVING,  # in work
    5: _State.OVER,  # failed
    6: _State.OVER,  # completed
}


@dataclass(frozen=True, slots=True)
class _Underway:
    """One record of coins on their way."""

    asset: Asset
    amount: Decimal
    since_ms: int


Records = Sequence[_Underway]


class Transit:
    """Reads what is on its way to or from one account.

    Args:
        link: the way to the account.
        clock: venue time.
        served: whether the host serves the wallet endpoints.
    """

    def __init__(self, link: Link, clock: Clock, *, served: bool) -> None:
        self._link = link
        self._clock = clock
        self._served = served
        self._wallets: WalletGroup | None = None
        self._withdrawals: tuple[Timed[Records], WalletGroup | None] | None = None
        self.leaving_lock: Mapping[Asset, Decimal] = {}
        """What the last reading that succeeded counted of redemptions out of locked Earn."""

    def saw(self, wallets: WalletGroup) -> None:
        """Learn what the spot and funding wallets hold now."""
        self._wallets = wallets

    async def read(self, assets: Collection[Asset], max_ms: int) -> Timed[Mapping[Asset, Moving]]:
        """What is under way, split by whether it has been so for longer than allowed.

        Raises:
            NotOffered: the host serves no such records.
            VenueFault: a list could not be read.
        """
        if not self._served:
            raise NotOffered(
                "coins on their way are not told here",
                venue=self._link.name,
                operation="read transit",
                hint="remove the transit source",
            )
        since = {"startTime": self._clock.now_ms() - _LOOK_BACK_MS, "endTime": self._clock.now_ms()}
        parts = await asyncio.gather(
            *(pages(self._link, EARN_REDEMPTIONS[kind], _redemption, since) for kind in EarnKind),
            *(pages(self._link, endpoint, _unstaking, since) for endpoint in STAKING_REDEMPTIONS),
            *(self._deposits(status) for status in (_DEPOSIT_PENDING, _DEPOSIT_UNCONFIRMED)),
            self._withdrawn(assets),
        )
        sums = self._sums([record for part in parts for record in part.value], max_ms)
        locked = self._sums(parts[list(EarnKind).index(EarnKind.LOCKED)].value, max_ms)
        self.leaving_lock = {asset: locked[asset, False] for asset in assets}
        found = {asset: Moving(quantity=sums[asset, False], overdue=sums[asset, True]) for asset in assets}
        return Timed(found, joined(*(part.stamp for part in parts)))

    def _sums(self, records: Sequence[_Underway | None], max_ms: int) -> Mapping[tuple[Asset, bool], Decimal]:
        """By coin and whether it is overdue."""
        now_ms = self._clock.now_ms()
        sums: defaultdict[tuple[Asset, bool], Decimal] = defaultdict(Decimal)
        for record in records:
            if record is not None:
                sums[record.asset, now_ms - record.since_ms > max_ms] += record.amount
        return sums

    async def _deposits(self, status: int) -> Timed[list[_Underway | None]]:
        def parse(body: object) -> list[_Underway | None]:
            return [_deposit(row, status) for row in _whole(body)]

        return await self._link.read(DEPOSITS, parse, {"status": status, "limit": PAGE})

    async def _withdrawn(self, assets: Collection[Asset]) -> Timed[list[_Underway | None]]:
        if self._withdrawals is not None:
            read, wallets = self._withdrawals
            age_ms = self._clock.now_ms() - read.stamp.sent_ms
            if self._wallets is not None and wallets is not None and _equal(self._wallets, wallets, assets):
                if read.value and age_ms < _MOVING_AGE_MAX_MS:
                    return Timed([*read.value], read.stamp)
                if not read.value and age_ms < _EMPTY_AGE_MAX_MS:
                    return Timed([], self._wallets.stamp)
        wallets = self._wallets
        fresh = await self._link.read(
            WITHDRAWALS,
            lambda body: [_withdrawal(row) for row in _whole(body)],
            {"startTime": self._clock.now_ms() - _LOOK_BACK_MS, "limit": PAGE},
        )
        kept = [record for record in fresh.value if record is not None]
        self._withdrawals = (Timed(kept, fresh.stamp), wallets)
        return fresh


def _equal(now: WalletGroup, then: WalletGroup, assets: Collection[Asset]) -> bool:
    def held(group: WalletGroup) -> list[dict[str, Decimal]]:
        return [{name: coins.get(asset, ZERO) for name, coins in group.value.items()} for asset in assets]

    return held(now) == held(then)


def _whole(body: object) -> Sequence[Row]:
    rows = rows_of(body)
    if len(rows) >= PAGE:
        raise ValueError("the list is longer than a page")
    return rows


def _redemption(row: Row) -> _Underway | None:
    return _record(row, _REDEMPTION, "asset", "amount", "time")


def _unstaking(row: Row) -> _Underway | None:
    """What was unstaked is counted in the coin that will arrive."""
    return _record(row, _UNSTAKING, "distributeAsset", "distributeAmount", "time")


def _record(row: Row, states: Mapping[str, _State], asset: str, amount: str, time: str) -> _Underway | None:
    state = states.get(text_in(row, "status"))
    if state is None:
        raise ValueError(f"status {row['status']!r} is not known")
    if state is _State.OVER:
        return None
    return _Underway(asset=Asset(text_in(row, asset)), amount=positive_in(row, amount), since_ms=integer_in(row, time))


def _deposit(row: Row, status: int) -> _Underway | None:
    if integer_in(row, "status") != status:
        raise ValueError(f"a deposit of status {row['status']} was not asked for")
    return _Underway(
        asset=Asset(text_in(row, "coin")), amount=positive_in(row, "amount"), since_ms=integer_in(row, "insertTime")
    )


def _withdrawal(row: Row) -> _Underway | None:
    state = _WITHDRAWAL.get(integer_in(row, "status"))
    if state is None:
        raise ValueError(f"a withdrawal of status {row['status']} is not known")
    if state is _State.OVER or wallet_of(row) == FUNDING or row_of(row, "txId")["txId"]:
        return None
    return _Underway(asset=Asset(text_in(row, "coin")), amount=positive_in(row, "amount"), since_ms=applied_ms(row))
