"""Coins on their way (R11): redemptions, withdrawals and deposits that the venue has not finished.

Transfers between the wallets of an account are done at once, so there is nothing of them to wait for.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from bot.domain.ids import Asset
from bot.domain.numbers import ZERO
from bot.domain.observation import Unknown
from bot.ports import Clock
from bot.venue.dialect import Moving
from bot.venue.kucoin.cash import Cash, Record, State
from bot.venue.kucoin.endpoints import DAY_MS
from bot.venue.kucoin.wallets import MAIN, Wallets
from bot.venue.link import Timed, joined


@dataclass(frozen=True, slots=True)
class Transit:
    """Reads what is on its way in one account; `clock` tells venue time."""

    wallets: Wallets
    cash: Cash
    clock: Clock

    async def read(self, assets: Collection[Asset], max_ms: int) -> Timed[Mapping[Asset, Moving | Unknown]]:
        """Coins on their way, of these coins. Raises VenueFault.

        KuCoin keeps coins of an unfinished withdrawal in the main wallet, held, where `spot` counts them; only what is
        not held there is on its way. Once a withdrawal is on the chain neither counts it: its receiver tells of it. The
        venue does not tell when a redemption began, so none is ever overdue. A coin with a record in a state that is
        not known here is unknown.
        """
        # Back to what can be under way, and a day more, for what is overdue.
        since_ms = self.clock.now_ms() - max_ms - DAY_MS
        withdrawn, deposited, main, held = await asyncio.gather(
            self.cash.withdrawals(since_ms),
            self.cash.deposits(since_ms),
            self.wallets.rows(MAIN),
            self.wallets.held(),
        )
        fresh_ms = self.clock.now_ms() - max_ms
        moving: defaultdict[Asset, Decimal] = defaultdict(Decimal)
        overdue: defaultdict[Asset, Decimal] = defaultdict(Decimal)
        bound = {row.asset: row.holds for row in main.value}
        for record in _settled_first(withdrawn.value):
            taken = min(bound.get(record.asset, ZERO), record.amount)
            bound[record.asset] = bound.get(record.asset, ZERO) - taken
            if record.state is not State.ON_CHAIN:
                into = moving if record.created_ms >= fresh_ms else overdue
                into[record.asset] += record.amount - taken
        for record in deposited.value:
            into = moving if record.created_ms >= fresh_ms else overdue
            into[record.asset] += record.amount
        for holding in held.value:
            moving[holding.asset] += holding.redeeming
        strange = {
            record.asset: Unknown(what="transit", reason=f"a record is in state {record.status!r}, which is not known")
            for record in (*withdrawn.value, *deposited.value)
            if record.state is State.UNKNOWN
        }
        found = {
            asset: strange.get(asset) or Moving(quantity=moving[asset], overdue=overdue[asset]) for asset in assets
        }
        return Timed(found, joined(withdrawn.stamp, deposited.stamp, main.stamp, held.stamp))


def _settled_first(withdrawn: Sequence[Record]) -> Sequence[Record]:
    """What the main wallet holds is taken for those on the chain, as `spot` does, then for the oldest."""
    return sorted(withdrawn, key=lambda record: (record.state is not State.ON_CHAIN, record.created_ms))
