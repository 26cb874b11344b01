"""What is believed of answers, and what is unknown (R5, R8 to R10)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.domain.ids import Asset
from bot.domain.instrument import MarginMode
from bot.domain.observation import (
    FlatProof,
    Holding,
    Margin,
    Position,
    Prices,
    Source,
    SymbolConfig,
    Unknown,
    VenueObservation,
    Wanted,
)
from bot.venue.gateway import CcxtVenue, open_venue
from bot.venue.throttle import Cost, Lane
from tests.venue.wire import (
    BTC,
    ETH,
    KEY,
    SECRET,
    Asked,
    HandClock,
    Reply,
    Turns,
    Wire,
    account_body,
    flat_account,
    risk_row,
    spec,
)

COIN = Asset("BTC")
ALL = Wanted(
    spot=frozenset({COIN}),
    earn=frozenset({COIN}),
    symbols=frozenset({BTC}),
    books=frozenset({BTC}),
    configs=frozenset({BTC}),
)
PERPETUAL = Wanted(symbols=frozenset({BTC}))
BAD_BODIES = {
    "html": Reply(text="<html><body>Just a moment...</body></html>"),
    "empty": Reply(text=""),
    "null": Reply(text="null"),
    "object": Reply(body={}),
    "list": Reply(body=[]),
    "strings": Reply(body=["a"]),
    "cut": Reply(cut=True),
    "cut json": Reply(text='{"assets": [{"asset'),
    "lost": Reply(lost=True),
    "503": Reply(status=503, text="<html>Service Unavailable</html>"),
    "nan": Reply(text='{"balances": NaN}'),
    "error in 200": Reply(body={"code": -1000, "msg": "An unknown error occurred"}),
}


def parts(seen: VenueObservation) -> list[object]:
    groups = (seen.holdings, seen.positions, seen.prices, seen.margins, seen.configs)
    return [part for group in groups for part in group.values()]


async def test_r8_time_in_the_queue_does_not_age_an_answer(
    venue: CcxtVenue, wire: Wire, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rate limits hold each request back for 10 s; an answer is as old as the request that left."""
    sent: dict[str, int] = {}

    def leave(asked: Asked) -> None:
        sent[asked.path] = clock.ms
        clock.ms += 7

    throttle = venue._link._throttle
    acquire = throttle.acquire

    async def slow(cost: Cost, lane: Lane, *, operation: str) -> None:
        clock.ms += 10_000
        await acquire(cost, lane, operation=operation)

    monkeypatch.setattr(throttle, "acquire", slow)
    wire.on_request = leave
    began_ms = clock.ms
    seen = await venue.observe(ALL)
    requests = {
        Source.SPOT: ("/api/v3/account", "/sapi/v1/asset/get-funding-asset"),
        Source.EARN: ("/sapi/v1/simple-earn/flexible/position", "/sapi/v1/simple-earn/locked/position"),
        Position: ("/fapi/v3/account", "/fapi/v3/positionRisk"),
        Margin: ("/fapi/v3/account",),
        Prices: ("/fapi/v1/premiumIndex", "/fapi/v1/ticker/bookTicker", "/fapi/v1/depth"),
    }
    for part in parts(seen):
        if isinstance(part, SymbolConfig):
            continue
        assert isinstance(part, Holding | Position | Margin | Prices)
        times = [sent[path] for path in requests[part.source if isinstance(part, Holding) else type(part)]]
        # Spot is read twice: what counts is the second time, which `sent` remembers.
        assert part.stamp.sent_ms == min(times)
        assert part.stamp.answered_ms >= max(times) + 7
        assert part.stamp.sent_ms >= began_ms + 10_000
    prices = seen.prices[BTC]
    assert isinstance(prices, Prices)
    assert prices.book is not None
    assert prices.book.stamp.sent_ms == sent["/fapi/v1/depth"]
    # R10: the observation as a whole is as wide as all that was done for it.
    assert seen.stamp.sent_ms == began_ms
    assert seen.stamp.answered_ms == clock.ms


async def test_r9_a_position_without_its_margin_account_is_as_old_as_its_own_row(
    venue: CcxtVenue, wire: Wire, clock: HandClock
) -> None:
    wire.serve("GET", "/fapi/v3/account", Reply(status=503))
    wire.serve("GET", "/fapi/v3/positionRisk", [risk_row()])
    clock.ms += 5
    seen = await venue.observe(PERPETUAL)
    position = seen.positions[BTC]
    assert isinstance(position, Position)
    assert position.stamp.sent_ms == clock.ms


