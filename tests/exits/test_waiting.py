"""What a stablecoin hedge waits for: other hedges' orders, the short, and what can't be known; and what it tells."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D
from itertools import pairwise
from pathlib import Path

import pytest

from bot.domain.control import ControlKind
from bot.domain.exits import CrossingKind
from bot.domain.ids import HedgeName, Symbol, VenueName
from bot.domain.intent import IntentState
from bot.journal.store import SqlJournal
from bot.paper import world
from bot.paper.engine.defaults_binance import BINANCE_LISTINGS
from bot.paper.engine.model import NewOrder, OrderKind, Side, TimeInForce
from bot.paper.faults import FaultKind
from bot.ports import Halt
from tests.exits.calm import CALM, SHORT, WALLETS, Calm, play, settings
from tests.sim.stage import KEY

FAST = "look_s = 1\nproof_grace_s = 2\nproof_spacing_s = 1"
OTHER = """
[[hedges]]
name   = "other"
kind   = "stablecoin"
asset  = "ETH"
venue  = "main"
basket = {USDC = "0.5", USDT = "0.5"}
look_s = 1
"""


def test_r22_an_order_that_arrives_after_the_proof_of_its_absence_halts_the_hedge_once(tmp_path: Path) -> None:
    async def story(calm: Calm) -> None:
        calm.trouble(FaultKind.DROP_BEFORE)
        calm.say(ControlKind.EXIT)
        await calm.until(lambda seen: seen.crossed(1), within_s=200)
        assert not calm.stage.halts
        with SqlJournal.open_readonly(calm.stage.journal_path) as journal:
            slices = journal.slices(CALM, 0)
        (lost,) = [record for record in slices if record.state is IntentState.NO_EFFECT_PROVEN]
        request = lost.intent.request
        calm.move("BTC", "0.5")
        calm.stage.exchange.submit(
            KEY,
            NewOrder(
                listing_key="spot:" + request.symbol.replace("/", ""),
                side=Side.SELL,
                kind=OrderKind.LIMIT,
                quantity=request.contracts,
                price=request.price,
                tif=TimeInForce.IOC,
                client_id=lost.intent.client_id,
            ),
        )
        owned, sent = calm.owned, len(calm.orders)
        await calm.until(lambda seen: bool(seen.stage.halts), within_s=620)
        assert calm.told("the venue now shows it")
        calm.say(ControlKind.ENTER)
        await calm.run(60)
        assert calm.last.verdict == "halted"
        assert len(calm.orders) == sent, "nothing leaves until a person has looked"
        assert calm.owned == owned, "nobody gave it what came late"
        calm.say(None)
        calm.say(ControlKind.ENTER)
        await calm.until(lambda seen: seen.crossed(2), within_s=200)
        await calm.run(1_300)
        assert not calm.stage.halts, "told once: a person has looked"

    play(story, tmp_path, text=settings("binance", FAST))


def test_r18_another_hedges_order_on_the_same_market_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hedges leave one stablecoin that broke; the market between two stablecoins is the same."""
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
        assert calm.held("USDT") > 60_000
        calm.trouble(FaultKind.DROP_BEFORE)
        calm.price("0.95", "USDT")
        await calm.until(lambda seen: seen.held("USDT") < 12, within_s=400)
        assert not calm.stage.halts
        with SqlJournal.open_readonly(calm.stage.journal_path) as journal:
            newest = [journal.crossings(HedgeName(name))[-1].crossing.kind for name in ("calm", "other")]
        assert newest == [CrossingKind.SWAP, CrossingKind.SWAP]

    money = {"binance": {WALLETS["binance"]: {"BTC": D(1), "ETH": D(10)}}}
    play(story, tmp_path, text=settings("binance", FAST, more=OTHER), money=money)


def test_a_slice_waits_while_spot_orders_are_paused_and_is_not_recorded_as_refused(tmp_path: Path) -> None:
    async def story(calm: Calm) -> None:
        calm.stage.wall("main", "spot", 60)
        calm.say(ControlKind.EXIT)
        await calm.run(50)
        assert calm.last.verdict == "waiting"
        assert "asked for a pause" in calm.last.reason
        with SqlJournal.open_readonly(calm.stage.journal_path) as journal:
            assert not journal.slices(CALM, 0)
        await calm.until(lambda seen: seen.crossed(1), within_s=400)
        with SqlJournal.open_readonly(calm.stage.journal_path) as journal:
            assert {record.state for record in journal.slices(CALM, 0)} == {IntentState.FILLED}

    play(story, tmp_path, exchange="kucoin")


