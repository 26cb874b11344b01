"""What oracles share: whose order is whose, what the position hedges, and what the bot could know."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NoReturn

from bot.domain.ids import EPOCH_ALPHABET, EPOCH_LENGTH, ClientOrderId, epoch_of
from bot.domain.intent import IntentRecord
from bot.domain.numbers import ZERO
from bot.paper.engine.model import MarketType, Order, Side, Trade
from tests.sim.trace import Change, Event, Kind, Sent, Truth, Violation

_OUR_ID: Final = re.compile(rf"h[{EPOCH_ALPHABET}]{{{EPOCH_LENGTH}}}[0-9]{{15}}")

ORDER_PATHS: Final = {
    "binance": frozenset({"/fapi/v1/order", "/dapi/v1/order", "/api/v3/order"}),
    "okx": frozenset({"/api/v5/trade/order"}),
    "kucoin": frozenset({"/api/v1/orders", "/api/v1/hf/orders"}),
}
"""Where a POST places an order."""


def ours(order: Order) -> bool:
    """The order carries an id of our form."""
    return epoch_of(order.client_id) is not None


def places_order(sent: Sent) -> bool:
    """The request asks for an order."""
    return sent.method == "POST" and sent.path in ORDER_PATHS.get(sent.exchange, ())


def our_ids(sent: Sent) -> list[ClientOrderId]:
    """Every id of our form in a request, once each."""
    return [ClientOrderId(found) for found in dict.fromkeys(_OUR_ID.findall(f"{sent.query} {sent.body}"))]


def committed(truth: Truth, client_id: str) -> IntentRecord | None:
    """An intent on any instrument as another process would find it."""
    return truth.journal.intent(ClientOrderId(client_id))


def on_job(change: Change, truth: Truth) -> bool:
    """The change is of an order on the instrument that hedges; Binance names its spot market alike."""
    if change.order is not None and change.order.listing_key.startswith(MarketType.SPOT.value):
        return False
    return change.exchange == truth.job.exchange and change.symbol == truth.job.venue_symbol


@dataclass(slots=True)
class Hedged:
    """Coins that the position hedges whatever the price: contracts x size, or for inverse contracts size / entry."""

    coins: Decimal = ZERO
    contracts: Decimal = ZERO

    def take(self, event: Event, truth: Truth) -> None:
        """Follow the fills of an event."""
        for change in event.changes:
            if change.trade is not None and on_job(change, truth):
                self.fill(change.trade, truth)

    def fill(self, trade: Trade, truth: Truth) -> Decimal:
        """Follow one fill. Returns by how many coins more it hedges, negative when by fewer."""
        size, before = truth.job.contract_size, self.coins
        sold = trade.quantity * -trade.side.sign
        if truth.job.market is not MarketType.INVERSE:
            self.coins += sold * size
        elif sold > 0 or not self.contracts:
            self.coins += sold * size / trade.price
        else:
            self.coins *= (self.contracts + sold) / self.contracts
        self.contracts += sold
        return self.coins - before


class Watching:
    """The frame of an oracle: keeps the hedged coins, calls `judge` after every event."""

    name = ""

    def __init__(self) -> None:
        self.hedged = Hedged()

    def after(self, event: Event, truth: Truth) -> None:
        """Judge one event and the truth right after it."""
        if event.changes:
            self.hedged.take(event, truth)
        self.judge(event, truth)

    def judge(self, event: Event, truth: Truth) -> None:
        """What the oracle says of an event."""

    def finish(self, truth: Truth) -> None:
        """Judge the whole at its end."""

    def fail(self, message: str) -> NoReturn:
        """Say what must never be."""
        raise Violation(self.name, message)

    def gap(self, truth: Truth) -> Decimal:
        """Coins that are not hedged; negative when too many are."""
        return truth.job.ratio * truth.held - self.hedged.coins

    def on_target(self, truth: Truth, *, least_notional: Decimal = ZERO) -> bool:
        """The gap is inside the band, or below what may be ordered."""
        band = max(self.band_notional(truth), least_notional)
        return abs(self.gap(truth)) * truth.mark <= band + step_coins(truth) * truth.mark

    def band_notional(self, truth: Truth) -> Decimal:
        """How large a gap is left alone (R14): a part of what is to be short, taken at the mark."""
        wanted = truth.job.ratio * truth.held * truth.mark
        if truth.job.market is MarketType.INVERSE:
            wanted = self.hedged.contracts * truth.job.contract_size + self.gap(truth) * truth.mark
        return max(truth.job.band_relative * wanted, truth.job.band_notional)


def step_coins(truth: Truth) -> Decimal:
    """One step of the quantity, in coins."""
    size = truth.job.step * truth.job.contract_size
    return size / truth.mark if truth.job.market is MarketType.INVERSE else size


def margin_used_up(truth: Truth, hedged: Decimal) -> bool:
    """No more fits into the margin (R15): a linear short finds none free, an inverse one has used all of its coins.

    Args:
        truth: as it is.
        hedged: coins that the position hedges whatever the price.
    """
    job, exchange = truth.job, truth._exchanges.get(truth.job.exchange)
    if exchange is None:
        return False
    if job.market is MarketType.INVERSE:
        margin = truth.coins.get((job.exchange, exchange.layout.margin[job.market], job.asset), ZERO)
        return hedged >= margin * Decimal("0.998") - 2 * step_coins(truth)
    free = exchange.account(truth._key).margin_summary("USDT", job.market).isolated_headroom
    return free < job.ratio * truth.held * truth.mark / 100


class Past:
    """How a value was, as far back as anybody asks."""

    def __init__(self) -> None:
        self._values: deque[tuple[int, Decimal]] = deque()

    def note(self, at_ms: int, value: Decimal) -> None:
        """It is this from now on."""
        if not self._values or self._values[-1][1] != value:
            self._values.append((at_ms, value))

    def since(self, from_ms: int) -> list[Decimal]:
        """Every value it had since, the one in force before included; newest first."""
        found: list[Decimal] = []
        for at_ms, value in reversed(self._values):
            found.append(value)
            if at_ms < from_ms:
                break
        return found


_TELLS_NOTHING: Final = re.compile(
    r"/market/|/public/|premiumIndex|/time|ticker|depth|level2|kline|mark-price|contracts|instruments|symbols"
    r"|[cC]onfig|exchangeInfo|apiRestrictions|api-key|leverage|Leverage|marginType|[mM]arginMode|positionSide|PositionMode"
    r"|commissionRate|fee|income|ledgers|bills|funding-history|rewardsRecord|assetDividend|/mode|bullet|listenKey"
)
"""Paths that tell nothing of coins, positions or orders."""


def hides(sent: Sent) -> bool:
    """The answer was stuck (`stale`), so that its process could not know of coins, positions or orders."""
    return sent.fault == "stale" and tells(sent)


def tells(sent: Sent) -> bool:
    """The answer is about coins, positions or orders."""
    return _TELLS_NOTHING.search(sent.path) is None


class Blindness:
    """Since when a process could not know better: a stuck answer (`stale`) or one that lags looks like any other."""

    FORGET_MS: Final = 60_000
    LAG_MAX_MS: Final = 30_000
    """The longest `position-lag` that is drawn."""

    def __init__(self) -> None:
        self._honest_ms: dict[str, int] = {}
        self._blind: dict[str, tuple[int, int]] = {}

    def take(self, event: Event) -> None:
        """Follow what was answered to a request."""
        if event.kind is not Kind.REQUEST or event.sent is None or event.sent.method != "GET":
            return
        sent = event.sent
        place = f"{sent.host}{sent.path}"
        if hides(sent):
            since_ms, until_ms = self._blind.get(place, (0, 0))
            if event.at_ms - until_ms > self.FORGET_MS:
                since_ms = self._honest_ms.get(place, event.at_ms)
            self._blind[place] = (since_ms, event.at_ms)
        elif sent.fault == "position-lag" and tells(sent):
            self._blind[place] = (event.at_ms - self.LAG_MAX_MS, event.at_ms)
        elif sent.status == 200:
            self._honest_ms[place] = event.at_ms

    def since(self, from_ms: int) -> int:
        """How old the news behind readings from then on may really be."""
        stuck = [since_ms for since_ms, until_ms in self._blind.values() if until_ms > from_ms]
        return min([from_ms, *stuck])


def sells(order: Order) -> bool:
    """The order makes the short larger."""
    return order.side is Side.SELL
