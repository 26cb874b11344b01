"""Where a position would be liquidated (R27, R28), by our own formula, to hold the venue's figure against."""

from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType
from typing import Final, assert_never

from bot.domain.instrument import ContractKind, Instrument
from bot.domain.numbers import ONE, ZERO

WHY_NONE: Final = MappingProxyType(
    {
        ContractKind.LINEAR: "none expected",
        ContractKind.INVERSE: "none: the short is backed in full by its own coins (R28)",
    }
)
"""What to say of a short that has no liquidation price."""


def liquidation_price(
    instrument: Instrument,
    contracts: Decimal,
    entry: Decimal,
    isolated_wallet: Decimal,
    maintenance_rate: Decimal,
    cum: Decimal = ZERO,
) -> Decimal | None:
    """The mark at which what backs a position just equals its maintenance margin.

    With Q units of the base, N = contracts x size, E the entry, W the wallet and m the rate, a short is liquidated at
    (W + cum + Q E) / (Q (1 + m)) when it is linear; when it is inverse at (1 - m) E / (1 - b), with the backing share
    b = (W + cum) E / N, and nowhere when b >= 1 (R28).

    Args:
        instrument: what the position is in.
        contracts: signed: a short is negative.
        entry: average entry price, in the instrument's price unit.
        isolated_wallet: margin behind the position, without unrealised P&L, in the settle currency.
        maintenance_rate: m, of the bracket that the position is in.
        cum: the bracket's maintenance amount, in the settle currency.

    Returns:
        In the instrument's price unit; None when there is no such price, or no position.

    Source: Binance, "How to Calculate Liquidation Price of USD-M Futures Contracts"; derived again from
        wallet + P&L = maintenance margin.
    """
    if contracts == 0:
        return None
    side = ONE if contracts > 0 else -ONE
    size = abs(contracts) * instrument.contract_size
    backing = isolated_wallet + cum
    match instrument.kind:
        case ContractKind.LINEAR:
            above, below = backing - side * size * entry, size * (maintenance_rate - side)
        case ContractKind.INVERSE:
            above, below = size * (maintenance_rate + side) * entry, backing * entry + side * size
        case _:
            assert_never(instrument.kind)
    if below == 0:
        return None
    price = above / below
    return price if price > 0 else None
