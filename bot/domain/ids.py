"""Names and ids, as distinct types so that one can't be passed for another."""

from __future__ import annotations

import re
from typing import Final, NewType

VenueName = NewType("VenueName", str)
"""The name of a `[venues.NAME]` table: one account on one exchange."""
HedgeName = NewType("HedgeName", str)
Asset = NewType("Asset", str)
"""A coin, as ccxt names it: `BTC`."""
Symbol = NewType("Symbol", str)
"""A market, as ccxt names it: `BTC/USDT:USDT`."""
ClientOrderId = NewType("ClientOrderId", str)
VenueOrderId = NewType("VenueOrderId", str)
TradeId = NewType("TradeId", str)
Epoch = NewType("Epoch", str)
"""Drawn anew at every start (R19)."""

EPOCH_LENGTH: Final = 10
"""Ten characters of a 32-letter alphabet hold 50 random bits; R19 asks for at least 40."""
EPOCH_ALPHABET: Final = "abcdefghijkmnpqrstuvwxyz23456789"
CLIENT_ID_LENGTH: Final = 26
_SEQUENCE_LENGTH: Final = CLIENT_ID_LENGTH - 1 - EPOCH_LENGTH
_OURS: Final = re.compile(rf"h[{EPOCH_ALPHABET}]{{{EPOCH_LENGTH}}}[0-9]{{{_SEQUENCE_LENGTH}}}")


def client_order_id(epoch: Epoch, sequence: int) -> ClientOrderId:
    """Compose the id of one order: `h`, the epoch, the sequence number (R19).

    Args:
        epoch: ten characters of `EPOCH_ALPHABET`.
        sequence: counts the orders of the epoch, from 1.

    Raises:
        ValueError: the epoch has another form, or the sequence does not fit.
    """
    made = f"h{epoch}{sequence:0{_SEQUENCE_LENGTH}d}"
    if sequence < 1 or not _OURS.fullmatch(made):
        raise ValueError(f"no client order id can be made of epoch {epoch!r} and sequence {sequence}")
    return ClientOrderId(made)


def epoch_of(client_id: str) -> Epoch | None:
    """The epoch inside one of our ids; None when the id is not of our form."""
    return Epoch(client_id[1 : 1 + EPOCH_LENGTH]) if _OURS.fullmatch(client_id) else None
