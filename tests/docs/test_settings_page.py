from __future__ import annotations

from pathlib import Path

from bot.settings.manual import manual

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def test_the_settings_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == manual(), "python -m bot.settings.manual > docs/settings.md"
