"""How many more trades there is room for, and what a person may move."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.core.inventory import inventory
from bot.core.pair_situation import PairReading, PairSituation, Stock
from bot.domain.ids import VenueName
from bot.domain.observation import Unknown
from bot.domain.pair import Transfer
from tests.core.pairs import BTC, BUYING, FRESH, KUCOIN, OKX, SELLING, SITUATION, USDC, USDT, book, with_both


def holding(reading: PairReading, coins: str, quote: str) -> PairReading:
    return replace(reading, stock=Stock(coins=D(coins), quote=D(quote), stamp=FRESH))


def rooms(situation: PairSituation, coins: str = "0.5") -> dict[tuple[VenueName, VenueName], tuple[int, int, int]]:
    found = inventory(situation, D(coins)).rooms
    return {(room.buy_venue, room.sell_venue): (room.trades, room.by_coins, room.by_quote) for room in found}


def test_each_direction_tells_how_many_more_trades_it_allows() -> None:
    situation = with_both(SITUATION, holding(BUYING, "2.49", "100020"), holding(SELLING, "1", "50115"))
    assert rooms(situation) == {(KUCOIN, OKX): (2, 2, 2), (OKX, KUCOIN): (0, 4, 0)}


def test_an_unknown_size_has_no_room() -> None:
    found = inventory(SITUATION, None)
    assert (found.coins, found.rooms, found.transfers) == (None, (), ())
    assert inventory(SITUATION, D("0.5")).coins == D("0.5")


def test_a_coin_that_costs_less_than_one_unit_of_money_has_room() -> None:
    cheap = replace(holding(BUYING, "0", "5"), book=book([("0.4", "9")], [("0.5", "9")]), taker_fee=D(0))
    assert rooms(with_both(SITUATION, cheap, holding(SELLING, "9", "0")), "1")[KUCOIN, OKX] == (9, 9, 10)


@pytest.mark.parametrize(
    "reading",
    [
        replace(BUYING, stock=Unknown(what="balance", reason="HTTP 503")),
        replace(BUYING, book=Unknown(what="book", reason="HTTP 503")),
        replace(BUYING, book=book([("1", "1")], [])),
        replace(BUYING, book=book([], [("0", "1")])),
        replace(BUYING, taker_fee=None),
    ],
)
def test_what_is_not_known_is_in_no_room(reading: PairReading) -> None:
    found = rooms(with_both(SITUATION, reading))
    assert (KUCOIN, OKX) not in found
    # What the other direction needs is known but for an unknown stock.
    assert ((OKX, KUCOIN) in found) is isinstance(reading.stock, Stock)


def test_the_transfer_that_restores_the_balance_is_told_with_the_fee_as_entered() -> None:
    rich = holding(BUYING, "2", "0")
    entered = replace(rich, place=replace(rich.place, coin_transfer_fee=D("0.0002")))
    poor = holding(SELLING, "0", "200000")
    found = inventory(with_both(SITUATION, entered, poor), D("0.5")).transfers
    assert found == (
        Transfer(asset=BTC, amount=D(1), source=KUCOIN, target=OKX, fee=D("0.0002")),
        Transfer(asset=USDT, amount=D(100_000), source=OKX, target=KUCOIN, fee=None),
    )


def test_half_of_the_difference_is_moved_however_little_it_is() -> None:
    rich = holding(BUYING, "1.5", "0.5")
    poor = holding(SELLING, "0.25", "1.5")
    entered = replace(poor, place=replace(poor.place, quote_transfer_fee=D("0.1")))
    found = inventory(with_both(SITUATION, rich, entered), D("0.5")).transfers
    assert found == (
        Transfer(asset=BTC, amount=D("0.625"), source=KUCOIN, target=OKX, fee=None),
        Transfer(asset=USDT, amount=D("0.5"), source=OKX, target=KUCOIN, fee=D("0.1")),
    )


def test_nothing_is_moved_while_both_directions_are_open_or_for_less_than_its_fee() -> None:
    assert (
        inventory(with_both(SITUATION, holding(BUYING, "1", "100100"), holding(SELLING, "9", "100500")), D(1)).transfers
        == ()
    )
    rich = holding(BUYING, "0.0004", "200000")
    dear = replace(rich, place=replace(rich.place, coin_transfer_fee=D("0.0002")))
    assert inventory(with_both(SITUATION, dear, holding(SELLING, "0", "200000")), D("0.5")).transfers == ()
    empty = with_both(SITUATION, holding(BUYING, "0", "0"), holding(SELLING, "0", "0"))
    assert inventory(empty, D("0.5")).transfers == ()


def test_money_is_moved_between_venues_of_one_quote_only() -> None:
    other = replace(SELLING, place=replace(SELLING.place, quote=USDC))
    situation = with_both(SITUATION, holding(BUYING, "1", "0"), holding(other, "1", "200000"))
    assert inventory(situation, D(1)).transfers == ()
