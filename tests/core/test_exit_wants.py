"""What is wanted, and what a crossing is still short of: at each threshold, and just beside it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.core.exit_books import ExitMarket
from bot.core.exit_scene import WEEK_MS, Scene, look, round_trips
from bot.core.exit_wants import enter_wanted, exit_draft, exit_wanted, rest_of, short_of, why_end, wish_of
from bot.core.owned import Balance
from bot.domain.exits import (
    Crossing,
    CrossingCause,
    CrossingDraft,
    CrossingKind,
    CrossingRecord,
    CrossingState,
    ReenterPolicy,
    Wish,
)
from bot.domain.observation import Stamp
from bot.domain.proceeds import CrossingId, Flow
from tests.core.exits import BTC, MAIN, NAME, NOW, POLICY, USDC, USDT, Desk, gone_out, record_of

STAMP = Stamp(sent_ms=NOW, answered_ms=NOW)
PROCEEDS = (Flow(asset=USDT, amount=D(70_000), crossing_id=CrossingId("one"), market=USDT),)


def seen(desk: Desk, **over: object) -> Scene:
    scene, _ = look(replace(desk.situation(), **over), desk.memory)  # type: ignore[arg-type]
    return scene


def crossing(kind: CrossingKind) -> Crossing:
    swaps = kind is CrossingKind.SWAP
    return Crossing(
        crossing_id=CrossingId("one"),
        hedge=NAME,
        venue=MAIN,
        asset=BTC,
        kind=kind,
        cause=CrossingCause.DEPEG if swaps else CrossingCause.HAND,
        coins=D(1) if kind is CrossingKind.EXIT else D(0),
        source=USDT if swaps else None,
        target=USDC if swaps else None,
        reason="",
        created_ms=NOW,
    )


def balance(amount: str) -> Balance:
    return Balance(free=D(amount), total=D(amount), stamp=STAMP)


# What a crossing is short of


@pytest.mark.parametrize(
    ("free", "quantity_min", "notional_min", "told"),
    [
        ("1", "0.001", "5", None),
        ("0.999", "0.001", "100", "0.999 of 1 BTC are free"),
        ("0.999", "0.00101", "5", None),
        ("0.999", "0.001", "100.01", None),
    ],
)
def test_coins_that_are_not_free_count_where_they_are_worth_an_order(
    free: str, quantity_min: str, notional_min: str, told: str | None
) -> None:
    desk = Desk()
    at = desk.market_at(BTC, USDT)
    market = replace(at.market, quantity_min=D(quantity_min), notional_min=D(notional_min))
    scene = seen(desk, coins=balance(free), markets={USDT: ExitMarket(market=market, book=at.book)})
    assert short_of(scene, crossing(CrossingKind.EXIT)) == told


def test_coins_that_stay_are_not_free_and_those_that_were_sold_are_not_missing() -> None:
    desk = Desk(policy=replace(POLICY, floor=D("0.1")))
    assert short_of(seen(desk, coins=balance("1.05")), crossing(CrossingKind.EXIT)) == "0.95 of 1 BTC are free"
    assert short_of(seen(desk, coins=balance("1.1")), crossing(CrossingKind.EXIT)) is None
    assert short_of(seen(desk, coins=balance("0.05")), crossing(CrossingKind.EXIT)) == "0 of 1 BTC are free"
    sold = Flow(asset=BTC, amount=D("-0.4"), crossing_id=CrossingId("one"), market=USDT)
    scene = seen(desk, coins=balance("0.5"), flows=(sold,))
    assert short_of(scene, crossing(CrossingKind.EXIT)) == "0.4 of 0.6 BTC are free"


def proceeds(usdt: str, usdc: str = "0") -> Desk:
    """That much is owned, all of it free."""
    amounts = {asset: D(amount) for asset, amount in ((USDT, usdt), (USDC, usdc)) if D(amount)}
    flows = [Flow(asset=a, amount=n, crossing_id=CrossingId("zero"), market=a) for a, n in amounts.items()]
    return Desk(flows=flows, balances=amounts)


@pytest.mark.parametrize("kind", [CrossingKind.ENTER, CrossingKind.SWAP])
def test_proceeds_that_are_free_are_not_missing(kind: CrossingKind) -> None:
    assert short_of(seen(proceeds("100")), crossing(kind)) is None


@pytest.mark.parametrize("kind", [CrossingKind.ENTER, CrossingKind.SWAP])
@pytest.mark.parametrize(("free", "told"), [("95", None), ("94.99", "5.01 USDT are not free")])
def test_proceeds_that_are_not_free_count_beyond_the_least_order(
    kind: CrossingKind, free: str, told: str | None
) -> None:
    money = {USDT: Balance(free=D(free), total=D(100), stamp=STAMP)}
    found = short_of(seen(proceeds("100"), money=money), crossing(kind))
    assert found is None if told is None else found is not None and told in found


def test_proceeds_that_nobody_can_see_are_missing() -> None:
    scene = seen(proceeds("100"), money={})
    for kind in (CrossingKind.ENTER, CrossingKind.SWAP):
        assert "100 USDT" in (short_of(scene, crossing(kind)) or "")


def test_proceeds_without_a_market_for_coins_are_missing_on_the_way_back_alone() -> None:
    desk = proceeds("100", "50")
    only_usdc = {USDC: desk.market_at(BTC, USDC)}
    scene = seen(desk, markets=only_usdc)
    assert "100 USDT" in (short_of(scene, crossing(CrossingKind.ENTER)) or "")
    assert short_of(scene, crossing(CrossingKind.SWAP)) is None


def test_an_exchange_is_short_of_nothing_but_its_source() -> None:
    scene = seen(proceeds("100", "50"), money={USDT: balance("100"), USDC: balance("0")})
    assert short_of(scene, crossing(CrossingKind.SWAP)) is None
    assert "50 USDC" in (short_of(scene, crossing(CrossingKind.ENTER)) or "")


# Who wants what, and since when


def on_since(scene: Scene, ms: int) -> Scene:
    return replace(scene, judged=replace(scene.judged, on=True, on_ms=ms))


def under_way(kind: CrossingKind, cause: CrossingCause = CrossingCause.SIGNAL) -> CrossingRecord:
    return record_of(replace(crossing(kind), cause=cause))


def wish(kind: CrossingKind, since_ms: int, why: str = "") -> Wish:
    return Wish(kind=kind, why=why, since_ms=since_ms)


@pytest.mark.parametrize(("ms", "begins"), [(NOW, False), (NOW + 1, True)])
def test_a_signal_counts_that_came_after_the_last_way_back_and_the_last_wish_for_it(ms: int, *, begins: bool) -> None:
    came_back = (replace(under_way(CrossingKind.ENTER), state=CrossingState.DONE),)
    for scene in (
        seen(Desk(), crossings=came_back),
        seen(Desk(), wish=wish(CrossingKind.ENTER, NOW)),
        seen(Desk(), wish=wish(CrossingKind.ENTER, NOW - 10), crossings=came_back),
    ):
        assert (exit_wanted(on_since(scene, ms)) is not None) is begins
    assert exit_wanted(on_since(seen(Desk()), 1)) is not None


@pytest.mark.parametrize(("ms", "ends"), [(NOW, False), (NOW + 1, True)])
def test_a_way_back_ends_for_a_signal_that_came_after_it_began(ms: int, *, ends: bool) -> None:
    scene = seen(Desk(), crossings=(under_way(CrossingKind.ENTER),))
    assert (why_end(on_since(scene, ms)) is not None) is ends


@pytest.mark.parametrize(
    ("kind", "other"), [(CrossingKind.EXIT, CrossingKind.ENTER), (CrossingKind.ENTER, CrossingKind.EXIT)]
)
def test_a_wish_for_the_other_way_counts_that_came_after_it_began(kind: CrossingKind, other: CrossingKind) -> None:
    def ends(told: Wish) -> bool:
        return why_end(seen(Desk(), crossings=(under_way(kind, CrossingCause.HAND),), wish=told)) is not None

    assert ends(wish(other, NOW + 1))
    assert not ends(wish(other, NOW))
    assert not ends(wish(kind, NOW + 1))


@pytest.mark.parametrize(("since_ms", "open_to_it"), [(NOW, False), (NOW + 1, True)])
def test_a_wish_is_obeyed_once_a_way_has_begun_since(since_ms: int, *, open_to_it: bool) -> None:
    told = wish(CrossingKind.EXIT, since_ms)
    scene = seen(Desk(), crossings=(under_way(CrossingKind.ENTER),), wish=told)
    assert wish_of(scene) == (told if open_to_it else None)


def test_what_a_person_gave_as_the_reason_is_told() -> None:
    assert exit_wanted(seen(Desk(), wish=wish(CrossingKind.EXIT, NOW, "war"))) == (
        CrossingCause.HAND,
        "told to exit: war",
    )
    back = seen(Desk(), wish=wish(CrossingKind.ENTER, NOW, "peace"))
    assert enter_wanted(back) == (CrossingCause.HAND, "told to enter: peace")
    plain = seen(Desk(), wish=wish(CrossingKind.ENTER, NOW))
    assert enter_wanted(plain) == (CrossingCause.HAND, "told to enter")


# How much goes out


@pytest.mark.parametrize(
    ("free", "fraction", "floor", "coins"),
    [
        ("1.000019", "1", "0", "1.00001"),
        ("1", "0.5", "0.2", "0.4"),
        ("0.20001", "1", "0.2", "0.00001"),
        ("0.2", "1", "0.2", None),
        ("0.1", "1", "0.2", None),
    ],
)
def test_a_fraction_of_the_coins_above_the_floor_goes_out(
    free: str, fraction: str, floor: str, coins: str | None
) -> None:
    scene = seen(Desk(policy=replace(POLICY, fraction=D(fraction), floor=D(floor))))
    draft = exit_draft(scene, balance(free), CrossingCause.HAND, "why")
    if coins is None:
        assert draft is None
    else:
        assert draft == CrossingDraft(kind=CrossingKind.EXIT, cause=CrossingCause.HAND, reason="why", coins=D(coins))


@pytest.mark.parametrize(("free", "coins"), [("5", "0.3"), ("0.2", "0.2")])
def test_after_an_exit_that_was_stopped_its_rest_goes_out_as_far_as_it_is_there(free: str, coins: str) -> None:
    half = replace(under_way(CrossingKind.EXIT), state=CrossingState.STOPPED, coins_done=D("0.7"))
    scene = seen(Desk(policy=replace(POLICY, fraction=D("0.5"))), crossings=(half,), flows=PROCEEDS)
    assert rest_of(scene) == D("0.3")
    draft = exit_draft(scene, balance(free), CrossingCause.SIGNAL, "")
    assert draft is not None
    assert draft.coins == D(coins)


def test_a_way_back_with_no_exit_before_it_leaves_no_rest() -> None:
    half = replace(under_way(CrossingKind.ENTER), state=CrossingState.STOPPED, coins_done=D("0.7"))
    scene = seen(Desk(policy=replace(POLICY, fraction=D("0.5"))), crossings=(half,), flows=PROCEEDS)
    assert scene.ways == (half,)
    assert rest_of(scene) is None


def test_coins_go_out_in_the_smallest_step_of_any_market() -> None:
    desk = Desk()
    coarse = desk.market_at(BTC, USDC)
    markets = {
        USDT: desk.market_at(BTC, USDT),
        USDC: ExitMarket(market=replace(coarse.market, quantity_step=D("0.1")), book=coarse.book),
    }
    draft = exit_draft(seen(desk, markets=markets), balance("0.12345678"), CrossingCause.HAND, "")
    assert draft is not None
    assert draft.coins == D("0.12345")


# The way back


AUTO = replace(POLICY, reenter=ReenterPolicy(cooldown_s=D(3_600), for_s=D(600)))


def out(cause: CrossingCause = CrossingCause.SIGNAL, **over: object) -> Scene:
    """Out since NOW, its signals over since then."""
    gone = replace(under_way(CrossingKind.EXIT, cause), state=CrossingState.DONE, coins_done=D(1))
    scene = seen(Desk(policy=AUTO), crossings=(gone,), flows=PROCEEDS, **over)
    return replace(scene, judged=replace(scene.judged, on=False, calm=True, calm_ms=NOW))


def at(scene: Scene, ms: int) -> Scene:
    return replace(scene, situation=replace(scene.situation, now_ms=ms))


def test_it_comes_back_when_calm_and_cooldown_have_just_lasted() -> None:
    scene = out()
    assert scene.view.cooldown_ms == NOW + 3_600_000
    for ms, told in ((599_999, "over for another 0 s"), (600_000, "cooldown lasts another 3000 s")):
        assert told in str(enter_wanted(at(scene, NOW + ms)))
    assert "cooldown lasts another 0 s" in str(enter_wanted(at(scene, NOW + 3_599_999)))
    back = enter_wanted(at(scene, NOW + 3_600_000))
    assert not isinstance(back, str)
    assert back == (CrossingCause.SIGNAL, "calm: " + scene.judged.views[0].text)
    often = replace(scene, view=replace(scene.view, round_trips=1))
    assert "1 are allowed" in str(enter_wanted(at(often, NOW + 3_600_000)))
    unsure = replace(scene, judged=replace(scene.judged, calm=False))
    assert "every signal is over" in str(enter_wanted(at(unsure, NOW + 3_600_000)))


def test_who_was_told_to_leave_stays_out_also_when_the_wish_is_taken_back() -> None:
    assert enter_wanted(at(out(CrossingCause.HAND), NOW * 2)) == "out by hand, until told to enter"
    told = out(wish=wish(CrossingKind.EXIT, NOW))
    assert enter_wanted(at(told, NOW * 2)) == "out by hand, until told to enter"


def test_a_way_back_counts_for_less_than_seven_days() -> None:
    own, by_hand = (under_way(CrossingKind.ENTER, cause) for cause in (CrossingCause.SIGNAL, CrossingCause.HAND))
    ways = (own, by_hand, under_way(CrossingKind.EXIT), own)
    assert round_trips(ways, NOW + WEEK_MS - 1) == 2
    assert round_trips(ways, NOW + WEEK_MS) == 0


@pytest.mark.parametrize(("for_s", "told"), [("3600", "another 1 h"), ("3599", "another 3599 s")])
def test_what_is_still_to_be_waited_for_is_told(for_s: str, told: str) -> None:
    desk = gone_out(Desk(policy=replace(POLICY, reenter=ReenterPolicy(cooldown_s=D(0), for_s=D(for_s)))))
    desk.price = D(95_000)
    wanted = enter_wanted(seen(desk))
    assert isinstance(wanted, str)
    assert told in wanted
