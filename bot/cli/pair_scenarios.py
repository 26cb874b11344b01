"""The stories of `hedgebot demo` about two exchanges and the gap between their prices."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from bot.cli.stagehand import ACCOUNT, Tell, TraderWatch
from bot.domain.trader import TraderOutcome, with_end
from bot.paper.faults import Fault, FaultKind
from bot.paper.world import World

Wallets = Mapping[str, Mapping[str, Mapping[str, Decimal]]]
BUYS, SELLS = "kucoin", "okx"
MARKET: Final = "spot:BTC-USDT"
WALLET: Final = {BUYS: "trade", SELLS: "trading"}
ORDER: Final = "/api/v5/trade/order"
_ONE: Final = Decimal(1)
_RICH: Final[Wallets] = {
    BUYS: {WALLET[BUYS]: {"BTC": Decimal(0), "USDT": Decimal(200_000)}},
    SELLS: {WALLET[SELLS]: {"BTC": _ONE, "USDT": Decimal(0)}},
}


@dataclass(slots=True, kw_only=True)
class PairStage:
    """What a story may do to both exchanges, and what it has seen."""

    world: World
    watch: TraderWatch
    tell: Tell
    decisions: list[dict[str, Any]] = field(default_factory=list)

    def fees(self, rate: str) -> None:
        """What takers pay on both, as a fraction."""
        for name in (BUYS, SELLS):
            self.world.venues[name].exchange.set_spot_fee(Decimal(rate))
        self.tell(f"takers pay {Decimal(rate) * 100:f} % on both")

    def gap(self) -> None:
        """KuCoin asks 100,000 and OKX bids 100,200, each for one coin; behind them prices are 0.01 % worse."""
        # The paper exchange quotes 0.001 % around its price.
        for name, price in ((BUYS, "99999"), (SELLS, "100201.1")):
            self.world.venues[name].exchange.set_depth(MARKET, _ONE)
            self.world.set_price("BTC", Decimal(price), name)
        self.tell("BTC is asked for at 100,000 on KuCoin and bid for at 100,200 on OKX, one coin deep")

    def close_gap(self) -> None:
        """OKX comes down to KuCoin."""
        self.world.set_price("BTC", Decimal(99_999), SELLS)
        self.tell("the gap closes")

    def refuse_sale(self) -> None:
        """OKX refuses the next order."""
        self.world.faults.add(Fault(venue=SELLS, path=ORDER, kind=FaultKind.REJECT, method="POST", count=1))
        self.tell("OKX will refuse the next order")

    async def refused(self, net: str) -> None:
        """Wait until the bot has judged the gap and left it alone."""
        outcome = await self.watch.until(
            f"a net edge of {net}", lambda seen: seen.verdict == "no-edge" and _way(seen)["net"] == net
        )
        self._decided(outcome)

    async def traded(self) -> None:
        """Wait until a trade was made and is over."""
        decided = await self.watch.until("a trade", lambda seen: seen.verdict == "act" or _over(seen))
        over = decided if _over(decided) else await self.watch.until("a trade that is over", _over)
        self._decided(with_end(decided, over))

    def balances(self) -> dict[str, dict[str, Decimal]]:
        """Coins and money on each venue."""
        return {
            name: {
                asset: self.world.venues[name].exchange.account(ACCOUNT).balance(wallet, asset).total
                for asset in ("BTC", "USDT")
            }
            for name, wallet in WALLET.items()
        }

    def _decided(self, outcome: TraderOutcome) -> None:
        way, trade = _way(outcome), outcome.facts["trade"]
        self.decisions.append({"verdict": outcome.verdict, "reason": outcome.reason, "opportunity": way})
        if isinstance(trade, Mapping):
            self.tell(f"trade {trade['state']}: {trade['result']} {trade['money']} after all fees")
        else:
            self.tell(f"left alone: {way['reason']}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PairScenario:
    """One story.

    Attributes:
        title: one line for the table.
        play: what happens.
    """

    name: str
    title: str
    play: Callable[[PairStage], Awaitable[None]]
    starting: Wallets = field(default_factory=lambda: _RICH)
    asset: str = "BTC"
    transport: str = "tls"

    def settings(self, journal: Path) -> str:
        """A settings file like a user's."""
        venues = "".join(
            f'[venues.{name}]\nexchange = "{name}"\nenvironment = "paper"\nstreams = false\n' for name in (BUYS, SELLS)
        )
        return (
            f'[journal]\npath = "{journal}"\n{venues}[[hedges]]\nname = "{self.name}"\nkind = "cross-exchange"\n'
            f'asset = "{self.asset}"\nvenues = [{{venue = "{BUYS}"}}, {{venue = "{SELLS}"}}]\n'
            'min_edge = "0.05 %"\nslippage_reserve = "0.02 %"\n'
            'caps = {order_notional = "150000", notional_per_hour = "1000000"}\n'
        )


def _way(outcome: TraderOutcome) -> Mapping[str, Any]:
    """The direction of the story, with its numbers."""
    ways = outcome.facts["opportunities"]
    assert isinstance(ways, list)
    return next(way for way in ways if (way["buy"], way["sell"]) == (BUYS, SELLS))


def _over(outcome: TraderOutcome) -> bool:
    trade = outcome.facts["trade"]
    return isinstance(trade, Mapping) and trade["result"] is not None


async def _gap(stage: PairStage) -> None:
    stage.fees("0.001")
    stage.gap()
    await stage.refused("-0.2")
    stage.fees("0.0002")
    await stage.traded()
    stage.close_gap()


async def _one_leg_fails(stage: PairStage) -> None:
    stage.fees("0.0002")
    stage.refuse_sale()
    stage.gap()
    await stage.traded()
    stage.close_gap()


PAIR_SCENARIOS: Final = (
    PairScenario(
        name="kucoin-okx-gap",
        title="a gap of 200 is left alone while the fees eat it, and used when they don't",
        play=_gap,
    ),
    PairScenario(
        name="gap-one-leg-fails",
        title="OKX refuses its leg of a trade: the other one is undone at once",
        play=_one_leg_fails,
    ),
)
