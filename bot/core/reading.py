"""A situation in which everything is known, and its numbers (R1 to R3, R14)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from bot.core import exposure as ex
from bot.core import inverse, sizing
from bot.core import observation as obs
from bot.core.closing import closing_cost
from bot.core.situation import Situation
from bot.domain.numbers import ONE, ZERO
from bot.domain.observation import Holding, Margin, Position, Prices, Source, Unknown
from bot.domain.orders import Side
from bot.domain.plan import HedgeView


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a decision works with.

    Attributes:
        mark: that was believed (R12), in the instrument's price unit.
        reference: the price at which coins are compared; see `bot.core.inverse`.
        sample, gap: at the reference, in coins.
        band_coins: the band at the mark, in coins.
    """

    situation: Situation
    position: Position
    prices: Prices
    margin: Margin
    mark: Decimal
    reference: Decimal
    view: HedgeView
    sample: obs.Sample
    gap: Decimal
    band_coins: Decimal

    @property
    def price(self) -> Decimal:
        """Quote per coin."""
        return self.situation.instrument.coin_price(self.mark)

    def outside(self, gap: Decimal) -> bool:
        """R14: the gap asks for an order; none at all never does. Target 0 closes everything, whatever the band."""
        if gap == 0:
            return False
        if not self._target_at_reference(gap):
            return self.sample.short > 0
        short = ex.short_coins(self.situation.instrument, self.position.contracts, self.mark)
        return abs(gap) * self.price >= sizing.band_notional(self.situation.policy.band, short + gap, self.price)

    def target_contracts(self, gap: Decimal) -> Decimal:
        """The short that would leave no gap, in contracts. Less than one step can't be held: it is 0.

        For an inverse short what is missing is counted at the mark and net of its fee (R15), but what is less than a
        step at the reference is left alone: it would become one by a move of the price.
        """
        instrument = self.situation.instrument
        target = self._target_at_reference(gap)
        if not target or not inverse.is_inverse(instrument):
            return target
        held = -self.position.contracts
        coins = gap / (ONE + instrument.taker_fee) if gap > 0 else gap
        if abs(instrument.contracts(coins, self.reference)) < instrument.quantity_step:
            return held
        return held + coins / self.gap_per_contract(Side.SELL if gap > 0 else Side.BUY)

    def gap_per_contract(self, side: Side) -> Decimal:
        """Coins of gap that one contract closes."""
        instrument = self.situation.instrument
        entry = inverse.entry_of(instrument, self.position)
        return sizing.gap_per_contract(instrument, side, self.mark, entry, self.situation.policy.ratio)

    def _target_at_reference(self, gap: Decimal) -> Decimal:
        instrument = self.situation.instrument
        target = instrument.contracts(self.sample.short + gap, self.reference)
        return target if target >= instrument.quantity_step else ZERO


def view_of(situation: Situation) -> HedgeView:
    """What can be shown before anything is known to be known."""
    position, prices, closing = situation.position, situation.prices, None
    if isinstance(position, Position) and isinstance(prices, Prices):
        closing = closing_cost(situation.instrument, position, prices, situation.policy.slippage)
    return HedgeView(
        hedge=situation.policy.name,
        asset=situation.policy.asset,
        symbol=situation.policy.symbol,
        kind=situation.instrument.kind,
        holdings=situation.holdings,
        closing=closing,
        funding=situation.funding,
    )


def first_unknown(situation: Situation) -> str:
    """R8: the first thing that is unknown or too old; empty when everything is known.

    The age of a number from outside is judged where it is read, by its own setting.
    """
    return unknown_among([*situation.holdings, situation.position, situation.prices, situation.margin], situation)


def unknown_among(parts: Sequence[Holding | Position | Prices | Margin | Unknown], situation: Situation) -> str:
    """The same of some parts only."""
    age_max_s = situation.policy.timing.age_max_s
    for part in parts:
        if isinstance(part, Unknown):
            return f"{part.what} is unknown ({part.reason})"
        if _is_external(part):
            continue
        if obs.stale(part.stamp, situation.now_ms, age_max_s):
            return f"a reading is older than {age_max_s:f} s"
    return ""


def read(situation: Situation, mark: Decimal) -> Reading | str:
    """The numbers of a situation in which nothing is unknown; or why its parts can't all be believed."""
    policy, instrument, position = situation.policy, situation.instrument, situation.position
    assert isinstance(position, Position)  # first_unknown has looked
    assert isinstance(situation.prices, Prices)
    assert isinstance(situation.margin, Margin)
    told = tuple(holding for holding in situation.holdings if isinstance(holding, Holding))
    objection = inverse.objection(told, policy.venue, instrument, position, mark)
    if objection:
        return objection
    reference = inverse.reference(instrument, position, mark)
    holdings = inverse.restated(told, policy.venue, instrument, position, mark)
    principal = ex.principal(holdings)
    stamps = [*(holding.stamp for holding in told if not _is_external(holding)), position.stamp]
    sample = obs.Sample(
        exposure=ex.exposure(inverse.restated(told, policy.venue, instrument, position, reference)),
        principal=principal,
        short=ex.short_coins(instrument, position.contracts, reference),
        sent_ms=min(stamp.sent_ms for stamp in stamps),
        answered_ms=max(stamp.answered_ms for stamp in stamps),
    )
    gap = ex.gap(sample.exposure, principal, sample.short, policy.ratio)
    short = ex.short_coins(instrument, position.contracts, mark)
    price = instrument.coin_price(mark)
    band_notional = sizing.band_notional(policy.band, short + gap, price)
    return Reading(
        situation=situation,
        position=position,
        prices=situation.prices,
        margin=situation.margin,
        mark=mark,
        reference=reference,
        view=replace(
            view_of(situation),
            holdings=holdings,
            exposure=ex.exposure(holdings),
            principal=principal,
            short=short,
            target=short + gap,
            gap=gap,
            gap_notional=gap * price,
            band_notional=band_notional,
            price=price,
            mark=mark,
            liquidation_price=position.liquidation_price,
        ),
        sample=sample,
        gap=gap,
        band_coins=band_notional / price,
    )


def _is_external(part: Holding | Position | Prices | Margin) -> bool:
    return isinstance(part, Holding) and part.source is Source.EXTERNAL
