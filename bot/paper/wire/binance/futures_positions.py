"""Positions as futures accounts show them: `positionRisk`, and the rows that `account` carries.

USD-M version 3 shows positions, and flat rows of symbols with open orders: a flat account shows nothing. Version 2 and
all of COIN-M show every symbol, flat or not.

Source: https://developers.binance.com/docs/derivatives/usds-margined-futures/account/rest-api and
.../coin-margined-futures/account/rest-api (read 2025-11).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from bot.domain.numbers import ONE, ZERO, plain
from bot.paper.engine.account import Account
from bot.paper.engine.model import Listing, Position, PositionSide
from bot.paper.wire.binance.digits import eight, fixed, quantity_text
from bot.paper.wire.binance.endpoint import Call, Endpoint, pair_of
from bot.paper.wire.binance.futures_settings import largest_notional


def listing_of(call: Call, position: Position) -> Listing:
    """The position's market."""
    return call.exchange.listings[f"{call.market.value}:{position.symbol}"]


def held(call: Call) -> list[Position]:
    """Positions, and flat rows of symbols with open orders."""
    account = call.exchange.account(call.key)
    working = {(order.listing_key, order.position_side) for order in account.open_orders()}
    return [
        position
        for position in account.positions()
        if position.market is call.market
        and (position.contracts or (listing_of(call, position).key, position.side) in working)
    ]


def every(call: Call) -> list[Position]:
    """One row for every symbol, flat or not; two in hedge mode."""
    account = call.exchange.account(call.key)
    sides = (PositionSide.LONG, PositionSide.SHORT) if account.hedged else (PositionSide.BOTH,)
    return [
        account.position(listing.symbol, side) or _flat(call, account, listing, side)
        for listing in call.all_listings(call.market)
        for side in sides
    ]


def _flat(call: Call, account: Account, listing: Listing, side: PositionSide) -> Position:
    leverage, isolated = account.settings(listing.symbol)
    return Position(
        symbol=listing.symbol,
        market=listing.market,
        side=side,
        settle=listing.settle,
        contracts=ZERO,
        entry_price=ZERO,
        mark_price=call.exchange.mark(listing.key),
        isolated=isolated,
        isolated_wallet=ZERO,
        leverage=leverage,
        notional=ZERO,
        unrealized=ZERO,
        maintenance_margin=ZERO,
        initial_margin=ZERO,
        order_margin=ZERO,
        liquidation_price=None,
        update_ms=0,
    )


def or_zero(value: Decimal) -> str:
    """Eight digits, and `0` where there is nothing."""
    return eight(value) if value else "0"


def price(value: Decimal) -> str:
    """A computed price: as many digits as it has, eleven at most, one at least."""
    text = plain(Decimal(fixed(value, 11)))
    return text if "." in text else f"{text}.0"


def break_even(listing: Listing, position: Position) -> Decimal:
    """The entry price moved by one taker fee, against the holder."""
    if position.contracts == 0:
        return ZERO
    return position.entry_price * (ONE + listing.taker_fee.copy_sign(position.contracts))


def isolated_margin(position: Position) -> str:
    """Wallet and unrealised P&L of an isolated position; `0` under cross margin and when flat."""
    return eight(position.isolated_wallet + position.unrealized) if position.isolated and position.contracts else "0"


def account_row(call: Call, position: Position) -> dict[str, object]:
    """A position as USD-M's `account` shows it."""
    return {
        "symbol": position.symbol,
        "positionSide": position.side.value,
        "positionAmt": quantity_text(listing_of(call, position), position.contracts),
        "unrealizedProfit": eight(position.unrealized),
        "isolatedMargin": isolated_margin(position),
        "notional": or_zero(position.notional),
        "isolatedWallet": or_zero(position.isolated_wallet),
        "initialMargin": or_zero(position.initial_margin + position.order_margin),
        "maintMargin": or_zero(position.maintenance_margin),
        "updateTime": position.update_ms,
    }


def account_row_v2(call: Call, position: Position) -> dict[str, object]:
    """The same in version 2, which has the settings too."""
    listing = listing_of(call, position)
    return account_row(call, position) | {
        "leverage": str(position.leverage),
        "isolated": position.isolated,
        "entryPrice": price(position.entry_price),
        "breakEvenPrice": price(break_even(listing, position)),
        "positionInitialMargin": or_zero(position.initial_margin),
        "openOrderInitialMargin": or_zero(position.order_margin),
        "maxNotional": plain(largest_notional(listing, position.leverage)),
        "bidNotional": "0",
        "askNotional": "0",
    }


