"""Double entry: every change of a wallet is a row, and the rows of one entry sum to 0 for each asset."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Decimal
from typing import Final

from bot.domain.numbers import ZERO
from bot.paper.engine.model import PLACES, Row, RowKind

HOUSE: Final = ""
"""The exchange's own account; its wallets are `house`, and `outside` for what came from or went to elsewhere."""
HOUSE_WALLET: Final = "house"
OUTSIDE_WALLET: Final = "outside"


def booked(amount: Decimal) -> Decimal:
    """An amount as it is posted: 8 places, halves to even."""
    return amount.quantize(PLACES, rounding=ROUND_HALF_EVEN)


def booked_down(amount: Decimal) -> Decimal:
    """Fees and margins: 8 places, toward 0, so that what was reserved always suffices."""
    return amount.quantize(PLACES, rounding=ROUND_DOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why money moves; see `Row`."""

    time_ms: int
    kind: RowKind
    symbol: str = ""
    reference: str = ""
    trade_id: int = 0


def booked_up(amount: Decimal) -> Decimal:
    """What orders lock: 8 places, away from 0, so that it always covers what is then paid."""
    return amount.quantize(PLACES, rounding=ROUND_UP)


class Ledger:
    """All wallets of all accounts and of the house.

    Args:
        note: told of every row of an account, none of the house.
    """

    def __init__(self, note: Callable[[Row], None]) -> None:
        self._note = note
        self._rows: dict[str, list[Row]] = {HOUSE: []}
        self._balances: dict[str, dict[str, dict[str, Decimal]]] = {}
        self._row_id = 0
        self._entry_id = 0

    def pay(self, account: str, wallet: str, asset: str, amount: Decimal, cause: Cause) -> Decimal:
        """The house pays `amount` (negative: takes it). Returns what was booked; nothing is booked for 0."""
        return self._enter(((account, wallet), (HOUSE, HOUSE_WALLET)), asset, amount, cause)

    def import_(self, account: str, wallet: str, asset: str, amount: Decimal, cause: Cause) -> Decimal:
        """Money comes in from outside (negative: leaves)."""
        return self._enter(((account, wallet), (HOUSE, OUTSIDE_WALLET)), asset, amount, cause)

    def move(self, account: str, source: str, target: str, asset: str, amount: Decimal, cause: Cause) -> Decimal:
        """Money moves between two wallets of an account."""
        return self._enter(((account, target), (account, source)), asset, amount, cause)

    def balance(self, account: str, wallet: str, asset: str) -> Decimal:
        """The sum of all rows of a wallet."""
        return self._balances.get(account, {}).get(wallet, {}).get(asset, ZERO)

    def assets(self, account: str, wallet: str) -> Sequence[str]:
        """Assets that a wallet ever held, in order of first use."""
        return tuple(self._balances.get(account, {}).get(wallet, {}))

    def rows(self, account: str) -> Sequence[Row]:
        """The account's rows, oldest first."""
        return tuple(self._rows.get(account, ()))

    def as_of(self, account: str, time_ms: int) -> Ledger:
        """One account's books as they stood at a time, for reading."""
        old = Ledger(lambda _: None)
        old._rows[account] = [row for row in self._rows.get(account, ()) if row.time_ms <= time_ms]
        amounts = old._balances.setdefault(account, {})
        for row in old._rows[account]:
            held = amounts.setdefault(row.wallet, {})
            held[row.asset] = held.get(row.asset, ZERO) + row.amount
        return old

    def total(self, asset: str) -> Decimal:
        """What is inside the exchange, over all accounts and the house."""
        return sum(
            (
                amounts.get(asset, ZERO)
                for wallets in self._balances.values()
                for wallet, amounts in wallets.items()
                if wallet != OUTSIDE_WALLET
            ),
            ZERO,
        )

    def _enter(
        self, ends: tuple[tuple[str, str], tuple[str, str]], asset: str, amount: Decimal, cause: Cause
    ) -> Decimal:
        """Add `amount` to the first end and take it from the second."""
        exact = booked(amount)
        if exact == 0:
            return exact
        self._entry_id += 1
        for (account, wallet), signed in zip(ends, (exact, -exact), strict=True):
            self._row_id += 1
            row = Row(
                row_id=self._row_id,
                entry_id=self._entry_id,
                time_ms=cause.time_ms,
                account=account,
                wallet=wallet,
                asset=asset,
                amount=signed,
                kind=cause.kind,
                symbol=cause.symbol,
                reference=cause.reference,
                trade_id=cause.trade_id,
            )
            self._rows.setdefault(account, []).append(row)
            amounts = self._balances.setdefault(account, {}).setdefault(wallet, {})
            amounts[asset] = amounts.get(asset, ZERO) + signed
            if account != HOUSE:
                self._note(row)
        return exact
