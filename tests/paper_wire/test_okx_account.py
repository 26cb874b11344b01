"""The trading account of the paper OKX: balances, positions, bills, settings."""

from __future__ import annotations

from decimal import Decimal

import pytest
from ccxt.base.errors import AccountNotEnabled, ExchangeError

from bot.paper.engine.model import PositionSide
from tests.paper_wire.okx import INVERSE, SPOT, SWAP, Bench, row_of, wanted

D = Decimal


@pytest.fixture
def okx() -> Bench:
    return Bench()


def coin(okx: Bench, name: str) -> dict[str, str]:
    found: dict[str, str] = row_of(okx.get("account/balance")[0]["details"], ccy=name)
    return found


def cash(okx: Bench) -> dict[str, Decimal]:
    return {row["ccy"]: D(row["cashBal"]) for row in okx.get("account/balance")[0]["details"]}


class TestBalances:
    async def test_ccxt_reads_them(self, okx: Bench) -> None:
        async with okx.client() as client:
            balance = await client.fetch_balance()
            assert balance["total"] == {"BTC": 1, "BNB": 3, "USDT": 400_000}
            assert (await client.fetch_balance({"type": "funding"}))["total"] == {}

    def test_a_coin_without_a_balance_is_no_row(self, okx: Bench) -> None:
        okx.order(SPOT, "sell", "1")
        assert [row["ccy"] for row in okx.get("account/balance")[0]["details"]] == ["BNB", "USDT"]

    def test_only_what_was_asked_for(self, okx: Bench) -> None:
        rows = okx.get("account/balance", ccy="BTC,ETH")[0]["details"]
        assert [row["ccy"] for row in rows] == ["BTC"]

    def test_an_order_freezes_what_it_needs(self, okx: Bench) -> None:
        okx.order(SPOT, "buy", "0.5", ordType="limit", px="98000")
        usdt = coin(okx, "USDT")
        assert (usdt["eq"], usdt["availBal"], usdt["frozenBal"], usdt["ordFrozen"]) == (
            "400000",
            "351000",
            "49000",
            "49000",
        )

    def test_r4_equity_contains_the_profit_and_cash_does_not(self, okx: Bench) -> None:
        okx.order(INVERSE, "sell", "500")
        okx.exchange.set_price("BTC", D(80_000))
        btc = coin(okx, "BTC")
        profit = D(btc["upl"])
        assert profit == pytest.approx(D("0.125"), abs=D("0.00001"))
        assert D(btc["eq"]) == D(btc["cashBal"]) + profit
        assert D(btc["cashBal"]) == pytest.approx(1 - D("0.00025"), abs=D("0.000001"))

    def test_isolated_margin_leaves_the_cash_and_stays_in_the_equity(self, okx: Bench) -> None:
        okx.order(SWAP, "sell", "3", tdMode="isolated")
        usdt = coin(okx, "USDT")
        assert D(usdt["cashBal"]) == 400_000 - D("999.99") - D("1.499985")
        assert D(usdt["isoEq"]) == D("999.99") - D("0.03")
        assert D(usdt["eq"]) == D(usdt["cashBal"]) + D(usdt["isoEq"])

    def test_spot_mode_shows_no_margin_figures(self, okx: Bench) -> None:
        okx.post("account/set-account-level", {"acctLv": "1"})
        usdt = coin(okx, "USDT")
        assert (usdt["availEq"], usdt["upl"], usdt["imr"], usdt["availBal"]) == ("", "", "", "400000")

    def test_nobody_has_debts(self, okx: Bench) -> None:
        assert okx.get("account/interest-accrued") == []
        assert okx.get("account/max-withdrawal", ccy="BTC")[0]["maxWd"] == "1"


