"""Account modes: both position modes work as found; what somebody else holds on the other side is left alone."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from tests.e2e.harness import Home, Paper, eventually, rarely, settings_text, throughout
from tests.e2e.venues import BINANCE, KUCOIN, OKX, PLACES, Owner, Place, by_hand, hedge, named, verdict

SYMBOL = "BTC/USDT:USDT"


async def hedge_mode(owner: Owner) -> None:
    await owner.load_markets()
    await owner.set_position_mode(True, SYMBOL)


async def is_hedge_mode(owner: Owner) -> bool:
    await owner.load_markets()
    return bool((await owner.fetch_position_mode(SYMBOL))["hedged"])


def open_long(paper: Paper, place: Place, *, hedged: bool) -> None:
    """A long of 0.2 BTC that the bot did not open."""
    how = {
        BINANCE: {"positionSide": "LONG"} if hedged else {},
        OKX: {"tdMode": "isolated"} | ({"posSide": "long"} if hedged else {}),
        KUCOIN: {"marginMode": "ISOLATED", "leverage": 1} | ({"positionSide": "LONG"} if hedged else {}),
    }[place]

    async def act(owner: Owner) -> None:
        await owner.load_markets()
        await owner.create_order(SYMBOL, "market", "buy", 0.2 * place.per_coin, None, how)

    by_hand(paper, place, act)


@pytest.mark.parametrize("place", PLACES, ids=named)
def test_hedge_mode_works_without_switching_it(home: Home, place: Place) -> None:
    by_hand(home.paper, place, hedge_mode)
    home.write(settings_text(exchange=place.exchange, top={"dwell_s": '"1"'}))
    home.daemon("--live")
    eventually("hedged", lambda: place.short(home.paper) == 1, within_s=45)
    home.paper.deposit("0.5", wallet=place.spot, account=place.account)
    eventually("followed", lambda: place.short(home.paper) == D("1.5"), within_s=15)
    home.paper.deposit("-1", wallet=place.spot, account=place.account)
    eventually("reduced", lambda: place.short(home.paper) == D("0.5"), within_s=15)
    assert len(place.orders(home.paper)) == 3
    (position,) = home.paper.account(place.account)["positions"]
    assert position["side"] == "short"
    assert by_hand(home.paper, place, is_hedge_mode)


@pytest.mark.parametrize(
    ("place", "hedged"),
    [(BINANCE, False), (KUCOIN, True), *rarely((BINANCE, True), (OKX, False), (OKX, True), (KUCOIN, False))],
    ids=lambda value: value.exchange if isinstance(value, Place) else ("hedge" if value else "one-way"),
)
def test_a_long_that_we_did_not_open_is_refused_and_left_alone(home: Home, place: Place, hedged: bool) -> None:
    if hedged:
        by_hand(home.paper, place, hedge_mode)
    open_long(home.paper, place, hedged=hedged)
    assert place.short(home.paper) == D("-0.2")
    home.write(settings_text(exchange=place.exchange))
    done = home.run_once("--live")
    assert done.returncode == 3, done.stdout + done.stderr
    assert done.stdout == ""
    assert "a long of" in done.stderr
    assert "Traceback" not in done.stderr
    assert place.short(home.paper) == D("-0.2"), "untouched"
    assert len(place.orders(home.paper)) == 1, "only the one by hand"
    if place is BINANCE:
        assert home.paper.leverage_and_mode() == (20, "CROSSED"), "as it was: the bot sets nothing under it"


@pytest.mark.parametrize("place", [OKX, *rarely(BINANCE, KUCOIN)], ids=named)
def test_a_long_that_appears_while_running_freezes_and_is_left_alone(home: Home, place: Place) -> None:
    by_hand(home.paper, place, hedge_mode)
    home.write(settings_text(exchange=place.exchange, top={"dwell_s": '"1"'}))
    bot = home.daemon("--live")
    eventually("hedged", lambda: place.short(home.paper) == 1 and verdict(home) == "balanced", within_s=45)
    open_long(home.paper, place, hedged=True)
    home.paper.deposit("0.5", wallet=place.spot, account=place.account)
    eventually("no longer at peace", lambda: verdict(home) not in {"balanced", "order", ""}, within_s=15)
    throughout("no order", lambda: len(place.orders(home.paper)) == 2, for_s=3)
    assert "a long of" in hedge(home)["reason"]
    assert bot.poll() is None
