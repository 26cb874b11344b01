"""OKX: what is believed of balances, positions, prices (R2 to R12)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from bot.domain.ids import Asset, Symbol
from bot.domain.instrument import MarginMode
from bot.domain.observation import (
    FlatProof,
    Margin,
    Position,
    Prices,
    Source,
    SymbolConfig,
    Unknown,
    Wanted,
)
from bot.venue.gateway import CcxtVenue
from tests.venue.okx_wire import (
    BTC,
    COIN,
    COIN_M,
    PEPE,
    OkxWire,
    answer,
    balance,
    by_name,
    coin,
    config,
    flat_account,
    held,
    position,
    refused,
    seen,
    started,
    values,
)
from tests.venue.wire import HandClock, Reply

BALANCE = "/api/v5/account/balance"
POSITIONS = "/api/v5/account/positions"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def wire(clock: HandClock) -> OkxWire:
    return flat_account(clock)


@pytest.fixture
async def venue(wire: OkxWire, clock: HandClock) -> AsyncIterator[CcxtVenue]:
    async with started(wire, clock, BTC, COIN_M, PEPE, isolated=frozenset({BTC})) as venue:
        wire.asked.clear()
        yield venue


# Flat only with proof


@pytest.mark.parametrize("imr", ["0", "1000"], ids=["no orders", "resting orders"])
async def test_r9_no_row_is_flat_with_the_account_s_own_figures(venue: CcxtVenue, wire: OkxWire, imr: str) -> None:
    wire.serve_rows("account/balance", balance(coin("USDT", "200000", imr=imr)))
    flat = await position(venue)
    assert isinstance(flat, Position)
    assert values(flat.contracts, flat.proof) == (0, FlatProof.ACCOUNT)


@pytest.mark.parametrize("figure", ["mmr", "isoEq", "upl", "isoUpl"])
async def test_r9_no_row_is_unknown_while_the_account_holds_margin(
    venue: CcxtVenue, wire: OkxWire, figure: str
) -> None:
    wire.serve_rows("account/balance", balance(coin("USDT", "200000", **{figure: "0.01"})))
    assert isinstance(await position(venue), Unknown)


async def test_r9_margin_of_one_coin_says_nothing_of_a_contract_in_another(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve_rows("account/balance", balance(coin("USDT", "1", imr="0.5"), coin("BTC", "1")))
    flat = await position(venue, COIN_M)
    assert isinstance(flat, Position)
    assert flat.proof is FlatProof.ACCOUNT


async def test_r9_margin_that_another_position_explains_is_no_doubt(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve_rows("account/balance", balance(coin("USDT", "200000", isoEq="100000")))
    wire.serve("GET", POSITIONS, by_name(held("PEPE-USDT-SWAP", "-1")))
    flat = await position(venue)
    assert isinstance(flat, Position)
    assert flat.proof is FlatProof.ACCOUNT


@pytest.mark.parametrize(
    ("figures", "mode", "flat"),
    [
        ({"isoEq": "100000"}, "isolated", True),
        ({"isoEq": "120000"}, "isolated", True),  # at another mark
        ({"isoEq": "130000"}, "isolated", False),
        ({"mmr": "410", "upl": "-3"}, "cross", True),
        ({"mmr": "600", "upl": "-3"}, "cross", False),
        ({"mmr": "400", "isoEq": "100000"}, "isolated", False),
        ({"mmr": "400", "isoEq": "100000"}, "cross", False),
    ],
)
async def test_r9_other_positions_must_explain_the_margin(
    venue: CcxtVenue, wire: OkxWire, figures: dict[str, str], mode: str, flat: bool
) -> None:
    wire.serve_rows("account/balance", balance(coin("USDT", "200000", **figures)))
    wire.serve("GET", POSITIONS, by_name(held("PEPE-USDT-SWAP", "-1", mgnMode=mode)))
    assert isinstance(await position(venue), Position if flat else Unknown)


async def test_r9_a_row_of_0_is_flat_by_itself(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve_rows("account/balance", balance(coin("USDT", "200000", imr="5")))
    wire.serve("GET", POSITIONS, by_name(held("BTC-USDT-SWAP", "0", avgPx="", liqPx="", margin="", notionalUsd="")))
    flat = await position(venue)
    assert isinstance(flat, Position)
    assert values(flat.contracts, flat.proof) == (0, FlatProof.ZERO_ROW)


@pytest.mark.parametrize(
    "body",
    [
        balance(total="200000"),
        {"details": [], "uTime": "1"},
        balance({"ccy": "USDT", "eq": "1"}),
        balance(coin("USDT", "NaN")),
        balance(coin("USDT", "1"), coin("USDT", "1")),
    ],
)
async def test_r9_a_balance_that_can_not_be_believed_proves_nothing(
    venue: CcxtVenue, wire: OkxWire, body: object
) -> None:
    wire.serve_rows("account/balance", body)
    observed = await seen(venue, BTC, spot=frozenset({COIN}))
    assert isinstance(observed.positions[BTC], Unknown)
    assert isinstance(observed.margins[BTC], Unknown)
    assert isinstance(observed.holdings[Source.SPOT, COIN], Unknown)


async def test_r9_an_account_that_says_it_is_empty_is_flat(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve_rows("account/balance", balance(total="0"))
    observed = await seen(venue, BTC)
    flat, margin = observed.positions[BTC], observed.margins[BTC]
    assert isinstance(flat, Position)
    assert isinstance(margin, Margin)
    assert values(flat.contracts, margin.available, margin.balance) == (0, 0, 0)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(text="<html>busy</html>"),
        Reply(text="null"),
        Reply(text='{"code":"0","data":[{"instId":"BTC-US'),
        {},
        [],
        {"code": "0"},
        {"code": "", "data": []},
        {"code": "0", "data": {}},
        answer({"instId": "BTC-USDT-SWAP"}),
        answer(held("BTC-USDT-SWAP", "x")),
        answer(held("BTC-USDT-SWAP", "-1", side="both")),
        answer(held("BTC-USDT-SWAP", "-1", mgnMode="both")),
        refused("50001"),
        Reply(status=503),
        Reply(lost=True),
    ],
)
async def test_r8_positions_that_can_not_be_read_are_unknown(venue: CcxtVenue, wire: OkxWire, reply: object) -> None:
    wire.serve("GET", POSITIONS, reply)
    assert isinstance(await position(venue), Unknown)


async def test_r9_a_row_missing_in_one_of_two_readings_is_unknown(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve(
        "GET",
        POSITIONS,
        lambda asked: answer(
            *(
                (held("BTC-USDT-SWAP", "0", margin="", avgPx=""),)
                if "instId" in asked.params
                else (held("BTC-USDT-SWAP", "-100"),)
            )
        ),
    )
    assert isinstance(await position(venue), Unknown)


# Positions


async def test_net_mode_signs_the_position(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve("GET", POSITIONS, by_name(held("BTC-USDT-SWAP", "-100")))
    short = await position(venue)
    assert isinstance(short, Position)
    assert values(short.contracts, short.other_side, short.proof) == (-100, 0, FlatProof.NOT_FLAT)
    assert values(short.entry_price, short.mark_price, short.liquidation_price) == (100_000, 100_000, 195_000)
    assert values(short.isolated_wallet, short.raw_notional) == (100_000, 100_000)


async def test_hedge_mode_names_the_side_and_counts_both(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve(
        "GET",
        POSITIONS,
        by_name(held("BTC-USDT-SWAP", "100", side="short"), held("BTC-USDT-SWAP", "7", side="long", margin="9")),
    )
    both = await position(venue)
    assert isinstance(both, Position)
    assert values(both.contracts, both.other_side, both.isolated_wallet) == (-100, 7, 100_000)


async def test_a_long_of_somebody_else_leaves_the_short_side_flat(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve("GET", POSITIONS, by_name(held("BTC-USDT-SWAP", "7", side="long")))
    other = await position(venue)
    assert isinstance(other, Position)
    assert values(other.contracts, other.other_side, other.proof) == (0, 7, FlatProof.ZERO_ROW)


async def test_a_position_in_both_margin_modes_at_once_is_unknown(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve("GET", POSITIONS, by_name(held("BTC-USDT-SWAP", "-1"), held("BTC-USDT-SWAP", "-1", mgnMode="cross")))
    assert isinstance(await position(venue), Unknown)
    configs = (await venue.observe(Wanted(configs=frozenset({BTC})))).configs
    assert isinstance(configs[BTC], Unknown)


async def test_a_long_in_the_other_margin_mode_is_no_matter_of_ours(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve(
        "GET",
        POSITIONS,
        by_name(
            held("BTC-USDT-SWAP", "100", side="short"),
            held("BTC-USDT-SWAP", "7", side="long", mgnMode="cross", margin=""),
        ),
    )
    both = await position(venue)
    assert isinstance(both, Position)
    assert values(both.contracts, both.other_side) == (-100, 7)
    configs = (await venue.observe(Wanted(configs=frozenset({BTC})))).configs
    assert isinstance(configs[BTC], SymbolConfig)


async def test_a_fully_backed_short_has_no_liquidation_price(venue: CcxtVenue, wire: OkxWire) -> None:
    row = held("BTC-USD-SWAP", "-999", mgnMode="cross", ccy="BTC", liqPx="", margin="", notionalUsd="99900")
    wire.serve("GET", POSITIONS, by_name(row))
    short = await position(venue, COIN_M)
    assert isinstance(short, Position)
    assert values(short.liquidation_price, short.isolated_wallet, short.contracts) == (None, None, -999)


async def test_margin_is_the_equity_of_the_settle_currency(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve_rows(
        "account/balance",
        balance(
            coin("USDT", "700", cashBal="500", isoEq="200", availEq="450"),
            coin("BTC", "0.9", cashBal="1", upl="-0.1", imr="0.5", mmr="0.01"),
        ),
    )
    observed = await seen(venue, BTC, COIN_M)
    linear, inverse = observed.margins[BTC], observed.margins[COIN_M]
    assert isinstance(linear, Margin)
    assert isinstance(inverse, Margin)
    assert values(linear.asset, linear.wallet, linear.available, linear.balance) == (Asset("USDT"), 700, 450, 700)
    assert values(inverse.asset, inverse.wallet, inverse.balance) == (COIN, 1, Decimal("0.9"))


# Prices


async def test_r12_prices_of_one_and_of_several_swaps(venue: CcxtVenue, wire: OkxWire) -> None:
    one = (await seen(venue, BTC, books=frozenset({BTC}))).prices[BTC]
    assert isinstance(one, Prices)
    assert values(one.mark, one.index, one.bid, one.ask) == (100_000, 99_999, 100_000, Decimal("100000.5"))
    assert one.funding_rate == Decimal("0.0001")
    assert one.book is not None
    assert one.book.bids[0].contracts == 500
    assert wire.last("/api/v5/public/funding-rate").params == {"instId": "BTC-USDT-SWAP"}
    wire.asked.clear()
    several = await seen(venue, BTC, COIN_M, PEPE)
    assert all(isinstance(prices, Prices) for prices in several.prices.values())
    inverse = several.prices[COIN_M]
    assert isinstance(inverse, Prices)
    assert values(inverse.index, inverse.mark) == (100_090, 100_100)
    assert wire.last("/api/v5/public/funding-rate").params == {"instId": "ANY"}
    assert wire.count("/api/v5/market/tickers") == wire.count("/api/v5/public/mark-price") == 1
    assert wire.count("/api/v5/market/index-tickers") == 2


@pytest.mark.parametrize(
    ("path", "row"),
    [
        ("public/mark-price", {"instId": "BTC-USDT-SWAP", "markPx": "0"}),
        ("market/ticker", {"instId": "BTC-USDT-SWAP", "bidPx": "", "askPx": "1"}),
        ("market/ticker", {"instId": "BTC-USDT-SWAP", "bidPx": "2", "askPx": "1"}),
        ("market/index-tickers", {"instId": "ETH-USDT", "idxPx": "1"}),
        ("public/funding-rate", {"instId": "BTC-USDT-SWAP"}),
    ],
)
async def test_r8_a_price_that_is_missing_is_unknown(venue: CcxtVenue, wire: OkxWire, path: str, row: object) -> None:
    wire.serve_rows(path, row)
    assert isinstance((await seen(venue, BTC)).prices[BTC], Unknown)


async def test_r8_a_book_out_of_order_is_unknown(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve_rows("market/books", {"bids": [["1", "1"], ["2", "1"]], "asks": [["3", "1"]], "ts": "1"})
    assert isinstance((await seen(venue, BTC, books=frozenset({BTC}))).prices[BTC], Unknown)


async def test_r7_volumes_are_those_of_the_candles(venue: CcxtVenue, wire: OkxWire) -> None:
    wire.serve_rows(
        "market/candles",
        ["2", "1", "1", "1", "1", "100", "1", "100000", "0"],
        ["1", "1", "1", "1", "1", "300", "3", "330000", "1"],
    )
    assert values(*await venue.volumes_24h(BTC)) == (400, 430_000, 107_500)
    assert wire.last("/api/v5/market/candles").params == {"instId": "BTC-USDT-SWAP", "bar": "1H", "limit": "24"}


# Settings


async def test_the_configured_margin_mode_is_that_of_the_position_else_the_wanted_one(
    venue: CcxtVenue, wire: OkxWire
) -> None:
    wanted = Wanted(configs=frozenset({BTC, COIN_M}))
    configs = (await venue.observe(wanted)).configs
    assert configs[BTC] == SymbolConfig(symbol=BTC, leverage=1, margin_mode=MarginMode.ISOLATED, hedged=False)
    assert configs[COIN_M] == SymbolConfig(symbol=COIN_M, leverage=1, margin_mode=MarginMode.CROSS, hedged=False)
    wire.serve("GET", POSITIONS, by_name(held("BTC-USDT-SWAP", "-1", mgnMode="cross", margin="")))
    wire.serve_rows("account/config", config(posMode="long_short_mode"))
    configs = (await venue.observe(wanted)).configs
    assert configs[BTC] == SymbolConfig(symbol=BTC, leverage=1, margin_mode=MarginMode.CROSS, hedged=True)
    with pytest.raises(Exception, match="can't be changed"):
        await venue.configure(BTC, 1, MarginMode.ISOLATED)


@pytest.mark.parametrize("body", [config(posMode="?"), config(acctLv="9"), {"acctLv": "2"}])
async def test_r8_a_configuration_that_is_not_known_is_unknown(venue: CcxtVenue, wire: OkxWire, body: object) -> None:
    wire.serve_rows("account/config", body)
    observed = await venue.observe(Wanted(configs=frozenset({BTC})))
    assert isinstance(observed.configs[BTC], Unknown)


@pytest.mark.parametrize(
    ("symbol", "notional", "rate"),
    [(BTC, "100000", "0.004"), (BTC, "1000000", "0.005"), (COIN_M, "5000", "0.004"), (COIN_M, "50001", "0.005")],
)
async def test_maintenance_is_that_of_the_tier_of_the_contracts(
    venue: CcxtVenue, wire: OkxWire, symbol: Symbol, notional: str, rate: str
) -> None:
    wire.serve_rows(
        "public/position-tiers",
        {"minSz": "0", "maxSz": "500", "mmr": "0.004"},
        {"minSz": "500.01", "maxSz": "1000", "mmr": "0.005"},
    )
    wire.serve(
        "GET", "/api/v5/public/mark-price", lambda asked: answer({"instId": asked.params["instId"], "markPx": "100000"})
    )
    assert values(*await venue.maintenance(symbol, Decimal(notional))) == (Decimal(rate), 0)


async def test_one_observation_costs_a_constant_number_of_calls(venue: CcxtVenue, wire: OkxWire) -> None:
    counts = []
    for symbols in ((BTC, PEPE), (BTC, PEPE, COIN_M)):
        wire.asked.clear()
        await seen(venue, *symbols, spot=frozenset({COIN}))
        counts.append(len([asked for asked in wire.asked if "index-tickers" not in asked.path]))
    assert counts[0] == counts[1]
