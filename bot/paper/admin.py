"""The operator's interface to the paper world: loopback only, plain HTTP, JSON. No socket here.

Quantities, prices and rates are strings (or JSON integers); fractions as JSON numbers are refused, because their digits
are not exact. Seconds may be any JSON number.

- `GET /state`: `{"time_ms", "marks", "accounts"}`, see `bot.paper.state`.
- `POST /deposit {account, wallet, asset, amount}`: negative withdraws. Accounts are named `VENUE/KEY`.
- `POST /transfer {account, source, target, asset, amount}`: between wallets of one account.
- `POST /earn {account, product, asset, amount, notice_s?}`: subscribes from spot; negative redeems to spot, after the
  product's own notice or the one given.
- `POST /reward {account, product, asset, amount}`: an Earn reward, paid to spot.
- `POST /price {asset, price, venue?}`: spot, mark, index and books move together, at once, on every venue or on one.
- `POST /funding {asset, rate}`: settles now, every perpetual of the asset; a positive rate pays the shorts.
- `POST /status {venue, market, symbol, status}`: `TRADING`, `SUSPENDED` or `DELISTED`; market as in `/state`.
- `POST /fault {venue, path, method?, kind, count?, delay_s?}` and `POST /clear-faults`.

What is not understood or refused gets 400 `{"error"}`, and nothing has changed.
"""

from __future__ import annotations

import ipaddress
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeVar

from bot.domain.numbers import decimal_of
from bot.paper.engine.model import DELISTED, SUSPENDED, TRADING, MarketType, Refusal, listing_key
from bot.paper.faults import Fault, FaultKind
from bot.paper.state import state_of
from bot.paper.world import World

_ASSET: Final = re.compile(r"[A-Z0-9]{1,20}")
_LARGEST: Final = Decimal(10) ** 15
_NOTICE_MAX_S: Final = 366 * 86_400
_Option = TypeVar("_Option", bound=str)
_METHODS: Final = frozenset({"GET", "POST", "PUT", "DELETE", "PATCH"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the shell sends back, as JSON."""

    status: int
    body: bytes


class _Fraction(float):
    """A JSON number with a point or an exponent: good for seconds, not for money."""


class _Fields:
    """The named values of one command; each reader raises ValueError saying what was expected."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values

    def text(self, name: str) -> str:
        value = self._values.get(name)
        if not isinstance(value, str) or not value:
            raise ValueError(f"{name}: expected text, got {_shown(value)}")
        return value

    def choice(self, name: str, options: Iterable[_Option]) -> _Option:
        value = self._values.get(name)
        known = {str(option): option for option in options}
        if not isinstance(value, str) or value not in known:
            raise ValueError(f"{name}: expected one of {', '.join(known)}; got {_shown(value)}")
        return known[value]

    def asset(self) -> str:
        value = self.text("asset")
        if not _ASSET.fullmatch(value):
            raise ValueError(f'asset: expected a coin in capitals such as "BTC", got {_shown(value)}')
        return value

    def number(self, name: str) -> Decimal:
        value = self._values.get(name)
        try:
            number = decimal_of(value)
        except ValueError:
            raise ValueError(f'{name}: expected a number as a string such as "0.5", got {_shown(value)}') from None
        if abs(number) >= _LARGEST:
            raise ValueError(f"{name}: expected less than {_LARGEST:f}, got {_shown(value)}")
        return number

    def count(self) -> int:
        value = self._values.get("count", 1)
        if isinstance(value, str) and value.isascii() and value.isdigit():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"count: expected a whole number from 1, got {_shown(value)}")
        return value

    def notice(self) -> int | None:
        value = self._values.get("notice_s")
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _NOTICE_MAX_S:
            raise ValueError(f"notice_s: expected whole seconds from 0 to {_NOTICE_MAX_S}, got {_shown(value)}")
        return value

    def has(self, name: str) -> bool:
        return self._values.get(name) is not None

    def seconds(self, *, negative: bool) -> float:
        value = self._values.get("delay_s", 0)
        try:
            seconds = value if isinstance(value, _Fraction) else float(decimal_of(value))
        except (ValueError, OverflowError):
            raise ValueError(f"delay_s: expected seconds, got {_shown(value)}") from None
        if not math.isfinite(seconds) or abs(seconds) > 86_400 or (seconds < 0 and not negative):
            expected = "-86400 to 86400" if negative else "0 to 86400"
            raise ValueError(f"delay_s: expected seconds from {expected}, got {_shown(value)}")
        return seconds

    def method(self) -> str | None:
        value = self._values.get("method")
        if value is None:
            return None
        if not isinstance(value, str) or value.upper() not in _METHODS:
            raise ValueError(f"method: expected one of {', '.join(sorted(_METHODS))} or none, got {_shown(value)}")
        return value.upper()


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:60]}..."


def _deposit(world: World, fields: _Fields) -> None:
    venue, key = world.account(fields.text("account"))
    wallet = fields.choice("wallet", venue.exchange.layout.wallets)
    venue.exchange.deposit(key, wallet, fields.asset(), fields.number("amount"))


def _transfer(world: World, fields: _Fields) -> None:
    venue, key = world.account(fields.text("account"))
    source = fields.choice("source", venue.exchange.layout.wallets)
    target = fields.choice("target", venue.exchange.layout.wallets)
    if source == target:
        raise ValueError(f"target: expected another wallet than the source {source}")
    venue.exchange.transfer(key, source, target, fields.asset(), fields.number("amount"))


