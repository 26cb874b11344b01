"""A statement: from recorded facts to the profit and loss of one hedge, each term from its own record (R29, R30)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from bot.core.pnl import BOOKING, Fill, HoldingStep, Pnl, WalletKey, attribute, effectiveness, residuals
from bot.domain.ids import Asset, ClientOrderId, HedgeName
from bot.domain.instrument import Instrument
from bot.domain.ledger import LedgerRow, RowKind, WalletBalance
from bot.domain.numbers import ONE, ZERO, plain
from bot.domain.orders import VenueTrade

LEGS: Final = ("spot", "perp", "funding", "execution", "reward", "fees", "residual", "net")
"""Of a profit and loss, in the order in which they are told."""

JournalFill = tuple[VenueTrade, ClientOrderId | None, Decimal]
"""A confirmed trade, whose order it was, and the mark then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A moment at which the account is read.

    Attributes:
        price: quote per coin; spot and mark agree.
        time_ms: venue time, comparable with that of trades and ledger rows.
        coins: held from this moment on; those that margin an inverse short with their wallet, without its profit.
    """

    price: Decimal
    time_ms: int
    coins: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class StageResult:
    """What both legs have gained from the first stage up to this one, in quote."""

    price: Decimal
    spot: Decimal
    perp: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCounts:
    """What became of the orders that were sent."""

    sent: int
    filled: int
    rejected: int
    unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One hedge over one stretch of time.

    Attributes:
        quote: what the money is counted in.
        exposure, short: in coins, at the end; `gap_notional` in quote.
        stages: those after the first; `price_start` tells the first.
        effectiveness: of the legs between the stages; None when nothing moved.
        unexplained: changes of wallets that the venue's books do not tell; empty when every digit is explained.
    """

    hedge: HedgeName
    asset: Asset
    quote: Asset
    kind: str
    price_start: Decimal
    price_end: Decimal
    exposure: Decimal
    short: Decimal
    gap_notional: Decimal
    pnl: Pnl
    stages: tuple[StageResult, ...]
    orders: OrderCounts
    effectiveness: Decimal | None
    unexplained: Mapping[WalletKey, Decimal]

    def to_json(self) -> dict[str, Any]:
        """As `demo --json` prints it: counts are numbers, every quantity is text in plain digits."""
        return {
            "name": self.hedge,
            "kind": self.kind,
            "asset": self.asset,
            "price_start": plain(self.price_start),
            "price_end": plain(self.price_end),
            "exposure": plain(self.exposure),
            "short": plain(self.short),
            "gap_notional": plain(self.gap_notional),
            "pnl": {leg: plain(getattr(self.pnl, leg)) for leg in LEGS},
            "stages": [
                {"price": plain(stage.price), "spot": plain(stage.spot), "perp": plain(stage.perp)}
                for stage in self.stages
            ],
            "orders": {
                "sent": self.orders.sent,
                "filled": self.orders.filled,
                "rejected": self.orders.rejected,
                "unknown": self.orders.unknown,
            },
            "effectiveness": None if self.effectiveness is None else plain(self.effectiveness),
        }


def statement(
    *,
    hedge: HedgeName,
    asset: Asset,
    instrument: Instrument,
    kind: str,
    exposure: Decimal,
    short: Decimal,
    gap_notional: Decimal,
    stages: Sequence[Stage],
    fills: Sequence[JournalFill],
    rows: Sequence[LedgerRow],
    before: Sequence[WalletBalance],
    after: Sequence[WalletBalance],
    orders: OrderCounts,
    prices: Mapping[Asset, Decimal] | None = None,
) -> Statement:
    """Account for one hedge that began flat.

    Args:
        hedge: its name in the settings.
        asset: the coin.
        instrument: of the short.
        kind: as in the settings.
        exposure: in coins, at the end.
        short: the same; positive.
        gap_notional: in quote, at the end.
        stages: oldest first, at least one; the first is the start of the account.
        fills: every trade on the instrument since the start, with the mark of its moment.
        rows: the venue's own books from before the first fill until `after` was read.
        before: all wallets before the first fill.
        after: all wallets at the end.
        orders: what became of them.
        prices: quote per unit of further assets in the rows; a coin that is paid as a fee, say.

    Returns:
        The statement. Fees are those of the venue's books, so that no fee is counted twice.

    Raises:
        ValueError: no stage, stages out of order, or an amount of an asset that has no price.
    """
    if not stages:
        raise ValueError("a statement needs at least one stage")
    known = {instrument.quote: ONE, instrument.settle: ONE} | dict(prices or {}) | {asset: stages[-1].price}
    own = [row for row in rows if _is_own(row, instrument, known)]
    unexplained = residuals(before, after, rows)
    account = _Account(asset=asset, instrument=instrument, stages=stages, fills=fills, rows=own, known=known)
    legs = [account.pnl(upto=number) for number in range(1, len(stages) + 1)]
    return Statement(
        hedge=hedge,
        asset=asset,
        quote=instrument.quote,
        kind=kind,
        price_start=stages[0].price,
        price_end=stages[-1].price,
        exposure=exposure,
        short=short,
        gap_notional=gap_notional,
        pnl=account.pnl(residual=account.worth(unexplained)),
        stages=tuple(
            StageResult(price=stage.price, spot=leg.spot, perp=leg.perp)
            for stage, leg in zip(stages[1:], legs[1:], strict=True)
        ),
        orders=orders,
        effectiveness=effectiveness([_change(first, second) for first, second in pairwise(legs)]),
        unexplained=unexplained,
    )


