"""How `make mutate` runs these tests: one failure is enough, so no search for the smallest example of it."""

from __future__ import annotations

from hypothesis import Phase, settings

settings.register_profile(
    "mutation", deadline=None, database=None, derandomize=True, phases=[Phase.explicit, Phase.generate]
)
