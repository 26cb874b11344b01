"""What must always hold of a stablecoin hedge, judged by the exchange itself and the journal.

| | holds |
|---|---|
| X1 | by itself it never comes back more often than `max_round_trips` |
| X2 | beside a short never more than one slice is sold before the short follows |
| X3 | it never spends more of a stablecoin than its own orders got |
| X4 | no crossing without its reason, which the exchange's own prices bear out |
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from bot.domain.errors import JournalFault
from bot.domain.exits import CrossingCause, CrossingKind, CrossingRecord
from bot.domain.ids import HedgeName
from bot.domain.numbers import ZERO
from bot.journal.store import SqlJournal
from bot.paper.engine.model import MarketType, Side
from tests.sim.oracles_pairs import PairOracle, PairTruth
from tests.sim.trace import Violation

SLACK_MS: Final = 40_000
"""A crossing is decided by what was read for `for_s`, and committed a few turns later at most."""
_BAND: Final = Decimal("0.01")
"""How far a short may be off its coins for other reasons: its band, fees taken in coins."""


@dataclass
class ExitTruth(PairTruth):
    """The exchange and the journal, as they are."""

    contract: str = ""
    contract_size: Decimal = Decimal(1)
    crossings: Sequence[CrossingRecord] = ()
    begun_ms: dict[str, int] = field(default_factory=dict)
    gone: Decimal = ZERO
    """Coins that a person took away since the short last fitted: it follows those in its own time (R11)."""

    def look(self) -> None:
        """Read the crossings as they are durable."""
        try:
            with SqlJournal.open_readonly(self.journal_path) as journal:
                self.crossings = journal.crossings(HedgeName("calm"))
        except JournalFault:
            return  # there is none yet
        for record in self.crossings:
            self.begun_ms.setdefault(record.crossing.crossing_id, self.now_ms())  # the host's clock may be wrong

    @property
    def name(self) -> str:
        """The exchange."""
        return next(iter(self.exchanges))

    def coins(self) -> Decimal:
        """In spot."""
        return self.exchanges[self.name].account(self.key).balance(self.wallets[self.name], "BTC").total

    def short(self) -> Decimal:
        """In coins, positive."""
        positions = self.exchanges[self.name].account(self.key).positions()
        return -sum((it.contracts for it in positions if it.symbol == self.contract), ZERO) * self.contract_size

    def prices(self, asset: str) -> Sequence[tuple[int, Decimal]]:
        """US dollars, with the time of each change."""
        return self.exchanges[self.name].price_history(asset)

    def seen(self, asset: str, until_ms: int) -> Sequence[Decimal]:
        """Every price that the asset had shortly before a time."""
        told = self.prices(asset)
        ends = [*(at_ms for at_ms, _ in told[1:]), until_ms + 1]
        return [
            price
            for (at_ms, price), ended_ms in zip(told, ends, strict=True)
            if at_ms <= until_ms and ended_ms >= until_ms - SLACK_MS
        ]

    def owned(self) -> Mapping[str, Decimal]:
        """The least of each stablecoin that the fills so far ever left of what they got."""
        exchange = self.exchanges[self.name]
        account = exchange.account(self.key)
        held: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        least: dict[str, Decimal] = {}
        for trade in sorted(account.trades(), key=lambda it: it.trade_id):
            listing = exchange.listing(trade.listing_key)
            if listing.market is not MarketType.SPOT:
                continue
            sign = 1 if trade.side is Side.BUY else -1
            held[listing.base] += sign * trade.quantity
            held[listing.quote] -= sign * trade.quote
            held[trade.fee_asset] -= trade.fee
            for asset in (listing.base, listing.quote, trade.fee_asset):
                least[asset] = min(least.get(asset, ZERO), held[asset])
        return {asset: amount for asset, amount in least.items() if asset != "BTC"}


def _exit_truth(truth: PairTruth) -> ExitTruth:
    assert isinstance(truth, ExitTruth)
    return truth


@dataclass
class SeldomBack:
    """X1."""

    round_trips: int

    def after(self, doing: str, truth: PairTruth) -> None:
        """A simulation is shorter than the week that they are counted in."""
        del doing
        crossings = [it.crossing for it in _exit_truth(truth).crossings]
        back = [it for it in crossings if it.kind is CrossingKind.ENTER and it.cause is CrossingCause.SIGNAL]
        if len(back) > self.round_trips:
            raise Violation("X1", f"came back {len(back)} times")

    def finish(self, truth: PairTruth) -> None:
        """The same."""
        self.after("", truth)


@dataclass
class OneSliceNaked:
    """X2."""

    slice_notional: Decimal

    def after(self, doing: str, truth: PairTruth) -> None:
        """A short that is larger than the coins is so by one slice at most."""
        del doing
        found = _exit_truth(truth)
        short, coins = found.short(), found.coins()
        price = found.prices("BTC")[-1][1]
        if short <= coins + _BAND:
            found.gone = ZERO
        if short > coins + found.gone + self.slice_notional * Decimal("1.15") / price + _BAND:
            raise Violation("X2", f"a short of {short} beside {coins} coins")

    def finish(self, truth: PairTruth) -> None:
        """The same."""
        self.after("", truth)


class OwnMoneyOnly:
    """X3."""

    def after(self, doing: str, truth: PairTruth) -> None:
        """Whenever something is newly known."""
        del doing
        overspent = {asset: least for asset, least in _exit_truth(truth).owned().items() if least < 0}
        if overspent:
            raise Violation("X3", f"spent more than its orders got: {overspent}")

    def finish(self, truth: PairTruth) -> None:
        """The same."""
        self.after("", truth)


@dataclass
class WithReason:
    """X4."""

    exit_usd: Decimal
    back_usd: Decimal
    depeg: Decimal = Decimal("0.02")

    def after(self, doing: str, truth: PairTruth) -> None:
        """Nothing yet."""

    def finish(self, truth: PairTruth) -> None:
        """Each crossing by the prices that could be read when it was decided."""
        found = _exit_truth(truth)
        for record in found.crossings:
            crossing = record.crossing
            fits = self._fits(found, record)
            if not crossing.reason or not fits:
                raise Violation("X4", f"{crossing.kind} at {crossing.created_ms}: {crossing.reason or 'no reason'}")

    def _fits(self, truth: ExitTruth, record: CrossingRecord) -> bool:
        crossing = record.crossing
        begun_ms = truth.begun_ms[crossing.crossing_id]
        seen = truth.seen("BTC", begun_ms)
        if crossing.kind is CrossingKind.EXIT:
            return any(price <= self.exit_usd * Decimal("1.001") for price in seen)
        if crossing.kind is CrossingKind.ENTER:
            return any(price >= self.back_usd * Decimal("0.999") for price in seen)
        assert crossing.source is not None
        return any(abs(price - 1) >= self.depeg for price in truth.seen(crossing.source, begun_ms))


def exit_oracles(
    *, round_trips: int, slice_notional: Decimal, exit_usd: Decimal, back_usd: Decimal
) -> tuple[PairOracle, ...]:
    """All of them, anew."""
    return (
        SeldomBack(round_trips),
        OneSliceNaked(slice_notional),
        OwnMoneyOnly(),
        WithReason(exit_usd, back_usd),
    )
