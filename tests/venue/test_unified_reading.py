"""What ccxt makes of answers is believed only when it holds together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from decimal import Decimal as D

import ccxt.async_support as ccxt
import pytest
from ccxt.async_support.base.exchange import Exchange
from ccxt.base.errors import ExchangeError

from bot.domain.environment import Environment
from bot.domain.errors import ConfigFault, NotOffered, StartFault, VenueRejected, VenueUnreadable
from bot.domain.ids import Asset, VenueName
from bot.domain.instrument import ContractKind, Instrument, MarginMode
from bot.domain.observation import FlatProof, Position, Stamp, SymbolConfig, Unknown, Wanted
from bot.domain.orders import TradeCursor
from bot.venue.client import make_client
from bot.venue.gateway import CcxtVenue
from bot.venue.unified import ways_for
from bot.venue.venue_clock import VenueClock
from bot.venue.ways import ways_of
from tests.venue.unified_bodies import INFO, money, order, row
from tests.venue.unified_paper import BTC, spec_of
from tests.venue.wire import EPOCH_MS, Anything, HandClock, Reply, Turns, Wire

STAMP = Stamp(sent_ms=1, answered_ms=2)
INSTRUMENT = Instrument(
    venue=VenueName("main"),
    symbol=BTC,
    asset=Asset("BTC"),
    quote=Asset("USDT"),
    settle=Asset("USDT"),
    kind=ContractKind.LINEAR,
    contract_size=D("0.001"),
    quantity_step=D(1),
    quantity_min=D(1),
    quantity_max=D(1000),
    price_tick=D("0.1"),
    notional_min=D(0),
    taker_fee=D("0.0005"),
    maker_fee=D("0.0002"),
)


# A whole exchange, made up.

MARKET: dict[str, Anything] = {
    "id": "BTC-P",
    "symbol": "BTC/USDT:USDT",
    "base": "BTC",
    "quote": "USDT",
    "settle": "USDT",
    "type": "swap",
    "subType": "linear",
    "swap": True,
    "spot": False,
    "contract": True,
    "linear": True,
    "inverse": False,
    "active": True,
    "contractSize": D(1),
    "precision": {"amount": D("0.001"), "price": D("0.1")},
    "limits": {},
}


class MadeUp(Exchange):
    """Answers from a dictionary, without a wire."""

    told: dict[str, Anything]
    lacks: tuple[str, ...] = ()
    more: tuple[str, ...] = ()

    def describe(self) -> Anything:
        can = (
            "fetchBalance fetchPositions fetchTicker fetchOrderBook createOrder cancelOrder fetchOpenOrders "
            "fetchMyTrades fetchTime fetchOrders setLeverage fetchLeverage setPositionMode swap"
        )
        base: Anything = super().describe()
        return {
            **base,
            "id": "madeup",
            "has": {
                **base["has"],
                **dict.fromkeys((*can.split(), *self.more), True),
                **dict.fromkeys(self.lacks, False),
            },
            "precisionMode": 4,
            "urls": {**base["urls"], "api": {"rest": "https://api.madeup.example"}},
            "requiredCredentials": {"apiKey": True, "secret": False},
        }

    async def fetch_markets(self, params: object = None) -> Anything:
        return [self.told.get("market", MARKET)]

    async def fetch_time(self, params: object = None) -> Anything:
        return EPOCH_MS

    async def _tell(self, name: str, *args: object) -> Anything:
        value = self.told.get(name)
        return value(*args) if callable(value) else value

    async def fetch_positions(self, symbols: object = None, params: object = None) -> Anything:
        return await self._tell("positions")

    async def fetch_position(self, symbol: object, params: object = None) -> Anything:
        return await self._tell("position")

    async def fetch_balance(self, params: object = None) -> Anything:
        return await self._tell("balance")

    async def fetch_leverage(self, symbol: object, params: object = None) -> Anything:
        return await self._tell("leverage")

    async def set_leverage(self, leverage: object, symbol: object = None, params: object = None) -> Anything:
        return await self._tell("set_leverage")

    async def fetch_my_trades(
        self, symbol: object = None, since: Anything = None, limit: object = None, params: Anything = None
    ) -> Anything:
        return await self._tell("trades", since, params)

    async def fetch_open_orders(self, *args: object) -> Anything:
        return await self._tell("open")


Start = Callable[..., Anything]


@pytest.fixture
async def start(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Start]:
    made: list[CcxtVenue] = []

    async def started(
        told: dict[str, Anything] | None = None, wire: Wire | None = None, **ways_of_it: Anything
    ) -> CcxtVenue:
        described = type("madeup", (MadeUp,), {"told": told or {}, **ways_of_it})
        monkeypatch.setattr(ccxt, "madeup", described, raising=False)
        clock = HandClock()
        venue_clock = VenueClock(clock)
        spec, ways = spec_of("madeup", Environment.LIVE), ways_for("madeup")
        client = make_client(spec, ways, time_ms=venue_clock.now_ms, session=wire or Wire())
        made.append(
            CcxtVenue(
                spec,
                ways,
                client=client,
                clock=clock,
                venue_clock=venue_clock,
                symbols=[BTC],
                isolated=frozenset({BTC}),
            )
        )
        await made[-1].start()
        return made[-1]

    yield started
    for venue in made:
        await venue.close()


@pytest.mark.parametrize(
    ("balance", "flat"),
    [
        (money(), True),
        (money(used=D(1), free=D(99)), False),
        (money(used=None), False),
        (money(free=D(99)), False),
        (money(total=D(0), free=D(0)), False),
        ({"info": INFO, "total": {"USDC": D(1)}, "USDC": {"total": D(1)}}, False),
        (None, False),
        ({}, False),
    ],
)
async def test_r9_no_row_is_flat_only_when_the_account_says_so(balance: object, flat: bool, start: Start) -> None:
    venue = await start({"positions": [], "balance": balance})
    found = (await venue.observe(Wanted(symbols=frozenset({BTC})))).positions[BTC]
    assert isinstance(found, Position) is flat


@pytest.mark.parametrize(
    ("alone", "proof"),
    [
        (row(contracts=D(0), side=None), FlatProof.ZERO_ROW),
        (row(), None),
        (row(symbol="ETH/USDT:USDT", contracts=D(0)), None),
        ({}, None),
    ],
)
async def test_r9_a_row_asked_for_by_name_proves_or_contradicts(
    alone: object, proof: FlatProof | None, start: Start
) -> None:
    told = {"positions": [], "position": alone, "balance": money(used=D(1), free=D(99))}
    venue = await start(told, more=("fetchPosition",))
    found = (await venue.observe(Wanted(symbols=frozenset({BTC})))).positions[BTC]
    assert (found.proof if isinstance(found, Position) else None) is proof


@pytest.mark.parametrize("positions", [None, {}, "page", [{}], [{"info": {}, "symbol": BTC, "contracts": D(0)}]])
async def test_r8_positions_of_another_shape_are_unknown(positions: object, start: Start) -> None:
    venue = await start({"positions": positions, "balance": money()})
    assert isinstance((await venue.observe(Wanted(symbols=frozenset({BTC})))).positions[BTC], Unknown)


CONFIG = Wanted(symbols=frozenset({BTC}), configs=frozenset({BTC}))


async def test_settings_that_are_not_told_are_unknown(start: Start) -> None:
    told: dict[str, Anything] = {"positions": [row(hedged=False)], "balance": money()}
    venue = await start(told)
    assert isinstance((await venue.observe(CONFIG)).configs[BTC], Unknown)
    told["leverage"] = {"info": INFO, "shortLeverage": 3, "marginMode": "cross"}
    assert (await venue.observe(CONFIG)).configs[BTC] == SymbolConfig(
        symbol=BTC, leverage=3, margin_mode=MarginMode.CROSS, hedged=False
    )
    for bad in ({"marginMode": "portfolio"}, {"shortLeverage": D("1.5")}):
        told["leverage"] = {"info": INFO, "shortLeverage": 3, "marginMode": "cross", **bad}
        assert isinstance((await venue.observe(CONFIG)).configs[BTC], Unknown)


async def test_settings_that_nobody_tells_are_what_was_acknowledged(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.venue.unified.account.MODE_WITH_LEVERAGE", frozenset({"madeup"}))
    told: dict[str, Anything] = {"positions": [], "balance": money()}
    venue = await start(told, lacks=("fetchLeverage", "setPositionMode"))
    wanted = SymbolConfig(symbol=BTC, leverage=1, margin_mode=MarginMode.ISOLATED, hedged=False)
    assert await venue.configure(BTC, 1, MarginMode.ISOLATED) == wanted
    assert (await venue.observe(CONFIG)).configs[BTC] == wanted
    told["positions"] = [row(leverage=5, marginMode="cross")]
    assert (await venue.observe(CONFIG)).configs[BTC] == SymbolConfig(
        symbol=BTC, leverage=5, margin_mode=MarginMode.CROSS, hedged=False
    )

    def refuse() -> None:
        raise ExchangeError("no")

    told["positions"], told["set_leverage"] = [], refuse
    with pytest.raises(VenueRejected):
        await venue.configure(BTC, 1, MarginMode.ISOLATED)
    assert isinstance((await venue.observe(CONFIG)).configs[BTC], Unknown)


async def test_a_leverage_that_makes_margin_isolated(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"positions": [], "balance": money(), "leverage": {"info": INFO, "shortLeverage": 1, "marginMode": None}}
    venue = await start(told, lacks=("setPositionMode",))
    assert isinstance((await venue.observe(CONFIG)).configs[BTC], Unknown)
    monkeypatch.setattr("bot.venue.unified.account.ISOLATED_WITH_LEVERAGE", frozenset({"madeup"}))
    assert (await venue.observe(CONFIG)).configs[BTC] == SymbolConfig(
        symbol=BTC, leverage=1, margin_mode=MarginMode.ISOLATED, hedged=False
    )


@pytest.mark.parametrize(("word", "hedged"), [("one_way_mode", False), ("hedge_mode", True), ("other", None)])
async def test_the_position_mode_in_raw_words(word: str, hedged: bool | None, start: Start) -> None:
    leverage = {"info": {"posMode": word}, "shortLeverage": 1, "marginMode": "isolated"}
    venue = await start({"positions": [], "balance": money(), "leverage": leverage})
    found = (await venue.observe(Wanted(symbols=frozenset({BTC}), configs=frozenset({BTC})))).configs[BTC]
    assert (None if isinstance(found, Unknown) else found.hedged) is hedged


def trades_at(*times: int) -> list[dict[str, object]]:
    return [
        {**order(), "id": str(index), "order": "9", "price": D(100), "timestamp": time_ms}
        for index, time_ms in enumerate(times)
    ]


async def test_lists_that_may_be_longer_than_a_page_are_a_fault(start: Start) -> None:
    told: dict[str, Anything] = {"trades": trades_at(*range(EPOCH_MS, EPOCH_MS + 19))}
    venue = await start(told)
    cursor = TradeCursor(trade_id=None, time_ms=EPOCH_MS - 1)
    assert len(await venue.trades(BTC, cursor)) == 19
    told["trades"] = trades_at(*range(EPOCH_MS, EPOCH_MS + 20))
    with pytest.raises(VenueUnreadable, match="longer than a page"):
        await venue.trades(BTC, cursor)
    told["open"] = [order(id=str(number), status="open", filled=D(0)) for number in range(20)]
    with pytest.raises(VenueUnreadable, match="more than one page"):
        await venue.open_orders(BTC)


async def test_lists_are_halved_where_they_can_be(start: Start) -> None:
    every = trades_at(*range(EPOCH_MS, EPOCH_MS + 50))

    def between(since: int, params: dict[str, int]) -> list[dict[str, object]]:
        inside = [each for each in every if since <= int(str(each["timestamp"])) <= params["until"]]
        return inside[-10:]  # the newest, as some exchanges do

    limits = {"fetchMyTrades": {"limit": 10, "untilDays": 7}}
    features = {"swap": {"linear": limits, "inverse": None}}
    venue = await start({"trades": between}, features=features)
    found = await venue.trades(BTC, TradeCursor(trade_id=None, time_ms=EPOCH_MS - 1))
    assert [trade.trade_id for trade in found] == [str(index) for index in range(50)]


async def test_a_span_that_is_not_kept_to_is_a_fault(start: Start) -> None:
    limits = {"fetchMyTrades": {"limit": 10, "untilDays": 7}}
    features = {"swap": {"linear": limits, "inverse": None}}
    told = {"trades": lambda since, params: trades_at(*range(EPOCH_MS + 20_000, EPOCH_MS + 20_010))}
    venue = await start(told, features=features)
    with pytest.raises(VenueUnreadable, match="longer than a page"):
        await venue.trades(BTC, TradeCursor(trade_id=None, time_ms=EPOCH_MS))


async def test_r5_a_wallet_without_coins_hides_no_other(start: Start) -> None:
    told: dict[str, Anything] = {"balance": Turns({"info": INFO, "total": {}}, money()).next}
    venue = await start(told)
    assert [(wallet.wallet, wallet.quantity) for wallet in await venue.wallets()] == [("swap", 100)]
    told["balance"] = {"info": INFO, "total": {}}
    with pytest.raises(VenueUnreadable):
        await venue.wallets()


@pytest.mark.parametrize(
    ("headers", "known"), [({"Date": "Fri, 15 Jan 2027 08:00:00 GMT"}, True), ({}, False), ({"Date": "now"}, False)]
)
async def test_r21_a_time_that_is_not_told_is_the_date_of_an_answer(
    headers: dict[str, str], known: bool, start: Start
) -> None:
    wire = Wire()
    wire.serve("GET", "/", Reply(status=404, text="<html>", headers=headers))
    if known:
        venue = await start({}, lacks=("fetchTime",), wire=wire)
        assert venue.now_ms() == EPOCH_MS + 500
        assert venue.has_offset()
    else:
        with pytest.raises(VenueUnreadable, match="no date"):
            await start({}, lacks=("fetchTime",), wire=wire)


async def test_what_ccxt_can_not_do_stops_the_start(start: Start) -> None:
    with pytest.raises(StartFault, match="fetchMyTrades"):
        await start({}, lacks=("fetchMyTrades",))


async def test_maintenance_and_cancelled_orders_where_they_are_not_told(start: Start) -> None:
    venue = await start({"open": []}, lacks=("fetchOrders",))
    with pytest.raises(NotOffered):
        await venue.maintenance(BTC, D(1000))
    with pytest.raises(NotOffered):
        await venue.all_orders(BTC, EPOCH_MS)


@pytest.mark.parametrize(
    ("exchange", "why"), [("modetrade", "accountId"), ("bitfinex", "price steps"), ("binanceus", "no perpetuals")]
)
def test_what_can_not_be_used_is_refused_with_the_reason(exchange: str, why: str) -> None:
    with pytest.raises(ConfigFault, match=why):
        ways_of(spec_of(exchange, Environment.LIVE))


def test_r7_steps_that_were_read_can_be_read_again() -> None:
    """ccxt reads no Decimal out of what it has read before, and a float has lost its digits."""
    client = ways_for("gate").client({"number": D}, lambda: EPOCH_MS)
    assert client.number is str
