"""The venue's books, list by list (R29); the sums are held against the paper exchange in test_paper."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest

from bot.domain.errors import VenueUnreadable
from bot.domain.ledger import LedgerRow, RowKind
from bot.venue.gateway import CcxtVenue
from tests.venue.wire import BTC, EPOCH_MS, Asked, Wire

EARN = "/sapi/v1/simple-earn"
DIVIDENDS = "/sapi/v1/asset/assetDividend"
EMPTY_PAGE = {"rows": [], "total": 0}


@pytest.fixture
def books(wire: Wire) -> Wire:
    """Empty books."""
    for path in ("/fapi/v1/income", "/dapi/v1/income", "/api/v3/myTrades", "/sapi/v1/capital/deposit/hisrec"):
        wire.serve("GET", path, [])
    wire.serve("GET", "/sapi/v1/capital/withdraw/history", [])
    wire.serve("GET", "/sapi/v1/asset/transfer", {"total": 0})
    wire.serve("GET", DIVIDENDS, EMPTY_PAGE)
    for product in ("flexible", "locked"):
        for record in ("subscriptionRecord", "redemptionRecord", "rewardsRecord"):
            wire.serve("GET", f"{EARN}/{product}/history/{record}", EMPTY_PAGE)
    return wire


async def told(venue: CcxtVenue) -> list[tuple[str, str, str, RowKind]]:
    return [flat(row) for row in await venue.ledger(EPOCH_MS - 1_000, [BTC])]


def flat(row: LedgerRow) -> tuple[str, str, str, RowKind]:
    return (row.wallet, row.asset, str(row.amount), row.kind)


async def test_a_spot_sale_books_three_rows(venue: CcxtVenue, books: Wire) -> None:
    trade = {"id": 1, "qty": "0.1", "quoteQty": "10000.0", "commission": "10.0", "commissionAsset": "USDT"}
    books.serve("GET", "/api/v3/myTrades", [{**trade, "time": EPOCH_MS, "isBuyer": False}])
    assert await told(venue) == [
        ("spot", "BTC", "-0.1", RowKind.TRADE),
        ("spot", "USDT", "10000.0", RowKind.TRADE),
        ("spot", "USDT", "-10.0", RowKind.FEE),
    ]


async def test_deposits_and_withdrawals_count_once_they_move_coins(venue: CcxtVenue, books: Wire) -> None:
    deposit = {"id": "d", "amount": "1.5", "coin": "BTC", "insertTime": EPOCH_MS, "walletType": 0}
    books.serve("GET", "/sapi/v1/capital/deposit/hisrec", [{**deposit, "status": 1}, {**deposit, "status": 0}])
    taken = {"id": "w", "amount": "1", "transactionFee": "0.001", "coin": "BTC", "walletType": 1}
    applied = {**taken, "applyTime": "2027-01-15 08:00:00"}
    rows = [{**applied, "status": 6}, {**applied, "status": 1}, {**applied, "status": 5}]
    books.serve("GET", "/sapi/v1/capital/withdraw/history", rows)
    assert await told(venue) == [
        ("spot", "BTC", "1.5", RowKind.DEPOSIT),
        ("funding", "BTC", "-1", RowKind.WITHDRAWAL),
        ("funding", "BTC", "-0.001", RowKind.FEE),
    ]
    assert {row.time_ms for row in await venue.ledger(EPOCH_MS - 1_000, [BTC])} == {EPOCH_MS}


async def test_only_confirmed_transfers_count_and_both_of_our_sides(venue: CcxtVenue, books: Wire) -> None:
    def transfers(asked: Asked) -> object:
        row = {"asset": "USDT", "amount": "7", "tranId": 1, "timestamp": EPOCH_MS}
        rows = [{**row, "status": "CONFIRMED"}, {**row, "status": "PENDING"}]
        return {"rows": rows, "total": 2} if asked.params["type"] == "FUNDING_MAIN" else EMPTY_PAGE

    books.serve("GET", "/sapi/v1/asset/transfer", transfers)
    assert await told(venue) == [
        ("spot", "USDT", "7", RowKind.TRANSFER),
        ("funding", "USDT", "-7", RowKind.TRANSFER),
    ]


async def test_real_time_interest_stays_in_the_product(venue: CcxtVenue, books: Wire) -> None:
    row = {"asset": "BTC", "rewards": "0.1", "projectId": "p", "time": EPOCH_MS}
    rows = [{**row, "type": "REALTIME"}, {**row, "type": "BONUS"}]
    books.serve("GET", f"{EARN}/flexible/history/rewardsRecord", {"rows": rows, "total": 2})
    assert [wallet for wallet, *_ in await told(venue)] == ["earn-flexible", "spot"]


MOVED = {"asset": "BTC", "amount": "3", "time": EPOCH_MS, "purchaseId": 1, "redeemId": 2}


def records(*rows: dict[str, object]) -> object:
    return {"rows": list(rows), "total": len(rows)}


@pytest.mark.parametrize(
    ("path", "more", "expected"),
    [
        (
            "locked/history/redemptionRecord",
            {"type": "NEW_TRANSFERRED", "status": "PAID"},
            {"earn-locked": "-3", "earn-flexible": "3"},
        ),
        ("locked/history/redemptionRecord", {"type": "MATURE", "status": "PAID"}, {"earn-locked": "-3", "spot": "3"}),
        ("locked/history/redemptionRecord", {"type": "AHEAD", "status": "CREATED"}, {"earn-locked": "-3"}),
        (
            "flexible/history/redemptionRecord",
            {"destAccount": "FUND", "status": "PAID"},
            {"earn-flexible": "-3", "funding": "3"},
        ),
        (
            "flexible/history/redemptionRecord",
            {"destAccount": "SPOT", "status": "PAID"},
            {"earn-flexible": "-3", "spot": "3"},
        ),
        (
            "flexible/history/subscriptionRecord",
            {"sourceAccount": "FUNDING", "status": "SUCCESS"},
            {"funding": "-3", "earn-flexible": "3"},
        ),
        (
            "locked/history/subscriptionRecord",
            {
                "sourceAccount": "SPOTANDFUNDING",
                "amtFromSpot": "1",
                "amtFromFunding": "2",
                "status": "SUCCESS",
            },
            {"spot": "-1", "funding": "-2", "earn-locked": "3"},
        ),
        (
            "flexible/history/subscriptionRecord",
            {"sourceAccount": "SPOT", "type": "CONVERT", "status": "SUCCESS"},
            {},
        ),
        ("locked/history/subscriptionRecord", {"sourceAccount": "SPOT", "status": "FAILED"}, {}),
    ],
)
async def test_r29_earn_is_booked_in_the_wallets_that_it_names(
    venue: CcxtVenue, books: Wire, path: str, more: dict[str, object], expected: dict[str, str]
) -> None:
    books.serve("GET", f"{EARN}/{path}", records({**MOVED, **more}))
    assert {wallet: amount for wallet, _, amount, _ in await told(venue)} == expected


async def test_r29_distributions_are_rewards_once(venue: CcxtVenue, books: Wire) -> None:
    row = {"id": 1, "amount": "10", "asset": "SCR", "divTime": EPOCH_MS, "enInfo": "Launchpool", "tranId": 7}
    earned = {**row, "asset": "BTC", "amount": "0.1", "enInfo": "Locked Rewards", "tranId": 8}
    books.serve("GET", DIVIDENDS, records(row, earned, {**earned, "tranId": 9}))
    reward = {"positionId": "1", "asset": "BTC", "amount": "0.10000000", "time": EPOCH_MS + 60_000}
    books.serve("GET", f"{EARN}/locked/history/rewardsRecord", records(reward))
    found = [(row.asset, row.reference, row.kind) for row in await venue.ledger(EPOCH_MS - 1_000, [BTC])]
    assert sorted(found) == [
        ("BTC", "1", RowKind.REWARD),
        ("BTC", "9", RowKind.REWARD),
        ("SCR", "7", RowKind.REWARD),
    ]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (DIVIDENDS, {"rows": [], "total": 1}),
        (DIVIDENDS, []),
        (f"{EARN}/locked/history/redemptionRecord", records({**MOVED, "type": "ELSEWHERE", "status": "PAID"})),
        (f"{EARN}/flexible/history/redemptionRecord", records({**MOVED, "destAccount": "MOON", "status": "PAID"})),
        (f"{EARN}/flexible/history/redemptionRecord", records({**MOVED, "status": "PAID"})),
        (f"{EARN}/locked/history/subscriptionRecord", records({**MOVED, "sourceAccount": "X", "status": "SUCCESS"})),
        (
            f"{EARN}/locked/history/subscriptionRecord",
            records(
                {
                    **MOVED,
                    "sourceAccount": "SPOTANDFUNDING",
                    "amtFromSpot": "1",
                    "amtFromFunding": "1",
                    "status": "SUCCESS",
                }
            ),
        ),
        ("/fapi/v1/income", [{"incomeType": "SOMETHING_NEW", "asset": "USDT", "income": "1", "time": EPOCH_MS}]),
        ("/fapi/v1/income", {}),
        (f"{EARN}/locked/history/rewardsRecord", {"rows": [], "total": 3}),
        (
            "/sapi/v1/capital/deposit/hisrec",
            [{"id": "d", "amount": "1", "coin": "BTC", "insertTime": EPOCH_MS, "walletType": 9, "status": 1}],
        ),
    ],
)
async def test_r29_what_can_not_be_booked_is_not_left_out(
    venue: CcxtVenue, books: Wire, path: str, body: object
) -> None:
    books.serve("GET", path, body)
    with pytest.raises(VenueUnreadable):
        await venue.ledger(EPOCH_MS - 1_000, [BTC])


async def test_weeks_are_read_in_spans_the_venue_takes(venue: CcxtVenue, books: Wire) -> None:
    since_ms = EPOCH_MS - 10 * 86_400_000
    await venue.ledger(since_ms, [BTC])
    spans = [
        (int(asked.params["startTime"]), int(asked.params["endTime"]))
        for asked in books.asked
        if asked.path == "/api/v3/myTrades"
    ]
    assert all(end - start < 86_400_000 for start, end in spans)
    assert spans[0][0] == since_ms
    assert spans[-1][1] > EPOCH_MS
    assert all(following[0] == earlier[1] + 1 for earlier, following in pairwise(spans))


async def test_wallets_tell_what_each_holds(venue: CcxtVenue) -> None:
    seen = {(wallet.wallet, str(wallet.asset)): wallet.quantity for wallet in await venue.wallets()}
    assert seen["spot", "LDO"] == 7
    assert ("spot", "LDBTC") not in seen
    assert seen["funding", "BTC"] == Decimal("0.1")
    assert seen["usdm", "USDT"] == 200_000
    assert seen["coinm", "BTC"] == 1
    assert seen["earn-flexible", "BTC"] == Decimal("0.3")
