"""Seeds of a stablecoin hedge: prices fall and rise, stablecoins break, requests fail; with a short beside or not."""

from __future__ import annotations

import random  # noqa: TID251 - the seed is the point
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

from bot.paper.faults import FaultKind
from tests.exits.calm import MARGIN, PERPETUALS, SHORT
from tests.exits.calm import settings as settings_of
from tests.sim.oracles_exits import ExitTruth
from tests.sim.oracles_pairs import PairOracle
from tests.sim.pair_simulation import PairResult, PairSimulation, simulated
from tests.sim.pairs import (
    KEY,
    MANGLED,
    MARKETS,
    ORDERS,
    PROOF,
    READING,
    WALLETS,
    PairScene,
    rough_steps,
    told_streams,
)
from tests.sim.schedule import Act, Step

EXIT_USD: Final = Decimal(90_000)
BACK_USD: Final = Decimal(95_000)
ROUND_TRIPS: Final = 2
SLICE: Final = Decimal(20_000)
_HEDGE: Final = (
    f'signals = {{price = {{exit = "{EXIT_USD}", back = "{BACK_USD}"}}}}\nfor_s = 10\nlook_s = 10\n'
    f'slice_notional = "{SLICE}"\nmax_round_trips = {ROUND_TRIPS}\nreenter = {{cooldown_s = 3600, for_s = 20}}\n'
)
_KINDS: Final = tuple(kind for kind in FaultKind if kind not in {FaultKind.MOVE_BETWEEN_READS, FaultKind.MANGLE})
_LAGGING: Final = frozenset({FaultKind.DELAY, FaultKind.NOT_FOUND_LAG, FaultKind.POSITION_LAG})
_LASTING: Final = frozenset({FaultKind.RATE_LIMITED, FaultKind.BANNED, FaultKind.MAINTENANCE})


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitScene(PairScene):
    """One seed's surroundings, on one exchange.

    Attributes:
        paired: a spot-perp hedge of the same coins runs beside it.
    """

    paired: bool

    @property
    def starting(self) -> dict[str, dict[str, dict[str, Decimal]]]:
        """Coins, stablecoins of somebody else's, and margin for a short."""
        name = self.exchanges[0]
        wallets = {WALLETS[name]: {"BTC": self.coins, "USDT": Decimal(5_000), "USDC": Decimal(5_000)}}
        wallets.setdefault(MARGIN[name], {})
        wallets[MARGIN[name]]["USDT"] = wallets[MARGIN[name]].get("USDT", Decimal(0)) + Decimal(600_000)
        return {name: wallets}

    @property
    def settings(self) -> str:
        """The settings file."""
        text = settings_of(self.exchanges[0], _HEDGE, SHORT if self.paired else "")
        return text.replace("streams     = false", f"streams = {str(self.streams).lower()}")

    def __str__(self) -> str:
        """One line for a person."""
        short = " with a short" if self.paired else ""
        return f"{self.coins} BTC on {self.exchanges[0]}{short}, fee {self.fee}{told_streams(self)}"


def draw_exit_scene(seed: int, hours: Decimal) -> ExitScene:
    """The surroundings of a seed."""
    chance = random.Random(f"exits {seed}")  # noqa: S311 - a simulation, not a secret
    return ExitScene(
        seed=seed,
        hours=hours,
        exchanges=(chance.choice(sorted(MARKETS)), ""),
        fee=Decimal(chance.choice(("0", "0.001"))),
        coins=Decimal(chance.randrange(300, 1500)) / 1000,
        paired=chance.random() < 0.5,
        streams=chance.random() < 0.4,
    )


def draw_exit_schedule(scene: ExitScene) -> tuple[Step, ...]:
    """Everything that happens before the calm, in order of time."""
    chance = random.Random(f"exit schedule {scene.seed}")  # noqa: S311
    steps = [*_prices(scene, chance), *_troubles(scene, chance), *_more(scene), *rough_steps(scene)]
    return tuple(sorted(steps, key=lambda step: step.at_ms))


def _prices(scene: ExitScene, chance: random.Random) -> Iterator[Step]:
    at_ms = 60_000
    while at_ms < scene.calm_ms:
        luck = chance.random()
        asset, price = (
            "BTC",
            f"{chance.choice((86_000, 88_500, 92_500, 96_000, 100_000)) + chance.uniform(-900, 900):.1f}",
        )
        if luck < 0.12:
            asset, price = chance.choice(("USDT", "USDC")), chance.choice(("1", "0.99", "0.95"))
        yield Step(at_ms=at_ms, act=Act.PRICE, exchange="", given={"asset": asset, "price": price})
        at_ms += chance.randrange(8_000, 120_000)
    for asset in ("USDT", "USDC"):
        yield Step(at_ms=scene.calm_ms - 1, act=Act.PRICE, exchange="", given={"asset": asset, "price": "1"})


