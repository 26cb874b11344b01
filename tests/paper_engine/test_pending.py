"""Money on its way: notices of Earn, withdrawals and deposits that take time. It is conserved all the while."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from bot.paper.engine.defaults import OKX_LISTINGS
from bot.paper.engine.exchange import Exchange
from bot.paper.engine.layout import OKX
from bot.paper.engine.model import RecordStatus, Refusal
from tests.paper_engine.orders import KEY, D

DAY_S = 86_400


def total(exchange: Exchange, wallet: str, asset: str = "BTC") -> Decimal:
    return exchange.account(KEY).balance(wallet, asset).total


@pytest.fixture
def okx(clock: list[int]) -> Exchange:
    starting = {"funding": {"BTC": D(1), "ETH": D(10)}}
    return Exchange(name="okx", listings=OKX_LISTINGS, starting=starting, time_ms=lambda: clock[0], layout=OKX)


def test_a_redemption_with_a_notice_arrives_when_it_is_due(okx: Exchange, clock: list[int]) -> None:
    okx.earn_subscribe(KEY, "locked", "BTC", D(1))
    clock[0] += 1000
    redemption = okx.earn_redeem(KEY, "locked", "BTC", D("0.4"))
    (record,) = okx.account(KEY).earn_redemptions
    assert (record.record_id, record.status) == (redemption, RecordStatus.PENDING)
    assert (record.time_ms, record.due_ms) == (clock[0], clock[0] + 2 * DAY_S * 1000)
    assert (total(okx, "earn"), total(okx, "redeeming"), total(okx, "funding")) == (D("0.6"), D("0.4"), D(0))
    assert okx.account(KEY).earn_held("locked", "BTC") == D("0.6")

    clock[0] = record.due_ms - 1
    okx.advance()
    assert total(okx, "redeeming") == D("0.4")
    clock[0] += 1
    assert (total(okx, "redeeming"), total(okx, "funding")) == (D(0), D("0.4")), "looking is enough"
    assert okx.account(KEY).earn_redemptions[0].status is RecordStatus.DONE
    assert okx.account(KEY).ledger[-1].time_ms == record.due_ms
    assert okx.total("BTC") == 1


def test_several_notices_run_side_by_side(okx: Exchange, clock: list[int]) -> None:
    okx.earn_subscribe(KEY, "locked", "BTC", D(1))
    for notice_s in (30, 10, 20):
        okx.earn_redeem(KEY, "locked", "BTC", D("0.1"), notice_s)
    arrived = []
    for _ in range(4):
        arrived.append(total(okx, "funding"))
        clock[0] += 10_000
        okx.advance()
    assert arrived == [0, D("0.1"), D("0.2"), D("0.3")]
    clock[0] += 60_000
    okx.earn_redeem(KEY, "locked", "BTC", D("0.1"), 0)
    assert total(okx, "funding") == D("0.4"), "without a notice at once"


def test_the_caller_chooses_the_wallet(okx: Exchange, clock: list[int]) -> None:
    okx.transfer(KEY, "funding", "trading", "BTC", D(1))
    okx.earn_subscribe(KEY, "flexible", "BTC", D("0.5"), wallet="trading")
    okx.earn_redeem(KEY, "flexible", "BTC", D("0.2"), 60, wallet="trading")
    okx.pay_reward(KEY, "flexible", "BTC", D("0.01"), wallet="trading")
    clock[0] += 60_000
    assert total(okx, "trading") == D("0.71")
    with pytest.raises(Refusal, match="unknown-wallet"):
        okx.earn_redeem(KEY, "flexible", "BTC", D("0.2"), wallet="redeeming")


def test_products_that_share_a_wallet_have_their_own_coins(okx: Exchange) -> None:
    okx.earn_subscribe(KEY, "locked", "BTC", D("0.6"))
    okx.earn_subscribe(KEY, "flexible", "BTC", D("0.1"))
    okx.deposit(KEY, "earn", "BTC", D("0.2"))
    account = okx.account(KEY)
    assert total(okx, "earn") == D("0.9")
    assert (account.earn_held("flexible", "BTC"), account.earn_held("locked", "BTC")) == (D("0.3"), D("0.6"))
    with pytest.raises(Refusal, match="insufficient-balance"):
        okx.earn_redeem(KEY, "flexible", "BTC", D("0.4"))
    with pytest.raises(Refusal, match="insufficient-balance"):
        okx.earn_redeem(KEY, "staking", "BTC", D("0.1"))
    with pytest.raises(Refusal, match="insufficient-balance"):
        okx.transfer(KEY, "earn", "funding", "BTC", D("0.4"))
    okx.transfer(KEY, "earn", "funding", "BTC", D("0.3"))
    assert okx.account(KEY).earn_held("locked", "BTC") == D("0.6")
    with pytest.raises(Refusal, match="unknown-product"):
        account.earn_held("dual", "BTC")


def test_a_withdrawal_takes_its_time(okx: Exchange, clock: list[int]) -> None:
    withdrawal = okx.withdraw(KEY, "funding", "BTC", D("0.3"), pending_s=600)
    (record,) = okx.account(KEY).withdrawals
    assert (record.record_id, record.status, record.amount) == (withdrawal, RecordStatus.PENDING, D("0.3"))
    assert (total(okx, "funding"), total(okx, "withdrawing"), okx.total("BTC")) == (D("0.7"), D("0.3"), D(1))
    clock[0] += 600_000
    okx.advance()
    assert (total(okx, "withdrawing"), okx.total("BTC")) == (D(0), D("0.7"))
    assert okx.account(KEY).withdrawals[0].status is RecordStatus.DONE
    with pytest.raises(Refusal, match="insufficient-balance"):
        okx.withdraw(KEY, "funding", "BTC", D("0.8"), pending_s=600)
    with pytest.raises(Refusal, match="bad-amount"):
        okx.withdraw(KEY, "funding", "BTC", D("-0.1"))


def test_a_deposit_is_announced_and_then_arrives(okx: Exchange, clock: list[int]) -> None:
    okx.deposit(KEY, "funding", "BTC", D(2), pending_s=600)
    (record,) = okx.account(KEY).deposits
    assert (record.status, total(okx, "funding"), okx.total("BTC")) == (RecordStatus.PENDING, D(1), D(1))
    clock[0] += 600_000
    assert total(okx, "funding") == 3
    assert okx.account(KEY).deposits[0].status is RecordStatus.DONE
    okx.deposit(KEY, "funding", "BTC", D(-1), pending_s=5)
    assert total(okx, "withdrawing") == 1


def test_at_once_is_done(okx: Exchange) -> None:
    okx.deposit(KEY, "funding", "BTC", D(1))
    okx.withdraw(KEY, "funding", "BTC", D(1))
    account = okx.account(KEY)
    assert [record.status for record in (*account.deposits, *account.withdrawals)] == [RecordStatus.DONE] * 2


@pytest.mark.parametrize("wallet", ["redeeming", "withdrawing"])
def test_the_internal_wallets_are_nobodys_to_use(okx: Exchange, wallet: str) -> None:
    okx.withdraw(KEY, "funding", "BTC", D("0.3"), pending_s=600)
    acts: list[Callable[[], object]] = [
        lambda: okx.deposit(KEY, wallet, "BTC", D(1)),
        lambda: okx.withdraw(KEY, wallet, "BTC", D("0.1")),
        lambda: okx.transfer(KEY, wallet, "funding", "BTC", D("0.1")),
        lambda: okx.transfer(KEY, "funding", wallet, "BTC", D("0.1")),
    ]
    for act in acts:
        with pytest.raises(Refusal, match="unknown-wallet"):
            act()
