"""Two venues, their books, and trades between them, for the tests of cross-exchange decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal as D

from bot.core.evening_order import EveningCase
from bot.core.pair_situation import PairReading, PairSituation, QuotePrice, Stock
from bot.domain.ids import (
    Asset,
    ClientOrderId,
    Epoch,
    HedgeName,
    Symbol,
    TradeId,
    VenueName,
    VenueOrderId,
    client_order_id,
)
from bot.domain.instrument import SpotMarket
from bot.domain.intent import Intent, IntentRecord, IntentState
from bot.domain.numbers import ONE
from bot.domain.observation import Book, BookLevel, Stamp
from bot.domain.orders import OrderRequest, Side, TimeInForce, TradeCursor, VenueTrade
from bot.domain.pair import (
    PairCaps,
    PairId,
    PairLeg,
    PairPlace,
    PairPolicy,
    PairRecord,
    PairState,
    PairStory,
    PairTrade,
)

NOW_MS = 1_700_000_000_000
EPOCH = Epoch("abcdefghij")
KUCOIN, OKX = VenueName("kucoin"), VenueName("okx")
BTC, USDT, USDC = Asset("BTC"), Asset("USDT"), Asset("USDC")
SYMBOL = Symbol("BTC/USDT")
CHEAP, DEAR = PairPlace(venue=KUCOIN, symbol=SYMBOL, quote=USDT), PairPlace(venue=OKX, symbol=SYMBOL, quote=USDT)
FRESH = Stamp(sent_ms=NOW_MS - 100, answered_ms=NOW_MS - 50)
CAPS = PairCaps(order_notional=D(150_000), notional_per_hour=D(1_000_000), orders_per_minute=6)
POLICY = PairPolicy(
    name=HedgeName("gap"),
    asset=BTC,
    places=(CHEAP, DEAR),
    min_edge=D("0.001"),
    slippage_reserve=D("0.0005"),
    persist_s=D(0),
    max_loss=D(50),
    max_unwind_slippage=D("0.01"),
    caps=CAPS,
)
MARKET = SpotMarket(
    venue=KUCOIN,
    symbol=SYMBOL,
    base=BTC,
    quote=USDT,
    quantity_step=D("0.00001"),
    quantity_min=D("0.00001"),
    quantity_max=D(100),
    price_tick=D("0.1"),
    notional_min=D(5),
    taker_fee=D("0.0002"),
    fee_in_quote=True,
)


def book(bids: Sequence[tuple[str, str]], asks: Sequence[tuple[str, str]], stamp: Stamp = FRESH) -> Book:
    """Levels as (price, coins)."""

    def side(levels: Sequence[tuple[str, str]]) -> tuple[BookLevel, ...]:
        return tuple(BookLevel(price=D(price), contracts=D(coins)) for price, coins in levels)

    return Book(bids=side(bids), asks=side(asks), stamp=stamp)


BUYING = PairReading(
    place=CHEAP,
    market=MARKET,
    book=book([("99990", "1")], [("100000", "1")]),
    stock=Stock(coins=D(1), quote=D(200_000), stamp=FRESH),
    taker_fee=D("0.0002"),
)
SELLING = PairReading(
    place=DEAR,
    market=replace(MARKET, venue=OKX),
    book=book([("100200", "1")], [("100210", "1")]),
    stock=Stock(coins=D(1), quote=D(200_000), stamp=FRESH),
    taker_fee=D("0.0002"),
)
SITUATION = PairSituation(
    policy=POLICY,
    readings=(BUYING, SELLING),
    quotes={USDT: QuotePrice(usd=ONE, stamp=FRESH), USDC: QuotePrice(usd=D("0.999"), stamp=FRESH)},
    recent=(),
    halted=(),
    now_ms=NOW_MS,
)


def with_both(situation: PairSituation, buy: PairReading = BUYING, sell: PairReading = SELLING) -> PairSituation:
    """The situation with these readings."""
    return replace(situation, readings=(buy, sell))


def made(sequence: int) -> ClientOrderId:
    return client_order_id(EPOCH, sequence)


LEG = PairLeg(
    client_id=made(2),
    venue=KUCOIN,
    symbol=SYMBOL,
    quote=USDT,
    coins=D(1),
    limit=D(100_025),
    fee_rate=D("0.0002"),
    fee_in_quote=True,
    holding_before=D(3),
)
TRADE = PairTrade(
    pair_id=PairId(made(1)),
    hedge=POLICY.name,
    asset=BTC,
    buy=LEG,
    sell=replace(LEG, client_id=made(3), venue=OKX, limit=D(100_175), holding_before=D(5)),
    coins=D(1),
    min_edge=D("0.001"),
    gross=D(200),
    buy_fee=D(20),
    sell_fee=D("20.04"),
    net=D("159.96"),
    worst_net=D("109.96"),
    created_ms=NOW_MS - 5_000,
)


def order(
    sequence: int,
    side: Side,
    *,
    filled: str = "0",
    coins: str = "1",
    venue: VenueName | None = None,
    state: IntentState | None = None,
    price: str | None = None,
    average: str | None = None,
    ended_ms: int = NOW_MS - 4_000,
) -> IntentRecord:
    """An order of the trade; over unless said otherwise."""
    leg = TRADE.buy if side is Side.BUY else TRADE.sell
    request = OrderRequest(
        venue=venue or leg.venue,
        symbol=SYMBOL,
        side=side,
        contracts=D(coins),
        price=leg.limit if price is None else D(price),
        time_in_force=TimeInForce.IOC,
        reduce_only=False,
    )
    intent = Intent(
        client_id=made(sequence),
        hedge=TRADE.hedge,
        request=request,
        position_before=D(0),
        cursor_before=TradeCursor(trade_id=None, time_ms=NOW_MS - 60_000),
        mark=D(100_000),
        created_ms=TRADE.created_ms,
        timestamp_ms=TRADE.created_ms,
        deadline_ms=TRADE.created_ms + 5_000,
    )
    whole = IntentState.FILLED if D(filled) == D(coins) else IntentState.CANCELED
    return IntentRecord(
        intent=intent,
        state=state or whole,
        filled=D(filled),
        average_price=None if average is None else D(average),
        venue_order_id=None,
        settled=False,
        detail="",
        updated_ms=ended_ms,
    )


def story(*orders: IntentRecord, state: PairState = PairState.OPEN, trade: PairTrade = TRADE) -> PairStory:
    """The trade with these orders."""
    left = D(0) if state.over else None
    record = PairRecord(trade=trade, state=state, left=left, updated_ms=trade.created_ms)
    return PairStory(record=record, orders=orders)


def legs(bought: str = "1", sold: str = "1") -> tuple[IntentRecord, IntentRecord]:
    """Both legs, over, with what they filled."""
    return order(2, Side.BUY, filled=bought, average="100000"), order(3, Side.SELL, filled=sold, average="100200")


def told(*orders: IntentRecord) -> Mapping[ClientOrderId, D]:
    """Their trades are known, and took no coins."""
    return {each.intent.client_id: D(0) for each in orders}


def evening(*orders: IntentRecord, buy: PairReading = BUYING, sell: PairReading = SELLING) -> EveningCase:
    """A case of the trade with these orders, whose trades are all told."""
    return EveningCase(
        policy=POLICY, story=story(*orders), buy=buy, sell=sell, now_ms=NOW_MS, fees_in_coins=told(*orders)
    )


def fill(sequence: int, side: Side, coins: str, price: str, fee: str = "0", fee_asset: Asset = USDT) -> VenueTrade:
    """A trade of an order."""
    return VenueTrade(
        trade_id=TradeId(f"t{sequence}"),
        venue_order_id=VenueOrderId(f"o{sequence}"),
        symbol=SYMBOL,
        side=side,
        contracts=D(coins),
        price=D(price),
        fee=D(fee),
        fee_asset=fee_asset,
        realized=D(0),
        maker=False,
        time_ms=NOW_MS,
    )
