"""The venue's markets: names, and contracts with their units from the venue's own lists."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from bot.core.units import asset_and_multiplier
from bot.domain.errors import ConfigFault
from bot.domain.ids import Asset, Symbol, VenueName
from bot.domain.instrument import ContractKind, Instrument, SpotMarket
from bot.domain.numbers import ZERO, decimal_of

_USUAL: Final = frozenset({Asset("USDT"), Asset("USD")})
"""What most people trade linear and inverse contracts in."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What an order on one market must fit, as in `bot.domain.instrument.SpotMarket`."""

    quantity_step: Decimal
    quantity_min: Decimal
    quantity_max: Decimal
    price_tick: Decimal
    active: bool
    notional_min: Decimal = ZERO
    price_down: Decimal | None = None
    price_up: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules(Filters):
    """Units and filters of one contract, as in `bot.domain.instrument.Instrument`."""

    contract_size: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotRules:
    """How the spot markets of an exchange are read.

    Attributes:
        filters: reads them from ccxt's market, best from its `info`. Raises ValueError.
        fee_in_quote: the fee of a buy is taken in quote, not in coins.
    """

    filters: Callable[[Mapping[str, Any]], Filters]
    fee_in_quote: bool


class Markets:
    """Everything that ccxt read of the market lists.

    Args:
        name: the venue's name.
        markets: ccxt's markets by symbol.
        rules: reads units and filters of a contract from ccxt's market, best from its `info`. Raises ValueError.
        kinds: of each of these there must be a perpetual.
        spot_rules: None where the bot trades no spot.
        spot: whether there must be a spot market.

    Raises:
        ValueError: there is no spot market, or no perpetual of a kind: the lists can't be complete.
    """

    def __init__(
        self,
        *,
        name: VenueName,
        markets: Mapping[str, Any],
        rules: Callable[[Mapping[str, Any]], Rules],
        kinds: Collection[ContractKind],
        spot_rules: SpotRules | None = None,
        spot: bool = True,
    ) -> None:
        self._name = name
        self._rules = rules
        self._spot_rules = spot_rules
        self._swaps: dict[Symbol, Mapping[str, Any]] = {
            Symbol(symbol): market for symbol, market in markets.items() if _kind_of(market) is not None
        }
        self._swap_symbols = {str(market["id"]): symbol for symbol, market in self._swaps.items()}
        self._others = frozenset(markets) - frozenset(self._swaps)
        self._spots: dict[Symbol, Mapping[str, Any]] = {
            Symbol(symbol): market for symbol, market in markets.items() if market.get("spot")
        }
        self._pairs = {
            str(market["id"]): SpotPair(
                market_id=str(market["id"]),
                symbol=symbol,
                base=Asset(market["base"]),
                quote=Asset(market["quote"]),
            )
            for symbol, market in self._spots.items()
        }
        found = {_kind_of(market) for market in self._swaps.values()}
        if (spot and not self._pairs) or not found.issuperset(kinds):
            raise ValueError("the market lists are empty")
        self.coins = frozenset(coin for pair in self._pairs.values() for coin in (pair.base, pair.quote))
        self._fees: dict[Symbol, Fees] = {}
        self._spot_fees: dict[Symbol, Decimal] = {}

    def set_fees(self, symbol: Symbol, fees: Fees) -> None:
        """Use the account's own rates from now on."""
        self._fees[symbol] = fees

    def set_spot_fee(self, symbol: Symbol, taker: Decimal) -> None:
        """Use the account's own rate on a spot market from now on."""
        self._spot_fees[symbol] = taker

    def id_of(self, symbol: Symbol) -> str:
        """The venue's own name of a perpetual. Raises ConfigFault."""
        return str(self.market(symbol)["id"])

    def symbol_of(self, market_id: str) -> Symbol | None:
        """The perpetual behind the venue's own name; None when it is none of the list's."""
        return self._swap_symbols.get(market_id)

    def pair_of(self, market_id: str) -> SpotPair | None:
        """The spot market behind the venue's own name; None when it is none of the list's."""
        return self._pairs.get(market_id)

    def is_spot(self, symbol: Symbol) -> bool:
        """Whether a symbol is that of a spot market."""
        return symbol in self._spots

    def step_of(self, symbol: Symbol) -> Decimal:
        """The step of quantities on a spot market or a perpetual. Raises ConfigFault."""
        market = self.spot_market(symbol) if self.is_spot(symbol) else self.instrument(symbol)
        return market.quantity_step

    def spot_pair(self, symbol: Symbol) -> SpotPair:
        """A spot market and the venue's own name of it. Raises ConfigFault."""
        return self._pairs[str(self._spot(symbol)["id"])]

    def spot_market(self, symbol: Symbol) -> SpotMarket:
        """A spot market with its filters.

        Raises:
            ConfigFault: there is none of that name, the bot trades no spot there, or its filters are not known.
        """
        market = self._spot(symbol)
        if self._spot_rules is None:
            raise ConfigFault(f"venues.{self._name}: the bot trades no spot on this exchange")
        fee = self._spot_fees.get(symbol)
        try:
            rules = self._spot_rules.filters(market)
            return SpotMarket(
                venue=self._name,
                symbol=symbol,
                base=Asset(market["base"]),
                quote=Asset(market["quote"]),
                quantity_step=rules.quantity_step,
                quantity_min=rules.quantity_min,
                quantity_max=rules.quantity_max,
                price_tick=rules.price_tick,
                notional_min=rules.notional_min,
                price_down=rules.price_down,
                price_up=rules.price_up,
                taker_fee=_published(market["taker"]) if fee is None else fee,
                fee_in_quote=self._spot_rules.fee_in_quote,
                active=rules.active,
            )
        except ValueError as fault:
            raise ConfigFault(f"venues.{self._name}: {symbol} can't be traded: {fault}") from None

    def _spot(self, symbol: Symbol) -> Mapping[str, Any]:
        market = self._spots.get(symbol)
        if market is not None:
            return market
        near = difflib.get_close_matches(symbol, list(self._spots), n=3, cutoff=0.5)
        raise ConfigFault(
            f"venues.{self._name}: {symbol!r} is no spot market there; expected one such as 'BTC/USDT'",
            hint=f"did you mean {' or '.join(near)}?" if near else "",
        )

    def spot_pairs(self, assets: frozenset[Asset]) -> Sequence[SpotPair]:
        """Spot markets of these coins against a settle currency of the linear perpetuals."""
        quotes = {Asset(market["settle"]) for market in self._swaps.values() if market["linear"]}
        return [pair for pair in self._pairs.values() if pair.base in assets and pair.quote in quotes]

    def kind_of(self, symbol: Symbol) -> ContractKind:
        """What settles a perpetual. Raises ConfigFault."""
        return ContractKind.LINEAR if self.market(symbol)["linear"] else ContractKind.INVERSE

    def instrument(self, symbol: Symbol) -> Instrument:
        """The contract.

        Raises:
            ConfigFault: there is none of that name, it is no perpetual, or its units are not known for sure.
        """
        market = self.market(symbol)
        fees = self._fees.get(symbol)
        try:
            asset, multiplier = asset_and_multiplier(str(market["base"]))
            rules = self._rules(market)
            return Instrument(
                venue=self._name,
                symbol=symbol,
                asset=asset,
                multiplier=multiplier,
                quote=Asset(market["quote"]),
                settle=Asset(market["settle"]),
                kind=self.kind_of(symbol),
                contract_size=rules.contract_size,
                quantity_step=rules.quantity_step,
                quantity_min=rules.quantity_min,
                quantity_max=rules.quantity_max,
                price_tick=rules.price_tick,
                notional_min=rules.notional_min,
                price_down=rules.price_down,
                price_up=rules.price_up,
                taker_fee=fees.taker if fees else _published(market["taker"]),
                maker_fee=fees.maker if fees else _published(market["maker"]),
                active=rules.active,
            )
        except ValueError as fault:
            raise ConfigFault(f"venues.{self._name}: {symbol} can't be traded: {fault}") from None

    def perpetual_of(self, asset: Asset, kind: ContractKind) -> Symbol | None:
        """The perpetual on a coin: in USDT, of inverse ones in USD, before other currencies; None without one."""
        found: dict[Asset, Symbol] = {}
        for symbol, market in self._swaps.items():
            try:
                coin, _ = asset_and_multiplier(str(market["base"]))
            except ValueError:  # somebody must look up what one unit of it is; it hedges nothing until then
                continue
            if coin == asset and self.kind_of(symbol) is kind:
                found.setdefault(Asset(market["quote"]), symbol)
        return next((found[quote] for quote in sorted(found, key=lambda quote: (quote not in _USUAL, quote))), None)

    def market(self, symbol: Symbol) -> Mapping[str, Any]:
        """The market of a perpetual as ccxt has it. Raises ConfigFault."""
        market = self._swaps.get(symbol)
        if market is not None:
            return market
        what = "is no perpetual" if symbol in self._others else "is no such market"
        near = difflib.get_close_matches(symbol, list(self._swaps), n=3, cutoff=0.5)
        raise ConfigFault(
            f"venues.{self._name}: {symbol!r} {what} there; "
            "expected a perpetual such as 'BTC/USDT:USDT' or 'BTC/USD:BTC'",
            hint=f"did you mean {' or '.join(near)}?" if near else "",
        )


def _kind_of(market: Mapping[str, Any]) -> ContractKind | None:
    if not market.get("swap"):
        return None
    if market.get("linear"):
        return ContractKind.LINEAR
    return ContractKind.INVERSE if market.get("inverse") else None


def _published(rate: object) -> Decimal:
    """The published fee rate, a literal of ccxt's source: a float whose shortest form is what was written."""
    return decimal_of(str(rate))
