"""A stablecoin hedge from end to end: out by a signal, calm while nothing changes, back by hand."""

from __future__ import annotations

import asyncio
from decimal import Decimal as D
from pathlib import Path

import pytest

from bot.app.assembly import assembled
from bot.domain.control import ControlKind
from bot.domain.exits import CrossingCause, CrossingKind, CrossingState
from bot.domain.ids import Asset
from bot.domain.trader import TraderOutcome
from bot.paper.engine.model import OrderStatus
from bot.paper.faults import FaultKind
from bot.paper.session import LocalSession
from bot.settings import RunOptions, load_settings
from tests.exits.calm import PRICE, SHORT, Calm, play, settings
from tests.sim.doors import Point, Process

VENUES = ("binance", "okx", "kucoin")


async def out(calm: Calm) -> None:
    """The price falls, and all is exchanged."""
    calm.price("89000")
    await calm.until(lambda seen: seen.crossed(1), within_s=300)


@pytest.mark.parametrize("exchange", VENUES)
def test_out_by_a_signal_and_back_by_hand(tmp_path: Path, exchange: str) -> None:
    async def story(calm: Calm) -> None:
        await calm.run(30)
        assert not calm.crossings
        assert calm.orders == []
        await out(calm)
        (exit_,) = calm.crossings
        assert (exit_.crossing.kind, exit_.crossing.cause) == (CrossingKind.EXIT, CrossingCause.SIGNAL)
        assert exit_.state is CrossingState.DONE
        assert calm.held("BTC") < D("0.001")
        assert exit_.average is not None
        assert abs(exit_.average / 89_000 - 1) < D("0.0005")
        # What it owns is what the venue holds, and half of it each.
        stables = {Asset(name): calm.held(name) for name in ("USDC", "USDT")}
        assert all(abs(calm.owned[asset] - amount) < D("0.000001") for asset, amount in stables.items())
        assert abs(stables[Asset("USDC")] - stables[Asset("USDT")]) < 5
        sent = len(calm.orders)
        for price in ("91000", "88000", "94000", "86000"):
            calm.price(price)
            await calm.run(120)
        assert len(calm.orders) == sent, "sideways: no second trade"
        calm.say(ControlKind.ENTER)
        await calm.until(lambda seen: seen.crossed(2), within_s=300)
        back = calm.crossings[-1]
        assert (back.crossing.kind, back.crossing.cause) == (CrossingKind.ENTER, CrossingCause.HAND)
        assert back.state is CrossingState.DONE
        assert sum(calm.owned.values()) < 20
        assert calm.held("BTC") > D("1.02"), "bought back at 86,000 what was sold at 89,000"
        assert {order.status for order in calm.orders} == {OrderStatus.FILLED}
        assert not calm.told("")

    play(story, tmp_path, exchange=exchange)


def test_beside_a_short_never_more_than_one_slice_is_naked(tmp_path: Path) -> None:
    """R11, at every request and every commit: a slice of 10,000 USDT, and a step of the contract."""
    naked: list[D] = []
    counting = False

    def point(here: list[Calm]) -> Point:
        def reached(_process: Process, _name: str) -> None:
            if here and counting:
                naked.append(abs(here[0].held("BTC") - here[0].short))

        return reached

    async def story(calm: Calm) -> None:
        nonlocal counting
        await calm.until(lambda seen: seen.short == 1)
        await calm.run(10)
        counting = True
        began_ms = calm.stage.clock.now_ms()
        calm.price("89000")
        await calm.until(lambda seen: seen.crossed(1), within_s=400)
        assert calm.stage.clock.now_ms() - began_ms < 120_000, "without a dwell"
        await calm.run(10)
        assert calm.held("BTC") < D("0.002")
        assert abs(calm.held("BTC") - calm.short) <= D("0.001")
        assert len(calm.orders) >= 9
        assert max(naked) <= 10_000 / D(89_000) + D("0.002")
        assert "hedged" in " ".join(calm.last.facts["notes"])  # type: ignore[arg-type]
        calm.say(ControlKind.ENTER)
        await calm.until(lambda seen: seen.crossed(2), within_s=600)
        await calm.run(30)
        assert calm.held("BTC") > D("0.99")
        assert abs(calm.held("BTC") - calm.short) < D("0.006"), "within the band"
        assert max(naked) <= 10_000 / D(89_000) + D("0.008")

    play(story, tmp_path, text=settings("binance", more=SHORT), point=point)


