"""Private topics: an account's balances and positions, at once when they change; its orders with them.

Balances and positions are also told again after a while, as KuCoin does when the mark has moved.

Source: https://www.kucoin.com/docs-new/3470074w0, 3470075w0, 3470090w0, 3470092w0 and 3470093w0 (read 2025-11), and
ccxt 4.5.90, `pro/kucoin.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from bot.domain.numbers import ZERO, plain
from bot.paper.engine.account import Account
from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import (
    Balance,
    Listing,
    MarketType,
    Position,
    RowKind,
    Update,
    UpdateKind,
)
from bot.paper.wire.kucoin.endpoint import CONTRACTS
from bot.paper.wire.kucoin.futures_views import flat_position, position_row, rounded
from bot.paper.wire.kucoin.names import FUTURES, MAIN, TRADE, futures_coin
from bot.paper.wire.kucoin.spot_account import account_id
from bot.paper.wire.kucoin.stream_feed import Due, Feed
from bot.paper.wire.kucoin.stream_orders import Orders
from bot.paper.wire.kucoin.tape import NANOS
from bot.paper.wire.kucoin.topics import Message, Source, Topic

Maker = Callable[[Source, str], Topic]
"""Makes a topic for a symbol; empty: for all of them."""


class SpotBalances:
    """`/account/balance`: the main and the trading account, coin by coin."""

    def __init__(self, source: Source, symbol: str) -> None:
        del symbol
        self._source = source
        self._feed = Feed(source)
        self._due = Due()
        self._told = self._balances()

    def messages(self, now_ms: int) -> Sequence[Message]:
        """One for each coin whose balance or hold has changed; now and then one for each coin."""
        again = self._due.at(now_ms)
        news = self._feed.news()
        if not news and not again:
            return ()
        balances = self._balances()
        told: list[Message] = [
            {"subject": "account.balance", "data": self._row(place, balance, news, now_ms)}
            for place, balance in balances.items()
            if again or balance != self._told.get(place)
        ]
        self._told = balances
        return told

    def _balances(self) -> dict[tuple[str, str], Balance]:
        account = self._feed.account
        return {
            (wallet, asset): balance for wallet in (MAIN, TRADE) for asset, balance in account.balances(wallet).items()
        }

    def _row(self, place: tuple[str, str], balance: Balance, news: Sequence[Update], now_ms: int) -> dict[str, object]:
        wallet, asset = place
        before = self._told.get(place, Balance(free=ZERO, locked=ZERO))
        kind = "main" if wallet == MAIN else ("trade_hf" if self._source.hf else "trade")
        rows = [update.row for update in news if update.row is not None and (update.wallet, update.asset) == place]
        row = rows[-1] if rows else None
        return {
            "accountId": account_id(asset, kind),
            "available": plain(balance.free),
            "availableChange": plain(balance.free - before.free),
            "currency": asset,
            "hold": plain(balance.locked),
            "holdChange": plain(balance.locked - before.locked),
            "relationContext": {"symbol": row.symbol} if row is not None and row.symbol else {},
            "relationEvent": f"{kind}.{_event(None if row is None else row.kind)}",
            "relationEventId": str(0 if row is None else row.row_id),
            "time": str(now_ms),
            "total": plain(balance.total),
        }


def _event(kind: RowKind | None) -> str:
    match kind:
        case None:
            return "hold"
        case RowKind.DEPOSIT:
            return "deposit"
        case RowKind.WITHDRAWAL:
            return "withdraw_done"
        case RowKind.TRANSFER:
            return "transfer"
        case RowKind.TRADE | RowKind.FEE:
            return "setted"
        case RowKind.EARN | RowKind.REWARD | RowKind.REALIZED_PNL | RowKind.FUNDING_FEE | RowKind.INSURANCE_CLEAR:
            return "other"


class Wallet:
    """`/contractAccount/wallet`: the futures account, currency by currency."""

    def __init__(self, source: Source, symbol: str) -> None:
        del symbol
        self._source = source
        self._feed = Feed(source)
        self._due = Due()

    def messages(self, now_ms: int) -> Sequence[Message]:
        """Told when anything of the futures account changed, and now and then."""
        again = self._due.at(now_ms)
        news = self._feed.news()
        touched = any(self._is_ours(update) for update in news)
        if not touched and not again:
            return ()
        account = self._feed.account
        assets = [asset for asset in account.balances(FUTURES) if asset in self._settling()]
        return [
            {"subject": "walletBalance.change", "data": self._row(account, asset, news, now_ms)} for asset in assets
        ]

    def _is_ours(self, update: Update) -> bool:
        if update.kind is UpdateKind.BALANCE:
            return update.wallet == FUTURES
        return update.order is None or not update.order.listing_key.startswith(MarketType.SPOT)

    def _settling(self) -> set[str]:
        return {
            listing.settle
            for listing in self._source.exchange.listings.values()
            if listing.market is not MarketType.SPOT
        }

    def _row(self, account: Account, asset: str, news: Sequence[Update], now_ms: int) -> dict[str, object]:
        summary = account.margin_summary(asset)
        mine = [position for position in account.positions() if position.settle == asset]
        isolated = [position for position in mine if position.isolated]
        cross = [position for position in mine if not position.isolated]
        figures: dict[str, Decimal] = {
            "crossPosMargin": _sum(position.initial_margin for position in cross),
            "crossOrderMargin": _sum(position.order_margin for position in cross),
            "crossUnPnl": summary.cross_unrealized,
            "isolatedPosMargin": _sum(position.isolated_wallet for position in isolated),
            "isolatedOrderMargin": _sum(position.order_margin for position in isolated),
            "isolatedFundingFeeMargin": ZERO,
            "isolatedUnPnl": summary.unrealized - summary.cross_unrealized,
            "walletBalance": summary.wallet,
            "equity": summary.margin_balance,
            "availableBalance": summary.available,
            "availableMargin": summary.available,
            "maxWithdrawAmount": summary.withdrawable,
            "totalCrossMargin": summary.cross_wallet + summary.cross_unrealized,
            "holdBalance": ZERO,
        }
        return {
            **{name: plain(rounded(value)) for name, value in figures.items()},
            "currency": futures_coin(asset),
            "version": str(news[-1].seq if news else account.last_update),
            "timestamp": str(now_ms),
        }


def _sum(values: Iterable[Decimal]) -> Decimal:
    return sum(values, ZERO)


def contract_named(exchange: Exchange, symbol: str) -> Listing:
    """The contract of that name."""
    named = (listing for listing in exchange.listings.values() if listing.market in CONTRACTS)
    return next(listing for listing in named if listing.symbol == symbol)


class Positions:
    """`/contract/position:SYMBOL` and `/contract/positionAll`."""

    def __init__(self, source: Source, symbol: str) -> None:
        self._source = source
        self._symbol = symbol
        self._feed = Feed(source)
        self._due = Due()

    def messages(self, now_ms: int) -> Sequence[Message]:
        """Changed positions, the flat ones too; open ones again when the mark has had time to move."""
        news = self._feed.news()
        changed = self._changed(news)
        told = self._settlements(news)
        told += [self._message(position, "positionChange", now_ms) for position in changed]
        if self._due.at(now_ms):
            told += [self._message(position, "markPriceChange", now_ms) for position in self._open()]
        return told

    def due(self, now_ms: int) -> list[Position]:
        """The positions of these messages, for the newer streams."""
        changed = self._changed(self._feed.news())
        return [*changed, *(self._open() if self._due.at(now_ms) else ())]

    def _open(self) -> list[Position]:
        """The account's positions that are not flat."""
        rows = self._feed.account.positions()
        return [position for position in rows if position.contracts and self._symbol in {"", position.symbol}]

    def _changed(self, news: Sequence[Update]) -> list[Position]:
        """As they are now: one that was closed is flat."""
        account, exchange = self._feed.account, self._source.exchange
        places = dict.fromkeys(
            (update.symbol, update.side)
            for update in news
            if update.kind is UpdateKind.POSITION and self._symbol in {"", update.symbol}
        )
        found: list[Position] = []
        for symbol, side in places:
            listing = contract_named(exchange, symbol)
            known = account.position(symbol, side)
            found.append(known or flat_position(listing, side, account, exchange.mark(listing.key)))
        return found

    def _message(self, position: Position, reason: str, now_ms: int) -> Message:
        listing = contract_named(self._source.exchange, position.symbol)
        row = position_row(listing, position, self._feed.account, now_ms)
        return {"subject": "position.change", "data": {**row, "changeReason": reason}}

    def _settlements(self, news: Sequence[Update]) -> list[Message]:
        return [
            {
                "subject": "position.settlement",
                "data": {
                    "fundingTime": row.time_ms,
                    "symbol": row.symbol,
                    "fundingFee": row.amount,
                    "ts": row.time_ms * NANOS,
                    "settleCurrency": futures_coin(row.asset),
                },
            }
            for row in (update.row for update in news)
            if row is not None and row.kind is RowKind.FUNDING_FEE and self._symbol in {"", row.symbol}
        ]


def _orders(subject: str, *, futures: bool) -> Maker:
    return lambda source, symbol: Orders(source, symbol, futures=futures, subject=subject)


SPOT_TOPICS: Final[Mapping[str, Maker]] = {
    "/spotMarket/tradeOrders": _orders("orderChange", futures=False),
    "/spotMarket/tradeOrdersV2": _orders("orderChange", futures=False),
    "/account/balance": SpotBalances,
}
FUTURES_TOPICS: Final[Mapping[str, Maker]] = {
    "/contractMarket/tradeOrders": _orders("symbolOrderChange", futures=True),
    "/contractAccount/wallet": Wallet,
    "/contract/position": Positions,
    "/contract/positionAll": Positions,
}
