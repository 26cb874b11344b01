"""What our own orders can go through, told from end to end; asserted on what stands at the exchange."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot import logs
from bot.domain.errors import StartFault
from bot.domain.ids import Symbol
from bot.domain.intent import IntentState
from bot.domain.plan import Verdict
from bot.journal.store import SqlJournal
from bot.runtime.hedger import Hedger
from tests.core.instruments import MAIN, PERP, POLICY
from tests.runtime.exchange import READING_S, Fate
from tests.runtime.world import World, Worlds, fail_once, hedged, on_virtual_time

REJECTED_IN_TEN_MINUTES_MAX = 8
"""At 0, 5, 15, 35, 75, 155, 315 and 615 s."""


def lose_answer(world: World, *, hidden_s: int, unlisted_s: int) -> None:
    """The next order fills, its answer is lost, and the order can't be found for a while."""

    def hide() -> None:
        world.venue.hidden_until_ms = world.clock.now_ms() + hidden_s * 1000
        world.venue.unlisted_until_ms = world.clock.now_ms() + unlisted_s * 1000

    world.venue.fates.append(Fate.ANSWER_LOST)
    world.venue.after_order = hide


@on_virtual_time
async def test_r11_two_sales_within_one_dwell_are_both_bought_back(worlds: Worlds) -> None:
    world = await hedged(worlds)
    world.exchange.coins = D("0.9")
    await world.run(20)
    world.exchange.coins = D("0.3")
    await world.run(180)
    assert world.short == "0.3"
    assert world.halts == []


@on_virtual_time
async def test_r11_a_dwell_goes_on_after_a_restart_without_the_time_in_which_nobody_looked(worlds: Worlds) -> None:
    """An emptied list that is seen once before an hour of standstill and once after it has not lasted."""
    world = await hedged(worlds)
    world.exchange.coins = D("0.3")
    await world.run(20)
    world.kill()
    await world.clock.sleep(3600)
    world.start()
    await world.run(30)
    assert (world.short, world.verdict) == ("1", Verdict.DWELLING)
    world.exchange.coins = D(1)
    await world.run(5)
    world.exchange.coins = D("0.3")
    await world.run(20)
    world.restart()
    await world.run(50)
    assert world.short == "0.3"


@on_virtual_time
async def test_r22_a_fill_that_no_look_up_shows_is_neither_doubled_nor_proven_absent(worlds: Worlds) -> None:
    world = worlds()
    lose_answer(world, hidden_s=45, unlisted_s=45)
    await world.until_placed()
    await world.run(44)
    assert world.short == "1"
    assert [(record.state, record.filled) for record in world.intents] == [(IntentState.UNKNOWN, D(0))]
    await world.run(30)
    (record,) = world.intents
    assert (record.state, record.filled, record.settled) == (IntentState.FILLED, D(1), True)
    fills = [(trade.contracts, client_id) for trade, client_id, _ in world.journal.fills(MAIN, PERP)]
    assert fills == [(D(1), record.intent.client_id)]
    world.exchange.coins = D(2)
    await world.run(60)
    assert (world.short, world.sent, world.halts) == ("2", 2, [])


@on_virtual_time
async def test_r22_an_order_that_only_the_lists_show_is_found_there(worlds: Worlds) -> None:
    world = worlds()
    lose_answer(world, hidden_s=3600, unlisted_s=0)
    await world.until_placed()
    await world.run(60)
    (record,) = world.intents
    assert (record.state, record.settled, world.short) == (IntentState.FILLED, True, "1")


@on_virtual_time
async def test_r22_a_request_that_never_arrived_is_sent_anew_under_another_id(worlds: Worlds) -> None:
    world = worlds()
    world.venue.fates.append(Fate.REQUEST_LOST)
    await world.run(120)
    assert [record.state for record in world.intents] == [IntentState.NO_EFFECT_PROVEN, IntentState.FILLED]
    assert world.short == "1"


