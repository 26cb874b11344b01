"""Seeds of a cross-exchange hedge: two exchanges, gaps that come and go, and everything that goes wrong with them."""

from __future__ import annotations

import random  # noqa: TID251 - the seed is the point
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.paper.faults import FaultKind
from bot.paper.stream_faults import StreamFaultKind
from tests.sim.schedule import Act, Step

ASSET: Final = "BTC"
KEY: Final = "paper4mUq8ZtK2vXwE9rDs"
CALM_S: Final = 400
"""How long before the end everything is quiet, so that every trade ends."""
MIN_EDGE: Final = Decimal("0.0005")
BOOK_AGE_S: Final = 5
MARKETS: Final[Mapping[str, str]] = {"binance": "spot:BTCUSDT", "okx": "spot:BTC-USDT", "kucoin": "spot:BTC-USDT"}
WALLETS: Final[Mapping[str, str]] = {"binance": "spot", "okx": "trading", "kucoin": "trade"}
ORDERS: Final[Mapping[str, str]] = {
    "binance": "/api/v3/order",
    "okx": "/api/v5/trade/order",
    "kucoin": "/api/v1/hf/orders",
}
PROOF: Final[Mapping[str, Sequence[str]]] = {
    "binance": ("/api/v3/order", "/api/v3/openOrders", "/api/v3/allOrders", "/api/v3/myTrades"),
    "okx": (
        *("/api/v5/trade/order", "/api/v5/trade/orders-pending", "/api/v5/trade/orders-history"),
        *("/api/v5/trade/orders-history-archive", "/api/v5/trade/fills", "/api/v5/trade/fills-history"),
    ),
    "kucoin": ("/api/v1/hf/orders/active", "/api/v1/hf/orders/done", "/api/v1/hf/fills"),
}
"""What tells of an order's fate."""
READING: Final[Mapping[str, Sequence[str]]] = {
    "binance": ("/api/v3/depth", "/api/v3/account", "/api/v3/time", "/sapi/v1/asset/tradeFee"),
    "okx": ("/api/v5/market/books", "/api/v5/account/balance", "/api/v5/public/time", "/api/v5/account/trade-fee"),
    "kucoin": (
        *("/api/v3/market/orderbook/level2", "/api/v1/market/orderbook/level2_100", "/api/v1/accounts"),
        *("/api/v1/timestamp", "/api/v1/trade-fees"),
    ),
}
MANGLED: Final[Mapping[str, Sequence[str]]] = {
    "binance": ("bids", "asks", "free", "executedQty", "orderId", "code"),
    "okx": ("bids", "asks", "availBal", "accFillSz", "ordId", "code"),
    "kucoin": ("bids", "asks", "available", "dealSize", "id", "code"),
}
_KINDS: Final = tuple(kind for kind in FaultKind if kind is not FaultKind.MOVE_BETWEEN_READS)
_OUTAGES: Final = (FaultKind.DROP_BEFORE, FaultKind.HTTP_503, FaultKind.HTTP_503_AFTER, FaultKind.MAINTENANCE)
_LAGGING: Final = frozenset({FaultKind.DELAY, FaultKind.NOT_FOUND_LAG, FaultKind.POSITION_LAG})
_LASTING: Final = frozenset({FaultKind.RATE_LIMITED, FaultKind.BANNED, FaultKind.MAINTENANCE})


