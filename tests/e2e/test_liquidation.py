"""A short that the venue liquidates: the bot halts and calls a person, on each venue and in its own words (R25)."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from bot.cli.status import read_status
from bot.domain.errors import JournalFault
from bot.runtime.clock import SystemClock
from tests.e2e.harness import Home, eventually, settings_text, throughout
from tests.e2e.venues import PLACES, Place, named, verdict


def halts(home: Home) -> list[str]:
    try:
        return [halt["code"] for halt in read_status(home.journal, SystemClock())["halts"]]
    except JournalFault:
        return []


@pytest.mark.parametrize("place", PLACES, ids=named)
def test_r25_a_liquidation_halts_for_good(home: Home, place: Place) -> None:
    home.write(settings_text(exchange=place.exchange))
    home.daemon("--live")
    eventually("hedged", lambda: verdict(home) == "balanced" and place.short(home.paper) == 1, within_s=45)
    home.paper.post("/price", asset="BTC", price="210000")
    assert place.short(home.paper) == D(0)
    eventually("halted", lambda: halts(home) == ["liquidation"], within_s=45)
    throughout("nothing is opened again", lambda: place.short(home.paper) == 0, for_s=3)
