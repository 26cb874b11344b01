"""A step of the margin ladder on 1 BTC at 140,000, entered at 100,000, for the tests of the core."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

from bot.core.ladder import Backing
from bot.core.ladder_progress import Progress
from bot.core.ladder_steps import Purse
from bot.domain.ids import ClientOrderId, HedgeName, Symbol
from bot.domain.instrument import SpotMarket
from bot.domain.intent import IntentRecord, IntentState
from bot.domain.ladder import LadderStep, StepId, StepKind
from bot.domain.moves import Move, MoveId, MoveKind, MoveRecord, MoveRequest, MoveState
from bot.domain.orders import Side
from tests.core.instruments import BTC, MAIN, PERP, USDT, armed_record, intent

NOW_MS = 1_800_000_000_000
SPOT = Symbol("BTC/USDT")
STEP_ID = StepId("habcdefghjk000000000000001")
MARKET = SpotMarket(
    venue=MAIN,
    symbol=SPOT,
    base=BTC,
    quote=USDT,
    quantity_step=D("0.00001"),
    quantity_min=D("0.00001"),
    quantity_max=D(9_000),
    price_tick=D("0.01"),
    notional_min=D(5),
    taker_fee=D("0.001"),
    fee_in_quote=False,
    price_down=D("0.2"),
    price_up=D(5),
)
HELD = Backing(units=D(1), mark=D(140_000), equity=D(60_000), rate=D("0.004"), cum=D(0), isolated=True)
"""Liquidated at 1.42 times the mark; a top-up to 1.8 takes 53,008."""


def step(kind: StepKind = StepKind.TOP_UP, contracts: str = "0.2") -> LadderStep:
    """Just begun."""
    reduces = kind is StepKind.REDUCTION
    return LadderStep(
        step_id=STEP_ID,
        hedge=HedgeName("btc"),
        kind=kind,
        venue=MAIN,
        symbol=PERP,
        spot_symbol=SPOT if reduces else None,
        contracts=D(contracts) if reduces else D(0),
        coins=D(contracts) if reduces else D(0),
        target=D("1.8"),
        ratio=D("1.42"),
        wallet_before=D(100_000),
        spot_before=D(1),
        created_ms=NOW_MS,
    )


def leg(
    filled: str,
    *,
    wanted: str = "0.2",
    side: Side = Side.BUY,
    state: IntentState = IntentState.FILLED,
    settled: bool = True,
    at_ms: int = NOW_MS + 1_000,
) -> IntentRecord:
    """One order of a reduction: a buy of contracts, or a sale of coins."""
    armed = armed_record(intent(wanted, "140000"), at_ms)
    request = replace(
        armed.intent.request, side=side, symbol=PERP if side is Side.BUY else SPOT, reduce_only=side is Side.BUY
    )
    return replace(
        armed,
        intent=replace(armed.intent, request=request, client_id=ClientOrderId("habcdefghjk000000000000002")),
        state=state,
        filled=D(filled),
        average_price=D(140_000),
        settled=settled,
    )


def move(
    kind: MoveKind = MoveKind.ADD_MARGIN,
    amount: str = "53008",
    state: MoveState = MoveState.DONE,
    at_ms: int = NOW_MS + 1_000,
) -> MoveRecord:
    """One move of a step."""
    return MoveRecord(
        move=Move(
            move_id=MoveId("habcdefghjk000000000000003"),
            hedge=HedgeName("btc"),
            request=MoveRequest(venue=MAIN, kind=kind, symbol=PERP, asset=USDT, amount=D(amount)),
            created_ms=at_ms,
            timestamp_ms=at_ms,
            deadline_ms=at_ms + 3_000,
        ),
        state=state,
        reference=None,
        detail="-4051 not enough" if state is MoveState.REJECTED else "",
        updated_ms=at_ms,
    )


def progress(kind: StepKind = StepKind.TOP_UP, **given: object) -> Progress:
    """Of a step that was begun ten seconds ago, read a moment ago."""
    plain = Progress(
        step=step(kind),
        ratio=D(1),
        buys=(),
        sales=(),
        moves=(),
        proceeds=D(0),
        released=D(0),
        backing=HELD,
        purse=Purse(margin=D(100_000), wallet=D(50_000)),
        wallet=D(100_000),
        spot=D(1),
        read_ms=NOW_MS + 9_000,
        now_ms=NOW_MS + 10_000,
    )
    return replace(plain, **given)  # type: ignore[arg-type]
