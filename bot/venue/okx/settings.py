"""How the account is set: account mode, position mode, leverage; fee rates and position tiers (R5, R15).

OKX has no margin mode of an instrument: each order names its own (`tdMode`), and a position keeps the one it was
opened with. So the configured margin mode is that of the position, and without one what the settings want.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Final

from bot.domain.errors import InvariantBroken, StartFault, VenueRejected
from bot.domain.ids import Asset, Symbol
from bot.domain.instrument import ContractKind, MarginMode
from bot.domain.numbers import ONE, ZERO
from bot.domain.observation import SymbolConfig
from bot.ports import KeyScope
from bot.venue.link import Link
from bot.venue.markets import Fees, Markets
from bot.venue.okx import endpoints
from bot.venue.okx.futures import NET, SHORT, PositionRows, position_rows
from bot.venue.okx.markets import underlying_of
from bot.venue.okx.orders import TRADE_MODE
from bot.venue.okx.wire import SWAP, row_in, rows_in
from bot.venue.shapes import decimal_in, integer_in, positive_in, text_in

_POSITION_MODES: Final[Mapping[str, bool]] = {"net_mode": False, "long_short_mode": True}
_ACCOUNT_MODES: Final[Mapping[str, str]] = {
    "1": "spot mode",
    "2": "futures mode",
    "3": "multi-currency margin mode",
    "4": "portfolio margin mode",
}
_SPOT_MODE: Final = "1"
_FUTURES_MODE: Final = "2"
_AUTOMATIC: Final = "automatic"
_NAMES_MAX: Final = 20
"""The most instruments that one question about leverage may name."""
_FEE_SUFFIXES: Final[Mapping[Asset, str]] = {Asset("USDT"): "U", Asset("USDC"): "USDC"}
"""Of the rates of linear contracts, by what settles them; those of inverse ones have none."""


class MarginModes:
    """Which margin mode an order on each instrument has to name."""

    def __init__(self) -> None:
        self._wanted: dict[Symbol, MarginMode] = {}
        self._held: dict[Symbol, MarginMode] = {}

    def want(self, symbol: Symbol, mode: MarginMode) -> None:
        """What the settings want."""
        self._wanted[symbol] = mode

    def hold(self, symbol: Symbol, mode: MarginMode | None) -> None:
        """What a position is held in, None without one; an order that shrinks it must name the same."""
        if mode is None:
            self._held.pop(symbol, None)
        else:
            self._held[symbol] = mode

    def of(self, symbol: Symbol) -> MarginMode:
        """The mode of a position, else the wanted one. Raises InvariantBroken when neither is known."""
        mode = self._held.get(symbol) or self._wanted.get(symbol)
        if mode is None:
            raise InvariantBroken(f"{symbol} is used before its margin mode was settled")
        return mode


@dataclass(frozen=True, slots=True)
class Settings:
    """Reads and, only when told to, changes the settings of one account."""

    link: Link
    markets: Markets
    modes: MarginModes = field(default_factory=MarginModes)

    async def check_account(self, symbols: Collection[Symbol], isolated: Collection[Symbol]) -> None:
        """Refuse an account in which a swap can't be margined as we count it.

        Raises:
            StartFault: with what to change.
            VenueFault: it could not be read.
        """
        for symbol in symbols:
            self.modes.want(symbol, MarginMode.ISOLATED if symbol in isolated else MarginMode.CROSS)
        config = await self.link.ask(endpoints.CONFIG, config_of)
        mode = _ACCOUNT_MODES[config.level]
        if symbols and config.level != _FUTURES_MODE:
            why = (
                "which has no swaps"
                if config.level == _SPOT_MODE
                else "which backs a swap with every coin at once, and the bot counts the margin of each coin by itself"
            )
            raise StartFault(
                f"venues.{self.link.name}: the account is in {mode} (acctLv {config.level}), {why}",
                hint="switch the account to futures mode (acctLv 2) at the venue, or use a sub-account in that mode",
            )
        if isolated and not config.isolated_automatic:
            raise StartFault(
                f"venues.{self.link.name}: isolated margin of contracts is transferred by hand in this account",
                hint="set it to automatic transfers at the venue, or use cross margin",
            )

    async def read(self, symbols: Collection[Symbol]) -> Mapping[Symbol, SymbolConfig]:
        """The settings of these symbols; those that the venue does not list are left out. Raises VenueFault."""
        market_ids = {symbol: self.markets.id_of(symbol) for symbol in symbols}
        config, positions = await asyncio.gather(
            self.link.ask(endpoints.CONFIG, config_of), self.link.ask(endpoints.POSITIONS, position_rows)
        )
        self.learn_modes(market_ids, positions)
        by_mode: dict[MarginMode, list[str]] = {}
        for symbol, market_id in market_ids.items():
            by_mode.setdefault(self.modes.of(symbol), []).append(market_id)
        parts = await asyncio.gather(*(self._leverages(mode, names) for mode, names in sorted(by_mode.items())))
        leverage = {market_id: lever for part in parts for market_id, lever in part.items()}
        return {
            symbol: SymbolConfig(
                symbol=symbol,
                leverage=leverage[market_id],
                margin_mode=self.modes.of(symbol),
                hedged=config.hedged,
            )
            for symbol, market_id in market_ids.items()
            if market_id in leverage
        }

    def learn_modes(self, market_ids: Mapping[Symbol, str], positions: PositionRows) -> None:
        """Keep what each position is held in. Raises VenueUnreadable for one that is held in both modes at once."""
        try:
            for symbol, market_id in market_ids.items():
                self.modes.hold(symbol, positions.margin_mode(market_id))
        except ValueError as fault:
            raise self.link.unreadable(endpoints.POSITIONS.operation, str(fault)) from None

    async def configure(self, symbol: Symbol, leverage: int, margin_mode: MarginMode) -> SymbolConfig:
        """Set the leverage of a margin mode if it differs, and read back; the position mode stays as it is.

        Raises:
            VenueRejected: a position is held in the other margin mode.
            VenueFault: a setting was refused.
        """
        self.modes.want(symbol, margin_mode)
        now = await self._one(symbol)
        if now.margin_mode is not margin_mode:
            raise VenueRejected(
                f"{symbol} is held with {now.margin_mode.value} margin and can't be changed to {margin_mode.value}",
                venue=self.link.name,
                operation=endpoints.SET_LEVERAGE.operation,
                hint="close the position first, or set the hedge to the margin mode that it has",
            )
        if now.leverage == leverage:
            return now
        params: dict[str, object] = {
            "instId": self.markets.id_of(symbol),
            "lever": str(leverage),
            "mgnMode": TRADE_MODE[margin_mode],
        }
        if now.hedged and margin_mode is MarginMode.ISOLATED:
            params["posSide"] = SHORT
        # What the answer says of it is not looked at: reading back decides.
        await self.link.ask(endpoints.SET_LEVERAGE, rows_in, params)
        return await self._one(symbol)

    async def fees(self, symbol: Symbol) -> Fees:
        """The account's own rates. Raises VenueFault."""
        instrument = self.markets.instrument(symbol)
        family = underlying_of(self.markets.market(symbol))
        suffix = _FEE_SUFFIXES.get(instrument.settle, "") if instrument.kind is ContractKind.LINEAR else ""
        # ccxt names the family `uly`, the documentation `instFamily`; both are told.
        params = {"instType": SWAP, "uly": family, "instFamily": family}
        return await self.link.ask(endpoints.FEES, partial(_fees, suffix), params)

    async def maintenance(self, symbol: Symbol, notional: Decimal) -> tuple[Decimal, Decimal]:
        """Maintenance margin rate of the tier that a notional is in; it holds for the whole, so nothing is subtracted.

        Raises VenueFault.
        """
        instrument = self.markets.instrument(symbol)
        name = {"instType": SWAP, "instId": self.markets.id_of(symbol)}
        mark = await self.link.ask(endpoints.MARKS, lambda body: positive_in(row_in(body, "markPx"), "markPx"), name)
        contracts = notional / instrument.notional(ONE, mark)
        params = {
            "instType": SWAP,
            "tdMode": TRADE_MODE[self.modes.of(symbol)],
            "instFamily": underlying_of(self.markets.market(symbol)),
        }
        return await self.link.ask(endpoints.TIERS, partial(_tier_of, contracts), params), ZERO

    async def key_scope(self) -> KeyScope:
        """What the key may do. Raises VenueFault."""
        config = await self.link.ask(endpoints.KEY_SCOPE, config_of)
        return KeyScope(
            trade="trade" in config.permissions,
            withdraw="withdraw" in config.permissions,
            ip_restricted=config.bound_to_addresses,
        )

    async def _leverages(self, mode: MarginMode, market_ids: Sequence[str]) -> Mapping[str, int]:
        found: dict[str, int] = {}
        for first in range(0, len(market_ids), _NAMES_MAX):
            names = market_ids[first : first + _NAMES_MAX]
            params = {"instId": ",".join(names), "mgnMode": TRADE_MODE[mode]}
            found |= await self.link.ask(endpoints.LEVERAGE, partial(_leverage_rows, mode), params)
        return found

    async def _one(self, symbol: Symbol) -> SymbolConfig:
        found = (await self.read((symbol,))).get(symbol)
        if found is None:
            raise self.link.unreadable(endpoints.LEVERAGE.operation, f"the venue does not list {symbol}")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """`account/config`.

    Attributes:
        level: account mode, 1 to 4.
        isolated_automatic: an isolated position takes its margin by itself.
    """

    level: str
    hedged: bool
    isolated_automatic: bool
    permissions: frozenset[str]
    bound_to_addresses: bool


