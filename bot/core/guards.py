"""Guards against doing the same thing again and again (R24): they count what was sent and what it moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from bot.domain.instrument import Instrument
from bot.domain.intent import IntentRecord
from bot.domain.numbers import ZERO, decimal_of, plain
from bot.domain.orders import Refused

MISMATCHES_MAX: Final = 3
_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What was sent lately on one instrument.

    Attributes:
        orders_last_minute: orders armed, whatever became of them.
        notional_last_hour: in quote, at the mark each order was decided on.
    """

    orders_last_minute: int
    notional_last_hour: Decimal


def activity(records: Sequence[IntentRecord], instrument: Instrument, now_ms: int) -> Activity:
    """Add up what was sent lately.

    What may still fill counts with its whole size; an order that is over counts with what it filled, so that orders
    which missed the market do not use up the hour and leave the hedge open. Each counts as an order.

    Args:
        records: intents of the instrument, at least those of the last hour.
        instrument: what they are sized in.
        now_ms: our clock.
    """
    minute = [record for record in records if now_ms - record.intent.created_ms <= _MINUTE_MS]
    hour = [record for record in records if now_ms - record.intent.created_ms <= _HOUR_MS]
    return Activity(
        orders_last_minute=len(minute),
        notional_last_hour=sum((_notional(record, instrument) for record in hour), ZERO),
    )


def _notional(record: IntentRecord, instrument: Instrument) -> Decimal:
    contracts = record.filled if record.state.terminal else record.intent.request.contracts
    return instrument.notional(contracts, record.intent.mark)


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """What was done since the exposure last changed.

    Attributes:
        exposure: in coins, when the campaign began, and after each small change since; no price moves it.
        initial_gap_contracts: how much there was to do, not negative; grows by what others moved and by small changes.
        filled_contracts: how much was done, both directions added.
        mismatches: fills in a row beside which somebody else moved the position.
        per_contract: coins of gap that one contract closes, at the price that what is left to do was counted at; None
            where no price changes that, and after others moved the contracts of an inverse hedge at a price of their
            own: then what is left to do is what the gap says next.
    """

    exposure: Decimal
    initial_gap_contracts: Decimal
    filled_contracts: Decimal
    mismatches: int
    per_contract: Decimal | None = None

    def to_dict(self) -> dict[str, str]:
        """As text, for the journal; the keys do not clash with other things that a decision remembers."""
        kept = {
            "campaign.exposure": plain(self.exposure),
            "campaign.initial_gap_contracts": plain(self.initial_gap_contracts),
            "campaign.filled_contracts": plain(self.filled_contracts),
            "campaign.mismatches": str(self.mismatches),
        }
        return kept if self.per_contract is None else kept | {"campaign.per_contract": plain(self.per_contract)}

    @classmethod
    def from_dict(cls, memory: Mapping[str, str]) -> Campaign | None:
        """Read back what `to_dict` wrote; None when there is no campaign in it. Other keys are left alone.

        Raises:
            ValueError: part of it is missing or can't be read.
        """
        if "campaign.exposure" not in memory:
            return None
        per_contract = memory.get("campaign.per_contract")
        return cls(
            per_contract=None if per_contract is None else decimal_of(per_contract),
            exposure=decimal_of(memory["campaign.exposure"]),
            initial_gap_contracts=decimal_of(memory.get("campaign.initial_gap_contracts", "")),
            filled_contracts=decimal_of(memory.get("campaign.filled_contracts", "")),
            mismatches=int(memory.get("campaign.mismatches", "")),
        )


