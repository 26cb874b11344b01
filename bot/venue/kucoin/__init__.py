"""KuCoin: spot and futures, linear and inverse, of one classic account."""

from bot.venue.kucoin.ways import WAYS

__all__ = ["WAYS"]
