"""Money that moves without a trade: deposits, withdrawals, transfers, Earn. What takes time is pending meanwhile."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Final, TypeVar

from bot.domain.numbers import ZERO
from bot.paper.engine.exposures import balance_of
from bot.paper.engine.floor import Floor
from bot.paper.engine.layout import REDEEMING, WITHDRAWING, EarnPlan
from bot.paper.engine.ledger import Cause, booked
from bot.paper.engine.model import (
    CashRecord,
    EarnRecord,
    RecordStatus,
    Refusal,
    RefusalCode,
    RowKind,
    TransferRecord,
)
from bot.paper.engine.state import AccountState

AMOUNT_MAX: Final = Decimal(10) ** 16
"""Larger amounts could not be booked exactly in 28 digits."""

_Record = TypeVar("_Record", CashRecord, EarnRecord)


def deposit(floor: Floor, state: AccountState, wallet: str, asset: str, amount: Decimal, *, pending_s: int) -> int:
    """See `Exchange.deposit`."""
    _check_amount(floor, amount, wallet)
    record = _cash_record(floor, wallet, asset, amount, pending_s)
    state.deposits.append(record)
    if record.status is RecordStatus.PENDING:
        state.note_due(record.due_ms)
    else:
        _arrive(floor, state, record)
    return record.record_id


def withdraw(floor: Floor, state: AccountState, wallet: str, asset: str, amount: Decimal, *, pending_s: int) -> int:
    """See `Exchange.withdraw`."""
    _check_amount(floor, amount, wallet)
    _check_free(floor, state, wallet, asset, amount)
    record = _cash_record(floor, wallet, asset, amount, pending_s)
    state.withdrawals.append(record)
    cause = _cause(record.time_ms, RowKind.WITHDRAWAL, record.record_id)
    if record.status is RecordStatus.PENDING:
        floor.ledger.move(state.key, wallet, WITHDRAWING, asset, amount, cause)
        state.note_due(record.due_ms)
    else:
        floor.ledger.import_(state.key, wallet, asset, -amount, cause)
    return record.record_id


def transfer(floor: Floor, state: AccountState, source: str, target: str, asset: str, amount: Decimal) -> int:
    """See `Exchange.transfer`."""
    _check_amount(floor, amount, source, target)
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
    cause = _cause(record.time_ms, RowKind.TRANSFER, record.transfer_id)
    floor.ledger.move(state.key, source, target, asset, amount, cause)
    return record.transfer_id


def earn_subscribe(
    floor: Floor, state: AccountState, product: str, asset: str, amount: Decimal, *, wallet: str | None
) -> int:
    """See `Exchange.earn_subscribe`."""
    plan = _plan(floor, product)
    source = wallet or plan.source
    _check_amount(floor, amount, source, plan.wallet)
    _check_free(floor, state, source, asset, amount)
    record = _earn_record(floor, product, asset, amount, wallet=source, notice_s=0)
    state.earn_subscriptions.append(record)
    cause = _cause(record.time_ms, RowKind.EARN, record.record_id)
    floor.ledger.move(state.key, source, plan.wallet, asset, amount, cause)
    return record.record_id


def earn_redeem(
    floor: Floor,
    state: AccountState,
    product: str,
    asset: str,
    amount: Decimal,
    *,
    notice_s: int | None,
    wallet: str | None,
) -> int:
    """See `Exchange.earn_redeem`."""
    plan = _plan(floor, product)
    target = wallet or plan.target
    _check_amount(floor, amount, plan.wallet, target)
    held = earn_held(floor, state, product, asset)
    if amount > held:
        raise Refusal(RefusalCode.INSUFFICIENT_BALANCE, f"{amount} {asset} wanted, {held} in {product}")
    notice = plan.notice_s if notice_s is None else notice_s
    record = _earn_record(floor, product, asset, amount, wallet=target, notice_s=notice)
    state.earn_redemptions.append(record)
    cause = _cause(record.time_ms, RowKind.EARN, record.record_id)
    pending = record.status is RecordStatus.PENDING
    floor.ledger.move(state.key, plan.wallet, REDEEMING if pending else target, asset, amount, cause)
    if pending:
        state.note_due(record.due_ms)
    return record.record_id


def pay_reward(
    floor: Floor, state: AccountState, product: str, asset: str, amount: Decimal, *, wallet: str | None
) -> None:
    """See `Exchange.pay_reward`."""
    plan = _plan(floor, product)
    target = wallet or plan.target
    _check_amount(floor, amount, target)
    record = _earn_record(floor, product, asset, amount, wallet=target, notice_s=0)
    state.earn_rewards.append(record)
    floor.ledger.pay(state.key, target, asset, amount, _cause(record.time_ms, RowKind.REWARD, record.record_id))


def earn_held(floor: Floor, state: AccountState, product: str, asset: str) -> Decimal:
    """What an account has in an Earn product.

    Products that share a wallet own what was subscribed to them less what was redeemed; the first of them also owns
    what came into the wallet otherwise.
    """
    plan = _plan(floor, product)
    first, *others = floor.layout.sharing(plan.wallet)
    if product != first:
        return _net(state, product, asset)
    total = floor.ledger.balance(state.key, plan.wallet, asset)
    return total - sum((_net(state, other, asset) for other in others), ZERO)


def _net(state: AccountState, product: str, asset: str) -> Decimal:
    def total(records: list[EarnRecord]) -> Decimal:
        return sum((r.amount for r in records if (r.product, r.asset) == (product, asset)), ZERO)

    return total(state.earn_subscriptions) - total(state.earn_redemptions)


def settle_due(floor: Floor) -> None:
    """Let arrive what was pending until now, in the name of the moment it was due."""
    for state in floor.states.values():
        if state.next_due_ms is None or state.next_due_ms > floor.now():
            continue
        state.next_due_ms = None
        for arrived in _settled(state, state.deposits, floor.now()):
            _arrive(floor, state, arrived)
        for left in _settled(state, state.withdrawals, floor.now()):
            _leave(floor, state, left)
        for redeemed in _settled(state, state.earn_redemptions, floor.now()):
            _redeemed(floor, state, redeemed)


def _settled(state: AccountState, records: list[_Record], now: int) -> list[_Record]:
    """Mark as done what is due, and note when the others are."""
    settled: list[_Record] = []
    for index, record in enumerate(records):
        if record.status is not RecordStatus.PENDING:
            continue
        if record.due_ms > now:
            state.note_due(record.due_ms)
            continue
        records[index] = replace(record, status=RecordStatus.DONE)
        settled.append(records[index])
    return settled


def _arrive(floor: Floor, state: AccountState, record: CashRecord) -> None:
    cause = _cause(record.due_ms, RowKind.DEPOSIT, record.record_id)
    floor.ledger.import_(state.key, record.wallet, record.asset, record.amount, cause)


def _leave(floor: Floor, state: AccountState, record: CashRecord) -> None:
    cause = _cause(record.due_ms, RowKind.WITHDRAWAL, record.record_id)
    floor.ledger.import_(state.key, WITHDRAWING, record.asset, -record.amount, cause)


def _redeemed(floor: Floor, state: AccountState, record: EarnRecord) -> None:
    cause = _cause(record.due_ms, RowKind.EARN, record.record_id)
    floor.ledger.move(state.key, REDEEMING, record.wallet, record.asset, record.amount, cause)


def _plan(floor: Floor, product: str) -> EarnPlan:
    try:
        return floor.layout.earn[product]
    except KeyError:
        raise Refusal(RefusalCode.UNKNOWN_PRODUCT, product) from None


def _cause(time_ms: int, kind: RowKind, record_id: int) -> Cause:
    return Cause(time_ms=time_ms, kind=kind, reference=str(record_id))


def _cash_record(floor: Floor, wallet: str, asset: str, amount: Decimal, pending_s: int) -> CashRecord:
    now = floor.now()
    return CashRecord(
        record_id=floor.next_id("cash"),
        time_ms=now,
        wallet=wallet,
        asset=asset,
        amount=amount,
        status=RecordStatus.PENDING if pending_s else RecordStatus.DONE,
        due_ms=now + pending_s * 1000,
    )


def _earn_record(floor: Floor, product: str, asset: str, amount: Decimal, *, wallet: str, notice_s: int) -> EarnRecord:
    now = floor.now()
    return EarnRecord(
        record_id=floor.next_id("earn"),
        time_ms=now,
        product=product,
        asset=asset,
        amount=amount,
        wallet=wallet,
        status=RecordStatus.PENDING if notice_s else RecordStatus.DONE,
        due_ms=now + notice_s * 1000,
    )


def _check_amount(floor: Floor, amount: Decimal, *wallets: str) -> None:
    for wallet in wallets:
        if wallet not in floor.layout.wallets:
            raise Refusal(RefusalCode.UNKNOWN_WALLET, wallet)
    if len(set(wallets)) != len(wallets):
        raise Refusal(RefusalCode.UNKNOWN_WALLET, "source and target are the same")
    if not amount.is_finite() or not 0 < amount < AMOUNT_MAX or booked(amount) != amount:
        raise Refusal(RefusalCode.BAD_AMOUNT, f"{amount}")


def _check_free(floor: Floor, state: AccountState, wallet: str, asset: str, amount: Decimal) -> None:
    shared = floor.layout.sharing(wallet)
    free = earn_held(floor, state, shared[0], asset) if shared else balance_of(floor, state, wallet, asset).free
    if amount > free:
        raise Refusal(RefusalCode.INSUFFICIENT_BALANCE, f"{amount} {asset} wanted, {free} free in {wallet}")
