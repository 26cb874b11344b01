"""Positions and margin of both futures APIs, and what proves that a position is flat (R9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.domain.ids import Asset
from bot.domain.instrument import ContractKind, Instrument
from bot.domain.numbers import ZERO
from bot.domain.observation import FlatProof, Margin, Position, Stamp, Unknown
from bot.venue.binance.family import Family
from bot.venue.binance.orders import LONG, SHORT, position_side
from bot.venue.shapes import Row, decimal_in, positive_in, row_of, rows_of, text_in

_TOTALS: Final = (
    *("totalWalletBalance", "totalMarginBalance", "totalCrossWalletBalance"),
    *("totalPositionInitialMargin", "totalMaintMargin", "availableBalance"),
)
_ASSET_KEYS: Final = (
    *("walletBalance", "marginBalance", "crossWalletBalance"),
    *("positionInitialMargin", "maintMargin", "availableBalance"),
)
_POSITION_KEYS: Final = ("entryPrice", "markPrice", "liquidationPrice", "isolatedWallet")
_USDT: Final = Asset("USDT")
"""The USD-M account's totals are those of USDT alone, unless multi-assets mode is on."""

_DIGIT: Final = Decimal("0.00000001")
"""The last that is told of an amount."""

Place = tuple[str, str]
"""A position's market and side, in the venue's words."""


