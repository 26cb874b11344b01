"""What records of deposits and withdrawals have in common."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from bot.venue.binance.endpoints import FUNDING, SPOT
from bot.venue.shapes import Row, integer_in, text_in

_WALLET_TYPES: Final[Mapping[int, str]] = {0: SPOT, 1: FUNDING}


def wallet_of(row: Row) -> str:
    """Our name of the wallet that a record is about. Raises ValueError."""
    wallet = _WALLET_TYPES.get(integer_in(row, "walletType"))
    if wallet is None:
        raise ValueError(f"walletType {row['walletType']} is not known")
    return wallet


def applied_ms(row: Row) -> int:
    """When a withdrawal was asked for: Binance tells it as text, in UTC. Raises ValueError."""
    applied = datetime.strptime(text_in(row, "applyTime") + "+0000", "%Y-%m-%d %H:%M:%S%z")
    return int(applied.timestamp()) * 1000
