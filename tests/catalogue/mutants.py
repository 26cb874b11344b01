"""What bots do that were not made for money: one short change each, put into ours for one story.

Those that more than one case is about stand here, the others beside their case.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from bot.core import accounting, prices
from bot.core import observation as obs
from bot.core.accounting import Foreign, Owner
from bot.core.prices import PriceMemory
from bot.domain.ids import ClientOrderId
from bot.domain.intent import Intent, IntentRecord, IntentState, ProvenWithoutEffect
from bot.domain.observation import Position, Prices, Unknown
from bot.domain.orders import Anchor, Found, NotFound, OrderLookup, OutcomeUnknown, SendOutcome, TradeCursor
from bot.ports import OrderTicket
from bot.runtime.daemon import Daemon
from bot.runtime.reconciled import Reconciled
from bot.runtime.reconciler import Reconciler
from bot.runtime.resolver import Resolver
from bot.venue.gateway import CcxtVenue

_place = CcxtVenue.place


def sends_again(patch: pytest.MonkeyPatch) -> None:
    """takes silence for a refusal and sends the order again at once, under a new id"""

    async def place(venue: CcxtVenue, ticket: OrderTicket) -> SendOutcome:
        outcome = await _place(venue, ticket)
        if isinstance(outcome, OutcomeUnknown):
            again = ClientOrderId(ticket.client_id[:-1] + "z")
            return await _place(venue, replace(ticket, client_id=again))
        return outcome

    patch.setattr(CcxtVenue, "place", place)


def sends_the_same_again(patch: pytest.MonkeyPatch) -> None:
    """sends an order without an answer again under the same id, which it takes for a guard against doing it twice"""

    async def place(venue: CcxtVenue, ticket: OrderTicket) -> SendOutcome:
        outcome = await _place(venue, ticket)
        return await _place(venue, ticket) if isinstance(outcome, OutcomeUnknown) else outcome

    patch.setattr(CcxtVenue, "place", place)


def one_reading_is_proof(patch: pytest.MonkeyPatch) -> None:
    """takes the first "not found" for the proof that there is no such order"""

    async def read_absence(resolver: Resolver, record: IntentRecord, code: str, *_: object) -> None:
        resolver._advance(record, ProvenWithoutEffect(evidence=code))

    patch.setattr(Resolver, "_read_absence", read_absence)


def believes_the_position(patch: pytest.MonkeyPatch) -> None:
    """sizes by the position as it is read, and keeps no account of what it has sent"""

    async def reconcile(reconciler: Reconciler, position: Position | Unknown) -> Reconciled:
        await reconciler._resolver.resolve_all(position)
        if isinstance(position, Unknown):
            return Reconciled(anchor=None, waiting=position.reason, unfilled=())
        cursor = TradeCursor(trade_id=None, time_ms=position.stamp.sent_ms)
        anchor = Anchor(contracts=position.contracts, cursor=cursor, at_ms=position.stamp.answered_ms)
        return Reconciled(anchor=anchor, waiting="", unfilled=())

    patch.setattr(Reconciler, "reconcile", reconcile)


def unwritten(intent: Intent) -> IntentRecord:
    """An intent as the journal would have begun it; it is in no journal."""
    return IntentRecord(
        intent=intent,
        state=IntentState.ARMED,
        filled=Decimal(0),
        average_price=None,
        venue_order_id=None,
        settled=False,
        detail="",
        updated_ms=intent.created_ms,
    )


def never_dwells(patch: pytest.MonkeyPatch) -> None:
    """reduces the short as soon as coins are missing"""
    patch.setattr(obs, "dwelled", lambda *_: True)


def sees_strangers_only(patch: pytest.MonkeyPatch) -> None:
    """does not read the venue's own markers: whoever closed the short is a stranger to it"""
    own = accounting.owner_of

    def owner_of(client_id: str | None, **known: Any) -> Owner:  # noqa: ANN401 - passed on
        return Foreign() if client_id and "autoclose" in client_id else own(client_id, **known)

    patch.setattr(accounting, "owner_of", owner_of)


def believes_any_price(patch: pytest.MonkeyPatch) -> None:
    """believes every price that it is told"""

    def judge(memory: PriceMemory, told: Prices, _now_ms: int, **_how: bool) -> tuple[Decimal, str, PriceMemory]:
        return told.mark, "it is what the venue says", memory

    patch.setattr(prices, "judge", judge)


def waits_for_streams(patch: pytest.MonkeyPatch) -> None:
    """looks only when a stream tells it to"""

    async def pause(daemon: Daemon, _outcomes: Collection[object]) -> None:
        await daemon._look.wait()

    patch.setattr(Daemon, "_pause", pause)


def looks_up_open_orders_only(patch: pytest.MonkeyPatch) -> None:
    """takes an order that is not among the open ones for one that was never made"""

    async def find_order(venue: CcxtVenue, symbol: Any, client_id: ClientOrderId) -> OrderLookup:  # noqa: ANN401
        found = [report for report in await venue.open_orders(symbol) if report.client_id == client_id]
        return Found(report=found[0]) if found else NotFound(code="not open")

    patch.setattr(CcxtVenue, "find_order", find_order)
    one_reading_is_proof(patch)
