"""What a start must do before its first order (R19)."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from typing import Final

from bot import logs
from bot.core.owned import owned
from bot.domain.errors import StartFault, VenueBusy
from bot.domain.exits import Crossing, CrossingState, ExitPolicy
from bot.domain.ids import EPOCH_ALPHABET, EPOCH_LENGTH, ClientOrderId, Epoch, Symbol, VenueName, epoch_of
from bot.domain.numbers import plain
from bot.domain.pair import PairPolicy
from bot.domain.policy import HedgePolicy
from bot.ports import Alerts, Clock, ExitJournal, Journal, PairJournal, Venue
from bot.runtime.preflight import start_venue

SMALL_CHANGE: Final = Decimal(10)
"""What a whole way back leaves of a stablecoin is less: no market takes an order for it."""
PAUSE_MORE_S: Final = 1.0
"""Beyond what a venue asks for: it must be over by the venue's clock, too."""

Entropy = Callable[[int], int]
"""Draws a number from 0 up to, not including, the one given."""


def draw_epoch(entropy: Entropy = secrets.randbelow) -> Epoch:
    """50 fresh random bits, as ten characters."""
    return Epoch("".join(EPOCH_ALPHABET[entropy(len(EPOCH_ALPHABET))] for _ in range(EPOCH_LENGTH)))


async def start_patiently(venue: Venue, clock: Clock, alarms: Alerts) -> None:
    """Start a venue, and wait for as long as it asks for a pause.

    A process that ended instead would be started again, ask again, and so prolong the ban for as long as it lasts.

    Raises:
        BotError: as `start_venue`, but for VenueBusy.
    """
    while True:
        try:
            return await start_venue(venue)
        except VenueBusy as busy:
            pause_s = max(busy.retry_at_ms - clock.now_ms(), 0) / 1000 + PAUSE_MORE_S
            reason = f"{busy.message}: nothing is watched for another {pause_s:.0f} s"
            alarms.alarm(logs.START_WAITING, venue=venue.name, code="pause", reason=reason)
            await clock.sleep(pause_s)


async def refuse_unknown_epochs(
    venues: Mapping[VenueName, Venue], places: Sequence[tuple[VenueName, Symbol]], journal: Journal
) -> None:
    """An open order with our prefix that this journal never sent means another bot, or another journal.

    Raises:
        StartFault: there is one.
        VenueFault: it could not be read.
    """
    for venue, symbol in places:
        for report in await venues[venue].open_orders(symbol):
            if report.client_id is not None and _unknown_epoch(report.client_id, journal):
                raise StartFault(
                    f"{symbol} on {venue}: open order {report.client_id} has our prefix, but this "
                    f"journal never sent it",
                    hint="stop the other bot on this account, or cancel the order by hand, then start again",
                )


def first_order_ms(policy: HedgePolicy, journal: Journal, clock: Clock) -> int:
    """Without a confirmed position an order of a lost journal may be under way: wait until it has arrived."""
    known = journal.anchor(policy.venue, policy.symbol) is not None
    return 0 if known else clock.now_ms() + int(policy.timing.settle_s * 1000)


def refuse_uncovered(
    hedges: Sequence[HedgePolicy], journal: Journal, sold_on: Collection[tuple[VenueName, Symbol]] = ()
) -> None:
    """A short of this journal that no hedge covers any more: opening another beside it would double it.

    Args:
        hedges: of these settings.
        journal: of all starts.
        sold_on: spot markets on which the hedges' ladders sell; a sale may be in flight there (R27).

    Raises:
        StartFault: there is one.
    """
    left = journal.uncovered([*((policy.venue, policy.symbol) for policy in hedges), *sold_on])
    if left:
        named = ", ".join(f"{symbol} on {venue}" for venue, symbol in left)
        raise StartFault(
            f"the journal holds a short, or an order without an end, on {named}, and no hedge covers it",
            hint="put that hedge back, or close its short and start again with another [journal] path",
        )


def refuse_uncovered_trades(policies: Sequence[PairPolicy], journal: PairJournal) -> None:
    """A cross-exchange trade of this journal that no hedge brings to its end any more: a leg of it may be open.

    Raises:
        StartFault: there is one.
    """
    places = {(policy.name, place.venue, place.symbol) for policy in policies for place in policy.places}
    for story in journal.unfinished_pairs():
        trade = story.record.trade
        if not {(trade.hedge, leg.venue, leg.symbol) for leg in (trade.buy, trade.sell)} <= places:
            raise StartFault(
                f"trade {trade.pair_id} of {trade.hedge} between {trade.buy.venue} and {trade.sell.venue} is not over, "
                f"and no hedge brings it to its end",
                hint="put that hedge back with these venues, or even it out by hand and tell the bot so with "
                "`hedgebot resume --adopt`",
            )


def refuse_moved_exits(policies: Sequence[ExitPolicy], book: ExitJournal) -> None:
    """A stablecoin hedge whose proceeds lie elsewhere: by its name alone it would spend as much of others' money here.

    Args:
        policies: of these settings.
        book: of all starts.

    Raises:
        StartFault: there is one.
    """
    for policy in policies:
        crossing, left = _left_elsewhere(policy, book)
        if crossing is not None and left:
            raise StartFault(
                f"{policy.name} sold {crossing.asset} on {crossing.venue} and is now of {policy.asset} on "
                f"{policy.venue}, but {left}: it would take others' stablecoins for its proceeds",
                hint=f"put {crossing.asset} on {crossing.venue} back and come back with `hedgebot enter {policy.name}`,"
                f" or give the hedge another name: then it owns nothing yet, and the proceeds on {crossing.venue} are "
                f"yours to use",
            )


def _left_elsewhere(policy: ExitPolicy, book: ExitJournal) -> tuple[Crossing | None, str]:
    """The newest crossing of another venue or coin, and what of it is not over; empty when it is."""
    records = book.crossings(policy.name)
    here = (policy.venue, policy.asset)
    moved = [n for n, one in enumerate(records) if (one.crossing.venue, one.crossing.asset) != here]
    if not moved:
        return None, ""
    newest, later = records[moved[-1]], records[moved[-1] + 1 :]
    if newest.state is CrossingState.OPEN:
        return newest.crossing, f"its {newest.crossing.kind.value} there is not over"
    flows, write_offs = book.flows(policy.name), book.write_offs(policy.name)
    now = owned(policy.asset, flows, write_offs)
    # What it has come by since is of this venue.
    ids = {one.crossing.crossing_id for one in records[: moved[-1] + 1]}
    until_ms = later[0].crossing.created_ms if later else None
    then = owned(
        newest.crossing.asset,
        [flow for flow in flows if flow.crossing_id in ids],
        [one for one in write_offs if until_ms is None or one.at_ms < until_ms],
    )
    left = {asset: min(then[asset], now[asset]) for asset in then.keys() & now.keys()}
    told = ", ".join(f"{plain(amount)} {asset}" for asset, amount in sorted(left.items()) if amount >= SMALL_CHANGE)
    return newest.crossing, told and f"still owns {told} there"


def _unknown_epoch(client_id: ClientOrderId, journal: Journal) -> bool:
    epoch = epoch_of(client_id)
    return epoch is not None and not journal.knows_epoch(epoch)
