"""C: orders too small, too large, too late, or with another leg (cases 51 to 55)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D
from typing import Any

import pytest

from bot.core import ladder_steps, sizing, slicing
from bot.core.sale import approve_sale
from bot.domain.instrument import SpotMarket
from bot.domain.numbers import ceil_to, floor_to
from bot.paper.faults import Outcome
from bot.paper.wire.http import Request
from bot.runtime import ladder_legs
from tests.catalogue.case import case
from tests.catalogue.places import EVERYWHERE
from tests.catalogue.tale import Tale
from tests.catalogue.wire import Pass, fits


def rounds_up(patch: pytest.MonkeyPatch) -> None:
    """rounds what is missing up to the next step"""
    patch.setattr(
        sizing, "increase_contracts", lambda target, short_max, step: ceil_to(max(target - short_max, D(0)), step)
    )


@case(51, mutant=rounds_up, shows="sold more than is held")
async def test_f51_less_than_a_step(tale: Tale) -> None:
    """Coins arrive in parts smaller than a step and than the venue's minimum, six times.

    Quantities are rounded down; what is too small for an order waits for more, and nothing is tried in vain.
    """
    tale.set_stage(extra='band = {relative = "0", notional = "1"}')
    await tale.hedged()
    held = D(1)
    for _ in range(6):
        tale.deposit("0.0007")
        held += D("0.0007")
        await tale.run(20)
        assert tale.short <= held, f"sold more than is held: short {tale.short}, held {held}"
    assert len(tale.wire.sent(tale.place.order)) == len(tale.orders), "tried in vain"
    assert tale.short == D("1.004"), f"did not follow: {tale.short}"


def knows_no_exemption(patch: pytest.MonkeyPatch) -> None:
    """holds orders that only reduce to the venue's minimum as well"""
    enough = sizing.enough
    patch.setattr(
        sizing,
        "enough",
        lambda instrument, contracts, price, reduce_only: enough(instrument, contracts, price, reduce_only=False),
    )


@case(52, mutant=knows_no_exemption, shows="dust was left")
async def test_f52_dust_on_close(tale: Tale) -> None:
    """What is left of the short is worth less than the venue's minimum when the last coins go.

    An order that only reduces needs no minimum: the short is closed to the last contract.
    """
    await tale.hedged()
    tale.deposit("-0.999")
    assert await tale.balanced("0.001", within_s=120)
    tale.stage.world.set_price("BTC", D(50_000))
    await tale.run(30)
    tale.deposit("-0.001")
    await tale.run(90)
    assert tale.short == 0, f"dust was left: {tale.short}"


def knows_no_maximum(patch: pytest.MonkeyPatch) -> None:
    """sends orders of any size"""

    def most(policy: Any, instrument: Any, book: Any, side: Any, collar: D, mark: D) -> D:  # noqa: ANN401 - passed on
        cap = policy.caps.order_notional / instrument.notional(D(1), mark)
        return floor_to(min(sizing.depth_contracts(book, side, collar), cap), instrument.quantity_step)

    patch.setattr(slicing, "most_at_once", most)


@case(53, mutant=knows_no_maximum, shows="refused for its size", on=EVERYWHERE)
async def test_f53_order_above_the_maximum(tale: Tale) -> None:
    """The venue takes orders of at most 0.3 coins.

    The order is sliced by the venue's maximum, the visible depth and the cap.
    """
    tale.set_stage()
    tale.listed_as(quantity_max=D("0.3") * tale.place.per_coin)
    await tale.begin()
    done = await tale.balanced(within_s=120)
    assert done, f"refused for its size: {tale.told}"
    assert len(tale.orders) == 4


def never_widens(patch: pytest.MonkeyPatch) -> None:
    """asks for the same price however often it was missed"""
    patch.setattr(slicing, "UNFILLED_TRIES_BEFORE_URGENT", 10**9)


@case(55, mutant=never_widens, shows="naked", on=EVERYWHERE)
async def test_f55_price_runs_away(tale: Tale) -> None:
    """The price falls by 1 % whenever an order is on its way, so that its limit is missed.

    Orders are immediate-or-cancel; after two misses the limit goes as far as the urgent slippage, and a person is told.
    """
    tale.set_stage()

    def runs_away(request: Request, _onward: Pass) -> Outcome | None:
        if fits(request, [tale.place.order], "POST"):
            tale.stage.world.set_price("BTC", tale.exchange.price("BTC") * D("0.99"))
        return None

    tale.lay(runs_away)
    await tale.begin()
    done = await tale.balanced()
    assert done, f"naked after {len(tale.orders)} tries"
    assert len(tale.orders) == 3
    assert tale.alarmed(), "nobody was told"


def _any_size(market: SpotMarket) -> SpotMarket:
    return replace(market, notional_min=D(0), quantity_min=D(0))


def ignores_the_other_leg(patch: pytest.MonkeyPatch) -> None:
    """begins with one leg, and learns from the venue's refusal what the other one needs"""
    reduce = ladder_steps._reduce

    def unbounded(backing: Any, policy: Any, instrument: Any, ratio: D, sellable: Any, slippage: D) -> Any:  # noqa: ANN401
        if not isinstance(sellable, str):
            sellable = replace(sellable, market=_any_size(sellable.market))
        return reduce(backing, policy, instrument, ratio, sellable, slippage)

    patch.setattr(ladder_steps, "_reduce", unbounded)
    # A sale is judged once more before it leaves.
    patch.setattr(ladder_legs, "approve_sale", lambda sale: approve_sale(replace(sale, market=_any_size(sale.market))))


@case(54, mutant=ignores_the_other_leg, shows="sent a leg")
async def test_f54_other_legs_minimum(tale: Tale) -> None:
    """The price rises until the short must be reduced together with the coins; the spot market takes no order so small.

    Both legs are held to their market's minimums before the first one is sent: nothing is sent, and a person is told.
    """
    coins = {"spot": {"BTC": D(1)}, "usdm": {"USDT": D(101_000)}}
    tale.set_stage(extra="ladder = {reduce = true}", starting={"binance": coins})
    floor, key = tale.exchange._floor, "spot:BTCUSDT"
    floor._listings[key] = replace(floor._listings[key], notional_min=D(10_000_000))
    await tale.hedged()
    began_ms = tale.now_ms
    for price in (115_000, 130_000, 145_000):
        tale.stage.world.set_price("BTC", D(price))
        await tale.run(40)
    legs = [request.path for request in tale.wire.seen if request.method == "POST" and request.path.endswith("/order")]
    assert len(legs) == 1, f"sent a leg that has no other: {legs[1:]}"
    assert tale.alarmed(began_ms), "nobody was told"
    assert tale.short == 1
