"""B: coins on their way, prices, shapes and fills of the past (cases 34 to 39)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal as D
from functools import partial
from typing import Any
from urllib.parse import parse_qsl
from weakref import WeakKeyDictionary

import pytest

from bot.domain.numbers import decimal_of
from bot.domain.orders import Anchor, VenueTrade
from bot.domain.plan import Verdict
from bot.journal.store import SqlJournal
from bot.paper.engine.model import OrderStatus
from bot.paper.wire.http import Request
from bot.runtime.reconciled import Reconciled
from bot.runtime.reconciler import Reconciler
from bot.venue import readings, shapes
from bot.venue.binance import wallets as binance_wallets
from bot.venue.dialect import Moving
from bot.venue.link import Timed
from tests.catalogue import mutants
from tests.catalogue.case import case
from tests.catalogue.places import EVERYWHERE, PLACES
from tests.catalogue.tale import Tale
from tests.catalogue.test_readings import INVERSE
from tests.catalogue.wire import Json, changed
from tests.sim.doors import PowerCut, Process
from tests.sim.stage import KEY, default_settings

SPOT = '{source = "spot", venue = "main"}'


def holding(tale: Tale, *sources: str) -> str:
    """The usual settings with other holdings."""
    wanted = ", ".join(f'{{source = "{source}", venue = "main"}}' for source in sources)
    return default_settings(tale.place.exchange).replace(SPOT, wanted)


def counts_mirrors(patch: pytest.MonkeyPatch) -> None:
    """counts the `LD` coins of the spot wallet beside Earn"""
    added = binance_wallets._added

    def under_their_coin(amounts: Any) -> Any:  # noqa: ANN401 - passed on
        return added((name.removeprefix("LD"), amount) for name, amount in amounts)

    patch.setattr(binance_wallets, "_mirrors_earn", lambda *_: False)
    patch.setattr(binance_wallets, "_added", under_their_coin)


@case(34, mutant=counts_mirrors, shows="counted twice")
async def test_f34_earn_mirrored_in_spot(tale: Tale) -> None:
    """Half of the coins lie in Simple Earn; the spot wallet mirrors them as `LDBTC`.

    Each coin counts once: `LD` of a known coin is left out of spot.
    """
    tale.set_stage(settings=holding(tale, "spot", "earn"))
    tale.exchange.earn_subscribe(KEY, "flexible", "BTC", D("0.5"), wallet="spot")
    await tale.begin()
    await tale.run(60)
    assert tale.short <= 1, f"coins in Earn were counted twice: short {tale.short}"
    assert await tale.balanced(), "not hedged"


@case(35, mutant=mutants.never_dwells, shows="coins that were on their way", on=EVERYWHERE)
async def test_f35_coins_in_neither_wallet(tale: Tale) -> None:
    """Coins leave one place, are seen nowhere for 40 s, and arrive.

    A surplus must last a minute before the short is reduced.
    """
    await tale.hedged()
    tale.deposit("-0.5")
    await tale.run(40)
    tale.deposit("0.5")
    await tale.run(30)
    assert tale.bought == 0, f"bought back for coins that were on their way: {tale.bought}"
    assert tale.short == 1


def reads_wallets_only(patch: pytest.MonkeyPatch) -> None:
    """counts what lies in a wallet, and not what is on its way to one"""
    transit = readings.Readings._transit

    async def nothing(reading: readings.Readings, wanted: Any) -> Any:  # noqa: ANN401 - passed on
        read = await transit(reading, wanted)
        none = Moving(quantity=D(0), overdue=D(0))
        return replace(read, value=dict.fromkeys(read.value, none)) if isinstance(read, Timed) else read

    patch.setattr(readings.Readings, "_transit", nothing)


@case(35, mutant=reads_wallets_only, shows="coins that were being unstaked")
async def test_f35_unstaking_for_long(tale: Tale) -> None:
    """Coins are redeemed from locked Earn and under way for twenty minutes.

    The venue's own records of coins on their way count as holdings, until the coins arrive.
    """
    tale.set_stage(settings="interval_s = 120\n" + holding(tale, "spot", "earn"))
    tale.exchange.earn_subscribe(KEY, "locked", "BTC", D("0.5"), wallet="spot")
    await tale.hedged(within_s=600)
    tale.exchange.earn_redeem(KEY, "locked", "BTC", D("0.5"), notice_s=1_200)
    await tale.run(1_800)
    assert tale.bought == 0, f"bought back for coins that were being unstaked: {tale.bought}"
    assert tale.short == 1
    assert tale.exchange.account(KEY).balance("spot", "BTC").total == 1


TWO = """
[journal]
path = "{journal}"

