"""One leg fails, in every way there is: both venues end even, a person is told, and no second trade is begun before."""

from __future__ import annotations

from decimal import Decimal as D
from pathlib import Path

import pytest

from bot.domain.control import ControlKind
from bot.domain.intent import IntentState
from bot.domain.orders import Side
from bot.domain.pair import PairState
from bot.paper.faults import FaultKind
from tests.pairs.gap import ORDERS, Gap, play, settings

NAKED_MAX_S = 5
STEP = D("0.00000001")
TRADES = "/api/v1/hf/fills"


def even(gap: Gap) -> None:
    """As many coins as before, to one step a trade; every trade of the journal is over."""
    assert abs(gap.held() - 2) <= STEP * len(gap.trades), f"{gap.held()} coins"
    assert gap.over


async def opened(gap: Gap) -> None:
    """There is a gap, and the bot has begun a trade."""
    gap.prices("100000", "100200")
    await gap.until(lambda seen: bool(seen.trades))


@pytest.mark.parametrize("venue", ["kucoin", "okx"])
def test_a_refused_leg_is_completed_or_the_other_undone_within_seconds(tmp_path: Path, venue: str) -> None:
    async def story(gap: Gap) -> None:
        gap.trouble(venue, FaultKind.REJECT)
        await opened(gap)
        gap.prices("100000", "100000")
        await gap.until(lambda seen: seen.over)
        even(gap)
        (trade,) = gap.trades
        assert trade.record.state in {PairState.EVEN, PairState.DUST}
        assert trade.record.naked_ms < NAKED_MAX_S * 1000
        assert trade.record.result is not None
        assert trade.record.result > -220
        assert gap.told("pair.naked")

    play(story, tmp_path)


def test_an_open_leg_does_not_wait_for_the_list_of_its_trades(tmp_path: Path) -> None:
    async def story(gap: Gap) -> None:
        gap.trouble("okx", FaultKind.REJECT)
        gap.trouble("kucoin", FaultKind.DELAY, path=TRADES, delay_s=7, count=2)
        await opened(gap)
        gap.prices("100000", "100000")
        await gap.until(lambda seen: seen.over, within_s=60)
        even(gap)
        assert gap.trades[0].record.naked_ms < NAKED_MAX_S * 1000

    play(story, tmp_path)


@pytest.mark.parametrize("venue", ["kucoin", "okx"])
def test_a_venue_that_refuses_everything_does_not_stop_the_evening(tmp_path: Path, venue: str) -> None:
    async def story(gap: Gap) -> None:
        gap.trouble(venue, FaultKind.REJECT, count=1000)
        await opened(gap)
        await gap.until(lambda seen: seen.over)
        even(gap)
        assert gap.trades[0].record.naked_ms < NAKED_MAX_S * 1000
        await gap.run(120)
        even(gap)
        # Refusals in a row double the pause; a third undone leg halts the hedge.
        assert len(gap.trades) == 3
        assert [halt.code for halt in gap.stage.halts] == ["legs-fail"]
        gap.mend()
        gap.say(None)
        await gap.until(lambda seen: len(seen.trades) == 4 and seen.over, within_s=120)
        result = gap.trades[-1].record.result
        assert result is not None
        assert round(result, 2) == D("159.96")

    play(story, tmp_path)


@pytest.mark.parametrize("kind", [FaultKind.DROP_AFTER, FaultKind.HTTP_503_AFTER, FaultKind.TRUNCATED])
@pytest.mark.parametrize("venue", ["kucoin", "okx"])
def test_r20_a_lost_answer_is_looked_up_at_once(tmp_path: Path, venue: str, kind: FaultKind) -> None:
    async def story(gap: Gap) -> None:
        gap.trouble(venue, kind)
        await opened(gap)
        await gap.until(lambda seen: seen.over, within_s=NAKED_MAX_S)
        gap.even_prices()
        even(gap)
        (trade,) = gap.trades
        assert trade.record.result == D("159.96")
        assert [order.state for order in trade.orders] == [IntentState.FILLED] * 2

    play(story, tmp_path)


@pytest.mark.parametrize("venue", ["kucoin", "okx"])
def test_r22_a_lost_request_is_proven_absent_before_anything_else_is_sent(tmp_path: Path, venue: str) -> None:
    async def story(gap: Gap) -> None:
        gap.trouble(venue, FaultKind.DROP_BEFORE)
        await opened(gap)
        began_ms = gap.now_ms
        await gap.run(NAKED_MAX_S)
        assert gap.told("is not known", began_ms - 2_000)
        assert len(gap.trades[0].orders) == 2
        await gap.until(lambda seen: seen.over, within_s=70)
        gap.even_prices()
        even(gap)
        trade = gap.trades[0]
        assert {order.state for order in trade.orders[:2]} == {IntentState.FILLED, IntentState.NO_EFFECT_PROVEN}
        assert trade.orders[2].intent.created_ms - trade.record.trade.created_ms > 30_000
        assert 30_000 < trade.record.naked_ms < 60_000

    play(story, tmp_path)


