"""OKX's own books (R29)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from bot.domain.errors import VenueFault, VenueUnreadable
from bot.domain.ledger import RowKind
from bot.venue.gateway import CcxtVenue
from tests.venue.okx_wire import BTC, OkxWire, answer, flat_account, refused, started
from tests.venue.wire import EPOCH_MS, Anything, Asked, HandClock

DAY_MS = 86_400_000
BILLS = "/api/v5/account/bills"
FUNDING = "/api/v5/asset/bills"
LENDING = "/api/v5/finance/savings/lending-history"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def wire(clock: HandClock) -> OkxWire:
    wire = flat_account(clock)
    for path in (BILLS, FUNDING, LENDING):
        wire.serve("GET", path, answer())
    return wire


@pytest.fixture
async def venue(wire: OkxWire, clock: HandClock) -> AsyncIterator[CcxtVenue]:
    async with started(wire, clock, BTC) as venue:
        yield venue


def bill(number: int, kind: str, change: str, **more: str) -> dict[str, str]:
    return {
        "billId": str(number),
        "type": kind,
        "subType": "",
        "ccy": "USDT",
        "balChg": change,
        "posBalChg": "0",
        "fee": "0",
        "pnl": "0",
        "instType": "",
        "instId": "",
        "mgnMode": "",
        "ts": str(EPOCH_MS + number),
        **more,
    }


SWAP = {"instType": "SWAP", "instId": "BTC-USDT-SWAP", "mgnMode": "cross"}


async def booked(venue: CcxtVenue, since_ms: int = EPOCH_MS) -> Anything:
    return [(row.wallet, row.asset, row.amount, row.kind) for row in await venue.ledger(since_ms, (BTC,))]


async def test_r29_trades_fees_funding_and_transfers_of_the_trading_account(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve(
        "GET",
        BILLS,
        answer(
            bill(5, "2", "0.0999", ccy="BTC", fee="-0.0001", instType="SPOT", instId="BTC-USDT", mgnMode="cash"),
            bill(4, "2", "-10000", instType="SPOT", instId="BTC-USDT", mgnMode="cash"),
            bill(3, "8", "12.5", pnl="12.5", **SWAP),
            bill(2, "2", "95", fee="-5", pnl="100", **SWAP),
            bill(1, "1", "1000"),
        ),
    )
    rows = await venue.ledger(EPOCH_MS, (BTC,))
    assert [(row.asset, row.amount, row.kind) for row in rows] == [
        ("USDT", 1000, RowKind.TRANSFER),
        ("USDT", 100, RowKind.TRADE),
        ("USDT", -5, RowKind.FEE),
        ("USDT", Decimal("12.5"), RowKind.FUNDING),
        ("USDT", -10_000, RowKind.TRADE),
        ("BTC", Decimal("0.1"), RowKind.TRADE),
        ("BTC", Decimal("-0.0001"), RowKind.FEE),
    ]
    assert {row.wallet for row in rows} == {"trading"}
    assert [row.symbol for row in rows] == [None, BTC, BTC, BTC, "BTC/USDT", "BTC/USDT", "BTC/USDT"]


async def test_r29_an_isolated_position_is_part_of_the_wallet(venue: CcxtVenue, wire: OkxWire) -> None:
    isolated = {**SWAP, "mgnMode": "isolated"}
    wire.serve(
        "GET",
        BILLS,
        answer(
            bill(1, "2", "-5", fee="-5", **isolated),
            bill(2, "6", "-1000", posBalChg="1000", **isolated),
            bill(3, "8", "0", posBalChg="2", pnl="2", **isolated),
        ),
    )
    assert await booked(venue) == [
        ("trading", "USDT", -5, RowKind.FEE),
        ("trading", "USDT", 2, RowKind.FUNDING),
    ]


async def test_r29_both_sides_of_transfers_to_earn_and_its_interest(venue: CcxtVenue, wire: OkxWire) -> None:
    def funded(number: int, kind: str, change: str) -> dict[str, str]:
        return {
            "billId": str(number),
            "ccy": "BTC",
            "balChg": change,
            "bal": "0",
            "type": kind,
            "ts": str(EPOCH_MS + number),
        }

    wire.serve(
        "GET",
        FUNDING,
        answer(
            *(
                funded(number, *pair)
                for number, pair in enumerate(
                    [
                        ("1", "3"),
                        ("75", "-1"),
                        ("80", "-2"),
                        ("82", "2"),
                        ("76", "0.5"),
                        ("2", "-0.25"),
                        ("130", "0.1"),
                    ],
                    1,
                )
            )
        ),
    )
    wire.serve(
        "GET",
        LENDING,
        answer({"ccy": "BTC", "amt": "1", "earnings": "0.001", "rate": "0.01", "ts": str(EPOCH_MS + 99)}),
    )
    assert await booked(venue) == [
        ("funding", "BTC", 3, RowKind.DEPOSIT),
        ("funding", "BTC", -1, RowKind.TRANSFER),
        ("savings", "BTC", 1, RowKind.TRANSFER),
        ("funding", "BTC", -2, RowKind.TRANSFER),
        ("staking", "BTC", 2, RowKind.TRANSFER),
        ("funding", "BTC", 2, RowKind.TRANSFER),
        ("staking", "BTC", -2, RowKind.TRANSFER),
        ("funding", "BTC", Decimal("0.5"), RowKind.TRANSFER),
        ("savings", "BTC", Decimal("-0.5"), RowKind.TRANSFER),
        ("funding", "BTC", Decimal("-0.25"), RowKind.WITHDRAWAL),
        ("funding", "BTC", Decimal("0.1"), RowKind.TRANSFER),
        ("savings", "BTC", Decimal("0.001"), RowKind.REWARD),
    ]


async def test_r29_a_bill_that_is_not_known_is_not_guessed_at(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve("GET", BILLS, answer(bill(1, "999", "1")))
    with pytest.raises(VenueUnreadable, match="999"):
        await venue.ledger(EPOCH_MS, (BTC,))


async def test_bills_are_read_to_the_end_also_where_many_share_a_moment(venue: CcxtVenue, wire: OkxWire) -> None:
    rows = [bill(number, "1", "1") for number in range(1, 251)]
    funded = [
        {
            "billId": str(number),
            "ccy": "BTC",
            "balChg": "1",
            "bal": "0",
            "type": "130",
            "ts": str(EPOCH_MS + number // 30),
        }
        for number in range(1, 251)
    ]

    def by_id(asked: Asked) -> Anything:
        after = int(asked.params.get("after", 2**62))
        return answer(*[row for row in reversed(rows) if int(row["billId"]) < after][:100])

    def by_time(asked: Asked) -> Anything:
        after = int(asked.params["after"])
        return answer(*[row for row in reversed(funded) if int(row["ts"]) < after][:100])

    wire.serve("GET", BILLS, by_id)
    wire.serve("GET", FUNDING, by_time)
    assert len(await venue.ledger(EPOCH_MS, (BTC,))) == 500


async def test_books_that_the_venue_no_longer_tells_are_a_fault(venue: CcxtVenue) -> None:
    with pytest.raises(VenueUnreadable, match="month"):
        await venue.ledger(EPOCH_MS - 40 * DAY_MS, (BTC,))


async def test_older_bills_come_from_the_archive(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve("GET", BILLS + "-archive", answer(bill(1, "1", "1")))
    assert len(await venue.ledger(EPOCH_MS - 10 * DAY_MS, (BTC,))) == 1


async def test_simulated_trading_tells_the_trading_account_only(venue: CcxtVenue, wire: OkxWire) -> None:
    for path in (FUNDING, LENDING):
        wire.serve("GET", path, refused("50038"))
    wire.serve("GET", BILLS, answer(bill(1, "1", "1")))
    assert len(await venue.ledger(EPOCH_MS, (BTC,))) == 1
    wire.serve("GET", FUNDING, refused("50120"))
    with pytest.raises(VenueFault):
        await venue.ledger(EPOCH_MS, (BTC,))
