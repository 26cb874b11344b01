"""A ban that meets a start: it is waited out by the process that knows of it (no call at all during a ban)."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.paper.faults import Fault, FaultKind
from bot.runtime.virtual import VirtualClock, run_virtual
from tests.sim.stage import Process, Stage, doors

BAN_S = 300.0


@pytest.mark.parametrize("exchange", ["binance", "kucoin"])
def test_a_start_during_a_ban_waits_for_its_end(tmp_path: Path, exchange: str) -> None:
    asked: list[int] = []
    clock = VirtualClock()

    def note(_: Process, name: str) -> None:
        if name.endswith("before it is sent"):
            asked.append(clock.now_ms())

    async def story() -> None:
        stage = Stage(tmp_path, exchange=exchange, point=note)
        stage.world.faults.add(Fault(venue=exchange, path="*", kind=FaultKind.BANNED, for_s=BAN_S))
        stage.start()
        assert await stage.until(lambda stage: bool(stage.plans), within_s=BAN_S + 130)
        assert stage.process.number == 0
        assert stage.starts_failed == []
        await stage.close()

    with doors():
        run_virtual(story())
    during = [at_ms for at_ms in asked if at_ms - asked[0] < BAN_S * 1000]
    # Binance says how long it lasts; KuCoin does not, and is asked again after its usual pause.
    assert len(during) <= (1 if exchange == "binance" else BAN_S / 10)
