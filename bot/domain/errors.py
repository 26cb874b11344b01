"""What can go wrong, as types.

BotError
 +- ConfigFault      decidable from file and environment; exit code 2
 +- StartFault       found at the venue or the journal on start; exit code 3
 +- JournalFault     the journal could not be read or written: nothing may be sent
 +- InvariantBroken  a programming error caught before it cost money
 +- VenueFault       a venue did not give what was asked
     +- VenueUnreachable  no usable answer came back (network, 5xx, timeout); exit code 5 at start
     +- VenueBusy         rate limited or banned until `retry_at_ms`
     +- VenueRejected     the venue understood and refused (its own code)
     +- VenueUnreadable   an answer came back that can't be believed (HTML, wrong shape)
     +- NotOffered        this host does not serve that endpoint
"""

from __future__ import annotations


class BotError(Exception):
    """Base of all our errors.

    Args:
        message: one sentence, no secrets, no traceback.
        hint: what the operator can do about it; empty when there is nothing to add.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigFault(BotError):
    """The settings or the environment are wrong; nothing was contacted."""


class StartFault(BotError):
    """The venue or the journal is not in a state to start on."""


class JournalFault(BotError):
    """The journal could not be read or written. No persist, no send (R17)."""


class InvariantBroken(BotError):
    """Something happened that the code holds to be impossible."""


class VenueFault(BotError):
    """A venue did not give what was asked.

    Args:
        message: what happened, redacted.
        venue: the venue's name in the settings.
        operation: what we were doing, such as `read positions`.
        code: the venue's own error code, or the HTTP status, as text; empty when there was none.
        hint: what the operator can do about it.
    """

    def __init__(self, message: str, *, venue: str, operation: str, code: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.venue = venue
        self.operation = operation
        self.code = code


class VenueUnreachable(VenueFault):
    """No usable answer came back; for a command the outcome is unknown."""


class VenueBusy(VenueFault):
    """Rate limited or banned: nothing may be sent to the venue before `retry_at_ms` (our clock)."""

    def __init__(
        self, message: str, *, venue: str, operation: str, retry_at_ms: int, code: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, venue=venue, operation=operation, code=code, hint=hint)
        self.retry_at_ms = retry_at_ms


class VenueRejected(VenueFault):
    """The venue understood the request and refused it with a code on its definite list (R20)."""


class VenueUnreadable(VenueFault):
    """The answer has not the shape it must have; it says nothing (R8)."""


class NotOffered(VenueFault):
    """The configured host does not serve this endpoint, such as Earn on Binance demo trading."""
