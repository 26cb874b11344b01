"""Whatever is done to the exchange, nothing appears or vanishes.

Method: a state machine plays random operations on two accounts, and after each one adds everything up again from the
ledger rows and the trades alone.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from itertools import groupby

from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant

from bot.domain.numbers import ZERO
from bot.paper.engine.model import MarketType, OrderStatus, PositionSide, Row, Side, listing_key
from tests.paper_engine.operations import ASSETS, Operations
from tests.paper_engine.scenes import BINANCE_SCENE, KUCOIN_SCENE, OKX_SCENE


class Conservation(Operations):
    """What always holds, after every operation."""

    @invariant()
    def all_that_came_in_is_inside(self) -> None:
        for asset in ASSETS:
            assert self.exchange.total(asset) == self.expected(asset), asset

    @invariant()
    def every_entry_sums_to_zero(self) -> None:
        rows = list(self.exchange.house_ledger)
        for account in self.exchange.accounts().values():
            rows += account.ledger

        def entry(row: Row) -> tuple[int, str]:
            return row.entry_id, row.asset

        for _, group in groupby(sorted(rows, key=entry), key=entry):
            assert sum((row.amount for row in group), ZERO) == 0
        assert all(row.amount == row.amount.quantize(Decimal("1e-8")) for row in rows)

    @invariant()
    def every_balance_is_the_sum_of_its_rows(self) -> None:
        for account in self.exchange.accounts().values():
            sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
            for row in account.ledger:
                sums[row.wallet, row.asset] += row.amount
            for wallet in self.scene.wallets:
                balances = account.balances(wallet)
                assert set(balances) == {asset for held, asset in sums if held == wallet}
                for asset, balance in balances.items():
                    assert balance.total == sums[wallet, asset]
                    assert balance.free >= 0, (wallet, asset)

    @invariant()
    def locked_is_what_open_orders_need(self) -> None:
        layout = self.scene.layout
        for account in self.exchange.accounts().values():
            needed: dict[str, Decimal] = defaultdict(Decimal)
            for order in account.open_orders():
                listing, left = self.listings[order.listing_key], order.quantity - order.filled
                if listing.market.perpetual:
                    continue
                if order.side is Side.BUY:
                    rate = listing.taker_fee if layout.fee_in_quote else ZERO
                    needed[listing.quote] += left * order.price * (1 + rate)
                else:
                    needed[listing.base] += left
            for asset, balance in account.balances(layout.spot).items():
                if layout.unified and asset in {"BTC", "USDT"}:
                    locked = account.margin_summary(asset).frozen
                    assert balance.locked >= min(locked, balance.total)
                else:
                    locked = balance.locked
                assert abs(locked - needed[asset]) < Decimal("1e-8") * (1 + len(account.open_orders())), asset

    @invariant()
    def positions_are_their_trades(self) -> None:
        for key, state in self.exchange._floor.states.items():
            contracts: dict[tuple[str, PositionSide], Decimal] = defaultdict(Decimal)
            earned: dict[tuple[str, PositionSide], Decimal] = defaultdict(Decimal)
            for trade in self.exchange.account(key).trades():
                listing = self.listings[trade.listing_key]
                if listing.market is MarketType.SPOT:
                    continue
                place = listing.symbol, trade.position_side
                if state.orders[trade.order_id].reduce_only:
                    assert trade.side.sign * contracts[place] < 0
                    assert trade.quantity <= abs(contracts[place])
                contracts[place] += trade.side.sign * trade.quantity
                # The value of an inverse contract is the coins that its holder owes.
                value = -trade.quote if listing.market is MarketType.INVERSE else trade.quote
                earned[place] += -trade.side.sign * value - trade.realized
            for place, position in state.positions.items():
                assert position.contracts == contracts[place], place
                # Sales less purchases is what was realised, less the cost of what is still open.
                assert earned[place] == -position.cost, place
                if not position.contracts:
                    assert position.cost == position.isolated_wallet == 0
            assert contracts.keys() <= state.positions.keys()

    @invariant()
    def orders_are_their_trades(self) -> None:
        for account in self.exchange.accounts().values():
            for order in account.orders():
                assert order.filled == sum((trade.quantity for trade in order.trades), ZERO)
                assert order.quote_filled == sum((trade.quote for trade in order.trades), ZERO)
                assert 0 <= order.filled <= order.quantity
                assert (order.status is OrderStatus.FILLED) == (order.filled == order.quantity)
            every = [trade for order in account.orders() for trade in order.trades]
            assert sorted(every, key=lambda trade: trade.trade_id) == list(account.trades())
            names = [(order.listing_key, order.client_id) for order in account.open_orders()]
            assert len(names) == len(set(names))

    @invariant()
    def what_margin_does_not_carry_is_gone(self) -> None:
        for account in self.exchange.accounts().values():
            for market, asset in ((MarketType.LINEAR, "USDT"), (MarketType.INVERSE, "BTC")):
                figures = account.margin_summary(asset, market)
                assert figures.available >= 0
                assert figures.withdrawable >= 0
                held = [p for p in account.positions() if p.contracts and p.market is market]
                if any(not p.isolated for p in held):
                    assert figures.cross_wallet + figures.cross_unrealized > figures.cross_maintenance
                else:
                    assert figures.cross_wallet >= 0
                for position in held:
                    if position.isolated:
                        assert position.isolated_wallet + position.unrealized > position.maintenance_margin

    @invariant()
    def the_feed_tells_it_all(self) -> None:
        for account in self.exchange.accounts().values():
            updates = account.updates(0)
            assert [update.seq for update in updates] == list(range(1, account.last_update + 1))
            assert [update.row for update in updates if update.row is not None] == list(account.ledger)
            newest = {update.order.order_id: update.order for update in updates if update.order is not None}
            assert sorted(newest.values(), key=lambda order: order.order_id) == list(account.orders())
            told = [update.trade for update in updates if update.trade is not None]
            assert told == list(account.trades())

    @invariant()
    def books_are_never_crossed(self) -> None:
        for market in self.scene.markets:
            depth = self.exchange.depth(market)
            if depth.bids and depth.asks:
                assert depth.bids[0].price < depth.asks[0].price
            for levels, sign in ((depth.bids, -1), (depth.asks, 1)):
                prices = [level.price * sign for level in levels]
                assert prices == sorted(set(prices))
                assert all(level.quantity > 0 for level in levels)


class OnBinance(Conservation):
    """A wallet for each kind of market."""

    scene = BINANCE_SCENE


class OnOkx(Conservation):
    """One wallet for spot and both kinds of swap."""

    scene = OKX_SCENE


class OnKucoin(Conservation):
    """Fees in quote, isolated by default, whole contracts."""

    scene = KUCOIN_SCENE


_SETTINGS = settings(
    max_examples=30, stateful_step_count=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestOnBinance = OnBinance.TestCase
TestOnOkx = OnOkx.TestCase
TestOnKucoin = OnKucoin.TestCase
TestOnBinance.settings = TestOnOkx.settings = TestOnKucoin.settings = _SETTINGS


def test_the_scenes_have_every_kind_of_market() -> None:
    for scene in (BINANCE_SCENE, OKX_SCENE, KUCOIN_SCENE):
        assert {listing.market for listing in scene.listings} == set(MarketType)
    assert listing_key(MarketType.LINEAR, "1000PEPEUSDT") in BINANCE_SCENE.markets
