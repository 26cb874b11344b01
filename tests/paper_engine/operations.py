"""Everything that can be done to two accounts of an exchange, at random, as the rules of a state machine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from bot.domain.numbers import ZERO
from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import MarketType, NewOrder, OrderKind, PositionSide, Refusal, Side, TimeInForce
from tests.paper_engine.scenes import Scene

HOUR_MS = 3_600_000
ACCOUNTS = ("paper", "paper2")
ASSETS = ("BTC", "USDT", "PEPE")

keys = st.sampled_from(ACCOUNTS)
coins = st.sampled_from(("BTC", "PEPE"))
picks = st.integers(min_value=0, max_value=11)
"""One of a scene's markets, symbols, wallets or products, counted round."""
position_sides = st.sampled_from(PositionSide)
opening = st.sampled_from((PositionSide.LONG, PositionSide.SHORT))
amounts = st.decimals(min_value="0.00000001", max_value="50000", places=8)
shares = st.integers(min_value=1, max_value=60) | st.integers(min_value=1, max_value=400)
takes = st.tuples(keys, picks, st.sampled_from(Side), shares, opening)
rests = st.tuples(keys, picks, st.sampled_from(Side), shares, opening, st.integers(0, 250), st.booleans())
T = TypeVar("T")


def pick(options: Sequence[T], number: int) -> T:
    return options[number % len(options)]


