"""TOML and environment in, validated and frozen settings out."""

from bot.settings.load import PAPER_SECRET, Settings, VenueSettings, load_settings
from bot.settings.options import RunOptions
from bot.settings.policy import policies, wanted_feeds

__all__ = ["PAPER_SECRET", "RunOptions", "Settings", "VenueSettings", "load_settings", "policies", "wanted_feeds"]
