"""What a currency is worth: every venue that knows is asked, and one that is silent is not done without."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal as D

import pytest

from bot.core.pair_situation import QuotePrice
from bot.domain.ids import Asset, VenueName
from bot.domain.observation import Stamp, Unknown
from bot.domain.usd import UsdBar, UsdPrice
from bot.runtime.pair_prices import quote_prices
from bot.runtime.virtual import run_virtual
from tests.core.pair_cases import in_usdc
from tests.core.pairs import BUYING, SELLING

USDC = Asset("USDC")
PLACES = (BUYING.place, in_usdc(SELLING).place)


class Fake:
    """A venue with one answer."""

    def __init__(self, name: str, worth: str, *, sent_ms: int = 5) -> None:
        self.name = VenueName(name)
        self.worth = worth
        self.stamp = Stamp(sent_ms=sent_ms, answered_ms=9)

    async def usd_price(self, asset: Asset) -> UsdPrice | Unknown:
        if self.worth == "silent":
            await asyncio.Event().wait()
        if self.worth in {"never", "fails"}:
            return Unknown(what="", reason=self.worth, lasting=self.worth == "never", venue=self.name)
        return UsdPrice(asset=asset, value=D(self.worth), anchor="", stamp=self.stamp)

    async def index_in(self, asset: Asset, quote: Asset) -> D | Unknown:
        raise AssertionError

    async def usd_bars(self, asset: Asset, since_ms: int, bar_ms: int) -> Sequence[UsdBar]:
        raise AssertionError


def worth(*fakes: Fake) -> QuotePrice | Unknown:
    return run_virtual(quote_prices(PLACES, fakes, 2.0))[USDC]


def test_all_that_know_are_asked_and_the_oldest_answer_counts() -> None:
    told = {VenueName("one"): D("1.01"), VenueName("two"): D("0.99")}
    stamp = Stamp(sent_ms=3, answered_ms=9)
    assert worth(Fake("one", "1.01"), Fake("two", "0.99", sent_ms=3)) == QuotePrice(
        usd=D("0.99"), stamp=stamp, told=told
    )


@pytest.mark.parametrize("other", ["silent", "fails"])
def test_one_that_knows_and_does_not_tell_leaves_it_unknown(other: str) -> None:
    assert isinstance(worth(Fake("one", "1.01"), Fake("two", other)), Unknown)
    assert isinstance(worth(Fake("one", "never"), Fake("two", other)), Unknown)


def test_one_that_never_knows_is_done_without() -> None:
    found = worth(Fake("one", "never"), Fake("two", "0.99"))
    assert isinstance(found, QuotePrice)
    assert found.told == {"two": D("0.99")}
    assert isinstance(worth(Fake("one", "never"), Fake("two", "never")), Unknown)


def test_one_currency_needs_no_price() -> None:
    assert run_virtual(quote_prices((BUYING.place, SELLING.place), [Fake("one", "fails")], 2.0)) == {}