class Operations(RuleBasedStateMachine):
    """Operations may be refused; then nothing at all may have changed."""

    scene: Scene

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_700_000_000_000
        self.inside: dict[str, Decimal] = defaultdict(Decimal)
        self.crossing: list[tuple[int, str, Decimal]] = []
        self.settled_ms = self.now
        self.listings = {listing.key: listing for listing in self.scene.listings}
        self.exchange = Exchange(
            name="x",
            listings=self.scene.listings,
            starting=self.scene.starting,
            time_ms=lambda: self.now,
            funding_follows_clock=True,
            layout=self.scene.layout,
        )

    @initialize(
        isolated=st.booleans(),
        leverage=st.sampled_from((1, 2, 20, 75)),
        hedged=st.booleans(),
        first=st.lists(takes, min_size=2, max_size=6),
    )
    def open_accounts(
        self,
        isolated: bool,
        leverage: int,
        hedged: bool,
        first: list[tuple[str, int, Side, int, PositionSide]],
    ) -> None:
        for key in ACCOUNTS:
            self.exchange.account(key)
            for held in self.scene.starting.values():
                for asset, amount in held.items():
                    self.inside[asset] += amount
            for symbol in self.scene.symbols:
                self.exchange.set_leverage(key, symbol, leverage)
                if isolated is not self.scene.layout.isolated:
                    self.exchange.set_margin_mode(key, symbol, isolated)
        if hedged:
            self.exchange.set_hedged(ACCOUNTS[1], hedged)
        self.take(first)

    def try_(self, act: Callable[[], object]) -> bool:
        """Do it; when refused, see that nothing changed."""
        before = self.everything()
        try:
            act()
        except Refusal:
            assert self.everything() == before
            return False
        return True

    def everything(self) -> object:
        return [
            (
                list(account.ledger),
                list(account.orders()),
                list(account.positions()),
                account.hedged,
                account.transfers,
                account.deposits,
                account.withdrawals,
                account.earn_subscriptions,
                account.earn_redemptions,
                account.earn_rewards,
                account.last_update,
            )
            for account in self.exchange.accounts().values()
        ]

    # Money.

    @rule(key=keys, where=picks, asset=st.sampled_from(ASSETS), amount=amounts, out=st.booleans(), late=st.booleans())
    def deposit(self, key: str, where: int, asset: str, amount: Decimal, out: bool, late: bool) -> None:
        wallet, pending_s = pick(self.scene.layout.wallets, where), 7_200 if late else 0
        act = self.exchange.withdraw if out else self.exchange.deposit
        if self.try_(lambda: act(key, wallet, asset, amount, pending_s=pending_s)):
            self.on_the_way(asset, -amount if out else amount, pending_s)

    def on_the_way(self, asset: str, amount: Decimal, pending_s: int) -> None:
        """Note what will be inside more or less, and when."""
        self.crossing.append((self.now + pending_s * 1000, asset, amount))

    def expected(self, asset: str) -> Decimal:
        due = (amount for due_ms, what, amount in self.crossing if what == asset and due_ms <= self.settled_ms)
        return self.inside[asset] + sum(due, ZERO)

    @rule(key=keys, ends=st.tuples(picks, picks), asset=st.sampled_from(ASSETS), amount=amounts)
    def transfer(self, key: str, ends: tuple[int, int], asset: str, amount: Decimal) -> None:
        source, target = (pick(self.scene.layout.wallets, end) for end in ends)
        self.try_(lambda: self.exchange.transfer(key, source, target, asset, amount))

    @rule(key=keys, market=st.sampled_from((MarketType.LINEAR, MarketType.INVERSE)))
    def take_out_all_that_is_free(self, key: str, market: MarketType) -> None:
        wallet, asset = self.scene.layout.margin[market], "USDT" if market is MarketType.LINEAR else "BTC"
        free = self.exchange.account(key).balance(wallet, asset).free
        exact = free.quantize(Decimal("1e-8"), rounding="ROUND_DOWN")
        if exact > 0:
            target = next(other for other in self.scene.layout.wallets if other != wallet)
            self.exchange.transfer(key, wallet, target, asset, exact)

    @rule(
        key=keys,
        product=picks,
        asset=st.sampled_from(ASSETS),
        amount=amounts | st.decimals(min_value="0.00000001", max_value="0.5", places=8),
        notice_s=st.sampled_from((None, 0, 3_600, 40_000)),
        which=st.integers(0, 2),
        there=st.booleans(),
    )
    def earn(
        self,
        key: str,
        product: int,
        asset: str,
        amount: Decimal,
        notice_s: int | None,
        which: int,
        there: bool,
    ) -> None:
        name = pick(tuple(self.scene.layout.earn), product)
        wallet = self.scene.layout.spot if there else None
        acts: tuple[Callable[[], object], ...] = (
            lambda: self.exchange.earn_subscribe(key, name, asset, amount, wallet=wallet),
            lambda: self.exchange.earn_redeem(key, name, asset, amount, notice_s, wallet=wallet),
            lambda: self.exchange.pay_reward(key, name, asset, amount, wallet=wallet),
        )
        self.try_(acts[which])

    # Orders.

    @rule(
        key=keys,
        market=picks,
        side=st.sampled_from(Side),
        tif=st.sampled_from(TimeInForce),
        market_order=st.booleans(),
        share=shares,
        basis_points=st.integers(min_value=-300, max_value=300),
        reduce_only=st.sampled_from((False, False, True)),
        position_side=position_sides,
        client_id=st.sampled_from(("", "", "a", "b")),
    )
    def submit(
        self,
        key: str,
        market: int,
        side: Side,
        tif: TimeInForce,
        market_order: bool,
        share: int,
        basis_points: int,
        reduce_only: bool,
        position_side: PositionSide,
        client_id: str,
    ) -> None:
        self.send(
            key,
            pick(self.scene.markets, market),
            side,
            share,
            None if market_order else basis_points,
            tif=tif,
            reduce_only=reduce_only,
            position_side=position_side,
            client_id=client_id,
        )

    @rule(batch=st.lists(takes, min_size=1, max_size=5))
    def take(self, batch: list[tuple[str, int, Side, int, PositionSide]]) -> None:
        for key, market, side, share, position_side in batch:
            self.send(key, pick(self.scene.markets, market), side, share, None, position_side=position_side)

    @rule(batch=st.lists(rests, min_size=1, max_size=5))
    def rest(self, batch: list[tuple[str, int, Side, int, PositionSide, int, bool]]) -> None:
        for key, market, side, share, position_side, away, reduce_only in batch:
            self.send(
                key,
                pick(self.scene.markets, market),
                side,
                share,
                -side.sign * away,
                reduce_only=reduce_only,
                position_side=position_side,
            )

    def send(
        self,
        key: str,
        market: str,
        side: Side,
        share: int,
        basis_points: int | None,
        *,
        tif: TimeInForce = TimeInForce.GTC,
        reduce_only: bool = False,
        position_side: PositionSide = PositionSide.LONG,
        client_id: str = "",
    ) -> None:
        """A market order, or a limit order so far from the mark; `share` is in units of 1,000 quote."""
        listing = self.listings[market]
        perpetual = listing.market.perpetual
        hedged = self.exchange.account(key).hedged
        step, tick, mark = listing.quantity_step, listing.price_tick, self.exchange.mark(market)
        unit = listing.quote_value(Decimal(1), mark)
        quantity = (Decimal(share * 1_000) / unit / step).to_integral_value(rounding="ROUND_UP") * step
        price = None
        if basis_points is not None:
            price = (mark * (10_000 + basis_points) / 10_000 / tick).to_integral_value() * tick
        order = NewOrder(
            listing_key=market,
            side=side,
            kind=OrderKind.MARKET if price is None else OrderKind.LIMIT,
            quantity=quantity,
            price=price,
            tif=tif,
            reduce_only=reduce_only and perpetual,
            client_id=client_id,
            position_side=position_side if perpetual and hedged else PositionSide.BOTH,
        )
        before = self.held(key, market)
        accepted = self.try_(lambda: self.exchange.submit(key, order))
        if accepted and perpetual and self.held(key, market) > before:
            assert self.exchange.account(key).margin_summary(listing.settle, listing.market).headroom >= 0

    def held(self, key: str, market: str) -> Decimal:
        """Contracts of both sides, unsigned."""
        symbol = self.listings[market].symbol
        return sum((abs(p.contracts) for p in self.exchange.account(key).positions() if p.symbol == symbol), ZERO)

    @rule(key=keys, side=st.sampled_from(Side), amount=amounts)
    def submit_for_quote(self, key: str, side: Side, amount: Decimal) -> None:
        order = NewOrder(listing_key=self.scene.markets[0], side=side, kind=OrderKind.MARKET, quote_quantity=amount)
        self.try_(lambda: self.exchange.submit(key, order))

    @rule(key=keys, number=picks, client_id=st.sampled_from(("a", "b", None)))
    def cancel(self, key: str, number: int, client_id: str | None) -> None:
        market = pick(self.scene.markets, number)
        if client_id is not None:
            self.try_(lambda: self.exchange.cancel(key, market, client_id=client_id))
            return
        self.exchange.cancel_all(key, market)
        assert not self.exchange.account(key).open_orders(market)

    # The world.

    @rule(asset=coins, percent=st.integers(min_value=30, max_value=300))
    def price_leaps(self, asset: str, percent: int) -> None:
        if not self.lists(asset):
            return
        first = {"BTC": Decimal(100_000), "PEPE": Decimal("0.00002")}[asset]
        price = (self.exchange.price(asset) * percent / 100).quantize(Decimal("1e-8"))
        self.exchange.set_price(asset, min(max(price, first / 50), first * 50))

    @rule(moves=st.lists(st.tuples(coins, st.integers(min_value=-300, max_value=300)), min_size=1, max_size=5))
    def price_moves(self, moves: list[tuple[str, int]]) -> None:
        for asset, basis_points in moves:
            if not self.lists(asset):
                continue
            price = (self.exchange.price(asset) * (10_000 + basis_points) / 10_000).quantize(Decimal("1e-8"))
            self.exchange.set_price(asset, price)

    @rule(
        asset=coins,
        rate=st.none() | st.decimals(min_value="-0.5", max_value="0.5", places=6),
    )
    def pay_funding(self, asset: str, rate: Decimal | None) -> None:
        if self.lists(asset):
            self.exchange.settle_funding(asset, rate)

    def lists(self, asset: str) -> bool:
        return any(listing.asset == asset for listing in self.scene.listings)

    @rule(hours=st.integers(min_value=0, max_value=20))
    def time_passes(self, hours: int) -> None:
        self.now += hours * HOUR_MS
        self.exchange.advance()
        self.settled_ms = self.now

    # Futures settings.

    @rule(
        key=keys,
        number=picks,
        leverage=st.sampled_from((1, 2, 3, 20, 75, 125, 126)),
        flag=st.booleans(),
        which=st.integers(0, 2),
    )
    def change_settings(self, key: str, number: int, leverage: int, flag: bool, which: int) -> None:
        symbol = pick(self.scene.symbols, number)
        acts: tuple[Callable[[], None], ...] = (
            lambda: self.exchange.set_leverage(key, symbol, leverage),
            lambda: self.exchange.set_margin_mode(key, symbol, flag),
            lambda: self.exchange.set_hedged(key, flag),
        )
        self.try_(acts[which])

    @rule(key=keys, number=picks, side=position_sides, amount=amounts, back=st.booleans())
    def add_margin(self, key: str, number: int, side: PositionSide, amount: Decimal, back: bool) -> None:
        symbol = pick(self.scene.symbols, number)
        self.try_(lambda: self.exchange.add_margin(key, symbol, side, -amount if back else amount))

    # What the exchange does by itself.

    @rule(key=keys, number=picks, percent=st.none() | st.integers(min_value=1, max_value=120))
    def deleverage(self, key: str, number: int, percent: int | None) -> None:
        symbol = pick(self.scene.symbols, number)
        held = [abs(one.contracts) for one in self.exchange.account(key).positions() if one.symbol == symbol]
        listing = next(listing for listing in self.scene.listings if listing.symbol == symbol)
        steps = max(held, default=ZERO) * (percent or 0) // (100 * listing.quantity_step)
        quantity = None if percent is None else steps * listing.quantity_step
        self.try_(lambda: self.exchange.deleverage(key, symbol, quantity=quantity))

    @rule(key=keys, number=picks)
    def liquidate(self, key: str, number: int) -> None:
        self.try_(lambda: self.exchange.liquidate(key, pick(self.scene.symbols, number)))
