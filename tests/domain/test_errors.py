"""Errors carry what a person needs."""

import pytest

from bot.domain.errors import (
    BotError,
    ConfigFault,
    InvariantBroken,
    JournalFault,
    NotOffered,
    StartFault,
    VenueBusy,
    VenueFault,
    VenueRejected,
    VenueUnreachable,
    VenueUnreadable,
)


@pytest.mark.parametrize("kind", [ConfigFault, StartFault, JournalFault, InvariantBroken])
def test_an_error_is_one_sentence_and_a_hint(kind: type[BotError]) -> None:
    error = kind("the file is missing", hint="make one with init")
    assert str(error) == error.message == "the file is missing"
    assert error.hint == "make one with init"
    assert kind("no more to say").hint == ""


@pytest.mark.parametrize("kind", [VenueUnreachable, VenueRejected, VenueUnreadable, NotOffered])
def test_a_venue_fault_says_where_and_what_for(kind: type[VenueFault]) -> None:
    error = kind("no answer", venue="main", operation="read positions", code="503", hint="wait")
    assert isinstance(error, BotError)
    assert (error.venue, error.operation, error.code, error.hint) == ("main", "read positions", "503", "wait")
    assert kind("no answer", venue="main", operation="read positions").code == ""


def test_a_busy_venue_says_until_when() -> None:
    error = VenueBusy("rate limit", venue="main", operation="read positions", retry_at_ms=17, code="429")
    assert isinstance(error, VenueFault)
    assert (error.retry_at_ms, error.code, error.hint) == (17, "429", "")
