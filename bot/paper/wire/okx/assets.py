"""The funding account: currencies, balances, transfers, deposits, withdrawals.

Source: https://www.okx.com/docs-v5/en/#funding-account-rest-api (read 2026-06). The bill types of Earn are from general
knowledge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from bot.domain.numbers import ZERO, plain
from bot.paper.engine.model import Balance, CashRecord, RecordStatus, RefusalCode, Row, RowKind
from bot.paper.wire.okx import errors
from bot.paper.wire.okx.balances import price_in_dollars
from bot.paper.wire.okx.bills import FUNDING_ACCOUNT, TRADING_ACCOUNT
from bot.paper.wire.okx.desk import BILL_BASE
from bot.paper.wire.okx.digits import blanks, text
from bot.paper.wire.okx.earn import ON_CHAIN, SAVINGS, STAKING, TOKENS, held
from bot.paper.wire.okx.endpoint import Call, Endpoint
from bot.paper.wire.okx.errors import ApiError
from bot.paper.wire.okx.limits import Rate
from bot.paper.wire.okx.pages import QUARTER_MS, page
from bot.paper.wire.okx.params import Params
from bot.paper.wire.okx.refusals import worded
from bot.paper.wire.okx.signing import Right

WALLET: Final = "funding"
_WALLETS: Final = {FUNDING_ACCOUNT: "funding", TRADING_ACCOUNT: "trading"}
_NUMBERS: Final = {wallet: number for number, wallet in _WALLETS.items()}
_NOWHERE: Final = "0x0000000000000000000000000000000000000000"
_DONE: Final = "2"
_DEPOSIT_PENDING: Final = "0"
_WITHDRAWAL_PENDING: Final = "1"
_EARN_TYPES: Final = {ON_CHAIN: ("80", "82"), SAVINGS: ("75", "76"), STAKING: ("137", "138")}
"""By product: into it, out of it."""


def _wanted(params: Params) -> frozenset[str]:
    coins = params.text("ccy")
    return frozenset(coins.split(",")) if coins else frozenset()


def _currencies(call: Call) -> Sequence[object]:
    wanted = _wanted(call.params)
    return [
        {
            **blanks("burningFeeRate", "logoLink", "ctAddr"),
            "canDep": True,
            "canInternal": True,
            "canWd": True,
            "ccy": coin,
            "chain": f"{coin}-ERC20",
            "depEstOpenTime": "",
            "depQuotaFixed": "",
            "depQuoteDailyLayer2": "",
            "fee": "0",
            "mainNet": False,
            "maxFee": "0",
            "maxFeeForCtAddr": "0",
            "maxWd": "1000000000",
            "minDep": "0.00000001",
            "minDepArrivalConfirm": "12",
            "minFee": "0",
            "minFeeForCtAddr": "0",
            "minInternal": "0.00000001",
            "minWd": "0.00000001",
            "minWdUnlockConfirm": "64",
            "name": coin,
            "needTag": False,
            "usedDepQuotaFixed": "",
            "usedWdQuota": "0",
            "wdEstOpenTime": "",
            "wdQuota": "1000000000",
            "wdTickSz": "8",
        }
        for coin in call.coins()
        if not wanted or coin in wanted
    ]


def _balances(call: Call) -> Sequence[object]:
    """Coins, and the tokens that stand for staked ones."""
    wanted = _wanted(call.params)
    found = dict(call.account.balances(WALLET))
    staked = held(call, STAKING)
    found |= {TOKENS[coin]: Balance(free=staked[coin], locked=ZERO) for coin in staked if coin in TOKENS}
    return [
        {
            "availBal": text(balance.free),
            "bal": text(balance.total),
            "ccy": coin,
            "frozenBal": text(balance.locked),
        }
        for coin, balance in found.items()
        if balance.total and (not wanted or coin in wanted)
    ]


def _valuation(call: Call) -> Sequence[object]:
    unit = call.params.text("ccy") or "BTC"
    price = price_in_dollars(call, unit)
    if not price:
        raise errors.parameter("ccy")
    worth = {
        name: sum(
            (held.total * price_in_dollars(call, coin) for coin, held in call.account.balances(name).items()), ZERO
        )
        / price
        for name in ("funding", "trading", "earn")
    }
    details = {name: text(value) for name, value in worth.items()} | {"classic": "0"}
    return [{"details": details, "totalBal": text(sum(worth.values(), ZERO)), "ts": str(call.now_ms)}]


def _transfer(call: Call) -> Sequence[object]:
    params = call.params
    coin, amount = _coin(call), params.need_number("amt")
    kind = params.text("type") or "0"
    if kind != "0":
        # Sub-accounts are not served.
        raise errors.parameter("type")
    source, target = (params.need(name, _WALLETS) for name in ("from", "to"))
    if source == target:
        raise ApiError("58123", "The From parameter cannot be the same as the To parameter.")
    client_id = params.client_id("clientId")
    refusals = {
        RefusalCode.INSUFFICIENT_BALANCE: ("58350", "Insufficient balance."),
        RefusalCode.BAD_AMOUNT: ("51000", "Parameter amt error"),
    }
    with worded(refusals):
        transfer_id = call.exchange.transfer(call.key, _WALLETS[source], _WALLETS[target], coin, amount)
    if client_id:
        call.desk.drawer(call.key).transfers[client_id] = transfer_id
    return [
        {
            "amt": plain(amount),
            "ccy": coin,
            "clientId": client_id,
            "from": source,
            "to": target,
            "transId": str(transfer_id),
        }
    ]


def _coin(call: Call) -> str:
    coin = call.params.need("ccy")
    if coin not in call.coins():
        raise errors.parameter("ccy")
    return coin


def _transfer_state(call: Call) -> Sequence[object]:
    """By the venue's id or by the client's own; the newest transfer of that name."""
    number, named = call.params.integer("transId"), call.params.client_id("clientId")
    names = call.desk.drawer(call.key).transfers
    if number is None:
        if not named:
            raise errors.empty("transId")
        number = names.get(named)
    for record in call.account.transfers:
        if record.transfer_id == number:
            return [
                {
                    **blanks("instId", "subAcct", "toInstId"),
                    "clientId": next((name for name, known in names.items() if known == number), ""),
                    "amt": plain(record.amount),
                    "ccy": record.asset,
                    "from": _NUMBERS[record.source],
                    "state": "success",
                    "to": _NUMBERS[record.target],
                    "transId": str(record.transfer_id),
                    "type": "0",
                }
            ]
    raise ApiError("58129", "transId is incorrect or transId does not match with 'type'")


def _bill_type(row: Row, products: Mapping[str, str]) -> str:
    incoming = row.amount > 0
    match row.kind:
        case RowKind.DEPOSIT:
            return "1"
        case RowKind.WITHDRAWAL:
            return "2"
        case RowKind.TRANSFER:
            return "130" if incoming else "131"
        case RowKind.EARN:
            return _EARN_TYPES[products[row.reference]][incoming]
        case RowKind.REWARD:
            return "83"
        case _:
            raise AssertionError(row.kind)


def _bills(call: Call) -> Sequence[object]:
    """What `ccy` and `type` ask for; `after` and `before` are times here."""
    params = call.params
    coin, kind = params.text("ccy"), params.text("type")
    balances: dict[str, Decimal] = {}
    account = call.account
    products = {
        str(record.record_id): record.product for record in (*account.earn_subscriptions, *account.earn_redemptions)
    }
    names = {str(number): name for name, number in call.desk.drawer(call.key).transfers.items()}
    rows = []
    for row in account.ledger:
        if row.wallet != WALLET:
            continue
        balances[row.asset] = balances.get(row.asset, ZERO) + row.amount
        shown = {
            "bal": text(balances[row.asset]),
            "balChg": text(row.amount),
            "billId": str(BILL_BASE + row.row_id),
            "ccy": row.asset,
            "clientId": names.get(row.reference, "") if row.kind is RowKind.TRANSFER else "",
            "notes": "",
            "ts": str(row.time_ms),
            "type": _bill_type(row, products),
        }
        if coin in {None, row.asset} and kind in {None, shown["type"]}:
            rows.append(shown)
    return page(
        rows,
        params,
        id_of=lambda row: int(row["ts"]),
        time_of=lambda row: int(row["ts"]),
        since_ms=call.now_ms - QUARTER_MS,
    )


def _address(call: Call) -> Sequence[object]:
    coin = _coin(call)
    return [
        {
            "addr": _NOWHERE,
            "ccy": coin,
            "chain": f"{coin}-ERC20",
            "ctAddr": "",
            "selected": True,
            "to": FUNDING_ACCOUNT,
            "verifiedName": "",
        }
    ]


def _cash(call: Call, records: Sequence[CashRecord], show: Callable[[CashRecord], dict[str, str]]) -> Sequence[object]:
    """What `ccy` and `state` ask for; `after` and `before` are times here."""
    params = call.params
    coin, state = params.text("ccy"), params.text("state")
    found = [(record, show(record)) for record in records]
    wanted = [(record, row) for record, row in found if coin in {None, record.asset} and state in {None, row["state"]}]
    newest = page(wanted, params, id_of=lambda pair: pair[0].time_ms, time_of=lambda pair: pair[0].time_ms)
    return [row for _, row in newest]


def _deposits(call: Call) -> Sequence[object]:
    return _cash(call, call.account.deposits, _deposit_row)


def _deposit_row(record: CashRecord) -> dict[str, str]:
    pending = record.status is RecordStatus.PENDING
    return {
        **blanks("areaCodeFrom", "from", "fromWdId"),
        "actualDepBlkConfirm": "1" if pending else "64",
        "amt": plain(record.amount),
        "ccy": record.asset,
        "chain": f"{record.asset}-ERC20",
        "depId": str(record.record_id),
        "state": _DEPOSIT_PENDING if pending else _DONE,
        "to": _NOWHERE,
        "ts": str(record.time_ms),
        "txId": f"paper-deposit-{record.record_id}",
    }


def _withdrawals(call: Call) -> Sequence[object]:
    return _cash(call, call.account.withdrawals, _withdrawal_row)


def _withdrawal_row(record: CashRecord) -> dict[str, str]:
    pending = record.status is RecordStatus.PENDING
    return {
        **blanks("areaCodeFrom", "areaCodeTo", "clientId", "from", "memo", "note", "tag", "toAddrType"),
        "amt": plain(record.amount),
        "ccy": record.asset,
        "chain": f"{record.asset}-ERC20",
        "fee": "0",
        "feeCcy": record.asset,
        "nonTradableAsset": "false",
        "state": _WITHDRAWAL_PENDING if pending else _DONE,
        "to": _NOWHERE,
        "ts": str(record.time_ms),
        "txId": "" if pending else f"paper-withdrawal-{record.record_id}",
        "wdId": str(record.record_id),
    }


def _get(path: str, handle: Callable[[Call], Sequence[object]], *, count: int, in_demo: bool = True) -> Endpoint:
    rate = Rate(count=count, window_ms=1000)
    return Endpoint(method="GET", path=f"asset/{path}", handle=handle, rate=rate, in_demo=in_demo)


ENDPOINTS: Final = (
    _get("currencies", _currencies, count=6, in_demo=False),
    _get("balances", _balances, count=6),
    _get("asset-valuation", _valuation, count=1),
    Endpoint(
        method="POST",
        path="asset/transfer",
        handle=_transfer,
        rate=Rate(count=2, window_ms=1000),
        right=Right.TRADE,
    ),
    _get("transfer-state", _transfer_state, count=10),
    _get("bills", _bills, count=6),
    _get("deposit-address", _address, count=6, in_demo=False),
    _get("deposit-history", _deposits, count=6, in_demo=False),
    _get("withdrawal-history", _withdrawals, count=6, in_demo=False),
)
