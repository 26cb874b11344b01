"""Statements where spot and contract have prices of their own, and where coins come and go by trades."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.domain.ids import Asset, HedgeName, Symbol, TradeId, VenueName, VenueOrderId
from bot.domain.instrument import ContractKind, Instrument
from bot.domain.ledger import LedgerRow, RowKind
from bot.domain.orders import Side, VenueTrade
from bot.report.statement import JournalFill, OrderCounts, Stage, Statement, statement

MAIN, BTC, USDT = VenueName("main"), Asset("BTC"), Asset("USDT")
LINEAR = Instrument(
    venue=MAIN,
    symbol=Symbol("BTC/USDT:USDT"),
    asset=BTC,
    quote=USDT,
    settle=USDT,
    kind=ContractKind.LINEAR,
    contract_size=D(1),
    quantity_step=D("0.001"),
    quantity_min=D("0.001"),
    quantity_max=D(1000),
    price_tick=D("0.1"),
    notional_min=D(5),
    taker_fee=D("0.0005"),
    maker_fee=D("0.0002"),
)
INVERSE = replace(LINEAR, symbol=Symbol("BTC/USD:BTC"), settle=BTC, kind=ContractKind.INVERSE, contract_size=D(100))


def stage(time_ms: int, spot: str, mark: str, coins: str = "1", *, measured: bool = True) -> Stage:
    return Stage(time_ms=time_ms, price=D(spot), mark=D(mark), coins=D(coins), measured=measured)


def fill(side: Side, contracts: str, price: str, mark: str, time_ms: int, symbol: Symbol) -> JournalFill:
    trade = VenueTrade(
        trade_id=TradeId("1"),
        venue_order_id=VenueOrderId("1"),
        symbol=symbol,
        side=side,
        contracts=D(contracts),
        price=D(price),
        fee=D(0),
        fee_asset=USDT,
        realized=D(0),
        maker=False,
        time_ms=time_ms,
    )
    return trade, None, D(mark)


def told(
    stages: Sequence[Stage],
    fills: Sequence[JournalFill],
    *,
    instrument: Instrument = LINEAR,
    spot_fills: Sequence[JournalFill] = (),
    rows: Sequence[LedgerRow] = (),
) -> Statement:
    return statement(
        hedge=HedgeName("btc"),
        asset=BTC,
        instrument=instrument,
        kind="spot-perp",
        exposure=D(1),
        short=D(1),
        gap_notional=D(0),
        stages=stages,
        fills=fills,
        rows=rows,
        before=(),
        after=(),
        orders=OrderCounts(sent=1, filled=1, rejected=0, unknown=0),
        spot_fills=spot_fills,
    )


def test_r29_the_basis_shows_in_spot_and_perp() -> None:
    """Spot +1,000, the contract +990: the ten that the contract came nearer are gained."""
    short = fill(Side.SELL, "1", "100100", "100100", 1, LINEAR.symbol)
    account = told([stage(0, "100000", "100100"), stage(9, "101000", "101090")], [short])
    assert (account.pnl.spot, account.pnl.perp, account.pnl.net) == (D(1_000), D(-990), D(10))
    assert (account.price_start, account.price_end) == (D(100_000), D(101_000))


def test_r30_effectiveness_counts_measured_stages_alone() -> None:
    short = fill(Side.SELL, "1", "100000", "100000", 0, LINEAR.symbol)
    between = stage(5, "120000", "90000", measured=False)
    plain = [stage(0, "100000", "100000"), stage(9, "101000", "101000")]
    account = told([plain[0], between, plain[1]], [short])
    assert account.effectiveness == 1
    assert [(one.spot, one.perp) for one in account.stages] == [(D(1_000), D(-1_000))]
    assert account.pnl == told(plain, [short]).pnl


def test_r29_coins_that_are_sold_count_up_to_the_sale_and_its_price_apart() -> None:
    """Half of the coins is sold at 109,900 while spot is 110,000, then spot falls to 90,000."""
    sale = fill(Side.SELL, "0.5", "109900", "110000", 5, Symbol("BTC/USDT"))
    stages = [
        stage(0, "100000", "100000"),
        stage(5, "110000", "110000", "0.5", measured=False),
        stage(9, "90000", "90000", "0.5"),
    ]
    account = told(stages, [], spot_fills=[sale])
    assert account.pnl.spot == 10_000 - 10_000
    assert account.pnl.execution == -50
    assert account.pnl.net == -50


@pytest.mark.parametrize("spot", ["50000", "50100"])
def test_r29_an_inverse_hedge_is_worth_its_coins_at_spot(spot: str) -> None:
    """1,000 contracts from 100,000 to 50,000 gain a coin, which is worth what spot says."""
    short = fill(Side.SELL, "1000", "100000", "100000", 0, INVERSE.symbol)
    account = told([stage(0, "100000", "100000"), stage(9, spot, "50000")], [short], instrument=INVERSE)
    assert account.pnl.perp == D(spot)
    assert account.pnl.net == 2 * D(spot) - 100_000


def test_coins_that_the_contract_pays_are_held_from_their_stage_on() -> None:
    paid = LedgerRow(
        venue=MAIN,
        wallet="coinm",
        asset=BTC,
        amount=D("0.01"),
        kind=RowKind.FUNDING,
        symbol=INVERSE.symbol,
        reference="1",
        time_ms=6,
    )
    stages = [stage(0, "100000", "100000"), stage(5, "100000", "100000"), stage(9, "110000", "110000", "1.01")]
    account = told(stages, [], instrument=INVERSE, rows=[paid])
    assert account.pnl.funding == 1_000
    assert account.pnl.spot == D("1.01") * 10_000
