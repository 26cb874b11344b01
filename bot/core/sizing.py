"""How much to trade, and at which limit (R13 to R16). Quantities in contracts unless said otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import assert_never

from bot.domain.instrument import ContractKind, Instrument
from bot.domain.numbers import ONE, ZERO, ceil_to, floor_to, plain
from bot.domain.observation import Book, Prices
from bot.domain.orders import Side
from bot.domain.policy import Band


def band_notional(band: Band, target_coins: Decimal, price: Decimal) -> Decimal:
    """How large a gap is left alone, in quote (R14).

    Args:
        band: as configured.
        target_coins: the short that would leave no gap.
        price: quote per coin.
    """
    return max(band.relative * target_coins * price, band.notional)


def bounds(position_contracts: Decimal, unfilled: Sequence[tuple[Side, Decimal]]) -> tuple[Decimal, Decimal]:
    """The largest and the smallest short that orders under way can lead to (R13).

    Args:
        position_contracts: signed: a short is negative.
        unfilled: side and unfilled contracts of every order that may still fill, and of every fill that is not yet
            in the position.

    Returns:
        (short_max, short_min), positive for a short.
    """
    short = -position_contracts
    sells = sum((quantity for side, quantity in unfilled if side is Side.SELL), ZERO)
    buys = sum((quantity for side, quantity in unfilled if side is Side.BUY), ZERO)
    return short + sells, short - buys


def increase_contracts(target: Decimal, short_max: Decimal, step: Decimal) -> Decimal:
    """Contracts to sell, so that no outcome of what is under way leads above the target (R13)."""
    return floor_to(max(target - short_max, ZERO), step)


def decrease_contracts(target: Decimal, short_min: Decimal, step: Decimal) -> Decimal:
    """Contracts to buy back, so that no outcome of what is under way leads below the target (R13).

    A target of 0 or below closes the whole short and never more: the bot is never long (R14, R24).
    """
    return floor_to(max(short_min - max(target, ZERO), ZERO), step)


def gap_per_contract(
    instrument: Instrument, side: Side, mark: Decimal, entry: Decimal | None, ratio: Decimal
) -> Decimal:
    """Coins of gap that one contract closes.

    A linear one closes its coins, and so does an inverse one that is sold. One that is bought back also makes its
    profit part of the principal, of which a share stays unhedged (R3): r*s/P + (1 - r)*s/E.

    Args:
        instrument: what is traded.
        side: of the order.
        mark: in the instrument's price unit.
        entry: of an inverse position; None when there is none, or it is not known.
        ratio: 0..1, wanted short / exposure.
    """
    coins = instrument.coins(ONE, mark)
    if instrument.kind is ContractKind.LINEAR or side is Side.SELL or entry is None:
        return coins
    return ratio * coins + (ONE - ratio) * instrument.coins(ONE, entry)


def collar(side: Side, prices: Prices, instrument: Instrument, slippage: Decimal) -> Decimal:
    """The limit of an order that shall fill at once, and no worse than this (R16).

    Args:
        side: of the order.
        prices: of now, with bid <= ask.
        instrument: its tick and its percent-price filter.
        slippage: fraction of the price that may be given up.

    Returns:
        A multiple of the tick, rounded against slippage: up for a sell, down for a buy.
    """
    tick = instrument.price_tick
    match side:
        case Side.SELL:
            limit = ceil_to(min(prices.bid, prices.mark) * (ONE - slippage), tick)
            if instrument.price_down is None:
                return limit
            return max(limit, ceil_to(prices.mark * instrument.price_down, tick))
        case Side.BUY:
            limit = floor_to(max(prices.ask, prices.mark) * (ONE + slippage), tick)
            if instrument.price_up is None:
                return limit
            return min(limit, floor_to(prices.mark * instrument.price_up, tick))
        case _:
            assert_never(side)


def depth_contracts(book: Book, side: Side, limit: Decimal) -> Decimal:
    """Visible contracts that an order could take without passing its limit; more is sliced (R16)."""
    match side:
        case Side.SELL:
            return sum((level.contracts for level in book.bids if level.price >= limit), ZERO)
        case Side.BUY:
            return sum((level.contracts for level in book.asks if level.price <= limit), ZERO)
        case _:
            assert_never(side)


def fitting_contracts(
    instrument: Instrument,
    available: Decimal,
    reserve: Decimal,
    price: Decimal,
    slippage: Decimal,
    leverage: int,
) -> Decimal:
    """How many contracts of an increase the free margin carries (R15).

    A contract takes its value / leverage as margin. The venue also holds back the loss that an order opens with, at
    most the slippage, and the fee; leverage does not make those smaller.

    Args:
        instrument: its fee and size.
        available: free margin, in the settle currency.
        reserve: what must stay free, in the settle currency.
        price: the mark, in the instrument's price unit.
        slippage: fraction between the mark and the collar.
        leverage: the setting, 1 or more.

    Returns:
        A multiple of the quantity step, 0 when nothing fits.
    """
    value = instrument.notional(ONE, price)
    match instrument.kind:
        case ContractKind.LINEAR:
            settled = value
        case ContractKind.INVERSE:
            settled = value / instrument.coin_price(price)
        case _:
            assert_never(instrument.kind)
    need = settled * (ONE / Decimal(leverage) + slippage + instrument.taker_fee)
    return floor_to(max(available - reserve, ZERO) / need, instrument.quantity_step)


def enough(instrument: Instrument, contracts: Decimal, limit_price: Decimal, *, reduce_only: bool) -> str | None:
    """Whether the venue takes an order of that size (R14).

    Args:
        instrument: its minimums.
        contracts: of the order.
        limit_price: its collar; the venue values the order at it.
        reduce_only: such orders need no minimum notional.

    Returns:
        None when it is enough, else a sentence with the minimum.
    """
    if contracts <= 0:
        return f"less than one step of {plain(instrument.quantity_step)} contracts"
    if contracts < instrument.quantity_min:
        return f"{plain(contracts)} contracts are below the minimum of {plain(instrument.quantity_min)}"
    notional = instrument.notional(contracts, limit_price)
    if not reduce_only and notional < instrument.notional_min:
        return (
            f"{plain(notional)} {instrument.quote} are below the minimum of "
            f"{plain(instrument.notional_min)} {instrument.quote}"
        )
    return None
