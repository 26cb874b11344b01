"""Trades and the venue's books on KuCoin: complete, in order, or a fault (R22, R23, R29)."""

from __future__ import annotations

import itertools
from decimal import Decimal as D

import pytest

from bot.core.accounting import Adl, Foreign, Liquidation, Owner, Settlement, owner_of
from bot.domain.errors import VenueFault
from bot.domain.ids import Asset, TradeId, VenueOrderId
from bot.domain.ledger import RowKind
from bot.domain.orders import (
    Found,
    Side,
    TradeCursor,
)
from bot.venue.gateway import CcxtVenue
from tests.venue.kucoin_wire import (
    ORDER_ID,
    KuCoinWire,
    fill,
    ok,
    order_row,
    page,
)
from tests.venue.wire import BTC, EPOCH_MS, Asked, HandClock

FILLS = "/api/v1/fills"
NS = 1_000_000
NONE_YET = TradeCursor(trade_id=None, time_ms=EPOCH_MS)


async def test_trades_are_ordered_by_nanosecond_then_id_and_begin_after_the_cursor(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire, clock: HandClock
) -> None:
    base = EPOCH_MS * NS
    rows = [fill(12, base + 5), fill(9, base + 5), fill(11, base + 1), fill(7, base + 2 * NS)]
    kucoin.serve("GET", FILLS, lambda asked: page(rows[::-1]))
    clock.ms += 1_000
    everything = await kucoin_venue.trades(BTC, TradeCursor(trade_id=None, time_ms=EPOCH_MS - 1))
    assert [trade.trade_id for trade in everything] == ["11", "9", "12", "7"]
    assert [trade.time_ms for trade in everything] == [EPOCH_MS] * 3 + [EPOCH_MS + 2]
    after = await kucoin_venue.trades(BTC, TradeCursor(trade_id=TradeId("9"), time_ms=EPOCH_MS))
    assert [trade.trade_id for trade in after] == ["12", "7"]
    assert int(kucoin.last(FILLS).params["startAt"]) < EPOCH_MS, "rows are listed by when they were booked"
    first = everything[0]
    assert (first.contracts, first.side, first.fee, first.fee_asset, first.maker) == (
        *(D(10), Side.SELL, D("0.5064006"), Asset("USDT")),
        False,
    )


async def test_trades_that_do_not_reach_back_to_the_cursor_are_not_believed(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire
) -> None:
    kucoin.serve("GET", FILLS, page([]))
    with pytest.raises(VenueFault, match="not in the list"):
        await kucoin_venue.trades(BTC, TradeCursor(trade_id=TradeId("9"), time_ms=EPOCH_MS))
    assert await kucoin_venue.trades(BTC, NONE_YET) == []


async def test_trades_on_many_pages_and_in_many_weeks(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire, clock: HandClock
) -> None:
    clock.ms += 10 * 86_400_000
    pages_of = [[fill(1, (EPOCH_MS + 5) * NS)], [fill(2, (EPOCH_MS + 6) * NS)]]
    spans: list[tuple[int, int]] = []

    def fills(asked: Asked) -> object:
        begin, end, number = (int(asked.params[key]) for key in ("startAt", "endAt", "currentPage"))
        spans.append((begin, end))
        if begin > EPOCH_MS:
            return page([])
        return page(pages_of[number - 1], currentPage=number, totalNum=2)

    kucoin.serve("GET", FILLS, fills)
    found = await kucoin_venue.trades(BTC, NONE_YET)
    assert [trade.trade_id for trade in found] == ["1", "2"]
    distinct = sorted(set(spans))
    assert all(end - begin < 7 * 86_400_000 for begin, end in distinct)
    assert all(first[1] + 1 == second[0] for first, second in itertools.pairwise(distinct))
    assert distinct[-1][1] >= kucoin_venue.now_ms()


@pytest.mark.parametrize("total", [0, 2, 3])
async def test_a_list_without_all_its_rows_is_a_fault(kucoin_venue: CcxtVenue, kucoin: KuCoinWire, total: int) -> None:
    kucoin.serve("GET", FILLS, page([fill(1, (EPOCH_MS + 5) * NS)], totalNum=total))
    with pytest.raises(VenueFault):
        await kucoin_venue.trades(BTC, NONE_YET)


async def test_in_hedge_mode_the_long_sides_trades_are_not_ours(kucoin_venue: CcxtVenue, kucoin: KuCoinWire) -> None:
    at = (EPOCH_MS + 5) * NS
    rows = [fill(1, at, positionSide="LONG"), fill(2, at, positionSide="SHORT"), fill(3, at, positionSide="BOTH")]
    kucoin.serve("GET", FILLS, page(rows))
    assert [trade.trade_id for trade in await kucoin_venue.trades(BTC, NONE_YET)] == ["2", "3"]


