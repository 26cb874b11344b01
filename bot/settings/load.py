"""From a TOML file and the environment to frozen settings, or to one error that names everything wrong."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

from pydantic import SecretStr, ValidationError

from bot.domain.control import StopMode
from bot.domain.environment import Environment
from bot.domain.errors import ConfigFault
from bot.domain.ids import VenueName
from bot.settings.environ import Environ, read_environ, variable_of
from bot.settings.exchanges import WITH_PASSPHRASE
from bot.settings.exit_model import ExitTable
from bot.settings.explain import explain
from bot.settings.model import Defaults, Document, HedgeTable
from bot.settings.pair_model import PairTable
from bot.settings.problems import SECRET_FIELDS, KeyPath, Problem, at, dotted, fault
from bot.settings.rules import broken_rules, warnings
from bot.settings.tables import Table

_TOKEN_MIN: Final = 16
PAPER_SECRET: Final = "paper"  # noqa: S105 - public: the built-in exchange's word for key, secret and password
_REQUIRED: Final = frozenset({"api_key", "secret"})


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueSettings:
    """One account, with its credentials."""

    name: VenueName
    exchange: str
    environment: Environment
    allow_withdraw_key: bool
    api_key: SecretStr
    secret: SecretStr
    password: SecretStr | None
    streams: bool
    dead_man_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a run needs to know; frozen.

    Attributes:
        paper: the whole run is on a paper exchange: asked for on the command line, or by `environment = "paper"`.
        interval_s: between two turns of the loop.
        journal: the journal's file.
        hedges: of `kind = "spot-perp"`, with the file's top-level defaults filled in.
        pairs: of `kind = "cross-exchange"`.
        exits: of `kind = "stablecoin"`.
        warnings: what a careful reader should know, but nothing that stops.
        on_stop: what a stop does with the hedges.
    """

    paper: bool
    interval_s: Decimal
    journal: Path
    venues: Mapping[VenueName, VenueSettings]
    hedges: tuple[HedgeTable, ...]
    warnings: tuple[str, ...]
    on_stop: StopMode = StopMode.KEEP
    pairs: tuple[PairTable, ...] = ()
    exits: tuple[ExitTable, ...] = ()

    def secrets(self) -> tuple[str, ...]:
        """Every value that must never be shown; the paper exchange's public word is none."""
        values = [
            value.get_secret_value()
            for venue in self.venues.values()
            for value in (venue.api_key, venue.secret, venue.password)
            if value is not None
        ]
        # An address may carry a token; short parts of it are words that must stay readable.
        parts = [
            part
            for hedge in self.hedges
            for holding in hedge.holdings
            for address in (holding.url, holding.rate_url)
            for part in re.split(r"[/?&=]", address or "")
            if len(part) >= _TOKEN_MIN and "." not in part
        ]
        return tuple(value for value in (*values, *parts) if value != PAPER_SECRET)


