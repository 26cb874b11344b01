"""The decision of a stablecoin hedge: out, back, from one stablecoin to another, or nothing, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Final, assert_never

from bot.core import exit_books, exit_wants, owned
from bot.core.exit_orders import SETTLING, TOO_SMALL, SliceCase, approve_slice
from bot.core.exit_scene import Scene, look
from bot.core.exit_situation import ExitMemory, ExitSituation
from bot.domain.exits import (
    Crossing,
    CrossingCause,
    CrossingDraft,
    CrossingEnd,
    CrossingKind,
    CrossingState,
    ExitPlan,
    ExitState,
    ExitVerdict,
    Peg,
)
from bot.domain.ids import Asset
from bot.domain.numbers import ONE, ZERO, plain
from bot.domain.observation import Unknown
from bot.domain.orders import Approved, Refused, Side

HEDGED: Final = (
    "These coins are hedged: exchanging them gains nothing, as each slice closes as much of the short. "
    "What a linear short hedges is worth a number of USDT, not of US dollars."
)
STUCK_MS: Final = 600_000
"""A crossing that has been open for so long and can't go on is told to a person."""
SHORT: Final = "balance.short"
"""What is to be exchanged is there and not free."""
FOLLOWS: Final = "beside.follows"
"""The short comes first."""
_SOON: Final = ONE
_CENT: Final = Decimal("0.01")
_NOTHING_LEFT: Final = (
    "nothing of the proceeds is left that is worth an order, so the hedge counts as in coins again: "
    "it goes out when its signals turn on anew, or a person says so"
)

Draft = CrossingDraft | Crossing


def decide(situation: ExitSituation, memory: ExitMemory) -> tuple[ExitPlan, ExitMemory]:
    """What to do now, and what to remember.

    A plan is carried out in this order: `write_offs` are kept; `end` is kept; `begin` and `order` are armed in one
    commit and the order is sent. The order has passed the gate: it is sent as it is, or not at all.

    Args:
        situation: of now.
        memory: what the last decision left, also before a restart.
    """
    scene, memory = look(situation, memory)
    plan = _seeing(scene, _plan(scene))
    notes = [*plan.notes, *(view.text for view in scene.view.pegs if view.peg in {Peg.NO_ANCHOR, Peg.BROKEN})]
    alarm = plan.alarm or bool(notes)
    if situation.beside is not None:
        notes.append(HEDGED)
    return replace(plan, notes=tuple(notes), alarm=alarm), memory


def _plan(scene: Scene) -> ExitPlan:
    situation = scene.situation
    if scene.write_offs:
        gone = ", ".join(f"{plain(one.amount)} {one.asset}" for one in scene.write_offs)
        why = f"others took away {gone} of the proceeds" + (f"; {_NOTHING_LEFT}" if scene.emptied else "")
        told = _told(scene, ExitVerdict.WRITE_OFF, "owned.gone", why, soon=True)
        alarm = scene.emptied or any(one.amount > _CENT for one in scene.write_offs)
        return replace(told, write_offs=scene.write_offs, alarm=alarm)
    if situation.halted:
        return _told(scene, ExitVerdict.HALTED, "halted", "halted: " + "; ".join(situation.halted), alarm=True)
    if situation.paused is not None:
        return _told(scene, ExitVerdict.PAUSED, "paused", f"paused: {situation.paused}")
    if situation.unfinished:
        first = situation.unfinished[0]
        reason = f"order {first.intent.client_id} is {first.state.value}, or its fill is not accounted for"
        return _told(scene, ExitVerdict.WAITING, "order.unfinished", reason, soon=True)
    if scene.open is not None:
        return _go_on(scene, scene.open.crossing)
    return _begin(scene)


def _go_on(scene: Scene, crossing: Crossing) -> ExitPlan:
    """The next slice of an open crossing, or its end."""
    why = exit_wants.why_end(scene)
    if why is not None:
        return _ended(scene, crossing, CrossingState.STOPPED, why)
    if exit_wants.turning(scene, crossing):
        why = f"its reason seems to be gone, and may be back: {exit_wants.texts(scene)}"
        return _told(scene, ExitVerdict.WAITING, "signals.turning", why)
    plan = _slice(scene, crossing)
    if plan.code == TOO_SMALL:
        plan = _nothing_left(scene, crossing, plan.reason)
    stands = plan.order is None and plan.end is None
    if crossing.kind is CrossingKind.SWAP and stands and exit_wants.way_wanted(scene):
        return _ended(scene, crossing, CrossingState.STOPPED, f"the way out, or back, comes first; {plan.reason}")
    late = scene.situation.now_ms - crossing.created_ms >= STUCK_MS
    return replace(plan, alarm=plan.alarm or (plan.verdict is ExitVerdict.REFUSED and late))


