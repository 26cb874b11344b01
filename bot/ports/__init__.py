"""What the runtime needs from the outside, as Protocols; `bot.app` plugs the concrete parts in."""

from bot.ports.exits import ExitJournal
from bot.ports.index import Index
from bot.ports.journal import REDUCTIONS, DecisionRow, Halt, Journal
from bot.ports.ladder import LadderJournal
from bot.ports.pairs import PairJournal
from bot.ports.traders import Trader, TraderJournal
from bot.ports.venue import Alerts, Clock, FeedReading, Feeds, HintSource, KeyScope, OrderTicket, Treasury, Venue

__all__ = [
    "REDUCTIONS",
    "Alerts",
    "Clock",
    "DecisionRow",
    "ExitJournal",
    "FeedReading",
    "Feeds",
    "Halt",
    "HintSource",
    "Index",
    "Journal",
    "KeyScope",
    "LadderJournal",
    "OrderTicket",
    "PairJournal",
    "Trader",
    "TraderJournal",
    "Treasury",
    "Venue",
]