def _change(first: Pnl, second: Pnl) -> tuple[Decimal, Decimal]:
    """Of the unhedged and of the hedged value, from one stage to the next."""
    spot = second.spot - first.spot
    return spot, spot + second.perp - first.perp


def _is_own(row: LedgerRow, instrument: Instrument, known: Mapping[Asset, Decimal]) -> bool:
    """Whether a row is this hedge's: of its contract, of its coin's spot market, or of no market in what it holds."""
    if row.symbol is None:
        return row.asset in known
    return row.symbol == instrument.symbol or (":" not in row.symbol and row.symbol.startswith(f"{instrument.asset}/"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Account:
    """The records of one hedge, and what `known` assets are worth in quote."""

    asset: Asset
    instrument: Instrument
    stages: Sequence[Stage]
    fills: Sequence[JournalFill]
    rows: Sequence[LedgerRow]
    known: Mapping[Asset, Decimal]

    def pnl(self, *, upto: int | None = None, residual: Decimal = ZERO) -> Pnl:
        """Of the first stages and the fills up to the last of them; of everything when `upto` is None."""
        stages = self.stages[:upto]
        start, end = stages[0], stages[-1]
        return attribute(
            holdings=[
                HoldingStep(time_ms=stage.time_ms, coins=stage.coins + self._settled(stage), price=stage.price)
                for stage in stages
            ],
            fills=[
                # Their fees are rows of the venue's books.
                Fill(time_ms=trade.time_ms, contracts=trade.moved, price=trade.price, mark=mark, fee_quote=ZERO)
                for trade, _, mark in self.fills
                if upto is None or trade.time_ms <= end.time_ms
            ],
            start_contracts=ZERO,
            mark_start=start.price * self.instrument.multiplier,
            mark_end=end.price * self.instrument.multiplier,
            instrument=self.instrument,
            funding=self._flows(RowKind.FUNDING),
            rewards=self._flows(RowKind.REWARD),
            fees=[-value for value in self._flows(RowKind.FEE)],
            residual=residual,
        )

    def _settled(self, stage: Stage) -> Decimal:
        """Coins that the contract itself paid or took during a stage: held, or not, when the price moves next."""
        if self.instrument.settle != self.asset:
            return ZERO
        following = [later.time_ms for later in self.stages if later.time_ms > stage.time_ms]
        return sum(
            (
                row.amount
                for row in self.rows
                if (row.symbol, row.asset) == (self.instrument.symbol, self.asset)
                and stage.time_ms <= row.time_ms
                and (not following or row.time_ms < following[0])
            ),
            ZERO,
        )

    def worth(self, left: Mapping[WalletKey, Decimal]) -> Decimal:
        """What is unexplained, at the end's prices; opposite signs don't cancel, and it is never booked away."""
        if not left:
            return ZERO
        values = (abs(amount) * self.known.get(asset, ZERO) for (_, _, asset), amount in left.items())
        return max(BOOKING, sum(values, ZERO))

    def _flows(self, kind: RowKind) -> list[Decimal]:
        return [self._value(row) for row in self.rows if row.kind is kind]

    def _value(self, row: LedgerRow) -> Decimal:
        """A flow at its own moment: the coin at the price of the stage it happened in."""
        if row.asset == self.asset:
            passed = [stage.price for stage in self.stages if stage.time_ms <= row.time_ms]
            return row.amount * (passed[-1] if passed else self.stages[0].price)
        if row.asset not in self.known:
            raise ValueError(f"{row.asset} has no price, so {row.kind.value} {row.reference} can't be valued")
        return row.amount * self.known[row.asset]
