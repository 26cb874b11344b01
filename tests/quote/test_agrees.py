"""What is quoted is what is then paid, to the cent: hedges opened, funded and closed by the real command over TLS."""

from __future__ import annotations

import json
from decimal import Decimal as D
from typing import Any

import pytest

from tests.e2e.harness import FAST, Home, eventually
from tests.e2e.venues import BINANCE, KUCOIN, OKX, PLACES, Owner, Place, by_hand, named

CENT = D("0.01")
THIRD = {
    BINANCE: {"spot": "0.3", "linear": "0.3", "inverse": "300"},
    OKX: {"spot": "0.3", "linear": "30", "inverse": "300"},
    KUCOIN: {"spot": "0.3", "linear": "300", "inverse": "30000"},
}
"""Of the first level: so little that 1 BTC takes three."""
SPOT = {BINANCE: "BTCUSDT", OKX: "BTC-USDT", KUCOIN: "BTC-USDT"}
USD_WALLET = {BINANCE: "usdm", OKX: "trading", KUCOIN: "futures"}


def two_hedges(place: Place) -> str:
    """1 BTC kept elsewhere hedged by a linear short, and 1 BTC of margin by a coin-margined one."""
    source = "spot" if place is OKX else "margin"
    return "\n".join(
        [
            *(f"{name} = {value}" for name, value in FAST.items()),
            "[journal]",
            'path = "journal.db"',
            "[venues.main]",
            f'exchange = "{place.exchange}"',
            'environment = "paper"',
            "[[hedges]]",
            'name = "linear"',
            'kind = "spot-perp"',
            'asset = "BTC"',
            'holdings = [{source = "external", amount = "1"}]',
            'short = {venue = "main", symbol = "BTC/USDT:USDT"}',
            "[[hedges]]",
            'name = "inverse"',
            'kind = "spot-perp"',
            'asset = "BTC"',
            f'holdings = [{{source = "{source}", venue = "main"}}]',
            'short = {venue = "main", symbol = "BTC/USD:BTC"}',
            "",
        ]
    )


def quoted(home: Home, *words: str) -> dict[str, Any]:
    """By kind."""
    done = home.command("quote", "--asset", "BTC", "--amount", "1", "--days", "30", *words, "--json")
    assert done.returncode == 0, done.stderr
    return {each["kind"]: each for each in json.loads(done.stdout)["alternatives"]}


def shallow(home: Home, place: Place) -> None:
    """Books in which 1 BTC takes several levels."""
    names = {"spot": SPOT[place], "linear": place.linear, "inverse": place.inverse}
    for market, quantity in THIRD[place].items():
        home.paper.post("/depth", venue=place.exchange, market=market, symbol=names[market], quantity=quantity)


def money(home: Home, place: Place) -> tuple[D, D]:
    """USDT and BTC of the wallets that margin."""
    wallets = home.paper.account(place.account)["wallets"]
    return D(wallets[USD_WALLET[place]].get("USDT", "0")), D(wallets[place.margin].get("BTC", "0"))


def entries(home: Home, place: Place) -> dict[str, D]:
    return {row["symbol"]: D(row["entry_price"]) for row in home.paper.account(place.account)["positions"]}


