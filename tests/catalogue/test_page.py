"""The page names every case, and says of each what its story says."""

from __future__ import annotations

from tests.catalogue import page


def test_every_case_is_told_or_open() -> None:
    told = {case.number for case in page.stories()}
    assert told.isdisjoint(page.OPEN), "no longer open"
    assert told | set(page.OPEN) == set(page.NUMBERS)


def test_the_page_is_up_to_date() -> None:
    """After a change of a story: `python -m tests.catalogue.page`."""
    written = page.PAGE.read_text(encoding="utf-8")
    assert written == page.page(written)
