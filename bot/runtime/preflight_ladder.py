"""How much money must be ready for a rise of the price, and whether it is (R27)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bot.core import exposure as ex
from bot.core import inverse
from bot.core.ladder import Backing, top_up
from bot.domain.check import CheckLine
from bot.domain.errors import NotOffered, VenueFault
from bot.domain.ids import Asset
from bot.domain.numbers import ONE, ZERO
from bot.domain.observation import Source
from bot.ports import Treasury, Venue
from bot.runtime.lines import faulty, passed, warned
from bot.runtime.preflight_margin import Backed

RISES: Final = (Decimal("0.5"), ONE)
"""The rises of the price that are spoken of: +50 % and +100 %."""


async def ladder_line(hedge: Backed, venue: Venue, treasury: Treasury | None) -> CheckLine | None:
    """What a linear short needs at +50 % and at +100 % for the coins that can't be sold; None for any other.

    Args:
        hedge: as it would be at its target.
        venue: of its short.
        treasury: the same venue; None where no money is moved.
    """
    policy, instrument, mark = hedge.policy, hedge.instrument, hedge.mark
    if inverse.is_inverse(instrument):
        return None  # R28
    name = f"{policy.name}: margin ladder"
    price, settle, hold = instrument.coin_price(mark), instrument.settle, policy.ladder.act_at
    try:
        needs = [await _per_coin(hedge, venue, rise, hold) for rise in RISES]
        free = hedge.money.available - max(hedge.gap, ZERO) * price / policy.leverage - policy.margin_reserve
        wallet = await _movable(treasury, settle, needed=policy.ladder.top_up)
    except VenueFault as fault:
        return faulty(name, fault)
    ready = max(free, ZERO) + max(wallet - policy.ladder.reserve, ZERO)
    fixed = _unsellable(hedge) * policy.ratio
    said = (
        f"to hold {hold}, {needs[0]:,.2f} {settle} per {policy.asset} at +50 % and {needs[1]:,.2f} at +100 %; "
        f"for {fixed:f} {policy.asset} that can't be sold {needs[0] * fixed:,.2f} and {needs[1] * fixed:,.2f}; "
        f"{ready:,.2f} are free"
    )
    if needs[0] * fixed > ready:
        hint = f"have {settle} ready on {policy.venue}: staked, external and locked coins can't be sold in time"
        return warned(name, said, hint)
    by_whom = "" if policy.ladder.top_up or not fixed else "; a person must add them when the alarm comes"
    return passed(name, said + by_whom)


async def _movable(treasury: Treasury | None, settle: Asset, *, needed: bool) -> Decimal:
    """What could become margin; none on a host that offers no transfers, unless the ladder is to make them there."""
    if treasury is None:
        return ZERO
    try:
        return await treasury.free_to_move(settle)
    except NotOffered:
        if needed:
            raise
        return ZERO


async def _per_coin(hedge: Backed, venue: Venue, rise: Decimal, hold: Decimal) -> Decimal:
    """Margin to add per coin of the short after a rise of the price, entered at the mark of now."""
    instrument, policy = hedge.instrument, hedge.policy
    units = instrument.contracts(hedge.coins, hedge.mark) * instrument.contract_size
    if units <= 0:
        return ZERO
    risen = hedge.mark * (ONE + rise)
    rate, cum = await venue.maintenance(policy.symbol, units * risen * hold)
    entered = units * hedge.mark / policy.leverage
    after = Backing(
        units=units, mark=risen, equity=entered - units * hedge.mark * rise, rate=rate, cum=cum, isolated=True
    )
    return top_up(after, hold) / hedge.coins


def _unsellable(hedge: Backed) -> Decimal:
    """Coins of the hedge that are not in spot on the venue of the short; all, where nothing is to be sold."""
    policy = hedge.policy
    sellable = (
        held.quantity
        for held in hedge.holdings
        if held.source is Source.SPOT and held.venue == policy.venue and held.token is None
    )
    return max(ex.exposure(hedge.holdings) - (sum(sellable, ZERO) if policy.ladder.reduce else ZERO), ZERO)