def _earn(world: World, fields: _Fields) -> None:
    venue, key = world.account(fields.text("account"))
    product = fields.choice("product", venue.exchange.layout.earn)
    asset, amount, notice_s = fields.asset(), fields.number("amount"), fields.notice()
    spot = venue.exchange.layout.spot
    if amount > 0:
        venue.exchange.earn_subscribe(key, product, asset, amount, wallet=spot)
    else:
        venue.exchange.earn_redeem(key, product, asset, -amount, notice_s, wallet=spot)


def _reward(world: World, fields: _Fields) -> None:
    venue, key = world.account(fields.text("account"))
    product = fields.choice("product", venue.exchange.layout.earn)
    spot = venue.exchange.layout.spot
    venue.exchange.pay_reward(key, product, fields.asset(), fields.number("amount"), wallet=spot)


def _price(world: World, fields: _Fields) -> None:
    venue = fields.choice("venue", world.venues) if fields.has("venue") else None
    world.set_price(fields.asset(), fields.number("price"), venue)


def _funding(world: World, fields: _Fields) -> None:
    rate = fields.number("rate")
    if abs(rate) >= 1:
        raise ValueError(f'rate: expected a fraction such as "0.0001", got {rate}')
    world.settle_funding(fields.asset(), rate)


def _status(world: World, fields: _Fields) -> None:
    exchange = world.venues[fields.choice("venue", world.venues)].exchange
    key = listing_key(fields.choice("market", MarketType), fields.text("symbol"))
    exchange.set_status(key, fields.choice("status", (TRADING, SUSPENDED, DELISTED)))


def _fault(world: World, fields: _Fields) -> None:
    kind = fields.choice("kind", FaultKind)
    path = fields.text("path")
    if not path.startswith("/") or "?" in path:
        raise ValueError(f'path: expected a path without query such as "/fapi/v1/order", got {_shown(path)}')
    fault = Fault(
        venue=fields.choice("venue", world.venues),
        path=path,
        kind=kind,
        method=fields.method(),
        count=fields.count(),
        delay_s=fields.seconds(negative=kind is FaultKind.CLOCK_SKEW),
    )
    world.faults.add(fault)


def _clear_faults(world: World, _: _Fields) -> None:
    world.faults.clear()


_COMMANDS: Final[Mapping[str, tuple[Callable[[World, _Fields], None], frozenset[str]]]] = {
    "/deposit": (_deposit, frozenset({"account", "wallet", "asset", "amount"})),
    "/transfer": (_transfer, frozenset({"account", "source", "target", "asset", "amount"})),
    "/earn": (_earn, frozenset({"account", "product", "asset", "amount", "notice_s"})),
    "/reward": (_reward, frozenset({"account", "product", "asset", "amount"})),
    "/price": (_price, frozenset({"asset", "price", "venue"})),
    "/funding": (_funding, frozenset({"asset", "rate"})),
    "/status": (_status, frozenset({"venue", "market", "symbol", "status"})),
    "/fault": (_fault, frozenset({"venue", "path", "method", "kind", "count", "delay_s"})),
    "/clear-faults": (_clear_faults, frozenset()),
}


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _parsed(body: bytes, known: frozenset[str]) -> _Fields:
    try:
        values = json.loads(body or b"{}", parse_float=_Fraction, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"body: expected a JSON object, got something else ({error})") from None
    if not isinstance(values, dict):
        raise ValueError(f"body: expected a JSON object, got {_shown(values)}")  # noqa: TRY004 - answered with 400
    if unknown := sorted(set(values) - known):
        expected = ", ".join(sorted(known)) or "no fields"
        raise ValueError(f"{', '.join(unknown)}: not known here; expected {expected}")
    return _Fields(values)


def _is_local(host: str | None) -> bool:
    """Whether a Host header names this machine; a rebound DNS name does not."""
    name = (host or "").rsplit(":", 1)[0] if not (host or "").endswith("]") else (host or "")
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _reply(status: int, content: Mapping[str, object]) -> Reply:
    return Reply(status=status, body=json.dumps(content).encode())


def handle(world: World, *, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
    """Answer one administrative request.

    Args:
        world: what is administered.
        method: upper case.
        path: without query.
        headers: names in any case. A web page never gets through: no `Origin`, and `Host` must be loopback.
        body: JSON.
    """
    named = {name.lower(): value for name, value in headers.items()}
    if "origin" in named or not _is_local(named.get("host")):
        return _reply(403, {"error": "the admin interface answers programs on this machine only, no web pages"})
    world.advance()
    if path == "/state":
        if method != "GET":
            return _reply(405, {"error": "/state: expected GET"})
        return _reply(200, state_of(world))
    if path not in _COMMANDS:
        return _reply(404, {"error": f"{path}: expected /state or one of {', '.join(_COMMANDS)}"})
    if method != "POST":
        return _reply(405, {"error": f"{path}: expected POST"})
    command, known = _COMMANDS[path]
    try:
        command(world, _parsed(body, known))
    except Refusal as refusal:
        return _reply(400, {"error": f"the exchange refused: {refusal}"})
    except ValueError as error:
        return _reply(400, {"error": str(error)})
    return _reply(200, {"ok": True})
