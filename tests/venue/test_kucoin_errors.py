"""What a refusal of KuCoin means (R20)."""

from __future__ import annotations

import pytest

from bot.venue.errors import Meaning, Refusal
from bot.venue.kucoin.errors import refusal

NO_EFFECT = [
    *("200004", "230003", "260100", "300000", "300001", "300003", "300005", "300009", "300011", "300012", "330005"),
    *("330008", "330011"),
    *("330012", "400200", "400350", "400370", "400600", "400760", "404000", "415000", "900001"),
]
SAYS_NOTHING = ["200002", "200003", "200009", "400000", "400100", "400900", "408000", "500000", "999999", "100001"]


def told(status: int, code: str, msg: str = "x") -> Refusal:
    found = refusal(status, {"code": code, "msg": msg})
    assert found is not None
    return found


@pytest.mark.parametrize("code", NO_EFFECT)
def test_r20_listed_codes_are_definite_at_the_gate_and_unknown_behind_it(code: str) -> None:
    for status in (200, 400):
        assert told(status, code).meaning is Meaning.REFUSED
    for status in (408, 500, 502, 503, 504):
        assert told(status, code).meaning is Meaning.UNKNOWN


def test_r21_a_request_that_was_refused_for_its_time_had_no_effect_and_says_so() -> None:
    assert told(401, "400002").meaning is Meaning.UNTIMELY
    assert told(502, "400002").meaning is Meaning.UNKNOWN


@pytest.mark.parametrize("code", SAYS_NOTHING)
def test_r20_what_is_not_listed_is_unknown(code: str) -> None:
    assert told(200, code).meaning is Meaning.UNKNOWN


@pytest.mark.parametrize(
    ("code", "text", "meaning"),
    [
        ("400100", "clientOid duplicated", Meaning.DUPLICATE),
        ("102435", "clientOid duplicate", Meaning.DUPLICATE),
        ("400100", "order_not_exist", Meaning.NOT_FOUND),
        ("order_not_exist", "order_not_exist", Meaning.NOT_FOUND),
        ("100001", "error.getOrder.orderNotExist", Meaning.NOT_FOUND),
        ("100004", "order not exist", Meaning.NOT_FOUND),
        ("100004", "Order is in not cancelable state", Meaning.REFUSED),
        ("400100", "order_not_exist_or_not_allow_to_be_cancelled", Meaning.REFUSED),
        ("400100", "Order size below the minimum requirement.", Meaning.REFUSED),
        ("400100", "Parameter Error", Meaning.UNKNOWN),
        ("100001", "No open positions to close.", Meaning.REFUSED),
        ("200002", "Too many requests in a short period of time", Meaning.BUSY),
        ("200002", "The system is busy", Meaning.UNKNOWN),
    ],
)
def test_one_code_means_what_its_words_say(code: str, text: str, meaning: Meaning) -> None:
    assert told(200, code, text).meaning is meaning


@pytest.mark.parametrize("code", ["400001", "400003", "400004", "400005", "400006", "400007"])
@pytest.mark.parametrize("status", [200, 401, 403])
def test_a_refused_key_is_definite(code: str, status: int) -> None:
    assert told(status, code).meaning is Meaning.AUTH


@pytest.mark.parametrize("body", [None, {}, [], {"code": "429000", "msg": "Too many requests"}, {"code": "1"}])
def test_over_the_limit_nothing_took_effect_whatever_the_body_is(body: object) -> None:
    found = refusal(429, body)
    assert found is not None
    assert found.meaning is Meaning.BUSY
    assert told(200, "429000").meaning is Meaning.BUSY


@pytest.mark.parametrize("body", [{"code": "200000", "data": []}, [], {}, "text"])
def test_a_success_and_what_is_no_envelope_are_no_refusals(body: object) -> None:
    assert refusal(200, body) is None


def test_a_body_without_code_gives_the_status() -> None:
    found = refusal(503, None)
    assert found is not None
    assert (found.code, found.meaning) == ("503", Meaning.UNKNOWN)


@pytest.mark.parametrize(
    ("status", "body", "pause_s"), [(403, None, 60), (403, {"code": "1", "msg": "x"}, 0), (503, None, 0)]
)
def test_a_wall_is_not_pressed_on(status: int, body: object, pause_s: int) -> None:
    """R20: a page instead of an answer says nothing of the effect, and asks for a pause."""
    found = refusal(status, body)
    assert found is not None
    assert (found.meaning, found.pause_s) == (Meaning.UNKNOWN, pause_s)
