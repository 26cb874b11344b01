"""OKX: where the client points, what account it accepts, what its contracts are (R5, R7, R21)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.domain.environment import Environment
from bot.domain.errors import ConfigFault, StartFault
from bot.domain.ids import Asset, Symbol
from bot.domain.instrument import ContractKind, MarginMode
from bot.venue.gateway import CcxtVenue, open_venue
from bot.venue.okx.client import OkxClient
from tests.venue.okx_wire import (
    BTC,
    COIN_M,
    MARKETS,
    PEPE,
    OkxWire,
    answer,
    config,
    flat_account,
    pair,
    part_refused,
    refused,
    spec,
    started,
    swap,
    values,
)
from tests.venue.wire import Anything, Asked, HandClock

CONFIG = "/api/v5/account/config"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def wire(clock: HandClock) -> OkxWire:
    return flat_account(clock)


async def started_once(wire: OkxWire, clock: HandClock, *symbols: Symbol, **more: Anything) -> CcxtVenue:
    async with started(wire, clock, *symbols, **more) as venue:
        return venue


async def test_simulated_trading_is_a_header_on_every_request_to_the_same_host(wire: OkxWire, clock: HandClock) -> None:
    await started_once(wire, clock, BTC, account=spec(Environment.TESTNET))
    assert {asked.host for asked in wire.asked} == {"www.okx.com"}
    assert {headers.get("x-simulated-trading") for headers in wire.sent_headers} == {"1"}


def test_without_that_header_the_start_is_refused(
    wire: OkxWire, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half_way(client: OkxClient, enable: bool) -> None:
        client.isSandboxModeEnabled = enable

    monkeypatch.setattr(OkxClient, "set_sandbox_mode", half_way)
    with pytest.raises(StartFault, match="x-simulated-trading"):
        open_venue(spec(Environment.TESTNET), clock=clock, session=wire, symbols=[BTC])


async def test_a_live_account_sends_no_such_header(wire: OkxWire, clock: HandClock) -> None:
    await started_once(wire, clock, BTC)
    assert not any("x-simulated-trading" in headers for headers in wire.sent_headers)


@pytest.mark.parametrize("missing", ["api_key", "secret", "password"])
def test_each_secret_must_be_given(wire: OkxWire, clock: HandClock, missing: str) -> None:
    without: dict[str, Anything] = {missing: ""}
    with pytest.raises(ConfigFault, match=missing):
        open_venue(spec(**without), clock=clock, session=wire, symbols=[BTC])


async def test_only_the_two_lists_that_are_used_are_read(wire: OkxWire, clock: HandClock) -> None:
    await started_once(wire, clock, BTC)
    kinds = [asked.params["instType"] for asked in wire.asked if asked.path.endswith("/instruments")]
    assert sorted(kinds) == ["SPOT", "SWAP"]
    assert not wire.count("/api/v5/asset/currencies")
    assert not wire.count("/api/v5/system/status")


async def test_r7_units_of_linear_multiplied_and_inverse_contracts(wire: OkxWire, clock: HandClock) -> None:
    venue = await started_once(wire, clock, BTC)
    linear, many, inverse = (venue.instrument(symbol) for symbol in (BTC, PEPE, COIN_M))
    assert (linear.asset, linear.kind, linear.contract_size) == (Asset("BTC"), ContractKind.LINEAR, Decimal("0.01"))
    assert linear.coins(Decimal(100), Decimal(100_000)) == 1
    assert (linear.quantity_step, linear.quantity_min, linear.quantity_max) == (
        Decimal("0.01"),
        Decimal("0.01"),
        Decimal(100_000_000),
    )
    assert values(linear.price_tick, linear.price_down, linear.price_up, linear.notional_min) == (
        Decimal("0.1"),
        None,
        None,
        0,
    )
    assert values(many.asset, many.multiplier, many.contract_size) == (Asset("PEPE"), 1, Decimal(10_000_000))
    assert (inverse.kind, inverse.contract_size, inverse.settle) == (ContractKind.INVERSE, Decimal(100), Asset("BTC"))
    assert inverse.coins(Decimal(1_000), Decimal(100_000)) == 1


async def test_the_fees_of_the_account_are_costs_by_what_settles_the_contract(wire: OkxWire, clock: HandClock) -> None:
    venue = await started_once(wire, clock, BTC, COIN_M)
    linear, inverse = venue.instrument(BTC), venue.instrument(COIN_M)
    assert (linear.maker_fee, linear.taker_fee) == (Decimal("0.0001"), Decimal("0.0004"))
    assert (inverse.maker_fee, inverse.taker_fee) == (Decimal("0.0002"), Decimal("0.0005"))


def lists(*swaps: dict[str, object]) -> Anything:
    def instruments(asked: Asked) -> dict[str, object]:
        return answer(*(swaps if asked.params["instType"] == "SWAP" else (pair("BTC", "USDT"),)))

    return instruments


@pytest.mark.parametrize(
    "wrong",
    [
        {"ctValCcy": "USDT"},
        {"ctVal": "0"},
        {"ctMult": ""},
        {"ctType": "inverse"},
        {"ctType": ""},
        {"uly": "ETH-USDT"},
        {"lotSz": ""},
    ],
)
async def test_r7_a_contract_whose_unit_is_not_sure_is_refused(
    wire: OkxWire, clock: HandClock, wrong: dict[str, str]
) -> None:
    contract = swap("BTC", "USDT", value="0.01") | wrong
    wire.serve("GET", "/api/v5/public/instruments", lists(contract, *MARKETS[1:]))
    with pytest.raises(ConfigFault):
        await started_once(wire, clock, BTC)


async def test_a_contract_size_is_its_value_times_its_multiplier(wire: OkxWire, clock: HandClock) -> None:
    contract = swap("BTC", "USDT", value="0.01", ctMult="10")
    wire.serve("GET", "/api/v5/public/instruments", lists(contract, *MARKETS[1:]))
    assert (await started_once(wire, clock, BTC)).instrument(BTC).contract_size == Decimal("0.1")


async def test_a_suspended_contract_is_not_active(wire: OkxWire, clock: HandClock) -> None:
    wire.serve(
        "GET", "/api/v5/public/instruments", lists(swap("BTC", "USDT", value="0.01", state="suspend"), *MARKETS[1:])
    )
    assert not (await started_once(wire, clock, BTC)).instrument(BTC).active


@pytest.mark.parametrize(("level", "words"), [("1", "spot mode"), ("3", "multi-currency"), ("4", "portfolio")])
async def test_r5_account_modes_other_than_futures_mode_are_refused_for_swaps(
    wire: OkxWire, clock: HandClock, level: str, words: str
) -> None:
    wire.serve_rows("account/config", config(acctLv=level))
    with pytest.raises(StartFault, match=words) as caught:
        await started_once(wire, clock, BTC)
    assert "acctLv 2" in caught.value.hint


@pytest.mark.parametrize("level", ["1", "2", "3", "4"])
async def test_an_account_that_only_holds_coins_may_be_in_any_mode(wire: OkxWire, clock: HandClock, level: str) -> None:
    wire.serve_rows("account/config", config(acctLv=level))
    await started_once(wire, clock)


async def test_isolated_margin_by_hand_is_refused_where_isolated_is_wanted(wire: OkxWire, clock: HandClock) -> None:
    wire.serve_rows("account/config", config(ctIsoMode="autonomy"))
    with pytest.raises(StartFault, match="by hand"):
        await started_once(wire, clock, BTC, isolated=frozenset({BTC}))
    await started_once(wire, clock, BTC)


@pytest.mark.parametrize(
    ("perm", "trade", "withdraw"), [("read_only", False, False), ("read_only,withdraw,trade", True, True)]
)
async def test_key_scope(wire: OkxWire, clock: HandClock, perm: str, trade: bool, withdraw: bool) -> None:
    wire.serve_rows("account/config", config(perm=perm, ip="1.2.3.4"))
    async with started(wire, clock) as venue:
        scope = await venue.key_scope()
        assert (scope.trade, scope.withdraw, scope.ip_restricted) == (trade, withdraw, True)


@pytest.mark.parametrize("body", [refused("50113"), part_refused("50120")])
async def test_a_refused_key_names_itself(wire: OkxWire, clock: HandClock, body: object) -> None:
    wire.serve("GET", CONFIG, body)
    with pytest.raises(Exception, match="501") as caught:
        await started_once(wire, clock, BTC)
    assert "never-shown" not in str(caught.value)


async def test_configure_sets_the_leverage_of_the_margin_mode_and_reads_back(wire: OkxWire, clock: HandClock) -> None:
    lever = {"isolated": "3", "cross": "3"}

    def leverages(asked: Asked) -> dict[str, object]:
        mode = asked.params["mgnMode"]
        return answer({"instId": "BTC-USDT-SWAP", "lever": f"{lever[mode]}.00", "mgnMode": mode, "posSide": "net"})

    def set_leverage(asked: Asked) -> dict[str, object]:
        lever[asked.params["mgnMode"]] = asked.params["lever"]
        return answer({**asked.params, "posSide": "net"})

    wire.serve("GET", "/api/v5/account/leverage-info", leverages)
    wire.serve("POST", "/api/v5/account/set-leverage", set_leverage)
    async with started(wire, clock, BTC) as venue:
        after = await venue.configure(BTC, 1, MarginMode.ISOLATED)
        assert (after.leverage, after.margin_mode, after.hedged) == (1, MarginMode.ISOLATED, False)
        assert lever == {"isolated": "1", "cross": "3"}
        assert await venue.configure(BTC, 1, MarginMode.ISOLATED) == after
        assert wire.count("/api/v5/account/set-leverage") == 1
        assert not wire.count("/api/v5/account/set-position-mode")


async def test_hedge_mode_sets_the_short_side_of_isolated_margin_and_keeps_the_mode(
    wire: OkxWire, clock: HandClock
) -> None:
    lever = {"long": "5", "short": "5"}
    wire.serve_rows("account/config", config(posMode="long_short_mode"))

    def leverages(asked: Asked) -> dict[str, object]:
        mode = asked.params["mgnMode"]
        return answer(
            *({"instId": "BTC-USDT-SWAP", "lever": lever[side], "mgnMode": mode, "posSide": side} for side in lever)
        )

    def set_leverage(asked: Asked) -> dict[str, object]:
        lever[asked.params["posSide"]] = asked.params["lever"]
        return answer(asked.params)

    wire.serve("GET", "/api/v5/account/leverage-info", leverages)
    wire.serve("POST", "/api/v5/account/set-leverage", set_leverage)
    async with started(wire, clock, BTC) as venue:
        after = await venue.configure(BTC, 1, MarginMode.ISOLATED)
        assert (after.leverage, after.hedged) == (1, True)
        assert lever == {"long": "5", "short": "1"}
