"""Earn: savings, fixed terms and staking.

A holding's `holdAmount` contains what is being redeemed (`redeemingAmount`) until it has been delivered.

Source: https://www.kucoin.com/docs-new/rest/earn (read 2025-11).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.domain.numbers import ZERO, plain
from bot.paper.engine.layout import KUCOIN
from bot.paper.engine.model import EarnRecord, RecordStatus, RefusalCode
from bot.paper.wire.kucoin.endpoint import Call, Endpoint
from bot.paper.wire.kucoin.errors import ApiError, bad_parameter
from bot.paper.wire.kucoin.limits import Pool
from bot.paper.wire.kucoin.names import wallet_of
from bot.paper.wire.kucoin.refusals import Wording, worded

_DAY_S: Final = 86_400
_STARTED_MS: Final = 1_644_807_600_000
_FIRST_ID: Final = 2000
_WORDING: Final[Wording] = {
    RefusalCode.INSUFFICIENT_BALANCE: ("130105", "Insufficient balance."),
    RefusalCode.BAD_AMOUNT: ("130101", "Parameter error"),
    RefusalCode.UNKNOWN_WALLET: ("130101", "Parameter error"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One kind of product.

    Attributes:
        name: the exchange's own.
        category: KuCoin's.
        kind: `DEMAND`: no end; `TIME`: a fixed term.
        rate: yearly.
    """

    name: str
    category: str
    kind: str
    rate: str

    @property
    def notice_days(self) -> int:
        """Whole days until a redemption is delivered."""
        return KUCOIN.earn[self.name].notice_s // _DAY_S


_PRODUCTS: Final = (
    Product(name="flexible", category="DEMAND", kind="DEMAND", rate="0.005"),
    Product(name="locked", category="ACTIVITY", kind="TIME", rate="0.02"),
    Product(name="staking", category="STAKING", kind="DEMAND", rate="0.03"),
)


def product_id(call: Call, product: Product, asset: str) -> str:
    """The id of a product in one coin; also the id of what is held of it."""
    return str(_FIRST_ID + 10 * call.coins().index(asset) + _PRODUCTS.index(product))


def _product_of(call: Call, text: str) -> tuple[Product, str] | None:
    for asset in call.coins():
        for product in _PRODUCTS:
            if product_id(call, product, asset) == text:
                return product, asset
    return None


def _products(name: str) -> Callable[[Call], object]:
    product = next(product for product in _PRODUCTS if product.name == name)

    def listed(call: Call) -> object:
        wanted = call.params.text("currency")
        return [_product_row(call, product, asset) for asset in call.coins() if wanted in (None, asset)]

    return listed


def _none(_: Call) -> object:
    return []


def _product_row(call: Call, product: Product, asset: str) -> dict[str, object]:
    fixed = product.kind == "TIME"
    return {
        "id": product_id(call, product, asset),
        "currency": asset,
        "category": product.category,
        "type": product.kind,
        "precision": 8,
        "productUpperLimit": "1000000000",
        "productRemainAmount": "1000000000",
        "userUpperLimit": "1000000000",
        "userLowerLimit": "0.00000001",
        "redeemPeriod": product.notice_days,
        "lockStartTime": _STARTED_MS,
        "lockEndTime": None,
        "applyStartTime": _STARTED_MS,
        "applyEndTime": None,
        "returnRate": product.rate,
        "incomeCurrency": asset,
        "earlyRedeemSupported": int(fixed),
        "status": "ONGOING",
        "redeemType": "MANUAL",
        "incomeReleaseType": "DAILY",
        "interestDate": call.now_ms,
        "duration": 30 if fixed else 0,
        "newUserOnly": 0,
    }


def _purchase(call: Call) -> object:
    """Coins go from the main or the trading account into a product."""
    params = call.params
    found = _product_of(call, params.need("productId"))
    if found is None:
        raise bad_parameter("productId is invalid")
    product, asset = found
    wallet = wallet_of(params.need("accountType"))
    amount = params.need_number("amount")
    with worded(_WORDING):
        record = call.exchange.earn_subscribe(call.key, product.name, asset, amount, wallet=wallet)
    return {"orderId": product_id(call, product, asset), "orderTxId": str(record)}


