"""A coin-margined short on each venue: one order, none while only the price moves, coins followed (R2, R3, R15)."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from tests.e2e.harness import Home, eventually, settings_text, throughout
from tests.e2e.venues import BINANCE, KUCOIN, OKX, PLACES, Place, hedge, named, verdict

UP_AND_DOWN = ("118000", "138000", "150000", "127000", "106000", "88000", "73000", "61000", "50000")
"""+50 %, and from there to -50 % of the start, in steps that a market might make."""


def settings(place: Place, more: str = "") -> str:
    """The coins that margin the short are the holding; on OKX those are the trading account's own."""
    source = "spot" if place is OKX else "margin"
    return settings_text(
        symbol="BTC/USD:BTC",
        holdings=f'{{source = "{source}", venue = "main"}}',
        hedge=more,
        exchange=place.exchange,
        top={"dwell_s": '"1"'},
    )


def contracts(home: Home, place: Place) -> D:
    return home.paper.short(place.inverse, place.account)


def has_decided_at(home: Home, price: str) -> bool:
    return D(hedge(home).get("price") or 0) == D(price) and verdict(home) == "balanced"


def give_margin(home: Home, place: Place, coins: str) -> None:
    home.paper.deposit(coins, wallet=place.margin, account=place.account)


@pytest.mark.parametrize(
    ("place", "ratio", "wanted"),
    [(BINANCE, "1", 99_900), (OKX, "1", 99_900), (KUCOIN, "1", 99_940), (OKX, "0.5", 50_000)],
    ids=["binance", "okx", "kucoin", "okx-half"],
)
def test_r2_one_order_and_none_while_the_price_moves_by_half(home: Home, place: Place, ratio: str, wanted: int) -> None:
    home.write(settings(place, f'ratio = "{ratio}"'))
    if place is not OKX:
        give_margin(home, place, "1")
    home.daemon("--live")
    eventually("hedged", lambda: verdict(home) == "balanced" and contracts(home, place) > 0, within_s=45)
    opened = contracts(home, place)
    # R15: sized net of the fee, which is 0.06 % on KuCoin, and down to whole contracts.
    assert abs(opened * place.usd - wanted) <= place.usd * 2
    assert len(place.orders(home.paper)) == 1
    for price in UP_AND_DOWN:
        home.paper.post("/price", asset="BTC", price=price)
        eventually(f"decides at {price}", lambda: has_decided_at(home, price), within_s=20)  # noqa: B023 - asked at once
        assert len(place.orders(home.paper)) == 1, f"at {price}"
    assert contracts(home, place) == opened
    (position,) = home.paper.account(place.account)["positions"]
    assert position["side"] == "short"
    assert position["liquidation_price"] is None or D(position["liquidation_price"]) > 10_000_000, (
        "R28: backed by its own coins"
    )

    give_margin(home, place, "0.5")
    followed = opened + D("0.5") * D(ratio) * 50_000 / place.usd
    eventually(
        "0.5 more coins are followed", lambda: abs(contracts(home, place) - followed) * place.usd <= 100, within_s=20
    )
    throughout("no third order", lambda: len(place.orders(home.paper)) == 2, for_s=2.5)


@pytest.mark.parametrize("place", PLACES, ids=named)
def test_r11_coins_taken_out_of_the_margin_wallet_reduce_the_short(home: Home, place: Place) -> None:
    home.write(settings(place))
    give_margin(home, place, "0.5" if place is OKX else "1.5")
    home.daemon("--live")
    eventually("1.5 BTC are hedged", lambda: contracts(home, place) * place.usd > 149_000, within_s=45)
    give_margin(home, place, "-0.5")
    eventually("1 BTC is", lambda: abs(contracts(home, place) * place.usd - 99_900) < 300, within_s=20)
    last = place.orders(home.paper)[-1]
    assert (last["side"], last["reduce_only"]) == ("buy", True)
    assert len(place.orders(home.paper)) == 2
