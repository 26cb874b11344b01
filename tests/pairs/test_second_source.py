"""A book is believed only where the venue's own index of the coin agrees; reading that slows nothing (R12)."""

from __future__ import annotations

from decimal import Decimal as D
from pathlib import Path

from bot.paper.faults import Fault, FaultKind
from bot.paper.mangling import Edit
from tests.pairs.gap import Gap, play

INDEXES = {"kucoin": "/api/v1/mark-price/XBTUSDTM/current", "okx": "/api/v5/market/index-tickers"}
BOOKS = {"kucoin": "/api/v1/market/orderbook/level2_100", "okx": "/api/v5/market/books"}
FIELDS = {"kucoin": "indexPrice", "okx": "idxPx"}


def misread(gap: Gap, exchange: str, factor: str) -> None:
    """The index of a venue is another one than its book tells of."""
    edit = Edit(field=FIELDS[exchange], factor=D(factor))
    fault = Fault(venue=exchange, path=INDEXES[exchange], kind=FaultKind.MANGLE, method="GET", count=100_000, edit=edit)
    gap.stage.world.faults.add(fault)


def test_r12_a_book_that_its_own_index_contradicts_is_not_traded_on(tmp_path: Path) -> None:
    async def story(gap: Gap) -> None:
        misread(gap, "okx", "0.9")
        await gap.run(10)
        gap.prices("100000", "100200")
        await gap.run(20)
        assert not gap.trades
        assert gap.told("its own other source says")
        gap.mend()
        await gap.until(lambda seen: seen.over, within_s=20)
        assert gap.trades[0].record.result == D("159.96")

    play(story, tmp_path)


def test_r12_the_first_look_knows_the_index_already(tmp_path: Path) -> None:
    async def story(gap: Gap) -> None:
        misread(gap, "okx", "0.9")
        gap.fees("0.0002")
        gap.prices("100000", "100200")
        gap.stage.start()
        await gap.run(20)
        assert not gap.trades
        assert gap.told("its own other source says")

    play(story, tmp_path, starts=False)


def test_a_trade_is_evened_only_at_books_that_the_index_agrees_with(tmp_path: Path) -> None:
    async def story(gap: Gap) -> None:
        gap.trouble("okx", FaultKind.REJECT)

        def lost(_process: object, name: str) -> None:
            if name == "commit arm_pair: after":
                for venue in gap.venues:
                    misread(gap, venue, "0.9")
                    # No book for so long that the index has been read anew by then.
                    gap.trouble(venue, FaultKind.HTTP_503, path=BOOKS[venue], count=60)

        gap.point = lost
        gap.prices("100000", "100200")
        await gap.until(lambda seen: bool(seen.trades))
        await gap.run(60)
        assert len(gap.trades[0].orders) == 2
        assert gap.told("far from its own other source")
        gap.mend()
        await gap.until(lambda seen: seen.over, within_s=20)
        assert abs(gap.held() - 2) <= gap.step

    play(story, tmp_path)


def test_an_index_that_does_not_answer_slows_nothing_and_is_asked_for_now_and_then(tmp_path: Path) -> None:
    async def story(gap: Gap) -> None:
        asked, gets = list[str](), [f"GET {path}: took effect" for path in INDEXES.values()]
        gap.point = lambda _process, name: asked.extend(each for each in gets if name == each)
        await gap.run(60)
        assert 22 <= len(asked) <= 26  # every 5 s on each of the two
        for name in gap.venues:
            gap.trouble(name, FaultKind.DELAY, path=INDEXES[name], count=100_000, delay_s=60)
        turns = len(gap.stage.outcomes)
        await gap.run(30)
        assert len(gap.stage.outcomes) - turns >= 28
        # What is not known refuses nothing by itself: the two books still confirm each other.
        gap.prices("100000", "100200")
        await gap.until(lambda seen: seen.over, within_s=10)

    play(story, tmp_path)
