"""What the operator does to a market or a position, and faults with more to say than a kind."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from bot.paper import admin
from bot.paper.engine.model import DELISTED, ForcedCause, NewOrder, OrderKind, Side
from bot.paper.mangling import Edit
from bot.paper.world import World, default_world

NOW_MS = 1_700_000_000_000
SWAPS = {"binance": "BTCUSDT", "okx": "BTC-USDT-SWAP", "kucoin": "XBTUSDTM"}
venues = pytest.mark.parametrize("venue", SWAPS)
D = Decimal


@pytest.fixture
def world() -> World:
    return default_world(lambda: NOW_MS)


def ask(world: World, path: str, /, **body: object) -> tuple[int, Any]:
    sent = json.dumps(body).encode()
    reply = admin.handle(world, method="POST", path=path, headers={"Host": "localhost"}, body=sent)
    return reply.status, json.loads(reply.body)


def short(world: World, venue: str, quantity: int) -> None:
    """Sell so many steps of the venue's Bitcoin swap."""
    listing = world.venues[venue].exchange.listing(f"linear:{SWAPS[venue]}")
    world.venues[venue].exchange.submit(
        "paper",
        NewOrder(
            listing_key=listing.key,
            side=Side.SELL,
            kind=OrderKind.MARKET,
            quantity=quantity * listing.quantity_step,
        ),
    )


def steps(world: World, venue: str) -> Decimal:
    exchange = world.venues[venue].exchange
    held = sum((position.contracts for position in exchange.account("paper").positions()), D(0))
    return held / exchange.listing(f"linear:{SWAPS[venue]}").quantity_step


def causes(world: World, venue: str) -> list[ForcedCause | None]:
    return [order.cause for order in world.venues[venue].exchange.account("paper").orders()]


@venues
def test_r25_positions_are_deleveraged_and_liquidated(world: World, venue: str) -> None:
    short(world, venue, 10)
    on = {"venue": venue, "account": f"{venue}/paper", "symbol": SWAPS[venue]}
    part = world.venues[venue].exchange.listing(f"linear:{SWAPS[venue]}").quantity_step * 4

    assert ask(world, "/event", **on, kind="adl", quantity=str(part), price="95000") == (200, {"ok": True})
    assert steps(world, venue) == -6
    assert ask(world, "/event", **on, kind="liquidation")[0] == 200
    assert steps(world, venue) == 0
    assert causes(world, venue) == [None, ForcedCause.ADL, ForcedCause.LIQUIDATION]
    status, answer = ask(world, "/event", **on, kind="adl")
    assert (status, "no-position" in answer["error"]) == (400, True)


@venues
def test_f45_a_contract_is_settled(world: World, venue: str) -> None:
    short(world, venue, 10)
    assert ask(world, "/event", venue=venue, symbol=SWAPS[venue], kind="settlement")[0] == 200
    assert (steps(world, venue), causes(world, venue)) == (D(0), [None, ForcedCause.SETTLEMENT])
    assert world.venues[venue].exchange.listing(f"linear:{SWAPS[venue]}").status == DELISTED


def test_a_thin_book(world: World) -> None:
    on = {"venue": "binance", "market": "linear", "symbol": "BTCUSDT"}
    assert ask(world, "/depth", **on, quantity="0.001")[0] == 200
    depth = world.venues["binance"].exchange.depth("linear:BTCUSDT", 1)
    assert depth.bids[0].quantity == depth.asks[0].quantity == D("0.001")
    assert "lot-size" in ask(world, "/depth", **on, quantity="0")[1]["error"]


def test_a_fault_that_lasts_and_one_that_mangles(world: World) -> None:
    everywhere = {"venue": "binance", "path": "*"}
    assert ask(world, "/fault", **everywhere, kind="drop-before", for_s=30)[0] == 200
    mangle = {**everywhere, "kind": "mangle"}
    assert ask(world, "/fault", **mangle, field="a.b", value=0.5, where={"symbol": "X"})[0] == 200
    assert ask(world, "/fault", **mangle, field="a", factor="-1")[0] == 200
    assert ask(world, "/fault", **mangle, field="a", value=None)[0] == 200
    assert ask(world, "/fault", **mangle, field="a", count=7)[0] == 200
    lasting, *edits = world.faults.pending
    assert (lasting.path, lasting.count, lasting.for_s) == ("*", None, 30)
    assert [fault.edit for fault in edits] == [
        Edit(field="a.b", value="0.5", where=("symbol", "X")),
        Edit(field="a", factor=D(-1)),
        Edit(field="a", value="null"),
        Edit(field="a"),
    ]
    assert [fault.count for fault in edits] == [1, 1, 1, 7]


EVENT = {"venue": "binance", "account": "binance/paper", "symbol": "BTCUSDT", "kind": "adl"}
MANGLE = {"venue": "binance", "path": "/x", "kind": "mangle"}


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/event", EVENT | {"kind": "flood"}, "kind: expected one of liquidation, adl, settlement"),
        ("/event", EVENT | {"account": "okx/paper"}, "account: expected one of binance, got okx/paper"),
        ("/event", EVENT | {"symbol": "NONE"}, "unknown-symbol"),
        ("/event", EVENT | {"kind": "settlement", "symbol": "NONE"}, "unknown-symbol"),
        ("/event", EVENT, "no-position"),
        ("/event", EVENT | {"kind": "liquidation"}, "no-position"),
        ("/depth", {"venue": "okx", "market": "linear", "symbol": "NONE", "quantity": "1"}, "unknown-symbol"),
        ("/fault", MANGLE, "field: expected text"),
        ("/fault", MANGLE | {"field": "a", "value": 1, "factor": "2"}, "either a value or a factor"),
        ("/fault", MANGLE | {"field": "a", "where": "symbol"}, "where: expected one field and its text"),
        ("/fault", MANGLE | {"field": "a", "for_s": -1}, "for_s: expected seconds from 0"),
        ("/stream-fault", {"venue": "okx", "kind": "stale"}, "kind: expected one of ws-stall"),
        ("/stream-fault", {"venue": "okx", "kind": "ws-gap", "for_s": "long"}, "for_s: expected seconds"),
    ],
)
def test_bad_input_says_what_was_expected_and_changes_nothing(
    world: World, path: str, body: dict[str, object], said: str
) -> None:
    status, answer = ask(world, path, **body)
    assert (status, said in answer["error"]) == (400, True), answer
    assert world.faults.pending == ()
    assert world.stream_faults.pending == ()
