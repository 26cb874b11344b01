"""Positions: open ones, closed ones, and the risk of an account in one reading.

Source: https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-positions and its neighbours (read 2026-06).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from bot.domain.numbers import ONE, plain
from bot.paper.engine.model import Listing, Position, PositionSide
from bot.paper.wire.okx.balances import WALLET, detail, price_in_dollars, ratio
from bot.paper.wire.okx.desk import ORDER_BASE
from bot.paper.wire.okx.digits import blanks, or_empty, text
from bot.paper.wire.okx.endpoint import INST_TYPES, Call, Endpoint, family, inst_type
from bot.paper.wire.okx.limits import Rate
from bot.paper.wire.okx.lives import Life, current, lives
from bot.paper.wire.okx.pages import QUARTER_MS, page
from bot.paper.wire.okx.tape import TRADE_BASE

SIDES: Final = {PositionSide.BOTH: "net", PositionSide.LONG: "long", PositionSide.SHORT: "short"}


def listing_of(call: Call, position: Position) -> Listing:
    """The perpetual of a position."""
    return call.exchange.listings[f"{position.market.value}:{position.symbol}"]


def open_positions(call: Call) -> list[Position]:
    """The positions that are not flat; OKX shows no others."""
    return [position for position in call.account.positions() if position.contracts]


def position_row(call: Call, position: Position) -> dict[str, object]:
    """One position. `pos` is signed in net mode and positive in long/short mode."""
    account, listing = call.account, listing_of(call, position)
    life = current(account, listing, position.side)
    mark = position.mark_price
    net = position.side is PositionSide.BOTH
    contracts = position.contracts if net else abs(position.contracts)
    stake = position.isolated_wallet if position.isolated else position.initial_margin
    backing = position.isolated_wallet + position.unrealized
    if not position.isolated:
        summary = account.margin_summary(position.settle)
        backing = summary.cross_wallet + summary.cross_unrealized
    return _blank_position() | {
        "adl": "1",
        "availPos": text(contracts),
        "avgPx": text(position.entry_price),
        "bePx": text(_break_even(listing, position)),
        "cTime": str(life.open_ms if life else position.update_ms),
        "ccy": position.settle,
        "fee": text(-life.fees) if life else "0",
        "fundingFee": text(life.funding) if life else "0",
        "idxPx": plain(call.exchange.index(listing.key)),
        "imr": "" if position.isolated else text(position.initial_margin),
        "instId": position.symbol,
        "instType": inst_type(listing),
        "interest": "0",
        "last": plain(call.exchange.last_price(listing.key)),
        "lever": str(position.leverage),
        "liqPenalty": "0",
        "liqPx": or_empty(position.liquidation_price),
        "margin": text(position.isolated_wallet) if position.isolated else "",
        "markPx": plain(mark),
        "mgnMode": "isolated" if position.isolated else "cross",
        "mgnRatio": ratio(backing, position.maintenance_margin),
        "mmr": text(position.maintenance_margin),
        "notionalUsd": text(abs(listing.quote_value(position.contracts, mark))),
        "pnl": text(life.realized) if life else "0",
        "pos": text(contracts),
        "posId": str(ORDER_BASE + (life.first_id if life else 0)),
        "posSide": SIDES[position.side],
        "realizedPnl": text(life.realized - life.fees + life.funding) if life else "0",
        "tradeId": str(TRADE_BASE + life.last_id) if life else "",
        "uTime": str(position.update_ms),
        "upl": text(position.unrealized),
        "uplLastPx": text(position.unrealized),
        "uplRatio": text(position.unrealized / stake) if stake else "0",
        "uplRatioLastPx": text(position.unrealized / stake) if stake else "0",
        "usdPx": plain(price_in_dollars(call, position.settle)),
    }


def _blank_position() -> dict[str, object]:
    """Members of options, margin pairs and loans."""
    return {
        **blanks(
            "baseBal",
            "baseBorrowed",
            "baseInterest",
            "bizRefId",
            "bizRefType",
            "clSpotInUseAmt",
            "deltaBS",
            "deltaPA",
            "gammaBS",
            "gammaPA",
            "hedgedPos",
            "liab",
            "liabCcy",
            "maxSpotInUseAmt",
            "nonSettleAvgPx",
            "optVal",
            "pendingCloseOrdLiabVal",
            "posCcy",
            "quoteBal",
            "quoteBorrowed",
            "quoteInterest",
            "settledPnl",
            "spotInUseAmt",
            "spotInUseCcy",
            "thetaBS",
            "thetaPA",
            "vegaBS",
            "vegaPA",
        ),
        "closeOrderAlgo": [],
    }


def _break_even(listing: Listing, position: Position) -> Decimal:
    """The entry price moved by two taker fees, against the holder."""
    return position.entry_price * (ONE + 2 * listing.taker_fee.copy_sign(position.contracts))


def _positions(call: Call) -> Sequence[object]:
    kind = call.params.text("instType", INST_TYPES)
    names = call.params.text("instId")
    wanted = names.split(",") if names else None
    rows = []
    for position in open_positions(call):
        if wanted is not None and position.symbol not in wanted:
            continue
        if kind in {None, inst_type(listing_of(call, position))}:
            rows.append(position_row(call, position))
    return rows


def _positions_history(call: Call) -> Sequence[object]:
    """Closed positions; `after` and `before` are times of their last update here."""
    one = call.optional_listing()
    mode = call.params.text("mgnMode", {"cross", "isolated"})
    found = [
        (listing, life)
        for listing in call.listings()
        if listing.market.perpetual and (one is None or listing == one)
        for life in lives(call.account, listing)
        if life.closed_contracts
    ]
    rows = page(
        found,
        call.params,
        id_of=lambda pair: pair[1].update_ms,
        time_of=lambda pair: pair[1].update_ms,
        since_ms=call.now_ms - QUARTER_MS,
    )
    return [row for row in (_life_row(call, listing, life) for listing, life in rows) if mode in {None, row["mgnMode"]}]


def _life_row(call: Call, listing: Listing, life: Life) -> dict[str, str]:
    leverage, isolated = call.account.settings(listing.symbol)
    stake = listing.notional(life.most, life.open_price) / leverage
    gained = life.realized - life.fees + life.funding
    return {
        "cTime": str(life.open_ms),
        "ccy": listing.settle,
        "closeAvgPx": text(life.close_price),
        "closeTotalPos": text(life.closed_contracts),
        "direction": "long" if life.long else "short",
        "fee": text(-life.fees),
        "fundingFee": text(life.funding),
        "instId": listing.symbol,
        "instType": inst_type(listing),
        "lever": str(leverage),
        "liqPenalty": "0",
        "mgnMode": "isolated" if isolated else "cross",
        "openAvgPx": text(life.open_price),
        "openMaxPos": text(life.most),
        "pnl": text(life.realized),
        "pnlRatio": text(gained / stake) if stake else "0",
        "posId": str(ORDER_BASE + life.first_id),
        "posSide": SIDES[life.side],
        "realizedPnl": text(gained),
        "triggerPx": "",
        "type": "2" if life.over else "1",
        "uTime": str(life.update_ms),
        "uly": family(listing),
    }


def _risk(call: Call) -> Sequence[object]:
    """Balances and positions of one moment together."""
    account = call.account
    details = [detail(call, account, coin) for coin in account.balances(WALLET)]
    positions = [position_row(call, position) for position in open_positions(call)]
    named = ("adl", "ccy", "instId", "instType", "mgnMode", "notionalUsd", "pos", "posCcy", "posId", "posSide")
    return [
        {
            "adjEq": "",
            "balData": [
                {"ccy": row["ccy"], "disEq": row["disEq"], "eq": row["eq"]} for row in details if row["eq"] != "0"
            ],
            "posData": [
                {name: row[name] for name in (*named, "baseBal", "quoteBal")} | {"notionalCcy": row["pos"]}
                for row in positions
            ],
            "ts": str(call.now_ms),
        }
    ]


ENDPOINTS: Final = (
    Endpoint(method="GET", path="account/positions", handle=_positions, rate=Rate(count=10)),
    Endpoint(method="GET", path="account/positions-history", handle=_positions_history, rate=Rate(count=10)),
    Endpoint(method="GET", path="account/account-position-risk", handle=_risk, rate=Rate(count=10)),
)
