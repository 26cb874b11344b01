"""Positions and margin of swaps, and what proves that a position is flat (R9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.domain.instrument import Instrument, MarginMode
from bot.domain.numbers import ZERO
from bot.domain.observation import FlatProof, Margin, Position, Stamp, Unknown
from bot.venue.okx.wallets import Trading
from bot.venue.okx.wire import figure_in, rows_in
from bot.venue.shapes import Row, decimal_in, positive_in, text_in

MARGIN_MODE: Final[Mapping[str, MarginMode]] = {"isolated": MarginMode.ISOLATED, "cross": MarginMode.CROSS}
NET, LONG, SHORT = "net", "long", "short"
_EXPLAINED: Final = Decimal("0.8")
"""How much of an account's margin its positions must explain. They are read at another moment and mark, and whether the
account counts the fee of a liquidation too is not documented."""
_POSITION_KEYS = ("instId", "pos", "posSide", "mgnMode", "avgPx", "markPx", "liqPx", "notionalUsd", "margin", "ccy")


@dataclass(frozen=True, slots=True)
class PositionRows:
    """`account/positions`, by the venue's market name.

    Attributes:
        rows: open positions, and empty ones where the venue tells them.
    """

    rows: Mapping[str, Sequence[Row]]

    def open_in(self, market_id: str) -> Sequence[Row]:
        """The rows of a market that are not empty."""
        return [row for row in self.rows.get(market_id, ()) if decimal_in(row, "pos") != 0]

    def margin_mode(self, market_id: str) -> MarginMode | None:
        """The margin mode that our side of a market is held in; None without position. Raises ValueError for two."""
        modes = {_margin_mode(row) for row in self.open_in(market_id) if row["posSide"] != LONG}
        if len(modes) > 1:
            raise ValueError("held in both margin modes at once")
        return next(iter(modes), None)

    def margin_in(self, currency: str) -> tuple[Decimal, Decimal]:
        """What the positions in a currency need: maintenance of cross ones, equity of isolated ones. Raises ValueError.

        A figure that is not told counts as 0: it explains nothing.
        """
        rows = [row for market_id in self.rows for row in self.open_in(market_id) if row["ccy"] == currency]
        cross = [row for row in rows if _margin_mode(row) is MarginMode.CROSS]
        isolated = [row for row in rows if _margin_mode(row) is MarginMode.ISOLATED]
        return _figures(cross, "mmr"), _figures(isolated, "margin", "upl")


def _figures(rows: Sequence[Row], *keys: str) -> Decimal:
    return sum((figure_in(row, key) or ZERO for row in rows for key in keys), ZERO)


def position_rows(body: object) -> PositionRows:
    """Group the rows by market. Raises ValueError."""
    grouped: dict[str, list[Row]] = {}
    for row in rows_in(body, *_POSITION_KEYS):
        decimal_in(row, "pos")
        _margin_mode(row)
        if text_in(row, "posSide") not in {NET, LONG, SHORT}:
            raise ValueError(f"posSide {row['posSide']!r} is not known")
        grouped.setdefault(text_in(row, "instId"), []).append(row)
    return PositionRows(rows=grouped)


def merged(all_open: PositionRows, asked: PositionRows) -> PositionRows:
    """All open positions, with the empty ones of the markets that were asked for by name.

    The venue tells a position of 0 only to whoever names the market. Raises ValueError when both don't agree.
    """
    rows = dict(all_open.rows)
    for market_id, named in asked.rows.items():
        if _signed_sum(asked.open_in(market_id)) != _signed_sum(all_open.open_in(market_id)):
            raise ValueError(f"two readings of {market_id} at the same time disagree")
        rows[market_id] = named
    return PositionRows(rows=rows)


def position_of(
    instrument: Instrument, market_id: str, positions: PositionRows, trading: Trading | Unknown, stamp: Stamp
) -> Position | Unknown:
    """One position, flat only with proof."""
    what = f"position {instrument.symbol}"
    try:
        positions.margin_mode(market_id)
        if positions.open_in(market_id):
            return _open_position(instrument, positions.open_in(market_id), stamp)
        if positions.rows.get(market_id):
            return Position.flat(instrument.symbol, FlatProof.ZERO_ROW, stamp)
        reason = _doubt_of_flat(instrument, positions, trading)
    except ValueError as fault:
        return Unknown(what=what, reason=str(fault))
    return (
        Position.flat(instrument.symbol, FlatProof.ACCOUNT, stamp)
        if reason is None
        else Unknown(what=what, reason=reason)
    )


def _doubt_of_flat(instrument: Instrument, positions: PositionRows, trading: Trading | Unknown) -> str | None:
    """Why the absence of a row is no proof; None when it is one (R9).

    It is one when the trading account holds nothing for any position in the settle currency, or nothing of that
    currency at all, or when what it holds is explained by other positions that the same list does tell.
    """
    if isinstance(trading, Unknown):
        return f"no row, and the trading account is unknown: {trading.reason}"
    coin = trading.coins.get(instrument.settle)
    if coin is None or coin.without_position:
        return None
    cross, isolated = positions.margin_in(instrument.settle)
    if not cross and not isolated:
        return "no row, but the trading account holds margin for a position or an order"
    if cross < coin.maintenance * _EXPLAINED or isolated < coin.isolated * _EXPLAINED:
        return "no row, but the trading account holds more margin than the positions listed need"
    return None


def _open_position(instrument: Instrument, rows: Sequence[Row], stamp: Stamp) -> Position:
    """Net mode signs the position; in hedge mode the side does, and the quantity is positive."""
    ours = [row for row in rows if row["posSide"] != LONG]
    only = ours[0] if len(ours) == 1 else None
    if len(ours) > 1:
        raise ValueError("the market is listed twice")
    return Position(
        symbol=instrument.symbol,
        contracts=_signed_sum(ours),
        entry_price=None if only is None else positive_in(only, "avgPx"),
        mark_price=positive_in(rows[0], "markPx"),
        liquidation_price=None if only is None else figure_in(only, "liqPx") or None,
        isolated_wallet=None if only is None else figure_in(only, "margin") or None,
        raw_notional=None if only is None else abs(decimal_in(only, "notionalUsd")),
        proof=FlatProof.ZERO_ROW if only is None else FlatProof.NOT_FLAT,
        stamp=stamp,
        other_side=sum((decimal_in(row, "pos") for row in rows if row["posSide"] == LONG), ZERO),
    )


def _signed_sum(rows: Sequence[Row]) -> Decimal:
    return sum((-decimal_in(row, "pos") if row["posSide"] == SHORT else decimal_in(row, "pos") for row in rows), ZERO)


def _margin_mode(row: Row) -> MarginMode:
    mode = MARGIN_MODE.get(text_in(row, "mgnMode"))
    if mode is None:
        raise ValueError(f"mgnMode {row['mgnMode']!r} is not known")
    return mode


def margin_of(instrument: Instrument, trading: Trading, stamp: Stamp) -> Margin:
    """The trading account in the instrument's settle currency; a currency that it does not list is not there."""
    coin = trading.coins.get(instrument.settle)
    return Margin(
        asset=instrument.settle,
        wallet=ZERO if coin is None else coin.wallet,
        available=ZERO if coin is None else coin.available,
        stamp=stamp,
        balance=ZERO if coin is None else coin.equity,
    )
