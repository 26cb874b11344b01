"""Streams as hints against the paper exchanges, on virtual time: silence, loss, refusal, renewal, and the end."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal as D
from importlib import import_module

import pytest

from bot.domain.environment import Environment
from bot.domain.errors import InvariantBroken, StartFault
from bot.domain.hint import Hint, HintKind
from bot.domain.ids import Asset, Symbol, VenueName
from bot.paper.engine.model import MarketType, NewOrder, OrderKind, Side
from bot.paper.world import World, default_world
from bot.venue import stream_line
from bot.venue.binance import streams as binance_streams
from bot.venue.gateway import CcxtVenue, open_venue
from bot.venue.sockets import Lead
from bot.venue.spec import VenueSpec
from bot.venue.stream_wire import Broken
from tests.venue.shaky import Shaky
from tests.venue.wire import BTC, COIN_M, Anything, LoopClock, run_virtual

VENUES = ("binance", "okx", "kucoin")
COIN = Asset("BTC")
KEY = "paper"
WRONG = "wr0ng-secret"


@dataclass
class Scene:
    """A started gateway on a paper exchange, and what its streams said."""

    venue: CcxtVenue
    world: World
    session: Shaky
    symbol: Symbol
    heard: list[Hint] = field(default_factory=list)

    @property
    def exchange(self) -> Anything:
        return self.world.venues[self.venue.exchange].exchange

    def hints(self) -> AsyncGenerator[Hint, None]:
        return self.venue.hints([self.symbol], [COIN])

    async def pass_s(self, seconds: float) -> list[HintKind]:
        """Let virtual time pass; what was said meanwhile, without prices."""
        before = len(self.heard)
        await asyncio.sleep(seconds)
        return [hint.kind for hint in self.heard[before:] if hint.kind is not HintKind.PRICE]

    def asked(self, part: str) -> int:
        """How many requests had this in their path."""
        return sum(part in path for _, path in self.session.asked)


@asynccontextmanager
async def started(exchange: str, symbol: Symbol = BTC) -> AsyncIterator[Scene]:
    clock = LoopClock()
    world = default_world(clock.now_ms)
    session = Shaky(world)
    keys = {"api_key": KEY, "secret": KEY, "password": KEY}
    account = VenueSpec(name=VenueName("main"), exchange=exchange, environment=Environment.PAPER, **keys)
    venue = open_venue(account, clock=clock, session=session, symbols=[symbol])
    try:
        await venue.start()
        session.asked.clear()
        yield Scene(venue=venue, world=world, session=session, symbol=symbol)
    finally:
        await venue.close()


@asynccontextmanager
async def listened(exchange: str, symbol: Symbol = BTC) -> AsyncIterator[Scene]:
    """With somebody who listens all the time."""

    async def collect(scene: Scene) -> None:
        async with aclosing(scene.hints()) as hints:
            async for hint in hints:
                scene.heard.append(hint)

    async with started(exchange, symbol) as scene, asyncio.TaskGroup() as group:
        listener = group.create_task(collect(scene))
        yield scene
        listener.cancel()


def account_of(venue: CcxtVenue) -> stream_line.Account:
    return stream_line.Account(
        spec=venue._spec,
        link=venue._link,
        client=venue._client,
        markets=venue._parts.markets,
        venue_clock=venue._venue_clock,
        clock=venue._clock,
    )


def short(scene: Scene) -> None:
    """Somebody of the account opens a short."""
    inverse = scene.symbol == COIN_M
    market = MarketType.INVERSE if inverse else MarketType.LINEAR
    exchange = scene.exchange
    if inverse:
        exchange.deposit(KEY, exchange.layout.margin[market], "BTC", D(1))
    key = next(key for key, it in exchange.listings.items() if it.market is market and it.asset == "BTC")
    exchange.submit(
        KEY, NewOrder(listing_key=key, side=Side.SELL, kind=OrderKind.MARKET, quantity=D(100 if inverse else 1))
    )


Story = Callable[[Scene], Awaitable[None]]
Told = Callable[[Story], None]
Beginning = Callable[[str, Symbol], AbstractAsyncContextManager[Scene]]


def play(story: Story, where: tuple[str, Symbol], begin: Beginning = listened) -> None:
    """Tell a story to its end on virtual time; the event loop may have nothing to complain of."""
    complaints: list[object] = []

    async def told() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        async with begin(*where) as scene:
            await story(scene)
        gc.collect()

    run_virtual(told)
    gc.collect()
    assert complaints == []


EVERYWHERE = [pytest.param((name, symbol), id=f"{name}-{symbol}") for name in VENUES for symbol in (BTC, COIN_M)]


@pytest.fixture(params=EVERYWHERE)
def told(request: pytest.FixtureRequest) -> Told:
    """Tells a story on each venue, linear and inverse, while somebody listens."""
    return lambda story: play(story, request.param)


@pytest.fixture(params=EVERYWHERE)
def told_to_nobody(request: pytest.FixtureRequest) -> Told:
    """The same, before anybody listens."""
    return lambda story: play(story, request.param, started)


def test_a_line_that_stands_is_alive_and_prices_are_marks(told: Told) -> None:
    async def story(scene: Scene) -> None:
        await scene.pass_s(3)
        kinds = [hint.kind for hint in scene.heard]
        assert kinds.count(HintKind.ALIVE) == 1
        assert HintKind.SILENT not in kinds
        prices = [hint for hint in scene.heard if hint.kind is HintKind.PRICE]
        assert {(hint.symbol, hint.price, hint.venue) for hint in prices} == {(scene.symbol, D(100_000), "main")}
        scene.exchange.set_price("BTC", D(101_000))
        await scene.pass_s(2)
        assert scene.heard[-1].price == D(101_000)
        assert all(hint.price is None for hint in scene.heard if hint.kind is not HintKind.PRICE)

    told(story)


def test_a_quiet_account_is_not_silent_and_says_nothing(told: Told) -> None:
    async def story(scene: Scene) -> None:
        await scene.pass_s(5)
        assert await scene.pass_s(600) == []
        assert len(scene.session.dialled) == len(scene.session.sockets)

    told(story)


def test_only_coins_in_scope_are_a_reason_to_look(told: Told) -> None:
    async def story(scene: Scene) -> None:
        await scene.pass_s(5)
        layout = scene.exchange.layout
        scene.exchange.deposit(KEY, layout.spot, "ETH", D(1))
        assert await scene.pass_s(10) == []
        scene.exchange.deposit(KEY, layout.spot, "BTC", D(1))
        assert set(await scene.pass_s(1)) == {HintKind.BALANCE}

    told(story)


def test_a_price_that_moves_is_no_news_of_positions_or_balances(told: Told) -> None:
    """Venues tell equity and unrealised profit with every mark; nothing of ours changed by that."""

    async def story(scene: Scene) -> None:
        exchange = scene.exchange
        short(scene)
        await scene.pass_s(10)
        for price in range(100_100, 101_000, 100):
            exchange.set_price("BTC", D(price))
            assert await scene.pass_s(3) == []

    told(story)


def test_a_cut_connection_is_told_once_and_replaced(told: Told) -> None:
    async def story(scene: Scene) -> None:
        await scene.pass_s(5)
        await scene.session.cut()
        told_kinds = await scene.pass_s(10)
        assert [kind for kind in told_kinds if kind is not HintKind.BALANCE] == [HintKind.SILENT, HintKind.ALIVE]
        scene.exchange.deposit(KEY, scene.exchange.layout.spot, "BTC", D(1))
        assert set(await scene.pass_s(1)) == {HintKind.BALANCE}

    told(story)


def test_a_connection_that_stalls_is_told_within_its_deadline(told: Told) -> None:
    """It looks open, takes what is sent, and brings nothing."""

    async def story(scene: Scene) -> None:
        await scene.pass_s(5)
        scene.session.muted = True
        assert await scene.pass_s(14) == []
        assert await scene.pass_s(3) == [HintKind.SILENT]
        assert await scene.pass_s(120) == []
        scene.session.muted = False
        assert HintKind.ALIVE in await scene.pass_s(90)

    told(story)


def test_attempts_come_at_growing_distances(told: Told) -> None:
    async def story(scene: Scene) -> None:
        await scene.pass_s(5)
        first = len(scene.session.dialled)
        scene.session.refuses = True
        await scene.session.cut()
        assert await scene.pass_s(600) == [HintKind.SILENT]
        # 1, 2, 4, 8, 16, 32 s, then every 60 s.
        tries = (len(scene.session.dialled) - first) / first
        assert 13 <= tries <= 17
        scene.session.refuses = False
        assert HintKind.ALIVE in await scene.pass_s(61)

    told(story)


def test_a_line_that_breaks_as_soon_as_it_stands_is_not_hurried(told: Told) -> None:
    async def story(scene: Scene) -> None:
        await scene.pass_s(5)
        first = len(scene.session.dialled)
        for _ in range(300):
            await scene.session.cut()
            await asyncio.sleep(2)
        assert (len(scene.session.dialled) - first) / first < 20

    told(story)


async def during(scene: Scene, seconds: float) -> list[HintKind]:
    """What is said from the beginning for so many virtual seconds, without prices."""
    heard: list[Hint] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds), aclosing(scene.hints()) as hints:
            async for hint in hints:
                heard.append(hint)  # noqa: PERF401 - what was heard counts even when time is up
    return [hint.kind for hint in heard if hint.kind is not HintKind.PRICE]


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


@pytest.mark.parametrize("moment", [standing, cut, hanging, muted])
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
