"""What a stablecoin hedge wants: which crossing should begin, and why an open one should end."""

from __future__ import annotations

from decimal import Decimal
from itertools import takewhile
from typing import Final, assert_never

from bot.core import owned
from bot.core.exit_books import sound_targets
from bot.core.exit_scene import Scene
from bot.core.owned import Balance
from bot.domain.exits import (
    Crossing,
    CrossingCause,
    CrossingDraft,
    CrossingKind,
    CrossingRecord,
    CrossingState,
    ExitState,
    Peg,
    Wish,
)
from bot.domain.numbers import ONE, ZERO, floor_to, plain
from bot.domain.observation import Unknown

_HOUR_MS: Final = 3_600_000
_SECOND_MS: Final = 1_000


def why_end(scene: Scene) -> str | None:
    """Why the open crossing must not go on; None when it may. What it has exchanged stays so."""
    record = scene.open
    assert record is not None
    crossing, judged = record.crossing, scene.judged
    match crossing.kind:
        case CrossingKind.EXIT:
            if _asked(scene, CrossingKind.ENTER, crossing.created_ms):
                return "a person wants the coins back"
            if crossing.cause is CrossingCause.SIGNAL and judged.calm:
                return "its reason is gone: " + texts(scene)
        case CrossingKind.ENTER:
            if _asked(scene, CrossingKind.EXIT, crossing.created_ms):
                return "a person wants to be out"
            if judged.on and judged.on_ms is not None and judged.on_ms > crossing.created_ms:
                return "the market is uncertain again: " + texts(scene)
        case CrossingKind.SWAP:
            return _swap_over(scene, crossing)
        case _:
            assert_never(crossing.kind)
    return None


def turning(scene: Scene, crossing: Crossing) -> bool:
    """Whether the reason of an open exit seems to be gone, and has not been so for long enough to end it.

    Of signals that nobody asks any more nothing is known: then the exit goes on, as when a person asks for it.
    """
    if crossing.kind is not CrossingKind.EXIT or crossing.cause is not CrossingCause.SIGNAL:
        return False
    asked = _asked(scene, CrossingKind.EXIT, crossing.created_ms)
    return bool(scene.judged.views) and not scene.judged.held and not asked


def _swap_over(scene: Scene, crossing: Crossing) -> str | None:
    if crossing.target not in scene.situation.policy.basket:
        return f"{crossing.target} is not in the basket any more"
    ends = {crossing.source: Peg.SOUND, crossing.target: Peg.BROKEN}
    return next((view.text for view in scene.view.pegs if ends.get(view.asset) is view.peg), None)


def exit_wanted(scene: Scene) -> tuple[CrossingCause, str] | None:
    """Why the coins should be exchanged now; None when they should not."""
    if scene.view.state is not ExitState.IN and rest_of(scene) is None:
        return None
    wish = wish_of(scene)
    if wish is not None and wish.kind is CrossingKind.EXIT:
        return CrossingCause.HAND, "told to exit" + (f": {wish.why}" if wish.why else "")
    judged, told = scene.judged, scene.situation.wish
    if not judged.on or judged.on_ms is None:
        return None
    entered_ms = _gone_ms(scene)
    if told is not None and told.kind is CrossingKind.ENTER:
        entered_ms = max(entered_ms, told.since_ms)
    # Who was told to come back while a signal was on stays in until that has been over once.
    return (CrossingCause.SIGNAL, texts(scene)) if judged.on_ms > entered_ms else None


def _gone_ms(scene: Scene) -> int:
    """What a signal that was on by then asked for has been done. An exit that was stopped half done is not over."""
    way = scene.way
    if way is None:
        return 0
    # That the proceeds of an older way are gone says nothing of a newer one, which was stopped with nothing done.
    gone = scene.emptied and way is scene.last
    half = way.crossing.kind is CrossingKind.EXIT and way.state is CrossingState.STOPPED and not gone
    return 0 if half else way.crossing.created_ms


def rest_of(scene: Scene) -> Decimal | None:
    """Coins that still belong to the exit before: it was stopped, or the way back from it was; None: neither.

    A way back that was stopped half-way leaves a part outside: the next exit sells what it bought and what the exit
    before it left, and not the fraction of all coins once more.
    """
    last, policy = scene.last, scene.situation.policy
    if last is None or last.state is not CrossingState.STOPPED or scene.empty:
        return None
    if scene.view.state is ExitState.IN and policy.fraction == ONE:
        return None
    halves = list(takewhile(_stopped_back, scene.ways))
    before = next(iter(scene.ways[len(halves) :]), None)
    if before is None or before.crossing.kind is not CrossingKind.EXIT:
        return None  # a way back had brought all of it in
    left = before.crossing.coins - before.coins_done
    return left + sum((_bought(scene, way.crossing) for way in halves), ZERO)


def _stopped_back(way: CrossingRecord) -> bool:
    return way.crossing.kind is CrossingKind.ENTER and way.state is CrossingState.STOPPED


def _bought(scene: Scene, crossing: Crossing) -> Decimal:
    """Coins of a way back, less its fees."""
    flows = scene.situation.flows
    ours = (flow for flow in flows if flow.crossing_id == crossing.crossing_id and flow.asset == crossing.asset)
    return sum((flow.amount for flow in ours), ZERO)


def way_wanted(scene: Scene) -> bool:
    """Whether the way out is wanted, or a person wants the way back."""
    return exit_wanted(scene) is not None or not isinstance(enter_wanted(scene), str)


def wish_of(scene: Scene) -> Wish | None:
    """What a person wants and has not got yet: each wish is obeyed once."""
    wish, way = scene.situation.wish, scene.way
    if wish is None or (way is not None and way.crossing.created_ms >= wish.since_ms):
        return None
    return wish


