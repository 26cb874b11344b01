"""The first venue fails while coins come: the second hedges them, nothing is hedged twice (cases 42 and 56)."""

from __future__ import annotations

from decimal import Decimal as D
from pathlib import Path

from bot.domain.intent import IntentState
from bot.domain.plan import Verdict
from bot.paper.faults import FaultKind
from tests.fallback.duo import AFTER_S, FIRST, ORDERS, TOLD_S, Duo, play
from tests.sim.stage import KEY

IN_TIME_S = AFTER_S + 60


def test_f56_coins_that_come_during_maintenance(tmp_path: Path) -> None:
    async def story(duo: Duo) -> None:
        duo.first_venue(FaultKind.MAINTENANCE)
        await duo.run(5)
        duo.coins_are("1.5")
        down_ms = duo.now_ms
        await duo.run(AFTER_S - 15)
        assert duo.shorts == (D(1), D(0)), "not before the first venue was down for so long"
        await duo.hedged("1", "0.5", within_s=75)
        assert duo.told("the hedge can't do this with BTC/USDT:USDT on main", down_ms)
        await duo.run(1_200)
        duo.coins_are("2")
        await duo.hedged("1", "1", within_s=60)
        await duo.run(1_800)
        duo.stand("1", "1")
        assert duo.told("the fallback holds a short of 1 BTC", down_ms + 3_000_000)
        duo.mend()
        await duo.settled("1", "1")
        duo.coins_are("2.25")
        await duo.hedged("1.25", "1", within_s=60)

    play(story, tmp_path)


def test_r14_what_the_hedge_leaves_alone_is_left_alone_on_the_second_venue_too(tmp_path: Path) -> None:
    async def story(duo: Duo) -> None:
        duo.first_venue(FaultKind.MAINTENANCE)
        duo.coins_are("1.004")
        await duo.run(300)
        duo.stand("1", "0")
        assert duo.second.verdict is Verdict.BALANCED

    play(story, tmp_path)


def test_what_is_too_much_is_taken_off_the_second_first(tmp_path: Path) -> None:
    async def story(duo: Duo) -> None:
        duo.first_venue(FaultKind.MAINTENANCE)
        duo.coins_are("1.5")
        await duo.hedged("1", "0.5", within_s=IN_TIME_S)
        duo.mend()
        await duo.run(60)
        duo.coins_are("1.2")
        await duo.hedged("1", "0.2", within_s=60)
        duo.coins_are("0.9")
        await duo.hedged("0.9", "0", within_s=90)
        await duo.settled("0.9", "0")
        assert "stands by" in duo.second.reason

    play(story, tmp_path)


def test_less_coins_during_the_outage_shrink_the_second_short_alone(tmp_path: Path) -> None:
    async def story(duo: Duo) -> None:
        duo.first_venue(FaultKind.MAINTENANCE)
        duo.coins_are("1.5")
        await duo.hedged("1", "0.5", within_s=IN_TIME_S)
        duo.coins_are("0.8")
        await duo.hedged("1", "0", within_s=60)
        duo.mend()
        await duo.hedged("0.8", "0", within_s=60)

    play(story, tmp_path)


def test_r20_an_order_of_unknown_end_counts_as_sold(tmp_path: Path) -> None:
    """It never left the bot's machine, but nobody can know that while the venue does not answer."""

    async def story(duo: Duo) -> None:
        duo.first_venue(FaultKind.DROP_BEFORE, path=ORDERS["binance"], count=1)
        duo.coins_are("1.5")
        assert await duo.stage.until(lambda stage: len(stage.intents()) == 2, within_s=30)
        duo.first_venue(FaultKind.MAINTENANCE)
        await duo.run(300)
        assert duo.stage.intents()[-1].state is IntentState.UNKNOWN
        duo.stand("1", "0")
        duo.coins_are("1.75")
        await duo.hedged("1", "0.25", within_s=60)
        duo.mend()
        await duo.hedged("1.5", "0.25", within_s=180)
        await duo.settled("1.5", "0.25")

    play(story, tmp_path)


def test_r20_one_that_did_arrive_is_not_sold_again(tmp_path: Path) -> None:
    async def story(duo: Duo) -> None:
        duo.first_venue(FaultKind.DROP_AFTER, path=ORDERS["binance"], count=1)
        duo.coins_are("1.5")
        assert await duo.stage.until(lambda stage: len(stage.intents()) == 2, within_s=30)
        duo.first_venue(FaultKind.MAINTENANCE)
        await duo.run(600)
        duo.stand("1.5", "0")
        duo.mend()
        await duo.settled("1.5", "0")

    play(story, tmp_path)


def test_f42_the_venue_deleverages_and_takes_no_new_order(tmp_path: Path) -> None:
    async def story(duo: Duo) -> None:
        duo.first_venue(FaultKind.REJECT, path=ORDERS["binance"])
        duo.stage.exchange.deleverage(KEY, FIRST, quantity=D("0.4"))
        since_ms = duo.now_ms
        await duo.hedged("0.6", "0.4", within_s=IN_TIME_S)
        assert duo.told("adl", since_ms) or duo.told("refused", since_ms)
        duo.mend()
        await duo.settled("0.6", "0.4")

    play(story, tmp_path)


def test_f42_it_is_hedged_again_at_once_where_it_was_if_the_venue_takes_it(tmp_path: Path) -> None:
    async def story(duo: Duo) -> None:
        duo.stage.exchange.deleverage(KEY, FIRST, quantity=D("0.4"))
        await duo.hedged("1", "0", within_s=TOLD_S)
        await duo.settled("1", "0")

    play(story, tmp_path)


def test_r25_after_a_liquidation_nothing_is_hedged_anywhere(tmp_path: Path) -> None:
    async def story(duo: Duo) -> None:
        duo.stage.exchange.liquidate(KEY, FIRST)
        await duo.run(60)
        duo.first_venue(FaultKind.MAINTENANCE)
        await duo.run(600)
        duo.stand("0", "0")
        assert [halt.code for halt in duo.stage.halts] == ["liquidation"]
        duo.mend()
        await duo.run(300)
        duo.stand("0", "0")
        assert duo.plan().verdict is Verdict.HALTED

    play(story, tmp_path)


def test_without_margin_on_the_first_venue_the_rest_goes_to_the_second(tmp_path: Path) -> None:
    async def story(duo: Duo) -> None:
        duo.stage.exchange.withdraw(KEY, "usdm", "USDT", D(850_000))
        duo.coins_are("3")
        assert await duo.stage.until(lambda _: duo.short > D("2.99"), within_s=IN_TIME_S + 60)
        first, second = duo.shorts
        assert 1 < first < D("1.5")
        assert second > D("1.5")

    play(story, tmp_path)


def test_the_power_goes_while_the_second_venue_hedges(tmp_path: Path) -> None:
    """With the first venue down no process can start; once it is back, nothing is sold again."""

    async def story(duo: Duo) -> None:
        duo.first_venue(FaultKind.MAINTENANCE)
        duo.coins_are("1.5")
        await duo.hedged("1", "0.5", within_s=IN_TIME_S)
        duo.stage.cut()
        await duo.run(120)
        assert duo.stage.starts_failed
        duo.mend()
        await duo.settled("1", "0.5")
        duo.first_venue(FaultKind.MAINTENANCE)
        duo.coins_are("2")
        await duo.run(AFTER_S)
        for _ in range(4):
            duo.stage.restart()
            await duo.run(7)
        duo.mend()
        await duo.run(240)
        assert duo.short == 2

    play(story, tmp_path)