def config_of(body: object) -> Config:
    """Read the account's configuration. Raises ValueError."""
    row = row_in(body, "acctLv", "posMode", "perm", "ip")
    level = text_in(row, "acctLv")
    if level not in _ACCOUNT_MODES:
        raise ValueError(f"acctLv {level!r} is not known")
    hedged = _POSITION_MODES.get(text_in(row, "posMode"))
    if hedged is None:
        raise ValueError(f"posMode {row['posMode']!r} is not known")
    return Config(
        level=level,
        hedged=hedged,
        isolated_automatic=row.get("ctIsoMode", _AUTOMATIC) == _AUTOMATIC,
        permissions=frozenset(text_in(row, "perm").split(",")),
        bound_to_addresses=row["ip"] != "",
    )


def _leverage_rows(mode: MarginMode, body: object) -> Mapping[str, int]:
    """Leverage by market, of the net or the short side. Raises ValueError."""
    found: dict[str, int] = {}
    for row in rows_in(body, "instId", "mgnMode", "posSide", "lever"):
        if row["mgnMode"] != TRADE_MODE[mode]:
            raise ValueError(f"asked about {TRADE_MODE[mode]} margin, told about {row['mgnMode']!r}")
        if text_in(row, "posSide") in {NET, SHORT}:
            found[text_in(row, "instId")] = integer_in(row, "lever")
    return found


def _fees(suffix: str, body: object) -> Fees:
    """OKX tells costs as negative rates. Raises ValueError."""
    maker, taker = f"maker{suffix}", f"taker{suffix}"
    row = row_in(body, maker, taker)
    return Fees(maker=-decimal_in(row, maker), taker=-decimal_in(row, taker))


def _tier_of(contracts: Decimal, body: object) -> Decimal:
    for row in rows_in(body, "minSz", "maxSz", "mmr"):
        if decimal_in(row, "minSz") <= contracts <= decimal_in(row, "maxSz"):
            return positive_in(row, "mmr")
    raise ValueError(f"no tier holds {contracts:,.2f} contracts")
