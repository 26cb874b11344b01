"""TOML and environment in, validated and frozen settings out."""

from bot.settings.exit_policy import exit_policies, exit_timing
from bot.settings.load import PAPER_SECRET, Settings, VenueSettings, load_settings
from bot.settings.options import RunOptions
from bot.settings.pair_policy import pair_policies, proof_timings
from bot.settings.policy import policies, wanted_feeds

__all__ = [
    "PAPER_SECRET",
    "RunOptions",
    "Settings",
    "VenueSettings",
    "exit_policies",
    "exit_timing",
    "load_settings",
    "pair_policies",
    "policies",
    "proof_timings",
    "wanted_feeds",
]
