"""How streams are opened and ended: what it costs, where they may go, refused keys, and nothing left behind."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace
from importlib import import_module

import pytest

from bot.domain.environment import Environment
from bot.domain.errors import InvariantBroken, StartFault
from bot.domain.hint import HintKind
from bot.venue import stream_line, streams
from bot.venue.binance import streams as binance_streams
from bot.venue.sockets import Lead
from bot.venue.stream_wire import Broken, Frame
from tests.venue.scene import VENUES, WRONG, Scene, Story, Told, account_of, during, started
from tests.venue.wire import COIN_M, run_virtual


@pytest.mark.parametrize("exchange", VENUES)
def test_a_refused_key_is_tried_once_a_minute_and_not_shown(exchange: str, capsys: pytest.CaptureFixture[str]) -> None:
    async def story() -> None:
        async with started(exchange) as scene:
            scene.venue._client.secret = WRONG
            scene.venue._spec = replace(scene.venue._spec, secret=WRONG)
            assert await during(scene, 290) == [HintKind.SILENT]
            private = [url for url in scene.session.dialled if "ws-api." in url or url.endswith("/private")]
            tokens = [path for method, path in scene.session.asked if path.endswith("bullet-private")]
            lines = 2 if exchange == "kucoin" else 1
            assert len(private) + len(tokens) == 5 * lines

    run_virtual(story)
    said = capsys.readouterr()
    assert WRONG not in said.err + said.out


async def standing(scene: Scene) -> None:
    """They speak."""


async def cut(scene: Scene) -> None:
    """They wait before the next attempt."""
    scene.session.refuses = True
    await scene.session.cut()


async def hanging(scene: Scene) -> None:
    """They are being opened."""
    scene.session.hangs = True
    await scene.session.cut()


async def muted(scene: Scene) -> None:
    """They look open, and nothing comes."""
    scene.session.muted = True


async def parting(scene: Scene) -> None:
    """They speak, and no goodbye is answered."""
    scene.session.parts_badly = True


@pytest.mark.parametrize("moment", [standing, cut, hanging, muted, parting])
def test_whoever_stops_listening_leaves_nothing_behind(told_to_nobody: Told, moment: Story) -> None:
    async def story(scene: Scene) -> None:
        before = asyncio.all_tasks()
        hints = scene.hints()
        await anext(hints)
        await moment(scene)
        await asyncio.sleep(1.5)
        assert asyncio.all_tasks() > before
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        await hints.aclose()
        assert loop.time() - began_s <= 1
        assert asyncio.all_tasks() == before
        assert all(socket.closed for socket in scene.session.sockets)

    told_to_nobody(story)


def test_a_listener_that_is_cancelled_leaves_nothing_behind(told_to_nobody: Told) -> None:
    async def story(scene: Scene) -> None:
        before = asyncio.all_tasks()
        assert HintKind.ALIVE in await during(scene, 5)
        assert asyncio.all_tasks() == before

    told_to_nobody(story)


def test_a_line_that_breaks_while_it_is_ended_is_not_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both at once: the group tells only of the break, and the end must not be lost for it."""

    async def hangs_up_badly() -> None:
        try:
            await asyncio.sleep(3_600)
        except asyncio.CancelledError:
            raise Broken("the connection broke") from None

    async def serve(*_: object, **__: object) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(hangs_up_badly())
            await asyncio.sleep(3_600)

    async def story() -> None:
        async with started("binance") as scene:
            monkeypatch.setattr(streams, "serve", serve)
            before = asyncio.all_tasks()
            hints = scene.hints()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(5):
                    await anext(hints)
            async with asyncio.timeout(5):
                await hints.aclose()
            assert asyncio.all_tasks() == before

    run_virtual(story)


