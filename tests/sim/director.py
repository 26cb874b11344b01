"""Plays a schedule: lets the world, the venues and the host do what the steps say, at their times."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextvars import Context
from decimal import Decimal
from typing import Final, Protocol

from sqlalchemy.exc import OperationalError

from bot.domain.numbers import floor_to
from bot.journal.store import SqlJournal
from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import (
    SUSPENDED,
    TRADING,
    ForcedCause,
    Listing,
    MarketType,
    NewOrder,
    OrderKind,
    Refusal,
    Side,
    TimeInForce,
)
from bot.paper.faults import ANY_PATH, Fault, FaultKind
from bot.paper.mangling import Edit
from bot.paper.stream_faults import StreamFault, StreamFaultKind
from tests.sim.doors import RUNNING, Process
from tests.sim.host import HostClock, SimFaults
from tests.sim.loop import SeededLoop
from tests.sim.scene import ASSET, KEY, SPOT_WALLETS, Scene
from tests.sim.schedule import Act, Step, wallets_to_shift
from tests.sim.stage import Stage
from tests.sim.trace import Kind, Truth

PLACES: Final = Decimal("1e-8")
RESTARTED_AFTER_S: Final = 90.0
"""How soon an operator restarts a process whose clock stood still."""
_SQLITE: Final[Mapping[str, tuple[int, str]]] = {
    "full": (sqlite3.SQLITE_FULL, "database or disk is full"),
    "locked": (sqlite3.SQLITE_BUSY, "database is locked"),
}


class Tell(Protocol):
    """Notes an event that is nobody's request."""

    def __call__(self, kind: Kind, word: str, process: int | None = None) -> None:
        """Note it."""
        ...


