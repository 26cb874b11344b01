"""Holdings wherever they are: outside, in Earn, on several venues, in tokens; what is unknown freezes (R5, R8, R11)."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal as D

import pytest

from tests.e2e.harness import Home, Paper, eventually, settings_text, throughout
from tests.e2e.outside import https_server
from tests.e2e.venues import KUCOIN, OKX, PLACES, Place, hedge, held, named, verdict

QUICK = {"dwell_s": '"1"'}
FROZEN_S = 30
"""The last good reading of a number from outside serves for 11 s, the least that can be set."""


def external(where: str, text: str = "") -> str:
    """Settings with 1 BTC in spot and an external number."""
    holdings = f'{{source = "spot", venue = "main"}}, {{source = "external", {where}, refresh_s = 1, max_age_s = 11}}'
    return settings_text(holdings=holdings, top=QUICK) + text


def hedged(home: Home, short: str) -> Callable[[], bool]:
    return lambda: home.paper.short() == D(short)


def sent(home: Home) -> int:
    return len(home.paper.orders())


def test_r5_an_external_file_is_followed_up_and_down(home: Home) -> None:
    file = home.path / "coins.txt"
    file.write_text("0.5")
    home.write(external(f'file = "{file}"'))
    home.daemon("--live")
    eventually("1.5 BTC are hedged", hedged(home, "1.5"))
    file.write_text("0.8\n")
    eventually("0.3 more are followed", hedged(home, "1.8"), within_s=15)
    file.write_text("0.2")
    eventually("the surplus is seen", lambda: held(home, "external", None) == D("0.2"))
    eventually("and given back after the dwell", hedged(home, "1.2"), within_s=15)
    assert home.paper.orders()[-1]["reduce_only"]
    assert sent(home) == 3


@pytest.mark.parametrize(
    ("content", "says"), [(None, "there is no file"), ("-0.5", "expected 0 or more"), ("soon", "is no number")]
)
def test_r8_an_external_file_that_tells_nothing_freezes_the_hedge(home: Home, content: str | None, says: str) -> None:
    file = home.path / "coins.txt"
    file.write_text("0.5")
    home.write(external(f'file = "{file}"'))
    bot = home.daemon("--live")
    eventually("1.5 BTC are hedged", hedged(home, "1.5"))
    file.unlink() if content is None else file.write_text(content)
    eventually("frozen", lambda: verdict(home) == "frozen", within_s=FROZEN_S)
    reason = hedge(home)["reason"]
    assert "external" in reason
    assert says in reason
    home.paper.deposit("-0.5")  # whatever else happens: nothing is sent while one part is unknown
    throughout("no order", lambda: sent(home) == 1, for_s=3)
    assert bot.poll() is None
    file.write_text("1")
    eventually("thawed", lambda: verdict(home) == "balanced", within_s=15)
    assert home.paper.short() == D("1.5")
    assert sent(home) == 1


def test_r8_an_external_address_is_followed_and_its_silence_freezes(home: Home) -> None:
    with https_server(home.path) as outside:
        outside.says = json.dumps({"data": [{"coin": "BTC", "free": 0.5}]})
        home.write(external(f'url = "{outside.url}", path = "data.0.free"'))
        home.daemon("--live", env={"SSL_CERT_FILE": str(outside.ca)}, cold=True)
        eventually("1.5 BTC are hedged", hedged(home, "1.5"))
        outside.says = json.dumps({"data": [{"coin": "BTC", "free": "0.75"}]})
        eventually("followed", hedged(home, "1.75"), within_s=15)
        outside.says = "<html>down for maintenance</html>"
        eventually("frozen", lambda: verdict(home) == "frozen", within_s=FROZEN_S)
        assert "no JSON" in hedge(home)["reason"]
        assert "hunter2" not in (home.path / "log.jsonl").read_text(), "an address may carry a token"
        outside.says = json.dumps({"data": [{"coin": "BTC", "free": "0.75"}]})
        eventually("thawed", lambda: verdict(home) == "balanced", within_s=15)
        assert sent(home) == 2


def test_r8_an_address_whose_certificate_nobody_vouches_for_is_unknown(home: Home) -> None:
    with https_server(home.path) as outside:
        outside.says = '{"free": 0.5}'
        home.write(external(f'url = "{outside.url}", path = "free"'))
        done = home.run_once("--live")
    assert done.returncode == 4, done.stderr
    assert sent(home) == 0
    assert "hunter2" not in done.stdout + done.stderr


def test_r5_a_staking_token_counts_at_its_rate(home: Home) -> None:
    rate = home.path / "rate.json"
    rate.write_text('{"wbeth": "1.08"}')
    token = f'asset = "WBETH", rate_file = "{rate}", rate_path = "wbeth", refresh_s = 1, max_age_s = 11'
    holdings = f'{{source = "spot", venue = "main"}}, {{source = "spot", venue = "main", {token}}}'
    home.write(settings_text(asset="ETH", symbol="ETH/USDT:USDT", holdings=holdings, top=QUICK))
    home.paper.deposit("1", asset="ETH")
    home.paper.deposit("10", asset="WBETH")
    home.daemon("--live")
    eventually("1 + 10 x 1.08 are hedged", lambda: home.paper.short("ETHUSDT") == D("11.8"))
    rate.write_text('{"wbeth": "1.1"}')
    eventually("the rate is followed", lambda: home.paper.short("ETHUSDT") == 12, within_s=15)
    rate.write_text('{"wbeth": "0"}')
    eventually("no rate, no decision", lambda: verdict(home) == "frozen", within_s=FROZEN_S)
    assert "WBETH" in hedge(home)["reason"]
    assert sent(home) == 2


def test_coins_on_two_venues_are_hedged_on_a_third(home: Home) -> None:
    venues = "".join(
        f'\n[venues.{place.exchange}]\nexchange = "{place.exchange}"\nenvironment = "paper"\n'
        for place in (OKX, KUCOIN)
    )
    holdings = '{source = "spot", venue = "okx"}, {source = "spot", venue = "kucoin"}'
    home.write(settings_text(holdings=holdings, top=QUICK) + venues)
    for place in (OKX, KUCOIN):
        home.paper.deposit("-0.5", wallet=place.spot, account=place.account)
    home.daemon("--live")
    eventually("0.5 and 0.5", hedged(home, "1"), within_s=45)
    home.paper.deposit("0.2", wallet="funding", account=OKX.account)
    eventually("more on OKX, in its other wallet", hedged(home, "1.2"), within_s=15)
    home.paper.deposit("0.1", wallet="main", account=KUCOIN.account)
    eventually("more on KuCoin, in its other wallet", hedged(home, "1.3"), within_s=15)
    home.paper.deposit("-0.5", wallet=OKX.spot, account=OKX.account)
    eventually("less on OKX", hedged(home, "0.8"), within_s=20)
    assert sent(home) == 4
    assert home.paper.orders(OKX.account) == home.paper.orders(KUCOIN.account) == []


def earn(paper: Paper, place: Place, product: str, amount: str, notice_s: int = 0) -> None:
    more = {"notice_s": notice_s} if notice_s else {}
    paper.post("/earn", account=place.account, product=product, asset="BTC", amount=amount, **more)


@pytest.mark.parametrize("place", PLACES, ids=named)
def test_r11_coins_on_their_way_through_earn_leave_the_short_alone(home: Home, place: Place) -> None:
    holdings = '{source = "spot", venue = "main"}, {source = "earn", venue = "main"}'
    home.write(settings_text(holdings=holdings, top=QUICK, exchange=place.exchange))
    home.daemon("--live")
    eventually("hedged", lambda: place.short(home.paper) == 1)

    def at_rest(source: str, coins: str) -> bool:
        assert len(place.orders(home.paper)) == 1, "moving coins is no reason to trade"
        return held(home, source) == D(coins) and verdict(home) == "balanced"

    earn(home.paper, place, "flexible", "0.6")
    eventually("seen in flexible Earn", lambda: at_rest("earn", "0.6"))
    earn(home.paper, place, "locked", "0.4")
    eventually("seen in locked Earn", lambda: at_rest("earn", "1"))
    earn(home.paper, place, "locked", "-0.4", notice_s=20)
    eventually("seen on their way", lambda: at_rest("transit", "0.4"))
    eventually("and back in spot", lambda: at_rest("spot", "0.4"), within_s=60)
    earn(home.paper, place, "flexible", "-0.6")
    eventually("all back in spot", lambda: at_rest("spot", "1"))
    throughout("no order", lambda: len(place.orders(home.paper)) == 1, for_s=2.5)
    assert place.short(home.paper) == 1
