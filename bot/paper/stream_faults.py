"""Faults on purpose on WebSockets: frames lost, late, doubled or swapped. No socket here; both shells obey it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, assert_never

from bot.paper.faults import ANY_PATH
from bot.paper.wire.channel import Channel, Close, Frame, Text


class StreamFaultKind(StrEnum):
    """What happens to a connection. Pings, and the texts by which a venue says that it is there, pass always."""

    STALL = "ws-stall"
    """Nothing comes for `for_s` (30) from the first frame on; then all that was held back comes at once, old as it is.

    The connection stays, and so do its pings.
    """
    GAP = "ws-gap"
    """Frames are lost."""
    DUPLICATE = "ws-duplicate"
    """Frames come twice."""
    REORDER = "ws-reorder"
    """A frame comes after the one that follows it."""
    CLOSE = "ws-close"
    """The venue ends the connection."""
    LISTEN_KEY_EXPIRED = "listen-key-expired"
    """The listen keys of Binance's futures accounts expire; who renews one learns that it is gone."""


STALL_S: Final = 30.0
_FRAMES: Final = frozenset(
    {StreamFaultKind.STALL, StreamFaultKind.GAP, StreamFaultKind.DUPLICATE, StreamFaultKind.REORDER}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFault:
    """One planned fault of streams.

    Args:
        venue: the venue's name, such as `binance`.
        kind: what happens.
        path: exact, of the upgrade request; `*` is every connection.
        channel: only frames in which this text occurs, such as `btcusdt@markPrice` or `"channel":"positions"`; None:
            all. Kinds about a connection as a whole don't ask.
        count: how many frames, or connections, suffer, from 1; None: one, or with `for_s` all of them.
        for_s: how long it lasts from the first one that it strikes, in seconds.
    """

    venue: str
    kind: StreamFaultKind
    path: str = ANY_PATH
    channel: str | None = None
    count: int | None = None
    for_s: float | None = None


@dataclass(slots=True, kw_only=True)
class _Planned:
    fault: StreamFault
    left: int | None
    length_ms: int | None
    until_ms: int | None = None

    def over(self, now_ms: int) -> bool:
        return self.left == 0 or (self.until_ms is not None and now_ms >= self.until_ms)


class StreamFaultSchedule:
    """Planned faults of streams; the oldest that matches a frame strikes first."""

    def __init__(self) -> None:
        self._planned: list[_Planned] = []

    def add(self, fault: StreamFault) -> None:
        """Plan a fault."""
        stalls = fault.kind is StreamFaultKind.STALL
        lasts_s = STALL_S if stalls and fault.for_s is None else fault.for_s
        counted = not stalls and (lasts_s is None or fault.count is not None)
        self._planned.append(
            _Planned(
                fault=fault,
                left=(fault.count or 1) if counted else None,
                length_ms=None if lasts_s is None else round(lasts_s * 1000),
            )
        )

    def clear(self) -> None:
        """Forget all planned faults; what is held back comes."""
        self._planned.clear()

    @property
    def pending(self) -> tuple[StreamFault, ...]:
        """What is still planned, with the counts that are left; oldest first."""
        return tuple(replace(planned.fault, count=planned.left) for planned in self._planned)

    def take(self, venue: str, path: str, now_ms: int, text: str) -> StreamFaultKind | None:
        """What a frame suffers; uses one of the fault's count."""
        return self._take(venue, path, now_ms, lambda fault: fault.kind in _FRAMES and (fault.channel or "") in text)

    def take_whole(self, venue: str, path: str, now_ms: int, kind: StreamFaultKind) -> bool:
        """Whether a connection as a whole suffers a kind; uses one of the fault's count."""
        return self._take(venue, path, now_ms, lambda fault: fault.kind is kind) is not None

    def stalls(self, venue: str, path: str, now_ms: int) -> bool:
        """Whether a stall that has begun goes on."""
        return any(
            planned.fault.kind is StreamFaultKind.STALL and planned.until_ms is not None
            for planned in self._on(venue, path, now_ms)
        )

    def _on(self, venue: str, path: str, now_ms: int) -> Sequence[_Planned]:
        self._planned = [planned for planned in self._planned if not planned.over(now_ms)]
        return [one for one in self._planned if one.fault.venue == venue and one.fault.path in {ANY_PATH, path}]

    def _take(self, venue: str, path: str, now_ms: int, meant: Callable[[StreamFault], bool]) -> StreamFaultKind | None:
        if not self._planned:
            return None
        struck = next((planned for planned in self._on(venue, path, now_ms) if meant(planned.fault)), None)
        if struck is None:
            return None
        if struck.until_ms is None and struck.length_ms is not None:
            struck.until_ms = now_ms + struck.length_ms
        if struck.left is not None:
            struck.left -= 1
        return struck.fault.kind


class FaultyChannel:
    """A connection that suffers from faults.

    Args:
        channel: the venue's own words.
        venue: its name.
        path: of the upgrade request.
        faults: what is planned.
        heartbeats: texts in the frames by which the venue says no more than that it is there.
        expire: lets listen keys expire.
    """

    def __init__(
        self,
        channel: Channel,
        *,
        venue: str,
        path: str,
        faults: StreamFaultSchedule,
        heartbeats: tuple[str, ...],
        expire: Callable[[int], None],
    ) -> None:
        self._channel = channel
        self._where = (venue, path)
        self._faults = faults
        self._heartbeats = heartbeats
        self._expire = expire
        self._held: list[Frame] = []
        self._swapped: Frame | None = None

    def receive(self, text: str, now_ms: int) -> None:
        """Take a text frame of the client; nothing happens to those."""
        self._channel.receive(text, now_ms)

    def frames(self, now_ms: int) -> Sequence[Frame]:
        """What reaches the client now, in order."""
        if self._faults.take_whole(*self._where, now_ms, StreamFaultKind.LISTEN_KEY_EXPIRED):
            self._expire(now_ms)
        if self._faults.take_whole(*self._where, now_ms, StreamFaultKind.CLOSE):
            return (Close(code=1012, reason="service restart"),)
        sent: list[Frame] = []
        if self._held and not self._faults.stalls(*self._where, now_ms):
            sent, self._held = self._held, []
        for frame in self._channel.frames(now_ms):
            sent += self._passed(frame, now_ms)
        return sent

    def _passed(self, frame: Frame, now_ms: int) -> Sequence[Frame]:
        """What comes of one frame now."""
        if not isinstance(frame, Text) or any(beat in frame.text for beat in self._heartbeats):
            return (frame,)
        swapped, self._swapped = self._swapped, None
        after = () if swapped is None else (swapped,)
        match self._faults.take(*self._where, now_ms, frame.text):
            case StreamFaultKind.STALL:
                self._held += [frame, *after]
                return ()
            case StreamFaultKind.GAP:
                return after
            case StreamFaultKind.DUPLICATE:
                return (frame, frame, *after)
            case StreamFaultKind.REORDER:
                # Two in a row wait for nobody: the first one comes, the second waits.
                self._swapped = frame
                return after
            case None | StreamFaultKind.CLOSE | StreamFaultKind.LISTEN_KEY_EXPIRED:
                return (frame, *after)
            case unknown:
                assert_never(unknown)
