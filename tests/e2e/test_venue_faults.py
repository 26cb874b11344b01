"""What goes wrong on the way to OKX and KuCoin must cost a turn, never an order."""

from __future__ import annotations

import random  # noqa: TID251 - seeded here, to choose moments
import subprocess
from collections.abc import Callable
from decimal import Decimal as D

import pytest

from tests.e2e.harness import Home, eventually, rarely, settings_text, throughout
from tests.e2e.venues import KUCOIN, OKX, Place, intents, named, verdict

STEP = D("0.001")
READS = {
    "okx": ("/api/v5/account/positions", "/api/v5/account/balance"),
    "kucoin": ("/api/v1/positions", "/api/v1/account-overview"),
}
CASES = [
    *((place, READS[place.exchange][0], "empty-list") for place in (OKX, KUCOIN)),
    *((place, READS[place.exchange][1], "html-200") for place in (OKX, KUCOIN)),
    # KuCoin's answer to account-overview has no list.
    *rarely(
        (OKX, READS["okx"][1], "empty-list"),
        *((place, READS[place.exchange][0], "html-200") for place in (OKX, KUCOIN)),
    ),
]


def never_above(home: Home, place: Place, target: D) -> Callable[[], bool]:
    def closed() -> bool:
        short = place.short(home.paper)
        assert short <= target + STEP, f"short {short} above its target {target}"
        return short == target

    return closed


def every_order_has_one_intent(home: Home, place: Place) -> None:
    known = intents(home)
    accepted = [order["client_id"] for order in place.orders(home.paper)]
    assert len(set(known)) == len(known)
    assert len(set(accepted)) == len(accepted)
    assert set(accepted) <= set(known)


def more_margin(home: Home, place: Place) -> None:
    wallet = "trading" if place is OKX else "futures"
    home.paper.deposit("400000", asset="USDT", wallet=wallet, account=place.account)


def deposit(home: Home, place: Place) -> None:
    home.paper.deposit("0.05", wallet=place.spot, account=place.account)


@pytest.mark.parametrize("place", [OKX, KUCOIN], ids=named)
def test_f01_lost_answers_never_double_the_short(home: Home, place: Place) -> None:
    """drop-after: the order takes effect, its answer never comes (R20)."""
    lost = 6
    more_margin(home, place)
    home.paper.fault(place.order, "drop-after", count=lost, method="POST", venue=place.exchange)
    home.write(settings_text(exchange=place.exchange))
    home.daemon("--live")
    target = D(1)
    for _ in range(lost):
        eventually(f"hedged at {target}", never_above(home, place, target), within_s=90)
        deposit(home, place)
        target += D("0.05")
    eventually("the last gap closes", never_above(home, place, target), within_s=90)
    every_order_has_one_intent(home, place)
    assert len(place.orders(home.paper)) == lost + 1


@pytest.mark.parametrize("kind", ["http-503-after", *rarely("drop-before", "html-200", "reject")])
@pytest.mark.parametrize("place", [OKX, KUCOIN], ids=named)
def test_f04_answers_that_say_nothing(home: Home, place: Place, kind: str) -> None:
    home.paper.fault(place.order, kind, count=1, method="POST", venue=place.exchange)
    home.write(settings_text(exchange=place.exchange))
    home.daemon("--live")
    eventually("hedged", never_above(home, place, D(1)), within_s=90)
    assert len(place.orders(home.paper)) == 1
    every_order_has_one_intent(home, place)


@pytest.mark.parametrize(("place", "path", "kind"), CASES, ids=lambda value: getattr(value, "exchange", value))
def test_f27_unreadable_reads_freeze_the_hedge(home: Home, place: Place, path: str, kind: str) -> None:
    home.write(settings_text(exchange=place.exchange, top={"dwell_s": '"1"'}))
    bot = home.daemon("--live")
    eventually("settled", lambda: place.short(home.paper) == 1 and verdict(home) == "balanced", within_s=45)
    home.paper.fault(path, kind, count=1000, venue=place.exchange)
    eventually("frozen, and says so", lambda: verdict(home) == "frozen", within_s=20)
    deposit(home, place)
    throughout("no order", lambda: len(place.orders(home.paper)) == 1, for_s=3)
    home.paper.post("/clear-faults")
    eventually("thawed, and follows", never_above(home, place, D("1.05")), within_s=30)
    assert len(place.orders(home.paper)) == 2
    assert bot.poll() is None


@pytest.mark.parametrize("place", [OKX, KUCOIN], ids=named)
def test_f27_an_unreadable_position_opens_nothing_at_the_start(home: Home, place: Place) -> None:
    home.write(settings_text(exchange=place.exchange))
    home.paper.fault(READS[place.exchange][0], "http-503", count=1000, venue=place.exchange)
    done = home.run_once("--live")
    assert done.returncode in {3, 4, 5}, done.stdout + done.stderr
    assert place.orders(home.paper) == []


@pytest.mark.torture
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("place", [OKX, KUCOIN], ids=named)
def test_f12_five_kills_lose_nothing_and_double_nothing(home: Home, place: Place) -> None:
    """kill -9 at a random moment after the coins changed, then a restart on what was committed."""
    more_margin(home, place)
    rng = random.Random(3)  # noqa: S311 - a reproducible choice of moments
    home.write(settings_text(exchange=place.exchange))
    bot = home.daemon("--live")
    target = D(1)
    eventually("hedged", never_above(home, place, target), within_s=60)
    for _ in range(5):
        deposit(home, place)
        target += D("0.05")
        if rng.random() < 0.5:
            home.paper.fault(place.order, "drop-after", count=1, method="POST", venue=place.exchange)
        with pytest.raises(subprocess.TimeoutExpired):
            bot.wait(timeout=rng.uniform(0, 3))
        bot.kill()
        bot.wait(timeout=10)
        assert place.short(home.paper) <= target + STEP
        bot = home.daemon("--live")
        eventually(f"hedged at {target}", never_above(home, place, target), within_s=150)
    every_order_has_one_intent(home, place)