@dataclass(frozen=True, slots=True, kw_only=True)
class PairScene:
    """One seed's surroundings: the hedge trades between two exchanges, in either direction."""

    seed: int
    hours: Decimal
    exchanges: tuple[str, str]
    fee: Decimal
    coins: Decimal
    streams: bool = False

    @property
    def end_ms(self) -> int:
        """Length of the simulation."""
        return int(self.hours * 3_600_000)

    @property
    def calm_ms(self) -> int:
        """From here on nothing goes wrong, and there is no gap."""
        return max(self.end_ms - CALM_S * 1000, self.end_ms // 2)

    @property
    def starting(self) -> dict[str, dict[str, dict[str, Decimal]]]:
        """As many coins and as much money on both."""
        return {name: {WALLETS[name]: {ASSET: self.coins, "USDT": Decimal(500_000)}} for name in self.exchanges}

    @property
    def settings(self) -> str:
        """The settings file."""
        tables = "".join(
            f'[venues.{name}]\nexchange = "{name}"\nenvironment = "paper"\nstreams = {str(self.streams).lower()}\n\n'
            for name in self.exchanges
        )
        places = ", ".join(f'{{venue = "{name}"}}' for name in self.exchanges)
        return (
            f'[journal]\npath = "{{journal}}"\n\n{tables}[[hedges]]\nname = "gap"\nkind = "cross-exchange"\n'
            f'asset = "{ASSET}"\nvenues = [ {places} ]\nmin_edge = "0.05 %"\n'
            'caps = {order_notional = "100000", notional_per_hour = "20000000"}\n'
        )

    def __str__(self) -> str:
        """One line for a person."""
        return f"{self.coins} {ASSET} on each of {' and '.join(self.exchanges)}, fee {self.fee}{told_streams(self)}"


def told_streams(scene: PairScene) -> str:
    """For a person."""
    return ", with streams" if scene.streams else ""


def draw_pair_scene(seed: int, hours: Decimal) -> PairScene:
    """The surroundings of a seed."""
    chance = random.Random(f"pairs {seed}")  # noqa: S311 - a simulation, not a secret
    first, second = chance.sample(sorted(MARKETS), 2)
    return PairScene(
        seed=seed,
        hours=hours,
        exchanges=(first, second),
        fee=Decimal(chance.choice(("0", "0.0002", "0.001"))),
        coins=Decimal(chance.randrange(500, 3000)) / 1000,
        streams=chance.random() < 0.4,
    )


def draw_pair_schedule(scene: PairScene) -> tuple[Step, ...]:
    """Everything that happens before the calm, in order of time."""
    chance = random.Random(f"pair schedule {scene.seed}")  # noqa: S311
    steps = [*_gaps(scene, chance), *_faults(scene, chance), *_others(scene, chance), *rough_steps(scene)]
    return tuple(sorted(steps, key=lambda step: step.at_ms))


def _gaps(scene: PairScene, chance: random.Random) -> Iterator[Step]:
    """Prices walk together; now and then one exchange's is away from the other's for a while."""
    price, at_ms = 100_000.0, 0
    while (at_ms := at_ms + chance.randrange(5_000, 30_000)) < scene.calm_ms:
        price *= 1 + chance.gauss(0, 0.001)
        gap = chance.choice((0.0, 0.0, 0.001, 0.002, 0.004)) * chance.choice((1, -1))
        depth = f"{chance.uniform(0.02, 1.5):.3f}"
        given = {"price": f"{price:.1f}", "gap": f"{gap:.4f}", "depth": depth}
        yield Step(at_ms=at_ms, act=Act.PRICE, exchange="", given=given)


def _faults(scene: PairScene, chance: random.Random) -> Iterator[Step]:
    at_ms = 0
    while (at_ms := at_ms + chance.randrange(10_000, 40_000)) < scene.calm_ms:
        exchange, kind = chance.choice(scene.exchanges), chance.choice(_KINDS)
        luck = chance.random()
        path = ORDERS[exchange] if luck < 0.45 else chance.choice((PROOF if luck < 0.75 else READING)[exchange])
        if kind is FaultKind.DUPLICATE and path == ORDERS[exchange]:
            kind = (
                FaultKind.DROP_AFTER
            )  # an order that is sent twice fills twice: no client can keep that from happening
        given = {"kind": kind.value, "path": path, "count": str(1 + int(chance.random() ** 2 * 4))}
        if kind is FaultKind.CLOCK_SKEW:
            given["delay_s"] = str(chance.choice((-30, -2, -0.8, 0.8, 2, 30)))
        elif kind in _LAGGING:
            given["delay_s"] = f"{chance.uniform(0.2, 12):.3f}"
        if kind in _LASTING:
            given["for_s"] = f"{chance.uniform(2, 40):.3f}"
        if kind is FaultKind.MANGLE:
            given["field"] = chance.choice(MANGLED[exchange])
            given["factor"] = chance.choice(("", "0", "-1", "10", "0.01"))
        if path == ORDERS[exchange] and chance.random() < 0.6:
            given["method"] = "POST"
        yield Step(at_ms=at_ms, act=Act.FAULT, exchange=exchange, given=given)


_PER_HOUR: Final = ((Act.OUTAGE, 6), (Act.KILL, 12), (Act.STOP, 3), (Act.DISK, 3), (Act.DEPOSIT, 6), (Act.WITHDRAW, 6))


def _others(scene: PairScene, chance: random.Random) -> Iterator[Step]:
    for act, rate in _PER_HOUR:
        for _ in range(max(1, round(float(scene.hours) * rate * 2 * chance.random()))):
            given: dict[str, str] = {}
            if act is Act.OUTAGE:
                given = {"kind": chance.choice(_OUTAGES).value, "for_s": f"{chance.uniform(3, 40):.3f}"}
            elif act is Act.DISK:
                given = {"for_s": f"{chance.uniform(2, 20):.3f}"}
            elif act in {Act.DEPOSIT, Act.WITHDRAW}:
                given = {"amount": f"{chance.uniform(0.01, 0.3):.3f}"}
            yield Step(
                at_ms=chance.randrange(scene.calm_ms), act=act, exchange=chance.choice(scene.exchanges), given=given
            )


_ROUGH: Final = ((Act.LATE, 12), (Act.PAUSE, 4), (Act.HOST_CLOCK, 3), (Act.STREAM, 12))
"""How often each comes in an hour on average."""
_FRAMES: Final = frozenset({StreamFaultKind.GAP, StreamFaultKind.DUPLICATE, StreamFaultKind.REORDER})


def rough_steps(scene: PairScene) -> Iterator[Step]:
    """What goes wrong with the host, and on the way to the venues."""
    chance = random.Random(f"rough {scene.seed}")  # noqa: S311
    names = [name for name in scene.exchanges if name]
    for act, rate in _ROUGH:
        if act is Act.STREAM and not scene.streams:
            continue
        for _ in range(max(1, round(scene.calm_ms / 3_600_000 * rate * 2 * chance.random()))):
            name = chance.choice(names)
            given = _rough(act, name, chance)
            yield Step(at_ms=chance.randrange(scene.calm_ms), act=act, exchange=name, given=given)


def _rough(act: Act, name: str, chance: random.Random) -> dict[str, str]:
    for_s = f"{chance.uniform(2, 40):.3f}"
    if act is Act.LATE:
        path = ORDERS[name] if chance.random() < 0.5 else chance.choice((*PROOF[name], *READING[name]))
        return {"path": path, "delay_s": f"{chance.uniform(0.5, 12):.3f}"}
    if act is Act.PAUSE:
        return {"for_s": for_s, "clock": chance.choice(("kept", "lost"))}
    if act is Act.HOST_CLOCK:
        return {"for_s": for_s, "ms": str(chance.choice((-30_000, -2_000, -600, 600, 2_000, 30_000)))}
    kind = chance.choice(list(StreamFaultKind))
    if kind is StreamFaultKind.STALL:
        return {"kind": kind.value, "for_s": for_s}
    return {"kind": kind.value, "count": str(chance.randrange(1, 10) if kind in _FRAMES else 1)}
