"""Leverage, margin mode, position mode, and the margin of isolated positions.

Source: https://www.kucoin.com/docs-new/rest/futures-trading/positions (read 2025-11). That setting a mode again is a
success, the codes when positions or orders are in the way, and that a `bizNo` used again is a success without effect
("processed by the system only once"), are from general knowledge.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from bot.domain.numbers import ZERO, plain
from bot.paper.engine.margin import notional_max
from bot.paper.engine.model import Listing, PositionSide, Refusal, RefusalCode
from bot.paper.wire.kucoin.endpoint import Call, Endpoint, Side
from bot.paper.wire.kucoin.errors import ApiError, bad_parameter
from bot.paper.wire.kucoin.futures_account import position_of
from bot.paper.wire.kucoin.futures_views import position_row
from bot.paper.wire.kucoin.limits import Pool
from bot.paper.wire.kucoin.refusals import Wording, worded

_MODE_WORDING: Final[Wording] = {
    RefusalCode.HAS_POSITION: (
        "330010",
        "Failed to switch the position mode. Please close the open positions first.",
    ),
    RefusalCode.HAS_ORDERS: ("330010", "Failed to switch the position mode. Please cancel the open orders first."),
}
_MARGIN_WORDING: Final[Wording] = {
    RefusalCode.NOT_ISOLATED: ("330001", "The position's margin is cross; only isolated margin can be changed."),
    RefusalCode.INSUFFICIENT_BALANCE: ("300003", "Balance insufficient. Please deposit first."),
    RefusalCode.INSUFFICIENT_MARGIN: ("300005", "The margin withdrawn exceeds what the position can spare."),
    # KuCoin says this with the code of success.
    RefusalCode.NO_POSITION: ("200000", "Position does not exist"),
}


def _margin_mode(call: Call) -> object:
    return _mode_row(call, call.contract())


def _mode_row(call: Call, listing: Listing) -> object:
    _, isolated = call.account.settings(listing.symbol)
    return {"symbol": listing.symbol, "marginMode": "ISOLATED" if isolated else "CROSS"}


def _change_margin_mode(call: Call) -> object:
    """The same mode again is no error. Under cross margin the contract's cross leverage counts from then on."""
    listing = call.contract()
    wanted = call.params.need("marginMode")
    if wanted not in {"ISOLATED", "CROSS"}:
        raise bad_parameter("marginMode parameter is invalid")
    _set_margin_mode(call, listing, isolated=wanted == "ISOLATED")
    return _mode_row(call, listing)


def _set_margin_mode(call: Call, listing: Listing, *, isolated: bool) -> None:
    try:
        call.exchange.set_margin_mode(call.key, listing.symbol, isolated)
    except Refusal as refusal:
        if refusal.code is not RefusalCode.NO_CHANGE:
            raise
        return
    if not isolated:
        call.exchange.set_leverage(call.key, listing.symbol, call.memory.leverage(call.key, listing.symbol))


def _change_many_margin_modes(call: Call) -> object:
    wanted, symbols = call.params.need("marginMode"), call.params.raw("symbols")
    if wanted not in {"ISOLATED", "CROSS"} or not isinstance(symbols, list):
        raise bad_parameter("Parameter Error")
    told: dict[str, object] = {}
    errors: list[object] = []
    for symbol in symbols:
        listing = call.contract_of(str(symbol))
        try:
            _set_margin_mode(call, listing, isolated=wanted == "ISOLATED")
        except Refusal as refusal:
            errors.append({"code": "330002", "msg": str(refusal.code), "symbol": listing.symbol})
        else:
            told[listing.symbol] = wanted
    return {"marginMode": told, "errors": errors}


def _cross_leverage(call: Call) -> object:
    listing = call.contract()
    return {"symbol": listing.symbol, "leverage": str(call.memory.leverage(call.key, listing.symbol))}


def _change_cross_leverage(call: Call) -> object:
    """Kept for when the margin is cross; an isolated position is not touched."""
    listing = call.contract()
    asked = call.params.need_number("leverage")
    highest = listing.brackets[0].max_leverage
    if asked % 1 or not 1 <= asked <= highest:
        raise ApiError("300016", f"The leverage cannot be greater than {highest}.")
    _, isolated = call.account.settings(listing.symbol)
    if not isolated:
        call.exchange.set_leverage(call.key, listing.symbol, int(asked))
    call.memory.cross_leverage[call.key, listing.symbol] = int(asked)
    return True


