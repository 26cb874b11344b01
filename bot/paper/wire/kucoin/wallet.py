"""Money between the wallets, in and out.

Source: https://www.kucoin.com/docs-new/rest/account-info/transfer, .../deposit and .../withdrawals (read 2025-11).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from bot.domain.numbers import plain
from bot.paper.engine.model import CashRecord, RecordStatus, RefusalCode
from bot.paper.wire.kucoin.endpoint import Call, Endpoint, Side
from bot.paper.wire.kucoin.errors import ApiError, bad_parameter
from bot.paper.wire.kucoin.history import page, window
from bot.paper.wire.kucoin.limits import Pool
from bot.paper.wire.kucoin.names import FUTURES, coin_of, futures_coin, spot_id, wallet_of
from bot.paper.wire.kucoin.refusals import Wording, worded

_ADDRESS: Final = "0x2336d1834faab10b2dac44e468f2627138417431"
_WORDING: Final[Wording] = {
    RefusalCode.INSUFFICIENT_BALANCE: ("260100", "account.noBalance"),
    RefusalCode.BAD_AMOUNT: ("400100", "The amount increment is invalid."),
    RefusalCode.UNKNOWN_WALLET: ("400100", "recAccountType not in the given range"),
}


def _move(call: Call, source: str, target: str, asset: str, amount: Decimal) -> int:
    if source == target:
        raise bad_parameter("The transfer-out and transfer-in accounts can not be the same")
    with worded(_WORDING):
        return call.exchange.transfer(call.key, source, target, asset, amount)


def _universal(call: Call) -> object:
    params = call.params
    params.need("clientOid")
    if params.need("type") != "INTERNAL":
        raise bad_parameter("type not in the given range: there are no sub-accounts here")
    source = wallet_of(params.need("fromAccountType"))
    target = wallet_of(params.need("toAccountType"))
    transfer_id = _move(call, source, target, coin_of(params.need("currency")), params.need_number("amount"))
    return {"orderId": spot_id(transfer_id)}


def _inner(call: Call) -> object:
    params = call.params
    params.need("clientOid")
    source, target = wallet_of(params.need("from")), wallet_of(params.need("to"))
    transfer_id = _move(call, source, target, coin_of(params.need("currency")), params.need_number("amount"))
    return {"orderId": spot_id(transfer_id)}


def _transfer_out(call: Call) -> object:
    """From the futures account."""
    params = call.params
    kind = params.need("recAccountType")
    target = wallet_of(kind)
    if target == FUTURES:
        raise bad_parameter("recAccountType not in the given range")
    amount = params.need_number("amount")
    asset = coin_of(params.need("currency"))
    transfer_id = _move(call, FUTURES, target, asset, amount)
    return {
        "applyId": spot_id(transfer_id),
        "bizNo": spot_id(transfer_id),
        "payAccountType": "CONTRACT",
        "payTag": "DEFAULT",
        "remark": "",
        "recAccountType": kind.upper(),
        "recTag": "DEFAULT",
        "recRemark": "",
        "recSystem": "KUCOIN",
        "status": "PROCESSING",
        "currency": futures_coin(asset),
        "amount": plain(amount),
        "fee": "0",
        "sn": 1_519_769_124_846_692 + transfer_id,
        "reason": "",
        "createdAt": call.now_ms,
        "updatedAt": call.now_ms,
    }


def _transfer_in(call: Call) -> object:
    """Into the futures account."""
    params = call.params
    source = wallet_of(params.need("payAccountType"))
    asset = coin_of(params.need("currency"))
    transfer_id = _move(call, source, FUTURES, asset, params.need_number("amount"))
    return {"applyId": spot_id(transfer_id)}


def _deposits(call: Call) -> object:
    return _cash(call, call.account.deposits, incoming=True)


def _withdrawals(call: Call) -> object:
    return _cash(call, call.account.withdrawals, incoming=False)


def _cash(call: Call, records: Sequence[CashRecord], *, incoming: bool) -> object:
    asset, status = call.params.text("currency"), call.params.text("status")
    rows = [_cash_row(record, incoming=incoming) for record in window(records, call.params, lambda r: r.time_ms)]
    wanted = [row for row in rows if asset in (None, row["currency"]) and status in (None, row["status"])]
    return page(wanted, call.params)


def _cash_row(record: CashRecord, *, incoming: bool) -> dict[str, object]:
    """A withdrawal is on its way (`PROCESSING`) until it has left; deposits have arrived when they show."""
    done = record.status is RecordStatus.DONE
    row: dict[str, object] = {
        "currency": record.asset,
        "chain": "eth",
        "status": "SUCCESS" if done else "PROCESSING",
        "address": _ADDRESS,
        "memo": "",
        "isInner": False,
        "amount": plain(record.amount),
        "fee": "0",
        "walletTxId": f"0x{record.record_id:064x}" if done else None,
        "createdAt": record.time_ms,
        "updatedAt": record.due_ms if done and record.due_ms else record.time_ms,
        "remark": "",
        "arrears": False,
    }
    return row if incoming else {"id": spot_id(record.record_id), **row}


def _deposit_address(call: Call) -> object:
    return _address(call)


def _deposit_addresses(call: Call) -> object:
    return [_address(call)]


def _address(call: Call) -> dict[str, object]:
    asset = call.params.need("currency")
    if asset not in call.coins():
        raise bad_parameter("currency does not exist")
    return {
        "address": _ADDRESS,
        "memo": "",
        "chainId": call.params.text("chain") or "eth",
        "to": "MAIN",
        "expirationDate": 0,
        "currency": asset,
        "contractAddress": "",
        "chainName": "ERC20",
    }


def _create_address(_: Call) -> object:
    raise ApiError("260000", "Deposit address already exists.")


def _quotas(call: Call) -> object:
    asset = call.params.need("currency")
    free = call.account.balance("main", asset).free
    return {
        "currency": asset,
        "limitBTCAmount": "15.79590095",
        "usedBTCAmount": "0.00000000",
        "quotaCurrency": "USDT",
        "limitQuotaCurrencyAmount": "999999.00000000",
        "usedQuotaCurrencyAmount": "0",
        "remainAmount": "999999.00000000",
        "availableAmount": plain(free),
        "withdrawMinFee": "0",
        "innerWithdrawMinFee": "0",
        "withdrawMinSize": "0.00000001",
        "isWithdrawEnabled": True,
        "precision": 8,
        "chain": "ERC20",
        "reason": None,
        "lockedAmount": "0",
    }


_MANAGED: Final = Pool.MANAGEMENT
ENDPOINTS: Final = (
    Endpoint(method="POST", path="/api/v3/accounts/universal-transfer", handle=_universal, pool=_MANAGED, weight=4),
    Endpoint(method="POST", path="/api/v2/accounts/inner-transfer", handle=_inner, pool=_MANAGED, weight=10),
    Endpoint(
        method="POST",
        path="/api/v3/transfer-out",
        handle=_transfer_out,
        side=Side.FUTURES,
        pool=_MANAGED,
        weight=20,
    ),
    Endpoint(
        method="POST",
        path="/api/v2/transfer-out",
        handle=_transfer_out,
        side=Side.FUTURES,
        pool=_MANAGED,
        weight=20,
    ),
    Endpoint(
        method="POST",
        path="/api/v1/transfer-in",
        handle=_transfer_in,
        side=Side.FUTURES,
        pool=_MANAGED,
        weight=20,
    ),
    Endpoint(method="GET", path="/api/v1/deposits", handle=_deposits, pool=_MANAGED, weight=5),
    Endpoint(method="GET", path="/api/v1/withdrawals", handle=_withdrawals, pool=_MANAGED, weight=20),
    Endpoint(method="GET", path="/api/v1/withdrawals/quotas", handle=_quotas, pool=_MANAGED, weight=20),
    Endpoint(method="GET", path="/api/v1/deposit-addresses", handle=_deposit_address, pool=_MANAGED, weight=5),
    Endpoint(method="GET", path="/api/v2/deposit-addresses", handle=_deposit_addresses, pool=_MANAGED, weight=5),
    Endpoint(method="GET", path="/api/v3/deposit-addresses", handle=_deposit_addresses, pool=_MANAGED, weight=5),
    Endpoint(method="POST", path="/api/v3/deposit-address/create", handle=_create_address, pool=_MANAGED, weight=20),
)
