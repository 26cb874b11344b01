"""What a start must do before its first order (R19)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence

from bot.domain.errors import StartFault
from bot.domain.ids import EPOCH_ALPHABET, EPOCH_LENGTH, ClientOrderId, Epoch, VenueName, epoch_of
from bot.domain.policy import HedgePolicy
from bot.ports import Clock, Journal, Venue


def draw_epoch() -> Epoch:
    """50 fresh random bits, as ten characters."""
    return Epoch("".join(secrets.choice(EPOCH_ALPHABET) for _ in range(EPOCH_LENGTH)))


async def refuse_unknown_epochs(
    venues: Mapping[VenueName, Venue], hedges: Sequence[HedgePolicy], journal: Journal
) -> None:
    """An open order with our prefix that this journal never sent means another bot, or another journal.

    Raises:
        StartFault: there is one.
        VenueFault: it could not be read.
    """
    for policy in hedges:
        for report in await venues[policy.venue].open_orders(policy.symbol):
            if report.client_id is not None and _unknown_epoch(report.client_id, journal):
                raise StartFault(
                    f"{policy.symbol} on {policy.venue}: open order {report.client_id} has our prefix, but this "
                    f"journal never sent it",
                    hint="stop the other bot on this account, or cancel the order by hand, then start again",
                )


def first_order_ms(policy: HedgePolicy, journal: Journal, clock: Clock) -> int:
    """With a fresh journal an order of a lost one may still be under way: wait until it must have arrived."""
    return clock.now_ms() + int(policy.timing.settle_s * 1000) if journal.fresh() else 0


def _unknown_epoch(client_id: ClientOrderId, journal: Journal) -> bool:
    epoch = epoch_of(client_id)
    return epoch is not None and not journal.knows_epoch(epoch)
