"""Coins on their way into and out of a KuCoin account, each counted once (R11)."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from bot.domain.ids import Asset
from bot.domain.observation import Holding, Source, Unknown, Wanted
from bot.venue.gateway import CcxtVenue
from tests.venue.kucoin_wire import KuCoinWire, account, ok, page
from tests.venue.wire import HandClock, Reply

COIN = Asset("BTC")
DAY_MS = 86_400_000
HOLDINGS = Wanted(
    spot=frozenset({COIN}),
    earn=frozenset({COIN}),
    margin=frozenset({COIN}),
    transit=frozenset({COIN}),
    transit_max_ms=2 * DAY_MS,
)


@pytest.mark.parametrize(
    ("held_in_main", "age_days", "quantity", "overdue"),
    [("0", 1, "0.3", "0"), ("0.3", 1, "0", "0"), ("0.1", 1, "0.2", "0"), ("0", 2.5, "0", "0.3")],
)
async def test_r11_a_withdrawal_is_on_its_way_as_far_as_the_main_wallet_does_not_hold_it(
    kucoin_venue: CcxtVenue,
    kucoin: KuCoinWire,
    clock: HandClock,
    held_in_main: str,
    age_days: float,
    quantity: str,
    overdue: str,
) -> None:
    rows = [account("BTC", "main", "0.7", held_in_main)]
    kucoin.serve("GET", "/api/v1/accounts", lambda asked: ok(rows if asked.params["type"] == "main" else []))
    kucoin.serve("GET", "/api/v1/earn/hold-assets", page([]))
    created = {"currency": "BTC", "amount": "0.3", "createdAt": clock.now_ms() - int(age_days * DAY_MS)}
    done = {**created, "status": "SUCCESS", "amount": "5"}
    kucoin.serve("GET", "/api/v1/withdrawals", page([{**created, "status": "PROCESSING"}, done]))
    transit = (await kucoin_venue.observe(HOLDINGS)).holdings[Source.TRANSIT, COIN]
    assert isinstance(transit, Holding)
    assert (transit.quantity, transit.overdue) == (D(quantity), D(overdue))


@pytest.mark.parametrize(
    ("withdrawals", "spot", "transit"),
    [
        # The venue says that it works on it, without a transaction yet: still ours, in the main wallet.
        ([("0.3", "WALLET_PROCESSING", "")], "0.7", "0"),
        ([("0.3", "WALLET_PROCESSING", None)], "0.7", "0"),
        ([("0.3", "WALLET_PROCESSING", "0xabc")], "0.4", "0"),
        ([("0.3", "PROCESSING", "0xabc")], "0.4", "0"),
        # What is on the chain is taken off what is held first, and no more than that.
        ([("0.2", "WALLET_PROCESSING", "0xabc"), ("0.2", "PROCESSING", "")], "0.5", "0.1"),
        ([("5", "WALLET_PROCESSING", "0xabc")], "0.4", "0"),
        ([("0.3", "SUCCESS", "0xabc")], "0.7", "0"),
    ],
)
async def test_r11_a_withdrawal_on_the_chain_is_told_by_whoever_receives_it(
    kucoin_venue: CcxtVenue,
    kucoin: KuCoinWire,
    clock: HandClock,
    withdrawals: list[tuple[str, str, str | None]],
    spot: str,
    transit: str,
) -> None:
    """The main wallet holds 0.3 of its 0.7 for withdrawals; at another venue of ours they are a deposit by then."""
    rows = [account("BTC", "main", "0.4", "0.3")]
    kucoin.serve("GET", "/api/v1/accounts", lambda asked: ok(rows if asked.params["type"] == "main" else []))
    kucoin.serve("GET", "/api/v1/earn/hold-assets", page([]))
    told = [
        {"currency": "BTC", "amount": amount, "status": status, "walletTxId": tx, "createdAt": clock.now_ms() - number}
        for number, (amount, status, tx) in enumerate(withdrawals)
    ]
    kucoin.serve("GET", "/api/v1/withdrawals", page(told))
    seen = (await kucoin_venue.observe(HOLDINGS)).holdings
    in_spot, moving = seen[Source.SPOT, COIN], seen[Source.TRANSIT, COIN]
    assert isinstance(in_spot, Holding)
    assert isinstance(moving, Holding)
    assert (in_spot.quantity, in_spot.principal, moving.quantity) == (D(spot), D(spot), D(transit))
    kucoin.serve("GET", "/api/v1/withdrawals", Reply(lost=True))
    assert isinstance((await kucoin_venue.observe(HOLDINGS)).holdings[Source.SPOT, COIN], Unknown)


async def test_r29_the_books_hold_what_is_on_the_chain_until_the_venue_is_done(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire, clock: HandClock
) -> None:
    row = {"currency": "BTC", "amount": "0.05", "status": "WALLET_PROCESSING", "walletTxId": "0xabc"}
    kucoin.serve("GET", "/api/v1/withdrawals", page([{**row, "createdAt": clock.now_ms()}]))
    found = {balance.wallet: balance.quantity for balance in await kucoin_venue.wallets() if balance.asset == COIN}
    assert found["main"] == D("0.75")


@pytest.mark.parametrize(
    ("status", "quantity"),
    [
        ("PROCESSING", "0.3"),
        ("WAIT_TRM_MGT", "0.3"),
        ("WAIT_RISK_MGT", "0.3"),
        ("SUCCESS", "0"),
        ("PRE_SUCCESS", "0"),
        ("FAILURE", "0"),
        ("TRM_MGT_REJECTED", "0"),
        ("RISK_MGT_REJECTED", "0"),
        ("ROLLBACKING", "0"),
        ("ROLLBACK", "0"),
    ],
)
async def test_r11_states_of_a_deposit(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire, clock: HandClock, status: str, quantity: str
) -> None:
    kucoin.serve("GET", "/api/v1/earn/hold-assets", page([]))
    row = {"currency": "BTC", "amount": "0.3", "walletTxId": "0xabc@1", "createdAt": clock.now_ms(), "status": status}
    kucoin.serve("GET", "/api/v1/deposits", page([row]))
    transit = (await kucoin_venue.observe(HOLDINGS)).holdings[Source.TRANSIT, COIN]
    assert isinstance(transit, Holding)
    assert transit.quantity == D(quantity)


@pytest.mark.parametrize("path", ["/api/v1/deposits", "/api/v1/withdrawals"])
async def test_r8_a_record_in_a_state_nobody_knows_makes_its_own_coin_unknown(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire, clock: HandClock, path: str
) -> None:
    row = {"currency": "ETH", "amount": "0.3", "status": "NEW_WORD", "createdAt": clock.now_ms()}
    kucoin.serve("GET", path, page([row]))
    ether = Asset("ETH")
    wanted = Wanted(transit=frozenset({COIN, ether}), transit_max_ms=2 * DAY_MS)
    transit = (await kucoin_venue.observe(wanted)).holdings
    assert isinstance(transit[Source.TRANSIT, COIN], Holding)
    unknown = transit[Source.TRANSIT, ether]
    assert isinstance(unknown, Unknown)
    assert "NEW_WORD" in unknown.reason
