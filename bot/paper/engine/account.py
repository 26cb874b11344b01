"""What can be read of one account. Reading changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from bot.paper.engine.cash import earn_held
from bot.paper.engine.exposures import balance_of, pool_of, positions_of, summary_of
from bot.paper.engine.floor import Floor
from bot.paper.engine.model import (
    Balance,
    CashRecord,
    EarnRecord,
    Listing,
    MarginSummary,
    MarketType,
    Order,
    Position,
    PositionSide,
    Row,
    Trade,
    TransferRecord,
    Update,
)
from bot.paper.engine.state import AccountState


class Account:
    """The read side of one account, keyed by its API key."""

    def __init__(self, floor: Floor, state: AccountState) -> None:
        self._floor = floor
        self._state = state

    @property
    def key(self) -> str:
        """The API key."""
        return self._state.key

    @property
    def hedged(self) -> bool:
        """Hedge mode (LONG and SHORT side by side); False is one-way mode."""
        return self._state.hedged

    @property
    def account_mode(self) -> int:
        """A number of the venue's own; OKX: 1 spot, 2 futures (where accounts begin), 3 multi-currency, 4 portfolio."""
        return self._state.account_mode

    @property
    def multi_assets(self) -> bool:
        """Multi-Assets mode."""
        return self._state.multi_assets

    def fees(self, listing: Listing) -> tuple[Decimal, Decimal]:
        """Maker and taker rates that it pays on a market."""
        return self._floor.fees(self._state, listing)

    def balance(self, wallet: str, asset: str) -> Balance:
        """Free and locked of one asset; zeros when the wallet never held it.

        Locked is what open spot orders need, and in a margin wallet what positions and their orders need. The internal
        wallets `redeeming` and `withdrawing` can be read, too.
        """
        return balance_of(self._floor, self._state, wallet, asset)

    def balances(self, wallet: str) -> Mapping[str, Balance]:
        """Every asset that the wallet ever held, zeros included, in order of first use."""
        return {asset: self.balance(wallet, asset) for asset in self._floor.ledger.assets(self.key, wallet)}

    def orders(self, listing_key: str | None = None) -> Sequence[Order]:
        """Every order ever accepted, of one market or of all, oldest first."""
        return [order for order in self._state.orders.values() if listing_key in (None, order.listing_key)]

    def open_orders(self, listing_key: str | None = None) -> Sequence[Order]:
        """The orders that rest in a book, oldest first."""
        return [order for order in self._state.open_orders() if listing_key in (None, order.listing_key)]

    def trades(self, listing_key: str | None = None) -> Sequence[Trade]:
        """Every fill, of one market or of all, oldest first."""
        return [trade for trade in self._state.trades if listing_key in (None, trade.listing_key)]

    def settings(self, symbol: str) -> tuple[int, bool]:
        """Leverage and whether margin is isolated, of one perpetual; the layout's defaults when never set."""
        return self._state.settings(symbol)

    def positions(self) -> Sequence[Position]:
        """Positions, and flat rows of the perpetuals that have settings of their own or open orders."""
        return positions_of(self._floor, self._state)

    def position(self, symbol: str, side: PositionSide = PositionSide.BOTH) -> Position | None:
        """One row of `positions`; None when there is none."""
        found = (p for p in self.positions() if p.symbol == symbol and p.side is side)
        return next(found, None)

    def margin_summary(self, asset: str = "USDT", market: MarketType | None = None) -> MarginSummary:
        """The futures account's figures in one settle asset.

        Args:
            asset: what is asked about; any asset of a margin wallet will do.
            market: whose margin wallet; None: that of the perpetuals that settle in the asset, else the linear one.
        """
        return summary_of(self._floor, self._state, pool_of(self._floor, asset, market))

    @property
    def ledger(self) -> Sequence[Row]:
        """Every change of every wallet, oldest first."""
        return self._floor.ledger.rows(self.key)

    @property
    def transfers(self) -> Sequence[TransferRecord]:
        """Moves between the account's wallets, oldest first; Earn has its own lists."""
        return tuple(self._state.transfers)

    @property
    def deposits(self) -> Sequence[CashRecord]:
        """Deposits, oldest first, without the starting balances."""
        return tuple(self._state.deposits)

    @property
    def withdrawals(self) -> Sequence[CashRecord]:
        """Withdrawals, oldest first."""
        return tuple(self._state.withdrawals)

    @property
    def earn_subscriptions(self) -> Sequence[EarnRecord]:
        """Coins moved into Earn, oldest first."""
        return tuple(self._state.earn_subscriptions)

    @property
    def earn_redemptions(self) -> Sequence[EarnRecord]:
        """Coins moved out of Earn, oldest first; PENDING while a notice runs."""
        return tuple(self._state.earn_redemptions)

    @property
    def earn_rewards(self) -> Sequence[EarnRecord]:
        """Rewards, oldest first."""
        return tuple(self._state.earn_rewards)

    def earn_held(self, product: str, asset: str) -> Decimal:
        """What is in an Earn product, which may share its wallet with others. Raises Refusal unknown-product."""
        return earn_held(self._floor, self._state, product, asset)

    # The event feed.

    @property
    def last_update(self) -> int:
        """The number of the newest update; 0 when nothing ever changed."""
        return len(self._state.updates)

    def updates(self, after: int) -> Sequence[Update]:
        """What changed since update number `after`, oldest first.

        One for each version of an order, each ledger row, and each change of a position's size, cost or margin.
        """
        return tuple(self._state.updates[after:])
