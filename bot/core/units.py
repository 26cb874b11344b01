"""Contracts, units of the venue's base and coins: never taken for one another (R7)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from bot.domain.ids import Asset
from bot.domain.instrument import Instrument
from bot.domain.numbers import ONE, plain

TOLERANCE: Final = Decimal("0.05")
"""How far the venue's own figures may be from ours; a wrong unit is off by a factor, not by percents."""

_THOUSAND: Final = Decimal(1000)
_MILLION: Final = Decimal(1000000)

MULTIPLIERS: Final[Mapping[str, tuple[Asset, Decimal]]] = MappingProxyType(
    {
        "1000BONK": (Asset("BONK"), _THOUSAND),
        "1000BTTC": (Asset("BTTC"), _THOUSAND),
        "1000FLOKI": (Asset("FLOKI"), _THOUSAND),
        "1000LUNC": (Asset("LUNC"), _THOUSAND),
        "1000PEPE": (Asset("PEPE"), _THOUSAND),
        "1000RATS": (Asset("RATS"), _THOUSAND),
        "1000SHIB": (Asset("SHIB"), _THOUSAND),
        "1000WHY": (Asset("WHY"), _THOUSAND),
        "1000XEC": (Asset("XEC"), _THOUSAND),
        "10000PEPE": (Asset("PEPE"), Decimal(10000)),
        "1000000MOG": (Asset("MOG"), _MILLION),
        # Binance's spot wallets hold these under the same name: the unit is the coin.
        "1000CAT": (Asset("1000CAT"), ONE),
        "1000CHEEMS": (Asset("1000CHEEMS"), ONE),
        "1000SATS": (Asset("1000SATS"), ONE),
        "1MBABYDOGE": (Asset("1MBABYDOGE"), ONE),
    }
)
"""Bases of perpetuals whose name carries a number: the coin they stand for, and coins in one unit of the base."""

_LOOKS_MULTIPLIED: Final = re.compile(r"(10+|1[KM])[A-Za-z]\w*|[A-Za-z]\w*?10{2,}")


def asset_and_multiplier(base: str) -> tuple[Asset, Decimal]:
    """The coin behind a base, and how many coins one unit of the base is.

    Args:
        base: as the venue names it, such as `1000PEPE` or `BTC`.

    Raises:
        ValueError: the name looks like a multiple of a coin, and the table does not know it. A person must look:
            a guess would size every order wrong by that factor.
    """
    if base in MULTIPLIERS:
        return MULTIPLIERS[base]
    if _LOOKS_MULTIPLIED.fullmatch(base):
        raise ValueError(
            f"{base} looks like a multiple of a coin and is not in the table of multipliers; "
            "somebody must look up what one unit of it is and add it"
        )
    return Asset(base), ONE


def check_volume(
    instrument: Instrument, volume_contracts: Decimal, volume_quote: Decimal, average_price: Decimal
) -> str | None:
    """Compare the contract size with the venue's own 24 h volumes, before the first order.

    Args:
        instrument: whose contract size is checked.
        volume_contracts: 24 h volume in contracts.
        volume_quote: 24 h volume in quote.
        average_price: volume-weighted, in the instrument's price unit.

    Returns:
        None when both volumes are within 5 % of each other, else a sentence. Without any volume nothing is shown,
        and that is a sentence too.
    """
    if volume_contracts <= 0 or volume_quote <= 0 or average_price <= 0:
        return f"{instrument.symbol}: no volume in 24 h, so its contract size can't be checked"
    expected = instrument.notional(volume_contracts, average_price)
    if _close(expected, volume_quote):
        return None
    return (
        f"{instrument.symbol}: {plain(volume_contracts)} contracts traded at {plain(average_price)} make "
        f"{plain(expected)} {instrument.quote} by our contract size, {plain(volume_quote)} by the venue's"
    )


def check_notional(
    instrument: Instrument, contracts: Decimal, mark: Decimal, raw_notional: Decimal | None
) -> str | None:
    """Compare our value of a position with the venue's own.

    Args:
        instrument: what the position is in.
        contracts: the position, signed.
        mark: in the instrument's price unit.
        raw_notional: the venue's value in quote; None when it tells none, then there is nothing to compare.

    Returns:
        None when both are within 5 % of each other, else a sentence.
    """
    if raw_notional is None:
        return None
    expected = abs(instrument.notional(contracts, mark))
    if _close(expected, abs(raw_notional)):
        return None
    return (
        f"{instrument.symbol}: {plain(contracts)} contracts at {plain(mark)} are worth {plain(expected)} "
        f"{instrument.quote} by our contract size, {plain(abs(raw_notional))} by the venue's"
    )


def _close(ours: Decimal, theirs: Decimal) -> bool:
    return abs(ours - theirs) <= TOLERANCE * theirs