[venues.main]
exchange    = "binance"
environment = "paper"
streams     = false

[venues.other]
exchange    = "okx"
environment = "paper"
streams     = false

[[hedges]]
name     = "btc"
kind     = "spot-perp"
asset    = "BTC"
holdings = [ {source = "spot", venue = "main"}, {source = "spot", venue = "other"} ]
short    = {venue = "main", symbol = "BTC/USDT:USDT"}
"""


@case(36, mutant=mutants.never_dwells, shows="moved between venues")
async def test_f36_coins_between_venues(tale: Tale) -> None:
    """A person moves half a coin to another venue: it is nowhere for 30 s, and later on both for a moment.

    One sum over all venues; less must last a minute, more is read twice before it is sold.
    """
    tale.set_stage(settings=TWO)
    other, wallet = tale.stage.world.venues["okx"].exchange, PLACES["okx"].spot
    await tale.hedged("2")
    tale.deposit("-0.5")
    await tale.run(30)
    other.deposit(KEY, wallet, "BTC", D("0.5"))
    await tale.run(90)
    for _ in range(2):
        tale.deposit("0.5")
        await tale.run(0.7)
        other.deposit(KEY, wallet, "BTC", D("-0.5"))
        await tale.run(17.3)
        tale.deposit("-0.5")
        other.deposit(KEY, wallet, "BTC", D("0.5"))
        await tale.run(17)
    assert tale.bought == 0, f"traded for coins that moved between venues: {tale.bought} bought"
    assert tale.sold == D(2), f"traded for coins that moved between venues: {tale.sold} sold"
    assert tale.short == D(2)


def scaled(body: Json, *, factor: str, keys: Sequence[str]) -> Json:
    """Prices in a list of rows, times a factor; or the factor itself where it is no number."""

    def price(value: Any) -> str:  # noqa: ANN401 - of a body
        return factor if not D(factor).is_finite() or not D(factor) else str((D(value) * D(factor)).quantize(D("0.1")))

    if isinstance(body, dict):
        return {**body, **{key: [[price(p), q] for p, q in body[key]] for key in keys if key in body}}
    return [{**row, **{key: price(row[key]) for key in keys if key in row}} for row in body]


@case(37, mutant=mutants.believes_any_price, shows="ordered on a price that nothing confirms")
async def test_f37_implausible_prices(tale: Tale) -> None:
    """For two readings mark, bid, ask and book are 0, no number, 100 times the price, or 1.3 times it; the index stays.
    Coins arrive meanwhile, and the short is coin-margined, so that its size depends on the price.

    Prices are held against an index, each other and the last; one in doubt must be told three times before it counts.
    """
    tale.set_stage(settings=INVERSE)
    tale.deposit("1", wallet="coinm")
    await tale.begin()
    assert await tale.stage.until(lambda _: tale.verdict is Verdict.BALANCED, within_s=60)
    for factor in ("0", "NaN", "100", "1.3"):
        told = {
            "/dapi/v1/premiumIndex": ("markPrice",),
            "/dapi/v1/ticker/bookTicker": ("bidPrice", "askPrice"),
            "/dapi/v1/depth": ("bids", "asks"),
        }
        for path, keys in told.items():
            tale.lay(changed([path], partial(scaled, factor=factor, keys=keys), times=2))
        tale.deposit("0.1", wallet="coinm")
        await tale.run(60)
        prices = {price_of(request) for request in tale.wire.sent("/dapi/v1/order")}
        far = {price for price in prices if abs(price / 100_000 - 1) > D("0.02")}
        assert not far, f"ordered on a price that nothing confirms: {far}"
        assert tale.verdict is Verdict.BALANCED, f"not hedged: {tale.told}"


def price_of(request: Request) -> D:
    """The limit of an order."""
    return D(dict(parse_qsl(request.query or request.body.decode()))["price"])


def absent_is_zero(patch: pytest.MonkeyPatch) -> None:
    """takes a field that is missing for 0"""

    def row_of(body: object, *_keys: str) -> shapes.Row:
        return body if isinstance(body, dict) else {}

    patch.setattr(shapes, "row_of", row_of)
    patch.setattr(shapes, "decimal_of", lambda value: D(0) if value is None else decimal_of(value))


@case(38, mutant=absent_is_zero, shows="a field that was missing", on=EVERYWHERE, sabotaged_on=("binance",))
async def test_f38_fields_missing(tale: Tale) -> None:
    """Answers lose a field: the coins of the spot wallet, then the quantity of the position, two minutes each.

    What lacks a field is unknown, never 0: the hedge freezes where it is, and a person is told.
    """
    fields = {
        "binance": ((tale.place.coins, "free"), (tale.place.positions[0], "positionAmt")),
        "okx": ((tale.place.coins, "eq"), (tale.place.positions[0], "pos")),
        "kucoin": ((tale.place.coins, "balance"), (tale.place.positions[0], "currentQty")),
    }[tale.place.exchange]
    await tale.hedged()
    for path, key in fields:
        began_ms = tale.now_ms
        tale.lay(changed([path], partial(without, key=key)))
        await tale.run(120)
        assert len(tale.orders) == 1, f"traded on a field that was missing: {key}, short {tale.short}"
        assert tale.alarmed(began_ms), "nobody was told"
        tale.wire.clear()
        assert await tale.balanced(), "not thawed"


def without(body: Json, key: str) -> Json:
    """The same without a key, wherever it is."""
    match body:
        case dict():
            return {name: without(value, key) for name, value in body.items() if name != key}
        case list():
            return [without(value, key) for value in body]
        case _:
            return body


def forgets_the_past(patch: pytest.MonkeyPatch) -> None:
    """takes in trades from its own start on"""
    trades_since = Reconciler._trades_since
    begun: WeakKeyDictionary[Reconciler, int] = WeakKeyDictionary()

    reconcile = Reconciler.reconcile

    async def beginning(reconciler: Reconciler, position: Any) -> Reconciled:  # noqa: ANN401 - passed on
        begun.setdefault(reconciler, reconciler._clock.now_ms() - 1_000)
        return await reconcile(reconciler, position)

    async def of_mine(reconciler: Reconciler, anchor: Anchor, *, needed: bool) -> Sequence[VenueTrade] | None:
        trades = await trades_since(reconciler, anchor, needed=needed)
        return trades and [trade for trade in trades if trade.time_ms >= begun[reconciler]]

    patch.setattr(Reconciler, "reconcile", beginning)
    patch.setattr(Reconciler, "_trades_since", of_mine)


@case(39, mutant=forgets_the_past, shows="a fill was dropped", on=EVERYWHERE)
async def test_f39_fill_while_nobody_listened(tale: Tale) -> None:
    """An order fills while its process dies; the next one starts ten minutes later.

    Trades are read on from the last one that was counted, whoever was listening: the fill is found and counted once.
    """
    cuts: list[str] = []

    def cut(_process: Process, name: str) -> None:
        if name == f"POST {tale.place.order}: answered" and len(tale.orders) == 2 and not cuts:
            cuts.append(name)
            tale.stage.cut()
            raise PowerCut

    tale.set_stage(point=cut)
    await tale.hedged()
    tale.deposit("0.5")
    await tale.alone(600)
    assert cuts
    tale.stage.start()
    done = await tale.balanced("1.5", within_s=120)
    tale.never_doubled("1.5")
    assert done, f"a fill was dropped: {tale.told}"
    with SqlJournal.open_readonly(tale.stage.journal_path) as journal:
        fills = journal.fills(tale.intents[0].intent.request.venue, tale.intents[0].intent.request.symbol)
    counted = sum((trade.contracts for trade, _, _ in fills), D(0)) / tale.place.per_coin
    assert counted == D("1.5"), f"a fill was dropped: {counted} counted"
    assert {order.status for order in tale.orders} == {OrderStatus.FILLED}
