"""Stablecoin hedges under simulation: seeds that hold, and oracles that notice a bot which is broken on purpose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from bot.core import owned as core_owned
from bot.domain.exits import Crossing, CrossingCause, CrossingKind, CrossingRecord, CrossingState
from bot.domain.ids import Asset, HedgeName, VenueName
from bot.domain.proceeds import CrossingId, Flow, WriteOff
from tests.sim.exits import BACK_USD, EXIT_USD, ROUND_TRIPS, SLICE, ExitScene, simulate_exits
from tests.sim.oracles_exits import ExitTruth, SeldomBack, exit_oracles
from tests.sim.oracles_pairs import PairOracle
from tests.sim.pair_simulation import PairResult
from tests.sim.runner import EXITS, exit_judges, run_seed
from tests.sim.schedule import Act, Step
from tests.sim.trace import Violation

HOURS = Decimal("0.06")
SCENE = ExitScene(
    seed=1, hours=Decimal("0.05"), exchanges=("binance", ""), fee=Decimal("0.001"), coins=Decimal(1), paired=True
)


def price(at_s: int, price: str, asset: str = "BTC") -> Step:
    """In US dollars."""
    return Step(at_ms=at_s * 1000, act=Act.PRICE, exchange="", given={"asset": asset, "price": price})


FALL = (price(60, "86000"),)


def play(steps: Sequence[Step], judges: Callable[[], Sequence[PairOracle]] = exit_judges) -> PairResult:
    return simulate_exits(SCENE, steps, judges)


@pytest.mark.parametrize("seed", [11, 27])
def test_a_seed_holds(seed: int) -> None:
    """On two exchanges, with a short beside and without."""
    assert seed % 8 == EXITS
    result = run_seed(seed, HOURS)
    assert result.violation is None
    assert result.turns > 15


def test_what_the_mutants_are_tried_on_holds() -> None:
    assert play(FALL).violation is None


def crossing(number: int, kind: CrossingKind, cause: CrossingCause) -> CrossingRecord:
    """One that is over."""
    begun = Crossing(
        crossing_id=CrossingId(str(number)),
        hedge=HedgeName("calm"),
        venue=VenueName("main"),
        asset=Asset("BTC"),
        kind=kind,
        cause=cause,
        coins=Decimal(0),
        source=None,
        target=None,
        reason="why",
        created_ms=number,
    )
    return CrossingRecord(
        crossing=begun,
        state=CrossingState.DONE,
        coins_done=Decimal(1),
        quote_done=Decimal(1),
        detail="",
        updated_ms=number,
    )


def test_x1_notices_one_way_back_too_many(tmp_path: Path) -> None:
    truth = ExitTruth({}, tmp_path / "none", "", {}, {}, lambda: 0)
    by_hand = [crossing(number, CrossingKind.ENTER, CrossingCause.HAND) for number in range(9)]
    back = [crossing(number, CrossingKind.ENTER, CrossingCause.SIGNAL) for number in range(ROUND_TRIPS)]
    truth.crossings = [*by_hand, *back]
    SeldomBack(ROUND_TRIPS).after("", truth)
    truth.crossings = [*truth.crossings, replace(back[0])]
    with pytest.raises(Violation, match="X1"):
        SeldomBack(ROUND_TRIPS).after("", truth)


def test_x2_notices_slices_that_are_larger_than_allowed() -> None:
    def strict() -> Sequence[PairOracle]:
        return exit_oracles(round_trips=ROUND_TRIPS, slice_notional=SLICE / 10, exit_usd=EXIT_USD, back_usd=BACK_USD)

    found = play(FALL, strict).violation
    assert found is not None
    assert found[0] == "X2"


def test_x3_notices_money_of_others_that_is_spent(monkeypatch: pytest.MonkeyPatch) -> None:
    real = core_owned.owned

    def generous(coin: Asset, flows: Sequence[Flow], write_offs: Sequence[WriteOff]) -> dict[Asset, Decimal]:
        found = real(coin, flows, write_offs)
        return {asset: amount + 4_000 for asset, amount in found.items()}

    steps = (*FALL, price(100, "0.95", "USDC"))
    scene = replace(SCENE, hours=Decimal("0.1"), paired=False)
    assert simulate_exits(scene, steps, exit_judges).violation is None
    monkeypatch.setattr(core_owned, "owned", generous)
    found = simulate_exits(scene, steps, exit_judges).violation
    assert found is not None
    assert found[0] == "X3"


def test_x4_notices_an_exit_at_a_price_that_was_no_reason() -> None:
    def strict() -> Sequence[PairOracle]:
        return exit_oracles(round_trips=ROUND_TRIPS, slice_notional=SLICE, exit_usd=EXIT_USD / 2, back_usd=BACK_USD)

    found = play(FALL, strict).violation
    assert found is not None
    assert found[0] == "X4"
