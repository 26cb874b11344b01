"""What one seed simulates: which exchanges, which contract, which coins, and the settings that the bot starts with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from random import Random  # noqa: TID251 - the seed is the point
from typing import Final

from bot.domain.ids import Asset, Symbol, VenueName
from bot.paper.engine.layout import BINANCE, KUCOIN, OKX, REDEEMING, WITHDRAWING, Layout
from bot.paper.engine.model import Listing, MarketType
from tests.sim.trace import Job

ASSET: Final = "BTC"
KEY: Final = "paper4mUq8ZtK2vXwE9rDs"
"""Of every account: one that can be found again wherever it leaks."""
EXCHANGES: Final = ("binance", "okx", "kucoin")
CALM_S: Final = 600
"""How long before the end everything is quiet, so that the hedge must be restored."""
NOTIONAL_PER_HOUR: Final = Decimal(5_000_000)
"""Of the caps: room for what a seed asks for."""
DOLLARS: Final = Decimal(600_000)
"""Margin for a short that is opened anew after a liquidation at twice the price."""

LAYOUTS: Final[Mapping[str, Layout]] = {"binance": BINANCE, "okx": OKX, "kucoin": KUCOIN}
SPOT_WALLETS: Final[Mapping[str, tuple[str, ...]]] = {
    "binance": ("spot", "funding"),
    "okx": ("trading", "funding"),
    "kucoin": ("trade", "main"),
}
"""What `spot` means (R5)."""
_SYMBOLS: Final[Mapping[tuple[str, bool], str]] = {
    ("binance", False): "BTCUSDT",
    ("binance", True): "BTCUSD_PERP",
    ("okx", False): "BTC-USDT-SWAP",
    ("okx", True): "BTC-USD-SWAP",
    ("kucoin", False): "XBTUSDTM",
    ("kucoin", True): "XBTUSDM",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One seed's surroundings.

    Attributes:
        exchange: of the short.
        coins_exchange: where the coins are.
        inverse: the contract is coin-margined; then the coins are where the short is.
        earn: Earn and coins on their way count as holdings, too.
        coins: held at first.
    """

    seed: int
    hours: Decimal
    exchange: str
    coins_exchange: str
    inverse: bool
    earn: bool
    streams: bool
    coins: Decimal

    @property
    def exchanges(self) -> tuple[str, ...]:
        """One or two."""
        return tuple(dict.fromkeys((self.exchange, self.coins_exchange)))

    @property
    def end_ms(self) -> int:
        """Length of the simulation."""
        return int(self.hours * 3_600_000)

    @property
    def calm_ms(self) -> int:
        """From here on nothing goes wrong; half of a short simulation."""
        return max(self.end_ms - CALM_S * 1000, self.end_ms // 2)

    @property
    def symbol(self) -> str:
        """As ccxt names it."""
        return f"{ASSET}/USD:{ASSET}" if self.inverse else f"{ASSET}/USDT:USDT"

    @property
    def venue_symbol(self) -> str:
        """As the exchange names it."""
        return _SYMBOLS[self.exchange, self.inverse]

    @property
    def market(self) -> MarketType:
        """Which book."""
        return MarketType.INVERSE if self.inverse else MarketType.LINEAR

    @property
    def coins_wallet(self) -> str:
        """Where the coins lie at first, and come and go."""
        layout = LAYOUTS[self.coins_exchange]
        return layout.margin[MarketType.INVERSE] if self.inverse else layout.spot

    @property
    def starting(self) -> dict[str, dict[str, dict[str, Decimal]]]:
        """What the accounts hold at first."""
        wallets: dict[str, dict[str, dict[str, Decimal]]] = {name: {} for name in self.exchanges}
        wallets[self.coins_exchange][self.coins_wallet] = {ASSET: self.coins}
        for wallet in (LAYOUTS[self.exchange].margin[MarketType.LINEAR], LAYOUTS[self.exchange].spot):
            wallets[self.exchange].setdefault(wallet, {})["USDT"] = DOLLARS
        wallets[self.coins_exchange].setdefault(LAYOUTS[self.coins_exchange].spot, {})["USDT"] = DOLLARS
        return wallets

    @property
    def settings(self) -> str:
        """The settings file; `{journal}` stands for the journal's path."""
        coins = "main" if self.coins_exchange == self.exchange else "coins"
        sources = ["spot", "earn", "transit"] if self.earn else ["spot"]
        holdings = ", ".join(f'{{source = "{source}", venue = "{coins}"}}' for source in sources)
        venues = {"main": self.exchange, coins: self.coins_exchange}
        streams = str(self.streams).lower()
        tables = "".join(
            f'[venues.{name}]\nexchange = "{exchange}"\nenvironment = "paper"\nstreams = {streams}\n\n'
            for name, exchange in venues.items()
        )
        return (
            f'[journal]\npath = "{{journal}}"\n\n{tables}[[hedges]]\nname = "btc"\nasset = "{ASSET}"\n'
            f'holdings = [ {holdings} ]\nshort = {{venue = "main", symbol = "{self.symbol}"}}\n'
            f'caps = {{notional_per_hour = "{NOTIONAL_PER_HOUR}", order_notional = "1000000"}}\n'
        )

    def job(self, listing: Listing) -> Job:
        """What the bot is to hold, for the oracles."""
        layout = LAYOUTS[self.coins_exchange]
        wallets = list(SPOT_WALLETS[self.coins_exchange])
        if self.inverse:
            wallets.append(self.coins_wallet)
        if self.earn:
            wallets += [plan.wallet for plan in layout.earn.values()]
            wallets += [REDEEMING, WITHDRAWING]
        return Job(
            hedge="btc",
            asset=Asset(ASSET),
            exchange=self.exchange,
            venue=VenueName("main"),
            coins_exchange=self.coins_exchange,
            symbol=Symbol(self.symbol),
            venue_symbol=self.venue_symbol,
            market=self.market,
            wallets=tuple(dict.fromkeys(wallets)),
            contract_size=listing.contract_size,
            step=listing.quantity_step,
            ratio=Decimal(1),
            band_relative=Decimal("0.005"),
            band_notional=Decimal(20),
            streams=self.streams,
        )

    def __str__(self) -> str:
        """One line for a person."""
        where = self.exchange if self.coins_exchange == self.exchange else f"{self.coins_exchange} and {self.exchange}"
        named = {"earn": self.earn, "streams": self.streams}
        also = "".join(f", {name}" for name, there in named.items() if there)
        return f"{self.coins} {ASSET} on {where}, short {self.symbol}{also}"


def draw_scene(seed: int, hours: Decimal) -> Scene:
    """The surroundings of a seed."""
    chance = Random(f"scene {seed}")  # noqa: S311 - a simulation, not a secret
    exchange = chance.choice(EXCHANGES)
    inverse = chance.random() < 0.2
    split = not inverse and chance.random() < 0.2
    others = [name for name in EXCHANGES if name != exchange]
    return Scene(
        seed=seed,
        hours=hours,
        exchange=exchange,
        coins_exchange=chance.choice(others) if split else exchange,
        inverse=inverse,
        earn=not inverse and chance.random() < 0.3,
        streams=chance.random() < 0.4,
        coins=Decimal(chance.randrange(200, 1500)) / 1000,
    )
