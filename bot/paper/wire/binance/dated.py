"""The quarterly futures that market lists show beside the perpetuals; they can be seen, not traded here."""

from __future__ import annotations

import calendar
import datetime as dt
from typing import Final

_QUARTER_MONTHS: Final = (3, 6, 9, 12)
_DELIVERY_HOUR: Final = 8
_LISTED_BEFORE_MS: Final = 180 * 86_400_000


def delivery_ms(now_ms: int) -> int:
    """When the running quarter's futures are delivered: the next last Friday of a quarter, 08:00 UTC."""
    now = dt.datetime.fromtimestamp(now_ms / 1000, tz=dt.UTC)
    dates = (_last_friday(year, month) for year in (now.year, now.year + 1) for month in _QUARTER_MONTHS)
    return int(next(date for date in dates if date > now).timestamp()) * 1000


def _last_friday(year: int, month: int) -> dt.datetime:
    weeks = calendar.monthcalendar(year, month)
    day = max(week[calendar.FRIDAY] for week in weeks)
    return dt.datetime(year, month, day, _DELIVERY_HOUR, tzinfo=dt.UTC)


def quarterly(perpetual: dict[str, object], pair: str, now_ms: int) -> dict[str, object]:
    """The `exchangeInfo` row of the current quarter's future, from the row of the perpetual of the same pair.

    Args:
        perpetual: the perpetual's row.
        pair: such as `BTCUSD`.
        now_ms: the venue's time.
    """
    status = "contractStatus" if "contractStatus" in perpetual else "status"
    due_ms = delivery_ms(now_ms)
    date = dt.datetime.fromtimestamp(due_ms / 1000, tz=dt.UTC)
    return perpetual | {
        "symbol": f"{pair}_{date:%y%m%d}",
        "pair": pair,
        "contractType": "CURRENT_QUARTER",
        status: "PENDING_TRADING",
        "deliveryDate": due_ms,
        "onboardDate": due_ms - _LISTED_BEFORE_MS,
    }
