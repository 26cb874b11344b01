"""A second source for the coin's price: never one that is the first one again (R12)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

from bot.core.exit_books import ExitMarket, second_source
from bot.core.usd_bars import BeliefMemory, believe
from bot.domain.ids import Asset
from bot.domain.observation import Unknown
from bot.domain.usd import UsdPrice
from tests.core.exits import BTC, NOW, USDC, USDT, book, market, unknown, usd

ETH = Asset("ETH")


def priced(worth: str, through: Asset | None) -> UsdPrice:
    return replace(usd(USDT, D(worth)), through=through)


def second(coin: Asset, pegs: dict[Asset, UsdPrice | Unknown], *, bids: bool = True) -> D | None:
    read = book(D(100_000), D(100_010))
    at = {
        USDC: ExitMarket(market=market(coin, USDC), book=None),
        USDT: ExitMarket(market=market(coin, USDT), book=read if bids else replace(read, bids=())),
    }
    return second_source(coin, at, {USDC: usd(USDC, D(1)), **pegs})


def test_its_market_in_a_stablecoin_that_has_a_price_of_its_own() -> None:
    assert second(BTC, {USDT: priced("0.99", None)}) == 99_000
    assert second(ETH, {USDT: priced("0.99", BTC)}) == 99_000, "by another coin"


def test_a_stablecoin_that_is_priced_by_the_coin_itself_says_nothing() -> None:
    assert second(BTC, {USDT: priced("0.89", BTC)}) is None


def test_without_a_book_or_a_price_there_is_none() -> None:
    assert second(BTC, {USDT: unknown()}) is None
    assert second(BTC, {USDT: priced("1", None)}, bids=False) is None


def test_an_index_that_jumps_is_not_confirmed_by_itself() -> None:
    """The index tells 10 % less than the market, so a stablecoin that goes by both seems to be worth 10 % less."""
    peg = priced("0.9", BTC)
    memory = BeliefMemory(accepted=D(100_000))
    prices = []
    for step in range(3):
        now_ms = NOW + step * 5_000
        price, _, memory = believe(
            memory,
            usd(BTC, D(90_000), now_ms),
            second=second(BTC, {USDT: peg}),
            last_close=None,
            now_ms=now_ms,
            age_max_s=D(15),
        )
        prices.append(price)
    assert prices == [None, None, D(90_000)], "three readings that agree are believed"
