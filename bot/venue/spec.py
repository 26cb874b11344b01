"""Which account on which exchange, and where that exchange is reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from bot.domain.environment import Environment
from bot.domain.errors import ConfigFault
from bot.domain.ids import VenueName


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueSpec:
    """One `[venues.NAME]` table with its secrets; its repr shows none of them.

    Attributes:
        name: the name in the settings.
        exchange: ccxt id.
        environment: one that the exchange has; the settings refuse others.
        api_key, secret, password: as given; password is empty where the exchange has none.
    """

    name: VenueName
    exchange: str
    environment: Environment
    api_key: str = field(repr=False)
    secret: str = field(repr=False)
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What an exchange really offers for one environment.

    Attributes:
        demo: switch with ccxt's `enable_demo_trading`.
        hosts: every host that the client may use there.
        sapi: whether the wallet, Earn and key-scope endpoints are served.
    """

    demo: bool
    hosts: frozenset[str]
    sapi: bool


_BINANCE_LIVE: Final = Offer(
    demo=False,
    hosts=frozenset({f"{part}.binance.com" for part in ("api", "fapi", "dapi", "eapi", "papi")}),
    sapi=True,
)
_BINANCE_DEMO: Final = Offer(
    demo=True,
    hosts=frozenset({f"demo-{part}.binance.com" for part in ("api", "fapi", "dapi")}),
    sapi=False,
)
# A hard-coded table, since probing is unsafe: a failed switch leaves ccxt on live URLs.
_OFFERS: Final[Mapping[tuple[str, Environment], Offer]] = {
    ("binance", Environment.PAPER): _BINANCE_LIVE,
    ("binance", Environment.TESTNET): _BINANCE_DEMO,
    ("binance", Environment.LIVE): _BINANCE_LIVE,
}


def offer_of(spec: VenueSpec) -> Offer:
    """What the exchange offers for the environment that the settings ask for.

    Raises:
        ConfigFault: the exchange has no such environment, or is not known here.
    """
    offer = _OFFERS.get((spec.exchange, spec.environment))
    if offer is None:
        known = ", ".join(sorted({exchange for exchange, _ in _OFFERS}))
        raise ConfigFault(f"venues.{spec.name}.exchange is {spec.exchange!r}; expected one of {known}")
    return offer
