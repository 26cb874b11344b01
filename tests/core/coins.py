"""A coin-margined account, and what a venue tells of it, for the tests of inverse shorts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal as D

from bot.core import inverse
from bot.core.guards import Activity, Campaign, after_accounting, observe_exposure, tripped
from bot.core.observation import after_gain
from bot.core.risk import approve
from bot.core.situation import Memory, Situation
from bot.core.spot_perp import decide
from bot.core.work import campaign_work
from bot.domain.ids import TradeId, VenueOrderId
from bot.domain.instrument import MarginMode
from bot.domain.observation import Book, BookLevel, Holding, Margin, Position, Prices, Source, Stamp, SymbolConfig
from bot.domain.orders import Approved, OrderRequest, Side, VenueTrade
from bot.domain.plan import Plan, Verdict
from bot.domain.policy import HedgePolicy, HoldingSpec
from tests.core.instruments import BTC, INVERSE, MAIN, POLICY, position_of
from tests.core.situations import START_MS

CONTRACT = replace(INVERSE, quantity_max=D(1_000_000), notional_min=D(0), price_down=None, price_up=None)
COINED = replace(
    POLICY,
    symbol=CONTRACT.symbol,
    holdings=(HoldingSpec(source=Source.MARGIN, venue=MAIN),),
    margin_mode=MarginMode.CROSS,
    leverage=2,
    caps=replace(POLICY.caps, order_notional=D(10) ** 9, notional_per_hour=D(10) ** 9),
)
CONFIG = SymbolConfig(symbol=CONTRACT.symbol, leverage=2, margin_mode=MarginMode.CROSS, hedged=False)
TICK = CONTRACT.price_tick


@dataclass
class CoinAccount:
    """The truth: W, what was sold at which average, and other coins that are held elsewhere.

    Attributes:
        wallet: W.
        spot: coins outside the margin wallet.
        slip: by what part fills are worse than the mark.
        lag: the margin is told at this price, the position at the mark; None: at the mark as well.
    """

    wallet: D = D(1)
    spot: D = D(0)
    policy: HedgePolicy = COINED
    contracts: D = D(0)
    sold: D = D(0)
    price: D = D(100_000)
    lag: D | None = None
    slip: D = D(0)
    now_s: D = D(0)
    memory: Memory = field(default_factory=Memory)
    campaign: Campaign | None = None
    campaigns: int = 0
    sent: list[OrderRequest] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)

    @property
    def entry(self) -> D | None:
        return -self.contracts * 100 / self.sold if self.contracts else None

    def balance(self, price: D) -> D:
        """W + u."""
        return self.wallet - self.sold - self.contracts * 100 / price

    @property
    def value(self) -> D:
        """In USD."""
        return (self.spot + self.balance(self.price)) * self.price

    def fill(self, request: OrderRequest) -> None:
        """All of it, a little worse than the mark; then guard and decision count it."""
        price = self.price * (1 + self.slip * request.side.sign)
        trade, gained = self._traded(request.side, request.contracts, price)
        self._count(trade, gained, own=trade.moved, slipped=inverse.slipped(CONTRACT, trade, self.price))

    def others(self, side: Side, contracts: D, price: D, *, adl: bool) -> None:
        """Others trade on the account, the venue itself (R25) or its owner, and the guard counts that, too."""
        trade, gained = self._traded(side, contracts, price)
        self._count(trade, gained, own=D(0), slipped=D(0), adl=adl)

    def _traded(self, side: Side, contracts: D, price: D) -> tuple[VenueTrade, D]:
        """One trade with the taker fee, and what it gained; what it realised is not told, as by some venues."""
        before, entry = self.contracts, self.entry
        coins = contracts * 100 / price
        fee, realized = coins * CONTRACT.taker_fee, D(0)
        if side is Side.SELL:
            self.sold += coins
        else:
            share = contracts / -self.contracts
            realized = coins - share * self.sold
            self.sold -= share * self.sold
        self.contracts += contracts * side.sign
        self.wallet += realized - fee
        trade = VenueTrade(
            trade_id=TradeId(str(len(self.sent))),
            venue_order_id=VenueOrderId("1"),
            symbol=CONTRACT.symbol,
            side=side,
            contracts=contracts,
            price=price,
            fee=fee,
            fee_asset=BTC,
            realized=D(0),
            maker=False,
            time_ms=0,
        )
        gained = inverse.gained(CONTRACT, [trade], before, entry)
        assert abs(gained - (realized - fee)) < D("1e-12")
        return trade, gained

    def _count(self, trade: VenueTrade, gained: D, *, own: D, slipped: D, adl: bool = False) -> None:
        self.memory = replace(self.memory, surplus=after_gain(self.memory.surplus, gained))
        assert self.campaign is not None
        self.campaign = after_accounting(
            self.campaign,
            own_moved=own,
            position_moved=trade.moved,
            step=CONTRACT.quantity_step,
            adl=adl,
            gained=gained,
            slipped=slipped,
        )

    def situation(self) -> Situation:
        sent = START_MS + int(self.now_s * 1000)
        stamp = Stamp(sent_ms=sent, answered_ms=sent + 100)
        mark = self.price
        margin = self.balance(self.lag or mark)
        short_coins = -self.contracts * 100 / mark
        held = [
            Holding(source=Source.MARGIN, venue=MAIN, asset=BTC, quantity=margin, principal=self.wallet, stamp=stamp)
        ]
        if self.spot:
            held.append(
                Holding(source=Source.SPOT, venue=MAIN, asset=BTC, quantity=self.spot, principal=self.spot, stamp=stamp)
            )
        position = replace(position_of(self.contracts, stamp), symbol=CONTRACT.symbol)
        if self.contracts:
            position = replace(position, entry_price=self.entry, mark_price=mark)
        depth = D(1_000_000)
        return Situation(
            policy=self.policy,
            instrument=CONTRACT,
            holdings=tuple(held),
            position=position,
            prices=Prices(
                symbol=CONTRACT.symbol,
                mark=mark,
                index=mark,
                bid=mark,
                ask=mark,
                funding_rate=None,
                stamp=stamp,
                book=Book(
                    bids=(BookLevel(price=mark, contracts=depth),),
                    asks=(BookLevel(price=mark, contracts=depth),),
                    stamp=stamp,
                ),
            ),
            margin=Margin(
                asset=BTC,
                wallet=self.wallet,
                available=max(self.balance(mark) - short_coins / 2, D(0)),
                stamp=stamp,
                balance=margin,
            ),
            unfilled=(),
            waiting="",
            soon=False,
            halted=(),
            unfilled_tries=0,
            live_from_ms=0,
            now_ms=sent + 100,
        )

    def turn(self, after_s: int = 5) -> Plan:
        """One reading, decided on, watched, approved and filled."""
        self.now_s += after_s
        situation = self.situation()
        plan, self.memory = decide(situation, self.memory)
        self.verdicts.append(plan.verdict)
        position = situation.position
        assert isinstance(position, Position)
        work = campaign_work(plan.view, position, CONTRACT, self.policy.ratio)
        if work is not None:
            before = self.campaign
            self.campaign = observe_exposure(
                before,
                exposure=work.exposure,
                gap_contracts=work.gap_contracts,
                tolerance=work.tolerance,
                step=CONTRACT.quantity_step,
                per_contract=work.per_contract,
            )
            self.campaigns += before is None or abs(work.exposure - before.exposure) > work.tolerance
        if plan.order is not None:
            self.approve(plan, situation)
            self.sent.append(plan.order.request)
            self.fill(plan.order.request)
        return plan

    def approve(self, plan: Plan, situation: Situation) -> None:
        """The gate lets every order of the decision pass."""
        assert plan.order is not None
        assert plan.view.target is not None
        assert isinstance(situation.prices, Prices)
        assert isinstance(situation.position, Position)
        approved = approve(
            plan.order,
            policy=self.policy,
            instrument=CONTRACT,
            prices=situation.prices,
            mark=self.price,
            position=situation.position,
            target_contracts=CONTRACT.contracts(max(plan.view.target, D(0)), self.price),
            unfilled=(),
            margin=situation.margin,
            config=CONFIG,
            clock_ok=True,
            activity=Activity(orders_last_minute=0, notional_last_hour=D(0)),
            campaign=self.campaign,
            halted=(),
            live=True,
            now_ms=situation.now_ms,
        )
        assert isinstance(approved, Approved), approved

    def settle(self) -> None:
        """Turns until nothing is sent any more; long enough for a dwell."""
        quiet = 0
        while quiet < 16:
            quiet = 0 if self.turn().order is not None else quiet + 1
            assert self.campaign is None or tripped(self.campaign, CONTRACT.quantity_step) is None

    def move(self, price: D) -> None:
        """The price is there at once; a second and a third reading confirm it (R12)."""
        self.price = price
        for _ in range(3):
            self.turn()


def hedged(wallet: str = "1", ratio: str = "1", spot: str = "0") -> CoinAccount:
    """An account at rest: what is to be hedged is."""
    account = CoinAccount(wallet=D(wallet), spot=D(spot), policy=replace(COINED, ratio=D(ratio)))
    account.settle()
    return account