def enter_wanted(scene: Scene) -> tuple[CrossingCause, str] | str:
    """Why coins should be bought back now; or, in a sentence, why not."""
    wish, now_ms = wish_of(scene), scene.situation.now_ms
    if wish is not None and wish.kind is CrossingKind.ENTER:
        return CrossingCause.HAND, "told to enter" + (f": {wish.why}" if wish.why else "")
    if scene.view.state is not ExitState.OUT:
        return "in coins"
    reenter, way = scene.situation.policy.reenter, scene.way
    told = scene.situation.wish
    if reenter is None:
        return "out until told to enter"
    by_hand = way is not None and way.crossing.kind is CrossingKind.EXIT and way.crossing.cause is CrossingCause.HAND
    if by_hand or (told is not None and told.kind is CrossingKind.EXIT):
        return "out by hand, until told to enter"
    judged = scene.judged
    if not judged.calm or judged.calm_ms is None:
        return "out until every signal is over"
    left_ms = judged.calm_ms + int(reenter.for_s * _SECOND_MS) - now_ms
    if left_ms > 0:
        return f"out: the signals must be over for another {_time(left_ms)}"
    if scene.view.cooldown_ms is not None and now_ms < scene.view.cooldown_ms:
        return f"out: the cooldown lasts another {_time(scene.view.cooldown_ms - now_ms)}"
    most = scene.situation.policy.max_round_trips
    if scene.view.round_trips >= most:
        return f"out: {scene.view.round_trips} ways back within seven days, {most} are allowed"
    return CrossingCause.SIGNAL, "calm: " + texts(scene)


def swaps_wanted(scene: Scene) -> tuple[list[CrossingDraft], str | None]:
    """Which stablecoins of the hedge's should be exchanged for which, the best first; and why one that broke can't."""
    drafts: list[CrossingDraft] = []
    stuck = None
    policy, markets = scene.situation.policy, scene.situation.swaps
    for asset, amount in scene.known.items():
        view = scene.pegs[asset]
        if view.peg is not Peg.BROKEN or view.price is None or amount <= 0:
            continue
        sound = sound_targets(tuple(scene.pegs.values()), policy.basket, asset)
        targets = [one for one in sound if (asset, one.asset) in markets or (one.asset, asset) in markets]
        drafts += [
            CrossingDraft(
                kind=CrossingKind.SWAP,
                cause=CrossingCause.DEPEG,
                reason=f"{view.text}; {target.text}",
                source=asset,
                target=target.asset,
            )
            for target in targets
        ]
        if not targets:
            why = "there is no market that exchanges it for a sound one"
            stuck = f"{view.text}; {why if sound else 'no stablecoin of the basket is sound, so it stays'}"
    return drafts, stuck


def exit_draft(scene: Scene, balance: Balance, cause: CrossingCause, reason: str) -> CrossingDraft | None:
    """The exit that would begin, also of coins that are locked now; None when there are no coins to exchange.

    Args:
        scene: of now.
        balance: of the coin.
        cause: who wants it.
        reason: one sentence with the numbers.
    """
    situation, policy = scene.situation, scene.situation.policy
    above = max(balance.total - policy.floor, ZERO)
    rest = rest_of(scene)
    coins = policy.fraction * above if rest is None else min(rest, above)
    steps = [market.market.quantity_step for market in situation.markets.values()]
    coins = floor_to(coins, min(steps)) if steps else ZERO
    if coins <= 0:
        return None
    return CrossingDraft(kind=CrossingKind.EXIT, cause=cause, reason=reason, coins=coins)


def sellable(scene: Scene) -> Decimal:
    """Coins that an exit may sell now; the balance is known. What is locked stays, and counts for the floor."""
    coins = scene.situation.coins
    assert not isinstance(coins, Unknown)
    return max(min(coins.free, coins.total - scene.situation.policy.floor), ZERO)


def short_of(scene: Scene, crossing: CrossingDraft | Crossing) -> str | None:
    """What a crossing still has to exchange and is not free, in a sentence; None when that is not worth an order.

    Coins and proceeds may be locked by another order, or on their way between two wallets while both are read.
    """
    situation = scene.situation
    if crossing.kind is CrossingKind.EXIT:
        free, left, asset = sellable(scene), crossing.coins, situation.policy.asset
        if isinstance(crossing, Crossing):
            left -= sum(owned.sold_by_market(crossing.crossing_id, asset, situation.flows).values(), ZERO)
        markets = [at.market for at in situation.markets.values()]
        worth = any(
            left - free >= market.quantity_min and (left - free) * (scene.judged.price or ZERO) >= market.notional_min
            for market in markets
        )
        return f"{plain(free)} of {plain(left)} {asset} are free" if worth else None
    ways = scene.known if crossing.kind is CrossingKind.SWAP else situation.markets
    short = {
        asset: mine - (scene.known.get(asset, ZERO) if asset in ways else ZERO)
        for asset, mine in scene.owned.items()
        if crossing.source in {None, asset}
    }
    least = max((at.market.notional_min for at in situation.markets.values()), default=ZERO)
    told = (f"{plain(left)} {asset} are not free, or have no market" for asset, left in short.items() if left > least)
    return "; ".join(told) or None


def texts(scene: Scene) -> str:
    """What the signals say, with their numbers."""
    return "; ".join(view.text for view in scene.view.signals)


def _asked(scene: Scene, kind: CrossingKind, since_ms: int) -> bool:
    wish = scene.situation.wish
    return wish is not None and wish.kind is kind and wish.since_ms > since_ms


def _time(left_ms: int) -> str:
    return f"{left_ms // _HOUR_MS} h" if left_ms >= _HOUR_MS else f"{left_ms // _SECOND_MS} s"
