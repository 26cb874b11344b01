"""Two stablecoin hedges on one account."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D
from pathlib import Path

import pytest

from bot.core.owned import owned
from bot.domain.control import ControlKind
from bot.domain.ids import Asset, HedgeName
from bot.journal.store import SqlJournal
from bot.paper import world
from bot.paper.engine.defaults_binance import BINANCE_LISTINGS
from bot.paper.faults import FaultKind
from tests.exits.calm import WALLETS, Calm, play, settings, wealth
from tests.exits.test_waiting import FAST, OTHER
from tests.sim.doors import Point, Process
from tests.sim.stage import KEY

USDT = Asset("USDT")
TWO = """
[venues.second]
exchange    = "okx"
environment = "paper"
streams     = false

[[hedges]]
name   = "second"
kind   = "stablecoin"
asset  = "BTC"
venue  = "second"
basket = {USDT = "1"}

[[hedges]]
name     = "short"
asset    = "BTC"
holdings = [ {source = "spot", venue = "main"}, {source = "spot", venue = "second"} ]
short    = {venue = "main", symbol = "BTC/USDT:USDT"}
"""


def own(calm: Calm) -> dict[str, D]:
    """USDT of each by the journal."""
    with SqlJournal.open_readonly(calm.stage.journal_path) as journal:
        return {
            name: owned(Asset(coin), journal.flows(HedgeName(name)), journal.write_offs(HedgeName(name)))[USDT]
            for name, coin in (("calm", "BTC"), ("other", "ETH"))
        }


def test_one_withdrawal_is_written_off_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    like = next(each for each in BINANCE_LISTINGS if each.symbol == "ETHUSDT")
    added = replace(like, symbol="ETHUSDC", quote="USDC", settle="USDC")
    kinds = world._KINDS
    more = replace(kinds["binance"], listings=(*BINANCE_LISTINGS, added))
    monkeypatch.setattr(world, "_KINDS", {**kinds, "binance": more})

    async def story(calm: Calm) -> None:
        for hedge in ("calm", "other"):
            calm.say(ControlKind.EXIT, hedge)
        await calm.until(lambda seen: seen.crossed(1), within_s=200)
        await calm.run(30)
        assert min(own(calm).values()) > 10_000
        calm.move("USDT", "-10000")
        await calm.until(lambda seen: seen.told("owned.gone"), within_s=200)
        await calm.run(200)
        assert abs(sum(own(calm).values()) - calm.held("USDT")) < D("0.001")
        assert len([text for _, text in calm.alarms if "owned.gone" in text]) == 1

    money = {"binance": {WALLETS["binance"]: {"BTC": D(1), "ETH": D(10)}}}
    play(story, tmp_path, text=settings("binance", FAST, more=OTHER), money=money)


def test_beside_one_short_two_hedges_on_two_venues_take_turns(tmp_path: Path) -> None:
    """R11: each slice waits for the short to follow, whichever of them sold it; never more than one is naked."""
    naked: list[D] = []
    counting = False

    def held(calm: Calm) -> D:
        there = calm.stage.world.venues["okx"].exchange.account(KEY).balance("trading", "BTC").total
        return calm.held("BTC") + there

    def point(here: list[Calm]) -> Point:
        def reached(_process: Process, _name: str) -> None:
            if here and counting:
                naked.append(abs(held(here[0]) - here[0].short))

        return reached

    async def story(calm: Calm) -> None:
        nonlocal counting
        await calm.until(lambda seen: seen.short == D("0.8"))
        await calm.run(10)
        counting = True
        calm.trouble(FaultKind.DROP_AFTER, count=3)  # sold, and for a while not known
        for hedge in ("calm", "second"):
            calm.say(ControlKind.EXIT, hedge)
        await calm.until(lambda seen: held(seen) < D("0.001"), within_s=600)
        await calm.until(lambda seen: seen.crossed(1))
        await calm.run(20)
        assert calm.short < D("0.002")
        assert max(naked) <= 10_000 / D(100_000) + D("0.002")
        for hedge in ("calm", "second"):
            calm.say(ControlKind.ENTER, hedge)
        await calm.until(lambda seen: seen.crossed(2), within_s=600)
        await calm.until(lambda seen: held(seen) > D("0.79"), within_s=600)
        await calm.run(60)
        assert abs(held(calm) - calm.short) < D("0.006"), "within the band"
        assert not calm.told("stuck")

    money = {**wealth("binance", btc="0.4"), "okx": {"trading": {"BTC": D("0.4")}}}
    play(story, tmp_path, text=settings("binance", "look_s = 2", more=TWO), money=money, point=point)