def test_opening_a_line_costs_what_it_must_and_no_more(told: Told) -> None:
    """Markets are not read again, no snapshot is asked for, and a listen key is renewed in time."""

    async def story(scene: Scene) -> None:
        await scene.pass_s(5)
        match scene.venue.exchange:
            case "binance":
                api = "dapi" if scene.symbol == COIN_M else "fapi"
                assert scene.session.asked == [("POST", f"/{api}/v1/listenKey")]
                await scene.pass_s(3_600)
                assert scene.session.asked[1:] == [("PUT", f"/{api}/v1/listenKey")] * 2
            case "okx":
                assert scene.session.asked == []
            case _:
                paths = sorted(path for _, path in scene.session.asked)
                assert paths == ["/api/v1/bullet-private", "/api/v1/bullet-private", "/api/v1/bullet-public"]

    told(story)


@pytest.mark.parametrize("exchange", ["binance", "kucoin"])
def test_a_ban_holds_for_what_streams_ask_of_rest(exchange: str) -> None:
    async def story() -> None:
        async with started(exchange) as scene:
            scene.venue._link._throttle.ban(scene.venue._clock.now_ms() + 200_000)
            kinds = await during(scene, 199)
            assert kinds[0] is HintKind.SILENT
            assert HintKind.ALIVE not in kinds
            assert scene.session.asked == []
            assert HintKind.ALIVE in await during(scene, 70)

    run_virtual(story)


def test_ccxt_sends_nothing_by_itself() -> None:
    async def story() -> None:
        async with started("binance") as scene:
            client = stream_line._client_of(account_of(scene.venue), binance_streams.STREAMS)
            with pytest.raises(InvariantBroken, match="/fapi/v3/positionRisk by itself"):
                await client.fapiPrivateV3GetPositionRisk({})
            assert scene.session.asked == []
            client.session = None

    run_virtual(story)


def test_a_bug_is_raised_to_whoever_listens_and_ends_all_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(_: object) -> Frame:
        raise KeyError("a bug")

    async def story() -> None:
        async with started("binance") as scene:
            before = asyncio.all_tasks()
            monkeypatch.setattr(binance_streams, "STREAMS", replace(binance_streams.STREAMS, reader=lambda _: stumble))
            async with aclosing(scene.hints()) as hints:
                with pytest.raises(KeyError, match="a bug"):
                    await anext(hints)
            assert asyncio.all_tasks() == before

    run_virtual(story)


def test_a_venue_without_anything_to_listen_for_ends_at_once() -> None:
    async def story() -> None:
        async with started("binance") as scene:
            assert [hint async for hint in scene.venue.hints([], [])] == []

    run_virtual(story)


@pytest.mark.parametrize(
    ("exchange", "environment", "host"),
    [
        ("binance", "live", "fstream.binance.com"),
        ("binance", "testnet", "fstream.binancefuture.com"),
        ("okx", "live", "ws.okx.com"),
        ("okx", "testnet", "wspap.okx.com"),
        ("kucoin", "live", "ws-api-futures.kucoin.com"),
    ],
)
def test_streams_come_from_the_environments_own_hosts(exchange: str, environment: str, host: str) -> None:
    ways = import_module(f"bot.venue.{exchange}.streams").STREAMS

    async def story() -> None:
        async with started(exchange) as scene:
            where = Environment(environment)
            account = replace(account_of(scene.venue), spec=replace(scene.venue._spec, environment=where))
            client = stream_line._client_of(account, ways)
            client.session = None
            async with asyncio.TaskGroup() as group:
                lead = Lead(group=group, clock=account.clock, hosts=ways.hosts[where], take=lambda _: False)
                lead.check(f"wss://{host}/ws")
                for other in (
                    f"wss://{host}.evil.net/ws",
                    f"ws://{host}/ws",
                    "wss://api.evil.net",
                    "authenticationFlights",
                ):
                    with pytest.raises(Broken, match="no place") as refused:
                        lead.check(other)
                    assert refused.value.refused
                if exchange == "binance":
                    other = Environment({"live": "testnet", "testnet": "live"}[environment])
                    wrong = replace(ways, hosts={**ways.hosts, where: ways.hosts[other]})
                    with pytest.raises(StartFault, match="does not belong"):
                        stream_line._client_of(account, wrong)

    run_virtual(story)
