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
from tests.paper_engine.operations import ASSETS, LISTINGS, MARKETS, WALLETS, Operations


class Conservation(Operations):
    """What always holds, after every operation."""

    @invariant()
    def all_that_came_in_is_inside(self) -> None:
        for asset in ASSETS:
            assert self.exchange.total(asset) == self.inside[asset], asset

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
            for wallet in WALLETS:
                balances = account.balances(wallet)
                assert set(balances) == {asset for held, asset in sums if held == wallet}
                for asset, balance in balances.items():
                    assert balance.total == sums[wallet, asset]
                    assert balance.free >= 0, (wallet, asset)

    @invariant()
    def locked_is_what_open_orders_need(self) -> None:
        for account in self.exchange.accounts().values():
            needed: dict[str, Decimal] = defaultdict(Decimal)
            for order in account.open_orders():
                listing = LISTINGS[order.listing_key]
                if listing.market is MarketType.LINEAR:
                    continue
                if order.side is Side.BUY:
                    needed[listing.quote] += (order.quantity - order.filled) * order.price
                else:
                    needed[listing.base] += order.quantity - order.filled
            for asset, balance in account.balances("spot").items():
                assert balance.locked == needed[asset], asset

    @invariant()
    def positions_are_their_trades(self) -> None:
        for key, state in self.exchange._floor.states.items():
            contracts: dict[tuple[str, PositionSide], Decimal] = defaultdict(Decimal)
            earned: dict[tuple[str, PositionSide], Decimal] = defaultdict(Decimal)
            for trade in self.exchange.account(key).trades():
                listing = LISTINGS[trade.listing_key]
                if listing.market is MarketType.SPOT:
                    continue
                place = listing.symbol, trade.position_side
                if state.orders[trade.order_id].reduce_only:
                    assert trade.side.sign * contracts[place] < 0
                    assert trade.quantity <= abs(contracts[place])
                contracts[place] += trade.side.sign * trade.quantity
                earned[place] += -trade.side.sign * trade.quote - trade.realized
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
            figures = account.margin_summary()
            assert figures.available >= 0
            assert figures.withdrawable >= 0
            cross = [p for p in account.positions() if p.contracts and not p.isolated]
            if cross:
                assert figures.cross_wallet + figures.cross_unrealized > figures.cross_maintenance
            else:
                assert figures.cross_wallet >= 0
            for position in account.positions():
                if position.contracts and position.isolated:
                    assert position.isolated_wallet + position.unrealized > position.maintenance_margin

    @invariant()
    def books_are_never_crossed(self) -> None:
        for market in MARKETS:
            depth = self.exchange.depth(market)
            if depth.bids and depth.asks:
                assert depth.bids[0].price < depth.asks[0].price
            for levels, sign in ((depth.bids, -1), (depth.asks, 1)):
                prices = [level.price * sign for level in levels]
                assert prices == sorted(set(prices))
                assert all(level.quantity > 0 for level in levels)


TestConservation = Conservation.TestCase
TestConservation.settings = settings(
    max_examples=80, stateful_step_count=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def test_the_keys_of_the_machine_exist() -> None:
    assert set(LISTINGS) == set(MARKETS)
    assert listing_key(MarketType.LINEAR, "1000PEPEUSDT") in MARKETS
