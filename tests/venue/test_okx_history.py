"""OKX: the lists that explain the past, complete or not at all (R22 to R25)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal

import pytest

from bot.domain.errors import VenueFault, VenueUnreadable
from bot.domain.ids import ClientOrderId, TradeId
from bot.domain.orders import (
    OrderStatus,
    TradeCursor,
)
from bot.venue.gateway import CcxtVenue
from tests.venue.okx_wire import (
    BTC,
    COIN_M,
    OkxWire,
    answer,
    fill,
    flat_account,
    order,
    started,
    values,
)
from tests.venue.wire import EPOCH_MS, Anything, Asked, HandClock

OURS = ClientOrderId("habcdefghjk000000000000001")
PLACE = "/api/v5/trade/order"
CANCEL = "/api/v5/trade/cancel-order"
ORDER_ID = "312269865356374016"
DAY_MS = 86_400_000


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def wire(clock: HandClock) -> OkxWire:
    return flat_account(clock)


@pytest.fixture
async def venue(wire: OkxWire, clock: HandClock) -> AsyncIterator[CcxtVenue]:
    async with started(wire, clock, BTC, COIN_M, isolated=frozenset({BTC})) as venue:
        wire.asked.clear()
        wire.sent_headers.clear()
        yield venue


def paged(rows: Sequence[dict[str, object]], key: str) -> Anything:
    """Newest first, older than `after`, 100 at once, as the venue has it."""

    def page(asked: Asked) -> dict[str, object]:
        after = int(asked.params.get("after", 2**62))
        newest_first = sorted(rows, key=lambda row: -int(str(row[key])))
        return answer(*[row for row in newest_first if int(str(row[key])) < after][:100])

    return page


async def test_r23_trades_after_a_cursor_are_complete_and_in_order(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve("GET", "/api/v5/trade/fills", paged([fill(number) for number in range(1, 351)], "billId"))
    trades = await venue.trades(BTC, TradeCursor(trade_id=TradeId("100"), time_ms=EPOCH_MS + 100))
    assert [int(trade.trade_id) for trade in trades] == list(range(101, 351))
    assert wire.count("/api/v5/trade/fills") == 3
    first = trades[0]
    assert values(first.fee, first.fee_asset, first.moved, first.maker) == (Decimal("0.5"), "USDT", -1, False)


async def test_r23_trades_since_a_position_reading(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve("GET", "/api/v5/trade/fills", paged([fill(number) for number in range(1, 11)], "billId"))
    trades = await venue.trades(BTC, TradeCursor(trade_id=None, time_ms=EPOCH_MS + 5))
    assert [int(trade.trade_id) for trade in trades] == [6, 7, 8, 9, 10]
    assert wire.last("/api/v5/trade/fills").params["begin"] == str(EPOCH_MS + 5)


async def test_older_trades_come_from_the_longer_list(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve("GET", "/api/v5/trade/fills-history", paged([fill(1), fill(2)], "billId"))
    trades = await venue.trades(BTC, TradeCursor(trade_id=TradeId("1"), time_ms=EPOCH_MS - 10 * DAY_MS))
    assert [trade.trade_id for trade in trades] == ["2"]


async def test_trades_that_the_venue_has_forgotten_are_a_fault(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve("GET", "/api/v5/trade/fills-history", answer(fill(2)))
    with pytest.raises(VenueUnreadable):
        await venue.trades(BTC, TradeCursor(trade_id=TradeId("1"), time_ms=EPOCH_MS - 100 * DAY_MS))


async def test_in_hedge_mode_trades_of_the_long_side_are_not_ours(venue: CcxtVenue, wire: OkxWire) -> None:
    rows = [
        fill(1, posSide="short"),
        fill(2, posSide="long"),
        fill(3, posSide="short", side="buy", fillPnl="5", execType="M", fee="0.1"),
    ]
    wire.serve("GET", "/api/v5/trade/fills", paged(rows, "billId"))
    trades = await venue.trades(BTC, TradeCursor(trade_id=None, time_ms=EPOCH_MS))
    assert [trade.trade_id for trade in trades] == ["1", "3"]
    assert values(trades[1].realized, trades[1].maker, trades[1].fee) == (5, True, Decimal("-0.1"))


async def test_r25_a_liquidation_is_told_though_it_pays_no_fee(venue: CcxtVenue, wire: OkxWire) -> None:
    row = fill(5, tradeId="-7", execType="", fee="0", feeCcy="", subType="105", side="buy")
    wire.serve("GET", "/api/v5/trade/fills", paged([row], "billId"))
    (trade,) = await venue.trades(BTC, TradeCursor(trade_id=None, time_ms=EPOCH_MS))
    assert values(trade.fee, trade.fee_asset, trade.moved) == (0, "USDT", 1)


@pytest.mark.parametrize(
    "row",
    [fill(1, fillSz="0"), fill(1, side="?"), fill(1, posSide="?"), fill(1, instId="ETH-USDT-SWAP"), fill(1, fee="x")],
)
async def test_r8_a_trade_that_is_not_understood_is_a_fault(venue: CcxtVenue, wire: OkxWire, row: object) -> None:
    wire.serve_rows("trade/fills", row)
    with pytest.raises(VenueFault):
        await venue.trades(BTC, TradeCursor(trade_id=None, time_ms=EPOCH_MS))


async def test_a_list_that_does_not_end_is_a_fault(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve("GET", "/api/v5/trade/fills", answer(*[fill(number) for number in range(1, 101)]))
    with pytest.raises(VenueUnreadable, match="end"):
        await venue.trades(BTC, TradeCursor(trade_id=None, time_ms=EPOCH_MS))


async def test_r22_all_orders_are_open_and_done_ones_once_oldest_first(venue: CcxtVenue, wire: OkxWire) -> None:
    def listed(number: int, **more: object) -> dict[str, object]:
        return order(f"id{number}", ordId=str(number), cTime=str(EPOCH_MS + number), **more)

    was_open = listed(3, state="live", accFillSz="0", avgPx="")
    wire.serve_rows("trade/orders-pending", was_open)
    wire.serve("GET", "/api/v5/trade/orders-history", paged([listed(2), listed(3), listed(1)], "ordId"))
    orders = await venue.all_orders(BTC, EPOCH_MS + 2)
    assert [(report.venue_order_id, report.status) for report in orders] == [
        ("2", OrderStatus.FILLED),
        ("3", OrderStatus.FILLED),
    ]
    assert not wire.count("/api/v5/trade/orders-history-archive")


async def test_older_orders_come_from_the_archive_too(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve_rows("trade/orders-pending")
    old = order("id1", ordId="1", cTime=str(EPOCH_MS - 20 * DAY_MS))
    wire.serve_rows("trade/orders-history", order("id2", ordId="2"))
    wire.serve_rows("trade/orders-history-archive", old, order("id2", ordId="2"))
    assert [report.venue_order_id for report in await venue.all_orders(BTC, EPOCH_MS - 30 * DAY_MS)] == ["1", "2"]
    with pytest.raises(VenueUnreadable):
        await venue.all_orders(BTC, EPOCH_MS - 100 * DAY_MS)


async def test_open_orders_are_read_to_the_end(venue: CcxtVenue, wire: OkxWire) -> None:
    rows = [order(f"id{number}", ordId=str(number), state="live", accFillSz="0", avgPx="") for number in range(1, 131)]
    wire.serve("GET", "/api/v5/trade/orders-pending", paged(rows, "ordId"))
    assert len(await venue.open_orders(BTC)) == 130
