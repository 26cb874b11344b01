"""What faults and the admin interface must know of a venue besides its façade: its error bodies, its names."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from bot.paper import overload
from bot.paper.overload import json_answer
from bot.paper.wire.http import Request, Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """One venue's ways.

    Attributes:
        key_header: the request header that carries the API key; accounts are named by it.
        key_prefix: how every key begins that has an account.
        volatile: query parameters in which two equal requests differ.
        lists: names under which a read's answer keeps its lists, where a list is not the whole answer.
        flexible: the Earn product that gives coins back at once.
        reject: a definite refusal of the request: the venue did nothing and says so.
        outage: the 503 that leaves open whether the request took effect.
        too_many: the refusal of a request that came too soon, given for how many milliseconds.
        banned: the refusal of whatever an address asks that is banned for so many milliseconds.
        bans_grow: who asks during a ban begins it anew; only where the venue says how long it lasts.
        maintenance: what a request gets during maintenance.
        heartbeats: texts in the frames by which a stream says no more than that it is there.
    """

    key_header: str
    key_prefix: str
    volatile: frozenset[str]
    lists: tuple[str, ...]
    flexible: str
    reject: Callable[[Request], Response]
    outage: Response
    too_many: Callable[[Request, int], Response]
    banned: Callable[[Request, int], Response]
    bans_grow: bool
    maintenance: Callable[[Request], Response]
    heartbeats: tuple[str, ...]

    def account_of(self, request: Request) -> str | None:
        """The API key the request names; None for a public one."""
        return request.header(self.key_header)


def _binance_error(status: int, code: int, message: str) -> Response:
    return json_answer(status, {"code": code, "msg": message})


def _binance_reject(request: Request) -> Response:
    """Orders are refused for want of money, cancels as unknown, everything else for want of permission.

    Source: https://developers.binance.com/docs/binance-spot-api-docs/errors and
    https://developers.binance.com/docs/derivatives/usds-margined-futures/error-code
    """
    ordering = request.path.rsplit("/", 1)[-1].lower() in {"order", "batchorders", "openorders", "allopenorders"}
    if ordering and request.method == "DELETE":
        return _binance_error(400, -2011, "Unknown order sent.")
    if ordering and request.method in {"POST", "PUT"}:
        if request.path.startswith(("/fapi/", "/dapi/")):
            return _binance_error(400, -2019, "Margin is insufficient.")
        return _binance_error(400, -2010, "Account has insufficient balance for requested action.")
    return _binance_error(401, -2015, "Invalid API-key, IP, or permissions for action.")


BINANCE: Final = Traits(
    key_header="X-MBX-APIKEY",
    key_prefix="paper",
    volatile=frozenset({"timestamp", "signature", "recvWindow"}),
    lists=("balances", "positions", "assets", "rows", "userAssets"),
    flexible="flexible",
    reject=_binance_reject,
    outage=_binance_error(503, -1000, "An unknown error occurred while processing the request."),
    too_many=overload.binance_too_many,
    banned=overload.binance_banned,
    bans_grow=True,
    maintenance=overload.binance_maintenance,
    heartbeats=(),
)


def _okx_reject(request: Request) -> Response:
    """Orders and cancels are refused one by one inside an answer with HTTP 200; everything else for want of permission.

    Source: https://www.okx.com/docs-v5/en/#error-code; the status of 50120 is from general knowledge.
    """
    if not request.path.startswith("/api/v5/trade/") or request.method != "POST":
        return json_answer(401, {"code": "50120", "data": [], "msg": "This API key doesn't have permission."})
    code, text = ("51008", "Order failed. Insufficient balance in account.")
    if "cancel" in request.path:
        code, text = ("51400", "Order cancellation failed as the order has been filled, canceled or does not exist.")
    refused = [
        {
            "ordId": str(order.get("ordId", "")),
            "clOrdId": str(order.get("clOrdId", "")),
            "tag": str(order.get("tag", "")),
            "sCode": code,
            "sMsg": text,
        }
        for order in _orders_in(request.body)
    ]
    return json_answer(200, {"code": "1", "data": refused, "msg": "All operations failed"})


def _orders_in(body: bytes) -> list[Mapping[str, object]]:
    """The orders of a single or of a batch request; one nameless order when the body says nothing."""
    try:
        content = json.loads(body)
    except ValueError:
        content = {}
    orders = content if isinstance(content, list) else [content]
    return [order for order in orders if isinstance(order, dict)] or [{}]


OKX: Final = Traits(
    key_header="OK-ACCESS-KEY",
    key_prefix="paper",
    volatile=frozenset(),
    lists=("data", "details"),
    flexible="flexible",
    reject=_okx_reject,
    outage=json_answer(503, {"code": "50001", "data": [], "msg": "Service temporarily unavailable. Try again later."}),
    too_many=overload.okx_too_many,
    banned=overload.okx_banned,
    bans_grow=False,
    maintenance=overload.okx_maintenance,
    heartbeats=("pong",),
)


def _kucoin_reject(request: Request) -> Response:
    """Orders are refused for want of money, cancels as unknown, everything else for want of permission.

    Source: https://www.kucoin.com/docs-new/error-code; the status of 400007 is from general knowledge.
    """
    if "/orders" in request.path and request.method == "DELETE":
        return json_answer(200, {"code": "400100", "msg": "order_not_exist_or_not_allow_to_be_cancelled"})
    if "/orders" in request.path and request.method == "POST":
        if request.host.startswith("api-futures."):
            return json_answer(200, {"code": "300003", "msg": "Balance insufficient. Please deposit first."})
        return json_answer(200, {"code": "200004", "msg": "Balance insufficient!"})
    return json_answer(403, {"code": "400007", "msg": "Access denied--> Require more permission."})


KUCOIN: Final = Traits(
    key_header="KC-API-KEY",
    key_prefix="paper",
    volatile=frozenset(),
    lists=("data", "items", "dataList", "accounts"),
    flexible="flexible",
    reject=_kucoin_reject,
    outage=json_answer(503, {"code": "500000", "msg": "Internal Server Error"}),
    too_many=overload.kucoin_too_many,
    banned=overload.kucoin_banned,
    bans_grow=False,
    maintenance=overload.kucoin_maintenance,
    heartbeats=('"type":"pong"', '"type":"welcome"'),
)
