"""What takers pay on spot: the market's rate, until the venue or one account is given another."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.paper.engine.defaults import KUCOIN_LISTINGS, KUCOIN_STARTING
from bot.paper.engine.exchange import Exchange
from bot.paper.engine.layout import KUCOIN
from bot.paper.engine.model import NewOrder, OrderKind, Refusal, Side, TimeInForce

D = Decimal
MARKET = "spot:BTC-USDT"


@pytest.fixture
def kucoin() -> Exchange:
    return Exchange(
        name="kucoin",
        listings=KUCOIN_LISTINGS,
        starting=KUCOIN_STARTING,
        time_ms=lambda: 1_700_000_000_000,
        layout=KUCOIN,
    )


def buy(exchange: Exchange, key: str, price: str = "101000", quantity: str = "1") -> Decimal:
    """The fee of a buy of one coin at 100,001."""
    order = NewOrder(
        listing_key=MARKET,
        client_id=f"{key}-{price}",
        side=Side.BUY,
        kind=OrderKind.LIMIT,
        tif=TimeInForce.IOC,
        quantity=D(quantity),
        price=D(price),
    )
    exchange.submit(key, order)
    trade = exchange.account(key).trades(MARKET)[-1]
    assert trade.fee_asset == "USDT"
    return trade.fee


def test_the_venues_rate_is_what_every_account_without_its_own_pays(kucoin: Exchange) -> None:
    assert buy(kucoin, "paper-a") == D("100.001")

    kucoin.set_spot_fee(D("0.0002"))

    assert buy(kucoin, "paper-b") == D("20.0002")
    maker, taker = kucoin.account("paper-b").fees(kucoin.listing(MARKET))
    assert (maker, taker) == (D("0.0002"), D("0.0002")), "no maker pays more than a taker"
    linear = kucoin.listing("linear:XBTUSDTM")
    assert kucoin.account("paper-b").fees(linear) == (D("0.0002"), D("0.0006")), "contracts are not touched"


def test_an_accounts_own_rate_is_its_alone(kucoin: Exchange) -> None:
    kucoin.set_spot_fee(D("0.0005"), "paper-a")
    kucoin.set_spot_fee(D("0.002"))

    assert buy(kucoin, "paper-a") == D("50.0005")
    assert buy(kucoin, "paper-b") == D("200.002")
    assert kucoin.account("paper-a").trades(MARKET)[-1].fee_rate == D("0.0005")


def test_a_buy_must_be_able_to_pay_its_own_rate(kucoin: Exchange) -> None:
    kucoin.deposit("paper-a", "trade", "USDT", D("-99900"))  # 100,100 are left
    with pytest.raises(Refusal, match="insufficient-balance"):
        buy(kucoin, "paper-a")

    kucoin.set_spot_fee(D("0.0009"), "paper-a")

    assert buy(kucoin, "paper-a") == D("90.0009")


@pytest.mark.parametrize("rate", ["-0.001", "0.1", "NaN"])
def test_a_rate_is_a_small_fraction(kucoin: Exchange, rate: str) -> None:
    with pytest.raises(Refusal, match="bad-amount"):
        kucoin.set_spot_fee(D(rate))
    assert buy(kucoin, "paper-a") == D("100.001")
