"""Rules that hold between the settings of a stablecoin hedge."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from bot.core.exit_windows import BARS_LEAST, HOURLY_MAX_MS, bar_ms, lookback
from bot.domain.exits import SignalKind
from bot.domain.numbers import ONE, ZERO, plain
from bot.domain.observation import Source
from bot.domain.usd import DAY_MS
from bot.settings.exchanges import UNVERIFIED, VERIFIED
from bot.settings.exit_model import ExitTable
from bot.settings.model import Document, HedgeTable
from bot.settings.pair_model import PairTable
from bot.settings.pairs import QUOTE
from bot.settings.problems import KeyPath, Problem, did_you_mean, dotted, shown

STABLECOINS: Final = ("USDT", "USDC", "FDUSD", "TUSD", "USDP", "PYUSD", "DAI", "USD1", "USDE", "RLUSD")
"""What a basket may hold: coins that stand for one US dollar each."""
LOOKS: Final = 3
"""Looks within the dwell, so that at least one of them can show what another one missed (R10)."""
_FALLING: Final = ("drawdown", "volatility", "average")
"""Signals that exit above a number and are over below another one."""


def broken_exit(key: KeyPath, hedge: ExitTable, document: Document) -> Iterator[Problem]:
    """What of a stablecoin hedge can't be.

    Args:
        key: of the hedge.
        hedge: each value fine by itself.
        document: with the venues, and the other hedges.
    """
    yield from _venue((*key, "venue"), hedge.venue, document)
    yield from _basket(key, hedge)
    yield from _beside(key, hedge, document)
    yield from _thresholds((*key, "signals"), hedge)
    yield from _windows((*key, "signals"), hedge)
    for name, value in (
        ("slice_notional", hedge.slice_notional),
        ("slippage", hedge.slippage),
        ("caps.order_notional", hedge.caps.order_notional),
        ("caps.notional_per_hour", hedge.caps.notional_per_hour),
    ):
        if value <= 0:
            path = (*key, *name.split("."))
            yield _problem(
                path, plain(value), "expected more than 0: with it nothing could ever be exchanged", "raise it"
            )
    if hedge.dwell_s < LOOKS * hedge.look_s:
        yield _problem(
            (*key, "dwell_s"),
            plain(hedge.dwell_s),
            f"expected at least {LOOKS} x look_s, which is {plain(hedge.look_s)}: what one reading misses while money "
            f"moves between two wallets would be written off for good before it is looked for again",
            f"{plain(LOOKS * hedge.look_s)} or more, or look more often",
        )
    if hedge.reenter is not None and not _any_signal(hedge):
        yield _problem(
            (*key, "reenter"),
            None,
            "there is no signal that could be over, expected one under `signals`",
            "add a signal, or remove `reenter` and come back with `hedgebot enter`",
        )


def exit_warnings(document: Document) -> Iterator[str]:
    """What is allowed beside a stablecoin hedge, but a careful reader should know."""
    for hedge in document.hedges:
        if not isinstance(hedge, HedgeTable):
            continue
        ladder = hedge.ladder if "ladder" in hedge.model_fields_set else document.ladder
        beside = [
            other for other in document.hedges if isinstance(other, ExitTable) and other.venue == hedge.short.venue
        ]
        for other in beside if ladder.top_up else ():
            yield (
                f"{hedge.name}: its ladder may top margin up with stablecoins that {other.name} got for its coins on "
                f"{other.venue}; they are then written off there, and not spent on the way back"
            )


def _venue(key: KeyPath, venue: str, document: Document) -> Iterator[Problem]:
    table = document.venues.get(venue)
    if table is None:
        names = sorted(document.venues)
        hint = did_you_mean(venue, names) or f"the file has: {', '.join(names)}"
        yield _problem(key, venue, f"there is no [venues.{venue}], expected a venue of this file", hint)
    elif table.exchange in UNVERIFIED:
        yield _problem(
            key,
            venue,
            f"hedgebot knows no prices in US dollars on {table.exchange}, expected a verified exchange",
            f"verified are {', '.join(sorted(VERIFIED))}",
        )


def _beside(key: KeyPath, hedge: ExitTable, document: Document) -> Iterator[Problem]:
    """R6: what else stands on the same account, and can't stand beside the hedge."""
    for index, other in enumerate(document.hedges):
        whose = f"hedges[{index}] ({other.name})"
        if isinstance(other, PairTable):
            spent = {
                str(at.symbol).partition("/")[2] if at.symbol else QUOTE
                for at in other.venues
                if at.venue == hedge.venue
            }
            for asset in sorted(spent & hedge.basket.keys()):
                yield _problem(
                    (*key, "basket", asset),
                    plain(hedge.basket[asset]),
                    f"{whose} buys coins with {asset} on {hedge.venue} too: each would spend what the other holds",
                    "give the hedges accounts of their own, or another stablecoin",
                )
        elif isinstance(other, HedgeTable) and _counts(other, hedge) and other.asset != hedge.asset:
            yield _problem(
                (*key, "asset"),
                hedge.asset,
                f"{whose} hedges it on {hedge.venue} as a token of {other.asset}: no short follows it slice by slice",
                f"keep the {hedge.asset} of this hedge on another venue, or name the coin {other.asset} itself",
            )
        elif isinstance(other, HedgeTable) and _counts(other, hedge):
            inverse = other.short.inverse
            if inverse or other.fallback is not None:
                why = "margin its coin-margined short" if inverse else "are hedged on two venues"
                yield _problem(
                    (*key, "asset"),
                    hedge.asset,
                    f"the coins on {hedge.venue} {why} ({whose}), and can't be sold slice by slice",
                    "keep coins for this hedge on another venue, or use a linear short without a fallback there",
                )


