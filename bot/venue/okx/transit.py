"""Coins on their way, by the venue's own records (R11).

Transfers between the trading and the funding account are done at once and leave no trace here. A withdrawal that is on
the chain (it has a `txId`) is left out: whoever receives the coins tells of them as a deposit, and if they go to one of
our venues they would be counted twice. One within OKX has no `txId` ever, and is over at once.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Final

from bot.domain.ids import Asset
from bot.domain.numbers import ZERO
from bot.ports import Clock
from bot.venue.dialect import Moving
from bot.venue.endpoint import Endpoint
from bot.venue.link import Link, Timed, joined
from bot.venue.okx import endpoints
from bot.venue.okx.endpoints import PAGE
from bot.venue.okx.wallets import REDEEMING, invested_in, offered, staking_rows
from bot.venue.okx.wire import amount_in, rows_in
from bot.venue.shapes import Row, decimal_in, integer_in, row_of, text_in

_DEPOSITED: Final = frozenset({"1", "2"})
"""Credited; at first not to be withdrawn again, which is no matter to us."""
_DEPOSITING: Final = frozenset({"0", "8", "17"})
_DEPOSIT_HELD: Final = frozenset({"11", "12", "13", "14"})
"""Blacklisted, frozen, intercepted, over a limit: nobody knows when or whether it arrives."""
_WITHDRAWN: Final = frozenset({"-2", "-1", "2"})
"""Cancelled, failed, sent: the coins are back or gone."""
_WITHDRAWING: Final = frozenset({"-3", "0", "1", "3", "4", "5", "6", "7", "8", "9", "10", "12", "15", "16", "17", "19"})
_TOKENS: Final[Mapping[Asset, Endpoint]] = {
    Asset("BETH"): endpoints.ETH_STAKING,
    Asset("OKSOL"): endpoints.SOL_STAKING,
}
"""A staking token that is being redeemed has left the account, and the coin is not there yet."""
_PAGES_MAX: Final = 20
_DAY_MS: Final = 86_400_000
_LOOK_BACK_MS: Final = 30 * _DAY_MS


@dataclass(frozen=True, slots=True)
class _Leg:
    """One record: coins, and by when they should have arrived (venue time, ms; None: held up)."""

    asset: Asset
    quantity: Decimal
    due_ms: int | None


@dataclass(frozen=True, slots=True)
class Transit:
    """Reads the unfinished records of one account; `clock` tells venue time."""

    link: Link
    clock: Clock

    async def read(self, assets: Collection[Asset], max_ms: int) -> Timed[Mapping[Asset, Moving]]:
        """What is under way, of these coins. Raises NotOffered where the host keeps no records, else VenueFault.

        Args:
            assets: coins, and staking tokens by their own name.
            max_ms: a record older than that is overdue; a redemption when its own date has passed by that.
        """
        now_ms = self.clock.now_ms()
        readings = await asyncio.gather(
            self._paged(endpoints.DEPOSITS, now_ms - max_ms, partial(_deposits, max_ms)),
            self._paged(endpoints.WITHDRAWALS, now_ms - max_ms, partial(_withdrawals, max_ms)),
            offered(self.link, self.link.read(endpoints.STAKING, partial(_redemptions, max_ms))),
            *(self._unstaking(token, max_ms) for token in sorted(_TOKENS) if token in assets),
        )
        legs = [leg for reading in readings for leg in reading.value]
        return Timed(_moving(legs, assets, now_ms), joined(*(reading.stamp for reading in readings)))

    async def _unstaking(self, token: Asset, max_ms: int) -> Timed[Sequence[_Leg]]:
        params = {"type": "redeem", "status": "pending", "limit": str(PAGE)}
        parse = partial(_unstaking_legs, token, max_ms)
        return await offered(self.link, self.link.read(_TOKENS[token], parse, params))

    async def _paged(
        self, endpoint: Endpoint, since_ms: int, parse: Callable[[Sequence[Row]], Sequence[_Leg]]
    ) -> Timed[Sequence[_Leg]]:
        """A list, newest first, back to what may not have arrived yet."""
        found: list[_Leg] = []
        stamps = []
        params: dict[str, object] = {"limit": str(PAGE)}
        for _ in range(_PAGES_MAX):
            page = await offered(self.link, self.link.read(endpoint, partial(_page, parse), params))
            legs, oldest_ms, full = page.value
            found += legs
            stamps.append(page.stamp)
            if not full or oldest_ms < since_ms - _LOOK_BACK_MS:
                return Timed(found, joined(*stamps))
            params = {"limit": str(PAGE), "after": str(oldest_ms)}
        raise self.link.unreadable(endpoint.operation, "the list does not end")


def _page(parse: Callable[[Sequence[Row]], Sequence[_Leg]], body: object) -> tuple[Sequence[_Leg], int, bool]:
    rows = rows_in(body, "ccy", "amt", "ts", "state")
    oldest_ms = min((integer_in(row, "ts") for row in rows), default=0)
    return parse(rows), oldest_ms, len(rows) >= PAGE


def _deposits(max_ms: int, rows: Sequence[Row]) -> Sequence[_Leg]:
    legs = []
    for row in rows:
        state = text_in(row, "state")
        if state in _DEPOSITED:
            continue
        if state not in _DEPOSITING and state not in _DEPOSIT_HELD:
            raise ValueError(f"a deposit in state {state} is not known")
        due_ms = None if state in _DEPOSIT_HELD else integer_in(row, "ts") + max_ms
        legs.append(_Leg(Asset(text_in(row, "ccy")), decimal_in(row, "amt"), due_ms))
    return legs


def _withdrawals(max_ms: int, rows: Sequence[Row]) -> Sequence[_Leg]:
    """The venue takes the coins out of the funding account when a withdrawal is asked for (from general knowledge)."""
    legs = []
    for row in rows:
        state = text_in(row, "state")
        if state not in _WITHDRAWN and state not in _WITHDRAWING:
            raise ValueError(f"a withdrawal in state {state} is not known")
        if state in _WITHDRAWN or row_of(row, "txId")["txId"]:
            continue
        legs.append(_Leg(Asset(text_in(row, "ccy")), decimal_in(row, "amt"), integer_in(row, "ts") + max_ms))
    return legs


def _redemptions(max_ms: int, body: object) -> Sequence[_Leg]:
    """Orders of on-chain Earn tell when they should be settled, not when that was asked for."""
    legs = []
    for row in staking_rows(body):
        if row["state"] != REDEEMING:
            continue
        settled_ms = int(amount_in(row, "estSettlementTime"))
        due_ms = settled_ms + max_ms if settled_ms else _NEVER_MS
        legs += [_Leg(asset, amount, due_ms) for asset, amount in invested_in(row).items()]
    return legs


_NEVER_MS: Final = 2**62


def _unstaking_legs(token: Asset, max_ms: int, body: object) -> Sequence[_Leg]:
    rows = rows_in(body, "amt", "requestTime", "status", "type")
    if len(rows) >= PAGE:
        raise ValueError("more redemptions than one page holds")
    return [
        _Leg(token, decimal_in(row, "amt"), integer_in(row, "requestTime") + max_ms)
        for row in rows
        if row["type"] == "redeem" and row["status"] == "pending"
    ]


def _moving(legs: Iterable[_Leg], assets: Collection[Asset], now_ms: int) -> Mapping[Asset, Moving]:
    under_way: defaultdict[Asset, Decimal] = defaultdict(lambda: ZERO)
    overdue: defaultdict[Asset, Decimal] = defaultdict(lambda: ZERO)
    for leg in legs:
        late = leg.due_ms is None or leg.due_ms < now_ms
        (overdue if late else under_way)[leg.asset] += leg.quantity
    return {asset: Moving(quantity=under_way[asset], overdue=overdue[asset]) for asset in assets}
