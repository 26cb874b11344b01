"""Tells when a hedge goes on without a decision, or with a gap that nothing closes: a person must know (O12)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bot.domain.numbers import ZERO
from bot.domain.plan import HedgeView, Plan, Verdict

STUCK_MS: Final = 20_000
"""How long either may last; with the turn's own pace and duration a person is told within 30 s."""
_PUT_OFF: Final = frozenset({Verdict.CONFIRMING, Verdict.WAITING})


class Stuck:
    """One for each hedge; a restart begins anew.

    Args:
        dwell_s: how long a surplus must last before it is acted on (R11); a person is told only after that.
    """

    def __init__(self, dwell_s: Decimal) -> None:
        self._surplus_ms = STUCK_MS + int(dwell_s * 1000)
        self._put_off_since_ms: int | None = None
        self._open: tuple[int, bool] | None = None  # since when, and whether too little is hedged

    def told(self, plan: Plan, now_ms: int, *, filled: bool) -> str:
        """Take in one turn's plan. Returns what a person must know, or nothing.

        Args:
            plan: as it came out.
            now_ms: our clock.
            filled: an order of ours filled in this turn: the gap is being closed.
        """
        put_off, gap = self._put_off(plan, now_ms), self._gap(plan, now_ms, filled=filled)
        return put_off or gap

    def _put_off(self, plan: Plan, now_ms: int) -> str:
        if plan.verdict not in _PUT_OFF:
            self._put_off_since_ms = None
            return ""
        if self._put_off_since_ms is None:
            self._put_off_since_ms = now_ms
        lasted_ms = now_ms - self._put_off_since_ms
        return f"put off for {lasted_ms // 1000} s" if lasted_ms >= STUCK_MS else ""

    def _gap(self, plan: Plan, now_ms: int, *, filled: bool) -> str:
        under = _outside(plan.view)
        # What is too small for the venue by itself is nobody's fault, and nothing can be done about it.
        helpless = plan.verdict is Verdict.TOO_SMALL and not plan.alarm
        if under is None or filled or helpless:
            self._open = None
            return ""
        if self._open is None or self._open[1] is not under:
            self._open = now_ms, under
        lasted_ms = now_ms - self._open[0]
        if lasted_ms < (STUCK_MS if under else self._surplus_ms):
            return ""
        return f"{'under' if under else 'over'}-hedged for {lasted_ms // 1000} s"


def _outside(view: HedgeView) -> bool | None:
    """Whether the gap asks for an order that sells (True) or buys (False); None when it does not, or is unknown."""
    if view.gap is None or view.gap_notional is None or view.band_notional is None:
        return None
    closes_all = view.target is not None and view.target <= 0
    if view.gap == 0 or (not closes_all and abs(view.gap_notional) < view.band_notional):
        return None
    return view.gap > ZERO
