"""A power cut at a named point of a scenario: the next process finds what was committed, and must end as well.

Points are told by the stage, without a hook in production code: every request before it is sent, after it took effect
and when its answer (or its loss) arrives; every commit of the journal, by its method, before and after; and the wait
for the rate limits. A reading has no effect, so the points around it are one, at its answer.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bot.domain.ids import ClientOrderId, Symbol, VenueName, epoch_of
from bot.domain.intent import IntentRecord, IntentState
from bot.domain.plan import Verdict
from bot.journal.store import SqlJournal
from bot.paper.engine.defaults import STARTING, Starting
from bot.paper.engine.model import Order, Position, Side
from bot.runtime.virtual import run_virtual
from tests.sim.stage import KEY, RESTART_S, PowerCut, Process, Stage, default_settings, doors

FAST: Final = """
dwell_s = "2"
confirm_s = "0.5"
foreign_grace_s = "4"
proof_grace_s = "2"
proof_spacing_s = "1"
settle_s = "0.5"
"""
"""Waits of a hedge, shorter than the defaults."""
STEP_S: Final = 0.5
OFTEN: Final = {"GET": 1, "POST": 1, "commit remember": 2, "commit record_decision": 2}
"""So often the power is cut at one place, by how its name begins; elsewhere three times."""
QUIET_TURNS: Final = 2
"""So many turns in a row on target and nothing open: it is over."""
WITHIN_S: Final = 60.0
"""A scenario with these waits, a restart and the proof of an absence take less."""
PATIENT_S: Final = 200.0
"""The same with the defaults."""
_SYMBOLS: Final = ("BTC/USDT:USDT", "BTC/USDT")
_WITHOUT_ORDER: Final = frozenset({IntentState.REJECTED, IntentState.NO_EFFECT_PROVEN})


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """The `nth` time that a process comes to a named place."""

    name: str
    nth: int = 1

    def __str__(self) -> str:
        return self.name if self.nth == 1 else f"{self.name} #{self.nth}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Venue:
    """How a venue names what the scenarios touch.

    Attributes:
        order: where orders go.
        coins: the wallet of the coins; `margin` that of the short's margin.
        perpetual: the listing of the short.
        size: coins of a contract.
    """

    order: str
    coins: str
    margin: str
    perpetual: str
    size: Decimal


VENUES: Final[Mapping[str, Venue]] = {
    "binance": Venue(order="/fapi/v1/order", coins="spot", margin="usdm", perpetual="linear:BTCUSDT", size=Decimal(1)),
    "okx": Venue(
        order="/api/v5/trade/order",
        coins="trading",
        margin="trading",
        perpetual="linear:BTC-USDT-SWAP",
        size=Decimal("0.01"),
    ),
    "kucoin": Venue(
        order="/api/v1/orders", coins="trade", margin="futures", perpetual="linear:XBTUSDTM", size=Decimal("0.001")
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What happens, told for any venue.

    Attributes:
        prepare: what is there before the process starts.
        first: the short in coins from which the points begin to count; None: from the start of the process.
        act: what then sets the bot to work.
        at: what happens when a point is reached for the first time, whoever gets there.
        target: the short in coins at the end.
        ceiling: no fill may leave the short above it.
        traded: coins that our orders buy and sell in all: not one more than it takes.
        rests: how the turns are called in which it is over.
        also: what must be so besides, such as margin that was added.
        margin: of the position at the end, give or take a unit of its currency; None: whatever it is.
        coins: that are left in spot; None: whatever it is.
        extra: more settings of the hedge.
        patient: the waits are the defaults.
    """

    name: str
    target: Decimal
    ceiling: Decimal
    traded: Decimal
    prepare: Callable[[Stage], Awaitable[None]] | None = None
    first: Decimal | None = None
    act: Callable[[Stage], None] = lambda _: None
    at: Mapping[str, Callable[[Stage], None]] = field(default_factory=dict)
    starting: Mapping[str, Starting] = field(default_factory=lambda: STARTING)
    rests: Verdict = Verdict.BALANCED
    also: Callable[[Stage], bool] = lambda _: True
    margin: Decimal | None = None
    coins: Decimal | None = None
    extra: str = ""
    patient: bool = False

    def __str__(self) -> str:
        return self.name


