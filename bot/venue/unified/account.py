"""Balances, settings of contracts, fees and tiers, by ccxt's unified methods."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from bot.domain.errors import StartFault, VenueFault
from bot.domain.ids import Asset, Symbol
from bot.domain.instrument import ContractKind, MarginMode
from bot.domain.numbers import ZERO
from bot.domain.observation import SymbolConfig, Unknown
from bot.venue.attempt import attempt
from bot.venue.link import Timed
from bot.venue.markets import Fees, Markets
from bot.venue.shapes import Row, row_of
from bot.venue.unified.calls import Calls
from bot.venue.unified.facts import (
    BOUND,
    ISOLATED_WITH_LEVERAGE,
    MODE_BY_ORDER,
    MODE_WITH_LEVERAGE,
    POOLED,
    POSITION_MODES,
    REFUSED,
    SIDE_WITH_LEVERAGE,
    WALLETS,
)
from bot.venue.unified.futures import Positions
from bot.venue.unified.values import exact, info_in, number_in, price_in, told_in

NEEDED = (
    ("fetchBalance",),
    ("fetchPositions",),
    ("fetchTicker", "fetchTickers"),
    ("fetchOrderBook",),
    ("createOrder",),
    ("cancelOrder",),
    ("fetchOpenOrders",),
    ("fetchMyTrades",),
)
"""Of each group one, or nothing can be hedged there."""
_NOTHING: Row = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Coin:
    """One currency of a balance.

    Attributes:
        total: without debts.
        free, used: None when not told.
    """

    total: Decimal
    free: Decimal | None
    used: Decimal | None


Coins = Mapping[Asset, Coin]


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """One account: coins, and the exchange's own answer."""

    coins: Coins
    raw: object

    def nothing_bound(self, settle: Asset, exchange: str) -> bool:
        """Whether it says that no contract settled in a coin binds anything of it (R9)."""
        if exchange in BOUND:
            figure: object = self.raw
            for key in BOUND[exchange]:
                figure = figure.get(key) if isinstance(figure, dict) else None
            try:
                return exact(figure) == 0
            except ValueError:
                return False
        coin = self.coins.get(settle)
        if exchange in POOLED or coin is None:
            return False
        return coin.total > 0 and coin.used == 0 and coin.free == coin.total


def balance_of(body: object) -> Balance:
    """Read a balance. Raises ValueError."""
    return Balance(coins=coins_of(body), raw=info_in(body)["info"])


def coins_of(body: object) -> Coins:
    """The coins of a balance: one at least, each with its total. Raises ValueError."""
    row = info_in(body, "total")
    totals = row_of(row["total"])
    if not totals:
        raise ValueError("the balance tells of no coin")
    found: dict[Asset, Coin] = {}
    for name in totals:
        coin = row_of(row.get(name), "total")
        debt = told_in(coin, "debt") or ZERO
        found[Asset(name)] = Coin(
            total=number_in(coin, "total") - debt, free=told_in(coin, "free"), used=told_in(coin, "used")
        )
    return found


