"""Settings of the trading account: modes, leverage, margin of positions, fees, largest sizes.

Source: https://www.okx.com/docs-v5/en/#trading-account-rest-api (read 2026-06).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

from bot.domain.numbers import ONE, floor_to, plain
from bot.paper.engine.model import Listing, MarketType, PositionSide, RefusalCode
from bot.paper.wire.okx import errors
from bot.paper.wire.okx.balances import SPOT_MODE, WALLET
from bot.paper.wire.okx.digits import blanks, text
from bot.paper.wire.okx.endpoint import INST_TYPES, SPOT, Call, Endpoint, family, inst_type
from bot.paper.wire.okx.errors import ApiError
from bot.paper.wire.okx.limits import Rate
from bot.paper.wire.okx.perpetuals import perpetual
from bot.paper.wire.okx.refusals import worded
from bot.paper.wire.okx.signing import Right, rights

MODES: Final = frozenset({"cross", "isolated"})
POSITION_SIDES: Final = {"net": PositionSide.BOTH, "long": PositionSide.LONG, "short": PositionSide.SHORT}
_UID: Final = "44705892343619584"
_OPEN: Final = "Settings failed. Close any open positions or orders before modifying settings."
_IN_USE: Final = {RefusalCode.HAS_POSITION: ("59000", _OPEN), RefusalCode.HAS_ORDERS: ("59000", _OPEN)}
_LEVERAGE_REFUSALS: Final = {
    RefusalCode.BAD_LEVERAGE: ("59102", "Leverage exceeds the maximum limit. Please lower the leverage."),
    RefusalCode.MAX_POSITION: ("59102", "Leverage exceeds the maximum limit. Please lower the leverage."),
    RefusalCode.LEVERAGE_REDUCTION: (
        "59101",
        "Leverage can't be modified. Please cancel all pending isolated margin orders before adjusting the leverage.",
    ),
    RefusalCode.INSUFFICIENT_MARGIN: (
        "59103",
        "Account margin is insufficient and leverage is too low. Please increase the leverage.",
    ),
}
_MARGIN_REFUSALS: Final = {
    RefusalCode.NOT_ISOLATED: ("59300", "Margin call failed. Position doesn't exist."),
    RefusalCode.NO_POSITION: ("59300", "Margin call failed. Position doesn't exist."),
    RefusalCode.INSUFFICIENT_BALANCE: ("59301", "Margin adjustment failed for exceeding the max limit"),
    RefusalCode.INSUFFICIENT_MARGIN: ("59301", "Margin adjustment failed for exceeding the max limit"),
}


def position_side(call: Call, raw: str | None, *, needed: bool = True) -> PositionSide:
    """The parameter `posSide` as the account's position mode has it.

    Args:
        call: the request.
        raw: as sent; None when it was not.
        needed: long/short mode wants `long` or `short`.

    Raises:
        ApiError: 51000 a side that the mode has not.
    """
    side = POSITION_SIDES.get(raw or "net")
    if side is None or (call.account.hedged is (side is PositionSide.BOTH) and (needed or raw is not None)):
        raise ApiError("51000", "Parameter posSide error")
    return side


def apply_mode(call: Call, listing: Listing, mode: str) -> None:
    """Bring the exchange's settings of a perpetual to a margin mode and its leverage.

    OKX would hold a cross and an isolated position of one instrument side by side; the exchange holds one of them.

    Raises:
        ApiError: 51000 there is a position or an order under the other mode.
    """
    leverage, isolated = call.account.settings(listing.symbol)
    if isolated is (mode == "isolated"):
        return
    wanted = call.desk.leverage(call.key, listing, mode)
    drawer = call.desk.drawer(call.key)
    drawer.leverages.setdefault((listing.symbol, "isolated" if isolated else "cross"), leverage)
    clash = ("51000", "Parameter tdMode error")
    with worded({RefusalCode.HAS_POSITION: clash, RefusalCode.HAS_ORDERS: clash}):
        call.exchange.set_margin_mode(call.key, listing.symbol, mode == "isolated")
    if wanted != leverage:
        call.exchange.set_leverage(call.key, listing.symbol, wanted)


def _config(call: Call) -> Sequence[object]:
    account = call.account
    return [
        {
            "acctLv": str(account.account_mode),
            "acctStpMode": "cancel_maker",
            "autoLoan": False,
            "ctIsoMode": "automatic",
            "enableSpotBorrow": False,
            "feeType": "0",
            "greeksType": "PA",
            # A key that can withdraw works from fixed addresses only.
            "ip": "127.0.0.1" if "withdraw" in rights(call.key) else "",
            "kycLv": "2",
            "label": "paper",
            "level": "Lv1",
            "levelTmp": "",
            "liquidationGear": "-1",
            "mainUid": _UID,
            "mgnIsoMode": "automatic",
            "opAuth": "0",
            "perm": ",".join(rights(call.key)),
            "posMode": "long_short_mode" if account.hedged else "net_mode",
            "roleType": "0",
            "settleCcy": "USDT",
            "settleCcyList": ["USDT"],
            "spotBorrowAutoRepay": False,
            "spotOffsetType": "",
            "spotRoleType": "0",
            "spotTraderInsts": [],
            "stgyType": "0",
            "traderInsts": [],
            "type": "0",
            "uid": _UID,
        }
    ]


def _set_position_mode(call: Call) -> Sequence[object]:
    mode = call.params.need("posMode", {"net_mode", "long_short_mode"})
    if call.account.account_mode == SPOT_MODE:
        raise errors.account_mode()
    hedged = mode == "long_short_mode"
    if hedged is not call.account.hedged:
        with worded(_IN_USE):
            call.exchange.set_hedged(call.key, hedged)
    return [{"posMode": mode}]


def _set_account_level(call: Call) -> Sequence[object]:
    level = call.params.need("acctLv", {"1", "2", "3", "4"})
    if level in {"3", "4"}:
        needs = "You do not meet the requirements for switching to this account mode."
        raise ApiError("51070", f"{needs} Please upgrade the account mode on the OKX website or App")
    account = call.account
    if int(level) != account.account_mode:
        if account.open_orders() or any(position.contracts for position in account.positions()):
            raise ApiError("59000", _OPEN)
        call.exchange.set_account_mode(call.key, int(level))
    return [{"acctLv": level}]


def _set_leverage(call: Call) -> Sequence[object]:
    params = call.params
    listing = perpetual(call)
    mode = params.need("mgnMode", MODES)
    leverage = params.need_number("lever")
    raw = params.text("posSide")
    if call.account.account_mode == SPOT_MODE:
        raise errors.account_mode()
    if mode == "isolated" or raw is not None:
        position_side(call, raw)
    if leverage != leverage.to_integral_value():
        raise errors.parameter("lever")
    if not 1 <= leverage <= listing.brackets[0].max_leverage:
        raise ApiError(*_LEVERAGE_REFUSALS[RefusalCode.BAD_LEVERAGE])
    _, isolated = call.account.settings(listing.symbol)
    if isolated is (mode == "isolated"):
        with worded(_LEVERAGE_REFUSALS):
            call.exchange.set_leverage(call.key, listing.symbol, int(leverage))
    call.desk.drawer(call.key).leverages[listing.symbol, mode] = int(leverage)
    return [{"instId": listing.symbol, "lever": plain(leverage), "mgnMode": mode, "posSide": raw or ""}]


def _leverage_info(call: Call) -> Sequence[object]:
    """The leverage under a margin mode; both sides share it here."""
    mode = call.params.need("mgnMode", MODES)
    sides = ("long", "short") if call.account.hedged else ("net",)
    rows = []
    for name in call.params.need("instId").split(","):
        listing = next((one for one in call.listings() if one.symbol == name and one.market.perpetual), None)
        if listing is None:
            raise errors.unknown_instrument()
        leverage = str(call.desk.leverage(call.key, listing, mode))
        rows += [{"ccy": "", "instId": name, "lever": leverage, "mgnMode": mode, "posSide": side} for side in sides]
    return rows


def _margin_balance(call: Call) -> Sequence[object]:
    params = call.params
    listing = perpetual(call)
    raw = params.need("posSide", POSITION_SIDES)
    kind = params.need("type", {"add", "reduce"})
    amount = params.need_number("amt")
    side = position_side(call, raw)
    with worded(_MARGIN_REFUSALS):
        call.exchange.add_margin(call.key, listing.symbol, side, amount if kind == "add" else -amount)
    leverage, _ = call.account.settings(listing.symbol)
    return [
        {
            "amt": plain(amount),
            "ccy": listing.settle,
            "instId": listing.symbol,
            "leverage": str(leverage),
            "posSide": raw,
            "type": kind,
        }
    ]


def _sizes(call: Call, listing: Listing, mode: str) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    """The largest buy and sell in the instrument's unit, and the money behind them."""
    account = call.account
    mark = call.exchange.mark(listing.key)
    if listing.market is MarketType.SPOT:
        if mode != "cash":
            raise errors.parameter("tdMode")
        quote, base = account.balance(WALLET, listing.quote).free, account.balance(WALLET, listing.base).free
        return floor_to(quote / mark, listing.quantity_step), base, quote, base
    if mode == "cash":
        raise errors.parameter("tdMode")
    if account.account_mode == SPOT_MODE:
        raise errors.account_mode()
    available = account.margin_summary(listing.settle).available
    leverage = call.desk.leverage(call.key, listing, mode)
    contracts = floor_to(available * leverage / listing.notional(ONE, mark), listing.quantity_step)
    return contracts, contracts, available, available