@on_virtual_time
async def test_r21_a_request_that_arrives_just_before_its_deadline_is_not_doubled(worlds: Worlds) -> None:
    world = worlds()
    world.venue.fates.append(Fate.LATE)
    await world.run(120)
    assert (world.short, world.sent, world.halts) == ("1", 1, [])


@on_virtual_time
async def test_r16_orders_that_fill_in_part_add_up_to_the_hedge(worlds: Worlds) -> None:
    world = worlds()
    world.venue.fates.extend([Fate.HALF] * 3)
    await world.run(120)
    assert world.short == "1"
    assert (world.sent, world.halts) == (4, [])


@on_virtual_time
async def test_r6_another_symbol_on_the_same_journal_does_not_start(worlds: Worlds) -> None:
    world = await hedged(worlds)
    world.kill()
    world.policy = replace(POLICY, symbol=Symbol("BTC/USDC:USDC"))
    with pytest.raises(StartFault):
        world.start()


@on_virtual_time
async def test_r16_what_waited_for_its_slot_too_long_does_not_leave(worlds: Worlds) -> None:
    world = worlds()
    world.venue.slot_wait_s = 50
    world.venue.while_waiting = lambda: setattr(world.exchange, "coins", D("0.5"))
    await world.run(300)
    assert (world.venue.placed, world.intents) == ([], [])
    assert logs.TURN_SLOW in {alarm.event for alarm in world.alarms.raised}
    world.venue.slot_wait_s = 0
    await world.run(60)
    assert world.short == "0.5"


@on_virtual_time
async def test_what_waited_for_its_slot_when_a_stop_was_asked_for_does_not_leave(worlds: Worlds) -> None:
    world = worlds()
    world.venue.slot_wait_s = 1
    world.venue.while_waiting = world.daemon.stop
    await world.daemon.run()
    assert (world.venue.placed, world.intents, world.short) == ([], [], "0")


@on_virtual_time
async def test_r8_prices_that_fail_every_50_s_do_not_stop_a_reduction(worlds: Worlds) -> None:
    world = await hedged(worlds)
    failed_ms = [world.clock.now_ms()]

    def fails() -> bool:
        due = world.clock.now_ms() - failed_ms[-1] > 50_000
        if due:
            failed_ms.append(world.clock.now_ms())
        return due

    world.venue.prices_fail = fails
    world.exchange.coins = D("0.3")
    await world.run(300)
    assert world.short == "0.3"
    assert len(failed_ms) > 4


@on_virtual_time
async def test_r24_a_step_up_and_a_step_down_are_no_loop(worlds: Worlds) -> None:
    world = worlds("0.020", price="105000")
    for coins in ("0.020", "0.021", "0.020"):
        world.exchange.coins = D(coins)
        await world.run(180)
        assert (world.exchange.gap, world.halts) == (D(0), [])


@on_virtual_time
async def test_r24_orders_that_missed_do_not_use_up_the_hour(worlds: Worlds) -> None:
    world = worlds("2.5")
    world.venue.fates.extend([Fate.MISSED] * 4)
    await world.run(120)
    assert world.short == "2.5"


@pytest.mark.parametrize(("before", "after"), [("0", "1"), ("1", "0.5")], ids=["increase", "reduction"])
@on_virtual_time
async def test_rejections_alarm_at_once_and_back_off(worlds: Worlds, before: str, after: str) -> None:
    world = await hedged(worlds, before)
    world.exchange.coins = D(after)
    world.venue.fate = Fate.REJECTED
    await world.until_placed(len(world.venue.placed) + 1)
    first_ms = world.venue.placed[-1][0]
    assert [alarm.event for alarm in world.alarms.raised if alarm.at_ms == first_ms] == [logs.HEDGE_DECIDED]
    await world.run(600)
    sent_ms = [at_ms for at_ms, _ in world.venue.placed if at_ms >= first_ms]
    assert 4 < len(sent_ms) <= REJECTED_IN_TEN_MINUTES_MAX
    world.venue.fate = Fate.FILLED
    await world.run(400)
    assert (world.exchange.gap, world.halts) == (D(0), [])


