from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from bot.domain.ids import Asset, Epoch, HedgeName, Symbol, TradeId, VenueName, VenueOrderId, client_order_id
from bot.domain.instrument import ContractKind
from bot.domain.intent import Intent
from bot.domain.observation import Holding, Source, Stamp, Unknown
from bot.domain.orders import OrderRequest, Side, TimeInForce, TradeCursor, VenueTrade
from bot.domain.plan import HedgeView, Plan, PlannedOrder, Verdict
from bot.journal.store import SqlJournal

NOW = 1_700_000_000_000
EPOCH = Epoch("abcdefghij")
MAIN = VenueName("main")
BTC = Symbol("BTC/USDT:USDT")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hedgebot.db"


@pytest.fixture
def journal(path: Path) -> Iterator[SqlJournal]:
    with SqlJournal.open(path, now_ms=NOW) as opened:
        opened.begin_epoch(EPOCH, NOW)
        yield opened


@pytest.fixture
def make_intent() -> Callable[..., Intent]:
    def make(
        sequence: int = 1, *, epoch: Epoch = EPOCH, symbol: Symbol = BTC, side: Side = Side.SELL, created_ms: int = NOW
    ) -> Intent:
        return Intent(
            client_id=client_order_id(epoch, sequence),
            hedge=HedgeName("btc"),
            request=OrderRequest(
                venue=MAIN,
                symbol=symbol,
                side=side,
                contracts=Decimal("0.500"),
                price=Decimal("99500.10"),
                time_in_force=TimeInForce.IOC,
                reduce_only=side is Side.BUY,
            ),
            position_before=Decimal("-0.5"),
            cursor_before=TradeCursor(trade_id=TradeId("77"), time_ms=NOW - 1000),
            mark=Decimal(100000),
            created_ms=created_ms,
            timestamp_ms=created_ms + 5,
            deadline_ms=created_ms + 3005,
        )

    return make


@pytest.fixture
def make_trade() -> Callable[..., VenueTrade]:
    def make(trade_id: str = "78", *, symbol: Symbol = BTC, contracts: str = "0.500") -> VenueTrade:
        return VenueTrade(
            trade_id=TradeId(trade_id),
            venue_order_id=VenueOrderId("9001"),
            symbol=symbol,
            side=Side.SELL,
            contracts=Decimal(contracts),
            price=Decimal("99990.5"),
            fee=Decimal("19.9981"),
            fee_asset=Asset("USDT"),
            realized=Decimal(0),
            maker=False,
            time_ms=NOW + 50,
        )

    return make


@pytest.fixture
def make_plan() -> Callable[..., Plan]:
    def make(
        *,
        hedge: str = "btc",
        mark: str = "100000",
        at_ms: int = NOW,
        exposure: str = "1",
        verdict: Verdict = Verdict.BALANCED,
        reason: str | None = None,
        order: bool = False,
    ) -> Plan:
        stamp = Stamp(sent_ms=at_ms - 40, answered_ms=at_ms - 20)
        coins = Decimal(exposure)
        request = OrderRequest(
            venue=MAIN,
            symbol=BTC,
            side=Side.SELL,
            contracts=coins,
            price=Decimal(mark),
            time_in_force=TimeInForce.IOC,
            reduce_only=False,
        )
        return Plan(
            view=HedgeView(
                hedge=HedgeName(hedge),
                asset=Asset("BTC"),
                symbol=BTC,
                kind=ContractKind.LINEAR,
                holdings=(
                    Holding(
                        source=Source.SPOT,
                        venue=MAIN,
                        asset=Asset("BTC"),
                        quantity=coins,
                        principal=coins,
                        stamp=stamp,
                        wallets=("spot", "funding"),
                    ),
                    Unknown(what="earn of main", reason="HTTP 503"),
                ),
                exposure=coins,
                short=Decimal("1.000"),
                gap=coins - 1,
                mark=Decimal(mark),
                price=Decimal(mark),
            ),
            verdict=verdict,
            reason=f"the gap is worth {(coins - 1) * Decimal(mark):f}" if reason is None else reason,
            order=PlannedOrder(request=request, coins=coins, notional=coins * Decimal(mark), fee_estimate=Decimal(40))
            if order
            else None,
            gap_after=Decimal(0),
        )

    return make
