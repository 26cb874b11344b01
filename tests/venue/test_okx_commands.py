"""OKX: what is sent, and what its answers are taken for (R16 to R25)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from bot.domain.ids import ClientOrderId, VenueName, VenueOrderId
from bot.domain.observation import Wanted
from bot.domain.orders import (
    Acked,
    Found,
    LookupFailed,
    NotFound,
    OrderRequest,
    OrderStatus,
    OutcomeUnknown,
    Rejected,
    Side,
    TimeInForce,
)
from bot.ports import OrderTicket
from bot.venue.gateway import CcxtVenue
from tests.venue.okx_wire import (
    BTC,
    COIN_M,
    PHRASE,
    OkxWire,
    answer,
    flat_account,
    held,
    order,
    part_refused,
    refused,
    started,
    values,
)
from tests.venue.wire import EPOCH_MS, KEY, SECRET, Anything, HandClock, Reply

OURS = ClientOrderId("habcdefghjk000000000000001")
PLACE = "/api/v5/trade/order"
CANCEL = "/api/v5/trade/cancel-order"
ORDER_ID = "312269865356374016"
DAY_MS = 86_400_000


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def wire(clock: HandClock) -> OkxWire:
    return flat_account(clock)


@pytest.fixture
async def venue(wire: OkxWire, clock: HandClock) -> AsyncIterator[CcxtVenue]:
    async with started(wire, clock, BTC, COIN_M, isolated=frozenset({BTC})) as venue:
        wire.asked.clear()
        wire.sent_headers.clear()
        yield venue


def ticket(**more: Anything) -> OrderTicket:
    wanted: dict[str, Anything] = {
        "venue": VenueName("main"),
        "symbol": BTC,
        "side": Side.SELL,
        "contracts": Decimal("100.00"),
        "price": Decimal("99500.0"),
        "time_in_force": TimeInForce.IOC,
        "reduce_only": False,
        **more,
    }
    return OrderTicket(
        request=OrderRequest(**wanted), client_id=OURS, timestamp_ms=EPOCH_MS, deadline_ms=EPOCH_MS + 3_000
    )


def acknowledged(**more: str) -> dict[str, object]:
    row = {"ordId": ORDER_ID, "clOrdId": OURS, "tag": "", "ts": str(EPOCH_MS + 7), "sCode": "0", "sMsg": "", **more}
    return answer(row)


# Orders


async def test_r21_an_order_and_its_deadline_go_on_the_wire(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve("POST", PLACE, acknowledged())
    outcome = await venue.place(ticket())
    assert isinstance(outcome, Acked)
    report = outcome.report
    assert values(report.status, report.filled, report.contracts) == (OrderStatus.OPEN, 0, 100)
    assert (report.client_id, report.venue_order_id, report.time_ms) == (OURS, ORDER_ID, EPOCH_MS + 7)
    assert wire.last(PLACE).params == {
        "instId": "BTC-USDT-SWAP",
        "tdMode": "isolated",
        "side": "sell",
        "ordType": "ioc",
        "sz": "100",
        "px": "99500",
        "clOrdId": OURS,
    }
    headers = wire.headers_of(PLACE)
    assert headers["expTime"] == str(EPOCH_MS + 3_000)
    assert (headers["OK-ACCESS-KEY"], headers["OK-ACCESS-PASSPHRASE"]) == (KEY, PHRASE)


async def test_r21_only_orders_carry_a_deadline(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve("POST", CANCEL, acknowledged())
    wire.serve_rows("trade/order", order(OURS))
    await venue.cancel(BTC, OURS)
    assert not any("expTime" in headers for headers in wire.sent_headers)


@pytest.mark.parametrize(
    ("wanted", "word"), [(TimeInForce.GTC, "limit"), (TimeInForce.IOC, "ioc"), (TimeInForce.POST_ONLY, "post_only")]
)
async def test_r24_a_buy_is_reduce_only_in_net_mode(
    venue: CcxtVenue, wire: OkxWire, wanted: TimeInForce, word: str
) -> None:
    wire.serve("POST", PLACE, acknowledged())
    await venue.place(ticket(side=Side.BUY, time_in_force=wanted, reduce_only=True))
    sent = wire.last(PLACE).params
    assert (sent["ordType"], sent["side"]) == (word, "buy")
    assert sent["reduceOnly"] == "true"
    assert "posSide" not in sent


async def test_r24_hedge_mode_names_the_short_side_and_no_reduce_only(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve("POST", PLACE, acknowledged())
    await venue.place(ticket(side=Side.BUY, reduce_only=True, hedged=True))
    sent = wire.last(PLACE).params
    assert sent["posSide"] == "short"
    assert "reduceOnly" not in sent


async def test_an_order_names_the_margin_mode_of_the_position_that_it_shrinks(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve("POST", PLACE, acknowledged())
    await venue.place(ticket(symbol=COIN_M))
    assert wire.last(PLACE).params["tdMode"] == "cross"
    wire.serve_rows("account/positions", held("BTC-USDT-SWAP", "-1", mgnMode="cross", margin=""))
    await venue.observe(Wanted(symbols=frozenset({BTC})))
    await venue.place(ticket())
    assert wire.last(PLACE).params["tdMode"] == "cross"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(lost=True),
        Reply(cut=True),
        Reply(text="<html>busy</html>"),
        Reply(text="null"),
        Reply(status=502, text="<html>bad gateway</html>"),
        Reply(status=504),
        {},
        [],
        {"code": "0", "data": [], "msg": ""},
        acknowledged(ordId=""),
        acknowledged(clOrdId="another"),
        acknowledged(sCode="51008"),
        refused("50001"),
        refused("50004"),
        refused("50026"),
        refused("99999"),
        refused("1"),
        part_refused("51999"),
        part_refused("51016"),
        Reply(status=503, body=refused("51008")),
    ],
)
async def test_r20_what_does_not_say_the_outcome_leaves_it_unknown(
    venue: CcxtVenue, wire: OkxWire, reply: object
) -> None:
    wire.serve("POST", PLACE, reply)
    assert isinstance(await venue.place(ticket()), OutcomeUnknown)
    assert wire.count(PLACE) == 1


@pytest.mark.parametrize(
    "code", ["50036", "50037", "51008", "51020", "51121", "51006", "51169", "51010", "51001", "50113"]
)
async def test_r20_a_definite_refusal_has_no_effect(venue: CcxtVenue, wire: OkxWire, code: str) -> None:
    for body in (part_refused(code), refused(code)):
        wire.serve("POST", PLACE, body)
        outcome = await venue.place(ticket())
        assert isinstance(outcome, Rejected)
        assert outcome.code == code


async def test_over_a_limit_nothing_is_sent_for_a_while(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve("POST", PLACE, part_refused("50061"))
    assert isinstance(await venue.place(ticket()), Rejected)
    assert isinstance(await venue.place(ticket()), Rejected)
    assert wire.count(PLACE) == 1


async def test_no_secret_is_in_an_outcome(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve("POST", PLACE, part_refused("51008", f"{KEY} {SECRET} https://www.okx.com/api?sign=x"))
    outcome = await venue.place(ticket())
    assert isinstance(outcome, Rejected)
    assert "https://" not in outcome.message


# Cancels and look-ups


async def test_a_cancel_is_acknowledged_and_the_order_read_back(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve("POST", CANCEL, acknowledged())
    wire.serve_rows("trade/order", order(OURS, state="canceled", accFillSz="40"))
    outcome = await venue.cancel(BTC, OURS)
    assert isinstance(outcome, Acked)
    assert values(outcome.report.status, outcome.report.filled) == (OrderStatus.CANCELED, 40)
    assert wire.last(CANCEL).params == {"instId": "BTC-USDT-SWAP", "clOrdId": OURS}


@pytest.mark.parametrize("code", ["51400", "51401", "51402"])
async def test_a_cancel_that_comes_too_late_is_refused(venue: CcxtVenue, wire: OkxWire, code: str) -> None:
    wire.serve("POST", CANCEL, part_refused(code))
    assert isinstance(await venue.cancel(BTC, OURS), Rejected)


@pytest.mark.parametrize("reply", [Reply(lost=True), part_refused("51999"), {}, acknowledged(clOrdId="another")])
async def test_r20_a_cancel_without_an_answer_is_unknown(venue: CcxtVenue, wire: OkxWire, reply: object) -> None:
    wire.serve("POST", CANCEL, reply)
    assert isinstance(await venue.cancel(BTC, OURS), OutcomeUnknown)
    assert wire.count(CANCEL) == 1


@pytest.mark.parametrize(
    ("fields", "status", "filled"),
    [
        ({"state": "live", "accFillSz": "0", "avgPx": ""}, OrderStatus.OPEN, 0),
        ({"state": "partially_filled", "accFillSz": "1"}, OrderStatus.PARTIALLY_FILLED, 1),
        ({"state": "filled"}, OrderStatus.FILLED, 100),
        ({"state": "canceled", "accFillSz": "0", "avgPx": ""}, OrderStatus.CANCELED, 0),
        ({"state": "canceled", "accFillSz": "99"}, OrderStatus.CANCELED, 99),
        ({"state": "mmp_canceled", "accFillSz": "0", "avgPx": "0"}, OrderStatus.CANCELED, 0),
    ],
)
async def test_r16_terminal_status_and_cumulative_fill(
    venue: CcxtVenue, wire: OkxWire, fields: dict[str, str], status: OrderStatus, filled: int
) -> None:
    wire.serve_rows("trade/order", order(OURS, **fields))
    found = await venue.find_order(BTC, OURS)
    assert isinstance(found, Found)
    assert values(found.report.status, found.report.filled) == (status, filled)
    assert (found.report.average_price is None) == (filled == 0)


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"accFillSz": "0.04"}, Found),
        ({"accFillSz": "0.04", "fillSz": "0.04"}, Found),
        ({"accFillSz": "0.04", "fillSz": "4"}, LookupFailed),
        ({"accFillSz": "0.04", "px": "9000"}, LookupFailed),
        ({"accFillSz": "0", "avgPx": "", "fillSz": "4"}, LookupFailed),
        ({"accFillSz": "0", "avgPx": "99990.5"}, LookupFailed),
    ],
)
async def test_r8_fills_fit_what_is_told_beside_them(
    venue: CcxtVenue, wire: OkxWire, fields: dict[str, str], kind: type
) -> None:
    wire.serve_rows("trade/order", order(OURS, state="canceled", **fields))
    assert isinstance(await venue.find_order(BTC, OURS), kind)
    wire.serve_rows("trade/order", order("somebody", state="canceled", **fields))
    assert isinstance(await venue.find_venue_order(BTC, VenueOrderId("312269865356374016")), Found)


async def test_r22_absence_is_the_venue_s_own_word(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve("GET", PLACE, refused("51603", "Order does not exist"))
    assert await venue.find_order(BTC, OURS) == NotFound(code="51603")
    assert await venue.find_venue_order(BTC, VenueOrderId("1")) == NotFound(code="51603")


@pytest.mark.parametrize(
    "reply",
    [
        Reply(lost=True),
        Reply(status=404),
        {},
        answer(),
        answer(order("another")),
        answer(order(OURS), order(OURS)),
        answer(order(OURS, instId="ETH-USDT-SWAP")),
        answer(order(OURS, state="strange")),
        answer(order(OURS, state="filled", accFillSz="50")),
        answer(order(OURS, state="canceled", accFillSz="100")),
        answer(order(OURS, accFillSz="101")),
        answer(order(OURS, ordId="")),
        refused("51001"),
    ],
)
async def test_r22_anything_else_says_nothing(venue: CcxtVenue, wire: OkxWire, reply: object) -> None:
    wire.serve("GET", PLACE, reply)
    assert isinstance(await venue.find_order(BTC, OURS), LookupFailed)


@pytest.mark.parametrize(
    ("category", "marker"),
    [
        ("adl", "adl_autoclose"),
        ("full_liquidation", "autoclose-"),
        ("partial_liquidation", "autoclose-"),
        ("delivery", "settlement_autoclose-"),
    ],
)
async def test_r25_orders_of_the_venue_carry_its_marker(
    venue: CcxtVenue, wire: OkxWire, category: str, marker: str
) -> None:
    wire.serve_rows("trade/order", order("", category=category, side="buy"))
    found = await venue.find_venue_order(BTC, VenueOrderId(ORDER_ID))
    assert isinstance(found, Found)
    assert found.report.client_id == marker
