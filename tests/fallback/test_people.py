"""What a person said holds for both legs, and what a person must decide is left to one (R25)."""

from __future__ import annotations

from decimal import Decimal as D
from pathlib import Path

from bot.domain.control import ControlKind
from bot.domain.plan import Verdict
from bot.paper.faults import FaultKind
from tests.fallback.duo import AFTER_S, MONEY, SECOND, SETTINGS, Duo, play
from tests.sim.stage import KEY

IN_TIME_S = AFTER_S + 60


async def split(duo: Duo) -> None:
    """1 coin hedged on the first venue, half a coin on the second; both are well again."""
    duo.first_venue(FaultKind.MAINTENANCE)
    duo.coins_are("1.5")
    await duo.hedged("1", "0.5", within_s=IN_TIME_S)
    duo.mend()
    await duo.settled("1", "0.5")


def test_a_paused_hedge_has_no_fallback_either(tmp_path: Path) -> None:
    async def story(duo: Duo) -> None:
        duo.say(ControlKind.PAUSE)
        await duo.run(10)
        duo.first_venue(FaultKind.MAINTENANCE)
        duo.coins_are("1.5")
        await duo.run(600)
        duo.stand("1", "0")
        assert duo.second.verdict is Verdict.PAUSED
        duo.say(None)
        await duo.hedged("1", "0.5", within_s=IN_TIME_S)

    play(story, tmp_path)


def test_an_unwound_hedge_is_flat_on_both_venues(tmp_path: Path) -> None:
    async def story(duo: Duo) -> None:
        await split(duo)
        duo.say(ControlKind.UNWIND)
        await duo.hedged("0", "0", within_s=60)
        await duo.run(120)
        assert {duo.plan().verdict, duo.second.verdict} == {Verdict.UNWOUND}
        duo.say(None)
        await duo.hedged("1.5", "0", within_s=60)

    play(story, tmp_path)


def test_an_unwound_fallback_gives_its_short_back_to_the_first_venue(tmp_path: Path) -> None:
    async def story(duo: Duo) -> None:
        await split(duo)
        duo.say(ControlKind.UNWIND, "btc/fallback")
        await duo.hedged("1.5", "0", within_s=90)
        duo.say(None)
        await duo.settled("1.5", "0")

    play(story, tmp_path)


def test_r25_what_was_liquidated_on_the_second_venue(tmp_path: Path) -> None:
    async def story(duo: Duo) -> None:
        await split(duo)
        duo.stage.world.venues["okx"].exchange.liquidate(KEY, SECOND)
        since_ms = duo.now_ms
        await duo.run(600)
        duo.stand("1", "0")
        assert duo.told("btc/fallback halted", since_ms)
        duo.say(None)
        await duo.hedged("1.5", "0", within_s=60)

    play(story, tmp_path)


def test_r8_coins_on_a_venue_that_is_down_are_unknown_to_both(tmp_path: Path) -> None:
    """One coin lies on the first venue itself: with that venue gone nobody knows how much there is to hedge."""

    async def story(duo: Duo) -> None:
        duo.first_venue(FaultKind.MAINTENANCE)
        since_ms = duo.now_ms
        await duo.run(600)
        duo.stand("1", "0")
        assert {duo.plan().verdict, duo.second.verdict} == {Verdict.FROZEN}
        assert duo.told("btc/fallback frozen", since_ms)

    on_main = SETTINGS.replace('venue = "cold"', 'venue = "main"')
    binance = {**MONEY["binance"], "spot": {"BTC": D(1)}}
    play(story, tmp_path, settings=on_main, money={**MONEY, "binance": binance})


def test_r25_a_change_by_others_has_its_grace_on_both(tmp_path: Path) -> None:
    """Somebody bought 0.4 back on the first venue, then it went away: the reason may be known to a person alone."""

    async def story(duo: Duo) -> None:
        duo.close_by_hand("0.4")
        await duo.run(30)
        duo.first_venue(FaultKind.MAINTENANCE)
        await duo.run(500)
        duo.stand("0.6", "0")
        await duo.hedged("0.6", "0.4", within_s=240)

    play(story, tmp_path)
