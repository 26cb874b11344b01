"""Public data of the paper OKX, as ccxt reads it and as it stands on the wire."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.paper.engine.model import DELISTED, SUSPENDED
from tests.paper_wire.okx import INVERSE, SPOT, START_MS, SWAP, Bench, data_of, row_of

DAY_MS = 86_400_000
HOUR_MS = 3_600_000


@pytest.fixture
def okx() -> Bench:
    return Bench()


class TestInstruments:
    async def test_ccxt_loads_every_kind(self, okx: Bench) -> None:
        async with okx.client() as client:
            markets = await client.load_markets()
        sizes = {name: market["contractSize"] for name, market in markets.items() if market["swap"]}
        assert sizes == {
            "BTC/USDT:USDT": Decimal("0.01"),
            "ETH/USDT:USDT": Decimal("0.1"),
            "BNB/USDT:USDT": Decimal("0.01"),
            "PEPE/USDT:USDT": Decimal(10_000_000),
            "BTC/USD:BTC": Decimal(100),
            "ETH/USD:ETH": Decimal(10),
        }
        assert {name for name, market in markets.items() if market["inverse"] and market["swap"]} == {
            "BTC/USD:BTC",
            "ETH/USD:ETH",
        }
        assert [market["type"] for market in markets.values()].count("future") == 2
        assert all(market["active"] for market in markets.values())
        assert markets["BTC/USDT"]["precision"] == {"amount": Decimal("1E-8"), "price": Decimal("0.1")}

    def test_a_dated_future_always_lies_ahead(self, okx: Bench) -> None:
        for _ in range(20):
            for row in okx.get("public/instruments", instType="FUTURES"):
                assert int(row["expTime"]) > okx.clock.now_ms + 7 * DAY_MS
                assert row["instId"].startswith(row["instFamily"])
            okx.clock.now_ms += 30 * DAY_MS

    def test_options_are_an_empty_list(self, okx: Bench) -> None:
        assert okx.get("public/instruments", instType="OPTION", uly="BTC-USD") == []

    def test_suspended_and_delisted(self, okx: Bench) -> None:
        okx.exchange.set_status(f"linear:{SWAP}", SUSPENDED)
        okx.exchange.set_status(f"inverse:{INVERSE}", DELISTED)
        rows = okx.get("public/instruments", instType="SWAP")
        assert row_of(rows, instId=SWAP)["state"] == "suspend"
        assert INVERSE not in {row["instId"] for row in rows}
        assert okx.refused("GET", "market/ticker", {"instId": INVERSE}) == (200, "51001")

    def test_every_instrument_has_a_number_of_its_own(self, okx: Bench) -> None:
        rows = [row for kind in ("SPOT", "SWAP", "FUTURES") for row in okx.get("public/instruments", instType=kind)]
        assert len({row["instIdCode"] for row in rows}) == len(rows)


class TestPrices:
    async def test_ccxt_reads_tickers(self, okx: Bench) -> None:
        async with okx.client() as client:
            ticker = await client.fetch_ticker("BTC/USDT:USDT")
            assert (ticker["bid"], ticker["last"], ticker["ask"]) == (99_999, 100_000, 100_001)
            assert set(await client.fetch_tickers(["BTC/USD:BTC"])) == {"BTC/USD:BTC"}
            assert (await client.fetch_mark_price("BTC/USDT:USDT"))["markPrice"] == 100_000

    @pytest.mark.parametrize("name", [SWAP, INVERSE, "PEPE-USDT-SWAP"])
    def test_r7_the_volumes_tell_the_contract_size(self, okx: Bench, name: str) -> None:
        """24 h volumes in contracts and in coins, and the size, agree."""
        okx.exchange.set_price("BTC", Decimal(104_000))
        row = okx.get("market/ticker", instId=name)[0]
        size = Decimal(okx.get("public/instruments", instType="SWAP", instId=name)[0]["ctVal"])
        contracts, coins = Decimal(row["vol24h"]), Decimal(row["volCcy24h"])
        coins_in_one = size / Decimal(102_000) if name == INVERSE else size
        assert contracts > 0
        assert abs(coins / contracts / coins_in_one - 1) < Decimal("0.05")

    def test_the_ticker_of_a_spot_pair_counts_base_and_quote(self, okx: Bench) -> None:
        row = okx.get("market/ticker", instId=SPOT)[0]
        assert Decimal(row["volCcy24h"]) == Decimal(row["vol24h"]) * 100_000

    def test_the_book_has_four_members_a_level(self, okx: Bench) -> None:
        book = okx.get("market/books", instId=SPOT, sz="2")[0]
        assert book["asks"][0] == ["100001", "6", "0", "1"]
        assert [len(book["asks"]), len(book["bids"])] == [2, 2]

    def test_the_index_serves_dollars_and_usdt(self, okx: Bench) -> None:
        for name in ("BTC-USD", "BTC-USDT"):
            assert okx.get("market/index-tickers", instId=name)[0]["idxPx"] == "100000"
        assert {row["instId"] for row in okx.get("market/index-tickers", quoteCcy="USDT")} >= {"BTC-USDT", "ETH-USDT"}

    def test_price_limits_bind_in_one_direction_each(self, okx: Bench) -> None:
        row = okx.get("public/price-limit", instId=SWAP)[0]
        assert (row["buyLmt"], row["sellLmt"], row["enabled"]) == ("105000", "95000", True)

    def test_trades_are_newest_first(self, okx: Bench) -> None:
        okx.order(SPOT, "sell", "0.5")
        rows = okx.get("market/trades", instId=SPOT, limit="5")
        assert [row["ts"] for row in rows] == sorted((row["ts"] for row in rows), reverse=True)
        assert row_of(rows, sz="0.5")["px"] == "99999"

    def test_no_maintenance_is_an_empty_list(self, okx: Bench) -> None:
        assert okx.get("system/status") == []

    def test_time(self, okx: Bench) -> None:
        assert data_of(okx.send("GET", "public/time", signed=False)) == [{"ts": str(START_MS)}]


class TestCandles:
    def test_a_candle_holds_the_prices_that_were(self, okx: Bench) -> None:
        for step, price in enumerate((101_000, 98_000, 99_000)):
            okx.clock.now_ms = START_MS + 60_000 * (step + 1)
            okx.exchange.set_price("BTC", Decimal(price))
        okx.clock.now_ms = START_MS + HOUR_MS
        now, before = okx.get("market/candles", instId=SWAP, bar="1H", limit="2")
        assert before[:5] == [str(START_MS), "100000", "101000", "98000", "99000"]
        assert (before[8], now[8], now[1]) == ("1", "0", "99000")

    @pytest.mark.parametrize(
        ("bar", "start"),
        [
            ("1m", START_MS),
            ("4H", START_MS - HOUR_MS),
            # Long bars begin by Hong Kong's clock, eight hours ahead, unless they say otherwise.
            ("1D", START_MS - 9 * HOUR_MS),
            ("1Dutc", START_MS - HOUR_MS),
            ("1Wutc", START_MS - HOUR_MS - 3 * DAY_MS),
            ("1Mutc", START_MS - HOUR_MS),
        ],
    )
    def test_bars_begin_where_okx_begins_them(self, okx: Bench, bar: str, start: int) -> None:
        assert int(okx.get("market/candles", instId=SPOT, bar=bar, limit="1")[0][0]) == start

    def test_a_window_leaves_its_ends_out(self, okx: Bench) -> None:
        params = {"instId": SPOT, "bar": "1m", "before": START_MS - 180_000, "after": START_MS}
        rows = okx.get("market/history-candles", **params)
        assert [int(row[0]) for row in rows] == [START_MS - 60_000, START_MS - 120_000]

    async def test_ccxt_reads_days(self, okx: Bench) -> None:
        async with okx.client() as client:
            days = await client.fetch_ohlcv("BTC/USDT", "1d", since=START_MS - 5 * DAY_MS, limit=3)
            assert [day[4] for day in days] == [100_000] * 3
            marks = await client.fetch_ohlcv("BTC/USDT:USDT", "1h", limit=2, params={"price": "mark"})
            assert len(marks) == 2


class TestFunding:
    async def test_ccxt_reads_rates_and_their_history(self, okx: Bench) -> None:
        okx.exchange.set_funding_rate("BTC", Decimal("0.0003"))
        okx.exchange.settle_funding("BTC")
        async with okx.client() as client:
            rate = await client.fetch_funding_rate("BTC/USDT:USDT")
            assert (rate["fundingRate"], rate["interval"]) == (Decimal("0.0003"), "8h")
            assert rate["fundingTimestamp"] == START_MS + 7 * HOUR_MS
            assert len(await client.fetch_funding_rates()) == 6
            *before, settled = await client.fetch_funding_rate_history("BTC/USD:BTC")
            assert settled["fundingRate"] == Decimal("0.0003")
            assert len(before) == 90

    async def test_tiers_are_in_contracts(self, okx: Bench) -> None:
        async with okx.client() as client:
            linear = await client.fetch_market_leverage_tiers("BTC/USDT:USDT")
        assert (linear[0]["maxNotional"], linear[0]["maxLeverage"]) == (300, 125)
        inverse = okx.get("public/position-tiers", instType="SWAP", tdMode="cross", instFamily="BTC-USD")
        assert (inverse[0]["minSz"], inverse[0]["tier"]) == ("0", "1")
        assert int(inverse[1]["minSz"]) == int(inverse[0]["maxSz"]) + 1

    def test_open_interest_counts_contracts_coins_and_dollars(self, okx: Bench) -> None:
        row = okx.get("public/open-interest", instType="SWAP", instId=INVERSE)[0]
        assert Decimal(row["oiUsd"]) == Decimal(row["oi"]) * 100 == Decimal(row["oiCcy"]) * 100_000
