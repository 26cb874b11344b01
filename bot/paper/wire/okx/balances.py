"""Balances of the trading account.

Account mode 1 (spot) shows no margin figures, mode 2 (futures) those of each coin for itself. Modes 3 and 4 are shown
as mode 2: nothing here margins across coins.

Source: https://www.okx.com/docs-v5/en/#trading-account-rest-api (read 2026-06). How `cashBal`, `isoEq`, `upl` and `eq`
add up (cash + isolated equity + cross P&L) is from general knowledge.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from bot.domain.numbers import ZERO, plain
from bot.paper.engine.account import Account
from bot.paper.engine.model import Refusal
from bot.paper.wire.okx import errors
from bot.paper.wire.okx.digits import blanks, money, text
from bot.paper.wire.okx.endpoint import Call, Endpoint
from bot.paper.wire.okx.limits import Rate

WALLET: Final = "trading"
SPOT_MODE: Final = 1


def price_in_dollars(call: Call, coin: str) -> Decimal:
    """What one coin is worth; 0 where it has no price."""
    try:
        return call.exchange.price(coin)
    except Refusal:
        return ZERO


def balance_body(call: Call, wanted: frozenset[str] = frozenset()) -> dict[str, object]:
    """The account with its coins.

    Args:
        call: the request.
        wanted: only these coins; empty: all that the account has.
    """
    account = call.account
    futures = account.account_mode != SPOT_MODE
    coins = [coin for coin in account.balances(WALLET) if not wanted or coin in wanted]
    details = [row for row in (detail(call, account, coin) for coin in coins) if row["eq"] != "0"]
    total = sum((Decimal(str(row["eqUsd"])) for row in details), ZERO)
    isolated = sum((_isolated_equity(account, coin) * price_in_dollars(call, coin) for coin in coins), ZERO)
    return {
        **blanks(
            "adjEq",
            "availEq",
            "borrowFroz",
            "delta",
            "deltaLever",
            "deltaNeutralStatus",
            "imr",
            "mgnRatio",
            "mmr",
            "notionalUsd",
            "notionalUsdForBorrow",
            "notionalUsdForFutures",
            "notionalUsdForOption",
            "notionalUsdForSwap",
            "ordFroz",
            "upl",
        ),
        "details": details,
        "isoEq": money(isolated) if futures else "",
        "totalEq": money(total),
        "uTime": str(call.now_ms),
    }


def detail(call: Call, account: Account, coin: str) -> dict[str, object]:
    """One coin of the account."""
    summary = account.margin_summary(coin)
    balance = account.balance(WALLET, coin)
    futures = account.account_mode != SPOT_MODE
    isolated = _isolated_equity(account, coin)
    equity = summary.cross_wallet + summary.cross_unrealized + isolated
    free = summary.available if futures else balance.free
    margin = summary.initial + summary.frozen
    price = price_in_dollars(call, coin)
    return {
        **blanks(
            "accAvgPx",
            "autoLendMtAmt",
            "autoLendStatus",
            "borrowFroz",
            "clSpotInUseAmt",
            "crossLiab",
            "interest",
            "isoLiab",
            "liab",
            "maxLoan",
            "maxSpotInUse",
            "maxSpotInUseAmt",
            "openAvgPx",
            "spotBal",
            "spotInUseAmt",
            "spotUpl",
            "spotUplRatio",
            "totalPnl",
            "totalPnlRatio",
            "uplLiab",
        ),
        "availBal": money(balance.free),
        "availEq": money(free) if futures else "",
        "cashBal": money(summary.cross_wallet),
        "ccy": coin,
        "colBorrAutoConversion": "0",
        "collateralEnabled": False,
        "collateralRestrict": False,
        "coinUsdPrice": plain(price),
        "disEq": money(equity * price),
        "eq": money(equity),
        "eqUsd": money(equity * price),
        "fixedBal": "0",
        "frozenBal": money(max(ZERO, equity - free)),
        "frpType": "0",
        "imr": money(summary.initial) if futures else "",
        "isoEq": money(isolated) if futures else "",
        "isoUpl": money(summary.unrealized - summary.cross_unrealized) if futures else "",
        "mgnRatio": ratio(equity - isolated, summary.cross_maintenance) if futures else "",
        "mmr": money(summary.cross_maintenance) if futures else "",
        "notionalLever": _lever(account, coin, equity) if futures else "",
        "ordFrozen": money(margin - summary.position_initial if futures else balance.locked),
        "rewardBal": "0",
        "smtSyncEq": "0",
        "spotCopyTradingEq": "0",
        "spotIsoBal": "0",
        "stgyEq": "0",
        "twap": "0",
        "uTime": str(_updated_ms(account, coin)),
        "upl": money(summary.unrealized) if futures else "",
    }


def _isolated_equity(account: Account, coin: str) -> Decimal:
    """What isolated positions hold and gain."""
    summary = account.margin_summary(coin)
    return summary.wallet - summary.cross_wallet + summary.unrealized - summary.cross_unrealized


def ratio(equity: Decimal, maintenance: Decimal) -> str:
    """The margin ratio; empty when nothing needs maintenance."""
    return text(equity / maintenance) if maintenance else ""


def _lever(account: Account, coin: str, equity: Decimal) -> str:
    held = sum((abs(position.notional) for position in account.positions() if position.settle == coin), ZERO)
    return text(held / equity) if equity > 0 else "0"


def _updated_ms(account: Account, coin: str) -> int:
    newest_first = reversed(account.ledger)
    return next((row.time_ms for row in newest_first if row.wallet == WALLET and row.asset == coin), 0)


def _balance(call: Call) -> Sequence[object]:
    wanted = call.params.text("ccy")
    return [balance_body(call, frozenset(wanted.split(",")) if wanted else frozenset())]


def _no_debts(call: Call) -> Sequence[object]:  # noqa: ARG001 - nobody can borrow here
    return []


def _interest_limits(call: Call) -> Sequence[object]:  # noqa: ARG001 - nobody can borrow here
    return [{"debt": "0", "interest": "0", "nextDiscountTime": "0", "nextInterestTime": "0", "records": []}]


def _max_withdrawal(call: Call) -> Sequence[object]:
    account, wanted = call.account, call.params.text("ccy")
    coins = wanted.split(",") if wanted else list(account.balances(WALLET))
    rows = []
    for coin in coins:
        if coin not in call.coins():
            raise errors.parameter("ccy")
        free = money(account.balance(WALLET, coin).free)
        more = blanks("maxWdEx", "spotOffsetMaxWd", "spotOffsetMaxWdEx")
        rows.append({"ccy": coin, "maxWd": free, **more})
    return rows


ENDPOINTS: Final = (
    Endpoint(method="GET", path="account/balance", handle=_balance, rate=Rate(count=10)),
    Endpoint(method="GET", path="account/interest-accrued", handle=_no_debts, rate=Rate(count=5)),
    Endpoint(method="GET", path="account/interest-limits", handle=_interest_limits, rate=Rate(count=5)),
    Endpoint(method="GET", path="account/max-withdrawal", handle=_max_withdrawal, rate=Rate(count=20)),
)
