"""What a story is told with: the whole bot on a stage, the wire in between, and what is true at the exchange."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import WSMessage

from bot.domain.intent import IntentRecord, IntentState
from bot.domain.numbers import floor_to
from bot.domain.plan import Plan, Verdict
from bot.paper import local_socket
from bot.paper.engine.defaults import Starting
from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import NewOrder, Order, OrderKind, Side, TimeInForce
from bot.paper.faults import Fault, FaultKind
from bot.paper.wire.channel import Frame, Text
from bot.runtime.alarms import LogAlarms
from tests.catalogue.places import PLACES, RICH, Place
from tests.catalogue.wire import Rule, Wire
from tests.sim.doors import Point
from tests.sim.stage import KEY, Stage, default_settings

ZERO: Final = Decimal(0)


_message = local_socket._message


class Tale:
    """One story on one exchange. `begin` raises the curtain.

    Attributes:
        alarms: everything that a person was told, with the time.
        heard: every frame that came over a stream.
        patch: undone at the end.
    """

    def __init__(self, folder: Path, exchange: str) -> None:
        self.folder = folder
        self._stack = ExitStack()
        self.patch = self._stack.enter_context(pytest.MonkeyPatch.context())
        self.place: Place = PLACES[exchange]
        self.heard: list[str] = []
        self.alarms: list[tuple[int, str, Mapping[str, object]]] = []
        self._stage: Stage | None = None
        self._wire: Wire | None = None

    @property
    def stage(self) -> Stage:
        """The stage, once it is set."""
        assert self._stage is not None
        return self._stage

    @property
    def wire(self) -> Wire:
        """Between the bot and the exchange."""
        assert self._wire is not None
        return self._wire

    def set_stage(
        self,
        *,
        settings: str | None = None,
        extra: str = "",
        starting: Mapping[str, Starting] = RICH,
        point: Point = lambda _process, _name: None,
        **world: Any,  # noqa: ANN401 - what `default_world` takes
    ) -> None:
        """Make the world. Nothing runs yet.

        Args:
            settings: the TOML text; None: one BTC hedge on the exchange.
            extra: more lines for that hedge.
            starting: what new accounts hold.
            point: see `Stage`.
            **world: see `default_world`.
        """
        name = self.place.exchange
        text = default_settings(name, extra=extra) if settings is None else settings
        self._stage = Stage(self.folder, exchange=name, settings=text, starting=starting, point=point, **world)
        self._wire = Wire(self._stage.world)
        alarms, clock = self.alarms, self._stage.clock

        def alarm(_alarms: LogAlarms, event: str, **values: object) -> None:
            alarms.append((clock.now_ms(), event, values))

        self.patch.setattr(LogAlarms, "alarm", alarm)
        self.patch.setattr(local_socket, "_message", self._hear)

    def _hear(self, frame: Frame) -> WSMessage:
        if isinstance(frame, Text):
            self.heard.append(frame.text)
        return _message(frame)

    async def begin(self, **given: Any) -> None:  # noqa: ANN401 - what `set_stage` takes
        """Set the stage, unless it is set, and start the bot."""
        if self._stage is None:
            self.set_stage(**given)
        self.stage.start()

    async def close(self) -> None:
        """End the bot."""
        try:
            if self._stage is not None and self._stage.processes:
                await self._stage.close()
        finally:
            self._stack.close()

    # What happens

    async def run(self, seconds: float) -> None:
        """Let time pass."""
        await self.stage.run(seconds)

    async def alone(self, seconds: float) -> None:
        """Let time pass without a supervisor: a process that has ended is not started again."""
        await self.stage.clock.sleep(seconds)

    async def balanced(self, short: str | Decimal = "1", *, within_s: float = 60) -> bool:
        """Run until the true short is so many coins, and the bot knows it. Returns whether that came."""
        wanted = Decimal(short)
        return await self.stage.until(
            lambda _: self.short == wanted and self.verdict is Verdict.BALANCED and not self.open_intents,
            within_s=within_s,
        )

    async def hedged(self, short: str | Decimal = "1", *, within_s: float = 60) -> None:
        """The beginning of most stories: the bot has hedged, and knows it."""
        if self._stage is None or not self.stage.processes:
            await self.begin()
        if not await self.balanced(short, within_s=within_s):
            raise RuntimeError(f"the story did not begin: short {self.short}, {self.told}, {self.stage.starts_failed}")

    def deposit(self, amount: str, *, asset: str = "BTC", wallet: str = "") -> None:
        """Coins arrive in a wallet, or leave it."""
        self.exchange.deposit(KEY, wallet or self.place.spot, asset, Decimal(amount))

    def fault(
        self,
        kind: FaultKind,
        path: str,
        *,
        method: str | None = None,
        count: int | None = None,
        delay_s: float = 0,
        for_s: float | None = None,
    ) -> None:
        """Plan a fault of the paper exchange; see `Fault`."""
        venue = self.place.exchange
        self.stage.world.faults.add(
            Fault(venue=venue, path=path, kind=kind, method=method, count=count, delay_s=delay_s, for_s=for_s)
        )

    def order_fault(self, kind: FaultKind, *, count: int = 1, delay_s: float = 0) -> None:
        """Plan a fault for the next orders."""
        self.fault(kind, self.place.order, method="POST", count=count, delay_s=delay_s)

    def lay(self, rule: Rule) -> None:
        """Change what passes the wire."""
        self.wire.lay(rule)

    def trade(self, side: Side, coins: str, *, client_id: str = "", reduce_only: bool = False) -> None:
        """Somebody else trades on the account: a person, or the venue itself."""
        self.exchange.submit(
            KEY,
            NewOrder(
                listing_key=f"linear:{self.place.linear}",
                side=side,
                kind=OrderKind.MARKET,
                quantity=Decimal(coins) * self.place.per_coin,
                tif=TimeInForce.IOC,
                client_id=client_id,
                reduce_only=reduce_only,
            ),
        )

    def listed_as(self, **rules: Any) -> None:  # noqa: ANN401 - fields of a listing
        """From now on the perpetual has these rules at the exchange."""
        floor, key = self.exchange._floor, f"linear:{self.place.linear}"
        floor._listings[key] = replace(floor._listings[key], **rules)
        floor._moves += 1

    def orders_rest(self, factor: str) -> None:
        """From now on the venue lets orders rest in the book, at the mark times a factor."""
        submit, key = self.exchange.submit, f"linear:{self.place.linear}"

        def resting(account: str, order: NewOrder) -> Order:
            tick = self.exchange.listing(key).price_tick
            price = floor_to(self.exchange.mark(key) * Decimal(factor), tick)
            return submit(account, replace(order, tif=TimeInForce.GTC, price=price))

        setattr(self.exchange, "submit", resting)  # noqa: B010 - stands in for the exchange's own

    # What is true

    @property
    def exchange(self) -> Exchange:
        """The exchange itself."""
        return self.stage.exchange

    @property
    def short(self) -> Decimal:
        """In coins; negative when it is a long. Both sides of hedge mode together."""
        positions = self.exchange.account(KEY).positions()
        contracts = [position.contracts for position in positions if position.symbol == self.place.linear]
        return -sum(contracts, ZERO) / self.place.per_coin

    @property
    def orders(self) -> Sequence[Order]:
        """Every order on the perpetual that the exchange ever accepted, oldest first."""
        return self.exchange.account(KEY).orders(f"linear:{self.place.linear}")

    def traded(self, side: Side) -> Decimal:
        """Coins that ever traded on one side."""
        return sum((order.filled for order in self.orders if order.side is side), ZERO) / self.place.per_coin

    @property
    def sold(self) -> Decimal:
        """Coins ever sold."""
        return self.traded(Side.SELL)

    @property
    def bought(self) -> Decimal:
        """Coins ever bought back."""
        return self.traded(Side.BUY)

    # What the bot believes

    @property
    def plan(self) -> Plan | None:
        """The newest plan; None before the first one."""
        return self.stage.plans[-1][1] if self.stage.plans else None

    @property
    def verdict(self) -> Verdict | None:
        """Of the newest plan."""
        return None if self.plan is None else self.plan.verdict

    @property
    def told(self) -> str:
        """What the newest plan says."""
        return "nothing" if self.plan is None else f"{self.plan.verdict}: {self.plan.reason}"

    @property
    def intents(self) -> Sequence[IntentRecord]:
        """Everything the journal knows of orders, oldest first."""
        return self.stage.intents()

    @property
    def states(self) -> list[IntentState]:
        """The states of all intents, oldest first."""
        return [record.state for record in self.intents]

    @property
    def open_intents(self) -> list[IntentRecord]:
        """Orders whose end, or whose place in the position, is not known."""
        return [record for record in self.intents if not (record.state.terminal and record.settled)]

    def verdicts(self, since_ms: int = 0) -> set[Verdict]:
        """All verdicts since."""
        return {plan.verdict for at_ms, plan in self.stage.plans if at_ms >= since_ms}

    def alarmed(self, since_ms: int = 0, *, having: Callable[[Mapping[str, object]], bool] = lambda _: True) -> bool:
        """Whether a person was told since."""
        return any(at_ms >= since_ms and having(values) for at_ms, _, values in self.alarms)

    @property
    def now_ms(self) -> int:
        """The time of the stage."""
        return self.stage.clock.now_ms()

    # What always holds

    def never_doubled(self, target: str | Decimal = "1") -> None:
        """No order does what another one did: each has its intent, and no more was sold than was wanted."""
        assert self.short <= Decimal(target), f"sold twice: short {self.short}, wanted {target}"
        known = {record.intent.client_id for record in self.intents}
        assert {order.client_id for order in self.orders} <= known, "an order without its intent"
