"""Simple Earn records under `/sapi/v1/simple-earn`: subscriptions, redemptions, rewards.

Source: https://developers.binance.com/docs/simple_earn/flexible-locked/history (read 2025-11).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from bot.domain.numbers import plain
from bot.paper.engine.model import EarnRecord, RecordStatus
from bot.paper.wire.binance.digits import eight
from bot.paper.wire.binance.earn import LOCK_DAYS, WEIGHT, Product, position_id, product_id, project_id
from bot.paper.wire.binance.endpoint import Call, Endpoint
from bot.paper.wire.binance.history import DAY_MS, page, within

_STATUS: Final = {RecordStatus.PENDING: "CREATED", RecordStatus.DONE: "PAID"}
_ACCOUNT_NAMES: Final = {"spot": "SPOT", "funding": "FUNDING"}


def _records(call: Call, product: Product, records: Sequence[EarnRecord]) -> list[EarnRecord]:
    """The product's records of the asset and the time asked for; the last 30 days by default."""
    wanted = call.params.text("asset")
    start_ms, end_ms = call.params.integer("startTime"), call.params.integer("endTime")
    month_ms = 30 * DAY_MS
    if start_ms is None:
        start_ms = (call.now_ms if end_ms is None else end_ms) - month_ms
    elif end_ms is None:
        end_ms = start_ms + month_ms
    return [
        record
        for record in within(records, start_ms, end_ms, lambda record: record.time_ms)
        if record.product == product and wanted in {None, record.asset}
    ]


def _flexible_subscriptions(call: Call) -> object:
    records = _records(call, "flexible", call.exchange.account(call.key).earn_subscriptions)
    rows = [
        {
            "amount": eight(record.amount),
            "asset": record.asset,
            "time": record.time_ms,
            "purchaseId": record.record_id,
            "productId": product_id(record.asset),
            "type": "NORMAL",
            "sourceAccount": _ACCOUNT_NAMES[record.wallet],
            "status": "SUCCESS",
        }
        for record in records
    ]
    return page(rows, call.params)


def _locked_subscriptions(call: Call) -> object:
    records = _records(call, "locked", call.exchange.account(call.key).earn_subscriptions)
    rows = [
        {
            "positionId": str(position_id(record.asset)),
            "purchaseId": record.record_id,
            "projectId": project_id(record.asset),
            "time": record.time_ms,
            "asset": record.asset,
            "amount": eight(record.amount),
            "lockPeriod": str(LOCK_DAYS),
            "type": "NORMAL",
            "sourceAccount": _ACCOUNT_NAMES[record.wallet],
            "status": "SUCCESS",
        }
        for record in records
    ]
    return page(rows, call.params)


def _flexible_redemptions(call: Call) -> object:
    records = _records(call, "flexible", call.exchange.account(call.key).earn_redemptions)
    rows = [
        {
            "amount": eight(record.amount),
            "asset": record.asset,
            "time": record.time_ms,
            "projectId": product_id(record.asset),
            "redeemId": record.record_id,
            "destAccount": _ACCOUNT_NAMES[record.wallet],
            "status": _STATUS[record.status],
        }
        for record in records
    ]
    return page(rows, call.params)


def _locked_redemptions(call: Call) -> object:
    records = _records(call, "locked", call.exchange.account(call.key).earn_redemptions)
    rows = [
        {
            "positionId": str(position_id(record.asset)),
            "redeemId": record.record_id,
            "time": record.time_ms,
            "asset": record.asset,
            "lockPeriod": str(LOCK_DAYS),
            "amount": eight(record.amount),
            "originalAmount": eight(record.amount),
            "type": "AHEAD",
            "deliverDate": str(record.due_ms),
            "lossAmount": "0",
            "isComplete": record.status is RecordStatus.DONE,
            "rewardAsset": record.asset,
            "rewardAmt": "0",
            "extraRewardAsset": "",
            "estExtraRewardAmt": "0",
            "status": _STATUS[record.status],
        }
        for record in records
    ]
    return page(rows, call.params)


def _flexible_rewards(call: Call) -> object:
    kind = call.params.text("type") or "ALL"
    records = _records(call, "flexible", call.exchange.account(call.key).earn_rewards)
    rows = [
        {
            "asset": record.asset,
            "rewards": eight(record.amount),
            "projectId": product_id(record.asset),
            "type": "REWARDS",
            "time": record.time_ms,
        }
        for record in records
        if kind in {"ALL", "REWARDS"}
    ]
    return page(rows, call.params)


def _locked_rewards(call: Call) -> object:
    records = _records(call, "locked", call.exchange.account(call.key).earn_rewards)
    rows = [
        {
            "positionId": str(position_id(record.asset)),
            "time": record.time_ms,
            "asset": record.asset,
            "lockPeriod": str(LOCK_DAYS),
            "amount": plain(record.amount),
            "type": "Locked Rewards",
        }
        for record in records
    ]
    return page(rows, call.params)


def _get(path: str, handle: Callable[[Call], object]) -> Endpoint:
    return Endpoint(method="GET", path=f"/sapi/v1/simple-earn/{path}", handle=handle, weight=WEIGHT)


ENDPOINTS: Final = (
    _get("flexible/history/subscriptionRecord", _flexible_subscriptions),
    _get("locked/history/subscriptionRecord", _locked_subscriptions),
    _get("flexible/history/redemptionRecord", _flexible_redemptions),
    _get("locked/history/redemptionRecord", _locked_redemptions),
    _get("flexible/history/rewardsRecord", _flexible_rewards),
    _get("locked/history/rewardsRecord", _locked_rewards),
)
