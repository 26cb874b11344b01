"""Which exchanges a settings file may name."""

from __future__ import annotations

from typing import Final

VERIFIED: Final = frozenset({"binance", "kucoin", "okx"})
"""Driven end to end by our tests, on paper exchanges of their own."""

ALIASES: Final = {"binanceusdm": "binance", "binancecoinm": "binance", "kucoinfutures": "kucoin"}
"""Ids that ccxt has for a part of an exchange that we treat as one."""

UNIFIED: Final = frozenset({"okx"})
"""One account holds spot and margin: its `spot` contains the coins that margin contracts (R5)."""

WITH_TESTNET: Final = frozenset(
    {"binance", "bingx", "bitget", "bybit", "deribit", "gate", "hyperliquid", "krakenfutures", "okx"}
)
"""Those whose sandbox or demo trading ccxt 4.5.90 switches to completely, as far as it was tried. With the others it
fails half-way and stays on live URLs."""

WITH_DEAD_MAN: Final = frozenset({"binance", "okx"})
"""Those that cancel resting orders by a countdown which we know how to set."""

WITH_PASSPHRASE: Final = frozenset({"apex", "bitget", "blofin", "deepcoin", "kucoin", "myokx", "okx", "okxus", "weex"})
"""A key has a third part there; source: `requiredCredentials` of ccxt 4.5.90."""

UNVERIFIED: Final = frozenset(
    """
    alpaca apex aster backpack bequant bigone binancecoinm binanceus binanceusdm bingx bit2c bitbank bitbns bitfinex
    bitflyer bitget bithumb bitopro bitrue bitso bitstamp bitteam bittrade bitvavo blockchaincom blofin btcbox
    btcmarkets btcturk btse bullish bybit bybiteu bybitid bydfi cex coinbase coinbaseexchange coinbaseinternational
    coincheck coinmate coinone coinsph coinspot cryptocom cryptomus deepcoin delta deribit derive digifinex dydx
    extended fmfwio foxbit gate gateeu gemini grvt hashkey hibachi hitbtc hollaex htx hyperliquid independentreserve
    indodax kraken krakenfutures kucoinfutures latoken lbank lighter luno mercado mexc modetrade mudrex myokx
    nado ndax okxus onetrading p2b pacifica paradex paymium phemex poloniex polymarket revolutx tokocrypto
    toobit upbit weex whitebit woo woofipro xt zaif zebpay
    """.split()  # noqa: SIM905 - a hundred quoted lines tell no more
)
"""The other ids of ccxt 4.5.90: real exchanges that our tests do not drive; they run with a warning, if they can."""

WITHOUT_PERPETUALS: Final = UNVERIFIED - frozenset(
    """
    apex aster backpack bingx bitfinex bitget bitrue bitstamp blofin btse bullish bybit bybitid bydfi coinbase
    coinbaseinternational cryptocom deepcoin delta deribit digifinex fmfwio gate hashkey hitbtc htx hyperliquid
    krakenfutures mexc modetrade mudrex myokx onetrading phemex poloniex toobit weex whitebit woo woofipro xt zebpay
    """.split()  # noqa: SIM905 - as above
)
"""No perpetuals through ccxt, or keys of another kind than ours: nothing can be hedged there."""