def _max_size(call: Call) -> Sequence[object]:
    listing, mode = call.listing(), call.params.need("tdMode", MODES | {"cash"})
    buy, sell, _, _ = _sizes(call, listing, mode)
    ccy = listing.settle if listing.market.perpetual else ""
    return [{"ccy": ccy, "instId": listing.symbol, "maxBuy": text(buy), "maxSell": text(sell)}]


def _max_available(call: Call) -> Sequence[object]:
    listing, mode = call.listing(), call.params.need("tdMode", MODES | {"cash"})
    _, _, buy, sell = _sizes(call, listing, mode)
    return [{"instId": listing.symbol, "availBuy": text(buy), "availSell": text(sell)}]


def _trade_fee(call: Call) -> Sequence[object]:
    """Rates are negative: what the account pays."""
    kind = call.params.need("instType", INST_TYPES)
    one = call.params.text("instId")
    name = call.params.text("uly") or call.params.text("instFamily")
    found = [
        listing
        for listing in call.listings()
        if inst_type(listing) == kind
        and one in {None, listing.symbol}
        and (kind == SPOT or name in {None, family(listing)})
    ]
    if not found:
        raise errors.unknown_instrument()
    listing = found[0]
    maker, taker = (plain(-rate) for rate in call.account.fees(listing))
    linear = listing.market is MarketType.LINEAR
    return [
        {
            **blanks("delivery", "exercise", "settle", "makerUSDC", "takerUSDC"),
            "category": "1",
            "feeGroup": [{"groupId": "1", "maker": maker, "taker": taker}],
            "fiat": [],
            "instType": kind,
            "level": "Lv1",
            "maker": maker,
            "makerU": maker if linear else "",
            "ruleType": "normal",
            "taker": taker,
            "takerU": taker if linear else "",
            "ts": str(call.now_ms),
        }
    ]