def account_row_inverse(call: Call, position: Position) -> dict[str, object]:
    """A position as COIN-M's `account` shows it; worth and margin in coins."""
    listing = listing_of(call, position)
    return {
        "symbol": position.symbol,
        "positionSide": position.side.value,
        "positionAmt": quantity_text(listing, position.contracts),
        "initialMargin": or_zero(position.initial_margin + position.order_margin),
        "maintMargin": or_zero(position.maintenance_margin),
        "unrealizedProfit": eight(position.unrealized),
        "positionInitialMargin": or_zero(position.initial_margin),
        "openOrderInitialMargin": or_zero(position.order_margin),
        "leverage": str(position.leverage),
        "isolated": position.isolated,
        "entryPrice": price(position.entry_price),
        "breakEvenPrice": price(break_even(listing, position)),
        "maxQty": plain(largest_notional(listing, position.leverage)),
        "notionalValue": or_zero(position.notional),
        "isolatedWallet": or_zero(position.isolated_wallet),
        "updateTime": position.update_ms,
    }


def _risk(call: Call, position: Position) -> dict[str, object]:
    listing = listing_of(call, position)
    liquidation = position.liquidation_price
    return {
        "symbol": position.symbol,
        "positionSide": position.side.value,
        "positionAmt": quantity_text(listing, position.contracts),
        "entryPrice": price(position.entry_price),
        "breakEvenPrice": price(break_even(listing, position)),
        "markPrice": eight(position.mark_price),
        "unRealizedProfit": eight(position.unrealized),
        "liquidationPrice": "0" if liquidation is None else plain(Decimal(fixed(liquidation, 8))),
        "isolatedMargin": isolated_margin(position),
        "notionalValue" if call.inverse else "notional": or_zero(position.notional),
        "isolatedWallet": or_zero(position.isolated_wallet),
        "updateTime": position.update_ms,
    }


def _margin_type(position: Position) -> Mapping[str, object]:
    return {
        "leverage": str(position.leverage),
        "marginType": "isolated" if position.isolated else "cross",
        "isAutoAddMargin": "false",
    }


def _position_risk_v3(call: Call) -> object:
    one = call.optional_listing(call.market)
    return [
        _risk(call, position)
        | {
            "initialMargin": or_zero(position.initial_margin + position.order_margin),
            "maintMargin": or_zero(position.maintenance_margin),
            "positionInitialMargin": or_zero(position.initial_margin),
            "openOrderInitialMargin": or_zero(position.order_margin),
            "adl": 1 if position.contracts else 0,
            "bidNotional": "0",
            "askNotional": "0",
            "marginAsset": position.settle,
        }
        for position in held(call)
        if one is None or position.symbol == one.symbol
    ]


def _position_risk_v2(call: Call) -> object:
    one = call.optional_listing(call.market)
    return [
        _risk(call, position)
        | {
            **_margin_type(position),
            "maxNotionalValue": plain(largest_notional(listing_of(call, position), position.leverage)),
        }
        for position in every(call)
        if one is None or position.symbol == one.symbol
    ]


def _position_risk_inverse(call: Call) -> object:
    asset, pair = call.params.text("marginAsset"), call.params.text("pair")
    return [
        _risk(call, position)
        | {**_margin_type(position), "maxQty": plain(largest_notional(listing, position.leverage))}
        for position in every(call)
        for listing in [listing_of(call, position)]
        if asset in {None, position.settle} and pair in {None, pair_of(listing)}
    ]


def _adl_quantile(call: Call) -> object:
    """How near each side is to auto-deleveraging, 0 to 4: the paper exchange ranks nobody above 1."""
    account = call.exchange.account(call.key)
    wanted = {listing.symbol for listing in call.contracts()}
    rows: dict[str, dict[str, int]] = {}
    for position in held(call):
        if position.symbol in wanted and position.contracts:
            long = position.contracts > 0
            row = rows.setdefault(position.symbol, {"LONG": 0, "SHORT": 0})
            row["LONG" if long else "SHORT"] = 1
            if not account.hedged:
                row["BOTH"] = 1
    return [{"symbol": symbol, "adlQuantile": quantile} for symbol, quantile in rows.items()]


ENDPOINTS: Final = (
    Endpoint(method="GET", path="/fapi/v3/positionRisk", handle=_position_risk_v3, weight=5),
    Endpoint(method="GET", path="/fapi/v2/positionRisk", handle=_position_risk_v2, weight=5),
    Endpoint(method="GET", path="/dapi/v1/positionRisk", handle=_position_risk_inverse),
    Endpoint(method="GET", path="/fapi/v1/adlQuantile", handle=_adl_quantile, weight=5),
    Endpoint(method="GET", path="/dapi/v1/adlQuantile", handle=_adl_quantile, weight=5),
)
