"""KuCoin's names: of coins, of wallets, of orders.

On the futures side bitcoin is `XBT`, as a base and as a settlement currency; everywhere else it is `BTC`.
"""

from __future__ import annotations

from typing import Final

from bot.paper.wire.kucoin.errors import bad_parameter

MAIN: Final = "main"
TRADE: Final = "trade"
FUTURES: Final = "futures"
EARN: Final = "earn"

_SPOT_ID: Final = 0x65 << 88
"""Spot order ids are 24 hexadecimal digits."""
_CONTRACT_ID: Final = 300_000_000_000_000_000
"""Futures order ids are 18 decimal digits."""

#: What the transfer and account endpoints call a wallet, in lower case.
_WALLETS: Final = {
    "main": MAIN,
    "trade": TRADE,
    "trade_hf": TRADE,
    "contract": FUTURES,
}


def futures_coin(asset: str) -> str:
    """A coin's name on the futures side."""
    return "XBT" if asset == "BTC" else asset


def coin_of(name: str) -> str:
    """The coin behind either side's name."""
    return "BTC" if name == "XBT" else name


def futures_base(base: str) -> str:
    """A contract's base currency, which may be a multiple such as `10000PEPE`."""
    return futures_coin(base)


def wallet_of(name: str) -> str:
    """The wallet behind an account type in any case.

    Raises:
        ApiError: 400100 no such account type here.
    """
    found = _WALLETS.get(name.lower())
    if found is None:
        raise bad_parameter(f"{name} not in the given range")
    return found


def spot_id(order_id: int) -> str:
    """An order id of the spot side, also used for its trades and records."""
    return f"{_SPOT_ID + order_id:024x}"


def spot_number(text: str) -> int | None:
    """The number behind a spot id; None for what was never one."""
    try:
        number = int(text, 16) - _SPOT_ID
    except ValueError:
        return None
    return number if number > 0 else None


def contract_id(order_id: int) -> str:
    """An order id of the futures side."""
    return str(_CONTRACT_ID + order_id)


def contract_number(text: str) -> int | None:
    """The number behind a futures id; None for what was never one."""
    if not text.isascii() or not text.isdecimal():
        return None
    number = int(text) - _CONTRACT_ID
    return number if number > 0 else None
