"""D: the disk, secrets, and what would lead the bot astray (cases 59 to 62, 64)."""

from __future__ import annotations

import io
import sqlite3
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import pytest
from ccxt.async_support.binance import binance as Binance  # noqa: N812 - a class

from bot import logs
from bot.domain.errors import ConfigFault, JournalFault
from bot.domain.intent import Intent, IntentRecord
from bot.journal.store import SqlJournal
from bot.ports import KeyScope
from bot.settings import load as settings_load
from bot.settings import load_settings
from bot.settings import model as settings_model
from bot.venue import client as venue_client
from bot.venue import errors as venue_errors
from bot.venue.client import Exact
from bot.venue.gateway import CcxtVenue
from tests.catalogue import mutants
from tests.catalogue.case import case
from tests.catalogue.places import EVERYWHERE
from tests.catalogue.tale import Tale
from tests.catalogue.wire import instead
from tests.sim.doors import Process
from tests.sim.stage import default_settings


def sends_unwritten(patch: pytest.MonkeyPatch) -> None:
    """sends an order although it could not be written down"""
    arm, update = SqlJournal.arm, SqlJournal.update

    def armed(journal: SqlJournal, intent: Intent, **given: Any) -> IntentRecord:  # noqa: ANN401 - passed on
        try:
            return arm(journal, intent, **given)
        except JournalFault:
            return mutants.unwritten(intent)

    def updated(journal: SqlJournal, record: IntentRecord) -> None:
        try:
            update(journal, record)
        except JournalFault:
            return

    patch.setattr(SqlJournal, "arm", armed)
    patch.setattr(SqlJournal, "update", updated)


@case(59, mutant=sends_unwritten, shows="sent without being written down", on=EVERYWHERE)
async def test_f59_disk_full(tale: Tale) -> None:
    """The disk is full for two minutes, just when an intent is to be committed.

    What can't be made durable is not sent; a person is told, and the hedge is closed when there is room again.
    """
    full: list[bool] = []

    def write(_process: Process, name: str) -> None:
        if full and name == "commit arm: before":
            raise JournalFault("the journal can't be written: database or disk is full")

    tale.set_stage(point=write)
    await tale.hedged()
    full.append(True)
    began_ms = tale.now_ms
    tale.deposit("0.5")
    await tale.run(120)
    assert len(tale.orders) == 1, "an order was sent without being written down"
    assert tale.alarmed(began_ms), "nobody was told"
    full.clear()
    assert await tale.balanced("1.5", within_s=30), "not hedged once there was room"
    tale.never_doubled("1.5")


SECRET_KEY = "paper-7Qv9xT2mKc4LpZr8"


def redacts_nothing(patch: pytest.MonkeyPatch) -> None:
    """writes down what it is told, word for word"""
    patch.setattr(logs, "redact", lambda text: text)
    patch.setattr(venue_errors, "redact", lambda text: text)
    patch.setattr(logs._Redactor, "redact", lambda _redactor, text: text)


@case(60, mutant=redacts_nothing, shows="leaked")
async def test_f60_secret_in_an_answer(tale: Tale) -> None:
    """The venue repeats the key, and the whole request with its signature, in its errors.

    Secrets are replaced by value wherever they turn up: log, journal, plans, alarms.
    """
    key_file = tale.folder / "key"
    key_file.write_text(SECRET_KEY, encoding="utf-8")
    settings = default_settings("binance").replace(
        'environment = "paper"', f'environment = "paper"\napi_key_file = "{key_file}"'
    )
    echo = f"https://fapi.binance.com/fapi/v1/order?apiKey={SECRET_KEY}&signature=0123456789abcdef0123"
    seen = io.StringIO()
    with redirect_stderr(seen):
        tale.set_stage(settings=settings)
        logs.configure(json=True, now_ms=tale.stage.clock.now_ms)
        tale.lay(
            instead(
                [tale.place.order],
                400,
                {"code": -2019, "msg": f"Refused to {SECRET_KEY}: {echo}"},
                method="POST",
                times=2,
            )
        )
        tale.lay(
            instead(
                [tale.place.positions[0]], 400, {"code": -1102, "msg": f"Not read by {SECRET_KEY}: {echo}"}, times=2
            )
        )
        await tale.begin()
        await tale.run(60)
    text = seen.getvalue() + tale.told + repr(tale.alarms) + repr(tale.stage.plans)
    for table in _texts(tale.stage.journal_path):
        text += table
    assert "fapi" in text or "Refused" in text
    assert SECRET_KEY not in text, "the key leaked"
    assert "0123456789abcdef0123" not in text, "a signature leaked"
    assert "Refused" in text, "nothing was said of the refusal"


def _texts(journal: Path) -> list[str]:
    with sqlite3.connect(f"file:{journal}?mode=ro", uri=True) as connection:
        return list(connection.iterdump())


