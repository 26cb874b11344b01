"""Deposits and withdrawals under `/sapi/v1/capital`, those on their way too.

Source: https://developers.binance.com/docs/wallet/capital (read 2025-11).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from bot.paper.engine.model import CashRecord, RecordStatus
from bot.paper.wire.binance.digits import eight
from bot.paper.wire.binance.endpoint import Call, Endpoint
from bot.paper.wire.binance.history import DAY_MS, within

_CHAIN_WALLETS: Final = {"spot": 0, "funding": 1}
_NOWHERE: Final = "0x0000000000000000000000000000000000000000"
#: Deposits: 0 pending, 1 success. Withdrawals: 4 processing, 6 completed.
_DEPOSIT_STATUS: Final = {RecordStatus.PENDING: 0, RecordStatus.DONE: 1}
_WITHDRAWAL_STATUS: Final = {RecordStatus.PENDING: 4, RecordStatus.DONE: 6}


def _deposits(call: Call) -> object:
    return [
        {
            "id": str(record.record_id),
            "amount": eight(record.amount),
            "coin": record.asset,
            "network": "ETH",
            "status": _DEPOSIT_STATUS[record.status],
            "address": _NOWHERE,
            "addressTag": "",
            "txId": f"paper-deposit-{record.record_id}",
            "insertTime": record.time_ms,
            "completeTime": record.due_ms if _done(record) else 0,
            "transferType": 0,
            "confirmTimes": "6/6" if _done(record) else "1/6",
            "unlockConfirm": 64,
            "walletType": _CHAIN_WALLETS[record.wallet],
        }
        for record in _asked_for(call, call.exchange.account(call.key).deposits, _DEPOSIT_STATUS)
    ]


def _withdrawals(call: Call) -> object:
    return [
        {
            "id": f"paper{record.record_id}",
            "amount": eight(record.amount),
            "transactionFee": "0",
            "coin": record.asset,
            "status": _WITHDRAWAL_STATUS[record.status],
            "address": _NOWHERE,
            "txId": f"paper-withdrawal-{record.record_id}" if _done(record) else "",
            "applyTime": _date_text(record.time_ms),
            **({"completeTime": _date_text(record.due_ms)} if _done(record) else {}),
            "network": "ETH",
            "transferType": 0,
            "info": "",
            "confirmNo": 6 if _done(record) else 0,
            "walletType": _CHAIN_WALLETS[record.wallet],
            "txKey": "",
        }
        for record in _asked_for(call, call.exchange.account(call.key).withdrawals, _WITHDRAWAL_STATUS)
    ]


def _done(record: CashRecord) -> bool:
    return record.status is RecordStatus.DONE


def _asked_for(call: Call, records: Sequence[CashRecord], numbers: dict[RecordStatus, int]) -> list[CashRecord]:
    """What `coin`, `status`, times, `offset` and `limit` ask for, newest first, the last 90 days by default."""
    params = call.params
    coin, start_ms, status = params.text("coin"), params.integer("startTime"), params.integer("status")
    found = [
        record
        for record in within(
            records,
            call.now_ms - 90 * DAY_MS if start_ms is None else start_ms,
            params.integer("endTime"),
            lambda record: record.time_ms,
        )
        if record.wallet in _CHAIN_WALLETS and coin in {None, record.asset} and status in {None, numbers[record.status]}
    ]
    offset = params.integer("offset") or 0
    return found[::-1][offset : offset + params.limit(1000, 1000)]


def _date_text(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


ENDPOINTS: Final = (
    Endpoint(method="GET", path="/sapi/v1/capital/deposit/hisrec", handle=_deposits),
    Endpoint(
        method="GET", path="/sapi/v1/capital/withdraw/history", handle=_withdrawals, weight=18_000, by_account=True
    ),
)