def _nothing_left(scene: Scene, crossing: Crossing, why: str) -> ExitPlan:
    """The end, unless something of it is only locked, or on its way: one reading does not end a crossing half done."""
    short = exit_wants.short_of(scene, crossing)
    if short is None:
        return _ended(scene, crossing, CrossingState.DONE, why)
    situation = scene.situation
    if situation.now_ms - max(crossing.created_ms, situation.settled_ms) < STUCK_MS:
        return _told(scene, ExitVerdict.WAITING, SHORT, short)
    return replace(_ended(scene, crossing, CrossingState.STOPPED, short), alarm=True)


def _ended(scene: Scene, crossing: Crossing, state: CrossingState, why: str) -> ExitPlan:
    one, other = owned.done(crossing, scene.situation.flows)
    average = f" at {other / one:.8g} on average" if one else ""
    reason = f"{crossing.kind.value} {state.value}: {why}; {plain(one)} exchanged for {plain(other)}{average}"
    told = _told(scene, ExitVerdict.END, f"crossing.{state.value}", reason, soon=True)
    return replace(told, end=CrossingEnd(state=state, detail=reason, coins_done=one, quote_done=other))


def _begin(scene: Scene) -> ExitPlan:
    """The first slice of what is wanted, if anything is. What broke does not wait for a way that can't be gone."""
    out = exit_wants.exit_wanted(scene)
    plan = _back(scene) if out is None else _out(scene, *out)
    at_once = out is not None and plan.verdict is ExitVerdict.WAITING and plan.code not in {SHORT, FOLLOWS}
    if plan.order is not None or at_once:
        return plan
    swap = _swap(scene)
    if swap is None:
        return plan
    if swap.order is not None or plan.verdict is ExitVerdict.HOLD:
        return swap
    return replace(plan, notes=(swap.reason,), alarm=plan.alarm or swap.alarm)


def _seeing(scene: Scene, plan: ExitPlan) -> ExitPlan:
    """A hedge that can't see for long does not protect: that is told, whatever else is."""
    back = scene.view.state is ExitState.OUT and scene.situation.policy.reenter is not None
    by_signals = back or scene.view.state in {ExitState.IN, ExitState.ENTERING}
    if not (scene.judged.blind and by_signals) or plan.verdict in {ExitVerdict.PAUSED, ExitVerdict.HALTED}:
        return plan
    reason = f"it can't see for long: {exit_wants.texts(scene)}"
    if plan.verdict is not ExitVerdict.HOLD:
        return replace(plan, notes=(*plan.notes, reason), alarm=True)
    notes = (plan.reason,) if plan.alarm else ()
    return replace(plan, verdict=ExitVerdict.FROZEN, code="signals.unknown", reason=reason, notes=notes, alarm=True)


def _out(scene: Scene, cause: CrossingCause, why: str) -> ExitPlan:
    coins = scene.situation.coins
    if isinstance(coins, Unknown):
        return _told(scene, ExitVerdict.FROZEN, "coins.unknown", coins.reason, alarm=True)
    draft = exit_wants.exit_draft(scene, coins, cause, why)
    if draft is None:
        return _told(scene, ExitVerdict.HOLD, "coins.none", f"there are no coins to exchange; {why}")
    return _first(scene, draft)


def _back(scene: Scene) -> ExitPlan:
    back, plan = exit_wants.enter_wanted(scene), None
    inside = scene.view.state is ExitState.IN
    if not isinstance(back, str):
        plan = _first(scene, CrossingDraft(kind=CrossingKind.ENTER, cause=back[0], reason=back[1]))
        if plan.code == TOO_SMALL and back[0] is CrossingCause.HAND and (scene.emptied or not inside):
            # Who is in anyway may be told so in vain; who went out and can't come back has to know.
            why = f"{plan.reason}; the way back can't begin: buy coins yourself, and `hedgebot resume` takes this back"
            return _told(scene, ExitVerdict.REFUSED, "owned.none", why, alarm=True)
    if inside and (plan is None or plan.code == TOO_SMALL):
        quiet = exit_wants.texts(scene) or "in coins until told to exit"
        return _told(scene, ExitVerdict.HOLD, "signals.quiet", f"{_NOTHING_LEFT}; {quiet}" if scene.emptied else quiet)
    return plan or _told(scene, ExitVerdict.HOLD, "out", str(back))