def follows_ccxt_anywhere(patch: pytest.MonkeyPatch) -> None:
    """goes where ccxt sends it"""

    async def fetch(client: Any, url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:  # noqa: ANN401
        return await super(Exact, client).fetch(url, method, headers, body)

    patch.setattr(Exact, "fetch", fetch)
    patch.setattr(venue_client, "check_client", lambda *_: None)


EVIL = "api.greentreeone.com"


@case(61, mutant=follows_ccxt_anywhere, shows="went to another host")
async def test_f61_tampered_dependency(tale: Tale) -> None:
    """A tampered ccxt signs requests for another host, which would get the key and the orders.

    Each request is held to the hosts of its environment before it leaves, and so are all addresses at the start.
    """
    sign = Binance.sign

    def led_astray(client: Any, path: str, api: Any = "public", *rest: Any) -> Any:  # noqa: ANN401 - ccxt's own
        signed = sign(client, path, api, *rest)
        return {**signed, "url": signed["url"].replace("fapi.binance.com", EVIL)}

    tale.patch.setattr(Binance, "sign", led_astray)
    await tale.begin()
    await tale.run(30)
    strangers = {request.host for request in tale.wire.seen if not request.host.endswith("binance.com")}
    assert not strangers, f"a request went to another host: {strangers}"
    assert any(EVIL in why for why in tale.stage.starts_failed), tale.stage.starts_failed


@case(61, mutant=follows_ccxt_anywhere, shows="went to another host")
async def test_f61_tampered_addresses(tale: Tale) -> None:
    """A tampered ccxt describes itself with another host.

    All addresses of a client are compared with the environment's own hosts before anything is sent.
    """
    describe = Binance.describe

    def described(client: Any) -> Any:  # noqa: ANN401 - ccxt's own
        told: Any = describe(client)
        api = {key: address.replace("fapi.binance.com", EVIL) for key, address in _strings(told["urls"]["api"])}
        return {**told, "urls": {**told["urls"], "api": {**told["urls"]["api"], **api}}}

    tale.patch.setattr(Binance, "describe", described)
    await tale.begin()
    await tale.run(30)
    strangers = {request.host for request in tale.wire.seen if not request.host.endswith("binance.com")}
    assert not strangers, f"a request went to another host: {strangers}"
    assert not tale.wire.seen, "something was sent before the addresses were compared"


def _strings(node: dict[str, Any]) -> list[tuple[str, str]]:
    return [(key, value) for key, value in node.items() if isinstance(value, str)]


def takes_any_key(patch: pytest.MonkeyPatch) -> None:
    """passes over keys of the settings that it does not know"""

    def lenient(*, venues: Any, **rest: Any) -> Any:  # noqa: ANN401 - what was merged
        known = settings_model.VenueTable.model_fields.keys()
        kept = {name: {key: value for key, value in table.items() if key in known} for name, table in venues.items()}
        return settings_model.Document(venues=kept, **rest)

    patch.setattr(settings_load, "Document", lenient)


@case(62, mutant=takes_any_key, shows="was passed over")
async def test_f62_addresses_in_the_settings(tale: Tale) -> None:
    """A settings file names another host, a proxy or another address for the exchange.

    There is no such setting: each is an error that names it, and nothing is started.
    """
    told: dict[str, str] = {}
    for line in (
        'hostname = "evil.example"',
        'urls = {api = "https://evil.example"}',
        'proxy = "http://169.254.169.254"',
        'httpsProxy = "http://169.254.169.254"',
    ):
        path = tale.folder / "hedgebot.toml"
        text = default_settings("binance").replace("streams     = false", f"streams = false\n{line}")
        path.write_text(text.replace("{journal}", str(tale.folder / "journal.db")), encoding="utf-8")
        try:
            load_settings(path, {}, paper=True)
            told[line] = "nothing"
        except ConfigFault as fault:
            told[line] = fault.message
    passed_over = {line for line, said in told.items() if line.partition(" ")[0] not in said}
    assert not passed_over, f"an address was passed over: {passed_over}"


def ignores_rights(patch: pytest.MonkeyPatch) -> None:
    """takes any key that can trade"""

    async def key_scope(_venue: CcxtVenue) -> KeyScope:
        return KeyScope(trade=True, withdraw=False, ip_restricted=True)

    patch.setattr(CcxtVenue, "key_scope", key_scope)


@case(64, mutant=ignores_rights, shows="traded with a key that may withdraw", on=EVERYWHERE)
async def test_f64_key_that_may_withdraw(tale: Tale) -> None:
    """The key may withdraw.

    A start with it is refused before the first order, unless the settings allow it by name.
    """
    key_file = tale.folder / "key"
    key_file.write_text("paper-withdraw", encoding="utf-8")
    settings = default_settings(tale.place.exchange).replace(
        'environment = "paper"', f'environment = "paper"\napi_key_file = "{key_file}"'
    )
    await tale.begin(settings=settings)
    await tale.run(60)
    assert not tale.wire.sent(tale.place.order), "traded with a key that may withdraw"
    assert any("may withdraw" in why for why in tale.stage.starts_failed)
