"""Sample bodies of OKX parse into the right values, where they are at hand."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import pytest

from bot.domain.ids import Asset, VenueName
from bot.domain.instrument import ContractKind, Instrument
from bot.domain.observation import FlatProof, Position, Stamp
from bot.domain.orders import OrderStatus, Side
from bot.venue.book import book_of
from bot.venue.okx.futures import position_of, position_rows
from bot.venue.okx.markets import rules_of
from bot.venue.okx.orders import Place, order_report
from bot.venue.okx.wallets import trading_of
from bot.venue.okx.wire import candles_in, row_in, rows_in
from bot.venue.shapes import parse_json
from tests.venue.okx_wire import BTC, answer, values
from tests.venue.wire import Anything

FOLDER = Path(os.environ.get("HEDGEBOT_WIRE_SAMPLES", Path(__file__).parents[3] / "shared" / "data" / "wire")) / "okx"
STAMP = Stamp(sent_ms=1, answered_ms=2)
MARKET_ID = "BTC-USDT-SWAP"
PLACE = Place(kind="SWAP", symbol=BTC, market_id=MARKET_ID, settle=Asset("USDT"))

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the sample bodies are not there")


def sample(name: str) -> Anything:
    return parse_json((FOLDER / f"{name}.json").read_text())


def instrument() -> Instrument:
    one = Decimal(1)
    return Instrument(
        venue=VenueName("main"),
        symbol=BTC,
        asset=Asset("BTC"),
        quote=Asset("USDT"),
        settle=Asset("USDT"),
        kind=ContractKind.LINEAR,
        contract_size=Decimal("0.01"),
        quantity_step=one,
        quantity_min=one,
        quantity_max=one,
        price_tick=one,
        notional_min=one,
        taker_fee=one,
        maker_fee=one,
    )


@pytest.mark.parametrize(
    ("market_id", "base", "quote", "size", "step", "tick"),
    [
        ("BTC-USDT-SWAP", "BTC", "USDT", "0.01", "0.01", "0.1"),
        ("ETH-USDT-SWAP", "ETH", "USDT", "0.1", "0.01", "0.01"),
        ("BTC-USD-SWAP", "BTC", "USD", "100", "1", "0.1"),
    ],
)
def test_r7_units_of_contracts(market_id: str, base: str, quote: str, size: str, step: str, tick: str) -> None:
    (info,) = (row for row in rows_in(sample("http_get_instruments_swap")) if row["instId"] == market_id)
    rules = rules_of({"id": market_id, "base": base, "quote": quote, "info": info})
    assert values(rules.contract_size, rules.quantity_step, rules.price_tick) == (
        Decimal(size),
        Decimal(step),
        Decimal(tick),
    )
    assert values(rules.quantity_min, rules.quantity_max, rules.active) == (Decimal(step), 100_000_000, True)


def test_positions() -> None:
    rows = position_rows(sample("http_get_positions"))
    trading = trading_of(answer(sample("ws_account")["data"][0]))
    position = position_of(instrument(), MARKET_ID, rows, trading, STAMP)
    assert isinstance(position, Position)
    # The sample is the long side of somebody in hedge mode.
    assert values(position.contracts, position.other_side, position.proof) == (0, Decimal("0.5"), FlatProof.ZERO_ROW)
    assert position.mark_price == 10_000


@pytest.mark.parametrize("name", ["http_balance_detail_new_fields", "http_balance_detail_old_fields"])
def test_r4_balance_details_of_both_generations(name: str) -> None:
    trading = trading_of(answer({"totalEq": "100", "details": [sample(name)]}))
    coin = trading.coins[Asset("USDT")]
    assert values(coin.equity, coin.wallet, coin.available, coin.without_position) == (100, 100, 100, True)


def test_r9_an_account_as_pushed_and_one_that_says_it_is_empty() -> None:
    trading = trading_of(answer(sample("ws_account")["data"][0]))
    assert trading.coins[Asset("USDT")].equity == Decimal("100.52768569797846")
    assert len(trading.coins) == 3
    empty = trading_of(answer(sample("ws_account_empty")["data"][0]))
    assert not empty.coins


def test_orders() -> None:
    done = order_report(row_in(sample("http_get_orders_history")), PLACE)
    assert values(done.status, done.side, done.contracts, done.filled) == (
        OrderStatus.FILLED,
        Side.BUY,
        Decimal("0.03"),
        Decimal("0.03"),
    )
    assert values(done.client_id, done.average_price, done.reduce_only) == (None, Decimal("103698.9"), False)
    pending = order_report(row_in(sample("http_get_orders_pending")), PLACE)
    assert values(pending.status, pending.filled, pending.average_price) == (OrderStatus.OPEN, 0, None)
    assert pending.client_id == "client-order-1"


def test_an_order_book() -> None:
    row = row_in(sample("http_get_order_book"))
    book = book_of(row["bids"], row["asks"], STAMP)
    assert values(book.bids[0].price, book.asks[0].price) == (Decimal("41006.7"), Decimal("41006.8"))
    assert book.bids[0].contracts == Decimal("0.48792100")


def test_prices() -> None:
    assert row_in(sample("http_get_mark_price"))["markPx"] == "84660.1"
    assert row_in(sample("http_get_index_price"))["idxPx"] == "103895"


def test_r7_candles_tell_contracts_coins_and_quote() -> None:
    first, *_ = candles_in(sample("http_get_candlesticks_full"))
    contracts, coins, quote = (Decimal(str(first[key])) for key in ("contracts", "coins", "quote"))
    assert contracts * Decimal("0.01") == coins
    assert abs(quote / coins - Decimal(102_813)) < 10


def test_position_tiers() -> None:
    assert values(*(row_in(sample("http_get_position_tiers"))[key] for key in ("minSz", "maxSz", "mmr"))) == (
        "0",
        "50",
        "0.03",
    )
