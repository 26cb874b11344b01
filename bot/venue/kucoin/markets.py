"""KuCoin's contracts and spot markets, and its names of coins: `XBT` is BTC.

Source: KuCoin REST documentation, "Get All Symbols" of spot and futures; bodies recorded from the venue.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from bot.domain.ids import Asset, Symbol
from bot.domain.instrument import ContractKind
from bot.domain.numbers import ONE
from bot.venue.markets import Filters, Markets, Rules, SpotRules
from bot.venue.shapes import decimal_in, flag_in, positive_in, row_of, text_in
from bot.venue.spec import VenueSpec

_KEYS: Final = ("multiplier", "lotSize", "tickSize", "maxOrderQty", "status", "isInverse")
_SPOT_KEYS: Final = (
    *("baseIncrement", "baseMinSize", "baseMaxSize", "priceIncrement", "enableTrading", "feeCurrency", "quoteCurrency"),
)
_PRICE_RANGE: Final = Decimal("0.05")
"""The documented price range of an order, as a fraction of the mark; a contract may tell its own."""


class KuCoinMarkets(Markets):
    """The market lists with KuCoin's names of coins. Raises ValueError as `Markets` does."""

    def __init__(self, spec: VenueSpec, markets: Mapping[str, Any]) -> None:
        super().__init__(
            name=spec.name, markets=markets, rules=rules_of, kinds=tuple(ContractKind), spot_rules=SPOT_RULES
        )
        self._assets: dict[str, Asset] = {}
        self._settles: dict[str, Asset] = {}
        for market in markets.values():
            for part in ("base", "quote", "settle"):
                if market.get(f"{part}Id"):
                    self._assets[str(market[f"{part}Id"])] = Asset(market[part])
            if market.get("swap"):
                self._settles[str(market["settleId"])] = Asset(market["settle"])
        self._taken = frozenset(self._assets.values())

    def asset_of(self, currency: str) -> Asset:
        """The coin behind the venue's name of a currency.

        A currency that no market has keeps its name, unless that is the name of another coin here (ccxt calls KuCoin's
        `KALT` ALT, so an `ALT` of KuCoin's own is something else): then it is marked as KuCoin's.
        """
        known = self._assets.get(currency)
        if known is not None:
            return known
        return Asset(f"kucoin:{currency}" if currency in self._taken else currency)

    def settle_currency(self, symbol: Symbol) -> str:
        """The venue's name of what a contract settles in. Raises ConfigFault."""
        return str(self.market(symbol)["settleId"])

    def currency_of(self, asset: Asset) -> str | None:
        """The venue's name of a coin that margins contracts; None when it margins none."""
        return next((currency for currency, settle in self._settles.items() if settle == asset), None)

    @property
    def settles(self) -> Mapping[str, Asset]:
        """Coins that margin contracts, by the venue's name."""
        return self._settles


def rules_of(market: Mapping[str, Any]) -> Rules:
    """Units and filters of one contract. Sizes are whole contracts; a negative multiplier marks an inverse one.

    Raises:
        ValueError: another shape, or units that contradict one another.
    """
    info = row_of(market["info"], *_KEYS)
    multiplier = decimal_in(info, "multiplier")
    inverse = flag_in(info, "isInverse")
    if multiplier == 0 or inverse is not (multiplier < 0):
        raise ValueError(f"multiplier {multiplier} does not fit isInverse {inverse}")
    if inverse is not (market["inverse"] is True):
        raise ValueError("the contract's kind is not certain")
    lot = positive_in(info, "lotSize")
    if lot != lot.to_integral_value():
        raise ValueError(f"lotSize {lot} is no whole number of contracts")
    spread = positive_in(info, "orderPriceRange") if info.get("orderPriceRange") is not None else _PRICE_RANGE
    return Rules(
        contract_size=abs(multiplier),
        quantity_step=lot,
        quantity_min=lot,
        quantity_max=positive_in(info, "maxOrderQty"),
        price_tick=positive_in(info, "tickSize"),
        active=text_in(info, "status") == "Open",
        price_down=ONE - spread,
        price_up=ONE + spread,
    )


def spot_filters_of(market: Mapping[str, Any]) -> Filters:
    """Filters of one spot market. A price may be so far from the last one as `priceLimitRate` says.

    Raises:
        ValueError: another shape, or fees that are not taken in quote.
    """
    info = row_of(market["info"], *_SPOT_KEYS)
    if info["feeCurrency"] != info["quoteCurrency"]:
        raise ValueError(f"its fees are in {info['feeCurrency']}, not in {info['quoteCurrency']}")
    least = "quoteMinSize" if info.get("minFunds") is None else "minFunds"
    limit = None if info.get("priceLimitRate") in {None, ""} else positive_in(info, "priceLimitRate")
    return Filters(
        quantity_step=positive_in(info, "baseIncrement"),
        quantity_min=positive_in(info, "baseMinSize"),
        quantity_max=positive_in(info, "baseMaxSize"),
        price_tick=positive_in(info, "priceIncrement"),
        notional_min=positive_in(info, least),
        price_down=None if limit is None else ONE - limit,
        price_up=None if limit is None else ONE + limit,
        active=flag_in(info, "enableTrading"),
    )


SPOT_RULES: Final = SpotRules(filters=spot_filters_of, fee_in_quote=True)
