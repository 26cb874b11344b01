"""Numbers from files and addresses: what can't be believed is unknown, and unknown freezes the hedge (R8)."""

# ruff: noqa: ASYNC240 - a test writes its files where it stands
from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest
import structlog
from aiohttp import web

from bot.domain.observation import Unknown
from bot.ports import FeedReading
from bot.runtime.feeds import BYTES_MAX, FeedSpec, reading

KEY = "cold"


class HandClock:
    """Time that stands until it is moved."""

    def __init__(self) -> None:
        self.ms = 1_800_000_000_000

    def now_ms(self) -> int:
        return self.ms

    async def sleep(self, seconds: float) -> None:
        self.ms += int(seconds * 1000)


def spec(
    *,
    file: Path | None = None,
    url: str | None = None,
    path: str = "",
    positive: bool = False,
    file_age_max_s: Decimal | None = None,
) -> FeedSpec:
    return FeedSpec(
        key=KEY,
        what="external BTC",
        file=file,
        url=url,
        path=path,
        positive=positive,
        most=Decimal(1000),
        refresh_s=Decimal(30),
        max_age_s=Decimal(300),
        file_age_max_s=file_age_max_s,
    )


async def read(wanted: FeedSpec) -> FeedReading | Unknown:
    async with reading([wanted], clock=HandClock(), logger=structlog.get_logger()) as feeds:
        return feeds.value(KEY)


def reason(result: FeedReading | Unknown) -> str:
    assert isinstance(result, Unknown), result
    return result.reason


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cold.txt"


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("3", "", "3"),
        ("0.12345678\n", "", "0.12345678"),
        ('{"sum": "3.5"}', "sum", "3.5"),
        ('{"rows": [{"free": 0.1}, {"free": 0.30000000000000004}]}', "rows.1.free", "0.30000000000000004"),
        ("0", "", "0"),
    ],
)
async def test_a_file_holds_a_number_or_json(file: Path, text: str, path: str, value: str) -> None:
    file.write_text(text)
    result = await read(spec(file=file, path=path))
    assert isinstance(result, FeedReading)
    assert result.value == Decimal(value)


@pytest.mark.parametrize(
    ("text", "path", "why"),
    [
        ("", "", "no number"),
        ("three", "", "no number"),
        ("1_000", "", "no number"),
        ("NaN", "", "no number"),
        ("1e999", "", "no number"),
        ("-1", "", "is -1, expected 0 or more"),
        ("1001", "", "at most 1000"),
        ("1e99", "", "at most 1000"),
        ("3", "sum", "nothing at 'sum'"),
        ('{"sum": null}', "sum", "no number"),
        ('{"sum": true}', "sum", "no number"),
        ('{"sum": {}}', "sum", "no number"),
        ('{"sum": NaN}', "sum", "no number"),
        ('{"sum"', "sum", "no JSON"),
        ("[" * 60_000, "0", "no JSON"),
        ('{"rows": []}', "rows.0", "nothing at 'rows.0'"),
        ("9" * (BYTES_MAX + 1), "", "more than"),
        ("\x00", "", "no number"),
    ],
)
async def test_r8_what_is_no_quantity_is_unknown(file: Path, text: str, path: str, why: str) -> None:
    file.write_text(text)
    assert why in reason(await read(spec(file=file, path=path)))


async def test_r8_a_file_that_is_not_there_or_no_text_is_unknown(file: Path) -> None:
    assert "there is no file" in reason(await read(spec(file=file)))
    file.write_bytes(b"\xff\xfe\x00")
    assert "no text" in reason(await read(spec(file=file)))
    file.unlink()
    file.mkdir()
    assert "can't be read" in reason(await read(spec(file=file)))


async def test_a_rate_of_0_is_none(file: Path) -> None:
    file.write_text("0")
    assert "above 0" in reason(await read(spec(file=file, positive=True)))


async def test_r8_a_file_that_nobody_writes_any_more_is_stale(file: Path) -> None:
    file.write_text("3")
    wanted = spec(file=file, file_age_max_s=Decimal(60))
    now_s = HandClock().ms // 1000
    os.utime(file, (now_s - 59, now_s - 59))
    assert isinstance(await read(wanted), FeedReading)
    os.utime(file, (now_s - 61, now_s - 61))
    assert "was written 61 s ago, expected at most 60 s" in reason(await read(wanted))


async def test_r8_the_last_good_reading_serves_for_a_while_and_no_longer(file: Path) -> None:
    file.write_text("3")
    clock = HandClock()
    async with reading([spec(file=file)], clock=clock, logger=structlog.get_logger()) as feeds:
        file.write_text("oops")
        clock.ms += 300_000
        await feeds.read_all()
        kept = feeds.value(KEY)
        assert isinstance(kept, FeedReading)
        assert kept.value == 3
        assert clock.ms - kept.stamp.sent_ms == 300_000
        clock.ms += 1
        assert "300 s old: the text is no number" in reason(feeds.value(KEY))
        file.write_text("4")
        await feeds.read_all()
        back = feeds.value(KEY)
        assert isinstance(back, FeedReading)
        assert back.value == 4


@asynccontextmanager
async def served(answer: Callable[[web.BaseRequest], web.StreamResponse]) -> AsyncIterator[str]:
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        return answer(request)

    runner = web.ServerRunner(web.Server(handle, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/balance?token=hunter2-hunter2"
    finally:
        await runner.cleanup()


async def test_an_address_answers_with_json() -> None:
    async with served(lambda _: web.json_response({"data": {"sum": "2.5"}})) as url:
        result = await read(spec(url=url, path="data.sum"))
    assert isinstance(result, FeedReading)
    assert result.value == Decimal("2.5")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda _: web.Response(status=503, text="5"), "HTTP 503"),
        (lambda _: web.Response(status=302, headers={"Location": "/elsewhere"}, text="5"), "HTTP 302"),
        (lambda _: web.Response(text="<html>"), "no JSON"),
        (lambda _: web.Response(text='{"sum": -2}'), "nothing at 'data.sum'"),
        (lambda _: web.json_response({"data": {"sum": "-2"}}), "is -2, expected 0 or more"),
        (lambda _: web.Response(text="5" * (BYTES_MAX + 1)), "more than"),
    ],
)
async def test_r8_an_address_that_answers_otherwise_is_unknown(
    answer: Callable[[web.BaseRequest], web.StreamResponse], why: str
) -> None:
    async with served(answer) as url:
        said = reason(await read(spec(url=url, path="data.sum")))
    assert why in said
    assert "hunter2" not in said


async def test_r8_an_address_that_nobody_answers_is_unknown() -> None:
    async with served(lambda _: web.Response()) as url:
        pass
    said = reason(await read(spec(url=url)))
    assert "can't be reached" in said
    assert "hunter2" not in said
