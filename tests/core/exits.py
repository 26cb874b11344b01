"""A stablecoin hedge at a made-up venue: plans are carried out in full, for the tests of the core."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal as D

from bot.core import owned
from bot.core.exit_books import ExitMarket
from bot.core.exit_situation import Beside, ExitMemory, ExitSituation
from bot.core.owned import Balance
from bot.core.stablecoin import decide
from bot.domain.exits import (
    Crossing,
    CrossingKind,
    CrossingRecord,
    CrossingState,
    ExitCaps,
    ExitPlan,
    ExitPolicy,
    ExitState,
    SignalKind,
    SignalRule,
    Wish,
)
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
from bot.domain.observation import Book, BookLevel, Stamp, Unknown
from bot.domain.orders import Approved, OrderRequest, Side, TradeCursor, VenueTrade
from bot.domain.proceeds import CrossingId, Flow, WriteOff
from bot.domain.usd import HOUR_MS, UsdBar, UsdPrice

NOW = 1_700_000_000_000
MAIN, NAME = VenueName("main"), HedgeName("calm")
BTC, USDT, USDC, DAI = Asset("BTC"), Asset("USDT"), Asset("USDC"), Asset("DAI")
EPOCH = Epoch("abcdefghij")
BELOW = SignalRule(kind=SignalKind.PRICE, exit=D(90_000), back=D(95_000))
POLICY = ExitPolicy(
    name=NAME,
    asset=BTC,
    venue=MAIN,
    basket={USDT: D("0.5"), USDC: D("0.5")},
    caps=ExitCaps(order_notional=D(250_000), notional_per_hour=D(10_000_000), orders_per_minute=1000),
    signals=(BELOW,),
    for_s=D(0),
    slice_notional=D(250_000),
)


def market(base: Asset, quote: Asset, *, fee: str = "0.001", fee_in_quote: bool = False) -> SpotMarket:
    coin = base == BTC
    return SpotMarket(
        venue=MAIN,
        symbol=Symbol(f"{base}/{quote}"),
        base=base,
        quote=quote,
        quantity_step=D("0.00001") if coin else D("0.01"),
        quantity_min=D("0.00001") if coin else D("0.01"),
        quantity_max=D(9000) if coin else D(9_000_000),
        price_tick=D("0.01") if coin else D("0.0001"),
        notional_min=D(5),
        taker_fee=D(fee),
        fee_in_quote=fee_in_quote,
    )


def book(bid: D, ask: D, *, depth: str = "1000000", now_ms: int = NOW) -> Book:
    def level(price: D) -> BookLevel:
        return BookLevel(price=price, contracts=D(depth))

    return Book(bids=(level(bid),), asks=(level(ask),), stamp=Stamp(sent_ms=now_ms, answered_ms=now_ms))


def usd(asset: Asset, value: D, now_ms: int = NOW) -> UsdPrice:
    return UsdPrice(asset=asset, value=value, anchor="index", stamp=Stamp(sent_ms=now_ms, answered_ms=now_ms))


def unknown(*, lasting: bool = False) -> Unknown:
    return Unknown(what="price", reason="no answer", lasting=lasting)


def bars(*closes: str, end_ms: int = NOW, bar_ms: int = HOUR_MS) -> list[UsdBar]:
    first = end_ms - len(closes) * bar_ms
    return [UsdBar(open_ms=first + n * bar_ms, close=D(close)) for n, close in enumerate(closes)]


@dataclass
class Desk:
    """A venue and a journal; `turn` decides once and carries the plan out. Orders fill to the last step."""

    policy: ExitPolicy = POLICY
    now_ms: int = NOW
    price: D = D(100_000)
    pegs: dict[Asset, D | Unknown] = field(default_factory=lambda: {USDT: D(1), USDC: D(1)})
    balances: dict[Asset, D] = field(default_factory=lambda: {BTC: D(1)})
    fee_in_quote: bool = False
    depth: str = "1000000"
    memory: ExitMemory = field(default_factory=ExitMemory)
    flows: list[Flow] = field(default_factory=list)
    write_offs: list[WriteOff] = field(default_factory=list)
    crossings: list[CrossingRecord] = field(default_factory=list)
    recent: list[IntentRecord] = field(default_factory=list)
    wish: Wish | None = None
    beside: Beside | None = None
    settled_ms: int = 0
    sequence: int = 0
    over: dict[str, object] = field(default_factory=dict)
    """What of the situation a test sets itself."""

    def situation(self) -> ExitSituation:
        stamp = Stamp(sent_ms=self.now_ms, answered_ms=self.now_ms)
        made = ExitSituation(
            policy=self.policy,
            now_ms=self.now_ms,
            price=usd(BTC, self.price, self.now_ms),
            second=self.price,
            bars=[],
            bar_ms=HOUR_MS,
            pegs={a: p if isinstance(p, Unknown) else usd(a, p, self.now_ms) for a, p in self.pegs.items()},
            coins=self._balance(BTC, stamp),
            money={asset: self._balance(asset, stamp) for asset in self.pegs},
            markets={asset: self.market_at(BTC, asset) for asset in self.pegs},
            swaps={(USDC, USDT): self.market_at(USDC, USDT)} if {USDC, USDT} <= self.pegs.keys() else {},
            flows=tuple(self.flows),
            write_offs=tuple(self.write_offs),
            crossings=tuple(self.crossings),
            recent=tuple(self.recent),
            wish=self.wish,
            beside=self.beside,
            settled_ms=self.settled_ms,
        )
        return replace(made, **self.over)  # type: ignore[arg-type]

    def turn(self, *, s: float = 5) -> ExitPlan:
        self.now_ms += int(s * 1000)
        plan, memory = decide(self.situation(), self.memory)
        # Through text, as over a restart.
        self.memory = ExitMemory.from_dict(memory.to_dict())
        assert self.memory == memory
        self._carry_out(plan)
        return plan

    def turns(self, count: int, *, s: float = 5) -> list[ExitPlan]:
        return [self.turn(s=s) for _ in range(count)]

    def ask(self, kind: CrossingKind) -> None:
        self.now_ms += 1
        self.wish = Wish(kind=kind, why="", since_ms=self.now_ms)

    def held(self, asset: Asset) -> D:
        return self.balances.get(asset, D(0))

    def owned(self) -> dict[Asset, D]:
        return owned.owned(BTC, self.flows, self.write_offs)

    def _balance(self, asset: Asset, stamp: Stamp) -> Balance:
        return Balance(free=self.held(asset), total=self.held(asset), stamp=stamp)

    def _value(self, asset: Asset) -> D:
        told = self.price if asset == BTC else self.pegs[asset]
        return D(1) if isinstance(told, Unknown) else told

    def market_at(self, base: Asset, quote: Asset) -> ExitMarket:
        middle = self._value(base) / self._value(quote)
        half = D("0.01") if base == BTC else D("0.0001")
        bid, ask = (middle - half).quantize(half), (middle + half).quantize(half)
        told = market(base, quote, fee_in_quote=self.fee_in_quote)
        return ExitMarket(market=told, book=book(bid, ask, depth=self.depth, now_ms=self.now_ms))

    def _carry_out(self, plan: ExitPlan) -> None:
        self.write_offs += plan.write_offs
        if plan.end is not None:
            (record,) = [one for one in self.crossings if one.state is CrossingState.OPEN]
            at, end = self.crossings.index(record), plan.end
            self.crossings[at] = replace(
                record,
                state=end.state,
                detail=end.detail,
                coins_done=end.coins_done,
                quote_done=end.quote_done,
                updated_ms=self.now_ms,
            )
        if plan.begin is not None:
            self.crossings.append(record_of(self._crossing(plan)))
        if plan.order is not None:
            (open_one,) = [one for one in self.crossings if one.state is CrossingState.OPEN]
            self._fill(plan.order, open_one.crossing)

    def _crossing(self, plan: ExitPlan) -> Crossing:
        draft = plan.begin
        assert draft is not None
        self.sequence += 1
        return Crossing(
            crossing_id=CrossingId(client_order_id(EPOCH, self.sequence)),
            hedge=NAME,
            venue=MAIN,
            asset=BTC,
            kind=draft.kind,
            cause=draft.cause,
            coins=draft.coins,
            source=draft.source,
            target=draft.target,
            reason=draft.reason,
            created_ms=self.now_ms,
        )

    def _fill(self, order: Approved, crossing: Crossing) -> None:
        request = order.request
        base, _, quote = request.symbol.partition("/")
        told = self.market_at(Asset(base), Asset(quote)).book
        assert told is not None
        levels = told.bids if request.side is Side.SELL else told.asks
        price, fee = levels[0].price, D("0.001")
        in_quote = request.side is Side.SELL or self.fee_in_quote
        self.sequence += 1
        trade = VenueTrade(
            trade_id=TradeId(str(self.sequence)),
            venue_order_id=VenueOrderId(str(self.sequence)),
            symbol=request.symbol,
            side=request.side,
            contracts=request.contracts,
            price=price,
            fee=request.contracts * (price if in_quote else 1) * fee,
            fee_asset=Asset(quote if in_quote else base),
            realized=D(0),
            maker=False,
            time_ms=self.now_ms,
        )
        for flow in owned.flows_of(trade, crossing):
            self.flows.append(flow)
            self.balances[flow.asset] = self.held(flow.asset) + flow.amount
            assert self.balances[flow.asset] >= 0, f"{flow.asset} was spent that is not there"
        self.recent.append(filled(request, self.sequence, self.now_ms, price))
        self.settled_ms = self.now_ms


def filled(
    request: OrderRequest,
    sequence: int,
    now_ms: int,
    price: D | None,
    *,
    state: IntentState = IntentState.FILLED,
    quantity: D | None = None,
) -> IntentRecord:
    return IntentRecord(
        intent=Intent(
            client_id=ClientOrderId(client_order_id(EPOCH, sequence)),
            hedge=NAME,
            request=request,
            position_before=D(0),
            cursor_before=TradeCursor(trade_id=None, time_ms=now_ms),
            mark=request.price,
            created_ms=now_ms,
            timestamp_ms=now_ms,
            deadline_ms=now_ms + 3000,
        ),
        state=state,
        filled=request.contracts if quantity is None else quantity,
        average_price=price,
        venue_order_id=None,
        settled=state.terminal,
        detail="",
        updated_ms=now_ms,
    )


def record_of(crossing: Crossing, state: CrossingState = CrossingState.OPEN) -> CrossingRecord:
    return CrossingRecord(
        crossing=crossing, state=state, coins_done=D(0), quote_done=D(0), detail="", updated_ms=crossing.created_ms
    )


def gone_out(desk: Desk) -> Desk:
    """Out by its signal."""
    desk.price = D(89_000)
    assert desk.turn().begin is not None
    while desk.turn().view.state is not ExitState.OUT:
        assert desk.sequence < 100
    return desk


def swapping(**over: object) -> Desk:
    """Out, and its USDT on the way into USDC."""
    desk = gone_out(Desk())
    desk.policy = replace(desk.policy, slice_notional=D(10_000))
    desk.pegs[USDT] = D("0.97")
    while not desk.crossings[1:]:
        desk.turn()
    desk.over = over
    return desk
