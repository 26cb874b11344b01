"""What faults and the admin interface must know of a venue besides its façade: its error bodies, its names."""

from __future__ import annotations

import json
from collections.abc import Callable
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
        lists: names under which a read's answer keeps its list, where the list is not the whole answer.
        wallets: the names of an account's wallets.
        spot_wallet: where free coins lie.
        earn_products: what coins can be subscribed to.
        flexible: the product that gives coins back at once, and the wallet that holds them.
        reject: a definite refusal of the request: the venue did nothing and says so.
        outage: the 503 that leaves open whether the request took effect.
    """

    key_header: str
    key_prefix: str
    volatile: frozenset[str]
    lists: tuple[str, ...]
    wallets: tuple[str, ...]
    spot_wallet: str
    earn_products: tuple[str, ...]
    flexible: tuple[str, str]
    reject: Callable[[Request], Response]
    outage: Response

    def account_of(self, request: Request) -> str | None:
        """The API key the request names; None for a public one."""
        return request.header(self.key_header)


def _binance_error(status: int, code: int, message: str) -> Response:
    body = json.dumps({"code": code, "msg": message}, separators=(",", ":")).encode()
    return Response(status=status, headers=JSON_HEADERS, body=body)


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
    wallets=("spot", "funding", "usdm", "coinm", "earn-flexible", "earn-locked"),
    spot_wallet="spot",
    earn_products=("flexible", "locked"),
    flexible=("flexible", "earn-flexible"),
    reject=_binance_reject,
    outage=_binance_error(503, -1000, "An unknown error occurred while processing the request."),
)
