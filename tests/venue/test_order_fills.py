"""What an order of ours says that it filled is held against what is told beside it (R8)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.domain.ids import ClientOrderId, VenueOrderId
from bot.domain.orders import Acked, Found, LookupFailed, OutcomeUnknown
from bot.venue.fills import check_fill
from bot.venue.gateway import CcxtVenue
from tests.venue.test_commands import ORDER, OURS, ticket, trade_row
from tests.venue.wire import BTC, EPOCH_MS, Wire, order_body

D = Decimal
FOREIGN = ClientOrderId("web_123")


@pytest.mark.parametrize(
    ("prices", "fine"),
    [
        (("100", "100.01", "99.5"), True),
        (("100", "200", None), True),
        (("100", "200.01"), False),
        (("100", "0"), True),
        (("100", None), True),
        (("100", "-100"), True),
        ((), True),
    ],
)
def test_prices_of_the_same_fills_are_alike(prices: tuple[str | None, ...], *, fine: bool) -> None:
    told = [None if price is None else D(price) for price in prices]
    check_fill(FOREIGN, D(1), beside=D(1), prices=told)
    check_fill(None, D(1), beside=D(1), prices=told)
    if fine:
        check_fill(OURS, D(1), beside=D(1), prices=told)
    else:
        with pytest.raises(ValueError, match="filled at prices from 100 to 200"):
            check_fill(OURS, D(1), beside=D(1), prices=told)


def test_nothing_is_worth_nothing() -> None:
    check_fill(OURS, D(0), beside=D(0), prices=[D(100), D(900)])
    check_fill(FOREIGN, D(0), beside=D(5), prices=[])
    with pytest.raises(ValueError, match="nothing filled, but 5 is told of it"):
        check_fill(OURS, D(0), beside=D(5), prices=[])


@pytest.mark.parametrize(
    ("fields", "average"),
    [
        ({"executedQty": "0.5", "cumQuote": "49995"}, "99990.12345"),
        ({"executedQty": "0.5", "avgPrice": "0", "cumQuote": "49995"}, "99990"),
        ({"executedQty": "0.5", "cumQuote": None}, "99990.12345"),
        ({"executedQty": "0.005", "cumQuote": "49995"}, None),
        ({"executedQty": "0", "cumQuote": "49995"}, None),
        ({"executedQty": "0.5", "avgPrice": "0", "cumQuote": "0"}, None),
        ({"executedQty": "0.5", "avgPrice": "999", "cumQuote": "499.5", "price": "99500"}, None),
    ],
)
async def test_what_an_order_filled_is_held_against_what_it_is_worth(
    venue: CcxtVenue, wire: Wire, fields: dict[str, str], average: str | None
) -> None:
    wire.serve("GET", ORDER, order_body(OURS, status="EXPIRED", **fields))
    found = await venue.find_order(BTC, OURS)
    assert isinstance(found, LookupFailed if average is None else Found)
    assert not isinstance(found, Found) or found.report.average_price == D(str(average))


async def test_fills_that_are_no_whole_steps_are_believed_once_trades_make_them_up(
    venue: CcxtVenue, wire: Wire
) -> None:
    """BTCUSDT trades in steps of 0.001; the step may have become finer since the lists were read."""
    finer = order_body(OURS, status="CANCELED", origQty="1", executedQty="0.0005")
    for method in ("GET", "POST", "DELETE"):
        wire.serve(method, ORDER, finer)
    wire.serve("GET", "/fapi/v1/userTrades", [])
    assert isinstance(await venue.find_order(BTC, OURS), LookupFailed)
    assert isinstance(await venue.place(ticket()), OutcomeUnknown)
    assert isinstance(await venue.cancel(BTC, OURS), OutcomeUnknown)
    part = {**trade_row(1, EPOCH_MS), "orderId": 4711, "qty": "0.0003"}
    other = {**trade_row(2, EPOCH_MS), "orderId": 4712, "qty": "0.0002"}
    wire.serve("GET", "/fapi/v1/userTrades", [part, other])
    assert isinstance(await venue.find_order(BTC, OURS), LookupFailed)
    wire.serve("GET", "/fapi/v1/userTrades", [part, {**other, "orderId": 4711}])
    assert isinstance(await venue.find_order(BTC, OURS), Found)
    assert isinstance(await venue.cancel(BTC, OURS), Acked)


async def test_other_peoples_orders_are_read_whatever_they_filled(venue: CcxtVenue, wire: Wire) -> None:
    finer = order_body(FOREIGN, status="CANCELED", origQty="1", executedQty="0.0005", cumQuote="1")
    wire.serve("GET", ORDER, finer)
    wire.serve("GET", "/fapi/v1/openOrders", [finer])
    assert isinstance(await venue.find_venue_order(BTC, VenueOrderId("4711")), Found)
    assert len(await venue.open_orders(BTC)) == 1
