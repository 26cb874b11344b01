"""OKX: spot orders, margin and the switch; what is sent and what is believed (R20, R21, R27)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bot.domain.errors import VenueFault
from bot.domain.ids import Asset, TradeId
from bot.domain.moves import Moved, MoveKind
from bot.domain.orders import Acked, Found, LookupFailed, NotFound, OrderStatus, OutcomeUnknown, Rejected, TradeCursor
from bot.venue.gateway import CcxtVenue
from tests.venue.okx_wire import (
    BTC,
    OkxWire,
    answer,
    balance,
    coin,
    config,
    fill,
    flat_account,
    order,
    part_refused,
    refused,
    started,
)
from tests.venue.treasury import OURS, SPOT, USDT, moving, spot_sale
from tests.venue.wire import EPOCH_MS, HandClock, Reply

PLACE = "/api/v5/trade/order"
MARGIN = "/api/v5/account/position/margin-balance"
BILLS = "/api/v5/account/bills"
SWITCH = "/api/v5/trade/cancel-all-after"
ADD = MoveKind.ADD_MARGIN
DAY_MS = 86_400_000


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def wire(clock: HandClock) -> OkxWire:
    return flat_account(clock)


@pytest.fixture
async def venue(wire: OkxWire, clock: HandClock) -> AsyncIterator[CcxtVenue]:
    async with started(wire, clock, BTC, isolated=frozenset({BTC}), spot_symbols=[SPOT]) as venue:
        yield venue
        wire.asked.clear()


def spot_order(**more: object) -> dict[str, object]:
    more = {"instType": "SPOT", "instId": "BTC-USDT", "posSide": "", "sz": "0.1", "accFillSz": "0.1", **more}
    return order(OURS, **more)


def margin_bill(number: int, **more: object) -> dict[str, object]:
    """As ccxt shows one (`fetchMarginAdjustmentHistory`)."""
    return {
        "billId": str(number),
        "bal": "67621.43",
        "balChg": "-25.00000001",
        "posBal": "73.12",
        "posBalChg": "25.00000001",
        "ccy": "USDT",
        "instId": "BTC-USDT-SWAP",
        "instType": "SWAP",
        "mgnMode": "isolated",
        "subType": "160",
        "type": "6",
        "pnl": "0",
        "fee": "0",
        "ts": str(EPOCH_MS + number),
        **more,
    }


def added(**more: str) -> dict[str, object]:
    return answer(
        {"amt": "25.00000001", "ccy": "USDT", "instId": "BTC-USDT-SWAP", "posSide": "net", "type": "add", **more}
    )


# Spot orders.


async def test_r21_a_spot_order_is_for_cash_and_has_its_deadline_beside_it(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve(
        "POST", PLACE, answer({"ordId": "312269865356374016", "clOrdId": OURS, "sCode": "0", "sMsg": "", "ts": "1"})
    )
    outcome = await venue.place(spot_sale())
    assert isinstance(outcome, Acked), outcome
    assert outcome.report.status is OrderStatus.OPEN
    assert wire.last(PLACE).params == {
        "instId": "BTC-USDT",
        "tdMode": "cash",
        "side": "sell",
        "ordType": "ioc",
        "sz": "0.1",
        "px": "99500",
        "clOrdId": OURS,
    }
    assert wire.headers_of(PLACE)["expTime"] == str(EPOCH_MS + 3_000)


@pytest.mark.parametrize(
    ("reply", "definite"),
    [
        (part_refused("51008"), True),
        (part_refused("50036"), True),
        (part_refused("51020"), True),
        (part_refused("51016"), False),
        (part_refused("51149"), False),
        (refused("50004"), False),
        (Reply(lost=True), False),
        (answer(), False),
    ],
)
async def test_r20_only_listed_codes_are_definite(
    venue: CcxtVenue, wire: OkxWire, reply: object, definite: bool
) -> None:
    wire.serve("POST", PLACE, reply)
    outcome = await venue.place(spot_sale())
    assert isinstance(outcome, Rejected if definite else OutcomeUnknown), outcome
    assert wire.count(PLACE) == 1


async def test_a_spot_order_is_looked_up_on_its_own_market(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve_rows("trade/order", spot_order(state="canceled", accFillSz="0.04"))
    found = await venue.find_order(SPOT, OURS)
    assert isinstance(found, Found), found
    assert (found.report.status, found.report.filled) == (OrderStatus.CANCELED, Decimal("0.04"))
    assert wire.last(PLACE).params == {"instId": "BTC-USDT", "clOrdId": OURS}
    wire.serve_rows("trade/order", order(OURS))
    assert isinstance(await venue.find_order(SPOT, OURS), LookupFailed)
    wire.serve("GET", PLACE, refused("51603"))
    assert isinstance(await venue.find_order(SPOT, OURS), NotFound)


async def test_an_order_that_somebody_sized_in_quote_does_not_spoil_the_list(venue: CcxtVenue, wire: OkxWire) -> None:
    theirs = spot_order(clOrdId="", ordType="market", tgtCcy="quote_ccy", sz="5000", accFillSz="0.05", side="buy")
    wire.serve_rows("trade/orders-pending")
    wire.serve_rows("trade/orders-history", theirs)
    (report,) = await venue.all_orders(SPOT, EPOCH_MS - 1)
    assert (report.client_id, report.contracts, report.filled) == (None, Decimal("0.05"), Decimal("0.05"))
    assert wire.last("/api/v5/trade/orders-history").params["instType"] == "SPOT"


async def test_spot_trades_have_no_side_of_a_position(venue: CcxtVenue, wire: OkxWire) -> None:
    spot = {"instType": "SPOT", "instId": "BTC-USDT", "fillSz": "0.1", "feeCcy": "BTC", "fee": "-0.0001", "side": "buy"}
    wire.serve_rows("trade/fills", fill(8, posSide="", **spot), fill(7, posSide="net", **spot))
    trades = await venue.trades(SPOT, TradeCursor(trade_id=TradeId("7"), time_ms=EPOCH_MS))
    assert [(trade.trade_id, trade.fee, trade.fee_asset) for trade in trades] == [("8", Decimal("0.0001"), "BTC")]


async def test_the_accounts_own_spot_rate_is_a_positive_cost(venue: CcxtVenue, wire: OkxWire) -> None:
    assert venue.spot_market(SPOT).taker_fee == Decimal("0.0005")
    assert wire.last("/api/v5/account/trade-fee").params == {"instType": "SPOT", "instId": "BTC-USDT"}


# Margin.


@pytest.mark.parametrize(("mode", "side"), [("net_mode", "net"), ("long_short_mode", "short")])
async def test_r21_margin_is_signed_to_be_too_old_from_the_deadline_on(
    venue: CcxtVenue, wire: OkxWire, mode: str, side: str
) -> None:
    wire.serve_rows("account/config", config(posMode=mode))
    wire.serve("POST", MARGIN, added(posSide=side))
    assert await venue.move(moving(ADD)) == Moved(reference="")
    sent = wire.last(MARGIN).params
    assert sent == {"instId": "BTC-USDT-SWAP", "posSide": side, "type": "add", "amt": "25.00000001"}
    signed = datetime.fromisoformat(wire.headers_of(MARGIN)["OK-ACCESS-TIMESTAMP"])
    assert signed + timedelta(seconds=30) == datetime.fromtimestamp((EPOCH_MS + 3_000) / 1_000, UTC)
    # Nothing of it stays with the client.
    await venue.free_to_move(USDT)
    wire.serve_rows("account/bills")
    await venue.moves(ADD, BTC, EPOCH_MS)
    read = datetime.fromisoformat(wire.headers_of(BILLS)["OK-ACCESS-TIMESTAMP"])
    assert read == datetime.fromtimestamp(EPOCH_MS / 1_000, UTC)


@pytest.mark.parametrize(
    ("reply", "definite"),
    [
        (refused("59300"), True),
        (refused("59301"), True),
        (refused("51008"), True),
        (refused("50102"), True),
        (refused("50026"), False),
        (refused("77777"), False),
        (Reply(lost=True), False),
        (answer(), False),
        (added(amt="24"), False),
        (added(instId="ETH-USDT-SWAP"), False),
        (added(type="reduce"), False),
    ],
)
async def test_r20_what_the_answer_to_added_margin_proves(
    venue: CcxtVenue, wire: OkxWire, reply: object, definite: bool
) -> None:
    wire.serve("POST", MARGIN, reply)
    outcome = await venue.move(moving(ADD))
    assert isinstance(outcome, Rejected if definite else OutcomeUnknown), outcome
    assert wire.count(MARGIN) == 1


async def test_there_is_no_need_of_a_transfer(venue: CcxtVenue, wire: OkxWire) -> None:
    outcome = await venue.move(moving(MoveKind.TRANSFER))
    assert isinstance(outcome, Rejected), outcome
    assert outcome.code == "not-needed"
    assert await venue.free_to_move(USDT) == 0
    assert await venue.moves(MoveKind.TRANSFER, BTC, EPOCH_MS) == []
    assert not [asked for asked in wire.asked if asked.method == "POST"]


async def test_margin_moved_by_hand_is_told_by_the_bills(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve_rows(
        "account/bills",
        margin_bill(9, subType="161", balChg="4", posBalChg="-4"),
        margin_bill(8, subType="162"),
        margin_bill(7, instId="ETH-USDT-SWAP"),
        margin_bill(6, posSide="long"),
        margin_bill(5),
    )
    moves = await venue.moves(ADD, BTC, EPOCH_MS)
    assert [(move.amount, move.reference, move.time_ms) for move in moves] == [
        (Decimal("25.00000001"), "5", EPOCH_MS + 5),
        (Decimal(-4), "9", EPOCH_MS + 9),
    ]
    asked = wire.last(BILLS).params
    assert (asked["type"], asked["instType"], asked["begin"]) == ("6", "SWAP", str(EPOCH_MS))
    wire.serve_rows("account/bills-archive")
    assert await venue.moves(ADD, BTC, EPOCH_MS - 8 * DAY_MS) == []


@pytest.mark.parametrize(
    "change",
    [{"subType": "999"}, {"type": "8"}, {"posBalChg": "-25"}, {"posBalChg": ""}, {"ts": "x"}, {"ccy": ""}],
)
async def test_a_bill_of_margin_that_is_not_known_is_not_guessed_at(
    venue: CcxtVenue, wire: OkxWire, change: dict[str, str]
) -> None:
    wire.serve_rows("account/bills", margin_bill(5, **change))
    with pytest.raises(VenueFault):
        await venue.moves(ADD, BTC, EPOCH_MS)


# The switch.


@pytest.mark.parametrize(("seconds", "sent"), [(30, "30"), (5, "10"), (0, "0")])
async def test_the_switch_is_of_ten_seconds_at_least_or_off(
    venue: CcxtVenue, wire: OkxWire, seconds: int, sent: str
) -> None:
    wire.serve("POST", SWITCH, answer({"triggerTime": "0" if seconds == 0 else str(EPOCH_MS + 30_000), "ts": "1"}))
    await venue.dead_man(BTC, seconds)
    assert wire.last(SWITCH).params == {"timeOut": sent}


@pytest.mark.parametrize(("seconds", "trigger"), [(30, "0"), (0, str(EPOCH_MS)), (30, "x")])
async def test_a_switch_that_is_not_as_asked_is_a_fault(
    venue: CcxtVenue, wire: OkxWire, seconds: int, trigger: str
) -> None:
    wire.serve("POST", SWITCH, answer({"triggerTime": trigger, "ts": "1"}))
    with pytest.raises(VenueFault):
        await venue.dead_man(BTC, seconds)


async def test_r25_orders_of_the_venue_itself_carry_its_marker(venue: CcxtVenue, wire: OkxWire) -> None:
    markers = {
        "adl": "adl_autoclose",
        "full_liquidation": "autoclose-",
        "partial_liquidation": "autoclose-",
        "delivery": "settlement_autoclose-",
        "normal": OURS,
    }
    for category, marker in markers.items():
        wire.serve_rows("trade/order", order(OURS, category=category))
        (report,) = [await venue.find_venue_order(BTC, order(OURS)["ordId"])]  # type: ignore[arg-type]
        assert isinstance(report, Found)
        assert report.report.client_id == marker


@pytest.mark.parametrize(
    ("told", "free"),
    [
        ({"availBal": "1.2", "availEq": "0.8"}, "0.8"),
        ({"availBal": "0.5", "availEq": "0.9"}, "0.5"),
        ({"availBal": "0.5", "availEq": ""}, "0.5"),
        ({"availBal": "0.5", "availEq": "-0.1"}, "0"),
    ],
)
async def test_what_can_be_sold_is_there_and_margins_nothing(
    venue: CcxtVenue, wire: OkxWire, told: dict[str, str], free: str
) -> None:
    wire.serve_rows("account/balance", balance(coin("BTC", "1", **told)))
    assert (await venue.to_sell(Asset("BTC"))).free == Decimal(free)


async def test_of_a_coin_that_is_not_listed_nothing_can_be_sold(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve_rows("account/balance", balance(coin("USDT", "1")))
    assert (await venue.to_sell(Asset("BTC"))).free == 0


@pytest.mark.parametrize("rows", [[coin("BTC", "1"), coin("BTC", "2")], [coin("BTC", "1", availBal="x")]])
async def test_a_balance_that_contradicts_itself_is_no_balance(
    venue: CcxtVenue, wire: OkxWire, rows: list[dict[str, str]]
) -> None:
    wire.serve_rows("account/balance", balance(*rows))
    with pytest.raises(VenueFault):
        await venue.to_sell(Asset("BTC"))