@dataclass(frozen=True, slots=True)
class Account:
    """Reads and, only when told to, changes one account.

    Attributes:
        wanted: margin modes that the settings want.
    """

    calls: Calls
    markets: Markets
    positions: Positions
    wanted: dict[Symbol, MarginMode] = field(default_factory=dict)
    _acknowledged: dict[Symbol, tuple[int, MarginMode]] = field(default_factory=dict)

    async def balance(self, wallet: str) -> Timed[Balance]:
        """A balance, `spot` or `swap`. Raises VenueFault."""
        name = WALLETS.get(self.calls.nature.exchange, {}).get(wallet, wallet)
        return await self.calls.read("fetch_balance", ({"type": name},), balance_of)

    def check(self, symbols: Collection[Symbol], isolated: Collection[Symbol]) -> None:
        """Refuse what can't be hedged. Raises StartFault."""
        for symbol in symbols:
            self.wanted[symbol] = MarginMode.ISOLATED if symbol in isolated else MarginMode.CROSS
        exchange, nature = self.calls.nature.exchange, self.calls.nature
        missing = [" or ".join(group) for group in NEEDED if not any(nature.has(each) for each in group)]
        why = REFUSED.get(exchange, "")
        if missing:
            why = f"ccxt has no {', '.join(missing)} for it"
        elif nature.feature("createOrder", "timeInForce.IOC") is False:
            why = "it has no orders that end at once (IOC)"
        for symbol in symbols:
            if self.markets.kind_of(symbol) is ContractKind.INVERSE:
                why = (
                    f"whether its balances hold unrealised profit is not known, so {symbol}, margined in coins, "
                    "can't be counted"
                )
        if why:
            raise StartFault(
                f"venues.{self.calls.link.name}: nothing can be hedged on {exchange}: {why}",
                hint="hedge on another exchange, or with another contract",
            )

    def order_mode(self, symbol: Symbol) -> str | None:
        """The margin mode that an order has to name; None where ccxt has no word for it."""
        nature = self.calls.nature
        by_order = nature.exchange in MODE_BY_ORDER or nature.feature("createOrder", "marginMode")
        return self.wanted[symbol].value if by_order else None

    async def config(self, symbol: Symbol) -> SymbolConfig:
        """Leverage and modes, from wherever they are told. Raises VenueFault."""
        row = await attempt("position", self.positions.row(symbol))
        about: tuple[object, ...] = ()
        if self.calls.nature.exchange in MODE_BY_ORDER:
            about = ({"marginMode": self.wanted[symbol].value},)
        told = [
            await self._told("fetchLeverage", "fetch_leverage", symbol, *about),
            await self._told("fetchMarginMode", "fetch_margin_mode", symbol),
            await self._told("fetchPositionMode", "fetch_position_mode", symbol),
            _NOTHING if isinstance(row, Unknown) else row,
        ]
        acknowledged = self._acknowledged.get(symbol)
        try:
            leverage = _leverage(told)
            mode = next((mode for each in told if (mode := _margin_mode(each)) is not None), None)
            hedged = self._hedged(told)
        except ValueError as fault:
            raise self.calls.link.unreadable("read leverage and modes", str(fault)) from None
        if mode is None and leverage is not None and self.calls.nature.exchange in ISOLATED_WITH_LEVERAGE:
            mode = MarginMode.ISOLATED
        if acknowledged is not None:
            leverage, mode = leverage or acknowledged[0], mode or acknowledged[1]
        parts = {"leverage": leverage, "margin mode": mode, "position mode": hedged}
        missing = [name for name, part in parts.items() if part is None]
        if leverage is None or mode is None or hedged is None:
            raise self.calls.link.unreadable("read leverage and modes", f"{symbol} tells no {', no '.join(missing)}")
        return SymbolConfig(symbol=symbol, leverage=leverage, margin_mode=mode, hedged=hedged)

    async def configure(self, symbol: Symbol, leverage: int, margin_mode: MarginMode) -> SymbolConfig:
        """Set margin mode and leverage, and read back, which decides; a refusal may mean `already set`.

        Raises VenueFault.
        """
        exchange, nature = self.calls.nature.exchange, self.calls.nature
        self.wanted[symbol] = margin_mode
        if not nature.has("setLeverage"):
            self.calls.not_offered("set the leverage")
        faults: list[VenueFault] = []
        steps: list[tuple[str, tuple[object, ...]]] = []
        if nature.has("setMarginMode"):
            steps.append(("set_margin_mode", (margin_mode.value, symbol, {"leverage": leverage})))
        more: dict[str, object] = dict(SIDE_WITH_LEVERAGE.get(exchange, {}))
        if exchange in MODE_WITH_LEVERAGE:
            more["marginMode"] = margin_mode.value
        steps.append(("set_leverage", (leverage, symbol, more)))
        for call, args in steps:
            try:
                await self.calls.ask(call, args, lambda body: body)
            except VenueFault as fault:
                faults.append(fault)
        if not faults and (nature.has("setMarginMode") or exchange in MODE_WITH_LEVERAGE):
            self._acknowledged[symbol] = (leverage, margin_mode)
        else:
            self._acknowledged.pop(symbol, None)
        try:
            after = await self.config(symbol)
        except VenueFault:
            if faults:
                raise faults[0] from None
            raise
        if faults and (after.leverage, after.margin_mode) != (leverage, margin_mode):
            raise faults[0]
        return after

    async def fees(self, symbol: Symbol) -> Fees:
        """The account's own rates where they are told and not below the published ones, else those."""
        instrument = self.markets.instrument(symbol)
        published = Fees(maker=instrument.maker_fee, taker=instrument.taker_fee)
        told = await self._told("fetchTradingFee", "fetch_trading_fee", symbol)
        try:
            maker, taker = told_in(told, "maker"), told_in(told, "taker")
        except ValueError:
            return published
        return Fees(
            maker=max(published.maker, published.maker if maker is None else maker),
            taker=max(published.taker, published.taker if taker is None else taker),
        )

    async def maintenance(self, symbol: Symbol, notional: Decimal) -> tuple[Decimal, Decimal]:
        """Maintenance margin rate of the tier that a notional is in, for the whole of it. Raises VenueFault."""
        if not self.calls.nature.has("fetchMarketLeverageTiers"):
            self.calls.not_offered("read the leverage tiers")

        def tier(body: object) -> Decimal:
            for each in body if isinstance(body, list) else ():
                row = row_of(each, "minNotional", "maxNotional", "maintenanceMarginRate")
                top = told_in(row, "maxNotional")
                if (told_in(row, "minNotional") or ZERO) <= notional and (top is None or notional <= top):
                    return number_in(row, "maintenanceMarginRate")
            raise ValueError(f"no tier holds a notional of {notional:,.0f}")

        return await self.calls.ask("fetch_market_leverage_tiers", (symbol,), tier), ZERO

    async def _told(self, ability: str, call: str, symbol: Symbol, *about: object) -> Row:
        """What one method tells of a symbol; nothing where it is not offered or fails."""
        if not self.calls.nature.has(ability):
            return _NOTHING
        read = await attempt(call, self.calls.ask(call, (symbol, *about), info_in))
        return _NOTHING if isinstance(read, Unknown) else read

    def _hedged(self, told: Collection[Row]) -> bool | None:
        for row in told:
            if isinstance(row.get("hedged"), bool):
                return bool(row["hedged"])
        for row in told:
            info = row.get("info")
            raw = info if isinstance(info, dict) else {}
            for (key, word), hedged in POSITION_MODES.items():
                if raw.get(key) == word:
                    return hedged
        # Where ccxt can't set a position mode either, the exchange has but one.
        return None if self.calls.nature.has("setPositionMode") else False


