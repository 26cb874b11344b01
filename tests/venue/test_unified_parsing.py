"""What ccxt's unified shapes are believed to say: money, positions, orders, volumes; without any exchange."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from bot.domain.ids import Asset, VenueName
from bot.domain.instrument import ContractKind, Instrument
from bot.domain.observation import FlatProof, Position, Stamp, Unknown
from bot.domain.orders import OrderStatus
from bot.venue.unified.account import balance_of, coins_of, volumes
from bot.venue.unified.futures import position_of
from bot.venue.unified.orders import order_of, trade_of
from bot.venue.unified.values import exact
from bot.venue.unified.ways import refusal, rules_of
from tests.venue.unified_bodies import INFO, money, order, row
from tests.venue.unified_paper import BTC
from tests.venue.wire import Anything

STAMP = Stamp(sent_ms=1, answered_ms=2)
INSTRUMENT = Instrument(
    venue=VenueName("main"),
    symbol=BTC,
    asset=Asset("BTC"),
    quote=Asset("USDT"),
    settle=Asset("USDT"),
    kind=ContractKind.LINEAR,
    contract_size=D("0.001"),
    quantity_step=D(1),
    quantity_min=D(1),
    quantity_max=D(1000),
    price_tick=D("0.1"),
    notional_min=D(0),
    taker_fee=D("0.0005"),
    maker_fee=D("0.0002"),
)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "x", None, True])
def test_what_is_no_number_is_none(value: object) -> None:
    with pytest.raises(ValueError, match=r"number|finite"):
        exact(value)


def test_floats_are_read_by_their_shortest_digits() -> None:
    assert str(exact(0.1)) == "0.1"
    assert exact(1e-7) == D("0.0000001")


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "page",
        {"info": {}, "total": {"BTC": D(1)}, "BTC": {"total": D(1)}},
        {"info": INFO, "total": {}},
        {"info": INFO, "total": {"USDT": None}, "USDT": {"total": None}},
        {"info": INFO, "total": {"USDT": D(1)}},
    ],
)
def test_r8_a_balance_of_nothing_is_no_balance(body: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        coins_of(body)


@pytest.mark.parametrize(
    ("exchange", "raw", "nothing"),
    [
        ("hyperliquid", {"marginSummary": {"totalMarginUsed": "0.0"}}, True),
        ("hyperliquid", {"marginSummary": {"totalMarginUsed": "1.0"}}, False),
        ("hyperliquid", {"balances": [{"coin": "USDC", "hold": "0"}]}, False),
        ("krakenfutures", {"accounts": {"flex": {"initialMargin": "0"}}}, True),
        ("krakenfutures", {"accounts": {"flex": {}}}, False),
        ("bybit", INFO, False),
        ("gate", INFO, True),
    ],
)
def test_r9_what_says_that_nothing_is_bound(exchange: str, raw: object, nothing: bool) -> None:
    balance = balance_of({**money(), "info": raw})
    assert balance.nothing_bound(Asset("USDT"), exchange) is nothing


def test_r5_debts_are_subtracted() -> None:
    coin = {"total": D(3), "free": D(1), "used": D(2), "debt": D("0.5")}
    assert coins_of({"info": INFO, "total": {"BTC": D(3)}, "BTC": coin})[Asset("BTC")].total == D("2.5")


def test_positions() -> None:
    short = position_of(INSTRUMENT, [row(entryPrice=D(100), notional=D(-500), liquidationPrice=D(0))], STAMP)
    assert isinstance(short, Position)
    assert (short.contracts, short.entry_price, short.raw_notional, short.liquidation_price) == (
        D(-5),
        D(100),
        D(500),
        None,
    )
    long = position_of(INSTRUMENT, [row(side="long")], STAMP)
    assert isinstance(long, Position)
    assert (long.contracts, long.other_side) == (D(5), D(0))
    both = position_of(INSTRUMENT, [row(side="long", contracts=D(2)), row()], STAMP)
    assert isinstance(both, Position)
    assert (both.contracts, both.other_side) == (D(-5), D(2))
    hedged = position_of(INSTRUMENT, [row(side="long", hedged=True)], STAMP)
    assert isinstance(hedged, Position)
    assert (hedged.contracts, hedged.other_side) == (D(0), D(5))


def test_r9_only_a_row_that_says_0_is_flat() -> None:
    zero = position_of(INSTRUMENT, [row(contracts=D(0), side=None)], STAMP)
    assert isinstance(zero, Position)
    assert zero.proof is FlatProof.ZERO_ROW
    for price in ("entryPrice", "markPrice"):
        assert isinstance(position_of(INSTRUMENT, [row(**{price: D(-100)})], STAMP), Unknown)
    for bad in ({"contracts": None}, {"contracts": D(-1)}, {"side": None}, {"side": "sell"}, {"notional": "much"}):
        assert isinstance(position_of(INSTRUMENT, [row(**bad)], STAMP), Unknown)
    assert isinstance(position_of(INSTRUMENT, [row(), row()], STAMP), Unknown)


@pytest.mark.parametrize(
    ("told", "filled", "status"),
    [
        ("open", D(0), OrderStatus.OPEN),
        ("open", D(1), OrderStatus.PARTIALLY_FILLED),
        ("closed", D(5), OrderStatus.FILLED),
        ("closed", D(1), OrderStatus.CANCELED),
        ("canceled", D(1), OrderStatus.CANCELED),
        ("expired", D(0), OrderStatus.EXPIRED),
        ("rejected", D(0), OrderStatus.REJECTED),
    ],
)
def test_order_states(told: str, filled: D, status: OrderStatus) -> None:
    assert order_of(order(status=told, filled=filled), BTC).status is status


@pytest.mark.parametrize(
    "bad",
    [
        {"status": None},
        {"status": "canceling"},
        {"filled": None},
        {"filled": D(6)},
        {"id": None},
        {"symbol": "ETH/USDT:USDT"},
        {"info": {}},
        {"timestamp": None},
    ],
)
def test_r8_an_order_that_does_not_hold_together_is_none(bad: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        order_of(order(**bad), BTC)


def test_a_fee_that_is_not_told_is_the_known_rate() -> None:
    told = {**order(), "order": "9", "price": D(100), "fee": {"cost": None, "currency": None}, "takerOrMaker": "taker"}
    trade = trade_of(told, BTC, INSTRUMENT)
    assert (trade.fee, trade.fee_asset) == (D(5) * D("0.001") * 100 * D("0.0005"), "USDT")


TICKER = {"info": INFO, "baseVolume": D(60), "quoteVolume": D(6000), "last": D(100)}


@pytest.mark.parametrize(
    ("ticker", "size", "read"),
    [
        (TICKER, "1", (60, 6000, 100)),
        ({**TICKER, "baseVolume": D(600)}, "0.1", (600, 6000, 100)),
        ({**TICKER, "info": {"volume_24h": "600"}}, "0.1", (600, 6000, 100)),
        ({**TICKER, "quoteVolume": None, "info": {"vol": "600"}}, "0.1", (600, 6000, 100)),
        ({**TICKER, "quoteVolume": None, "baseVolume": D(600), "info": {"volCcy": "60"}}, "0.1", (600, 6000, 100)),
        (TICKER, "0.1", None),
        ({**TICKER, "info": {"price": "600"}}, "0.1", None),
        ({**TICKER, "quoteVolume": None}, "1", None),
        ({**TICKER, "baseVolume": D(0)}, "1", None),
        ({**TICKER, "baseVolume": None}, "1", None),
    ],
)
def test_r7_volumes_show_the_contract_size_or_nothing(
    ticker: object, size: str, read: tuple[int, int, int] | None
) -> None:
    if read is None:
        with pytest.raises(ValueError, match="volume"):
            volumes(ticker, D(size))
    else:
        assert volumes(ticker, D(size)) == tuple(map(D, read))


@pytest.mark.parametrize("missing", ["contractSize", "price", "amount"])
def test_r7_a_contract_without_units_is_refused(missing: str) -> None:
    precision: dict[str, D | None] = {"price": D("0.1"), "amount": D(1)}
    market: dict[str, Anything] = {"contractSize": D("0.1"), "precision": precision, "limits": {}}
    assert rules_of(market).contract_size == D("0.1")
    (market if missing in market else precision)[missing] = None
    with pytest.raises(ValueError, match=missing):
        rules_of(market)


def test_an_empty_object_is_no_answer() -> None:
    assert refusal(200, {}) is not None
    assert refusal(200, []) is None