def _swap(scene: Scene) -> ExitPlan | None:
    """The first slice of an exchange of what broke; None when there is nothing of it worth an order."""
    drafts, stuck = exit_wants.swaps_wanted(scene)
    plans = [plan for draft in drafts if (plan := _first(scene, draft)).code != TOO_SMALL]
    best = next((plan for plan in plans if plan.order is not None), next(iter(plans), None))
    if best is None and stuck is not None:
        return _told(scene, ExitVerdict.HOLD, "peg.stuck", stuck, alarm=True)
    return best


def _first(scene: Scene, draft: CrossingDraft) -> ExitPlan:
    plan = _slice(scene, draft)
    if plan.code == TOO_SMALL:
        short = exit_wants.short_of(scene, draft)
        if short is not None:
            return _told(scene, ExitVerdict.WAITING, SHORT, f"{short}; {draft.reason}")
        return _told(scene, ExitVerdict.HOLD, TOO_SMALL, f"{plan.reason}; {draft.reason}")
    if plan.order is None:
        return replace(plan, alarm=plan.alarm or plan.verdict is ExitVerdict.REFUSED)
    return replace(plan, begin=draft)


def _slice(scene: Scene, draft: Draft) -> ExitPlan:
    """An approved slice of a crossing, or why there is none; with the code TOO_SMALL when nothing is left of it."""
    match draft.kind:
        case CrossingKind.EXIT:
            return _blocked(scene) or _exit_slice(scene, draft)
        case CrossingKind.ENTER:
            return _blocked(scene) or _enter_slice(scene, draft)
        case CrossingKind.SWAP:
            return _swap_slice(scene, draft)
        case _:
            assert_never(draft.kind)


def _blocked(scene: Scene) -> ExitPlan | None:
    """Why no coin may change hands now; None when one may."""
    beside = scene.situation.beside
    if beside is not None and not beside.followed:
        return _told(scene, ExitVerdict.WAITING, FOLLOWS, f"the short follows first: {beside.reason}", soon=True)
    if scene.judged.price is None:
        return _told(scene, ExitVerdict.FROZEN, "price.unknown", scene.judged.doubt, alarm=True, soon=True)
    return None


def _exit_slice(scene: Scene, draft: Draft) -> ExitPlan:
    situation, policy, coins = scene.situation, scene.situation.policy, scene.situation.coins
    if isinstance(coins, Unknown) or not owned.fresh(
        coins, settled_ms=situation.settled_ms, now_ms=situation.now_ms, age_max_s=policy.age_max_s
    ):
        return _told(scene, ExitVerdict.WAITING, "coins.stale", "the balance does not show every fill yet", soon=True)
    sold = {}
    if isinstance(draft, Crossing):
        sold = owned.sold_by_market(draft.crossing_id, policy.asset, situation.flows)
    left = min(draft.coins - sum(sold.values(), ZERO), exit_wants.sellable(scene))
    if left <= 0:
        return _told(scene, ExitVerdict.HOLD, TOO_SMALL, "all of it is exchanged")
    weights = exit_books.buyable({a: w for a, w in policy.basket.items() if a in situation.markets}, scene.pegs)
    if not weights:
        failed = "no stablecoin of the basket may be bought: " + "; ".join(view.text for view in scene.view.pegs)
        return _told(scene, ExitVerdict.REFUSED, "peg.all-failed", f"the coins stay; {failed}", alarm=True)
    tries = exit_books.sale_order(weights, sold, left)
    # What is too little for each of several markets may be enough for one of them.
    tries.append((tries[0][0], left))
    return _best(scene, draft, (_coin_case(scene, a, Side.SELL, most=most) for a, most in tries))


