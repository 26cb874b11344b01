"""Positions and margin of the futures account, and what proves that a position is flat (R9).

Source: KuCoin REST documentation, "Get Position List", "Get Position Details", "Get Account - Futures".
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.domain.errors import ConfigFault
from bot.domain.ids import Symbol
from bot.domain.instrument import ContractKind, Instrument
from bot.domain.numbers import ZERO
from bot.domain.observation import FlatProof, Margin, Position, Stamp, Unknown
from bot.venue.attempt import attempt
from bot.venue.dialect import ContractsRead
from bot.venue.kucoin.endpoints import POSITION, POSITIONS
from bot.venue.kucoin.envelope import rows_in
from bot.venue.kucoin.markets import KuCoinMarkets
from bot.venue.kucoin.wallets import Overview, Wallets
from bot.venue.link import Link, Timed, joined
from bot.venue.shapes import Row, decimal_in, flag_in, positive_in, row_of, text_in

_ROW_KEYS: Final = ("symbol", "currentQty", "settleCurrency", "isInverse")
_OPEN_KEYS: Final = ("avgEntryPrice", "markPrice", "markValue", "liquidationPrice", "posMargin", "crossMode")
_SIDES: Final[Mapping[str, int]] = {"BOTH": 0, "LONG": 1, "SHORT": -1}
_NO_POSITION: Final = "position does not exist"


@dataclass(frozen=True, slots=True)
class Futures:
    """Reads positions and margin of one account."""

    link: Link
    markets: KuCoinMarkets
    wallets: Wallets

    async def read(self, symbols: Collection[Symbol]) -> ContractsRead:
        """Positions of all symbols by one call, margin by one for each settle currency. Never raises a VenueFault."""
        instruments = {symbol: self._instrument(symbol) for symbol in symbols}
        currencies = sorted({self.markets.settle_currency(instrument.symbol) for instrument in _known(instruments)})
        listed, overviews = await asyncio.gather(
            attempt("positions", self.link.read(POSITIONS, _by_market)),
            asyncio.gather(
                *(attempt(f"margin account {currency}", self.wallets.overview(currency)) for currency in currencies)
            ),
        )
        overview_of = dict(zip(currencies, overviews, strict=True))
        positions: dict[Symbol, Position | Unknown] = {}
        margins: dict[Symbol, Margin | Unknown] = {}
        for symbol, instrument in instruments.items():
            if isinstance(instrument, Unknown):
                positions[symbol] = margins[symbol] = instrument
                continue
            overview = overview_of[self.markets.settle_currency(symbol)]
            positions[symbol] = await self._position(instrument, listed, overview)
            margins[symbol] = _margin(instrument, overview)
        return ContractsRead(positions, margins)

    def _instrument(self, symbol: Symbol) -> Instrument | Unknown:
        try:
            return self.markets.instrument(symbol)
        except ConfigFault as fault:
            return Unknown(what=f"instrument {symbol}", reason=fault.message)

    async def _position(
        self,
        instrument: Instrument,
        listed: Timed[Mapping[str, Sequence[Row]]] | Unknown,
        overview: Timed[Overview] | Unknown,
    ) -> Position | Unknown:
        what = f"position {instrument.symbol}"
        if isinstance(listed, Unknown):
            return Unknown(what=what, reason=listed.reason)
        market_id = self.markets.id_of(instrument.symbol)
        rows = listed.value.get(market_id, ())
        currency = self.markets.settle_currency(instrument.symbol)
        if rows:
            return position_of(instrument, currency, rows, listed.stamp)
        if isinstance(overview, Unknown):
            return Unknown(what=what, reason=f"no row, and the margin account is unknown: {overview.reason}")
        if overview.value.without_position:
            return Position.flat(instrument.symbol, FlatProof.ACCOUNT, joined(listed.stamp, overview.stamp))
        # Something else holds margin in this currency, so the account's figures say nothing of this contract.
        alone = await attempt(what, self.link.read(POSITION, _single, {"symbol": market_id}))
        if isinstance(alone, Unknown):
            return alone
        if alone.value is None:
            return Position.flat(instrument.symbol, FlatProof.ZERO_ROW, joined(listed.stamp, alone.stamp))
        if alone.value.get("symbol") != market_id:
            return Unknown(what=what, reason="the answer is about another market")
        stamp = joined(listed.stamp, alone.stamp)
        position = position_of(instrument, currency, (alone.value,), stamp)
        if isinstance(position, Position) and position.proof is FlatProof.NOT_FLAT:
            return Unknown(what=what, reason="the position list lacks a position that is there")
        return position


def _known(instruments: Mapping[Symbol, Instrument | Unknown]) -> list[Instrument]:
    return [instrument for instrument in instruments.values() if isinstance(instrument, Instrument)]


def _by_market(body: object) -> Mapping[str, Sequence[Row]]:
    grouped: dict[str, list[Row]] = {}
    for row in rows_in(body, *_ROW_KEYS):
        grouped.setdefault(text_in(row, "symbol"), []).append(row)
    return grouped


def _single(body: object) -> Row | None:
    """One contract's row; None where the venue says in words that there is no position."""
    envelope = row_of(body, "code")
    if envelope.get("data") is None and _NO_POSITION in str(envelope.get("msg") or "").lower():
        return None
    return row_of(envelope.get("data"), *_ROW_KEYS)


