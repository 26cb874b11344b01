"""Funding payments over the paper exchange, with the whole daemon: recorded once, judged, told."""

from __future__ import annotations

from decimal import Decimal as D
from pathlib import Path

import pytest

from bot.domain.funding import FundingPayment
from bot.domain.ids import Symbol, VenueName
from bot.journal.store import SqlJournal
from tests.sim.stage import Stage, default_settings, doors
from tests.venue.wire import run_virtual

MAIN = VenueName("main")
PERP = Symbol("BTC/USDT:USDT")
HOUR_S = 3600


def payments(stage: Stage) -> list[FundingPayment]:
    with SqlJournal.open_readonly(stage.journal_path) as journal:
        return list(journal.funding(MAIN, PERP, 0))


async def settle(stage: Stage, rate: str) -> None:
    """Let the venues settle at the next full hour, and the bot read it."""
    left_ms = HOUR_S * 1000 - stage.clock.now_ms() % (HOUR_S * 1000)
    await stage.run(left_ms / 1000 + 1)
    stage.world.settle_funding("BTC", D(rate))
    await stage.run(300)


@pytest.mark.parametrize("exchange", ["binance", "okx", "kucoin"])
def test_every_payment_is_recorded_once_over_restarts(tmp_path: Path, exchange: str) -> None:
    async def story() -> None:
        stage = Stage(tmp_path, exchange=exchange, settings="interval_s = 30\n" + default_settings(exchange))
        stage.start()
        await stage.run(60)
        await settle(stage, "-0.0001")
        stage.restart()
        await settle(stage, "0.0002")
        stage.restart()
        await settle(stage, "-0.00005")
        kept = payments(stage)
        await stage.close()
        earned = [payment.amount for payment in kept]
        assert [payment.short is not None and payment.mark is not None for payment in kept] == [True] * 3
        assert [(one > 0) for one in earned] == [False, True, False]
        assert [round(one / earned[0], 2) for one in earned] == [D(1), D(-2), D("0.5")]
        assert len({payment.reference for payment in kept}) == 3

    with doors():
        run_virtual(story)
