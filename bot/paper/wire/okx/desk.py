"""What OKX remembers of an account beyond the exchange: how an order was worded, and leverage by margin mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import Listing
from bot.paper.wire.okx.ledger import Bill

ORDER_BASE: Final = 2_497_956_918_000_000_000
"""Added to the exchange's order ids: OKX's are 19 digits long, more than a float holds."""
BILL_BASE: Final = 691_293_628_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """An order in OKX's words, as far as the exchange does not keep them.

    Attributes:
        kind: `ordType` as sent, such as `optimal_limit_ioc`.
        mode: `tdMode`.
        target: `tgtCcy`; empty for perpetuals.
        size: `sz` as sent.
        named: the client sent a `clOrdId`; otherwise the row shows none.
    """

    kind: str
    mode: str
    target: str
    size: str
    tag: str
    named: bool


@dataclass(slots=True)
class Drawer:
    """One account's part of the desk.

    Attributes:
        tickets: by the exchange's order id.
        leverages: by symbol and margin mode, as set.
        transfers: by the client's own id, the exchange's.
        bills: those of the trading account, and how many updates of the account they were made of.
        cancel_at_ms: when all orders will be cancelled, if nobody asks for a later time; None: never.
    """

    tickets: dict[int, Ticket] = field(default_factory=dict)
    leverages: dict[tuple[str, str], int] = field(default_factory=dict)
    transfers: dict[str, int] = field(default_factory=dict)
    bills: tuple[int, Sequence[Bill]] = (0, ())
    cancel_at_ms: int | None = None


class Desk:
    """The façade's own memory, by API key.

    Args:
        exchange: the exchange behind the wire.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._drawers: dict[str, Drawer] = {}
        self.codes: Mapping[str, int] = {key: _code(key, index) for index, key in enumerate(exchange.listings)}
        """Listing key -> `instIdCode`, the number that WebSocket orders name an instrument by."""

    def drawer(self, key: str) -> Drawer:
        """What is remembered of an account."""
        return self._drawers.setdefault(key, Drawer())

    def leverage(self, key: str, listing: Listing, mode: str) -> int:
        """The leverage of a perpetual under a margin mode, `cross` or `isolated`."""
        current, _ = self._exchange.account(key).settings(listing.symbol)
        return self.drawer(key).leverages.get((listing.symbol, mode), current)

    def run_out(self, now_ms: int) -> None:
        """Cancel the orders of every account whose dead man's time is over."""
        for key, drawer in self._drawers.items():
            if drawer.cancel_at_ms is None or now_ms < drawer.cancel_at_ms:
                continue
            drawer.cancel_at_ms = None
            for order in self._exchange.account(key).open_orders():
                self._exchange.cancel(key, order.listing_key, order_id=order.order_id)


_CODES: Final = {
    "inverse:BTC-USD-SWAP": 10458,
    "linear:BTC-USDT-SWAP": 10459,
    "linear:ETH-USDT-SWAP": 10461,
}
"""OKX's own, as far as they are known."""


def _code(key: str, index: int) -> int:
    return _CODES.get(key, 20_000 + index)