@dataclass(frozen=True, slots=True)
class AssetFigures:
    """The margin account's own figures for one settle currency.

    Attributes:
        wallet: W.
        balance: W + u.
    """

    wallet: Decimal
    balance: Decimal
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
        contracts: signed, of every position that is not 0.
        open: the rows of these positions.
    """

    figures: Mapping[Asset, AssetFigures]
    listed: bool
    contracts: Mapping[Place, Decimal]
    open: Sequence[Row]


def account_of(body: object, family: Family) -> Account:
    """Read the margin account.

    USD-M leaves out currencies never used; USDT then follows from the totals.

    Raises:
        ValueError: another shape.
    """
    row = row_of(body, "assets", "positions")
    figures = {Asset(text_in(asset, "asset")): _figures(asset) for asset in rows_of(row["assets"], "asset")}
    if family.kind is ContractKind.LINEAR:
        row_of(row, *_TOTALS)
        if _USDT not in figures:
            figures[_USDT] = _usdt_of_totals(row)
    positions = rows_of(row["positions"], "symbol", "positionAmt", "positionSide")
    return Account(
        figures=figures,
        listed=bool(row["assets"]),
        contracts=_contracts(positions),
        open=[position for position in positions if _signed(position) != 0],
    )


def _usdt_of_totals(row: Row) -> AssetFigures:
    if decimal_in(row, "totalWalletBalance") != 0:
        raise ValueError(
            "the totals hold something, and the list of assets has no USDT: it is not complete, or the account is in "
            "multi-assets mode, whose totals are of all assets; there it needs a little USDT in the futures wallet"
        )
    return AssetFigures(
        wallet=ZERO,
        balance=decimal_in(row, "totalMarginBalance"),
        cross_wallet=decimal_in(row, "totalCrossWalletBalance"),
        position_margin=decimal_in(row, "totalPositionInitialMargin"),
        maintenance=decimal_in(row, "totalMaintMargin"),
        available=decimal_in(row, "availableBalance"),
    )


def _figures(row: Row) -> AssetFigures:
    row_of(row, *_ASSET_KEYS)
    return AssetFigures(
        wallet=decimal_in(row, "walletBalance"),
        balance=decimal_in(row, "marginBalance"),
        cross_wallet=decimal_in(row, "crossWalletBalance"),
        position_margin=decimal_in(row, "positionInitialMargin"),
        maintenance=decimal_in(row, "maintMargin"),
        available=decimal_in(row, "availableBalance"),
    )


def _contracts(rows: Sequence[Row]) -> Mapping[Place, Decimal]:
    found: dict[Place, Decimal] = {}
    for row in rows:
        place, contracts = (text_in(row, "symbol"), position_side(row)), _signed(row)
        if place in found:
            raise ValueError(f"two positions {' '.join(place)}")
        found[place] = contracts
    return {place: contracts for place, contracts in found.items() if contracts != 0}


def _signed(row: Row) -> Decimal:
    """The venue signs the short side of hedge mode; a sign that does not fit its side is not believed."""
    contracts = decimal_in(row, "positionAmt")
    match position_side(row):
        case "LONG" if contracts < 0:
            raise ValueError(f"the long side holds {contracts}")
        case "SHORT" if contracts > 0:
            raise ValueError(f"the short side holds {contracts}")
        case _:
            return contracts


@dataclass(frozen=True, slots=True)
class PositionRows:
    """The list of positions.

    Attributes:
        rows: by market and side.
        contracts: like `Account.contracts`.
    """

    rows: Mapping[Place, Row]
    contracts: Mapping[Place, Decimal]


def position_rows(body: object) -> PositionRows:
    """Sort the rows by market and side. Raises ValueError."""
    rows = rows_of(body, "symbol", "positionAmt", "positionSide")
    return PositionRows(
        rows={(text_in(row, "symbol"), position_side(row)): row for row in rows}, contracts=_contracts(rows)
    )


def position_of(
    instrument: Instrument, market_id: str, family: Family, risk: PositionRows, account: Account | Unknown, stamp: Stamp
) -> Position | Unknown:
    """One position, believed only as far as both endpoints say the same.

    In hedge mode the short side is ours, and the long side is told beside it.
    """
    what = f"position {instrument.symbol}"
    if isinstance(account, Account) and _of(account.contracts, market_id) != _of(risk.contracts, market_id):
        return Unknown(what=what, reason="the position list and the margin account disagree")
    held = _of(risk.contracts, market_id)
    other_side = held.get(LONG, ZERO)
    ours = [side for side in held if side != LONG]
    if len(ours) > 1:
        return Unknown(what=what, reason="the position list tells of both position modes at once")
    try:
        if ours:
            row = risk.rows[market_id, ours[0]]
            return _open_position(instrument, family, held[ours[0]], row, other_side, stamp)
        if (market_id, "BOTH") in risk.rows or (market_id, SHORT) in risk.rows:
            return Position.flat(instrument.symbol, FlatProof.ZERO_ROW, stamp, other_side=other_side)
        doubt = _doubt_of_flat(instrument, risk, account)
    except ValueError as fault:
        return Unknown(what=what, reason=str(fault))
    if doubt is not None:
        return Unknown(what=what, reason=doubt)
    return Position.flat(instrument.symbol, FlatProof.ACCOUNT, stamp, other_side=other_side)


def _of(contracts: Mapping[Place, Decimal], market_id: str) -> Mapping[str, Decimal]:
    """By side, on one market."""
    return {side: held for (market, side), held in contracts.items() if market == market_id}


def _doubt_of_flat(instrument: Instrument, risk: PositionRows, account: Account | Unknown) -> str | None:
    """Why the absence of a row is no proof; None when it is one (R9)."""
    if isinstance(account, Unknown):
        return f"no row, and the margin account is unknown: {account.reason}"
    figures = account.figures.get(instrument.settle)
    if figures is None:
        return None if account.listed else f"no row, and the margin account does not list {instrument.settle}"
    if figures.without_position:
        return None
    if not account.contracts or account.contracts.keys() != risk.contracts.keys():
        return "no row, but the margin account holds margin for a position"
    if _unexplained(risk, account):
        return "no row, but the margin account holds more margin than the positions listed need"
    return None


def _unexplained(risk: PositionRows, account: Account) -> bool:
    """Whether some position must be missing from the lists: all coins' figures against the sums of all rows.

    A position that is left out needs maintenance margin, which the account's figures count, and isolated ones a wallet
    of their own. Each row and each figure is rounded by itself.
    """
    figures = account.figures.values()
    rounding = _DIGIT * (len(account.open) + len(figures))
    maintenance = sum((coin.maintenance for coin in figures), ZERO)
    isolated = sum((coin.wallet - coin.cross_wallet for coin in figures), ZERO)
    explained = sum((decimal_in(row, "maintMargin") for row in account.open), ZERO)
    apart = sum((decimal_in(row, "isolatedWallet") for row in risk.rows.values()), ZERO)
    return maintenance - explained > rounding or isolated - apart > rounding


def _open_position(
    instrument: Instrument, family: Family, contracts: Decimal, row: Row, other_side: Decimal, stamp: Stamp
) -> Position:
    row_of(row, *_POSITION_KEYS, family.notional)
    mark = positive_in(row, "markPrice")
    value = abs(decimal_in(row, family.notional))
    return Position(
        symbol=instrument.symbol,
        contracts=contracts,
        entry_price=positive_in(row, "entryPrice"),
        mark_price=mark,
        liquidation_price=decimal_in(row, "liquidationPrice") or None,
        isolated_wallet=decimal_in(row, "isolatedWallet") or None,
        raw_notional=value * mark if family.kind is ContractKind.INVERSE else value,
        proof=FlatProof.NOT_FLAT,
        stamp=stamp,
        other_side=other_side,
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
        balance=ZERO if figures is None else figures.balance,
        stamp=stamp,
    )
