"""Moving money, Earn, and the futures account's settings."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import NewOrder, PositionSide, Refusal, RowKind

New = Callable[..., NewOrder]
D = Decimal
KEY = "paper"
LINEAR = "linear:BTCUSDT"
BOTH = PositionSide.BOTH


def total(exchange: Exchange, wallet: str, asset: str) -> Decimal:
    return exchange.account(KEY).balance(wallet, asset).total


def test_deposits_and_withdrawals(exchange: Exchange, clock: list[int]) -> None:
    exchange.deposit(KEY, "spot", "BTC", D("0.5"))
    clock[0] += 1
    exchange.deposit(KEY, "spot", "BTC", D("-0.7"))
    account = exchange.account(KEY)
    assert total(exchange, "spot", "BTC") == D("0.8")
    assert [(r.wallet, r.asset, r.amount) for r in account.deposits] == [("spot", "BTC", D("0.5"))]
    assert [(r.amount, r.time_ms) for r in account.withdrawals] == [(D("0.7"), clock[0])]
    assert [row.kind for row in account.ledger][-2:] == [RowKind.DEPOSIT, RowKind.WITHDRAWAL]
    assert exchange.total("BTC") == D("0.8")
    with pytest.raises(Refusal, match="insufficient-balance"):
        exchange.deposit(KEY, "spot", "BTC", D("-0.80000001"))


@pytest.mark.parametrize("amount", ["0", "NaN", "0.000000001", "1e16"])
def test_amounts_that_can_not_be_booked_are_refused(exchange: Exchange, amount: str) -> None:
    for move in (
        lambda: exchange.deposit(KEY, "spot", "BTC", D(amount)),
        lambda: exchange.transfer(KEY, "spot", "usdm", "BTC", D(amount)),
        lambda: exchange.pay_reward(KEY, "locked", "BTC", D(amount)),
    ):
        with pytest.raises(Refusal, match="bad-amount"):
            move()


def test_transfers(exchange: Exchange) -> None:
    first = exchange.transfer(KEY, "spot", "usdm", "USDT", D(100))
    second = exchange.transfer(KEY, "usdm", "funding", "USDT", D(50))
    assert second == first + 1
    assert total(exchange, "usdm", "USDT") == 200_050
    assert total(exchange, "funding", "USDT") == 50
    account = exchange.account(KEY)
    assert [(t.source, t.target, t.amount) for t in account.transfers] == [
        ("spot", "usdm", D(100)),
        ("usdm", "funding", D(50)),
    ]
    for source, target, amount, code in (
        ("spot", "usdm", "199900.00000001", "insufficient-balance"),
        ("spot", "savings", "1", "unknown-wallet"),
        ("spot", "spot", "1", "unknown-wallet"),
        ("spot", "usdm", "-1", "bad-amount"),
    ):
        with pytest.raises(Refusal) as refused:
            exchange.transfer(KEY, source, target, "USDT", D(amount))
        assert refused.value.code == code
    assert len(account.transfers) == 2


def test_what_orders_and_positions_hold_can_not_be_moved(exchange: Exchange, new: New) -> None:
    exchange.submit(KEY, new("spot:BTCUSDT", "SELL", "0.4", "110000"))
    with pytest.raises(Refusal, match="insufficient-balance"):
        exchange.transfer(KEY, "spot", "usdm", "BTC", D("0.61"))
    exchange.set_leverage(KEY, "BTCUSDT", 1)
    exchange.submit(KEY, new(LINEAR, "SELL", "1"))
    balance = exchange.account(KEY).balance("usdm", "USDT")
    assert balance.locked == 100_001
    with pytest.raises(Refusal, match="insufficient-balance"):
        exchange.transfer(KEY, "usdm", "spot", "USDT", balance.free + D("0.00000001"))
    exchange.transfer(KEY, "usdm", "spot", "USDT", balance.free)
    assert exchange.account(KEY).margin_summary().available == 0


@pytest.mark.parametrize("product", ["flexible", "locked"])
def test_coins_go_into_earn_and_come_back_with_a_reward(exchange: Exchange, product: str) -> None:
    """The story of the bnb-stake demo."""
    exchange.earn_subscribe(KEY, product, "BNB", D(3))
    assert total(exchange, "spot", "BNB") == 0
    assert total(exchange, f"earn-{product}", "BNB") == 3
    with pytest.raises(Refusal, match="insufficient-balance"):
        exchange.earn_subscribe(KEY, product, "BNB", D(1))
    exchange.pay_reward(KEY, product, "USDT", D(100))
    exchange.earn_redeem(KEY, product, "BNB", D(1))
    account = exchange.account(KEY)
    assert total(exchange, "spot", "BNB") == 1
    assert total(exchange, "spot", "USDT") == 200_100
    records = (account.earn_subscriptions, account.earn_redemptions, account.earn_rewards)
    assert [[(r.product, r.asset, r.amount) for r in made] for made in records] == [
        [(product, "BNB", D(3))],
        [(product, "BNB", D(1))],
        [(product, "USDT", D(100))],
    ]
    assert [row.kind for row in account.ledger][-5:] == ["EARN", "EARN", "REWARD", "EARN", "EARN"]
    assert exchange.total("USDT") == 400_000, "the house pays the reward"


def test_an_unknown_earn_product_is_refused(exchange: Exchange) -> None:
    with pytest.raises(Refusal, match="unknown-product"):
        exchange.earn_subscribe(KEY, "staking", "BNB", D(1))


def test_margin_mode(exchange: Exchange, new: New) -> None:
    with pytest.raises(Refusal, match="no-change"):
        exchange.set_margin_mode(KEY, "BTCUSDT", isolated=False)
    exchange.set_margin_mode(KEY, "BTCUSDT", isolated=True)
    assert exchange.account(KEY).settings("BTCUSDT") == (20, True)
    (flat,) = exchange.account(KEY).positions()
    assert (flat.contracts, flat.isolated, flat.liquidation_price, flat.entry_price) == (D(0), True, None, D(0))
    exchange.submit(KEY, new(LINEAR, "BUY", "0.01", "90000"))
    with pytest.raises(Refusal, match="has-orders"):
        exchange.set_margin_mode(KEY, "BTCUSDT", isolated=False)
    exchange.cancel_all(KEY, LINEAR)
    exchange.submit(KEY, new(LINEAR, "BUY", "0.01"))
    with pytest.raises(Refusal, match="has-position"):
        exchange.set_margin_mode(KEY, "BTCUSDT", isolated=False)
    with pytest.raises(Refusal, match="unknown-symbol"):
        exchange.set_margin_mode(KEY, "DOGEUSDT", isolated=True)


def test_isolated_margin_and_multi_assets_mode_exclude_each_other(exchange: Exchange) -> None:
    exchange.set_multi_assets(KEY, multi_assets=True)
    assert exchange.account(KEY).multi_assets
    with pytest.raises(Refusal, match="multi-assets"):
        exchange.set_margin_mode(KEY, "BTCUSDT", isolated=True)
    with pytest.raises(Refusal, match="no-change"):
        exchange.set_multi_assets(KEY, multi_assets=True)
    exchange.set_multi_assets(KEY, multi_assets=False)
    exchange.set_margin_mode(KEY, "BTCUSDT", isolated=True)
    with pytest.raises(Refusal, match="multi-assets"):
        exchange.set_multi_assets(KEY, multi_assets=True)


def test_position_mode(exchange: Exchange, new: New) -> None:
    with pytest.raises(Refusal, match="no-change"):
        exchange.set_hedged(KEY, hedged=False)
    exchange.submit(KEY, new(LINEAR, "BUY", "0.01", "90000"))
    with pytest.raises(Refusal, match="has-orders"):
        exchange.set_hedged(KEY, hedged=True)
    exchange.cancel_all(KEY, LINEAR)
    exchange.submit(KEY, new(LINEAR, "BUY", "0.01"))
    with pytest.raises(Refusal, match="has-position"):
        exchange.set_hedged(KEY, hedged=True)
    exchange.submit(KEY, new(LINEAR, "SELL", "0.01"))
    exchange.submit(KEY, new("spot:BTCUSDT", "BUY", "0.01", "90000"))
    exchange.set_hedged(KEY, hedged=True)
    assert exchange.account(KEY).hedged


def test_leverage(exchange: Exchange, new: New) -> None:
    for bad in (0, 126, -1):
        with pytest.raises(Refusal, match="bad-leverage"):
            exchange.set_leverage(KEY, "BTCUSDT", bad)
    exchange.submit(KEY, new(LINEAR, "BUY", "3.5"))
    with pytest.raises(Refusal, match="max-position"):
        exchange.set_leverage(KEY, "BTCUSDT", 125)
    with pytest.raises(Refusal, match="insufficient-margin"):
        exchange.set_leverage(KEY, "BTCUSDT", 1)
    exchange.set_leverage(KEY, "BTCUSDT", 2)
    exchange.set_leverage(KEY, "BTCUSDT", 2)
    assert exchange.account(KEY).margin_summary().position_initial == 175_000


def test_an_isolated_positions_leverage_only_rises(exchange: Exchange, new: New) -> None:
    exchange.set_margin_mode(KEY, "BTCUSDT", isolated=True)
    exchange.submit(KEY, new(LINEAR, "SELL", "1"))
    with pytest.raises(Refusal, match="leverage-reduction"):
        exchange.set_leverage(KEY, "BTCUSDT", 1)
    exchange.set_leverage(KEY, "BTCUSDT", 50)


def test_adding_margin_needs_an_isolated_position_and_free_money(exchange: Exchange, new: New) -> None:
    with pytest.raises(Refusal, match="not-isolated"):
        exchange.add_margin(KEY, "BTCUSDT", BOTH, D(1))
    exchange.set_margin_mode(KEY, "BTCUSDT", isolated=True)
    with pytest.raises(Refusal, match="no-position"):
        exchange.add_margin(KEY, "BTCUSDT", BOTH, D(1))
    with pytest.raises(Refusal, match="position-side-mismatch"):
        exchange.add_margin(KEY, "BTCUSDT", PositionSide.SHORT, D(1))
    exchange.submit(KEY, new(LINEAR, "SELL", "1"))
    for amount in ("0", "NaN", "0.000000001"):
        with pytest.raises(Refusal, match="bad-amount"):
            exchange.add_margin(KEY, "BTCUSDT", BOTH, D(amount))
    free = exchange.account(KEY).margin_summary().withdrawable
    with pytest.raises(Refusal, match="insufficient-balance"):
        exchange.add_margin(KEY, "BTCUSDT", BOTH, free + D("0.00000001"))
    exchange.add_margin(KEY, "BTCUSDT", BOTH, free)
    assert exchange.account(KEY).margin_summary().available == 0
