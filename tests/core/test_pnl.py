"""Where every cent came from (R29), and how well the hedge held (R30)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.pnl import Fill, HoldingStep, Pnl, attribute, effectiveness, residuals
from bot.domain.ids import Asset
from bot.domain.instrument import Instrument
from bot.domain.ledger import LedgerRow, RowKind, WalletBalance
from tests.core.instruments import BTC, INVERSE, LINEAR, MAIN, USDT

D = Decimal


def _attribute(
    *,
    holdings: Sequence[HoldingStep] = (),
    fills: Sequence[Fill] = (),
    start_contracts: str = "0",
    mark_start: str = "100000",
    mark_end: str = "100000",
    instrument: Instrument = LINEAR,
    funding: Sequence[Decimal] = (),
    rewards: Sequence[Decimal] = (),
    fees: Sequence[Decimal] = (),
    residual: str = "0",
) -> Pnl:
    return attribute(
        holdings=holdings,
        fills=fills,
        start_contracts=D(start_contracts),
        mark_start=D(mark_start),
        mark_end=D(mark_end),
        instrument=instrument,
        funding=funding,
        rewards=rewards,
        fees=fees,
        residual=D(residual),
    )


def _step(time_ms: int, coins: str, price: str) -> HoldingStep:
    return HoldingStep(time_ms=time_ms, coins=D(coins), price=D(price))


def _sell(contracts: str, price: str, mark: str, fee: str = "0") -> Fill:
    return Fill(time_ms=1, contracts=-D(contracts), price=D(price), mark=D(mark), fee_quote=D(fee))


@pytest.mark.parametrize(("end", "spot"), [("95000", D(-5000)), ("105000", D(5000))])
def test_r29_one_coin_hedged_keeps_its_value(end: str, spot: Decimal) -> None:
    pnl = _attribute(
        holdings=[_step(0, "1", "100000"), _step(9, "1", end)], fills=[_sell("1", "100000", "100000")], mark_end=end
    )
    none = D(0)
    assert pnl == Pnl(
        spot=spot, perp=-spot, funding=none, execution=none, reward=none, fees=none, residual=none, net=none
    )


def test_r29_every_cost_stands_on_its_own_line() -> None:
    pnl = _attribute(
        holdings=[_step(0, "1", "100000"), _step(9, "1", "95000")],
        fills=[_sell("1", "99990", "100000", fee="49.995")],
        mark_end="95000",
        funding=[D("10"), D("-4")],
        rewards=[D(100)],
        fees=[D("0.005")],
        residual="0.5",
    )
    assert pnl == Pnl(
        spot=D(-5000),
        perp=D(5000),
        funding=D(6),
        execution=D(-10),
        reward=D(100),
        fees=D(50),
        residual=D("0.5"),
        net=D(46),
    )


@pytest.mark.parametrize("instrument", [LINEAR, INVERSE])
def test_r29_trading_worse_than_the_mark_is_a_cost(instrument: Instrument) -> None:
    sold_low = _sell("1", "99990", "100000")
    bought_high = replace(sold_low, contracts=D(1), price=D(100_010))
    assert _attribute(fills=[sold_low], instrument=instrument).execution < 0
    assert _attribute(fills=[bought_high], instrument=instrument).execution < 0
    assert _attribute(fills=[replace(sold_low, price=D(100_010))], instrument=instrument).execution > 0


def test_r29_a_position_from_before_counts_from_the_first_mark() -> None:
    assert _attribute(start_contracts="-2", mark_start="100000", mark_end="101000").perp == -2000


def test_r29_coins_that_come_and_go_earn_only_while_they_are_held() -> None:
    steps = [_step(0, "1", "100"), _step(5, "3", "110"), _step(7, "0", "90"), _step(9, "7", "200")]
    assert _attribute(holdings=steps).spot == 10 - 60 + 0
    assert _attribute(holdings=steps[:1]).spot == 0


def test_r29_holdings_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="back in time"):
        _attribute(holdings=[_step(2, "1", "100"), _step(1, "1", "100")])


def test_r2_an_inverse_short_earns_coins_valued_at_the_end() -> None:
    """1,000 contracts of 100 from 100,000 to 80,000 earn 0.25 coins, 20,000 at the end: with 1 coin held, net 0."""
    pnl = _attribute(
        holdings=[_step(0, "1", "100000"), _step(9, "1", "80000")],
        fills=[_sell("1000", "100000", "100000")],
        mark_end="80000",
        instrument=INVERSE,
    )
    assert (pnl.spot, pnl.perp, pnl.net) == (D(-20_000), D(20_000), D(0))


def test_r29_amounts_are_booked_to_eight_places() -> None:
    pnl = _attribute(funding=[D("0.000000005"), D("0.00000001")], rewards=[D("0.000000005")])
    assert (pnl.funding, pnl.reward) == (D("0.00000002"), D(0))
    assert pnl.net == pnl.funding


@dataclass
class _Account:
    """Books of its own: average entry, realised and unrealised P&L, one quote wallet, one pile of coins."""

    quote: Decimal
    coins: Decimal
    contracts: Decimal
    entry: Decimal

    def trade(self, contracts: Decimal, price: Decimal, fee: Decimal) -> None:
        self.quote -= fee
        closing = min(abs(contracts), abs(self.contracts)) if contracts * self.contracts < 0 else D(0)
        if closing:
            self.quote += closing * (price - self.entry) * (1 if self.contracts > 0 else -1)
        after = self.contracts + contracts
        if contracts * self.contracts < 0:
            self.entry = price if after * contracts > 0 else self.entry
        elif after:
            self.entry = (self.entry * self.contracts + price * contracts) / after
        self.contracts = after

    def value(self, spot: Decimal, mark: Decimal) -> Decimal:
        return self.quote + self.coins * spot + self.contracts * (mark - self.entry)


_amounts = st.decimals(-100, 100, places=2)
_moves = st.tuples(
    st.sampled_from(["trade", "deposit", "reward", "funding", "fee"]),
    _amounts,
    st.decimals(900, 1100, places=1),  # spot
    st.decimals(900, 1100, places=1),  # mark
    st.decimals(-5, 5, places=1),  # fill against the mark
)


@given(moves=st.lists(_moves, max_size=12), start=_amounts, opened=_amounts)
def test_r29_net_is_the_change_of_the_accounts_value(
    moves: list[tuple[str, Decimal, Decimal, Decimal, Decimal]], start: Decimal, opened: Decimal
) -> None:
    """The account keeps averages and realised P&L; the attribution knows neither, and both find the same cents."""
    spot = mark = D(1000)
    account = _Account(quote=D(0), coins=start, contracts=opened, entry=mark)
    before, paid_in = account.value(spot, mark), D(0)
    holdings = [HoldingStep(time_ms=0, coins=start, price=spot)]
    fills: list[Fill] = []
    flows: dict[str, list[Decimal]] = {"reward": [], "funding": [], "fee": []}
    for time_ms, (kind, amount, spot, mark, off) in enumerate(moves, 1):
        if kind == "trade":
            account.trade(amount, mark + off, D("0.03"))
            fills.append(Fill(time_ms=time_ms, contracts=amount, price=mark + off, mark=mark, fee_quote=D("0.03")))
        elif kind == "deposit":
            account.coins += amount
            paid_in += amount * spot
        else:
            account.quote += -amount if kind == "fee" else amount
            flows[kind].append(amount)
        holdings.append(HoldingStep(time_ms=time_ms, coins=account.coins, price=spot))
    pnl = attribute(
        holdings=holdings,
        fills=fills,
        start_contracts=opened,
        mark_start=D(1000),
        mark_end=mark,
        instrument=LINEAR,
        funding=flows["funding"],
        rewards=flows["reward"],
        fees=flows["fee"],
        residual=D(0),
    )
    assert abs(pnl.net - (account.value(spot, mark) - before - paid_in)) < D("1e-7")
    assert pnl.net == pnl.spot + pnl.perp + pnl.funding + pnl.execution + pnl.reward - pnl.fees


@dataclass
class _CoinAccount:
    """Books of a coin-margined account, in whole prices: W, and the average entry as a fraction of its own."""

    wallet: Decimal
    contracts: Decimal
    entry: Decimal

    def trade(self, contracts: Decimal, price: Decimal) -> None:
        if contracts * self.contracts < 0:
            closing = min(abs(contracts), abs(self.contracts)) * (1 if self.contracts > 0 else -1)
            self.wallet += closing * 100 * (1 / self.entry - 1 / price)
            if abs(contracts) > abs(self.contracts):
                self.entry = price
        elif self.contracts + contracts:
            whole = self.contracts + contracts
            self.entry = whole / (self.contracts / self.entry + contracts / price)
        self.contracts += contracts

    def value(self, mark: Decimal) -> Decimal:
        profit = self.contracts * 100 * (1 / self.entry - 1 / mark)
        return (self.wallet + profit) * mark


_coin_moves = st.tuples(
    st.sampled_from(["trade", "trade", "deposit", "fee"]),
    st.integers(-500, 500),
    st.integers(50_000, 150_000),  # mark
    st.integers(-100, 100),  # fill against the mark
)


@given(moves=st.lists(_coin_moves, max_size=10), opened=st.integers(-1000, 0))
def test_r29_net_of_an_inverse_short_is_the_change_of_the_accounts_value(
    moves: list[tuple[str, int, int, int]], opened: int
) -> None:
    """Profit that was realised is valued when it was paid, and rides with the price as coins from then on."""
    mark = D(100_000)
    account = _CoinAccount(wallet=D(2), contracts=D(opened), entry=mark)
    before, paid_in = account.value(mark), D(0)
    holdings = [HoldingStep(time_ms=0, coins=account.wallet, price=mark)]
    fills: list[Fill] = []
    fees: list[Decimal] = []
    for time_ms, (kind, size, price, off) in enumerate(moves, 1):
        mark = D(price)
        if kind == "trade":
            account.trade(D(size), mark + off)
            fills.append(Fill(time_ms=time_ms, contracts=D(size), price=mark + off, mark=mark, fee_quote=D(0)))
        elif kind == "deposit":
            account.wallet += D(size) / 1000
            paid_in += D(size) / 1000 * mark
        else:
            account.wallet -= D(size) / 100_000
            fees.append(D(size) / 100_000 * mark)
        holdings.append(HoldingStep(time_ms=time_ms, coins=account.wallet, price=mark))
    pnl = attribute(
        holdings=holdings,
        fills=fills,
        start_contracts=D(opened),
        mark_start=D(100_000),
        mark_end=mark,
        instrument=INVERSE,
        funding=[],
        rewards=[],
        fees=fees,
        residual=D(0),
    )
    assert abs(pnl.net - (account.value(mark) - before - paid_in)) < D("1e-7")


@pytest.mark.parametrize("end", ["150000", "50000"])
def test_r29_profit_that_an_inverse_short_realised_is_valued_when_it_was_paid(end: str) -> None:
    """500 of 1,000 contracts bought back at 80,000 pay 0.125 coins, 10,000 then, whatever they are worth later."""
    back = replace(_sell("500", "80000", "80000"), contracts=D(500))
    both = _attribute(fills=[_sell("1000", "100000", "100000"), back], mark_end=end, instrument=INVERSE)
    left = _attribute(fills=[_sell("500", "100000", "100000")], mark_end=end, instrument=INVERSE)
    assert both.perp - left.perp == 10_000


def _balance(wallet: str, asset: Asset, quantity: str) -> WalletBalance:
    return WalletBalance(venue=MAIN, wallet=wallet, asset=asset, quantity=D(quantity))


def _row(wallet: str, asset: Asset, amount: str, kind: RowKind = RowKind.TRANSFER) -> LedgerRow:
    return LedgerRow(
        venue=MAIN, wallet=wallet, asset=asset, amount=D(amount), kind=kind, symbol=None, reference="1", time_ms=1
    )


def test_r29_wallets_that_the_ledger_explains_leave_nothing() -> None:
    before = [_balance("spot", BTC, "3"), _balance("usdm", USDT, "1000")]
    after = [_balance("earn-locked", BTC, "3.00"), _balance("usdm", USDT, "999.1")]
    rows = [
        _row("spot", BTC, "-3"),
        _row("earn-locked", BTC, "3"),
        _row("usdm", USDT, "-1", RowKind.FEE),
        _row("usdm", USDT, "0.1", RowKind.FUNDING),
    ]
    assert residuals(before, after, rows) == {}


def test_r29_the_last_digit_that_is_not_explained_is_shown() -> None:
    before = [_balance("spot", BTC, "1"), _balance("usdm", USDT, "5")]
    after = [_balance("spot", BTC, "1.00000001")]
    rows = [_row("funding", USDT, "2", RowKind.DEPOSIT)]
    assert residuals(before, after, rows) == {
        (MAIN, "spot", BTC): D("0.00000001"),
        (MAIN, "usdm", USDT): D(-5),
        (MAIN, "funding", USDT): D(-2),
    }


def test_r30_effectiveness_is_one_less_the_share_of_movement_that_is_left() -> None:
    assert effectiveness([(D(-5000), D(0)), (D(3000), D(0))]) == 1
    assert effectiveness([(D(100), D(10)), (D(-100), D(10))]) == D("0.99")
    assert effectiveness([(D(1), D(1))]) == 0
    assert effectiveness([(D(1), D(2))]) == -3
    assert effectiveness([(D(3), D(1))]) == D("0.88888889")


def test_r30_there_is_none_when_nothing_moved() -> None:
    assert effectiveness([]) is None
    assert effectiveness([(D(0), D(1))]) is None


def test_r29_coins_that_an_inverse_short_has_gained_are_worth_their_spot_price() -> None:
    """Contract at 50,000 and spot at 50,100: the coins of the short gain 100 each, as the coins held do."""
    told = attribute(
        holdings=[_step(0, "1", "100000"), _step(9, "1", "50100")],
        fills=[_sell("1000", "100000", "100000")],
        start_contracts=D(0),
        mark_start=D(100_000),
        mark_end=D(50_000),
        instrument=INVERSE,
        funding=(),
        rewards=(),
        fees=(),
        residual=D(0),
        coin_end=D(50_100),
    )
    assert (told.spot, told.perp) == (D(-49_900), D(50_100))
    assert told.spot + told.perp == 2 * D(50_100) - 100_000