def _redeem(call: Call) -> object:
    """`deliverTime` is when the coins arrive; products without a notice deliver at once."""
    product, asset = _holding(call)
    amount = call.params.need_number("amount")
    with worded(_WORDING):
        record_id = call.exchange.earn_redeem(call.key, product.name, asset, amount, wallet=_target(call))
    record = next(done for done in call.account.earn_redemptions if done.record_id == record_id)
    return {
        "orderTxId": str(record_id),
        "deliverTime": record.due_ms,
        "status": "PENDING" if record.status is RecordStatus.PENDING else "SUCCEED",
        "amount": plain(amount),
    }


def _target(call: Call) -> str | None:
    name = call.params.text("fromAccountType")
    return None if name is None else wallet_of(name)


def _holding(call: Call) -> tuple[Product, str]:
    """The product behind `orderId`, of which something is held.

    Raises:
        ApiError: 130103 nothing is.
    """
    found = _product_of(call, call.params.need("orderId"))
    if found is None or not call.account.earn_held(found[0].name, found[1]):
        raise ApiError("130103", "Subscription order does not exist.")
    return found


def _preview(call: Call) -> object:
    product, asset = _holding(call)
    return {
        "currency": asset,
        "redeemAmount": plain(call.account.earn_held(product.name, asset)),
        "penaltyInterestAmount": "0",
        "redeemPeriod": product.notice_days,
        "deliverTime": call.now_ms + KUCOIN.earn[product.name].notice_s * 1000,
        "manualRedeemable": True,
        "redeemAll": False,
    }


def _hold_assets(call: Call) -> object:
    """What is held, coin by coin and product by product; nothing held is an empty page."""
    params = call.params
    currency, category, product_text = (params.text(name) for name in ("currency", "productCategory", "productId"))
    rows = [
        row
        for asset in call.coins()
        for product in _PRODUCTS
        for row in [_hold_row(call, product, asset)]
        if row is not None
        and currency in (None, asset)
        and category in (None, product.category)
        and product_text in (None, row["productId"])
    ]
    size = params.integer("pageSize") or 15
    if not 10 <= size <= 500:
        raise bad_parameter("pageSize parameter is invalid")
    current = max(1, params.integer("currentPage") or 1)
    return {
        "totalNum": len(rows),
        "totalPage": -(-len(rows) // size),
        "currentPage": current,
        "pageSize": size,
        "items": rows[(current - 1) * size : current * size],
    }


def _hold_row(call: Call, product: Product, asset: str) -> dict[str, object] | None:
    account = call.account
    redemptions = _of(account.earn_redemptions, product, asset)
    redeeming = _total(redemptions, RecordStatus.PENDING)
    held = account.earn_held(product.name, asset) + redeeming
    if not held:
        return None
    subscriptions = _of(account.earn_subscriptions, product, asset)
    since_ms = subscriptions[0].time_ms if subscriptions else _STARTED_MS
    number = product_id(call, product, asset)
    return {
        "orderId": number,
        "productId": number,
        "productCategory": product.category,
        "productType": product.kind,
        "currency": asset,
        "incomeCurrency": asset,
        "returnRate": product.rate,
        "holdAmount": plain(held),
        "redeemedAmount": plain(_total(redemptions, RecordStatus.DONE)),
        "redeemingAmount": plain(redeeming),
        "lockStartTime": since_ms,
        "lockEndTime": None,
        "purchaseTime": since_ms,
        "redeemPeriod": product.notice_days,
        "status": "REDEEMING" if redeeming else "LOCKED",
        "earlyRedeemSupported": int(product.kind == "TIME"),
    }


def _of(records: Sequence[EarnRecord], product: Product, asset: str) -> list[EarnRecord]:
    return [record for record in records if (record.product, record.asset) == (product.name, asset)]


def _total(records: Sequence[EarnRecord], status: RecordStatus) -> Decimal:
    return sum((record.amount for record in records if record.status is status), ZERO)


def _endpoint(method: str, path: str, handle: Callable[[Call], object]) -> Endpoint:
    return Endpoint(method=method, path=f"/api/v1/earn/{path}", handle=handle, pool=Pool.EARN, weight=5)


ENDPOINTS: Final = (
    _endpoint("GET", "saving/products", _products("flexible")),
    _endpoint("GET", "promotion/products", _products("locked")),
    _endpoint("GET", "staking/products", _products("staking")),
    _endpoint("GET", "kcs-staking/products", _none),
    _endpoint("GET", "eth-staking/products", _none),
    _endpoint("GET", "hold-assets", _hold_assets),
    _endpoint("GET", "redeem-preview", _preview),
    _endpoint("POST", "orders", _purchase),
    _endpoint("DELETE", "orders", _redeem),
)