class Director:
    """Plays the steps of a scene on a stage.

    Args:
        scene: whose steps.
        stage: what they happen to.
        faults: of the stage's world.
        truth: told what excuses the hedge.
        tell: told of every step.
    """

    def __init__(self, scene: Scene, stage: Stage, faults: SimFaults, truth: Truth, tell: Tell) -> None:
        self._scene = scene
        self._stage = stage
        self._faults = faults
        self._truth = truth
        self._tell = tell
        self._ends: set[asyncio.Task[None]] = set()
        self._acts: Mapping[Act, Callable[[Step], None]] = {
            Act.PRICE: self._price,
            Act.DEPOSIT: self._deposit,
            Act.WITHDRAW: self._withdraw,
            Act.TRADE: self._trade,
            Act.SHIFT: self._shift,
            Act.EARN: self._earn,
            Act.FUNDING: lambda step: stage.world.settle_funding(ASSET, Decimal(step.given["rate"])),
            Act.FOREIGN: self._foreign,
            Act.DEPTH: self._depth,
            Act.ADL: self._adl,
            Act.SUSPEND: self._suspend,
            Act.LIQUIDATE: lambda step: self._short_exchange.liquidate(KEY, scene.venue_symbol),
            Act.SETTLE: lambda step: self._short_exchange.settle_market(scene.venue_symbol),
            Act.FAULT: self._fault,
            Act.STREAM: self._stream,
            Act.LATE: lambda step: self.late.setdefault((step.exchange, step.given["path"]), deque()).append(
                float(step.given["delay_s"])
            ),
            Act.OUTAGE: self._outage,
            Act.SKEW: self._skew,
            Act.KILL: lambda _: self._stage.cut(),
            Act.STOP: lambda _: self._stop(),
            Act.PAUSE: self._pause,
            Act.HOST_CLOCK: self._host_clock,
            Act.DISK: self._disk,
            Act.RESUME: lambda _: self._resume(),
        }
        self.late: dict[tuple[str, str], deque[float]] = {}
        self.skew_ms: dict[str, int] = {}
        self.host_ms = 0
        self.clocks: dict[int, HostClock] = {}
        self._broken = ""
        self._deep = self._short_listing.depth

    async def play(self, steps: Sequence[Step], began_ms: int) -> None:
        """Play them all, each at its time; then wait to be cancelled, so that a beginning runs as the whole does."""
        for step in steps:
            await asyncio.sleep(max(began_ms + step.at_ms - self._stage.clock.now_ms(), 0) / 1000)
            self._play(step)
        await self._loop.create_future()

    def calm(self) -> None:
        """End whatever goes wrong."""
        for end in self._ends:
            end.cancel()
        self._short_exchange.set_depth(self._short_listing.key, self._deep)
        self._trade_again()
        self._faults.clear()
        self._stage.world.stream_faults.clear()
        self.late.clear()
        self.skew_ms.clear()
        self.host_ms = 0
        self._broken = ""
        self._loop.release()
        if any(clock.off_ms for number, clock in self.clocks.items() if number == self._stage.process.number):
            self._stop()  # a process whose clock is wrong sends nothing until it is started again

    def refuse_writing(self) -> None:
        """Fail as SQLite does while the disk is full or the file locked."""
        if self._broken:
            code, message = _SQLITE[self._broken]
            error = sqlite3.OperationalError(message)
            error.sqlite_errorcode = code
            raise OperationalError("COMMIT", {}, error)

    def _play(self, step: Step) -> None:
        said = str(step).partition(" s  ")[2]
        try:
            self._acts[step.act](step)
        except (Refusal, ValueError) as refused:
            said = f"{said} refused: {refused}"
        faulty = step.act in {
            Act.FAULT,
            Act.STREAM,
            Act.LATE,
            Act.OUTAGE,
            Act.SUSPEND,
            Act.SKEW,
            Act.PAUSE,
            Act.HOST_CLOCK,
            Act.DISK,
        }
        self._tell(Kind.FAULT if faulty else Kind.WORLD, " ".join(said.split()))

    @property
    def _loop(self) -> SeededLoop:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SeededLoop)
        return loop

    @property
    def _short_exchange(self) -> Exchange:
        return self._stage.world.venues[self._scene.exchange].exchange

    @property
    def _short_listing(self) -> Listing:
        return self._short_exchange.listing(f"{self._scene.market.value}:{self._scene.venue_symbol}")

    # The markets

    def _price(self, step: Step) -> None:
        spot = Decimal(step.given["price"])
        contract = (spot * (1 + Decimal(step.given["basis"]))).quantize(Decimal("0.1"))
        for venue in self._stage.world.venues.values():
            markets = {market: contract if market.perpetual else spot for market in MarketType}
            venue.exchange.set_market_prices(ASSET, markets)

    def _depth(self, step: Step) -> None:
        listing, coins = self._short_listing, Decimal(step.given["coins"])
        contracts = coins * self._truth.mark if self._scene.inverse else coins
        level = max(floor_to(contracts / listing.contract_size, listing.quantity_step), listing.quantity_step)
        self._short_exchange.set_depth(listing.key, level)
        self._later(step, lambda: self._short_exchange.set_depth(listing.key, self._deep))

    def _suspend(self, step: Step) -> None:
        if self._short_listing.status == TRADING:
            self._short_exchange.set_status(self._short_listing.key, SUSPENDED)
            self._later(step, self._trade_again)

    def _trade_again(self) -> None:
        if self._short_listing.status == SUSPENDED:  # and not settled meanwhile
            self._short_exchange.set_status(self._short_listing.key, TRADING)

    def _adl(self, step: Step) -> None:
        listing, held = self._short_listing, abs(self._truth.position)
        part = floor_to(held * Decimal(step.given["share"]), listing.quantity_step)
        self._short_exchange.deleverage(KEY, self._scene.venue_symbol, quantity=part)

    # The owner's coins

    def _coins(self) -> tuple[Exchange, str, Decimal]:
        """Where the coins are, and how many are free."""
        exchange = self._stage.world.venues[self._scene.coins_exchange].exchange
        wallet = self._scene.coins_wallet
        return exchange, wallet, exchange.account(KEY).balance(wallet, ASSET).free

    def _gather(self) -> None:
        """Coins beside the margin of an inverse short can't be hedged: their owner does not leave them there."""
        if not self._scene.inverse:
            return
        exchange, wallet, _ = self._coins()
        for other in SPOT_WALLETS[self._scene.coins_exchange]:
            free = exchange.account(KEY).balance(other, ASSET).free
            if other != wallet and free:
                exchange.transfer(KEY, other, wallet, ASSET, free)

    def _deposit(self, step: Step) -> None:
        self._gather()
        exchange, wallet, _ = self._coins()
        exchange.deposit(KEY, wallet, ASSET, Decimal(step.given["amount"]))

    def _withdraw(self, step: Step) -> None:
        self._gather()
        exchange, wallet, free = self._coins()
        amount = _share(free, step)
        exchange.withdraw(KEY, wallet, ASSET, amount, pending_s=int(step.given.get("pending_s", "0")))

    def _trade(self, step: Step) -> None:
        self._gather()
        exchange, wallet, free = self._coins()
        share = Decimal(step.given["share"])
        listing = next(
            listing
            for listing in exchange.listings.values()
            if listing.market is MarketType.SPOT and (listing.asset, listing.quote) == (ASSET, "USDT")
        )
        quantity = floor_to(abs(share) * free, listing.quantity_step)
        spot = exchange.layout.spot
        if share < 0 and wallet != spot:
            exchange.transfer(KEY, wallet, spot, ASSET, quantity)
        side = Side.BUY if share > 0 else Side.SELL
        exchange.submit(KEY, NewOrder(listing_key=listing.key, side=side, kind=OrderKind.MARKET, quantity=quantity))

    def _shift(self, step: Step) -> None:
        exchange = self._stage.world.venues[self._scene.coins_exchange].exchange
        first, second = wallets_to_shift(self._scene)
        back = exchange.account(KEY).balance(second, ASSET).free
        if back:
            exchange.transfer(KEY, second, first, ASSET, back)
        else:
            exchange.transfer(KEY, first, second, ASSET, _share(exchange.account(KEY).balance(first, ASSET).free, step))

    def _earn(self, step: Step) -> None:
        exchange, wallet, free = self._coins()
        share = Decimal(step.given["share"])
        if share > 0:
            exchange.earn_subscribe(KEY, "flexible", ASSET, _share(free, step), wallet=wallet)
        else:
            held = exchange.account(KEY).earn_held("flexible", ASSET)
            exchange.earn_redeem(KEY, "flexible", ASSET, _share(held, step), 0, wallet=wallet)

    def _foreign(self, step: Step) -> None:
        exchange, listing = self._short_exchange, self._short_listing
        share, held = Decimal(step.given["share"]), abs(self._truth.position)
        side = Side.BUY if share > 0 else Side.SELL
        mark = exchange.mark(listing.key)
        exchange.submit(
            KEY,
            NewOrder(
                listing_key=listing.key,
                side=side,
                kind=OrderKind.LIMIT,
                tif=TimeInForce.IOC,
                quantity=floor_to(abs(share) * held, listing.quantity_step),
                price=floor_to(mark * (1 + side.sign * Decimal("0.01")), listing.price_tick),
                reduce_only=side is Side.BUY,
            ),
        )

    # What goes wrong on the way, and at the venues

    def _fault(self, step: Step) -> None:
        given, edit = step.given, None
        if "field" in given:
            factor = given["factor"]
            edit = Edit(field=given["field"], factor=Decimal(factor) if factor else None)
        self._faults.add(
            Fault(
                venue=step.exchange,
                path=given["path"],
                kind=FaultKind(given["kind"]),
                method=given.get("method"),
                count=int(given["count"]),
                delay_s=float(given.get("delay_s", "0")),
                for_s=float(given["for_s"]) if "for_s" in given else None,
                edit=edit,
            )
        )

    def _outage(self, step: Step) -> None:
        kind, for_s = FaultKind(step.given["kind"]), float(step.given["for_s"])
        self._faults.add(Fault(venue=step.exchange, path=ANY_PATH, kind=kind, for_s=for_s))

    def _stream(self, step: Step) -> None:
        given = step.given
        self._stage.world.stream_faults.add(
            StreamFault(
                venue=step.exchange,
                kind=StreamFaultKind(given["kind"]),
                count=int(given["count"]) if "count" in given else None,
                for_s=float(given["for_s"]) if "for_s" in given else None,
            )
        )

    def _skew(self, step: Step) -> None:
        self.skew_ms[step.exchange] = int(step.given["ms"])
        self._later(step, lambda: self.skew_ms.pop(step.exchange, None))

    # The host

    def _stop(self) -> None:
        process = self._stage.process
        if process.bot is None or not process.alive:
            self._stage.cut()
        else:
            process.bot.daemon.stop()
            self._tell(Kind.PROCESS, "stopping", process.number)

    def _pause(self, step: Step) -> None:
        process = self._stage.process
        self._loop.hold(lambda context: _runs(context, process))
        clock = self.clocks.get(process.number)
        if step.given["clock"] == "lost" and clock is not None:
            clock.off_ms -= round(float(step.given["for_s"]) * 1000)
            self._after(RESTARTED_AFTER_S, lambda: self._restart(process))
        self._later(step, self._loop.release)

    def _restart(self, process: Process) -> None:
        if process is self._stage.process:
            self._stop()

    def _host_clock(self, step: Step) -> None:
        self.host_ms = int(step.given["ms"])
        self._later(step, lambda: setattr(self, "host_ms", 0))

    def _disk(self, step: Step) -> None:
        self._broken = step.given["how"]
        self._later(step, lambda: setattr(self, "_broken", ""))

    def _resume(self) -> None:
        with SqlJournal.open_beside(self._stage.journal_path) as journal:
            cleared = journal.clear_halts(self._stage.clock.now_ms())
        self._truth.committed()
        if cleared and self._truth.excused != ForcedCause.SETTLEMENT:  # a contract that is gone stays gone
            self._truth.excused = ""

    def _later(self, step: Step, end: Callable[[], object]) -> None:
        self._after(float(step.given["for_s"]), end, said=f"{step.act.value} ended")

    def _after(self, seconds: float, end: Callable[[], object], *, said: str = "") -> None:
        async def wait() -> None:
            await asyncio.sleep(seconds)
            end()
            if said:
                self._tell(Kind.FAULT, said)

        task = asyncio.get_running_loop().create_task(wait())
        self._ends.add(task)
        task.add_done_callback(self._ends.discard)


def _runs(context: Context, process: Process) -> bool:
    running = context.get(RUNNING)
    return running is not None and running[0] is process


def _share(free: Decimal, step: Step) -> Decimal:
    return floor_to(abs(Decimal(step.given["share"])) * free, PLACES)
