"""OKX v5: spot, USDT-margined and coin-margined swaps, in one trading account."""

from bot.venue.okx.ways import WAYS

__all__ = ["WAYS"]
