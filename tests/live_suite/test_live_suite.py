"""ccxt's own live test suite finds nothing wrong with the paper exchange.

Its people wrote none of the façades. `methods/` holds what it must report as done, so that nothing is left out in
silence; `python -m tests.live_suite.record` writes those lists. `skips/` holds what is left out, with the reasons.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.live_suite import page
from tests.live_suite.suite import CASES, REST, STREAMS, Outcome, expected, outcome_of, run, skips_of


def judge(outcome: Outcome, wanted: list[str]) -> None:
    assert not outcome.trouble, outcome.text[-20_000:]
    assert not outcome.refused, "to be mended, or to be skipped with a reason"
    assert sorted(outcome.done) == wanted, outcome.text[-20_000:]


@pytest.mark.parametrize(("exchange", "symbol"), CASES)
async def test_rest(exchange: str, symbol: str, tmp_path: Path) -> None:
    """Public, private and order-placing methods."""
    judge(await run(exchange, symbol, tmp_path, REST), expected(exchange, symbol)["rest"])


@pytest.mark.torture
@pytest.mark.parametrize(("exchange", "symbol"), CASES)
async def test_streams(exchange: str, symbol: str, tmp_path: Path) -> None:
    """Every watch method that the suite has for the exchange."""
    judge(await run(exchange, symbol, tmp_path, STREAMS), expected(exchange, symbol)["streams"])


@pytest.mark.parametrize(("exchange", "symbol"), CASES)
def test_the_list_holds_what_matters(exchange: str, symbol: str) -> None:
    """A run with a refused key or without any tests done is not worth recording."""
    wanted = {"loadMarkets", "fetchBalance", "fetchOrderBook", "fetchTicker", "createOrder", "fetchMyTrades"}
    done = expected(exchange, symbol)["rest"]
    assert wanted - {*done} <= skips_of(exchange, symbol).keys()


@pytest.mark.parametrize(("exchange", "symbol"), CASES)
def test_every_skip_has_a_reason(exchange: str, symbol: str) -> None:
    skips = skips_of(exchange, symbol)
    reasons = [reason for skip in skips.values() for reason in (skip.values() if isinstance(skip, dict) else [skip])]
    assert all(isinstance(reason, str) and len(reason) > 20 for reason in reasons)


def test_a_failure_inside_a_run_that_ends_well_is_seen() -> None:
    text = "[INFO] TESTING            okx fetchTime ()\n[TEST_FAILURE] okx fetchTime\n[TEST_WARNING] okx fetchOHLCV\n"
    assert outcome_of(text).trouble == ("[TEST_FAILURE] okx fetchTime", "[TEST_WARNING] okx fetchOHLCV")
    assert not outcome_of(text).done


def test_the_page_says_what_the_lists_say() -> None:
    """After a change of the lists: `python -m tests.live_suite.page`."""
    assert page.PAGE.read_text(encoding="utf-8") == page.text()
