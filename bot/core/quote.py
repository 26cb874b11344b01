"""What a hedge would cost before it is opened: one alternative at a time, from the books of now (R15, R27, R28)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bot.core import cost, inverse, sizing
from bot.core.cost import Walk
from bot.core.ladder import Backing, top_up
from bot.core.margin import liquidation_price
from bot.domain.instrument import Instrument, SpotMarket
from bot.domain.numbers import ONE, ZERO, floor_to, plain
from bot.domain.observation import FlatProof, Margin, Position, Stamp, Unknown
from bot.domain.orders import Side
from bot.domain.quote import (
    Alternative,
    FundingFacts,
    FundingQuote,
    Kind,
    Maintenance,
    MarginQuote,
    NotQuoted,
    OrderCost,
    PerpFacts,
    PerpTerms,
    Quoted,
    SpotFacts,
    TopUp,
    Wish,
)

RISES: Final = (Decimal("0.5"), ONE)
"""The rises of the price that top-ups are told for: +50 % and +100 %."""
DAY_MS: Final = 86_400_000
_NO_STAMP: Final = Stamp(sent_ms=0, answered_ms=0)
_KEEPS: Final = {
    Kind.LINEAR: "the value of the coins in {settle}, while you keep them",
    Kind.INVERSE: "the value of the coins in {quote}, while you keep them as the margin of their own short",
    Kind.STABLECOIN: "the value in {quote}, without a position, a margin or a liquidation",
}
_LEAVES: Final = {
    Kind.LINEAR: "{settle} itself: where it falls below a dollar, so does what is kept; margin when the price rises",
    Kind.INVERSE: "the coins must be at the venue, and funding is paid in them",
    Kind.STABLECOIN: "{quote} itself: where it falls below a dollar, so does what is kept; the coins, their rewards "
    "and any rise are given up",
}


def contracts_of(instrument: Instrument, mark: Decimal, amount: Decimal, terms: PerpTerms) -> Decimal:
    """Contracts that the bot would sell short for so many coins, in whole steps.

    Of an inverse contract the coins are the margin, too, and the fee is taken from them: N = W P/(1 + f) (R15).

    Args:
        instrument: with the fee that holds.
        mark: in the instrument's price unit.
        amount: coins.
        terms: how the short is held.
    """
    wanted = instrument.contracts(amount, mark)
    if inverse.is_inverse(instrument):
        wanted = min(wanted, _room(instrument, mark, amount, terms))
    return floor_to(wanted, instrument.quantity_step)


def maintenance_notional(
    instrument: Instrument, contracts: Decimal, mark: Decimal, rise: Decimal, terms: PerpTerms
) -> Decimal:
    """The notional, in quote, whose bracket a short is judged by: that of the liquidation price (R27).

    At the opening that is 1 + 1/leverage times the mark, after a rise what a top-up leads to. An inverse contract's
    notional is the same at every price.
    """
    opened = instrument.notional(contracts, mark)
    if inverse.is_inverse(instrument):
        return opened
    return opened * ((ONE + rise) * terms.target if rise else ONE + ONE / terms.leverage)


def short(kind: Kind, wish: Wish, facts: PerpFacts) -> Alternative:
    """A perpetual short of the coins.

    Args:
        kind: LINEAR or INVERSE, as the instrument is.
        wish: the coins and the time.
        facts: of the contract; its instrument bears the fee that holds.
    """
    instrument, prices = facts.instrument, facts.prices
    mark = prices.mark
    contracts = contracts_of(instrument, mark, wish.amount, facts.terms)
    refused = _refused(instrument, contracts, facts)
    if refused:
        return NotQuoted(kind=kind, venue=instrument.venue, symbol=instrument.symbol, reason=refused)
    sold, bought = (cost.walk(facts.book, side, contracts) for side in (Side.SELL, Side.BUY))
    opening, closing = (_perp_order(instrument, mark, filled) for filled in (sold, bought))
    if isinstance(opening, Unknown) or isinstance(closing, Unknown):
        why = next(order.reason for order in (opening, closing) if isinstance(order, Unknown))
        return NotQuoted(kind=kind, venue=instrument.venue, symbol=instrument.symbol, reason=why)
    covered = instrument.coins(contracts, opening.average)
    taken = opening.fee_amount if inverse.is_inverse(instrument) else ZERO
    notional = instrument.notional(contracts, mark)
    words = {"settle": instrument.settle, "quote": instrument.quote}
    return Quoted(
        kind=kind,
        venue=instrument.venue,
        symbol=instrument.symbol,
        quote=instrument.quote,
        fee=facts.fee,
        mark=instrument.coin_price(mark),
        covered=covered,
        uncovered=wish.amount - taken - covered,
        notional=notional,
        opening=opening,
        closing=closing,
        margin=_margin(wish, facts, contracts, opening),
        funding_now=_funding_now(facts.funding, notional, wish),
        funding_average=_funding_average(facts.funding, notional, wish),
        keeps=_KEEPS[kind].format(**words),
        leaves=_LEAVES[kind].format(**words),
    )


def stablecoin(wish: Wish, facts: SpotFacts) -> Alternative:
    """The coins sold for a stablecoin, and bought back at the end: as many as there were before.

    Args:
        wish: the coins and the time.
        facts: of the spot market; its market bears the fee that holds.
    """
    market, book = facts.market, facts.book
    coins = floor_to(wish.amount, market.quantity_step)
    sold = cost.walk(book, Side.SELL, coins)
    bought = cost.walk(book, Side.BUY, cost.bought_for(market, coins))
    opening, closing = _spot_order(market, sold, sold), _spot_order(market, bought, cost.walk(book, Side.BUY, coins))
    why = _too_small(market, coins, sold)
    if why or isinstance(opening, Unknown) or isinstance(closing, Unknown):
        why = why or next(order.reason for order in (opening, closing) if isinstance(order, Unknown))
        return NotQuoted(kind=Kind.STABLECOIN, venue=market.venue, symbol=market.symbol, reason=why)
    middle = sold.mid
    assert middle is not None  # both sides were walked
    return Quoted(
        kind=Kind.STABLECOIN,
        venue=market.venue,
        symbol=market.symbol,
        quote=market.quote,
        fee=facts.fee,
        mark=middle,
        covered=coins,
        uncovered=wish.amount - coins,
        notional=coins * middle,
        opening=opening,
        closing=closing,
        margin=None,
        funding_now=None,
        funding_average=None,
        keeps=_KEEPS[Kind.STABLECOIN].format(quote=market.quote),
        leaves=_LEAVES[Kind.STABLECOIN].format(quote=market.quote),
    )


# Orders


def _perp_order(instrument: Instrument, mark: Decimal, filled: Walk) -> OrderCost | Unknown:
    """One order on a contract; what a venue takes in coins is valued at the mark.

    Against the middle an inverse contract loses coins, c s (1/touch - 1/middle), and so on behind the touch.
    """
    average, worst, middle = cost.entry(instrument, filled), filled.worst, filled.mid
    if average is None or worst is None or middle is None or filled.left:
        return _too_deep(filled, f"contracts of {instrument.symbol}")
    touch = filled.fills[0].price
    fee = cost.perp_fee(instrument, filled)
    in_coins = inverse.is_inverse(instrument)
    units = filled.filled * instrument.contract_size
    spread, depth = (
        -abs(units / there - units / here) * instrument.coin_price(mark) if in_coins else -abs(there - here) * units
        for here, there in ((middle, touch), (touch, average))
    )
    return OrderCost(
        side=filled.side,
        quantity=filled.filled,
        average=average,
        worst=worst,
        fee=-fee.amount * (instrument.coin_price(mark) if in_coins else ONE),
        fee_amount=fee.amount,
        fee_asset=fee.asset,
        spread=spread,
        depth=depth,
    )


def _spot_order(market: SpotMarket, filled: Walk, bare: Walk) -> OrderCost | Unknown:
    """One order on a spot market.

    Args:
        market: its fee.
        filled: as ordered: raised where the fee is taken in coins.
        bare: the same for the coins alone. What the rest costs is the fee, less what arrives beyond the coins, up to
            a step, at the price of the last unit.
    """
    average, worst = filled.average, filled.worst
    spread, depth = bare.spread_cost, bare.depth_cost
    if average is None or worst is None or spread is None or depth is None or filled.left:
        return _too_deep(filled, f"{market.base} on {market.symbol}")
    fee = cost.spot_fee(market, filled)
    in_quote = fee.amount
    if fee.asset == market.base:
        beyond = cost.arriving(market, filled) - bare.filled
        in_quote = filled.value - bare.value - beyond * worst
    return OrderCost(
        side=filled.side,
        quantity=filled.filled,
        average=average,
        worst=worst,
        fee=-in_quote,
        fee_amount=fee.amount,
        fee_asset=fee.asset,
        spread=-spread,
        depth=-depth,
    )


def _too_deep(filled: Walk, what: str) -> Unknown:
    side = "asks" if filled.side is Side.BUY else "bids"
    if filled.bid is None or filled.ask is None:
        reason = "one side of the book is empty"
    else:
        reason = f"the visible {side} hold {plain(filled.filled)} of {plain(filled.wanted)} {what}"
    return Unknown(what="depth", reason=reason)


def _refused(instrument: Instrument, contracts: Decimal, facts: PerpFacts) -> str:
    """Why the venue would not take the opening; empty when it would."""
    if not instrument.active:
        return f"the venue does not trade {instrument.symbol} now"
    return sizing.enough(instrument, contracts, facts.prices.bid, reduce_only=False) or ""


def _too_small(market: SpotMarket, coins: Decimal, sold: Walk) -> str:
    """Why the venue would not take the sale; empty when it would."""
    if not market.active:
        return f"the venue does not trade {market.symbol} now"
    if coins <= 0 or coins < market.quantity_min:
        return f"{plain(coins)} {market.base} are below the minimum of {plain(market.quantity_min)}"
    if not sold.left and sold.value < market.notional_min:
        return f"{plain(sold.value)} {market.quote} are below the minimum of {plain(market.notional_min)}"
    return ""


# Margin


def _room(instrument: Instrument, mark: Decimal, amount: Decimal, terms: PerpTerms) -> Decimal:
    """Contracts that the coins back in full, and that the venue opens on them."""
    stamp = _NO_STAMP
    flat = Position.flat(instrument.symbol, FlatProof.ACCOUNT, stamp)
    coins = Margin(asset=instrument.settle, wallet=amount, available=amount, stamp=stamp)
    backed = inverse.room(instrument, flat, coins, mark, terms.reserve)
    reserve = terms.reserve / instrument.coin_price(mark)
    return min(backed, sizing.fitting_contracts(instrument, amount, reserve, mark, terms.slippage, terms.leverage))


def _margin(wish: Wish, facts: PerpFacts, contracts: Decimal, opening: OrderCost) -> MarginQuote:
    instrument, terms = facts.instrument, facts.terms
    if inverse.is_inverse(instrument):
        needed, wallet = wish.amount, wish.amount - opening.fee_amount
    else:
        # Held back at the opening are the margin, the loss within the collar and the fee; only the first stays there.
        value = instrument.notional(contracts, facts.prices.mark)
        needed = value * (ONE / terms.leverage + terms.slippage + instrument.taker_fee) + terms.reserve
        wallet = instrument.notional(contracts, opening.average) / terms.leverage
    return MarginQuote(
        asset=instrument.settle,
        needed=needed,
        leverage=terms.leverage,
        liquidation=_liquidation(facts, contracts, opening.average, wallet, facts.maintenance[ZERO]),
        top_ups=tuple(_top_up(facts, contracts, opening.average, wallet, rise) for rise in RISES),
    )


def _liquidation(
    facts: PerpFacts, contracts: Decimal, entry: Decimal, wallet: Decimal, at: Maintenance | Unknown
) -> Decimal | Unknown | None:
    if isinstance(at, Unknown):
        return at
    return liquidation_price(facts.instrument, -contracts, entry, wallet, *at)


def _top_up(facts: PerpFacts, contracts: Decimal, entry: Decimal, wallet: Decimal, rise: Decimal) -> TopUp:
    """From the opening to a price: what brings the liquidation price back to target x mark (R27).

    An inverse short that its coins back in full asks for none (R28); one whose liquidation is nearer than the target
    is not one that the bot opens.
    """
    instrument = facts.instrument
    price = entry * (ONE + rise)
    at = facts.maintenance[rise]
    amount: Decimal | Unknown
    if isinstance(at, Unknown):
        amount = at
    elif inverse.is_inverse(instrument):
        nearest = liquidation_price(instrument, -contracts, entry, wallet, *at)
        far = nearest is None or nearest >= facts.terms.target * price
        amount = ZERO if far else Unknown(what="top-up", reason="its coins do not back the short in full")
    else:
        units = contracts * instrument.contract_size
        backing = Backing(
            units=units, mark=price, equity=wallet - units * entry * rise, rate=at[0], cum=at[1], isolated=True
        )
        amount = top_up(backing, facts.terms.target)
    return TopUp(rise=rise, price=price, amount=amount)


# Funding


def payments_in(days: Decimal, interval_ms: int) -> int:
    """Whole payments that fall into a time that begins with one interval."""
    return int(days * DAY_MS / interval_ms)


def average_rate(facts: FundingFacts) -> Decimal | Unknown:
    """Mean of the past payments; unknown without any."""
    if isinstance(facts.past, Unknown):
        return facts.past
    if not facts.past:
        return Unknown(what="funding average", reason="the venue tells no payment of the last 30 days")
    return sum((payment.rate for payment in facts.past), ZERO) / len(facts.past)


def _funding_now(facts: FundingFacts, notional: Decimal, wish: Wish) -> FundingQuote | Unknown:
    return _funding(facts.current, facts.interval_ms, notional, wish, averaged=0)


def _funding_average(facts: FundingFacts, notional: Decimal, wish: Wish) -> FundingQuote | Unknown:
    averaged = 0 if isinstance(facts.past, Unknown) else len(facts.past)
    return _funding(average_rate(facts), facts.interval_ms, notional, wish, averaged=averaged)


def _funding(
    rate: Decimal | Unknown, interval_ms: int | Unknown, notional: Decimal, wish: Wish, *, averaged: int
) -> FundingQuote | Unknown:
    """A short receives notional x rate where the rate is positive; an inverse one in coins worth as much."""
    if isinstance(rate, Unknown):
        return rate
    if isinstance(interval_ms, Unknown):
        return interval_ms
    return FundingQuote(
        rate=rate, payments=payments_in(wish.days, interval_ms), per_payment=notional * rate, averaged=averaged
    )
