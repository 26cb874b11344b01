"""What happens to the world of a seed, and when: prices, coins, faults, crashes. Drawn once, before anything runs.

A step names everything that it does, so a schedule can be printed, cut off anywhere, and run again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from random import Random  # noqa: TID251 - the seed is the point
from typing import Final

from bot.paper.faults import FaultKind
from bot.paper.stream_faults import StreamFaultKind
from tests.sim.paths import PATHS, Paths
from tests.sim.scene import SPOT_WALLETS, Scene


class Act(StrEnum):
    """What a step does."""

    PRICE = "price"
    """`price`: of the coin in spot, on every exchange; contracts trade at a `basis` above it."""
    DEPOSIT = "deposit"
    """`amount` of coins comes from outside."""
    WITHDRAW = "withdraw"
    """`share` of the free coins leaves, at once or after `pending_s`."""
    TRADE = "trade"
    """The owner buys (`share` of the coins) or sells (negative) in the spot market."""
    SHIFT = "shift"
    """`share` of the free coins moves from one spot wallet to the other, and what lies there comes back."""
    EARN = "earn"
    """`share` of the free coins is subscribed to flexible Earn, or redeemed when negative."""
    FUNDING = "funding"
    """Funding is settled at `rate`."""
    FOREIGN = "foreign"
    """The owner trades the contract by hand: buys `share` of the short back, or sells more when negative."""
    DEPTH = "depth"
    """For `for_s` the contract's book holds no more than `coins` on a level."""
    ADL = "adl"
    """The exchange takes `share` of the short away, to close somebody else's liquidation."""
    LIQUIDATE = "liquidate"
    """The exchange closes the short, and its margin is gone."""
    SUSPEND = "suspend"
    """For `for_s` the contract is not traded."""
    SETTLE = "settle"
    """The contract is settled and delisted."""
    FAULT = "fault"
    """A fault of `kind` is planned for the next `count` requests to `path`; what `mangle` does to `field`."""
    STREAM = "stream"
    """A fault of `kind` is planned for the next `count` frames, or for `for_s`."""
    LATE = "late"
    """The next request to `path` takes `delay_s` to get there, whether or not its sender still waits."""
    OUTAGE = "outage"
    """Everything on the exchange suffers `kind` for `for_s` from the next request on."""
    SKEW = "skew"
    """For `for_s` the exchange's clock is off by `ms`."""
    KILL = "kill"
    """A power cut; the process is started again."""
    STOP = "stop"
    """An orderly stop, as SIGTERM asks for; the process is started again."""
    PAUSE = "pause"
    """The host stands still for `for_s`; with `clock` = `lost` its clock does, too, until the next start."""
    HOST_CLOCK = "host-clock"
    """The host's clock is off by `ms` for processes that start within `for_s`."""
    DISK = "disk"
    """For `for_s` the journal can't be written: `full` or `locked`."""
    RESUME = "resume"
    """An operator looks, and clears what is halted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happens.

    Attributes:
        at_ms: since the start.
        exchange: where; empty: everywhere, or on the host.
        given: the words of `Act`, as text.
    """

    at_ms: int
    act: Act
    exchange: str
    given: Mapping[str, str]

    def __str__(self) -> str:
        """One line, which says all of it."""
        words = " ".join(f"{name}={value}" for name, value in self.given.items())
        return f"{self.at_ms / 1000:>9.3f} s  {self.act.value:<10} {self.exchange:<8} {words}".rstrip()


def draw_schedule(scene: Scene) -> tuple[Step, ...]:
    """Everything that happens in a scene before its calm, in order of time."""
    chance = Random(f"schedule {scene.seed}")  # noqa: S311 - a simulation, not a secret
    drawn = _Drawn(scene, chance)
    return tuple(sorted(drawn.steps(), key=lambda step: step.at_ms))


