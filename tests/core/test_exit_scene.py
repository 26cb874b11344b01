"""What a stablecoin hedge sees: where it stands, what of its money is there, and what it keeps in mind."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.core.depeg import PegMemory
from bot.core.exit_scene import look
from bot.core.exit_situation import ExitMemory
from bot.core.owned import Balance, ShortfallMemory
from bot.domain.exits import (
    Crossing,
    CrossingCause,
    CrossingKind,
    CrossingRecord,
    CrossingState,
    ExitState,
    ExitView,
    Peg,
    ReenterPolicy,
    SignalKind,
)
from bot.domain.ids import Asset
from bot.domain.intent import IntentState
from bot.domain.observation import Stamp
from bot.domain.proceeds import CrossingId, Flow
from tests.core.exits import BTC, MAIN, NAME, NOW, POLICY, USDC, USDT, Desk, filled, record_of, unknown

ONE = CrossingId("one")
STAMP = Stamp(sent_ms=NOW, answered_ms=NOW)


def proceeds(asset: Asset, amount: str) -> Flow:
    return Flow(asset=asset, amount=D(amount), crossing_id=ONE, market=asset)


def way(kind: CrossingKind, state: CrossingState, done: str = "0", updated_ms: int = NOW) -> CrossingRecord:
    swaps = kind is CrossingKind.SWAP
    crossing = Crossing(
        crossing_id=ONE,
        hedge=NAME,
        venue=MAIN,
        asset=BTC,
        kind=kind,
        cause=CrossingCause.DEPEG if swaps else CrossingCause.HAND,
        coins=D(1) if kind is CrossingKind.EXIT else D(0),
        source=USDT if swaps else None,
        target=USDC if swaps else None,
        reason="",
        created_ms=NOW,
    )
    return replace(record_of(crossing, state), coins_done=D(done), updated_ms=updated_ms)


@pytest.mark.parametrize(
    ("records", "state"),
    [
        ([], ExitState.IN),
        ([way(CrossingKind.EXIT, CrossingState.OPEN)], ExitState.EXITING),
        ([way(CrossingKind.EXIT, CrossingState.DONE)], ExitState.OUT),
        ([way(CrossingKind.EXIT, CrossingState.STOPPED)], ExitState.IN),
        ([way(CrossingKind.EXIT, CrossingState.STOPPED, "0.00001")], ExitState.OUT),
        ([way(CrossingKind.EXIT, CrossingState.DONE), way(CrossingKind.ENTER, CrossingState.OPEN)], ExitState.ENTERING),
        ([way(CrossingKind.EXIT, CrossingState.DONE), way(CrossingKind.ENTER, CrossingState.DONE)], ExitState.IN),
        ([way(CrossingKind.EXIT, CrossingState.DONE), way(CrossingKind.ENTER, CrossingState.STOPPED)], ExitState.OUT),
        ([way(CrossingKind.EXIT, CrossingState.DONE), way(CrossingKind.SWAP, CrossingState.OPEN)], ExitState.OUT),
    ],
)
def test_it_stands_where_its_last_way_led_that_did_anything(records: list[CrossingRecord], state: ExitState) -> None:
    scene, _ = look(Desk(crossings=records, flows=[proceeds(USDT, "60")]).situation(), ExitMemory())
    assert scene.view.state is state


def test_what_is_told_of_it() -> None:
    policy = replace(POLICY, reenter=ReenterPolicy(cooldown_s=D(3_600), for_s=D(600)))
    gone = way(CrossingKind.EXIT, CrossingState.DONE, "1", updated_ms=NOW - 1_000)
    desk = Desk(policy=policy, balances={BTC: D("0.2"), USDT: D(60)}, crossings=[gone])
    desk.flows = [proceeds(USDT, "50"), proceeds(USDC, "7"), proceeds(BTC, "1")]
    scene, memory = look(desk.situation(), ExitMemory())
    assert scene.view == ExitView(
        hedge=NAME,
        asset=BTC,
        state=ExitState.OUT,
        price=D(100_000),
        signals=scene.judged.views,
        on=False,
        calm=True,
        pegs=tuple(scene.pegs.values()),
        free=D("0.2"),
        owned={USDT: D(50), USDC: D(7)},
        spendable={USDT: D(50), USDC: D(0)},
        round_trips=0,
        cooldown_ms=NOW + 3_599_000,
    )
    assert (scene.open, scene.way, scene.last, scene.write_offs) == (None, gone, gone, ())
    assert [(asset, view.asset, view.peg) for asset, view in scene.pegs.items()] == [
        (USDC, USDC, Peg.SOUND),
        (USDT, USDT, Peg.SOUND),
    ]
    assert set(memory.signals.each) == {SignalKind.PRICE}
    assert memory.pegs == dict.fromkeys((USDT, USDC), PegMemory(last_ms=NOW))
    assert set(memory.shortfalls) == {USDC}


def test_the_cooldown_is_one_of_a_way_out_and_of_who_comes_back_by_itself() -> None:
    auto = replace(POLICY, reenter=ReenterPolicy(cooldown_s=D(3_600), for_s=D(600)))
    gone, back = (way(kind, CrossingState.DONE, "1") for kind in (CrossingKind.EXIT, CrossingKind.ENTER))
    for policy, records, cooldown_ms in (
        (auto, [gone], NOW + 3_600_000),
        (POLICY, [gone], None),
        (auto, [gone, back], None),
        (auto, [], None),
    ):
        desk = Desk(policy=policy, crossings=records, flows=[proceeds(USDT, "60")])
        scene, _ = look(desk.situation(), ExitMemory())
        assert scene.view.cooldown_ms == cooldown_ms


def test_the_newest_that_is_open_goes_on_and_a_stopped_one_is_still_the_last_way() -> None:
    done, stopped = way(CrossingKind.EXIT, CrossingState.DONE, "1"), way(CrossingKind.ENTER, CrossingState.STOPPED)
    swap = way(CrossingKind.SWAP, CrossingState.OPEN)
    scene, _ = look(Desk(crossings=[done, stopped, swap]).situation(), ExitMemory())
    assert (scene.open, scene.way, scene.last) == (swap, stopped, done)


def test_coins_that_nobody_can_see_are_not_free() -> None:
    scene, _ = look(replace(Desk().situation(), coins=unknown()), ExitMemory())
    assert scene.view.free is None


def test_what_other_hedges_own_is_not_there() -> None:
    desk = Desk(balances={USDT: D(60), USDC: D(8)}, flows=[proceeds(USDT, "50"), proceeds(USDC, "7")])
    scene, memory = look(replace(desk.situation(), claimed={USDT: D(20)}), ExitMemory())
    assert scene.spendable == {USDT: D(40), USDC: D(7)}
    assert {asset: kept.missing for asset, kept in memory.shortfalls.items()} == {USDT: D(10)}


def test_what_is_missing_is_kept_in_mind_while_an_order_is_under_way() -> None:
    desk = Desk(balances={USDT: D(10)}, flows=[proceeds(USDT, "50"), proceeds(USDC, "1")])
    request = Desk(price=D(80_000)).turn().order
    assert request is not None
    lost = filled(request.request, 1, NOW, None, state=IntentState.UNKNOWN, quantity=D(0))
    before = ExitMemory(shortfalls={USDT: ShortfallMemory(since_ms=1, sent_ms=2, answered_ms=3, missing=D(4))})
    scene, memory = look(replace(desk.situation(), unfinished=(lost,)), before)
    assert (scene.spendable, scene.known, scene.write_offs) == ({USDT: None, USDC: None}, {}, ())
    assert scene.view.spendable == {}
    assert memory.shortfalls == before.shortfalls


def test_each_stablecoin_is_judged_by_its_own_balance_and_what_is_gone_of_each_is_told() -> None:
    since = ShortfallMemory(since_ms=NOW - 60_000, sent_ms=NOW - 9_000, answered_ms=NOW - 9_000, missing=D(50))
    flows = [proceeds(USDT, "50"), proceeds(USDC, "7")]
    money = {asset: Balance(free=D(n), total=D(n), stamp=STAMP) for asset, n in ((USDT, 10), (USDC, 3))}
    memory = ExitMemory(shortfalls={USDT: since, USDC: since})
    scene, after = look(replace(Desk(flows=flows).situation(), money=money), memory)
    assert [(one.asset, one.amount) for one in scene.write_offs] == [(USDT, D(40)), (USDC, D(4))]
    assert after.shortfalls == {}


def test_a_stablecoin_that_nobody_asked_for_is_doubtful_and_a_broken_one_stays_it() -> None:
    situation = replace(Desk(flows=[proceeds(USDC, "7")]).situation(), pegs={}, money={})
    scene, memory = look(situation, ExitMemory(pegs={USDT: PegMemory(broken=True)}))
    assert {asset: view.peg for asset, view in scene.pegs.items()} == {USDC: Peg.DOUBTFUL, USDT: Peg.BROKEN}
    assert scene.spendable == {USDC: None}
    assert memory.pegs == {USDC: PegMemory(), USDT: PegMemory(broken=True)}
    limit = Desk(policy=replace(POLICY, depeg=D("0.01")), pegs={USDT: D("0.985"), USDC: D(1)}).situation()
    assert look(limit, ExitMemory())[0].pegs[USDT].peg is Peg.DOUBTFUL


def test_what_is_kept_in_mind_survives_a_restart() -> None:
    missing = ShortfallMemory(since_ms=1, sent_ms=2, answered_ms=3, missing=D("0.5"), confirmed=D("0.25"))
    missing = replace(missing, elsewhere=D("0.125"))
    pegs = {USDT: PegMemory(broken=True, count=1, first_ms=2, last_ms=3)}
    memory = ExitMemory(pegs=pegs, shortfalls={USDC: missing})
    assert ExitMemory.from_dict(memory.to_dict()) == memory
    assert ExitMemory.from_dict({}) == ExitMemory()
    older = {key: value for key, value in missing.to_dict().items() if key != "elsewhere"}
    assert ShortfallMemory.from_dict(older) == replace(missing, elsewhere=D(0)), "as a release before this one kept it"


@pytest.mark.parametrize(
    ("notional_min", "quantity_min", "left", "emptied"),
    [
        ("5", "0.00001", "5", False),
        ("5", "0.00001", "4.99", True),
        ("0.1", "0.0001", "8", False),
        ("0.1", "0.0001", "7.99", True),
        ("0.1", "0.000001", "0.5", False),
        ("0", "0", "0", True),
    ],
)
def test_proceeds_that_no_market_takes_any_more_are_none(
    notional_min: str, quantity_min: str, left: str, *, emptied: bool
) -> None:
    desk = Desk()
    at = desk.market_at(BTC, USDT)
    desk.over = {
        "crossings": (replace(way(CrossingKind.EXIT, CrossingState.DONE, "1"), quote_done=D(80_000)),),
        "flows": (proceeds(USDT, "10"), proceeds(USDT, left), proceeds(USDT, "-10")),
        "markets": {
            USDT: replace(at, market=replace(at.market, notional_min=D(notional_min), quantity_min=D(quantity_min)))
        },
    }
    scene, _ = look(desk.situation(), ExitMemory())
    assert scene.emptied is emptied
    assert scene.view.state is (ExitState.IN if emptied else ExitState.OUT)
