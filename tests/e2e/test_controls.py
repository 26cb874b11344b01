"""`pause`, `unwind` and `resume` beside the running daemon, and a stop that flattens: over the real command and TLS."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal as D

from tests.e2e.harness import Home, eventually, throughout
from tests.e2e.venues import verdict


def hedged(home: Home, short: str) -> Callable[[], bool]:
    return lambda: home.paper.short() == D(short)


def said(home: Home, *words: str) -> dict[str, object]:
    done = home.command(*words, "--journal", str(home.journal), "--json")
    assert done.returncode == 0, done.stderr
    told: dict[str, object] = json.loads(done.stdout)
    return told


def test_a_person_pauses_unwinds_and_resumes_beside_the_running_bot(home: Home) -> None:
    bot = home.daemon("--live")
    eventually("hedged", hedged(home, "1"))
    assert said(home, "pause", "--reason", "travelling")["paused"] is True
    eventually("it obeys", lambda: verdict(home) == "paused")
    home.paper.deposit("0.5")
    throughout("nothing is sent", hedged(home, "1"), for_s=4)

    told = said(home, "unwind", "--yes")
    assert (told["unwinding"], told["running"]) == (True, True)
    eventually("closed", hedged(home, "0"))
    assert home.paper.orders()[-1]["reduce_only"]
    assert home.stop(bot) == 0

    again = home.daemon("--live", "--on-stop", "flatten")
    eventually("it knows", lambda: verdict(home) == "unwound")
    throughout("it stays closed over a restart", hedged(home, "0"), for_s=3)
    assert said(home, "resume", "--yes")["ended"] == 2
    eventually("hedged again", hedged(home, "1.5"))
    assert home.stop(again) == 0
    assert home.paper.short() == 0, "this stop flattens"
    assert len(home.paper.orders()) == 4
