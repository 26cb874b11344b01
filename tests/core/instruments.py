"""One BTC perpetual, its policy, and what an order and a position of it look like, for the tests of the core."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

from bot.domain.ids import Asset, ClientOrderId, HedgeName, Symbol, VenueName
from bot.domain.instrument import ContractKind, Instrument, MarginMode
from bot.domain.intent import Intent, IntentRecord, IntentState
from bot.domain.observation import FlatProof, Position, Source, Stamp
from bot.domain.orders import OrderRequest, Side, TimeInForce, TradeCursor
from bot.domain.policy import Band, Caps, HedgePolicy, HoldingSpec, Timing

MAIN = VenueName("main")
HEDGE = HedgeName("btc")
BTC, USDT = Asset("BTC"), Asset("USDT")
PERP = Symbol("BTC/USDT:USDT")
CLIENT_ID = ClientOrderId("habcdefghjk000000000000001")

LINEAR = Instrument(
    venue=MAIN,
    symbol=PERP,
    asset=BTC,
    quote=USDT,
    settle=USDT,
    kind=ContractKind.LINEAR,
    contract_size=D(1),
    quantity_step=D("0.001"),
    quantity_min=D("0.001"),
    quantity_max=D(120),
    price_tick=D("0.1"),
    notional_min=D(100),
    taker_fee=D("0.0005"),
    maker_fee=D("0.0002"),
    price_down=D("0.95"),
    price_up=D("1.05"),
)
INVERSE = replace(
    LINEAR,
    symbol=Symbol("BTC/USD:BTC"),
    quote=Asset("USD"),
    settle=BTC,
    kind=ContractKind.INVERSE,
    contract_size=D(100),
    quantity_step=D(1),
    quantity_min=D(1),
)
POLICY = HedgePolicy(
    name=HEDGE,
    asset=BTC,
    ratio=D(1),
    holdings=(HoldingSpec(source=Source.SPOT, venue=MAIN),),
    venue=MAIN,
    symbol=PERP,
    margin_mode=MarginMode.ISOLATED,
    leverage=1,
    band=Band(relative=D("0.005"), notional=D(20)),
    caps=Caps(order_notional=D(250_000), notional_per_hour=D(1_000_000), orders_per_minute=20, total_short=D("1.05")),
    timing=Timing(
        dwell_s=D(60),
        confirm_s=D(1),
        foreign_grace_s=D(600),
        proof_grace_s=D(30),
        proof_spacing_s=D(5),
        age_max_s=D(15),
        settle_s=D(4),
    ),
    slippage=D("0.005"),
    slippage_urgent=D("0.02"),
    margin_reserve=D(0),
)
SELL = OrderRequest(
    venue=MAIN,
    symbol=PERP,
    side=Side.SELL,
    contracts=D(1),
    price=D(99_500),
    time_in_force=TimeInForce.IOC,
    reduce_only=False,
)


def intent(
    contracts: str = "1",
    mark: str = "100000",
    *,
    created_ms: int = 1_000,
    timestamp_ms: int = 1_000,
    deadline_ms: int = 4_000,
) -> Intent:
    """To sell so much, decided on when flat and before any trade."""
    return Intent(
        client_id=CLIENT_ID,
        hedge=HEDGE,
        request=replace(SELL, contracts=D(contracts)),
        position_before=D(0),
        cursor_before=TradeCursor(trade_id=None, time_ms=0),
        mark=D(mark),
        created_ms=created_ms,
        timestamp_ms=timestamp_ms,
        deadline_ms=deadline_ms,
    )


def armed_record(decided: Intent, now_ms: int) -> IntentRecord:
    """The record of an intent that is about to be sent."""
    return IntentRecord(
        intent=decided,
        state=IntentState.ARMED,
        filled=D(0),
        average_price=None,
        venue_order_id=None,
        settled=False,
        detail="",
        updated_ms=now_ms,
    )


def position_of(contracts: D | str, stamp: Stamp) -> Position:
    """So many contracts, of which the venue says nothing else."""
    contracts = D(contracts)
    return Position(
        symbol=PERP,
        contracts=contracts,
        entry_price=None,
        mark_price=None,
        liquidation_price=None,
        isolated_wallet=None,
        raw_notional=None,
        proof=FlatProof.NOT_FLAT if contracts else FlatProof.ZERO_ROW,
        stamp=stamp,
    )
