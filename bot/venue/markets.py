"""The venue's markets: names, and contracts with their units from the venue's own filters."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from bot.core.units import asset_and_multiplier
from bot.domain.errors import ConfigFault
from bot.domain.ids import Asset, Symbol, VenueName
from bot.domain.instrument import ContractKind, Instrument
from bot.domain.numbers import decimal_of
from bot.venue.shapes import Row, decimal_in, positive_in, row_of, rows_of, text_in

_EARN_PREFIX: Final = "LD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fees:
    """The account's own rates for one instrument, as fractions."""

    maker: Decimal
    taker: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotPair:
    """One spot market."""

    market_id: str
    symbol: Symbol
    base: Asset
    quote: Asset


class Markets:
    """Everything that ccxt read of the market lists.

    Args:
        name: the venue's name.
        markets: ccxt's markets by symbol.

    Raises:
        ValueError: there is no spot market or no perpetual: the lists can't be complete.
    """

    def __init__(self, *, name: VenueName, markets: Mapping[str, Any] | None) -> None:
        self._name = name
        self._markets = markets or {}
        self._swap_symbols = {
            str(market["id"]): Symbol(symbol) for symbol, market in self._markets.items() if _is_linear_swap(market)
        }
        self._spot = {
            symbol: SpotPair(
                market_id=str(market["id"]),
                symbol=Symbol(symbol),
                base=Asset(market["base"]),
                quote=Asset(market["quote"]),
            )
            for symbol, market in self._markets.items()
            if market.get("spot")
        }
        if not self._swap_symbols or not self._spot:
            raise ValueError("the market lists are empty")
        self._coins = {coin for pair in self._spot.values() for coin in (pair.base, pair.quote)}
        self._fees: dict[Symbol, Fees] = {}

    def set_fees(self, symbol: Symbol, fees: Fees) -> None:
        """Use the account's own rates from now on."""
        self._fees[symbol] = fees

    def id_of(self, symbol: Symbol) -> str:
        """The venue's own name of a perpetual. Raises ConfigFault."""
        return str(self._swap(symbol)["id"])

    def symbol_of(self, market_id: str) -> Symbol | None:
        """The perpetual behind the venue's own name; None when it is none of the list's."""
        return self._swap_symbols.get(market_id)

    def spot_pairs(self, assets: frozenset[Asset]) -> Sequence[SpotPair]:
        """Spot markets of these coins against a settle currency of the perpetuals."""
        quotes = {Asset(self._markets[symbol]["quote"]) for symbol in self._swap_symbols.values()}
        return [pair for pair in self._spot.values() if pair.base in assets and pair.quote in quotes]

    def mirrors_earn(self, asset: str) -> bool:
        """Whether a spot balance only mirrors Simple Earn: `LD` + a known coin, and no coin itself (`LDO` is one)."""
        rest = asset.removeprefix(_EARN_PREFIX)
        return asset.startswith(_EARN_PREFIX) and asset not in self._coins and rest in self._coins

    def instrument(self, symbol: Symbol) -> Instrument:
        """The contract.

        Raises:
            ConfigFault: there is none of that name, it is no linear perpetual, or its units are not known for sure.
        """
        market = self._swap(symbol)
        fees = self._fees.get(symbol)
        try:
            asset, multiplier = asset_and_multiplier(str(market["base"]))
            info = row_of(market["info"], "filters", "status")
            filters = {text_in(row, "filterType"): row for row in rows_of(info["filters"], "filterType")}
            lot = row_of(filters.get("LOT_SIZE"), "minQty", "maxQty", "stepSize")
            percent = filters.get("PERCENT_PRICE")
            return Instrument(
                venue=self._name,
                symbol=symbol,
                asset=asset,
                multiplier=multiplier,
                quote=Asset(market["quote"]),
                settle=Asset(market["settle"]),
                kind=ContractKind.LINEAR,
                contract_size=decimal_of(market["contractSize"]),
                quantity_step=positive_in(lot, "stepSize"),
                quantity_min=decimal_in(lot, "minQty"),
                quantity_max=positive_in(lot, "maxQty"),
                price_tick=positive_in(row_of(filters.get("PRICE_FILTER"), "tickSize"), "tickSize"),
                notional_min=_notional_min(filters),
                price_down=None if percent is None else positive_in(percent, "multiplierDown"),
                price_up=None if percent is None else positive_in(percent, "multiplierUp"),
                taker_fee=fees.taker if fees else _published(market["taker"]),
                maker_fee=fees.maker if fees else _published(market["maker"]),
                active=info["status"] == "TRADING",
            )
        except ValueError as fault:
            raise ConfigFault(f"venues.{self._name}: {symbol} can't be traded: {fault}") from None

    def _swap(self, symbol: Symbol) -> Mapping[str, Any]:
        market: Mapping[str, Any] | None = self._markets.get(symbol)
        if market is not None and _is_linear_swap(market):
            return market
        what = "is no such market" if market is None else "is no linear perpetual"
        near = difflib.get_close_matches(symbol, list(self._swap_symbols.values()), n=3, cutoff=0.5)
        raise ConfigFault(
            f"venues.{self._name}: {symbol!r} {what} there; expected a perpetual such as 'BTC/USDT:USDT'",
            hint=f"did you mean {' or '.join(near)}?" if near else "",
        )


def _is_linear_swap(market: Mapping[str, Any]) -> bool:
    return bool(market.get("swap")) and bool(market.get("linear"))


def _notional_min(filters: Mapping[str, Row]) -> Decimal:
    row = filters.get("MIN_NOTIONAL")
    return Decimal(0) if row is None else decimal_in(row, "notional")


def _published(rate: object) -> Decimal:
    """The published fee rate, a literal of ccxt's source: a float whose shortest form is what was written."""
    return decimal_of(str(rate))
