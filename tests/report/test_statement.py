from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from bot.domain.ids import Asset, ClientOrderId, HedgeName, Symbol, TradeId, VenueName, VenueOrderId
from bot.domain.instrument import ContractKind, Instrument
from bot.domain.ledger import LedgerRow, RowKind, WalletBalance
from bot.domain.orders import Side, VenueTrade
from bot.report.statement import OrderCounts, Stage, Statement, statement
from bot.report.tables import print_statement, statement_table

MAIN = VenueName("main")
USDT = Asset("USDT")
START = 1_700_000_000_000
SECONDS = 1_000


def perpetual(asset: str, *, multiplier: str = "1") -> Instrument:
    return Instrument(
        venue=MAIN,
        symbol=Symbol(f"{asset}/USDT:USDT"),
        asset=Asset(asset),
        quote=USDT,
        settle=USDT,
        kind=ContractKind.LINEAR,
        contract_size=Decimal(1),
        quantity_step=Decimal("0.001"),
        quantity_min=Decimal("0.001"),
        quantity_max=Decimal(1000),
        price_tick=Decimal("0.1"),
        notional_min=Decimal(5),
        taker_fee=Decimal("0.0005"),
        maker_fee=Decimal("0.0002"),
        multiplier=Decimal(multiplier),
    )


def sold(
    instrument: Instrument, contracts: str, price: str, mark: str, *, time_ms: int = START - 500
) -> tuple[VenueTrade, ClientOrderId | None, Decimal]:
    trade = VenueTrade(
        trade_id=TradeId("1"),
        venue_order_id=VenueOrderId("1"),
        symbol=instrument.symbol,
        side=Side.SELL,
        contracts=Decimal(contracts),
        price=Decimal(price),
        fee=Decimal(0),
        fee_asset=USDT,
        realized=Decimal(0),
        maker=False,
        time_ms=time_ms,
    )
    return trade, None, Decimal(mark)


def row(
    kind: RowKind,
    amount: str,
    *,
    asset: str = "USDT",
    wallet: str = "usdm",
    symbol: str | None = None,
    time_ms: int = START,
) -> LedgerRow:
    return LedgerRow(
        venue=MAIN,
        wallet=wallet,
        asset=Asset(asset),
        amount=Decimal(amount),
        kind=kind,
        symbol=None if symbol is None else Symbol(symbol),
        reference="7",
        time_ms=time_ms,
    )


def holds(wallet: str, asset: str, quantity: str) -> WalletBalance:
    return WalletBalance(venue=MAIN, wallet=wallet, asset=Asset(asset), quantity=Decimal(quantity))


def stages(*priced: tuple[str, str]) -> list[Stage]:
    return [
        Stage(price=Decimal(price), time_ms=START + number * 10 * SECONDS, coins=Decimal(coins))
        for number, (price, coins) in enumerate(priced)
    ]


def btc_drop(**other: Any) -> Statement:  # noqa: ANN401 - any argument of statement
    instrument = perpetual("BTC")
    given: dict[str, Any] = {
        "hedge": HedgeName("btc-drop"),
        "asset": Asset("BTC"),
        "instrument": instrument,
        "kind": "spot-perp",
        "exposure": Decimal("1.000"),
        "short": Decimal("1.000"),
        "gap_notional": Decimal("0.00"),
        "stages": stages(("100000.0", "1"), ("95000.00", "1")),
        "fills": [sold(instrument, "1", "99999.5", "100000")],
        "rows": [
            row(RowKind.FEE, "-49.99975", symbol="BTC/USDT:USDT", time_ms=START - 500),
            row(RowKind.FUNDING, "9.5", symbol="BTC/USDT:USDT"),
        ],
        "before": [holds("spot", "BTC", "1"), holds("usdm", "USDT", "200000")],
        "after": [holds("spot", "BTC", "1"), holds("usdm", "USDT", "199959.50025")],
        "orders": OrderCounts(sent=1, filled=1, rejected=0, unknown=0),
    }
    return statement(**(given | other))


