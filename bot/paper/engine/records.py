"""What the exchange writes down of money that moved. Read it through `bot.paper.engine.model`."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class RecordStatus(StrEnum):
    """Whether the money of a record has arrived."""

    PENDING = "PENDING"
    DONE = "DONE"


class RowKind(StrEnum):
    """Why a wallet changed."""

    TRADE = "TRADE"
    FEE = "FEE"
    REALIZED_PNL = "REALIZED_PNL"
    FUNDING_FEE = "FUNDING_FEE"
    TRANSFER = "TRANSFER"
    DEPOSIT = "DEPOSIT"
    """Starting balances too; those have the reference `opening` and are no deposit record."""
    WITHDRAWAL = "WITHDRAWAL"
    EARN = "EARN"
    REWARD = "REWARD"
    INSURANCE_CLEAR = "INSURANCE_CLEAR"
    """What is left of a liquidated margin goes to the house (negative), or the house covers a debt (positive)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One change of one wallet; the rows with one `entry_id` sum to 0 for each asset.

    Attributes:
        account: the API key; empty for the house.
        reference: id of what caused it, as text.
        trade_id: 0 when no trade caused it.
    """

    row_id: int
    entry_id: int
    time_ms: int
    account: str
    wallet: str
    asset: str
    amount: Decimal
    kind: RowKind
    symbol: str
    reference: str
    trade_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRecord:
    """Money moved between two wallets of the account."""

    transfer_id: int
    time_ms: int
    source: str
    target: str
    asset: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CashRecord:
    """A deposit or a withdrawal; the amount is positive in both lists.

    Attributes:
        due_ms: when it is or was DONE.
    """

    record_id: int
    time_ms: int
    wallet: str
    asset: str
    amount: Decimal
    status: RecordStatus = RecordStatus.DONE
    due_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EarnRecord:
    """A subscription, a redemption or a reward.

    Attributes:
        product: a name in the layout's `earn`, such as `flexible`.
        wallet: where the coins came from (subscription) or go to (redemption, reward).
        status: PENDING for a redemption whose notice runs.
        due_ms: when it is or was DONE.
    """

    record_id: int
    time_ms: int
    product: str
    asset: str
    amount: Decimal
    wallet: str
    status: RecordStatus = RecordStatus.DONE
    due_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingRecord:
    """One funding settlement of one perpetual."""

    symbol: str
    time_ms: int
    rate: Decimal
    mark_price: Decimal
