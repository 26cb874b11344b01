"""Rules of the margin ladder that hold between settings (R27, R28)."""

from __future__ import annotations

from collections.abc import Iterator

from bot.domain.observation import Source
from bot.settings.model import Document, HedgeTable, LadderTable
from bot.settings.problems import KeyPath, Problem, dotted, shown


def broken_ladder(key: KeyPath, hedge: HedgeTable, document: Document) -> Iterator[Problem]:
    """What of a hedge's ladder can't be.

    Args:
        key: of the hedge.
        hedge: with what it says itself.
        document: with what stands at the top.
    """
    own, top = hedge.ladder, document.ladder
    values = top.model_dump() | own.model_dump(include=own.model_fields_set)
    ladder = LadderTable.model_construct(**values)
    path = (*key, "ladder")
    if not ladder.act_at < ladder.target:
        yield _problem((*path, "target"), str(ladder.target), f"expected more than act_at, {ladder.act_at}")
    if not ladder.critical <= min(ladder.act_at, ladder.alarm_at):
        yield _problem(
            (*path, "critical"), str(ladder.critical), "expected no more than act_at and alarm_at: it is the last rung"
        )
    if hedge.short.inverse:
        for name in ("top_up", "reduce"):
            if getattr(own, name):
                yield _problem(
                    (*path, name), "true", "expected none: a coin-margined short is backed by its own coins (R28)"
                )
    elif ladder.reduce and not _sells(hedge):
        yield _problem(
            (*path, "reduce"),
            "true",
            f"nothing can be sold there, expected a holding in spot on {hedge.short.venue}, the venue of the short: "
            f"staked and external coins can't be sold",
        )


def _sells(hedge: HedgeTable) -> bool:
    return any(
        holding.source is Source.SPOT and holding.venue == hedge.short.venue and holding.asset in {None, hedge.asset}
        for holding in hedge.holdings
    )


def _problem(path: KeyPath, value: str, text: str) -> Problem:
    return Problem(key=dotted(path), value=shown(path, value), text=text, hint="see `ladder` in docs/settings.md")
