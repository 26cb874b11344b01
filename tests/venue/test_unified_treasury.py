"""An exchange without a package of its own: no spot orders, no moves, said cleanly and before anything is sent."""

from __future__ import annotations

import pytest

from bot.domain.errors import ConfigFault, NotOffered
from bot.domain.ids import VenueOrderId
from bot.domain.moves import MoveKind
from bot.domain.orders import LookupFailed, Rejected, TradeCursor
from bot.paper.world import default_world
from bot.runtime.clock import SystemClock
from tests.venue.treasury import OURS, SPOT, USDT, moving, spot_sale
from tests.venue.unified_paper import BTC, unverified


async def test_nothing_of_the_treasury_is_offered() -> None:
    clock = SystemClock()
    async with unverified("binance", default_world(clock.now_ms)) as venue:
        now_ms = venue.now_ms()
        with pytest.raises(ConfigFault):
            venue.spot_market(SPOT)
        for reading in (
            venue.spot_book(SPOT),
            venue.free_to_move(USDT),
            venue.moves(MoveKind.TRANSFER, BTC, now_ms),
            venue.dead_man(BTC, 30),
            venue.open_orders(SPOT),
            venue.all_orders(SPOT, now_ms),
            venue.trades(SPOT, TradeCursor(trade_id=None, time_ms=now_ms)),
        ):
            with pytest.raises(NotOffered):
                await reading
        for outcome in (
            await venue.place(spot_sale(at_ms=now_ms)),
            await venue.move(moving(MoveKind.TRANSFER, at_ms=now_ms)),
            await venue.cancel(SPOT, OURS),
        ):
            assert isinstance(outcome, Rejected), outcome
            assert outcome.code == "not-offered"
        for lookup in (await venue.find_order(SPOT, OURS), await venue.find_venue_order(SPOT, VenueOrderId("1"))):
            assert isinstance(lookup, LookupFailed), lookup