def position_of(instrument: Instrument, currency: str, rows: Sequence[Row], stamp: Stamp) -> Position | Unknown:
    """One position from the rows of its market: one, or one for each side in hedge mode.

    Args:
        instrument: the contract.
        currency: what it settles in, by the venue's name.
        rows: at least one.
        stamp: of the reading.
    """
    try:
        short, long = _sides(instrument, currency, rows)
        held = [row for row in rows if decimal_in(row, "currentQty") != 0]
        if not held:
            return Position.flat(instrument.symbol, FlatProof.ZERO_ROW, stamp)
        own = next((row for row in held if _side_of(row) <= 0), None)
        return _open(instrument, short, long, own, stamp)
    except ValueError as fault:
        return Unknown(what=f"position {instrument.symbol}", reason=str(fault))


def _sides(instrument: Instrument, currency: str, rows: Sequence[Row]) -> tuple[Decimal, Decimal]:
    """Contracts of our side, a short negative, and of the long side of hedge mode, positive."""
    ours, other = ZERO, ZERO
    sides: set[int] = set()
    for row in rows:
        if row["settleCurrency"] != currency or flag_in(row, "isInverse") is not _inverse(instrument):
            raise ValueError("the row does not fit the contract's settlement")
        side, quantity = _side_of(row), decimal_in(row, "currentQty")
        if quantity != quantity.to_integral_value():
            raise ValueError(f"currentQty {quantity} is no whole number of contracts")
        if side in sides:
            raise ValueError("two rows for one side")
        sides.add(side)
        # In hedge mode the side tells the sign, whether the quantity does or not.
        match side:
            case 0:
                ours = quantity
            case -1:
                ours = -abs(quantity)
            case _:
                other = abs(quantity)
    return ours, other


def _side_of(row: Row) -> int:
    side = _SIDES.get(str(row.get("positionSide", "BOTH")))
    if side is None:
        raise ValueError(f"positionSide {row['positionSide']!r} is not known")
    return side


def _inverse(instrument: Instrument) -> bool:
    return instrument.kind is ContractKind.INVERSE


def _open(instrument: Instrument, contracts: Decimal, other: Decimal, row: Row | None, stamp: Stamp) -> Position:
    if row is None:
        # Hedge mode with the long side alone.
        return Position.flat(instrument.symbol, FlatProof.ZERO_ROW, stamp, other_side=other)
    row_of(row, *_OPEN_KEYS)
    mark, value = positive_in(row, "markPrice"), abs(decimal_in(row, "markValue"))
    liquidation = decimal_in(row, "liquidationPrice") if row["liquidationPrice"] is not None else ZERO
    return Position(
        symbol=instrument.symbol,
        contracts=contracts,
        entry_price=positive_in(row, "avgEntryPrice"),
        mark_price=mark,
        liquidation_price=liquidation if liquidation > 0 else None,
        isolated_wallet=None if flag_in(row, "crossMode") else decimal_in(row, "posMargin"),
        # An inverse contract's value is told in coins.
        raw_notional=value * mark if _inverse(instrument) else value,
        proof=FlatProof.NOT_FLAT,
        stamp=stamp,
        other_side=other,
    )


def _margin(instrument: Instrument, overview: Timed[Overview] | Unknown) -> Margin | Unknown:
    if isinstance(overview, Unknown):
        return Unknown(what=f"margin {instrument.symbol}", reason=overview.reason)
    figures = overview.value
    return Margin(
        asset=instrument.settle,
        wallet=figures.wallet,
        available=figures.available,
        balance=figures.equity,
        stamp=overview.stamp,
    )
