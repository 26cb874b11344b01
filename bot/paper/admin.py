"""The operator's interface to the paper world: loopback only, plain HTTP, JSON. No socket here.

Quantities, prices and rates are strings (or JSON integers); fractions as JSON numbers are refused, because their digits
are not exact. Seconds may be any JSON number.

- `GET /state`: `{"time_ms", "marks", "accounts", "faults"}`, see `bot.paper.state`.
- `POST /deposit {account, wallet, asset, amount}`: negative withdraws. Accounts are named `VENUE/KEY`.
- `POST /transfer {account, source, target, asset, amount}`: between wallets of one account.
- `POST /earn {account, product, asset, amount, notice_s?}`: subscribes from spot; negative redeems to spot, after the
  product's own notice or the one given.
- `POST /reward {account, product, asset, amount}`: an Earn reward, paid to spot.
- `POST /price {asset, price, venue?}`: spot, mark, index and books move together, at once, on every venue or on one;
  in US dollars, so that the price of a quote currency moves what is quoted in it.
- `POST /funding {asset, rate}`: settles now, every perpetual of the asset; a positive rate pays the shorts.
- `POST /fee {account | venue, rate}`: what takers pay on spot, as a fraction; makers pay no more.
- `POST /status {venue, market, symbol, status}`: `TRADING`, `SUSPENDED`, `SETTLING` or `DELISTED`; market as in
  `/state`.
- `POST /depth {venue, market, symbol, quantity}`: how much the first level of the market's book holds.
- `POST /event {venue, account, symbol, kind: adl, quantity?, price?}`: closes a position or a part, at the mark or at
  the price; `{venue, account, symbol, kind: liquidation}`; `{venue, symbol, kind: settlement}`: closes every position
  of the contract and delists it.
- `POST /fault {venue, path, method?, kind, count?, delay_s?, for_s?}`, for `mangle` also `{field, value?, factor?,
  where?}`; `POST /stream-fault {venue, kind, path?, channel?, count?, for_s?}`; and `POST /clear-faults` for both.

What is not understood or refused gets 400 `{"error"}`, and nothing has changed.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from bot.paper.admin_fields import Fields, parsed, shown
from bot.paper.engine.model import DELISTED, SETTLING, SUSPENDED, TRADING, ForcedCause, MarketType, Refusal, listing_key
from bot.paper.faults import ANY_PATH, Fault, FaultKind
from bot.paper.mangling import Edit
from bot.paper.state import state_of
from bot.paper.stream_faults import StreamFault, StreamFaultKind
from bot.paper.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the shell sends back, as JSON."""

    status: int
    body: bytes


def _deposit(world: World, fields: Fields) -> None:
    venue, key = world.account(fields.text("account"))
    wallet = fields.choice("wallet", venue.exchange.layout.wallets)
    venue.exchange.deposit(key, wallet, fields.asset(), fields.number("amount"))


def _transfer(world: World, fields: Fields) -> None:
    venue, key = world.account(fields.text("account"))
    source = fields.choice("source", venue.exchange.layout.wallets)
    target = fields.choice("target", venue.exchange.layout.wallets)
    if source == target:
        raise ValueError(f"target: expected another wallet than the source {source}")
    venue.exchange.transfer(key, source, target, fields.asset(), fields.number("amount"))


def _earn(world: World, fields: Fields) -> None:
    venue, key = world.account(fields.text("account"))
    product = fields.choice("product", venue.exchange.layout.earn)
    asset, amount, notice_s = fields.asset(), fields.number("amount"), fields.notice()
    spot = venue.exchange.layout.spot
    if amount > 0:
        venue.exchange.earn_subscribe(key, product, asset, amount, wallet=spot)
    else:
        venue.exchange.earn_redeem(key, product, asset, -amount, notice_s, wallet=spot)


def _reward(world: World, fields: Fields) -> None:
    venue, key = world.account(fields.text("account"))
    product = fields.choice("product", venue.exchange.layout.earn)
    spot = venue.exchange.layout.spot
    venue.exchange.pay_reward(key, product, fields.asset(), fields.number("amount"), wallet=spot)


def _price(world: World, fields: Fields) -> None:
    venue = fields.choice("venue", world.venues) if fields.has("venue") else None
    world.set_price(fields.asset(), fields.number("price"), venue)


def _funding(world: World, fields: Fields) -> None:
    rate = fields.number("rate")
    if abs(rate) >= 1:
        raise ValueError(f'rate: expected a fraction such as "0.0001", got {rate}')
    world.settle_funding(fields.asset(), rate)


def _fee(world: World, fields: Fields) -> None:
    if fields.has("account") is fields.has("venue"):
        raise ValueError("account, venue: expected one of them, to say who pays")
    rate = fields.number("rate")
    if fields.has("venue"):
        world.venues[fields.choice("venue", world.venues)].exchange.set_spot_fee(rate)
        return
    venue, key = world.account(fields.text("account"))
    venue.exchange.set_spot_fee(rate, key)