@dataclass(slots=True, kw_only=True)
class Ended:
    """How a run ended, on the exchange's own word and the journal's.

    Attributes:
        reached: the points of the first process that counted, in order.
        cuts: how many of the cuts were made.
        started_ms: when the last process first asked or wrote something.
        hedged_s: from then to the target; None: not in time, or something was still open.
        path: the short in coins after each fill of ours.
        margin: of the position, in its settle currency, without what is not realised.
        coins: in spot.
    """

    reached: Sequence[Point]
    cuts: int
    started_ms: int
    hedged_s: float | None
    short: Decimal
    margin: Decimal
    coins: Decimal
    path: Sequence[Decimal]
    traded: Decimal
    orders: Sequence[Order]
    intents: Sequence[IntentRecord]
    halts: Sequence[str]
    failed: Sequence[str]


class _Cuts:
    """Counts the points, and cuts the power at those that were asked for, one in each process."""

    def __init__(self, scenario: Scenario, venue: Venue, cuts: Sequence[Point]) -> None:
        self.stage: Stage | None = None
        self.counting = False
        self.made = 0
        self.reached: list[Point] = []
        self.started_ms: dict[int, int] = {}
        self._scenario = scenario
        self._venue = venue
        self._cuts = cuts
        self._seen: Counter[str] = Counter()
        self._happened: set[str] = set()

    def __call__(self, process: Process, name: str) -> None:
        """A process is at a point."""
        assert self.stage is not None
        self.started_ms.setdefault(process.number, self.stage.clock.now_ms())
        name = self._short(name)
        if not self.counting or not name:
            return
        happening = self._scenario.at.get(name)
        if happening is not None and name not in self._happened:
            self._happened.add(name)
            happening(self.stage)
        self._seen[name] += 1
        here = Point(name, self._seen[name])
        if not self.made:
            self.reached.append(here)
        if self.made < len(self._cuts) and here == self._cuts[self.made]:
            self.made += 1
            self._seen.clear()
            self.stage.cut()
            raise PowerCut

    def _short(self, name: str) -> str:
        """The order's own request by one name on every venue; nothing for the points before a reading's answer."""
        asked, _, when = name.partition(": ")
        if asked == f"POST {self._venue.order}":
            return f"order: {when}"
        if asked.startswith("GET ") and when in {"before it is sent", "took effect"}:
            return ""
        return name


def points(scenario: Scenario, exchange: str) -> list[Point]:
    """Where the power can go: each named place of an undisturbed run, each so often as `OFTEN` says."""
    ended = play(scenario, exchange)
    judge(scenario, ended)
    return [point for point in ended.reached if point.nth <= _most(point.name)]


def _most(name: str) -> int:
    return next((most for begins, most in OFTEN.items() if name.startswith(begins)), 3)


def play(scenario: Scenario, exchange: str, cuts: Sequence[Point] = ()) -> Ended:
    """Run a scenario to its end, with the power cut at each of the points: the second counted in the second process."""
    with TemporaryDirectory() as folder, doors():
        return run_virtual(_play(scenario, exchange, cuts, Path(folder)))


async def _play(scenario: Scenario, exchange: str, cuts: Sequence[Point], folder: Path) -> Ended:
    watch = _Cuts(scenario, VENUES[exchange], cuts)
    stage = Stage(
        folder,
        exchange=exchange,
        settings=_settings(scenario, exchange),
        starting=scenario.starting,
        point=watch,
    )
    watch.stage = stage
    stage.exchange.account(KEY)
    try:
        if scenario.prepare is not None:
            await scenario.prepare(stage)
        watch.counting = scenario.first is None
        stage.start()
        if scenario.first is not None:
            first = scenario.first
            assert await _until(stage, lambda: _settled(stage, watch, first, Verdict.BALANCED), WITHIN_S)
            watch.counting = True
        scenario.act(stage)
        within_s = (PATIENT_S if scenario.patient else WITHIN_S) * (1 + len(cuts))
        hedged_ms = await _to_the_end(scenario, stage, watch, within_s)
        return _ended(VENUES[exchange], stage, watch, hedged_ms)
    finally:
        await stage.close()


def _settings(scenario: Scenario, exchange: str) -> str:
    if scenario.patient:
        return default_settings(exchange, extra=scenario.extra)
    return 'interval_s = "1"\n' + default_settings(exchange, extra=FAST + scenario.extra)


async def _to_the_end(scenario: Scenario, stage: Stage, watch: _Cuts, within_s: float) -> int | None:
    """Run until the scenario has settled, and a little longer; when it came to its target."""
    await _until(stage, lambda: short_of(stage) == scenario.target, within_s)
    hedged_ms = stage.clock.now_ms()
    settled = await _until(
        stage, lambda: scenario.also(stage) and _settled(stage, watch, scenario.target, scenario.rests), within_s
    )
    watch.counting = False
    await stage.run(2.5)  # it stays there
    return hedged_ms if settled else None


