"""Futures orders, fills and positions as KuCoin writes them.

Values follow KuCoin's sign: contracts x multiplier x price, or / price for inverse contracts, whose multiplier is
negative. So a long inverse position has a negative value, and P&L is always value now less value at entry.

Source: https://www.kucoin.com/docs-new/rest/futures-trading/orders and .../positions (read 2025-11).
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.domain.numbers import ZERO, plain
from bot.paper.engine.account import Account
from bot.paper.engine.margin import bracket_of
from bot.paper.engine.model import (
    ForcedCause,
    Listing,
    MarketType,
    Order,
    OrderKind,
    Position,
    PositionSide,
    RowKind,
    TimeInForce,
    Trade,
)
from bot.paper.wire.kucoin.memory import Memory
from bot.paper.wire.kucoin.names import contract_id, futures_coin
from bot.paper.wire.kucoin.spot_views import cancelled, tif_text
from bot.paper.wire.kucoin.tape import NANOS

_PLACES: Final = Decimal("1e-10")
_FORCED: Final[Mapping[ForcedCause, str]] = {
    ForcedCause.LIQUIDATION: "liquidation",
    ForcedCause.ADL: "ADL",
    ForcedCause.SETTLEMENT: "settlement",
}
"""KuCoin's word for the trades of orders that the exchange makes itself.

Words of the venue's documentation; that it gives such orders no `clientOid` is from general knowledge.
"""


def rounded(value: Decimal) -> Decimal:
    """Ten places, as KuCoin writes what it divides."""
    return value.quantize(_PLACES)


def trade_type(order: Order) -> str:
    """KuCoin's word for what made the order: `trade`, or what the venue forced."""
    return "trade" if order.cause is None else _FORCED[order.cause]


def client_oid(order: Order) -> str:
    """What the client called the order; empty for one of the venue's own, which it calls nothing."""
    return order.client_id if order.cause is None else ""


def order_row(listing: Listing, order: Order, account: Account, memory: Memory) -> dict[str, object]:
    """An order."""
    leverage, isolated = account.settings(listing.symbol)
    limit = order.kind is OrderKind.LIMIT
    worth = abs(listing.notional(order.quantity, order.price)) if limit else order.quote_filled
    ended = not order.status.open
    return {
        "id": contract_id(order.order_id),
        "symbol": listing.symbol,
        "type": order.kind.value.lower(),
        "side": order.side.value.lower(),
        "price": plain(order.price) if limit else None,
        "size": int(order.quantity),
        "value": plain(rounded(worth)),
        "dealValue": plain(order.quote_filled),
        "dealSize": int(order.filled),
        "stp": "",
        "stop": "",
        "stopPriceType": "",
        "stopTriggered": False,
        "stopPrice": None,
        "timeInForce": tif_text(order),
        "postOnly": order.tif is TimeInForce.GTX,
        "hidden": False,
        "iceberg": False,
        "leverage": str(leverage),
        "forceHold": False,
        "closeOrder": False,
        "visibleSize": None,
        "clientOid": client_oid(order),
        "remark": memory.remarks.get(order.order_id),
        "tags": None,
        "isActive": order.status.open,
        "cancelExist": cancelled(order),
        "createdAt": order.time_ms,
        "updatedAt": order.update_ms,
        "endAt": order.update_ms if ended else None,
        "orderTime": order.time_ms * NANOS,
        "settleCurrency": futures_coin(listing.settle),
        "marginMode": "ISOLATED" if isolated else "CROSS",
        "avgDealPrice": plain(rounded(order.average_price)),
        "filledSize": int(order.filled),
        "filledValue": plain(order.quote_filled),
        "status": "done" if ended else "open",
        "reduceOnly": order.reduce_only,
        "positionSide": order.position_side.value,
    }


