"""Rules of a hedge's second venue that hold between settings."""

from __future__ import annotations

from collections.abc import Iterator

from bot.settings.model import FallbackTable, HedgeTable
from bot.settings.problems import KeyPath, Problem, dotted, shown


def broken_fallback(key: KeyPath, hedge: HedgeTable, fallback: FallbackTable) -> Iterator[Problem]:
    """What of a fallback can't be, beyond what holds for every short.

    Args:
        key: of the hedge.
        hedge: whose short it stands in for.
        fallback: as written.
    """
    path = (*key, "fallback")
    if fallback.venue == hedge.short.venue:
        yield _problem(
            (*path, "venue"),
            fallback.venue,
            "the short is on that venue, expected another one: what fails there fails for both",
            "name a second [venues.NAME], or remove the fallback",
        )
    for where, table in (("fallback", fallback), ("short", hedge.short)):
        if table.inverse:
            yield _problem(
                (*key, where, "symbol"),
                table.symbol,
                "coin-margined, expected a perpetual that settles in a stablecoin: with a fallback both must, as the "
                "margin of the other would be a holding of its own",
                f"such as {hedge.asset}/USDT:USDT",
            )


def _problem(path: KeyPath, value: str, text: str, hint: str) -> Problem:
    return Problem(key=dotted(path), value=shown(path, value), text=text, hint=hint)
