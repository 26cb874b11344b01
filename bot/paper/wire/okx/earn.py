"""Earn: savings (simple earn flexible), on-chain earn, ETH and SOL staking.

All of them take from the funding account and give back to it. Savings give back at once, on-chain earn and staking
after a notice; what is under notice is in no balance of the funding account. Staked ETH is BETH: `eth/balance` counts
all of it, what is being redeemed included, while the funding account lists as BETH only what is not.

Source: https://www.okx.com/docs-v5/en/#financial-product (read 2026-06). Which of an order's states a partial
redemption shows is from general knowledge: here each product of a coin is one earning order, and each redemption under
notice an order of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

from bot.domain.numbers import ZERO, plain
from bot.paper.engine.model import EarnRecord, RecordStatus, RefusalCode
from bot.paper.wire.okx import errors
from bot.paper.wire.okx.digits import text
from bot.paper.wire.okx.endpoint import Call, Endpoint
from bot.paper.wire.okx.errors import ApiError
from bot.paper.wire.okx.limits import By, Rate
from bot.paper.wire.okx.pages import DAY_MS, page
from bot.paper.wire.okx.refusals import Wording, worded
from bot.paper.wire.okx.signing import Right

SAVINGS: Final = "flexible"
ON_CHAIN: Final = "locked"
STAKING: Final = "staking"
#: Coin -> the token that stands for it while it is staked.
TOKENS: Final = {"ETH": "BETH", "SOL": "OKSOL"}
_RATE: Final = "0.0100000000000000"
_EARNING: Final = "1"
_REDEEMING: Final = "2"
_COMPLETED: Final = "3"
_TERM: Final = "0"
_REDEMPTION_BASE: Final = 5_000_000


def held(call: Call, product: str) -> dict[str, Decimal]:
    """Coin -> quantity in a product, zeros left out."""
    account = call.account
    found = {coin: account.earn_held(product, coin) for coin in account.balances("earn")}
    return {coin: quantity for coin, quantity in found.items() if quantity}


def redeeming(call: Call, product: str) -> list[EarnRecord]:
    """The redemptions of a product whose notice runs."""
    return [
        record
        for record in call.account.earn_redemptions
        if record.product == product and record.status is RecordStatus.PENDING
    ]


def _refusals(coin: str) -> Wording:
    return {
        RefusalCode.INSUFFICIENT_BALANCE: ("51736", f"Insufficient {coin} balance"),
        RefusalCode.BAD_AMOUNT: ("51000", "Parameter amt error"),
    }


def _rewards(call: Call, product: str, coin: str) -> Decimal:
    rewards = call.account.earn_rewards
    return sum((record.amount for record in rewards if (record.product, record.asset) == (product, coin)), ZERO)


# Savings.


def _savings(call: Call) -> Sequence[object]:
    wanted = call.params.text("ccy")
    return [
        {
            "amt": text(quantity),
            "ccy": coin,
            "earnings": text(_rewards(call, SAVINGS, coin)),
            "loanAmt": text(quantity),
            "pendingAmt": "0",
            "rate": _RATE,
            "redemptAmt": text(sum((one.amount for one in redeeming(call, SAVINGS) if one.asset == coin), ZERO)),
        }
        for coin, quantity in held(call, SAVINGS).items()
        if wanted in {None, coin}
    ]


def _purchase_redempt(call: Call) -> Sequence[object]:
    params = call.params
    coin, amount = params.need("ccy"), params.need_number("amt")
    side = params.need("side", {"purchase", "redempt"})
    rate = params.text("rate")
    if coin not in call.coins():
        raise ApiError("58003", "Savings does not support this currency type")
    if side == "purchase" and rate is None:
        raise errors.empty("rate")
    act = call.exchange.earn_subscribe if side == "purchase" else call.exchange.earn_redeem
    with worded(_refusals(coin)):
        act(call.key, SAVINGS, coin, amount)
    return [{"amt": plain(amount), "ccy": coin, "rate": rate or _RATE, "side": side}]


def _lending_history(call: Call) -> Sequence[object]:
    """What was lent; `after` and `before` are times here. The past month."""
    wanted = call.params.text("ccy")
    found = page(
        (
            record
            for record in call.account.earn_subscriptions
            if record.product == SAVINGS and wanted in {None, record.asset}
        ),
        call.params,
        id_of=lambda record: record.time_ms,
        time_of=lambda record: record.time_ms,
        since_ms=call.now_ms - 30 * DAY_MS,
    )
    return [
        {"amt": plain(one.amount), "ccy": one.asset, "earnings": "0", "rate": _RATE, "ts": str(one.time_ms)}
        for one in found
    ]


# On-chain earn.


def product_id(call: Call, coin: str) -> str:
    """The on-chain product of a coin."""
    return str(101 + call.coins().index(coin))


def _offers(call: Call) -> Sequence[object]:
    wanted, product = call.params.text("ccy"), call.params.text("productId")
    return [
        {
            "apy": "0.0500",
            "ccy": coin,
            "earlyRedeem": False,
            "earningData": [{"ccy": coin, "earningType": "0"}],
            "fastRedemptionDailyLimit": "",
            "investData": [
                {"bal": text(call.account.balance("funding", coin).free), "ccy": coin, "maxAmt": "0", "minAmt": "0"}
            ],
            "productId": product_id(call, coin),
            "protocol": "On-Chain",
            "protocolType": "defi",
            "redeemPeriod": ["2D", "2D"],
            "state": "purchasable",
            "term": _TERM,
        }
        for coin in call.coins()
        if wanted in {None, coin} and product in {None, product_id(call, coin)}
    ]


def _order(call: Call, coin: str, amount: Decimal, purchased_ms: int) -> dict[str, object]:
    return {
        "apy": "0.0500",
        "ccy": coin,
        "investData": [{"amt": text(amount), "ccy": coin}],
        "productId": product_id(call, coin),
        "protocol": "On-Chain",
        "protocolType": "defi",
        "purchasedTime": str(purchased_ms),
        "tag": "",
        "term": _TERM,
    }


def _since_ms(call: Call, coin: str) -> int:
    """When a coin first came into on-chain earn; the opening when that is not known."""
    times = [one.time_ms for one in call.account.earn_subscriptions if (one.product, one.asset) == (ON_CHAIN, coin)]
    return times[0] if times else call.account.ledger[0].time_ms


def _active(call: Call) -> Sequence[object]:
    params = call.params
    earning = [
        _order(call, coin, quantity, _since_ms(call, coin))
        | {
            "cancelRedemptionDeadline": "",
            "earningData": [
                {"ccy": coin, "earningType": "0", "earnings": text(_rewards(call, ON_CHAIN, coin))},
            ],
            "estSettlementTime": "",
            "fastRedemptionData": [],
            "ordId": product_id(call, coin),
            "state": _EARNING,
        }
        for coin, quantity in held(call, ON_CHAIN).items()
    ]
    leaving = [
        _order(call, one.asset, one.amount, _since_ms(call, one.asset))
        | {
            "cancelRedemptionDeadline": "",
            "earningData": [{"ccy": one.asset, "earningType": "0", "earnings": "0"}],
            "estSettlementTime": str(one.due_ms),
            "fastRedemptionData": [],
            "ordId": str(_REDEMPTION_BASE + one.record_id),
            "state": _REDEEMING,
        }
        for one in redeeming(call, ON_CHAIN)
    ]
    return [
        row
        for row in (*leaving[::-1], *earning)
        if all(params.text(name) in {None, row[name]} for name in ("ccy", "productId", "protocolType", "state"))
    ]


def _order_history(call: Call) -> Sequence[object]:
    params = call.params
    done = [
        one
        for one in call.account.earn_redemptions
        if one.product == ON_CHAIN and one.status is RecordStatus.DONE and params.text("ccy") in {None, one.asset}
    ]
    found = page(
        done,
        params,
        id_of=lambda one: _REDEMPTION_BASE + one.record_id,
        time_of=lambda one: one.time_ms,
    )
    return [
        _order(call, one.asset, one.amount, _since_ms(call, one.asset))
        | {
            "earningData": [{"ccy": one.asset, "earningType": "0", "realizedEarnings": "0"}],
            "ordId": str(_REDEMPTION_BASE + one.record_id),
            "redeemedTime": str(one.due_ms or one.time_ms),
            "state": _COMPLETED,
        }
        for one in found
    ]


def _purchase(call: Call) -> Sequence[object]:
    """Subscribe to a coin's on-chain product. The answer's order is the coin's one earning order."""
    product = call.params.need("productId")
    invest = call.params.rows("investData")[0]
    coin, amount = invest.need("ccy"), invest.need_number("amt")
    if coin not in call.coins() or product != product_id(call, coin):
        raise errors.parameter("productId")
    with worded(_refusals(coin)):
        call.exchange.earn_subscribe(call.key, ON_CHAIN, coin, amount)
    return [{"ordId": product, "tag": call.params.text("tag") or ""}]


