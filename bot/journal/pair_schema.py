"""The table of cross-exchange trades. Their orders are intents that name them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from bot.domain.pair import PairState

OVER: Final = tuple(state.value for state in PairState if state.over)
_OPEN: Final = ", ".join(f"'{state.value}'" for state in PairState if not state.over)


def pair_trades(metadata: MetaData) -> Table:
    """Put the table among the others."""
    legs = [
        Column(f"{leg}_{name}", kind, nullable=nullable)
        for leg in ("buy", "sell")
        for name, kind, nullable in (
            ("client_id", Text, False),
            ("venue", Text, False),
            ("symbol", Text, False),
            ("quote", Text, False),
            ("coins", Text, False),
            ("price", Text, False),
            ("fee_rate", Text, False),
            ("fee_in_quote", Boolean, False),
            ("holding", Text, True),
        )
    ]
    table = Table(
        "pair_trades",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("pair_id", Text, nullable=False, unique=True),
        Column("epoch", Text, ForeignKey("epochs.epoch"), nullable=False),
        Column("sequence", BigInteger, nullable=False),
        Column("hedge", Text, nullable=False),
        Column("asset", Text, nullable=False),
        *legs,
        Column("coins", Text, nullable=False),
        Column("conversion", Text, nullable=False),
        Column("min_edge", Text, nullable=False),
        Column("gross", Text, nullable=False),
        Column("buy_fee", Text, nullable=False),
        Column("sell_fee", Text, nullable=False),
        Column("net", Text, nullable=False),
        Column("worst_net", Text, nullable=False),
        Column("created_ms", BigInteger, nullable=False),
        Column("state", Text, nullable=False),
        Column("naked_since_ms", BigInteger),
        Column("naked_ms", BigInteger, nullable=False),
        Column("coins_left", Text),
        Column("result", Text),
        Column("detail", Text, nullable=False),
        Column("updated_ms", BigInteger, nullable=False),
        UniqueConstraint("epoch", "sequence"),
    )
    # No second trade of a hedge before the first is over.
    Index("pair_trades_one_open", table.c.hedge, unique=True, sqlite_where=text(f"state IN ({_OPEN})"))
    Index("pair_trades_created", table.c.created_ms)
    return table
