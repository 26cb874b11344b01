"""How hedges without a perpetual are shown, and when again."""

from __future__ import annotations

import json

import pytest

from bot.cli.run import shower
from bot.cli.trader_view import print_traders, trader_json
from bot.domain.ids import Asset, HedgeName
from bot.domain.trader import HedgeKind, TraderOutcome


def outcome(same: str = "calm") -> TraderOutcome:
    return TraderOutcome(
        hedge=HedgeName("gap"),
        kind=HedgeKind.CROSS_EXCHANGE,
        asset=Asset("BTC"),
        verdict="no-edge",
        reason="net -0.20 USDT [of 200]",
        same=same,
        facts={
            "opportunities": [{"buy": "a", "net": "-0.2", "reason": "buy on a, sell on b: net -0.20"}],
            "transfers": [],
            "trade": None,
            "orders": [{"venue": "a", "quantity": None, "resting": True}],
        },
    )


def test_json_holds_every_fact() -> None:
    told = trader_json(outcome())
    assert list(told)[:5] == ["name", "kind", "asset", "verdict", "reason"]
    assert told["opportunities"] == [{"buy": "a", "net": "-0.2", "reason": "buy on a, sell on b: net -0.20"}]


def test_the_picture_names_every_fact_and_says_what_is_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    print_traders([outcome()], mode="dry-run")
    shown = capsys.readouterr().out
    for part in ("gap", "no-edge", "net -0.20 USDT [of 200]", "quantity unknown", "resting yes", "nothing is sent"):
        assert part in shown, shown
    print_traders([outcome()], mode="live")
    assert "nothing is sent" not in capsys.readouterr().out


def test_r31_it_is_shown_again_only_when_it_changes(capsys: pytest.CaptureFixture[str]) -> None:
    show = shower(live=False, as_json=True, now_ms=lambda: 0)
    for same in ("calm", "calm", "act", "act"):
        show((), (outcome(same),))
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["hedges"][0]["name"] for line in lines] == ["gap", "gap"]