def _troubles(scene: ExitScene, chance: random.Random) -> Iterator[Step]:
    name, at_ms = scene.exchanges[0], 60_000
    while (at_ms := at_ms + chance.randrange(10_000, 40_000)) < scene.calm_ms:
        luck, given = chance.random(), {}
        if luck < 0.1:
            yield Step(at_ms=at_ms, act=chance.choice((Act.KILL, Act.STOP)), exchange=name, given={})
            continue
        if luck < 0.2:
            asset, amount = chance.choice(("USDT", "USDC")), f"{chance.uniform(-8_000, 8_000):.2f}"
            yield Step(at_ms=at_ms, act=Act.DEPOSIT, exchange=name, given={"asset": asset, "amount": amount})
            continue
        kind = chance.choice(_KINDS)
        where = chance.random()
        path = ORDERS[name] if where < 0.4 else chance.choice((PROOF if where < 0.7 else READING)[name])
        if kind is FaultKind.DUPLICATE and path == ORDERS[name]:
            kind = FaultKind.DROP_AFTER
        given = {"kind": kind.value, "path": path, "count": str(1 + int(chance.random() ** 2 * 4))}
        if kind is FaultKind.CLOCK_SKEW:
            given["delay_s"] = str(chance.choice((-30, -2, 2, 30)))
        elif kind in _LAGGING:
            given["delay_s"] = f"{chance.uniform(0.2, 8):.3f}"
        if kind in _LASTING:
            given["for_s"] = f"{chance.uniform(2, 30):.3f}"
        yield Step(at_ms=at_ms, act=Act.FAULT, exchange=name, given=given)


def _more(scene: ExitScene) -> Iterator[Step]:
    """Full disks, answers whose fields are wrong, coins that come and go."""
    chance = random.Random(f"more exits {scene.seed}")  # noqa: S311
    name, at_ms = scene.exchanges[0], 60_000
    while (at_ms := at_ms + chance.randrange(20_000, 180_000)) < scene.calm_ms:
        luck = chance.random()
        if luck < 0.2:
            yield Step(at_ms=at_ms, act=Act.DISK, exchange="", given={"for_s": f"{chance.uniform(2, 20):.3f}"})
        elif luck < 0.5:
            given = {"asset": "BTC", "amount": f"{chance.uniform(-0.2, 0.2):.3f}"}
            yield Step(at_ms=at_ms, act=Act.DEPOSIT, exchange=name, given=given)
        else:
            path = chance.choice((ORDERS[name], *PROOF[name], *READING[name]))
            given = {"kind": FaultKind.MANGLE.value, "path": path, "count": str(chance.randrange(1, 4))}
            given |= {"field": chance.choice(MANGLED[name]), "factor": chance.choice(("", "0", "-1", "10", "0.01"))}
            yield Step(at_ms=at_ms, act=Act.FAULT, exchange=name, given=given)


class ExitSimulation(PairSimulation):
    """A stage for a stablecoin hedge."""

    def __init__(self, folder: Path, scene: ExitScene, oracles: Sequence[PairOracle]) -> None:
        super().__init__(folder, scene, oracles)
        self.environ = {"HEDGEBOT_VENUES__MAIN__API_KEY": KEY}

    def truth_of(self, scene: PairScene) -> ExitTruth:
        """With the short's contract."""
        name = scene.exchanges[0]
        contract, size = PERPETUALS[name]
        return ExitTruth(
            {name: self.world.venues[name].exchange},
            self.journal_path,
            KEY,
            MARKETS,
            WALLETS,
            self.clock.now_ms,
            contract=contract,
            contract_size=size,
        )

    def _price(self, step: Step) -> None:
        self.world.set_price(step.given["asset"], Decimal(step.given["price"]))

    def _be_calm(self) -> None:
        """Prices stay as they are."""

    def _move(self, step: Step, amount: Decimal) -> None:
        name = self.scene.exchanges[0]
        self.world.venues[name].exchange.deposit(KEY, WALLETS[name], step.given["asset"], amount)
        if step.given["asset"] == "BTC" and amount < 0 and isinstance(self.truth, ExitTruth):
            self.truth.gone -= amount


def simulate_exits(scene: ExitScene, steps: Sequence[Step], oracles: Callable[[], Sequence[PairOracle]]) -> PairResult:
    """Run one seed."""
    return simulated(ExitSimulation, scene, steps, oracles)