def _sub_keys(call: Call) -> Sequence[object]:
    """The paper account has no sub-accounts."""
    call.params.need("subAcct")
    raise ApiError("59510", "Sub-account does not exist")


def _post(path: str, handle: Callable[[Call], Sequence[object]], count: int) -> Endpoint:
    return Endpoint(method="POST", path=path, handle=handle, rate=Rate(count=count), right=Right.TRADE)


ENDPOINTS: Final = (
    Endpoint(method="GET", path="account/config", handle=_config, rate=Rate(count=5)),
    _post("account/set-position-mode", _set_position_mode, 5),
    _post("account/set-account-level", _set_account_level, 5),
    _post("account/set-leverage", _set_leverage, 20),
    Endpoint(method="GET", path="account/leverage-info", handle=_leverage_info, rate=Rate(count=20)),
    _post("account/position/margin-balance", _margin_balance, 20),
    Endpoint(method="GET", path="account/max-size", handle=_max_size, rate=Rate(count=20)),
    Endpoint(method="GET", path="account/max-avail-size", handle=_max_available, rate=Rate(count=20)),
    Endpoint(method="GET", path="account/trade-fee", handle=_trade_fee, rate=Rate(count=5)),
    Endpoint(method="GET", path="users/subaccount/apikey", handle=_sub_keys, rate=Rate(count=1)),
)
