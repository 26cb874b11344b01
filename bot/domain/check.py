"""What `hedgebot check` finds, line by line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CheckVerdict(StrEnum):
    """How one check went."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckLine:
    """One line of the preflight.

    Attributes:
        name: what was checked, such as `main: clock`.
        detail: what was found, with its numbers.
        hint: what to do about it; empty when there is nothing to do.
        mendable: a failure that the running bot bears, frozen or with a part of the hedge, until it is mended.
    """

    name: str
    verdict: CheckVerdict
    detail: str
    hint: str = ""
    mendable: bool = False
