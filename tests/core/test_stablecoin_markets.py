"""On which market a slice is traded, against what it is held, and what is told of it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.core.exit_books import ExitMarket
from bot.core.exit_scene import Scene, look
from bot.core.exit_wants import swaps_wanted
from bot.domain.exits import CrossingKind, ExitVerdict, Peg
from bot.domain.ids import Asset
from tests.core.exits import BTC, DAI, POLICY, USDC, USDT, Desk, book, gone_out, swapping, unknown

ALONE = replace(POLICY, basket={USDT: D(1)})


def scene_of(desk: Desk) -> Scene:
    scene, _ = look(desk.situation(), desk.memory)
    return scene


def moved(desk: Desk, quote: Asset, by: str) -> ExitMarket:
    """The coin's market in a stablecoin, with its book off by so much."""
    at, middle = desk.market_at(BTC, quote), desk.price * (1 + D(by))
    return ExitMarket(market=at.market, book=book(middle - 1, middle + 1, now_ms=desk.now_ms + 5_000))


# What a book is held against


@pytest.mark.parametrize("kind", [CrossingKind.EXIT, CrossingKind.ENTER])
def test_a_book_is_held_against_the_coin_s_price_in_the_stablecoin(kind: CrossingKind) -> None:
    desk = Desk(policy=ALONE, pegs={USDT: D("0.99")}, price=D(80_000))
    if kind is CrossingKind.ENTER:
        gone_out(desk)
        desk.ask(kind)
    order = desk.turn().order
    assert order is not None
    assert order.mark == desk.price / D("0.99")


def silent(desk: Desk) -> Desk:
    """The anchor of a stablecoin that was sound says nothing any more."""
    assert desk.turn().view.pegs[0].peg is Peg.SOUND
    desk.pegs[USDT] = unknown()
    return desk


@pytest.mark.parametrize(("off", "sold"), [("-0.019", True), ("-0.021", False), ("0.021", False)])
def test_without_an_anchor_coins_are_sold_only_near_what_they_are_worth(off: str, *, sold: bool) -> None:
    desk = silent(Desk(policy=ALONE, pegs={USDT: D(1)}))
    desk.price = D(80_000)
    desk.over = {"markets": {USDT: moved(desk, USDT, off)}}
    plan = desk.turn()
    assert (plan.code == "exit.slice") is sold
    if not sold:
        assert (plan.verdict, plan.code, plan.order) == (ExitVerdict.REFUSED, "price.touch", None)
        assert "further than 0.02 from" in plan.reason


def test_with_an_anchor_or_to_buy_the_ordinary_bound_holds() -> None:
    desk = Desk(policy=ALONE, pegs={USDT: D(1)}, price=D(80_000))
    desk.over = {"markets": {USDT: moved(desk, USDT, "-0.021")}}
    assert desk.turn().code == "exit.slice"
    back = silent(gone_out(Desk(policy=ALONE, pegs={USDT: D(1)})))
    back.ask(CrossingKind.ENTER)
    back.over = {"markets": {USDT: moved(back, USDT, "0.021")}}
    assert back.turn().code == "enter.slice"


# Which market is taken


def test_of_two_markets_that_refuse_the_one_with_something_worth_an_order_is_told() -> None:
    desk = Desk(price=D(80_000))
    dear, bare = desk.market_at(BTC, USDC), desk.market_at(BTC, USDT)
    dear = replace(dear, market=replace(dear.market, notional_min=D(10**6)))
    desk.over = {"markets": {USDC: dear, USDT: replace(bare, book=None)}}
    plan = desk.turn()
    assert (plan.verdict, plan.code) == (ExitVerdict.REFUSED, "book.unknown")


def broken(*, first_trades: bool, second_trades: bool) -> Desk:
    """USDT broke; it could be exchanged for USDC, the soundest, or for DAI."""
    desk = gone_out(Desk(policy=ALONE))
    desk.policy = replace(POLICY, basket={USDT: D("0.4"), USDC: D("0.3"), DAI: D("0.3")})
    desk.pegs = {USDT: D("0.9"), USDC: D(1), DAI: D("1.001")}
    swaps = {}
    for asset, trades in ((USDC, first_trades), (DAI, second_trades)):
        at = desk.market_at(asset, USDT)
        swaps[asset, USDT] = at if trades else replace(at, book=None)
    desk.over = {"swaps": swaps}
    return desk


@pytest.mark.parametrize(("first", "second", "target"), [(True, True, USDC), (False, True, DAI), (True, False, USDC)])
def test_what_broke_is_exchanged_for_the_soundest_that_can_be_had(*, first: bool, second: bool, target: Asset) -> None:
    desk = broken(first_trades=first, second_trades=second)
    begun = next(plan for plan in desk.turns(6) if plan.begin)
    assert begun.begin is not None
    assert (begun.begin.source, begun.begin.target) == (USDT, target)


def test_what_broke_and_can_be_had_nowhere_is_told_as_that() -> None:
    plan = broken(first_trades=False, second_trades=False).turns(6)[-1]
    assert (plan.verdict, plan.code, plan.order, plan.begin) == (ExitVerdict.REFUSED, "book.unknown", None, None)


# What of the hedge's is wanted to be exchanged


def test_every_one_that_broke_is_wanted_to_be_exchanged_whatever_little_there_is() -> None:
    desk = swapping()
    scene = scene_of(desk)
    seen = replace(scene.pegs[USDT], peg=Peg.BROKEN)
    pegs = {USDT: seen, DAI: replace(seen, asset=DAI), USDC: scene.pegs[USDC]}
    markets = {(USDC, one): desk.market_at(USDC, USDT) for one in (USDT, DAI)}
    scene = replace(scene, pegs=pegs, situation=replace(scene.situation, swaps=markets))
    cases: list[tuple[dict[Asset, D | None], list[Asset]]] = [
        ({USDT: D(5), DAI: D(6)}, [USDT, DAI]),
        ({USDT: D("0.5"), DAI: D(0)}, [USDT]),
        ({USDC: D(5), USDT: None}, []),
    ]
    for known, sources in cases:
        drafts, stuck = swaps_wanted(replace(scene, spendable=known))
        assert ([draft.source for draft in drafts], stuck) == (sources, None)
    dark = replace(scene, pegs=pegs | {USDT: replace(seen, price=None)}, spendable={USDT: D(5)})
    assert swaps_wanted(dark) == ([], None)


def test_an_exit_that_finds_every_stablecoin_in_doubt_is_told_at_once() -> None:
    """It began while their last prices still counted; a price within the bound sells for fifteen minutes."""
    desk = Desk(policy=replace(POLICY, slice_notional=D(2_000)))
    desk.turn()
    desk.pegs = {USDT: unknown(), USDC: unknown()}
    desk.turns(14, s=60)
    desk.price = D(89_000)
    assert desk.turn().begin is not None
    plan = next(plan for plan in desk.turns(40) if plan.order is None)
    assert (plan.verdict, plan.code, plan.alarm) == (ExitVerdict.REFUSED, "peg.all-failed", True)
    assert plan.reason.startswith("the coins stay; no stablecoin of the basket may be bought: ")
    assert all(view.text in plan.reason for view in plan.view.pegs)
    assert 0 < desk.held(BTC) < 1