def test_a_way_that_can_not_begin_behind_a_short_is_told(tmp_path: Path) -> None:
    async def story(calm: Calm) -> None:
        await calm.until(lambda seen: seen.short == 1)
        await calm.run(10)
        calm.say(ControlKind.PAUSE, "short")
        calm.say(ControlKind.EXIT)
        await calm.run(660)
        assert not calm.orders, "what is naked for as long as a pause lasts is not begun"
        assert calm.last.verdict == "waiting"
        assert calm.told("stuck")
        assert not calm.told("stop.incomplete")

    play(story, tmp_path, text=settings("binance", more=SHORT))


@pytest.mark.parametrize("symbol", ["BTC/USDT:USDT", None])
def test_an_exit_waits_while_its_short_is_halted(tmp_path: Path, symbol: str | None) -> None:
    async def story(calm: Calm) -> None:
        await calm.until(lambda seen: seen.short == 1)
        await calm.run(10)
        now_ms = calm.stage.clock.now_ms()
        halt = Halt(
            venue=VenueName("main"),
            symbol=None if symbol is None else Symbol(symbol),
            code="invariant",
            reason="looked at by nobody",
            since_ms=now_ms,
        )
        with SqlJournal.open_beside(calm.stage.journal_path) as journal:
            journal.halt(halt)
        calm.say(ControlKind.EXIT)
        await calm.run(60)
        assert not calm.orders
        assert "looked at by nobody" in calm.last.reason
        calm.say(None)
        calm.say(ControlKind.EXIT)
        await calm.until(lambda seen: seen.crossed(1), within_s=400)
        assert calm.short < D("0.002")

    play(story, tmp_path, text=settings("binance", more=SHORT))


def test_an_exit_of_coins_that_another_order_locks_is_told_and_goes_once_they_are_free(tmp_path: Path) -> None:
    async def story(calm: Calm) -> None:
        calm.stage.exchange.submit(
            KEY,
            NewOrder(
                listing_key="spot:BTCUSDT",
                side=Side.SELL,
                kind=OrderKind.LIMIT,
                quantity=D(1),
                price=D(130_000),
                tif=TimeInForce.GTC,
                client_id="byhand",
            ),
        )
        await calm.run(5)
        calm.price("80000")
        await calm.run(640)
        assert calm.last.verdict == "waiting"
        assert calm.told("0 of 1 BTC are free")
        assert calm.told("stuck")
        assert not calm.crossings
        calm.stage.exchange.cancel(KEY, "spot:BTCUSDT", client_id="byhand")
        await calm.until(lambda seen: seen.crossed(1), within_s=200)
        assert calm.held("BTC") < D("0.001")

    play(story, tmp_path)


def test_coins_that_a_person_bought_back_are_protected_again(tmp_path: Path) -> None:
    async def story(calm: Calm) -> None:
        calm.price("85000")
        await calm.until(lambda seen: seen.crossed(1), within_s=200)
        calm.price("100000")
        await calm.run(30)
        for stable in ("USDT", "USDC"):
            calm.move(stable, str(-calm.held(stable)))
        calm.move("BTC", "0.84")
        await calm.run(120)
        assert calm.told("counts as in coins again")
        assert calm.last.facts["state"] == "in"
        calm.price("80000")
        await calm.until(lambda seen: seen.crossed(2), within_s=200)
        assert calm.held("BTC") < D("0.001")

    play(story, tmp_path)


def test_a_signal_that_can_not_be_judged_is_told(tmp_path: Path) -> None:
    async def story(calm: Calm) -> None:
        calm.trouble(FaultKind.HTTP_503, path="/fapi/v1/premiumIndex", count=10_000)
        calm.trouble(FaultKind.HTTP_503, path="/dapi/v1/premiumIndex", count=10_000)
        await calm.run(700)
        assert calm.last.facts["price_usd"] is None
        assert calm.told("signals.unknown")

    play(story, tmp_path)


def test_a_slow_history_holds_nobody_up(tmp_path: Path) -> None:
    """A person's word is obeyed at the next look, whatever the venue's past prices take."""

    async def story(calm: Calm) -> None:
        calm.trouble(FaultKind.DELAY, path="/dapi/v1/indexPriceKlines", count=10_000, delay_s=100)
        await calm.run(4_000)  # an hour has ended meanwhile
        looks = [at_ms for at_ms, _ in calm.stage.outcomes][2:]
        gaps = [later - earlier for earlier, later in pairwise(looks)]
        assert max(gaps) < 5_500, sorted(gaps)[-8:]
        calm.say(ControlKind.EXIT)
        await calm.until(lambda seen: bool(seen.orders), within_s=10)

    signal = 'signals = {drawdown = {exit = "0.15", back = "0.05", window_s = 86400}}\nlook_s = 5'
    play(story, tmp_path, text=settings("binance", signal))
