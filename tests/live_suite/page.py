"""Writes `docs/live-suite.md` from the committed lists.

Usage: `python -m tests.live_suite.page`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tests.live_suite.suite import CASES, HERE, expected, read_json

PAGE: Final = HERE.parents[1] / "docs" / "live-suite.md"
_HEAD: Final = """# ccxt's own live test suite

ccxt ships the tests that its maintainers run against real exchanges. Here they run against the paper exchange over TLS,
under the exchanges' own addresses: `tests/live_suite` lays ccxt out outside of `site-packages`, gives it keys, and
sends every connection to a served paper world. Public, private and order-placing methods over REST are part of
`make test`, WebSocket methods of `make torture`.

The suite ends well even when tests fail, and leaves private tests out in silence when keys are missing. So a run passes
when it reports no failure, no warning, and exactly the methods listed here as done.

- `python -m tests.live_suite.record [--streams] [EXCHANGE [SYMBOL]]` runs it, writes the lists
  (`tests/live_suite/methods`) and this page; with `--show` it shows what the suite says and writes nothing.
- `python -m tests.live_suite.page` writes this page alone, after a change of `tests/live_suite/skips`.

Its order test cannot run in ccxt's Python as it was translated; `tests/live_suite/mending.py` says what is mended, and
nothing else is touched.

## What is left out, and why

`*`: for every symbol. A method with members in parentheses is tested but for those members. Methods that ccxt does not
have for an exchange, or that the suite has no test for, are not listed.

| exchange | symbol | method | why |
|---|---|---|---|
"""


def text() -> str:
    """The page."""
    return _HEAD + "".join(_skipped()) + "\n## What is tested\n\n" + "\n".join(_tested()) + "\n"


def _skipped() -> Iterator[str]:
    for exchange in dict.fromkeys(exchange for exchange, _ in CASES):
        for symbol, skips in read_json("skips", exchange).items():
            for method, why in skips.items():
                members: dict[str, list[str]] = {}
                for member, reason in why.items() if isinstance(why, dict) else ():
                    members.setdefault(reason, []).append(f"`{member}`")
                rows = {reason: f"`{method}` ({', '.join(names)})" for reason, names in members.items()}
                for reason, what in rows.items() if members else [(why, f"`{method}`")]:
                    yield f"| {exchange} | {symbol} | {what} | {reason} |\n"


def _tested() -> Iterator[str]:
    for exchange, symbol in CASES:
        lists = expected(exchange, symbol)
        yield f"**{exchange}, {symbol}**"
        for kind, title in (("rest", "REST"), ("streams", "WebSocket")):
            yield f"- {title}: {', '.join(lists.get(kind, [])) or 'nothing'}"
        yield ""


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