def _status(world: World, fields: Fields) -> None:
    exchange = world.venues[fields.choice("venue", world.venues)].exchange
    key = listing_key(fields.choice("market", MarketType), fields.text("symbol"))
    exchange.set_status(key, fields.choice("status", (TRADING, SUSPENDED, SETTLING, DELISTED)))


def _depth(world: World, fields: Fields) -> None:
    exchange = world.venues[fields.choice("venue", world.venues)].exchange
    key = listing_key(fields.choice("market", MarketType), fields.text("symbol"))
    exchange.set_depth(key, fields.number("quantity"))


def _event(world: World, fields: Fields) -> None:
    venue = world.venues[fields.choice("venue", world.venues)]
    exchange = venue.exchange
    cause, symbol = fields.choice("kind", ForcedCause), fields.text("symbol")
    if cause is ForcedCause.SETTLEMENT:
        exchange.settle_market(symbol)
        return
    named, key = world.account(fields.text("account"))
    if named is not venue:
        raise ValueError(f"account: expected one of {exchange.name}, got {fields.text('account')}")
    if cause is ForcedCause.LIQUIDATION:
        exchange.liquidate(key, symbol)
        return
    exchange.deleverage(
        key,
        symbol,
        quantity=fields.number("quantity") if fields.has("quantity") else None,
        price=fields.number("price") if fields.has("price") else None,
    )


def _fault(world: World, fields: Fields) -> None:
    kind = fields.choice("kind", FaultKind)
    path = fields.text("path")
    if path != ANY_PATH and (not path.startswith("/") or "?" in path):
        raise ValueError(
            f'path: expected a path without query such as "/fapi/v1/order", or "*" for every path, got {shown(path)}'
        )
    fault = Fault(
        venue=fields.choice("venue", world.venues),
        path=path,
        kind=kind,
        method=fields.method(),
        count=fields.count(),
        delay_s=fields.seconds("delay_s", negative=kind is FaultKind.CLOCK_SKEW),
        for_s=fields.seconds("for_s") if fields.has("for_s") else None,
        edit=_edit(fields) if kind is FaultKind.MANGLE else None,
    )
    world.faults.add(fault)


def _edit(fields: Fields) -> Edit:
    where = fields.json("where")
    if where is not None and not (isinstance(where, dict) and len(where) == 1):
        raise ValueError(f'where: expected one field and its text such as {{"symbol": "BTCUSDT"}}, got {shown(where)}')
    return Edit(
        field=fields.text("field"),
        value=json.dumps(fields.json("value")) if fields.given("value") else None,
        factor=fields.number("factor") if fields.has("factor") else None,
        where=next(((str(name), str(text)) for name, text in where.items()), None) if where else None,
    )


def _stream_fault(world: World, fields: Fields) -> None:
    path = fields.text("path") if fields.has("path") else ANY_PATH
    fault = StreamFault(
        venue=fields.choice("venue", world.venues),
        kind=fields.choice("kind", StreamFaultKind),
        path=path,
        channel=fields.text("channel") if fields.has("channel") else None,
        count=fields.count(),
        for_s=fields.seconds("for_s") if fields.has("for_s") else None,
    )
    world.stream_faults.add(fault)


def _clear_faults(world: World, _: Fields) -> None:
    world.faults.clear()
    world.stream_faults.clear()


_COMMANDS: Final[Mapping[str, tuple[Callable[[World, Fields], None], frozenset[str]]]] = {
    "/deposit": (_deposit, frozenset({"account", "wallet", "asset", "amount"})),
    "/transfer": (_transfer, frozenset({"account", "source", "target", "asset", "amount"})),
    "/earn": (_earn, frozenset({"account", "product", "asset", "amount", "notice_s"})),
    "/reward": (_reward, frozenset({"account", "product", "asset", "amount"})),
    "/price": (_price, frozenset({"asset", "price", "venue"})),
    "/funding": (_funding, frozenset({"asset", "rate"})),
    "/fee": (_fee, frozenset({"account", "venue", "rate"})),
    "/status": (_status, frozenset({"venue", "market", "symbol", "status"})),
    "/depth": (_depth, frozenset({"venue", "market", "symbol", "quantity"})),
    "/event": (_event, frozenset({"venue", "account", "symbol", "kind", "quantity", "price"})),
    "/fault": (
        _fault,
        frozenset(
            {"venue", "path", "method", "kind", "count", "delay_s", "for_s", "field", "value", "factor", "where"}
        ),
    ),
    "/stream-fault": (_stream_fault, frozenset({"venue", "kind", "path", "channel", "count", "for_s"})),
    "/clear-faults": (_clear_faults, frozenset()),
}


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
        command(world, parsed(body, known))
    except Refusal as refusal:
        return _reply(400, {"error": f"the exchange refused: {refusal}"})
    except ValueError as error:
        return _reply(400, {"error": str(error)})
    return _reply(200, {"ok": True})
