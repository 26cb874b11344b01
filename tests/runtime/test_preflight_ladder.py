"""What `check` says of the money that a rise of the price takes (R27, R28)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.domain.check import CheckLine, CheckVerdict
from bot.domain.errors import NotOffered, VenueFault, VenueUnreachable
from bot.domain.ids import Asset
from bot.domain.instrument import Instrument
from bot.domain.ladder import LadderPolicy
from bot.domain.observation import Holding, Margin, Source, Stamp
from bot.runtime.preflight_ladder import ladder_line
from bot.runtime.preflight_margin import Backed
from tests.core.instruments import BTC, INVERSE, LINEAR, MAIN, POLICY, USDT, position_of

STAMP = Stamp(sent_ms=0, answered_ms=0)


class Books:
    """A venue that tells its maintenance margin, and what is in its stablecoin wallet."""

    def __init__(self, wallet: str, fault: type[VenueFault] | None) -> None:
        self._wallet = D(wallet)
        self._fault = fault

    async def maintenance(self, symbol: str, notional: D) -> tuple[D, D]:
        del symbol, notional
        return D("0.004"), D(0)

    async def free_to_move(self, asset: Asset) -> D:
        if self._fault is not None:
            raise self._fault("no", venue=MAIN, operation="read what is free")
        assert asset == USDT
        return self._wallet


def hedge(
    *, spot: str = "0", staked: str = "0", free: str = "100000", instrument: Instrument = LINEAR, **ladder: object
) -> Backed:
    """So many BTC at 100,000 that are not hedged yet; 100,000 is what hedging one of them takes."""
    held = [
        Holding(source=source, venue=MAIN, asset=BTC, quantity=D(coins), principal=D(coins), stamp=STAMP)
        for source, coins in ((Source.SPOT, spot), (Source.EARN, staked))
    ]
    return Backed(
        policy=replace(POLICY, ladder=LadderPolicy(**ladder)),  # type: ignore[arg-type]
        instrument=instrument,
        holdings=held,
        position=position_of("0", STAMP),
        mark=D(100_000),
        money=Margin(asset=USDT, wallet=D(free), available=D(free), stamp=STAMP),
    )


async def line(of: Backed, wallet: str = "0", *, fault: type[VenueFault] | None = None) -> CheckLine | None:
    books = Books(wallet, fault)
    return await ladder_line(of, books, books)  # type: ignore[arg-type]


async def test_r27_staked_coins_need_so_much_money_for_each() -> None:
    said = await line(hedge(staked="1", top_up=True), "30000")
    assert said is not None
    assert said.verdict is CheckVerdict.PASS
    assert "25,900.00 USDT per BTC at +50 % and 101,200.00 at +100 %" in said.detail
    assert "30,000.00 are free" in said.detail
    assert "a person" not in said.detail


async def test_r27_less_than_half_a_rise_takes_is_a_warning() -> None:
    said = await line(hedge(staked="1", top_up=True, reduce=True), "25000")
    assert said is not None
    assert said.verdict is CheckVerdict.WARN
    assert "staked" in said.hint


@pytest.mark.parametrize(("reduce", "verdict"), [(True, CheckVerdict.PASS), (False, CheckVerdict.WARN)])
async def test_r27_coins_in_spot_need_none_where_they_may_be_sold(reduce: bool, verdict: CheckVerdict) -> None:
    said = await line(hedge(spot="1", reduce=reduce))
    assert said is not None
    assert said.verdict is verdict


async def test_the_reserve_is_not_free_and_without_top_ups_a_person_is_named() -> None:
    said = await line(hedge(staked="1", reserve=D(1_000)), "30000")
    assert said is not None
    assert "29,000.00 are free; a person must add them" in said.detail


async def test_r28_a_coin_margined_short_needs_none() -> None:
    assert await line(hedge(staked="1", instrument=INVERSE)) is None


async def test_nothing_to_hedge_needs_nothing_and_what_can_not_be_read_is_told() -> None:
    none = await line(hedge())
    assert none is not None
    assert none.verdict is CheckVerdict.PASS
    unread = await line(hedge(staked="1"), fault=VenueUnreachable)
    assert unread is not None
    assert unread.verdict is CheckVerdict.FAIL


@pytest.mark.parametrize(("top_up", "verdict"), [(False, CheckVerdict.PASS), (True, CheckVerdict.FAIL)])
async def test_a_host_without_transfers_is_told_only_where_the_ladder_needs_them(
    top_up: bool, verdict: CheckVerdict
) -> None:
    said = await line(hedge(spot="1", reduce=True, top_up=top_up), fault=NotOffered)
    assert said is not None
    assert said.verdict is verdict
