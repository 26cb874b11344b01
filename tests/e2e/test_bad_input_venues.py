"""Bad input that only shows on some venue: a clear error, nothing sent, nothing lost."""

from __future__ import annotations

import json
import subprocess
from decimal import Decimal as D

import pytest

from tests.e2e.harness import Home, eventually, rarely, settings_text, throughout
from tests.e2e.venues import BINANCE, KUCOIN, OKX, Owner, Place, by_hand, hedge, held, intents, named, verdict

NOBODY = "s3cret-of-nobody-0123456789"
KEY = {"HEDGEBOT_VENUES__MAIN__API_KEY": "paper", "HEDGEBOT_VENUES__MAIN__SECRET": "paper"}
PASSWORD = "HEDGEBOT_VENUES__MAIN__PASSWORD"
WITH_EARN = '{source = "spot", venue = "main"}, {source = "earn", venue = "main"}'
EARN_PATHS = {
    "binance": "/sapi/v1/simple-earn/locked/position",
    "okx": "/api/v5/finance/savings/balance",
    "kucoin": "/api/v1/earn/hold-assets",
}


def one_clear_message(done: subprocess.CompletedProcess[str], code: int, *says: str) -> None:
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stdout == ""
    told = "\n".join(line for line in done.stderr.splitlines() if not line.startswith("{"))
    assert told.count("hedgebot: ") == 1, f"one message:\n{done.stderr}"
    missing = [part for part in says if part not in told]
    assert not missing, f"{missing} not in:\n{told}"
    assert NOBODY not in done.stderr
    assert "Traceback" not in done.stderr


def nothing_sent(home: Home) -> None:
    assert [order for account in home.paper.state()["accounts"].values() for order in account["orders"]] == []


@pytest.mark.parametrize("place", [OKX, KUCOIN], ids=named)
def test_a_passphrase_that_is_missing_is_asked_for(home: Home, place: Place) -> None:
    text = settings_text(exchange=place.exchange)
    home.write(text.replace('environment = "paper"', 'environment = "live"\nreal_money = true'))
    done = home.command("run", "--config", str(home.config), "--live", "--once", "--json", env=KEY)
    one_clear_message(done, 2, "hedge.toml", "venues.main.password", "is missing", f"set {PASSWORD}", "--paper")
    assert not home.journal.exists()


@pytest.mark.parametrize(("place", "code"), [(OKX, "50105"), (KUCOIN, "400004")], ids=["okx", "kucoin"])
def test_a_passphrase_that_is_wrong_is_refused(home: Home, place: Place, code: str) -> None:
    home.write(settings_text(exchange=place.exchange))
    done = home.run_once("--live", env={**KEY, PASSWORD: NOBODY})
    one_clear_message(done, 3, "hedge.toml", "venues.main", code, "passphrase")
    nothing_sent(home)


def test_okx_in_spot_mode_is_refused_with_what_to_do(home: Home) -> None:
    async def spot_mode(owner: Owner) -> None:
        await owner.private_post_account_set_account_level({"acctLv": "1"})

    by_hand(home.paper, OKX, spot_mode)
    home.write(settings_text(exchange="okx"))
    one_clear_message(home.run_once("--live"), 3, "hedge.toml", "spot mode", "acctLv 1", "futures mode")
    nothing_sent(home)


@pytest.mark.parametrize(
    ("asset", "symbol", "says"),
    [("BONK", "100000BONK/USDT:USDT", "multiple of a coin"), ("PEPE", "100PEPE/USDT:USDT", "multiple of a coin")],
)
def test_r7_a_symbol_whose_unit_nobody_knows_is_refused(home: Home, asset: str, symbol: str, says: str) -> None:
    home.write(settings_text(asset=asset, symbol=symbol))
    one_clear_message(home.run_once("--live"), 2, "hedge.toml", f'hedges[0].short.symbol = "{symbol}"', says)
    nothing_sent(home)


