"""`hedgebot resume`: a person looked, so halts, a pause and an unwind end. A running bot goes on at its next turn."""

from __future__ import annotations

import json as json_
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import options
from bot.cli.ages import age, age_s
from bot.cli.asking import agreed
from bot.cli.controls import HedgeOrAll, control_facts, named, print_controls
from bot.cli.journal_options import ConfigOrNone, JournalOrNone, journal_path
from bot.cli.status import halt_facts, print_halts
from bot.domain.control import Control
from bot.domain.errors import ConfigFault, StartFault
from bot.domain.ids import HedgeName, Symbol, VenueName
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
    controls: Sequence[Control]
    anchors: Sequence[tuple[tuple[VenueName, Symbol], Anchor]]
    unfinished: Sequence[IntentRecord]

    @classmethod
    def of(cls, journal: SqlJournal, hedge: HedgeName | None, *, adopt: bool) -> _Shown:
        return cls(
            halts=journal.halts() if hedge is None else (),
            controls=[control for control in journal.controls() if hedge in {None, control.hedge}],
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
            self.controls,
            [(place, anchor.contracts) for place, anchor in self.anchors],
            [(record.intent.client_id, record.filled) for record in self.settled()],
        )


def register(app: typer.Typer) -> None:
    """Add the command to `hedgebot`."""

    @app.command("resume")
    def resume(
        *,
        hedge: HedgeOrAll = None,
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
        yes: options.Yes = False,
        json: options.Json = False,
    ) -> None:
        """Show what is halted, paused or unwound, and end it, once you have looked at the venue and know why.

        With a HEDGE only what was said of that hedge alone ends; halts stay.
        """
        from rich.console import Console  # noqa: PLC0415 - only where something is drawn

        from bot.journal.store import SqlJournal  # noqa: PLC0415 - the help text needs no database

        now_ms = SystemClock().now_ms
        path = journal_path(config, journal)
        with SqlJournal.open_beside(path) as opened:
            meant = named(opened, hedge)
            if meant is not None and adopt:
                raise ConfigFault(f"--adopt with {meant}: it is for the whole journal", hint="leave out one of the two")
            shown = _Shown.of(opened, meant, adopt=adopt)
            halts = [halt_facts(halt, now_ms()) for halt in shown.halts]
            controls = [control_facts(control, now_ms()) for control in shown.controls]
            anchors = [_anchor_facts(*placed, now_ms()) for placed in shown.anchors]
            show = Console(highlight=False, stderr=json).print
            print_halts(show, halts)
            print_controls(show, controls)
            if adopt:
                _print_adoption(show, shown, anchors)
            cleared, ended, dropped = 0, 0, 0
            something = bool(halts or controls or anchors or shown.settled())
            done = something and agreed("resume", _question(len(halts), len(controls), adopt=adopt), yes=yes)
            if done:
                if shown.changed(_Shown.of(opened, meant, adopt=adopt)):
                    raise StartFault("the journal changed while you looked", hint="run resume again to see it")
                # What holds the bot back last: whatever ends this in between leaves it held back.
                dropped = opened.drop_anchors(now_ms()) if adopt else 0
                cleared = opened.clear_halts(now_ms()) if meant is None else 0
                ended = opened.end_controls(now_ms(), meant)
        if json:
            told = {"journal": str(path), "cleared": cleared, "halts": halts, "ended": ended, "controls": controls}
            settled = [record.intent.client_id for record in shown.settled()] if done else []
            more = {"dropped": dropped, "anchors": anchors, "settled": settled}
            typer.echo(json_.dumps(told | more, ensure_ascii=False))
        else:
            typer.echo(_told(cleared, ended, dropped, something=something, adopt=adopt))


def _anchor_facts(place: tuple[VenueName, Symbol], anchor: Anchor, now_ms: int) -> dict[str, Any]:
    venue, symbol = place
    return {
        "venue": venue,
        "symbol": symbol,
        "contracts": plain(anchor.contracts),
        "time_ms": anchor.at_ms,
        "age_s": age_s(anchor.at_ms, now_ms),
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


def _question(halts: int, controls: int, *, adopt: bool) -> str:
    what = f"Clear {halts}" + (f", end {controls}" if controls else "")
    if not adopt:
        return f"{what} and let the bot send orders again?"
    return f"{what}, and let the bot adopt whatever position is at the venue and send orders again?"


def _told(cleared: int, ended: int, dropped: int, *, something: bool, adopt: bool) -> str:
    over = f", {ended} ended" if ended else ""
    if not adopt:
        return f"{cleared} cleared{over}" if something else "nothing is halted, paused or unwound"
    if not something:
        return "nothing is halted, and no position is confirmed"
    return f"{cleared} cleared{over}, {dropped} confirmed position{'' if dropped == 1 else 's'} dropped"
