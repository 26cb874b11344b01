"""C: what the venue or others set, close or settle on the account (cases 40 to 46)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D
from functools import partial
from typing import Any

import pytest

from bot.core import spot_perp
from bot.core.situation import Memory, Situation
from bot.domain.ids import Symbol
from bot.domain.instrument import MarginMode
from bot.domain.observation import Prices, SymbolConfig, VenueObservation, Wanted
from bot.domain.plan import Plan, Verdict
from bot.runtime import hedger
from bot.venue.gateway import CcxtVenue
from tests.catalogue import mutants
from tests.catalogue.case import case
from tests.catalogue.places import EVERYWHERE
from tests.catalogue.tale import Tale
from tests.catalogue.test_readings import sized, trusts_every_unit
from tests.catalogue.wire import changed, instead
from tests.sim.stage import KEY

SHORT_GRACE = "foreign_grace_s = 10"


def knows_one_mode(patch: pytest.MonkeyPatch) -> None:
    """takes every account for one in one-way mode"""
    observe = CcxtVenue.observe

    async def observing(venue: CcxtVenue, wanted: Wanted) -> VenueObservation:
        seen = await observe(venue, wanted)
        configs = {
            symbol: replace(config, hedged=False) if isinstance(config, SymbolConfig) else config
            for symbol, config in seen.configs.items()
        }
        return replace(seen, configs=configs)

    patch.setattr(CcxtVenue, "observe", observing)


@case(40, mutant=knows_one_mode, shows="naked", on=("binance", "okx"))
async def test_f40_hedge_mode(tale: Tale) -> None:
    """The account is in hedge mode, where orders of one-way mode are refused.

    The mode is read before each order, which then names its side; it is never switched.
    """
    tale.set_stage()
    tale.exchange.set_hedged(KEY, hedged=True)
    await tale.begin()
    done = await tale.balanced()
    assert done, f"naked: {tale.told}"
    tale.deposit("-0.4")
    assert await tale.balanced("0.6", within_s=90)
    assert tale.exchange.account(KEY).hedged
    assert len(tale.wire.sent(tale.place.order)) == 2


def believes_what_it_set(patch: pytest.MonkeyPatch) -> None:
    """takes an answer to a setting for the setting"""
    observe = CcxtVenue.observe
    asked: dict[Symbol, SymbolConfig] = {}

    async def configure(venue: CcxtVenue, symbol: Symbol, leverage: int, margin_mode: MarginMode) -> SymbolConfig:
        await venue._dialect.configure(symbol, leverage, margin_mode)
        asked[symbol] = SymbolConfig(symbol=symbol, leverage=leverage, margin_mode=margin_mode, hedged=False)
        return asked[symbol]

    async def observing(venue: CcxtVenue, wanted: Wanted) -> VenueObservation:
        seen = await observe(venue, wanted)
        return replace(seen, configs={symbol: asked.get(symbol, config) for symbol, config in seen.configs.items()})

    patch.setattr(CcxtVenue, "configure", configure)
    patch.setattr(CcxtVenue, "observe", observing)


@case(41, mutant=believes_what_it_set, shows="traded under settings that nobody asked for")
async def test_f41_setting_without_effect(tale: Tale) -> None:
    """Setting the leverage and the margin mode is answered with success and does nothing; the account stays as it was.

    Settings are read back; a start that can't set them is refused, and no order grows the short under others.
    """
    tale.set_stage()
    for path in ("/fapi/v1/leverage", "/fapi/v1/marginType"):
        body = {
            "symbol": tale.place.linear,
            "leverage": 1,
            "maxNotionalValue": "1000000",
            "code": 200,
            "msg": "success",
        }
        tale.lay(instead([path], 200, body, method="POST"))
    await tale.begin()
    await tale.run(60)
    assert not tale.orders, "traded under settings that nobody asked for"
    assert tale.stage.starts_failed
    tale.wire.clear()
    assert await tale.balanced(), "not hedged once settings had an effect"


@case(42, mutant=mutants.sees_strangers_only, shows="naked", on=EVERYWHERE)
async def test_f42_deleveraging(tale: Tale) -> None:
    """The venue deleverages half of the short while the price falls.

    Its own marker is read: a person is told, and the hedge is closed again at once, within the caps.
    """
    await tale.hedged()
    tale.stage.world.set_price("BTC", D(90_000))
    began_ms = tale.now_ms
    tale.exchange.deleverage(KEY, tale.place.linear, quantity=tale.place.per_coin / 2)
    done = await tale.balanced(within_s=60)
    assert done, f"naked after a deleveraging: short {tale.short}"
    assert tale.alarmed(began_ms), "nobody was told"
    assert tale.sold == D("1.5")


@case(43, mutant=mutants.sees_strangers_only, shows="opened again", on=EVERYWHERE)
async def test_f43_liquidation(tale: Tale) -> None:
    """The price more than doubles, and the venue liquidates the short.

    Its own marker is read: the hedge halts and a person is told; the margin is gone, so nothing is opened again.
    """
    await tale.begin(extra=SHORT_GRACE)
    await tale.hedged()
    began_ms = tale.now_ms
    for price in (120_000, 150_000, 180_000, 210_000):
        tale.stage.world.set_price("BTC", D(price))
        await tale.run(10)
    await tale.run(90)
    assert tale.sold == 1, f"a liquidated short was opened again: {tale.sold} sold"
    assert tale.short == 0
    assert tale.verdict is Verdict.HALTED
    assert tale.alarmed(began_ms), "nobody was told"
    assert [halt.code for halt in tale.stage.halts] == ["liquidation"]


def closes_when_it_costs(patch: pytest.MonkeyPatch) -> None:
    """closes the short when its funding costs something, and opens it when it pays"""

    def deciding(situation: Situation, *rest: Any) -> tuple[Plan, Memory]:  # noqa: ANN401 - passed on
        told = situation.prices
        if isinstance(told, Prices) and told.funding_rate is not None and told.funding_rate < 0:
            situation = replace(situation, policy=replace(situation.policy, ratio=D(0)))
        return spot_perp.decide(situation, *rest)

    patch.setattr(hedger, "decide", deciding)


@case(44, mutant=closes_when_it_costs, shows="unhedged for its funding", on=EVERYWHERE)
async def test_f44_funding_turns(tale: Tale) -> None:
    """Funding turns to -2 % in eight hours, and is paid three times.

    It is the running cost of the hedge: recorded, never a reason to close it.
    """
    await tale.hedged()
    tale.exchange.set_funding_rate("BTC", D("-0.02"))
    for _ in range(3):
        await tale.run(60)
        tale.exchange.settle_funding("BTC")
    await tale.run(60)
    assert tale.bought == 0, f"unhedged for its funding: {tale.bought} bought back"
    assert tale.short == 1


@case(45, mutant=mutants.sees_strangers_only, shows="tried to open", on=EVERYWHERE, sabotaged_on=("binance", "kucoin"))
async def test_f45_settlement(tale: Tale) -> None:
    """The venue settles the contract and delists it; the coins are naked.

    Its own marker is read, or the market is gone: a person is told within 30 s, and nothing is opened again by itself.
    """
    await tale.begin(extra=SHORT_GRACE)
    await tale.hedged()
    began_ms = tale.now_ms
    tale.exchange.settle_market(tale.place.linear)
    await tale.run(30)
    assert tale.alarmed(began_ms), "nobody was told"
    await tale.run(60)
    tried = len(tale.wire.sent(tale.place.order)) - 1
    assert not tried, f"tried to open a settled short again, {tried} times"
    assert tale.verdict in {Verdict.HALTED, Verdict.FROZEN}, tale.told


@case(46, mutant=trusts_every_unit, shows="traded in a unit that had changed", on=("okx", "kucoin"))
async def test_f46_redenomination(tale: Tale) -> None:
    """Between two starts the market list tells ten times the contract size, while the position stands in the old one.

    Sizes are held against the venue's volumes at the start and against its value of the position in every turn.
    """
    path, key = {
        "okx": ("/api/v5/public/instruments", "ctVal"),
        "kucoin": ("/api/v1/contracts/active", "multiplier"),
    }[tale.place.exchange]
    await tale.hedged()
    tale.stage.cut()
    tale.lay(changed([path], partial(_tenfold, name=tale.place.linear, key=key)))
    tale.stage.start()
    await tale.run(150)
    assert len(tale.orders) == 1, f"traded in a unit that had changed: short {tale.short}"
    assert tale.stage.starts_failed
    tale.wire.clear()
    assert await tale.balanced(), "not on guard again once the list was right"


def _tenfold(body: Any, *, name: str, key: str) -> Any:  # noqa: ANN401 - JSON
    return sized(body, name, key, "10")
