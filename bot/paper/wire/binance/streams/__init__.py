"""Binance's WebSockets: market streams, user streams, and the WebSocket API of spot."""
