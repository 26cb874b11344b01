"""Money that moves without a trade: deposits, transfers, Earn."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bot.paper.engine.exposures import SPOT_WALLET, balance_of
from bot.paper.engine.floor import Floor
from bot.paper.engine.ledger import Cause, booked
from bot.paper.engine.model import (
    CashRecord,
    EarnRecord,
    Refusal,
    RefusalCode,
    RowKind,
    TransferRecord,
)
from bot.paper.engine.state import AccountState

WALLETS: Final = frozenset({"spot", "funding", "usdm", "coinm", "earn-flexible", "earn-locked"})
AMOUNT_MAX: Final = Decimal(10) ** 16
"""Larger amounts could not be booked exactly in 28 digits."""


def deposit(floor: Floor, state: AccountState, wallet: str, asset: str, amount: Decimal) -> None:
    """See `Exchange.deposit`."""
    _check_amount(abs(amount), wallet)
    incoming = amount > 0
    if not incoming:
        _check_free(floor, state, wallet, asset, -amount)
    record = CashRecord(
        record_id=floor.next_id("cash"), time_ms=floor.now(), wallet=wallet, asset=asset, amount=abs(amount)
    )
    (state.deposits if incoming else state.withdrawals).append(record)
    cause = Cause(
        time_ms=record.time_ms,
        kind=RowKind.DEPOSIT if incoming else RowKind.WITHDRAWAL,
        reference=str(record.record_id),
    )
    floor.ledger.import_(state.key, wallet, asset, amount, cause)


def transfer(floor: Floor, state: AccountState, source: str, target: str, asset: str, amount: Decimal) -> int:
    """See `Exchange.transfer`."""
    _check_amount(amount, source, target)
    _check_free(floor, state, source, asset, amount)
    record = TransferRecord(
        transfer_id=floor.next_id("transfer"),
        time_ms=floor.now(),
        source=source,
        target=target,
        asset=asset,
        amount=amount,
    )
    state.transfers.append(record)
    cause = Cause(time_ms=record.time_ms, kind=RowKind.TRANSFER, reference=str(record.transfer_id))
    floor.ledger.move(state.key, source, target, asset, amount, cause)
    return record.transfer_id


def earn_subscribe(floor: Floor, state: AccountState, product: str, asset: str, amount: Decimal) -> int:
    """See `Exchange.earn_subscribe`."""
    record = _earn_move(floor, state, (SPOT_WALLET, f"earn-{product}"), product, asset, amount)
    state.earn_subscriptions.append(record)
    return record.record_id


def earn_redeem(floor: Floor, state: AccountState, product: str, asset: str, amount: Decimal) -> int:
    """See `Exchange.earn_redeem`."""
    record = _earn_move(floor, state, (f"earn-{product}", SPOT_WALLET), product, asset, amount)
    state.earn_redemptions.append(record)
    return record.record_id


def pay_reward(floor: Floor, state: AccountState, product: str, asset: str, amount: Decimal) -> None:
    """See `Exchange.pay_reward`."""
    _check_amount(amount, f"earn-{product}")
    record = EarnRecord(
        record_id=floor.next_id("earn"), time_ms=floor.now(), product=product, asset=asset, amount=amount
    )
    state.earn_rewards.append(record)
    cause = Cause(time_ms=record.time_ms, kind=RowKind.REWARD, reference=str(record.record_id))
    floor.ledger.pay(state.key, SPOT_WALLET, asset, amount, cause)


def _earn_move(
    floor: Floor, state: AccountState, ends: tuple[str, str], product: str, asset: str, amount: Decimal
) -> EarnRecord:
    source, target = ends
    _check_amount(amount, source, target)
    _check_free(floor, state, source, asset, amount)
    record = EarnRecord(
        record_id=floor.next_id("earn"), time_ms=floor.now(), product=product, asset=asset, amount=amount
    )
    cause = Cause(time_ms=record.time_ms, kind=RowKind.EARN, reference=str(record.record_id))
    floor.ledger.move(state.key, source, target, asset, amount, cause)
    return record


def _check_amount(amount: Decimal, *wallets: str) -> None:
    for wallet in wallets:
        if wallet not in WALLETS:
            raise Refusal(RefusalCode.UNKNOWN_WALLET, wallet)
    if len(set(wallets)) != len(wallets):
        raise Refusal(RefusalCode.UNKNOWN_WALLET, "source and target are the same")
    if not amount.is_finite() or not 0 < amount < AMOUNT_MAX or booked(amount) != amount:
        raise Refusal(RefusalCode.BAD_AMOUNT, f"{amount}")


def _check_free(floor: Floor, state: AccountState, wallet: str, asset: str, amount: Decimal) -> None:
    free = balance_of(floor, state, wallet, asset).free
    if amount > free:
        raise Refusal(RefusalCode.INSUFFICIENT_BALANCE, f"{amount} {asset} wanted, {free} free in {wallet}")
