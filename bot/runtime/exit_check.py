"""What must be right before a stablecoin hedge exchanges anything, a line each."""

from __future__ import annotations

from bot.domain.check import CheckLine
from bot.domain.errors import NotOffered, VenueFault
from bot.domain.exits import ExitPolicy, SignalKind
from bot.domain.ids import Asset
from bot.domain.numbers import plain
from bot.domain.observation import Unknown
from bot.domain.usd import DAY_MS
from bot.ports import Index, Treasury, Venue
from bot.runtime.exit_places import coin_symbol
from bot.runtime.lines import failed, faulty, passed, warned


async def exit_check(policy: ExitPolicy, *, venue: Venue, treasury: Treasury, index: Index) -> list[CheckLine]:
    """Markets, fees, anchors, coins, and what its signals can look at."""
    lines = [_market(policy, treasury)]
    lines += [await _anchor(policy, index, asset) for asset in (policy.asset, *policy.basket)]
    lines.append(await _coins(policy, treasury))
    if any(rule.kind is not SignalKind.PRICE for rule in policy.signals):
        lines.append(await _bars(policy, venue, index))
    elif not policy.signals:
        name = f"{policy.name}: signals"
        lines.append(passed(name, "none: only `hedgebot exit` and `hedgebot enter` say when"))
    return lines


def _market(policy: ExitPolicy, treasury: Treasury) -> CheckLine:
    name = f"{policy.name}: markets"
    markets = [treasury.spot_market(coin_symbol(policy.asset, stable)) for stable in policy.basket]
    idle = [market.symbol for market in markets if not market.active]
    if idle:
        return warned(name, f"the venue does not trade {', '.join(idle)} now", "nothing is exchanged there meanwhile")
    told = ", ".join(f"{market.symbol} at {plain(market.taker_fee * 100)} %" for market in markets)
    return passed(name, f"taker fees: {told}")


async def _anchor(policy: ExitPolicy, index: Index, asset: Asset) -> CheckLine:
    name = f"{policy.name}: {asset} in USD"
    price = await index.usd_price(asset)
    if not isinstance(price, Unknown):
        return passed(name, f"{plain(price.value)} by the {price.anchor}")
    if price.lasting and asset == policy.asset:
        return failed(name, price.reason, "without it no signal and no order can be judged: use another venue")
    if price.lasting:
        return warned(name, price.reason, "a peg that can't be judged is only told, and nothing is done about it")
    return warned(name, price.reason, "it is read again in every turn")


async def _coins(policy: ExitPolicy, treasury: Treasury) -> CheckLine:
    name = f"{policy.name}: coins"
    try:
        found = await treasury.to_sell(policy.asset)
    except VenueFault as fault:
        return faulty(name, fault)
    locked = f", and {plain(found.locked)} that orders hold once they are free" if found.locked else ""
    return passed(name, f"{plain(found.free)} {policy.asset} can be sold{locked}; {plain(policy.floor)} stay")


async def _bars(policy: ExitPolicy, venue: Venue, index: Index) -> CheckLine:
    name = f"{policy.name}: signals"
    try:
        bars = await index.usd_bars(policy.asset, venue.now_ms() - 3 * DAY_MS, DAY_MS)
    except NotOffered:
        hint = "they need past prices: use another venue, or only the `price` signal"
        return failed(name, f"the venue has no past prices of {policy.asset} in USD", hint)
    except VenueFault as fault:
        return faulty(name, fault)
    if not bars:
        return warned(name, f"the venue told no past prices of {policy.asset} in USD", "they are read again")
    return passed(name, f"the venue tells past prices of {policy.asset} in USD")
