"""Evening a trade out goes on, whatever else the venues don't tell, and never on a book that is old."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal as D
from pathlib import Path

import pytest

from bot.domain.errors import InvariantBroken
from bot.domain.ids import HedgeName, Symbol, VenueName, client_order_id
from bot.domain.intent import Intent
from bot.domain.orders import OrderRequest, Side, TimeInForce, TradeCursor
from bot.journal.store import SqlJournal
from bot.paper.faults import FaultKind
from bot.runtime.pair_proof import PairProof
from bot.venue.gateway import CcxtVenue
from tests.pairs.gap import ORDERS, Gap, play
from tests.pairs.test_gap import DOLLARS, INDEXES, MIXED

BALANCES = {"kucoin": "/api/v1/accounts", "okx": "/api/v5/account/balance"}
BOOKS = {"kucoin": "/api/v1/market/orderbook/level2_100", "okx": "/api/v5/market/books"}
BOOK_AGE_MS = 3_000


def even(gap: Gap) -> None:
    """As many coins as before, and no halt."""
    assert abs(gap.held() - 2) <= gap.step * len(gap.trades)
    assert not gap.stage.halts


@pytest.mark.parametrize(("kind", "delay_s"), [(FaultKind.HTTP_503, 0), (FaultKind.DELAY, 60)])
def test_r16_evening_needs_no_balance(tmp_path: Path, kind: FaultKind, delay_s: float) -> None:
    async def story(gap: Gap) -> None:
        def blind(name: str) -> None:
            if name == "commit arm_pair: after":
                for venue, path in BALANCES.items():
                    gap.trouble(venue, kind, path=path, count=100_000, delay_s=delay_s)

        gap.trouble("okx", FaultKind.REJECT)
        found = ages(gap, blind)
        gap.prices("100000", "100200")
        await gap.until(lambda seen: bool(seen.trades))
        await gap.until(lambda seen: seen.over, within_s=15)
        even(gap)
        assert max(found) <= BOOK_AGE_MS / 2
        assert len(gap.trades) == 1
        await gap.run(60)
        assert len(gap.trades) == 1  # a new trade needs them

    play(story, tmp_path)


def arm_another(gap: Gap, exchange: str) -> None:
    """A ladder is about to send an order on the same spot market: its intent is in the journal."""
    journal = gap.stage.process.journals[-1]
    assert isinstance(journal, SqlJournal)
    epoch = journal._epoch
    assert epoch is not None
    request = OrderRequest(
        venue=VenueName(exchange),
        symbol=Symbol("BTC/USDT"),
        side=Side.SELL,
        contracts=D("0.01"),
        price=D(90_000),
        time_in_force=TimeInForce.IOC,
        reduce_only=False,
    )
    intent = Intent(
        client_id=client_order_id(epoch, journal.next_sequence()),
        hedge=HedgeName("ladder"),
        request=request,
        position_before=D(0),
        cursor_before=TradeCursor(trade_id=None, time_ms=gap.now_ms - 60_000),
        mark=D(100_000),
        created_ms=gap.now_ms,
        timestamp_ms=gap.now_ms,
        deadline_ms=gap.now_ms + 5_000,
    )
    journal.arm(intent)


def test_r18_an_order_of_another_hedge_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(gap: Gap) -> None:
        slot = CcxtVenue.order_slot

        async def raced(venue: CcxtVenue, symbol: Symbol) -> None:
            monkeypatch.setattr(CcxtVenue, "order_slot", slot)
            if venue.name == "okx":  # both legs wait for room at once
                arm_another(gap, "okx")
            await slot(venue, symbol)

        monkeypatch.setattr(CcxtVenue, "order_slot", raced)
        gap.prices("100000", "100200")
        await gap.run(20)
        assert not gap.trades
        assert not gap.stage.halts
        await gap.until(lambda seen: seen.over, within_s=60)
        even(gap)

    play(story, tmp_path)


def test_r18_evening_waits_for_an_order_of_another_hedge_and_goes_on(tmp_path: Path) -> None:
    async def story(gap: Gap) -> None:
        def arming(_process: object, name: str) -> None:
            if BOOKS["okx"] in name and gap.trades:
                gap.point = lambda _process, _name: None
                for venue in gap.venues:
                    arm_another(gap, venue)

        gap.trouble("okx", FaultKind.REJECT)
        gap.prices("100000", "100200")
        gap.point = arming
        await gap.until(lambda seen: bool(seen.trades))
        await gap.run(10)
        assert not gap.over
        assert not gap.stage.halts
        await gap.until(lambda seen: seen.over, within_s=90)
        even(gap)

    play(story, tmp_path)


def test_what_contradicts_itself_after_a_trade_left_halts_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(gap: Gap) -> None:
        resolve = PairProof.resolve

        async def contradicted(proof: PairProof) -> object:
            if gap.trades:
                monkeypatch.setattr(PairProof, "resolve", resolve)
                raise InvariantBroken("the venue tells something else")
            return await resolve(proof)

        monkeypatch.setattr(PairProof, "resolve", contradicted)
        gap.prices("100000", "100200")
        await gap.until(lambda seen: bool(seen.trades))
        await gap.run(5)
        assert [halt.code for halt in gap.stage.halts] == ["invariant"]

    play(story, tmp_path)


def ages(gap: Gap, then: Callable[[str], None] = lambda _: None) -> list[int]:
    """How old the newest book of its venue is whenever an order leaves, in ms; kept up from now on."""
    read: dict[str, int] = {}
    found: list[int] = []

    def look(_process: object, name: str) -> None:
        for venue in gap.venues:
            if name.startswith("GET") and BOOKS[venue] in name:
                read[venue] = gap.now_ms
            if name == f"POST {ORDERS[venue]}: took effect":
                found.append(gap.now_ms - read[venue])
        then(name)

    gap.point = look
    return found


def test_r8_evening_looks_anew_after_a_long_wait_for_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(gap: Gap) -> None:
        slot = CcxtVenue.order_slot

        async def crowded(venue: CcxtVenue, symbol: Symbol) -> None:
            await slot(venue, symbol)
            if gap.trades and len(gap.trades[0].orders) == 2:
                monkeypatch.setattr(CcxtVenue, "order_slot", slot)
                await gap.stage.clock.sleep(10)

        monkeypatch.setattr(CcxtVenue, "order_slot", crowded)
        gap.trouble("okx", FaultKind.REJECT)
        found = ages(gap)
        gap.prices("100000", "100200")
        await gap.until(lambda seen: bool(seen.trades))
        await gap.until(lambda seen: seen.over, within_s=30)
        even(gap)
        assert max(found) <= BOOK_AGE_MS

    play(story, tmp_path)


def test_r8_evening_does_not_let_its_books_grow_old_over_the_price_of_a_currency(tmp_path: Path) -> None:
    async def story(gap: Gap) -> None:
        def silent(name: str) -> None:
            if name == "commit arm_pair: after":
                for venue in gap.venues:
                    gap.trouble(venue, FaultKind.DELAY, path=INDEXES[venue], count=100_000, delay_s=60)

        gap.trouble("okx", FaultKind.REJECT)
        found = ages(gap, silent)
        gap.prices("100000", "100200")
        await gap.until(lambda seen: bool(seen.trades))
        await gap.until(lambda seen: seen.over, within_s=12)
        even(gap)
        assert max(found) <= BOOK_AGE_MS

    play(story, tmp_path, text=MIXED, money=DOLLARS)


def test_r24_trades_that_lost_a_leg_are_counted_over_a_restart(tmp_path: Path) -> None:
    async def story(gap: Gap) -> None:
        gap.trouble("okx", FaultKind.REJECT, count=1000)
        gap.prices("100000", "100200")
        await gap.until(lambda seen: len(seen.trades) == 2 and seen.over, within_s=90)
        gap.stage.restart()
        await gap.run(120)
        assert len(gap.trades) == 3
        assert [halt.code for halt in gap.stage.halts] == ["legs-fail"]
        gap.say(None)
        await gap.until(lambda seen: len(seen.trades) == 4 and seen.over, within_s=400)
        assert not gap.stage.halts  # a person has looked: it is counted from the beginning

    play(story, tmp_path)


def test_r24_a_trade_that_filled_nothing_is_no_success(tmp_path: Path) -> None:
    async def story(gap: Gap) -> None:
        gap.trouble("okx", FaultKind.REJECT, count=1000)
        gap.prices("100000", "100200")
        await gap.until(lambda seen: len(seen.trades) == 2 and seen.over, within_s=90)
        gap.trouble("kucoin", FaultKind.REJECT)
        await gap.until(lambda seen: len(seen.trades) == 3 and seen.over, within_s=90)
        assert all(order.filled == 0 for order in gap.trades[2].orders)
        await gap.until(lambda seen: bool(seen.stage.halts), within_s=400)
        assert len(gap.trades) == 4

    play(story, tmp_path)
