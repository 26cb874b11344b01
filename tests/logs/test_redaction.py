"""No form of a secret survives in any line, whatever it is wrapped in."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable, Iterable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from bot import logs

Configured = Callable[[Iterable[str], bool], None]

ALNUM = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
KEYS = st.one_of(
    st.text(ALNUM, min_size=16, max_size=64),
    st.text(ALNUM + "+/=-_.~ %&'\"\\", min_size=12, max_size=48),
    st.text(
        st.characters(min_codepoint=0x20, max_codepoint=0x2FFF, exclude_categories=["Cs"]), min_size=12, max_size=24
    ),
    st.lists(st.text(ALNUM + "+/=", min_size=20, max_size=40), min_size=2, max_size=4).map("\n".join),
)


def forms(secret: str) -> list[str]:
    """The ways a secret is written by things that we don't control; written down here without the code under test."""
    raw = secret.encode()
    wrapped = base64.b64encode(b"user:" + raw + b":x").decode()
    return [
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        quote(secret, safe="").replace("%2B", "%2b").replace("%2F", "%2f"),
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode(),
        base64.b64encode(raw).decode().rstrip("="),
        repr(secret),
        json.dumps(secret),
        f"Authorization: Basic {wrapped}",
    ]


def leaks(line: str, secret: str) -> bool:
    """Whether anybody could read the secret, or half of an encoding of it, out of a line."""
    inner = base64.b64encode(b"user:" + secret.encode() + b":x").decode()[8:-8]
    readable = [
        secret,
        json.dumps(secret)[1:-1],
        quote(secret, safe=""),
        base64.b64encode(secret.encode()).decode().rstrip("="),
        inner,
    ]
    return any(form in line for form in readable)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(secret="back\\slash'and\"quote+/=", as_json=True)
@example(secret="-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END KEY-----", as_json=True)
@example(secret="-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END KEY-----", as_json=False)
@given(secret=KEYS, as_json=st.booleans())
def test_no_form_of_a_secret_survives(
    secret: str, as_json: bool, configured: Configured, capfd: pytest.CaptureFixture[str]
) -> None:
    assume(len(secret.strip()) >= 8)
    configured([secret], as_json)
    log = logs.get("bot.test")
    for form in forms(secret):
        log.info("order.submitted", text=form, deep={"list": [form, (form,)], form: 1}, **{"X-MBX-APIKEY": form})
        log.info(f"in the event {form}")  # noqa: G004
        logging.getLogger("ccxt").warning("GET %s", f"https://api.binance.com/x?key={form}&signature=abc")
        logging.getLogger("aiohttp").warning("extra", extra={"headers": form})
        try:
            raise ValueError(form) from OSError(form)  # noqa: TRY301
        except ValueError:
            log.exception("venue.unreadable")
            logging.getLogger("asyncio").exception("Task exception was never retrieved")
    out, err = capfd.readouterr()

    assert out == ""
    assert err.count("order.submitted") == len(forms(secret))
    for line in err.splitlines():
        assert not leaks(line, secret)
    assert not leaks(err, secret)
    if as_json:
        for line in err.splitlines():
            assert not leaks(str(json.loads(line)), secret)


@pytest.mark.parametrize(
    "text",
    [
        "GET https://fapi.binance.com/fapi/v1/order?symbol=BTCUSDT&signature=TOPSECRET&x=1",
        "GET https%3A%2F%2Fapi%2Forder%3Fsignature%3DTOPSECRET",
        "{'X-MBX-APIKEY': 'TOPSECRET', 'User-Agent': 'python'}",
        '{"X-MBX-APIKEY": "TOPSECRET"}',
        '{\\"x-mbx-apikey\\": \\"TOPSECRET\\"}',
        "X-MBX-APIKEY: TOPSECRET",
        "<CIMultiDictProxy('OK-ACCESS-KEY': 'TOPSECRET', 'OK-ACCESS-SIGN': 'TOPSECRET')>",
        "(b'OK-ACCESS-PASSPHRASE', b'TOPSECRET')",
        "KC-API-SIGN=TOPSECRET KC-API-PASSPHRASE=TOPSECRET KC-API-KEY-VERSION: 2",
        "wss://fstream.binance.com/ws?listenKey=TOPSECRET",
    ],
)
def test_signatures_and_key_headers_are_hidden_without_being_registered(text: str) -> None:
    assert "TOPSECRET" not in logs.redact(text)


def test_what_is_no_secret_stays() -> None:
    text = "GET https://fapi.binance.com/fapi/v1/order?symbol=BTCUSDT&signature=abc&recvWindow=3000"
    assert logs.redact(text) == text.replace("abc", "***")
    assert logs.redact("signature verification failed") == "signature verification failed"


@pytest.mark.parametrize("as_json", [True, False])
def test_values_under_a_secrets_name_are_hidden(
    as_json: bool, configured: Configured, capfd: pytest.CaptureFixture[str]
) -> None:
    configured([], as_json)
    logs.get("bot.test").info(
        "start.completed", signature="one", venue={"api_key": "two", "Secret": "three", "ok": "four"}
    )
    err = capfd.readouterr().err
    assert not any(word in err for word in ("one", "two", "three"))
    assert "four" in err


def test_secrets_learnt_later_are_kept_too(configured: Configured, capfd: pytest.CaptureFixture[str]) -> None:
    configured(["first-first-first"], True)
    logs.protect(["second-second"])
    logs.configure(["third-third-third"], json=True)
    logs.get("bot.test").info("first-first-first second-second third-third-third")
    assert json.loads(capfd.readouterr().err)["event"] == "*** *** ***"


def test_one_line_of_a_secret_of_several_lines_is_hidden(configured: Configured) -> None:
    configured(["-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END KEY-----"], True)
    assert "MIIEvQIBADANB" not in logs.redact("bad line: MIIEvQIBADANBgkqhkiG9w0BAQEFAASC")


def test_a_secret_that_is_a_number_is_hidden(configured: Configured, capfd: pytest.CaptureFixture[str]) -> None:
    configured(["1234567890123456"], True)
    logs.get("bot.test").info("order.submitted", order=1234567890123456)
    assert "1234567890123456" not in capfd.readouterr().err


def test_an_empty_secret_hides_nothing(configured: Configured) -> None:
    configured([""], True)
    assert logs.redact("abc") == "abc"
