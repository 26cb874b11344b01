"""How Binance writes numbers: strings with a fixed count of digits."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from bot.paper.engine.model import Listing, MarketType


def fixed(value: Decimal, places: int, rounding: str = ROUND_HALF_UP) -> str:
    """`value` with exactly `places` digits after the point, never with an exponent."""
    return f"{value.quantize(Decimal(1).scaleb(-places), rounding=rounding):f}"


def eight(value: Decimal) -> str:
    """Eight digits, as spot quantities, spot prices and all balances are written; never more than there is."""
    return fixed(value, 8, ROUND_DOWN)


def places_of(step: Decimal) -> int:
    """Digits after the point that `step` needs: 0.10 needs one, 10 none."""
    exponent = step.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return max(0, -exponent)


def wire_number(value: Decimal) -> float:
    """For the few members that Binance writes as JSON numbers; a float prints the same digits up to 15 of them."""
    return float(value)


def price_places(listing: Listing) -> int:
    """Digits of a contract's prices: USD-M writes at least two, also where the tick has one."""
    return max(0 if listing.market is MarketType.INVERSE else 2, places_of(listing.price_tick))


def price_text(listing: Listing, price: Decimal) -> str:
    """A price on a contract's book, with the contract's own digits."""
    return fixed(price, price_places(listing))


def quantity_text(listing: Listing, quantity: Decimal) -> str:
    """A quantity of contracts, with the contract's own digits."""
    return fixed(quantity, places_of(listing.quantity_step))


def worth_text(listing: Listing, worth: Decimal) -> str:
    """What a quantity is worth in the settle asset: quote for USD-M, coins for COIN-M."""
    return eight(worth) if listing.market is MarketType.INVERSE else quote_text(listing, worth)


def quote_text(listing: Listing, quote: Decimal) -> str:
    """Price x quantity of a contract with all its digits, five at least."""
    return fixed(quote, max(5, places_of(listing.price_tick) + places_of(listing.quantity_step)))
