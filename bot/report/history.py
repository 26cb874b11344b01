"""History files: eight-hour bars of spot and perpetuals on one exchange, with the funding that was paid between them.

A CSV with the columns `time, exchange, pair, contract, open, high, low, close, funding rate` (others are ignored), one
row for each market and bar, oldest first. `contract` is `spot` or `perpetual`; of the perpetuals `BTCUSDT` is linear
and `BTCUSDCM` inverse. A bar begins at its time; its funding rate is settled at that moment. Pure: lines in, bars out.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Final

from bot.domain.errors import ConfigFault
from bot.domain.instrument import ContractKind
from bot.domain.numbers import ZERO, decimal_of

BAR_MS: Final = 8 * 3_600_000
_PRICES: Final = ("open", "high", "low", "close")
_RATE: Final = "funding rate"
_COLUMNS: Final = ("time", "exchange", "pair", "contract", *_PRICES, _RATE)
_CONTRACTS: Final = ("spot", "perpetual")
_RATE_MAX: Final = Decimal("0.1")
"""Of one settlement; no exchange allows as much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Prices of one market in eight hours, in quote per coin."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Eight hours.

    Attributes:
        time_ms: when they begin; UTC.
        rate: the funding settled at that moment; positive: longs pay shorts.
    """

    time_ms: int
    spot: Bar
    perp: Bar
    rate: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One exchange's spot market and one of its perpetuals, period after period without a gap; at least one."""

    exchange: str
    asset: str
    kind: ContractKind
    periods: tuple[Period, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    line: int
    time_ms: int
    exchange: str
    pair: str
    bar: Bar
    rate: Decimal | None


def read_history(
    lines: Iterable[str], *, name: str, exchange: str, asset: str, kind: ContractKind, zone: tzinfo
) -> History:
    """Read the bars of one hedge.

    Args:
        lines: the file's, its header first.
        name: what errors call it.
        exchange: as the file calls it.
        asset: the coin, such as `BTC`; spot is its pair with USDT.
        kind: which perpetual.
        zone: what the file's times are told in.

    Raises:
        ConfigFault: a column is missing, a value is none, rows are out of order, a bar is missing or there twice; with
            the line.
    """
    spot_pair = f"{asset}/USDT"
    perp_pair = f"{asset}USDT" if kind is ContractKind.LINEAR else f"{asset}USDCM"
    periods: list[Period] = []
    for time_ms, rows in _times(_rows(lines, name, zone), name):
        wanted = {row.pair: row for row in rows if row.exchange == exchange}
        for pair in (spot_pair, perp_pair):
            if pair not in wanted:
                raise _fault(name, rows[0].line, f"no bar of {pair} on {exchange} at this time")
        perp = wanted[perp_pair]
        if perp.rate is None:
            raise _fault(name, perp.line, f"{_RATE}: expected a number for {perp_pair}; got nothing")
        periods.append(Period(time_ms=time_ms, spot=wanted[spot_pair].bar, perp=perp.bar, rate=perp.rate))
    if not periods:
        raise _fault(name, 1, "there are no bars below the header")
    return History(exchange=exchange, asset=asset, kind=kind, periods=tuple(periods))


def _times(rows: Iterator[_Row], name: str) -> Iterator[tuple[int, Sequence[_Row]]]:
    """The rows of each moment, moments in order and eight hours apart."""
    same: list[_Row] = []
    for row in rows:
        if same and row.time_ms != same[0].time_ms:
            yield same[0].time_ms, same
            _check_next(same[0], row, name)
            same = []
        if any((row.exchange, row.pair) == (known.exchange, known.pair) for known in same):
            raise _fault(name, row.line, f"a second bar of {row.pair} on {row.exchange} at this time")
        same.append(row)
    if same:
        yield same[0].time_ms, same


def _check_next(before: _Row, row: _Row, name: str) -> None:
    apart_ms = row.time_ms - before.time_ms
    if apart_ms < 0:
        raise _fault(name, row.line, f"time: goes back, behind line {before.line}")
    if apart_ms != BAR_MS:
        hours = Decimal(apart_ms) / 3_600_000
        raise _fault(name, row.line, f"time: {hours:.2f} hours after the bar before it, where 8 were expected")


def _rows(lines: Iterable[str], name: str, zone: tzinfo) -> Iterator[_Row]:
    numbered = _cells(lines, name)
    _, header = next(numbered, (1, []))
    missing = [column for column in _COLUMNS if column not in header]
    if missing:
        raise _fault(name, 1, f"no column {', '.join(missing)}")
    for line, cells in numbered:
        if len(cells) != len(header):
            raise _fault(name, line, f"expected {len(header)} values, as the header has; got {len(cells)}")
        values = dict(zip(header, cells, strict=True))
        try:
            yield _row(line, values, zone)
        except ValueError as error:
            raise _fault(name, line, str(error)) from None


def _cells(lines: Iterable[str], name: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(lines)
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:
        raise _fault(name, reader.line_num, f"no CSV: {error}") from None


def _row(line: int, values: Mapping[str, str], zone: tzinfo) -> _Row:
    """Raises ValueError."""
    if values["contract"] not in _CONTRACTS:
        raise ValueError(f"contract: expected {' or '.join(_CONTRACTS)}; got {values['contract']!r}")
    bar = Bar(**{column: _price(column, values[column]) for column in _PRICES})
    if not bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high:
        raise ValueError("low, open, close and high contradict each other")
    return _Row(
        line=line,
        time_ms=_time_ms(values["time"], zone),
        exchange=values["exchange"],
        pair=values["pair"],
        bar=bar,
        rate=_rate(values[_RATE]) if values[_RATE] else None,
    )


def _time_ms(text: str, zone: tzinfo) -> int:
    """Of an hour that clocks pass twice it is the first time."""
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"time: expected one like 2023-01-01 08:00:00; got {text!r}") from None
    aware = told if told.tzinfo is not None else told.replace(tzinfo=zone)
    return int(aware.timestamp()) * 1000


def _price(column: str, text: str) -> Decimal:
    value = _number(column, text)
    if value <= 0:
        raise ValueError(f"{column}: expected a price above 0; got {text!r}")
    return value


def _rate(text: str) -> Decimal:
    value = _number(_RATE, text)
    if abs(value) > _RATE_MAX:
        raise ValueError(f"{_RATE}: expected a fraction such as 0.0001; got {text!r}")
    return value or ZERO


def _number(column: str, text: str) -> Decimal:
    try:
        return decimal_of(text)
    except ValueError:
        raise ValueError(f"{column}: expected a number; got {text!r}") from None


def _fault(name: str, line: int, reason: str) -> ConfigFault:
    return ConfigFault(f"{name}, line {line}: {reason}")
