"""The tables of a settings file. `docs/settings.md` is generated from these models."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Final

from pydantic import Discriminator, Field, Tag
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.domain.control import StopMode
from bot.domain.instrument import MarginMode
from bot.domain.observation import Source
from bot.settings.exit_model import ExitTable
from bot.settings.kinds import (
    DEAD_MAN,
    RATE,
    Amount,
    AssetWord,
    EnvironmentWord,
    ExchangeWord,
    FilePath,
    Flag,
    HedgeWord,
    JsonPath,
    MarginModeWord,
    Secret,
    SymbolWord,
    VenueWord,
    WebAddress,
    choice,
    fraction,
    seconds,
    whole,
)
from bot.settings.pair_model import PairTable
from bot.settings.tables import Kind, Table

PREFIX = "HEDGEBOT_"
DELIMITER = "__"


class VenueTable(Table):
    """`[venues.NAME]`: one account on one exchange.

    The name is made of small letters, digits and single underscores. Keys never stand in the file: they come from the
    environment (`HEDGEBOT_VENUES__NAME__API_KEY`, `__SECRET`, `__PASSWORD`) or from files (`api_key_file` and so on,
    here or as `HEDGEBOT_VENUES__NAME__API_KEY_FILE`).
    """

    exchange: ExchangeWord = Field(description="The exchange, by its ccxt id.")
    environment: EnvironmentWord = Field(
        description="`paper` is the built-in exchange, `testnet` the venue's own play-money environment, "
        "`live` is real money."
    )
    real_money: Flag = Field(
        default=False, description='Must be `true` for `environment = "live"`; not asked for on paper.'
    )
    allow_withdraw_key: Flag = Field(
        default=False, description="Accept a key that may withdraw. Better: make a key that may not."
    )
    api_key: Secret | None = Field(default=None, description="The API key; environment only.")
    secret: Secret | None = Field(default=None, description="The API secret; environment only.")
    password: Secret | None = Field(
        default=None, description="The API passphrase, where an exchange has one; environment only."
    )
    api_key_file: FilePath | None = Field(default=None, description="A file that holds the API key.")
    secret_file: FilePath | None = Field(default=None, description="A file that holds the API secret.")
    password_file: FilePath | None = Field(default=None, description="A file that holds the API passphrase.")
    dead_man_s: Annotated[int, DEAD_MAN] = Field(
        default=0,
        description="Let the venue cancel what rests on the hedges' contracts when the bot has not spoken for so long; "
        "also your own orders there, on OKX those of the whole account. Positions stay. 0: off.",
    )
    streams: Flag = Field(
        default=True, description="Listen to the venue's WebSocket streams, so that events are seen at once."
    )


class BandTable(Table):
    """`band`: how large a gap is left alone, max(relative x target x price, notional)."""

    relative: Annotated[Decimal, fraction("0", "1")] = Field(
        default=Decimal("0.005"), description="Fraction of the target."
    )
    notional: Amount = Field(default=Decimal(20), description="In the quote currency.")


class CapsTable(Table):
    """`caps`: limits that no order may pass."""

    order_notional: Amount = Field(default=Decimal(250_000), description="Largest single order, in quote.")
    notional_per_hour: Amount = Field(default=Decimal(1_000_000), description="All orders of an hour, in quote.")
    orders_per_minute: Annotated[int, whole(1, 600)] = Field(default=20, description="Orders a minute.")
    total_short: Annotated[Decimal, fraction("1", "2")] = Field(
        default=Decimal("1.05"), description="Largest short, as a factor of its target."
    )


class FundingTable(Table):
    """`funding`: close the short while holding it is too dear, and open it again after.

    Both numbers are costs, as fractions of the short's notional a year, averaged over the whole `funding_window_s`.
    While it is closed the coins are not hedged.
    """

    close_above: Annotated[Decimal, fraction("0", "100")] = Field(
        description="The average cost above which the short is closed."
    )
    reopen_below: Annotated[Decimal, fraction("-100", "100")] = Field(
        description="The average cost below which it is opened again; below `close_above`. Negative: it earns."
    )


class LadderTable(Table):
    """`ladder`: what is watched of a linear short's margin, and what is done about it.

    The numbers are liquidation price / mark: 1.99 at the start of a 1x short, 1 is the liquidation. Alarms come
    whatever is switched on. A coin-margined short that is backed by its coins needs none.
    """

    top_up: Flag = Field(
        default=False,
        description="Add margin from the venue's own stablecoins: in the futures wallet first, then in spot.",
    )
    reduce: Flag = Field(
        default=False,
        description="Where no money is free: sell spot coins, buy back as much of the short, and add the proceeds to "
        "the margin. The value stays locked, with fewer coins.",
    )
    alarm_at: Annotated[Decimal, fraction("1.01", "10")] = Field(
        default=Decimal("1.5"), description="A person is told here and below."
    )
    act_at: Annotated[Decimal, fraction("1.01", "10")] = Field(
        default=Decimal("1.5"), description="What is switched on is done here and below; less than the target."
    )
    target: Annotated[Decimal, fraction("1.01", "10")] = Field(
        default=Decimal("1.8"), description="What a step leads to."
    )
    critical: Annotated[Decimal, fraction("1.01", "10")] = Field(
        default=Decimal("1.25"), description="The alarm is a critical one here and below; no more than `act_at`."
    )
    reserve: Amount = Field(default=Decimal(0), description="What a top-up leaves in the stablecoin wallet.")


class Defaults(Table):
    """Settings of a hedge that may also stand at the top of the file, for every hedge that does not say otherwise."""

    band: BandTable = Field(default=BandTable(), description="How large a gap is left alone.")
    caps: CapsTable = Field(default=CapsTable(), description="Limits that no order may pass.")
    slippage: Annotated[Decimal, fraction("0", "0.2")] = Field(
        default=Decimal("0.005"), description="How far from the price an order's limit is set, as a fraction."
    )
    max_slippage_urgent: Annotated[Decimal, fraction("0", "0.2")] = Field(
        default=Decimal("0.02"), description="The same after two tries without a fill."
    )
    margin_reserve: Amount = Field(default=Decimal(0), description="Quote that is never used as margin.")
    dwell_s: Annotated[Decimal, seconds("0", "86400")] = Field(
        default=Decimal(60), description="How long a surplus must last before the short is reduced."
    )
    confirm_s: Annotated[Decimal, seconds("0", "60")] = Field(
        default=Decimal(1), description="How soon an increase is read again before it is acted on."
    )
    foreign_grace_s: Annotated[Decimal, seconds("0", "86400")] = Field(
        default=Decimal(600), description="How long a change made by somebody else is left alone."
    )
    proof_grace_s: Annotated[Decimal, seconds("0", "3600")] = Field(
        default=Decimal(30), description="How long after its deadline an order that nobody knows may still turn up."
    )
    proof_spacing_s: Annotated[Decimal, seconds("0", "600")] = Field(
        default=Decimal(5), description="Time between the readings that prove an order's absence."
    )
    age_max_s: Annotated[Decimal, seconds("1", "3600")] = Field(
        default=Decimal(15), description="Readings older than this say nothing."
    )
    settle_s: Annotated[Decimal, seconds("0", "3600")] = Field(
        default=Decimal(4), description="With a fresh journal: time before the first order."
    )
    transit_max_s: Annotated[Decimal, seconds("0", "7776000")] = Field(
        default=Decimal(604_800),
        description="How long coins on their way (redemption, unstaking, withdrawal, deposit) still count as held.",
    )

    max_funding_apr: Annotated[Decimal, fraction("0", "100")] = Field(
        default=Decimal("0.5"),
        description="What holding the short may cost, as a fraction of its notional a year; above it a person is told.",
    )
    funding_window_s: Annotated[Decimal, seconds("3600", "2592000")] = Field(
        default=Decimal(259_200), description="The trailing time over which funding is averaged."
    )
    funding: FundingTable | None = Field(
        default=None, description="Close the short while funding is too dear; without it funding closes nothing."
    )
    ladder: LadderTable = Field(default=LadderTable(), description="What is done about a margin that shrinks.")


class HoldingTable(Table):
    """An entry of `holdings`: one place where coins are.

    `spot` is every wallet of the venue from which coins can be sold; `earn` what is subscribed or staked there, with
    what is being redeemed; `margin` the coins that margin contracts (an inverse short brings its own); `transit` coins
    on their way to or from the venue; `external` a quantity that no venue knows: a number, a file, or JSON from an
    HTTPS address.
    """

    source: Annotated[Source, choice(Source, but=[Source.OTHER_LEG])] = Field(description="Where the coins are.")
    venue: VenueWord | None = Field(default=None, description="The venue; for every source but `external`.")
    amount: Amount | None = Field(default=None, description="Coins, for `external`: a number that stays.")
    file: FilePath | None = Field(
        default=None, description="For `external`: a file with the number, or with JSON; read again while running."
    )
    url: WebAddress | None = Field(
        default=None,
        repr=False,
        description="For `external`: an address that answers with JSON; read again while running.",
    )
    path: JsonPath | None = Field(
        default=None, description='Where in the JSON the number is, such as "data.balances.0.free".'
    )
    asset: AssetWord | None = Field(
        default=None,
        description='A token that stands for the hedge\'s coin, such as "WBETH" for ETH; needs one of the rates.',
    )
    rate: Annotated[Decimal, RATE] | None = Field(
        default=None, description="Coins of the hedge in one token: a number that stays."
    )
    rate_file: FilePath | None = Field(default=None, description="The same from a file.")
    rate_url: WebAddress | None = Field(default=None, repr=False, description="The same from an address.")
    rate_path: JsonPath | None = Field(default=None, description="Where in that JSON the rate is.")
    refresh_s: Annotated[Decimal, seconds("1", "3600")] = Field(
        default=Decimal(30), description="How often a file or an address is read again."
    )
    max_age_s: Annotated[Decimal, seconds("1", "604800")] = Field(
        default=Decimal(300),
        description="How long the last good reading of a file or an address serves; after it the hedge is frozen.",
    )
    file_age_max_s: Annotated[Decimal, seconds("1", "7776000")] | None = Field(
        default=None, description="A file that was written longer ago is stale; without it, it may be of any age."
    )


class ShortTable(Table):
    """`short`: the perpetual that hedges.

    Linear (`BTC/USDT:USDT`): isolated margin and leverage 1 unless said otherwise. Coin-margined (`BTC/USD:BTC`): cross
    margin and a setting of 2, since at 1 the last contracts do not fit; the bot itself holds it at 1x or less.
    """

    venue: VenueWord = Field(description="The venue that holds the short.")
    symbol: SymbolWord = Field(description="The perpetual.")
    margin: MarginModeWord | None = Field(
        default=None, description="Margin mode; without it `isolated`, or `cross` for a coin-margined perpetual."
    )
    leverage: Annotated[int, whole(1, 125)] | None = Field(
        default=None,
        description="Leverage setting; without it 1, or 2 for a coin-margined perpetual. More needs `allow_leverage`.",
    )

    @property
    def inverse(self) -> bool:
        """Whether the perpetual is coin-margined: it settles in its base."""
        base, _, rest = self.symbol.partition("/")
        return rest.partition(":")[2] == base

    @property
    def margin_mode(self) -> MarginMode:
        """The margin mode, with what is usual for the contract filled in."""
        return self.margin or (MarginMode.CROSS if self.inverse else MarginMode.ISOLATED)

    @property
    def leverage_setting(self) -> int:
        """The leverage setting, with what is usual for the contract filled in."""
        return self.leverage or (2 if self.inverse else 1)


class FallbackTable(ShortTable):
    """`fallback`: a second venue that hedges what the first one can't, while it can't.

    A linear perpetual on another venue than the short's, with margin ready on it. It grows only after the first venue
    could not be used for `after_s`: unreachable, without margin, or refusing orders. It never grows after a liquidation
    or another halt there, and what is too much later is taken off it first. `caps`, `ladder` and everything else of the
    hedge hold for it as well, each venue by itself.
    """

    after_s: Annotated[Decimal, seconds("10", "86400")] = Field(
        default=Decimal(60), description="How long the first venue must have been of no use before the second hedges."
    )


class HedgeTable(Defaults):
    """`[[hedges]]`: one coin, where it is held, and the short that keeps its value."""

    name: HedgeWord = Field(description="How logs and reports call the hedge; each name once.")
    kind: Annotated[Kind, choice(Kind)] = Field(
        default=Kind.SPOT_PERP, description="What the hedge does; each kind takes its own settings."
    )
    asset: AssetWord = Field(description="The coin.")
    ratio: Annotated[Decimal, fraction("0", "1")] = Field(default=Decimal(1), description="Wanted short / exposure.")
    allow_leverage: Flag = Field(default=False, description="Accept a leverage setting above 1.")
    holdings: Annotated[tuple[HoldingTable, ...], Field(min_length=1)] = Field(description="Where the coins are.")
    short: ShortTable = Field(description="The perpetual that hedges.")
    fallback: FallbackTable | None = Field(
        default=None, description="A second venue for what the first one can't hedge; without it there is none."
    )


AnyTable = HedgeTable | PairTable | ExitTable
"""A hedge of any kind."""
MODELS: Final[Mapping[Kind, type[AnyTable]]] = {
    Kind.SPOT_PERP: HedgeTable,
    Kind.CROSS_EXCHANGE: PairTable,
    Kind.STABLECOIN: ExitTable,
}
"""The table of each kind."""


def kind_at(hedge: object) -> Kind:
    """Which kind's settings a hedge's table is to be judged by; a kind that is unknown is found wrong there."""
    if isinstance(hedge, AnyTable):
        return hedge.kind
    word = hedge.get("kind") if isinstance(hedge, Mapping) else None
    return next((kind for kind in MODELS if kind == word), Kind.SPOT_PERP)


class JournalTable(Table):
    """`[journal]`: what survives a crash."""

    path: FilePath = Field(
        default="hedgebot.db",
        description="The journal's file, relative to the working directory; dry runs append `.dry-run`.",
    )


class Document(BaseSettings, Defaults):
    """The whole file."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        env_prefix=PREFIX,
        env_nested_delimiter=DELIMITER,
        env_ignore_empty=True,
    )

    interval_s: Annotated[Decimal, seconds("0.05", "3600")] = Field(
        default=Decimal(5), description="Time between two turns of the loop."
    )
    on_stop: Annotated[StopMode, choice(StopMode)] = Field(
        default=StopMode.KEEP,
        description="What a stop does: `keep` the hedges and cancel what rests, only `cancel` what rests and leave at "
        "once, or `flatten`: close the shorts first, within a minute.",
    )
    real_money: Flag = Field(default=False, description="The same as `real_money = true` in every venue.")
    journal: JournalTable = Field(default=JournalTable(), description="What survives a crash.")
    venues: dict[VenueWord, VenueTable] = Field(description="One table for each account.")
    hedges: Annotated[
        tuple[
            Annotated[
                Annotated[HedgeTable, Tag(Kind.SPOT_PERP.value)]
                | Annotated[PairTable, Tag(Kind.CROSS_EXCHANGE.value)]
                | Annotated[ExitTable, Tag(Kind.STABLECOIN.value)],
                Discriminator(kind_at),
            ],
            ...,
        ],
        Field(min_length=1),
    ] = Field(description="One table for each hedge.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what `load_settings` merged and nothing else: the environment is never read behind its back."""
        return (init_settings,)
