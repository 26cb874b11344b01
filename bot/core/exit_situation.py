"""What one decision of a stablecoin hedge rests on, and what it must remember."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from bot.core.depeg import PegMemory
from bot.core.exit_books import ExitMarket
from bot.core.owned import Balance, ShortfallMemory
from bot.core.signals import SignalsMemory
from bot.domain.exits import CrossingRecord, ExitPolicy, Wish
from bot.domain.ids import Asset
from bot.domain.intent import IntentRecord
from bot.domain.observation import Unknown
from bot.domain.proceeds import Flow, WriteOff
from bot.domain.usd import UsdBar, UsdPrice


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A spot-perp hedge of the same coin.

    Attributes:
        followed: its short has followed everything that the exit's confirmed fills did.
        reason: why not, in a sentence.
    """

    followed: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitSituation:
    """Everything that one decision rests on.

    Attributes:
        price: USD of one coin, from the venue's index.
        second: the same from another source, such as the coin's best bid times its stablecoin's price; None: there is
            none.
        bars: that have ended, oldest first, each of `bar_ms`; gaps are allowed.
        pegs: USD of every stablecoin of the basket, and of those that the hedge still owns.
        coins: of the hedge's asset.
        money: of every stablecoin of the basket or owned.
        markets: the coin's markets, by the stablecoin that they are priced in.
        swaps: markets between two stablecoins, by (base, quote).
        flows: of every settled fill of the hedge's own orders, of all time.
        write_offs: of all time.
        claimed: stablecoins that other hedges own on the same venue.
        others_unfinished: an order of one of them is not over, or its fill not settled: `claimed` may be too much.
        written_off: what these wrote off, of all time.
        crossings: newest last; at least the newest way in or out, the newest of all, and those of the last seven days.
        recent: orders of the hedge of the last hour, on any market, oldest first.
        unfinished: orders of the hedge that are not terminal, or not settled.
        wish: what a person told the hedge last, and did not take back; each is obeyed once.
        beside: None when no spot-perp hedge hedges these coins.
        settled_ms: when the newest fill of the hedge was known (our clock): older balances don't show it.
        paused: a person's words; None: not paused.
        halted: why the hedge stands still; empty: it does not.
        clock_ok: the venue's clock offset is known to be within 1 s (R21).
        live_from_ms: no order before this time (a fresh journal).
    """

    policy: ExitPolicy
    now_ms: int
    price: UsdPrice | Unknown
    bars: Sequence[UsdBar]
    bar_ms: int
    pegs: Mapping[Asset, UsdPrice | Unknown]
    coins: Balance | Unknown
    money: Mapping[Asset, Balance | Unknown]
    markets: Mapping[Asset, ExitMarket]
    swaps: Mapping[tuple[Asset, Asset], ExitMarket] = field(default_factory=dict)
    second: Decimal | None = None
    flows: Sequence[Flow] = ()
    write_offs: Sequence[WriteOff] = ()
    claimed: Mapping[Asset, Decimal] = field(default_factory=dict)
    others_unfinished: bool = False
    written_off: Sequence[WriteOff] = ()
    crossings: Sequence[CrossingRecord] = ()
    recent: Sequence[IntentRecord] = ()
    unfinished: Sequence[IntentRecord] = ()
    wish: Wish | None = None
    beside: Beside | None = None
    settled_ms: int = 0
    paused: str | None = None
    halted: tuple[str, ...] = ()
    clock_ok: bool = True
    live_from_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitMemory:
    """What one decision leaves to the next; text in the journal, so that hysteresis survives a restart."""

    signals: SignalsMemory = field(default_factory=SignalsMemory)
    pegs: Mapping[Asset, PegMemory] = field(default_factory=dict)
    shortfalls: Mapping[Asset, ShortfallMemory] = field(default_factory=dict)

    def to_dict(self) -> dict[str, str]:
        """As text, for the journal."""
        kept = {f"signals.{key}": value for key, value in self.signals.to_dict().items()}
        for name, memories in (("peg", self.pegs), ("short", self.shortfalls)):
            for asset, memory in memories.items():
                kept |= {f"{name}.{asset}.{key}": value for key, value in memory.to_dict().items()}
        return kept

    @classmethod
    def from_dict(cls, kept: Mapping[str, str]) -> ExitMemory:
        """Read `to_dict` back; empty at a first start.

        Raises:
            ValueError: a value is not of our form.
        """
        return cls(
            signals=SignalsMemory.from_dict(_under("signals.", kept)),
            pegs={asset: PegMemory.from_dict(values) for asset, values in _by_asset("peg.", kept).items()},
            shortfalls={
                asset: ShortfallMemory.from_dict(values) for asset, values in _by_asset("short.", kept).items()
            },
        )


def _under(prefix: str, kept: Mapping[str, str]) -> dict[str, str]:
    return {key.removeprefix(prefix): value for key, value in kept.items() if key.startswith(prefix)}


def _by_asset(prefix: str, kept: Mapping[str, str]) -> dict[Asset, dict[str, str]]:
    found: dict[Asset, dict[str, str]] = {}
    for key, value in _under(prefix, kept).items():
        asset, _, name = key.partition(".")
        found.setdefault(Asset(asset), {})[name] = value
    return found
