"""Which package knows which exchange."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.domain.errors import ConfigFault
from bot.venue import binance, kucoin, okx
from bot.venue.dialect import Ways
from bot.venue.spec import VenueSpec

WAYS: Final[Mapping[str, Ways]] = {ways.exchange: ways for ways in (binance.WAYS, kucoin.WAYS, okx.WAYS)}
"""By ccxt id."""


def ways_of(spec: VenueSpec) -> Ways:
    """The ways of an account's exchange. Raises ConfigFault when it is not known here."""
    ways = WAYS.get(spec.exchange)
    if ways is None:
        raise ConfigFault(
            f"venues.{spec.name}.exchange is {spec.exchange!r}; expected one of {', '.join(sorted(WAYS))}"
        )
    return ways