def _redeem_order(call: Call) -> Sequence[object]:
    """Redeem all of an earning order."""
    order_id = call.params.need("ordId")
    call.params.need("protocolType", {"defi", "staking"})
    for coin, quantity in held(call, ON_CHAIN).items():
        if order_id == product_id(call, coin):
            call.exchange.earn_redeem(call.key, ON_CHAIN, coin, quantity)
            return [{"ordId": order_id, "tag": ""}]
    raise ApiError("51720", "Redeem error")


# ETH and SOL staking.


def _staked(coin: str) -> Callable[[Call], Sequence[object]]:
    def handle(call: Call) -> Sequence[object]:
        leaving = sum((one.amount for one in redeeming(call, STAKING) if one.asset == coin), ZERO)
        total = held(call, STAKING).get(coin, ZERO) + leaving
        if not total:
            return []
        rewards = text(_rewards(call, STAKING, coin))
        row = {"amt": text(total), "ccy": TOKENS[coin], "latestInterestAccrual": "0", "totalInterestAccrual": rewards}
        return [row | {"ts": str(call.now_ms)}]

    return handle


def _stake(coin: str) -> Callable[[Call], Sequence[object]]:
    def handle(call: Call) -> Sequence[object]:
        amount = call.params.need_number("amt")
        with worded(_refusals(coin)):
            call.exchange.earn_subscribe(call.key, STAKING, coin, amount)
        return []

    return handle