def inverse_rally() -> Statement:
    """1 BTC in the margin wallet at 100,000, 999 contracts of 100 USD sold there, +50 %, funding paid, then -50 %."""
    inverse = replace(
        perpetual("BTC"),
        symbol=Symbol("BTC/USD:BTC"),
        quote=Asset("USD"),
        settle=Asset("BTC"),
        kind=ContractKind.INVERSE,
        contract_size=Decimal(100),
        quantity_step=Decimal(1),
    )
    in_coins = {"asset": "BTC", "wallet": "coinm", "symbol": inverse.symbol}
    return btc_drop(
        instrument=inverse,
        stages=stages(("100000", "1"), ("150000", "0.9995005"), ("50000", "0.9994005")),
        fills=[sold(inverse, "999", "100000", "100000", time_ms=START + SECONDS)],
        rows=[
            row(RowKind.FEE, "-0.0004995", time_ms=START + SECONDS, **in_coins),
            row(RowKind.FUNDING, "-0.0001", time_ms=START + 11 * SECONDS, **in_coins),
        ],
        before=[holds("coinm", "BTC", "1")],
        after=[holds("coinm", "BTC", "0.9994005")],
    )


def test_r29_an_inverse_rally_keeps_its_value_to_one_contract_and_every_flow_its_own_price() -> None:
    rally = inverse_rally()
    up, down = rally.stages
    assert (up.spot, up.perp) == (Decimal("49975.025"), Decimal(-49950))
    assert abs(up.spot + up.perp) < 100
    assert abs(down.spot + down.perp) < 100
    assert rally.pnl.fees == Decimal("49.95"), "of 100,000"
    assert rally.pnl.funding == Decimal(-15), "of 150,000"
    wallet = Decimal("0.9994005")
    profit = 999 * 100 * (Decimal(1) / 50_000 - Decimal(1) / 100_000)
    assert abs(rally.pnl.net - ((wallet + profit) * 50_000 - 100_000)) < Decimal("1e-6")
    assert rally.pnl.residual == 0
    assert rally.effectiveness is not None
    assert rally.effectiveness > Decimal("0.999")


def test_r29_a_fall_is_accounted_to_the_cent() -> None:
    assert btc_drop().to_json() == {
        "name": "btc-drop",
        "kind": "spot-perp",
        "asset": "BTC",
        "price_start": "100000",
        "price_end": "95000",
        "exposure": "1",
        "short": "1",
        "gap_notional": "0",
        "pnl": {
            "spot": "-5000",
            "perp": "5000",
            "funding": "9.5",
            "execution": "-0.5",
            "reward": "0",
            "fees": "49.99975",
            "residual": "0",
            "net": "-40.99975",
        },
        "stages": [{"price": "95000", "spot": "-5000", "perp": "5000"}],
        "orders": {"sent": 1, "filled": 1, "rejected": 0, "unknown": 0},
        "effectiveness": "1",
    }


def test_r29_stakes_move_and_the_reward_is_what_is_left() -> None:
    instrument = perpetual("BNB")
    told = statement(
        hedge=HedgeName("bnb-stake"),
        asset=Asset("BNB"),
        instrument=instrument,
        kind="spot-perp",
        exposure=Decimal(3),
        short=Decimal(3),
        gap_notional=Decimal(0),
        stages=stages(("600", "3"), ("590", "3"), ("610", "3")),
        fills=[sold(instrument, "3", "600", "600")],
        rows=[
            row(RowKind.TRANSFER, "-3", asset="BNB", wallet="spot"),
            row(RowKind.TRANSFER, "3", asset="BNB", wallet="earn-locked"),
            row(RowKind.REWARD, "100", wallet="spot"),
        ],
        before=[holds("spot", "BNB", "3")],
        after=[holds("earn-locked", "BNB", "3"), holds("spot", "USDT", "100")],
        orders=OrderCounts(sent=1, filled=1, rejected=0, unknown=0),
    ).to_json()
    assert told["stages"] == [
        {"price": "590", "spot": "-30", "perp": "30"},
        {"price": "610", "spot": "30", "perp": "-30"},
    ]
    assert (told["pnl"]["reward"], told["pnl"]["net"], told["pnl"]["residual"]) == ("100", "100", "0")


