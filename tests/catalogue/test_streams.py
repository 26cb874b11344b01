"""B: streams that lie, lose, stall or run out (cases 30 to 33)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.domain.hint import Hint
from bot.domain.observation import Prices, VenueObservation, Wanted
from bot.domain.plan import Verdict
from bot.paper import local_socket
from bot.paper.engine.model import Side
from bot.paper.wire.channel import Frame, Text
from bot.runtime.daemon import Daemon
from bot.runtime.hedger import Outcome
from bot.venue import stream_line, streams
from bot.venue.gateway import CcxtVenue
from tests.catalogue.case import case
from tests.catalogue.places import EVERYWHERE
from tests.catalogue.tale import Tale
from tests.sim.stage import default_settings


def listening(tale: Tale, *, interval_s: int = 5) -> str:
    """The usual settings, with streams."""
    text = default_settings(tale.place.exchange).replace("streams     = false", "streams = true")
    return f"interval_s = {interval_s}\n{text}"


def frames_become(tale: Tale, change: Callable[[Frame], Frame | None]) -> None:
    """From now on frames of all streams are changed, or lost (None)."""
    collect = local_socket.LocalSocket._collect

    def collecting(socket: local_socket.LocalSocket) -> None:
        stream, real = socket._stream, socket._stream.frames
        changed = [frame for told in real() if (frame := change(told)) is not None]
        setattr(stream, "frames", lambda: changed)  # noqa: B010 - for this one look
        try:
            collect(socket)
        finally:
            setattr(stream, "frames", real)  # noqa: B010 - as it was

    tale.patch.setattr(local_socket.LocalSocket, "_collect", collecting)


def trades_on_the_stream(patch: pytest.MonkeyPatch) -> None:
    """takes the newest price of the stream for the mark, whatever was asked and answered meanwhile"""
    observe = CcxtVenue.observe
    newest: list[D] = []

    def heard(**told: object) -> object:
        if isinstance(told.get("price"), D):
            newest.append(told["price"])  # type: ignore[arg-type] # looked at just now
        return Hint(**told)  # type: ignore[arg-type] # passed on

    async def observing(venue: CcxtVenue, wanted: Wanted) -> VenueObservation:
        seen = await observe(venue, wanted)
        prices = {
            symbol: replace(told, mark=newest[-1]) if newest and isinstance(told, Prices) else told
            for symbol, told in seen.prices.items()
        }
        return replace(seen, prices=prices)

    patch.setattr(streams, "Hint", heard)
    patch.setattr(CcxtVenue, "observe", observing)


def halved(frame: Frame) -> Frame:
    """Every mark of BTC is told as half of it."""
    return Text(text=frame.text.replace("100000", "50000")) if isinstance(frame, Text) else frame


@case(30, mutant=trades_on_the_stream, shows="a stream's word", on=EVERYWHERE)
async def test_f30_stream_of_another_market(tale: Tale) -> None:
    """A stream tells the figures of another market under the hedge's name.

    A stream only says when to look; what is decided on is read.
    """
    tale.set_stage(settings=listening(tale))
    frames_become(tale, halved)
    await tale.begin()
    await tale.run(30)
    tale.deposit("0.1")
    await tale.run(60)
    marks = {plan.view.mark for _, plan in tale.stage.plans} - {None, D(100_000)}
    assert not marks, f"a stream's word was taken for the mark: {marks}"
    assert await tale.balanced("1.1"), "not hedged"


def waits_for_hints(patch: pytest.MonkeyPatch) -> None:
    """looks again only when a stream tells it to, once it is hedged"""
    pause = Daemon._pause

    async def pausing(daemon: Daemon, outcomes: Sequence[Outcome]) -> None:
        if outcomes and all(outcome.plan.verdict is Verdict.BALANCED for outcome in outcomes):
            await daemon._look.wait()
        else:
            await pause(daemon, outcomes)

    patch.setattr(Daemon, "_pause", pausing)


def lost(frame: Frame) -> Frame | None:
    """Nothing is told any more; pings go on."""
    return None if isinstance(frame, Text) else frame


@case(31, mutant=waits_for_hints, shows="the change was never seen", on=EVERYWHERE)
async def test_f31_updates_lost(tale: Tale) -> None:
    """Updates of a stream are lost: coins arrive and nothing is told.

    Everything is read every interval, whatever the streams say.
    """
    tale.set_stage(settings=listening(tale))
    await tale.hedged()
    await tale.run(10)
    frames_become(tale, lost)
    tale.deposit("0.5")
    done = await tale.balanced("1.5", within_s=30)
    assert done, "the change was never seen"


def old(frame: Frame) -> Frame:
    """The price of a while ago, again and again."""
    return Text(text=frame.text.replace("90000", "100000")) if isinstance(frame, Text) else frame


@case(32, mutant=trades_on_the_stream, shows="a stale price", on=EVERYWHERE)
async def test_f32_stream_stalls(tale: Tale) -> None:
    """A stream stalls without a word, or repeats old data, while pings go on and the price falls by 10 %.

    Prices are read with every turn and have an age; a stream that stalls costs time, never the truth.
    """
    tale.set_stage(settings=listening(tale))
    await tale.hedged()
    await tale.run(10)
    frames_become(tale, old)
    tale.stage.world.set_price("BTC", D(90_000))
    await tale.run(30)
    assert tale.plan is not None
    assert tale.plan.view.mark == D(90_000), f"decided on a stale price: {tale.plan.view.mark}"
    tale.deposit("0.5")
    assert await tale.balanced("1.5"), "not hedged"


def never_renews(patch: pytest.MonkeyPatch) -> None:
    """takes a listen key for one that lasts, and its end for silence"""

    async def forever(*_: object) -> None:
        await asyncio.Event().wait()

    patch.setattr(stream_line, "_renewing", forever)


@case(33, mutant=never_renews, shows="ran out")
async def test_f33_listen_key_runs_out(tale: Tale) -> None:
    """A listen key lives for an hour; 65 minutes later the venue reduces the short.

    Keys are renewed every half hour, so that the change is seen at once, long before the interval is over.
    """
    tale.set_stage(settings=listening(tale, interval_s=300))
    await tale.hedged(within_s=900)
    await tale.run(3_900)
    expired = [frame for frame in tale.heard if "listenKeyExpired" in frame]
    assert not expired, "a listen key ran out"
    tale.trade(Side.BUY, "0.4", client_id="adl_autoclose", reduce_only=True)
    assert await tale.balanced(within_s=30), "the change was not seen in time"
