"""The coin-margined short: what it gains, and the price at which it is judged (R2, R3, R15).

With W the margin wallet, c contracts of size s, E the entry and P the mark, exposure - short = W + u - c*s/P, and u =
c*s*(1/P - 1/E), so the gap is that of P = E, whatever the mark is. A venue tells W + u of one moment and the position
of another; so u is taken from the position, at the one price that the short is valued at, and the venue's own figure
only says whether both speak of the same thing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from bot.domain.ids import VenueName
from bot.domain.instrument import ContractKind, Instrument
from bot.domain.numbers import ONE, ZERO, floor_to, plain
from bot.domain.observation import Holding, Margin, Position, Source
from bot.domain.orders import VenueTrade

TOLERANCE: Final = Decimal("0.05")
"""How far the venue's profit may be from ours, of the margin balance or the short, whichever is larger."""
SAME_MARK: Final = Decimal("0.01")
"""With marks further apart than this the two profits say nothing of each other."""


def is_inverse(instrument: Instrument) -> bool:
    """Whether the contract is settled in the coin."""
    return instrument.kind is ContractKind.INVERSE


def entry_of(instrument: Instrument, position: Position) -> Decimal | None:
    """The price at which an inverse position has neither won nor lost; None when linear, flat or not told."""
    entry = position.entry_price
    if not is_inverse(instrument) or position.contracts == 0 or entry is None or entry <= 0:
        return None
    return entry


def reference(instrument: Instrument, position: Position, mark: Decimal) -> Decimal:
    """The price at which coins are compared: the entry of an inverse position, else the mark.

    At its entry an inverse short is worth what was sold, and its margin what is in the wallet: no price moves either.
    """
    return entry_of(instrument, position) or mark


def profit(instrument: Instrument, contracts: Decimal, entry: Decimal, price: Decimal) -> Decimal:
    """U in coins: c*s*(1/P - 1/E) for a short (R2).

    Args:
        instrument: an inverse contract.
        contracts: signed: a short is negative.
        entry: of the position.
        price: in the instrument's price unit.
    """
    return instrument.coins(contracts, entry) - instrument.coins(contracts, price)


def restated(
    holdings: Sequence[Holding], venue: VenueName, instrument: Instrument, position: Position, price: Decimal
) -> tuple[Holding, ...]:
    """The holdings with the margin of the short valued at a price: W + u of the position there (R2).

    What the venue tells stays where the contract is linear, or the entry is not known.

    Args:
        holdings: of the hedge.
        venue: where the short is.
        instrument: what the short is in.
        position: the short.
        price: in the instrument's price unit.
    """
    index = _carrier(holdings, venue, instrument)
    entry = entry_of(instrument, position)
    if index is None or entry is None:
        return tuple(holdings)
    held = holdings[index]
    valued = replace(held, quantity=held.principal + profit(instrument, position.contracts, entry, price))
    return (*holdings[:index], valued, *holdings[index + 1 :])


def objection(
    holdings: Sequence[Holding], venue: VenueName, instrument: Instrument, position: Position, mark: Decimal
) -> str:
    """Why margin and position of an inverse short can't both be believed; empty when they can, and for a linear one.

    Args:
        holdings: of the hedge, as the venues tell them.
        venue: where the short is.
        instrument: what the short is in.
        position: the short.
        mark: in the instrument's price unit.
    """
    if not is_inverse(instrument):
        return ""
    index = _carrier(holdings, venue, instrument)
    if index is None:
        return f"no source of the hedge holds the coins on {venue} that margin its short (R2)"
    ours = _own_profit(instrument, position, mark)
    if ours is None:
        return ""
    held = holdings[index]
    told = held.quantity - held.principal
    size = max(abs(held.quantity), abs(instrument.coins(position.contracts, mark)))
    if abs(told - ours) <= TOLERANCE * size:
        return ""
    return (
        f"the profit in the margin on {venue} is {told:.8f} {held.asset}, the position makes it {ours:.8f}: "
        f"is there another position on that coin?"
    )


def balance(instrument: Instrument, position: Position, margin: Margin, mark: Decimal) -> Decimal:
    """The margin balance W + u at the mark, in coins; the venue's own where the entry is not known."""
    entry = entry_of(instrument, position)
    if entry is not None:
        return margin.wallet + profit(instrument, position.contracts, entry, mark)
    return margin.wallet if margin.balance is None else margin.balance


def room(instrument: Instrument, position: Position, margin: Margin, mark: Decimal, reserve: Decimal) -> Decimal:
    """How many more contracts the coins in the margin back in full, net of the fee: N = W x P/(1 + f) (R15).

    Args:
        instrument: an inverse contract.
        position: what is short already.
        margin: of the coin.
        mark: in the instrument's price unit.
        reserve: quote that is not used.

    Returns:
        A multiple of the quantity step, 0 when nothing more fits.
    """
    coins = balance(instrument, position, margin, mark) - reserve / instrument.coin_price(mark)
    left = (instrument.contracts(coins, mark) + position.contracts) / (ONE + instrument.taker_fee)
    return floor_to(max(left, ZERO), instrument.quantity_step)


def overdrawn(instrument: Instrument, position: Position, margin: Margin, mark: Decimal, contracts: Decimal) -> str:
    """Why a short of so many contracts is more than the effective 1x of R15; empty when it is not.

    Args:
        instrument: an inverse contract.
        position: the short as it is.
        margin: of the coin.
        mark: in the instrument's price unit.
        contracts: the short as it would be, positive.
    """
    backing = balance(instrument, position, margin, mark)
    short = instrument.coins(contracts, mark)
    if short <= backing + instrument.coins(ONE, mark):
        return ""
    return f"{plain(contracts)} contracts short are {short:.8f} {margin.asset}, the margin balance is {backing:.8f}"


def gained(instrument: Instrument, trades: Sequence[VenueTrade]) -> Decimal:
    """Coins that trades brought to the margin wallet: profit realised less fees; 0 where no coins settle them."""
    if not is_inverse(instrument):
        return ZERO
    fees = sum((trade.fee for trade in trades if trade.fee_asset == instrument.settle), ZERO)
    return sum((trade.realized for trade in trades), ZERO) - fees


def slipped(instrument: Instrument, contracts: Decimal, price: Decimal, mark: Decimal) -> Decimal:
    """By how many contracts a trade moved the gap otherwise than one at the mark would have; 0 when linear.

    Args:
        instrument: what was traded.
        contracts: of the trade.
        price: of the trade.
        mark: that its size was decided on.
    """
    return abs(contracts * (mark / price - ONE)) if is_inverse(instrument) else ZERO


def _own_profit(instrument: Instrument, position: Position, mark: Decimal) -> Decimal | None:
    """What the position says of u; None when it says nothing that the venue's figure can be held against."""
    if position.contracts == 0:
        return ZERO
    entry = entry_of(instrument, position)
    theirs = position.mark_price
    if entry is None or theirs is None or abs(theirs - mark) > SAME_MARK * mark:
        return None
    return profit(instrument, position.contracts, entry, theirs)


def _carrier(holdings: Sequence[Holding], venue: VenueName, instrument: Instrument) -> int | None:
    """Which holding contains the margin: that of its own, on a unified account `spot` (R5)."""
    if not is_inverse(instrument):
        return None
    for source in (Source.MARGIN, Source.SPOT):
        for index, holding in enumerate(holdings):
            if (holding.source, holding.venue, holding.token) == (source, venue, None):
                return index
    return None