class TestPositions:
    def test_r9_flat_is_an_empty_list(self, okx: Bench) -> None:
        assert okx.get("account/positions") == []
        okx.order(SWAP, "sell", "1")
        okx.order(SWAP, "buy", "1")
        okx.post("account/set-leverage", {"instId": SWAP, "lever": "7", "mgnMode": "cross"})
        assert okx.get("account/positions") == []

    def test_a_short_under_cross_margin(self, okx: Bench) -> None:
        okx.order(SWAP, "sell", "3")
        okx.exchange.set_price("BTC", D(101_000))
        row = okx.get("account/positions")[0]
        assert {
            name: row[name] for name in ("pos", "posSide", "mgnMode", "avgPx", "upl", "lever", "ccy", "margin")
        } == {
            "pos": "-3",
            "posSide": "net",
            "mgnMode": "cross",
            "avgPx": "99999",
            "upl": "-30.03",
            "lever": "3",
            "ccy": "USDT",
            "margin": "",
        }
        assert (row["notionalUsd"], row["imr"], row["mmr"], row["markPx"]) == ("3030", "1010", "12.12", "101000")

    def test_a_short_under_isolated_margin(self, okx: Bench) -> None:
        okx.post("account/set-leverage", {"instId": SWAP, "lever": "1", "mgnMode": "isolated", "posSide": "net"})
        okx.order(SWAP, "sell", "3", tdMode="isolated")
        row = okx.get("account/positions")[0]
        assert (row["mgnMode"], row["lever"], row["margin"], row["imr"]) == ("isolated", "1", "2999.97", "")
        assert D(row["liqPx"]) == pytest.approx(D(199_198), abs=D(100))

    def test_r28_a_short_backed_by_its_coins_has_no_liquidation_price(self, okx: Bench) -> None:
        okx.order(INVERSE, "sell", "900")
        row = okx.get("account/positions")[0]
        assert (row["liqPx"], row["ccy"], row["notionalUsd"]) == ("", "BTC", "90000")

    async def test_ccxt_reads_both_kinds(self, okx: Bench) -> None:
        okx.order(SWAP, "sell", "3")
        okx.order(INVERSE, "buy", "30")
        # With Decimals ccxt loses the size of a contract in positions.
        async with okx.client(number=float) as client:
            await client.load_markets()
            positions = {row["symbol"]: row for row in await client.fetch_positions()}
            assert (await client.fetch_position("BTC/USD:BTC"))["contracts"] == 30
        linear, inverse = positions["BTC/USDT:USDT"], positions["BTC/USD:BTC"]
        assert (linear["side"], linear["contracts"], linear["notional"]) == ("short", 3, 3000)
        assert (inverse["side"], inverse["contractSize"], inverse["hedged"]) == ("long", 100, False)

    def test_both_sides_in_long_short_mode(self, okx: Bench) -> None:
        okx.post("account/set-position-mode", {"posMode": "long_short_mode"})
        okx.order(SWAP, "sell", "3", posSide="short")
        okx.order(SWAP, "buy", "1", posSide="long")
        rows = okx.get("account/positions", instType="SWAP", instId=SWAP)
        assert {(row["posSide"], row["pos"]) for row in rows} == {("short", "3"), ("long", "1")}

    def test_a_life_from_flat_to_flat(self, okx: Bench) -> None:
        okx.order(SWAP, "sell", "3")
        okx.exchange.settle_funding("BTC", D("0.001"))
        okx.exchange.set_price("BTC", D(90_000))
        okx.order(SWAP, "buy", "3")
        row = okx.get("account/positions-history", instId=SWAP)[0]
        assert {name: row[name] for name in ("direction", "openAvgPx", "closeAvgPx", "closeTotalPos", "type")} == {
            "direction": "short",
            "openAvgPx": "99999",
            "closeAvgPx": "90000.9",
            "closeTotalPos": "3",
            "type": "2",
        }
        pnl, fee, funding = D(row["pnl"]), D(row["fee"]), D(row["fundingFee"])
        assert (pnl, funding) == (D("299.943"), D(3))
        assert D(row["realizedPnl"]) == pnl + fee + funding

    def test_a_reversal_ends_one_life_and_begins_another(self, okx: Bench) -> None:
        okx.order(SWAP, "sell", "3")
        okx.order(SWAP, "buy", "5")
        closed = okx.get("account/positions-history")
        assert [(row["direction"], row["closeTotalPos"]) for row in closed] == [("short", "3")]
        row = okx.get("account/positions")[0]
        assert (row["pos"], row["posId"] != closed[0]["posId"]) == ("2", True)

    def test_balance_and_positions_of_one_moment(self, okx: Bench) -> None:
        okx.order(SWAP, "sell", "3")
        risk = okx.get("account/account-position-risk")[0]
        assert [row["instId"] for row in risk["posData"]] == [SWAP]
        assert {row["ccy"] for row in risk["balData"]} == {"BTC", "BNB", "USDT"}


