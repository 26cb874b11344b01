"""A number that no venue tells: where it is, and what may be believed of it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSpec:
    """One number to be read again and again.

    Attributes:
        key: how the policies name it.
        what: how messages name it, such as `external BTC`.
        file, url: where it is; one of them is given.
        path: where in the JSON, names and list positions joined by dots; empty: the whole text is the number.
        rate: coins in one token: 0 is no value, and it never jumps.
        most: what is larger is a mistake.
        refresh_s: how often it is read.
        max_age_s: how long the last good reading serves.
        file_age_max_s: a file written longer ago is stale; None: of any age.
    """

    key: str
    what: str
    file: Path | None
    url: str | None
    path: str
    rate: bool
    most: Decimal
    refresh_s: Decimal
    max_age_s: Decimal
    file_age_max_s: Decimal | None