async def _until(stage: Stage, holds: Callable[[], bool], within_s: float) -> bool:
    """Run until it holds; a process that lost its power is started again when its supervisor comes round."""
    until_ms = stage.clock.now_ms() + within_s * 1000
    while not holds():
        if stage.clock.now_ms() > until_ms:
            return False
        life = stage.process.life
        assert life is not None
        await asyncio.wait({life}, timeout=STEP_S)
        if life.done():
            await asyncio.sleep(RESTART_S)
            stage.start()
    return True


def _settled(stage: Stage, watch: _Cuts, target: Decimal, rests: Verdict) -> bool:
    """On target, and the newest process has said so in its last turns."""
    process, plans = stage.process, stage.plans[-QUIET_TURNS:]
    if short_of(stage) != target or process.bot is None or not process.alive or len(plans) < QUIET_TURNS:
        return False
    since_ms = watch.started_ms[process.number]
    return all(plan.verdict is rests and at_ms >= since_ms for at_ms, plan in plans)


def short_of(stage: Stage) -> Decimal:
    """The short, in coins."""
    position = position_of(stage)
    return Decimal(0) if position is None else -position.contracts * VENUES[stage.exchange_name].size


def position_of(stage: Stage) -> Position | None:
    """The position that hedges."""
    return stage.exchange.account(KEY).position(VENUES[stage.exchange_name].perpetual.partition(":")[2])


def _ended(venue: Venue, stage: Stage, watch: _Cuts, hedged_ms: int | None) -> Ended:
    account = stage.exchange.account(KEY)
    ours = {order.order_id: order for order in account.orders() if epoch_of(order.client_id) is not None}
    path: list[Decimal] = []
    short = traded = Decimal(0)
    for trade in account.trades(venue.perpetual):
        coins = trade.quantity * venue.size
        short += coins if trade.side is Side.SELL else -coins
        if trade.order_id in ours:
            path.append(short)
            traded += coins
    started_ms = max(watch.started_ms.values())
    position = position_of(stage)
    with SqlJournal.open_readonly(stage.journal_path) as journal:
        intents = [r for symbol in _SYMBOLS for r in journal.recent(VenueName("main"), Symbol(symbol), 0)]
        halts = [halt.reason for halt in journal.halts()]
    return Ended(
        reached=watch.reached,
        cuts=watch.made,
        started_ms=started_ms,
        hedged_s=None if hedged_ms is None else max(hedged_ms - started_ms, 0) / 1000,
        short=short_of(stage),
        margin=Decimal(0) if position is None else position.isolated_wallet,
        coins=account.balance(venue.coins, "BTC").total,
        path=path,
        traded=traded,
        orders=list(ours.values()),
        intents=intents,
        halts=halts,
        failed=stage.starts_failed,
    )


def judge(scenario: Scenario, ended: Ended) -> None:
    """What must hold however often the power went."""
    assert ended.failed == []
    assert ended.halts == []
    assert ended.hedged_s is not None, f"not hedged again in time: {ended.short} of {scenario.target}"
    assert ended.short == scenario.target
    assert max(ended.path, default=Decimal(0)) <= scenario.ceiling, f"over-hedged: {ended.path}"
    assert ended.traded == scenario.traded, f"traded {ended.traded} coins"
    assert scenario.margin is None or abs(ended.margin - scenario.margin) < 1, f"margin of {ended.margin}"
    assert scenario.coins in {None, ended.coins}, f"{ended.coins} coins are left"
    one_intent_each(ended)


def one_intent_each(ended: Ended) -> None:
    """No order is lost, none is doubled, and the journal tells of each what the venue does."""
    by_id = {ClientOrderId(order.client_id): order for order in ended.orders}
    known = {record.intent.client_id: record for record in ended.intents}
    assert len(by_id) == len(ended.orders)
    assert set(by_id) <= set(known)
    for client_id, record in known.items():
        assert record.state.terminal, f"{client_id} is {record.state}"
        assert record.settled, f"{client_id} is not settled"
        assert (client_id in by_id) == (record.state not in _WITHOUT_ORDER), f"{client_id} ended as {record.state}"
        assert record.filled == (by_id[client_id].filled if client_id in by_id else 0)
