"""The pages say what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.paper.faults import FaultKind

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
RULES = frozenset(re.findall(r"^\*\*(R\d+)\b", (ROOT / "docs/rules.md").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_rule_is_written_down() -> None:
    assert {f"R{number}" for number in range(1, 32)} == RULES


def test_every_rule_that_is_cited_exists() -> None:
    cited = {
        rule
        for folder in ("bot", "tests")
        for path in (ROOT / folder).rglob("*.py")
        for rule in re.findall(r"\bR(?:[1-9]|[12]\d|3\d)\b", path.read_text(encoding="utf-8"))
    }
    assert cited <= {f"R{number}" for number in range(1, 32)}


def test_every_fault_has_its_row() -> None:
    page = (ROOT / "docs/faults.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z0-9-]+)` \|", page, re.MULTILINE)[: len(FaultKind)] == [
        kind.value for kind in FaultKind
    ]
