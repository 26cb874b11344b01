"""How long ago something was, for people."""

from __future__ import annotations


def age_s(since_ms: int, now_ms: int) -> float:
    """An age in seconds, as the commands' JSON tells it."""
    return round((now_ms - since_ms) / 1000, 3)


def age(seconds: float) -> str:
    """An age in the unit that suits it."""
    for limit, unit, length in ((120, "s", 1), (7200, "min", 60), (172_800, "h", 3600)):
        if seconds < limit:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds / 86_400:.0f} days"
