"""Readings of 1 BTC at 100,000 against a 1x short, for the tests of the spot-perp decision."""

from __future__ import annotations

from decimal import Decimal as D

from bot.core.spot_perp import Memory, Situation, decide
from bot.domain.ids import Asset, HedgeName, Symbol, VenueName
from bot.domain.instrument import ContractKind, Instrument, MarginMode
from bot.domain.observation import Book, BookLevel, FlatProof, Holding, Margin, Position, Prices, Source, Stamp
from bot.domain.plan import Plan, Verdict
from bot.domain.policy import Band, Caps, HedgePolicy, HoldingSpec, Timing

MAIN = VenueName("main")
BTC = Asset("BTC")
USDT = Asset("USDT")
PERP = Symbol("BTC/USDT:USDT")

INSTRUMENT = Instrument(
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
TIMING = Timing(
    dwell_s=D(60),
    confirm_s=D(1),
    foreign_grace_s=D(600),
    proof_grace_s=D(30),
    proof_spacing_s=D(5),
    age_max_s=D(15),
    settle_s=D(4),
)
POLICY = HedgePolicy(
    name=HedgeName("btc"),
    asset=BTC,
    ratio=D(1),
    holdings=(HoldingSpec(source=Source.SPOT, venue=MAIN),),
    venue=MAIN,
    symbol=PERP,
    margin_mode=MarginMode.ISOLATED,
    leverage=1,
    band=Band(relative=D("0.005"), notional=D(20)),
    caps=Caps(order_notional=D(250_000), notional_per_hour=D(1_000_000), orders_per_minute=20, total_short=D("1.05")),
    timing=TIMING,
    slippage=D("0.005"),
    slippage_urgent=D("0.02"),
    margin_reserve=D(0),
)
START_MS = 1_800_000_000_000


def reading(
    at_s: float,
    coins: D | str = "1",
    contracts: D | str = "0",
    price: D | str = "100000",
    *,
    free: str = "200000",
    depth: str = "5",
    book: bool = True,
    policy: HedgePolicy = POLICY,
    instrument: Instrument = INSTRUMENT,
    waiting: str = "",
    soon: bool = False,
    halted: tuple[str, ...] = (),
    unfilled_tries: int = 0,
    live_from_ms: int = 0,
) -> Situation:
    """One complete reading that took 100 ms, decided on as soon as it was there."""
    sent = START_MS + int(at_s * 1000)
    stamp = Stamp(sent_ms=sent, answered_ms=sent + 100)
    mark = D(price)
    depth_book = Book(
        bids=(BookLevel(price=mark - D("0.1"), contracts=D(depth)),),
        asks=(BookLevel(price=mark + D("0.1"), contracts=D(depth)),),
        stamp=stamp,
    )
    return Situation(
        policy=policy,
        instrument=instrument,
        holdings=(
            Holding(source=Source.SPOT, venue=MAIN, asset=BTC, quantity=D(coins), principal=D(coins), stamp=stamp),
        ),
        position=Position(
            symbol=PERP,
            contracts=D(contracts),
            entry_price=None,
            mark_price=None,
            liquidation_price=None,
            isolated_wallet=None,
            raw_notional=None,
            proof=FlatProof.ZERO_ROW if D(contracts) == 0 else FlatProof.NOT_FLAT,
            stamp=stamp,
        ),
        prices=Prices(
            symbol=PERP,
            mark=mark,
            index=mark,
            bid=mark - D("0.1"),
            ask=mark + D("0.1"),
            funding_rate=D("0.0001"),
            stamp=stamp,
            book=depth_book if book else None,
        ),
        margin=Margin(asset=USDT, wallet=D(free), available=D(free), stamp=stamp),
        unfilled=(),
        waiting=waiting,
        soon=soon,
        halted=halted,
        unfilled_tries=unfilled_tries,
        live_from_ms=live_from_ms,
        now_ms=sent + 100,
    )


def run(*situations: Situation, memory: Memory | None = None) -> list[Plan]:
    memory = memory or Memory()
    plans = []
    for situation in situations:
        plan, memory = decide(situation, memory)
        plans.append(plan)
    return plans


def verdicts(*situations: Situation) -> list[Verdict]:
    return [plan.verdict for plan in run(*situations)]
