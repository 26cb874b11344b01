"""Lines of the preflight, by how a check went."""

from __future__ import annotations

from bot.domain.check import CheckLine, CheckVerdict
from bot.domain.errors import VenueFault, VenueRejected


def passed(name: str, detail: str) -> CheckLine:
    """As it should be."""
    return CheckLine(name=name, verdict=CheckVerdict.PASS, detail=detail)


def warned(name: str, detail: str, hint: str = "") -> CheckLine:
    """Something that a person should know."""
    return CheckLine(name=name, verdict=CheckVerdict.WARN, detail=detail, hint=hint)


def failed(name: str, detail: str, hint: str = "", *, mendable: bool = False) -> CheckLine:
    """Not as it must be; `mendable` when the running bot bears it."""
    return CheckLine(name=name, verdict=CheckVerdict.FAIL, detail=detail, hint=hint, mendable=mendable)


def faulty(name: str, fault: VenueFault) -> CheckLine:
    """A refusal stands; anything else may be better on the next reading, and freezes the hedge until then."""
    return failed(name, fault.message, fault.hint, mendable=not isinstance(fault, VenueRejected))
