"""`docs/settings.md`, generated from the models so that it can't fall behind them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from decimal import Decimal
from inspect import getdoc
from typing import Any, Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bot.domain.numbers import plain
from bot.settings.exit_model import (
    AverageTable,
    DrawdownTable,
    ExitCapsTable,
    ExitTable,
    PriceTable,
    ReenterTable,
    SignalsTable,
    VolatilityTable,
)
from bot.settings.explain import children, expected
from bot.settings.model import (
    BandTable,
    CapsTable,
    Defaults,
    Document,
    FallbackTable,
    FundingTable,
    HedgeTable,
    HoldingTable,
    JournalTable,
    LadderTable,
    ShortTable,
    VenueTable,
)
from bot.settings.pair_model import PairCapsTable, PairTable, PairVenueTable

_HEAD: Final = """\
# Settings

<!-- Generated from bot/settings/model.py by `python -m bot.settings.manual`. -->

One TOML file, and environment variables over it. Unknown keys are errors. Money and coins are strings or integers,
never TOML floats; durations are seconds and end in `_s`.

Every single value outside a list can be set from the environment: `HEDGEBOT_` and its place in capitals, parts joined
by two underscores, such as `HEDGEBOT_INTERVAL_S`, `HEDGEBOT_JOURNAL__PATH` or `HEDGEBOT_VENUES__MAIN__ENVIRONMENT`.
`HEDGEBOT_HEDGES` takes the whole list as JSON. A `HEDGEBOT_` variable that fits nothing is an error; one for a venue
that is not in the file is ignored with a warning; an empty one counts as not set.

Keys never stand in the settings file. For a venue `main` they come from `HEDGEBOT_VENUES__MAIN__API_KEY`, `__SECRET`
and, where an exchange has one, `__PASSWORD`; or from files, named by the same variables with `_FILE` at the end or by
`api_key_file`, `secret_file`, `password_file` in the venue's table. On paper nothing is needed.
"""
_TABLES: Final[tuple[tuple[str, type[BaseModel]], ...]] = (
    ("Top of the file", Document),
    ("`[journal]`", JournalTable),
    ("`[venues.NAME]`", VenueTable),
    ('`[[hedges]]`, `kind = "spot-perp"`', HedgeTable),
    ("`holdings`", HoldingTable),
    ("`short`", ShortTable),
    ("`fallback`", FallbackTable),
    ("At the top or on a hedge", Defaults),
    ("`band`", BandTable),
    ("`caps`", CapsTable),
    ("`funding`", FundingTable),
    ("`ladder`", LadderTable),
    ('`[[hedges]]`, `kind = "cross-exchange"`', PairTable),
    ("`venues` of a cross-exchange hedge", PairVenueTable),
    ("`caps` of a cross-exchange hedge", PairCapsTable),
    ('`[[hedges]]`, `kind = "stablecoin"`', ExitTable),
    ("`signals`", SignalsTable),
    ("`signals.drawdown`", DrawdownTable),
    ("`signals.volatility`", VolatilityTable),
    ("`signals.average`", AverageTable),
    ("`signals.price`", PriceTable),
    ("`reenter`", ReenterTable),
    ("`caps` of a stablecoin hedge", ExitCapsTable),
)


def manual() -> str:
    """The text of `docs/settings.md`."""
    return "\n".join([_HEAD, *(line for title, model in _TABLES for line in _section(title, model))])


def _section(title: str, model: type[BaseModel]) -> Iterator[str]:
    yield f"## {title}\n"
    if model is not Document:
        yield f"{getdoc(model)}\n"
    yield "| key | expected | default | meaning |"
    yield "|---|---|---|---|"
    for name, info in model.model_fields.items():
        if not issubclass(model, Defaults) or model is Defaults or name not in Defaults.model_fields:
            yield f"| `{name}` | {_expected(info)} | {_default(info)} | {info.description} |"
    yield ""


def _expected(info: FieldInfo) -> str:
    table, items = children(info)
    return "a table" if table else "tables" if items else expected(info)


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    value: Any = info.default
    match value:
        case None:
            return "none"
        case BaseModel():
            return "see below"
        case bool():
            return f"`{str(value).lower()}`"
        case Decimal():
            return f"`{plain(value)}`"
        case _:
            return f"`{value}`"


if __name__ == "__main__":
    sys.stdout.write(manual())
