"""Which mark price may be believed (R12)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from bot.domain.numbers import decimal_of, plain
from bot.domain.observation import Prices

AGREEMENT: Final = Decimal("0.01")
"""Mark and index, or three readings, agree within this fraction."""
JUMP: Final = Decimal("0.2")
"""A larger change since the last accepted mark needs three readings, whatever the index says."""
WINDOW_MS: Final = 15_000
"""Three readings must lie within this time; and a doubtful price freezes no longer."""
READINGS: Final = 3

_ACCEPTED: Final = "accepted"
_ACCEPTED_MS: Final = "accepted_ms"
_PENDING: Final = "pending"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceMemory:
    """What is remembered of one instrument's marks between decisions.

    Attributes:
        accepted: the last mark that was believed; None before the first.
        accepted_ms: when that reading was sent.
        pending: doubtful marks with the time their reading was sent, oldest first. Those that a third one confirmed
            stay for `WINDOW_MS`, so that a venue without an index is confirmed on every further reading.
    """

    accepted: Decimal | None = None
    accepted_ms: int | None = None
    pending: tuple[tuple[Decimal, int], ...] = ()

    def to_dict(self) -> dict[str, str]:
        """As text, for the journal."""
        values: dict[str, str] = {}
        if self.accepted is not None and self.accepted_ms is not None:
            values[_ACCEPTED] = str(self.accepted)
            values[_ACCEPTED_MS] = str(self.accepted_ms)
        if self.pending:
            values[_PENDING] = " ".join(f"{mark}@{sent_ms}" for mark, sent_ms in self.pending)
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, str]) -> PriceMemory:
        """Read `to_dict` back; empty when nothing is remembered yet.

        Raises:
            ValueError: a value is not of our form.
        """
        accepted = values.get(_ACCEPTED)
        pairs = [entry.partition("@") for entry in values.get(_PENDING, "").split()]
        return cls(
            accepted=None if accepted is None else decimal_of(accepted),
            accepted_ms=None if accepted is None else int(values.get(_ACCEPTED_MS, "")),
            pending=tuple((decimal_of(mark), int(sent_ms)) for mark, _, sent_ms in pairs),
        )


def judge(
    memory: PriceMemory, prices: Prices, now_ms: int, *, sized_by_price: bool = False
) -> tuple[Decimal | None, str, PriceMemory]:
    """Decide whether a mark may be used.

    It may when the index confirms it and it did not jump; or when three readings confirm each other; or when it has
    been in doubt for 15 s, since the size of a linear hedge does not need the price. It never may when the reading
    contradicts itself.

    Args:
        memory: what the last call returned.
        prices: a reading.
        now_ms: our clock.
        sized_by_price: the size of an order depends on the mark (inverse), so that doubt never ends by itself.

    Returns:
        The mark, or None while it is in doubt; the reason; what to remember.
    """
    broken = _contradiction(prices)
    if broken is not None:
        return None, broken, replace(memory, pending=())
    mark, sent_ms = prices.mark, prices.stamp.sent_ms
    doubt = _doubt(memory, prices)
    if doubt is None:
        return mark, "the mark agrees with the index", _accepted(prices, ())
    pending = _with(memory, mark, sent_ms)
    recent = tuple(entry for entry in pending if entry[1] >= sent_ms - WINDOW_MS)
    if _confirmed(recent):
        return mark, f"{doubt}, but {READINGS} readings agree", _accepted(prices, recent)
    if sized_by_price:
        return None, f"{doubt}; waiting for {READINGS} readings that agree", replace(memory, pending=recent)
    waited_ms = now_ms - _doubtful_since(memory, pending)
    if waited_ms >= WINDOW_MS:
        return mark, f"{doubt}; unconfirmed for {waited_ms // 1000} s, taken as it is", _accepted(prices, recent)
    return None, f"{doubt}; waiting for {READINGS} readings that agree", replace(memory, pending=pending)


def _contradiction(prices: Prices) -> str | None:
    for name, value in (("mark", prices.mark), ("bid", prices.bid), ("ask", prices.ask)):
        if value <= 0:
            return f"the {name} is {plain(value)}"
    if prices.bid > prices.ask:
        return f"the book is crossed: bid {plain(prices.bid)} above ask {plain(prices.ask)}"
    return None


def _doubt(memory: PriceMemory, prices: Prices) -> str | None:
    mark, index = prices.mark, prices.index
    if index is None:
        return f"no index confirms the mark {plain(mark)}"
    if abs(mark - index) > AGREEMENT * index:
        return f"the mark {plain(mark)} is not within 1 % of the index {plain(index)}"
    if memory.accepted is not None and abs(mark - memory.accepted) > JUMP * memory.accepted:
        return f"the mark jumped from {plain(memory.accepted)} to {plain(mark)}"
    return None


def _with(memory: PriceMemory, mark: Decimal, sent_ms: int) -> tuple[tuple[Decimal, int], ...]:
    """The doubtful marks with this one, unless it is a reading that was judged before."""
    if memory.pending and sent_ms <= memory.pending[-1][1]:
        return memory.pending
    return (*memory.pending, (mark, sent_ms))


def _confirmed(recent: tuple[tuple[Decimal, int], ...]) -> bool:
    marks = [mark for mark, _ in recent[-READINGS:]]
    return len(marks) == READINGS and max(marks) - min(marks) <= AGREEMENT * min(marks)


def _doubtful_since(memory: PriceMemory, pending: tuple[tuple[Decimal, int], ...]) -> int:
    """When the first of the doubtful marks after the last accepted one was sent."""
    accepted_ms = memory.accepted_ms
    return next((sent_ms for _, sent_ms in pending if accepted_ms is None or sent_ms > accepted_ms), pending[-1][1])


def _accepted(prices: Prices, pending: tuple[tuple[Decimal, int], ...]) -> PriceMemory:
    return PriceMemory(accepted=prices.mark, accepted_ms=prices.stamp.sent_ms, pending=pending)
