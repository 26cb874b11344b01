"""What a short paid, as JSON."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from bot.domain.funding import FundingFigures, funding_facts
from bot.domain.ids import Asset


def test_figures_as_json() -> None:
    paid = FundingFigures(
        amount=Decimal("-12.50"), asset=Asset("USDT"), payments=3, since_ms=5, cost_a_year=Decimal("0.12345678")
    )
    told = {"amount": "-12.5", "asset": "USDT", "payments": 3, "since_ms": 5, "cost_a_year": "0.123457"}
    assert funding_facts(paid) == told
    assert funding_facts(replace(paid, cost_a_year=None)) == told | {"cost_a_year": None}
    assert funding_facts(None) is None
