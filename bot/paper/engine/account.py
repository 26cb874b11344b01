"""What can be read of one account. Reading changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.paper.engine.exposures import balance_of, positions_of, summary_of
from bot.paper.engine.floor import Floor
from bot.paper.engine.model import (
    Balance,
    CashRecord,
    EarnRecord,
    MarginSummary,
    Order,
    Position,
    PositionSide,
    Row,
    Trade,
    TransferRecord,
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
    def multi_assets(self) -> bool:
        """Multi-Assets mode."""
        return self._state.multi_assets

    def balance(self, wallet: str, asset: str) -> Balance:
        """Free and locked of one asset; zeros when the wallet never held it.

        Spot: locked is what open orders need. `usdm`: free is what could be transferred out.
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
        """Leverage and whether margin is isolated, of one perpetual; the venue's defaults when never set."""
        return self._state.settings(symbol)

    def positions(self) -> Sequence[Position]:
        """Positions, and flat rows of the perpetuals that have settings of their own or open orders."""
        return positions_of(self._floor, self._state)

    def position(self, symbol: str, side: PositionSide = PositionSide.BOTH) -> Position | None:
        """One row of `positions`; None when there is none."""
        found = (p for p in self.positions() if p.symbol == symbol and p.side is side)
        return next(found, None)

    def margin_summary(self, asset: str = "USDT") -> MarginSummary:
        """The futures account's figures in one settle asset."""
        return summary_of(self._floor, self._state, asset)

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
        """Coins moved from spot into Earn, oldest first."""
        return tuple(self._state.earn_subscriptions)

    @property
    def earn_redemptions(self) -> Sequence[EarnRecord]:
        """Coins moved from Earn back to spot, oldest first."""
        return tuple(self._state.earn_redemptions)

    @property
    def earn_rewards(self) -> Sequence[EarnRecord]:
        """Rewards paid to spot, oldest first."""
        return tuple(self._state.earn_rewards)
