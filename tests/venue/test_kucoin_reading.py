"""What is believed of KuCoin's answers, and what is unknown (R2 to R5, R7 to R12)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.core.units import check_volume
from bot.domain.errors import ConfigFault, StartFault, VenueFault
from bot.domain.ids import Asset
from bot.domain.instrument import ContractKind, MarginMode
from bot.domain.observation import (
    Holding,
    Margin,
    Prices,
    Source,
    SymbolConfig,
    Unknown,
    VenueObservation,
    Wanted,
)
from bot.venue.gateway import CcxtVenue, open_venue
from tests.venue.kucoin_wire import (
    INVERSE,
    PEPE,
    XBTUSDM,
    KuCoinWire,
    account,
    contract,
    held,
    kucoin_spec,
    ok,
    overview,
    page,
)
from tests.venue.wire import BTC, EPOCH_MS, KEY, SECRET, HandClock, Reply, Turns

COIN = Asset("BTC")
DAY_MS = 86_400_000
HOLDINGS = Wanted(
    spot=frozenset({COIN}),
    earn=frozenset({COIN}),
    margin=frozenset({COIN}),
    transit=frozenset({COIN}),
    transit_max_ms=2 * DAY_MS,
)
ALL = Wanted(
    spot=frozenset({COIN}),
    earn=frozenset({COIN}),
    symbols=frozenset({BTC}),
    books=frozenset({BTC}),
    configs=frozenset({BTC}),
)
PERPETUALS = Wanted(symbols=frozenset({BTC, INVERSE}))
BAD_BODIES = {
    "html": Reply(text="<html><body>Just a moment...</body></html>"),
    "empty": Reply(text=""),
    "null": Reply(text="null"),
    "object": Reply(body={}),
    "list": Reply(body=[]),
    "no data": Reply(body={"code": "200000"}),
    "null data": Reply(body={"code": "200000", "data": None}),
    "wrong data": Reply(body={"code": "200000", "data": "x"}),
    "strings": Reply(body={"code": "200000", "data": ["a"]}),
    "cut": Reply(cut=True),
    "lost": Reply(lost=True),
    "503": Reply(status=503, text="<html>Service Unavailable</html>"),
    "busy": Reply(body={"code": "500000", "msg": "Internal Server Error"}),
    "refused": Reply(body={"code": "400007", "msg": "Require more permission"}),
    "nan": Reply(text='{"code": "200000", "data": NaN}'),
}
READS = [
    "/api/v1/accounts",
    "/api/v1/earn/hold-assets",
    "/api/v1/positions",
    "/api/v1/account-overview",
    "/api/v1/contracts/XBTUSDTM",
    "/api/v1/ticker",
    "/api/v1/level2/depth100",
    "/api/v2/position/getPositionMode",
    "/api/v2/position/getMarginMode",
]


def parts(seen: VenueObservation) -> list[object]:
    groups = (seen.holdings, seen.positions, seen.prices, seen.margins, seen.configs)
    return [part for group in groups for part in group.values()]


# Start


async def test_the_start_asks_for_nothing_but_what_it_needs(kucoin: KuCoinWire, clock: HandClock) -> None:
    venue = open_venue(kucoin_spec(), clock=clock, session=kucoin, symbols=[BTC])
    await venue.start()
    assert {asked.path for asked in kucoin.asked} == {
        "/api/v1/timestamp",
        "/api/v2/symbols",
        "/api/v1/contracts/active",
        "/api/ua/v1/account/mode",
        "/api/v1/trade-fees",
    }
    assert {asked.host for asked in kucoin.asked} == {"api.kucoin.com", "api-futures.kucoin.com"}
    assert (venue.instrument(BTC).taker_fee, venue.instrument(BTC).maker_fee) == (D("0.00055"), D("0.00018"))
    await venue.close()


async def test_a_unified_account_is_refused(kucoin: KuCoinWire, clock: HandClock) -> None:
    kucoin.serve("GET", "/api/ua/v1/account/mode", ok({"selfAccountMode": "UNIFIED"}))
    venue = open_venue(kucoin_spec(), clock=clock, session=kucoin, symbols=[BTC])
    with pytest.raises(StartFault, match="UNIFIED"):
        await venue.start()
    await venue.close()


@pytest.mark.parametrize(("environment", "secret"), [("testnet", {}), ("paper", {"password": ""})])
def test_there_is_no_testnet_and_no_account_without_passphrase(
    kucoin: KuCoinWire, clock: HandClock, environment: str, secret: dict[str, str]
) -> None:
    with pytest.raises(ConfigFault, match=r"environment|password"):
        open_venue(kucoin_spec(environment, **secret), clock=clock, session=kucoin, symbols=[BTC])


# Units, R7.


async def test_r7_units_of_linear_inverse_and_multiplied_contracts(kucoin_venue: CcxtVenue) -> None:
    linear, inverse, pepe = (kucoin_venue.instrument(symbol) for symbol in (BTC, INVERSE, PEPE))
    assert (linear.asset, linear.settle, linear.contract_size, linear.kind) == (
        *("BTC", "USDT", D("0.001")),
        ContractKind.LINEAR,
    )
    assert (inverse.asset, inverse.quote, inverse.settle, inverse.contract_size, inverse.kind) == (
        *("BTC", "USD", "BTC", D(1)),
        ContractKind.INVERSE,
    )
    assert (pepe.asset, pepe.multiplier, pepe.coins(D(1), D("0.1"))) == ("PEPE", D(10000), D(100000))
    assert (inverse.price_down, inverse.price_up) == (D("0.9"), D("1.1"))
    assert all(found.quantity_step == 1 for found in (linear, inverse, pepe))


@pytest.mark.parametrize(
    "wrong",
    [{"multiplier": 1.0}, {"multiplier": 0}, {"isInverse": False}, {"lotSize": 0.5}, {"multiplier": None}],
)
async def test_r7_a_contract_whose_units_contradict_one_another_is_refused(
    kucoin: KuCoinWire, clock: HandClock, wrong: dict[str, object]
) -> None:
    rows = [contract("XBTUSDTM", "XBT", 0.001), {**XBTUSDM, "symbol": "ETHUSDM", "baseCurrency": "ETH"}]
    kucoin.serve("GET", "/api/v1/contracts/active", ok([*rows, {**XBTUSDM, **wrong}]))
    venue = open_venue(kucoin_spec(), clock=clock, session=kucoin, symbols=[])
    await venue.start()
    symbols = (INVERSE, "BTC/USD:BTC")
    with pytest.raises(ConfigFault):
        venue.instrument(symbols[0])
    await venue.close()


@pytest.mark.parametrize(("symbol", "contracts", "turnover"), [(BTC, 7991204, 6.745e8), (INVERSE, 4320446, 51.1)])
async def test_r7_volumes_show_a_wrong_multiplier(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire, symbol: str, contracts: int, turnover: float
) -> None:
    """Candles count contracts, the turnover is money: only the right contract size makes one of the other."""
    candles = [[EPOCH_MS + n, 84400, 84500, 84300, 84410, contracts / 4] for n in range(4)]
    kucoin.serve("GET", "/api/v1/kline/query", ok(candles))
    row = contract("XBTUSDTM", "XBT", 0.001, turnoverOf24h=turnover)
    for market_id in ("XBTUSDTM", "XBTUSDM"):
        kucoin.serve("GET", f"/api/v1/contracts/{market_id}", ok({**row, "symbol": market_id}))
    instrument = kucoin_venue.instrument(BTC if symbol == BTC else INVERSE)
    volumes = await kucoin_venue.volumes_24h(instrument.symbol)
    assert check_volume(instrument, *volumes) is None
    for factor in (D(10), D("0.1")):
        wrong = replace(instrument, contract_size=instrument.contract_size * factor)
        assert check_volume(wrong, *volumes) is not None


# Holdings (R2 to R5, R11)


async def test_r5_spot_is_main_trade_and_high_frequency_trade(kucoin_venue: CcxtVenue) -> None:
    spot = (await kucoin_venue.observe(ALL)).holdings[Source.SPOT, COIN]
    assert isinstance(spot, Holding)
    assert (spot.quantity, spot.principal, spot.wallets) == (D("1.25"), D("1.25"), ("main", "trade", "trade_hf"))


async def test_r5_a_row_that_comes_under_two_wallets_counts_once(kucoin_venue: CcxtVenue, kucoin: KuCoinWire) -> None:
    def both(asked: object) -> dict[str, object]:
        wallet = asked.params["type"]  # type: ignore[attr-defined]
        return ok([{**account("BTC", "trade", "2"), "type": wallet}] if wallet != "main" else [])

    kucoin.serve("GET", "/api/v1/accounts", both)
    spot = (await kucoin_venue.observe(ALL)).holdings[Source.SPOT, COIN]
    assert isinstance(spot, Holding)
    assert spot.quantity == 2


async def test_a_coin_that_ccxt_gives_another_name_is_no_other_coin(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire
) -> None:
    """KuCoin's KALT is ALT; an ALT of KuCoin's own is another coin."""
    rows = [account("KALT", "main", "1"), account("ALT", "main", "5"), account("BTC", "main", "1")]
    kucoin.serve("GET", "/api/v1/accounts", lambda asked: ok(rows if asked.params["type"] == "main" else []))
    alt = Asset("ALT")
    found = (await kucoin_venue.observe(Wanted(spot=frozenset({alt})))).holdings[Source.SPOT, alt]
    assert isinstance(found, Holding)
    assert found.quantity == 1


async def test_r8_a_wallet_that_held_coins_is_not_believed_to_be_empty(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire
) -> None:
    assert isinstance((await kucoin_venue.observe(ALL)).holdings[Source.SPOT, COIN], Holding)
    rows = [account("BTC", "trade", "0.20"), account("BTC", "trade_hf", "0.30")]
    kucoin.serve("GET", "/api/v1/accounts", lambda asked: ok([r for r in rows if r["type"] == asked.params["type"]]))
    spot = (await kucoin_venue.observe(ALL)).holdings[Source.SPOT, COIN]
    assert isinstance(spot, Unknown)


async def test_r11_nothing_in_earn_is_counted_twice_while_it_is_redeemed(kucoin_venue: CcxtVenue) -> None:
    holdings = (await kucoin_venue.observe(HOLDINGS)).holdings
    earn, transit = holdings[Source.EARN, COIN], holdings[Source.TRANSIT, COIN]
    assert isinstance(earn, Holding)
    assert isinstance(transit, Holding)
    assert (earn.quantity, transit.quantity, transit.overdue) == (D("0.5"), D("0.1"), D(0))


async def test_r4_equity_holds_the_open_result_and_margin_balance_does_not(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire
) -> None:
    """`accountEquity` = W + u; the field named `marginBalance` is W alone and is not read."""
    figures = {**overview("XBT", 2.5, upnl=0.5, margin=1), "marginBalance": 2.0}
    kucoin.serve(
        "GET",
        "/api/v1/account-overview",
        lambda asked: ok(figures if asked.params["currency"] == "XBT" else overview()),
    )
    seen = await kucoin_venue.observe(Wanted(margin=frozenset({COIN}), symbols=frozenset({INVERSE})))
    holding, margin = seen.holdings[Source.MARGIN, COIN], seen.margins[INVERSE]
    assert isinstance(holding, Holding)
    assert isinstance(margin, Margin)
    assert (holding.quantity, holding.principal) == (D("2.5"), D("2.0"))
    assert (margin.balance, margin.wallet, margin.asset) == (D("2.5"), D("2.0"), "BTC")


async def test_margin_of_a_coin_that_margins_nothing_is_unknown(kucoin_venue: CcxtVenue) -> None:
    pepe = Asset("PEPE")
    found = (await kucoin_venue.observe(Wanted(margin=frozenset({pepe, COIN})))).holdings
    assert isinstance(found[Source.MARGIN, pepe], Unknown)
    assert isinstance(found[Source.MARGIN, COIN], Holding)


# Prices, configuration, whole observations


async def test_prices_of_one_and_of_many(kucoin_venue: CcxtVenue, kucoin: KuCoinWire) -> None:
    one = (await kucoin_venue.observe(ALL)).prices[BTC]
    assert isinstance(one, Prices)
    assert (one.mark, one.index, one.bid, one.ask, one.funding_rate) == (
        *(D("84478.96"), D("84526.25"), D("84476.9"), D(84477)),
        D("8.1E-5"),
    )
    assert one.book is not None
    assert (one.book.bids[0].contracts, one.book.asks[0].price) == (D(488), D("84477.0"))
    kucoin.asked.clear()
    many = (await kucoin_venue.observe(PERPETUALS)).prices
    assert all(isinstance(found, Prices) for found in many.values())
    assert kucoin.count("/api/v1/contracts/active") == kucoin.count("/api/v1/allTickers") == 1


async def test_isolated_leverage_is_what_our_orders_carry_and_cross_leverage_the_venues(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire
) -> None:
    config = (await kucoin_venue.observe(ALL)).configs[BTC]
    assert config == SymbolConfig(symbol=BTC, leverage=1, margin_mode=MarginMode.ISOLATED, hedged=False)
    assert kucoin.count("/api/v2/getCrossUserLeverage") == 0
    kucoin.serve("GET", "/api/v2/position/getMarginMode", ok({"symbol": "XBTUSDTM", "marginMode": "CROSS"}))
    kucoin.serve("GET", "/api/v2/getCrossUserLeverage", ok({"symbol": "XBTUSDTM", "leverage": "3"}))
    kucoin.serve("GET", "/api/v2/position/getPositionMode", ok({"positionMode": 1}))
    config = (await kucoin_venue.observe(ALL)).configs[BTC]
    assert config == SymbolConfig(symbol=BTC, leverage=3, margin_mode=MarginMode.CROSS, hedged=True)


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES.keys())
async def test_r8_what_can_not_be_read_is_unknown_never_zero(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire, path: str, body: Reply
) -> None:
    kucoin.serve("GET", path, body)
    seen = parts(await kucoin_venue.observe(ALL))
    assert any(isinstance(part, Unknown) for part in seen)
    assert KEY not in str(seen)
    assert SECRET not in str(seen)


async def test_one_observation_costs_the_same_calls_however_many_contracts(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire
) -> None:
    await kucoin_venue.observe(Wanted(symbols=frozenset({BTC, PEPE})))
    two = len(kucoin.asked)
    kucoin.asked.clear()
    await kucoin_venue.observe(Wanted(symbols=frozenset({BTC, PEPE, INVERSE})))
    assert len(kucoin.asked) == two + 1  # the margin account of one more settle currency


async def test_earn_pages_must_hold_what_they_say(kucoin_venue: CcxtVenue, kucoin: KuCoinWire) -> None:
    kucoin.serve("GET", "/api/v1/earn/hold-assets", page([held("0.6")], totalNum=2))
    assert isinstance((await kucoin_venue.observe(ALL)).holdings[Source.EARN, COIN], Unknown)
    second = page([held("0.1")], totalNum=2, currentPage=2)
    kucoin.serve("GET", "/api/v1/earn/hold-assets", Turns(page([held("0.6")], totalNum=2), second))
    earn = (await kucoin_venue.observe(ALL)).holdings[Source.EARN, COIN]
    assert isinstance(earn, Holding)
    assert earn.quantity == D("0.7")


@pytest.mark.parametrize(
    ("permission", "whitelist", "expected"),
    [
        ("General,Futures,Spot,Earn", "1.2.3.4", (True, False, True)),
        ("General,Futures,Withdrawal", "", (True, True, False)),
        ("General, Spot, Transfer", None, (False, True, False)),
    ],
)
async def test_what_a_key_may_do(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire, permission: str, whitelist: str | None, expected: tuple[bool, ...]
) -> None:
    kucoin.serve("GET", "/api/v1/user/api-key", ok({"permission": permission, "ipWhitelist": whitelist}))
    scope = await kucoin_venue.key_scope()
    assert (scope.trade, scope.withdraw, scope.ip_restricted) == expected


@pytest.mark.parametrize(("symbol", "notional", "rate"), [(BTC, 250_000, "0.005"), (INVERSE, 250_000, "0.005")])
async def test_maintenance_is_that_of_the_risk_limit_in_the_settle_currency(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire, symbol: str, notional: int, rate: str
) -> None:
    market_id, limits = ("XBTUSDTM", (200_000, 500_000)) if symbol == BTC else ("XBTUSDM", (2, 5))
    rows = [
        {"symbol": market_id, "minRiskLimit": 0, "maxRiskLimit": limits[0], "maintainMargin": 0.004},
        {"symbol": market_id, "minRiskLimit": limits[0], "maxRiskLimit": limits[1], "maintainMargin": 0.005},
    ]
    kucoin.serve("GET", f"/api/v1/contracts/risk-limit/{market_id}", ok(rows))
    instrument = kucoin_venue.instrument(BTC if symbol == BTC else INVERSE)
    assert await kucoin_venue.maintenance(instrument.symbol, D(notional)) == (D(rate), D(0))
    with pytest.raises(VenueFault, match="no risk limit"):
        await kucoin_venue.maintenance(instrument.symbol, D(10**12))
