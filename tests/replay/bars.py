"""Short histories, made up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal as D

from bot.app.replay import Replayed, replay
from bot.app.replay_script import Script
from bot.domain.instrument import ContractKind
from bot.report.history import BAR_MS, Bar, History, Period
from bot.runtime.virtual import VirtualClock, run_virtual

START_MS = 1_672_531_200_000
BASIS = D("1.0004")
"""How far the contract trades from spot, one way or the other."""


def bar(opened: D, closed: D, high: D | None = None) -> Bar:
    top = max(opened, closed)
    return Bar(open=opened, high=top if high is None else high, low=min(opened, closed), close=closed)


def history(
    closes: Sequence[str],
    *,
    first: str = "20000",
    rates: Sequence[str] = ("0.0001",),
    highs: Sequence[str | None] = (None,),
    kind: ContractKind = ContractKind.LINEAR,
    exchange: str = "binance",
) -> History:
    """Bars that close at these prices in spot, each opening where the one before closed; rates and highs in turns."""
    opened = D(first)
    periods = []
    for number, close in enumerate(map(D, closes)):
        high = highs[number % len(highs)]
        basis = BASIS if number % 2 else 1 / BASIS
        own = [(price * basis).quantize(D("0.1")) for price in (opened, close)]
        periods.append(
            Period(
                time_ms=START_MS + number * BAR_MS,
                spot=bar(opened, close, None if high is None else D(high)),
                perp=bar(own[0], own[1], None if high is None else D(high)),
                rate=D(rates[number % len(rates)]),
            )
        )
        opened = close
    return History(exchange=exchange, asset="BTC", kind=kind, periods=tuple(periods))


def climb(times: str, bars: int, first: str = "20000") -> list[str]:
    """Closes that rise to so many times the first price, evenly, with every fourth bar falling back a little."""
    step = float(times) ** (1 / bars)
    return [f"{float(first) * step ** (n + 1) * (0.98 if n % 4 == 2 else 1):.2f}" for n in range(bars)]


def played(
    told: History, *, coins: str = "1", band: str = "0.005", reserve: str = "0", ladder: bool = False
) -> Replayed:
    """Play it."""
    script = Script(history=told, coins=D(coins), band=D(band), reserve=D(reserve), ladder=ladder)
    return run_virtual(replay(script, clock=VirtualClock(told.periods[0].time_ms), progress=lambda _: None))


def csv_of(*tables: History) -> str:
    """As a history file tells it, in UTC; of one exchange's hedges with the same times."""
    lines = ["time,exchange,crypto,pair,contract,open,high,low,close,volume,funding rate"]
    for number, period in enumerate(tables[0].periods):
        time = f"{datetime.fromtimestamp(period.time_ms / 1000, tz=UTC):%Y-%m-%d %H:%M:%S}"
        rows = [("BTC/USDT", "spot", period.spot, "")]
        for table in tables:
            pair = "BTCUSDT" if table.kind is ContractKind.LINEAR else "BTCUSDCM"
            own = table.periods[number]
            rows.append((pair, "perpetual", own.perp, str(own.rate)))
        for pair, contract, told, rate in rows:
            prices = f"{told.open},{told.high},{told.low},{told.close}"
            lines.append(f"{time},{tables[0].exchange},bitcoin,{pair},{contract},{prices},1,{rate}")
    return "\n".join(lines) + "\n"
