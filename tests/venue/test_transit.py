"""Coins on their way (R11): each record once, none for ever, and never counted beside the wallet it came back to."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.domain.ids import Asset
from bot.domain.observation import Holding, Source, Unknown, Wanted
from bot.venue.gateway import CcxtVenue, open_venue
from tests.venue.wire import EPOCH_MS, HandClock, Reply, Turns, Wire, spec

COIN, ETH, SOL = Asset("BTC"), Asset("ETH"), Asset("SOL")
HOUR_MS = 3_600_000
WANTED = Wanted(
    spot=frozenset({COIN}), transit=frozenset({COIN, ETH, SOL}), transit_max_ms=24 * HOUR_MS, earn=frozenset({COIN})
)
EARN = "/sapi/v1/simple-earn"
DEPOSITS, WITHDRAWALS = "/sapi/v1/capital/deposit/hisrec", "/sapi/v1/capital/withdraw/history"
REDEMPTIONS = f"{EARN}/locked/history/redemptionRecord"
UNSTAKING = "/sapi/v1/eth-staking/eth/history/redemptionHistory"


def page(*rows: object) -> object:
    return {"rows": list(rows), "total": len(rows)}


@pytest.fixture
def records(wire: Wire) -> Wire:
    """Nothing is under way."""
    for product in ("flexible", "locked"):
        wire.serve("GET", f"{EARN}/{product}/history/redemptionRecord", page())
    for coin in ("eth", "sol"):
        wire.serve("GET", f"/sapi/v1/{coin}-staking/{coin}/history/redemptionHistory", page())
    wire.serve("GET", DEPOSITS, [])
    wire.serve("GET", WITHDRAWALS, [])
    return wire


def redemption(status: str, amount: str = "3", time_ms: int = EPOCH_MS - HOUR_MS) -> dict[str, object]:
    return {"redeemId": 1, "asset": "BTC", "amount": amount, "time": time_ms, "status": status}


def withdrawal(status: int, **more: object) -> dict[str, object]:
    row = {"id": "w", "coin": "BTC", "amount": "2", "transactionFee": "0.001", "txId": "", "walletType": 0}
    return {**row, "applyTime": "2027-01-15 07:30:00", "status": status, **more}


def holds(wire: Wire, free: str) -> None:
    wire.serve("GET", "/api/v3/account", {"balances": [{"asset": "BTC", "free": free, "locked": "0"}]})


async def moving(venue: CcxtVenue, asset: Asset = COIN) -> Holding | Unknown:
    return (await venue.observe(WANTED)).holdings[Source.TRANSIT, asset]


async def quantity(venue: CcxtVenue, asset: Asset = COIN) -> tuple[str, str]:
    holding = await moving(venue, asset)
    assert isinstance(holding, Holding)
    return str(holding.quantity), str(holding.overdue)


@pytest.mark.parametrize(
    ("method", "path", "row", "expected"),
    [
        ("GET", REDEMPTIONS, redemption("CREATED"), "3"),
        ("GET", REDEMPTIONS, redemption("PAID"), "0"),
        ("GET", REDEMPTIONS, redemption("FAILED"), "0"),
        ("GET", f"{EARN}/flexible/history/redemptionRecord", redemption("CREATED", "0.5"), "0.5"),
    ],
)
async def test_r11_a_redemption_counts_until_it_is_over(
    venue: CcxtVenue, records: Wire, method: str, path: str, row: object, expected: str
) -> None:
    records.serve(method, path, page(row))
    assert (await quantity(venue))[0] == expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (withdrawal(0), "2"),
        (withdrawal(2), "2"),
        (withdrawal(4), "2"),
        *((withdrawal(status), "0") for status in (1, 3, 5, 6)),
        (withdrawal(4, txId="0xabc"), "0"),  # its receiver tells of it from now on
        (withdrawal(4, walletType=1), "0"),  # the funding wallet itself tells of it
    ],
)
async def test_r11_a_withdrawal_counts_until_the_chain_has_it(
    venue: CcxtVenue, records: Wire, row: object, expected: str
) -> None:
    records.serve("GET", WITHDRAWALS, [row])
    assert (await quantity(venue))[0] == expected


async def test_r11_deposits_count_until_they_are_credited(venue: CcxtVenue, records: Wire) -> None:
    row = {"coin": "BTC", "amount": "1.5", "insertTime": EPOCH_MS}
    records.serve("GET", DEPOSITS, lambda asked: [{**row, "status": 0}] if asked.params["status"] == "0" else [])
    assert (await quantity(venue))[0] == "1.5"
    # One that was not asked for: the list can't be believed.
    records.serve("GET", DEPOSITS, [{**row, "status": 1}])
    assert isinstance(await moving(venue), Unknown)


async def test_r11_unstaking_counts_in_the_coin_that_will_arrive(venue: CcxtVenue, records: Wire) -> None:
    row = {"asset": "WBETH", "amount": "1", "distributeAsset": "ETH", "distributeAmount": "1.07", "time": EPOCH_MS}
    records.serve("GET", UNSTAKING, page({**row, "status": "PENDING"}, {**row, "status": "SUCCESS"}))
    assert (await quantity(venue, ETH))[0] == "1.07"
    assert (await quantity(venue, SOL))[0] == "0"


async def test_r11_what_is_overdue_is_told_apart(venue: CcxtVenue, records: Wire) -> None:
    late = redemption("CREATED", "0.25", EPOCH_MS - 24 * HOUR_MS - 1)
    records.serve("GET", REDEMPTIONS, page(redemption("CREATED"), late))
    assert await quantity(venue) == ("3", "0.25")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (REDEMPTIONS, page(redemption("ON_HOLD"))),
        (REDEMPTIONS, page(redemption("CREATED", "-3"))),
        (REDEMPTIONS, {"rows": [], "total": 1}),
        (REDEMPTIONS, {}),
        (UNSTAKING, page({"status": "PENDING"})),
        (WITHDRAWALS, [withdrawal(9)]),
        (WITHDRAWALS, [withdrawal(4, walletType=7)]),
        (WITHDRAWALS, [{key: value for key, value in withdrawal(4).items() if key != "txId"}]),
        (WITHDRAWALS, [withdrawal(6)] * 1_000),
        (WITHDRAWALS, Reply(text="<html>")),
        (WITHDRAWALS, Reply(lost=True)),
        (DEPOSITS, Reply(status=401, body={"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."})),
    ],
)
async def test_r8_a_record_that_is_not_understood_makes_transit_unknown(
    venue: CcxtVenue, records: Wire, path: str, body: object
) -> None:
    records.serve("GET", path, body)
    holding = await moving(venue)
    assert isinstance(holding, Unknown)
    assert (holding.source, holding.lasting) == (Source.TRANSIT, False)


async def test_where_the_host_tells_no_records_it_is_lasting(records: Wire, clock: HandClock) -> None:
    venue = open_venue(spec("testnet"), clock=clock, session=records)
    await venue.start()
    holding = await moving(venue)
    await venue.close()
    assert isinstance(holding, Unknown)
    assert holding.lasting


async def test_withdrawals_are_not_asked_for_again_while_nothing_moved(
    venue: CcxtVenue, records: Wire, clock: HandClock
) -> None:
    holds(records, "5")
    for _ in range(12):
        holding = await moving(venue)
        assert isinstance(holding, Holding)
        assert holding.stamp.sent_ms == clock.ms  # as fresh as the wallets that prove it
        clock.ms += 5_000
    assert records.count(WITHDRAWALS) == 1
    await moving(venue)
    assert records.count(WITHDRAWALS) == 2


async def test_r11_coins_that_left_the_wallet_are_looked_for_at_once(
    venue: CcxtVenue, records: Wire, clock: HandClock
) -> None:
    holds(records, "5")
    assert (await quantity(venue))[0] == "0"
    holds(records, "3")
    records.serve("GET", WITHDRAWALS, [withdrawal(0)])
    clock.ms += 5_000
    assert (await quantity(venue))[0] == "2"


async def test_r11_coins_that_came_back_are_not_counted_twice(
    venue: CcxtVenue, records: Wire, clock: HandClock
) -> None:
    holds(records, "3")
    records.serve("GET", WITHDRAWALS, [withdrawal(0)])
    assert (await quantity(venue))[0] == "2"
    clock.ms += 1_000
    holds(records, "5")
    records.serve("GET", WITHDRAWALS, [withdrawal(1)])
    assert (await quantity(venue))[0] == "0"


async def test_a_withdrawal_under_way_serves_for_seconds_and_is_as_old_as_it_is(
    venue: CcxtVenue, records: Wire, clock: HandClock
) -> None:
    holds(records, "3")
    records.serve("GET", WITHDRAWALS, [withdrawal(4)])
    assert (await quantity(venue))[0] == "2"
    read_ms = clock.ms
    clock.ms += 5_000
    holding = await moving(venue)
    assert isinstance(holding, Holding)
    assert (holding.quantity, holding.stamp.sent_ms) == (Decimal(2), read_ms)
    assert records.count(WITHDRAWALS) == 1
    clock.ms += 5_000
    records.serve("GET", WITHDRAWALS, [withdrawal(6, txId="0xabc")])
    assert (await quantity(venue))[0] == "0"


@pytest.mark.parametrize("earn", [True, False])
async def test_r10_coins_that_arrived_between_the_reads_are_unknown(
    venue: CcxtVenue, records: Wire, earn: bool
) -> None:
    def balances(free: str) -> object:
        return {"balances": [{"asset": "BTC", "free": free, "locked": "0"}]}

    records.serve("GET", REDEMPTIONS, page(redemption("CREATED")))
    records.serve("GET", "/api/v3/account", Turns(balances("0"), balances("3")))
    holdings = (await venue.observe(WANTED if earn else replace(WANTED, earn=frozenset()))).holdings
    for source in (Source.SPOT, Source.TRANSIT, *([Source.EARN] if earn else [])):
        assert isinstance(holdings[source, COIN], Unknown)
    assert isinstance(holdings[Source.TRANSIT, ETH], Holding)


LOCKED = f"{EARN}/locked/position"


def lock(amount: str, redeeming: str) -> object:
    return page({"asset": "BTC", "amount": amount, "redeemingAmt": redeeming})


@pytest.mark.parametrize(
    ("amount", "redeeming", "record", "expected"),
    [
        ("10", "4", redemption("CREATED", "4"), ("6", "4")),
        ("4", "4", redemption("CREATED", "4"), ("0", "4")),
        ("3", "4", redemption("CREATED", "4"), ("0", "4")),
        ("10", "4", redemption("CREATED", "1"), ("9", "1")),  # no more than is counted elsewhere
        ("10", "4", redemption("PAID", "4"), ("10", "0")),  # not on its way by the records: not lost either
        ("6", "0", redemption("CREATED", "4"), ("6", "4")),
    ],
)
async def test_r11_a_locked_redemption_is_counted_once(
    venue: CcxtVenue, records: Wire, amount: str, redeeming: str, record: object, expected: tuple[str, str]
) -> None:
    records.serve("GET", f"{EARN}/flexible/position", page())
    records.serve("GET", LOCKED, lock(amount, redeeming))
    records.serve("GET", REDEMPTIONS, page(record))
    seen = (await venue.observe(WANTED)).holdings
    parts = [seen[source, COIN] for source in (Source.EARN, Source.TRANSIT)]
    assert tuple(str(part.quantity) for part in parts if isinstance(part, Holding)) == expected


async def test_r11_a_redemption_that_is_overdue_or_not_followed_stays_in_earn(venue: CcxtVenue, records: Wire) -> None:
    records.serve("GET", f"{EARN}/flexible/position", page())
    records.serve("GET", LOCKED, lock("10", "4"))
    records.serve("GET", REDEMPTIONS, page(redemption("CREATED", "4", EPOCH_MS - 25 * HOUR_MS)))
    for wanted in (WANTED, replace(WANTED, transit=frozenset())):
        holding = (await venue.observe(wanted)).holdings[Source.EARN, COIN]
        assert isinstance(holding, Holding)
        assert holding.quantity == 10


async def test_r29_the_locked_wallet_is_told_without_what_its_ledger_says_has_left(
    venue: CcxtVenue, records: Wire
) -> None:
    records.serve("GET", f"{EARN}/flexible/position", page())
    records.serve("GET", LOCKED, lock("10", "4"))
    found = {balance.wallet: balance.quantity for balance in await venue.wallets() if balance.asset == COIN}
    assert found["earn-locked"] == 6


@pytest.mark.parametrize("redeeming", ["-1", "NaN", "some"])
async def test_r8_a_redeeming_amount_that_is_not_understood_is_unknown(
    venue: CcxtVenue, records: Wire, redeeming: str
) -> None:
    records.serve("GET", LOCKED, lock("10", redeeming))
    assert isinstance((await venue.observe(WANTED)).holdings[Source.EARN, COIN], Unknown)
