"""One paper exchange: its markets, its accounts, and everything that can be done to them.

The exchange (the house) is the counter-party of every trade and payment, so nothing appears or vanishes: each
posting sums to 0 for each asset. Every method either takes its whole effect or raises `Refusal` with none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal

from bot.paper.engine import amend, cash, forced, late, liquidation, matching, orders, settings
from bot.paper.engine.account import Account
from bot.paper.engine.board import Board
from bot.paper.engine.defaults import DEFAULT_PRICES
from bot.paper.engine.floor import Floor
from bot.paper.engine.late import Late
from bot.paper.engine.layout import BINANCE, Layout
from bot.paper.engine.ledger import HOUSE
from bot.paper.engine.model import Listing, NewOrder, Order, PositionSide, Row
from bot.paper.engine.state import AccountState


class Exchange(Board):
    """A venue.

    Args:
        name: such as `binance`.
        listings: its markets.
        starting: wallet -> asset -> quantity of each new account.
        time_ms: the clock; time never runs backwards.
        prices: first price of each asset, in USD terms; USDT is 1 always.
        funding_follows_clock: settle at every 8-hour boundary that the clock passes, for a clock that the scenario
            owns; otherwise only `settle_funding` settles, as on wall time nobody may be surprised by the hour.
        layout: wallets, Earn products and account rules.
    """

    def __init__(
        self,
        *,
        name: str,
        listings: Sequence[Listing],
        starting: Mapping[str, Mapping[str, Decimal]],
        time_ms: Callable[[], int],
        prices: Mapping[str, Decimal] = DEFAULT_PRICES,
        funding_follows_clock: bool = False,
        layout: Layout = BINANCE,
    ) -> None:
        self.name = name
        self.layout = layout
        self._swept: tuple[int, ...] = ()
        self._late: tuple[Late, int] | None = None
        self._floor = Floor(
            listings=listings,
            starting=starting,
            time_ms=time_ms,
            prices=prices,
            funding_follows_clock=funding_follows_clock,
            layout=layout,
        )

    # The world.

    def advance(self) -> None:
        """Let time take effect: pending money arrives, crossed orders fill, funding settles if it follows the clock."""
        self._settle_due()
        version = self._floor.version
        if version == self._swept:
            return
        # What the sweeps themselves change is another version, so the next call looks again.
        self._swept = version
        for listing in self._floor.listings.values():
            matching.sweep(self._floor, listing)
        liquidation.sweep(self._floor)

    def total(self, asset: str) -> Decimal:
        """Sum over all accounts and the house; equal to what was deposited less what was withdrawn."""
        return self._floor.ledger.total(asset)

    @property
    def house_ledger(self) -> Sequence[Row]:
        """The counter-entries: what the house paid and took (`house`), and what came from or left to `outside`."""
        return self._floor.ledger.rows(HOUSE)

    # Accounts.

    def account(self, key: str) -> Account:
        """The account of an API key; opened with the starting balances on first use.

        Ask anew for each request: what fell due meanwhile is settled here.
        """
        return Account(*self._seen(key))

    def accounts(self) -> Mapping[str, Account]:
        """Every account opened so far."""
        self._settle_due()
        return {key: Account(self._floor, state) for key, state in self._floor.states.items()}

    # Money. The wallets are the layout's.

    def deposit(self, key: str, wallet: str, asset: str, amount: Decimal, *, pending_s: int = 0) -> int:
        """Put money into a wallet from outside; a negative amount takes it out, as `withdraw`.

        Args:
            key: whose wallet.
            wallet: where it arrives.
            asset: what arrives.
            amount: in 8 places.
            pending_s: it is on its way for so many seconds, and not in the exchange yet.

        Returns:
            The record's id.

        Raises:
            Refusal: unknown-wallet, bad-amount, or insufficient-balance when less is free.
        """
        act = cash.withdraw if amount.is_signed() else cash.deposit
        return act(self._floor, self._state(key), wallet, asset, amount.copy_abs(), pending_s=pending_s)

    def withdraw(self, key: str, wallet: str, asset: str, amount: Decimal, *, pending_s: int = 0) -> int:
        """Take money out of a wallet. For `pending_s` seconds it lies in the internal wallet `withdrawing`.

        Returns the record's id. Raises Refusal unknown-wallet, bad-amount, insufficient-balance.
        """
        return cash.withdraw(self._floor, self._state(key), wallet, asset, amount, pending_s=pending_s)

    def transfer(self, key: str, source: str, target: str, asset: str, amount: Decimal) -> int:
        """Move money between two wallets of the account. Returns the transfer's id.

        Raises Refusal unknown-wallet, bad-amount, insufficient-balance.
        """
        return cash.transfer(self._floor, self._state(key), source, target, asset, amount)

    def earn_subscribe(self, key: str, product: str, asset: str, amount: Decimal, *, wallet: str | None = None) -> int:
        """Move coins into Earn, from the plan's own source or from `wallet`. Returns the subscription's id.

        Raises Refusal unknown-product, and as `transfer`.
        """
        return cash.earn_subscribe(self._floor, self._state(key), product, asset, amount, wallet=wallet)

    def earn_redeem(
        self,
        key: str,
        product: str,
        asset: str,
        amount: Decimal,
        notice_s: int | None = None,
        *,
        wallet: str | None = None,
    ) -> int:
        """Move coins out of Earn, to the plan's own target or to `wallet`. Returns the redemption's id.

        For `notice_s` seconds (None: the plan's own notice) they lie in the internal wallet `redeeming`.

        Raises Refusal unknown-product, unknown-wallet, bad-amount, insufficient-balance (less is in the product).
        """
        state = self._state(key)
        return cash.earn_redeem(self._floor, state, product, asset, amount, notice_s=notice_s, wallet=wallet)

    def pay_reward(self, key: str, product: str, asset: str, amount: Decimal, *, wallet: str | None = None) -> None:
        """The house pays a reward into `wallet` or the plan's target. Raises Refusal unknown-product, bad-amount."""
        cash.pay_reward(self._floor, self._state(key), product, asset, amount, wallet=wallet)

    # Orders.

    def submit(self, key: str, order: NewOrder) -> Order:
        """Accept an order and fill at once what crosses.

        What does not fill rests (GTC, GTX limit) or expires (IOC, FOK, market). In one-way mode a reduce-only order
        larger than the position is cut to it. The account's own resting orders that it would take expire first.

        Raises:
            Refusal: market-closed, unknown-symbol, lot-size, max-quantity, price-filter, percent-price, min-notional,
                duplicate-client-id (among the market's open orders), position-side-mismatch, reduce-only-rejected,
                would-match, max-position, insufficient-balance (spot), insufficient-margin (perpetuals).
        """
        return orders.submit(self._floor, self._state(key), order)

    def amend(
        self,
        key: str,
        listing_key: str,
        order_id: int,
        *,
        quantity: Decimal | None = None,
        price: Decimal | None = None,
    ) -> Order:
        """Give a resting order another quantity, what has filled included, or another price; it may fill at once.

        Raises Refusal unknown-order, also when it is no longer open, would-match (a post-only order), and as `submit`.
        """
        return amend.amend(self._floor, self._state(key), listing_key, order_id, quantity=quantity, price=price)

    def cancel(self, key: str, listing_key: str, *, order_id: int | None = None, client_id: str | None = None) -> Order:
        """Cancel one open order by either id. Raises Refusal unknown-order, also when it is no longer open."""
        return orders.cancel(self._floor, self._state(key), listing_key, order_id=order_id, client_id=client_id)

    def cancel_all(self, key: str, listing_key: str) -> list[Order]:
        """Cancel all open orders of one market. Returns them, oldest first."""
        return orders.cancel_all(self._floor, self._state(key), listing_key)

    def order(self, key: str, listing_key: str, *, order_id: int | None = None, client_id: str | None = None) -> Order:
        """One order by either id; with a client id used more than once, the newest. Raises Refusal unknown-order."""
        return orders.find(self._seen(key)[1], listing_key, order_id=order_id, client_id=client_id)

    # Futures settings.

    def set_leverage(self, key: str, symbol: str, leverage: int) -> None:
        """Set a perpetual's leverage; the same one again is no error.

        Raises Refusal unknown-symbol, bad-leverage, max-position, leverage-reduction, insufficient-margin.
        """
        settings.set_leverage(self._floor, self._state(key), symbol, leverage)

    def set_margin_mode(self, key: str, symbol: str, isolated: bool) -> None:  # noqa: FBT001 - the venue's own flag
        """Choose isolated or cross margin for a perpetual.

        Raises Refusal unknown-symbol, no-change, has-position, has-orders, multi-assets.
        """
        settings.set_margin_mode(self._floor, self._state(key), symbol, isolated=isolated)

    def set_hedged(self, key: str, hedged: bool) -> None:  # noqa: FBT001 - the venue's own flag
        """Choose hedge or one-way mode for the account. Raises Refusal no-change, has-position, has-orders."""
        settings.set_hedged(self._floor, self._state(key), hedged=hedged)

    def set_multi_assets(self, key: str, multi_assets: bool) -> None:  # noqa: FBT001 - the venue's own flag
        """Switch Multi-Assets mode. Raises Refusal no-change, multi-assets (some perpetual is isolated)."""
        settings.set_multi_assets(self._state(key), multi_assets=multi_assets)

    def set_account_mode(self, key: str, mode: int) -> None:
        """Switch the account mode; the same one again is no error. Raises Refusal has-orders, has-position."""
        settings.set_account_mode(self._state(key), mode)

    def add_margin(self, key: str, symbol: str, side: PositionSide, amount: Decimal) -> None:
        """Move money from the cross wallet into an isolated position's; a negative amount moves it back.

        Raises Refusal unknown-symbol, bad-amount, not-isolated, no-position, insufficient-balance,
            insufficient-margin (what would be left is below the initial margin).
        """
        settings.add_margin(self._floor, self._state(key), symbol, side, amount)

    # What the exchange does to an account by itself.

    def deleverage(
        self, key: str, symbol: str, *, quantity: Decimal | None = None, price: Decimal | None = None
    ) -> None:
        """Close `quantity` contracts of a position (None: all) at `price` (None: the mark), as auto-deleveraging does.

        Raises Refusal unknown-symbol, no-position, lot-size, bad-price.
        """
        forced.deleverage(self._floor, self._state(key), symbol, quantity=quantity, price=price)
        liquidation.sweep(self._floor)

    def liquidate(self, key: str, symbol: str) -> None:
        """Liquidate an isolated position, or all cross positions of its margin wallet, whatever margin is left.

        Raises Refusal unknown-symbol, no-position.
        """
        liquidation.force(self._floor, self._state(key), symbol)

    @contextmanager
    def seen_late(self, what: Late, lag_ms: int) -> Iterator[None]:
        """While it is entered, `account` and `order` show what was `lag_ms` milliseconds ago; writing is as ever."""
        self._late = (what, lag_ms)
        try:
            yield
        finally:
            self._late = None

    @contextmanager
    def cancelling_too_late(self) -> Iterator[None]:
        """While it is entered, `cancel` says that it worked, and the order has filled at its price instead."""
        self._floor.cancels_too_late = True
        try:
            yield
        finally:
            self._floor.cancels_too_late = False

    def _seen(self, key: str) -> tuple[Floor, AccountState]:
        """The account as a reader sees it."""
        state = self._state(key)
        if self._late is None:
            return self._floor, state
        what, lag_ms = self._late
        return late.seen(self._floor, state, what, self._floor.now() - lag_ms)

    def _state(self, key: str) -> AccountState:
        """The account as it is now: what fell due is in it before anybody looks."""
        self._settle_due()
        return self._floor.state(key)
