"""Where settings become a running bot."""

from bot.app.assembly import Bot, assembled
from bot.app.commands import EXIT_HALTED, run_bot, run_check
from bot.app.quote import EXCHANGES, QuoteOptions, run_quote

__all__ = ["EXCHANGES", "EXIT_HALTED", "Bot", "QuoteOptions", "assembled", "run_bot", "run_check", "run_quote"]
