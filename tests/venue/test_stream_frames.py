"""What frames of the venues' streams mean: documented ones, refusals, and what can't be believed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from decimal import Decimal as D
from importlib import import_module
from pathlib import Path

import pytest

from bot.domain.hint import HintKind
from bot.domain.ids import Symbol
from bot.domain.instrument import ContractKind
from bot.venue.shapes import parse_json
from bot.venue.stream_wire import Broken, Event, Reader, Scope
from tests.venue.wire import BTC, COIN_M, Anything

SAMPLES = Path(os.environ.get("HEDGEBOT_WIRE_SAMPLES", Path(__file__).parents[3] / "shared" / "data" / "wire"))
NAMES: Mapping[str, Mapping[str, Symbol]] = {
    "binance": {"BTCUSDT": BTC, "BTCUSD_PERP": COIN_M},
    "okx": {"BTC-USDT-SWAP": BTC, "BTC-USD-SWAP": COIN_M},
    "kucoin": {"XBTUSDTM": BTC, "XBTUSDM": COIN_M},
}
ORDER, POSITION = Event(kind=HintKind.ORDER, symbol=BTC), Event(kind=HintKind.POSITION, symbol=BTC)
BALANCE = Event(kind=HintKind.BALANCE)


def reader(exchange: str) -> Reader:
    made: Reader = import_module(f"bot.venue.{exchange}.streams").STREAMS.reader(
        Scope(
            symbols=NAMES[exchange],
            kinds={BTC: ContractKind.LINEAR, COIN_M: ContractKind.INVERSE},
            currencies=frozenset({"BTC", "XBT", "USDT"}),
            wallets=True,
        )
    )
    return made


def mark(price: str, symbol: Symbol = BTC) -> Event:
    return Event(kind=HintKind.PRICE, symbol=symbol, price=D(price))


def kucoin(topic: str, subject: str, **data: Anything) -> dict[str, Anything]:
    return {"type": "message", "topic": topic, "subject": subject, "data": data}


def okx(channel: str, *rows: Anything) -> dict[str, Anything]:
    return {"arg": {"channel": channel}, "data": list(rows)}


TOLD: list[tuple[str, object, list[Event]]] = [
    ("binance", {"e": "markPriceUpdate", "s": "BTCUSDT", "p": "94000.12"}, [mark("94000.12")]),
    ("binance", {"e": "markPriceUpdate", "s": "BTCUSD_PERP", "p": "94000.1"}, [mark("94000.1", COIN_M)]),
    ("binance", {"e": "markPriceUpdate", "s": "ETHUSDT", "p": "3000"}, []),
    ("binance", {"e": "ORDER_TRADE_UPDATE", "o": {"s": "BTCUSDT"}}, [ORDER]),
    ("binance", {"e": "ORDER_TRADE_UPDATE", "o": {"s": "ETHUSDT"}}, []),
    ("binance", {"e": "TRADE_LITE", "s": "BTCUSDT"}, [ORDER]),
    ("binance", {"e": "ACCOUNT_UPDATE", "a": {"B": [{"a": "USDT"}], "P": [{"s": "BTCUSDT"}]}}, [POSITION, BALANCE]),
    ("binance", {"e": "ACCOUNT_UPDATE", "a": {"B": [{"a": "ETH"}], "P": [{"s": "ETHUSDT"}]}}, []),
    ("binance", {"e": "ACCOUNT_UPDATE", "a": {"m": "FUNDING_FEE", "B": [{"a": "USDT"}]}}, [BALANCE]),
    ("binance", {"e": "ACCOUNT_CONFIG_UPDATE", "ac": {"s": "BTCUSDT", "l": 25}}, [POSITION]),
    ("binance", {"e": "ACCOUNT_CONFIG_UPDATE", "ai": {"j": True}}, []),
    ("binance", {"e": "MARGIN_CALL", "p": [{"s": "BTCUSDT"}]}, [POSITION]),
    (
        "binance",
        {"subscriptionId": 0, "event": {"e": "outboundAccountPosition", "B": [{"a": "ETH"}, {"a": "BTC"}]}},
        [BALANCE],
    ),
    ("binance", {"subscriptionId": 0, "event": {"e": "balanceUpdate", "a": "BTC", "d": "0.1"}}, [BALANCE]),
    ("binance", {"subscriptionId": 0, "event": {"e": "balanceUpdate", "a": "ETH", "d": "0.1"}}, []),
    ("binance", {"e": "somethingNew", "s": "BTCUSDT"}, []),
    ("okx", okx("mark-price", {"instId": "BTC-USD-SWAP", "markPx": "94000.1"}), [mark("94000.1", COIN_M)]),
    ("okx", okx("orders", {"instId": "BTC-USDT-SWAP"}, {"instId": "BTC-USDT"}), [ORDER]),
    ("okx", okx("positions", {"instId": "BTC-USDT-SWAP", "pos": "-1"}), [POSITION]),
    ("okx", okx("account", {"details": [{"ccy": "BTC", "cashBal": "1"}, {"ccy": "ETH", "cashBal": "1"}]}), [BALANCE]),
    ("okx", okx("account", {"details": [{"ccy": "ETH", "cashBal": "1"}]}), []),
    ("okx", okx("funding-rate", {"instId": "BTC-USDT-SWAP"}), []),
    (
        "kucoin",
        kucoin("/contract/instrument:XBTUSDM", "mark.index.price", markPrice=D("94000.12")),
        [mark("94000.12", COIN_M)],
    ),
    ("kucoin", kucoin("/contract/instrument:XBTUSDTM", "funding.rate", fundingRate=D("0.0001")), []),
    ("kucoin", kucoin("/contractMarket/tradeOrders", "symbolOrderChange", symbol="XBTUSDTM"), [ORDER]),
    (
        "kucoin",
        kucoin("/contract/position:XBTUSDTM", "position.change", currentQty=-5, changeReason="positionChange"),
        [POSITION],
    ),
    ("kucoin", kucoin("/contract/position:XBTUSDTM", "position.change", markPrice=D(1), markValue=D(2)), []),
    (
        "kucoin",
        kucoin("/contract/position:XBTUSDTM", "position.change", currentQty=-5, changeReason="markPriceChange"),
        [],
    ),
    ("kucoin", kucoin("/contract/position:XBTUSDTM", "position.settlement", fundingFee=D(-1)), [POSITION]),
    ("kucoin", kucoin("/contractAccount/wallet", "walletBalance.change", currency="XBT", walletBalance="1"), [BALANCE]),
    ("kucoin", kucoin("/contractAccount/wallet", "availableBalance.change", currency="XBT", holdBalance="1"), []),
    ("kucoin", kucoin("/account/balance", "account.balance", currency="BTC", accountId="a", total="1"), [BALANCE]),
    ("kucoin", kucoin("/account/balance", "account.balance", currency="ETH", accountId="a", total="1"), []),
]


@pytest.mark.parametrize(("exchange", "message", "events"), TOLD)
def test_what_happened_is_told_if_it_matters(exchange: str, message: object, events: list[Event]) -> None:
    frame = reader(exchange)(message)
    assert list(frame.events) == events
    assert (frame.confirms, frame.protocol) == (0, False), "ccxt is spared what only tells something"


REPEATED: list[tuple[str, Anything, Anything]] = [
    (
        "okx",
        okx("account", {"details": [{"ccy": "BTC", "cashBal": "1", "eq": "1", "upl": "0"}]}),
        okx("account", {"details": [{"ccy": "BTC", "cashBal": "1", "eq": "1.1", "upl": "0.1"}]}),
    ),
    (
        "okx",
        okx("positions", {"instId": "BTC-USDT-SWAP", "pos": "-1", "markPx": "1", "upl": "0"}),
        okx("positions", {"instId": "BTC-USDT-SWAP", "pos": "-1", "markPx": "2", "upl": "9"}),
    ),
    (
        "kucoin",
        kucoin("/contractAccount/wallet", "walletBalance.change", currency="XBT", walletBalance="1", equity="1"),
        kucoin("/contractAccount/wallet", "walletBalance.change", currency="XBT", walletBalance="1", equity="2"),
    ),
    (
        "kucoin",
        kucoin("/account/balance", "account.balance", currency="BTC", accountId="a", available="1", hold="0"),
        kucoin("/account/balance", "account.balance", currency="BTC", accountId="a", available="1", hold="0"),
    ),
]


@pytest.mark.parametrize(("exchange", "first", "again"), REPEATED)
def test_what_is_only_said_again_with_a_new_mark_is_no_event(exchange: str, first: object, again: object) -> None:
    read = reader(exchange)
    assert len(read(first).events) == 1
    assert len(read(again).events) == 0


def test_a_coin_or_position_that_changed_is_an_event_again() -> None:
    read = reader("okx")
    for cash in ("1", "1.5", "1"):
        assert list(read(okx("account", {"details": [{"ccy": "BTC", "cashBal": cash}]})).events) == [BALANCE]
    for size in ("-1", "0", "-1"):
        assert list(read(okx("positions", {"instId": "BTC-USDT-SWAP", "pos": size})).events) == [POSITION]


CONFIRMED: list[tuple[str, object, int]] = [
    ("binance", {"result": None, "id": 1}, 1),
    ("binance", {"id": "1", "status": 200, "result": {"subscriptionId": 0}}, 1),
    ("okx", {"event": "subscribe", "arg": {"channel": "account"}}, 1),
    ("okx", {"event": "login", "code": "0", "msg": ""}, 0),
    ("okx", {"event": "notice", "code": "64008", "msg": "The connection will soon be closed"}, 0),
    ("okx", "pong", 0),
    ("kucoin", {"id": "hedgebot", "type": "welcome"}, 0),
    ("kucoin", {"id": "1", "type": "ack"}, 1),
    ("kucoin", {"id": "1", "type": "pong"}, 0),
]


@pytest.mark.parametrize(("exchange", "message", "confirms"), CONFIRMED)
def test_the_conversation_is_ccxts(exchange: str, message: object, confirms: int) -> None:
    frame = reader(exchange)(message)
    assert (frame.confirms, frame.protocol, list(frame.events)) == (confirms, True, [])


SIGNATURE = "9f8e7d6c5b4a39281706f5e4d3c2b1a0"
REFUSED: list[tuple[str, object, bool]] = [
    ("binance", {"id": "1", "status": 400, "error": {"code": -2015, "msg": "Invalid API-key, IP"}}, True),
    ("binance", {"id": "1", "status": 401, "error": {"code": -1022, "msg": f"no signature={SIGNATURE}"}}, True),
    ("binance", {"error": {"code": 2, "msg": "Invalid request: unknown stream"}, "id": 1}, False),
    ("binance", {"code": 3, "msg": "Invalid JSON"}, False),
    ("binance", {"id": "1", "status": 503}, False),
    ("binance", {"e": "listenKeyExpired", "listenKey": SIGNATURE}, False),
    ("binance", {"subscriptionId": 0, "event": {"e": "eventStreamTerminated"}}, False),
    ("okx", {"event": "error", "code": "60024", "msg": "Wrong passphrase"}, True),
    ("okx", {"event": "login", "code": "60009", "msg": "Login failed."}, True),
    ("okx", {"event": "error", "code": "60006", "msg": "Timestamp request expired"}, False),
    (
        "okx",
        {"event": "error", "code": "60012", "msg": f'Illegal request: {{"op":"login","args":["k","p","{SIGNATURE}"]}}'},
        False,
    ),
    ("kucoin", {"id": "1", "type": "error", "code": 401, "data": f"token={SIGNATURE} is invalid"}, True),
    ("kucoin", {"id": "1", "type": "error", "code": 404, "data": "topic /x is not found"}, False),
]


@pytest.mark.parametrize(("exchange", "message", "refused"), REFUSED)
def test_a_refusal_breaks_the_line_without_a_secret(exchange: str, message: object, refused: bool) -> None:
    with pytest.raises(Broken) as broken:
        reader(exchange)(message)
    assert broken.value.refused is refused
    assert SIGNATURE not in broken.value.reason
    assert broken.value.reason


@pytest.mark.parametrize("exchange", NAMES)
@pytest.mark.parametrize("message", [None, [], [1], "Service is down", 5, ["a", {}]])
def test_what_is_no_frame_is_not_believed(exchange: str, message: object) -> None:
    with pytest.raises(ValueError, match="expected an object"):
        reader(exchange)(message)


BAD: list[tuple[str, object]] = [
    ("binance", {"e": "markPriceUpdate", "s": "BTCUSDT", "p": "0"}),
    ("binance", {"e": "markPriceUpdate", "s": "BTCUSDT"}),
    ("binance", {"e": "ORDER_TRADE_UPDATE"}),
    ("binance", {"e": "ACCOUNT_UPDATE", "a": {"B": "x"}}),
    ("okx", okx("mark-price", {"instId": "BTC-USDT-SWAP", "markPx": "nan"})),
    ("okx", {"arg": {"channel": "orders"}}),
    ("okx", {}),
    ("kucoin", kucoin("/contract/instrument:XBTUSDTM", "mark.index.price", markPrice=D(-1))),
    ("kucoin", {"type": "message"}),
    ("kucoin", {"topic": "/account/balance"}),
]


@pytest.mark.parametrize(("exchange", "message"), BAD)
def test_a_frame_of_another_shape_is_not_believed(exchange: str, message: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        reader(exchange)(message)


SAMPLED = [
    ("binance", "futures/market_data_json/mark_price_stream", [mark("11794.15")]),
    ("binance", "futures/user_data_json/account_update", [POSITION, POSITION, POSITION, BALANCE]),
    ("binance", "futures/user_data_json/order_update_new", [ORDER]),
    ("binance", "futures/user_data_json/order_update_trade", [ORDER]),
    ("binance", "futures/user_data_json/order_update_calculated", [ORDER]),
    ("binance", "futures/user_data_json/trade_lite", [ORDER]),
    ("binance", "spot/user_data_json/account_position_wrapped", []),
    ("binance", "spot/user_data_json/balance_update_wrapped", [BALANCE]),
    ("binance", "spot/user_data_json/execution_report_wrapped", []),
    ("okx", "ws_account", [BALANCE]),
    ("okx", "ws_account_empty", []),
    ("okx", "ws_orders", [ORDER]),
]


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the sample bodies are not there")
@pytest.mark.parametrize(("exchange", "name", "events"), SAMPLED)
def test_sample_frames_of_the_venues_are_read(exchange: str, name: str, events: list[Event]) -> None:
    text = (SAMPLES / exchange / f"{name}.json").read_text()
    assert json.loads(text)
    assert list(reader(exchange)(parse_json(text)).events) == events