async def test_a_whole_observation_in_the_wires_own_digits(venue: CcxtVenue, wire: Wire) -> None:
    seen = await venue.observe(ALL)

    spot, earn = seen.holdings[Source.SPOT, COIN], seen.holdings[Source.EARN, COIN]
    assert isinstance(spot, Holding)
    assert isinstance(earn, Holding)
    # R5: spot and funding, free and locked; LDBTC mirrors Earn and is not counted.
    assert (spot.quantity, spot.wallets) == (Decimal("1.0"), ("spot", "funding"))
    assert (earn.quantity, earn.wallets) == (Decimal("0.5"), ("earn-flexible", "earn-locked"))
    position = seen.positions[BTC]
    assert isinstance(position, Position)
    assert (position.contracts, position.proof) == (Decimal(0), FlatProof.ACCOUNT)
    prices = seen.prices[BTC]
    assert isinstance(prices, Prices)
    assert str(prices.mark) == "100000.10000001"
    assert prices.book is not None
    assert str(prices.book.bids[1].price) == "99999"
    margin = seen.margins[BTC]
    assert isinstance(margin, Margin)
    assert margin.wallet == 200_000
    config = seen.configs[BTC]
    assert config == SymbolConfig(symbol=BTC, leverage=1, margin_mode=MarginMode.ISOLATED, hedged=False)


async def test_the_number_of_calls_does_not_grow_with_the_number_of_symbols(venue: CcxtVenue, wire: Wire) -> None:
    await venue.observe(Wanted(symbols=frozenset({BTC}), spot=frozenset({COIN})))
    alone = len(wire.asked)
    wire.asked.clear()
    await venue.observe(Wanted(symbols=frozenset({BTC, ETH}), spot=frozenset({COIN, Asset("ETH")})))
    assert len(wire.asked) == alone


@pytest.mark.parametrize("bad", BAD_BODIES.values(), ids=BAD_BODIES.keys())
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v3/account"),
        ("GET", "/sapi/v1/simple-earn/flexible/position"),
        ("GET", "/fapi/v3/account"),
        ("GET", "/fapi/v1/premiumIndex"),
        ("GET", "/fapi/v1/ticker/bookTicker"),
        ("GET", "/fapi/v1/depth"),
        ("GET", "/fapi/v1/accountConfig"),
    ],
)
async def test_r8_a_body_of_another_shape_is_unknown_and_never_zero(
    venue: CcxtVenue, wire: Wire, method: str, path: str, bad: Reply
) -> None:
    wire.serve(method, path, bad)
    seen = await venue.observe(ALL)
    unknown = [part for part in parts(seen) if isinstance(part, Unknown)]
    assert unknown
    assert not any(isinstance(part, Holding) and part.quantity == 0 for part in parts(seen))
    for part in unknown:
        assert KEY not in part.reason
        assert SECRET not in part.reason
        assert "signature" not in part.reason
        assert "https" not in part.reason


@pytest.mark.parametrize("bad", [BAD_BODIES[name] for name in BAD_BODIES if name != "list"])
async def test_r8_unreadable_positions_are_never_flat(venue: CcxtVenue, wire: Wire, bad: Reply) -> None:
    wire.serve("GET", "/fapi/v3/positionRisk", bad)
    assert isinstance((await venue.observe(PERPETUAL)).positions[BTC], Unknown)


@pytest.mark.parametrize(
    ("account", "flat"),
    [
        (account_body(), True),
        # Margin is held by some position, and none is listed.
        (account_body(margin="1000.00000000"), False),
        # Isolated margin is out of the cross wallet even where the margin figures leave it out.
        (account_body(isolated="100000"), False),
        # The account lists the position that the position list leaves out.
        (account_body(margin="1000.0", rows=[risk_row()]), False),
        (account_body(rows=[risk_row()]), False),
        (Reply(lost=True), False),
        ({**account_body(), "assets": []}, False),
    ],
)
async def test_r9_no_row_is_flat_only_if_the_account_says_so(
    venue: CcxtVenue, wire: Wire, account: object, flat: bool
) -> None:
    wire.serve("GET", "/fapi/v3/account", account)
    position = (await venue.observe(PERPETUAL)).positions[BTC]
    assert isinstance(position, Position if flat else Unknown)


async def test_r8_a_page_with_status_200_is_called_what_it_is(venue: CcxtVenue, wire: Wire) -> None:
    wire.serve("GET", "/fapi/v3/positionRisk", BAD_BODIES["html"])
    position = (await venue.observe(PERPETUAL)).positions[BTC]
    assert isinstance(position, Unknown)
    assert position.reason == "read positions: the answer is no JSON"


