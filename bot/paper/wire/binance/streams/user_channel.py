"""A connection to a futures account's stream, opened with a listen key."""

from __future__ import annotations

import json
from collections.abc import Sequence

from bot.paper.wire.binance.streams.futures_feed import FuturesFeed
from bot.paper.wire.binance.streams.heart import Heart
from bot.paper.wire.binance.streams.source import Source, frame
from bot.paper.wire.channel import Frame


class UserChannel:
    """One connection; silent for ever once its key has expired, after it has said so.

    Args:
        source: the venue.
        listen_key: what opened it.
        owner: whose account it is.
        now_ms: when it was opened.
    """

    def __init__(self, source: Source, *, listen_key: str, owner: str, now_ms: int) -> None:
        self._source = source
        self._listen_key = listen_key
        self._feed: FuturesFeed | None = FuturesFeed(source, owner)
        self._heart = Heart(now_ms)
        self._answers: list[Frame] = []

    def receive(self, text: str, now_ms: int) -> None:
        """Answer whatever is asked; there is nothing to subscribe to."""
        del now_ms
        try:
            request = json.loads(text)
        except ValueError:
            self._answers.append(frame({"error": {"code": 3, "msg": "Invalid JSON"}, "id": None}))
            return
        request_id = request.get("id") if isinstance(request, dict) else None
        self._answers.append(frame({"result": None, "id": request_id}))

    def frames(self, now_ms: int) -> Sequence[Frame]:
        """Answers, and the account's news."""
        sent, self._answers = self._answers, []
        if self._feed is not None:
            sent += self._news(self._feed, now_ms)
        return [*sent, *self._heart.beat(now_ms)]

    def _news(self, feed: FuturesFeed, now_ms: int) -> Sequence[Frame]:
        if self._source.listen_keys.owner(self._listen_key, self._source.family, now_ms) is not None:
            return [frame(event) for event in feed.events(now_ms)]
        self._feed = None
        return [frame({"e": "listenKeyExpired", "E": now_ms, "listenKey": self._listen_key})]
