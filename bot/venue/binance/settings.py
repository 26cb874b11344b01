"""How the account is set for an instrument: leverage, margin mode, position mode (R5, R15)."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.domain.errors import StartFault, VenueUnreadable
from bot.domain.ids import Symbol
from bot.domain.instrument import ContractKind, MarginMode
from bot.domain.numbers import ONE
from bot.domain.observation import SymbolConfig
from bot.venue.binance.family import LINEAR, Family, family_of
from bot.venue.binance.prices import PriceReader
from bot.venue.endpoint import Endpoint
from bot.venue.errors import Meaning, Refused
from bot.venue.link import Link
from bot.venue.markets import Fees, Markets
from bot.venue.shapes import decimal_in, flag_in, integer_in, row_of, rows_of, text_in

_MARGIN_TYPE: Final[Mapping[MarginMode, str]] = {MarginMode.ISOLATED: "ISOLATED", MarginMode.CROSS: "CROSSED"}
_MARGIN_MODE: Final[Mapping[str, MarginMode]] = {name: mode for mode, name in _MARGIN_TYPE.items()}
_COIN_FLOORS: Final = ("qtylFloor", "qtyFloor")
"""COIN-M documents the first spelling; answers with the second are in ccxt's source."""

Setting = tuple[int, MarginMode]
"""Leverage and margin mode."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Reads and, only when told to, changes the settings of one account."""

    link: Link
    markets: Markets
    prices: PriceReader

    async def read(self, symbols: Collection[Symbol]) -> Mapping[Symbol, SymbolConfig]:
        """The settings of these symbols, by two calls for each API in use. Raises VenueFault."""
        kinds = {self.markets.kind_of(symbol) for symbol in symbols}
        found: dict[Symbol, SymbolConfig] = {}
        for part in await asyncio.gather(*(self._read_family(family_of(kind)) for kind in kinds)):
            found.update({symbol: config for symbol, config in part.items() if symbol in symbols})
        return found

    async def configure(self, symbol: Symbol, leverage: int, margin_mode: MarginMode) -> SymbolConfig:
        """Set what differs and read it back. The position mode is the account's, and is left alone.

        Raises:
            VenueFault: a setting was refused, or could not be read.
        """
        family, market_id = family_of(self.markets.kind_of(symbol)), self.markets.id_of(symbol)
        now = await self._one(symbol, family)
        if now.margin_mode is not margin_mode:
            await self._set(family.set_margin_mode, {"symbol": market_id, "marginType": _MARGIN_TYPE[margin_mode]})
        if now.leverage != leverage:
            await self._set(family.set_leverage, {"symbol": market_id, "leverage": leverage})
        return await self._one(symbol, family)

    async def fees(self, symbol: Symbol) -> Fees:
        """The account's own rates. Raises VenueFault."""
        family = family_of(self.markets.kind_of(symbol))
        return await self.link.ask(family.fees, _fees, {"symbol": self.markets.id_of(symbol)})

    async def maintenance(self, symbol: Symbol, notional: Decimal) -> tuple[Decimal, Decimal]:
        """Maintenance margin rate and `cum` in quote, of the bracket that a notional in quote is in.

        COIN-M's brackets are in coins, so there the mark price turns one into the other.

        Raises:
            VenueFault: brackets or mark price could not be read, or no bracket holds the notional.
        """
        family, market_id = family_of(self.markets.kind_of(symbol)), self.markets.id_of(symbol)
        inverse = family.kind is ContractKind.INVERSE
        unit = await self.prices.mark(symbol) if inverse else ONE
        cap, floors = ("qtyCap", _COIN_FLOORS) if inverse else ("notionalCap", ("notionalFloor",))

        def parse(body: object) -> tuple[Decimal, Decimal]:
            found = {text_in(row, "symbol"): row for row in rows_of(body, "symbol", "brackets")}
            brackets = row_of(found.get(market_id), "brackets")["brackets"]
            for row in rows_of(brackets, cap, "maintMarginRatio", "cum"):
                floor = next((name for name in floors if name in row), floors[0])
                if decimal_in(row, floor) * unit <= notional <= decimal_in(row, cap) * unit:
                    return decimal_in(row, "maintMarginRatio"), decimal_in(row, "cum") * unit
            raise ValueError(f"no bracket holds a notional of {notional:,.2f}")

        return await self.link.ask(family.brackets, parse, {"symbol": market_id})

    async def refuse_multi_assets(self) -> None:
        """Refuse isolated margin under multi-assets mode: it is not to be had there (R5).

        Raises:
            StartFault: multi-assets mode is on.
            VenueFault: it could not be read.
        """
        if await self.link.ask(LINEAR.mode, lambda body: flag_in(row_of(body), "multiAssetsMargin")):
            raise StartFault(
                f"venues.{self.link.name}: the account is in multi-assets mode, in which there is no isolated margin",
                hint="switch the futures account to single-asset mode at the venue",
            )

    async def _read_family(self, family: Family) -> Mapping[Symbol, SymbolConfig]:
        rows, hedged = await asyncio.gather(
            self.link.ask(family.config, _listed_configs if family is LINEAR else _account_configs),
            self.link.ask(family.mode, lambda body: flag_in(row_of(body), "dualSidePosition")),
        )
        named = ((self.markets.symbol_of(market_id), setting) for market_id, setting in rows.items())
        return {
            symbol: SymbolConfig(symbol=symbol, leverage=leverage, margin_mode=mode, hedged=hedged)
            for symbol, (leverage, mode) in named
            if symbol is not None
        }

    async def _one(self, symbol: Symbol, family: Family) -> SymbolConfig:
        found = (await self._read_family(family)).get(symbol)
        if found is None:
            raise VenueUnreadable(
                f"the venue does not list the configuration of {symbol}",
                venue=self.link.name,
                operation=family.config.operation,
            )
        return found

    async def _set(self, endpoint: Endpoint, params: Mapping[str, object]) -> None:
        try:
            await self.link.ask(endpoint, row_of, params)
        except Refused as fault:
            if fault.meaning is not Meaning.ALREADY_SET:
                raise


def _listed_configs(body: object) -> Mapping[str, Setting]:
    """USD-M's list of the symbols' configuration."""
    found: dict[str, Setting] = {}
    for row in rows_of(body, "symbol", "marginType", "leverage"):
        mode = _MARGIN_MODE.get(text_in(row, "marginType").upper())
        if mode is None:
            raise ValueError(f"marginType {row['marginType']!r} is not known")
        found[text_in(row, "symbol")] = (integer_in(row, "leverage"), mode)
    return found


def _account_configs(body: object) -> Mapping[str, Setting]:
    """COIN-M's margin account, which lists every contract; the sides of one share leverage and margin mode."""
    found: dict[str, Setting] = {}
    for row in rows_of(row_of(body, "positions")["positions"], "symbol", "leverage", "isolated"):
        mode = MarginMode.ISOLATED if flag_in(row, "isolated") else MarginMode.CROSS
        market_id, setting = text_in(row, "symbol"), (integer_in(row, "leverage"), mode)
        if found.setdefault(market_id, setting) != setting:
            raise ValueError(f"the sides of {market_id} are set differently")
    return found


def _fees(body: object) -> Fees:
    row = row_of(body, "makerCommissionRate", "takerCommissionRate")
    return Fees(maker=decimal_in(row, "makerCommissionRate"), taker=decimal_in(row, "takerCommissionRate"))
