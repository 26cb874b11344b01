"""A statement: from recorded facts to the profit and loss of one hedge, each term from its own record (R29, R30)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
        price: of spot, quote per coin.
        time_ms: venue time, comparable with that of trades and ledger rows.
        coins: held from this moment on; those that margin an inverse short with their wallet, without its profit.
        mark: of the contract, quote per coin; None: it agrees with spot.
        measured: the effectiveness counts changes up to here; otherwise only the coins have changed, in a trade say.
    """

    price: Decimal
    time_ms: int
    coins: Decimal
    mark: Decimal | None = None
    measured: bool = True


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
        stages: those measured after the first; `price_start` tells the first.
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
    spot_fills: Sequence[JournalFill] = (),
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
        spot_fills: every trade of the hedge's own on the coin's spot market, with the spot price of its moment; each
            needs a stage of its own, at which its coins come or go.

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
    account = _Account(
        asset=asset, instrument=instrument, stages=stages, fills=fills, spot_fills=spot_fills, rows=own, known=known
    )
    measured = [number for number, stage in enumerate(stages, 1) if stage.measured or number == 1]
    legs = [account.pnl(upto=number) for number in measured]
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
        stages=_results([stages[number - 1] for number in measured], legs),
        orders=orders,
        effectiveness=effectiveness([_change(first, second) for first, second in pairwise(legs)]),
        unexplained=unexplained,
    )


def _results(stages: Sequence[Stage], legs: Sequence[Pnl]) -> tuple[StageResult, ...]:
    """Both legs at every measured stage after the first."""
    return tuple(
        StageResult(price=stage.price, spot=leg.spot, perp=leg.perp)
        for stage, leg in zip(stages[1:], legs[1:], strict=True)
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


class _Account:
    """The records of one hedge, and what `known` assets are worth in quote."""

    def __init__(
        self,
        *,
        asset: Asset,
        instrument: Instrument,
        stages: Sequence[Stage],
        fills: Sequence[JournalFill],
        spot_fills: Sequence[JournalFill],
        rows: Sequence[LedgerRow],
        known: Mapping[Asset, Decimal],
    ) -> None:
        self._asset = asset
        self._instrument = instrument
        self._stages = stages
        self._times = [stage.time_ms for stage in stages]
        # Their fees are rows of the venue's books.
        self._fills = [
            Fill(time_ms=trade.time_ms, contracts=trade.moved, price=trade.price, mark=mark, fee_quote=ZERO)
            for trade, _, mark in sorted(fills, key=lambda fill: fill[0].time_ms)
        ]
        self._execution = sum((trade.moved * (price - trade.price) for trade, _, price in spot_fills), ZERO)
        self._rows = rows
        self._known = known
        settled = self._settled()
        self._holdings = [
            HoldingStep(time_ms=stage.time_ms, coins=stage.coins + settled.get(stage.time_ms, ZERO), price=stage.price)
            for stage in stages
        ]

    def pnl(self, *, upto: int | None = None, residual: Decimal = ZERO) -> Pnl:
        """Of the first stages and the fills up to the last of them; of everything when `upto` is None."""
        end = self._stages[: upto or len(self._stages)][-1]
        fills = self._fills[: bisect_right(self._fills, end.time_ms, key=lambda fill: fill.time_ms)]
        told = attribute(
            holdings=self._holdings[:upto],
            fills=self._fills if upto is None else fills,
            start_contracts=ZERO,
            mark_start=self._mark(self._stages[0]),
            mark_end=self._mark(end),
            instrument=self._instrument,
            funding=self._flows(RowKind.FUNDING) if upto is None else (),
            rewards=self._flows(RowKind.REWARD) if upto is None else (),
            fees=[-value for value in self._flows(RowKind.FEE)] if upto is None else (),
            residual=residual,
            coin_end=end.price,
        )
        if upto is not None or not self._execution:
            return told
        # Of two amounts in booking precision.
        execution = self._execution.quantize(BOOKING)
        return replace(told, execution=told.execution + execution, net=told.net + execution)

    def _mark(self, stage: Stage) -> Decimal:
        return (stage.price if stage.mark is None else stage.mark) * self._instrument.multiplier

    def _settled(self) -> Mapping[int, Decimal]:
        """By stage, coins that the contract itself paid or took during it: held, or not, when the price moves next."""
        found: dict[int, Decimal] = {}
        if self._instrument.settle != self._asset:
            return found
        for row in self._rows:
            if (row.symbol, row.asset) == (self._instrument.symbol, self._asset):
                during = self._stage_at(row.time_ms)
                if during is not None:
                    found[during.time_ms] = found.get(during.time_ms, ZERO) + row.amount
        return found

    def _stage_at(self, time_ms: int) -> Stage | None:
        """The one that a moment falls into; None before the first."""
        number = bisect_right(self._times, time_ms)
        return self._stages[number - 1] if number else None

    def worth(self, left: Mapping[WalletKey, Decimal]) -> Decimal:
        """What is unexplained, at the end's prices; opposite signs don't cancel, and it is never booked away."""
        if not left:
            return ZERO
        values = (abs(amount) * self._known.get(asset, ZERO) for (_, _, asset), amount in left.items())
        return max(BOOKING, sum(values, ZERO))

    def _flows(self, kind: RowKind) -> list[Decimal]:
        return [self._value(row) for row in self._rows if row.kind is kind]

    def _value(self, row: LedgerRow) -> Decimal:
        """A flow at its own moment: the coin at the price of the stage it happened in."""
        if row.asset == self._asset:
            during = self._stage_at(row.time_ms) or self._stages[0]
            return row.amount * during.price
        if row.asset not in self._known:
            raise ValueError(f"{row.asset} has no price, so {row.kind.value} {row.reference} can't be valued")
        return row.amount * self._known[row.asset]