def fill_row(listing: Listing, order: Order, trade: Trade, *, isolated: bool) -> dict[str, object]:
    """One fill; `openFeePay` and `closeFeePay` tell which part of it opened and which closed."""
    return {
        "symbol": listing.symbol,
        "tradeId": contract_id(trade.trade_id),
        "orderId": contract_id(trade.order_id),
        "side": trade.side.value.lower(),
        "liquidity": "maker" if trade.maker else "taker",
        "forceTaker": False,
        "price": plain(trade.price),
        "size": int(trade.quantity),
        "value": plain(trade.quote),
        "openFeePay": plain(ZERO if trade.realized else trade.fee),
        "closeFeePay": plain(trade.fee if trade.realized else ZERO),
        "stop": "",
        "feeRate": plain(trade.fee_rate),
        "fixFee": "0",
        "feeCurrency": futures_coin(trade.fee_asset),
        "subTradeType": None,
        "marginMode": "ISOLATED" if isolated else "CROSS",
        "displayType": order.kind.value.lower(),
        "fee": plain(trade.fee),
        "settleCurrency": futures_coin(listing.settle),
        "orderType": order.kind.value.lower(),
        "tradeType": trade_type(order),
        "tradeTime": trade.time_ms * NANOS,
        "createdAt": trade.time_ms,
        "positionSide": trade.position_side.value,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What a position has been through since it was last flat.

    Attributes:
        opened_ms: when it was opened.
        fees: paid, positive.
        gross: realised P&L before fees and funding.
        funding: received (positive) or paid (negative).
    """

    opened_ms: int = 0
    fees: Decimal = ZERO
    gross: Decimal = ZERO
    funding: Decimal = ZERO

    @property
    def realised(self) -> Decimal:
        """Net."""
        return self.gross - self.fees + self.funding


def life_of(account: Account, listing: Listing, side: PositionSide) -> Life:
    """The life of a position up to now."""
    contracts, fees, gross, opened_ms = ZERO, ZERO, ZERO, 0
    for trade in account.trades(listing.key):
        if trade.position_side is not side:
            continue
        after = contracts + trade.side.sign * trade.quantity
        if contracts == 0 or contracts * after < 0:
            opened_ms, fees, gross = trade.time_ms, ZERO, ZERO
        contracts, fees, gross = after, fees + trade.fee, gross + trade.realized
    funding = sum(
        (
            row.amount
            for row in account.ledger
            if row.kind is RowKind.FUNDING_FEE and row.symbol == listing.symbol and row.time_ms >= opened_ms
        ),
        ZERO,
    )
    return Life(opened_ms=opened_ms, fees=fees, gross=gross, funding=funding if opened_ms else ZERO)


def position_id(position: Position) -> str:
    """The same for one contract and side on every way to ask for it."""
    place = f"{position.symbol}:{position.side.value}".encode()
    return contract_id(zlib.crc32(place))


def position_row(listing: Listing, position: Position, account: Account, now_ms: int) -> dict[str, object]:
    """A position, flat ones among them."""
    cost = listing.value(position.contracts, position.entry_price) if position.contracts else ZERO
    value = listing.value(position.contracts, position.mark_price)
    life = life_of(account, listing, position.side)
    initial = abs(cost) / position.leverage if position.isolated else position.initial_margin
    held = position.isolated_wallet if position.isolated else position.initial_margin
    rate = bracket_of(listing.brackets, abs(position.notional)).rate
    row: dict[str, object] = {
        "id": position_id(position),
        "symbol": listing.symbol,
        "crossMode": not position.isolated,
        "delevPercentage": ZERO,
        "openingTimestamp": life.opened_ms,
        "currentTimestamp": now_ms,
        "currentQty": int(position.contracts),
        "currentCost": rounded(cost),
        "currentComm": life.fees,
        "unrealisedCost": rounded(cost),
        "realisedGrossCost": -life.gross,
        "realisedCost": life.fees - life.gross,
        "isOpen": bool(position.contracts),
        "markPrice": position.mark_price,
        "markValue": rounded(value),
        "posCost": rounded(cost),
        "posInit": rounded(initial),
        "posMargin": rounded(held),
        "posMaint": rounded(position.maintenance_margin),
        "maintMarginReq": rate,
        "realisedGrossPnl": life.gross,
        "realisedPnl": life.realised,
        "unrealisedPnl": rounded(position.unrealized),
        "unrealisedPnlPcnt": _share(position.unrealized, cost),
        "unrealisedRoePcnt": _share(position.unrealized, initial),
        "avgEntryPrice": rounded(position.entry_price),
        "liquidationPrice": rounded(position.liquidation_price or ZERO),
        "bankruptPrice": _bankruptcy(listing, position, cost),
        "settleCurrency": futures_coin(listing.settle),
        "isInverse": listing.market is MarketType.INVERSE,
        "maintainMargin": rate,
        "marginMode": "ISOLATED" if position.isolated else "CROSS",
        "positionSide": position.side.value,
        "leverage": Decimal(position.leverage),
        "dealComm": -life.fees,
        "fundingFee": life.funding,
        "tax": 0,
    }
    if position.isolated:
        row |= _isolated_members(listing, position, value, initial, life.funding)
    return row


def flat_position(listing: Listing, side: PositionSide, account: Account, mark: Decimal) -> Position:
    """The row of a contract in which the account has nothing."""
    leverage, isolated = account.settings(listing.symbol)
    return Position(
        symbol=listing.symbol,
        market=listing.market,
        side=side,
        settle=listing.settle,
        contracts=ZERO,
        entry_price=ZERO,
        mark_price=mark,
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


def _isolated_members(
    listing: Listing, position: Position, value: Decimal, initial: Decimal, funding: Decimal
) -> dict[str, object]:
    """Its margin is `posInit` + `posComm` + `posCross` - `posLoss`, as in the documentation's example."""
    equity = position.isolated_wallet + position.unrealized
    return {
        "autoDeposit": False,
        "riskLimit": int(bracket_of(listing.brackets, abs(position.notional)).cap),
        "realLeverage": (abs(value) / equity).quantize(Decimal("0.01")) if equity > 0 else ZERO,
        "posCross": rounded(position.isolated_wallet - initial - funding),
        "posCrossMargin": ZERO,
        "posComm": ZERO,
        "posCommCommon": ZERO,
        "posLoss": -funding,
        "posFunding": ZERO,
        "maintMargin": rounded(equity),
        "riskLimitLevel": 1,
    }


def _share(part: Decimal, whole: Decimal) -> Decimal:
    return (part / abs(whole)).quantize(Decimal("0.0001")) if whole else ZERO


def _bankruptcy(listing: Listing, position: Position, cost: Decimal) -> Decimal:
    """Where the isolated margin is gone: value there = cost - margin; 0 when there is no such price."""
    if not position.contracts or not position.isolated:
        return ZERO
    left = cost - position.isolated_wallet
    price = listing.entry_price(position.contracts, left) if left else ZERO
    return rounded(max(ZERO, price))
