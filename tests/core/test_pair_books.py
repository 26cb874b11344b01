"""A mangled book makes no edge (R8, R12)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.core.pair_books import UNBELIEVABLE, apart, distance, unusable
from bot.domain.observation import Book, Stamp, Unknown
from tests.core.pairs import BUYING, NOW_MS, SELLING, book

AGE = D(5)
GOOD = book([("99", "1"), ("98", "2")], [("100", "1"), ("101", "2")])


def test_a_good_book_is_usable() -> None:
    assert unusable(GOOD, NOW_MS, AGE) is None
    assert unusable(replace(GOOD, stamp=Stamp(sent_ms=NOW_MS - 5_000, answered_ms=NOW_MS)), NOW_MS, AGE) is None


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (Unknown(what="book", reason="HTTP 503"), "book.unknown"),
        (replace(GOOD, stamp=Stamp(sent_ms=NOW_MS - 5_001, answered_ms=NOW_MS)), "book.stale"),
        (replace(GOOD, bids=()), "book.empty"),
        (replace(GOOD, asks=()), "book.empty"),
        (book([("99", "0")], [("100", "1")]), "book.malformed"),
        (book([("99", "1")], [("100", "1"), ("101", "-1")]), "book.malformed"),
        (book([("0", "1")], [("100", "1")]), "book.malformed"),
        (book([("98", "1"), ("99", "1")], [("100", "1")]), "book.malformed"),
        (book([("99", "1")], [("101", "1"), ("100", "1")]), "book.malformed"),
        (book([("99", "1")], [("100", "1"), ("100", "1")]), "book.malformed"),
        (book([("100", "1")], [("100", "1")]), "book.crossed"),
        (book([("101", "1")], [("100", "1")]), "book.crossed"),
    ],
)
def test_what_can_not_be_decided_on(bad: Book | Unknown, code: str) -> None:
    found = unusable(bad, NOW_MS, AGE)
    assert found is not None
    assert found[0] == code


def at(price: int, reference: int | None = None) -> tuple[Book, D | None]:
    return book([(str(price - 1), "1")], [(str(price + 1), "1")]), None if reference is None else D(reference)


@pytest.mark.parametrize(
    ("buy", "sell", "code"),
    [
        (at(1000), at(1050), None),
        (at(1000), at(1051), "book.apart"),
        (at(1051), at(1000), "book.apart"),
        (at(1000, 1000), at(1051, 1051), None),
        (at(1000, 1000), at(1051), "book.apart"),
        (at(1000), at(1051, 1051), "book.apart"),
        (at(1000, 1020), at(1060, 1060), "book.apart"),
        (at(1000, 1010), at(1060, 1060), None),
        (at(1000, 1000), at(1100, 1100), None),
        (at(1000, 1000), at(1101, 1101), "book.apart"),
        (at(1000, 1050), at(1000, 1000), None),
        (at(1000, 1051), at(1000, 1000), "book.doubtful"),
        (at(1000, 1000), at(1000, 900), "book.doubtful"),
        (at(1000, 0), at(1000), "book.doubtful"),
    ],
)
def test_prices_far_apart_need_a_confirmation_and_very_far_ones_are_never_believed(
    buy: tuple[Book, D | None], sell: tuple[Book, D | None], code: str | None
) -> None:
    one, other = replace(BUYING, book=buy[0], reference=buy[1]), replace(SELLING, book=sell[0], reference=sell[1])
    found = apart(one, other, D(1))
    assert (None if found is None else found[0]) == code


def test_they_are_compared_in_one_currency() -> None:
    one, other = replace(BUYING, book=at(1000)[0]), replace(SELLING, book=at(1000)[0])
    assert apart(one, other, D("0.96")) is None
    assert apart(one, other, D("0.94")) is not None
    assert apart(one, replace(SELLING, book=at(2000)[0]), D("0.5")) is None


def test_the_side_that_is_missing_is_named() -> None:
    assert unusable(replace(GOOD, asks=()), NOW_MS, AGE) == ("book.empty", "the book has no asks")
    assert unusable(replace(GOOD, bids=()), NOW_MS, AGE) == ("book.empty", "the book has no bids")


def test_prices_below_one_unit_of_money_are_prices() -> None:
    assert distance(D("0.50"), D("0.51")) == D("0.02")
    assert distance(D(0), D("0.51")) > UNBELIEVABLE
