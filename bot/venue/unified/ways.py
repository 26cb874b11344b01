"""What can be told of any exchange as data, out of what ccxt says of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any, Final

from bot.domain.environment import Environment
from bot.domain.errors import ConfigFault
from bot.venue.dialect import Ways
from bot.venue.endpoint import at
from bot.venue.errors import Meaning, Refusal
from bot.venue.markets import Markets, Rules
from bot.venue.spec import Offer, Switch, VenueSpec
from bot.venue.throttle import Limit
from bot.venue.unified.calls import Nature, value_of
from bot.venue.unified.client import class_of, hosts_of
from bot.venue.unified.dialect import UnifiedDialect
from bot.venue.unified.facts import OPTIONS, TESTNETS
from bot.venue.unified.values import above_0_in, exact, told_in

VALIDITY_MS: Final = 30_000
"""How long an order may still take effect, by our guess: exchanges are not told a deadline."""
LIMITS: Final = {"requests": Limit(units=10, period_s=1)}
"""Careful, whatever the exchange allows: its own weights are not known here."""
_TICK_SIZE: Final = 4
"""ccxt's mode in which precisions are steps."""
_FEE_ASSUMED: Final = Decimal("0.001")
_QUANTITY_MAX: Final = Decimal(10**12)
_CREDENTIALS: Final = {
    "apiKey": "api_key",
    "secret": "secret",
    "password": "password",
    "walletAddress": "api_key",
    "privateKey": "secret",
}
"""Where each of ccxt's credentials stands in the settings."""
_IDLE_CONFIG: Final[Mapping[str, object]] = {"enableRateLimit": False}


def ways_for(exchange: str) -> Ways:
    """The ways of an exchange that nobody verified.

    Raises:
        ConfigFault: it has no perpetuals, wants a credential that the settings have no place for, or ccxt does not know
            its steps.
    """
    make = class_of(exchange)
    idle = make(_IDLE_CONFIG, lambda: 0)
    if not idle.has["swap"]:
        raise ConfigFault(f"ccxt knows no perpetuals of {exchange}")
    wanted = [name for name, needed in idle.requiredCredentials.items() if needed]
    for name in wanted:
        if name not in _CREDENTIALS:
            raise ConfigFault(f"{exchange} wants {name}, which hedgebot has no setting for")
    if idle.precisionMode != _TICK_SIZE:
        raise ConfigFault(f"ccxt does not tell the price steps of {exchange}, so no order on it can be priced")
    live = Offer(hosts=hosts_of(idle))
    offers = {Environment.PAPER: live, Environment.LIVE: live}
    if exchange in TESTNETS:
        offers[Environment.TESTNET] = Offer(hosts=TESTNETS[exchange].hosts, switch=Switch.SANDBOX)
    nature = Nature(exchange=exchange, idle=idle)
    return Ways(
        exchange=exchange,
        client=partial(_client, make, signs_with_wallet="privateKey" in wanted),
        options=OPTIONS.get(exchange, {}),
        offers=offers,
        secrets=tuple(dict.fromkeys(_CREDENTIALS[name] for name in wanted)),
        limits=LIMITS,
        validity_ms=VALIDITY_MS,
        server_time=at("requests", "venue_time", "read the time"),
        time_of=_time_of,
        place=at("requests", "unified", "place an order"),
        refusal=refusal,
        lists=(at("requests", "load_markets", "read the market lists"),),
        dialect=lambda link, spec, markets, clock: UnifiedDialect(link, spec, markets, clock, nature),
        markets=markets_of,
    )


def refusal(status: int, body: object) -> Refusal | None:
    """Ours before ccxt's: an empty object is no answer to anything."""
    if status == 200 and body in ({}, ""):
        return Refusal(status=status, code="", text="the answer is empty", meaning=Meaning.UNKNOWN)
    return None


def _client(
    make: Callable[[Mapping[str, object], Callable[[], int]], Any],
    config: Mapping[str, object],
    time_ms: Callable[[], int],
    *,
    signs_with_wallet: bool,
) -> Any:  # noqa: ANN401 - ccxt is untyped
    # As text: ccxt's own readers of what it has read before, such as the steps of a market, take no Decimal.
    config = {**config, "number": str}
    if signs_with_wallet:
        config = {**config, "walletAddress": config["apiKey"], "privateKey": config["secret"]}
    return make(config, time_ms)


def _time_of(body: object) -> int:
    return int(exact(value_of(body)))


def markets_of(spec: VenueSpec, listed: Mapping[str, Any]) -> Markets:
    """Names and contracts. Raises ValueError when there is no perpetual at all."""
    told = {
        symbol: {**market, "taker": _fee(market, "taker"), "maker": _fee(market, "maker")}
        for symbol, market in listed.items()
    }
    if not any(market.get("swap") and market.get("linear") for market in told.values()):
        raise ValueError("the lists hold no linear perpetual")
    return Markets(name=spec.name, markets=told, rules=rules_of, kinds=(), spot=False)


def _fee(market: Mapping[str, Any], key: str) -> Decimal:
    rate = told_in(market, key)
    return _FEE_ASSUMED if rate is None else rate


def rules_of(market: Mapping[str, Any]) -> Rules:
    """Units and filters of one perpetual, as ccxt tells them.

    A largest quantity that is not told counts as none: the caps of the risk gate hold all the same. Raises ValueError.
    """
    precision, limits = market["precision"], market["limits"]
    step = above_0_in(precision, "amount")
    amounts, costs = limits.get("amount") or {}, limits.get("cost") or {}
    return Rules(
        contract_size=above_0_in(market, "contractSize"),
        quantity_step=step,
        quantity_min=told_in(amounts, "min") or step,
        quantity_max=told_in(amounts, "max") or _QUANTITY_MAX,
        price_tick=above_0_in(precision, "price"),
        notional_min=told_in(costs, "min") or Decimal(0),
        active=market.get("active") is not False,
    )
