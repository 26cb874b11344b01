"""Where the machines of the conservation tests play: one kind of account each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from bot.paper.engine.defaults import BINANCE_LISTINGS, KUCOIN_LISTINGS, OKX_LISTINGS
from bot.paper.engine.layout import BINANCE, KUCOIN, OKX, Layout
from bot.paper.engine.model import Listing


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where a machine plays: few markets, and so little margin that leaps liquidate."""

    layout: Layout
    listings: tuple[Listing, ...]
    starting: Mapping[str, Mapping[str, Decimal]]

    @property
    def markets(self) -> tuple[str, ...]:
        return tuple(listing.key for listing in self.listings)

    @property
    def symbols(self) -> tuple[str, ...]:
        return tuple(listing.symbol for listing in self.listings if listing.market.perpetual)

    @property
    def wallets(self) -> tuple[str, ...]:
        return self.layout.every_wallet


def chosen(listings: Sequence[Listing], *keys: str) -> tuple[Listing, ...]:
    return tuple(listing for listing in listings if listing.key in keys)


BINANCE_SCENE = Scene(
    layout=BINANCE,
    listings=chosen(
        BINANCE_LISTINGS,
        "spot:BTCUSDT",
        "spot:PEPEUSDT",
        "linear:BTCUSDT",
        "linear:1000PEPEUSDT",
        "inverse:BTCUSD_PERP",
    ),
    starting={
        "spot": {"BTC": Decimal(1), "USDT": Decimal(60_000)},
        "usdm": {"USDT": Decimal(30_000)},
        "coinm": {"BTC": Decimal("0.3")},
    },
)
OKX_SCENE = Scene(
    layout=OKX,
    listings=chosen(OKX_LISTINGS, "spot:BTC-USDT", "spot:PEPE-USDT", "linear:BTC-USDT-SWAP", "inverse:BTC-USD-SWAP"),
    starting={"trading": {"BTC": Decimal(1), "USDT": Decimal(90_000)}, "funding": {"BTC": Decimal(1)}},
)
KUCOIN_SCENE = Scene(
    layout=KUCOIN,
    listings=chosen(KUCOIN_LISTINGS, "spot:BTC-USDT", "linear:XBTUSDTM", "inverse:XBTUSDM"),
    starting={
        "trade": {"BTC": Decimal(1), "USDT": Decimal(60_000)},
        "futures": {"USDT": Decimal(30_000), "BTC": Decimal("0.3")},
    },
)
