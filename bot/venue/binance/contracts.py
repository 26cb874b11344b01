"""Units and filters of Binance's perpetuals, from the market lists."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bot.domain.instrument import ContractKind
from bot.domain.numbers import ONE, ZERO
from bot.venue.binance.family import family_of
from bot.venue.binance.spot import SPOT_RULES
from bot.venue.markets import Markets, Rules
from bot.venue.shapes import Row, decimal_in, positive_in, row_of, rows_of, text_in
from bot.venue.spec import VenueSpec


def markets_of(spec: VenueSpec, listed: Mapping[str, Any]) -> Markets:
    """Everything that ccxt read of the three market lists. Raises ValueError."""
    return Markets(name=spec.name, markets=listed, rules=rules_of, kinds=tuple(ContractKind), spot_rules=SPOT_RULES)


def rules_of(market: Mapping[str, Any]) -> Rules:
    """One contract of either API.

    A linear contract is one unit of its base. An inverse one is as many USD as the list says; COIN-M has no minimum
    notional.

    Raises:
        ValueError: not the shape of a contract.
    """
    family = family_of(ContractKind.LINEAR if market["linear"] else ContractKind.INVERSE)
    info = row_of(market["info"], "filters", family.status)
    filters = {text_in(row, "filterType"): row for row in rows_of(info["filters"], "filterType")}
    lot = row_of(filters.get("LOT_SIZE"), "minQty", "maxQty", "stepSize")
    percent = filters.get("PERCENT_PRICE")
    return Rules(
        contract_size=ONE if family.kind is ContractKind.LINEAR else positive_in(info, "contractSize"),
        quantity_step=positive_in(lot, "stepSize"),
        quantity_min=decimal_in(lot, "minQty"),
        quantity_max=positive_in(lot, "maxQty"),
        price_tick=positive_in(row_of(filters.get("PRICE_FILTER"), "tickSize"), "tickSize"),
        notional_min=_notional_min(filters),
        price_down=None if percent is None else positive_in(percent, "multiplierDown"),
        price_up=None if percent is None else positive_in(percent, "multiplierUp"),
        active=info[family.status] == "TRADING",
    )


def _notional_min(filters: Mapping[str, Row]) -> Decimal:
    row = filters.get("MIN_NOTIONAL")
    return ZERO if row is None else decimal_in(row, "notional")
