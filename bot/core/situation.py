"""What one spot-perp decision needs, and what it leaves for the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from bot.core import observation as obs
from bot.core import prices as px
from bot.core.beside_exits import Followed
from bot.core.funding import INTERVAL_MS, FundingMemory
from bot.domain.control import Control
from bot.domain.funding import FundingFigures
from bot.domain.instrument import Instrument
from bot.domain.observation import Holding, Margin, Position, Prices, Unknown
from bot.domain.orders import Side
from bot.domain.policy import HedgePolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything one decision needs.

    Attributes:
        unfilled: side and contracts of orders of ours that may still fill (R13).
        waiting: why orders must wait, such as a fill not yet found in the position (R23); empty when nothing waits.
        soon: what waits can be settled by the next reading.
        halted: reasons of halts that reach this instrument.
        unfilled_tries: how many of our last orders in a row ended without any fill (R16).
        live_from_ms: no order before this time (fresh journal, or a back-off after rejections).
        hedged: the account is in hedge (dual-side) position mode, so an order names the short side.
        control: what a person told the hedge to do; None: to run.
        funding: what the short paid lately; None when nothing is known.
        funding_interval_ms: between two settlements.
        sold: coins that exits beside the hedge sold less those they bought, of all time, as known when the reading was
            asked for; None: there is no exit beside.
    """

    policy: HedgePolicy
    instrument: Instrument
    holdings: tuple[Holding | Unknown, ...]
    position: Position | Unknown
    prices: Prices | Unknown
    margin: Margin | Unknown
    unfilled: Sequence[tuple[Side, Decimal]]
    waiting: str
    soon: bool
    halted: Sequence[str]
    unfilled_tries: int
    live_from_ms: int
    now_ms: int
    hedged: bool = False
    control: Control | None = None
    funding: FundingFigures | None = None
    funding_interval_ms: int = INTERVAL_MS
    sold: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What one decision leaves for the next.

    Attributes:
        sample: the last complete reading; not kept over a restart, so that a restart reads twice again.
        foreign_since_ms: since when a change by others is left alone (R25).
        funding: the trailing cost, of a hedge that closes on it.
        followed: up to which of their sales the short has followed the exits beside it.
    """

    sample: obs.Sample | None = None
    prices: px.PriceMemory = field(default_factory=px.PriceMemory)
    surplus: obs.Surplus | None = None
    foreign_since_ms: int | None = None
    funding: FundingMemory = field(default_factory=FundingMemory)
    followed: Followed | None = None

    def to_dict(self) -> dict[str, str]:
        """What survives a restart, as text."""
        kept = {f"price.{key}": value for key, value in self.prices.to_dict().items()}
        if self.surplus is not None:
            kept |= {f"surplus.{key}": value for key, value in self.surplus.to_dict().items()}
        if self.foreign_since_ms is not None:
            kept["foreign_since_ms"] = str(self.foreign_since_ms)
        if self.followed is not None:
            kept |= {f"followed.{key}": value for key, value in self.followed.to_dict().items()}
        return kept | {f"funding.{key}": value for key, value in self.funding.to_dict().items()}

    @classmethod
    def from_dict(cls, kept: Mapping[str, str]) -> Memory:
        """Read what `to_dict` wrote; an empty mapping is a first start."""
        surplus = _under("surplus.", kept)
        foreign, followed = kept.get("foreign_since_ms"), _under("followed.", kept)
        return cls(
            prices=px.PriceMemory.from_dict(_under("price.", kept)),
            surplus=obs.Surplus.from_dict(surplus) if surplus else None,
            foreign_since_ms=int(foreign) if foreign else None,
            funding=FundingMemory.from_dict(_under("funding.", kept)),
            followed=Followed.from_dict(followed) if followed else None,
        )


def _under(prefix: str, kept: Mapping[str, str]) -> dict[str, str]:
    return {key.removeprefix(prefix): value for key, value in kept.items() if key.startswith(prefix)}
