"""Room for an order is that of its own market: what a venue limits and pauses apart is asked for apart."""

from __future__ import annotations

import pytest

from bot.domain.errors import VenueBusy, VenueUnreachable
from bot.domain.ids import Symbol
from bot.domain.moves import Moved, MoveKind
from bot.domain.orders import Acked, Rejected
from bot.venue.binance import endpoints
from bot.venue.binance.family import LINEAR
from bot.venue.binance.ways import WAYS
from bot.venue.gateway import CcxtVenue
from bot.venue.throttle import Cost, Lane
from tests.venue.kucoin_wire import ORDER_ID, KuCoinWire, ok
from tests.venue.test_binance_treasury import MARGIN, spot_order
from tests.venue.test_binance_treasury import ORDER as SPOT_ORDER
from tests.venue.test_commands import ORDER, ticket
from tests.venue.test_kucoin_commands import sell
from tests.venue.treasury import OURS, SPOT, moving, spot_sale
from tests.venue.wire import BTC, COIN_M, EPOCH_MS, HandClock, Reply, Wire, order_body

FEES = "/api/v1/trade-fees"
PLACE, CONTRACTS = "/api/v1/hf/orders", "/api/v1/orders"
WALL = Reply(status=403, text="<html>forbidden</html>")
WALL_MS = 60_000


@pytest.fixture
def taken(venue: CcxtVenue, monkeypatch: pytest.MonkeyPatch) -> list[Cost]:
    """What was asked of the rate limits for orders."""
    throttle = venue._link._throttle
    acquire = throttle.acquire
    costs: list[Cost] = []

    async def noted(cost: Cost, lane: Lane, *, operation: str) -> None:
        if lane is Lane.ORDER:
            costs.append(cost)
        await acquire(cost, lane, operation=operation)

    monkeypatch.setattr(throttle, "acquire", noted)
    return costs


@pytest.mark.parametrize("early", [True, False])
async def test_an_order_takes_room_once_on_its_own_market(
    venue: CcxtVenue, wire: Wire, taken: list[Cost], early: bool
) -> None:
    wire.serve("POST", SPOT_ORDER, spot_order())
    wire.serve("POST", ORDER, order_body(ticket().client_id))
    if early:
        await venue.order_slot(SPOT)
        assert taken == [endpoints.SPOT_PLACE.cost]
    assert isinstance(await venue.place(spot_sale()), Acked)
    assert taken == [endpoints.SPOT_PLACE.cost]
    if early:
        await venue.order_slot(BTC)
        assert taken[1:] == [WAYS.place.cost]
    assert isinstance(await venue.place(ticket()), Acked)
    assert taken == [endpoints.SPOT_PLACE.cost, WAYS.place.cost]
    await venue.place(spot_sale())
    await venue.place(ticket())
    assert taken == [endpoints.SPOT_PLACE.cost, WAYS.place.cost] * 2, "what was used up is asked for anew"


async def test_the_room_of_one_market_is_not_used_up_by_another(
    venue: CcxtVenue, wire: Wire, taken: list[Cost]
) -> None:
    wire.serve("POST", SPOT_ORDER, spot_order())
    await venue.order_slot(COIN_M)
    assert isinstance(await venue.place(spot_sale()), Acked)
    assert taken == [WAYS.place.cost, endpoints.SPOT_PLACE.cost]
    await venue.order_slot(SPOT)
    wire.serve("POST", ORDER, order_body(ticket().client_id))
    await venue.place(ticket())
    assert len(taken) == 3, "any contract's room is a contract's"


async def test_room_that_was_not_used_in_time_is_asked_for_anew(
    venue: CcxtVenue, wire: Wire, clock: HandClock, taken: list[Cost]
) -> None:
    wire.serve("POST", SPOT_ORDER, spot_order())
    await venue.order_slot(SPOT)
    clock.ms += 5_001
    await venue.place(spot_sale(at_ms=clock.ms))
    assert taken == [endpoints.SPOT_PLACE.cost] * 2


async def test_a_move_uses_up_the_room_of_an_order_and_takes_its_own_besides(
    venue: CcxtVenue, wire: Wire, taken: list[Cost]
) -> None:
    wire.serve("POST", MARGIN, {"amount": 25.00000001, "code": 200, "type": 1})
    await venue.order_slot(BTC)
    assert isinstance(await venue.move(moving(MoveKind.ADD_MARGIN)), Moved)
    assert taken.count(WAYS.place.cost) == 1
    assert taken[-1] == LINEAR.add_margin.cost


@pytest.mark.parametrize(("path", "symbol", "other"), [(FEES, SPOT, BTC), (CONTRACTS, BTC, SPOT)])
async def test_a_wall_on_one_market_pauses_its_own_orders_alone(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire, clock: HandClock, path: str, symbol: Symbol, other: Symbol
) -> None:
    venue = kucoin_venue
    assert venue.orders_paused_until_ms(symbol) == 0
    if path == FEES:
        kucoin.serve("GET", path, WALL)
        with pytest.raises(VenueUnreachable):
            await venue.spot_fee(SPOT)
    else:
        kucoin.serve("POST", path, WALL)
        await venue.place(sell(venue.now_ms()))
    with pytest.raises(VenueBusy) as busy:
        await venue.order_slot(symbol)
    until_ms = EPOCH_MS + WALL_MS
    assert busy.value.retry_at_ms == venue.orders_paused_until_ms(symbol) == until_ms
    assert venue.orders_paused_until_ms(other) == 0
    await venue.order_slot(other)
    kucoin.serve("GET", "/api/v1/market/orderbook/level2_100", ok({"bids": [["1", "1"]], "asks": [["2", "1"]]}))
    assert (await venue.spot_book(SPOT)).bids
    clock.ms = until_ms
    assert venue.orders_paused_until_ms(symbol) == 0
    await venue.order_slot(symbol)


async def test_a_pause_stops_a_spot_order_that_has_its_room(kucoin_venue: CcxtVenue, kucoin: KuCoinWire) -> None:
    kucoin.serve("POST", PLACE, ok({"orderId": ORDER_ID, "clientOid": OURS}))
    await kucoin_venue.order_slot(SPOT)
    kucoin_venue._link._throttle.pause("spot", EPOCH_MS + WALL_MS)
    outcome = await kucoin_venue.place(spot_sale(valid_ms=5_000))
    assert outcome == Rejected(code="busy-before-send", message="place a spot order: the venue asked for a pause")
    assert kucoin.count(PLACE) == 0


async def test_a_ban_holds_back_orders_on_every_market(venue: CcxtVenue) -> None:
    venue._link._throttle.ban(EPOCH_MS + 5_000)
    assert [venue.orders_paused_until_ms(symbol) for symbol in (SPOT, BTC, COIN_M)] == [EPOCH_MS + 5_000] * 3
