"""What stablecoins are a hedge's own: the proceeds of its sales, less what it spent, less what others took away.

Others' stablecoins on the same account are never spent. What was withdrawn is written off for good once it is
confirmed (R10, R11), so that stablecoins which arrive later are not taken for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from bot.domain.exits import Crossing, CrossingKind, ExitPolicy
from bot.domain.ids import Asset
from bot.domain.numbers import ZERO, decimal_of, floor_to
from bot.domain.observation import Stamp, Unknown
from bot.domain.orders import OrderRequest, Side, VenueTrade
from bot.domain.proceeds import CrossingId, Flow, WriteOff

PLACES: Final = Decimal("1e-8")
"""To which venues book money, each rounding the value of a fill as it likes."""
_SINCE: Final = "since_ms"
_SENT: Final = "sent_ms"
_ANSWERED: Final = "answered_ms"
_MISSING: Final = "missing"
_CONFIRMED: Final = "confirmed"
_ELSEWHERE: Final = "elsewhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """One currency on the hedge's venue.

    Attributes:
        free: what an order may use now.
        total: with what is locked, over all wallets that money of the hedge can be in.
        stamp: of the reading.
    """

    free: Decimal
    total: Decimal
    stamp: Stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortfallMemory:
    """Proceeds that a balance did not show, of all hedges on the account together: it can't say whose are gone.

    Attributes:
        since_ms: when the first such reading was judged.
        sent_ms, answered_ms: of the newest reading.
        missing: by the newest reading.
        confirmed: the most that two readings in a row both missed; 0 before the second.
        elsewhere: what other hedges had written off since `since_ms` when this was made.
    """

    since_ms: int
    sent_ms: int
    answered_ms: int
    missing: Decimal
    confirmed: Decimal = ZERO
    elsewhere: Decimal = ZERO

    def to_dict(self) -> dict[str, str]:
        """As text, for the journal."""
        return {
            _SINCE: str(self.since_ms),
            _SENT: str(self.sent_ms),
            _ANSWERED: str(self.answered_ms),
            _MISSING: str(self.missing),
            _CONFIRMED: str(self.confirmed),
            _ELSEWHERE: str(self.elsewhere),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, str]) -> ShortfallMemory:
        """Read `to_dict` back.

        Raises:
            KeyError: a value is missing.
            ValueError: a value is not of our form.
        """
        return cls(
            since_ms=int(values[_SINCE]),
            sent_ms=int(values[_SENT]),
            answered_ms=int(values[_ANSWERED]),
            missing=decimal_of(values[_MISSING]),
            confirmed=decimal_of(values[_CONFIRMED]),
            elsewhere=decimal_of(values.get(_ELSEWHERE, "0")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What one balance says of what is owned.

    Attributes:
        spendable: None while it is not known.
        write_off: what is confirmed to be gone; None: nothing.
        memory: None when nothing is missing.
    """

    spendable: Decimal | None
    write_off: WriteOff | None
    memory: ShortfallMemory | None


def flows_of(trade: VenueTrade, crossing: Crossing) -> tuple[Flow, ...]:
    """What one trade of a crossing's order did to each currency; the fee by itself."""
    base, _, quote = trade.symbol.partition("/")
    market = Asset(quote) if base == crossing.asset else None
    sign = 1 if trade.side is Side.BUY else -1
    moved = (
        (Asset(base), trade.contracts * sign, False),
        (Asset(quote), -trade.contracts * trade.price * sign, False),
        (trade.fee_asset, -trade.fee, True),
    )
    return tuple(
        Flow(asset=asset, amount=amount, crossing_id=crossing.crossing_id, market=market, fee=fee)
        for asset, amount, fee in moved
        if amount
    )


def flows_lost(request: OrderRequest, quantity: Decimal, crossing: Crossing) -> tuple[Flow, ...]:
    """What an order can have spent whose trades are not known: nothing that it got counts.

    Args:
        request: as it was sent.
        quantity: of its base that filled without a trade that is known.
        crossing: whose order.
    """
    if quantity <= 0:
        return ()
    base, _, quote = request.symbol.partition("/")
    market = Asset(quote) if base == crossing.asset else None
    asset, amount = (quote, quantity * request.price) if request.side is Side.BUY else (base, quantity)
    return (Flow(asset=Asset(asset), amount=-amount, crossing_id=crossing.crossing_id, market=market),)


def owned(coin: Asset, flows: Sequence[Flow], write_offs: Sequence[WriteOff]) -> dict[Asset, Decimal]:
    """Stablecoins that are the hedge's own; only those of which it has any.

    These are what its orders were priced in, or exchanged: neither a coin that the hedge had before its settings were
    changed, nor what a fee was given back in.

    Price times quantity may have more digits than a venue books: what came is rounded down and what went up, fill by
    fill, so that this is never more than what the venue booked.

    Args:
        coin: the hedge's asset, which is no stablecoin.
        flows: of every settled fill of its own orders, of all time.
        write_offs: of all time.
    """
    sums: dict[Asset, Decimal] = {}
    stables = {flow.asset for flow in flows if not flow.fee and flow.market in {None, flow.asset}} - {coin}
    for flow in flows:
        sums[flow.asset] = sums.get(flow.asset, ZERO) + floor_to(flow.amount, PLACES)
    for write_off in write_offs:
        sums[write_off.asset] = sums.get(write_off.asset, ZERO) - write_off.amount
    return {asset: amount for asset, amount in sums.items() if amount > 0 and asset in stables}


