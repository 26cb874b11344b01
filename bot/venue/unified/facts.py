"""What has to be known of single exchanges, as data; ccxt 4.5.90 unless it says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from bot.domain.ids import EPOCH_ALPHABET, EPOCH_LENGTH, ClientOrderId, Epoch, client_order_id, epoch_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Testnet:
    """Where `set_sandbox_mode` must lead.

    Attributes:
        hosts: every address must be there afterwards.
        marks: headers without which a signed request there would be about real money.
    """

    hosts: frozenset[str]
    marks: Mapping[str, str] = field(default_factory=dict)


TESTNETS: Final[Mapping[str, Testnet]] = {
    "bingx": Testnet(hosts=frozenset({"open-api-vst.bingx.com"})),
    "bitget": Testnet(hosts=frozenset({"api.bitget.com"}), marks={"PAPTRADING": "1"}),
    "bybit": Testnet(hosts=frozenset({"api-testnet.bybit.com"})),
    "deribit": Testnet(hosts=frozenset({"test.deribit.com"})),
    "gate": Testnet(hosts=frozenset({"api-testnet.gateapi.io"})),
    "hyperliquid": Testnet(hosts=frozenset({"api.hyperliquid-testnet.xyz"})),
    "krakenfutures": Testnet(hosts=frozenset({"demo-futures.kraken.com"})),
}
"""The others have none, or ccxt's switch fails and leaves the client on live addresses."""

OPTIONS: Final[Mapping[str, Mapping[str, object]]] = {
    # Accounts with wallets of their own: in one for everything these requests fail, and nothing is taken for flat.
    "bitget": {"uta": False},
    "gate": {"unifiedAccount": False},
    # Or ccxt adds a fee of its own to every order, and names itself as who has referred the account.
    "hyperliquid": {"builderFee": False, "refSet": True},
}
"""Of ccxt's classes."""

REFUSED: Final[Mapping[str, str]] = {
    "htx": "its client order ids are whole numbers, which ours are not",
    "woo": "its client order ids are whole numbers, which ours are not",
}
"""Where nothing can be hedged safely (from general knowledge)."""

POOLED: Final = frozenset(
    """
    backpack bitfinex btse bullish bybit bybitid coinbase coinbaseinternational cryptocom deribit modetrade myokx okx
    toobit woo woofipro
    """.split()  # noqa: SIM905 - a list of quoted names tells no more
)
"""One account holds everything, or may, so its free coins say nothing of contracts (from general knowledge)."""

WALLETS: Final[Mapping[str, Mapping[str, str]]] = {"krakenfutures": {"spot": "cash", "swap": "flex"}}
"""Accounts by names of ccxt's own, where they are not `spot` and `swap`."""

BOUND: Final[Mapping[str, tuple[str, ...]]] = {
    "hyperliquid": ("marginSummary", "totalMarginUsed"),
    "krakenfutures": ("accounts", "flex", "initialMargin"),
}
"""Where the raw balance tells the margin that all contracts together bind: nothing else proves that there is none."""

BY_OUR_ID: Final = frozenset(
    {"aster", "binance", "bitget", "delta", "gate", "hashkey", "hyperliquid", "kucoin", "okx", "weex"}
)
"""Where `fetch_order` looks contracts' orders up by our id, and an answer of not found is the exchange's own."""

BY_LISTS: Final = frozenset({"bybit", "bybitid"})
"""Where `fetch_order` knows the last orders only: lists are read instead."""

MODE_BY_ORDER: Final = frozenset({"blofin", "myokx", "okx"})
"""Where each order names its margin mode, and leverage is told for the one that is asked about."""

MODE_WITH_LEVERAGE: Final = MODE_BY_ORDER | {"gate", "hyperliquid", "kucoin", "weex"}
"""Where `set_leverage` wants the margin mode too."""

ISOLATED_WITH_LEVERAGE: Final = frozenset({"krakenfutures"})
"""Where a leverage that is set makes the margin isolated, and without one it is cross (from general knowledge)."""

SIDE_WITH_LEVERAGE: Final[Mapping[str, Mapping[str, str]]] = {"bingx": {"side": "BOTH"}}
"""Where `set_leverage` wants a side, that of one-way mode."""

POSITION_MODES: Final[Mapping[tuple[str, str], bool]] = {
    ("posMode", "one_way_mode"): False,
    ("posMode", "hedge_mode"): True,
    ("mode", "single"): False,
    ("mode", "dual_long"): True,
    ("mode", "dual_short"): True,
}
"""Position mode in the exchange's own words where ccxt leaves it out: Bitget's accounts, Gate's positions."""

_HEX_TAG: Final = "0x4ed6e00"
_HEX_DIGITS: Final = 25
_SEQUENCES: Final = 10**15


def their_id(exchange: str, client_id: ClientOrderId) -> str:
    """Our id in the form that an exchange takes: Hyperliquid wants a number of 128 bits."""
    if exchange != "hyperliquid":
        return client_id
    number = 0
    for letter in epoch_of(client_id) or "":
        number = number * len(EPOCH_ALPHABET) + EPOCH_ALPHABET.index(letter)
    return f"{_HEX_TAG}{number * _SEQUENCES + int(client_id[1 + EPOCH_LENGTH :]):0{_HEX_DIGITS}x}"


def our_id(told: object) -> ClientOrderId | None:
    """The id behind what an exchange tells; Gate writes `t-` before it. None for an order without one."""
    if not isinstance(told, str) or not told:
        return None
    if told.startswith(_HEX_TAG) and len(told) == len(_HEX_TAG) + _HEX_DIGITS:
        return _from_number(told)
    return ClientOrderId(told.removeprefix("t-"))


def _from_number(told: str) -> ClientOrderId:
    try:
        number, sequence = divmod(int(told[len(_HEX_TAG) :], 16), _SEQUENCES)
        letters: list[str] = []
        for _ in range(EPOCH_LENGTH):
            number, index = divmod(number, len(EPOCH_ALPHABET))
            letters.append(EPOCH_ALPHABET[index])
        if number:
            return ClientOrderId(told)
        return client_order_id(Epoch("".join(reversed(letters))), sequence)
    except ValueError:
        return ClientOrderId(told)
