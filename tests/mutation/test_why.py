"""The reasons by rule hold for words alone: no key, number, flag or figure passes as one."""

from __future__ import annotations

import pytest

from tests.mutation.results import Mutant
from tests.mutation.why import BY_HAND, by_hand, reason


def mutant(before: str, after: str, module: str = "core.risk") -> Mutant:
    return Mutant(module=module, function="f", noticed=False, before=before, after=after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('return "nothing is known"', 'return "XXnothing is knownXX"'),
        ('reason=f"the mark is {plain(mark)}",', "reason=None,"),
        (
            "return _plan(view, control, Verdict.WAITING, reason, alarm=True)",
            "return _plan(view, control, Verdict.WAITING, None, alarm=True)",
        ),
        ('reason=f"it is {age} old, " f"the limit is {limit}",', "reason=None,"),
        ('reason = f"left alone for {left_s} s"', "reason = None"),
        ("case _: assert_never(side)", ""),
        ("if ps.too_small(market, side, coins, price):", "if ps.too_small(market, None, coins, price):"),
        ("small = too_small(a.market, Side.BUY, coins, price)", "small = too_small(a.market, None, coins, price)"),
        ("total = sum((one.amount for one in rows), ZERO) * 2", "total = sum((one.amount for one in rows), ) * 2"),
    ],
)
def test_words_are_words(before: str, after: str) -> None:
    assert reason(mutant(before, after), {})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('kept["campaign.exposure"] = text', 'kept["XXcampaign.exposureXX"] = text'),
        ('return Refused(code="order.flips", reason=why)', 'return Refused(code="ORDER.FLIPS", reason=why)'),
        ("return replace(plan, alarm=True)", "return replace(plan, alarm=None)"),
        ("return replace(plan, reason=why, want_book=True)", "return replace(plan, reason=why, )"),
        ("limit = ZERO", "limit = None"),
        ("small = ps.too_small(market, side, coins, price)", "small = ps.too_small(market, side, None, price)"),
        ("return _limit(market, side, coins, price)", "return _limit(market, None, coins, price)"),
        ("return max(left, ZERO)", "return max(left, )"),
        ("return max(sum(one for one in rows), ZERO)", "return max(sum(one for one in rows), )"),
        ("case Side.SELL: return bids", ""),
        ("log = self._log.bind(hedge=hedge)", "log = None"),
    ],
)
def test_anything_else_needs_a_reason_of_its_own(before: str, after: str) -> None:
    assert not reason(mutant(before, after), {})


def test_a_reason_by_hand_is_one_of_the_changed_line() -> None:
    known = {("core.risk.f", "a < b", "a <= b"): "they are never equal"}
    assert reason(mutant("a < b", "a <= b"), known) == "they are never equal"
    assert not reason(mutant("a > b", "a >= b"), known)


def test_every_reason_by_hand_says_something() -> None:
    assert all(why and "\n" not in why for why in by_hand(BY_HAND).values())
