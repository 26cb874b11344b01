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
from bot.domain.orders import Side, VenueTrade

SAME_MARK: Final = Decimal("0.01")
"""With marks further apart than this the two profits say nothing of each other."""
TOLERANCE: Final = Decimal("0.012")
"""How far the venue's profit may be from ours, of the short: what marks so far apart explain, and a little."""
DUST: Final = Decimal("0.001")
"""Profit among coins that no short of ours explains, of those coins; far below any band."""
OVERDRAWN: Final = Decimal("1.05")
"""Effective leverage of an inverse short that a person is told of; fees and funding alone do not lead there."""


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
    """Why the holdings and the position can't both be believed; empty when they can.

    Profit among the coins of a holding is that of the hedge's own inverse short, or somebody else's: that comes and
    goes with the price, and to hedge it would trade on every tick.

    Args:
        holdings: of the hedge, as the venues tell them.
        venue: where the short is.
        instrument: what the short is in.
        position: the short.
        mark: in the instrument's price unit.
    """
    index = _carrier(holdings, venue, instrument)
    if index is None and is_inverse(instrument):
        return f"no source of the hedge holds the coins on {venue} that margin its short (R2)"
    for number, held in enumerate(holdings):
        short = abs(instrument.coins(position.contracts, mark)) if number == index else ZERO
        ours = _own_profit(instrument, position, mark) if number == index else ZERO
        told = held.quantity - held.principal
        if ours is not None and abs(told - ours) > max(TOLERANCE * short, DUST * abs(held.principal)):
            return (
                f"the profit in the {held.source} coins on {held.venue} is {told:.8f} {held.asset}, our position makes "
                f"it {ours:.8f}: is there another position on that coin?"
            )
    return ""


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


def overdrawn_now(instrument: Instrument, position: Position, margin: Margin, mark: Decimal) -> str:
    """Why the short as it is has an effective leverage well above 1; empty when it has not, and for a linear one."""
    if not is_inverse(instrument) or position.contracts >= 0:
        return ""
    why = overdrawn(instrument, position, margin, mark, -position.contracts)
    backing = balance(instrument, position, margin, mark)
    short = -instrument.coins(position.contracts, mark)
    if not why or short <= OVERDRAWN * backing:
        return ""
    return f"{why}, an effective leverage of {short / backing:.2f}" if backing > 0 else why


def gained(instrument: Instrument, trades: Sequence[VenueTrade], contracts: Decimal, entry: Decimal | None) -> Decimal:
    """Coins that trades brought to the margin wallet: profit realised less fees; 0 where no coins settle them.

    The profit is computed, since not every venue tells it with the trade.

    Args:
        instrument: what was traded.
        trades: oldest first.
        contracts: the position before them, signed.
        entry: of that position; None when it is not known, then what the venue tells counts.
    """
    if not is_inverse(instrument):
        return ZERO
    total = ZERO
    for trade in trades:
        total -= trade.fee if trade.fee_asset == instrument.settle else ZERO
        if contracts * trade.moved < 0:
            closed = min(abs(contracts), trade.contracts) * (ONE if contracts > 0 else -ONE)
            total += trade.realized if entry is None else profit(instrument, closed, entry, trade.price)
        contracts, entry = contracts + trade.moved, _entry_after(instrument, trade, contracts, entry)
    return total


def _entry_after(
    instrument: Instrument, trade: VenueTrade, contracts: Decimal, entry: Decimal | None
) -> Decimal | None:
    """What a trade makes of the average entry: contracts / coins sold; it stays when the position shrinks."""
    after = contracts + trade.moved
    if contracts * after <= 0:
        return trade.price  # opened by this trade
    if abs(after) <= abs(contracts) or entry is None:
        return entry
    sold = instrument.coins(contracts, entry) + instrument.coins(trade.moved, trade.price)
    return instrument.coins(after, ONE) / sold


def slipped(instrument: Instrument, trade: VenueTrade, mark: Decimal) -> Decimal:
    """By how many contracts a trade moved the gap otherwise than one at the mark without a fee would have.

    Its price was another, and what a purchase costs is no longer there to be hedged: at most its fee in contracts,
    that much more is to be bought back. A sale is sized net of its fee (R15).

    Args:
        instrument: what was traded.
        trade: of ours.
        mark: that its size was decided on.

    Returns:
        0 or more; 0 when linear.
    """
    if not is_inverse(instrument):
        return ZERO
    by_price = abs(trade.contracts * (mark / trade.price - ONE))
    if trade.side is Side.SELL or trade.fee_asset != instrument.settle:
        return by_price
    return by_price + max(trade.fee, ZERO) / instrument.coins(ONE, trade.price)


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
