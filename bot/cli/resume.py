"""`hedgebot resume`: a person looked, so the halts end. Works beside a running bot, which goes on at its next turn."""

from __future__ import annotations

import json as json_
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import options
from bot.cli.errors import EXIT_INTERRUPTED
from bot.cli.journal_options import ConfigOrNone, JournalOrNone, journal_path
from bot.cli.status import age, halt_facts, print_halts
from bot.domain.errors import ConfigFault, StartFault
from bot.domain.ids import Symbol, VenueName
from bot.domain.intent import IntentRecord
from bot.domain.numbers import plain
from bot.domain.orders import Anchor
from bot.ports import Halt
from bot.runtime.clock import SystemClock

if TYPE_CHECKING:
    from bot.journal.store import SqlJournal

_WHAT_ADOPT_DOES = (
    "[bold]Look at the position at the venue first.[/] --adopt forgets the confirmed positions below. The running or "
    "next bot then takes whatever position it finds in three equal readings as its own, and grows or shrinks it to "
    "the target."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """What a person sees before agreeing; nothing else may be cleared or dropped."""

    halts: Sequence[Halt]
    anchors: Sequence[tuple[tuple[VenueName, Symbol], Anchor]]
    unfinished: Sequence[IntentRecord]

    @classmethod
    def of(cls, journal: SqlJournal, *, adopt: bool) -> _Shown:
        return cls(
            halts=journal.halts(),
            anchors=journal.anchors() if adopt else (),
            unfinished=journal.all_unfinished() if adopt else (),
        )

    def settled(self) -> list[IntentRecord]:
        """Orders that ended, whose fill can't be found from a new start."""
        return [record for record in self.unfinished if record.state.terminal]

    def changed(self, other: _Shown) -> bool:
        """Whether there is anything else to agree to; a position confirmed once more is the same."""
        return self._matter() != other._matter()

    def _matter(self) -> tuple[object, ...]:
        return (
            self.halts,
            [(place, anchor.contracts) for place, anchor in self.anchors],
            [(record.intent.client_id, record.filled) for record in self.settled()],
        )


def register(app: typer.Typer) -> None:
    """Add the command to `hedgebot`."""

    @app.command("resume")
    def resume(
        *,
        config: ConfigOrNone = None,
        journal: JournalOrNone = None,
        adopt: Annotated[
            bool,
            typer.Option(
                "--adopt",
                help="Also forget the confirmed positions: the bot adopts what it then finds at the venue. "
                "Look at the position there first.",
            ),
        ] = False,
        yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
        json: options.Json = False,
    ) -> None:
        """Show what is halted and clear it, once you have looked at the venue and know why."""
        from rich.console import Console  # noqa: PLC0415 - only where something is drawn

        from bot.journal.store import SqlJournal  # noqa: PLC0415 - the help text needs no database

        now_ms = SystemClock().now_ms
        path = journal_path(config, journal)
        with SqlJournal.open_beside(path) as opened:
            shown = _Shown.of(opened, adopt=adopt)
            halts = [halt_facts(halt, now_ms()) for halt in shown.halts]
            anchors = [_anchor_facts(*placed, now_ms()) for placed in shown.anchors]
            show = Console(highlight=False, stderr=json).print
            print_halts(show, halts)
            if adopt:
                _print_adoption(show, shown, anchors)
            cleared, dropped = 0, 0
            something = bool(halts or anchors or shown.settled())
            agreed = something and _agreed(_question(len(halts), adopt=adopt), yes=yes)
            if agreed:
                if shown.changed(_Shown.of(opened, adopt=adopt)):
                    raise StartFault("the journal changed while you looked", hint="run resume again to see it")
                # Halts last: whatever ends this in between leaves the bot halted.
                dropped = opened.drop_anchors(now_ms()) if adopt else 0
                cleared = opened.clear_halts(now_ms())
        if json:
            told = {"journal": str(path), "cleared": cleared, "halts": halts, "dropped": dropped, "anchors": anchors}
            settled = [record.intent.client_id for record in shown.settled()] if agreed else []
            typer.echo(json_.dumps(told | {"settled": settled}, ensure_ascii=False))
        else:
            typer.echo(_told(cleared, dropped, something=something, adopt=adopt))


def _anchor_facts(place: tuple[VenueName, Symbol], anchor: Anchor, now_ms: int) -> dict[str, Any]:
    venue, symbol = place
    return {
        "venue": venue,
        "symbol": symbol,
        "contracts": plain(anchor.contracts),
        "time_ms": anchor.at_ms,
        "age_s": round((now_ms - anchor.at_ms) / 1000, 3),
    }


def _print_adoption(show: Callable[[str], None], shown: _Shown, anchors: Sequence[dict[str, Any]]) -> None:
    from rich.markup import escape  # noqa: PLC0415

    if anchors or shown.settled():
        show(_WHAT_ADOPT_DOES)
    for anchor in anchors:
        show(
            f"[yellow]dropped[/]  {escape(anchor['symbol'])} of {anchor['venue']}: {anchor['contracts']} contracts, "
            f"confirmed {age(anchor['age_s'])} ago"
        )
    for record in shown.unfinished:
        request = record.intent.request
        order = f"{record.intent.client_id} on {escape(request.symbol)} of {request.venue}"
        if record.state.terminal:
            show(f"[yellow]settled[/]  {order}: {plain(record.filled)} filled, not found in the position so far")
        else:
            show(f"[dim]stays[/]  {order}: {record.state.value}, the bot goes on asking what became of it")


def _question(halts: int, *, adopt: bool) -> str:
    if not adopt:
        return f"Clear {halts} and let the bot send orders again?"
    return f"Clear {halts}, and let the bot adopt whatever position is at the venue and send orders again?"


def _agreed(question: str, *, yes: bool) -> bool:
    if yes:
        return True
    if not sys.stdin.isatty():
        raise ConfigFault("resume asks before it changes anything, and nobody is there to answer", hint="add --yes")
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:
        raise typer.Exit(EXIT_INTERRUPTED) from None


def _told(cleared: int, dropped: int, *, something: bool, adopt: bool) -> str:
    if not adopt:
        return f"{cleared} cleared" if something else "nothing is halted"
    if not something:
        return "nothing is halted, and no position is confirmed"
    return f"{cleared} cleared, {dropped} confirmed position{'' if dropped == 1 else 's'} dropped"
