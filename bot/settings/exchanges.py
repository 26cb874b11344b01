"""Which exchanges a settings file may name."""

from __future__ import annotations

from typing import Final

VERIFIED: Final = frozenset({"binance"})
"""Driven end to end by our tests."""

ALIASES: Final = {"binanceusdm": "binance", "binancecoinm": "binance", "kucoinfutures": "kucoin"}
"""Ids that ccxt has for a part of an exchange that we treat as one."""

WITHOUT_TESTNET: Final = frozenset({"htx", "kraken", "kucoin", "kucoinfutures", "mexc"})
"""ccxt fails half-way when asked for their sandbox, and stays on live URLs."""

UNVERIFIED: Final = frozenset(
    """
    alpaca apex aster backpack bequant bigone binancecoinm binanceus binanceusdm bingx bit2c bitbank bitbns bitfinex
    bitflyer bitget bithumb bitopro bitrue bitso bitstamp bitteam bittrade bitvavo blockchaincom blofin btcbox
    btcmarkets btcturk btse bullish bybit bybiteu bybitid bydfi cex coinbase coinbaseexchange coinbaseinternational
    coincheck coinmate coinone coinsph coinspot cryptocom cryptomus deepcoin delta deribit derive digifinex dydx
    extended fmfwio foxbit gate gateeu gemini grvt hashkey hibachi hitbtc hollaex htx hyperliquid independentreserve
    indodax kraken krakenfutures kucoin kucoinfutures latoken lbank lighter luno mercado mexc modetrade mudrex myokx
    nado ndax okx okxus onetrading p2b pacifica paradex paymium phemex poloniex polymarket revolutx tokocrypto
    toobit upbit weex whitebit woo woofipro xt zaif zebpay
    """.split()  # noqa: SIM905 - a hundred quoted lines tell no more
)
"""The other ids of ccxt 4.5.90: real exchanges, not yet driven by our tests, so refused."""
