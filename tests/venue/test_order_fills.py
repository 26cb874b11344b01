"""Binance: what an order says that it filled is held against what is told beside it (R8)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.domain.ids import ClientOrderId
from bot.domain.orders import Found, LookupFailed
from bot.venue.gateway import CcxtVenue
from tests.venue.wire import BTC, Wire, order_body

OURS = ClientOrderId("habcdefghjk000000000000001")
ORDER = "/fapi/v1/order"


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"executedQty": "0.5", "cumQuote": "49995"}, Found),
        ({"executedQty": "0.005", "cumQuote": "49995"}, LookupFailed),
        ({"executedQty": "0", "cumQuote": "49995"}, LookupFailed),
        ({"executedQty": "0.5", "avgPrice": "0", "cumQuote": "49995"}, Found),
        ({"executedQty": "0.5", "avgPrice": "0", "cumQuote": "0"}, LookupFailed),
    ],
)
async def test_r8_what_filled_is_held_against_what_it_is_worth(
    venue: CcxtVenue, wire: Wire, fields: dict[str, str], kind: type
) -> None:
    wire.serve("GET", ORDER, order_body(OURS, status="EXPIRED", **fields))
    found = await venue.find_order(BTC, OURS)
    assert isinstance(found, kind)
    assert not isinstance(found, Found) or found.report.average_price in {Decimal("99990.12345"), Decimal(99990)}
