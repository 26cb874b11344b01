"""Streams as hints against the paper exchanges, on virtual time: what is told, silence, and loss."""

from __future__ import annotations

from decimal import Decimal as D

from bot.domain.hint import HintKind
from tests.venue.scene import KEY, Scene, Told, short


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
            await scene.pass_s(2)
        assert (len(scene.session.dialled) - first) / first < 20

    told(story)
