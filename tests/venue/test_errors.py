"""The one table of R20: definite, or unknown."""

from __future__ import annotations

import pytest

from bot.venue.binance.refusals import TABLE, refusal_of
from bot.venue.errors import Meaning, Refusal, ban_until_ms, redact
from bot.venue.ways import WAYS
from tests.venue.wire import EPOCH_MS

NO_EFFECT = [
    *("-1013", "-1102", "-1111", "-1116", "-1121", "-2010", "-2011", "-2018", "-2019", "-2021", "-2022"),
    *("-2025", "-2027", "-2028", "-4003", "-4005", "-4014", "-4023", "-4028", "-4047", "-4048", "-4061", "-4131"),
    *("-4140", "-4141", "-4164", "-4168", "-4188", "-4192", "-5021", "-5022", "-5028"),
]
SAYS_NOTHING = ["-1000", "-1001", "-1006", "-1007", "-1016", "-2012", "-2020", "-4109", "-4045", "-9999", ""]


def told(status: int, body: object) -> Refusal:
    refusal = refusal_of(status, body)
    assert refusal is not None
    return refusal


@pytest.mark.parametrize("code", NO_EFFECT)
def test_r20_listed_codes_are_definite_with_status_400_only(code: str) -> None:
    body = {"code": int(code), "msg": "refused"}
    assert told(400, body).meaning is Meaning.REFUSED
    for status in (403, 408, 409, 500, 502, 503, 504):
        assert told(status, body).meaning is Meaning.UNKNOWN
    assert refusal_of(200, body) is None


@pytest.mark.parametrize("code", SAYS_NOTHING)
@pytest.mark.parametrize("status", [400, 403, 404, 500, 503])
def test_r20_what_is_not_listed_is_unknown(code: str, status: int) -> None:
    assert told(status, {"code": code, "msg": "x"}).meaning is Meaning.UNKNOWN


def test_r21_a_request_that_was_refused_for_its_time_had_no_effect_and_says_so() -> None:
    assert told(400, {"code": -1021, "msg": "x"}).meaning is Meaning.UNTIMELY
    assert told(503, {"code": -1021, "msg": "x"}).meaning is Meaning.UNKNOWN


@pytest.mark.parametrize("code", ["-1002", "-1022", "-2014", "-2015"])
@pytest.mark.parametrize("status", [400, 401])
def test_a_refused_key_is_definite(code: str, status: int) -> None:
    assert told(status, {"code": code, "msg": "x"}).meaning is Meaning.AUTH


@pytest.mark.parametrize("status", [418, 429])
@pytest.mark.parametrize("body", [None, {}, [], {"code": -1003, "msg": "Way too many requests"}])
def test_over_a_limit_nothing_took_effect_whatever_the_body_is(status: int, body: object) -> None:
    assert told(status, body).meaning is Meaning.BUSY


def test_a_taken_id_proves_that_the_order_exists() -> None:
    assert told(400, {"code": -4116, "msg": "ClientOrderId is duplicated."}).meaning is Meaning.DUPLICATE
    assert told(400, {"code": -2010, "msg": "Duplicate order sent."}).meaning is Meaning.DUPLICATE


def test_not_found_and_already_set_have_their_own_meaning() -> None:
    assert told(400, {"code": -2013, "msg": "Order does not exist."}).meaning is Meaning.NOT_FOUND
    assert told(400, {"code": -4046, "msg": "No need."}).meaning is Meaning.ALREADY_SET


@pytest.mark.parametrize("body", [None, [], "text", 7])
def test_a_body_without_code_gives_the_status(body: object) -> None:
    refusal = told(503, body)
    assert (refusal.code, refusal.meaning) == ("503", Meaning.UNKNOWN)


def test_no_code_has_two_meanings_at_one_status() -> None:
    assert Meaning.UNKNOWN not in TABLE.values()
    assert {status for status, _ in TABLE} == {400, 401, 503}


def test_r20_of_the_503s_only_an_overload_is_definite() -> None:
    assert told(503, {"code": -1008, "msg": "Server is currently overloaded"}).meaning is Meaning.REFUSED
    assert told(400, {"code": -1008, "msg": "x"}).meaning is Meaning.UNKNOWN
    for text in (
        "Unknown error, please check your request or try again later.",
        "Internal error; unable to process your request. Please try again.",
        "Service Unavailable.",
    ):
        assert told(503, {"code": -1000, "msg": text}).meaning is Meaning.UNKNOWN


@pytest.mark.parametrize(
    ("status", "body", "pause_s"),
    [(403, None, 60), (408, None, 10), (408, {}, 10), (403, {"code": -2015, "msg": "x"}, 0), (503, None, 0)],
)
def test_a_wall_asks_for_a_pause_and_says_nothing_of_the_effect(status: int, body: object, pause_s: int) -> None:
    found = told(status, body)
    assert (found.meaning, found.pause_s) == (Meaning.UNKNOWN, pause_s)


def test_words_of_the_venue_are_redacted() -> None:
    text = redact("see https://fapi.binance.com/fapi/v1/order?a=1&signature=abc\nsignature=feed apiKey=k " + "x" * 500)
    assert "binance.com" not in text
    assert "feed" not in text
    assert "apiKey=k" not in text
    assert len(text) <= 200


@pytest.mark.parametrize(
    ("status", "text", "headers", "seconds"),
    [
        (429, "", {"Retry-After": "7"}, 7),
        (418, "", {"retry-after": "90"}, 90),
        (429, "", {"Retry-After": "0"}, 1),
        (429, "", {"Retry-After": "²"}, 60),
        (418, f"banned until {EPOCH_MS - 5_000}.", {}, 1),
        (418, f"banned until {EPOCH_MS + 33_000}.", {}, 33),
        (418, "", {}, 120),
        (429, "", {"Retry-After": "soon"}, 60),
        (400, "Too many new orders.", {}, 10),
    ],
)
def test_how_long_a_ban_lasts(status: int, text: str, headers: dict[str, str], seconds: int) -> None:
    refusal = told(status, {"code": -1003, "msg": text})
    assert ban_until_ms(refusal, headers, EPOCH_MS, WAYS["binance"].pauses) == EPOCH_MS + seconds * 1000


@pytest.mark.parametrize(
    ("exchange", "status", "body", "headers", "seconds"),
    [
        ("okx", 429, None, {}, 2),
        ("okx", 200, {"code": "50011", "msg": "Too Many Requests"}, {}, 2),
        ("kucoin", 429, {"code": "429000", "msg": "Too many requests"}, {}, 30),
        ("kucoin", 429, {"code": "429000", "msg": "x"}, {"gw-ratelimit-reset": "1500"}, 1.5),
        ("kucoin", 200, {"code": "429000", "msg": "x"}, {}, 10),
    ],
)
def test_a_pause_is_no_longer_than_the_venue_s_own_windows(
    exchange: str, status: int, body: object, headers: dict[str, str], seconds: float
) -> None:
    ways = WAYS[exchange]
    refusal = ways.refusal(status, body)
    assert refusal is not None
    assert refusal.meaning is Meaning.BUSY
    assert ban_until_ms(refusal, headers, EPOCH_MS, ways.pauses) == EPOCH_MS + seconds * 1000