@pytest.mark.parametrize("place", PLACES, ids=named)
def test_both_shorts_pay_what_was_quoted(home: Home, place: Place) -> None:
    shallow(home, place)
    home.paper.deposit("1", wallet=place.margin, account=place.account)
    if place is OKX:  # there the coins of the start margin it; now the account has been opened
        home.paper.deposit("-1", wallet=place.margin, account=place.account)
    home.write(two_hedges(place))
    told = quoted(home, "--config", str(home.config), *home.paper.options())
    linear, inverse = told["spot-perp-linear"], told["spot-perp-inverse"]
    assert linear["opening"]["worst_price"] < linear["opening"]["average_price"], "several levels"
    before = money(home, place)

    bot = home.daemon("--live")
    eventually("both hedged", lambda: len(entries(home, place)) == 2 and no_more(home, place), within_s=45)
    # What it costs to open: the prices and the fees, each in what the venue takes.
    held = entries(home, place)
    assert abs(held[place.linear] - D(linear["opening"]["average_price"])) < CENT
    assert abs(held[place.inverse] - D(inverse["opening"]["average_price"])) < CENT
    contracts = {row["symbol"]: row["contracts"] for row in home.paper.account(place.account)["positions"]}
    assert contracts == {
        place.linear: linear["opening"]["quantity"],
        place.inverse: inverse["opening"]["quantity"],
    }
    opened = money(home, place)
    assert before[0] - opened[0] == pytest.approx(D(linear["opening"]["fee_amount"]), abs=D("1e-7"))
    assert before[1] - opened[1] == pytest.approx(D(inverse["opening"]["fee_amount"]), abs=D("1e-7"))
    (liquidation,) = (
        D(row["liquidation_price"])
        for row in home.paper.account(place.account)["positions"]
        if row["symbol"] == place.linear
    )
    assert liquidation == pytest.approx(D(linear["margin"]["liquidation_price"]), rel=D("0.001"))

    # One payment of funding.
    rate = linear["funding"]["current"]["rate"]
    home.paper.post("/funding", asset="BTC", rate=rate)
    funded = money(home, place)
    assert abs(funded[0] - opened[0] - D(linear["funding"]["current"]["per_payment"])) < CENT
    assert abs((funded[1] - opened[1]) * D(inverse["price"]) - D(inverse["funding"]["current"]["per_payment"])) < CENT

    # Closing: what is left of the money is fees, spread and depth of both ways, and the payment.
    assert home.command("unwind", "--journal", str(home.journal), "--yes").returncode == 0
    eventually("both closed", lambda: not entries(home, place), within_s=45)
    home.stop(bot)
    closed = money(home, place)
    paid = D(linear["round_trip"]) + D(linear["funding"]["current"]["per_payment"])
    assert abs(closed[0] - before[0] - paid) < CENT
    coins = closed[1] - funded[1] + (opened[1] - before[1])
    assert abs(coins * D(inverse["price"]) - D(inverse["round_trip"])) < CENT


def test_the_demo_pays_what_was_quoted(home: Home) -> None:
    linear = quoted(home, "--paper")["spot-perp-linear"]
    done = home.command("demo", "--scenario", "btc-drop", "--json")
    (hedge,) = json.loads(done.stdout)["hedges"]
    pnl = {name: D(value) for name, value in hedge["pnl"].items()}
    assert pnl["fees"] == -D(linear["opening"]["fee"])
    assert pnl["execution"] == D(linear["opening"]["spread"]) + D(linear["opening"]["depth"])
    assert pnl["net"] == D(linear["opening"]["total"])


def no_more(home: Home, place: Place) -> bool:
    """Every order is done."""
    return all(order["status"] == "filled" for order in place.orders(home.paper))


@pytest.mark.parametrize("place", PLACES, ids=named)
def test_an_exit_to_a_stablecoin_pays_what_was_quoted(home: Home, place: Place) -> None:
    shallow(home, place)
    sold = quoted(home, "--exchange", place.exchange, *home.paper.options())["stablecoin"]

    def wallet() -> tuple[D, D]:
        held = home.paper.account(place.account)["wallets"][place.spot]
        return D(held["USDT"]), D(held.get("BTC", "0"))

    async def exchange(owner: Owner, order: dict[str, str]) -> None:
        owner.options["defaultType"] = "spot"
        await owner.load_markets()
        limit = D(order["worst_price"])
        await owner.create_order(
            "BTC/USDT", "limit", order["side"], float(order["quantity"]), float(limit), {"timeInForce": "IOC"}
        )

    by_hand(home.paper, place, lambda owner: exchange(owner, sold["opening"]))
    before = (D(200_000) if place is not OKX else D(400_000), D(1))
    opened = wallet()
    got = opened[0] - before[0]
    assert opened[1] == 0
    assert abs(got - D(sold["opening"]["average_price"]) - D(sold["opening"]["fee"])) < CENT
    by_hand(home.paper, place, lambda owner: exchange(owner, sold["closing"]))
    closed = wallet()
    assert 0 <= closed[1] - before[1] < D("0.0001"), "as many coins as before, to a step"
    # The step that was bought beyond, at its price, is no cost.
    beyond = (closed[1] - before[1]) * D(sold["closing"]["worst_price"])
    assert abs(closed[0] + beyond - before[0] - D(sold["round_trip"])) < CENT