async def test_r9_flat_beside_another_position_needs_both_lists_to_agree(venue: CcxtVenue, wire: Wire) -> None:
    other = risk_row("ETHUSDT", "-5.000")
    wire.serve("GET", "/fapi/v3/account", account_body(margin="400.4004", rows=[other]))
    wire.serve("GET", "/fapi/v3/positionRisk", [other])
    position = (await venue.observe(PERPETUAL)).positions[BTC]
    assert isinstance(position, Position)
    assert position.proof is FlatProof.ACCOUNT

    wire.serve("GET", "/fapi/v3/positionRisk", [])
    assert isinstance((await venue.observe(PERPETUAL)).positions[BTC], Unknown)


@pytest.mark.parametrize(
    ("account", "flat"),
    [
        ({"margin": "400.40040002"}, True),  # rounded
        ({"margin": "400.5"}, False),
        ({"margin": "400.4004", "isolated": "100000"}, True),
        ({"margin": "400.4004", "isolated": "100001"}, False),
    ],
)
async def test_r9_flat_beside_another_position_needs_that_one_to_explain_the_margin(
    venue: CcxtVenue, wire: Wire, account: dict[str, str], flat: bool
) -> None:
    other = risk_row("ETHUSDT", "-5.000")
    wire.serve("GET", "/fapi/v3/account", account_body(rows=[other], **account))
    wire.serve("GET", "/fapi/v3/positionRisk", [other])
    position = (await venue.observe(PERPETUAL)).positions[BTC]
    assert isinstance(position, Position if flat else Unknown)


async def test_an_account_in_multi_assets_mode_without_usdt_is_called_so(venue: CcxtVenue, wire: Wire) -> None:
    body = account_body()
    usdc = {**body["assets"][0], "asset": "USDC"}  # type: ignore[index]
    wire.serve("GET", "/fapi/v3/account", {**body, "assets": [usdc]})
    position = (await venue.observe(PERPETUAL)).positions[BTC]
    assert isinstance(position, Unknown)
    assert "multi-assets mode" in position.reason


async def test_r9_a_zero_row_is_flat_unless_the_account_says_otherwise(venue: CcxtVenue, wire: Wire) -> None:
    wire.serve("GET", "/fapi/v3/positionRisk", [risk_row(amount="0.000")])
    position = (await venue.observe(PERPETUAL)).positions[BTC]
    assert isinstance(position, Position)
    assert position.proof is FlatProof.ZERO_ROW

    wire.serve("GET", "/fapi/v3/account", account_body(margin="1000.0", rows=[risk_row()]))
    assert isinstance((await venue.observe(PERPETUAL)).positions[BTC], Unknown)


async def test_a_short_keeps_its_sign_and_its_digits(venue: CcxtVenue, wire: Wire) -> None:
    wire.serve("GET", "/fapi/v3/positionRisk", [risk_row()])
    wire.serve("GET", "/fapi/v3/account", account_body(margin="100100.1", rows=[risk_row()]))
    position = (await venue.observe(PERPETUAL)).positions[BTC]
    assert isinstance(position, Position)
    assert (position.contracts, position.proof) == (Decimal("-1.000"), FlatProof.NOT_FLAT)
    assert position.liquidation_price == Decimal("199004.5")
    assert position.isolated_wallet == 100_000
    assert position.raw_notional == Decimal("100100.1")


async def test_a_liquidation_price_of_zero_is_none(venue: CcxtVenue, wire: Wire) -> None:
    row = risk_row(liquidationPrice="0", isolatedWallet="0")
    wire.serve("GET", "/fapi/v3/positionRisk", [row])
    wire.serve("GET", "/fapi/v3/account", account_body(margin="100100.1", rows=[row]))
    position = (await venue.observe(PERPETUAL)).positions[BTC]
    assert isinstance(position, Position)
    assert position.liquidation_price is None
    assert position.isolated_wallet is None


async def test_hedge_mode_tells_the_short_side_and_the_other(venue: CcxtVenue, wire: Wire) -> None:
    rows = [risk_row(amount="-1.5", positionSide="SHORT"), risk_row(amount="0.4", positionSide="LONG")]
    wire.serve("GET", "/fapi/v3/positionRisk", rows)
    wire.serve("GET", "/fapi/v3/account", account_body(margin="100100.1", rows=rows))
    position = (await venue.observe(PERPETUAL)).positions[BTC]
    assert isinstance(position, Position)
    assert (position.contracts, position.other_side) == (Decimal("-1.5"), Decimal("0.4"))
    assert position.entry_price == Decimal(100_000)


