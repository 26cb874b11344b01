"""Whether to buy on one venue and sell on another now: only for a net edge, only both legs, only with all of it known.

Every direction is judged to the end, so that each shows its numbers and why it was, or was not, acted on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import permutations
from typing import Final

from bot.core import edge as ed
from bot.core import pair_checks as checks
from bot.core import pair_size as ps
from bot.core.inventory import inventory
from bot.core.pair_books import apart, unusable
from bot.core.pair_situation import Lasting, PairMemory, PairReading, PairSituation
from bot.domain.numbers import ONE, ZERO, plain
from bot.domain.observation import Book
from bot.domain.orders import OrderRequest, Side, TimeInForce
from bot.domain.pair import Opportunity, PairOrder, PairPlan, PairVerdict

OK: Final = "edge.ok"
TOO_SMALL: Final = "edge.too-small"
PERSISTING: Final = "edge.persisting"
_SOON_S: Final = ONE


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """One direction.

    Attributes:
        earns: some size earns enough by the books alone.
        lasting: since when it does.
        order: both legs, when nothing but the hedge as a whole stands against them.
    """

    opportunity: Opportunity
    earns: bool = False
    lasting: Lasting | None = None
    order: PairOrder | None = None


def decide(situation: PairSituation, memory: PairMemory) -> tuple[PairPlan, PairMemory]:
    """Judge every direction, choose the best, and say what to do now.

    Returns:
        The plan, with both legs or none, and what to remember. Deciding twice on the same input gives the same answer.
    """
    judged = sorted(
        (_judge(situation, memory, buy, sell) for buy, sell in permutations(situation.readings, 2)), key=_rank
    )
    best = judged[0]
    remembered = PairMemory(lasting=tuple(each.lasting for each in judged if each.lasting is not None))
    verdict = _verdict(best)
    # Also where a better direction is blocked: nobody would look before this one had to last anew.
    lasting = any(each.opportunity.code == PERSISTING for each in judged)
    plan = PairPlan(
        hedge=situation.policy.name,
        asset=situation.policy.asset,
        verdict=verdict,
        reason=best.opportunity.reason,
        opportunities=tuple(each.opportunity for each in judged),
        order=best.order,
        inventory=inventory(situation, best.opportunity.coins or None),
        look_again_s=_SOON_S if lasting else None,
        alarm=best.opportunity.code in {"book.apart", "book.doubtful", "fee.unknown", "fee.implausible"},
    )
    against = checks.whole_hedge(situation)
    return (plan if against is None else _held(plan, *against)), remembered


def _held(plan: PairPlan, verdict: PairVerdict, code: str, reason: str) -> PairPlan:
    """What would be done is said, and not done. A limit that stands against acting is told where it would act."""
    would = plan.order is not None
    if verdict is PairVerdict.BLOCKED and not would:
        return plan
    return replace(
        plan,
        verdict=verdict,
        reason=f"{reason}; without that: {'it would act, ' if would else ''}{plan.reason}",
        order=None,
        look_again_s=_SOON_S if verdict is PairVerdict.WAITING else plan.look_again_s,
        alarm=plan.alarm or verdict is PairVerdict.HALTED,
        refused=code if would else "",
    )


def _rank(judged: _Judged) -> tuple[bool, bool, bool, Decimal]:
    """Best first: what can be done, what earns enough, what is known; then by what it earns."""
    net = judged.opportunity.net
    return judged.order is None, not judged.earns, net is None, ZERO if net is None else -net


def _verdict(best: _Judged) -> PairVerdict:
    if best.order is not None:
        return PairVerdict.ACT
    if best.earns:
        return PairVerdict.PERSISTING if best.opportunity.code == PERSISTING else PairVerdict.BLOCKED
    return PairVerdict.BLIND if best.opportunity.net is None else PairVerdict.NO_EDGE


def _judge(situation: PairSituation, memory: PairMemory, buy: PairReading, sell: PairReading) -> _Judged:
    policy = situation.policy
    bare = Opportunity(
        buy_venue=buy.place.venue, sell_venue=sell.place.venue, money=buy.place.quote, code="", reason=""
    )
    conversion = checks.conversion_of(situation, buy, sell)
    blind = conversion if isinstance(conversion, tuple) else _blind(situation, buy, sell, conversion)
    if blind is not None:
        return _Judged(opportunity=_because(bare, *blind))
    assert isinstance(conversion, Decimal)
    route = ps.Route(
        policy=policy,
        buy=buy,
        sell=sell,
        terms=ed.terms_of(ps.offer_of(buy), ps.offer_of(sell), conversion),
        spent_hour=ps.bought_within(situation.recent, situation.now_ms - ps.HOUR_MS),
    )
    most = ed.largest(route.terms, policy.min_edge, policy.slippage_reserve)
    if most is None:
        return _Judged(opportunity=_small(bare, route))
    lasting = _lasting(situation, memory, buy, sell)
    lasted_s = Decimal(max(lasting.sent_ms - lasting.from_ms, 0)) / 1000
    shown = replace(_shown(bare, route.terms, *most), lasted_s=lasted_s)
    stock = checks.stock_trouble(situation, buy) or checks.stock_trouble(situation, sell)
    sized = ps.TooSmall(code=stock[0], reason=stock[1]) if stock else ps.size(route, most)
    if isinstance(sized, ps.TooSmall):
        return _Judged(opportunity=_because(shown, sized.code, sized.reason), earns=True, lasting=lasting)
    shown = replace(_shown(bare, route.terms, sized.edge, sized.limits), lasted_s=lasted_s)
    against = checks.against(situation, buy) or checks.against(situation, sell)
    if against is not None:
        return _Judged(opportunity=_because(shown, *against), earns=True, lasting=lasting)
    if lasted_s < policy.persist_s:
        why = f"it has lasted {plain(lasted_s)} s of the {plain(policy.persist_s)} s that are asked for"
        return _Judged(opportunity=_because(shown, PERSISTING, why), earns=True, lasting=lasting)
    shown = _because(shown, OK, f"{edge_text(sized.edge.fraction)} is enough")
    return _Judged(opportunity=shown, earns=True, lasting=lasting, order=_order(shown, route, sized))


def _blind(
    situation: PairSituation, buy: PairReading, sell: PairReading, conversion: Decimal
) -> tuple[str, str] | None:
    """Why what a direction earns can't be told."""
    for reading in (buy, sell):
        why = unusable(reading.book, situation.now_ms, situation.policy.book_age_s)
        if why is not None:
            return why[0], f"{reading.place.venue}: {why[1]}"
    return checks.fee_trouble(buy) or checks.fee_trouble(sell) or apart(buy, sell, conversion)