@on_virtual_time
async def test_r14_dust_keeps_no_short_open(worlds: Worlds) -> None:
    world = await hedged(worlds)
    world.exchange.coins = D("0.00000012")
    await world.run(120)
    assert world.short == "0"
    await world.run(60)
    assert world.verdict is Verdict.BALANCED


@on_virtual_time
async def test_open_intents_are_looked_up_while_the_position_is_unknown(worlds: Worlds) -> None:
    world = worlds()
    world.venue.fates.append(Fate.KILLED_AFTER)
    await world.until_placed()
    world.venue.position_fails = True
    await world.run(60)
    (record,) = world.intents
    assert record.intent.client_id in world.venue.looked_up
    assert (record.state, record.filled, record.settled) == (IntentState.FILLED, D(1), False)
    assert len(world.venue.placed) == 1
    world.venue.position_fails = False
    await world.run(30)
    assert (world.short, world.intents[0].settled) == ("1", True)


class Raises(Hedger):
    """Meets something in every turn that nobody thought of."""

    async def turn(self, *_: object, **__: object) -> None:  # type: ignore[override]
        raise KeyError(self.policy.name)


@on_virtual_time
async def test_a_hedger_that_raises_does_not_keep_the_next_from_its_turn(worlds: Worlds) -> None:
    world = worlds(hedgers=(Raises, Hedger))
    await world.run(60)
    assert world.short == "1"
    assert {alarm.values["code"] for alarm in world.alarms.raised if alarm.event == logs.TURN_FAILED} == {"KeyError"}


@pytest.mark.parametrize("turns", range(12))
@on_virtual_time
async def test_r17_killed_between_two_turns_and_started_again(worlds: Worlds, turns: int) -> None:
    world = worlds()
    for _ in range(turns):
        await world.turn()
    world.restart()
    await world.run(60)
    assert (world.short, world.sent, world.halts) == ("1", 1, [])


@pytest.mark.parametrize("fate", [Fate.KILLED_BEFORE, Fate.KILLED_AFTER])
@on_virtual_time
async def test_r17_killed_between_the_intent_and_the_answer(worlds: Worlds, fate: Fate) -> None:
    world = worlds()
    world.venue.fates.append(fate)
    await world.run(120)
    assert (world.short, world.halts) == ("1", [])
    assert len(world.exchange.orders) == 1


@pytest.mark.parametrize("method", ["arm", "update", "confirm", "remember", "record_decision"])
@on_virtual_time
async def test_r17_a_write_that_fails_once_neither_doubles_nor_halts(
    worlds: Worlds, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    world = await hedged(worlds)
    fail_once(monkeypatch, SqlJournal, method)
    for coins in ("2", "0.7", "1.5"):
        world.exchange.coins = D(coins)
        await world.run(120)
        assert (world.exchange.gap, world.halts) == (D(0), [])


@on_virtual_time
async def test_once_ends_when_the_order_is_accounted_for(worlds: Worlds) -> None:
    world = worlds()
    (outcome,) = await world.daemon.run(once=True)
    assert outcome.sent is not None
    assert (world.short, world.sent, world.daemon.stuck) == ("1", 1, False)
    assert world.intents[0].settled


@on_virtual_time
async def test_once_says_that_it_is_stuck_when_nothing_could_be_decided(worlds: Worlds) -> None:
    world = worlds()
    world.venue.prices_fail = lambda: True
    (outcome,) = await world.daemon.run(once=True)
    assert (outcome.plan.verdict, world.daemon.stuck, world.venue.placed) == (Verdict.FROZEN, True, [])


@on_virtual_time
async def test_a_turn_that_takes_longer_than_20_s_alarms_while_it_lasts(worlds: Worlds) -> None:
    world = worlds()
    world.venue.slot_wait_s = 50
    await world.run(120)
    told_ms = next(alarm.at_ms for alarm in world.alarms.raised if alarm.event == logs.TURN_SLOW)
    ended_ms = next(at_ms for at_ms, _ in world.plans if at_ms > told_ms)
    assert ended_ms - told_ms == 30_000 + int(READING_S * 1000)
