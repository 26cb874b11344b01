"""OKX: where coins are, each once (R2 to R5, R8, R10, R11)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from bot.domain.ids import Asset
from bot.domain.observation import (
    Holding,
    Source,
    Unknown,
    Wanted,
)
from bot.venue.gateway import CcxtVenue
from tests.venue.okx_wire import (
    BTC,
    COIN,
    COIN_M,
    PEPE,
    OkxWire,
    answer,
    balance,
    coin,
    flat_account,
    holding,
    refused,
    started,
    values,
)
from tests.venue.wire import EPOCH_MS, HandClock, Turns

BALANCE = "/api/v5/account/balance"
POSITIONS = "/api/v5/account/positions"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def wire(clock: HandClock) -> OkxWire:
    return flat_account(clock)


@pytest.fixture
async def venue(wire: OkxWire, clock: HandClock) -> AsyncIterator[CcxtVenue]:
    async with started(wire, clock, BTC, COIN_M, PEPE, isolated=frozenset({BTC})) as venue:
        wire.asked.clear()
        yield venue


async def test_r5_spot_is_trading_and_funding_with_profit_and_r3_principal_without(
    venue: CcxtVenue, wire: OkxWire
) -> None:
    wire.serve_rows("account/balance", balance(coin("BTC", "0.9", cashBal="1", upl="-0.1", imr="0.5")))
    wire.serve_rows("asset/balances", {"ccy": "BTC", "bal": "0.25", "availBal": "0.2", "frozenBal": "0.05"})
    found = await holding(venue, Source.SPOT)
    assert isinstance(found, Holding)
    assert (found.quantity, found.principal) == (Decimal("1.15"), Decimal("1.25"))
    assert found.wallets == ("trading", "funding")


async def test_r3_isolated_margin_and_bots_are_principal_too(venue: CcxtVenue, wire: OkxWire) -> None:
    row = coin("BTC", "1.95", cashBal="1", isoEq="0.45", isoUpl="-0.05", stgyEq="0.5")
    wire.serve_rows("account/balance", balance(row))
    found = await holding(venue, Source.SPOT)
    assert isinstance(found, Holding)
    assert (found.quantity, found.principal) == (Decimal("1.95"), Decimal(2))


async def test_a_debt_reduces_what_is_held(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve_rows("account/balance", balance(coin("BTC", "-0.5", cashBal="-0.5", liab="0.5")))
    found = await holding(venue, Source.SPOT)
    assert isinstance(found, Holding)
    assert found.quantity == Decimal("-0.5")


async def test_r2_coins_that_margin_are_part_of_spot_and_not_asked_for_again(venue: CcxtVenue) -> None:
    found = await holding(venue, Source.MARGIN)
    assert isinstance(found, Unknown)
    assert found.lasting


SAVED = {
    "ccy": "BTC",
    "amt": "2.5",
    "loanAmt": "2",
    "pendingAmt": "0.5",
    "earnings": "0.01",
    "redemptAmt": "",
    "rate": "0.01",
}


def staked(state: str, amount: str = "3", **more: object) -> dict[str, object]:
    return {
        "ordId": f"1{state}",
        "ccy": "BTC",
        "productId": "1",
        "state": state,
        "investData": [{"ccy": "BTC", "amt": amount}],
        "earningData": [{"ccy": "BTC", "earningType": "0", "earnings": "0.1"}],
        "purchasedTime": str(EPOCH_MS),
        "estSettlementTime": "",
        "fastRedemptionData": [],
        **more,
    }


async def test_earn_is_savings_and_staking_without_what_is_redeemed(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve_rows("finance/savings/balance", SAVED)
    wire.serve_rows("finance/staking-defi/orders-active", *(staked(state) for state in ("8", "13", "9", "1", "2")))
    found = await holding(venue, Source.EARN)
    assert isinstance(found, Holding)
    assert (found.quantity, found.wallets) == (Decimal("14.5"), ("savings", "staking"))
    moving = await holding(venue, Source.TRANSIT, transit_max_ms=60_000)
    assert isinstance(moving, Holding)
    assert values(moving.quantity, moving.overdue) == (3, 0)


@pytest.mark.parametrize(
    "row",
    [
        staked("7"),
        staked("1", fastRedemptionData=[{"ccy": "BTC", "redeemingAmt": "1"}]),
        {"ccy": "BTC"},
        staked("1", amount=""),
    ],
)
async def test_r8_an_order_of_earn_that_is_not_understood_is_unknown(
    venue: CcxtVenue, wire: OkxWire, row: object
) -> None:
    wire.serve_rows("finance/staking-defi/orders-active", row)
    assert isinstance(await holding(venue, Source.EARN), Unknown)


async def test_earn_that_simulated_trading_does_not_offer_is_lasting(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve("GET", "/api/v5/finance/savings/balance", refused("50038", "unavailable in demo trading"))
    found = await holding(venue, Source.EARN)
    assert isinstance(found, Unknown)
    assert found.lasting


async def test_earn_without_permission_is_unknown_and_says_why(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve("GET", "/api/v5/finance/savings/balance", refused("50120", "no permission"))
    found = await holding(venue, Source.EARN)
    assert isinstance(found, Unknown)
    assert not found.lasting
    assert "50120" in found.reason


async def test_r11_deposits_and_withdrawals_on_their_way(venue: CcxtVenue, wire: OkxWire) -> None:
    def record(state: str, age_s: int, amount: str = "1") -> dict[str, str]:
        return {"ccy": "BTC", "amt": amount, "state": state, "ts": str(EPOCH_MS - age_s * 1000), "txId": ""}

    wire.serve_rows("asset/deposit-history", record("0", 5), record("1", 5), record("2", 5), record("12", 5, "8"))
    wire.serve_rows(
        "asset/withdrawal-history",
        *(record(state, 5, "0.1") for state in ("0", "1", "7", "-3", "17", "-1", "-2", "2")),
        record("10", 100, "4"),
    )
    moving = await holding(venue, Source.TRANSIT, transit_max_ms=60_000)
    assert isinstance(moving, Holding)
    assert values(moving.quantity, moving.overdue) == (Decimal("1.5"), 12)


@pytest.mark.parametrize(("hash_", "expected"), [("", 1), ("0xabc", 0)])
async def test_r11_a_withdrawal_that_the_chain_has_is_told_by_its_receiver_only(
    venue: CcxtVenue, wire: OkxWire, hash_: str, expected: int
) -> None:
    row = {"ccy": "BTC", "amt": "1", "state": "1", "ts": str(EPOCH_MS), "txId": hash_}
    wire.serve_rows("asset/withdrawal-history", row)
    moving = await holding(venue, Source.TRANSIT, transit_max_ms=60_000)
    assert isinstance(moving, Holding)
    assert values(moving.quantity, moving.overdue) == (expected, 0)


@pytest.mark.parametrize("more", [{"state": "99", "txId": ""}, {"state": "0"}])
async def test_r11_a_withdrawal_that_is_not_understood_is_unknown(
    venue: CcxtVenue, wire: OkxWire, more: dict[str, str]
) -> None:
    wire.serve_rows("asset/withdrawal-history", {"ccy": "BTC", "amt": "1", "ts": str(EPOCH_MS), **more})
    assert isinstance(await holding(venue, Source.TRANSIT, transit_max_ms=1), Unknown)


async def test_r11_a_staking_token_that_is_redeemed_is_on_its_way_under_its_own_name(
    venue: CcxtVenue, wire: OkxWire
) -> None:
    beth = Asset("BETH")
    path = "/api/v5/finance/staking-defi/eth/purchase-redeem-history"
    row = {"type": "redeem", "status": "pending", "amt": "2", "redeemingAmt": "2", "requestTime": str(EPOCH_MS)}
    wire.serve("GET", path, answer(row))
    moving = await holding(venue, Source.TRANSIT, beth, transit_max_ms=60_000)
    assert isinstance(moving, Holding)
    assert moving.quantity == 2
    wire.asked.clear()
    await holding(venue, Source.TRANSIT, transit_max_ms=60_000)
    assert not wire.count(path)


async def test_wallets_tell_all_there_is_once(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve_rows("account/balance", balance(coin("BTC", "0.9", cashBal="1", upl="-0.1"), coin("BETH", "2")))
    wire.serve_rows("asset/balances", {"ccy": "BTC", "bal": "0.25"})
    wire.serve_rows("finance/savings/balance", SAVED)
    wire.serve_rows("finance/staking-defi/orders-active", staked("1"), staked("2"))
    found = {(row.wallet, row.asset): row.quantity for row in await venue.wallets()}
    assert found == {
        ("trading", "BTC"): Decimal(1),
        ("trading", "BETH"): Decimal(2),
        ("funding", "BTC"): Decimal("0.25"),
        ("savings", "BTC"): Decimal("2.5"),
        ("staking", "BTC"): Decimal(6),
    }


async def test_r10_a_transfer_between_two_reads_is_unknown(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve("GET", BALANCE, Turns(answer(balance(coin("BTC", "1"))), answer(balance(coin("BTC", "0.5")))))
    observed = await venue.observe(Wanted(spot=frozenset({COIN}), earn=frozenset({COIN})))
    assert isinstance(observed.holdings[Source.EARN, COIN], Unknown)


@pytest.mark.parametrize(("second", "kind"), [("0.5", Unknown), ("1", Holding)])
async def test_r10_the_trading_account_is_one_for_spot_and_for_margin(
    venue: CcxtVenue, wire: OkxWire, second: str, kind: type
) -> None:
    wire.serve("GET", BALANCE, Turns(answer(balance(coin("BTC", "1"))), answer(balance(coin("BTC", second)))))
    observed = await venue.observe(Wanted(spot=frozenset({COIN}), symbols=frozenset({BTC})))
    assert isinstance(observed.holdings[Source.SPOT, COIN], kind)
    assert wire.count(BALANCE) == 2


async def test_r10_a_price_that_moves_between_two_reads_is_no_transfer(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve(
        "GET",
        BALANCE,
        Turns(
            answer(balance(coin("BTC", "0.9", cashBal="1", upl="-0.1"))),
            answer(balance(coin("BTC", "0.8999999999999", cashBal="1", upl="-0.1000000000001"))),
        ),
    )
    observed = await venue.observe(Wanted(spot=frozenset({COIN}), earn=frozenset({COIN})))
    assert isinstance(observed.holdings[Source.EARN, COIN], Holding)


async def test_r10_a_bot_or_an_isolated_position_whose_equity_moves_is_no_transfer(
    venue: CcxtVenue, wire: OkxWire
) -> None:
    first = coin("BTC", "1.75", cashBal="1", stgyEq="0.25", isoEq="0.5", isoUpl="0.1")
    then = coin("BTC", "1.74", cashBal="1", stgyEq="0.245", isoEq="0.495", isoUpl="0.0950001")
    wire.serve("GET", BALANCE, Turns(answer(balance(first)), answer(balance(then))))
    observed = await venue.observe(Wanted(spot=frozenset({COIN}), earn=frozenset({COIN})))
    assert isinstance(observed.holdings[Source.EARN, COIN], Holding)
