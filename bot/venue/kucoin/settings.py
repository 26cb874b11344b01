"""How the account is set for a contract: margin mode, leverage, position mode; fee rates and risk limits (R15).

KuCoin keeps a margin mode for each contract and a leverage for cross margin alone. With isolated margin there is no
leverage to be read or set: each order brings its own, and a position's `leverage` is what became of all of them. So for
isolated margin the configured leverage is what our orders will carry: 1 until `configure` says otherwise, from then on
that. It is sent with every order, as is the margin mode, which the venue compares with the contract's own.

Source: KuCoin REST documentation, "Add Order", "Get Margin Mode", "Get Cross Margin Leverage", "Switch Position Mode".
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Final

from bot.domain.ids import Symbol
from bot.domain.instrument import ContractKind, MarginMode
from bot.domain.observation import SymbolConfig
from bot.venue.kucoin.endpoints import (
    CONTRACT,
    CROSS_LEVERAGE,
    FEES,
    MARGIN_MODE,
    POSITION_MODE,
    RISK_LIMITS,
    SET_CROSS_LEVERAGE,
    SET_MARGIN_MODE,
)
from bot.venue.kucoin.envelope import data_of, row_in, rows_in
from bot.venue.kucoin.markets import KuCoinMarkets
from bot.venue.link import Link
from bot.venue.markets import Fees
from bot.venue.shapes import Row, decimal_in, integer_in, positive_in, row_of, text_in

MARGIN_NAMES: Final[Mapping[MarginMode, str]] = {MarginMode.ISOLATED: "ISOLATED", MarginMode.CROSS: "CROSS"}
_MARGIN_MODES: Final = {name: mode for mode, name in MARGIN_NAMES.items()}
_HEDGED: Final = {0: False, 1: True}
_ISOLATED_LEVERAGE: Final = 1


@dataclass(frozen=True, slots=True)
class Settings:
    """Reads and, only when told to, changes the settings of one account."""

    link: Link
    markets: KuCoinMarkets
    _carried: dict[Symbol, int] = field(default_factory=dict)
    """Leverage that orders with isolated margin carry."""
    _last: dict[Symbol, SymbolConfig] = field(default_factory=dict)

    async def read(self, symbols: Collection[Symbol]) -> Mapping[Symbol, SymbolConfig]:
        """The settings of these contracts: one call for all, and one or two for each. Raises VenueFault."""
        ordered = sorted(symbols)
        hedged, read = await asyncio.gather(
            self.link.ask(POSITION_MODE, _hedged), asyncio.gather(*(self._margin(symbol) for symbol in ordered))
        )
        for symbol, (mode, leverage) in zip(ordered, read, strict=True):
            self._last[symbol] = SymbolConfig(symbol=symbol, leverage=leverage, margin_mode=mode, hedged=hedged)
        return {symbol: self._last[symbol] for symbol in ordered}

    async def current(self, symbol: Symbol) -> SymbolConfig:
        """The settings as last read; read now if they never were. Raises VenueFault."""
        return self._last.get(symbol) or (await self.read((symbol,)))[symbol]

    async def configure(self, symbol: Symbol, leverage: int, margin_mode: MarginMode) -> SymbolConfig:
        """Set what differs, and read back. Raises VenueFault."""
        market_id = self.markets.id_of(symbol)
        mode, now = await self._margin(symbol)
        if mode is not margin_mode:
            params = {"symbol": market_id, "marginMode": MARGIN_NAMES[margin_mode]}
            await self.link.ask(SET_MARGIN_MODE, data_of, params)
        match margin_mode:
            case MarginMode.ISOLATED:
                self._carried[symbol] = leverage
            case MarginMode.CROSS:
                if mode is not margin_mode or now != leverage:
                    params = {"symbol": market_id, "leverage": str(leverage)}
                    await self.link.ask(SET_CROSS_LEVERAGE, data_of, params)
        return (await self.read((symbol,)))[symbol]

    async def fees(self, symbol: Symbol) -> Fees:
        """The account's own rates. Raises VenueFault."""
        market_id = self.markets.id_of(symbol)
        return await self.link.ask(FEES, partial(_fees, market_id), {"symbol": market_id})

    async def maintenance(self, symbol: Symbol, notional: Decimal) -> tuple[Decimal, Decimal]:
        """Maintenance margin rate of the risk limit that holds a notional in quote; nothing is subtracted from it.

        Risk limits are told in the settle currency: of an inverse contract in coins, at the mark here.

        Raises VenueFault.
        """
        market_id = self.markets.id_of(symbol)
        params = {"symbol": market_id}
        if self.markets.kind_of(symbol) is ContractKind.INVERSE:
            notional /= await self.link.ask(CONTRACT, partial(_mark, market_id), params)
        rate = await self.link.ask(RISK_LIMITS, partial(_rate, market_id, notional), params)
        return rate, Decimal(0)

    async def _margin(self, symbol: Symbol) -> tuple[MarginMode, int]:
        market_id = self.markets.id_of(symbol)
        params = {"symbol": market_id}
        mode = await self.link.ask(MARGIN_MODE, partial(_mode, market_id), params)
        if mode is MarginMode.ISOLATED:
            return mode, self._carried.get(symbol, _ISOLATED_LEVERAGE)
        return mode, await self.link.ask(CROSS_LEVERAGE, partial(_leverage, market_id), params)


def _of(market_id: str, row: Row) -> Row:
    if row.get("symbol") != market_id:
        raise ValueError("the answer is about another market")
    return row


def _hedged(body: object) -> bool:
    mode = _HEDGED.get(integer_in(row_in(body, "positionMode"), "positionMode"))
    if mode is None:
        raise ValueError("positionMode is neither 0 nor 1")
    return mode


def _mode(market_id: str, body: object) -> MarginMode:
    row = _of(market_id, row_in(body, "symbol", "marginMode"))
    mode = _MARGIN_MODES.get(text_in(row, "marginMode"))
    if mode is None:
        raise ValueError(f"marginMode {row['marginMode']!r} is not known")
    return mode


def _leverage(market_id: str, body: object) -> int:
    return integer_in(_of(market_id, row_in(body, "symbol", "leverage")), "leverage")


def _fees(market_id: str, body: object) -> Fees:
    row = _of(market_id, row_in(body, "symbol", "makerFeeRate", "takerFeeRate"))
    return Fees(maker=decimal_in(row, "makerFeeRate"), taker=decimal_in(row, "takerFeeRate"))


def _mark(market_id: str, body: object) -> Decimal:
    return positive_in(_of(market_id, row_in(body, "symbol", "markPrice")), "markPrice")


def _rate(market_id: str, notional: Decimal, body: object) -> Decimal:
    for row in rows_in(body, "symbol", "minRiskLimit", "maxRiskLimit", "maintainMargin"):
        limits = row_of(_of(market_id, row))
        if decimal_in(limits, "minRiskLimit") <= notional <= decimal_in(limits, "maxRiskLimit"):
            return positive_in(limits, "maintainMargin")
    raise ValueError(f"no risk limit holds {notional:,.4f}")
