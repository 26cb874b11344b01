"""What an order of ours says that it filled, held against what is told beside it (R8).

Of other people's orders nobody uses the fills: they may be older than the market's step, or of a kind unknown here.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from bot.domain.ids import ClientOrderId, epoch_of
from bot.domain.numbers import plain

_FAR: Final = 2
"""Our orders have a limit a few percent from the price: no average is so far from it, however it is rounded."""


def ours(client_id: ClientOrderId | None) -> bool:
    """Whether an id is of our form."""
    return client_id is not None and epoch_of(client_id) is not None


def check_fill(
    client_id: ClientOrderId | None, filled: Decimal, *, beside: Decimal, prices: Sequence[Decimal | None]
) -> None:
    """Refuse fills that contradict what else the row says of them.

    Args:
        client_id: of the order.
        filled: its quantity filled.
        beside: another figure of the fills, such as what they are worth; 0 where it is not told.
        prices: of the order, told or made of quantity and worth, in one unit; 0 or None where there is none.

    Raises:
        ValueError: nothing filled, yet it is worth something; or the prices are not those of the same fills.
    """
    if not ours(client_id):
        return
    if filled == 0:
        if beside > 0:
            raise ValueError(f"nothing filled, but {plain(beside)} is told of it")
        return
    told = [price for price in prices if price is not None and price > 0]
    if told and max(told) > _FAR * min(told):
        raise ValueError(f"{plain(filled)} filled at prices from {plain(min(told))} to {plain(max(told))}")
