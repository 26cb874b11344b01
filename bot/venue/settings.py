"""How the account is set for an instrument: leverage, margin mode, position mode (R5, R15)."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from bot.domain.errors import StartFault, VenueFault, VenueRejected, VenueUnreadable
from bot.domain.ids import Symbol
from bot.domain.instrument import MarginMode
from bot.domain.numbers import decimal_of
from bot.domain.observation import SymbolConfig
from bot.venue import binance
from bot.venue.binance import Endpoint
from bot.venue.errors import Meaning, meaning_of
from bot.venue.link import Link
from bot.venue.markets import Fees, Markets
from bot.venue.shapes import Row, decimal_in, flag_in, integer_in, row_of, rows_of, text_in


@dataclass(frozen=True, slots=True)
class Settings:
    """Reads and, only when told to, changes the settings of one account."""

    link: Link
    markets: Markets

    async def read(self, symbols: Collection[Symbol]) -> Mapping[Symbol, SymbolConfig]:
        """The settings of these symbols, by two calls. Raises VenueFault."""
        rows, hedged = await asyncio.gather(
            self.link.ask(binance.SYMBOL_CONFIG, _config_rows),
            self.link.ask(binance.ACCOUNT_CONFIG, lambda body: flag_in(row_of(body), "dualSidePosition")),
        )
        found: dict[Symbol, SymbolConfig] = {}
        for market_id, (leverage, mode) in rows.items():
            symbol = self.markets.symbol_of(market_id)
            if symbol is not None and symbol in symbols:
                found[symbol] = SymbolConfig(symbol=symbol, leverage=leverage, margin_mode=mode, hedged=hedged)
        return found

    async def configure(self, symbol: Symbol, leverage: int, margin_mode: MarginMode) -> SymbolConfig:
        """Set what differs and read it back. Hedge mode becomes one-way; the venue refuses that while positions exist.

        Raises:
            VenueFault: a setting was refused, or the read-back says something else.
        """
        market_id = self.markets.id_of(symbol)
        now = await self._one(symbol)
        if now.hedged:
            await self._set(binance.SET_POSITION_MODE, {"dualSidePosition": "false"})
        if now.margin_mode is not margin_mode:
            params = {"symbol": market_id, "marginType": binance.MARGIN_TYPE[margin_mode]}
            await self._set(binance.SET_MARGIN_MODE, params)
        if now.leverage != leverage:
            await self._set(binance.SET_LEVERAGE, {"symbol": market_id, "leverage": leverage})
        after = await self._one(symbol)
        if (after.leverage, after.margin_mode, after.hedged) != (leverage, margin_mode, False):
            raise VenueRejected(
                f"{symbol} was set to {margin_mode.value} {leverage}x one-way but reads back as "
                f"{after.margin_mode.value} {after.leverage}x {'hedge mode' if after.hedged else 'one-way'}",
                venue=self.link.name,
                operation="set leverage and margin mode",
            )
        return after

    async def fees(self, symbol: Symbol) -> Fees:
        """The account's own rates. Raises VenueFault."""
        return await self.link.ask(binance.FEES, _fees, {"symbol": self.markets.id_of(symbol)})

    async def maintenance(self, symbol: Symbol, notional: Decimal) -> tuple[Decimal, Decimal]:
        """Maintenance margin rate and `cum` of the bracket that a notional is in. Raises VenueFault."""
        market_id = self.markets.id_of(symbol)

        def parse(body: object) -> tuple[Decimal, Decimal]:
            for row in rows_of(body, "symbol", "brackets"):
                if text_in(row, "symbol") == market_id:
                    return _bracket_of(row["brackets"], notional)
            raise ValueError(f"{market_id} is not in the answer")

        return await self.link.ask(binance.BRACKETS, parse, {"symbol": market_id})

    async def refuse_multi_assets(self) -> None:
        """Refuse isolated margin under multi-assets mode: it is not to be had there (R5).

        Raises:
            StartFault: multi-assets mode is on.
            VenueFault: it could not be read.
        """
        if await self.link.ask(binance.ACCOUNT_CONFIG, lambda body: flag_in(row_of(body), "multiAssetsMargin")):
            raise StartFault(
                f"venues.{self.link.name}: the account is in multi-assets mode, in which there is no isolated margin",
                hint="switch the futures account to single-asset mode at the venue",
            )

    async def _one(self, symbol: Symbol) -> SymbolConfig:
        found = (await self.read((symbol,))).get(symbol)
        if found is None:
            raise VenueUnreadable(
                f"the venue does not list the configuration of {symbol}",
                venue=self.link.name,
                operation=binance.SYMBOL_CONFIG.operation,
            )
        return found

    async def _set(self, endpoint: Endpoint, params: Mapping[str, object]) -> None:
        try:
            await self.link.ask(endpoint, row_of, params)
        except VenueFault as fault:
            if meaning_of(self.link.exchange, 400, fault.code) is not Meaning.ALREADY_SET:
                raise


def _flag(name: str, body: object) -> bool:
    return flag_in(row_of(body), name)


def _config_rows(body: object) -> Mapping[str, tuple[int, MarginMode]]:
    found: dict[str, tuple[int, MarginMode]] = {}
    for row in rows_of(body, "symbol", "marginType", "leverage"):
        mode = binance.MARGIN_MODE.get(text_in(row, "marginType").upper())
        if mode is None:
            raise ValueError(f"marginType {row['marginType']!r} is not known")
        found[text_in(row, "symbol")] = (integer_in(row, "leverage"), mode)
    return found


def _bracket_of(body: object, notional: Decimal) -> tuple[Decimal, Decimal]:
    for row in rows_of(body, "notionalFloor", "notionalCap", "maintMarginRatio", "cum"):
        if _number(row, "notionalFloor") <= notional <= _number(row, "notionalCap"):
            return _number(row, "maintMarginRatio"), _number(row, "cum")
    raise ValueError(f"no bracket holds a notional of {notional:,.2f}")


def _number(row: Row, key: str) -> Decimal:
    """Brackets are the one place where Binance writes bare JSON numbers. Raises ValueError."""
    return decimal_of(row[key])


def _fees(body: object) -> Fees:
    row = row_of(body, "makerCommissionRate", "takerCommissionRate")
    return Fees(maker=decimal_in(row, "makerCommissionRate"), taker=decimal_in(row, "takerCommissionRate"))
