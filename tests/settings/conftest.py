from __future__ import annotations

import pytest

GOOD = """\
interval_s = 5

[venues.main]
exchange = "binance"
environment = "testnet"

[[hedges]]
name = "btc"
kind = "spot-perp"
asset = "BTC"
ratio = "1"
holdings = [ {source = "spot", venue = "main"} ]
short = {venue = "main", symbol = "BTC/USDT:USDT", margin = "isolated", leverage = 1}
band = {relative = "0.005", notional = "20"}
"""


@pytest.fixture
def good() -> str:
    """A settings file with nothing wrong in it."""
    return GOOD


@pytest.fixture
def keys() -> dict[str, str]:
    """The credentials that the file needs."""
    return {
        "HEDGEBOT_VENUES__MAIN__API_KEY": "the-API-key-1234567890",
        "HEDGEBOT_VENUES__MAIN__SECRET": "the-SECRET-abcdefghij",
    }
