"""Futures settings: leverage, margin type, position mode, the margin of isolated positions.

Source: https://developers.binance.com/docs/derivatives/usds-margined-futures/account/rest-api, .../trade/rest-api and
the same of coin-margined-futures (read 2025-11).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bot.domain.numbers import ZERO, plain
from bot.paper.engine.model import Listing, PositionSide, RefusalCode
from bot.paper.wire.binance import errors
from bot.paper.wire.binance.digits import wire_number
from bot.paper.wire.binance.endpoint import Call, Endpoint, futures
from bot.paper.wire.binance.errors import ApiError
from bot.paper.wire.binance.refusals import worded

_MARGIN_TYPE_REFUSALS: Final = {
    RefusalCode.NO_CHANGE: (-4046, "No need to change margin type."),
    RefusalCode.HAS_ORDERS: (-4047, "Margin type cannot be changed if there exists open orders."),
    RefusalCode.HAS_POSITION: (-4048, "Margin type cannot be changed if there exists position."),
    RefusalCode.MULTI_ASSETS: (-4168, "Unable to adjust to isolated-margin mode under the Multi-Assets mode."),
}
_POSITION_MODE_REFUSALS: Final = {
    RefusalCode.NO_CHANGE: (-4059, "No need to change position side."),
    RefusalCode.HAS_ORDERS: (-4067, "Position side cannot be changed if there exists open orders."),
    RefusalCode.HAS_POSITION: (-4068, "Position side cannot be changed if there exists position."),
}
_LEVERAGE_REFUSALS: Final = {
    RefusalCode.LEVERAGE_REDUCTION: (
        -4161,
        "Leverage reduction is not supported in Isolated Margin Mode with open positions.",
    ),
    RefusalCode.INSUFFICIENT_MARGIN: (-2028, "Leverage is smaller than permitted: insufficient margin balance."),
}
_MARGIN_REFUSALS: Final = {
    RefusalCode.NOT_ISOLATED: (-4049, "Add margin only support for isolated position."),
    RefusalCode.NO_POSITION: (-4054, "Cannot add position margin: position is 0."),
    RefusalCode.INSUFFICIENT_BALANCE: (-4050, "Cross balance insufficient."),
    RefusalCode.INSUFFICIENT_MARGIN: (-4051, "Isolated balance insufficient."),
}


def largest_notional(listing: Listing, leverage: int) -> Decimal:
    """The largest position that the brackets allow at a leverage: in quote for USD-M, in coins for COIN-M."""
    return max((bracket.cap for bracket in listing.brackets if bracket.max_leverage >= leverage), default=ZERO)


def _set_leverage(call: Call) -> object:
    listing = call.contract()
    raw = call.params.need("leverage")
    invalid = (-4028, f"Leverage {raw} is not valid")
    if not raw.isascii() or not raw.isdecimal():
        raise ApiError(*invalid)
    with worded({RefusalCode.BAD_LEVERAGE: invalid, **_LEVERAGE_REFUSALS}):
        call.exchange.set_leverage(call.key, listing.symbol, int(raw))
    largest = plain(largest_notional(listing, int(raw)))
    return {
        "symbol": listing.symbol,
        "leverage": int(raw),
        "maxQty" if call.inverse else "maxNotionalValue": largest,
    }


def _set_margin_type(call: Call) -> object:
    listing = call.contract()
    kind = call.params.need("marginType")
    if kind not in {"ISOLATED", "CROSSED"}:
        raise ApiError(-1130, "Data sent for parameter 'marginType' is not valid.")
    with worded(_MARGIN_TYPE_REFUSALS):
        call.exchange.set_margin_mode(call.key, listing.symbol, kind == "ISOLATED")
    return {"code": 200, "msg": "success"}


def _set_position_mode(call: Call) -> object:
    call.params.need("dualSidePosition")
    with worded(_POSITION_MODE_REFUSALS):
        call.exchange.set_hedged(call.key, call.params.flag("dualSidePosition"))
    return {"code": 200, "msg": "success"}


def _position_mode(call: Call) -> object:
    return {"dualSidePosition": call.exchange.account(call.key).hedged}


def _multi_assets(call: Call) -> object:
    return {"multiAssetsMargin": call.exchange.account(call.key).multi_assets}


def _position_margin(call: Call) -> object:
    listing = call.contract()
    amount = call.params.need_number("amount")
    kind = call.params.need("type")
    if kind not in {"1", "2"}:
        raise errors.illegal("type", "^[1-2]{1}$")
    side = call.params.text("positionSide") or "BOTH"
    if side not in PositionSide.__members__:
        raise ApiError(-4060, "Invalid position side.")
    with worded(_MARGIN_REFUSALS):
        signed = amount if kind == "1" else -amount
        call.exchange.add_margin(call.key, listing.symbol, PositionSide[side], signed)
    return {
        "code": 200,
        "msg": "Successfully modify position margin.",
        "amount": wire_number(amount),
        "type": int(kind),
    }


def _symbol_config(call: Call) -> object:
    account = call.exchange.account(call.key)
    rows = []
    for listing in call.contracts():
        leverage, isolated = account.settings(listing.symbol)
        rows.append(
            {
                "symbol": listing.symbol,
                "marginType": "ISOLATED" if isolated else "CROSSED",
                "isAutoAddMargin": False,
                "leverage": leverage,
                "maxNotionalValue": plain(largest_notional(listing, leverage)),
            }
        )
    return rows


def _account_config(call: Call) -> object:
    account = call.exchange.account(call.key)
    return {
        "feeTier": 0,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": True,
        "dualSidePosition": account.hedged,
        "updateTime": 0,
        "multiAssetsMargin": account.multi_assets,
        "tradeGroupId": -1,
    }


ENDPOINTS: Final = (
    *futures("POST", "v1/leverage", _set_leverage),
    *futures("POST", "v1/marginType", _set_margin_type),
    *futures("POST", "v1/positionSide/dual", _set_position_mode),
    *futures("GET", "v1/positionSide/dual", _position_mode, 30),
    *futures("POST", "v1/positionMargin", _position_margin),
    Endpoint(method="GET", path="/fapi/v1/multiAssetsMargin", handle=_multi_assets, weight=30),
    Endpoint(method="GET", path="/fapi/v1/symbolConfig", handle=_symbol_config, weight=5),
    Endpoint(method="GET", path="/fapi/v1/accountConfig", handle=_account_config, weight=5),
)