def _counts(other: HedgeTable, hedge: ExitTable) -> bool:
    """Whether a spot-perp hedge hedges the coins that are sold."""
    return any(
        holding.source is Source.SPOT and holding.venue == hedge.venue and (holding.asset or other.asset) == hedge.asset
        for holding in other.holdings
    ) or (other.asset == hedge.asset and other.short.inverse and other.short.venue == hedge.venue)


def _basket(key: KeyPath, hedge: ExitTable) -> Iterator[Problem]:
    path = (*key, "basket")
    for asset in hedge.basket:
        if asset not in STABLECOINS:
            yield _problem(
                (*path, asset),
                plain(hedge.basket[asset]),
                f"{asset} is no US dollar stablecoin that hedgebot knows",
                did_you_mean(asset, STABLECOINS) or f"expected {', '.join(STABLECOINS)}",
            )
    total = sum(hedge.basket.values(), ZERO)
    if total != ONE:
        yield _problem(
            path,
            None,
            f"the weights sum to {plain(total)}, expected exactly 1",
            'such as basket = {USDC = "0.5", USDT = "0.5"}',
        )
    if hedge.asset in STABLECOINS:
        yield _problem(
            (*key, "asset"), hedge.asset, "it is a stablecoin itself, expected a coin", "name the coin to sell"
        )


def _thresholds(key: KeyPath, hedge: ExitTable) -> Iterator[Problem]:
    for name in _FALLING:
        signal = getattr(hedge.signals, name)
        if signal is not None and not signal.back < signal.exit:
            yield _order((*key, name, "back"), signal.back, f"less than exit, which is {plain(signal.exit)}")
    price = hedge.signals.price
    if price is not None:
        if price.exit <= 0:
            yield _problem((*key, "price", "exit"), plain(price.exit), "expected a price above 0", "correct it")
        if not price.back > price.exit:
            yield _order((*key, "price", "back"), price.back, f"more than exit, which is {plain(price.exit)}")


def _windows(key: KeyPath, hedge: ExitTable) -> Iterator[Problem]:
    """What looks back on fewer bars than it can be judged by."""
    signals = hedge.signals
    told = [
        (("drawdown", "window_s"), SignalKind.DRAWDOWN, signals.drawdown and signals.drawdown.window_s),
        (("volatility", "half_life_s"), SignalKind.VOLATILITY, signals.volatility and signals.volatility.half_life_s),
        (("average", "window_s"), SignalKind.AVERAGE, signals.average and signals.average.window_s),
    ]
    windows = [(name, window_s, lookback(kind, int(window_s * 1000))) for name, kind, window_s in told if window_s]
    bar = bar_ms(max((back_ms for _, _, back_ms in windows), default=0))
    for name, window_s, back_ms in windows:
        if back_ms < BARS_LEAST * bar:
            least = BARS_LEAST * bar * int(window_s * 1000) // back_ms // 1000
            daily = (
                f"prices are looked at by the day, since a signal looks back more than {HOURLY_MAX_MS // DAY_MS} days"
            )
            why = daily if bar == DAY_MS else "prices are looked at by the hour"
            yield _problem(
                (*key, *name),
                plain(window_s),
                f"it could never be judged, expected at least {least}: {why}, and {BARS_LEAST} of them are needed",
                "make it longer" + (", or the longest one shorter" if bar == DAY_MS else ""),
            )


def _order(path: KeyPath, value: Decimal, expected: str) -> Problem:
    return _problem(
        path,
        plain(value),
        f"the thresholds are in the wrong order, expected {expected}",
        "between the two nothing happens: without that the hedge saws back and forth",
    )


def _any_signal(hedge: ExitTable) -> bool:
    return any(value is not None for _, value in hedge.signals)


def _problem(path: KeyPath, value: object, text: str, hint: str) -> Problem:
    return Problem(key=dotted(path), value=shown(path, value), text=text, hint=hint)
