"""Which package knows which exchange."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import ccxt

from bot.domain.errors import ConfigFault
from bot.venue import binance, kucoin, okx
from bot.venue.dialect import Ways
from bot.venue.spec import VenueSpec
from bot.venue.unified import ways_for

WAYS: Final[Mapping[str, Ways]] = {ways.exchange: ways for ways in (binance.WAYS, kucoin.WAYS, okx.WAYS)}
"""Those with a package of their own, by ccxt id."""


def ways_of(spec: VenueSpec) -> Ways:
    """The ways of an account's exchange; one without a package is told and read by ccxt's unified methods.

    Raises ConfigFault when ccxt does not know it, or it can't be used.
    """
    ways = WAYS.get(spec.exchange)
    if ways is not None:
        return ways
    hint = f"expected one of {', '.join(sorted(WAYS))}, or another exchange that ccxt knows perpetuals of"
    if spec.exchange not in ccxt.exchanges:
        raise ConfigFault(f"venues.{spec.name}.exchange is {spec.exchange!r}, which ccxt does not know", hint=hint)
    try:
        return ways_for(spec.exchange)
    except ConfigFault as fault:
        raise ConfigFault(f"venues.{spec.name}: {fault.message}", hint=hint) from None