def _unstake(coin: str) -> Callable[[Call], Sequence[object]]:
    def handle(call: Call) -> Sequence[object]:
        amount = call.params.need_number("amt")
        with worded(_refusals(TOKENS[coin])):
            call.exchange.earn_redeem(call.key, STAKING, coin, amount)
        return []

    return handle


def _staking_history(coin: str) -> Callable[[Call], Sequence[object]]:
    """Subscriptions and redemptions; `after` and `before` are times of the request here."""

    def handle(call: Call) -> Sequence[object]:
        params, account = call.params, call.account
        kind = params.text("type", {"purchase", "redeem"})
        status = params.text("status", {"pending", "success", "failed", "cancelled"})
        records = [("purchase", one) for one in account.earn_subscriptions]
        records += [("redeem", one) for one in account.earn_redemptions]
        found = page(
            (
                (name, one)
                for name, one in records
                if (one.product, one.asset) == (STAKING, coin)
                and kind in {None, name}
                and status in {None, _status(one)}
            ),
            params,
            id_of=lambda pair: pair[1].time_ms,
            time_of=lambda pair: pair[1].time_ms,
        )
        return [_staking_row(name, one) for name, one in found]

    return handle


def _status(record: EarnRecord) -> str:
    return "pending" if record.status is RecordStatus.PENDING else "success"


def _staking_row(name: str, record: EarnRecord) -> dict[str, str]:
    pending = record.status is RecordStatus.PENDING
    return {
        "amt": plain(record.amount),
        "completedTime": "" if pending else str(record.due_ms or record.time_ms),
        "estCompletedTime": str(record.due_ms) if pending else "",
        "ordId": str(_REDEMPTION_BASE + record.record_id),
        "redeemingAmt": plain(record.amount) if pending else "",
        "requestTime": str(record.time_ms),
        "status": _status(record),
        "type": name,
    }


def _product_info(call: Call) -> Sequence[object]:  # noqa: ARG001 - the same for everybody
    return [{"fastRedemptionDailyLimit": "0"}]


def _get(path: str, handle: Callable[[Call], Sequence[object]], count: int) -> Endpoint:
    rate = Rate(count=count, by=By.ACCOUNT, window_ms=1000)
    return Endpoint(method="GET", path=f"finance/{path}", handle=handle, rate=rate, in_demo=False)


def _post(path: str, handle: Callable[[Call], Sequence[object]], count: int) -> Endpoint:
    rate = Rate(count=count, window_ms=1000)
    return Endpoint(method="POST", path=f"finance/{path}", handle=handle, rate=rate, right=Right.TRADE, in_demo=False)


def _staking(coin: str) -> tuple[Endpoint, ...]:
    root = f"staking-defi/{coin.lower()}"
    return (
        _get(f"{root}/product-info", _product_info, 3),
        _get(f"{root}/balance", _staked(coin), 6),
        _get(f"{root}/purchase-redeem-history", _staking_history(coin), 6),
        _post(f"{root}/purchase", _stake(coin), 2),
        _post(f"{root}/redeem", _unstake(coin), 2),
    )


ENDPOINTS: Final = (
    _get("savings/balance", _savings, 6),
    _post("savings/purchase-redempt", _purchase_redempt, 6),
    _get("savings/lending-history", _lending_history, 6),
    _get("staking-defi/offers", _offers, 3),
    _get("staking-defi/orders-active", _active, 3),
    _get("staking-defi/orders-history", _order_history, 3),
    _post("staking-defi/purchase", _purchase, 2),
    _post("staking-defi/redeem", _redeem_order, 2),
    *(endpoint for coin in TOKENS for endpoint in _staking(coin)),
)