@pytest.mark.parametrize(
    "row", [{"side": "up"}, {"size": 0}, {"liquidity": "?"}, {"tradeType": "?"}, {"symbol": "ETHUSDTM"}, {"fee": None}]
)
async def test_r8_a_trade_that_does_not_fit_is_a_fault(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire, row: dict[str, object]
) -> None:
    kucoin.serve("GET", FILLS, page([fill(1, (EPOCH_MS + 5) * NS, **row)]))
    with pytest.raises(VenueFault):
        await kucoin_venue.trades(BTC, NONE_YET)


@pytest.mark.parametrize(
    ("word", "owner"),
    [
        ("liquidation", Liquidation()),
        ("liquid", Liquidation()),
        ("ADL", Adl()),
        ("adl", Adl()),
        ("settlement", Settlement()),
    ],
)
@pytest.mark.parametrize("listed", [True, False])
async def test_r25_what_the_venue_forced_is_known_by_its_trades(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire, word: str, owner: Owner, listed: bool
) -> None:
    """Its orders carry no mark, and the venue may not even list them."""
    at = (EPOCH_MS + 5) * NS
    forced: dict[str, object] = {"orderId": "77", "side": "buy", "tradeType": word}
    rows = [fill(1, at), fill(2, at + 1, **forced), fill(3, at + 2, **forced, size=30, price="84404.1")]
    kucoin.serve("GET", FILLS, page(rows))
    bare = order_row("", id="77", side="buy", size=40, filledSize=40)
    absent = {"code": "100001", "msg": "error.getOrder.orderNotExist"}
    kucoin.serve("GET", "/api/v1/orders/77", ok(bare) if listed else absent)
    kucoin.serve("GET", f"/api/v1/orders/{ORDER_ID}", ok(order_row("by-hand")))
    assert len(await kucoin_venue.trades(BTC, NONE_YET)) == 3
    found = await kucoin_venue.find_venue_order(BTC, VenueOrderId("77"))
    assert isinstance(found, Found)
    assert owner_of(found.report.client_id, known=lambda _: False) == owner
    assert (found.report.side, found.report.filled, found.report.average_price) == (Side.BUY, D(40), D("84403.1"))
    other = await kucoin_venue.find_venue_order(BTC, VenueOrderId(ORDER_ID))
    assert isinstance(other, Found)
    assert owner_of(other.report.client_id, known=lambda _: False) == Foreign()


# The venue's books


async def test_r29_a_periods_result_is_told_as_trades_fees_and_funding(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire
) -> None:
    """The account books -3.2 for the period: 1.3 of the trades themselves, a fee of 0.5, funding of -4."""
    entry = {"currency": "USDT", "fee": 0.0, "accountEquity": 1.0, "status": "Completed"}
    booked = [
        {**entry, "time": EPOCH_MS + 800, "type": "RealisedPNL", "amount": -3.2, "remark": "XBTUSDTM", "offset": 3},
        {**entry, "time": EPOCH_MS + 100, "type": "TransferOut", "amount": -14.0, "remark": "", "offset": 2},
        {**entry, "time": EPOCH_MS + 50, "type": "TransferIn", "amount": 10.0, "remark": "", "offset": 1},
    ]
    kucoin.serve("GET", "/api/v1/transaction-history", ok({"hasMore": False, "dataList": booked}))
    paid = {"id": 7, "symbol": "XBTUSDTM", "timePoint": EPOCH_MS + 700, "funding": -4.0, "settleCurrency": "USDT"}
    kucoin.serve("GET", "/api/v1/funding-history", ok({"hasMore": False, "dataList": [paid]}))
    kucoin.serve("GET", FILLS, page([fill(1, (EPOCH_MS + 5) * NS, fee="0.5")]))
    spot = {"accountType": "TRADE_HF", "direction": "in", "currency": "BTC", "createdAt": str(EPOCH_MS + 60)}
    trade = {**spot, "id": "1", "amount": "1.5976", "fee": "0.0016", "bizType": "TRADE_EXCHANGE", "context": ""}
    kucoin.serve("GET", "/api/v1/hf/accounts/ledgers", ok([trade]))
    staked = {**spot, "id": "2", "accountType": "MAIN", "amount": "0.5", "fee": "0", "bizType": "Staking"}
    kucoin.serve("GET", "/api/v1/accounts/ledgers", page([{**staked, "direction": "out"}]))
    rows = await kucoin_venue.ledger(EPOCH_MS, [BTC])
    assert [(row.wallet, row.kind, row.amount) for row in rows] == [
        ("futures", RowKind.FEE, D("-0.5")),
        ("futures", RowKind.TRANSFER, D(10)),
        ("main", RowKind.TRANSFER, D("-0.5")),
        ("earn", RowKind.TRANSFER, D("0.5")),
        ("trade_hf", RowKind.TRADE, D("1.5992")),
        ("trade_hf", RowKind.FEE, D("-0.0016")),
        ("futures", RowKind.TRANSFER, D(-14)),
        ("futures", RowKind.FUNDING, D(-4)),
        ("futures", RowKind.TRADE, D("1.3")),
    ]
    booked[0]["type"] = "Gift"
    with pytest.raises(VenueFault, match="Gift"):
        await kucoin_venue.ledger(EPOCH_MS, [BTC])
