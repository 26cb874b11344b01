"""Which of an exchange's worlds a venue is."""

from __future__ import annotations

from enum import StrEnum


class Environment(StrEnum):
    """The words of the settings."""

    PAPER = "paper"
    """The built-in exchange; no keys, no internet."""
    TESTNET = "testnet"
    """The venue's own play-money environment."""
    LIVE = "live"
    """Real money."""