def load_settings(path: Path, environ: Mapping[str, str], *, paper: bool, keyless: bool = False) -> Settings:
    """Read, merge and judge.

    Args:
        path: the TOML file.
        environ: the process's variables; those that begin with `HEDGEBOT_` are ours.
        paper: `--paper` or `--paper-at` was given: no keys are needed.
        keyless: keys that are missing stay so, as empty texts: only what everybody may read is asked for.

    Raises:
        ConfigFault: anything is wrong; the message names all of it, and no secret.
    """
    raw = _read(path)
    refused = list(_keys_in(raw, ()))
    if refused:
        raise fault(path, refused)
    tables = raw.get("venues")
    env = read_environ(environ, tables if isinstance(tables, dict) else ())
    merged = _merge(raw, env.tree)
    worlds = [at(merged, ("venues", name, "environment")) for name in (tables if isinstance(tables, dict) else ())]
    on_paper = paper or Environment.PAPER in worlds
    problems = [*env.problems, *_fill_secrets(merged, paper=on_paper, keyless=keyless)]
    try:
        document = Document(**merged)
    except ValidationError as error:
        problems += explain(error, merged, env)
        raise fault(path, problems) from None
    problems += [*broken_rules(document, paper=paper), *_same_account(document)]
    if problems:
        raise fault(path, problems)
    return _settings(document, env, paper=on_paper, keyless=keyless)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigFault(
            f"{path}: there is no such settings file", hint="give the path of a TOML file with --config"
        ) from None
    except OSError as error:
        raise ConfigFault(
            f"{path}: the settings file can't be read: {error.strerror}",
            hint="give the path of a TOML file with --config",
        ) from None
    except UnicodeDecodeError:
        raise ConfigFault(f"{path}: expected UTF-8 text", hint="save the file as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigFault(f"{path}: this is not TOML: {error}", hint="correct the line named") from None


def _keys_in(tree: object, under: KeyPath) -> Iterator[Problem]:
    """Credentials that stand in the file itself."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            path = (*under, name)
            if name in SECRET_FIELDS:
                variable = variable_of(path if path[0] == "venues" else ("venues", "main", name))
                yield Problem(
                    key=dotted(path),
                    text="a key stands in the settings file, expected it in the environment or in a file of its own",
                    hint=f"remove it, replace the key at the exchange, and set {variable} or {variable}_FILE",
                )
            else:
                yield from _keys_in(value, path)
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from _keys_in(value, (*under, index))


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for name, value in above.items():
        old = merged.get(name, {})
        if not isinstance(value, dict):
            merged[name] = value
        elif isinstance(old, dict):
            merged[name] = _merge(old, value)
        # Else the file has no table where one belongs: left as it is, to be found wrong.
    return merged


def _fill_secrets(merged: Mapping[str, Any], *, paper: bool, keyless: bool) -> Iterator[Problem]:
    """Put the credentials into the venues' tables, from their files or, on paper, from what is public."""
    venues = merged.get("venues")
    seen: set[object] = set()
    for name, table in venues.items() if isinstance(venues, dict) else ():
        if not isinstance(table, dict):
            continue
        required = _REQUIRED | ({"password"} if table.get("exchange") in WITH_PASSPHRASE else frozenset())
        for field in SECRET_FIELDS:
            variable = variable_of(("venues", name, field))
            source = table.get(f"{field}_file")
            if source is not None and field in table:
                yield Problem(
                    key=f"venues.{name}.{field}",
                    text="given both as a value and as a file, expected one of them",
                    hint=f"unset {variable}, or remove {field}_file and {variable}_FILE",
                )
            elif isinstance(source, str):
                yield from _secret_from_file(table, name, field, source)
            elif field not in table and paper:
                # Two accounts of one exchange are two accounts on paper, too.
                first = table.get("exchange") not in seen or field != "api_key"
                table[field] = PAPER_SECRET if first else f"{PAPER_SECRET}-{name}"
            elif field not in table and field in required and not keyless:
                yield Problem(
                    key=f"venues.{name}.{field}",
                    text=f"is missing, expected it in the environment variable {variable}",
                    hint=f"set {variable}, or {variable}_FILE with the path of a file; or try it without keys: --paper",
                )
        seen.add(table.get("exchange"))


def _secret_from_file(table: dict[str, Any], venue: str, field: str, source: str) -> Iterator[Problem]:
    reason = "the file is empty"
    try:
        content = Path(source).read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        content, reason = "", f"the file can't be read: {error.strerror}"
    except ValueError:
        content, reason = "", "the file holds no text"
    if content:
        table[field] = content
    else:
        # The path itself is not shown: somebody may have put the key there.
        yield Problem(
            key=f"venues.{venue}.{field}_file",
            text=f"{reason}, expected a file that holds the {field}",
            hint="correct the path or the file's permissions",
        )


def _same_account(document: Document) -> Iterator[Problem]:
    """One account under two names: every coin in it would count twice."""
    seen: dict[tuple[str, str], str] = {}
    for name, table in document.venues.items():
        if table.api_key is None:
            continue  # without a key no coin of it is counted
        key = (table.exchange, table.api_key.get_secret_value())
        if key in seen:
            yield Problem(
                key=f"venues.{name}.api_key",
                text=f"it is the key of venues.{seen[key]} too, expected one venue for each account",
                hint=f"use venues.{seen[key]} in both places, or give the other account's key",
            )
        seen[key] = name


def _settings(document: Document, env: Environ, *, paper: bool, keyless: bool) -> Settings:
    venues = {}
    none = SecretStr("")
    for name, table in document.venues.items():
        if not keyless and (table.api_key is None or table.secret is None):
            raise AssertionError(f"venue {name} passed without credentials")
        venues[VenueName(name)] = VenueSettings(
            name=VenueName(name),
            exchange=table.exchange,
            environment=table.environment,
            allow_withdraw_key=table.allow_withdraw_key,
            api_key=table.api_key or none,
            secret=table.secret or none,
            password=table.password,
            streams=table.streams,
            dead_man_s=table.dead_man_s,
        )
    return Settings(
        paper=paper,
        interval_s=document.interval_s,
        journal=Path(document.journal.path),
        venues=MappingProxyType(venues),
        hedges=tuple(_inherit(hedge, document) for hedge in document.hedges if isinstance(hedge, HedgeTable)),
        warnings=(*env.warnings, *warnings(document)),
        on_stop=document.on_stop,
        pairs=tuple(_with_proofs(hedge, document) for hedge in document.hedges if isinstance(hedge, PairTable)),
        exits=tuple(_with_proofs(hedge, document) for hedge in document.hedges if isinstance(hedge, ExitTable)),
    )


def _inherit(own: HedgeTable, top: Document) -> HedgeTable:
    """Fill in what the hedge does not say from the top of the file."""
    filled = {name: _over(own, top, name) for name in Defaults.model_fields}
    return own.model_copy(update=filled)


Own = TypeVar("Own", PairTable, ExitTable)


def _with_proofs(own: Own, top: Document) -> Own:
    """How an order's absence is proven is said once for all hedges; all else of the top is about shorts."""
    return own.model_copy(update={name: _over(own, top, name) for name in ("proof_grace_s", "proof_spacing_s")})


def _over(own: Table, top: Table | Document, name: str) -> object:
    mine, theirs = getattr(own, name), getattr(top, name)
    if name not in own.model_fields_set:
        return theirs
    if isinstance(mine, Table) and isinstance(theirs, Table):
        return mine.model_copy(update={part: _over(mine, theirs, part) for part in type(mine).model_fields})
    return mine
