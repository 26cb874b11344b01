"""Which account on which exchange, and where that exchange is reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.domain.environment import Environment
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


class Switch(StrEnum):
    """How ccxt is switched to a venue's play-money environment."""

    NONE = "none"
    DEMO = "demo"
    """`enable_demo_trading`."""
    SANDBOX = "sandbox"
    """`set_sandbox_mode`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What an exchange really offers for one environment.

    A hard-coded table of the exchange's package, since probing is unsafe: a failed switch leaves ccxt on live URLs.

    Attributes:
        hosts: every host that the client may use there.
        switch: how ccxt gets there.
        wallets: whether the wallet, Earn and key-scope endpoints are served.
        headers: what every request there must carry; a client without them would trade with real money.
    """

    hosts: frozenset[str]
    switch: Switch = Switch.NONE
    wallets: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)
