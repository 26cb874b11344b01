"""What faults and the admin interface must know of a venue besides its façade: its error bodies, its names."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from bot.paper.wire.http import Request, Response

JSON_HEADERS: Final = {"Content-Type": "application/json;charset=UTF-8"}


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
    """

    key_header: str
    key_prefix: str
    volatile: frozenset[str]
    lists: tuple[str, ...]
    flexible: str
    reject: Callable[[Request], Response]
    outage: Response

    def account_of(self, request: Request) -> str | None:
        """The API key the request names; None for a public one."""
        return request.header(self.key_header)


def _json(status: int, content: Mapping[str, object]) -> Response:
    return Response(status=status, headers=JSON_HEADERS, body=json.dumps(content, separators=(",", ":")).encode())


def _binance_error(status: int, code: int, message: str) -> Response:
    return _json(status, {"code": code, "msg": message})


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
)


def _okx_reject(request: Request) -> Response:
    """Orders and cancels are refused one by one inside an answer with HTTP 200; everything else for want of permission.

    Source: https://www.okx.com/docs-v5/en/#error-code; the status of 50120 is from general knowledge.
    """
    if not request.path.startswith("/api/v5/trade/") or request.method != "POST":
        return _json(401, {"code": "50120", "data": [], "msg": "This API key doesn't have permission."})
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
    return _json(200, {"code": "1", "data": refused, "msg": "All operations failed"})


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
    outage=_json(503, {"code": "50001", "data": [], "msg": "Service temporarily unavailable. Try again later."}),
)


def _kucoin_reject(request: Request) -> Response:
    """Orders are refused for want of money, cancels as unknown, everything else for want of permission.

    Source: https://www.kucoin.com/docs-new/error-code; the status of 400007 is from general knowledge.
    """
    if "/orders" in request.path and request.method == "DELETE":
        return _json(200, {"code": "400100", "msg": "order_not_exist_or_not_allow_to_be_cancelled"})
    if "/orders" in request.path and request.method == "POST":
        if request.host.startswith("api-futures."):
            return _json(200, {"code": "300003", "msg": "Balance insufficient. Please deposit first."})
        return _json(200, {"code": "200004", "msg": "Balance insufficient!"})
    return _json(403, {"code": "400007", "msg": "Access denied--> Require more permission."})


KUCOIN: Final = Traits(
    key_header="KC-API-KEY",
    key_prefix="paper",
    volatile=frozenset(),
    lists=("data", "items", "dataList", "accounts"),
    flexible="flexible",
    reject=_kucoin_reject,
    outage=_json(503, {"code": "500000", "msg": "Internal Server Error"}),
)
