"""Whom a control reaches, and which one wins; what closing costs, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from bot.domain.control import Control, ControlKind, standing
from bot.domain.ids import Asset, HedgeName, VenueName
from bot.domain.plan import Closing, closing_facts

PAUSE_ALL = Control(kind=ControlKind.PAUSE, hedge=None, who="ann@host", why="holiday", since_ms=2)
UNWIND_BTC = Control(kind=ControlKind.UNWIND, hedge=HedgeName("btc"), who="", why="", since_ms=1)


@pytest.mark.parametrize(
    ("controls", "hedge", "expected"),
    [
        ([], "btc", None),
        ([UNWIND_BTC], "eth", None),
        ([UNWIND_BTC], "btc", UNWIND_BTC),
        ([PAUSE_ALL], "eth", PAUSE_ALL),
        ([UNWIND_BTC, PAUSE_ALL], "btc", PAUSE_ALL),
        ([PAUSE_ALL, UNWIND_BTC], "btc", UNWIND_BTC),
        ([PAUSE_ALL, UNWIND_BTC], "eth", PAUSE_ALL),
    ],
)
def test_what_was_said_last_holds(controls: Sequence[Control], hedge: str, expected: Control | None) -> None:
    assert standing(controls, HedgeName(hedge)) == expected


def test_what_closing_costs_as_json() -> None:
    closing = Closing(
        venue=VenueName("main"),
        contracts=Decimal("2.50"),
        notional=Decimal(250_000),
        fee=Decimal("125.0"),
        slippage_max=Decimal(1_250),
        realized=Decimal(-10),
        settle=Asset("USDT"),
    )
    told = {
        "venue": "main",
        "contracts": "2.5",
        "notional": "250000",
        "fee": "125",
        "slippage_max": "1250",
        "realized": "-10",
        "settle": "USDT",
    }
    assert closing_facts(closing) == told
    assert closing_facts(None) is None
    unknown = Closing(
        venue=closing.venue,
        contracts=closing.contracts,
        notional=closing.notional,
        fee=closing.fee,
        slippage_max=closing.slippage_max,
        realized=None,
        settle=closing.settle,
    )
    assert closing_facts(unknown) == told | {"realized": None}