def _position_mode(call: Call) -> object:
    return {"positionMode": int(call.account.hedged)}


def _switch_position_mode(call: Call) -> object:
    """0: one-way, 1: hedge; the same mode again is no error."""
    wanted = call.params.need("positionMode")
    if wanted not in {"0", "1"}:
        raise bad_parameter("positionMode parameter is invalid")
    hedged = wanted == "1"
    if hedged is not call.account.hedged:
        with worded(_MODE_WORDING):
            call.exchange.set_hedged(call.key, hedged)
    return {"positionMode": int(hedged)}


def _side_of(call: Call) -> PositionSide:
    raw = (call.params.text("positionSide") or "BOTH").upper()
    if raw not in PositionSide.__members__:
        raise bad_parameter("positionSide parameter is invalid")
    return PositionSide[raw]


def _deposit_margin(call: Call) -> object:
    """Add margin to an isolated position, once for each `bizNo`; answers with the position, whose `posCross` tells it.

    No list of KuCoin's does: its ledger knows transfers, deposits, withdrawals and realised P&L.
    """
    listing, side = call.contract(), _side_of(call)
    amount = call.params.need_number("margin")
    once = (call.key, call.params.need("bizNo"))
    if once not in call.memory.margin_moves:
        with worded(_MARGIN_WORDING):
            call.exchange.add_margin(call.key, listing.symbol, side, amount)
        call.memory.margin_moves.add(once)
    position = call.account.position(listing.symbol, side) or position_of(call, listing)
    return position_row(listing, position, call.account, call.now_ms)


def _withdraw_margin(call: Call) -> object:
    listing, side = call.contract(), _side_of(call)
    amount = call.params.need_number("withdrawAmount")
    with worded(_MARGIN_WORDING):
        call.exchange.add_margin(call.key, listing.symbol, side, -amount)
    return plain(amount)


def _max_withdraw_margin(call: Call) -> object:
    """What an isolated position holds beyond its initial margin, and beyond a loss."""
    listing = call.contract()
    position = position_of(call, listing)
    spare = position.isolated_wallet + min(position.unrealized, ZERO) - position.initial_margin
    return plain(max(ZERO, spare).quantize(Decimal("1e-8")))


def _max_open_size(call: Call) -> object:
    """Contracts that the available balance and the brackets allow at a leverage."""
    listing = call.contract()
    price = call.params.number("price") or call.exchange.mark(listing.key)
    leverage = call.params.integer("leverage") or call.account.settings(listing.symbol)[0]
    summary = call.account.margin_summary(listing.settle)
    one = abs(listing.notional(Decimal(1), price))
    affordable = summary.available / (one * (Decimal(1) / leverage + 2 * listing.taker_fee))
    allowed = notional_max(listing.brackets, leverage) / one
    size = int(min(affordable, allowed))
    return {"symbol": listing.symbol, "maxBuyOpenSize": size, "maxSellOpenSize": size}


_F: Final = Side.FUTURES
_POOL: Final = Pool.FUTURES


def _get(path: str, handle: Callable[[Call], object], weight: int = 2) -> Endpoint:
    return Endpoint(method="GET", path=path, handle=handle, side=_F, pool=_POOL, weight=weight)


def _post(path: str, handle: Callable[[Call], object], weight: int = 2) -> Endpoint:
    return Endpoint(method="POST", path=path, handle=handle, side=_F, pool=_POOL, weight=weight)


ENDPOINTS: Final = (
    _get("/api/v2/position/getMarginMode", _margin_mode),
    _post("/api/v2/position/changeMarginMode", _change_margin_mode),
    _post("/api/v2/position/batchChangeMarginMode", _change_many_margin_modes),
    _get("/api/v2/getCrossUserLeverage", _cross_leverage),
    _post("/api/v2/changeCrossUserLeverage", _change_cross_leverage),
    _get("/api/v2/position/getPositionMode", _position_mode),
    _post("/api/v2/position/switchPositionMode", _switch_position_mode),
    _post("/api/v1/position/margin/deposit-margin", _deposit_margin, 4),
    _post("/api/v1/margin/withdrawMargin", _withdraw_margin, 10),
    _get("/api/v1/margin/maxWithdrawMargin", _max_withdraw_margin, 10),
    _get("/api/v2/getMaxOpenSize", _max_open_size),
)