class TestBills:
    @pytest.mark.parametrize("mode", ["cross", "isolated"])
    def test_r29_the_bills_add_up_to_the_cash(self, okx: Bench, mode: str) -> None:
        """Whatever happens, the sum of all `balChg` is the change of `cashBal`, and `bal` of the last one is it."""
        before = cash(okx)
        for name in (SWAP, INVERSE):
            okx.order(name, "sell", "20", tdMode=mode)
        okx.order(SPOT, "buy", "0.1", tgtCcy="base_ccy")
        okx.exchange.settle_funding("BTC", D("0.0007"))
        okx.exchange.set_price("BTC", D(93_123))
        okx.order(SWAP, "buy", "5", tdMode=mode)
        if mode == "isolated":
            okx.exchange.add_margin("paper", SWAP, PositionSide.BOTH, D(100))
            okx.exchange.add_margin("paper", SWAP, PositionSide.BOTH, D(-40))
        okx.post("asset/transfer", {"ccy": "USDT", "amt": "123.45", "from": "18", "to": "6"})
        bills = okx.get("account/bills")
        after = cash(okx)
        for name, amount in after.items():
            mine = [bill for bill in bills if bill["ccy"] == name]
            assert amount - before[name] == sum((D(bill["balChg"]) for bill in mine), D(0))
            assert not mine or D(mine[0]["bal"]) == amount

    def test_what_an_account_opens_with_is_no_bill(self, okx: Bench) -> None:
        assert okx.get("account/bills") == []

    def test_isolated_funding_goes_through_the_position(self, okx: Bench) -> None:
        okx.order(SWAP, "sell", "3", tdMode="isolated")
        okx.exchange.settle_funding("BTC", D("0.0001"))
        bill = okx.get("account/bills", type="8")[0]
        assert {name: bill[name] for name in ("balChg", "posBalChg", "pnl", "subType", "sz", "px", "mgnMode")} == {
            "balChg": "0",
            "posBalChg": "0.3",
            "pnl": "0.3",
            "subType": "174",
            "sz": "3",
            "px": "100000",
            "mgnMode": "isolated",
        }

    def test_margin_added_and_taken_is_a_bill(self, okx: Bench) -> None:
        okx.order(SWAP, "sell", "3", tdMode="isolated")
        for kind, amount in (("add", "10"), ("reduce", "5")):
            body = {"instId": SWAP, "posSide": "net", "type": kind, "amt": amount}
            assert okx.post("account/position/margin-balance", body)[0]["type"] == kind
        taken, added = okx.get("account/bills", type="6")
        assert (added["subType"], added["balChg"], added["posBalChg"]) == ("160", "-10", "10")
        assert (taken["subType"], taken["balChg"], taken["posBal"]) == ("161", "5", "1004.99")

    async def test_ccxt_reads_funding_of_each_kind(self, okx: Bench) -> None:
        okx.order(SWAP, "sell", "3")
        okx.order(INVERSE, "sell", "30")
        okx.exchange.settle_funding("BTC", D("0.0001"))
        async with okx.client() as client:
            linear = await client.fetch_funding_history("BTC/USDT:USDT")
            inverse = await client.fetch_funding_history("BTC/USD:BTC")
        assert [(row["code"], row["amount"]) for row in linear] == [("USDT", D("0.3"))]
        assert [(row["code"], row["amount"]) for row in inverse] == [("BTC", D("0.000003"))]

    def test_filters_and_pages(self, okx: Bench) -> None:
        for size in ("1", "2", "3"):
            okx.order(SWAP, "sell", size)
        okx.order(SPOT, "sell", "0.1")
        first, second, third = okx.get("account/bills", instType="SWAP")
        assert [row["sz"] for row in (first, second, third)] == ["3", "2", "1"]
        assert okx.get("account/bills", instType="SWAP", after=second["billId"]) == [third]
        assert okx.get("account/bills", instType="SWAP", before=second["billId"]) == [first]
        assert okx.get("account/bills", ccy="BTC")[0]["instId"] == SPOT
        assert len(okx.get("account/bills", limit="2")) == 2
        okx.clock.now_ms += 8 * 86_400_000
        assert okx.get("account/bills") == []
        assert len(okx.get("account/bills-archive")) == 5

    def test_the_sides_of_long_short_mode_have_types_of_their_own(self, okx: Bench) -> None:
        okx.post("account/set-position-mode", {"posMode": "long_short_mode"})
        for side, held in (("buy", "long"), ("sell", "short"), ("sell", "long"), ("buy", "short")):
            okx.order(SWAP, side, "1", posSide=held)
        assert [row["subType"] for row in okx.get("account/bills", type="2")] == ["6", "5", "4", "3"]


