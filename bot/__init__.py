"""The hedging bot."""