_PER_HOUR: Final[Mapping[Act, float]] = {
    Act.DEPOSIT: 8,
    Act.WITHDRAW: 8,
    Act.TRADE: 6,
    Act.SHIFT: 2,
    Act.EARN: 3,
    Act.FUNDING: 2,
    Act.FOREIGN: 0.3,
    Act.DEPTH: 1,
    Act.ADL: 0.4,
    Act.SUSPEND: 0.5,
    Act.LIQUIDATE: 0.03,
    Act.SETTLE: 0.02,
    Act.STREAM: 12,
    Act.LATE: 8,
    Act.OUTAGE: 3,
    Act.SKEW: 2,
    Act.KILL: 6,
    Act.STOP: 2,
    Act.PAUSE: 3,
    Act.HOST_CLOCK: 1,
    Act.DISK: 3,
}
"""How often each comes on average. Faults come every 20 to 60 s."""

KIND_WEIGHTS: Final[Mapping[FaultKind, float]] = {FaultKind.DROP_AFTER: 3, FaultKind.HTTP_503_AFTER: 2}
"""Of the kinds of faults; 1 for those that are not named."""
_LONG: Final = frozenset({FaultKind.STALE, FaultKind.EMPTY_LIST, FaultKind.NOT_FOUND_LAG, FaultKind.POSITION_LAG})
"""Kinds that hurt most when they last."""
_LAGGING: Final = frozenset({FaultKind.DELAY, FaultKind.NOT_FOUND_LAG, FaultKind.POSITION_LAG})
"""Kinds that are nothing without a delay."""
_LOSES_ANSWER: Final = frozenset({FaultKind.DROP_AFTER, FaultKind.HTTP_503_AFTER, FaultKind.DUPLICATE})
"""Kinds that leave reading alone, unless it is asked for."""
_LASTING: Final = frozenset({FaultKind.RATE_LIMITED, FaultKind.BANNED, FaultKind.MAINTENANCE})
MANGLED: Final[Mapping[str, Sequence[str]]] = {
    "binance": ("markPrice", "positionAmt", "bidPrice", "contractSize", "free", "code", "orderId", "executedQty"),
    "okx": ("markPx", "pos", "bidPx", "ctVal", "eq", "code", "ordId", "accFillSz"),
    "kucoin": ("markPrice", "currentQty", "bestBidPrice", "multiplier", "available", "code", "id", "filledSize"),
}
"""Fields whose loss or change must be seen: they are held against others, or read again before they are believed."""
_FACTORS: Final = ("", "", "0", "-1", "10", "0.01")
"""What a mangled field is multiplied by; empty: it is missing."""
_IDS: Final = frozenset({"orderId", "ordId", "id"})
"""A multiple of an id is another id: nothing tells them apart where it is the first that is heard of an order."""
_OUTAGES: Final = (
    FaultKind.DROP_BEFORE,
    FaultKind.DROP_AFTER,
    FaultKind.HTTP_503,
    FaultKind.HTTP_503_AFTER,
    FaultKind.HTML_200,
    FaultKind.MAINTENANCE,
    FaultKind.BANNED,
)
TAKES_AN_ID_AGAIN: Final = frozenset({"binance", "kucoin"})
"""There an order that is sent twice fills twice once the first is done: no client can keep that from happening."""
_FRAMES: Final = frozenset({StreamFaultKind.GAP, StreamFaultKind.DUPLICATE, StreamFaultKind.REORDER})
_EARLY: Final = frozenset({Act.FOREIGN, Act.ADL, Act.LIQUIDATE})
"""What a person or the bot needs time for: not in the last fifth before the calm."""


