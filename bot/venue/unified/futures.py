"""Positions by ccxt's unified methods, and what proves that one is flat (R9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from bot.domain.ids import Symbol
from bot.domain.instrument import Instrument
from bot.domain.numbers import ZERO
from bot.domain.observation import FlatProof, Position, Stamp, Unknown
from bot.venue.attempt import attempt
from bot.venue.link import Timed, joined
from bot.venue.shapes import Row, row_of, text_in
from bot.venue.unified.calls import Calls
from bot.venue.unified.values import info_in, number_in, price_in, told_in

_SHORT, _LONG = "short", "long"


@dataclass(frozen=True, slots=True)
class Positions:
    """Reads the positions of one account."""

    calls: Calls

    async def rows(self, symbol: Symbol) -> Timed[Sequence[Row]]:
        """The rows of one contract, one for each side at most. Raises VenueFault."""

        def parse(body: object) -> Sequence[Row]:
            if not isinstance(body, list):
                raise ValueError("the positions are no list")  # noqa: TRY004 - one error type for every bad shape
            rows = [info_in(row, "symbol") for row in body]
            return [row for row in rows if text_in(row, "symbol") == symbol]

        return await self.calls.read("fetch_positions", ([symbol],), parse)

    async def row(self, symbol: Symbol) -> Row:
        """A row of one contract, even of one without a position, for its settings. Raises VenueFault."""
        rows = (await self.rows(symbol)).value
        return rows[0] if rows else (await self._alone(symbol)).value

    async def read(self, instrument: Instrument, nothing_bound: Timed[bool] | Unknown) -> Position | Unknown:
        """One position. Never raises a VenueFault.

        Args:
            instrument: the contract.
            nothing_bound: whether the margin account says that no contract binds anything of it.
        """
        what = f"position {instrument.symbol}"
        listed = await attempt(what, self.rows(instrument.symbol))
        if isinstance(listed, Unknown):
            return listed
        if listed.value:
            return position_of(instrument, listed.value, listed.stamp)
        alone = await attempt(what, self._alone(instrument.symbol))
        if not isinstance(alone, Unknown):
            position = position_of(instrument, (alone.value,), joined(listed.stamp, alone.stamp))
            if isinstance(position, Position) and position.proof is FlatProof.NOT_FLAT:
                return Unknown(what=what, reason="the position list lacks a position that is there")
            if isinstance(position, Position):
                return position
        if isinstance(nothing_bound, Unknown):
            return Unknown(what=what, reason=f"no row, and the margin account is unknown: {nothing_bound.reason}")
        if not nothing_bound.value:
            return Unknown(what=what, reason="no row, and the margin account does not say that nothing is bound")
        return Position.flat(instrument.symbol, FlatProof.ACCOUNT, joined(listed.stamp, nothing_bound.stamp))

    async def _alone(self, symbol: Symbol) -> Timed[Row]:
        """The row of one contract, asked for by name. Raises VenueFault."""
        if not self.calls.nature.has("fetchPosition"):
            self.calls.not_offered("read one position")

        def parse(body: object) -> Row:
            row = info_in(body, "symbol")
            if row["symbol"] != symbol:
                raise ValueError("the answer is about another market")
            return row

        return await self.calls.read("fetch_position", (symbol,), parse)


def position_of(instrument: Instrument, rows: Sequence[Row], stamp: Stamp) -> Position | Unknown:
    """One position from its rows: one, or one for each side in hedge mode."""
    try:
        held = _sides(rows)
        if not held:
            return Position.flat(instrument.symbol, FlatProof.ZERO_ROW, stamp)
        hedged = any(row.get("hedged") is True for row in held.values())
        short, long = _contracts(held.get(_SHORT)), _contracts(held.get(_LONG))
        if short and long:
            hedged = True
        row = held.get(_SHORT) or held[_LONG]
        collateral = price_in(row, "collateral") if row.get("marginMode") == "isolated" else None
        notional = told_in(row, "notional")
        own = -short if hedged or short else long
        return Position(
            symbol=instrument.symbol,
            contracts=own,
            entry_price=price_in(row, "entryPrice") if own else None,
            mark_price=price_in(row, "markPrice") if own else None,
            liquidation_price=price_in(row, "liquidationPrice") if own else None,
            isolated_wallet=collateral if own else None,
            raw_notional=None if notional is None or not own else abs(notional),
            proof=FlatProof.NOT_FLAT,
            stamp=stamp,
            other_side=long if hedged else ZERO,
        )
    except ValueError as fault:
        return Unknown(what=f"position {instrument.symbol}", reason=str(fault))


def _sides(rows: Sequence[Row]) -> Mapping[str, Row]:
    """Rows with something in them, by side. Raises ValueError."""
    held: dict[str, Row] = {}
    for row in rows:
        row_of(row, "contracts", "side")
        contracts = number_in(row, "contracts")
        if contracts < 0:
            raise ValueError("contracts of a position are below 0")
        if contracts == 0:
            continue
        side = text_in(row, "side")
        if side not in {_SHORT, _LONG} or side in held:
            raise ValueError(f"side {side!r} of a position is not known, or told twice")
        held[side] = row
    return held


def _contracts(row: Row | None) -> Decimal:
    return ZERO if row is None else number_in(row, "contracts")
