"""COIN-M: contracts of 100 USD, margined and settled in the coin."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from bot.paper.engine.exchange import Exchange
from tests.paper_wire.conftest import Binance, Body, Clock, Wire

BTC = "BTC/USD:BTC"
DAPI = "https://dapi.binance.com/dapi"


@pytest.fixture
def funded(exchange: Exchange) -> Exchange:
    exchange.deposit("paper", "coinm", "BTC", D(1))
    return exchange


def placed(wire: Wire, **params: object) -> Body:
    response = wire.send("POST", f"{DAPI}/v1/order", {"newOrderRespType": "RESULT", **params})
    assert response.status == 200, response.body
    return wire.body_of(response)


def short(wire: Wire, contracts: int, symbol: str = "BTCUSD_PERP", **params: object) -> Body:
    return placed(wire, symbol=symbol, side="SELL", type="MARKET", quantity=contracts, **params)


async def test_markets_are_what_ccxt_takes_them_for(coin: Binance, clock: Clock) -> None:
    markets = await coin.load_markets()
    market = markets[BTC]
    assert (market["inverse"], market["contractSize"], market["settle"]) == (True, D(100), "BTC")
    assert markets["ETH/USD:ETH"]["contractSize"] == markets["BNB/USD:BNB"]["contractSize"] == D(10)
    (dated,) = [market for market in markets.values() if market["future"] and market["inverse"]]
    assert not dated["active"]
    assert clock.now_ms < dated["expiry"] < clock.now_ms + 100 * 86_400_000
    assert coin.iso8601(dated["expiry"]).endswith("-27T08:00:00.000Z")


async def test_market_data(coin: Binance, exchange: Exchange, clock: Clock) -> None:
    ticker = await coin.fetch_ticker(BTC)
    assert ticker["last"] == D(100_000)
    assert len(await coin.fetch_tickers()) == 3
    assert ticker["info"]["pair"] == "BTCUSD"
    book = await coin.fetch_order_book(BTC, 5)
    assert len(book["bids"]) == 5
    assert len(await coin.fetch_ohlcv(BTC, "1h", None, 10)) == 10
    assert len(await coin.fetch_mark_ohlcv(BTC, "1h", None, 10)) == 10
    assert len(await coin.fetch_index_ohlcv(BTC, "1h", None, 10)) == 10
    assert [row[4] for row in await coin.fetch_premium_index_ohlcv(BTC, "1h", None, 2)] == [0, 0]
    assert (await coin.fetch_funding_rate(BTC))["markPrice"] == D(100_000)
    assert (await coin.fetch_open_interest(BTC))["info"]["contractType"] == "PERPETUAL"
    assert len(await coin.fetch_open_interest_history(BTC, "1h", None, 5)) == 5
    exchange.settle_funding("BTC", D("0.0001"))
    *before, paid = await coin.fetch_funding_rate_history(BTC)
    assert len(before) == 90
    assert (paid["fundingRate"], paid["timestamp"]) == (D("0.0001"), clock.now_ms)


def test_r7_volumes_in_contracts_and_in_coins_tell_the_contract_size(wire: Wire) -> None:
    (row,) = wire.get(f"{DAPI}/v1/ticker/24hr", symbol="BTCUSD_PERP")
    assert D(row["volume"]) * 100 / D(row["baseVolume"]) == D(row["weightedAvgPrice"]) == 100_000


def test_one_symbol_is_answered_with_a_list(wire: Wire) -> None:
    for path in ("ticker/24hr", "ticker/price", "ticker/bookTicker", "premiumIndex"):
        rows = wire.get(f"{DAPI}/v1/{path}", symbol="BTCUSD_PERP")
        assert [row["symbol"] for row in rows] == ["BTCUSD_PERP"], path
    assert [row["symbol"] for row in wire.get(f"{DAPI}/v1/premiumIndex", pair="ETHUSD")] == ["ETHUSD_PERP"]


def test_filters_have_no_least_notional(wire: Wire) -> None:
    rows = {row["symbol"]: row for row in wire.get(f"{DAPI}/v1/exchangeInfo")["symbols"]}
    kinds = {row["filterType"] for row in rows["BTCUSD_PERP"]["filters"]}
    assert "MIN_NOTIONAL" not in kinds
    assert {"LOT_SIZE", "MARKET_LOT_SIZE", "PRICE_FILTER", "PERCENT_PRICE"} <= kinds
    assert (rows["BTCUSD_PERP"]["contractSize"], rows["BTCUSD_PERP"]["contractStatus"]) == (100, "TRADING")


def test_an_order_is_counted_in_contracts_and_valued_in_coins(wire: Wire, funded: Exchange) -> None:
    wire.send("POST", f"{DAPI}/v1/leverage", {"symbol": "BTCUSD_PERP", "leverage": 2})
    order = short(wire, 999)
    assert (order["executedQty"], order["origQty"], order["pair"]) == ("999", "999", "BTCUSD")
    assert D(order["avgPrice"]) == 99_999
    assert D(order["cumBase"]) == pytest.approx(D(99_900) / 99_999, abs=D("1e-8"))
    assert "cumQuote" not in order
    (trade,) = wire.get(f"{DAPI}/v1/userTrades", pair="BTCUSD")
    assert (trade["marginAsset"], trade["commissionAsset"], trade["baseQty"]) == ("BTC", "BTC", order["cumBase"])
    assert wire.get(f"{DAPI}/v1/order", symbol="BTCUSD_PERP", orderId=order["orderId"])["status"] == "FILLED"
    assert [row["orderId"] for row in wire.get(f"{DAPI}/v1/allOrders", pair="BTCUSD")] == [order["orderId"]]


def test_positions_have_a_row_for_every_symbol(wire: Wire, funded: Exchange) -> None:
    rows = wire.get(f"{DAPI}/v1/positionRisk")
    assert {row["symbol"]: row["positionAmt"] for row in rows} == {
        "BTCUSD_PERP": "0",
        "ETHUSD_PERP": "0",
        "BNBUSD_PERP": "0",
    }
    short(wire, 100)
    (row,) = wire.get(f"{DAPI}/v1/positionRisk", marginAsset="BTC")
    assert (row["positionAmt"], row["leverage"], row["marginType"]) == ("-100", "20", "cross")
    # A short backed by its coins many times over is never liquidated.
    assert row["liquidationPrice"] == "0"
    assert D(row["notionalValue"]) == D("-0.1")
    account = wire.get(f"{DAPI}/v1/account")
    assert [asset["asset"] for asset in account["assets"]] == ["BTC", "ETH", "BNB"]
    assert {position["symbol"] for position in account["positions"]} == {row["symbol"] for row in rows}


@pytest.mark.parametrize("price", [D(150_000), D(50_000)])
def test_r2_margin_balance_less_short_does_not_depend_on_the_price(wire: Wire, funded: Exchange, price: D) -> None:
    def bare() -> D:
        (asset,) = [row for row in wire.get(f"{DAPI}/v1/account")["assets"] if row["asset"] == "BTC"]
        (position,) = wire.get(f"{DAPI}/v1/positionRisk", pair="BTCUSD")
        return D(asset["marginBalance"]) + D(position["positionAmt"]) * 100 / D(position["markPrice"])

    wire.send("POST", f"{DAPI}/v1/leverage", {"symbol": "BTCUSD_PERP", "leverage": 2})
    short(wire, 999)
    before = bare()
    funded.set_price("BTC", price)
    assert bare() == pytest.approx(before, abs=D("2e-8"))


def test_what_is_free_and_what_is_used_add_up(wire: Wire, funded: Exchange) -> None:
    short(wire, 300)
    placed(wire, symbol="BTCUSD_PERP", side="SELL", type="LIMIT", timeInForce="GTC", quantity=7, price="101234.5")
    (asset,) = [row for row in wire.get(f"{DAPI}/v1/account")["assets"] if row["asset"] == "BTC"]
    assert D(asset["availableBalance"]) + D(asset["initialMargin"]) == D(asset["marginBalance"])
    (balance,) = [row for row in wire.get(f"{DAPI}/v1/balance") if row["asset"] == "BTC"]
    assert balance["balance"] == asset["walletBalance"]
    assert balance["withdrawAvailable"] == asset["maxWithdrawAmount"]


@pytest.mark.parametrize(
    ("params", "refusal"),
    [
        ({"quantity": 50_000}, (400, -2019, "Margin is insufficient.")),
        ({"quantity": "1.5"}, (400, -1111, "Precision is over the maximum defined for this asset.")),
        ({"quantity": 0}, (400, -4003, "Quantity less than or equal to zero.")),
        ({"quantity": 1, "reduceOnly": "true"}, (400, -2022, "ReduceOnly Order is rejected.")),
        ({"quantity": 1, "symbol": "BTCUSDT"}, (400, -1121, "Invalid symbol.")),
        (
            {"quantity": 1, "positionSide": "SHORT"},
            (400, -4061, "Order's position side does not match user's setting."),
        ),
    ],
)
def test_refusals(wire: Wire, funded: Exchange, params: dict[str, object], refusal: tuple[int, int, str]) -> None:
    order = {"symbol": "BTCUSD_PERP", "side": "SELL", "type": "MARKET", **params}
    assert wire.refused("POST", f"{DAPI}/v1/order", **order) == refusal
    assert not funded.account("paper").orders()


def test_an_order_is_changed_by_price_or_by_quantity(wire: Wire, funded: Exchange) -> None:
    order = placed(wire, symbol="BTCUSD_PERP", side="BUY", type="LIMIT", timeInForce="GTC", quantity=5, price=98_000)
    changed = {"symbol": "BTCUSD_PERP", "side": "BUY", "orderId": order["orderId"]}
    assert wire.refused("PUT", f"{DAPI}/v1/order", **changed)[1] == -1102
    body = wire.body_of(wire.send("PUT", f"{DAPI}/v1/order", {**changed, "price": 97_000}))
    assert (body["price"], body["origQty"]) == ("97000.0", "5")
    (row,) = wire.get(f"{DAPI}/v1/openOrders", pair="BTCUSD")
    assert row["orderId"] == body["orderId"]
    canceled = wire.body_of(
        wire.send("DELETE", f"{DAPI}/v1/order", {"symbol": "BTCUSD_PERP", "orderId": row["orderId"]})
    )
    assert canceled["status"] == "CANCELED"
    assert not wire.get(f"{DAPI}/v1/openOrders")


def test_hedge_mode_and_settings(wire: Wire, funded: Exchange) -> None:
    dual = f"{DAPI}/v1/positionSide/dual"
    assert wire.get(dual) == {"dualSidePosition": False}
    assert wire.refused("POST", dual, dualSidePosition="false") == (400, -4059, "No need to change position side.")
    assert wire.send("POST", dual, {"dualSidePosition": "true"}).status == 200
    order = short(wire, 10, positionSide="SHORT")
    assert order["positionSide"] == "SHORT"
    sides = {row["positionSide"]: row["positionAmt"] for row in wire.get(f"{DAPI}/v1/positionRisk", pair="BTCUSD")}
    assert sides == {"LONG": "0", "SHORT": "-10"}
    assert wire.get(f"{DAPI}/v1/adlQuantile", symbol="BTCUSD_PERP")[0]["adlQuantile"] == {"LONG": 0, "SHORT": 1}
    margin = {"symbol": "BTCUSD_PERP", "marginType": "CROSSED"}
    assert wire.refused("POST", f"{DAPI}/v1/marginType", **margin)[1] == -4046
    body = wire.body_of(wire.send("POST", f"{DAPI}/v1/leverage", {"symbol": "ETHUSD_PERP", "leverage": 5}))
    assert (body["symbol"], body["leverage"]) == ("ETHUSD_PERP", 5)
    assert int(body["maxQty"]) > 0


def test_isolated_margin_can_be_added(wire: Wire, funded: Exchange) -> None:
    wire.send("POST", f"{DAPI}/v1/marginType", {"symbol": "BTCUSD_PERP", "marginType": "ISOLATED"})
    short(wire, 10)
    added = {"symbol": "BTCUSD_PERP", "amount": "0.001", "type": 1}
    assert wire.send("POST", f"{DAPI}/v1/positionMargin", added).status == 200
    (row,) = wire.get(f"{DAPI}/v1/positionRisk", pair="BTCUSD")
    assert row["marginType"] == "isolated"
    assert D("0.001") < D(row["isolatedWallet"]) < D("0.002")
    assert D(row["liquidationPrice"]) > 100_000


def test_brackets_by_symbol_and_by_pair(wire: Wire) -> None:
    (by_symbol,) = wire.get(f"{DAPI}/v2/leverageBracket", symbol="BTCUSD_PERP")
    (by_pair,) = wire.get(f"{DAPI}/v1/leverageBracket", pair="BTCUSD")
    assert by_symbol["brackets"] == by_pair["brackets"]
    assert (by_symbol["brackets"][0]["qtylFloor"], by_symbol["brackets"][0]["initialLeverage"]) == (0, 125)


def test_income_and_funding_are_in_coins(wire: Wire, funded: Exchange) -> None:
    short(wire, 100)
    funded.settle_funding("BTC", D("0.001"))
    (funding,) = wire.get(f"{DAPI}/v1/income", incomeType="FUNDING_FEE")
    assert (funding["asset"], funding["symbol"], funding["income"]) == ("BTC", "BTCUSD_PERP", "0.00010000")
    assert [row["asset"] for row in wire.get(f"{DAPI}/v1/income", incomeType="COMMISSION")] == ["BTC"]
    assert not wire.get("https://fapi.binance.com/fapi/v1/income", incomeType="FUNDING_FEE")


def test_a_liquidation_shows_as_a_forced_order(wire: Wire, funded: Exchange) -> None:
    short(wire, 15_000)
    funded.set_price("BTC", D(300_000))
    (order,) = wire.get(f"{DAPI}/v1/forceOrders")
    assert order["clientOrderId"].startswith("autoclose-")
    assert order["status"] == "FILLED"
    assert not wire.get(f"{DAPI}/v1/forceOrders", autoCloseType="ADL")


async def test_coins_go_to_the_wallet_and_back(coin: Binance) -> None:
    await coin.transfer("BTC", "0.25", "spot", "inverse")
    balance = await coin.fetch_balance({"type": "swap", "subType": "inverse"})
    assert balance["BTC"]["total"] == D("1.25")
    await coin.transfer("BTC", "0.5", "inverse", "spot")
    (moved,) = await coin.fetch_transfers("BTC", None, None, {"fromAccount": "inverse", "toAccount": "spot"})
    assert (moved["amount"], moved["status"]) == (D("0.5"), "ok")


async def test_ccxt_trades_contracts(coin: Binance) -> None:
    await coin.set_leverage(2, BTC)
    order = await coin.create_order(BTC, "market", "sell", 500)
    assert (order["filled"], order["status"], order["average"]) == (D(500), "closed", D(99_999))
    (position,) = [row for row in await coin.fetch_positions([BTC]) if row["contracts"]]
    assert (position["side"], position["contracts"]) == ("short", D(500))
    closed = await coin.create_order(BTC, "market", "buy", 500, None, {"reduceOnly": True})
    assert closed["status"] == "closed"
    assert len(await coin.fetch_my_trades(BTC)) == 2
