"""Sample bodies of Binance, read through the gateway, give the right values, where they are at hand."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import pytest

from bot.domain.ids import Asset, ClientOrderId
from bot.domain.observation import FlatProof, Holding, Margin, Position, Source, Stamp, Wanted
from bot.domain.orders import Found, OrderStatus, Side
from bot.venue.binance.refusals import refusal_of
from bot.venue.book import book_of
from bot.venue.gateway import CcxtVenue
from bot.venue.shapes import parse_json
from tests.venue.wire import BTC, Anything, Reply, Wire

FOLDER = (
    Path(os.environ.get("HEDGEBOT_WIRE_SAMPLES", Path(__file__).parents[3] / "shared" / "data" / "wire")) / "binance"
)
PERPETUAL = Wanted(symbols=frozenset({BTC}))

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the sample bodies are not there")


def body(name: str) -> Reply:
    """With the digits as they stand in the file."""
    return Reply(text=(FOLDER / f"{name}.json").read_text())


async def test_the_spot_wallet(venue: CcxtVenue, wire: Wire) -> None:
    wire.serve("GET", "/api/v3/account", body("spot/http_json/account_response"))
    wire.serve("POST", "/sapi/v1/asset/get-funding-asset", [])
    coins = frozenset({Asset("BTC"), Asset("LTC"), Asset("ETH")})
    holdings = (await venue.observe(Wanted(spot=coins))).holdings
    found = {asset: holdings[Source.SPOT, asset] for asset in coins}
    assert all(isinstance(holding, Holding) for holding in found.values())
    assert {str(asset): str(holding.quantity) for asset, holding in found.items() if isinstance(holding, Holding)} == {
        "BTC": "4723846.89208129",
        "LTC": "4763368.68006011",
        "ETH": "0",
    }


async def test_a_flat_margin_account(venue: CcxtVenue, wire: Wire) -> None:
    wire.serve("GET", "/fapi/v3/account", body("futures/http_json/account_info_v2"))
    wire.serve("GET", "/fapi/v3/positionRisk", [])
    seen = await venue.observe(PERPETUAL)
    position, margin = seen.positions[BTC], seen.margins[BTC]
    assert isinstance(position, Position)
    assert (position.contracts, position.proof) == (Decimal(0), FlatProof.ACCOUNT)
    assert isinstance(margin, Margin)
    assert (margin.wallet, margin.balance, margin.available) == (Decimal("23.72469206"),) * 3


async def test_a_position(venue: CcxtVenue, wire: Wire) -> None:
    wire.serve("GET", "/fapi/v3/account", Reply(lost=True))
    wire.serve("GET", "/fapi/v3/positionRisk", body("futures/http_json/position_risk"))
    position = (await venue.observe(PERPETUAL)).positions[BTC]
    assert isinstance(position, Position)
    assert (position.contracts, position.entry_price, position.mark_price) == (
        Decimal("0.001"),
        Decimal(50_000),
        Decimal(51_000),
    )
    assert (position.liquidation_price, position.isolated_wallet) == (Decimal(45_000), None)
    assert (position.raw_notional, position.proof) == (Decimal(51), FlatProof.NOT_FLAT)


async def test_an_order(venue: CcxtVenue, wire: Wire) -> None:
    wire.serve("GET", "/fapi/v1/order", body("futures/http_json/order_response"))
    found = await venue.find_order(BTC, ClientOrderId("testOrder123"))
    assert isinstance(found, Found)
    report = found.report
    assert (report.venue_order_id, report.side, report.status) == ("12345678", Side.BUY, OrderStatus.OPEN)
    assert (report.contracts, report.filled) == (Decimal("0.001"), Decimal(0))
    assert report.average_price is None
    assert (report.reduce_only, report.time_ms) == (False, 1625474304765)


def test_a_book() -> None:
    sample: Anything = parse_json((FOLDER / "spot" / "http_json" / "depth_response.json").read_text())
    book = book_of(sample["bids"], sample["asks"], Stamp(sent_ms=1, answered_ms=2))
    assert [(str(level.price), str(level.contracts)) for level in book.bids] == [("4.00000000", "431.00000000")]
    assert [(str(level.price), str(level.contracts)) for level in book.asks] == [("4.00000200", "12.00000000")]


def test_no_sample_is_taken_for_a_refusal() -> None:
    for path in FOLDER.glob("*/http_json/*.json"):
        assert refusal_of(200, parse_json(path.read_text())) is None, path.name
