"""The list of instruments, with the dated futures that clients want to see in it.

Source: https://www.okx.com/docs-v5/en/#public-data-rest-api-get-instruments (read 2026-06).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.domain.numbers import plain
from bot.paper.engine.model import Listing, MarketType
from bot.paper.wire.okx.digits import blanks
from bot.paper.wire.okx.endpoint import FUTURES, INST_TYPES, SPOT, SWAP, Call, Endpoint, family, inst_type
from bot.paper.wire.okx.limits import By, Rate
from bot.paper.wire.okx.signing import Right

SPOT_LEVERAGE: Final = ""
_MOST_AMOUNT: Final = "20000000"
_MOST_MARKET_AMOUNT: Final = "1000000"
_LEAST_DAYS: Final = 14
"""A dated future shown here has at least so long to live."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dated:
    family: str
    kind: str
    settle: str
    value: str
    value_currency: str
    lot: str
    code: int


_DATED: Final = (
    _Dated(family="BTC-USD", kind="inverse", settle="BTC", value="100", value_currency="USD", lot="1", code=30_001),
    _Dated(
        family="BTC-USDT", kind="linear", settle="USDT", value="0.01", value_currency="BTC", lot="0.01", code=30_002
    ),
)


def state(listing: Listing) -> str:
    """`live`, or `suspend` while nothing can be traded."""
    return "live" if listing.open else "suspend"


def row(call: Call, listing: Listing) -> dict[str, object]:
    """One spot pair or perpetual."""
    spot = listing.market is MarketType.SPOT
    inverse = listing.market is MarketType.INVERSE
    return _row(call.desk.codes[listing.key]) | {
        "instType": inst_type(listing),
        "instId": listing.symbol,
        "baseCcy": listing.base if spot else "",
        "quoteCcy": listing.quote if spot else "",
        "settleCcy": "" if spot else listing.settle,
        "uly": "" if spot else family(listing),
        "instFamily": "" if spot else family(listing),
        "ctType": "" if spot else "inverse" if inverse else "linear",
        "ctVal": "" if spot else plain(listing.contract_size * listing.multiplier),
        "ctValCcy": "" if spot else listing.quote if inverse else listing.asset,
        "ctMult": "" if spot else "1",
        "lever": SPOT_LEVERAGE if spot else str(listing.brackets[0].max_leverage),
        "listTime": str(listing.onboard_ms),
        "tickSz": plain(listing.price_tick),
        "lotSz": plain(listing.quantity_step),
        "minSz": plain(listing.quantity_min),
        "maxLmtSz": plain(listing.quantity_max),
        "maxMktSz": _MOST_MARKET_AMOUNT if spot else plain(listing.market_quantity_max),
        "maxMktAmt": _MOST_MARKET_AMOUNT if spot else "",
        "maxStopSz": plain(listing.market_quantity_max),
        "maxTwapSz": plain(listing.quantity_max),
        "maxIcebergSz": plain(listing.quantity_max),
        "maxTriggerSz": plain(listing.quantity_max),
        "state": state(listing),
        "tradeQuoteCcyList": [listing.quote] if spot else [],
    }


def _row(code: int) -> dict[str, object]:
    return {
        **blanks(
            "alias",
            "auctionEndTime",
            "contTdSwTime",
            "expTime",
            "maxMktAmt",
            "maxPlatOILmt",
            "openType",
            "optType",
            "posLmtAmt",
            "posLmtPct",
            "preMktSwTime",
            "stk",
        ),
        "category": "1",
        "futureSettlement": False,
        "groupId": "1",
        "instIdCode": code,
        "maxLmtAmt": _MOST_AMOUNT,
        "ruleType": "normal",
    }


def _dated_row(dated: _Dated, now_ms: int) -> dict[str, object]:
    expiry = _quarter_end(datetime.fromtimestamp(now_ms // 1000, UTC) + timedelta(days=_LEAST_DAYS))
    expiry_ms = int(expiry.timestamp()) * 1000
    return _row(dated.code) | {
        "instType": FUTURES,
        "instId": f"{dated.family}-{expiry:%y%m%d}",
        "alias": "quarter",
        "baseCcy": "",
        "quoteCcy": "",
        "settleCcy": dated.settle,
        "uly": dated.family,
        "instFamily": dated.family,
        "ctType": dated.kind,
        "ctVal": dated.value,
        "ctValCcy": dated.value_currency,
        "ctMult": "1",
        "lever": "20",
        "listTime": str(expiry_ms - 270 * 86_400_000),
        "expTime": str(expiry_ms),
        "tickSz": "0.1",
        "lotSz": dated.lot,
        "minSz": dated.lot,
        "maxLmtSz": "1000000",
        "maxMktSz": "10000",
        "maxStopSz": "10000",
        "maxTwapSz": "1000000",
        "maxIcebergSz": "1000000",
        "maxTriggerSz": "1000000",
        "state": "live",
        "tradeQuoteCcyList": [],
    }


def _quarter_end(at: datetime) -> datetime:
    """The first last Friday of a quarter, 08:00 UTC, that is not before a time."""
    months = (at.month - 1) // 3 * 3 + 3
    while True:
        year, month = at.year + months // 12, months % 12 + 1
        last = datetime(year, month, 1, 8, tzinfo=UTC) - timedelta(days=1)
        friday = last - timedelta(days=(last.weekday() - 4) % 7)
        if friday >= at:
            return friday
        months += 3


def _instruments(call: Call) -> Sequence[object]:
    kind = call.params.need("instType", INST_TYPES)
    names = {call.params.text(name) for name in ("uly", "instFamily")} - {None}
    one = call.params.text("instId")
    if kind == FUTURES:
        rows = [_dated_row(dated, call.now_ms) for dated in _DATED]
    else:
        markets = {SPOT: [MarketType.SPOT], SWAP: [MarketType.LINEAR, MarketType.INVERSE]}.get(kind, [])
        rows = [row(call, listing) for listing in call.listings(*markets) if markets]
    return [found for found in rows if one in {None, found["instId"]} and (not names or found["instFamily"] in names)]


def _underlying(call: Call) -> Sequence[object]:
    kind = call.params.need("instType", {SWAP, FUTURES, "OPTION"})
    found = {SWAP: [family(listing) for listing in call.listings() if listing.market.perpetual]}
    found[FUTURES] = [dated.family for dated in _DATED]
    return [found.get(kind, [])]


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="public/instruments",
        handle=_instruments,
        rate=Rate(count=20, by=By.ADDRESS),
        right=Right.PUBLIC,
    ),
    Endpoint(method="GET", path="account/instruments", handle=_instruments, rate=Rate(count=20)),
    Endpoint(
        method="GET",
        path="public/underlying",
        handle=_underlying,
        rate=Rate(count=20, by=By.ADDRESS),
        right=Right.PUBLIC,
    ),
)
