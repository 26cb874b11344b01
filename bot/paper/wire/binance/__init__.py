"""Binance: spot, USD-M futures and wallet endpoints."""

from bot.paper.wire.binance.facade import BinanceFacade
from bot.paper.wire.binance.limits import Limits

__all__ = ["BinanceFacade", "Limits"]