def _enter_slice(scene: Scene, draft: Draft) -> ExitPlan:
    situation, policy = scene.situation, scene.situation.policy
    if len(scene.known) < len(scene.spendable):
        stale = _told(scene, ExitVerdict.WAITING, "money.stale", "the balances do not show every fill yet", soon=True)
        money = situation.money
        unread = [asset for asset in scene.spendable if isinstance(money.get(asset), Unknown)]
        if not unread:
            return stale
        return replace(stale, reason=f"the balance of {', '.join(unread)} is unknown", alarm=True)
    order = exit_books.spend_order(scene.known, policy.basket, scene.pegs)
    ready = [asset for asset in order if asset in situation.markets]
    if not ready:
        why = "none of the proceeds are left to spend" if not order else f"{', '.join(order)}: no market for coins"
        return _told(scene, ExitVerdict.HOLD, TOO_SMALL, why)
    return _best(scene, draft, (_coin_case(scene, a, Side.BUY, money=scene.known[a]) for a in ready))


def _swap_slice(scene: Scene, draft: Draft) -> ExitPlan:
    source, target = draft.source, draft.target
    assert source is not None
    assert target is not None
    amount = scene.spendable.get(source, ZERO)
    if amount is None:
        return _told(scene, ExitVerdict.WAITING, "money.stale", "the balance does not show every fill yet", soon=True)
    if amount <= 0:
        return _told(scene, ExitVerdict.HOLD, TOO_SMALL, f"there is no {source} left to exchange")
    swaps, pegs = scene.situation.swaps, scene.pegs
    given, got = pegs[source], pegs[target]
    if got.peg is not Peg.SOUND or given.price is None or got.price is None:
        # A pair alone can't say which of the two is worth less.
        return _told(scene, ExitVerdict.REFUSED, "peg.doubtful", f"{given.text}; {got.text}", soon=True)
    rate = given.price / got.price
    if (source, target) in swaps:
        case = _case(scene, swaps[source, target], Side.SELL, rate, most=amount)
    elif (target, source) in swaps:
        case = _case(scene, swaps[target, source], Side.BUY, ONE / rate, money=amount)
    else:
        return _told(scene, ExitVerdict.REFUSED, "swap.no-market", f"no market exchanges {source} for {target}")
    return _best(scene, draft, [case])


def _coin_case(
    scene: Scene, asset: Asset, side: Side, *, most: Decimal | None = None, money: Decimal | None = None
) -> SliceCase:
    """A slice on the coin's market in a stablecoin; the coin's price is known."""
    assert scene.judged.price is not None
    reference = scene.judged.price / exit_books.worth(scene.pegs, asset)
    case = _case(scene, scene.situation.markets[asset], side, reference, most=most, money=money)
    if side is Side.SELL and exit_books.unread(scene.pegs, asset):
        # What the coin fetches there is a reading of the peg, and the only one: no more off than a sound one may be.
        return replace(case, touch=min(case.touch, scene.situation.policy.depeg))
    return case


def _case(
    scene: Scene,
    market: exit_books.ExitMarket,
    side: Side,
    reference: Decimal,
    *,
    most: Decimal | None = None,
    money: Decimal | None = None,
) -> SliceCase:
    situation = scene.situation
    return SliceCase(
        policy=situation.policy,
        market=market,
        side=side,
        most=most,
        money=money,
        reference=reference,
        recent=situation.recent,
        live_from_ms=situation.live_from_ms,
        clock_ok=situation.clock_ok,
        now_ms=situation.now_ms,
    )


def _best(scene: Scene, draft: Draft, cases: Iterable[SliceCase]) -> ExitPlan:
    """The first slice that passes the gate; else why the first one did not that is worth an order."""
    refusals = []
    for case in cases:
        judged = approve_slice(case)
        if isinstance(judged, Approved):
            request = judged.request
            what = f"{request.side.value} {plain(request.contracts)} on {request.symbol}, limit {plain(request.price)}"
            why = f"; {draft.reason}"
            told = _told(scene, ExitVerdict.ORDER, f"{draft.kind.value}.slice", what + why, soon=True)
            return replace(told, order=judged)
        refusals.append(judged)
    first = next((refused for refused in refusals if refused.code != TOO_SMALL), refusals[0])
    return _refused(scene, first)


def _refused(scene: Scene, refused: Refused) -> ExitPlan:
    verdict = ExitVerdict.WAITING if refused.code == SETTLING else ExitVerdict.REFUSED
    return _told(scene, verdict, refused.code, refused.reason, soon=True)


def _told(
    scene: Scene, verdict: ExitVerdict, code: str, reason: str, *, alarm: bool = False, soon: bool = False
) -> ExitPlan:
    return ExitPlan(
        view=scene.view,
        verdict=verdict,
        code=code,
        reason=reason,
        alarm=alarm,
        look_again_s=_SOON if soon else None,
    )