class TestSettings:
    def test_leverage_is_kept_for_each_margin_mode(self, okx: Bench) -> None:
        okx.post("account/set-leverage", {"instId": SWAP, "lever": "5", "mgnMode": "cross"})
        okx.post("account/set-leverage", {"instId": SWAP, "lever": "1", "mgnMode": "isolated", "posSide": "net"})
        for mode, lever in (("cross", "5"), ("isolated", "1")):
            rows = okx.get("account/leverage-info", instId=SWAP, mgnMode=mode)
            assert rows == [{"ccy": "", "instId": SWAP, "lever": lever, "mgnMode": mode, "posSide": "net"}]
        okx.order(SWAP, "sell", "1", tdMode="isolated")
        assert okx.get("account/positions")[0]["lever"] == "1"
        okx.order(SWAP, "buy", "1", tdMode="isolated")
        okx.order(SWAP, "sell", "1", tdMode="cross")
        assert okx.get("account/positions")[0]["lever"] == "5"

    def test_the_same_leverage_again_is_no_error(self, okx: Bench) -> None:
        for _ in range(2):
            okx.post("account/set-leverage", {"instId": SWAP, "lever": "5", "mgnMode": "cross"})

    @pytest.mark.parametrize(
        ("body", "refused"),
        [
            ({"lever": "126"}, (200, "59102")),
            ({"lever": "0"}, (200, "59102")),
            ({"lever": "2.5"}, (400, "51000")),
            ({"lever": ""}, (400, "50014")),
            ({"mgnMode": "cash"}, (400, "51000")),
            ({"instId": SPOT}, (200, "51001")),
            ({"posSide": "long"}, (200, "51000")),
        ],
    )
    def test_bad_leverage(self, okx: Bench, body: dict[str, str], refused: tuple[int, str]) -> None:
        sent = {"instId": SWAP, "lever": "5", "mgnMode": "cross", **body}
        assert okx.refused("POST", "account/set-leverage", sent) == refused

    def test_both_sides_are_told_in_long_short_mode(self, okx: Bench) -> None:
        okx.post("account/set-position-mode", {"posMode": "long_short_mode"})
        rows = okx.get("account/leverage-info", instId=SWAP, mgnMode="isolated")
        assert [row["posSide"] for row in rows] == ["long", "short"]

    async def test_ccxt_sets_and_reads_modes(self, okx: Bench) -> None:
        async with okx.client() as client:
            await client.set_leverage(4, "BTC/USDT:USDT", {"marginMode": "isolated"})
            found = await client.fetch_leverage("BTC/USDT:USDT", {"marginMode": "isolated"})
            assert (found["longLeverage"], found["marginMode"]) == (4, "isolated")
            assert not (await client.fetch_position_mode())["hedged"]
            await client.set_position_mode(True)
            await client.set_position_mode(True)
            assert (await client.fetch_position_mode())["hedged"]

    def test_the_position_mode_stays_while_there_are_positions_or_orders(self, okx: Bench) -> None:
        body = {"posMode": "long_short_mode"}
        okx.order(SWAP, "sell", "1")
        assert okx.refused("POST", "account/set-position-mode", body) == (200, "59000")
        okx.order(SWAP, "buy", "1")
        okx.order(SWAP, "sell", "1", ordType="limit", px="101000")
        assert okx.refused("POST", "account/set-position-mode", body) == (200, "59000")
        assert okx.get("account/config")[0]["posMode"] == "net_mode"

    async def test_spot_mode_has_no_perpetuals(self, okx: Bench) -> None:
        okx.post("account/set-account-level", {"acctLv": "1"})
        assert okx.get("account/config")[0]["acctLv"] == "1"
        assert okx.refused("POST", "trade/order", wanted(SWAP, "sell", "1")) == (200, "51010")
        leverage = {"instId": SWAP, "lever": "5", "mgnMode": "cross"}
        assert okx.refused("POST", "account/set-leverage", leverage) == (200, "51010")
        mode = {"posMode": "long_short_mode"}
        assert okx.refused("POST", "account/set-position-mode", mode) == (200, "51010")
        assert okx.order(SPOT, "sell", "0.1")["sCode"] == "0"
        async with okx.client() as client:
            with pytest.raises(AccountNotEnabled, match="51010"):
                await client.create_order("BTC/USDT:USDT", "market", "sell", 1)

    def test_the_account_mode_stays_while_there_are_positions_or_orders(self, okx: Bench) -> None:
        okx.order(SWAP, "sell", "1")
        assert okx.refused("POST", "account/set-account-level", {"acctLv": "1"}) == (200, "59000")
        assert okx.refused("POST", "account/set-account-level", {"acctLv": "3"}) == (200, "51070")

    @pytest.mark.parametrize("mode", [3, 4])
    def test_modes_that_were_set_elsewhere_are_shown(self, okx: Bench, mode: int) -> None:
        okx.exchange.set_account_mode("paper", mode)
        assert okx.get("account/config")[0]["acctLv"] == str(mode)

    async def test_margin_of_an_isolated_position(self, okx: Bench) -> None:
        body = {"instId": SWAP, "posSide": "net", "type": "add", "amt": "10"}
        assert okx.refused("POST", "account/position/margin-balance", body) == (200, "59300")
        okx.order(SWAP, "sell", "3", tdMode="isolated")
        assert okx.refused("POST", "account/position/margin-balance", body | {"amt": "500000"}) == (200, "59301")
        okx.post("account/position/margin-balance", body)
        assert okx.get("account/positions")[0]["margin"] == "1009.99"

    async def test_fees_are_negative_on_the_wire(self, okx: Bench) -> None:
        row = okx.get("account/trade-fee", instType="SWAP", uly="BTC-USDT")[0]
        assert (row["maker"], row["taker"], row["takerU"]) == ("-0.0002", "-0.0005", "-0.0005")
        async with okx.client() as client:
            assert (await client.fetch_trading_fee("BTC/USDT"))["taker"] == D("0.001")

    def test_the_largest_sizes(self, okx: Bench) -> None:
        assert okx.get("account/max-size", instId=SPOT, tdMode="cash")[0]["maxBuy"] == "4"
        row = okx.get("account/max-size", instId=SWAP, tdMode="cross")[0]
        assert (row["maxBuy"], row["ccy"]) == ("1200", "USDT")
        assert okx.get("account/max-avail-size", instId=INVERSE, tdMode="cross")[0]["availSell"] == "1"
        assert okx.refused("GET", "account/max-size", {"instId": SWAP, "tdMode": "cash"}) == (400, "51000")

    async def test_there_are_no_sub_accounts(self, okx: Bench) -> None:
        async with okx.client() as client:
            with pytest.raises(ExchangeError, match="59510"):
                await client.privateGetUsersSubaccountApikey({"subAcct": "x"})