def observe_exposure(
    campaign: Campaign | None,
    exposure: Decimal,
    gap_contracts: Decimal,
    tolerance: Decimal,
    *,
    step: Decimal,
    per_contract: Decimal | None = None,
) -> Campaign:
    """Begin a new campaign when the exposure has changed; a small change is more work for the one that runs.

    Call it after the fills in the position were taken in by `after_accounting`, so that the gap is what is left to do.
    Mismatches outlive the campaign: an exposure that changes all the time must not hide them.

    A small change never begins anew, or dust in every turn would let a loop of fills run for ever: it adds no more
    than its own size. Nor does it leave more than the gap to be done, or dust that nobody hedges would be saved up
    for such a loop.

    Contracts of an inverse short close more coins the lower the price is, so that what is left to do is counted anew
    when it moves; that is no change of the exposure.

    Args:
        campaign: the one that runs; None at first.
        exposure: in coins; of an inverse hedge the principal, which no price moves.
        gap_contracts: the gap now, in contracts, of either sign.
        tolerance: in coins; smaller changes are small. At most one step, else a change of which only a part is
            hedged counts as done too much.
        step: contracts in `tolerance` coins.
        per_contract: coins of gap that one contract closes now; None where no price changes that.
    """
    campaign = _repriced(campaign, per_contract, gap_contracts)
    if campaign is None or abs(exposure - campaign.exposure) > tolerance:
        return Campaign(
            exposure=exposure,
            initial_gap_contracts=abs(gap_contracts),
            filled_contracts=ZERO,
            mismatches=0 if campaign is None else campaign.mismatches,
            per_contract=per_contract,
        )
    if exposure == campaign.exposure:
        return campaign
    grown = campaign.initial_gap_contracts + abs(exposure - campaign.exposure) * step / tolerance
    to_do = campaign.filled_contracts + abs(gap_contracts)
    return replace(campaign, exposure=exposure, initial_gap_contracts=min(grown, to_do))


def _repriced(campaign: Campaign | None, per_contract: Decimal | None, gap_contracts: Decimal) -> Campaign | None:
    if campaign is None or per_contract is None:
        return campaign
    if campaign.per_contract is None:
        to_do = campaign.filled_contracts + abs(gap_contracts)
        return replace(
            campaign, initial_gap_contracts=max(campaign.initial_gap_contracts, to_do), per_contract=per_contract
        )
    left = campaign.initial_gap_contracts - campaign.filled_contracts
    if left <= 0:
        return replace(campaign, per_contract=per_contract)
    now = left * campaign.per_contract / per_contract
    return replace(campaign, initial_gap_contracts=campaign.filled_contracts + now, per_contract=per_contract)


def after_accounting(
    campaign: Campaign,
    own_moved: Decimal,
    position_moved: Decimal,
    step: Decimal,
    *,
    adl: bool = False,
    gained: Decimal = ZERO,
    slipped: Decimal = ZERO,
) -> Campaign:
    """Take in what a confirmed position says about our fills.

    A position is confirmed only when all trades since the last one explain it exactly, so it differs from our fills by
    what others did. Beside our own fills, three times in a row and in either direction, that is a fight: a second
    hedger undoes what we do, or does it too and takes it back with us. A venue's auto-deleveraging is none (R25).

    Args:
        campaign: the one that runs.
        own_moved: signed contracts of our own trades since the last confirmed position.
        position_moved: signed contracts from the last confirmed position to this one.
        step: quantity step in contracts.
        adl: all that others did is marked as auto-deleveraging; mismatches then stay as they are.
        gained: coins that the trades themselves brought, less what they cost: profit realised, fees. They change the
            exposure of an inverse hedge and are no reason to begin anew.
        slipped: contracts that the trades fell short of, or went beyond, by price and fee; work to be done as well.
    """
    others_moved = position_moved - own_moved
    # A gap that others opened is work to be done, not done twice (R25: hedge again).
    grown = replace(
        campaign,
        exposure=campaign.exposure + gained,
        initial_gap_contracts=campaign.initial_gap_contracts + abs(others_moved) + slipped,
        filled_contracts=campaign.filled_contracts + abs(own_moved),
        per_contract=None if others_moved else campaign.per_contract,
    )
    if own_moved == 0 or adl:
        return grown
    return replace(grown, mismatches=0 if abs(others_moved) <= step else campaign.mismatches + 1)


def tripped(campaign: Campaign, step: Decimal) -> Refused | None:
    """Whether the campaign shows that orders do not do what they should; then the instrument halts (R24).

    Args:
        campaign: the one that runs.
        step: quantity step in contracts.
    """
    if campaign.mismatches >= MISMATCHES_MAX:
        return Refused(
            code="guard.position-not-moving",
            reason=f"{campaign.mismatches} fills in a row did not move the confirmed position by what filled: "
            f"somebody else trades this contract; the limit is {MISMATCHES_MAX}",
            halt=True,
        )
    limit = campaign.initial_gap_contracts + step
    if campaign.filled_contracts > limit:
        return Refused(
            code="guard.filled-too-much",
            reason=f"{plain(campaign.filled_contracts)} contracts filled since the exposure last changed, "
            f"the gap was {plain(campaign.initial_gap_contracts)}, the limit is {plain(limit)}",
            halt=True,
        )
    return None
