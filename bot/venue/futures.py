"""Positions and margin of USD-M futures, and what proves that a position is flat (R9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from bot.domain.ids import Asset
from bot.domain.instrument import Instrument
from bot.domain.numbers import ZERO
from bot.domain.observation import FlatProof, Margin, Position, Stamp, Unknown
from bot.venue.shapes import Row, decimal_in, row_of, rows_of, text_in

_TOTALS = ("totalWalletBalance", "totalCrossWalletBalance", "totalPositionInitialMargin", "totalMaintMargin")
_ASSET_KEYS = ("walletBalance", "crossWalletBalance", "positionInitialMargin", "maintMargin", "availableBalance")
_POSITION_KEYS = ("entryPrice", "markPrice", "liquidationPrice", "notional", "isolatedWallet")
_USDT = Asset("USDT")
"""The account's totals are those of USDT alone, unless multi-assets mode is on."""


@dataclass(frozen=True, slots=True)
class AssetFigures:
    """The margin account's own figures for one settle currency."""

    wallet: Decimal
    cross_wallet: Decimal
    position_margin: Decimal
    maintenance: Decimal
    available: Decimal

    @property
    def without_position(self) -> bool:
        """No margin is held by any position in this currency: neither cross nor isolated."""
        return self.position_margin == 0 and self.maintenance == 0 and self.wallet == self.cross_wallet


@dataclass(frozen=True, slots=True)
class Account:
    """The margin account.

    Attributes:
        figures: by settle currency; a currency that was never used is left out by the venue.
        listed: whether the venue listed any currency at all.
        contracts: signed, by the venue's market name.
    """

    figures: Mapping[Asset, AssetFigures]
    listed: bool
    contracts: Mapping[str, Decimal]


def account_of(body: object) -> Account:
    """Read `fapi/v3/account`. Currencies never used are left out by the venue; USDT then follows from the totals.

    Raises:
        ValueError: another shape.
    """
    row = row_of(body, "assets", "positions", *_TOTALS)
    figures = {Asset(text_in(asset, "asset")): _figures(asset) for asset in rows_of(row["assets"], "asset")}
    if _USDT not in figures:
        figures[_USDT] = AssetFigures(
            wallet=decimal_in(row, "totalWalletBalance"),
            cross_wallet=decimal_in(row, "totalCrossWalletBalance"),
            position_margin=decimal_in(row, "totalPositionInitialMargin"),
            maintenance=decimal_in(row, "totalMaintMargin"),
            available=decimal_in(row, "availableBalance"),
        )
        if figures[_USDT].wallet != 0:
            raise ValueError("the totals hold USDT that the list of assets lacks")
    return Account(
        figures=figures,
        listed=bool(row["assets"]),
        contracts=_contracts(rows_of(row["positions"], "symbol", "positionAmt")),
    )


def _figures(row: Row) -> AssetFigures:
    row_of(row, *_ASSET_KEYS)
    return AssetFigures(
        wallet=decimal_in(row, "walletBalance"),
        cross_wallet=decimal_in(row, "crossWalletBalance"),
        position_margin=decimal_in(row, "positionInitialMargin"),
        maintenance=decimal_in(row, "maintMargin"),
        available=decimal_in(row, "availableBalance"),
    )


def _contracts(rows: Sequence[Row]) -> Mapping[str, Decimal]:
    """Signed contracts by market; in hedge mode the sum of both sides (the venue signs the short side)."""
    sums: dict[str, Decimal] = {}
    for row in rows:
        market_id = text_in(row, "symbol")
        sums[market_id] = sums.get(market_id, ZERO) + decimal_in(row, "positionAmt")
    return sums


@dataclass(frozen=True, slots=True)
class PositionRows:
    """`fapi/v3/positionRisk`, by the venue's market name."""

    rows: Mapping[str, Sequence[Row]]


