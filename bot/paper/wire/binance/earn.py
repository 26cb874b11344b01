"""Simple Earn and ETH staking under `/sapi`.

A locked position's `amount` contains its `redeemingAmt` until that is delivered. The documentation tells both and not
how they relate; this is how a redemption that can still be cancelled would stand (from general knowledge).

Source: https://developers.binance.com/docs/simple_earn (read 2025-11).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from decimal import Decimal
from typing import Final, Literal

from bot.domain.numbers import ZERO, plain
from bot.paper.engine.model import RecordStatus, RefusalCode
from bot.paper.wire.binance.digits import eight
from bot.paper.wire.binance.endpoint import Call, Endpoint
from bot.paper.wire.binance.errors import ApiError
from bot.paper.wire.binance.history import DAY_MS, page
from bot.paper.wire.binance.refusals import worded
from bot.paper.wire.binance.wallet import in_btc

Product = Literal["flexible", "locked"]
WEIGHT: Final = 150
LOCK_DAYS: Final = 30
ACCOUNTS: Final = {"SPOT": "spot", "FUND": "funding"}
_RATE: Final = "0.02000000"
_LEAST: Final = "0.00000001"
_REFUSALS: Final = {
    RefusalCode.INSUFFICIENT_BALANCE: (-6018, "Asset not enough"),
    RefusalCode.BAD_AMOUNT: (-6005, "Smaller than min purchase limit"),
}


def product_id(asset: str) -> str:
    """The flexible product of an asset."""
    return f"{asset}001"


def project_id(asset: str) -> str:
    """The locked product of an asset."""
    return f"{asset.capitalize()}*{LOCK_DAYS}"


def position_id(asset: str) -> int:
    """The one locked position of an asset; the same number always."""
    return zlib.crc32(asset.encode())


def _positions(call: Call, product: Product) -> dict[str, Decimal]:
    """Asset -> quantity held in a product, zeros left out."""
    wanted = call.params.text("asset")
    held = _held(call, product)
    return {asset: quantity for asset, quantity in held.items() if quantity and wanted in {None, asset}}


def _held(call: Call, product: Product) -> dict[str, Decimal]:
    balances = call.exchange.account(call.key).balances(f"earn-{product}")
    held = {asset: balance.total for asset, balance in balances.items()}
    if product == "locked":
        held = {asset: quantity + _redeeming(call, asset) for asset, quantity in held.items()}
    return held


def _flexible_positions(call: Call) -> object:
    wanted = call.params.text("productId")
    rows = [
        {
            "totalAmount": eight(quantity),
            "tierAnnualPercentageRate": {},
            "latestAnnualPercentageRate": _RATE,
            "asset": asset,
            "canRedeem": True,
            "collateralAmount": "0",
            "productId": product_id(asset),
            "yesterdayRealTimeRewards": "0",
            "cumulativeBonusRewards": "0",
            "cumulativeRealTimeRewards": "0",
            "cumulativeTotalRewards": eight(_rewarded(call, "flexible", asset)),
            "autoSubscribe": False,
        }
        for asset, quantity in _positions(call, "flexible").items()
        if wanted in {None, product_id(asset)}
    ]
    return page(rows, call.params)


def _rewarded(call: Call, product: Product, asset: str) -> Decimal:
    rewards = call.exchange.account(call.key).earn_rewards
    amounts = [record.amount for record in rewards if (record.product, record.asset) == (product, asset)]
    return sum(amounts, ZERO)


def _locked_positions(call: Call) -> object:
    wanted, project = call.params.integer("positionId"), call.params.text("projectId")
    rows = []
    for asset, quantity in _positions(call, "locked").items():
        since_ms, redeeming = _since_ms(call, asset), _redeeming(call, asset)
        if wanted not in {None, position_id(asset)} or project not in {None, project_id(asset)}:
            continue
        end_ms = since_ms + LOCK_DAYS * DAY_MS
        rows.append(
            {
                "positionId": position_id(asset),
                "parentPositionId": position_id(asset),
                "projectId": project_id(asset),
                "asset": asset,
                "amount": eight(quantity),
                "purchaseTime": str(since_ms),
                "duration": str(LOCK_DAYS),
                "accrualDays": str((call.now_ms - since_ms) // DAY_MS),
                "rewardAsset": asset,
                "APY": _RATE,
                "rewardAmt": eight(_rewarded(call, "locked", asset)),
                "nextPay": "0",
                "nextPayDate": str(call.now_ms // DAY_MS * DAY_MS + DAY_MS),
                "payPeriod": "1",
                "redeemAmountEarly": eight(quantity - redeeming),
                "rewardsEndDate": str(end_ms),
                "deliverDate": str(end_ms),
                "redeemPeriod": "1",
                "redeemingAmt": plain(redeeming),
                "redeemTo": "SPOT",
                "canRedeemEarly": True,
                "canFastRedemption": True,
                "autoSubscribe": False,
                "type": "NORMAL",
                "status": "HOLDING",
                "canReStake": False,
            }
        )
    return page(rows, call.params)


def _redeeming(call: Call, asset: str) -> Decimal:
    """What is being redeemed and has not been delivered yet."""
    redemptions = call.exchange.account(call.key).earn_redemptions
    pending = [record for record in redemptions if record.status is RecordStatus.PENDING]
    return sum((record.amount for record in pending if (record.product, record.asset) == ("locked", asset)), ZERO)


def _since_ms(call: Call, asset: str) -> int:
    """When the first coins of an asset were locked."""
    ledger = call.exchange.account(call.key).ledger
    return next(row.time_ms for row in ledger if (row.wallet, row.asset) == ("earn-locked", asset))


def _account(call: Call) -> object:
    flexible, locked = (
        sum((in_btc(call, asset, quantity) for asset, quantity in held.items()), ZERO)
        for held in (_held(call, "flexible"), _held(call, "locked"))
    )
    bitcoin, whole = call.exchange.price("BTC"), flexible + locked
    return {
        "totalAmountInBTC": eight(whole),
        "totalAmountInUSDT": eight(whole * bitcoin),
        "totalFlexibleAmountInBTC": eight(flexible),
        "totalFlexibleAmountInUSDT": eight(flexible * bitcoin),
        "totalLockedInBTC": eight(locked),
        "totalLockedInUSDT": eight(locked * bitcoin),
    }


def _flexible_list(call: Call) -> object:
    wanted = call.params.text("asset")
    rows = [
        {
            "asset": asset,
            "latestAnnualPercentageRate": _RATE,
            "tierAnnualPercentageRate": {},
            "airDropPercentageRate": "0",
            "canPurchase": True,
            "canRedeem": True,
            "isSoldOut": False,
            "hot": False,
            "minPurchaseAmount": _LEAST,
            "productId": product_id(asset),
            "subscriptionStartTime": 0,
            "status": "PURCHASING",
        }
        for asset in call.assets()
        if wanted in {None, asset}
    ]
    return page(rows, call.params)


def _locked_list(call: Call) -> object:
    wanted = call.params.text("asset")
    rows = [
        {
            "projectId": project_id(asset),
            "detail": {
                "asset": asset,
                "rewardAsset": asset,
                "duration": LOCK_DAYS,
                "renewable": True,
                "isSoldOut": False,
                "apr": _RATE,
                "status": "PURCHASING",
                "subscriptionStartTime": 0,
            },
            "quota": {"totalPersonalQuota": "10000000000", "minimum": _LEAST},
        }
        for asset in call.assets()
        if wanted in {None, asset}
    ]
    return page(rows, call.params)


def _asset_of(call: Call, name: str, id_of: Callable[[str], str]) -> str:
    wanted = call.params.need(name)
    found = next((asset for asset in call.assets() if id_of(asset) == wanted), None)
    if found is None:
        raise ApiError(-6003, "Product not exist or you don't have permission")
    return found


def _account_named(call: Call, name: str) -> str:
    """The wallet that `sourceAccount` or `destAccount` means; spot when it was not sent."""
    raw = call.params.text(name) or "SPOT"
    if raw not in ACCOUNTS:
        raise ApiError(-1130, f"Data sent for parameter '{name}' is not valid.")
    return ACCOUNTS[raw]


def _subscribe(call: Call, product: Product, asset: str) -> int:
    amount, source = call.params.need_number("amount"), _account_named(call, "sourceAccount")
    with worded(_REFUSALS):
        return call.exchange.earn_subscribe(call.key, product, asset, amount, wallet=source)


def _subscribe_flexible(call: Call) -> object:
    return {"purchaseId": _subscribe(call, "flexible", _asset_of(call, "productId", product_id)), "success": True}


def _subscribe_locked(call: Call) -> object:
    asset = _asset_of(call, "projectId", project_id)
    purchase_id = _subscribe(call, "locked", asset)
    return {"purchaseId": purchase_id, "positionId": str(position_id(asset)), "success": True}


def _redeem_flexible(call: Call) -> object:
    asset = _asset_of(call, "productId", product_id)
    if call.params.flag("redeemAll"):
        amount = call.exchange.account(call.key).balance("earn-flexible", asset).free
    else:
        amount = call.params.need_number("amount")
    with worded(_REFUSALS):
        target = _account_named(call, "destAccount")
        redeem_id = call.exchange.earn_redeem(call.key, "flexible", asset, amount, wallet=target)
    return {"redeemId": redeem_id, "success": True}


def _redeem_locked(call: Call) -> object:
    wanted = call.params.need("positionId")
    for asset, balance in call.exchange.account(call.key).balances("earn-locked").items():
        if balance.total and str(position_id(asset)) == wanted:
            with worded(_REFUSALS):
                redeem_id = call.exchange.earn_redeem(call.key, "locked", asset, balance.free)
            return {"redeemId": redeem_id, "success": True}
    raise ApiError(-6003, "Product not exist or you don't have permission")


def _get(path: str, handle: Callable[[Call], object]) -> Endpoint:
    return Endpoint(method="GET", path=f"/sapi/v1/{path}", handle=handle, weight=WEIGHT)


def _post(path: str, handle: Callable[[Call], object]) -> Endpoint:
    return Endpoint(method="POST", path=f"/sapi/v1/simple-earn/{path}", handle=handle)


ENDPOINTS: Final = (
    _get("simple-earn/account", _account),
    _get("simple-earn/flexible/position", _flexible_positions),
    _get("simple-earn/locked/position", _locked_positions),
    _get("simple-earn/flexible/list", _flexible_list),
    _get("simple-earn/locked/list", _locked_list),
    _post("flexible/subscribe", _subscribe_flexible),
    _post("flexible/redeem", _redeem_flexible),
    _post("locked/subscribe", _subscribe_locked),
    _post("locked/redeem", _redeem_locked),
)
