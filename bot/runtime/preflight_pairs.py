"""What is looked at before a cross-exchange hedge takes its first turn, a line each."""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.pair_checks import FEE_MAX
from bot.domain.check import CheckLine
from bot.domain.errors import VenueFault
from bot.domain.numbers import plain
from bot.domain.pair import PairPlace, PairPolicy
from bot.runtime.lines import failed, faulty, passed, warned
from bot.runtime.pair_look import PairVenue


async def place_lines(policy: PairPolicy, place: PairPlace, venue: PairVenue) -> Sequence[CheckLine]:
    """The market, the account's own fee on it, and what lies there to trade with."""
    market = venue.spot_market(place.symbol)
    name = f"{policy.name}: {place.symbol} on {place.venue}"
    if not market.active:
        return [failed(name, "the venue does not trade it now", "choose another market, or wait")]
    lines = [
        passed(
            name,
            f"step {plain(market.quantity_step)}, at least {plain(market.quantity_min)} and "
            f"{plain(market.notional_min)} {market.quote}",
        )
    ]
    fee_name = f"{policy.name}: fee on {place.venue}"
    try:
        fee = await venue.spot_fee(place.symbol)
    except VenueFault as fault:
        lines.append(failed(fee_name, fault.message, fault.hint or "a fee that is not known is never taken for 0"))
    else:
        taken = market.quote if market.fee_in_quote else market.base
        if 0 <= fee <= FEE_MAX:
            lines.append(passed(fee_name, f"{plain(fee * 100)} % as a taker; that of a buy is taken in {taken}"))
        else:
            lines.append(failed(fee_name, f"{plain(fee)} can't be right", "look at the account's fees at the venue"))
    lines.append(await _stock_line(policy, place, venue))
    return lines


def quotes_line(policy: PairPolicy) -> CheckLine:
    """Whether prices on its venues are in one currency."""
    quotes = sorted({place.quote for place in policy.places})
    name = f"{policy.name}: currencies"
    if len(quotes) == 1:
        return passed(name, f"all prices are in {quotes[0]}")
    told = f"prices are in {', '.join(quotes)}: none is taken for worth the other"
    return warned(name, told, "an edge between them counts only while a venue tells the USD price of each")


async def _stock_line(policy: PairPolicy, place: PairPlace, venue: PairVenue) -> CheckLine:
    name = f"{policy.name}: stock on {place.venue}"
    try:
        coins, quote = (await venue.to_sell(policy.asset)).free, (await venue.to_sell(place.quote)).free
    except VenueFault as fault:
        return faulty(name, fault)
    told = f"{plain(coins)} {policy.asset} and {plain(quote)} {place.quote} are free where spot is traded"
    if coins == 0 and quote == 0:
        return warned(name, told, "nothing can be traded there: coins are sold, and money buys, only where they lie")
    return passed(name, told)