def position_rows(body: object) -> PositionRows:
    """Group the rows by market. Raises ValueError."""
    grouped: dict[str, list[Row]] = {}
    for row in rows_of(body, "symbol", "positionAmt"):
        grouped.setdefault(text_in(row, "symbol"), []).append(row)
    return PositionRows(rows=grouped)


def position_of(
    instrument: Instrument, market_id: str, risk: PositionRows, account: Account | Unknown, stamp: Stamp
) -> Position | Unknown:
    """One position, believed only as far as both endpoints say the same."""
    what = f"position {instrument.symbol}"
    rows = risk.rows.get(market_id, ())
    try:
        contracts = sum((decimal_in(row, "positionAmt") for row in rows), ZERO)
        if isinstance(account, Account) and account.contracts.get(market_id, ZERO) != contracts:
            return Unknown(what=what, reason="the position list and the margin account disagree")
        open_rows = [row for row in rows if decimal_in(row, "positionAmt") != 0]
        if open_rows:
            return _open_position(instrument, contracts, open_rows, stamp)
        if rows:
            return _flat_position(instrument, FlatProof.ZERO_ROW, stamp)
        reason = _doubt_of_flat(instrument, risk, account)
    except ValueError as fault:
        return Unknown(what=what, reason=str(fault))
    return _flat_position(instrument, FlatProof.ACCOUNT, stamp) if reason is None else Unknown(what=what, reason=reason)


def _doubt_of_flat(instrument: Instrument, risk: PositionRows, account: Account | Unknown) -> str | None:
    """Why the absence of a row is no proof; None when it is one (R9)."""
    if isinstance(account, Unknown):
        return f"no row, and the margin account is unknown: {account.reason}"
    figures = account.figures.get(instrument.settle)
    if figures is None:
        return None if account.listed else f"no row, and the margin account does not list {instrument.settle}"
    if figures.without_position:
        return None
    listed = {market_id for market_id, contracts in account.contracts.items() if contracts != 0}
    seen = {
        market_id for market_id, rows in risk.rows.items() if any(decimal_in(row, "positionAmt") != 0 for row in rows)
    }
    if not listed or listed != seen:
        return "no row, but the margin account holds margin for a position"
    return None


def _open_position(instrument: Instrument, contracts: Decimal, rows: Sequence[Row], stamp: Stamp) -> Position:
    for row in rows:
        row_of(row, *_POSITION_KEYS)
    isolated = sum((decimal_in(row, "isolatedWallet") for row in rows), ZERO)
    only = rows[0] if len(rows) == 1 else None
    return Position(
        symbol=instrument.symbol,
        contracts=contracts,
        entry_price=None if only is None else decimal_in(only, "entryPrice"),
        mark_price=decimal_in(rows[0], "markPrice"),
        liquidation_price=None if only is None else decimal_in(only, "liquidationPrice") or None,
        isolated_wallet=isolated or None,
        raw_notional=abs(sum((decimal_in(row, "notional") for row in rows), ZERO)),
        proof=FlatProof.NOT_FLAT,
        stamp=stamp,
    )


def _flat_position(instrument: Instrument, proof: FlatProof, stamp: Stamp) -> Position:
    return Position(
        symbol=instrument.symbol,
        contracts=ZERO,
        entry_price=None,
        mark_price=None,
        liquidation_price=None,
        isolated_wallet=None,
        raw_notional=None,
        proof=proof,
        stamp=stamp,
    )


def margin_of(instrument: Instrument, account: Account, stamp: Stamp) -> Margin | Unknown:
    """The margin account in the instrument's settle currency; a currency never used holds nothing."""
    figures = account.figures.get(instrument.settle)
    if figures is None and not account.listed:
        return Unknown(
            what=f"margin {instrument.symbol}", reason=f"the margin account does not list {instrument.settle}"
        )
    return Margin(
        asset=instrument.settle,
        wallet=ZERO if figures is None else figures.wallet,
        available=ZERO if figures is None else figures.available,
        stamp=stamp,
    )
