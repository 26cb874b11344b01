"""What became of a command, and what a look-up gave: values, never exceptions (R20)."""

from __future__ import annotations

from collections.abc import Awaitable

from bot.domain.errors import NotOffered, VenueBusy, VenueFault, VenueRejected
from bot.domain.orders import Found, LookupFailed, NotFound, OrderLookup, OrderReport, OutcomeUnknown, Rejected
from bot.venue.errors import Meaning, Refused


def expired(what: str) -> Rejected:
    """A command whose deadline passed while it waited."""
    return Rejected(code="expired-before-send", message=f"the deadline had passed before the {what} was sent")


async def look_up(reading: Awaitable[OrderReport]) -> OrderLookup:
    """What a look-up by id gave; a VenueFault goes no further."""
    try:
        return Found(report=await reading)
    except Refused as fault:
        return NotFound(code=fault.code) if fault.meaning is Meaning.NOT_FOUND else LookupFailed(detail=fault.message)
    except VenueFault as fault:
        return LookupFailed(detail=fault.message)


def not_sent(fault: VenueFault) -> Rejected:
    """Why a command never left."""
    match fault:
        case VenueBusy():
            code = "busy-before-send"
        case NotOffered():
            code = "not-offered"
        case _:
            code = fault.code or "not-sent"
    return Rejected(code=code, message=fault.message)


def outcome_of(fault: VenueFault) -> Rejected | OutcomeUnknown:
    """What a failed command's answer says of its effect (R20)."""
    if isinstance(fault, VenueRejected | VenueBusy | NotOffered):
        return Rejected(code=fault.code or not_sent(fault).code, message=fault.message)
    return OutcomeUnknown(detail=fault.message)
