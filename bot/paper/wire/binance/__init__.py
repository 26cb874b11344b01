"""Binance: spot, USD-M futures and wallet endpoints."""
