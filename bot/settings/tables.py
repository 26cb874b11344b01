"""What every table of a settings file has in common, and the kinds of hedges there are."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from bot.domain.trader import HedgeKind as Kind

__all__ = ["Kind", "Table"]


class Table(BaseModel):
    """A TOML table: frozen, and every key must be known."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
