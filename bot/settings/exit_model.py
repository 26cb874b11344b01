"""The tables of a hedge of `kind = "stablecoin"`: what it sells, for what, when, and when it buys again."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Final

from pydantic import Field

from bot.domain.exits import Combine
from bot.settings.kinds import Amount, AssetWord, Expect, HedgeWord, VenueWord, choice, exact, seconds, whole
from bot.settings.tables import Kind, Table

_HUNDRED: Final = Decimal(100)
_WIDE: Final = exact(Decimal(-1_000_000), Decimal(1_000_000))


def part(low: str, high: str) -> Expect:
    """A fraction as a string, or a percentage that says so: "0.15" or "15 %"."""
    within = exact(Decimal(low), Decimal(high))

    def read(raw: object) -> Decimal:
        if not isinstance(raw, str):
            raise ValueError  # noqa: TRY004 - `Expect` words it
        digits, percent, rest = raw.partition("%")
        if rest.strip():
            raise ValueError
        return within(_WIDE(digits.strip()) / _HUNDRED if percent else raw)

    return Expect(f'a fraction from {low} to {high} as a string, or a percentage such as "15 %"', read)


class DrawdownTable(Table):
    """`signals.drawdown`: how far the price is below its highest of a rolling window."""

    exit: Annotated[Decimal, part("0.001", "0.95")] = Field(description="Exit at this drawdown or more.")
    back: Annotated[Decimal, part("0", "0.95")] = Field(
        description="The signal is over at this drawdown or less; less than `exit`."
    )
    window_s: Annotated[Decimal, seconds("3600", "31536000")] = Field(
        default=Decimal(2_592_000), description="How far back the peak is looked for; at least 3 bars."
    )


class VolatilityTable(Table):
    """`signals.volatility`: realised volatility a year, of returns weighted by their age."""

    exit: Annotated[Decimal, part("0.01", "5")] = Field(description="Exit at this volatility or more; 0.9 is 90 %.")
    back: Annotated[Decimal, part("0", "5")] = Field(
        description="The signal is over at this volatility or less; less than `exit`."
    )
    half_life_s: Annotated[Decimal, seconds("3600", "31536000")] = Field(
        default=Decimal(864_000),
        description="The age at which a return weighs half as much; 4 of them are at least 3 bars.",
    )


class AverageTable(Table):
    """`signals.average`: how far the price is below its moving average."""

    exit: Annotated[Decimal, part("0", "0.95")] = Field(description="Exit so far below the average, or further.")
    back: Annotated[Decimal, part("-0.95", "0.95")] = Field(
        description="The signal is over this far below it or less; less than `exit`. Negative: above the average."
    )
    window_s: Annotated[Decimal, seconds("3600", "31536000")] = Field(
        default=Decimal(8_640_000), description="The time that is averaged; at least 3 bars."
    )


class PriceTable(Table):
    """`signals.price`: the price itself, in USD."""

    exit: Amount = Field(description="Exit at this price or below.")
    back: Amount = Field(description="The signal is over at this price or above; more than `exit`.")


class SignalsTable(Table):
    """`signals`: what says that the market is uncertain. Each is optional; without any, only a person says so.

    All of them look at the coin's price in USD, not in a stablecoin: one that loses its peg makes coins look dear.
    Bars are of an hour each; of a day where any signal looks back more than 60 days.
    """

    drawdown: DrawdownTable | None = Field(default=None, description="The price is far below its peak.")
    volatility: VolatilityTable | None = Field(default=None, description="The price moves much.")
    average: AverageTable | None = Field(default=None, description="The price is below its moving average.")
    price: PriceTable | None = Field(default=None, description="The price is below a number.")


class ReenterTable(Table):
    """`reenter`: buy the coins back without being told. Without it only `hedgebot enter` does.

    It takes every signal to be over for `for_s`, and `cooldown_s` since the exit.
    """

    cooldown_s: Annotated[Decimal, seconds("3600", "31536000")] = Field(
        default=Decimal(259_200), description="The least time between an exit and the way back."
    )
    for_s: Annotated[Decimal, seconds("0", "2592000")] = Field(
        default=Decimal(86_400), description="How long the signals must have been over."
    )


class ExitCapsTable(Table):
    """`caps`: limits that no order of the hedge may pass."""

    order_notional: Amount = Field(default=Decimal(250_000), description="Largest single order, in quote.")
    notional_per_hour: Amount = Field(default=Decimal(1_000_000), description="All orders of an hour, in quote.")
    orders_per_minute: Annotated[int, whole(1, 600)] = Field(default=20, description="Orders a minute.")


class ExitTable(Table):
    """`[[hedges]]` of `kind = "stablecoin"`: exchange a coin for stablecoins while the market is uncertain.

    A stablecoin is not taken to be worth 1: one that lost its peg is not bought, and what is held of it is exchanged.
    What is bought back is paid with the proceeds of the hedge's own sales, never with other money of the account.
    """

    name: HedgeWord = Field(description="How logs and reports call the hedge; each name once.")
    kind: Annotated[Kind, choice(Kind)] = Field(description='"stablecoin".')
    asset: AssetWord = Field(description="The coin.")
    venue: VenueWord = Field(description="The venue that holds the coins in spot, and where they are sold.")
    basket: dict[AssetWord, Annotated[Decimal, part("0.000001", "1")]] = Field(
        description='What is bought, and how much of each: weights that sum to 1, such as {USDC = "0.5", USDT = "0.5"}.'
    )
    fraction: Annotated[Decimal, part("0.01", "1")] = Field(
        default=Decimal(1), description="How much of the coins above the floor is exchanged, locked ones too."
    )
    floor: Amount = Field(default=Decimal(0), description="Coins that stay, for fees.")
    signals: SignalsTable = Field(default=SignalsTable(), description="What says that the market is uncertain.")
    combine: Annotated[Combine, choice(Combine)] = Field(
        default=Combine.ANY, description="Whether one signal is enough, or all must say so."
    )
    for_s: Annotated[Decimal, seconds("0", "2592000")] = Field(
        default=Decimal(300), description="How long a signal must last before it counts."
    )
    reenter: ReenterTable | None = Field(
        default=None, description="Buy back without being told; without it only `hedgebot enter` does."
    )
    max_round_trips: Annotated[int, whole(1, 100)] = Field(
        default=1, description="Most exits within a week that were bought back by themselves."
    )
    depeg: Annotated[Decimal, part("0.001", "0.5")] = Field(
        default=Decimal("0.02"), description="How far from 1 USD a stablecoin may be."
    )
    slippage: Annotated[Decimal, part("0", "0.05")] = Field(
        default=Decimal("0.005"), description="How far from the best price of the book an order may go."
    )
    slice_notional: Amount = Field(
        default=Decimal(10_000), description="Largest slice, in quote; of hedged coins never more is naked."
    )
    caps: ExitCapsTable = Field(default=ExitCapsTable(), description="Limits that no order may pass.")
    look_s: Annotated[Decimal, seconds("0.5", "3600")] = Field(
        default=Decimal(5), description="How often prices and balances are read."
    )
    dwell_s: Annotated[Decimal, seconds("0", "86400")] = Field(
        default=Decimal(60), description="How long stablecoins must be missing before they count as withdrawn."
    )
    age_max_s: Annotated[Decimal, seconds("1", "3600")] = Field(
        default=Decimal(15), description="Readings older than this say nothing."
    )
    proof_grace_s: Annotated[Decimal, seconds("0", "3600")] = Field(
        default=Decimal(30), description="How long after its deadline an order that nobody knows may still turn up."
    )
    proof_spacing_s: Annotated[Decimal, seconds("0", "600")] = Field(
        default=Decimal(5), description="Time between the readings that prove an order's absence."
    )
