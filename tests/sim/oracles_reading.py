"""Oracles on what is asked, believed and said: O7, O9, O10 and O13."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final
from urllib.parse import quote, quote_plus

from bot import logs
from bot.domain.errors import BotError, InvariantBroken
from bot.paper.engine.layout import REDEEMING
from bot.paper.engine.model import MarketType
from bot.paper.faults import FaultKind
from tests.sim.oracles_base import Past, Watching, committed, our_ids, places_order
from tests.sim.oracles_orders import AGE_MAX_MS
from tests.sim.trace import Event, Job, Kind, Sent, Truth

_LINEAR: Final = MarketType.LINEAR
_INVERSE: Final = MarketType.INVERSE

_COINS: Final[Mapping[str, Mapping[str, str]]] = {
    "binance": {"coins": r"/api/v3/account", "funding": r"/sapi/v1/asset/get-funding-asset"},
    "okx": {"coins": r"/api/v5/account/balance", "funding": r"/api/v5/asset/balances"},
    "kucoin": {"coins": r"/api/v1/accounts"},
}
_EARN: Final[Mapping[str, str]] = {
    "binance": r"/sapi/v1/simple-earn/flexible/position",
    "okx": r"/api/v5/finance/savings/balance",
    "kucoin": r"/api/v1/earn/hold-assets",
}
_SHORT: Final[Mapping[tuple[str, MarketType], Mapping[str, str]]] = {
    ("binance", _LINEAR): {
        "position": r"/fapi/v3/positionRisk",
        "margin": r"/fapi/v3/account",
        "mark": r"/fapi/v1/premiumIndex",
    },
    ("binance", _INVERSE): {
        "position": r"/dapi/v1/positionRisk",
        "margin": r"/dapi/v1/account",
        "mark": r"/dapi/v1/premiumIndex",
    },
    ("okx", _LINEAR): {
        "position": r"/api/v5/account/positions",
        "margin": r"/api/v5/account/balance",
        "mark": r"/api/v5/public/mark-price",
    },
    ("okx", _INVERSE): {
        "position": r"/api/v5/account/positions",
        "margin": r"/api/v5/account/balance",
        "mark": r"/api/v5/public/mark-price",
    },
    ("kucoin", _LINEAR): {
        "position": r"/api/v1/positions?",
        "margin": r"/api/v1/account-overview",
        "mark": r"/api/v1/contracts/[^/]+|/api/v1/mark-price/.*",
    },
    ("kucoin", _INVERSE): {
        "position": r"/api/v1/positions?",
        "margin": r"/api/v1/account-overview",
        "mark": r"/api/v1/contracts/[^/]+|/api/v1/mark-price/.*",
    },
}


def needed(job: Job) -> Mapping[str, tuple[str, str]]:
    """What a decision rests on -> the exchange that tells it, and where."""
    short = {what: (job.exchange, path) for what, path in _SHORT[job.exchange, job.market].items()}
    coins = {what: (job.coins_exchange, path) for what, path in _COINS[job.coins_exchange].items()}
    earn = {"earn": (job.coins_exchange, _EARN[job.coins_exchange])} if REDEEMING in job.wallets else {}
    return short | coins | earn


_UNREADABLE: Final = frozenset({"html-200", "truncated", "malformed"})


class FreshReadings(Watching):
    """O7: no order that takes effect was decided on data older than allowed, or on a price that never was.

    A host that stood still may not know that time has passed; the validity of the signed request ends that, so it is
    added to the age.

    Args:
        age_max_ms: how old, from when the reading was asked for to when the order leaves.
        collar: how far an order's limit may be from every mark of that time, as a fraction.
    """

    name = "O7 fresh readings"

    def __init__(self, *, age_max_ms: int = AGE_MAX_MS, collar: Decimal = Decimal("0.03")) -> None:
        super().__init__()
        self._age_max_ms = age_max_ms
        self._collar = collar
        self._needed: Mapping[str, tuple[str, str]] | None = None
        self._read: dict[tuple[int, str], int] = {}
        self._marks = Past()

    def judge(self, event: Event, truth: Truth) -> None:
        """Keep what was read, and judge each order by it."""
        self._marks.note(event.at_ms, truth.mark)
        sent = event.sent
        if sent is None:
            return
        if event.kind is Kind.ANSWER and sent.status == 200 and sent.fault not in _UNREADABLE:
            self._keep(sent, truth)
        elif event.kind is Kind.REQUEST and places_order(sent) and any(change.order for change in event.changes):
            self._weigh(sent, truth)

    def _keep(self, sent: Sent, truth: Truth) -> None:
        for what, (exchange, path) in self._places(truth).items():
            if sent.exchange == exchange and re.fullmatch(path, sent.path):
                key = (sent.process, what)
                self._read[key] = max(self._read.get(key, 0), sent.at_ms)

    def _places(self, truth: Truth) -> Mapping[str, tuple[str, str]]:
        if self._needed is None:
            self._needed = needed(truth.job)
        return self._needed

    def _weigh(self, sent: Sent, truth: Truth) -> None:
        for client_id in our_ids(sent):
            record = committed(truth, client_id)
            if record is None or record.intent.request.symbol != truth.job.symbol:
                continue
            oldest_ms = sent.at_ms - self._age_max_ms - (record.intent.deadline_ms - record.intent.timestamp_ms)
            for what in self._places(truth):
                read_ms = self._read.get((sent.process, what))
                if read_ms is None or read_ms < oldest_ms:
                    age = "never" if read_ms is None else f"{sent.at_ms - read_ms} ms before"
                    self.fail(f"order {client_id} left, and the {what} was last read {age}")
            price = record.intent.request.price
            marks = self._marks.since(sent.at_ms - self._age_max_ms)
            if not any(abs(price / mark - 1) <= self._collar for mark in marks):
                self.fail(f"order {client_id} is limited at {price}, the mark was {', '.join(map(str, marks))}")


class WithinLimits(Watching):
    """O9: the venue never counts too many calls, and while it bans us nothing is asked.

    The venues' own counters judge: a 429 or 418 that no fault brought about means that a window was broken. What the
    network doubled fills the windows, too, and excuses one refusal each; a 503 of theirs says nothing here. Who calls
    too often leaves the path alone, who is banned everything, for as long as the answer says, or for a moment where it
    says nothing. A wall in front of a venue (403) names neither reason nor end: only what it stopped is left alone.
    """

    name = "O9 within limits"

    MOMENT_S: Final = 2.0
    """OKX counts in windows of two seconds, and says of none how long it lasts."""
    WINDOW_MS: Final[Mapping[str, int]] = {"binance": 60_000, "okx": 2_000, "kucoin": 30_000}
    """How long the venue counts a request."""

    def __init__(self) -> None:
        super().__init__()
        self._doubled_ms: dict[str, list[int]] = {name: [] for name in self.WINDOW_MS}
        self._banned: dict[tuple[int, str, str], tuple[int, int]] = {}

    def judge(self, event: Event, truth: Truth) -> None:
        """Judge each answer, and each request while a ban is on that its process was told of."""
        sent = event.sent
        if sent is None:
            return
        if event.kind is Kind.REQUEST:
            if sent.fault == FaultKind.DUPLICATE:
                self._doubled_ms[sent.exchange].append(event.at_ms)
            for what in (f"{sent.method} {sent.path}", _ANY):
                told_ms, until_ms = self._banned.get((sent.process, sent.exchange, what), (0, 0))
                if told_ms < sent.at_ms < until_ms:
                    self.fail(f"{sent.method} {sent.path} was asked {until_ms - sent.at_ms} ms before the ban's end")
        elif event.kind is Kind.ANSWER and event.word != "lost" and (sent.status in {418, 429} or _walled(sent)):
            if not sent.fault and not self._doubled(sent.exchange, event.at_ms):
                self.fail(f"{sent.method} {sent.path} was one call too many: {sent.status} {sent.code}")
            key = (sent.process, sent.exchange, _ANY if sent.status == 418 else f"{sent.method} {sent.path}")
            until_ms = event.at_ms + int((sent.retry_after_s or self.MOMENT_S) * 1000)
            self._banned[key] = max(self._banned.get(key, (0, 0)), (event.at_ms, until_ms), key=lambda ban: ban[1])

    def _doubled(self, exchange: str, now_ms: int) -> bool:
        """Whether a doubled request of the window has excused nothing yet; from now on it has."""
        recent = [at_ms for at_ms in self._doubled_ms[exchange] if now_ms - at_ms <= self.WINDOW_MS[exchange]]
        self._doubled_ms[exchange] = recent[1:]
        return bool(recent)


_ANY: Final = "*"


def _walled(sent: Sent) -> bool:
    """The wall turned the address away."""
    return sent.status == 403 and sent.fault == "banned"


class NoSecret(Watching):
    """O10: no secret, and no signature that was sent, is in any line a process wrote or in any byte of the journal.

    Args:
        secrets: keys, secrets and passwords.
    """

    name = "O10 no secret"

    _SIGNED: Final = re.compile(
        r"(?:signature|(?:OK-ACCESS|KC-API)-(?:SIGN|PASSPHRASE))[\"']?\s*[=:]\s*[\"']?([0-9A-Za-z+/=%]{20,})",
        re.IGNORECASE,
    )

    def __init__(self, *, secrets: Iterable[str]) -> None:
        super().__init__()
        self._forms = {form for secret in secrets for form in _forms(secret)}
        self._signatures: set[str] = set()
        self._read = 0

    def judge(self, event: Event, truth: Truth) -> None:
        """Look at what was written since the event before."""
        if event.sent is not None and event.kind is Kind.REQUEST:
            self._signatures.update(self._SIGNED.findall(f"{event.sent.query} {event.sent.body}"))
        for line in truth.output[self._read :]:
            self._look(line, "a line of output")
        self._read = len(truth.output)

    def finish(self, truth: Truth) -> None:
        """Look at the journal, with what SQLite keeps beside it."""
        for path in sorted(truth._journal_path.parent.glob(truth._journal_path.name + "*")):
            self._look(path.read_bytes().decode("latin-1"), path.name)

    def _look(self, text: str, where: str) -> None:
        for form in self._forms:
            if form in text:
                self.fail(f"a secret of {len(form)} characters stands in {where}")
        folded = text.lower()
        # Looking for these words first is a hundred times faster than the whole pattern.
        if "sign" in folded or "passphrase" in folded:
            for found in self._SIGNED.findall(text):
                self.fail(f"a signature of {len(found)} characters stands in {where}")
        for token in re.findall(r"[0-9a-f]{64}", text):
            if token in self._signatures:
                self.fail(f"the signature of a request stands in {where}")


class NoBug(Watching):
    """O13: nothing ends in an error of our own making, though the bot goes on after one and a supervisor restarts it.

    What a bot raises on purpose is a `BotError`; `InvariantBroken` among them says that the bot is wrong.
    """

    name = "O13 no bug"

    def __init__(self) -> None:
        super().__init__()
        self._read = 0

    def judge(self, event: Event, truth: Truth) -> None:
        """Judge failed turns, dead processes, and what asyncio says of tasks that nobody looked after."""
        if event.kind is Kind.ALARM and event.word == logs.TURN_FAILED and str(event.values.get("code")) not in _FAULTS:
            self.fail(f"a turn failed with {event.values.get('code')}: {event.values.get('reason')}")
        if event.kind is Kind.PROCESS and truth.lives[-1].bug:
            self.fail(f"process {truth.lives[-1].number} died of {truth.lives[-1].bug}: {truth.lives[-1].end}")
        for line in truth.output[self._read :]:
            if '"logger": "asyncio"' in line and '"level": "error"' in line:
                self.fail(f"asyncio says: {line}")
        self._read = len(truth.output)


def _kinds(error: type[BotError]) -> Iterator[str]:
    yield error.__name__
    for kind in error.__subclasses__():
        yield from _kinds(kind)


_FAULTS: Final = frozenset(_kinds(BotError)) - {InvariantBroken.__name__}


def _forms(secret: str) -> Iterator[str]:
    """A secret as it is, and as it is written on the wire."""
    raw = secret.encode()
    yield from (secret, quote(secret, safe=""), quote_plus(secret), raw.hex())
    yield from (base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode())
