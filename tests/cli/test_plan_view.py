"""What `run` shows: CONTRACT's JSON object, the drawn plan, and when a plan is shown again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from bot.cli.plan_view import fingerprint, plan_json, print_plan
from bot.cli.run import shower
from bot.domain.ids import Asset, HedgeName, Symbol, VenueName
from bot.domain.instrument import ContractKind
from bot.domain.observation import Holding, Source, Stamp, Unknown
from bot.domain.orders import OrderRequest, Side, TimeInForce
from bot.domain.plan import HedgeView, Plan, PlannedOrder, Verdict
from bot.runtime.hedger import Outcome

MAIN = VenueName("main")
BTC = Symbol("BTC/USDT:USDT")
NOW_MS = 1_000_250

SPOT = Holding(
    source=Source.SPOT,
    venue=MAIN,
    asset=Asset("BTC"),
    quantity=Decimal("1.50"),
    principal=Decimal("1.50"),
    stamp=Stamp(sent_ms=1_000_000, answered_ms=1_000_100),
)
EXTERNAL = replace(SPOT, source=Source.EXTERNAL, venue=None, quantity=Decimal("0.1"))
VIEW = HedgeView(
    hedge=HedgeName("btc"),
    asset=Asset("BTC"),
    symbol=BTC,
    kind=ContractKind.LINEAR,
    holdings=(SPOT, EXTERNAL),
    exposure=Decimal("1.60"),
    principal=Decimal("1.60"),
    short=Decimal("0E-8"),
    target=Decimal("1.60"),
    gap=Decimal("1.60"),
    gap_notional=Decimal("160000.00"),
    band_notional=Decimal(800),
    price=Decimal(100_000),
    mark=Decimal(100_000),
)
ORDER = PlannedOrder(
    request=OrderRequest(
        venue=MAIN,
        symbol=BTC,
        side=Side.SELL,
        contracts=Decimal("1.6"),
        price=Decimal("99500.0"),
        time_in_force=TimeInForce.IOC,
        reduce_only=False,
    ),
    coins=Decimal("1.6"),
    notional=Decimal(160_000),
    fee_estimate=Decimal("79.6"),
)
SELLS = Plan(
    view=VIEW, verdict=Verdict.ORDER, reason="gap 1.6 BTC is outside the band", order=ORDER, gap_after=Decimal(0)
)
BUYS = replace(
    SELLS,
    order=replace(ORDER, request=replace(ORDER.request, side=Side.BUY, reduce_only=True)),
    view=replace(VIEW, gap=Decimal("-0.7"), gap_notional=Decimal("-0.5")),
)
FROZEN = Plan(
    view=HedgeView(
        hedge=HedgeName("btc"),
        asset=Asset("BTC"),
        symbol=BTC,
        kind=ContractKind.LINEAR,
        holdings=(Unknown(what="spot BTC on main", reason="HTML instead of JSON"),),
    ),
    verdict=Verdict.FROZEN,
    reason="spot BTC on main is unknown",
)


def test_json_has_the_agreed_shape() -> None:
    assert plan_json([SELLS], mode="dry-run", now_ms=NOW_MS) == {
        "mode": "dry-run",
        "hedges": [
            {
                "name": "btc",
                "holdings": [
                    {"source": "spot", "venue": "main", "quantity": "1.5", "age_s": 0.25},
                    {"source": "external", "venue": None, "quantity": "0.1", "age_s": 0.25},
                ],
                "exposure": "1.6",
                "short": "0",
                "gap": "1.6",
                "gap_notional": "160000",
                "band_notional": "800",
                "orders": [
                    {
                        "venue": "main",
                        "symbol": "BTC/USDT:USDT",
                        "side": "sell",
                        "quantity": "1.6",
                        "contracts": "1.6",
                        "price_collar": "99500",
                        "reduce_only": False,
                        "notional": "160000",
                        "fee_estimate": "79.6",
                    }
                ],
                "reason": "gap 1.6 BTC is outside the band",
                "gap_after": "0",
            }
        ],
    }


def test_unknown_is_null_never_zero() -> None:
    (hedge,) = plan_json([FROZEN], mode="live", now_ms=NOW_MS)["hedges"]
    assert hedge["orders"] == []
    assert hedge["reason"] == "spot BTC on main is unknown"
    assert [hedge[key] for key in ("exposure", "short", "gap", "gap_notional", "band_notional", "gap_after")] == [
        None
    ] * 6
    assert hedge["holdings"] == [{"source": "spot BTC on main", "venue": None, "quantity": None, "age_s": None}]


@pytest.mark.parametrize(
    ("plan", "mode", "shown"),
    [
        (
            SELLS,
            "dry-run",
            ["btc", "1.5 BTC", "spot on main", "0.1 BTC", "external", "1.6 BTC", "160,000 USDT", "800 USDT"],
        ),
        (
            SELLS,
            "dry-run",
            ["would send", "sell 1.6 BTC", "not below 99,500 USDT", "fee about 79.6 USDT", "nothing is sent"],
        ),
        (BUYS, "live", ["buy 1.6 BTC", "not above 99,500 USDT", "reduce-only", "-0.7 BTC", "-0.5 USDT", "live"]),
        (FROZEN, "live", ["frozen", "unknown", "HTML instead of JSON", "no order"]),
    ],
)
def test_the_drawn_plan_tells_everything(
    plan: Plan, mode: str, shown: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    print_plan([plan], mode=mode, now_ms=NOW_MS)
    out = capsys.readouterr().out
    assert not [part for part in shown if part not in out], out


def test_a_plan_counts_as_changed_only_when_it_would_do_something_else() -> None:
    moved = replace(SELLS, view=replace(VIEW, mark=Decimal(1), gap_notional=Decimal(1)), reason="other words")
    assert fingerprint(moved) == fingerprint(SELLS)
    more = replace(SELLS, order=replace(ORDER, request=replace(ORDER.request, contracts=Decimal(2))))
    for other in (BUYS, FROZEN, more, replace(SELLS, view=replace(VIEW, exposure=Decimal(2)))):
        assert fingerprint(other) != fingerprint(SELLS)


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[str]]:
    def read() -> list[str]:
        return capsys.readouterr().out.splitlines()

    return read


def test_r31_a_dry_run_shows_a_plan_again_only_when_it_changes(lines: Callable[[], list[str]]) -> None:
    show = shower(live=False, as_json=True, now_ms=lambda: NOW_MS)
    for plan in (SELLS, SELLS, FROZEN, FROZEN, SELLS):
        show([Outcome(plan=plan)])
    shown = [json.loads(line) for line in lines()]
    assert [len(turn["hedges"][0]["orders"]) for turn in shown] == [1, 0, 1]
    assert {turn["mode"] for turn in shown} == {"dry-run"}


def test_a_live_run_in_json_shows_every_decision(lines: Callable[[], list[str]]) -> None:
    show = shower(live=True, as_json=True, now_ms=lambda: NOW_MS)
    for plan in (SELLS, SELLS, FROZEN):
        show([Outcome(plan=plan), Outcome(plan=plan)])
    assert [len(json.loads(line)["hedges"]) for line in lines()] == [2, 2, 2]


def test_a_live_run_draws_changes_only(lines: Callable[[], list[str]]) -> None:
    show = shower(live=True, as_json=False, now_ms=lambda: NOW_MS)
    for plan in (SELLS, SELLS, FROZEN):
        show([Outcome(plan=plan)])
    assert sum("╭" in line for line in lines()) == 2
