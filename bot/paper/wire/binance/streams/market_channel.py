"""A connection to market streams: what it is subscribed to, and what it is told."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

from bot.paper.wire.binance.limits import Family
from bot.paper.wire.binance.streams.heart import Heart
from bot.paper.wire.binance.streams.source import Source, frame
from bot.paper.wire.binance.streams.topics import Topic, topic_of
from bot.paper.wire.channel import Close, Frame

STREAMS_MAX: Final = 1024
#: Messages of the client in one second; whoever sends more is cut off.
MESSAGES_MAX: Final = {Family.SPOT: 5, Family.LINEAR: 10, Family.INVERSE: 10}


class MarketChannel:
    """One connection.

    Args:
        source: the venue.
        names: the streams that the address asked for.
        combined: messages say which stream they belong to, as at `/stream`.
        now_ms: when it was opened.
    """

    def __init__(self, source: Source, *, names: Iterable[str] = (), combined: bool = False, now_ms: int) -> None:
        self._source = source
        self._combined = combined
        self._topics: dict[str, Topic | None] = {}
        self._answers: list[Frame] = []
        self._heart = Heart(now_ms)
        self._received_ms: deque[int] = deque(maxlen=MESSAGES_MAX[source.family] + 1)
        self._subscribe(names)

    def receive(self, text: str, now_ms: int) -> None:
        """Take a request: SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS, SET_PROPERTY, GET_PROPERTY."""
        self._received_ms.append(now_ms)
        full = len(self._received_ms) == self._received_ms.maxlen
        if full and now_ms - self._received_ms[0] < 1000:
            self._answers.append(Close(code=1008, reason="Too many requests"))
            return
        try:
            request = json.loads(text)
        except ValueError:
            self._refuse(3, "Invalid JSON", None)
            return
        if not isinstance(request, dict) or "method" not in request:
            self._refuse(2, "Invalid request: missing field `method`", None)
            return
        self._answer(str(request["method"]), request.get("params", []), request.get("id"))

    def frames(self, now_ms: int) -> Sequence[Frame]:
        """Answers first, then what the streams have to say."""
        answers, self._answers = self._answers, []
        told = [
            frame({"stream": name, "data": event} if self._combined else event)
            for name, topic in self._topics.items()
            if topic is not None
            for event in topic.events(now_ms)
        ]
        return [*answers, *told, *self._heart.beat(now_ms)]

    def _answer(self, method: str, params: object, request_id: object) -> None:
        if not isinstance(params, list) or not all(isinstance(param, str | bool) for param in params):
            self._refuse(2, "Invalid request: `params` must be a list of strings", request_id)
            return
        names = [str(param) for param in params]
        result: object = None
        match method:
            case "SUBSCRIBE":
                if len({*self._topics, *names}) > STREAMS_MAX:
                    self._refuse(2, "Invalid request: too many streams", request_id)
                    return
                self._subscribe(names)
            case "UNSUBSCRIBE":
                for name in names:
                    self._topics.pop(name, None)
            case "LIST_SUBSCRIPTIONS":
                result = list(self._topics)
            case "SET_PROPERTY":
                self._combined = params[-1:] == [True]
            case "GET_PROPERTY":
                result = self._combined
            case _:
                self._refuse(2, f"Invalid request: unknown variant {method}", request_id)
                return
        self._answers.append(frame({"result": result, "id": request_id}))

    def _subscribe(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self._topics:
                self._topics[name] = topic_of(self._source, name)

    def _refuse(self, code: int, text: str, request_id: object) -> None:
        self._answers.append(frame({"error": {"code": code, "msg": text}, "id": request_id}))
