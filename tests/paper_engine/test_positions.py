"""The pure arithmetic of a position: nothing is lost to rounding over its life."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.numbers import ZERO
from bot.paper.engine.margin import liquidation_price, notional_max
from bot.paper.engine.model import PositionSide, Side
from bot.paper.engine.positions import Fill, PositionState, apply_fill

fills = st.tuples(
    st.sampled_from(Side),
    st.decimals(min_value="0.001", max_value="100000000", places=3),
    st.decimals(min_value="0.00000001", max_value="1000000000000", places=8),
)


def flat() -> PositionState:
    return PositionState(symbol="BTCUSDT", side=PositionSide.BOTH)


def closing(position: PositionState, quote: Decimal) -> Fill:
    side = Side.SELL if position.contracts > 0 else Side.BUY
    return Fill(side=side, quantity=abs(position.contracts), value=quote, time_ms=1)


@given(trades=st.lists(fills, max_size=12), last=st.decimals("0.00000001", "1000000000000", places=8))
def test_what_a_position_realises_is_its_sales_less_its_purchases(
    trades: list[tuple[Side, Decimal, Decimal]], last: Decimal
) -> None:
    position, earned, realized = flat(), ZERO, ZERO
    todo = [Fill(side=side, quantity=quantity, value=quote, time_ms=0) for side, quantity, quote in trades]
    for fill in todo:
        position, gained = apply_fill(position, fill, leverage=3, isolated=True)
        realized += gained
        earned -= fill.side.sign * fill.value
        assert position.isolated_wallet >= 0
        assert earned == realized - position.cost
    if position.contracts:
        fill = closing(position, last)
        position, gained = apply_fill(position, fill, leverage=3, isolated=True)
        assert earned - fill.side.sign * fill.value == realized + gained
    assert position.contracts == position.cost == position.isolated_wallet == 0


def test_a_full_close_releases_all_also_of_a_cost_with_many_digits() -> None:
    """Cost x contracts has more than 28 digits here."""
    cost = Decimal("-123456789012.34567891")
    position = PositionState(
        symbol="X", side=PositionSide.BOTH, contracts=Decimal("-98765432.123"), cost=cost, isolated_wallet=-cost
    )
    after, realized = apply_fill(position, closing(position, Decimal(1)), leverage=1, isolated=True)
    assert (after.contracts, after.cost, after.isolated_wallet) == (ZERO, ZERO, ZERO)
    assert realized == -cost - 1


def test_formulas_at_their_edges() -> None:
    assert liquidation_price(Decimal(1), []) is None
    assert notional_max((), 1) == 0
