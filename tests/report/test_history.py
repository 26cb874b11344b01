"""History files: what is read of them, and what is refused with its line and the reason."""

from __future__ import annotations

from decimal import Decimal as D
from zoneinfo import ZoneInfo

import pytest

from bot.domain.errors import ConfigFault
from bot.domain.instrument import ContractKind
from bot.report.history import BAR_MS, History, read_history

HEADER = "time,exchange,crypto,pair,contract,open,high,low,close,volume,funding rate"
LONDON = ZoneInfo("Europe/London")
NEW_YEAR_MS = 1_672_531_200_000


def bar(time: str, pair: str, *, rate: str = "", prices: str = "100,110,90,105", exchange: str = "binance") -> str:
    contract = "spot" if "/" in pair else "perpetual"
    return f"{time},{exchange},bitcoin,{pair},{contract},{prices},1000,{rate}"


def period(time: str, *, rate: str = "0.0001") -> list[str]:
    return [bar(time, "BTC/USDT"), bar(time, "BTCUSDCM", rate="-0.0002"), bar(time, "BTCUSDT", rate=rate)]


GOOD = [HEADER, *period("2023-01-01 00:00:00"), *period("2023-01-01 08:00:00"), *period("2023-01-01 16:00:00")]


def read(
    lines: list[str],
    *,
    exchange: str = "binance",
    kind: ContractKind = ContractKind.LINEAR,
) -> History:
    return read_history(lines, name="bars.csv", exchange=exchange, asset="BTC", kind=kind, zone=LONDON)


def refused(lines: list[str], **asked: str) -> str:
    with pytest.raises(ConfigFault) as refusal:
        read(lines, **asked)  # type: ignore[arg-type]
    return refusal.value.message


def test_the_bars_of_one_hedge_are_read() -> None:
    told = read(GOOD)
    assert [one.time_ms for one in told.periods] == [NEW_YEAR_MS + number * BAR_MS for number in range(3)]
    first = told.periods[0]
    assert (first.spot.open, first.spot.high, first.spot.low, first.spot.close) == (D(100), D(110), D(90), D(105))
    assert first.rate == D("0.0001")
    assert read(GOOD, kind=ContractKind.INVERSE).periods[0].rate == D("-0.0002")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("2023-03-25 16:00:00", "2023-03-26 00:00:00"),
        ("2023-03-26 00:00:00", "2023-03-26 09:00:00"),
        ("2023-03-26 09:00:00", "2023-03-26 17:00:00"),
        ("2023-10-28 17:00:00", "2023-10-29 01:00:00"),
        ("2023-10-29 01:00:00", "2023-10-29 08:00:00"),
    ],
)
def test_summer_time_begins_and_ends_between_bars(before: str, after: str) -> None:
    first, second = read([HEADER, *period(before), *period(after)]).periods
    assert second.time_ms - first.time_ms == BAR_MS
    assert first.time_ms % BAR_MS == 0


def test_a_time_with_a_zone_of_its_own_keeps_it() -> None:
    assert read([HEADER, *period("2023-07-01T02:00:00+02:00")]).periods[0].time_ms % BAR_MS == 0


def test_other_columns_exchanges_and_markets_do_not_matter() -> None:
    shuffled = ["pair,exchange,time,contract,close,low,high,open,funding rate"]
    for pair, rate in (("BTC/USDT", ""), ("BTCUSDT", "0.0003"), ("ETHUSDT", "0.0003")):
        kind = "spot" if "/" in pair else "perpetual"
        shuffled.append(f"{pair},okx,2023-01-01 00:00:00,{kind},105,90,110,100,{rate}")
    shuffled.append("BTCUSDT,binance,2023-01-01 00:00:00,perpetual,105,90,110,100,0.0001")
    (only,) = read(shuffled, exchange="okx").periods
    assert (only.perp.open, only.perp.close, only.rate) == (D(100), D(105), D("0.0003"))


def with_line(number: int, line: str) -> list[str]:
    """The good file with another line, counted from 1."""
    return [*GOOD[: number - 1], line, *GOOD[number:]]


@pytest.mark.parametrize(
    ("lines", "line", "reason"),
    [
        ([], 1, "no column time"),
        ([HEADER], 1, "no bars"),
        ([HEADER.replace("high", "top").replace(",funding rate", ",rate"), *GOOD[1:]], 1, "no column high, funding"),
        (with_line(5, "2023-01-01 08:00:00,binance"), 5, "expected 11 values"),
        (with_line(5, bar("2023-01-01 08:00:00", "BTC/USDT", prices="100,110,90,much")), 5, "close: expected a number"),
        (with_line(5, bar("2023-01-01 08:00:00", "BTC/USDT", prices="100,NaN,90,100")), 5, "high: expected a number"),
        (with_line(5, bar("2023-01-01 08:00:00", "BTC/USDT", prices="0,110,0,100")), 5, "open: expected a price above"),
        (with_line(5, bar("2023-01-01 08:00:00", "BTC/USDT", prices="100,101,90,105")), 5, "contradict each other"),
        (with_line(5, bar("yesterday", "BTC/USDT")), 5, "time: expected one like"),
        (with_line(5, bar("2023-01-01 08:00:00", "BTC/USDT").replace("spot", "future")), 5, "contract: expected spot"),
        (with_line(7, bar("2023-01-01 08:00:00", "BTCUSDT")), 7, "funding rate: expected a number for BTCUSDT"),
        (with_line(7, bar("2023-01-01 08:00:00", "BTCUSDT", rate="1")), 7, "funding rate: expected a fraction"),
        (with_line(7, bar("2023-01-01 08:00:00", "ETHUSDT", rate="0")), 5, "no bar of BTCUSDT on binance"),
        (with_line(5, bar("2023-01-01 08:00:00", "ETH/USDT")), 5, "no bar of BTC/USDT on binance"),
        ([*GOOD[:4], *GOOD[7:]], 5, "16.00 hours after"),
        ([*GOOD[:4], *period("2023-01-01 07:00:00")], 5, "7.00 hours after"),
        ([*GOOD[:4], *GOOD[7:], *GOOD[4:7]], 5, "16.00 hours"),
        ([*GOOD[:1], *GOOD[4:7], *GOOD[1:4]], 5, "time: goes back, behind line 2"),
        ([*GOOD[:3], GOOD[1], *GOOD[3:]], 4, "a second bar of BTC/USDT"),
        (with_line(5, GOOD[4].replace("bitcoin", "x" * 200_000)), 5, "no CSV"),
    ],
)
def test_a_file_that_is_not_whole_is_refused_with_the_line(lines: list[str], line: int, reason: str) -> None:
    message = refused(lines)
    assert message.startswith(f"bars.csv, line {line}: ")
    assert reason in message


def test_an_exchange_that_the_file_does_not_have() -> None:
    assert "line 2: no bar of BTC/USDT on kraken" in refused(GOOD, exchange="kraken")
