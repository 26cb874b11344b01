"""The margin is watched in every turn, whatever else happens, and a step never keeps the hedge for ever (R25, R27)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal as D

import pytest

from bot.core.ladder_steps import Missing, Reduce, Step, TopUp
from bot.core.observation import Surplus
from bot.core.situation import Memory
from bot.domain.errors import BotError, InvariantBroken, VenueBusy, VenueUnreachable
from bot.domain.instrument import Instrument
from bot.domain.ladder import LadderPolicy, LadderStep, StepKind, StepRecord, StepState
from bot.domain.observation import Margin, Position, Prices, Stamp, Unknown, VenueObservation
from bot.runtime.executor import NotSent
from bot.runtime.ladder import PAUSE_MS, Ladder
from bot.runtime.ladder_look import Engaged, Look
from bot.runtime.ladder_steps import OVER, Said
from bot.runtime.reconciled import Reconciled
from tests.core.instruments import INVERSE, LINEAR, MAIN, PERP, POLICY, USDT, position_of
from tests.core.ladders import NOW_MS, step

ON = LadderPolicy(top_up=True, reduce=True)
ADDS = TopUp(amount=D(53_008), short_of=D(0))
SHRINKS = Reduce(contracts=D("0.2"), coins=D("0.2"), short_of=D(0))


@dataclass
class Around:
    """Everything around a ladder: clock, venue, journal, memory and stepper, each as told."""

    time_ms: int = NOW_MS
    asked: int = 0
    fails: BotError | None = None
    chosen: Step = ADDS
    says: Said | BotError = ("under way", True)
    newest: StepRecord | None = None
    alarms: list[tuple[str, str]] = field(default_factory=list)
    halts: list[str] = field(default_factory=list)
    begun: list[Step] = field(default_factory=list)
    carried: int = 0
    abandoned: bool = True
    only_moves: bool = True
    book: bool = True
    buys: bool = False
    stuck: BotError | None = None
    decided: Memory = field(default_factory=Memory)

    # The clock, the venue, the journal

    def now_ms(self) -> int:
        return self.time_ms

    async def maintenance(self, symbol: str, notional: D) -> tuple[D, D]:
        del symbol, notional
        self.asked += 1
        if self.fails is not None:
            raise self.fails
        return D("0.004"), D(0)

    def newest_step(self, venue: str, symbol: str) -> StepRecord | None:
        assert (venue, symbol) == (MAIN, PERP)
        return self.newest

    # The memory

    def alarm(self, event: str, **values: object) -> None:
        del event
        self.alarms.append((str(values["code"]), str(values["reason"])))

    def halt(self, code: str, reason: str) -> None:
        self.halts.append(f"{code}: {reason}")

    # The stepper

    async def resolve(self, of: LadderStep | None, position: object) -> None:
        del of, position
        if self.stuck is not None:
            raise self.stuck

    async def choose(self, seen: object) -> Step:
        del seen
        if isinstance(self.says, BotError):
            raise self.says
        return self.chosen

    def ready(self, seen: object) -> bool:
        del seen
        return self.book

    async def begin(self, chosen: Step, seen: object, ratio: D) -> Said:
        del seen
        assert ratio < 2
        self.begun.append(chosen)
        assert not isinstance(self.says, BotError)
        return self.says

    async def carry_on(self, record: StepRecord, seen: object) -> Said:
        del record, seen
        self.carried += 1
        if isinstance(self.says, BotError):
            raise self.says
        return self.says

    def abandon(self, record: StepRecord, why: str) -> bool:
        del record, why
        return self.abandoned

    def only_moves_left(self, of: LadderStep) -> bool:
        del of
        return self.only_moves

    def buys_left(self, of: LadderStep) -> bool:
        del of
        return self.buys

    @property
    def codes(self) -> list[str]:
        return [code for code, _ in self.alarms]


@pytest.fixture
def around() -> Around:
    return Around()


def ladder(around: Around, *, policy: LadderPolicy = ON, dry: bool = False, instrument: Instrument = LINEAR) -> Ladder:
    return Ladder(
        policy=replace(POLICY, ladder=policy),
        instrument=instrument,
        venue=around,  # type: ignore[arg-type]
        journal=around,  # type: ignore[arg-type]
        stepper=None if dry else around,  # type: ignore[arg-type]
        clock=around,  # type: ignore[arg-type]
        memory=around,  # type: ignore[arg-type]
    )


def look(
    around: Around,
    mark: str = "140000",
    *,
    contracts: str = "-1",
    told: str | None = "199203.19",
    index: str | None = None,
    waiting: str = "",
    quiet: str = "",
    abandon: bool = False,
    position: Position | Unknown | None = None,
) -> Look:
    """A short of 1 BTC, entered at 100,000 with as much behind it."""
    stamp = Stamp(sent_ms=around.time_ms - 50, answered_ms=around.time_ms)
    short = replace(
        position_of(contracts, stamp),
        entry_price=D(100_000),
        isolated_wallet=D(100_000),
        liquidation_price=None if told is None else D(told),
    )
    prices = Prices(
        symbol=PERP, mark=D(mark), index=D(index or mark), bid=D(mark), ask=D(mark), funding_rate=None, stamp=stamp
    )
    margin = Margin(asset=USDT, wallet=D(0), available=D(0), stamp=stamp)
    observed = VenueObservation(
        venue=MAIN,
        stamp=stamp,
        holdings={},
        positions={PERP: short},
        prices={PERP: prices},
        margins={PERP: margin},
        configs={},
    )
    return Look(
        observed=observed,
        position=position or short,
        holdings=(),
        reconciled=Reconciled(anchor=None, waiting=waiting, unfilled=()),
        recent=(),
        quiet=quiet,
        abandon=abandon,
        stopping=lambda: False,
    )


def opened(around: Around, kind: StepKind = StepKind.TOP_UP, *, age_ms: int = 0) -> StepRecord:
    begun = replace(step(kind), created_ms=around.time_ms - age_ms)
    return StepRecord(step=begun, state=StepState.OPEN, detail="", updated_ms=begun.created_ms)


async def test_far_from_it_nothing_is_said_and_nothing_done(around: Around) -> None:
    assert await ladder(around).turn(look(around, "110000")) is None
    assert (around.alarms, around.begun) == ([], [])


@pytest.mark.parametrize(("mark", "code"), [("133000", "low"), ("160000", "critical")])
async def test_r27_alarms_come_in_every_turn_whatever_is_switched_on(around: Around, mark: str, code: str) -> None:
    around.chosen = Missing(amount=D(1), why="nothing is free")
    for policy in (ON, LadderPolicy()):
        for given in ({}, {"quiet": "halted"}, {"waiting": "an order is unknown"}):
            around.alarms.clear()
            await ladder(around, policy=policy).turn(look(around, mark, **given))  # type: ignore[arg-type]
            assert code in around.codes
    around.alarms.clear()
    assert await ladder(around, dry=True).turn(look(around, mark)) is None
    assert around.codes == [code]


async def test_a_step_begins_and_the_decision_waits(around: Around) -> None:
    engaged = await ladder(around).turn(look(around))
    assert engaged == Engaged(reason="under way", again_s=D(0))
    assert around.begun == [ADDS]
    assert "53,008.00 USDT are added" in around.alarms[-1][1]


@pytest.mark.parametrize("given", [{"quiet": "a person said pause"}, {"told": None}, {"told": "150000"}])
async def test_nothing_begins_where_it_must_not(around: Around, given: dict[str, str]) -> None:
    assert await ladder(around).turn(look(around, **given)) is None  # type: ignore[arg-type]
    assert not around.begun


async def test_r27_no_liquidation_price_is_unknown_and_told_at_the_third_reading(around: Around) -> None:
    watching = ladder(around)
    for expected in ([], [], ["unknown"]):
        await watching.turn(look(around, told=None))
        assert around.codes == expected
    await watching.turn(look(around, "110000"))
    around.alarms.clear()
    await watching.turn(look(around, told=None))
    assert not around.alarms, "one reading that fails is none"


async def test_r27_a_figure_that_is_not_ours_is_told_where_it_is_near(around: Around) -> None:
    await ladder(around).turn(look(around, told="150000"))
    assert around.codes == ["low"]


async def test_r8_a_bracket_that_can_not_be_read_leaves_the_venues_figure(around: Around) -> None:
    around.fails = VenueUnreachable("no answer", venue=MAIN, operation="read brackets")
    await ladder(around).turn(look(around))
    assert around.codes == ["low"]
    assert not around.begun


async def test_the_bracket_is_read_seldom(around: Around) -> None:
    watching = ladder(around)
    for mark in ("110000", "111000", "110000"):
        await watching.turn(look(around, mark))
    assert around.asked == 1
    around.time_ms += 3_600_000
    await watching.turn(look(around, "110000"))
    assert around.asked == 2


async def test_r12_a_price_that_nothing_confirms_alarms_and_moves_no_money(around: Around) -> None:
    assert await ladder(around).turn(look(around, index="110000")) is None
    assert around.codes == ["low"]


@pytest.mark.parametrize(("contracts", "instrument"), [("0", LINEAR), ("1", LINEAR), ("-1", INVERSE)])
async def test_r28_what_is_no_linear_short_needs_none(around: Around, contracts: str, instrument: Instrument) -> None:
    assert await ladder(around, instrument=instrument).turn(look(around, contracts=contracts)) is None
    assert not around.alarms
    assert not around.asked


async def test_a_position_that_is_not_known_freezes_the_hedge_which_says_so(around: Around) -> None:
    unknown = Unknown(what="position", reason="HTTP 503")
    assert await ladder(around).turn(look(around, position=unknown)) is None
    around.newest = opened(around)
    engaged = await ladder(around).turn(look(around, position=unknown))
    assert engaged is not None
    assert not around.carried


async def test_what_is_missing_is_told_and_nothing_waits_for_it(around: Around) -> None:
    around.chosen = Missing(amount=D(53008), why="500 USDT are free")
    assert await ladder(around).turn(look(around)) is None
    assert "53,008.00 USDT of margin are missing, 500 USDT are free" in dict(around.alarms)["missing"]
    around.alarms.clear()
    around.chosen = Missing(amount=D(0), why="")
    assert await ladder(around).turn(look(around)) is None
    assert around.codes == ["low"]


async def test_r18_a_reduction_waits_for_what_is_open_and_for_the_book(around: Around) -> None:
    around.chosen = SHRINKS
    assert await ladder(around).turn(look(around, waiting="an order is unknown")) is None
    around.decided = Memory(surplus=Surplus(since_ms=NOW_MS, seen_ms=NOW_MS, exposure_max=D(1), principal_max=D(1)))
    assert await ladder(around).turn(look(around)) is None, "the short is too large already"
    around.decided = Memory()
    around.book = False
    engaged = await ladder(around).turn(look(around))
    reason = "a reduction is due; order book and configuration are read before it begins"
    assert engaged == Engaged(reason=reason, again_s=D(0))
    told = look(around)
    failed = replace(told.observed, configs={PERP: Unknown(what="configuration", reason="no answer")})
    assert await ladder(around).turn(replace(told, observed=failed)) == Engaged(reason=reason, again_s=D(2))
    assert not around.begun
    around.book = True
    await ladder(around).turn(look(around))
    assert around.begun == [SHRINKS]
    assert "0.2 contracts are bought back and 0.2 BTC sold" in around.alarms[-1][1]


@pytest.mark.parametrize("kind", list(StepKind))
@pytest.mark.parametrize("chosen", [ADDS, SHRINKS])
async def test_after_a_step_that_failed_the_next_one_waits(around: Around, kind: StepKind, chosen: Step) -> None:
    over = replace(opened(around), step=step(kind), state=StepState.FAILED, updated_ms=NOW_MS)
    around.newest, around.chosen = over, chosen
    again = kind is StepKind.REDUCTION and chosen is SHRINKS
    around.time_ms = NOW_MS + PAUSE_MS[StepKind.REDUCTION if again else StepKind.TOP_UP] - 1
    assert await ladder(around).turn(look(around)) is None
    around.time_ms += 1
    assert await ladder(around).turn(look(around)) is not None


async def test_an_open_step_is_carried_on_before_anything_else(around: Around) -> None:
    around.newest = opened(around)
    assert await ladder(around).turn(look(around, "110000")) == Engaged(reason="under way", again_s=D(0))
    around.says = OVER
    assert await ladder(around).turn(look(around, "110000")) is None
    assert (around.carried, around.begun) == (2, [])


async def test_a_paused_step_is_left_and_an_unwound_one_ends(around: Around) -> None:
    around.newest, around.buys = opened(around), True
    engaged = await ladder(around).turn(look(around, quiet="a person said pause"))
    assert engaged is not None
    assert "pause" in engaged.reason
    for gone in (look(around, quiet="unwind", abandon=True), look(around, contracts="0")):
        assert await ladder(around).turn(gone) is None
        around.abandoned = False
        assert await ladder(around).turn(gone) is not None
        around.abandoned = True
    assert not around.carried


async def test_an_unwind_waits_for_a_steps_buys_and_for_no_move(around: Around) -> None:
    around.newest, around.abandoned = opened(around), False
    unwound = look(around, quiet="unwind", abandon=True)
    assert await ladder(around).turn(unwound) is None, "only a move is left, which can't change the short"
    around.buys = True
    assert await ladder(around).turn(unwound) is not None
    around.stuck = VenueUnreachable("no answer", venue=MAIN, operation="read moves")
    assert await ladder(around).turn(unwound) is not None
    around.buys = False
    assert await ladder(around).turn(replace(unwound, position=look(around, contracts="0").position)) is None


@pytest.mark.parametrize(
    "fault",
    [
        NotSent("the bot is stopping"),
        VenueBusy("banned", venue=MAIN, operation="move", retry_at_ms=0),
        VenueUnreachable("no answer", venue=MAIN, operation="read moves"),
    ],
)
async def test_a_fault_on_the_way_is_no_end(around: Around, fault: BotError) -> None:
    around.newest, around.says = opened(around), fault
    engaged = await ladder(around).turn(look(around))
    assert engaged is not None
    assert fault.message in engaged.reason


async def test_a_fault_before_the_first_part_is_told(around: Around) -> None:
    around.says = VenueUnreachable("no answer", venue=MAIN, operation="read what is free")
    assert await ladder(around).turn(look(around)) is None
    assert "unread" in around.codes


async def test_a_contradiction_halts(around: Around) -> None:
    around.newest, around.says = opened(around), InvariantBroken("two moves at once")
    assert await ladder(around).turn(look(around)) is not None
    assert around.halts == ["invariant: two moves at once"]


@pytest.mark.parametrize(
    "says", [("a move is unknown", False), VenueUnreachable("no answer", venue=MAIN, operation="read moves")]
)
@pytest.mark.parametrize(("kind", "within_s"), [(StepKind.TOP_UP, 120), (StepKind.REDUCTION, 900)])
async def test_a_move_whose_end_nobody_learns_does_not_keep_the_hedge_for_ever(
    around: Around, kind: StepKind, within_s: int, says: Said | BotError
) -> None:
    around.newest, around.says = opened(around, kind, age_ms=within_s * 1_000), says
    assert await ladder(around).turn(look(around)) is not None
    around.time_ms += 1
    assert await ladder(around).turn(look(around)) is None
    assert "stuck" in around.codes
    around.only_moves = False
    assert await ladder(around).turn(look(around)) is not None, "an order of the step is still open"
