"""Where settings become a running bot."""

from bot.app.assembly import Bot, assembled
from bot.app.commands import EXIT_HALTED, run_bot, run_check

__all__ = ["EXIT_HALTED", "Bot", "assembled", "run_bot", "run_check"]