@pytest.mark.parametrize(
    ("after", "residual"),
    [
        ([holds("spot", "BTC", "1"), holds("usdm", "USDT", "199959.50024")], "0.00001"),
        ([holds("spot", "BTC", "0.99999999"), holds("usdm", "USDT", "199959.50025")], "0.00095"),
        ([holds("spot", "BTC", "1.1"), holds("usdm", "USDT", "190459.50025")], "19000"),
        ([holds("spot", "BTC", "1"), holds("usdm", "USDT", "199959.50025"), holds("spot", "DOGE", "5")], "0.00000001"),
    ],
)
def test_r29_what_the_books_do_not_explain_is_never_zero(after: list[WalletBalance], residual: str) -> None:
    told = btc_drop(after=after)
    assert told.to_json()["pnl"]["residual"] == residual
    assert told.unexplained
    assert told.pnl.net == btc_drop().pnl.net


def test_only_this_hedges_flows_count() -> None:
    own = btc_drop().pnl
    foreign = [
        row(RowKind.FEE, "-3", symbol="ETH/USDT:USDT"),
        row(RowKind.FUNDING, "-4", symbol="BTC/USDC:USDC"),
        row(RowKind.REWARD, "5", asset="ETH"),
        row(RowKind.FEE, "-6", symbol="BTCDOM/USDT"),
        row(RowKind.DEPOSIT, "1000"),
    ]
    told = btc_drop(rows=foreign, after=btc_drop_after(), before=[])
    assert [told.pnl.fees, told.pnl.funding, told.pnl.reward] == [Decimal(0)] * 3
    assert (own.fees, own.funding) == (Decimal("49.99975"), Decimal("9.5"))


def btc_drop_after() -> list[WalletBalance]:
    return [holds("usdm", "USDT", "1")]


def test_coins_are_valued_at_the_price_of_their_moment() -> None:
    fees = [
        row(RowKind.FEE, "-0.001", asset="BTC", symbol="BTC/USDT", wallet="spot", time_ms=START - 1),
        row(RowKind.FEE, "-0.001", asset="BTC", symbol="BTC/USDT", wallet="spot", time_ms=START + 11 * SECONDS),
        row(RowKind.FEE, "-0.1", asset="BNB", symbol="BTC/USDT:USDT"),
    ]
    told = btc_drop(rows=fees, prices={Asset("BNB"): Decimal(600)})
    assert told.pnl.fees == 100 + 95 + 60
    with pytest.raises(ValueError, match="BNB has no price"):
        btc_drop(rows=fees)


def test_prices_of_a_thousandfold_contract_are_per_thousand_coins() -> None:
    pepe = perpetual("PEPE", multiplier="1000")
    told = btc_drop(
        asset=Asset("PEPE"),
        instrument=pepe,
        stages=stages(("0.01", "100000"), ("0.02", "100000")),
        fills=[sold(pepe, "100", "9.9", "10")],
        rows=[],
    ).to_json()
    assert told["stages"] == [{"price": "0.02", "spot": "1000", "perp": "-1000"}]
    assert told["pnl"]["execution"] == "-10"


def test_a_fill_counts_from_its_own_stage_on() -> None:
    instrument = perpetual("BTC")
    late = [
        sold(instrument, "0.5", "100000", "100000"),
        sold(instrument, "0.5", "98000", "98000", time_ms=START + 15 * SECONDS),
    ]
    told = btc_drop(stages=stages(("100000", "1"), ("99000", "1"), ("95000", "1")), fills=late, rows=[])
    assert told.to_json()["stages"] == [
        {"price": "99000", "spot": "-1000", "perp": "500"},
        {"price": "95000", "spot": "-5000", "perp": "4000"},
    ]
    # The hedge left 500 each time, of 1,000 and of 4,000.
    assert told.effectiveness == Decimal("0.97058824")


def test_r30_nothing_moved_is_no_measure() -> None:
    told = btc_drop(stages=stages(("100000", "1")))
    assert told.to_json()["effectiveness"] is None
    assert told.to_json()["stages"] == []
    with pytest.raises(ValueError, match="at least one stage"):
        btc_drop(stages=[])


