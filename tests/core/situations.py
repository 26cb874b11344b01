"""Readings of 1 BTC at 100,000 against a 1x short, for the tests of the spot-perp decision."""

from __future__ import annotations

from decimal import Decimal as D

from bot.core.situation import Memory, Situation
from bot.core.spot_perp import decide
from bot.domain.instrument import Instrument
from bot.domain.observation import Book, BookLevel, Holding, Margin, Prices, Source, Stamp
from bot.domain.plan import Plan, Verdict
from bot.domain.policy import HedgePolicy
from tests.core.instruments import BTC, LINEAR, MAIN, PERP, POLICY, USDT, position_of

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
    instrument: Instrument = LINEAR,
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
        position=position_of(contracts, stamp),
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
