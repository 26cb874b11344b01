"""The bot holds back one venue's orders, after a firewall's page, while all else of it is read on."""

from __future__ import annotations

from decimal import Decimal as D
from pathlib import Path

import pytest

from bot.domain.ids import Symbol
from bot.domain.intent import IntentState
from bot.domain.pair import PairState
from bot.paper.faults import FaultKind
from bot.venue.gateway import CcxtVenue
from tests.pairs.gap import Gap, play
from tests.pairs.test_evening import BOOKS

FAMILIES = {"kucoin": "spot", "okx": "privatePostTradeOrder"}
"""What places spot orders waits with these; books and balances are other families."""
PROOF_S = 40
"""An order whose answer was lost is proven absent within so long."""


def books_read(gap: Gap, venue: str) -> list[str]:
    """Answers of a venue's book from now on."""
    read: list[str] = []

    def look(_process: object, name: str) -> None:
        if name.startswith("GET") and BOOKS[venue] in name:
            read.append(name)

    gap.point = look
    return read


@pytest.mark.parametrize("venue", ["kucoin", "okx"])
def test_no_leg_leaves_while_the_orders_of_the_other_venue_are_paused(tmp_path: Path, venue: str) -> None:
    async def story(gap: Gap) -> None:
        gap.stage.wall(venue, FAMILIES[venue], 60)
        gap.prices("100000", "100200")
        read = books_read(gap, venue)
        await gap.run(50)
        assert not gap.trades
        assert not any(gap.orders(each) for each in gap.venues)
        assert len(read) > 10, "its book can be read"
        assert gap.last is not None
        assert gap.last.verdict == "blocked"
        assert f"{venue}: it asked for a pause of orders" in gap.last.reason
        await gap.until(lambda seen: seen.over)
        (trade,) = gap.trades
        assert [order.state for order in trade.orders] == [IntentState.FILLED] * 2
        assert trade.record.state in {PairState.EVEN, PairState.DUST}

    play(story, tmp_path)


def test_no_leg_leaves_when_the_pause_begins_while_the_other_one_waits_for_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(gap: Gap) -> None:
        slot = CcxtVenue.order_slot

        async def walled(venue: CcxtVenue, symbol: Symbol) -> None:
            await slot(venue, symbol)
            if venue.name == "okx":
                monkeypatch.setattr(CcxtVenue, "order_slot", slot)
                gap.stage.wall("kucoin", FAMILIES["kucoin"], 60)

        monkeypatch.setattr(CcxtVenue, "order_slot", walled)
        gap.prices("100000", "100200")
        await gap.run(30)
        assert CcxtVenue.order_slot is slot, "both legs had their room"
        assert not gap.trades
        await gap.until(lambda seen: seen.over, within_s=60)
        assert len(gap.trades[0].orders) == 2

    play(story, tmp_path)


def test_an_open_leg_is_evened_on_the_venue_whose_orders_are_not_paused(tmp_path: Path) -> None:
    """What a firewall does to OKX's leg: its end is not known, and its order path waits; its books don't."""

    async def story(gap: Gap) -> None:
        gap.trouble("okx", FaultKind.DROP_BEFORE)
        gap.prices("100000", "100200")
        await gap.until(lambda seen: bool(seen.trades), step_s=0.01)
        gap.stage.wall("okx", FAMILIES["okx"], 120)
        await gap.until(lambda seen: seen.over, within_s=150)
        (trade,) = gap.trades
        assert trade.record.naked_ms < PROOF_S * 1000
        assert trade.orders[-1].intent.request.venue == "kucoin"
        assert abs(gap.held() - 2) <= D("0.00000001")

    play(story, tmp_path)
