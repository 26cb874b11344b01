"""Whatever the venue, the market and people do: no money of others is spent, no saw-tooth, nothing doubtful bought."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal as D
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.core.exit_scene import WEEK_MS
from bot.core.owned import Balance
from bot.domain.exits import Crossing, CrossingCause, CrossingKind, CrossingState, ExitState, ReenterPolicy
from bot.domain.ids import Asset
from bot.domain.intent import IntentState
from bot.domain.observation import Stamp, Unknown
from bot.domain.orders import Approved
from bot.domain.proceeds import Flow
from tests.core.exits import BTC, POLICY, USDC, USDT, Desk, filled, unknown

STABLES = (USDT, USDC)
FLOOR = D("0.01")
NOTHING = D(0)
Value = D | Unknown
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("price"), st.sampled_from([D(80_000), D(92_000), D(96_000), D(120_000)])),
        st.tuples(st.sampled_from(STABLES), st.sampled_from([D(1), D("0.97"), D("0.9"), unknown()])),
        st.tuples(st.just("fills"), st.sampled_from([D(0), D("0.3"), D(1)])),
        st.tuples(st.just("wait"), st.sampled_from([D(1), D(61), D(700), D(90_000)])),
        st.tuples(st.sampled_from(["lost", "found", "lock", "unlock", "exit", "enter"]), st.just(NOTHING)),
    ),
    max_size=25,
)


@dataclass
class Rough(Desk):
    """A venue where orders fill in part, are not heard of for a while, and money is locked."""

    ratio: D = D(1)
    lost: bool = False
    hidden: list[Flow] = field(default_factory=list)
    foreign: D = D(5_000)

    def _fill(self, order: Approved, crossing: Crossing) -> None:
        self.judge(order, crossing)
        step = D("0.00001") if order.request.symbol.startswith(BTC) else D("0.01")
        quantity = order.request.contracts * self.ratio // step * step
        request = replace(order.request, contracts=quantity)
        before = len(self.flows)
        if quantity:
            super()._fill(replace(order, request=request), crossing)
        if self.lost:
            self.flows, self.hidden = self.flows[:before], self.flows[before:]
            record = filled(order.request, self.sequence, self.now_ms, None, state=IntentState.UNKNOWN, quantity=D(0))
            self.over["unfinished"] = (record,)

    def found(self) -> None:
        self.over.pop("unfinished", None)
        self.flows, self.hidden = [*self.flows, *self.hidden], []
        self.settled_ms = self.now_ms

    def judge(self, order: Approved, crossing: Crossing) -> None:
        """No order rests on a price that is not known, or buys what is off its peg."""
        base, _, quote = order.request.symbol.partition("/")
        got = quote if order.request.side.sign < 0 else base
        if got in STABLES:
            value = self.pegs[Asset(got)]
            if isinstance(value, D):
                assert abs(value - 1) <= self.policy.depeg
            else:
                assert crossing.kind is CrossingKind.EXIT, "what was sound a moment ago is bought by an exit alone"
        assert "unfinished" not in self.over

    def lock(self) -> None:
        stamp = Stamp(sent_ms=self.now_ms * 2, answered_ms=self.now_ms * 2)
        self.over["coins"] = Balance(free=D(0), total=self.held(BTC), stamp=stamp)
        self.over["money"] = {one: Balance(free=D(0), total=self.held(one), stamp=stamp) for one in STABLES}

    def unlock(self) -> None:
        self.over.pop("coins", None)
        self.over.pop("money", None)

    def told(self, what: str, value: Value) -> None:
        if what in STABLES:
            self.pegs[Asset(what)] = value
            return
        assert isinstance(value, D)
        match what:
            case "price":
                self.price = value
            case "fills":
                self.ratio = value
            case "lost":
                self.lost = True
            case "found":
                self.lost = False
                self.found()
            case "lock":
                self.lock()
            case "unlock":
                self.unlock()
            case "wait":
                self.turn(s=float(value))
            case _:
                self.ask(CrossingKind(what))


OUT = [("price", D(80_000)), ("wait", D(1)), ("wait", D(1)), ("wait", D(1))]


@example([*OUT, ("lost", NOTHING), ("enter", NOTHING), ("wait", D(61)), ("wait", D(61))])
@example([*OUT, ("fills", D("0.3")), (USDT, D("0.97")), ("wait", D(1)), (USDC, D("0.97"))])
@example([*OUT, ("enter", NOTHING), ("lock", NOTHING), ("wait", D(61)), ("unlock", NOTHING)])
@settings(max_examples=60, deadline=None)
@given(events=EVENTS)
def test_no_fault_makes_it_spend_others_money_or_saw(events: list[tuple[str, Value]]) -> None:
    policy = replace(
        POLICY,
        floor=FLOOR,
        slice_notional=D(40_000),
        depeg=D("0.02"),
        reenter=ReenterPolicy(cooldown_s=D(60), for_s=D(0)),
    )
    desk = Rough(policy=policy, balances={BTC: D(1), USDT: D(5_000), USDC: D(5_000)})
    for what, value in events:
        desk.told(what, value)
        for _ in range(2):
            desk.turn()
        assert all(desk.held(one) >= desk.foreign for one in STABLES), "money of others was spent"
        assert desk.held(BTC) >= FLOOR
    assert desk.write_offs == [], "nobody took anything away"
    backs = [
        one.crossing.created_ms
        for one in desk.crossings
        if one.crossing.kind is CrossingKind.ENTER and one.crossing.cause is CrossingCause.SIGNAL
    ]
    assert all(later - first >= WEEK_MS for first, later in pairwise(backs))
    # With everything in order again it comes to an end, and nothing of it is forgotten.
    desk.told("found", NOTHING)
    desk.unlock()
    desk.price, desk.ratio, desk.pegs = D(96_000), D(1), {one: D(1) for one in STABLES}
    desk.turns(14, s=400)  # a stablecoin that broke is sound after an hour
    desk.ask(CrossingKind.EXIT)
    desk.turns(14, s=70)
    assert desk.crossings[-1].state is not CrossingState.OPEN
    assert desk.turn().view.state is ExitState.OUT
    desk.ask(CrossingKind.ENTER)
    desk.turns(14, s=70)
    assert desk.turn().view.state is ExitState.IN
    assert all(amount < 10 for amount in desk.owned().values())


def sale_while_unread(worth: str, *, lasting: bool = False, depeg: str = "0.02") -> str:
    """The code of a sale into a stablecoin that was sound, and is worth so much by the coin's own market alone."""
    policy = replace(POLICY, basket={USDT: D(1)}, depeg=D(depeg))
    desk = Desk(policy=policy, pegs={USDT: D(1)})
    desk.turns(3)
    desk.price = D(89_000)
    desk.pegs = {USDT: D(worth)}
    desk.now_ms += 5_000
    at = desk.market_at(BTC, USDT)
    desk.pegs = {USDT: unknown(lasting=lasting)}
    desk.over = {"markets": {USDT: at}}
    plan = desk.turn(s=0)
    assert (plan.order is not None) is (plan.code == "exit.slice")
    return plan.code


@pytest.mark.parametrize("worth", ["0.957", "0.979", "1.021", "1.04"])
def test_a_stablecoin_whose_price_is_unknown_is_not_bought_off_its_peg_by_the_coins_own_market(worth: str) -> None:
    assert sale_while_unread(worth) == "price.touch"
    assert sale_while_unread(worth, lasting=True) == "exit.slice", "without an anchor a person chose it"


@pytest.mark.parametrize("worth", ["0.985", "1", "1.015"])
def test_a_stablecoin_whose_price_is_unknown_for_the_moment_is_bought_within_its_limit(worth: str) -> None:
    assert sale_while_unread(worth) == "exit.slice"


def test_however_far_off_the_peg_may_be_a_book_is_believed_no_further_than_any() -> None:
    assert sale_while_unread("0.94", depeg="0.5") == "price.touch"
