"""Whether the margin carries the hedge, and where it would be liquidated (R15, R27, R28)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from bot.core import exposure as ex
from bot.core import inverse, margin
from bot.domain.check import CheckLine
from bot.domain.errors import VenueFault
from bot.domain.instrument import Instrument
from bot.domain.numbers import ONE, ZERO, plain
from bot.domain.observation import Holding, Margin, Position, Prices
from bot.domain.policy import HedgePolicy
from bot.ports import Venue
from bot.runtime.lines import failed, faulty, passed


@dataclass(frozen=True, slots=True, kw_only=True)
class Backed:
    """One hedge of which everything is known."""

    policy: HedgePolicy
    instrument: Instrument
    holdings: Sequence[Holding]
    position: Position
    mark: Decimal
    money: Margin

    @property
    def coins(self) -> Decimal:
        """The short at its target."""
        return ex.target(ex.exposure(self.holdings), ex.principal(self.holdings), self.policy.ratio)

    @property
    def gap(self) -> Decimal:
        """Coins that lack a hedge."""
        short = ex.short_coins(self.instrument, self.position.contracts, self.mark)
        return ex.gap(ex.exposure(self.holdings), ex.principal(self.holdings), short, self.policy.ratio)


def backed(
    policy: HedgePolicy,
    instrument: Instrument,
    holdings: Sequence[Holding],
    position: Position,
    prices: Prices,
    money: Margin,
) -> Backed | str:
    """All of it at the one mark; or why its parts can't all be believed."""
    objection = inverse.objection(holdings, policy.venue, instrument, position, prices.mark)
    if objection:
        return objection
    return Backed(
        policy=policy,
        instrument=instrument,
        holdings=inverse.restated(holdings, policy.venue, instrument, position, prices.mark),
        position=position,
        mark=prices.mark,
        money=money,
    )


def margin_line(hedge: Backed) -> CheckLine:
    """R15: what of the gap the margin carries."""
    name = f"{hedge.policy.name}: margin"
    return _coins_line(name, hedge) if inverse.is_inverse(hedge.instrument) else _money_line(name, hedge)


def _money_line(name: str, hedge: Backed) -> CheckLine:
    policy, instrument = hedge.policy, hedge.instrument
    price = instrument.coin_price(hedge.mark)
    needed = max(hedge.gap, ZERO) * price * (ONE + policy.slippage + instrument.taker_fee) / policy.leverage
    free = max(hedge.money.available - policy.margin_reserve, ZERO)
    detail = f"{needed:,.2f} {instrument.settle} needed, {free:,.2f} free"
    if needed > free:
        return failed(
            name,
            f"{detail}; {needed - free:,.2f} missing",
            f"move {instrument.settle} to the futures wallet; until then only what fits is hedged",
            mendable=True,
        )
    return passed(name, detail)


def _coins_line(name: str, hedge: Backed) -> CheckLine:
    """An inverse short is backed by its own coins one to one: those are what must be there."""
    policy, instrument = hedge.policy, hedge.instrument
    wanted = instrument.contracts(max(hedge.gap, ZERO), hedge.mark) / (ONE + instrument.taker_fee)
    room = inverse.room(instrument, hedge.position, hedge.money, hedge.mark, policy.margin_reserve)
    balance = inverse.balance(instrument, hedge.position, hedge.money, hedge.mark)
    detail = f"margin balance {balance:.8f} {instrument.settle}; {plain(room)} more contracts fit at an effective 1x"
    missing = instrument.coins(wanted - room - instrument.quantity_step, hedge.mark)
    if missing > 0:
        return failed(
            name,
            f"{detail}; {missing:.8f} {instrument.settle} missing",
            f"move {instrument.settle} to the wallet that margins the contract; until then only what fits is hedged",
            mendable=True,
        )
    return passed(name, detail)


async def liquidation_line(hedge: Backed, venue: Venue) -> CheckLine:
    """Where the hedge at its target would be liquidated, by our own formula (R27, R28)."""
    policy, instrument, mark = hedge.policy, hedge.instrument, hedge.mark
    name = f"{policy.name}: liquidation"
    contracts = instrument.contracts(hedge.coins, mark)
    if inverse.is_inverse(instrument):
        room = inverse.room(instrument, hedge.position, hedge.money, mark, policy.margin_reserve)
        contracts = min(contracts, -hedge.position.contracts + room)  # what does not fit is not hedged
    notional = instrument.notional(contracts, mark)
    if notional <= 0:
        return passed(name, "nothing to hedge, so nothing to liquidate")
    try:
        rate, cum = await venue.maintenance(policy.symbol, notional)
    except VenueFault as fault:
        return faulty(name, fault)
    if inverse.is_inverse(instrument):
        # With u in it the balance is what a position entered at the mark would have behind it.
        wallet = inverse.balance(instrument, hedge.position, hedge.money, mark)
        cum /= instrument.coin_price(mark)
    else:
        wallet = notional / policy.leverage
    price = margin.liquidation_price(instrument, -contracts, mark, wallet, rate, cum)
    if price is None:
        return passed(name, margin.WHY_NONE[instrument.kind])
    return passed(name, f"expected at {price:,.2f}, {price / mark:.2f} times the mark of {mark:,.2f}")
