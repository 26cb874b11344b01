"""One call of the risk gate in which everything is right, and the ways to change it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from bot.core.guards import Activity, Campaign
from bot.core.risk import approve
from bot.domain.instrument import Instrument, MarginMode
from bot.domain.observation import Margin, Position, Prices, Stamp, SymbolConfig, Unknown
from bot.domain.orders import Approved, OrderRequest, Refused, Side
from bot.domain.plan import PlannedOrder
from bot.domain.policy import HedgePolicy
from tests.core import instruments
from tests.core.instruments import LINEAR, PERP, POLICY, USDT, position_of

NOW_MS = 1_000_000
STAMP = Stamp(sent_ms=NOW_MS - 1_000, answered_ms=NOW_MS - 900)
STEP = Decimal("0.001")
INSTRUMENT = replace(LINEAR, quantity_min=Decimal("0.002"), quantity_max=Decimal(1_000), notional_min=Decimal(250))
PRICES = Prices(
    symbol=PERP,
    mark=Decimal(100_000),
    index=Decimal(100_000),
    bid=Decimal(99_990),
    ask=Decimal(100_010),
    funding_rate=None,
    stamp=STAMP,
)
CONFIG = SymbolConfig(symbol=PERP, leverage=1, margin_mode=MarginMode.ISOLATED, hedged=False)
CAMPAIGN = Campaign(exposure=Decimal(2), initial_gap_contracts=Decimal(1), filled_contracts=Decimal(0), mismatches=0)
SELL = replace(instruments.SELL, price=Decimal("99490.1"))
BUY = replace(SELL, side=Side.BUY, price=Decimal(100_510), reduce_only=True)


def at(contracts: str, stamp: Stamp = STAMP) -> Position:
    return position_of(contracts, stamp)


SHORT = at("-1")
MARGIN = Margin(asset=USDT, wallet=Decimal(200_000), available=Decimal(200_000), stamp=STAMP)
QUIET = Activity(orders_last_minute=0, notional_last_hour=Decimal(0))


@dataclass(frozen=True, kw_only=True)
class Case:
    """One call of the gate; as it stands, everything is right: short 1 of 2, one more is to be sold."""

    request: OrderRequest = SELL
    policy: HedgePolicy = POLICY
    instrument: Instrument = INSTRUMENT
    prices: Prices = PRICES
    mark: Decimal = Decimal(100_000)
    position: Position = SHORT
    target: Decimal = Decimal(2)
    unfilled: Sequence[tuple[Side, Decimal]] = ()
    margin: Margin | Unknown = MARGIN
    config: SymbolConfig | Unknown = CONFIG
    clock_ok: bool = True
    activity: Activity = QUIET
    campaign: Campaign | None = CAMPAIGN
    halted: Sequence[str] = ()
    live: bool = True

    def judged(self) -> Approved | Refused:
        contracts = self.request.contracts
        order = PlannedOrder(
            request=self.request, coins=contracts, notional=contracts * self.mark, fee_estimate=Decimal(0)
        )
        return approve(
            order,
            policy=self.policy,
            instrument=self.instrument,
            prices=self.prices,
            mark=self.mark,
            position=self.position,
            target_contracts=self.target,
            unfilled=self.unfilled,
            margin=self.margin,
            config=self.config,
            clock_ok=self.clock_ok,
            activity=self.activity,
            campaign=self.campaign,
            halted=self.halted,
            live=self.live,
            now_ms=NOW_MS,
        )


GOOD = Case()
GOOD_BUY = replace(GOOD, request=BUY, target=Decimal(0))


def asked(case: Case, **changed: object) -> Case:
    """The case with another order: one thing of it changed."""
    return replace(case, request=replace(case.request, **changed))  # type: ignore[arg-type]


def under(case: Case, **changed: object) -> Case:
    """The case with other caps."""
    return replace(case, policy=replace(case.policy, caps=replace(case.policy.caps, **changed)))  # type: ignore[arg-type]


def aged(ms: int) -> Stamp:
    return Stamp(sent_ms=NOW_MS - ms, answered_ms=NOW_MS)
