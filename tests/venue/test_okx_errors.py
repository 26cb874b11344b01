"""What OKX's refusals mean (R20)."""

from __future__ import annotations

import pytest

from bot.venue.errors import Meaning
from bot.venue.okx.errors import refusal
from tests.venue.okx_wire import answer, part_refused, refused


def meaning(status: int, body: object) -> Meaning | None:
    found = refusal(status, body)
    return None if found is None else found.meaning


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("50036", Meaning.REFUSED),
        ("50037", Meaning.REFUSED),
        ("51008", Meaning.REFUSED),
        ("51008_1000", Meaning.REFUSED),
        ("51020", Meaning.REFUSED),
        ("51121", Meaning.REFUSED),
        ("51169", Meaning.REFUSED),
        ("51205", Meaning.REFUSED),
        ("51400", Meaning.REFUSED),
        ("51401", Meaning.REFUSED),
        ("51402", Meaning.REFUSED),
        ("51016", Meaning.DUPLICATE),
        ("50071", Meaning.DUPLICATE),
        ("51603", Meaning.NOT_FOUND),
        ("50011", Meaning.BUSY),
        ("50061", Meaning.BUSY),
        ("50040", Meaning.BUSY),
        ("50105", Meaning.AUTH),
        ("50111", Meaning.AUTH),
        ("50113", Meaning.AUTH),
        ("50119", Meaning.AUTH),
        ("50120", Meaning.AUTH),
        ("50001", Meaning.UNKNOWN),
        ("50004", Meaning.UNKNOWN),
        ("50013", Meaning.UNKNOWN),
        ("50026", Meaning.UNKNOWN),
        ("51999", Meaning.UNKNOWN),
    ],
)
def test_r20_the_code_decides_wherever_it_stands(code: str, expected: Meaning) -> None:
    for body in (refused(code), part_refused(code), part_refused(code, whole="2")):
        found = refusal(200, body)
        assert found is not None
        assert (found.meaning, found.code) == (expected, code)


def test_r20_a_good_answer_is_no_refusal() -> None:
    assert refusal(200, answer({"sCode": "0"})) is None
    assert refusal(200, []) is None


@pytest.mark.parametrize(
    "body",
    [
        {"code": "1", "msg": "", "data": []},
        {"code": "1", "msg": "", "data": [{"sCode": "0"}]},
        {"code": "1", "msg": "", "data": [{"sCode": "51008"}, {"sCode": "0"}]},
        {"code": "2", "msg": "", "data": "?"},
    ],
)
def test_r20_parts_that_do_not_say_what_became_of_one_order_say_nothing(body: object) -> None:
    assert meaning(200, body) is Meaning.UNKNOWN


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_r20_a_fault_of_the_server_is_unknown_whatever_its_code(status: int) -> None:
    assert meaning(status, refused("51008")) is Meaning.UNKNOWN
    assert meaning(status, None) is Meaning.UNKNOWN


def test_timestamps_and_signatures_are_refused_with_401_and_limits_with_429() -> None:
    assert meaning(401, refused("50102")) is Meaning.UNTIMELY
    assert meaning(401, refused("50113")) is Meaning.AUTH
    assert meaning(429, refused("50011")) is Meaning.BUSY
    assert meaning(429, None) is Meaning.BUSY
    assert meaning(429, refused("50013")) is Meaning.UNKNOWN
    assert meaning(403, None) is Meaning.UNKNOWN


@pytest.mark.parametrize(
    ("status", "body", "pause_s"), [(403, None, 60), (403, {"code": "1", "msg": "x"}, 0), (503, None, 0)]
)
def test_a_wall_is_not_pressed_on(status: int, body: object, pause_s: int) -> None:
    """R20: a page instead of an answer says nothing of the effect, and asks for a pause."""
    found = refusal(status, body)
    assert found is not None
    assert (found.meaning, found.pause_s) == (Meaning.UNKNOWN, pause_s)