MONEY = st.decimals(-(10**6), 10**6, places=8)


@given(
    prices=st.lists(st.decimals(1, 10**6, places=2), min_size=1, max_size=5),
    coins=st.decimals(0, 100, places=3),
    price=st.decimals(1, 10**6, places=2),
    mark=st.decimals(1, 10**6, places=2),
    funding=MONEY,
    fee=MONEY,
    reward=MONEY,
)
def test_r29_net_is_the_sum_of_its_terms(
    prices: list[Decimal],
    coins: Decimal,
    price: Decimal,
    mark: Decimal,
    funding: Decimal,
    fee: Decimal,
    reward: Decimal,
) -> None:
    pnl = btc_drop(
        stages=stages(*((str(at), str(coins)) for at in prices)),
        fills=[sold(perpetual("BTC"), str(coins), str(price), str(mark))] if coins else [],
        rows=[row(RowKind.FUNDING, str(funding)), row(RowKind.FEE, str(fee)), row(RowKind.REWARD, str(reward))],
    ).pnl
    assert pnl.net == pnl.spot + pnl.perp + pnl.funding + pnl.execution + pnl.reward - pnl.fees
    assert pnl.fees == -fee
    worth = coins * (prices[-1] - prices[0]) - coins * (prices[-1] - price) + funding + fee + reward
    assert abs(pnl.net - worth) < Decimal("0.0000001")


Draw = Callable[..., str]


@pytest.fixture
def draw() -> Draw:
    def drawn(told: Statement, *, width: int = 100, colour: bool = False) -> str:
        console = Console(width=width, force_terminal=colour, color_system="standard" if colour else None)
        with console.capture() as capture:
            console.print(statement_table(told, title="1 BTC [falls]"))
        return capture.get()

    return drawn


def test_the_table_shows_every_term_and_fits_a_terminal(draw: Draw) -> None:
    drawn = draw(btc_drop(), width=80)
    lines = [[part.strip() for part in line.strip("│").split("│")] for line in drawn.splitlines() if "│" in line]
    assert ["stage 1", "95,000", "-5,000.00", "+5,000.00", "0.00000"] in lines
    assert ["funding", "", "", "", "+9.50000"] in lines
    assert ["execution", "", "", "", "-0.50000"] in lines
    assert ["fees", "", "", "", "-49.99975"] in lines
    assert ["reward", "", "", "", "0.00000"] in lines
    assert ["net", "", "", "", "-40.99975"] in lines
    assert ["residual", "", "", "", "0"] in lines
    assert "explain every digit of every wallet" in drawn
    assert "1 BTC [falls]" in drawn
    assert "1 sent, 1 filled; hedge effectiveness: 100.00 %" in drawn
    assert max(len(line) for line in drawn.splitlines()) <= 80
    assert "\x1b" not in drawn


def test_the_table_shows_what_went_wrong(draw: Draw) -> None:
    wrong = btc_drop(
        stages=stages(("100000", "1"), ("99000", "1"), ("95000", "1")),
        after=[],
        orders=OrderCounts(sent=4, filled=1, rejected=1, unknown=2),
    )
    drawn = draw(wrong)
    assert "1 rejected, 2 unknown" in drawn
    assert "do not explain every change of the wallets" in drawn
    assert "stage 1" in drawn
    assert "stage 2" in drawn
    assert "\x1b[31m" in draw(wrong, colour=True)


def test_the_last_column_adds_up_even_when_a_fill_came_after_the_last_stage(draw: Draw) -> None:
    instrument = perpetual("BTC")
    told = btc_drop(fills=[sold(instrument, "1", "95000", "96000", time_ms=START + 99 * SECONDS)], rows=[])
    drawn = draw(told)
    assert "since the last stage" in drawn
    assert "+1,000.00" in drawn
    still = draw(btc_drop(stages=stages(("100000", "1")), rows=[], orders=replace(told.orders, sent=0)))
    assert "nothing moved" in still


def test_a_statement_is_printed_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    print_statement(btc_drop(), title="falls")
    assert "hedge effectiveness" in capsys.readouterr().out
