"""One WebSocket connection: login, subscriptions, orders, and the silence that ends it.

Text frames only: `ping` is answered by `pong`, everything else is JSON. A connection on which the client sends nothing
for 30 seconds is closed.

Source: https://www.okx.com/docs-v5/en/#overview-websocket and #error-code-websocket (read 2026-06).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from bot.paper.engine.exchange import Exchange
from bot.paper.wire.channel import Close, Frame, Text
from bot.paper.wire.okx import order_changes, orders, signing
from bot.paper.wire.okx.desk import Desk
from bot.paper.wire.okx.endpoint import Call, Endpoint, Reply
from bot.paper.wire.okx.errors import ApiError, dump
from bot.paper.wire.okx.limits import Charge, RateLimiter
from bot.paper.wire.okx.params import Params
from bot.paper.wire.okx.private_topics import CHANNELS, private_topic
from bot.paper.wire.okx.topics import Topic, business_topic, public_topic

SILENCE_MS: Final = 30_000
UID: Final = "44705892343619584"
_ORDER_OPS: Final[Mapping[str, tuple[str, Callable[[Call], Reply]]]] = {
    "order": ("trade/order", orders.place),
    "batch-orders": ("trade/batch-orders", orders.place),
    "cancel-order": ("trade/cancel-order", order_changes.cancel),
    "batch-cancel-orders": ("trade/cancel-batch-orders", order_changes.cancel),
    "amend-order": ("trade/amend-order", order_changes.amend),
    "batch-amend-orders": ("trade/amend-batch-orders", order_changes.amend),
}
_ENDPOINTS: Final[Mapping[str, Endpoint]] = {
    endpoint.path: endpoint for endpoint in (*orders.ENDPOINTS, *order_changes.ENDPOINTS)
}
#: The same refusals have other numbers here.
_LOGIN_CODES: Final = {
    "50111": ("60005", "Invalid apiKey"),
    "50119": ("60032", "API key doesn't exist."),
    "50101": ("60009", "Login failure"),
    "50105": ("60024", "Wrong passphrase"),
    "50113": ("60007", "Invalid sign"),
}


class Stream:
    """A connection to `public`, `private` or `business`.

    Args:
        exchange: the exchange behind the wire.
        desk: what the façade remembers beside it.
        limiter: counts orders together with those over REST.
        kind: which of the sockets.
        demo: of simulated trading.
        client: the address of the client.
        number: of the connection.
        now_ms: when it began.
    """

    def __init__(
        self,
        *,
        exchange: Exchange,
        desk: Desk,
        limiter: RateLimiter,
        kind: str,
        demo: bool,
        client: str,
        number: int,
        now_ms: int,
    ) -> None:
        self._exchange = exchange
        self._desk = desk
        self._limiter = limiter
        self._kind = kind
        self._demo = demo
        self._client = client
        self._connection = f"{0xA4D30000 + number:x}"
        self._heard_ms = now_ms
        self._key = ""
        self._topics: dict[str, tuple[Mapping[str, object], Topic]] = {}
        self._answers: list[Frame] = []
        self._closed = False

    def receive(self, text: str, now_ms: int) -> None:
        """Take a text frame of the client; what it asks for shows in `frames`."""
        self._heard_ms = now_ms
        if text == "ping":
            self._answers.append(Text(text="pong"))
            return
        try:
            read: object = json.loads(text)
        except ValueError:
            read = None
        if not isinstance(read, dict) or not isinstance(read.get("args"), list) or not read["args"]:
            self._refuse("60012", f"Invalid request: {text}", {})
            return
        self._obey(read, text, now_ms)

    def frames(self, now_ms: int) -> Sequence[Frame]:
        """What the venue sends now, in order: answers, then events and pushes that are due."""
        if self._closed:
            return ()
        self._desk.run_out(now_ms)
        found, self._answers = self._answers, []
        pushed = [(arg, one) for arg, topic in self._topics.values() for one in topic.push(self._call(now_ms))]
        pushed.sort(key=lambda pair: pair[1].seq)
        found += [Text(text=dump({"arg": arg, **message.members})) for arg, message in pushed]
        if now_ms >= self._heard_ms + SILENCE_MS:
            self._closed = True
            found.append(Close(code=4004, reason="No data received in 30s"))
        return found

    def _obey(self, read: Mapping[str, object], text: str, now_ms: int) -> None:
        args = read["args"]
        assert isinstance(args, list)
        if not all(isinstance(arg, dict) for arg in args):
            self._refuse("60013", "Invalid args", read)
            return
        match read.get("op"):
            case "login":
                self._login(Params(args[0]), read, now_ms)
            case "subscribe":
                for arg in args:
                    self._subscribe(arg, read, now_ms)
            case "unsubscribe":
                for arg in args:
                    self._unsubscribe(arg, read)
            case str() as op if op in _ORDER_OPS:
                self._trade(op, read, [Params(arg) for arg in args], now_ms)
            case str() as op:
                self._refuse("60019", f"Invalid op: {op}", read)
            case _:
                self._refuse("60012", f"Invalid request: {text}", read)

    # Login.

    def _login(self, arg: Params, read: Mapping[str, object], now_ms: int) -> None:
        if self._kind == "public":
            text = "The current operation is not supported by this URL. Please use the correct WebSocket URL"
            self._refuse("60028", f"{text} for the operation.", read)
            return
        if self._key:
            self._refuse("60031", "The WebSocket endpoint does not allow multiple or repeated logins.", read)
            return
        try:
            key = self._verified(arg, now_ms)
        except ApiError as error:
            code, msg = _LOGIN_CODES.get(error.code, (error.code, error.msg))
            self._refuse(code, msg, read)
            return
        self._key = key
        self._answer({**_id(read), "event": "login", "code": "0", "msg": "", "connId": self._connection})

    def _verified(self, arg: Params, now_ms: int) -> str:
        try:
            key, passphrase = arg.need("apiKey"), arg.need("passphrase")
            timestamp, signature = arg.need("timestamp"), arg.need("sign")
        except ApiError:
            raise ApiError("60009", "Login failure") from None
        signing.check_key(key, passphrase, demo=self._demo)
        whole, _, rest = timestamp.partition(".")
        if not whole.isdecimal() or (rest and not rest.isdecimal()):
            raise ApiError("60004", "Invalid timestamp")
        if abs(now_ms - int(whole) * 1000) > signing.LATEST_MS:
            raise ApiError("60006", "Timestamp request expired")
        signing.check_signature(f"{timestamp}GET{signing.LOGIN_PATH}", signature)
        return key

    # Subscriptions.

    def _subscribe(self, arg: dict[str, object], read: Mapping[str, object], now_ms: int) -> None:
        try:
            topic = self._topic(arg, now_ms)
        except ApiError as error:
            self._refuse(error.code, error.msg, read)
            return
        self._answer({**_id(read), "event": "subscribe", "arg": arg, "connId": self._connection})
        shown = arg | {"uid": UID} if self._kind == "private" else arg
        self._topics[dump(dict(sorted(arg.items())))] = (shown, topic)

    def _topic(self, arg: dict[str, object], now_ms: int) -> Topic:
        named = ",".join(f"{name}:{value}" for name, value in arg.items())
        text = f"Wrong URL or {named} doesn't exist. Please use the correct URL, channel and parameters"
        missing = ApiError("60018", f"{text} referring to API document.")
        if self._kind == "private" and not self._key and arg.get("channel") in CHANNELS:
            raise ApiError("60011", "Please log in")
        makers = {"public": public_topic, "private": private_topic, "business": business_topic}
        try:
            topic = makers[self._kind](self._call(now_ms), Params(arg))
        except ApiError:
            raise missing from None
        if topic is None:
            raise missing
        return topic

    def _unsubscribe(self, arg: dict[str, object], read: Mapping[str, object]) -> None:
        """Also answered when there was no such subscription."""
        self._topics.pop(dump(dict(sorted(arg.items()))), None)
        self._answer({**_id(read), "event": "unsubscribe", "arg": arg, "connId": self._connection})

    # Orders.

    def _trade(self, op: str, read: Mapping[str, object], batch: Sequence[Params], now_ms: int) -> None:
        path, act = _ORDER_OPS[op]
        try:
            reply = self._acted(_ENDPOINTS[path], act, read, batch, now_ms)
        except ApiError as error:
            reply = Reply(code=error.code, msg=error.msg, data=())
        self._answer(
            {
                **_id(read),
                "op": op,
                "code": reply.code,
                "msg": reply.msg,
                "data": list(reply.data),
                "inTime": f"{now_ms}000",
                "outTime": f"{now_ms}000",
            }
        )

    def _acted(
        self,
        endpoint: Endpoint,
        act: Callable[[Call], Reply],
        read: Mapping[str, object],
        batch: Sequence[Params],
        now_ms: int,
    ) -> Reply:
        if self._kind != "private":
            raise ApiError("60028", "The current operation is not supported by this URL.")
        if not self._key:
            raise ApiError("60011", "Please log in")
        if endpoint.right.value not in signing.rights(self._key):
            raise ApiError("50120", "This API key doesn't have permission to use this function")
        self._limiter.charge(
            Charge(
                method=endpoint.method,
                path=endpoint.path,
                rate=endpoint.rate,
                client=self._client,
                key=self._key,
                instruments=[params.text("instIdCode") or params.text("instId") or "" for params in batch],
                places=endpoint.places,
            ),
            now_ms,
        )
        expires = Params(read).integer("expTime")
        return act(self._call(now_ms, batch=batch, expires_ms=expires))

    # Words.

    def _call(self, now_ms: int, *, batch: Sequence[Params] = (), expires_ms: int | None = None) -> Call:
        return Call(
            exchange=self._exchange,
            desk=self._desk,
            batch=batch or (Params({}),),
            key=self._key,
            now_ms=now_ms,
            expires_ms=expires_ms,
        )

    def _refuse(self, code: str, msg: str, read: Mapping[str, object]) -> None:
        self._answer({**_id(read), "event": "error", "code": code, "msg": msg, "connId": self._connection})

    def _answer(self, message: Mapping[str, object]) -> None:
        self._answers.append(Text(text=dump(message)))


def _id(read: Mapping[str, object]) -> dict[str, object]:
    """The client's own number of the request, if it sent one."""
    return {"id": read["id"]} if read.get("id") else {}
