"""Hedge (dual-side) position mode: the short side is ours, the long side is told, the mode is left alone."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.domain.ids import ClientOrderId, VenueName
from bot.domain.instrument import MarginMode
from bot.domain.observation import FlatProof, Position, SymbolConfig, Unknown, Wanted
from bot.domain.orders import Acked, Found, OrderRequest, Side, TimeInForce, TradeCursor
from bot.ports import OrderTicket
from bot.venue.gateway import CcxtVenue
from tests.venue.wire import BTC, EPOCH_MS, Reply, Wire, account_body, order_body, risk_row

PERPETUAL = Wanted(symbols=frozenset({BTC}))
OURS = ClientOrderId("habcdefghjk000000000000001")


def ticket(side: Side, *, hedged: bool) -> OrderTicket:
    request = OrderRequest(
        venue=VenueName("main"),
        symbol=BTC,
        side=side,
        contracts=Decimal(1),
        price=Decimal("99500.0"),
        time_in_force=TimeInForce.IOC,
        reduce_only=side is Side.BUY,
        hedged=hedged,
    )
    return OrderTicket(request=request, client_id=OURS, timestamp_ms=EPOCH_MS, deadline_ms=EPOCH_MS + 3_000)


async def seen(venue: CcxtVenue, wire: Wire, *rows: dict[str, object]) -> Position | Unknown:
    wire.serve("GET", "/fapi/v3/positionRisk", list(rows))
    held = [row for row in rows if row["positionAmt"] != "0"]
    wire.serve("GET", "/fapi/v3/account", account_body(margin="400.4004" if held else "0", rows=held))
    return (await venue.observe(PERPETUAL)).positions[BTC]


@pytest.mark.parametrize("side", [Side.SELL, Side.BUY])
async def test_r24_in_hedge_mode_an_order_names_the_short_side_instead_of_reduce_only(
    venue: CcxtVenue, wire: Wire, side: Side
) -> None:
    wire.serve("POST", "/fapi/v1/order", order_body(OURS, side=side.value.upper(), positionSide="SHORT"))
    outcome = await venue.place(ticket(side, hedged=True))
    sent = wire.last("/fapi/v1/order").params
    assert (sent["positionSide"], "reduceOnly" in sent) == ("SHORT", False)
    assert isinstance(outcome, Acked)
    assert outcome.report.reduce_only is (side is Side.BUY)


async def test_in_one_way_mode_nothing_is_said_of_sides(venue: CcxtVenue, wire: Wire) -> None:
    wire.serve("POST", "/fapi/v1/order", order_body(OURS, side="BUY"))
    await venue.place(ticket(Side.BUY, hedged=False))
    sent = wire.last("/fapi/v1/order").params
    assert ("positionSide" in sent, sent["reduceOnly"]) == (False, "true")


async def test_the_long_side_alone_leaves_the_short_flat_with_proof(venue: CcxtVenue, wire: Wire) -> None:
    position = await seen(venue, wire, risk_row(amount="0.4", positionSide="LONG"))
    assert isinstance(position, Position)
    assert (position.contracts, position.other_side, position.proof) == (Decimal(0), Decimal("0.4"), FlatProof.ACCOUNT)
    position = await seen(
        venue,
        wire,
        risk_row(amount="0.4", positionSide="LONG"),
        risk_row(amount="0", positionSide="SHORT"),
    )
    assert isinstance(position, Position)
    assert (position.contracts, position.other_side, position.proof) == (Decimal(0), Decimal("0.4"), FlatProof.ZERO_ROW)


async def test_r8_a_row_of_the_long_side_alone_proves_nothing_of_the_short(venue: CcxtVenue, wire: Wire) -> None:
    wire.serve("GET", "/fapi/v3/positionRisk", [risk_row(amount="0", positionSide="LONG")])
    wire.serve("GET", "/fapi/v3/account", account_body(margin="100"))
    assert isinstance((await venue.observe(PERPETUAL)).positions[BTC], Unknown)


@pytest.mark.parametrize(
    "rows",
    [
        [risk_row(amount="1", positionSide="SHORT")],
        [risk_row(amount="-1", positionSide="LONG")],
        [risk_row(amount="-1", positionSide="BOTH"), risk_row(amount="-1", positionSide="SHORT")],
        [risk_row(amount="-1", positionSide="SHORT"), risk_row(amount="-2", positionSide="SHORT")],
        [risk_row(amount="-1", positionSide="NEITHER")],
    ],
)
async def test_r8_sides_that_can_not_be_are_unknown(
    venue: CcxtVenue, wire: Wire, rows: list[dict[str, object]]
) -> None:
    assert isinstance(await seen(venue, wire, *rows), Unknown)


async def test_r23_trades_of_the_long_side_are_not_ours_to_count(venue: CcxtVenue, wire: Wire) -> None:
    def row(number: int, position_side: str) -> dict[str, object]:
        return {
            "id": number,
            "orderId": 4711,
            "symbol": "BTCUSDT",
            "side": "SELL",
            "positionSide": position_side,
            "price": "100000",
            "qty": "1",
            "commission": "0.05",
            "commissionAsset": "USDT",
            "realizedPnl": "0",
            "maker": False,
            "time": EPOCH_MS,
        }

    wire.serve("GET", "/fapi/v1/userTrades", [row(1, "SHORT"), row(2, "LONG"), row(3, "BOTH"), row(4, "SHORT")])
    found = await venue.trades(BTC, TradeCursor(trade_id=None, time_ms=EPOCH_MS - 1))
    assert [trade.trade_id for trade in found] == ["1", "3", "4"]


async def test_the_position_mode_is_read_and_never_changed(venue: CcxtVenue, wire: Wire) -> None:
    wire.serve("GET", "/fapi/v1/accountConfig", {"dualSidePosition": True, "multiAssetsMargin": False})
    wire.serve("POST", "/fapi/v1/leverage", {"leverage": 1})
    wire.serve("GET", "/fapi/v1/symbolConfig", [{"symbol": "BTCUSDT", "marginType": "ISOLATED", "leverage": 1}])
    after = await venue.configure(BTC, 1, MarginMode.ISOLATED)
    assert after == SymbolConfig(symbol=BTC, leverage=1, margin_mode=MarginMode.ISOLATED, hedged=True)
    assert {asked.method for asked in wire.asked} == {"GET"}


async def test_already_set_is_success(venue: CcxtVenue, wire: Wire) -> None:
    configs = [{"symbol": "BTCUSDT", "marginType": mode, "leverage": 1} for mode in ("CROSSED", "ISOLATED")]
    bodies = iter([[configs[0]], [configs[1]]])
    wire.serve("GET", "/fapi/v1/symbolConfig", lambda asked: next(bodies))
    refused = {"code": -4046, "msg": "No need to change margin type."}
    wire.serve("POST", "/fapi/v1/marginType", Reply(status=400, body=refused))
    after = await venue.configure(BTC, 1, MarginMode.ISOLATED)
    assert after.margin_mode is MarginMode.ISOLATED


async def test_an_order_of_the_long_side_is_told_like_any_other(venue: CcxtVenue, wire: Wire) -> None:
    wire.serve("GET", "/fapi/v1/order", order_body(OURS, side="SELL", positionSide="LONG", reduceOnly=True))
    found = await venue.find_order(BTC, OURS)
    assert isinstance(found, Found)
    assert found.report.reduce_only
