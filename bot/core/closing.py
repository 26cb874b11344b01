"""What it costs to close the short, told before anybody asks for it."""

from __future__ import annotations

from decimal import Decimal
from typing import assert_never

from bot.core import sizing
from bot.domain.instrument import ContractKind, Instrument
from bot.domain.numbers import ONE
from bot.domain.observation import Position, Prices
from bot.domain.orders import Side
from bot.domain.plan import Closing


def closing_cost(instrument: Instrument, position: Position, prices: Prices, slippage: Decimal) -> Closing | None:
    """The cost of buying the short back.

    Args:
        instrument: what it is in.
        position: the short; None comes back for anything else.
        prices: of now; None comes back when they are no prices.
        slippage: fraction that an order may give up (R16).
    """
    short, mark = -position.contracts, prices.mark
    if short <= 0 or not mark > 0 or not 0 < prices.bid <= prices.ask:
        return None
    worst = sizing.collar(Side.BUY, prices, instrument, slippage)
    return Closing(
        venue=instrument.venue,
        contracts=short,
        notional=instrument.notional(short, mark),
        fee=instrument.notional(short, worst) * instrument.taker_fee,
        slippage_max=_worse(instrument, short, mark, worst),
        realized=_gain(instrument, short, position.entry_price, mark),
        settle=instrument.settle,
    )


def _worse(instrument: Instrument, short: Decimal, mark: Decimal, worst: Decimal) -> Decimal:
    """In quote: what buying at the worst price costs more than at the mark."""
    return instrument.coins(short, mark) * instrument.coin_price(worst - mark)


def _gain(instrument: Instrument, short: Decimal, entry: Decimal | None, mark: Decimal) -> Decimal | None:
    """R1, R2: in the settle currency."""
    if entry is None or entry <= 0:
        return None
    size = short * instrument.contract_size
    match instrument.kind:
        case ContractKind.LINEAR:
            return size * (entry - mark)
        case ContractKind.INVERSE:
            return size * (ONE / mark - ONE / entry)
        case _:
            assert_never(instrument.kind)
