"""COIN-M beside USD-M: units, positions, margin in coins, orders (R1 to R4, R7, R9, R15, R28)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.core.units import check_notional, check_volume
from bot.domain.ids import Asset, ClientOrderId, VenueName
from bot.domain.instrument import ContractKind, MarginMode
from bot.domain.observation import (
    FlatProof,
    Holding,
    Margin,
    Position,
    Prices,
    Source,
    SymbolConfig,
    Unknown,
    Wanted,
)
from bot.domain.orders import Acked, OrderRequest, Side, TimeInForce, TradeCursor
from bot.ports import OrderTicket
from bot.venue.gateway import CcxtVenue
from tests.venue.wire import (
    BTC,
    COIN_M,
    EPOCH_MS,
    Asked,
    Reply,
    Turns,
    Wire,
    account_body,
    coin_account_body,
    coin_position_row,
    coin_risk_row,
)

COIN = Asset("BTC")
ZERO, ONE = Decimal(0), Decimal(1)
PERPETUAL = Wanted(symbols=frozenset({COIN_M}))
OURS = ClientOrderId("habcdefghjk000000000000001")
BAD_BODIES = [
    Reply(text="<html>"),
    Reply(text=""),
    Reply(body={}),
    Reply(body=[]),
    Reply(body=["a"]),
    Reply(lost=True),
    Reply(status=503, text="<html>"),
    Reply(body={"code": -1000, "msg": "An unknown error occurred"}),
]


def short(wire: Wire) -> None:
    """1,000 contracts of 100 USD short from 100,000, at 125,000: u = -0.2 BTC."""
    wire.serve("GET", "/dapi/v1/positionRisk", [coin_risk_row("-1000", notionalValue="-0.8", markPrice="125000.0")])
    figures = {"marginBalance": "0.80000000", "positionInitialMargin": "0.4", "maintMargin": "0.0032"}
    wire.serve("GET", "/dapi/v1/account", coin_account_body(coin_position_row("-1000"), **figures))


async def seen(venue: CcxtVenue, wanted: Wanted = PERPETUAL) -> Position | Unknown:
    return (await venue.observe(wanted)).positions[COIN_M]


def test_the_contract_is_what_its_list_says(venue: CcxtVenue) -> None:
    contract = venue.instrument(COIN_M)
    assert (contract.kind, contract.asset, contract.settle, contract.quote) == (
        ContractKind.INVERSE,
        "BTC",
        "BTC",
        "USD",
    )
    assert (contract.contract_size, contract.multiplier, contract.notional_min) == (
        Decimal(100),
        Decimal(1),
        Decimal(0),
    )
    assert (contract.quantity_step, contract.quantity_min, contract.price_tick) == (
        Decimal(1),
        Decimal(1),
        Decimal("0.1"),
    )
    assert contract.active


async def test_r2_a_short_is_in_contracts_and_its_value_in_usd(venue: CcxtVenue, wire: Wire) -> None:
    short(wire)
    position = await seen(venue)
    assert isinstance(position, Position)
    assert (position.contracts, position.proof) == (Decimal(-1000), FlatProof.NOT_FLAT)
    assert position.raw_notional == 100_000
    assert position.isolated_wallet is None
    assert check_notional(venue.instrument(COIN_M), position.contracts, Decimal(125_000), position.raw_notional) is None


async def test_r28_no_liquidation_price_is_none(venue: CcxtVenue, wire: Wire) -> None:
    short(wire)
    position = await seen(venue)
    assert isinstance(position, Position)
    assert position.liquidation_price is None
    wire.serve(
        "GET", "/dapi/v1/positionRisk", [coin_risk_row("-1000", notionalValue="-0.8", liquidationPrice="250000.5")]
    )
    position = await seen(venue)
    assert isinstance(position, Position)
    assert position.liquidation_price == Decimal("250000.5")


async def test_r4_margin_is_w_plus_u_and_principal_is_w(venue: CcxtVenue, wire: Wire) -> None:
    short(wire)
    seen_now = await venue.observe(Wanted(margin=frozenset({COIN}), symbols=frozenset({COIN_M})))
    holding = seen_now.holdings[Source.MARGIN, COIN]
    assert isinstance(holding, Holding)
    assert (holding.quantity, holding.principal, holding.wallets) == (Decimal("0.8"), Decimal(1), ("coinm",))
    margin = seen_now.margins[COIN_M]
    assert isinstance(margin, Margin)
    assert (margin.asset, margin.wallet, margin.balance, margin.available) == (
        COIN,
        Decimal(1),
        Decimal("0.8"),
        Decimal(1),
    )


async def test_a_coin_without_margin_is_zero_only_beside_others(venue: CcxtVenue, wire: Wire) -> None:
    wanted = Wanted(margin=frozenset({Asset("LDO")}))
    holding = (await venue.observe(wanted)).holdings[Source.MARGIN, Asset("LDO")]
    assert isinstance(holding, Holding)
    assert holding.quantity == 0
    wire.serve("GET", "/dapi/v1/account", {**coin_account_body(), "assets": []})
    assert isinstance((await venue.observe(wanted)).holdings[Source.MARGIN, Asset("LDO")], Unknown)


async def test_r10_coins_moved_into_margin_between_two_reads_are_unknown(venue: CcxtVenue, wire: Wire) -> None:
    def balances(free: str) -> object:
        return {"balances": [{"asset": "BTC", "free": free, "locked": "0"}]}

    wire.serve("GET", "/api/v3/account", Turns(balances("1"), balances("0")))
    wanted = Wanted(spot=frozenset({COIN}), margin=frozenset({COIN}))
    holdings = (await venue.observe(wanted)).holdings
    assert isinstance(holdings[Source.SPOT, COIN], Unknown)
    assert isinstance(holdings[Source.MARGIN, COIN], Unknown)
    holdings = (await venue.observe(wanted)).holdings
    assert isinstance(holdings[Source.MARGIN, COIN], Holding)


async def test_r9_a_zero_row_is_flat(venue: CcxtVenue) -> None:
    position = await seen(venue)
    assert isinstance(position, Position)
    assert (position.contracts, position.proof) == (Decimal(0), FlatProof.ZERO_ROW)


@pytest.mark.parametrize(
    ("account", "flat"),
    [
        (coin_account_body(), True),
        (coin_account_body(positionInitialMargin="0.1"), False),
        (coin_account_body(maintMargin="0.001"), False),
        (coin_account_body(crossWalletBalance="0.5"), False),
        (coin_account_body(coin_position_row("-1")), False),
        ({**coin_account_body(), "assets": []}, False),
        ({"assets": [], "positions": []}, False),
        (Reply(lost=True), False),
    ],
)
async def test_r9_without_a_row_the_account_must_say_so_too(
    venue: CcxtVenue, wire: Wire, account: object, flat: bool
) -> None:
    wire.serve("GET", "/dapi/v1/positionRisk", [])
    wire.serve("GET", "/dapi/v1/account", account)
    position = await seen(venue)
    if flat:
        assert isinstance(position, Position)
        assert position.proof is FlatProof.ACCOUNT
    else:
        assert isinstance(position, Unknown)


@pytest.mark.parametrize("bad", BAD_BODIES)
@pytest.mark.parametrize("path", ["/dapi/v1/positionRisk", "/dapi/v1/account"])
async def test_r8_an_open_short_never_looks_flat(venue: CcxtVenue, wire: Wire, path: str, bad: Reply) -> None:
    short(wire)
    wire.serve("GET", path, bad)
    position = await seen(venue)
    assert isinstance(position, Unknown) or position.contracts == -1000


@pytest.mark.parametrize("key", ["markPrice", "entryPrice"])
@pytest.mark.parametrize("price", ["0", "-125000.0"])
async def test_r8_a_position_at_no_price_is_unknown(venue: CcxtVenue, wire: Wire, key: str, price: str) -> None:
    short(wire)
    wire.serve("GET", "/dapi/v1/positionRisk", [coin_risk_row("-1000", notionalValue="-0.8", **{key: price})])
    assert isinstance(await seen(venue), Unknown)


async def test_two_lists_that_disagree_are_unknown(venue: CcxtVenue, wire: Wire) -> None:
    short(wire)
    wire.serve("GET", "/dapi/v1/account", coin_account_body(coin_position_row("-999")))
    assert isinstance(await seen(venue), Unknown)


async def test_each_api_is_asked_only_for_what_it_serves(venue: CcxtVenue, wire: Wire) -> None:
    await venue.observe(PERPETUAL)
    assert not any(asked.path.startswith("/fapi/") for asked in wire.asked)
    wire.asked.clear()
    await venue.observe(Wanted(symbols=frozenset({BTC})))
    assert not any(asked.path.startswith("/dapi/") for asked in wire.asked)
    wire.asked.clear()
    wire.serve("GET", "/fapi/v3/account", account_body())
    both = (await venue.observe(Wanted(symbols=frozenset({BTC, COIN_M})))).positions
    assert all(isinstance(position, Position) for position in both.values())


async def test_prices_and_depth(venue: CcxtVenue) -> None:
    wanted = Wanted(symbols=frozenset({COIN_M}), books=frozenset({COIN_M}))
    prices = (await venue.observe(wanted)).prices[COIN_M]
    assert isinstance(prices, Prices)
    assert (prices.mark, prices.bid, prices.ask) == (Decimal("100000.10000001"), Decimal("99999.9"), Decimal(100_000))
    assert prices.book is not None
    assert prices.book.bids[0].contracts == 5_000


async def test_r7_volumes_show_a_wrong_contract_size(venue: CcxtVenue, wire: Wire) -> None:
    body = {"symbol": "BTCUSD_PERP", "volume": "2000000", "baseVolume": "2000.5", "weightedAvgPrice": "100000.0"}
    wire.serve("GET", "/dapi/v1/ticker/24hr", [body])
    volumes = await venue.volumes_24h(COIN_M)
    assert volumes == (Decimal(2_000_000), Decimal(200_050_000), Decimal(100_000))
    assert check_volume(venue.instrument(COIN_M), *volumes) is None
    wire.serve("GET", "/dapi/v1/ticker/24hr", [{**body, "baseVolume": "20005"}])
    assert check_volume(venue.instrument(COIN_M), *await venue.volumes_24h(COIN_M)) is not None


@pytest.mark.parametrize("floor", ["qtyFloor", "qtylFloor"])
async def test_maintenance_brackets_in_coins_are_turned_into_quote(venue: CcxtVenue, wire: Wire, floor: str) -> None:
    brackets = [
        {floor: 0, "qtyCap": 5, "maintMarginRatio": 0.004, "cum": 0.0},
        {floor: 5, "qtyCap": 10, "maintMarginRatio": 0.005, "cum": 0.005},
    ]
    wire.serve("GET", "/dapi/v2/leverageBracket", [{"symbol": "BTCUSD_PERP", "brackets": brackets[::-1]}])
    wire.serve("GET", "/dapi/v1/premiumIndex", [{"symbol": "BTCUSD_PERP", "markPrice": "100000"}])
    assert await venue.maintenance(COIN_M, Decimal(400_000)) == (Decimal("0.004"), Decimal(0))
    assert await venue.maintenance(COIN_M, Decimal(600_000)) == (Decimal("0.005"), Decimal(500))


async def test_r15_cross_margin_with_setting_two(venue: CcxtVenue, wire: Wire) -> None:
    wire.serve("GET", "/dapi/v1/account", coin_account_body(coin_position_row(leverage="20", isolated=True)))
    config = (await venue.observe(Wanted(configs=frozenset({COIN_M})))).configs[COIN_M]
    assert config == SymbolConfig(symbol=COIN_M, leverage=20, margin_mode=MarginMode.ISOLATED, hedged=False)

    def to_cross(asked: Asked) -> object:
        wire.serve("GET", "/dapi/v1/account", coin_account_body(coin_position_row()))
        return {"code": 200, "msg": "success"}

    wire.serve("POST", "/dapi/v1/marginType", to_cross)
    wire.serve("POST", "/dapi/v1/leverage", {"symbol": "BTCUSD_PERP", "leverage": 2})
    after = await venue.configure(COIN_M, 2, MarginMode.CROSS)
    assert after == SymbolConfig(symbol=COIN_M, leverage=2, margin_mode=MarginMode.CROSS, hedged=False)
    assert wire.last("/dapi/v1/marginType").params["marginType"] == "CROSSED"
    assert wire.last("/dapi/v1/leverage").params["leverage"] == "2"
    assert wire.count("/dapi/v1/positionSide/dual") == wire.count("/dapi/v1/account")


async def test_sides_that_are_set_differently_are_unknown(venue: CcxtVenue, wire: Wire) -> None:
    rows = [coin_position_row(positionSide="LONG", leverage="3"), coin_position_row(positionSide="SHORT")]
    wire.serve("GET", "/dapi/v1/account", coin_account_body(*rows))
    assert isinstance((await venue.observe(Wanted(configs=frozenset({COIN_M})))).configs[COIN_M], Unknown)


def order_body(**more: object) -> dict[str, object]:
    return {
        "orderId": 4711,
        "clientOrderId": OURS,
        "symbol": "BTCUSD_PERP",
        "pair": "BTCUSD",
        "side": "SELL",
        "positionSide": "BOTH",
        "status": "FILLED",
        "origQty": "999",
        "executedQty": "999",
        "avgPrice": "0",
        "cumBase": "0.99900000",
        "reduceOnly": False,
        "updateTime": EPOCH_MS,
        **more,
    }


async def test_an_order_goes_to_its_own_api_and_its_price_follows_from_coins(venue: CcxtVenue, wire: Wire) -> None:
    wire.serve("POST", "/dapi/v1/order", order_body())
    request = OrderRequest(
        venue=VenueName("main"),
        symbol=COIN_M,
        side=Side.SELL,
        contracts=Decimal(999),
        price=Decimal("99500.0"),
        time_in_force=TimeInForce.IOC,
        reduce_only=False,
    )
    ticket = OrderTicket(request=request, client_id=OURS, timestamp_ms=EPOCH_MS, deadline_ms=EPOCH_MS + 3_000)
    outcome = await venue.place(ticket)
    assert isinstance(outcome, Acked)
    assert outcome.report.average_price == 100_000
    sent = wire.last("/dapi/v1/order")
    assert sent.host == "dapi.binance.com"
    assert (sent.params["symbol"], sent.params["quantity"]) == ("BTCUSD_PERP", "999")
    wire.serve("DELETE", "/dapi/v1/order", order_body(status="CANCELED"))
    assert isinstance(await venue.cancel(COIN_M, OURS), Acked)


async def test_all_orders_are_read_in_pages_of_a_hundred(venue: CcxtVenue, wire: Wire) -> None:
    rows = [order_body(orderId=number, time=EPOCH_MS + number) for number in range(1, 151)]

    def page(asked: Asked) -> object:
        begin, end = int(asked.params["startTime"]), int(asked.params["endTime"])
        assert asked.params["limit"] == "100"
        return [row for row in rows if begin <= int(str(row["time"])) <= end][:100]

    wire.serve("GET", "/dapi/v1/allOrders", page)
    found = await venue.all_orders(COIN_M, EPOCH_MS)
    assert [report.venue_order_id for report in found] == [str(number) for number in range(1, 151)]


async def test_a_trade_pays_its_fee_in_coins(venue: CcxtVenue, wire: Wire) -> None:
    trade = {
        "id": 7,
        "orderId": 4711,
        "symbol": "BTCUSD_PERP",
        "side": "SELL",
        "positionSide": "BOTH",
        "price": "100000.0",
        "qty": "999",
        "baseQty": "0.999",
        "commission": "0.0004995",
        "commissionAsset": "BTC",
        "realizedPnl": "-0.00100000",
        "maker": False,
        "time": EPOCH_MS,
    }
    wire.serve("GET", "/dapi/v1/userTrades", [trade])
    (told,) = await venue.trades(COIN_M, TradeCursor(trade_id=None, time_ms=EPOCH_MS - 1))
    assert (told.contracts, told.fee, told.fee_asset) == (Decimal(999), Decimal("0.0004995"), COIN)
    assert told.realized == Decimal("-0.001")
