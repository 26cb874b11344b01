"""Numbers from files and addresses: what can't be believed is unknown, and unknown freezes the hedge (R8)."""

# ruff: noqa: ASYNC240 - a test writes its files where it stands
from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest
import structlog
from aiohttp import web

from bot.domain.feed import FeedSpec
from bot.domain.observation import Unknown
from bot.ports import FeedReading
from bot.runtime.feeds import BYTES_MAX, Feeds, reading

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
    rate: bool = False,
    file_age_max_s: Decimal | None = None,
    most: Decimal = Decimal(1000),
) -> FeedSpec:
    return FeedSpec(
        key=KEY,
        what="external BTC",
        file=file,
        url=url,
        path=path,
        rate=rate,
        most=most,
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
    assert "no regular file" in reason(await read(spec(file=file)))


async def test_a_pipe_that_nobody_fills_does_not_hang_the_bot(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "no regular file" in reason(await read(spec(file=tmp_path / "pipe")))


async def test_a_rate_of_0_is_none(file: Path) -> None:
    file.write_text("0")
    assert "above 0" in reason(await read(spec(file=file, rate=True)))


async def test_r8_a_file_that_nobody_writes_any_more_is_stale(file: Path) -> None:
    file.write_text("3")
    wanted = spec(file=file, file_age_max_s=Decimal(60))
    now_s = HandClock().ms // 1000
    os.utime(file, (now_s - 50, now_s - 50))
    assert isinstance(await read(wanted), FeedReading)
    os.utime(file, (now_s - 70, now_s - 70))
    assert "was written 10 s too long ago" in reason(await read(wanted))


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
        assert value_of(feeds) == 4


def value_of(feeds: Feeds) -> Decimal:
    result = feeds.value(KEY)
    assert isinstance(result, FeedReading), result
    return result.value


class Script:
    """A file whose content changes from reading to reading: the clock writes the next one while it sleeps."""

    def __init__(self, file: Path, *texts: str) -> None:
        self.file = file
        self.texts = list(texts)
        self.clock = HandClock()
        self.write()

    def write(self) -> None:
        self.file.write_text(self.texts.pop(0))

    def now_ms(self) -> int:
        return self.clock.now_ms()

    async def sleep(self, seconds: float) -> None:
        await self.clock.sleep(seconds)
        if self.texts:
            self.write()


@pytest.mark.parametrize("slip", ["1000", "0"])
async def test_r10_one_wrong_reading_is_never_believed(file: Path, slip: str) -> None:
    clock = Script(file, "1", "1", slip, "1")
    async with reading([spec(file=file)], clock=clock, logger=structlog.get_logger()) as feeds:
        clock.write()
        await feeds.read_all()
        assert value_of(feeds) == 1


async def test_r10_the_first_value_is_told_twice_too(file: Path) -> None:
    clock = Script(file, "1000", "1", "1")
    async with reading([spec(file=file)], clock=clock, logger=structlog.get_logger()) as feeds:
        assert isinstance(feeds.value(KEY), Unknown)
        await feeds.read_all()
        assert value_of(feeds) == 1


async def test_a_change_that_lasts_is_followed(file: Path) -> None:
    clock = Script(file, "1", "1", "3", "3")
    async with reading([spec(file=file)], clock=clock, logger=structlog.get_logger()) as feeds:
        clock.write()
        await feeds.read_all()
        assert value_of(feeds) == 3


async def test_a_rate_that_jumps_waits_for_a_person(file: Path) -> None:
    clock = Script(file, "1.08", "1.08", "10.8", "10.8")
    async with reading([spec(file=file, rate=True)], clock=clock, logger=structlog.get_logger()) as feeds:
        clock.write()
        await feeds.read_all()
        assert value_of(feeds) == Decimal("1.08")
        clock.clock.ms += 301_000
        assert "went from 1.08 to 10.8 at once" in reason(feeds.value(KEY))


@asynccontextmanager
async def served(
    answer: Callable[[web.BaseRequest], web.StreamResponse | Awaitable[web.StreamResponse]],
) -> AsyncIterator[str]:
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        given = answer(request)
        return given if isinstance(given, web.StreamResponse) else await given

    runner = web.ServerRunner(web.Server(handle, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/balance?token=hunter2-hunter2"
    finally:
        await runner.cleanup()


async def test_an_answer_in_pieces_is_read_to_its_end() -> None:
    async def pieces(request: web.BaseRequest) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(b'{"sum": "12')
        await asyncio.sleep(0)
        await answer.write(b'345"}')
        await answer.write_eof()
        return answer

    async with served(pieces) as url:
        result = await read(spec(url=url, path="sum", most=Decimal(100_000)))
    assert isinstance(result, FeedReading)
    assert result.value == 12345


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


async def test_what_accrues_is_believed_at_the_smaller_of_two_readings(file: Path) -> None:
    clock = Script(file, "100", "100.00001", "100.00002", "100.00003")
    async with reading([spec(file=file)], clock=clock, logger=structlog.get_logger()) as feeds:
        assert value_of(feeds) == 100
        clock.write()
        await feeds.read_all()
        assert value_of(feeds) == Decimal("100.00002")