def _lasting(situation: PairSituation, memory: PairMemory, buy: PairReading, sell: PairReading) -> Lasting:
    """Carry on since when it earns enough. A time in which nobody looked is no part of it."""
    assert isinstance(buy.book, Book)
    assert isinstance(sell.book, Book)
    stamps = (buy.book.stamp, sell.book.stamp)
    now = Lasting(
        buy_venue=buy.place.venue,
        sell_venue=sell.place.venue,
        from_ms=max(stamp.answered_ms for stamp in stamps),
        sent_ms=min(stamp.sent_ms for stamp in stamps),
    )
    for before in memory.lasting:
        if (before.buy_venue, before.sell_venue) != (now.buy_venue, now.sell_venue):
            continue
        # The next look begins soon after one that took as long as a book lasts; nobody looked for any longer.
        if now.sent_ms - before.sent_ms <= (situation.policy.book_age_s + _SOON_S) * 1000:
            return replace(now, from_ms=before.from_ms)
    return now


def _small(bare: Opportunity, route: ps.Route) -> Opportunity:
    """What too small an edge is, at the size that would be traded: the best levels, within balances and caps."""
    policy, terms = route.policy, route.terms
    touched = ed.touch_coins(terms)
    within = ps.bounds(route, terms.asks[0].price, terms.bids[0].price)[0][0]
    edge = ed.edge_of(terms, terms.sellable(min(touched, within)) or touched) if touched else None
    if edge is None:
        return _because(bare, "book.thin", "the best levels hold less than one step")
    wanted = policy.min_edge + policy.slippage_reserve
    shown = _shown(bare, terms, edge, None)
    if edge.fraction >= wanted:
        return _because(shown, TOO_SMALL, f"at its limits it would earn less than {edge_text(policy.min_edge)}")
    return _because(shown, TOO_SMALL, f"{edge_text(edge.fraction)} is less than the {edge_text(wanted)} asked for")


def edge_text(fraction: Decimal) -> str:
    """A fraction as a person reads it."""
    return f"{plain((fraction * 100).quantize(Decimal('0.00001')))} %"


def _shown(bare: Opportunity, terms: ed.Terms, edge: ed.Edge, limits: ed.Limits | None) -> Opportunity:
    return replace(
        bare,
        coins=edge.coins,
        bought=edge.bought,
        buy_price=edge.cost / edge.bought,
        sell_price=edge.proceeds / terms.conversion / edge.coins,
        gross=edge.gross,
        buy_fee=edge.buy_fee,
        sell_fee=edge.sell_fee,
        net=edge.net,
        edge=edge.fraction,
        worst_net=None if limits is None else limits.worst_net,
    )


def _because(shown: Opportunity, code: str, why: str) -> Opportunity:
    """With the numbers, as far as there are any, and why it is, or is not, acted on."""
    route = f"buy on {shown.buy_venue}, sell on {shown.sell_venue}"
    if shown.net is None or shown.coins is None or shown.gross is None:
        return replace(shown, code=code, reason=f"{route}: {why}")
    fees = f"fees {_cents(shown.buy_fee)} and {_cents(shown.sell_fee)}"
    numbers = f"{plain(shown.coins)}, gross {_cents(shown.gross)}, {fees}, net {_cents(shown.net)} {shown.money}"
    return replace(shown, code=code, reason=f"{route}: {numbers}; {why}")


def _cents(value: Decimal | None) -> str:
    return "unknown" if value is None else f"{value:,.2f}"


def _order(shown: Opportunity, route: ps.Route, sized: ps.Sized) -> PairOrder:
    def leg(reading: PairReading, side: Side, coins: Decimal, price: Decimal) -> OrderRequest:
        return OrderRequest(
            venue=reading.place.venue,
            symbol=reading.place.symbol,
            side=side,
            contracts=coins,
            price=price,
            time_in_force=TimeInForce.IOC,
            reduce_only=False,
        )

    terms, edge, limits = route.terms, sized.edge, sized.limits
    return PairOrder(
        buy=leg(route.buy, Side.BUY, edge.bought, limits.buy),
        sell=leg(route.sell, Side.SELL, edge.coins, limits.sell),
        coins=edge.coins,
        buy_fee_rate=terms.buy_fee,
        sell_fee_rate=terms.sell_fee,
        buy_fee_in_quote=terms.fee_in_quote,
        sell_fee_in_quote=route.sell.market.fee_in_quote,
        conversion=terms.conversion,
        buy_touch=terms.asks[0].price,
        sell_touch=terms.bids[0].price,
        opportunity=shown,
    )