def _leverage(told: Collection[Row]) -> int | None:
    """Of the short side. Raises ValueError."""
    for row in told:
        for key in ("shortLeverage", "leverage"):
            value = price_in(row, key)
            if value is not None:
                if value != value.to_integral_value():
                    raise ValueError(f"a leverage of {value} is no whole number")
                return int(value)
    return None


def _margin_mode(row: Row) -> MarginMode | None:
    match row.get("marginMode"):
        case "isolated":
            return MarginMode.ISOLATED
        case "cross":
            return MarginMode.CROSS
        case None | "":
            return None
        case other:
            raise ValueError(f"margin mode {other!r} is not known")


def volumes(body: object, contract_size: Decimal) -> tuple[Decimal, Decimal, Decimal]:
    """Contracts, turnover in quote and average price of a ticker (R7). Raises ValueError.

    ccxt's volume is in coins with some exchanges and in contracts with others; turnover over price tells which. A
    volume in coins shows the size of a contract where that is 1, else only beside the number of contracts: a figure
    of the exchange's own that is as many times larger as contracts are smaller than coins. Without it nothing is shown.
    """
    row = info_in(body, "baseVolume", "quoteVolume", "last")
    volume, turnover, price = (told_in(row, key) for key in ("baseVolume", "quoteVolume", "last"))
    if volume is None or price is None:
        raise ValueError("no volume is told, so the contract size can't be checked (R7)")
    if min(volume, price, turnover or volume) <= 0:
        raise ValueError("no volume in 24 h")
    coins = volume if turnover is None else turnover / price
    if turnover is not None and (contract_size == 1 or abs(volume - coins) > coins / 10):
        return volume, turnover, price
    if contract_size != 1:
        contracts = _volume_figure(row["info"], coins / contract_size)
        if contracts is not None:
            return contracts, coins * price, price
        told_coins = _volume_figure(row["info"], volume * contract_size) if turnover is None else None
        if told_coins is not None:
            return volume, told_coins * price, price
    raise ValueError("no volume in contracts is told, so the contract size can't be checked (R7)")


def _volume_figure(info: object, expected: Decimal) -> Decimal | None:
    """The raw figure of a ticker that is an expected volume within 5 %."""
    for key, value in info.items() if isinstance(info, dict) else ():
        if any(word in key.lower() for word in ("vol", "amount", "turnover", "qty", "size")):
            try:
                figure = exact(value)
            except ValueError:
                continue
            if abs(figure - expected) <= expected / 20:
                return figure
    return None
