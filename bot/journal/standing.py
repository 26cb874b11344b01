"""What stands until a person ends it: halts that the bot set, controls that a person gave."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.control import Control
from bot.domain.ids import HedgeName
from bot.journal import rows
from bot.journal import statements as sql
from bot.journal.database import Database
from bot.ports import Halt


class Standing:
    """The part of the journal that is read before anything is sent."""

    _database: Database

    def halt(self, halt: Halt) -> None:
        """Keep a halt, unless the same one is open."""
        with self._database.writing() as connection:
            connection.execute(sql.KEEP_HALT, rows.halt_row(halt))

    def halts(self) -> Sequence[Halt]:
        """Halts that nobody has cleared, oldest first."""
        return self._database.kept(sql.OPEN_HALTS, rows.halt_of)

    def clear_halts(self, now_ms: int) -> int:
        """Clear all halts; returns how many there were."""
        with self._database.writing() as connection:
            return connection.execute(sql.CLEAR_HALTS, {"cleared_ms": now_ms}).rowcount

    def halts_cleared_ms(self) -> int:
        """When halts were cleared last; 0 when none ever was."""
        return self._database.rows(sql.HALTS_CLEARED, lambda row: int(row["cleared_ms"] or 0))[0]

    def control(self, control: Control) -> None:
        """Keep a control as the newest; the same one of before ends."""
        row = rows.control_row(control)
        with self._database.writing() as connection:
            replaced = {"of": row["hedge"], "as": row["kind"], "ended_ms": control.since_ms}
            connection.execute(sql.REPLACE_CONTROL, replaced)
            connection.execute(sql.KEEP_CONTROL, row)

    def controls(self) -> Sequence[Control]:
        """Controls that nobody has ended, oldest first."""
        return self._database.kept(sql.STANDING_CONTROLS, rows.control_of)

    def end_controls(self, now_ms: int, hedge: HedgeName | None = None) -> int:
        """End all, or those of one hedge alone; returns how many there were."""
        with self._database.writing() as connection:
            if hedge is None:
                return connection.execute(sql.END_CONTROLS, {"ended_ms": now_ms}).rowcount
            return connection.execute(sql.END_CONTROLS_OF, {"ended_ms": now_ms, "of": hedge}).rowcount
