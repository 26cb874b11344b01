"""A venue, or something in front of it, may repeat what we sent; its words go into the journal and onto the screen."""

from __future__ import annotations

import pytest

from bot import logs
from bot.venue.binance.refusals import refusal_of

KEY = "paperKEY-a-venue-repeats-8c1f"


@pytest.mark.parametrize(
    "text", [f"no access for {KEY}", f"X-MBX-APIKEY: {KEY}", f"bad request /x?k={KEY}&signature=ab12"]
)
def test_what_a_venue_repeats_of_our_key_is_not_kept(text: str) -> None:
    logs.protect([KEY])
    told = refusal_of(403, {"code": -1, "msg": text})
    assert told is not None
    assert KEY not in told.text
    assert "ab12" not in told.text
