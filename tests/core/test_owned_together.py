"""Two hedges with proceeds in one balance: what is withdrawn is written off once, and nobody else's money is spent."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal as D

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.owned import Balance, ShortfallMemory, watch
from bot.domain.ids import HedgeName
from bot.domain.observation import Stamp
from bot.domain.proceeds import WriteOff
from tests.core.exits import NAME, NOW, POLICY, USDC, USDT, Desk, gone_out

ONE, OTHER = "one", "other"


@dataclass
class Account:
    """Each hedge owns 100 of its USDT at first; `held` is what is there."""

    held: D = D(200)
    now_ms: int = NOW
    mine: dict[str, D] = field(default_factory=lambda: {ONE: D(100), OTHER: D(100)})
    memories: dict[str, ShortfallMemory | None] = field(default_factory=dict)
    off: dict[str, list[WriteOff]] = field(default_factory=lambda: {ONE: [], OTHER: []})

    def look(self, hedge: str, *, after_s: float = 5) -> D | None:
        """One turn of one hedge, with a reading of its own; through text, as over a restart."""
        self.now_ms += int(after_s * 1000)
        stamp = Stamp(sent_ms=self.now_ms, answered_ms=self.now_ms)
        (other,) = self.mine.keys() - {hedge}
        before = self.memories.get(hedge)
        told = watch(
            None if before is None else ShortfallMemory.from_dict(before.to_dict()),
            POLICY,
            USDT,
            self.mine[hedge],
            Balance(free=self.held, total=self.held, stamp=stamp),
            claimed=self.mine[other],
            settled_ms=0,
            now_ms=self.now_ms,
            written_off=self.off[other],
        )
        self.memories[hedge] = told.memory
        if told.write_off is not None:
            self.mine[hedge] -= told.write_off.amount
            self.off[hedge].append(told.write_off)
        return told.spendable

    def rounds(self, count: int = 20, *, order: tuple[str, ...] = (ONE, OTHER), after_s: float = 5) -> None:
        for _ in range(count):
            for hedge in order:
                self.look(hedge, after_s=after_s)

    def until_one(self) -> None:
        """Both look until the first has written off."""
        for _ in range(6):
            self.look(ONE)
            self.look(OTHER)
        assert not self.off[OTHER]
        assert not self.off[ONE]
        self.look(ONE)
        assert self.off[ONE]


@pytest.mark.parametrize("order", [(ONE, OTHER), (OTHER, ONE)])
@pytest.mark.parametrize("withdrawn", [1, 50, 100, 150, 200])
@pytest.mark.parametrize("after_s", [0.0001, 2, 61])
def test_one_withdrawal_is_written_off_once(withdrawn: int, order: tuple[str, ...], after_s: float) -> None:
    account = Account()
    account.held -= withdrawn
    account.rounds(3, order=order, after_s=30)
    account.rounds(order=order, after_s=after_s)
    assert sum(account.mine.values()) == account.held
    assert len([one for each in account.off.values() for one in each]) == (2 if withdrawn > 100 else 1)
    assert all(account.look(hedge) == account.mine[hedge] for hedge in (ONE, OTHER))


def test_both_decide_in_one_millisecond_and_the_second_sees_the_first() -> None:
    account = Account()
    account.held -= 50
    for _ in range(14):
        account.look(ONE)
        account.look(OTHER, after_s=0)
    assert (account.mine, account.held) == ({ONE: D(50), OTHER: D(100)}, D(150))


def test_what_is_brought_after_the_first_write_off_is_nobodys_proceeds() -> None:
    """All of it was gone: what one hedge wrote off does not stand for what the other one has lost."""
    account = Account()
    account.held -= 200
    account.until_one()
    assert account.mine == {ONE: D(0), OTHER: D(100)}
    account.held += 100
    account.look(OTHER, after_s=61)
    assert account.mine == {ONE: D(0), OTHER: D(0)}


def test_what_goes_after_the_first_write_off_begins_its_own_dwell() -> None:
    account = Account()
    account.held -= 50
    account.until_one()
    account.held -= 30
    assert account.look(OTHER) == 70
    memory = account.memories[OTHER]
    assert memory is not None
    assert (memory.since_ms, memory.missing, memory.confirmed) == (account.now_ms, D(30), D(0))
    account.rounds()
    assert sum(account.mine.values()) == 120


def test_a_write_off_of_another_coin_explains_nothing() -> None:
    account = Account()
    account.held -= 200
    account.off[ONE] = [
        WriteOff(hedge=HedgeName(ONE), asset=USDC, amount=D(60), owned=D(100), balance=D(40), at_ms=NOW)
    ]
    account.off[ONE].append(WriteOff(hedge=NAME, asset=USDT, amount=D(60), owned=D(100), balance=D(40), at_ms=NOW))
    for _ in range(14):
        account.look(OTHER)
    assert account.mine[OTHER] == 0, "written off before anything was missing"


def test_one_reading_judged_twice_knows_what_was_written_off_meanwhile() -> None:
    account = Account()
    account.held -= 150
    account.rounds(2, order=(OTHER,))
    account.off[ONE].append(
        WriteOff(hedge=NAME, asset=USDT, amount=D(100), owned=D(100), balance=D(0), at_ms=NOW + 11_000)
    )
    account.mine[ONE] -= 100
    account.now_ms -= 1_000
    assert account.look(OTHER, after_s=0) == 50
    memory = account.memories[OTHER]
    assert memory is not None
    assert (memory.missing, memory.confirmed, memory.elsewhere) == (D(50), D(50), D(100))


@pytest.mark.parametrize("seen", [1, 2])
def test_what_another_wrote_off_is_taken_off_once_and_the_rest_keeps_its_dwell(seen: int) -> None:
    account = Account()
    account.held -= 150
    account.rounds(seen, order=(OTHER,))
    since_ms = NOW + 5_000
    account.off[ONE].append(WriteOff(hedge=NAME, asset=USDT, amount=D(100), owned=D(100), balance=D(0), at_ms=since_ms))
    account.mine[ONE] -= 100
    while account.now_ms < since_ms + 55_000:
        assert account.look(OTHER) == 50
        memory = account.memories[OTHER]
        assert memory is not None
        assert (memory.since_ms, memory.missing, memory.elsewhere) == (since_ms, D(50), D(100))
    account.look(OTHER)
    assert account.mine == {ONE: D(0), OTHER: D(50)}


def test_a_hedge_looks_at_what_the_others_wrote_off() -> None:
    desk = gone_out(Desk())
    desk.balances[USDT] += 100 - 50
    desk.over = {"claimed": {USDT: D(100)}}
    desk.turns(3)
    other = WriteOff(hedge=HedgeName(OTHER), asset=USDT, amount=D(50), owned=D(100), balance=D(50), at_ms=desk.now_ms)
    desk.over = {"claimed": {USDT: D(50)}, "written_off": (other,)}
    desk.turns(2, s=61)
    assert desk.write_offs == []


MOVES = st.lists(
    st.tuples(
        st.integers(-150, 150).map(D),
        st.lists(st.tuples(st.sampled_from([ONE, OTHER]), st.sampled_from([0, 1, 5, 30, 61])), max_size=12),
    ),
    max_size=8,
)


@settings(max_examples=200, deadline=None)
@given(moves=MOVES, foreign=st.integers(0, 150).map(D))
def test_whoever_looks_when_all_that_is_gone_is_written_off_and_nothing_else(
    moves: list[tuple[D, list[tuple[str, int]]]], foreign: D
) -> None:
    account = Account()
    account.held += foreign
    ours = D(200)
    for moved, looks in moves:
        account.held = max(account.held + moved, D(0))
        ours = min(ours, account.held)
        # Two readings each see it before the next move; who looks how often in between is anybody's.
        account.rounds(2, after_s=1)
        for hedge, after_s in looks:
            account.look(hedge, after_s=after_s)
        account.rounds(2, after_s=61)
        assert sum(account.mine.values()) == ours


def test_nothing_is_judged_while_an_order_of_another_hedge_is_not_settled() -> None:
    """What that one has spent already is in its claim still: it would look withdrawn from this one."""
    desk = gone_out(Desk())
    owned = desk.owned()
    desk.balances[USDT] -= 50
    desk.over = {"others_unfinished": True}
    desk.turns(20, s=30)
    assert (desk.write_offs, desk.owned()) == ([], owned)
    assert desk.turn().view.spendable == {}
    desk.over = {}
    desk.turns(20, s=30)
    assert sum(one.amount for one in desk.write_offs) == 50
