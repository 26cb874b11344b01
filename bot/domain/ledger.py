"""Rows of the venue's own books, for the two checks of R29."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from bot.domain.ids import Asset, Symbol, VenueName


class RowKind(StrEnum):
    """Why a wallet changed."""

    TRADE = "trade"
    """Coins or quote of a spot trade, or realised P&L of a perpetual."""
    FEE = "fee"
    FUNDING = "funding"
    TRANSFER = "transfer"
    """Between our own wallets: sums to 0 over them. Subscriptions to and redemptions from Earn are transfers."""
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    REWARD = "reward"
    """Earn interest and rewards."""
    LIQUIDATION = "liquidation"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """One change of one wallet.

    Attributes:
        wallet: `spot`, `funding`, `usdm`, `earn-flexible`, `earn-locked`.
        amount: signed: what the wallet gained.
        reference: the venue's id of what caused it.
    """

    venue: VenueName
    wallet: str
    asset: Asset
    amount: Decimal
    kind: RowKind
    symbol: Symbol | None
    reference: str
    time_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletBalance:
    """What one wallet holds of one asset, locked included, unrealised P&L excluded."""

    venue: VenueName
    wallet: str
    asset: Asset
    quantity: Decimal
