"""The stories that `hedgebot demo` tells: paper exchanges, the real bot, and what happens to them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Final

from bot.cli.stagehand import Stagehand

Starting = Mapping[str, Mapping[str, Mapping[str, Decimal]]]
_USDT: Final = Decimal(200_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One story.

    Attributes:
        title: one line for the table.
        asset: what is hedged.
        holdings, short: as they stand in a settings file.
        exchanges: each is a venue of its own name; the first is called `main` when it is the only one.
        starting: exchange -> wallet -> asset -> quantity of the account, where it is not the usual.
        virtual: days pass in seconds, in this process; otherwise over TLS sockets at wall speed.
        interval_s: between two turns.
        play: what happens.
    """

    name: str
    title: str
    asset: str
    holdings: str
    short: str
    play: Callable[[Stagehand], Awaitable[None]]
    exchanges: tuple[str, ...] = ("binance",)
    starting: Starting = field(default_factory=dict)
    virtual: bool = False
    interval_s: str = "1"

    @property
    def transport(self) -> str:
        """How the bot reaches the exchanges."""
        return "in-process" if self.virtual else "tls"

    def settings(self, journal: Path) -> str:
        """A settings file like a user's."""
        streams = "streams = false\n" if self.virtual else ""
        venues = "".join(
            f'[venues.{"main" if len(self.exchanges) == 1 else exchange}]\nexchange = "{exchange}"\n'
            f'environment = "paper"\n{streams}'
            for exchange in self.exchanges
        )
        return (
            f'interval_s = "{self.interval_s}"\n[journal]\npath = "{journal}"\n{venues}'
            f'[[hedges]]\nname = "{self.name}"\nkind = "spot-perp"\nasset = "{self.asset}"\n'
            f"holdings = [{self.holdings}]\nshort = {{{self.short}}}\n"
        )


async def _btc_drop(stage: Stagehand) -> None:
    await stage.settle("hedged")
    await stage.walk("99000", "98000", "97000", "96000", "95000")
    await stage.settle("after the drop")


async def _btc_rise(stage: Stagehand) -> None:
    await stage.settle("hedged")
    await stage.walk("101000", "102000", "103000", "104000", "105000")
    await stage.settle("after the rise")


async def _bnb_stake(stage: Stagehand) -> None:
    await stage.settle("hedged")
    stage.subscribe("locked", "3")
    await stage.balanced("the coins are seen in Earn", holding="3")
    await stage.walk("595", "590")
    await stage.settle("staked, after the drop")
    await stage.walk("600", "605", "610")
    stage.reward("USDT", "100")
    await stage.settle("staked, after the rise")


async def _inverse_rally(stage: Stagehand) -> None:
    await stage.settle("hedged with its own coins")
    await stage.walk("110000", "120000", "130000", "140000", "150000")
    await stage.settle("after a rise of half")
    await stage.walk("135000", "120000", "105000", "90000", "75000")
    await stage.settle("after a fall of half")


async def _okx_kucoin_split(stage: Stagehand) -> None:
    await stage.settle("hedged", holding="1")
    stage.deposit("okx", "trading", "0.1")
    await stage.settle("the deposit on OKX is followed", holding="1.1")
    stage.deposit("kucoin", "main", "0.2")
    await stage.settle("the deposit on KuCoin is followed", holding="1.3")
    await stage.walk("98000", "96000", "95000")
    await stage.settle("after a drop")


async def _earn_cycle(stage: Stagehand) -> None:
    await stage.settle("hedged")
    stage.subscribe("flexible", "3")
    await stage.hours(6)
    await stage.settle("in flexible Earn", holding="3")
    stage.redeem("flexible", "3")
    stage.subscribe("locked", "3")
    await stage.hours(24)
    await stage.settle("locked", holding="3")
    stage.redeem("locked", "3", hours=48)
    await stage.hours(24)
    await stage.settle("unstaking, after a day", holding="3")
    await stage.hours(25)
    await stage.settle("back in spot, after two days", holding="3")


_SPOT: Final = '{source = "spot", venue = "main"}'
_EARN: Final = '{source = "earn", venue = "main"}'

SCENARIOS: Final = (
    Scenario(
        name="btc-drop",
        title="1 BTC bought at 100,000 falls to 95,000",
        asset="BTC",
        holdings=_SPOT,
        short='venue = "main", symbol = "BTC/USDT:USDT"',
        play=_btc_drop,
    ),
    Scenario(
        name="btc-rise",
        title="1 BTC bought at 100,000 rises to 105,000",
        asset="BTC",
        holdings=_SPOT,
        short='venue = "main", symbol = "BTC/USDT:USDT"',
        play=_btc_rise,
    ),
    Scenario(
        name="bnb-stake",
        title="3 BNB at 600 are staked for a reward; BNB goes to 590, then to 610",
        asset="BNB",
        holdings=f"{_SPOT}, {_EARN}",
        short='venue = "main", symbol = "BNB/USDT:USDT"',
        play=_bnb_stake,
    ),
    Scenario(
        name="inverse-rally",
        title="1 BTC margins its own short; BTC rises by half, then falls by half",
        asset="BTC",
        holdings='{source = "margin", venue = "main"}',
        short='venue = "main", symbol = "BTC/USD:BTC"',
        starting={"binance": {"coinm": {"BTC": Decimal(1)}}},
        play=_inverse_rally,
    ),
    Scenario(
        name="okx-kucoin-split",
        title="0.6 BTC on OKX, 0.4 on KuCoin, the short on Binance; deposits on either",
        asset="BTC",
        holdings='{source = "spot", venue = "okx"}, {source = "spot", venue = "kucoin"}',
        short='venue = "binance", symbol = "BTC/USDT:USDT"',
        exchanges=("okx", "kucoin", "binance"),
        starting={
            "okx": {"trading": {"BTC": Decimal("0.6")}},
            "kucoin": {"trade": {"BTC": Decimal("0.4")}},
            "binance": {"usdm": {"USDT": _USDT}},
        },
        play=_okx_kucoin_split,
    ),
    Scenario(
        name="earn-cycle",
        title="3 BNB go from spot to flexible Earn, are locked, unstaked for two days, and come back",
        asset="BNB",
        holdings=f"{_SPOT}, {_EARN}",
        short='venue = "main", symbol = "BNB/USDT:USDT"',
        virtual=True,
        interval_s="600",
        play=_earn_cycle,
    ),
)
