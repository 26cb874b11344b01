"""How coins and money are spread over the venues of a cross-exchange hedge, and what a person may move."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import ROUND_FLOOR, Decimal
from itertools import permutations

from bot.core.pair_situation import PairReading, PairSituation, Stock
from bot.domain.ids import Asset
from bot.domain.numbers import ONE
from bot.domain.observation import Book
from bot.domain.pair import Inventory, Room, Transfer


def inventory(situation: PairSituation, coins: Decimal | None) -> Inventory:
    """How many more trades of one size each direction allows, and the transfers that restore the balance.

    A transfer is suggested of what keeps some direction from even one trade: half of the difference between the venue
    that has most of it and the one that has least, so that both directions are open again. Money is moved between
    venues of the same quote currency only. A fee that the user entered is told, and is never more than what is moved.

    Args:
        situation: its stocks and books; a venue whose stock, book or fee is unknown is in no room and no transfer.
        coins: the size of one trade, above 0; None while no size is known.
    """
    if coins is None:
        return Inventory(coins=None)
    known = [reading for reading in situation.readings if isinstance(reading.stock, Stock)]
    rooms = tuple(_rooms(known, coins))
    return Inventory(coins=coins, rooms=rooms, transfers=tuple(_transfers(situation, known, rooms)))


def _rooms(known: Sequence[PairReading], coins: Decimal) -> Iterator[Room]:
    for buy, sell in permutations(known, 2):
        assert isinstance(buy.stock, Stock)
        assert isinstance(sell.stock, Stock)
        if not isinstance(buy.book, Book) or not buy.book.asks or buy.book.asks[0].price <= 0:
            continue
        if buy.taker_fee is None:
            continue
        by_coins = _whole(sell.stock.coins / coins)
        by_quote = _whole(buy.stock.quote / (coins * buy.book.asks[0].price * (ONE + buy.taker_fee)))
        yield Room(
            buy_venue=buy.place.venue,
            sell_venue=sell.place.venue,
            trades=min(by_coins, by_quote),
            by_coins=by_coins,
            by_quote=by_quote,
        )


def _transfers(situation: PairSituation, known: Sequence[PairReading], rooms: Sequence[Room]) -> Iterator[Transfer]:
    if any(room.by_coins == 0 for room in rooms):
        yield from _levelled(
            situation.policy.asset, known, lambda stock: stock.coins, lambda reading: reading.place.coin_transfer_fee
        )
    for quote in sorted({reading.place.quote for reading in known}):
        same = [reading for reading in known if reading.place.quote == quote]
        buyers = {reading.place.venue for reading in same}
        if any(room.by_quote == 0 and room.buy_venue in buyers for room in rooms):
            yield from _levelled(
                quote, same, lambda stock: stock.quote, lambda reading: reading.place.quote_transfer_fee
            )


def _levelled(
    asset: Asset,
    among: Sequence[PairReading],
    amount: Callable[[Stock], Decimal],
    fee: Callable[[PairReading], Decimal | None],
) -> Iterator[Transfer]:
    def held(reading: PairReading) -> Decimal:
        assert isinstance(reading.stock, Stock)
        return amount(reading.stock)

    most, least = max(among, key=held), min(among, key=held)
    moved = (held(most) - held(least)) / 2
    taken = fee(most)
    if moved > (taken or 0):
        yield Transfer(asset=asset, amount=moved, source=most.place.venue, target=least.place.venue, fee=taken)


def _whole(count: Decimal) -> int:
    return max(int(count.to_integral_value(rounding=ROUND_FLOOR)), 0)
