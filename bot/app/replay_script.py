"""What a replay begins with: what is played, what the account holds, the settings of its one hedge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from pathlib import Path
from typing import Final

from bot.domain.instrument import ContractKind
from bot.paper.engine.exchange import Exchange
from bot.paper.engine.layout import BINANCE, OKX, Layout
from bot.paper.engine.listing import PLACES, MarketType
from bot.report.history import History, Period

LAYOUTS: Final[Mapping[str, Layout]] = {"binance": BINANCE, "okx": OKX}
"""Of the exchanges whose history can be played."""
QUOTE: Final = "USDT"
_MARGIN_SPARE: Final = Decimal("1.02")
"""Of the first notional in the contract's wallet: the short, its fee and a collar."""
_CENT: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What is played.

    Attributes:
        history: the bars.
        coins: held at the start.
        band: relative band of the hedge, a fraction.
        reserve: stablecoins beside the margin, as a multiple of the first notional; linear only.
        ladder: the automatic steps of the margin ladder are on.
    """

    history: History
    coins: Decimal
    band: Decimal
    reserve: Decimal
    ladder: bool


Moment = Callable[[Period], tuple[Decimal, Decimal]]
"""The prices of spot and of the contract at one moment of a bar."""


def at_open(period: Period) -> tuple[Decimal, Decimal]:
    """As both began."""
    return period.spot.open, period.perp.open


def at_high(period: Period) -> tuple[Decimal, Decimal]:
    """The contract at its highest, and spot as near to it as at the close: when spot had its own high nobody knows."""
    spot = period.perp.high * period.spot.close / period.perp.close
    return spot.quantize(PLACES), period.perp.high


def at_close(period: Period) -> tuple[Decimal, Decimal]:
    """As both ended."""
    return period.spot.close, period.perp.close


def set_prices(exchange: Exchange, history: History, period: Period, moment: Moment) -> None:
    """Move both markets at once; the other perpetual, which nobody holds, goes with spot."""
    other, own = MarketType.INVERSE, MarketType.LINEAR
    if history.kind is ContractKind.INVERSE:
        other, own = own, other
    spot, contract = moment(period)
    exchange.set_market_prices(history.asset, {MarketType.SPOT: spot, own: contract, other: spot})


def starting(script: Script) -> Mapping[str, Mapping[str, Decimal]]:
    """The account: coins, and for a linear short the quote that margins it, with the reserve beside it."""
    history, layout = script.history, LAYOUTS[script.history.exchange]
    if history.kind is ContractKind.INVERSE:
        return {layout.margin[MarketType.INVERSE]: {history.asset: script.coins}}
    notional = script.coins * history.periods[0].spot.open
    margin, reserve = (
        (notional * factor).quantize(_CENT, rounding=ROUND_UP) for factor in (_MARGIN_SPARE, script.reserve)
    )
    wallet = layout.margin[MarketType.LINEAR]
    if wallet == layout.spot:
        return {wallet: {history.asset: script.coins, QUOTE: margin + reserve}}
    return {layout.spot: {history.asset: script.coins, QUOTE: reserve}, wallet: {QUOTE: margin}}


def settings_text(script: Script, journal: Path) -> str:
    """A settings file like a user's."""
    history = script.history
    inverse = history.kind is ContractKind.INVERSE
    # On a unified account the coins that margin a short are those of spot.
    source = "margin" if inverse and not LAYOUTS[history.exchange].unified else "spot"
    symbol = f"{history.asset}/USD:{history.asset}" if inverse else f"{history.asset}/{QUOTE}:{QUOTE}"
    return (
        f'[journal]\npath = "{journal}"\n'
        f'[venues.main]\nexchange = "{history.exchange}"\nenvironment = "paper"\nstreams = false\n'
        f'[[hedges]]\nname = "replay"\nkind = "spot-perp"\nasset = "{history.asset}"\n'
        f'holdings = [{{source = "{source}", venue = "main"}}]\n'
        f'short = {{venue = "main", symbol = "{symbol}"}}\n'
        f'band = {{relative = "{script.band}", notional = "20"}}\n'
        + ("ladder = {top_up = true, reduce = true}\n" if script.ladder and not inverse else "")
    )
