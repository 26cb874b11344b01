"""Positions on KuCoin, and what proves that one is flat (R7 to R9)."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from bot.core.units import check_notional
from bot.domain.observation import (
    FlatProof,
    Position,
    Unknown,
    Wanted,
)
from bot.venue.gateway import CcxtVenue
from tests.venue.kucoin_wire import (
    INVERSE,
    KuCoinWire,
    ok,
    overview,
    position,
)
from tests.venue.wire import BTC, Anything

PERPETUALS = Wanted(symbols=frozenset({BTC, INVERSE}))


async def seen_position(venue: CcxtVenue, wanted: Wanted = PERPETUALS) -> Position:
    found = (await venue.observe(wanted)).positions[BTC]
    assert isinstance(found, Position), found
    return found


async def test_r9_no_rows_are_flat_only_when_the_account_says_so(kucoin_venue: CcxtVenue, kucoin: KuCoinWire) -> None:
    assert (await seen_position(kucoin_venue)).proof is FlatProof.ACCOUNT
    for figures in (overview(margin=100), overview(upnl=-3), overview(margin=100, upnl=-3)):
        kucoin.serve("GET", "/api/v1/account-overview", lambda asked, f=figures: ok({**f, **asked.params}))
        found = (await kucoin_venue.observe(PERPETUALS)).positions
        assert isinstance(found[BTC], Unknown)
        assert isinstance(found[INVERSE], Unknown)
    kucoin.serve("GET", "/api/v1/account-overview", {"code": "500000", "msg": "Internal Server Error"})
    assert isinstance((await kucoin_venue.observe(PERPETUALS)).positions[BTC], Unknown)


@pytest.mark.parametrize(
    "answer",
    [ok(position(quantity=0)), {"code": "200000", "msg": "Position does not exist"}],
    ids=["zero row", "in words"],
)
async def test_r9_beside_another_position_the_venue_is_asked_for_this_one(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire, answer: object
) -> None:
    kucoin.serve("GET", "/api/v1/positions", ok([position("ETHUSDTM")]))
    kucoin.serve("GET", "/api/v1/account-overview", ok(overview(margin=84000)))
    kucoin.serve("GET", "/api/v1/position", answer)
    found = await seen_position(kucoin_venue, Wanted(symbols=frozenset({BTC})))
    assert (found.contracts, found.proof) == (D(0), FlatProof.ZERO_ROW)


@pytest.mark.parametrize(
    "answer",
    [ok(position()), ok(None), ok({}), ok(position("ETHUSDTM", 0)), {"code": "200000", "msg": "Something else"}],
)
async def test_r9_a_list_that_lacks_a_position_is_not_believed(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire, answer: object
) -> None:
    kucoin.serve("GET", "/api/v1/positions", ok([]))
    kucoin.serve("GET", "/api/v1/account-overview", ok(overview(margin=84000)))
    kucoin.serve("GET", "/api/v1/position", answer)
    found = (await kucoin_venue.observe(Wanted(symbols=frozenset({BTC})))).positions[BTC]
    assert isinstance(found, Unknown)


async def test_a_short_with_its_figures(kucoin_venue: CcxtVenue, kucoin: KuCoinWire) -> None:
    kucoin.serve("GET", "/api/v1/positions", ok([position()]))
    found = await seen_position(kucoin_venue)
    assert (found.contracts, found.other_side) == (D(-1000), D(0))
    assert (found.entry_price, found.liquidation_price, found.isolated_wallet) == (
        *(D("84400.1"), D("167000.2")),
        D("84000.5"),
    )
    assert check_notional(kucoin_venue.instrument(BTC), found.contracts, D("84478.96"), found.raw_notional) is None


async def test_r7_the_value_of_an_inverse_position_is_told_in_coins(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire
) -> None:
    coins = {"settleCurrency": "XBT", "isInverse": True, "crossMode": True, "marginMode": "CROSS"}
    row = position("XBTUSDM", -84479, **coins, markValue=1.0000005, liquidationPrice=0.0)
    kucoin.serve("GET", "/api/v1/positions", ok([row]))
    found = (await kucoin_venue.observe(PERPETUALS)).positions[INVERSE]
    assert isinstance(found, Position)
    assert (found.liquidation_price, found.isolated_wallet) == (None, None)
    instrument = kucoin_venue.instrument(INVERSE)
    assert check_notional(instrument, found.contracts, D("84478.96"), found.raw_notional) is None
    assert instrument.coins(found.contracts, D("84478.96")).quantize(D("0.001")) == D("-1.000")


@pytest.mark.parametrize("signed", [1, -1], ids=["quantity unsigned", "quantity signed"])
async def test_hedge_mode_tells_the_sides_apart(kucoin_venue: CcxtVenue, kucoin: KuCoinWire, signed: int) -> None:
    rows = [
        position(quantity=300, positionSide="LONG"),
        position(quantity=signed * 1000, positionSide="SHORT", avgEntryPrice=84000.0),
    ]
    kucoin.serve("GET", "/api/v1/positions", ok(rows))
    found = await seen_position(kucoin_venue)
    assert (found.contracts, found.other_side, found.entry_price) == (D(-1000), D(300), D("84000.0"))
    kucoin.serve("GET", "/api/v1/positions", ok(rows[:1]))
    found = await seen_position(kucoin_venue)
    assert (found.contracts, found.other_side) == (D(0), D(300))


@pytest.mark.parametrize(
    "wrong",
    [
        {"settleCurrency": "XBT"},
        {"isInverse": True},
        {"positionSide": "UP"},
        {"currentQty": -0.5},
        {"currentQty": None},
        {"markValue": None},
        {"crossMode": "maybe"},
    ],
)
async def test_r8_a_row_that_does_not_fit_its_contract_is_unknown(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire, wrong: Anything
) -> None:
    kucoin.serve("GET", "/api/v1/positions", ok([position(**wrong)]))
    assert isinstance((await kucoin_venue.observe(PERPETUALS)).positions[BTC], Unknown)
