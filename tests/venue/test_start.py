"""Where the client points, what it refuses to start on, and that it keeps its secrets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from bot.domain.errors import (
    BotError,
    ConfigFault,
    InvariantBroken,
    NotOffered,
    StartFault,
    VenueFault,
    VenueRejected,
    VenueUnreachable,
    VenueUnreadable,
)
from bot.domain.ids import Asset, Symbol, VenueName
from bot.domain.observation import Wanted
from bot.ports import KeyScope, Venue
from bot.venue.binance import WAYS as BINANCE
from bot.venue.client import check_client, make_client
from bot.venue.gateway import CcxtVenue, open_venue
from bot.venue.spec import VenueSpec
from bot.venue.ways import ways_of
from tests.venue.wire import BTC, EPOCH_MS, ETH, KEY, SECRET, Anything, HandClock, Reply, Wire, spec

Make = Callable[[VenueSpec], Anything]


@pytest.fixture
async def make(wire: Wire) -> AsyncIterator[Make]:
    """Makes clients, and closes them in the end."""
    made: list[Anything] = []

    def one(wanted: VenueSpec) -> Anything:
        made.append(make_client(wanted, ways_of(wanted), time_ms=lambda: EPOCH_MS, session=wire))
        return made[-1]

    yield one
    for client in made:
        await client.close()


def test_the_repr_of_a_spec_holds_no_secret() -> None:
    shown = repr(spec(password="p4ssw0rd"))
    assert not any(secret in shown for secret in (KEY, SECRET, "p4ssw0rd"))


@pytest.mark.parametrize(
    ("environment", "host"),
    [("paper", "fapi.binance.com"), ("live", "fapi.binance.com"), ("testnet", "demo-fapi.binance.com")],
)
async def test_the_environment_decides_the_hosts(environment: str, host: str, make: Make) -> None:
    client = make(spec(environment))
    assert client.urls["api"]["fapiPrivateV3"] == f"https://{host}/fapi/v3"
    assert not client.enableRateLimit
    assert not client.verbose
    assert client.options["maxRetriesOnFailure"] == 0


@pytest.mark.parametrize(
    "address", ["https://fapi.binance.com.evil.io/fapi/v1/time", "http://fapi.binance.com/fapi/v1/time"]
)
async def test_each_request_is_held_to_the_hosts(address: str, make: Make, wire: Wire) -> None:
    client = make(spec("live"))
    with pytest.raises(StartFault, match="a request would go to"):
        await client.fetch(address)
    assert wire.asked == []


@pytest.mark.parametrize(
    "address",
    ["https://api.binance.com/api/v3", "http://demo-api.binance.com/api/v3", "https://demo-api.binance.com.evil.io"],
)
async def test_an_address_of_another_environment_stops_the_start(address: str, make: Make) -> None:
    client = make(spec("testnet"))
    client.urls["api"]["public"] = address
    with pytest.raises(StartFault, match="does not belong"):
        check_client(spec("testnet"), client, BINANCE.offer(spec("testnet")))
    client.urls["api"]["public"] = None
    with pytest.raises(StartFault, match="no address"):
        check_client(spec("testnet"), client, BINANCE.offer(spec("testnet")))


@pytest.mark.parametrize(("name", "value"), [("enableRateLimit", True), ("verbose", True)])
async def test_ccxt_must_not_queue_or_print(name: str, value: object, make: Make) -> None:
    client = make(spec("paper"))
    setattr(client, name, value)
    with pytest.raises(InvariantBroken):
        check_client(spec(), client, BINANCE.offer(spec()))


async def test_a_client_without_the_header_of_play_money_stops_the_start(make: Make) -> None:
    client = make(spec("testnet"))
    offer = replace(BINANCE.offer(spec("testnet")), headers={"x-play-money": "1"})
    with pytest.raises(StartFault, match="x-play-money"):
        check_client(spec("testnet"), client, offer)
    client.headers = {"X-Play-Money": "1"}
    check_client(spec("testnet"), client, offer)


async def test_r20_ccxt_must_not_repeat(make: Make) -> None:
    client = make(spec())
    assert client.options["maxRetriesOnFailure"] == 0
    client.options["maxRetriesOnFailure"] = 1
    with pytest.raises(InvariantBroken, match="repeat"):
        check_client(spec(), client, BINANCE.offer(spec()))


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (spec("testnet", "kucoin"), "kucoin does not have"),
        (spec("paper", "binanze"), "expected one of binance"),
        (spec(api_key=""), "HEDGEBOT_VENUES__MAIN__API_KEY"),
        (spec(secret=""), "HEDGEBOT_VENUES__MAIN__SECRET"),
    ],
)
def test_settings_that_can_not_be_served_are_refused(wanted: VenueSpec, words: str, wire: Wire) -> None:
    with pytest.raises(ConfigFault) as fault:
        open_venue(wanted, clock=HandClock(), session=wire)
    assert words in fault.value.message + fault.value.hint


def test_paper_never_goes_out_without_a_paper_exchange() -> None:
    with pytest.raises(InvariantBroken):
        open_venue(spec("paper"), clock=HandClock(), session=None)


async def test_the_instrument_is_what_the_filters_say(venue: CcxtVenue) -> None:
    checked: Venue = venue
    btc = checked.instrument(BTC)
    assert (btc.asset, btc.multiplier, btc.contract_size) == (Asset("BTC"), Decimal(1), Decimal(1))
    assert (btc.quantity_step, btc.price_tick) == (Decimal("0.001"), Decimal("0.10"))
    assert (btc.quantity_min, btc.quantity_max, btc.notional_min) == (Decimal("0.001"), Decimal(1_000), Decimal(100))
    assert (btc.price_down, btc.price_up) == (Decimal("0.95"), Decimal("1.05"))
    # The account's own rates for symbols in use, the published ones for others.
    assert (btc.maker_fee, btc.taker_fee) == (Decimal("0.0002"), Decimal("0.00045"))
    assert venue.instrument(ETH).taker_fee == Decimal("0.0005")


async def test_r7_a_multiple_is_known_by_the_table(venue: CcxtVenue) -> None:
    pepe = venue.instrument(Symbol("1000PEPE/USDT:USDT"))
    assert (pepe.asset, pepe.multiplier) == (Asset("PEPE"), Decimal(1000))


@pytest.mark.parametrize(
    ("symbol", "words"), [("BTC/USDT", "no perpetual"), ("BTCC/USDT:USDT", "BTC/USDT:USDT"), ("?", "no such")]
)
async def test_a_symbol_that_is_no_perpetual_is_refused(venue: CcxtVenue, symbol: str, words: str) -> None:
    with pytest.raises(ConfigFault) as fault:
        venue.instrument(Symbol(symbol))
    assert words in fault.value.message + fault.value.hint


@pytest.mark.parametrize(
    ("method", "path", "reply", "kind"),
    [
        ("GET", "/fapi/v1/time", Reply(lost=True), VenueUnreachable),
        ("GET", "/fapi/v1/time", Reply(body={}), VenueUnreadable),
        ("GET", "/fapi/v1/exchangeInfo", Reply(text="<html>"), VenueUnreadable),
        ("GET", "/fapi/v1/exchangeInfo", Reply(body={}), VenueUnreadable),
        ("GET", "/api/v3/exchangeInfo", Reply(body=[]), VenueUnreadable),
        ("GET", "/api/v3/exchangeInfo", Reply(lost=True), VenueUnreachable),
        ("GET", "/fapi/v1/exchangeInfo", Reply(body={"symbols": [{"symbol": 7}]}), VenueUnreadable),
        ("GET", "/fapi/v1/exchangeInfo", Reply(body={"symbols": ["x", None]}), VenueFault),
        (
            "GET",
            "/fapi/v1/commissionRate",
            Reply(status=401, body={"code": -2015, "msg": "Invalid API-key, IP, or permissions for action"}),
            VenueRejected,
        ),
    ],
)
async def test_a_start_that_can_not_be_made_says_why(
    wire: Wire, clock: HandClock, method: str, path: str, reply: Reply, kind: type[VenueFault]
) -> None:
    wire.serve(method, path, reply)
    venue = open_venue(spec(), clock=clock, session=wire, symbols=[BTC])
    with pytest.raises(kind) as fault:
        await venue.start()
    await venue.close()
    assert_without_secrets(fault.value)


def assert_without_secrets(fault: BotError) -> None:
    seen: BaseException | None = fault
    while seen is not None:
        for secret in (KEY, SECRET, "signature=", "https://"):
            assert secret not in str(seen)
        assert seen.__suppress_context__ or seen.__context__ is None
        seen = seen.__cause__


async def test_r5_portfolio_margin_and_multi_assets_are_refused(wire: Wire, clock: HandClock) -> None:
    wire.serve("GET", "/fapi/v1/accountConfig", {"dualSidePosition": False, "multiAssetsMargin": True})
    venue = open_venue(spec(), clock=clock, session=wire, symbols=[BTC], isolated=frozenset({BTC}))
    with pytest.raises(StartFault, match="multi-assets"):
        await venue.start()
    await venue.close()
    scope = {
        "enableFutures": True,
        "enableWithdrawals": False,
        "ipRestrict": True,
        "enablePortfolioMarginTrading": True,
    }
    wire.serve("GET", "/sapi/v1/account/apiRestrictions", scope)
    venue = open_venue(spec(), clock=clock, session=wire, symbols=[BTC])
    with pytest.raises(StartFault, match="portfolio"):
        await venue.start()
    await venue.close()


async def test_a_symbol_in_use_is_checked_at_start(wire: Wire, clock: HandClock) -> None:
    venue = open_venue(spec(), clock=clock, session=wire, symbols=[Symbol("BTC/USDT")])
    with pytest.raises(ConfigFault):
        await venue.start()
    await venue.close()


async def test_use_before_start_is_a_mistake_of_ours(wire: Wire, clock: HandClock) -> None:
    venue = open_venue(spec(), clock=clock, session=wire)
    with pytest.raises(InvariantBroken):
        venue.instrument(BTC)
    await venue.close()


async def test_key_scope(venue: CcxtVenue, wire: Wire, clock: HandClock) -> None:
    assert await venue.key_scope() == KeyScope(trade=True, withdraw=False, ip_restricted=True)
    demo = open_venue(spec("testnet"), clock=clock, session=wire)
    await demo.start()
    with pytest.raises(NotOffered):
        await demo.key_scope()
    await demo.close()


async def test_r21_the_offset_is_of_the_middle_and_signs_requests(
    venue: CcxtVenue, wire: Wire, clock: HandClock
) -> None:
    def slow(asked: object) -> object:
        clock.ms += 200
        venue_ms = clock.ms + 450
        clock.ms += 200
        return {"serverTime": venue_ms}

    wire.serve("GET", "/fapi/v1/time", slow)
    assert await venue.measure_clock() == 450
    assert venue.has_offset()
    assert venue.now_ms() == clock.ms + 450
    await venue.observe(Wanted(symbols=frozenset({BTC})))
    assert wire.last("/fapi/v3/account").params["timestamp"] == str(clock.ms + 450)


async def test_r21_an_offset_over_a_second_or_an_old_one_does_not_count(
    venue: CcxtVenue, wire: Wire, clock: HandClock
) -> None:
    assert venue.has_offset()
    wire.serve("GET", "/fapi/v1/time", lambda asked: {"serverTime": clock.ms - 1_001})
    await venue.measure_clock()
    assert not venue.has_offset()
    wire.serve("GET", "/fapi/v1/time", lambda asked: {"serverTime": clock.ms})
    await venue.measure_clock()
    assert venue.has_offset()
    wire.serve("GET", "/fapi/v1/time", Reply(lost=True))
    clock.ms += 60_001
    assert not venue.has_offset()
    await venue.observe(Wanted())
    assert venue.now_ms() == clock.ms
    assert not venue.has_offset()


@pytest.mark.parametrize("slow_ones", [0, 2, 3])
async def test_r21_a_slow_answer_says_nothing_of_the_time(
    venue: CcxtVenue, wire: Wire, clock: HandClock, slow_ones: int
) -> None:
    """One that begins asks three times: its first answers wait for the connection, or for a machine that hiccups."""

    def answer(asked: object) -> object:
        clock.ms += 1_001 if wire.count("/fapi/v1/time") <= slow_ones else 1_000
        return {"serverTime": clock.ms}

    wire.serve("GET", "/fapi/v1/time", answer)
    if slow_ones < 3:
        assert await venue.measure_clock() == 500
        assert wire.count("/fapi/v1/time") == slow_ones + 1
        return
    with pytest.raises(VenueUnreadable, match="1001 ms"):
        await venue.measure_clock()
    assert wire.count("/fapi/v1/time") == 3


async def test_while_it_runs_a_slow_clock_holds_no_reading_up(venue: CcxtVenue, wire: Wire, clock: HandClock) -> None:
    def slow(asked: object) -> object:
        clock.ms += 1_001
        return {"serverTime": clock.ms}

    wire.serve("GET", "/fapi/v1/time", slow)
    clock.ms += 30_001
    await venue.observe(Wanted())
    assert wire.count("/fapi/v1/time") == 1


async def test_the_clock_is_measured_again_before_it_is_too_old(venue: CcxtVenue, wire: Wire, clock: HandClock) -> None:
    await venue.observe(Wanted())
    assert wire.count("/fapi/v1/time") == 0
    clock.ms += 30_001
    await venue.observe(Wanted())
    assert wire.count("/fapi/v1/time") == 1


async def test_r21_a_time_that_stands_still_is_an_old_answer_repeated(
    venue: CcxtVenue, wire: Wire, clock: HandClock
) -> None:
    wire.serve("GET", "/fapi/v1/time", {"serverTime": clock.ms})
    assert await venue.measure_clock() == 0
    clock.ms += 31_000
    await venue.observe(Wanted())
    assert (wire.count("/fapi/v1/time"), venue.now_ms()) == (2, clock.ms)
    with pytest.raises(VenueUnreadable, match="stands still"):
        await venue.measure_clock()
    wire.serve("GET", "/fapi/v1/time", {"serverTime": clock.ms - 40_000})
    with pytest.raises(VenueUnreadable, match="stands still"):
        await venue.measure_clock()
    wire.serve("GET", "/fapi/v1/time", lambda asked: {"serverTime": clock.ms + 7})
    await venue.observe(Wanted())
    assert venue.now_ms() == clock.ms + 7
    clock.ms += 900
    wire.serve("GET", "/fapi/v1/time", {"serverTime": clock.ms - 900 + 6})
    assert await venue.measure_clock() == -894, "two servers may differ by a little"


async def test_r21_a_time_that_is_far_off_is_no_witness_against_the_next(
    venue: CcxtVenue, wire: Wire, clock: HandClock
) -> None:
    wire.serve("GET", "/fapi/v1/time", {"serverTime": clock.ms * 10})
    await venue.measure_clock()
    assert not venue.has_offset()
    clock.ms += 31_000
    wire.serve("GET", "/fapi/v1/time", lambda asked: {"serverTime": clock.ms})
    await venue.observe(Wanted())
    assert (venue.has_offset(), venue.now_ms()) == (True, clock.ms)


async def test_r21_a_request_refused_for_its_time_has_the_clock_measured_at_once(
    venue: CcxtVenue, wire: Wire, clock: HandClock
) -> None:
    """After a standstill of the machine its clock is behind by as much, however fresh the offset is."""
    wire.serve("GET", "/fapi/v1/time", lambda asked: {"serverTime": clock.ms + 31_000})
    wire.serve("GET", "/fapi/v3/account", Reply(status=400, body={"code": -1021, "msg": "outside of the recvWindow"}))
    await venue.observe(Wanted(symbols=frozenset({BTC})))
    assert wire.count("/fapi/v1/time") == 0
    await venue.observe(Wanted(symbols=frozenset({BTC})))
    assert wire.count("/fapi/v1/time") == 1
    assert wire.last("/fapi/v3/account").params["timestamp"] == str(clock.ms + 31_000)
    wire.serve("GET", "/fapi/v3/account", Reply(status=503))
    await venue.observe(Wanted(symbols=frozenset({BTC})))
    await venue.observe(Wanted(symbols=frozenset({BTC})))
    assert wire.count("/fapi/v1/time") == 2, "once more, since it was refused once more; then no more"


async def test_recv_window(venue: CcxtVenue) -> None:
    assert venue.recv_window_ms() == 3_000
    assert venue.name == VenueName("main")
