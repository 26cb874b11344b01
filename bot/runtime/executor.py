"""Sends one approved order, once, after its intent is durable (R17 to R21). Takes `Approved` and nothing else."""

from __future__ import annotations

from collections.abc import Callable

from structlog.typing import FilteringBoundLogger

from bot import logs
from bot.core.lifecycle import advance
from bot.domain.errors import BotError
from bot.domain.ids import ClientOrderId, Epoch, HedgeName, client_order_id
from bot.domain.intent import Intent, IntentEvent, IntentRecord, OutcomeLost, RejectedByVenue, Reported
from bot.domain.ladder import StepId
from bot.domain.numbers import plain
from bot.domain.orders import Acked, Anchor, Approved, OutcomeUnknown, Rejected, SendOutcome
from bot.ports import Clock, Journal, OrderTicket, Venue


class NotSent(BotError):
    """An approved order was held back before anything was recorded."""


class Executor:
    """One for the whole process; knows the epoch that our ids are made of."""

    def __init__(self, *, journal: Journal, clock: Clock, epoch: Epoch, logger: FilteringBoundLogger) -> None:
        self._journal = journal
        self._clock = clock
        self._epoch = epoch
        self._log = logger

    async def execute(
        self,
        venue: Venue,
        hedge: HedgeName,
        approved: Approved,
        anchor: Anchor,
        *,
        still_good: Callable[[], str],
        step: StepId | None = None,
        arm: Callable[[Intent], IntentRecord] | None = None,
        ids_before: int = 0,
    ) -> IntentRecord:
        """Make the intent durable, send the order once, record what became of it.

        Args:
            venue: where the order goes.
            hedge: whose order it is.
            approved: the risk gate's leave.
            anchor: the confirmed position the order was sized on.
            still_good: asked after the wait for the rate limits: why the order must not leave any more, or nothing.
            step: the step of the margin ladder that it is a leg of.
            arm: makes the intent durable in place of `Journal.arm`, with what belongs into the same commit.
            ids_before: how many sequence numbers that takes before the intent's own.

        Returns:
            The intent as far as it is known now. An unknown outcome is a state of it, not an exception.

        Raises:
            JournalFault: the intent could not be made durable, and nothing was sent; or what became of the order
                could not be recorded: it then stands as ARMED and is looked up on the next turn.
            VenueBusy: rate limited or banned; nothing was sent.
            NotSent: `still_good` objected; nothing was recorded or sent.
        """
        await venue.order_slot(approved.request.symbol)
        objection = still_good()
        if objection:
            raise NotSent(objection)
        timestamp_ms = venue.now_ms()
        intent = Intent(
            client_id=self._next_id(ids_before),
            hedge=hedge,
            request=approved.request,
            position_before=anchor.contracts,
            cursor_before=anchor.cursor,
            mark=approved.mark,
            created_ms=self._clock.now_ms(),
            timestamp_ms=timestamp_ms,
            deadline_ms=timestamp_ms + venue.recv_window_ms(),
        )
        record = self._journal.arm(intent, step=step) if arm is None else arm(intent)
        request = intent.request
        log = self._log.bind(hedge=hedge, client_id=intent.client_id, symbol=request.symbol)
        log.info(
            logs.ORDER_ARMED,
            side=request.side,
            contracts=plain(request.contracts),
            collar=plain(request.price),
            reduce_only=request.reduce_only,
        )
        ticket = OrderTicket(
            request=request,
            client_id=intent.client_id,
            timestamp_ms=intent.timestamp_ms,
            deadline_ms=intent.deadline_ms,
        )
        outcome = await venue.place(ticket)
        record = advance(record, event_of(outcome), self._clock.now_ms())
        self._journal.update(record)
        log.info(_event_name(outcome), state=record.state, filled=plain(record.filled), detail=record.detail)
        return record

    def _next_id(self, before: int) -> ClientOrderId:
        return client_order_id(self._epoch, self._journal.next_sequence() + before)


def event_of(outcome: SendOutcome) -> IntentEvent:
    """What the outcome of sending means for the intent."""
    match outcome:
        case Acked(report=report):
            return Reported(report=report)
        case Rejected(code=code, message=message):
            return RejectedByVenue(code=code, message=message)
        case OutcomeUnknown(detail=detail):
            return OutcomeLost(detail=detail)


def _event_name(outcome: SendOutcome) -> str:
    match outcome:
        case Acked():
            return logs.ORDER_SUBMITTED
        case Rejected():
            return logs.ORDER_REJECTED
        case OutcomeUnknown():
            return logs.ORDER_OUTCOME_UNKNOWN
