"""The venue's time, by our clock and a measured offset (R21)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.domain.errors import VenueFault
from bot.ports import Clock
from bot.venue.link import Link

STARTING_TRIES: Final = 3
"""The first answer also waits for the connection to be made, and one hiccup of a machine should not end a start."""
OFFSET_MAX_MS: Final = 1_000
"""Beyond it nothing is sent (R21)."""
_AGE_MAX_MS: Final = 60_000
_RENEW_MS: Final = 30_000
_MOVES_MS: Final = 1_000
"""Within this, two servers of a venue may differ."""


@dataclass(frozen=True, slots=True)
class Offset:
    """Venue time minus our time, when it was measured by our clock, and what the venue's clock showed."""

    ms: int
    measured_ms: int
    venue_ms: int


class VenueClock:
    """Keeps the offset of one venue; a clock that tells venue time.

    Args:
        clock: our time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset: Offset | None = None

    @property
    def offset_ms(self) -> int | None:
        """Venue time minus our time; None when it was never measured."""
        return None if self._offset is None else self._offset.ms

    def now_ms(self) -> int:
        """Venue time; our own until the offset has been measured."""
        return self._clock.now_ms() + (self.offset_ms or 0)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._clock.sleep(seconds)

    def trusted(self) -> bool:
        """Whether the offset is fresh and small enough to send."""
        return self._offset is not None and self._age_ms() <= _AGE_MAX_MS and abs(self._offset.ms) <= OFFSET_MAX_MS

    async def measure(self, link: Link, *, tries: int = 1) -> int:
        """Ask the venue for its time; half the round trip is the error, so a slow answer says nothing.

        Nor does one that shows no later time than the last, which was not far from ours, a second ago or earlier: it
        is an old one, repeated on its way.

        Args:
            link: to the venue.
            tries: how often to ask, from 1, while its answers are slow; with any other fault the first was the last.

        Returns the offset in milliseconds. Raises VenueFault.
        """
        ways = link.ways
        while True:
            await link.throttled(ways.server_time)
            sent_ms = self._clock.now_ms()
            venue_ms = await link.send(ways.server_time, ways.time_of)
            answered_ms = self._clock.now_ms()
            if answered_ms - sent_ms <= OFFSET_MAX_MS:
                break
            tries -= 1
            if tries <= 0:
                raise link.unreadable(ways.server_time.operation, f"the answer took {answered_ms - sent_ms} ms")
        last = self._offset
        witness = last is not None and abs(last.ms) <= OFFSET_MAX_MS and answered_ms - last.measured_ms > _MOVES_MS
        if last is not None and witness and venue_ms <= last.venue_ms:
            raise link.unreadable(ways.server_time.operation, f"the venue's clock stands still at {venue_ms}")
        self._offset = Offset(venue_ms - (sent_ms + answered_ms) // 2, answered_ms, venue_ms)
        link.clock_doubted = False
        return self._offset.ms

    async def renew(self, link: Link) -> None:
        """Measure again before the offset is too old to send with; never raises a VenueFault."""
        if self._offset is not None and self._age_ms() <= _RENEW_MS and not link.clock_doubted:
            return
        try:
            await self.measure(link)
        except VenueFault:
            # `trusted` turns false when the old one is too old; until then it serves.
            return

    def _age_ms(self) -> int:
        return 0 if self._offset is None else self._clock.now_ms() - self._offset.measured_ms
