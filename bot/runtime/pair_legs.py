"""Sends the orders of cross-exchange trades: both legs at once, and what evens them out (R17 to R21)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from structlog.typing import FilteringBoundLogger

from bot import logs
from bot.core.lifecycle import advance
from bot.core.pair_gate import trade_of
from bot.domain.ids import ClientOrderId, Epoch, VenueName, client_order_id
from bot.domain.intent import Intent, IntentRecord
from bot.domain.numbers import ZERO, plain
from bot.domain.orders import Acked, Approved, OutcomeUnknown, Rejected, SendOutcome, TradeCursor
from bot.domain.pair import ApprovedPair, PairId, PairIntents, PairPolicy, PairStory
from bot.ports import Alerts, Clock, Journal, OrderTicket, PairJournal
from bot.runtime.executor import NotSent, event_of
from bot.runtime.pair_answers import answer_of
from bot.runtime.pair_look import PairVenue

NAKED_ALARM_S: Final = 3.0
"""When a leg has not answered for so long, a person is told."""
CURSOR_BACK_MS: Final = 60_000
"""Trades of an order are looked for from so long before it."""


class PairLegs:
    """One for each cross-exchange hedge.

    Args:
        journal: where intents and what is learnt of them are kept.
        book: the same journal, of trades.
    """

    def __init__(
        self,
        *,
        policy: PairPolicy,
        venues: Mapping[VenueName, PairVenue],
        journal: Journal,
        book: PairJournal,
        epoch: Epoch,
        clock: Clock,
        alarms: Alerts,
        logger: FilteringBoundLogger,
    ) -> None:
        self._policy = policy
        self._venues = venues
        self._journal = journal
        self._book = book
        self._epoch = epoch
        self._clock = clock
        self._alarms = alarms
        self._log = logger

    async def send(
        self, approved: ApprovedPair, holdings: Sequence[Decimal | None], *, still_good: Callable[[], str]
    ) -> PairId:
        """Make both intents durable in one commit, then send both at once, each once.

        Args:
            approved: the gate's leave.
            holdings: all spot coins of the venue that buys and of the one that sells.
            still_good: asked after the wait for the rate limits: why they must not leave any more, or nothing.

        Raises:
            JournalFault: nothing was sent; or what became of an order could not be recorded: it is looked up then.
            VenueBusy: rate limited or banned; nothing was sent.
            NotSent: `still_good` objected, or another order on one of the markets is not over (R18); nothing was
                recorded or sent.
        """
        legs = (approved.buy, approved.sell)
        requests = [leg.request for leg in legs]
        await asyncio.gather(*(self._venues[each.venue].order_slot(each.symbol) for each in requests))
        self._refuse(still_good(), *legs)
        first = self._book.next_sequence()
        pair_id, *ids = (client_order_id(self._epoch, first + more) for more in range(3))
        now_ms = self._clock.now_ms()
        trade = trade_of(approved, self._policy, (PairId(pair_id), ids[0], ids[1]), holdings, now_ms)
        buy, sell = (self._intent(client_id, leg) for client_id, leg in zip(ids, legs, strict=True))
        story = self._book.arm_pair(trade, PairIntents(buy=buy, sell=sell))
        answered: set[VenueName] = set()

        def late() -> None:
            missing = [leg.request.venue for leg in legs if leg.request.venue not in answered]
            have = "has" if len(missing) == 1 else "have"
            reason = f"{' and '.join(missing)} {have} not answered for {NAKED_ALARM_S:g} s, and a leg may be open"
            name = self._policy.name
            self._alarms.alarm(logs.PAIR_NAKED, hedge=name, pair=pair_id, code="unanswered", reason=reason)

        watch = asyncio.get_running_loop().call_later(NAKED_ALARM_S, late)

        async def leg(record: IntentRecord) -> None:
            await self._place(record)
            answered.add(record.intent.request.venue)

        try:
            # One that can't be recorded must not cancel the other's way to the venue.
            ends = await asyncio.gather(*(leg(record) for record in story.orders), return_exceptions=True)
        finally:
            watch.cancel()
        for end in ends:
            if isinstance(end, BaseException):
                raise end
        return trade.pair_id

    async def even(self, story: PairStory, approved: Approved, *, still_good: Callable[[], str]) -> None:
        """Send one order that brings a trade closer to even. Raises like `send`."""
        venue = self._venues[approved.request.venue]
        await venue.order_slot(approved.request.symbol)
        self._refuse(still_good(), approved)
        client_id = client_order_id(self._epoch, self._book.next_sequence())
        record = self._book.arm_evening(story.record.trade.pair_id, self._intent(client_id, approved))
        await self._place(record)

    async def settle(self, record: IntentRecord) -> None:
        """Find the trades of an order that has filled. Raises VenueFault, JournalFault."""
        intent = record.intent
        trades = await self._venues[intent.request.venue].trades(intent.request.symbol, intent.cursor_before)
        own = [trade for trade in trades if trade.venue_order_id == record.venue_order_id]
        if sum((trade.contracts for trade in own), ZERO) == record.filled:
            self._book.settle_leg(record, own, intent.mark)

    def _refuse(self, objection: str, *orders: Approved) -> None:
        """Raises NotSent. What a ladder or a sale has under way on a market is no contradiction: it is waited for.

        While one leg waits for room, the orders of the other's venue may be paused: it would be refused, this one not.
        """
        for request in (order.request for order in orders):
            if self._venues[request.venue].orders_paused_until_ms(request.symbol):
                objection = objection or f"{request.venue} asked for a pause of orders"
            for record in self._journal.unfinished(request.venue, request.symbol):
                if not record.state.terminal:
                    whose = f"order {record.intent.client_id} of {record.intent.hedge}"
                    objection = objection or f"{whose} on {request.venue} is not over: R18 wants it to be first"
        if objection:
            raise NotSent(objection)

    def _intent(self, client_id: ClientOrderId, approved: Approved) -> Intent:
        venue = self._venues[approved.request.venue]
        timestamp_ms = venue.now_ms()
        return Intent(
            client_id=client_id,
            hedge=self._policy.name,
            request=approved.request,
            position_before=ZERO,  # coins come and go for many reasons: what counts is the trades of the order itself
            cursor_before=TradeCursor(trade_id=None, time_ms=timestamp_ms - CURSOR_BACK_MS),
            mark=approved.mark,
            created_ms=self._clock.now_ms(),
            timestamp_ms=timestamp_ms,
            deadline_ms=timestamp_ms + venue.recv_window_ms(),
        )

    async def _place(self, record: IntentRecord) -> None:
        intent = record.intent
        request = intent.request
        log = self._log.bind(client_id=intent.client_id, venue=request.venue, symbol=request.symbol)
        log.info(logs.ORDER_ARMED, side=request.side, contracts=plain(request.contracts), collar=plain(request.price))
        ticket = OrderTicket(
            request=request,
            client_id=intent.client_id,
            timestamp_ms=intent.timestamp_ms,
            deadline_ms=intent.deadline_ms,
        )
        outcome = await answer_of(self._venues[request.venue], ticket, self._clock)
        after = advance(record, event_of(outcome), self._clock.now_ms())
        self._journal.update(after)
        log.info(_EVENTS[type(outcome)], state=after.state, filled=plain(after.filled), detail=after.detail)


_EVENTS: Final[Mapping[type[SendOutcome], str]] = {
    Acked: logs.ORDER_SUBMITTED,
    Rejected: logs.ORDER_REJECTED,
    OutcomeUnknown: logs.ORDER_OUTCOME_UNKNOWN,
}
