"""A spot wallet's ledger as KuCoin shows it: one entry for each trade, its fee inside."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum

from bot.domain.numbers import ZERO, plain
from bot.paper.engine.account import Account
from bot.paper.engine.model import Row, RowKind
from bot.paper.wire.kucoin.names import spot_id


class Business(Enum):
    """Why an entry was made: what a request asks for, and what the answer says (ccxt knows both spellings)."""

    DEPOSIT = ("DEPOSIT", "Deposit")
    WITHDRAW = ("WITHDRAW", "Withdrawal")
    TRANSFER = ("TRANSFER", "Transfer")
    TRADE_EXCHANGE = ("TRADE_EXCHANGE", "TRADE_EXCHANGE")
    STAKING = ("STAKING", "Staking")
    REDEMPTION = ("REDEMPTION", "Redemption")
    STAKING_PROFITS = ("STAKING_PROFITS", "Staking Profits")

    @property
    def asked(self) -> str:
        """As the parameter `bizType`."""
        return self.value[0]

    @property
    def told(self) -> str:
        """As the member `bizType` of an answer."""
        return self.value[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry.

    Attributes:
        row_id: of its last row; entries count up by it.
        change: what the balance changed by, the fee included.
        fee: positive.
        balance: after it.
    """

    row_id: int
    time_ms: int
    asset: str
    change: Decimal
    fee: Decimal
    balance: Decimal
    business: Business
    account_type: str
    symbol: str
    reference: str
    trade_id: int


def entries(account: Account, wallet: str, account_type: str) -> list[Entry]:
    """The entries of one wallet, oldest first; the starting balances show only in `balance`."""
    balances: dict[str, Decimal] = {}
    made: list[Entry] = []
    by_trade: dict[tuple[int, str], int] = {}
    for row in account.ledger:
        if row.wallet != wallet:
            continue
        balances[row.asset] = balances.get(row.asset, ZERO) + row.amount
        if row.reference == "opening":
            continue
        fee = -row.amount if row.kind is RowKind.FEE else ZERO
        place = by_trade.get((row.trade_id, row.asset)) if row.trade_id else None
        if place is None:
            by_trade[row.trade_id, row.asset] = len(made)
            made.append(_entry(row, fee, balances[row.asset], account_type))
        else:
            old = made[place]
            made[place] = replace(old, change=old.change + row.amount, fee=old.fee + fee, balance=balances[row.asset])
    return made


def _entry(row: Row, fee: Decimal, balance: Decimal, account_type: str) -> Entry:
    return Entry(
        row_id=row.row_id,
        time_ms=row.time_ms,
        asset=row.asset,
        change=row.amount,
        fee=fee,
        balance=balance,
        business=_business(row),
        account_type=account_type,
        symbol=row.symbol,
        reference=row.reference,
        trade_id=row.trade_id,
    )


def _business(row: Row) -> Business:
    match row.kind:
        case RowKind.DEPOSIT:
            return Business.DEPOSIT
        case RowKind.WITHDRAWAL:
            return Business.WITHDRAW
        case RowKind.EARN:
            return Business.REDEMPTION if row.amount > 0 else Business.STAKING
        case RowKind.REWARD:
            return Business.STAKING_PROFITS
        case RowKind.TRADE | RowKind.FEE:
            return Business.TRADE_EXCHANGE
        case RowKind.TRANSFER | RowKind.REALIZED_PNL | RowKind.FUNDING_FEE | RowKind.INSURANCE_CLEAR:
            return Business.TRANSFER


def entry_row(entry: Entry) -> dict[str, object]:
    """An entry as the ledger endpoints write it."""
    return {
        "id": str(entry.row_id),
        "currency": entry.asset,
        "amount": plain(abs(entry.change)),
        "fee": plain(entry.fee),
        "tax": "0",
        "balance": plain(entry.balance),
        "accountType": entry.account_type,
        "bizType": entry.business.told,
        "direction": "in" if entry.change > 0 else "out",
        "createdAt": entry.time_ms,
        "context": _context(entry),
    }


def _context(entry: Entry) -> str:
    """JSON inside the JSON, as KuCoin has it."""
    if entry.business is Business.TRANSFER and entry.reference.isdecimal():
        return json.dumps({"orderId": spot_id(int(entry.reference))}, separators=(",", ":"))
    if not entry.trade_id:
        return json.dumps({"orderId": entry.reference}, separators=(",", ":"))
    told = {"symbol": entry.symbol, "orderId": spot_id(int(entry.reference)), "tradeId": str(entry.trade_id)}
    return json.dumps(told, separators=(",", ":"))
