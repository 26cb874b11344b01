"""Where every cent came from (R29), and how well the hedge held (R30)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import pairwise
from typing import Final, assert_never

from bot.domain.ids import Asset, VenueName
from bot.domain.instrument import ContractKind, Instrument
from bot.domain.ledger import LedgerRow, WalletBalance
from bot.domain.numbers import ONE, ZERO

BOOKING: Final = Decimal("0.00000001")
"""Precision of every booked amount."""

WalletKey = tuple[VenueName, str, Asset]
"""One asset in one wallet of one venue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingStep:
    """Coins held from a moment on.

    Attributes:
        coins: held from `time_ms` until the next step.
        price: spot price at `time_ms`, quote per coin; what came or left then is valued at it.
    """

    time_ms: int
    coins: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One trade on the perpetual.

    Attributes:
        contracts: signed: a sell is negative.
        price, mark: of the trade and of its moment, in the instrument's price unit.
        fee_quote: valued at the trade; a cost is positive, a rebate negative.
    """

    time_ms: int
    contracts: Decimal
    price: Decimal
    mark: Decimal
    fee_quote: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Pnl:
    """Profit and loss by leg, in quote, at booking precision. Gains are positive.

    Attributes:
        spot: holdings x change of the spot price.
        perp: mark to mark, from the mark at each fill; of an inverse contract what its coins are worth when paid out,
            or at the end.
        funding: received, negative when paid.
        execution: what fills gained against the mark; as a rule negative.
        reward: Earn interest and rewards.
        fees: a positive cost.
        residual: what the venue's own books do not explain; not part of net, must be 0.
        net: spot + perp + funding + execution + reward - fees, of the booked terms, so that a table adds up.
    """

    spot: Decimal
    perp: Decimal
    funding: Decimal
    execution: Decimal
    reward: Decimal
    fees: Decimal
    residual: Decimal
    net: Decimal


def residuals(
    before: Sequence[WalletBalance], after: Sequence[WalletBalance], rows: Sequence[LedgerRow]
) -> Mapping[WalletKey, Decimal]:
    """What the venue's own books leave unexplained, per wallet and asset (R29, first check).

    Args:
        before: all wallets at the start; one that is left out held nothing.
        after: the same at the end.
        rows: every ledger row between them.

    Returns:
        Change of quantity - sum of rows, where that is not exactly 0. Empty when every digit is explained.
    """
    left: dict[WalletKey, Decimal] = {}
    for balance in after:
        key = (balance.venue, balance.wallet, balance.asset)
        left[key] = left.get(key, ZERO) + balance.quantity
    for balance in before:
        key = (balance.venue, balance.wallet, balance.asset)
        left[key] = left.get(key, ZERO) - balance.quantity
    for row in rows:
        key = (row.venue, row.wallet, row.asset)
        left[key] = left.get(key, ZERO) - row.amount
    return {key: quantity for key, quantity in left.items() if quantity != 0}


def attribute(
    *,
    holdings: Sequence[HoldingStep],
    fills: Sequence[Fill],
    start_contracts: Decimal,
    mark_start: Decimal,
    mark_end: Decimal,
    instrument: Instrument,
    funding: Sequence[Decimal],
    rewards: Sequence[Decimal],
    fees: Sequence[Decimal],
    residual: Decimal,
    coin_end: Decimal | None = None,
) -> Pnl:
    """Split a change of value into its legs, each from its own record (R29, second check).

    Args:
        holdings: oldest first; the coins of the last step don't matter, its price closes the account. Coins that
            margin an inverse short count with their wallet, without its profit.
        fills: on the perpetual, between start and end, oldest first; their `fee_quote` counts as fees.
        start_contracts: the position at the start, signed: a short is negative.
        mark_start: in the instrument's price unit.
        mark_end: the same; profit in coins that is not realised is valued at it.
        instrument: what the position is in.
        funding: in quote, positive when received.
        rewards: in quote, valued at their moment.
        fees: further costs in quote, such as those of spot trades, a cost positive; not those of `fills`.
        residual: in quote, from `residuals`; only carried over.
        coin_end: spot price at the end, which coins of profit that is not realised are worth; None: the mark's.

    Returns:
        The legs, booked.

    Raises:
        ValueError: the holdings are not in order of time.
    """
    spot = ZERO
    for held, following in pairwise(holdings):
        if following.time_ms < held.time_ms:
            raise ValueError(f"holdings go back in time, from {held.time_ms} to {following.time_ms}")
        spot += held.coins * (following.price - held.price)
    match instrument.kind:
        case ContractKind.LINEAR:
            perp, execution = _linear(instrument, fills, start_contracts, mark_start, mark_end)
        case ContractKind.INVERSE:
            worth = instrument.coin_price(mark_end) if coin_end is None else coin_end
            perp, execution = _inverse(instrument, fills, start_contracts, mark_start, mark_end, worth)
        case _:
            assert_never(instrument.kind)
    booked_spot, booked_perp, booked_execution = _book(spot), _book(perp), _book(execution)
    booked_funding, booked_reward = _book(sum(funding, ZERO)), _book(sum(rewards, ZERO))
    booked_fees = _book(sum((fill.fee_quote for fill in fills), ZERO) + sum(fees, ZERO))
    return Pnl(
        spot=booked_spot,
        perp=booked_perp,
        funding=booked_funding,
        execution=booked_execution,
        reward=booked_reward,
        fees=booked_fees,
        residual=_book(residual),
        net=booked_spot + booked_perp + booked_funding + booked_execution + booked_reward - booked_fees,
    )


def effectiveness(changes: Sequence[tuple[Decimal, Decimal]]) -> Decimal | None:
    """How much of the movement the hedge took away: 1 - sum(h^2) / sum(u^2), uncentred (R30).

    Args:
        changes: of the unhedged and of the hedged value, (u, h), in quote.

    Returns:
        1 for a perfect hedge, 0 for none, negative when it made things worse; None when nothing moved.
    """
    unhedged = sum((change * change for change, _ in changes), ZERO)
    if unhedged == 0:
        return None
    hedged = sum((change * change for _, change in changes), ZERO)
    return _book(ONE - hedged / unhedged)


def _linear(
    instrument: Instrument, fills: Sequence[Fill], contracts: Decimal, mark_start: Decimal, mark_end: Decimal
) -> tuple[Decimal, Decimal]:
    """Perp and execution of a contract that settles in quote."""

    def carried(contracts: Decimal, opened: Decimal, closed: Decimal) -> Decimal:
        return instrument.notional(contracts, closed) - instrument.notional(contracts, opened)

    perp, execution = carried(contracts, mark_start, mark_end), ZERO
    for fill in fills:
        perp += carried(fill.contracts, fill.mark, mark_end)
        execution += carried(fill.contracts, fill.price, fill.mark)
    return perp, execution


def _inverse(
    instrument: Instrument,
    fills: Sequence[Fill],
    contracts: Decimal,
    mark_start: Decimal,
    mark_end: Decimal,
    worth: Decimal,
) -> tuple[Decimal, Decimal]:
    """Perp and execution of a contract that settles in coins.

    Profit that a fill realises is paid in coins there and then: it is valued at the mark of the fill, and from there on
    is part of the wallet. What is not realised is so many coins at the end, each of which is `worth` its spot price.

    Source: average entry of an inverse position = contracts / coins sold, as the venues keep it.
    """
    sold = instrument.coins(contracts, mark_start)  # signed coins that the open contracts were entered at
    realised, execution = ZERO, ZERO
    for fill in fills:
        coins = instrument.coins(fill.contracts, fill.price)
        value = instrument.coin_price(fill.mark)
        execution += (coins - instrument.coins(fill.contracts, fill.mark)) * value
        if contracts * fill.contracts < 0:
            closed = -fill.contracts if abs(fill.contracts) <= abs(contracts) else contracts
            share = closed / contracts
            realised += (share * sold - instrument.coins(closed, fill.price)) * value
            sold -= share * sold
            opened = fill.contracts + closed
        else:
            opened = fill.contracts
        sold += instrument.coins(opened, fill.price)
        contracts += fill.contracts
    left = (sold - instrument.coins(contracts, mark_end)) * worth
    return realised + left - execution, execution


def _book(amount: Decimal) -> Decimal:
    return amount.quantize(BOOKING, rounding=ROUND_HALF_EVEN)
