"""Public data of perpetuals: mark price, funding, price limits, open interest, margin tiers.

Source: https://www.okx.com/docs-v5/en/#public-data-rest-api (read 2026-06).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

from bot.domain.numbers import ONE, ZERO, ceil_to, floor_to, plain
from bot.paper.engine.model import Listing, MarketType
from bot.paper.wire.okx import errors
from bot.paper.wire.okx.digits import text
from bot.paper.wire.okx.endpoint import SWAP, Call, Endpoint, family, inst_type
from bot.paper.wire.okx.limits import By, Rate
from bot.paper.wire.okx.signing import Right

_INTERVAL_MS: Final = 8 * 3_600_000
_CAP: Final = Decimal("0.00375")


def mark_row(call: Call, listing: Listing) -> dict[str, str]:
    """One mark price."""
    return {
        "instType": inst_type(listing),
        "instId": listing.symbol,
        "markPx": plain(call.exchange.mark(listing.key)),
        "ts": str(call.now_ms),
    }


def _mark_prices(call: Call) -> Sequence[object]:
    return [mark_row(call, listing) for listing in call.wanted()]


def funding_row(call: Call, listing: Listing) -> dict[str, str]:
    """The rate that the next settlement uses; `nextFundingTime` is the one after it."""
    due_ms = call.exchange.next_funding_ms()
    rate = plain(call.exchange.funding_rate(listing.asset))
    past = call.exchange.told_fundings(listing.symbol)
    return {
        "formulaType": "withRate",
        "fundingRate": rate,
        "fundingTime": str(due_ms),
        "impactValue": "20000",
        "instId": listing.symbol,
        "instType": inst_type(listing),
        "interestRate": "0.0001",
        "maxFundingRate": plain(_CAP),
        "method": "current_period",
        "minFundingRate": plain(-_CAP),
        "nextFundingRate": "",
        "nextFundingTime": str(due_ms + _INTERVAL_MS),
        "premium": "0",
        "prevFundingTime": str(due_ms - _INTERVAL_MS),
        "settFundingRate": plain(past[-1].rate),
        "settState": "settled",
        "ts": str(call.now_ms),
    }


def perpetual(call: Call) -> Listing:
    """The perpetual that `instId` means.

    Raises:
        ApiError: 50014, 51001.
    """
    listing = call.listing()
    if not listing.market.perpetual:
        raise errors.unknown_instrument()
    return listing


def _funding_rate(call: Call) -> Sequence[object]:
    if call.params.text("instId") == "ANY":
        return [funding_row(call, listing) for listing in call.listings(MarketType.LINEAR, MarketType.INVERSE)]
    return [funding_row(call, perpetual(call))]


def _funding_history(call: Call) -> Sequence[object]:
    listing = perpetual(call)
    after_ms, before_ms = call.params.integer("after"), call.params.integer("before")
    rows = [
        {
            "formulaType": "withRate",
            "fundingRate": plain(record.rate),
            "fundingTime": str(record.time_ms),
            "instId": listing.symbol,
            "instType": inst_type(listing),
            "method": "current_period",
            "realizedRate": plain(record.rate),
        }
        for record in reversed(call.exchange.told_fundings(listing.symbol))
        if (after_ms is None or record.time_ms < after_ms) and (before_ms is None or record.time_ms > before_ms)
    ]
    return rows[: call.params.limit(400, 100)]


def price_bounds(call: Call, listing: Listing) -> tuple[Decimal | None, Decimal | None]:
    """The highest buying and the lowest selling price that are accepted; None: no bound."""
    mark, tick = call.exchange.mark(listing.key), listing.price_tick
    up, down = listing.percent_price_up, listing.percent_price_down
    return (
        None if up is None else floor_to(mark * up, tick),
        None if down is None else ceil_to(mark * down, tick),
    )


def limit_row(call: Call, listing: Listing) -> dict[str, object]:
    """The price limits of one instrument."""
    buy, sell = price_bounds(call, listing)
    return {
        "instType": inst_type(listing),
        "instId": listing.symbol,
        "buyLmt": "" if buy is None else plain(buy),
        "sellLmt": "" if sell is None else plain(sell),
        "enabled": buy is not None,
        "ts": str(call.now_ms),
    }


def _price_limit(call: Call) -> Sequence[object]:
    return [limit_row(call, call.listing())]


def _open_interest(call: Call) -> Sequence[object]:
    call.params.need("instType")
    rows = []
    for listing in call.wanted():
        if not listing.market.perpetual:
            continue
        contracts = listing.depth * 100 + sum(
            (
                abs(position.contracts)
                for account in call.exchange.accounts().values()
                for position in account.positions()
                if position.symbol == listing.symbol
            ),
            ZERO,
        )
        mark = call.exchange.mark(listing.key)
        dollars = listing.quote_value(contracts, mark)
        rows.append(
            {
                "instType": inst_type(listing),
                "instId": listing.symbol,
                "oi": plain(contracts),
                "oiCcy": text(dollars / mark),
                "oiUsd": text(dollars),
                "ts": str(call.now_ms),
            }
        )
    return rows


def _position_tiers(call: Call) -> Sequence[object]:
    """Tiers in contracts. The bounds follow the mark, because the exchange's own are in the settle asset."""
    params = call.params
    kind = params.need("instType")
    params.need("tdMode", {"cross", "isolated"})
    if kind != SWAP:
        return []
    if not {"uly", "instFamily", "instId"} & {name for name in ("uly", "instFamily", "instId") if name in params}:
        raise errors.empty("instFamily")
    return [tier for listing in call.wanted() for tier in _tiers(call, listing)]


def _tiers(call: Call, listing: Listing) -> Sequence[object]:
    one = listing.notional(ONE, call.exchange.mark(listing.key))
    least = ZERO
    rows = []
    for number, bracket in enumerate(listing.brackets, start=1):
        most = floor_to(bracket.cap / one, listing.quantity_step)
        rows.append(
            {
                "baseMaxLoan": "",
                "imr": text(ONE / bracket.max_leverage),
                "instFamily": family(listing),
                "instId": "",
                "maxLever": str(bracket.max_leverage),
                "maxSz": plain(most),
                "minSz": plain(least),
                "mmr": plain(bracket.rate),
                "optMgnFactor": "0",
                "quoteMaxLoan": "",
                "tier": str(number),
                "uly": family(listing),
            }
        )
        least = most + listing.quantity_step
    return rows


def _public(path: str, handle: Callable[[Call], Sequence[object]], count: int) -> Endpoint:
    rate = Rate(count=count, by=By.ADDRESS)
    return Endpoint(method="GET", path=path, handle=handle, rate=rate, right=Right.PUBLIC)


ENDPOINTS: Final = (
    _public("public/mark-price", _mark_prices, 10),
    _public("public/funding-rate", _funding_rate, 10),
    _public("public/funding-rate-history", _funding_history, 10),
    _public("public/price-limit", _price_limit, 20),
    _public("public/open-interest", _open_interest, 20),
    _public("public/position-tiers", _position_tiers, 10),
)
