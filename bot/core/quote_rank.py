"""Which alternative is cheapest for a holding and a time, where that ends, and what a cross-exchange trade leaves."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from bot.core.edge import Offer, edge_of, terms_of
from bot.core.pair_size import too_small
from bot.domain.numbers import ONE, ZERO, floor_to, plain
from bot.domain.observation import Unknown
from bot.domain.orders import Side
from bot.domain.quote import (
    BreakEven,
    Comparison,
    FundingQuote,
    NoPair,
    NotQuoted,
    PairQuote,
    PairRules,
    Quoted,
    Ranked,
    SpotFacts,
    Wish,
)

_NOTES: Final = (
    "closing is priced at the books of now: what they are at the end nobody knows",
    "a payment of funding is counted at the mark of now, and paid while the position is open",
    "USDT, USDC and USD are compared one to one",
)


def compare(
    wish: Wish, alternatives: Sequence[Quoted | NotQuoted], pairs: Sequence[PairQuote | NoPair] = ()
) -> Comparison:
    """Put the alternatives in order: the one that leaves most first.

    Args:
        wish: the coins and the time.
        alternatives: of all venues.
        pairs: cross-exchange directions, shown beside them.
    """
    quoted = [each for each in alternatives if isinstance(each, Quoted)]
    known = sorted((each for each in quoted if not isinstance(each.result, Unknown)), key=_order)
    ranked = [
        Ranked(
            quoted=each,
            place=place,
            own_days=_own_days(wish, each),
            break_even=_break_even(wish, each, _rival(known, each)),
        )
        for place, each in enumerate(known, start=1)
    ]
    unknown = [
        Ranked(quoted=each, place=None, own_days=None, break_even=None)
        for each in quoted
        if isinstance(each.result, Unknown)
    ]
    return Comparison(
        wish=wish,
        ranked=(*ranked, *unknown),
        missing=tuple(each for each in alternatives if isinstance(each, NotQuoted)),
        pairs=tuple(pairs),
        verdict=_verdict(wish, known, unknown),
        notes=_NOTES,
    )


def _order(quoted: Quoted) -> tuple[Decimal, str, str]:
    return -_result(quoted), quoted.kind.value, quoted.venue


def _result(quoted: Quoted) -> Decimal:
    result = quoted.result
    assert not isinstance(result, Unknown)
    return result


def _rival(known: Sequence[Quoted], one: Quoted) -> Quoted | None:
    """Whom an alternative is measured against: the cheapest, of the cheapest the second."""
    return next((other for other in known if other is not one), None)


def _daily(wish: Wish, quoted: Quoted) -> Decimal:
    """Income of a day by the rate that it is ranked by."""
    funding = quoted.funding
    return funding.total / wish.days if isinstance(funding, FundingQuote) else ZERO


def _own_days(wish: Wish, quoted: Quoted) -> Decimal | None:
    daily = _daily(wish, quoted)
    return -quoted.round_trip / daily if daily > 0 else None


def _break_even(wish: Wish, one: Quoted, other: Quoted | None) -> BreakEven | None:
    """Where the two cost the same: fixed + daily x days of both, or the rate at which they do at the end."""
    if other is None:
        return None
    apart, pace = other.round_trip - one.round_trip, _daily(wish, one) - _daily(wish, other)
    days = apart / pace if pace and apart / pace > 0 else None
    rate, rate_of = _rate(one, _result(other)), one.kind
    if rate is None:
        rate, rate_of = _rate(other, _result(one)), other.kind
    return BreakEven(
        other=other.kind, venue=other.venue, days=days, rate=rate, rate_of=None if rate is None else rate_of
    )


def _rate(one: Quoted, result: Decimal) -> Decimal | None:
    """The rate of a payment at which an alternative comes to a result; None where it has no payments."""
    funding = one.funding
    if not isinstance(funding, FundingQuote) or not funding.payments:
        return None
    return (result - one.round_trip) / (one.notional * funding.payments)


def _verdict(wish: Wish, known: Sequence[Quoted], unknown: Sequence[Ranked]) -> str:
    if not known:
        return "nothing can be ranked: no alternative has a known result"
    best, second = known[0], _rival(known, known[0])
    funding = best.funding
    why = f"opening and closing it leave {_signed(best.round_trip)} {best.quote}"
    if isinstance(funding, FundingQuote):
        rate = f"the average of {funding.averaged} payments" if funding.averaged else "the current rate"
        pays = "brings" if funding.total >= 0 else "costs"
        why += f" and funding {pays} {_money(abs(funding.total))} over {plain(wish.days)} days at {rate}"
    else:
        why += " and it neither pays nor earns funding"
    text = f"cheapest: {_name(best, known)}, {_signed(_result(best))} {best.quote} in all, because {why}"
    if second is not None:
        text += f"; next is {_name(second, known)}, by {_money(_result(best) - _result(second))} {best.quote}"
    if unknown:
        names = ", ".join(f"{each.quoted.kind.value} on {each.quoted.venue}" for each in unknown)
        text += f"; {names} can't be ranked, as its funding is unknown"
    return text


def _name(quoted: Quoted, known: Sequence[Quoted]) -> str:
    several = len({each.venue for each in known}) > 1
    return f"{quoted.kind.value} on {quoted.venue}" if several else quoted.kind.value


def _money(value: Decimal) -> str:
    return f"{value:,.2f}"


def _signed(value: Decimal) -> str:
    return f"{value:+,.2f}"


# Cross-exchange


def pair(coins: Decimal, buy: SpotFacts, sell: SpotFacts, rules: PairRules) -> PairQuote | NoPair:
    """Buy on one venue and sell on another at once, without changing the number of coins.

    By the same arithmetic as a hedge decides by (`bot.core.edge`).

    Args:
        coins: to be sold.
        buy: the market to buy on.
        sell: the market to sell on.
        rules: when it would act.
    """
    why = _untradable(buy, Side.BUY, coins) or _untradable(sell, Side.SELL, coins)
    if why:
        return NoPair(buy=buy.market.venue, sell=sell.market.venue, reason=why)
    terms = terms_of(_offer(buy), _offer(sell), ONE)
    found = edge_of(terms, terms.sellable(coins))
    if found is None:
        reason = (
            f"{buy.market.venue} and {sell.market.venue} do not offer {plain(coins)} {buy.market.base} after the fees"
        )
        return NoPair(buy=buy.market.venue, sell=sell.market.venue, reason=reason)
    wanted = rules.min_edge + rules.slippage_reserve
    acts = found.fraction >= wanted
    return PairQuote(
        buy=buy.market.venue,
        sell=sell.market.venue,
        symbol=buy.market.symbol,
        quote=buy.market.quote,
        coins=found.coins,
        bought=found.bought,
        buy_price=found.cost / found.bought,
        sell_price=found.proceeds / found.coins,
        gross=found.gross,
        buy_fee=-found.buy_fee,
        sell_fee=-found.sell_fee,
        edge=found.fraction,
        acts=acts,
        reason=f"net {_signed(found.net)} {buy.market.quote}, {found.fraction:.4%} of the purchase, "
        f"{'reaches' if acts else 'is less than'} min_edge + slippage_reserve, {wanted:.4%}",
    )


def _offer(facts: SpotFacts) -> Offer:
    return Offer(market=facts.market, book=facts.book, taker_fee=facts.market.taker_fee)


def _untradable(facts: SpotFacts, side: Side, coins: Decimal) -> str:
    market, levels = facts.market, facts.book.asks if side is Side.BUY else facts.book.bids
    if not market.active:
        return f"{market.venue} does not trade {market.symbol} now"
    held = sum((level.contracts for level in levels), ZERO)
    if held < coins or not levels:
        what = "asks" if side is Side.BUY else "bids"
        return f"the visible {what} of {market.symbol} on {market.venue} hold {plain(held)} {market.base}"
    return too_small(market, side, floor_to(coins, market.quantity_step), levels[0].price)
