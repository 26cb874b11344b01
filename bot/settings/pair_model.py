"""The table of a hedge of `kind = "cross-exchange"`."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from bot.settings.kinds import (
    Amount,
    AssetWord,
    HedgeWord,
    PositiveAmount,
    SpotSymbolWord,
    VenueWord,
    choice,
    seconds,
    share,
    whole,
)
from bot.settings.tables import Kind, Table


class PairVenueTable(Table):
    """An entry of `venues` of a cross-exchange hedge: one account between which coins are bought and sold.

    The fees are those of a withdrawal from there, as the venue's own page names them. They are only used to say what
    a transfer would cost; the bot never withdraws.
    """

    venue: VenueWord = Field(description="The venue; each once, and two or more of them.")
    symbol: SpotSymbolWord | None = Field(
        default=None, description="The spot market there; without it the asset against USDT."
    )
    coin_transfer_fee: Amount | None = Field(
        default=None, description="What withdrawing the coin from there costs, in coins, whatever the amount."
    )
    quote_transfer_fee: Amount | None = Field(
        default=None, description="What withdrawing the quote currency from there costs, in that currency."
    )


class PairCapsTable(Table):
    """`caps` of a cross-exchange hedge: limits that no order of it may pass."""

    order_notional: PositiveAmount = Field(
        default=Decimal(10_000), description="Largest leg of a trade, in its quote currency."
    )
    notional_per_hour: PositiveAmount = Field(
        default=Decimal(100_000), description="Bought legs of an hour together, in quote."
    )
    orders_per_minute: Annotated[int, whole(1, 600)] = Field(
        default=20, description="Orders a minute on each of its venues."
    )
    max_round_trips: Annotated[int, whole(1, 100_000)] | None = Field(
        default=None, description="Trades within `window_s`; without it as many as the other limits allow."
    )
    window_s: Annotated[Decimal, seconds("60", "31536000")] = Field(
        default=Decimal(604_800), description="The time that `max_round_trips` counts in."
    )


class PairTable(Table):
    """`[[hedges]]` of `kind = "cross-exchange"`: buy where a coin is cheaper and sell where it is dearer, at once.

    The number of coins stays. What is written as a share takes "0.1 %", "10 bp", or a plain fraction of at most 0.01 as
    text; a plain "0.1" is refused, since it may mean either.
    """

    name: HedgeWord = Field(description="How logs and reports call the hedge; each name once.")
    kind: Annotated[Kind, choice(Kind)] = Field(description='"cross-exchange".')
    asset: AssetWord = Field(description="The coin.")
    venues: Annotated[tuple[PairVenueTable, ...], Field(min_length=2)] = Field(
        description="The accounts between which is traded, two or more."
    )
    min_edge: Annotated[Decimal, share("0", "0.2")] = Field(
        description="What must be left of a trade after both fees, as a share of what is bought; above 0."
    )
    slippage_reserve: Annotated[Decimal, share("0", "0.05")] = Field(
        default=Decimal("0.0002"), description="What must be there on top of it when a trade is decided."
    )
    persist_s: Annotated[Decimal, seconds("0", "60")] = Field(
        default=Decimal("0.5"), description="How long the edge must have been there."
    )
    max_loss: Amount = Field(
        default=Decimal(20),
        description="What a trade may lose, in quote, for the sake of completing a leg that failed; else it is undone.",
    )
    max_unwind_slippage: Annotated[Decimal, share("0", "0.2")] = Field(
        default=Decimal("0.02"), description="How far from the book the orders go in the end that undo a leg."
    )
    caps: PairCapsTable = Field(default=PairCapsTable(), description="Limits that no order may pass.")
    look_s: Annotated[Decimal, seconds("0.1", "60")] = Field(
        default=Decimal(1), description="How often the books are read."
    )
    book_age_max_s: Annotated[Decimal, seconds("0.5", "30")] = Field(
        default=Decimal(3), description="A book that was asked for longer ago says nothing."
    )
    proof_grace_s: Annotated[Decimal, seconds("0", "3600")] = Field(
        default=Decimal(30), description="How long after its deadline an order that nobody knows may still turn up."
    )
    proof_spacing_s: Annotated[Decimal, seconds("0", "600")] = Field(
        default=Decimal(5), description="Time between the readings that prove an order's absence."
    )
