"""Binance: spot, USD-M and COIN-M futures, Simple Earn."""

from bot.venue.binance.ways import WAYS

__all__ = ["WAYS"]
