"""What the façade itself keeps of accounts: KuCoin's own settings that the exchange behind it has no word for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from bot.paper.wire.kucoin.books import SeenBooks

DEFAULT_CROSS_LEVERAGE: Final = 3
"""Of a contract whose cross leverage the account never set; from general knowledge."""


@dataclass(slots=True)
class Memory:
    """One façade's notes.

    Attributes:
        cross_leverage: by API key and contract; isolated leverage comes with each order instead.
        margin_moves: by API key, the `bizNo` of every margin deposit that took effect.
        remarks: by order id, what the client wrote into an order.
        tokens: by stream token, the API key it was given to (empty: a public one) and until when it opens a stream,
            milliseconds.
        books: what was read of order books lately.
    """

    cross_leverage: dict[tuple[str, str], int] = field(default_factory=dict)
    margin_moves: set[tuple[str, str]] = field(default_factory=set)
    remarks: dict[int, str] = field(default_factory=dict)
    tokens: dict[str, tuple[str, int]] = field(default_factory=dict)
    books: SeenBooks = field(default_factory=SeenBooks)

    def leverage(self, key: str, symbol: str) -> int:
        """The cross leverage of a contract."""
        return self.cross_leverage.get((key, symbol), DEFAULT_CROSS_LEVERAGE)
