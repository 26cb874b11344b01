"""WebSockets of the paper OKX, without any network."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bot.paper.engine.model import SUSPENDED
from bot.paper.wire.http import Request, Response
from bot.paper.wire.okx import Limits
from tests.paper_wire.okx import INVERSE, SPOT, SWAP, Bench, Body, Socket, row_of, wanted

D = Decimal


@pytest.fixture
def okx() -> Bench:
    return Bench()


def pushed(said: list[Any], channel: str) -> list[Any]:
    """The messages of a channel."""
    return [one for one in said if isinstance(one, dict) and "data" in one and one["arg"]["channel"] == channel]


class TestConnection:
    def test_ping_and_pong_are_text(self, okx: Bench) -> None:
        assert okx.socket("public").say("ping") == ["pong"]

    def test_thirty_seconds_of_silence_end_it(self, okx: Bench) -> None:
        socket = okx.socket("public")
        socket.subscribe("tickers", instId=SPOT)
        okx.clock.now_ms += 29_999
        assert socket.say("ping")[0] == "pong"
        okx.clock.now_ms += 29_999
        assert pushed(socket.hear(), "tickers")
        okx.clock.now_ms += 1
        assert socket.hear()[-1] == (4004, "No data received in 30s")
        assert socket.hear() == []

    @pytest.mark.parametrize(
        ("host", "path"), [("ws.okx.com", "/ws/v5/secret"), ("ws.okx.com", "/"), ("www.okx.com", "/ws/v5/public")]
    )
    def test_a_handshake_elsewhere_is_refused(self, okx: Bench, host: str, path: str) -> None:
        answer = okx.facade.connect(Request(method="GET", host=host, path=path, now_ms=okx.clock.now_ms))
        assert isinstance(answer, Response)
        assert answer.status == 404

    @pytest.mark.parametrize("text", ["{", "[]", "3", '{"op":"subscribe"}', '{"op":"subscribe","args":[]}'])
    def test_what_is_no_request(self, okx: Bench, text: str) -> None:
        answer = okx.socket("public").say(text)[0]
        assert (answer["event"], answer["code"]) == ("error", "60012")
        assert answer["connId"]

    def test_an_operation_that_does_not_exist(self, okx: Bench) -> None:
        assert okx.socket("public").say({"op": "dance", "args": [{}]})[0]["code"] == "60019"


class TestLogin:
    def test_good(self, okx: Bench) -> None:
        answer = okx.socket(login=False).login()
        assert (answer["event"], answer["code"]) == ("login", "0")

    @pytest.mark.parametrize(
        ("how", "code"),
        [
            ({"secret": "guess"}, "60007"),
            ({"passphrase": "guess"}, "60024"),
            ({"key": "somebody"}, "60032"),
            ({"key": "not a key"}, "60005"),
            ({"key": ""}, "60009"),
            ({"key": "paper-demo"}, "60009"),
            ({"late_s": 31}, "60006"),
        ],
    )
    def test_bad(self, okx: Bench, how: dict[str, Any], code: str) -> None:
        socket = okx.socket(login=False)
        answer = socket.login(**how)
        assert (answer["event"], answer["code"]) == ("error", code)
        assert socket.subscribe("account")[0]["code"] == "60011"

    def test_simulated_trading_has_a_socket_of_its_own(self, okx: Bench) -> None:
        demo = okx.socket(login=False, host="wspap.okx.com")
        assert demo.login(key="paper-live")["code"] == "60009"
        assert demo.login(key="paper-demo")["code"] == "0"

    def test_once_and_not_on_the_public_socket(self, okx: Bench) -> None:
        assert okx.socket().login()["code"] == "60031"
        assert okx.socket("public").login()["code"] == "60028"

    @pytest.mark.parametrize("channel", ["account", "positions", "orders", "balance_and_position"])
    def test_private_channels_want_it(self, okx: Bench, channel: str) -> None:
        answer = okx.socket(login=False).subscribe(channel, instType="ANY")[0]
        assert (answer["code"], answer["msg"]) == ("60011", "Please log in")


class TestPublic:
    @pytest.mark.parametrize(
        ("kind", "arg"),
        [
            ("public", {"channel": "account"}),
            ("public", {"channel": "candle1m", "instId": SPOT}),
            ("public", {"channel": "tickers", "instId": "DOGE-USDT"}),
            ("public", {"channel": "tickers"}),
            ("public", {"channel": "funding-rate", "instId": SPOT}),
            ("business", {"channel": "tickers", "instId": SPOT}),
            ("business", {"channel": "candle7m", "instId": SPOT}),
            ("private", {"channel": "tickers", "instId": SPOT}),
        ],
    )
    def test_wrong_channel_instrument_or_url(self, okx: Bench, kind: str, arg: dict[str, Any]) -> None:
        answer = okx.socket(kind).say({"id": "7", "op": "subscribe", "args": [arg]})[0]
        assert (answer["event"], answer["code"], answer["id"]) == ("error", "60018", "7")

    def test_each_of_several_is_answered(self, okx: Bench) -> None:
        args = [{"channel": "tickers", "instId": name} for name in (SPOT, "DOGE-USDT", SWAP)]
        answers = [one for one in okx.socket("public").say({"op": "subscribe", "args": args}) if "event" in one]
        assert [one["event"] for one in answers] == ["subscribe", "error", "subscribe"]
        assert answers[0]["arg"] == args[0]

    @pytest.mark.parametrize(
        ("channel", "member", "before", "after"),
        [
            ("tickers", "last", "100000", "101000"),
            ("mark-price", "markPx", "100000", "101000"),
            ("index-tickers", "idxPx", "100000", "101000"),
            ("price-limit", "buyLmt", "105000", "106050"),
        ],
    )
    def test_at_once_on_a_change_and_every_second(
        self, okx: Bench, channel: str, member: str, before: str, after: str
    ) -> None:
        socket = okx.socket("public")
        name = "BTC-USDT" if channel == "index-tickers" else SWAP
        ack, first = socket.subscribe(channel, instId=name)
        assert (ack["event"], first["arg"]) == ("subscribe", {"channel": channel, "instId": name})
        assert first["data"][0][member] == before
        assert socket.hear() == []
        okx.exchange.set_price("BTC", D(101_000))
        assert socket.hear()[0]["data"][0][member] == after
        okx.clock.now_ms += 999
        assert socket.hear() == []
        okx.clock.now_ms += 1
        assert socket.hear()[0]["data"][0][member] == after

    def test_the_best_levels(self, okx: Bench) -> None:
        socket = okx.socket("public")
        row = socket.subscribe("bbo-tbt", instId=SPOT)[1]["data"][0]
        assert (row["asks"], row["bids"]) == ([["100001", "6", "0", "1"]], [["99999", "6", "0", "1"]])
        assert len(socket.subscribe("books5", instId=SPOT)[1]["data"][0]["asks"]) == 5
        okx.order(SPOT, "buy", "1", ordType="limit", px="100000")
        assert {tuple(one["data"][0]["bids"][0][:2]) for one in socket.hear()} == {("100000", "1")}

    def test_a_book_is_a_snapshot_and_its_changes(self, okx: Bench) -> None:
        socket = okx.socket("public")
        _, snapshot = socket.subscribe("books", instId=SPOT)
        assert (snapshot["action"], snapshot["data"][0]["prevSeqId"]) == ("snapshot", -1)
        placed = okx.order(SPOT, "buy", "1", ordType="limit", px="99999.5")
        added = socket.hear()[0]
        assert (added["action"], added["data"][0]["bids"]) == ("update", [["99999.5", "1", "0", "1"]])
        assert added["data"][0]["prevSeqId"] == snapshot["data"][0]["seqId"]
        okx.post("trade/cancel-order", {"instId": SPOT, "ordId": placed["ordId"]})
        gone = socket.hear()[0]["data"][0]
        assert (gone["bids"], gone["asks"]) == ([["99999.5", "0", "0", "1"]], [])

    def test_trades(self, okx: Bench) -> None:
        socket = okx.socket("public")
        assert len(pushed(socket.subscribe("trades", instId=SPOT), "trades")) == 1
        okx.order(SPOT, "sell", "0.5")
        row = socket.hear()[0]["data"][0]
        assert (row["px"], row["sz"], row["side"], row["instId"]) == ("99999", "0.5", "sell", SPOT)
        assert socket.hear() == []

    def test_funding_and_instruments(self, okx: Bench) -> None:
        socket = okx.socket("public")
        assert socket.subscribe("funding-rate", instId=SWAP)[1]["data"][0]["fundingRate"] == "0.0001"
        okx.exchange.set_funding_rate("BTC", D("0.0004"))
        assert socket.hear()[0]["data"][0]["fundingRate"] == "0.0004"
        rows = socket.subscribe("instruments", instType="SWAP")[1]["data"]
        assert row_of(rows, instId=INVERSE)["instIdCode"] == 10458
        okx.exchange.set_status(f"linear:{SWAP}", SUSPENDED)
        assert row_of(socket.hear()[0]["data"], instId=SWAP)["state"] == "suspend"

    def test_candles_are_on_the_business_socket(self, okx: Bench) -> None:
        row = okx.socket("business").subscribe("candle1m", instId=SWAP)[1]["data"][0]
        assert (row[1], row[8]) == ("100000", "0")

    def test_what_was_unsubscribed_is_pushed_no_more(self, okx: Bench) -> None:
        socket = okx.socket("public")
        arg = {"channel": "mark-price", "instId": SWAP}
        socket.subscribe(**arg)
        answer = socket.say({"op": "unsubscribe", "args": [arg]})
        assert [one["event"] for one in answer] == ["unsubscribe"]
        okx.exchange.set_price("BTC", D(101_000))
        assert socket.hear() == []


class TestPrivate:
    def test_the_account_at_once_on_a_change_and_every_five_seconds(self, okx: Bench) -> None:
        socket = okx.socket()
        _, first = socket.subscribe("account")
        assert (first["eventType"], len(first["data"][0]["details"])) == ("snapshot", 3)
        assert socket.hear() == []
        okx.order(SPOT, "sell", "0.4")
        update = socket.hear()[0]
        assert update["eventType"] == "event_update"
        assert row_of(update["data"][0]["details"], ccy="BTC")["eq"] == "0.6"
        okx.clock.now_ms += 4_999
        assert socket.hear() == []
        okx.clock.now_ms += 1
        assert socket.hear()[0]["eventType"] == "snapshot"

    def test_a_transfer_is_a_change_and_anothers_trade_is_none(self, okx: Bench) -> None:
        socket = okx.socket()
        socket.subscribe("account", ccy="USDT")
        okx.key = "paper2"
        okx.order(SPOT, "sell", "0.4")
        assert socket.hear() == []
        okx.key = "paper"
        okx.post("asset/transfer", {"ccy": "USDT", "amt": "10", "from": "18", "to": "6"})
        assert [row["eq"] for row in socket.hear()[0]["data"][0]["details"]] == ["399990"]

    def test_only_events_when_that_was_asked_for(self, okx: Bench) -> None:
        socket = okx.socket()
        extra = '{"updateInterval":"0"}'
        for arg in ({"channel": "account"}, {"channel": "positions", "instType": "ANY"}):
            assert socket.subscribe(**arg, extraParams=extra)[0]["event"] == "subscribe"
        okx.clock.now_ms += 20_000
        assert socket.hear() == []

    def test_positions(self, okx: Bench) -> None:
        okx.order(SWAP, "sell", "3")
        socket = okx.socket()
        _, first = socket.subscribe("positions", instType="ANY")
        assert [row["pos"] for row in first["data"]] == ["-3"]
        okx.order(INVERSE, "sell", "30")
        (changed,) = socket.hear()
        assert [(row["instId"], row["pos"]) for row in changed["data"]] == [(INVERSE, "-30")]
        okx.post("trade/close-position", {"instId": SWAP, "mgnMode": "cross"})
        (closed,) = socket.hear()
        assert [(row["instId"], row["pos"], row["upl"]) for row in closed["data"]] == [(SWAP, "0", "0")]
        okx.clock.now_ms += 5_000
        (snapshot,) = socket.hear()
        assert (snapshot["eventType"], [row["instId"] for row in snapshot["data"]]) == ("snapshot", [INVERSE])

    def test_positions_of_one_instrument(self, okx: Bench) -> None:
        socket = okx.socket()
        socket.subscribe("positions", instType="ANY", instId=SWAP)
        okx.order(INVERSE, "sell", "30")
        assert socket.hear() == []
        okx.order(SWAP, "sell", "1")
        assert socket.hear()[0]["arg"]["instId"] == SWAP

    def test_every_version_of_an_order(self, okx: Bench) -> None:
        socket = okx.socket()
        assert len(socket.subscribe("orders", instType="ANY")) == 1
        okx.exchange.deposit("paper", "trading", "USDT", D(10_000_000))
        okx.order(SPOT, "buy", "7", ordType="ioc", px="100001", clOrdId="mine")
        rows = [one["data"][0] for one in socket.hear()]
        assert [(row["state"], row["accFillSz"], row["fillSz"]) for row in rows] == [
            ("live", "0", "0"),
            ("partially_filled", "6", "6"),
            ("canceled", "6", "0"),
        ]
        assert {row["clOrdId"] for row in rows} == {"mine"}
        fill = rows[1]
        assert (fill["fillPx"], fill["fillFee"], fill["fillFeeCcy"], fill["execType"]) == (
            "100001",
            "-0.006",
            "BTC",
            "T",
        )
        assert [row["tradeId"] != "" for row in rows] == [False, True, False]

    def test_one_update_is_told_to_all_before_the_next(self, okx: Bench) -> None:
        socket = okx.socket()
        socket.subscribe("orders", instType="ANY")
        socket.subscribe("orders", instType="SPOT", instId=SPOT)
        okx.order(SPOT, "sell", "0.1")
        states = [one["data"][0]["state"] for one in socket.hear()]
        assert states == ["live", "live", "filled", "filled"]

    def test_orders_of_one_kind(self, okx: Bench) -> None:
        socket = okx.socket()
        socket.subscribe("orders", instType="SWAP")
        okx.order(SPOT, "sell", "0.1")
        assert socket.hear() == []
        okx.order(SWAP, "sell", "1")
        assert [one["data"][0]["instId"] for one in socket.hear()] == [SWAP, SWAP]

    def test_cash_and_contracts_together(self, okx: Bench) -> None:
        socket = okx.socket()
        _, first = socket.subscribe("balance_and_position")
        assert first["data"][0]["eventType"] == "snapshot"
        okx.order(SWAP, "sell", "3")
        body = socket.hear()[0]["data"][0]
        assert (body["eventType"], body["posData"][0]["pos"], len(body["trades"])) == ("filled", "-3", 1)
        assert body["balData"][0]["cashBal"] == "399998.500015"
        okx.exchange.settle_funding("BTC", D("0.0001"))
        assert socket.hear()[0]["data"][0]["eventType"] == "funding_fee"
        okx.post("asset/transfer", {"ccy": "USDT", "amt": "10", "from": "18", "to": "6"})
        assert socket.hear()[0]["data"][0]["eventType"] == "transferred"
        assert socket.hear() == []


class TestOrders:
    def ask(self, socket: Socket, op: str, *args: dict[str, Any], **more: object) -> Body:
        return socket.say({"id": "1", "op": op, "args": list(args), **more})[0]

    def test_place_amend_and_cancel_by_the_instruments_number(self, okx: Bench) -> None:
        socket = okx.socket()
        body = wanted(SWAP, "sell", "3", ordType="limit", px="101000") | {"instIdCode": 10459}
        del body["instId"]
        placed = self.ask(socket, "order", body)
        assert (placed["id"], placed["op"], placed["code"]) == ("1", "order", "0")
        order_id = placed["data"][0]["ordId"]
        target = {"instIdCode": 10459, "ordId": order_id}
        assert self.ask(socket, "amend-order", target | {"newSz": "4"})["code"] == "0"
        assert okx.get("trade/orders-pending")[0]["sz"] == "4"
        assert self.ask(socket, "cancel-order", target)["code"] == "0"
        refused = self.ask(socket, "cancel-order", target)
        assert (refused["code"], refused["data"][0]["sCode"]) == ("1", "51401")

    def test_lists(self, okx: Bench) -> None:
        socket = okx.socket()
        good, bad = wanted(SPOT, "sell", "0.1"), wanted(SPOT, "sell", "9")
        answer = self.ask(socket, "batch-orders", good, bad)
        assert (answer["code"], [row["sCode"] for row in answer["data"]]) == ("2", ["0", "51008"])

    def test_r21_a_deadline_holds_here_too(self, okx: Bench) -> None:
        answer = self.ask(okx.socket(), "order", wanted(SPOT, "sell", "0.1"), expTime=str(okx.clock.now_ms - 1))
        assert (answer["code"], answer["data"]) == ("50036", [])
        assert okx.get("trade/orders-history", instType="SPOT") == []

    def test_limits_are_shared_with_rest(self) -> None:
        okx = Bench(Limits(counts={"trade/order": 1}))
        okx.order(SPOT, "sell", "0.1")
        assert self.ask(okx.socket(), "order", wanted(SPOT, "sell", "0.1"))["code"] == "50011"

    @pytest.mark.parametrize(("kind", "code"), [("public", "60028"), ("private", "60011")])
    def test_only_for_those_who_logged_in(self, okx: Bench, kind: str, code: str) -> None:
        assert self.ask(okx.socket(kind, login=False), "order", wanted(SPOT, "sell", "0.1"))["code"] == code

    def test_a_key_that_reads_only(self, okx: Bench) -> None:
        socket = okx.socket(login=False)
        socket.login(key="paper-readonly")
        assert self.ask(socket, "order", wanted(SPOT, "sell", "0.1"))["code"] == "50120"