def done(crossing: Crossing, flows: Sequence[Flow]) -> tuple[Decimal, Decimal]:
    """What a crossing has exchanged so far, before fees: (coins or source, stablecoins or target); see its record."""
    ours = [flow for flow in flows if flow.crossing_id == crossing.crossing_id and not flow.fee]
    given = crossing.source if crossing.kind is CrossingKind.SWAP else crossing.asset
    one = sum((flow.amount for flow in ours if flow.asset == given), ZERO)
    other = sum((flow.amount for flow in ours if flow.asset != given), ZERO)
    return abs(one), abs(other)


def sold_by_market(crossing_id: CrossingId, coin: Asset, flows: Sequence[Flow]) -> dict[Asset, Decimal]:
    """Coins that an exit has sold so far, by the stablecoin they were sold for."""
    sold: dict[Asset, Decimal] = {}
    for flow in flows:
        if flow.crossing_id == crossing_id and flow.asset == coin and not flow.fee and flow.market is not None:
            sold[flow.market] = sold.get(flow.market, ZERO) - flow.amount
    return sold


def fresh(balance: Balance, *, settled_ms: int, now_ms: int, age_max_s: Decimal) -> bool:
    """Whether a balance is of now and shows every fill that is known."""
    sent_ms = balance.stamp.sent_ms
    return sent_ms > settled_ms and now_ms - sent_ms <= int(age_max_s * 1000)


def watch(
    memory: ShortfallMemory | None,
    policy: ExitPolicy,
    asset: Asset,
    mine: Decimal,
    balance: Balance | Unknown,
    *,
    claimed: Decimal,
    settled_ms: int,
    now_ms: int,
    written_off: Sequence[WriteOff] = (),
) -> Watched:
    """Hold what is owned against what is there.

    A shortfall that is over within the dwell was money in transit. One that was not seen to be over by then is written
    off, whatever is there afterwards: that came from others. What is missing is not spent meanwhile. Of several hedges
    on the account each sees the whole shortfall: what one of them writes off is not missing for the others any more.

    Args:
        memory: what the last call returned.
        policy: of the hedge.
        asset: the stablecoin.
        mine: of it, by the journal.
        balance: of it on the venue.
        claimed: of it, by other hedges on the venue.
        settled_ms: when the newest fill was known: an older balance does not show it.
        now_ms: our clock.
        written_off: by other hedges on the venue, of any stablecoin; `claimed` is without it.
    """
    if isinstance(balance, Unknown) or not fresh(
        balance, settled_ms=settled_ms, now_ms=now_ms, age_max_s=policy.age_max_s
    ):
        return Watched(spendable=None, write_off=None, memory=memory)
    others = [one for one in written_off if one.asset == asset]
    memory = _unexplained(memory, others)
    there = max(balance.total - claimed, ZERO)
    missing = max(mine + claimed - balance.total, ZERO)
    confirmed, since_ms, new = ZERO, now_ms, True
    if memory is not None:
        confirmed, since_ms = memory.confirmed, memory.since_ms
        new = balance.stamp.sent_ms >= memory.answered_ms
        if new:
            confirmed = max(confirmed, min(memory.missing, missing))
    if memory is not None and new and now_ms - since_ms >= int(policy.dwell_s * 1000):
        # Seen once and then not looked for is gone too: who brought it back nobody knows.
        gone = min(mine, max(confirmed, memory.missing if missing == 0 else confirmed))
        return Watched(spendable=None, write_off=_gone(policy, asset, gone, mine, now_ms), memory=None)
    if missing == 0 and new:
        return Watched(spendable=min(mine, there, balance.free), write_off=None, memory=None)
    kept = memory
    if new:
        stamp = balance.stamp
        kept = ShortfallMemory(
            since_ms=since_ms,
            sent_ms=stamp.sent_ms,
            answered_ms=stamp.answered_ms,
            missing=missing,
            confirmed=confirmed,
            elsewhere=_since(others, since_ms),
        )
    return Watched(spendable=max(min(mine - confirmed, there, balance.free), ZERO), write_off=None, memory=kept)


def _unexplained(memory: ShortfallMemory | None, others: Sequence[WriteOff]) -> ShortfallMemory | None:
    """What was missing, less what others have written off of it since then; None when that was all."""
    if memory is None:
        return None
    elsewhere = _since(others, memory.since_ms)
    off = max(elsewhere - memory.elsewhere, ZERO)
    missing, confirmed = max(memory.missing - off, ZERO), max(memory.confirmed - off, ZERO)
    if off and not (missing or confirmed):
        return None
    return replace(memory, missing=missing, confirmed=confirmed, elsewhere=elsewhere)


def _since(write_offs: Sequence[WriteOff], since_ms: int) -> Decimal:
    return sum((one.amount for one in write_offs if one.at_ms >= since_ms), ZERO)


def _gone(policy: ExitPolicy, asset: Asset, gone: Decimal, mine: Decimal, now_ms: int) -> WriteOff | None:
    if gone <= 0:
        return None
    return WriteOff(hedge=policy.name, asset=asset, amount=gone, owned=mine, balance=mine - gone, at_ms=now_ms)
