"""Contracts and spot markets with their units and filters, from the venue's own lists.

Source: OKX v5 REST documentation, "Get instruments".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bot.domain.instrument import ContractKind
from bot.venue.markets import Filters, Markets, Rules, SpotRules
from bot.venue.shapes import Row, positive_in, row_of, text_in
from bot.venue.spec import VenueSpec

_KEYS = ("instId", "uly", "ctType", "ctVal", "ctValCcy", "ctMult", "settleCcy", "lotSz", "minSz", "maxLmtSz", "tickSz")


def markets_of(spec: VenueSpec, listed: Mapping[str, Any]) -> Markets:
    """Names and contracts. Raises ValueError when the lists can't be complete."""
    return Markets(name=spec.name, markets=listed, rules=rules_of, kinds=tuple(ContractKind), spot_rules=SPOT_RULES)


def underlying_of(market: Mapping[str, Any]) -> str:
    """The index behind a perpetual, such as BTC-USDT; also the name of its family. Raises ValueError."""
    return text_in(row_of(market["info"], "uly"), "uly")


def rules_of(market: Mapping[str, Any]) -> Rules:
    """Units and filters of one perpetual.

    A linear contract is a number of coins, an inverse one a number of quote. Prices are limited too, but by bounds
    that move with the market (`public/price-limit`), not by factors of the mark.

    Raises:
        ValueError: the unit is not known for sure.
    """
    info = row_of(market["info"], *_KEYS, "state")
    _check_unit(info, market)
    return Rules(
        contract_size=positive_in(info, "ctVal") * positive_in(info, "ctMult"),
        quantity_step=positive_in(info, "lotSz"),
        quantity_min=positive_in(info, "minSz"),
        quantity_max=positive_in(info, "maxLmtSz"),
        price_tick=positive_in(info, "tickSz"),
        active=info["state"] == "live",
    )


def _check_unit(info: Row, market: Mapping[str, Any]) -> None:
    base, _, quote = text_in(info, "uly").partition("-")
    if (base, quote) != (market["base"], market["quote"]):
        raise ValueError(f"its underlying {info['uly']} is not {market['base']} in {market['quote']}")
    match info["ctType"]:
        case "linear":
            unit, settle = base, quote
        case "inverse":
            unit, settle = quote, base
        case kind:
            raise ValueError(f"ctType {kind!r} is not known")
    if (info["ctValCcy"], info["settleCcy"]) != (unit, settle):
        raise ValueError(
            f"a {info['ctType']} contract should be sized in {unit} and settled in {settle}, "
            f"not in {info['ctValCcy']} and {info['settleCcy']}"
        )


def spot_filters_of(market: Mapping[str, Any]) -> Filters:
    """Filters of one spot market; prices are limited by bounds that move with the market, not by factors.

    Raises:
        ValueError: not the shape of a spot market.
    """
    info = row_of(market["info"], "lotSz", "minSz", "maxLmtSz", "tickSz", "state")
    return Filters(
        quantity_step=positive_in(info, "lotSz"),
        quantity_min=positive_in(info, "minSz"),
        quantity_max=positive_in(info, "maxLmtSz"),
        price_tick=positive_in(info, "tickSz"),
        active=info["state"] == "live",
    )


SPOT_RULES: Final = SpotRules(filters=spot_filters_of, fee_in_quote=False)
