"""Everything that can be done to two accounts of an exchange, at random, as the rules of a state machine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Literal

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from bot.domain.numbers import ZERO
from bot.paper.engine.defaults import DEFAULT_LISTINGS
from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import MarketType, NewOrder, OrderKind, PositionSide, Refusal, Side, TimeInForce

Product = Literal["flexible", "locked"]

HOUR_MS = 3_600_000
STARTING = {"spot": {"BTC": Decimal(1), "USDT": Decimal(60_000)}, "usdm": {"USDT": Decimal(30_000)}}
"""Little margin, so that leaps liquidate."""
ACCOUNTS = ("paper", "paper2")
WALLETS = ("spot", "funding", "usdm", "coinm", "earn-flexible", "earn-locked")
ASSETS = ("BTC", "USDT", "PEPE")
MARKETS = ("spot:BTCUSDT", "spot:PEPEUSDT", "linear:BTCUSDT", "linear:1000PEPEUSDT")
LISTINGS = {listing.key: listing for listing in DEFAULT_LISTINGS if listing.key in MARKETS}

keys = st.sampled_from(ACCOUNTS)
coins = st.sampled_from(("BTC", "PEPE"))
symbols = st.sampled_from(("BTCUSDT", "1000PEPEUSDT"))
position_sides = st.sampled_from(PositionSide)
opening = st.sampled_from((PositionSide.LONG, PositionSide.SHORT))
products: st.SearchStrategy[Product] = st.sampled_from(("flexible", "locked"))
amounts = st.decimals(min_value="0.00000001", max_value="50000", places=8)
shares = st.integers(min_value=1, max_value=60) | st.integers(min_value=1, max_value=400)
takes = st.tuples(keys, st.sampled_from(MARKETS), st.sampled_from(Side), shares, opening)
rests = st.tuples(
    keys, st.sampled_from(MARKETS), st.sampled_from(Side), shares, opening, st.integers(0, 250), st.booleans()
)


class Operations(RuleBasedStateMachine):
    """Operations may be refused; then nothing at all may have changed."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_700_000_000_000
        self.inside: dict[str, Decimal] = defaultdict(Decimal)
        self.exchange = Exchange(
            name="binance",
            listings=tuple(LISTINGS.values()),
            starting=STARTING,
            time_ms=lambda: self.now,
            funding_follows_clock=True,
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
        first: list[tuple[str, str, Side, int, PositionSide]],
    ) -> None:
        for key in ACCOUNTS:
            self.exchange.account(key)
            for held in STARTING.values():
                for asset, amount in held.items():
                    self.inside[asset] += amount
            for symbol in ("BTCUSDT", "1000PEPEUSDT"):
                self.exchange.set_leverage(key, symbol, leverage)
                if isolated:
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
            )
            for account in self.exchange.accounts().values()
        ]

    # Money.

    @rule(key=keys, wallet=st.sampled_from(WALLETS), asset=st.sampled_from(ASSETS), amount=amounts, out=st.booleans())
    def deposit(self, key: str, wallet: str, asset: str, amount: Decimal, out: bool) -> None:
        signed = -amount if out else amount
        if self.try_(lambda: self.exchange.deposit(key, wallet, asset, signed)):
            self.inside[asset] += signed

    @rule(
        key=keys,
        ends=st.sampled_from((("spot", "usdm"), ("usdm", "spot"), ("spot", "funding"), ("funding", "usdm"))),
        asset=st.sampled_from(ASSETS),
        amount=amounts,
    )
    def transfer(self, key: str, ends: tuple[str, str], asset: str, amount: Decimal) -> None:
        self.try_(lambda: self.exchange.transfer(key, *ends, asset, amount))

    @rule(key=keys)
    def take_out_all_that_is_free(self, key: str) -> None:
        free = self.exchange.account(key).balance("usdm", "USDT").free
        exact = free.quantize(Decimal("1e-8"), rounding="ROUND_DOWN")
        if exact > 0:
            self.exchange.transfer(key, "usdm", "spot", "USDT", exact)

    @rule(key=keys, product=products, asset=st.sampled_from(ASSETS), amount=amounts, which=st.integers(0, 2))
    def earn(self, key: str, product: Product, asset: str, amount: Decimal, which: int) -> None:
        acts = (self.exchange.earn_subscribe, self.exchange.earn_redeem, self.exchange.pay_reward)
        self.try_(lambda: acts[which](key, product, asset, amount))

    # Orders.

    @rule(
        key=keys,
        market=st.sampled_from(MARKETS),
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
        market: str,
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
            market,
            side,
            share,
            None if market_order else basis_points,
            tif=tif,
            reduce_only=reduce_only,
            position_side=position_side,
            client_id=client_id,
        )

    @rule(batch=st.lists(takes, min_size=1, max_size=5))
    def take(self, batch: list[tuple[str, str, Side, int, PositionSide]]) -> None:
        for key, market, side, share, position_side in batch:
            self.send(key, market, side, share, None, position_side=position_side)

    @rule(batch=st.lists(rests, min_size=1, max_size=5))
    def rest(self, batch: list[tuple[str, str, Side, int, PositionSide, int, bool]]) -> None:
        for key, market, side, share, position_side, away, reduce_only in batch:
            self.send(key, market, side, share, -side.sign * away, reduce_only=reduce_only, position_side=position_side)

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
        listing = LISTINGS[market]
        linear = listing.market is MarketType.LINEAR
        hedged = self.exchange.account(key).hedged
        step, tick, mark = listing.quantity_step, listing.price_tick, self.exchange.mark(market)
        quantity = (Decimal(share * 1_000) / mark / step).to_integral_value(rounding="ROUND_UP") * step
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
            reduce_only=reduce_only and linear,
            client_id=client_id,
            position_side=position_side if linear and hedged else PositionSide.BOTH,
        )
        before = self.held(key, market)
        accepted = self.try_(lambda: self.exchange.submit(key, order))
        if accepted and linear and self.held(key, market) > before:
            assert self.exchange.account(key).margin_summary().headroom >= 0

    def held(self, key: str, market: str) -> Decimal:
        """Contracts of both sides, unsigned."""
        symbol = LISTINGS[market].symbol
        return sum((abs(p.contracts) for p in self.exchange.account(key).positions() if p.symbol == symbol), ZERO)

    @rule(key=keys, market=st.sampled_from(MARKETS[:2]), side=st.sampled_from(Side), amount=amounts)
    def submit_for_quote(self, key: str, market: str, side: Side, amount: Decimal) -> None:
        order = NewOrder(listing_key=market, side=side, kind=OrderKind.MARKET, quote_quantity=amount)
        self.try_(lambda: self.exchange.submit(key, order))

    @rule(key=keys, market=st.sampled_from(MARKETS), client_id=st.sampled_from(("a", "b", None)))
    def cancel(self, key: str, market: str, client_id: str | None) -> None:
        if client_id is not None:
            self.try_(lambda: self.exchange.cancel(key, market, client_id=client_id))
            return
        self.exchange.cancel_all(key, market)
        assert not self.exchange.account(key).open_orders(market)

    # The world.

    @rule(asset=coins, percent=st.integers(min_value=30, max_value=300))
    def price_leaps(self, asset: str, percent: int) -> None:
        first = {"BTC": Decimal(100_000), "PEPE": Decimal("0.00002")}[asset]
        price = (self.exchange.price(asset) * percent / 100).quantize(Decimal("1e-8"))
        self.exchange.set_price(asset, min(max(price, first / 50), first * 50))

    @rule(moves=st.lists(st.tuples(coins, st.integers(min_value=-300, max_value=300)), min_size=1, max_size=5))
    def price_moves(self, moves: list[tuple[str, int]]) -> None:
        for asset, basis_points in moves:
            price = (self.exchange.price(asset) * (10_000 + basis_points) / 10_000).quantize(Decimal("1e-8"))
            self.exchange.set_price(asset, price)

    @rule(
        asset=coins,
        rate=st.none() | st.decimals(min_value="-0.5", max_value="0.5", places=6),
    )
    def pay_funding(self, asset: str, rate: Decimal | None) -> None:
        self.exchange.settle_funding(asset, rate)

    @rule(hours=st.integers(min_value=0, max_value=20))
    def time_passes(self, hours: int) -> None:
        self.now += hours * HOUR_MS
        self.exchange.advance()

    # Futures settings.

    @rule(
        key=keys,
        symbol=symbols,
        leverage=st.sampled_from((1, 2, 3, 20, 75, 125, 126)),
        flag=st.booleans(),
        which=st.integers(0, 2),
    )
    def change_settings(self, key: str, symbol: str, leverage: int, flag: bool, which: int) -> None:
        acts: tuple[Callable[[], None], ...] = (
            lambda: self.exchange.set_leverage(key, symbol, leverage),
            lambda: self.exchange.set_margin_mode(key, symbol, flag),
            lambda: self.exchange.set_hedged(key, flag),
        )
        self.try_(acts[which])

    @rule(key=keys, symbol=symbols, side=position_sides, amount=amounts, back=st.booleans())
    def add_margin(self, key: str, symbol: str, side: PositionSide, amount: Decimal, back: bool) -> None:
        self.try_(lambda: self.exchange.add_margin(key, symbol, side, -amount if back else amount))
