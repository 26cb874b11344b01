"""What the currencies of a cross-exchange hedge are worth in US dollars, by every venue of it that can tell."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

from bot.core.pair_situation import QuotePrice
from bot.domain.ids import Asset
from bot.domain.observation import Unknown
from bot.domain.pair import PairPlace
from bot.domain.usd import UsdPrice
from bot.ports import Index


async def quote_prices(
    places: Collection[PairPlace], indices: Sequence[Index], limit_s: float
) -> dict[Asset, QuotePrice | Unknown]:
    """USD prices of the quote currencies, where there are two or more, as every venue of the hedge tells them.

    No two currencies are taken for equal. One is Unknown when no venue can tell it, and also when a venue that has a
    price of it does not tell it now: what the other one says would be confirmed by nobody.

    Args:
        places: markets of the hedge.
        indices: its venues.
        limit_s: what a venue may take to answer.
    """
    quotes = sorted({place.quote for place in places})
    if len(quotes) < 2:
        return {}
    found = await asyncio.gather(*(_quote(quote, indices, limit_s) for quote in quotes))
    return dict(zip(quotes, found, strict=True))


async def _quote(quote: Asset, indices: Sequence[Index], limit_s: float) -> QuotePrice | Unknown:
    said = await asyncio.gather(*(_told(quote, index, limit_s) for index in indices))
    prices = {index.name: each for index, each in zip(indices, said, strict=True) if isinstance(each, UsdPrice)}
    missing = [each for each in said if isinstance(each, Unknown) and not (each.lasting and prices)]
    if missing or not prices:
        reason = "; ".join(f"{each.venue}: {each.reason}" for each in missing)
        return Unknown(what=f"USD price of {quote}", reason=reason or "no venue of the hedge tells it")
    oldest = min((price.stamp for price in prices.values()), key=lambda stamp: stamp.sent_ms)
    told = {name: price.value for name, price in prices.items()}
    return QuotePrice(usd=min(told.values()), stamp=oldest, told=told)


async def _told(quote: Asset, index: Index, limit_s: float) -> UsdPrice | Unknown:
    try:
        async with asyncio.timeout(limit_s):
            return await index.usd_price(quote)
    except TimeoutError:
        reason = f"it did not answer within {limit_s:g} s"
        return Unknown(what=f"USD price of {quote}", reason=reason, venue=index.name)
