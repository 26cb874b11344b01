"""Wallet endpoints under `/sapi`: coins, transfers, fees, key permissions.

Source: https://developers.binance.com/docs/wallet (read 2025-11).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from bot.domain.numbers import ZERO
from bot.paper.engine.model import Balance, MarketType, RecordStatus, Refusal, TransferRecord
from bot.paper.wire.binance.digits import eight
from bot.paper.wire.binance.endpoint import Call, Endpoint, Security
from bot.paper.wire.binance.errors import ApiError
from bot.paper.wire.binance.history import DAY_MS, page, within

_SPOT: Final = MarketType.SPOT
_WALLETS: Final = {"MAIN": "spot", "FUNDING": "funding", "UMFUTURE": "usdm", "CMFUTURE": "coinm"}
_CREATED_MS: Final = 1_698_645_219_000


def _status(_: Call) -> object:
    return {"status": 0, "msg": "normal"}


def _coins(call: Call) -> object:
    account = call.exchange.account(call.key)
    return [_coin(asset, account.balance("spot", asset)) for asset in call.assets()]


def _coin(asset: str, balance: Balance) -> object:
    return {
        "coin": asset,
        "depositAllEnable": True,
        "withdrawAllEnable": True,
        "name": asset,
        "free": eight(balance.free),
        "locked": eight(balance.locked),
        "freeze": "0",
        "withdrawing": "0",
        "ipoing": "0",
        "ipoable": "0",
        "storage": "0",
        "isLegalMoney": False,
        "trading": True,
        "networkList": [
            {
                "network": "ETH",
                "coin": asset,
                "withdrawIntegerMultiple": "0.00000001",
                "isDefault": True,
                "depositEnable": True,
                "withdrawEnable": True,
                "depositDesc": "",
                "withdrawDesc": "",
                "specialTips": "",
                "name": "Ethereum (ERC20)",
                "resetAddressStatus": False,
                "addressRegex": "^(0x)[0-9A-Fa-f]{40}$",
                "memoRegex": "",
                "withdrawFee": "0",
                "withdrawMin": "0.00000001",
                "withdrawMax": "10000000000",
                "depositDust": "0.00000001",
                "minConfirm": 6,
                "unLockConfirm": 64,
                "sameAddress": False,
                "estimatedArrivalTime": 5,
                "busy": False,
                "contractAddress": "",
            }
        ],
    }


def _funding_assets(call: Call) -> object:
    return _wallet_assets(call, "funding", {"freeze": "0"})


def _user_assets(call: Call) -> object:
    return _wallet_assets(call, "spot", {"freeze": "0", "ipoable": "0"})


def _wallet_assets(call: Call, wallet: str, more: dict[str, str]) -> object:
    """The assets of one wallet that are not zero, what is being withdrawn from it among them."""
    wanted = call.params.text("asset")
    valued = call.params.flag("needBtcValuation")
    rows = []
    for asset, balance in call.exchange.account(call.key).balances(wallet).items():
        leaving = _withdrawing(call, wallet, asset)
        if not balance.total + leaving or wanted not in {None, asset}:
            continue
        row = {"asset": asset, "free": eight(balance.free), **more, "locked": eight(balance.locked)}
        row["withdrawing"] = eight(leaving)
        row["btcValuation"] = eight(in_btc(call, asset, balance.total)) if valued else "0"
        rows.append(row)
    return rows


def _withdrawing(call: Call, wallet: str, asset: str) -> Decimal:
    records = call.exchange.account(call.key).withdrawals
    leaving = (record for record in records if (record.wallet, record.asset) == (wallet, asset))
    return sum((record.amount for record in leaving if record.status is RecordStatus.PENDING), ZERO)


def in_btc(call: Call, asset: str, quantity: Decimal) -> Decimal:
    """The worth of a quantity in BTC; 0 where the asset has no price."""
    try:
        return quantity * call.exchange.price(asset) / call.exchange.price("BTC")
    except Refusal:
        return ZERO


def _trade_fee(call: Call) -> object:
    one = call.optional_listing(_SPOT)
    account = call.exchange.account(call.key)
    return [
        {
            "symbol": listing.symbol,
            "makerCommission": eight(account.fees(listing)[0]),
            "takerCommission": eight(account.fees(listing)[1]),
        }
        for listing in ([one] if one is not None else call.all_listings(_SPOT))
    ]


def _transfer(call: Call) -> object:
    source, target = _ends(call)
    asset = call.params.need("asset")
    amount = call.params.need_number("amount")
    return {"tranId": call.exchange.transfer(call.key, source, target, asset, amount)}


def _ends(call: Call) -> tuple[str, str]:
    """The wallets of a transfer type such as `MAIN_UMFUTURE`.

    Raises:
        ApiError: -1102 not sent; -1130 no such type.
    """
    source, _, target = call.params.need("type").partition("_")
    if source not in _WALLETS or target not in _WALLETS or source == target:
        raise ApiError(-1130, "Data sent for parameter 'type' is not valid.")
    return _WALLETS[source], _WALLETS[target]


def _transfers(call: Call) -> object:
    ends = _ends(call)
    kind = call.params.need("type")
    start_ms, end_ms = call.params.integer("startTime"), call.params.integer("endTime")
    if start_ms is None and end_ms is None:
        start_ms = call.now_ms - 7 * DAY_MS
    records: Sequence[TransferRecord] = call.exchange.account(call.key).transfers
    rows = [
        {
            "timestamp": record.time_ms,
            "asset": record.asset,
            "amount": eight(record.amount),
            "type": kind,
            "status": "CONFIRMED",
            "tranId": record.transfer_id,
        }
        for record in within(records, start_ms, end_ms, lambda record: record.time_ms)
        if (record.source, record.target) == ends
    ]
    return page(rows, call.params)


def _dividends(call: Call) -> object:
    """Launchpools and airdrops; what Earn pays is among its own records."""
    return page([], call.params)


def _restrictions(call: Call) -> object:
    withdrawals = "withdraw" in call.key
    return {
        # Binance lets a key withdraw only from fixed addresses.
        "ipRestrict": withdrawals,
        "createTime": _CREATED_MS,
        "enableReading": True,
        "enableWithdrawals": withdrawals,
        "enableInternalTransfer": False,
        "enableMargin": False,
        "enableFutures": True,
        "permitsUniversalTransfer": True,
        "enableVanillaOptions": False,
        "enableFixApiTrade": False,
        "enableFixReadOnly": False,
        "enableSpotAndMarginTrading": True,
        "enablePortfolioMarginTrading": False,
    }


ENDPOINTS: Final = (
    Endpoint(method="GET", path="/sapi/v1/system/status", handle=_status, security=Security.PUBLIC),
    Endpoint(method="GET", path="/sapi/v1/capital/config/getall", handle=_coins, weight=10),
    Endpoint(method="POST", path="/sapi/v1/asset/get-funding-asset", handle=_funding_assets),
    Endpoint(method="POST", path="/sapi/v3/asset/getUserAsset", handle=_user_assets, weight=5),
    Endpoint(method="GET", path="/sapi/v1/asset/tradeFee", handle=_trade_fee),
    Endpoint(method="POST", path="/sapi/v1/asset/transfer", handle=_transfer, weight=900, by_account=True),
    Endpoint(method="GET", path="/sapi/v1/asset/transfer", handle=_transfers),
    Endpoint(method="GET", path="/sapi/v1/asset/assetDividend", handle=_dividends, weight=10),
    Endpoint(method="GET", path="/sapi/v1/account/apiRestrictions", handle=_restrictions),
)