def test_a_stop_leaves_no_slice_naked(tmp_path: Path) -> None:
    """Whenever it comes: with 20 slices to go it ends between two of them, and within its 10 seconds."""

    async def story(calm: Calm) -> None:
        await calm.until(lambda seen: seen.short == 1)
        await calm.run(10)
        calm.price("89000")
        await calm.until(lambda seen: len(seen.orders) == 3, step_s=0.05)
        began_ms = calm.stage.clock.now_ms()
        await calm.stage.stop()
        assert calm.stage.clock.now_ms() - began_ms < 10_000
        assert 3 <= len(calm.orders) < 8
        assert abs(calm.held("BTC") - calm.short) <= D("0.002")
        assert not calm.told("stop.incomplete")

    play(story, tmp_path, text=settings("binance", PRICE + "\nslice_notional = 5000", more=SHORT))


def test_a_short_that_is_paused_holds_the_exit(tmp_path: Path) -> None:
    async def story(calm: Calm) -> None:
        await calm.until(lambda seen: seen.short == 1)
        await calm.run(10)
        calm.say(ControlKind.PAUSE, "short")
        calm.price("89000")
        await calm.run(700)
        assert not calm.orders
        assert calm.last.verdict == "waiting"
        assert calm.told("stuck")
        calm.say(None)
        await calm.until(lambda seen: seen.crossed(1), within_s=400)
        assert calm.short < D("0.002")

    play(story, tmp_path, text=settings("binance", more=SHORT))


@pytest.mark.parametrize("kind", [FaultKind.DROP_BEFORE, FaultKind.DROP_AFTER])
def test_r20_an_answer_that_is_lost_is_looked_up_and_not_sent_again(tmp_path: Path, kind: FaultKind) -> None:
    async def story(calm: Calm) -> None:
        calm.trouble(kind)
        calm.price("89000")
        await calm.until(lambda seen: seen.last.verdict == "waiting" and bool(seen.crossings))
        sent = len(calm.orders)
        assert sent == (kind is FaultKind.DROP_AFTER)
        await calm.until(lambda seen: seen.crossed(1), within_s=400)
        filled = sum((order.filled for order in calm.orders), D(0))
        assert abs(filled + calm.held("BTC") - 1) < D("0.0000001")
        assert all(abs(calm.owned[Asset(name)] - calm.held(name)) < D("0.000001") for name in ("USDC", "USDT"))

    play(story, tmp_path)


def test_what_others_took_away_is_written_off_and_what_they_bring_is_theirs(tmp_path: Path) -> None:
    async def story(calm: Calm) -> None:
        calm.move("USDT", "500")
        await out(calm)
        mine = calm.owned[Asset("USDT")]
        calm.move("USDT", "-20500")
        await calm.until(lambda seen: seen.told("owned.gone"), within_s=300)
        assert abs(mine - calm.owned[Asset("USDT")] - 20_000) < D("0.01")
        calm.move("USDT", "70000")
        await calm.run(120)
        calm.say(ControlKind.ENTER)
        await calm.until(lambda seen: seen.crossed(2), within_s=400)
        assert calm.held("USDT") >= 70_000

    play(story, tmp_path)


def test_a_stablecoin_that_breaks_is_left_for_the_soundest(tmp_path: Path) -> None:
    async def story(calm: Calm) -> None:
        await out(calm)
        held = calm.held("USDT")
        calm.price("0.95", "USDT")
        await calm.until(lambda seen: seen.crossed(2), within_s=400)
        swap = calm.crossings[-1]
        assert (swap.crossing.kind, swap.crossing.cause) == (CrossingKind.SWAP, CrossingCause.DEPEG)
        assert calm.held("USDT") < 5
        assert abs(calm.held("USDC") - D("44455.05") - held * D("0.95")) < 100
        assert calm.told("broken")

    play(story, tmp_path)


def test_a_dry_run_tells_every_signal_and_sends_nothing(tmp_path: Path) -> None:
    """R31."""
    path = tmp_path / "dry.toml"

    async def story(calm: Calm) -> None:
        calm.price("89000")
        path.write_text(settings("binance").replace("{journal}", str(tmp_path / "dry.db")), "utf-8")
        seen: list[TraderOutcome] = []
        told: asyncio.Queue[TraderOutcome] = asyncio.Queue()
        asked = RunOptions(settings_path=path, live=False, paper=True, paper_at=("127.0.0.1", 1))
        loaded = load_settings(path, {}, paper=True)
        session = LocalSession(calm.stage.world)
        async with assembled(loaded, asked, session, calm.stage.clock, print, show_trader=told.put_nowait) as bot:
            task = asyncio.get_running_loop().create_task(bot.daemon.run())
            seen += [await told.get() for _ in range(6)]
            bot.daemon.stop()
            await task
        assert {outcome.verdict for outcome in seen} >= {"hold", "order"}
        last = seen[-1].facts
        assert last["signals"][0]["on"] is True  # type: ignore[index]
        assert last["orders"][0]["side"] == "sell"  # type: ignore[index]
        assert not calm.orders

    play(story, tmp_path, starts=False)
