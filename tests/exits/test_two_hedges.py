"""Two stablecoin hedges on one account."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D
from pathlib import Path

import pytest

from bot.core.owned import owned
from bot.domain.control import ControlKind
from bot.domain.ids import Asset, HedgeName
from bot.journal.store import SqlJournal
from bot.paper import world
from bot.paper.engine.defaults_binance import BINANCE_LISTINGS
from tests.exits.calm import WALLETS, Calm, play, settings
from tests.exits.test_waiting import FAST, OTHER

USDT = Asset("USDT")


def own(calm: Calm) -> dict[str, D]:
    """USDT of each by the journal."""
    with SqlJournal.open_readonly(calm.stage.journal_path) as journal:
        return {
            name: owned(Asset(coin), journal.flows(HedgeName(name)), journal.write_offs(HedgeName(name)))[USDT]
            for name, coin in (("calm", "BTC"), ("other", "ETH"))
        }


def test_one_withdrawal_is_written_off_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    like = next(each for each in BINANCE_LISTINGS if each.symbol == "ETHUSDT")
    added = replace(like, symbol="ETHUSDC", quote="USDC", settle="USDC")
    kinds = world._KINDS
    more = replace(kinds["binance"], listings=(*BINANCE_LISTINGS, added))
    monkeypatch.setattr(world, "_KINDS", {**kinds, "binance": more})

    async def story(calm: Calm) -> None:
        for hedge in ("calm", "other"):
            calm.say(ControlKind.EXIT, hedge)
        await calm.until(lambda seen: seen.crossed(1), within_s=200)
        await calm.run(30)
        assert min(own(calm).values()) > 10_000
        calm.move("USDT", "-10000")
        await calm.until(lambda seen: seen.told("owned.gone"), within_s=200)
        await calm.run(200)
        assert abs(sum(own(calm).values()) - calm.held("USDT")) < D("0.001")
        assert len([text for _, text in calm.alarms if "owned.gone" in text]) == 1

    money = {"binance": {WALLETS["binance"]: {"BTC": D(1), "ETH": D(10)}}}
    play(story, tmp_path, text=settings("binance", FAST, more=OTHER), money=money)