def test_a_leg_whose_answer_is_late_is_asked_for(tmp_path: Path) -> None:
    async def story(gap: Gap) -> None:
        gap.trouble("okx", FaultKind.DELAY, delay_s=8)
        await opened(gap)
        await gap.until(lambda seen: seen.over)
        trade = gap.trades[0]
        assert [order.state for order in trade.orders] == [IntentState.FILLED, IntentState.FILLED]
        assert max(order.updated_ms for order in trade.orders) - trade.record.trade.created_ms <= 2_000
        gap.even_prices()
        even(gap)

    play(story, tmp_path)


def test_a_leg_that_is_not_answered_is_told_within_five_seconds(tmp_path: Path) -> None:
    async def story(gap: Gap) -> None:
        gap.trouble("okx", FaultKind.DELAY, delay_s=8, path=ORDERS["okx"], count=3)
        await opened(gap)
        began_ms = gap.trades[0].record.trade.created_ms
        await gap.until(lambda seen: seen.over)
        told_ms = next(at_ms for at_ms, text in gap.alarms if "okx has not answered" in text)
        assert told_ms - began_ms <= NAKED_MAX_S * 1000
        gap.even_prices()
        even(gap)

    play(story, tmp_path)


def test_an_evening_goes_on_while_its_venues_are_down(tmp_path: Path) -> None:
    async def story(gap: Gap) -> None:
        def down(_process: object, name: str) -> None:
            if name == f"POST {ORDERS['kucoin']}: took effect":
                gap.point = lambda _process, _name: None
                for venue in gap.venues:
                    gap.trouble(venue, FaultKind.MAINTENANCE, path="*", count=10_000)

        gap.trouble("okx", FaultKind.REJECT)
        gap.point = down
        await opened(gap)
        await gap.run(40)
        assert not gap.over
        assert gap.told("pair.naked")
        gap.mend()
        await gap.until(lambda seen: seen.over, within_s=60)
        even(gap)

    play(story, tmp_path)


def test_r22_an_order_that_arrives_after_the_proof_of_its_absence_halts_the_hedge(tmp_path: Path) -> None:
    async def story(gap: Gap) -> None:
        gap.trouble("kucoin", FaultKind.DROP_BEFORE)
        await opened(gap)
        await gap.until(lambda seen: seen.over, within_s=70)
        gap.even_prices()
        lost = next(order for order in gap.trades[0].orders if order.state is IntentState.NO_EFFECT_PROVEN)
        gap.arrive_late(lost)
        await gap.until(lambda seen: bool(seen.stage.halts), within_s=130)
        assert gap.told("there after all")
        count = len(gap.trades)
        gap.prices("100000", "100200")
        await gap.run(30)
        assert len(gap.trades) == count
        gap.say(None)
        await gap.run(130)
        assert not gap.stage.halts

    play(story, tmp_path)


def test_r24_a_paused_hedge_begins_nothing(tmp_path: Path) -> None:
    async def story(gap: Gap) -> None:
        gap.say(ControlKind.PAUSE)
        gap.prices("100000", "100200")
        await gap.run(10)
        assert gap.trades == ()
        assert gap.last is not None
        assert gap.last.verdict == "paused"
        gap.say(None)
        await gap.until(lambda seen: seen.over)
        even(gap)

    play(story, tmp_path)


def test_a_slow_venue_costs_the_edge_and_nothing_else(tmp_path: Path) -> None:
    async def story(gap: Gap) -> None:
        gap.trouble("okx", FaultKind.DELAY, path="/api/v5/market/books", count=1000, delay_s=30)
        gap.prices("100000", "100200")
        turns = len(gap.stage.outcomes)
        await gap.run(30)
        assert gap.trades == ()
        assert len(gap.stage.outcomes) - turns >= 12
        gap.mend()
        await gap.until(lambda seen: seen.over)
        even(gap)

    play(story, tmp_path, text=settings(extra="book_age_max_s = 1"))


def test_a_stop_waits_for_what_is_in_flight(tmp_path: Path) -> None:
    async def story(gap: Gap) -> None:
        gap.trouble("okx", FaultKind.REJECT)
        await opened(gap)
        await gap.stage.stop()
        even(gap)

    play(story, tmp_path)


def test_r17_nothing_is_sent_without_its_intent(tmp_path: Path) -> None:
    async def story(gap: Gap) -> None:
        await opened(gap)
        await gap.until(lambda seen: seen.over)
        gap.even_prices()
        known = {order.intent.client_id for story in gap.trades for order in story.orders}
        for name in ORDERS:
            assert {order.client_id for order in gap.orders(name)} <= known
        sides = [order.intent.request.side for order in gap.trades[0].orders]
        assert sides == [Side.BUY, Side.SELL]

    play(story, tmp_path)


def test_a_fee_that_is_not_known_any_more_is_never_taken_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.runtime.pair_look.FEE_KNOWN_MS", 60_000)

    async def story(gap: Gap) -> None:
        gap.trouble("okx", FaultKind.HTTP_503, path="/api/v5/account/trade-fee", count=10_000)
        await gap.run(100)
        gap.prices("100000", "100200")
        await gap.run(20)
        assert gap.trades == ()
        assert gap.told("the taker fee on okx is not known")
        gap.mend()
        await gap.until(lambda seen: seen.over)
        even(gap)

    play(story, tmp_path)