class _Drawn:
    """Draws the steps of one scene."""

    def __init__(self, scene: Scene, chance: Random) -> None:
        self._scene = scene
        self._chance = chance
        self._kinds = [kind for kind in FaultKind if scene.earn or kind is not FaultKind.MOVE_BETWEEN_READS]
        self._draws: Mapping[Act, Callable[[], dict[str, str]]] = {
            Act.DEPOSIT: lambda: {"amount": str(self._milli(10, 250))},
            Act.WITHDRAW: self._withdraw,
            Act.TRADE: lambda: {"share": str(self._sign() * self._milli(20, 250))},
            Act.SHIFT: lambda: {"share": str(self._milli(100, 1000))},
            Act.EARN: lambda: {"share": str(self._sign() * self._milli(100, 1000))},
            Act.FUNDING: lambda: {"rate": str(Decimal(chance.randrange(-20, 40)) / 10_000)},
            Act.FOREIGN: lambda: {"share": str(self._sign() * self._milli(50, 400))},
            Act.DEPTH: lambda: {"coins": str(self._milli(20, 400)), "for_s": self._seconds(30, 400)},
            Act.ADL: lambda: {"share": str(self._milli(50, 1000))},
            Act.SUSPEND: lambda: {"for_s": self._seconds(5, 120)},
            Act.LIQUIDATE: dict,
            Act.SETTLE: dict,
            Act.STREAM: self._stream,
            Act.LATE: lambda: {"path": self._path(often=True), "delay_s": self._seconds(1, 12)},
            Act.OUTAGE: lambda: {"kind": chance.choice(_OUTAGES).value, "for_s": self._seconds(3, 60)},
            Act.SKEW: lambda: (
                {"ms": str(chance.choice((-20_000, -1_500, -700, 700, 1_500, 20_000)))}
                | {"for_s": self._seconds(10, 90)}
            ),
            Act.KILL: dict,
            Act.STOP: dict,
            Act.PAUSE: lambda: {"for_s": self._seconds(1, 40), "clock": chance.choice(("kept", "lost"))},
            Act.HOST_CLOCK: lambda: (
                {"ms": str(chance.choice((-30_000, -2_000, -600, 600, 2_000, 30_000)))}
                | {"for_s": self._seconds(20, 200)}
            ),
            Act.DISK: lambda: {"how": chance.choice(("full", "locked")), "for_s": self._seconds(2, 60)},
        }

    def steps(self) -> Iterator[Step]:
        """In no order."""
        yield from self._prices()
        yield from self._faults()
        hours = self._scene.calm_ms / 3_600_000
        for act, rate in _PER_HOUR.items():
            for _ in range(self._count(rate * hours)):
                if (act is Act.EARN and not self._scene.earn) or (act is Act.STREAM and not self._scene.streams):
                    continue
                at_ms = self._chance.randrange(self._scene.calm_ms) * (4 if act in _EARLY else 5) // 5
                if act is Act.SETTLE and hours > 1:  # no process starts any more once the contract is gone
                    at_ms = self._scene.calm_ms - (self._scene.calm_ms - at_ms) // 10
                given = self._draws[act]()
                if "pending_s" in given:  # what is on its way has arrived before the calm
                    left_s = (self._scene.calm_ms - at_ms) // 1000
                    given["pending_s"] = str(min(int(given["pending_s"]), left_s))
                yield self._step(at_ms, act, given)
                if act is Act.LIQUIDATE:
                    yield self._step(at_ms + self._chance.randrange(60_000, 300_000), Act.RESUME, {})

    def _prices(self) -> Iterator[Step]:
        """A walk, and seldom a jump; a double price liquidates a 1x linear short, which then needs an operator."""
        price, at_ms = 100_000.0, 0
        while (at_ms := at_ms + self._chance.randrange(10_000, 60_000)) < self._scene.calm_ms:
            luck = self._chance.random()
            if luck < 0.001:
                price *= self._chance.choice((2.0, 0.5))
                yield self._step(at_ms + self._chance.randrange(60_000, 300_000), Act.RESUME, {})
            elif luck < 0.01:
                price *= 1 + self._chance.uniform(-0.18, 0.18)
            else:
                price *= 1 + self._chance.gauss(0, 0.0015)
            price = min(max(price, 20_000.0), 180_000.0) if luck >= 0.001 else price
            basis = self._chance.gauss(0, 0.0004)
            yield self._step(at_ms, Act.PRICE, {"price": f"{price:.1f}", "basis": f"{basis:.5f}"})

    def _faults(self) -> Iterator[Step]:
        at_ms = 0
        weights = [KIND_WEIGHTS.get(kind, 1.0) for kind in self._kinds]
        while (at_ms := at_ms + self._chance.randrange(20_000, 60_000)) < self._scene.calm_ms:
            exchange = self._exchange()
            kind = self._chance.choices(self._kinds, weights)[0]
            path = self._path(exchange)
            if kind is FaultKind.DUPLICATE and exchange in TAKES_AN_ID_AGAIN and path == self._paths(exchange).order:
                kind = FaultKind.DROP_AFTER
            given = {"kind": kind.value, "path": path}
            most = 12 if kind in _LONG else 4
            given["count"] = str(1 + int(self._chance.random() ** 2 * most))
            if kind is FaultKind.CLOCK_SKEW:
                given["delay_s"] = str(self._chance.choice((-30, -2, -0.8, 0.8, 2, 30)))
            elif kind in _LAGGING or self._chance.random() < 0.2:
                given["delay_s"] = self._seconds(0.2, 30 if kind in _LONG else 14)
            if kind in _LASTING:
                given["for_s"] = self._seconds(2, 60)
            if kind is FaultKind.MANGLE:
                given["field"], given["factor"] = self._chance.choice(MANGLED[exchange]), self._chance.choice(_FACTORS)
                if given["field"] in _IDS and given["factor"] in {"10", "0.01"}:
                    given["factor"] = "-1"
            if kind in _LOSES_ANSWER and path != self._paths(exchange).order:
                given["method"] = "GET"  # else it would never strike
            elif self._chance.random() < 0.2:
                given["method"] = self._chance.choice(
                    ("GET", "POST") if path == self._paths(exchange).order else ("GET",)
                )
            yield Step(at_ms=at_ms, act=Act.FAULT, exchange=exchange, given=given)

    def _step(self, at_ms: int, act: Act, given: Mapping[str, str]) -> Step:
        match act:
            case Act.OUTAGE | Act.SKEW | Act.STREAM:
                exchange = self._exchange()
            case Act.FOREIGN | Act.LATE | Act.DEPTH | Act.ADL | Act.SUSPEND | Act.LIQUIDATE | Act.SETTLE:
                exchange = self._scene.exchange
            case Act.DEPOSIT | Act.WITHDRAW | Act.TRADE | Act.SHIFT | Act.EARN:
                exchange = self._scene.coins_exchange
            case _:
                exchange = ""
        return Step(at_ms=at_ms, act=act, exchange=exchange, given=given)

    def _withdraw(self) -> dict[str, str]:
        given = {"share": str(self._milli(20, 300))}
        if self._scene.earn and self._chance.random() < 0.5:
            given["pending_s"] = str(self._chance.randrange(5, 300))
        return given

    def _stream(self) -> dict[str, str]:
        kind = self._chance.choice(list(StreamFaultKind))
        given = {"kind": kind.value}
        if kind is StreamFaultKind.STALL:
            return given | {"for_s": self._seconds(5, 120)}
        return given | {"count": str(self._chance.randrange(1, 10) if kind in _FRAMES else 1)}

    def _path(self, exchange: str = "", *, often: bool = False) -> str:
        """Orders' own path a fifth of the time, what proves their fate another two."""
        paths = self._paths(exchange or self._scene.exchange)
        luck = self._chance.random() * (0.6 if often else 1)
        if luck < 0.2:
            return paths.order
        return self._chance.choice(paths.proof if luck < 0.6 else paths.reading if luck < 0.9 else paths.start)

    def _paths(self, exchange: str) -> Paths:
        return PATHS[exchange, self._scene.inverse]

    def _exchange(self) -> str:
        return self._chance.choice(self._scene.exchanges)

    def _sign(self) -> int:
        return self._chance.choice((1, -1))

    def _milli(self, least: int, most: int) -> Decimal:
        return Decimal(self._chance.randrange(least, most)) / 1000

    def _seconds(self, least: float, most: float) -> str:
        return f"{self._chance.uniform(least, most):.3f}"

    def _count(self, mean: float) -> int:
        """Of things that come by chance, so often on average."""
        whole = int(mean * 2 * self._chance.random() + 0.5)
        return whole if mean >= 1 else int(self._chance.random() < mean)


def wallets_to_shift(scene: Scene) -> Sequence[str]:
    """The two wallets between which an owner moves coins without owning more or less."""
    return SPOT_WALLETS[scene.coins_exchange]