async def test_r10_coins_that_moved_between_two_reads_are_unknown(venue: CcxtVenue, wire: Wire) -> None:
    def balances(free: str) -> object:
        return {"balances": [{"asset": "BTC", "free": free, "locked": "0"}]}

    wire.serve("GET", "/api/v3/account", Turns(balances("1"), balances("0.5")))
    holdings = (await venue.observe(ALL)).holdings
    for source in (Source.SPOT, Source.EARN):
        part = holdings[source, COIN]
        assert isinstance(part, Unknown)
        assert part.reason == "moved between reads"
    # The next reading stands still again.
    assert isinstance((await venue.observe(ALL)).holdings[Source.SPOT, COIN], Holding)


async def test_r8_an_earn_list_that_is_shorter_than_it_says_is_unknown(venue: CcxtVenue, wire: Wire) -> None:
    wire.serve("GET", "/sapi/v1/simple-earn/flexible/position", {"rows": [], "total": 1})
    assert isinstance((await venue.observe(ALL)).holdings[Source.EARN, COIN], Unknown)


async def test_earn_pages_are_all_read(venue: CcxtVenue, wire: Wire) -> None:
    rows = [{"positionId": str(number), "asset": "BTC", "amount": "0.01"} for number in range(120)]
    wire.serve(
        "GET",
        "/sapi/v1/simple-earn/locked/position",
        lambda asked: {"rows": rows[:100] if asked.params["current"] == "1" else rows[100:], "total": 120},
    )
    earn = (await venue.observe(ALL)).holdings[Source.EARN, COIN]
    assert isinstance(earn, Holding)
    assert earn.quantity == Decimal("1.5"), "positions of one coin and one amount are not the same one"


@pytest.mark.parametrize(
    ("path", "body", "source"),
    [
        (
            "/sapi/v1/simple-earn/locked/position",
            {"rows": [{"positionId": "1", "asset": "BTC", "amount": "0.01"}] * 2, "total": 2},
            Source.EARN,
        ),
        (
            "/sapi/v1/simple-earn/flexible/position",
            {"rows": [{"asset": "BTC", "totalAmount": "0.01"}] * 2, "total": 2},
            Source.EARN,
        ),
        (
            "/api/v3/account",
            {"balances": [{"asset": "BTC", "free": "1", "locked": "0"}] * 2},
            Source.SPOT,
        ),
    ],
)
async def test_r8_what_is_held_and_told_twice_is_unknown(
    venue: CcxtVenue, wire: Wire, path: str, body: dict[str, object], source: Source
) -> None:
    wire.serve("GET", path, body)
    held = (await venue.observe(ALL)).holdings[source, COIN]
    assert isinstance(held, Unknown)
    assert "the same row twice" in held.reason


async def test_a_book_out_of_order_or_crossed_prices_are_unknown(venue: CcxtVenue, wire: Wire) -> None:
    wire.serve("GET", "/fapi/v1/depth", {"bids": [["1", "1"], ["2", "1"]], "asks": [["3", "1"]]})
    assert isinstance((await venue.observe(ALL)).prices[BTC], Unknown)
    wire.serve("GET", "/fapi/v1/ticker/bookTicker", {"symbol": "BTCUSDT", "bidPrice": "2", "askPrice": "1"})
    assert isinstance((await venue.observe(PERPETUAL)).prices[BTC], Unknown)


async def test_a_symbol_that_is_no_market_is_unknown(venue: CcxtVenue, wire: Wire) -> None:
    seen = await venue.observe(Wanted(symbols=frozenset({"NO/USDT:USDT"}), books=frozenset({"NO/USDT:USDT"})))  # type: ignore[arg-type]
    assert all(isinstance(part, Unknown) for part in parts(seen))


async def test_demo_trading_has_no_earn_and_no_funding_wallet(clock: HandClock) -> None:
    wire = flat_account(clock)
    venue = open_venue(spec("testnet"), clock=clock, session=wire, symbols=[BTC])
    await venue.start()
    holdings = (await venue.observe(ALL)).holdings
    spot, earn = holdings[Source.SPOT, COIN], holdings[Source.EARN, COIN]
    await venue.close()
    assert isinstance(spot, Holding)
    assert (spot.quantity, spot.wallets) == (Decimal("0.9"), ("spot",))
    assert isinstance(earn, Unknown)
    assert "not offered" in earn.reason
    assert earn.lasting
    assert {asked.host for asked in wire.asked} == {f"demo-{part}.binance.com" for part in ("api", "fapi", "dapi")}
