"""The countdown that cancels a contract's open orders: a dead man's switch. It never touches a position.

Source: https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api/Auto-Cancel-All-Open-Orders
and the same of coin-margined-futures (read 2026-10).
"""

from __future__ import annotations

from bot.paper.engine.exchange import Exchange


class Countdowns:
    """Those that run, by API key and market."""

    def __init__(self) -> None:
        self._due_ms: dict[tuple[str, str], int] = {}

    def start(self, key: str, listing_key: str, due_ms: int) -> None:
        """Cancel the account's orders of the market then; a later call replaces the time."""
        self._due_ms[key, listing_key] = due_ms

    def stop(self, key: str, listing_key: str) -> None:
        """Let the orders be."""
        self._due_ms.pop((key, listing_key), None)

    def run_out(self, exchange: Exchange, now_ms: int) -> None:
        """Cancel what is due; each countdown ends with that."""
        for key, listing_key in [place for place, due_ms in self._due_ms.items() if due_ms <= now_ms]:
            self.stop(key, listing_key)
            exchange.cancel_all(key, listing_key)