@pytest.mark.parametrize("place", [KUCOIN, *rarely(BINANCE, OKX)], ids=named)
def test_r8_earn_that_the_key_may_not_read_freezes_and_says_what_is_missing(home: Home, place: Place) -> None:
    home.write(settings_text(exchange=place.exchange, holdings=WITH_EARN, top={"dwell_s": '"1"'}))
    bot = home.daemon("--live")
    eventually("hedged", lambda: place.short(home.paper) == 1 and verdict(home) == "balanced", within_s=45)
    home.paper.fault(EARN_PATHS[place.exchange], "reject", count=1000, venue=place.exchange)
    eventually("frozen", lambda: verdict(home) == "frozen", within_s=20)
    reason = hedge(home)["reason"]
    assert "earn" in reason.lower(), reason
    assert held(home, "earn") is None, "unknown is never zero"
    home.paper.deposit("0.5", wallet=place.spot, account=place.account)
    throughout("no order", lambda: len(place.orders(home.paper)) == 1, for_s=2.5)
    assert bot.poll() is None
    home.paper.post("/clear-faults")
    eventually("thawed, and follows", lambda: place.short(home.paper) == D("1.5"), within_s=20)


@pytest.mark.parametrize("place", [OKX, *rarely(BINANCE, KUCOIN)], ids=named)
def test_r8_earn_that_the_key_may_not_read_opens_nothing_unless_no_hedge_needs_it(home: Home, place: Place) -> None:
    home.write(settings_text(exchange=place.exchange, holdings=WITH_EARN))
    home.paper.fault(EARN_PATHS[place.exchange], "reject", count=1000, venue=place.exchange)
    done = home.run_once("--live")
    assert done.returncode == 4, done.stdout + done.stderr
    (frozen,) = json.loads(done.stdout)["hedges"]
    assert "earn BTC is unknown" in frozen["reason"]
    assert "ermission" in frozen["reason"]
    assert "Traceback" not in done.stderr
    # For longer than two seconds, too: OKX allows so many reads in two, and each start has a count of its own.
    throughout("nothing is sent", lambda: place.orders(home.paper) == [], for_s=2.5, every_s=0.5)
    nothing_sent(home)

    home.write(settings_text(exchange=place.exchange))
    done = home.run_once("--live")
    assert done.returncode == 0, done.stdout + done.stderr
    assert place.short(home.paper) == 1


def set_status(home: Home, place: Place, status: str) -> None:
    home.paper.post("/status", venue=place.exchange, market="linear", symbol=place.linear, status=status)


@pytest.mark.parametrize(
    ("place", "status"),
    [(BINANCE, "SUSPENDED"), (BINANCE, "DELISTED"), (OKX, "SUSPENDED"), (KUCOIN, "DELISTED")],
    ids=["binance-suspended", "binance-delisted", "okx-suspended", "kucoin-delisted"],
)
def test_a_contract_that_is_not_traded_is_refused_at_the_start(home: Home, place: Place, status: str) -> None:
    set_status(home, place, status)
    home.write(settings_text(exchange=place.exchange))
    one_clear_message(home.run_once("--live"), 3, "BTC/USDT:USDT")
    nothing_sent(home)


@pytest.mark.parametrize("place", [KUCOIN, *rarely(BINANCE, OKX)], ids=named)
def test_a_contract_suspended_while_running_costs_no_order(home: Home, place: Place) -> None:
    home.write(settings_text(exchange=place.exchange, top={"dwell_s": '"1"'}))
    bot = home.daemon("--live")
    eventually("hedged", lambda: place.short(home.paper) == 1 and verdict(home) == "balanced", within_s=45)
    set_status(home, place, "SUSPENDED")
    home.paper.deposit("0.5", wallet=place.spot, account=place.account)
    eventually("seen", lambda: held(home, "spot") == D("1.5") or verdict(home) == "frozen", within_s=15)
    throughout("nothing is accepted", lambda: len(place.orders(home.paper)) == 1, for_s=5)
    assert bot.poll() is None
    assert place.short(home.paper) == 1
    assert len(intents(home)) <= 4, "no storm of refused orders"
    set_status(home, place, "TRADING")
    eventually("hedged as soon as it trades", lambda: place.short(home.paper) == D("1.5"), within_s=60)
