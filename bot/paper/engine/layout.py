"""How a venue arranges an account: its wallets, what each serves, where Earn takes coins from and gives them to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from bot.paper.engine.listing import MarketType

REDEEMING: Final = "redeeming"
"""Internal: coins that Earn has let go and that have not arrived yet."""
WITHDRAWING: Final = "withdrawing"
"""Internal: coins that have left their wallet and not yet the exchange."""

_LOCK_S: Final = 2 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class EarnPlan:
    """One Earn product.

    Attributes:
        wallet: holds the coins; several products may share one.
        source: the wallet that a subscription takes coins from.
        target: the wallet that a redemption gives coins to; rewards are paid there too.
        notice_s: how long a redemption takes, when not told otherwise.
    """

    wallet: str
    source: str
    target: str
    notice_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A venue's arrangement.

    Attributes:
        wallets: every wallet that money can be put into, without the internal ones.
        spot: the wallet that spot trades with.
        margin: the wallet behind each kind of perpetual; may be the spot wallet (a unified account).
        earn: Earn products by name; the first of those that share a wallet owns what came there without a subscription.
        client_ids_once: a client order id is never accepted again; otherwise it must differ from those of the market's
            open orders only.
        post_only_ends: a post-only order that would take is accepted and cancelled at once; otherwise it is refused.
        fee_in_quote: spot buys pay their fee in quote, on top; otherwise in what they receive.
        leverage, isolated: the settings of a perpetual whose settings were never touched.
    """

    wallets: tuple[str, ...]
    spot: str
    margin: Mapping[MarketType, str]
    earn: Mapping[str, EarnPlan]
    client_ids_once: bool = False
    post_only_ends: bool = False
    fee_in_quote: bool = False
    leverage: int = 20
    isolated: bool = False

    def __post_init__(self) -> None:
        """Refuse an arrangement that names a wallet it does not have."""
        named = {self.spot, *self.margin.values()}
        for plan in self.earn.values():
            named |= {plan.wallet, plan.source, plan.target}
        if unknown := named - set(self.wallets):
            raise ValueError(f"no such wallet: {', '.join(sorted(unknown))}")

    @property
    def unified(self) -> bool:
        """Spot trades with money that margins perpetuals."""
        return self.spot in self.margin.values()

    @property
    def every_wallet(self) -> tuple[str, ...]:
        """The wallets with the internal ones."""
        return (*self.wallets, REDEEMING, WITHDRAWING)

    def sharing(self, wallet: str) -> tuple[str, ...]:
        """The Earn products that keep their coins in a wallet, in order."""
        return tuple(product for product, plan in self.earn.items() if plan.wallet == wallet)


BINANCE: Final = Layout(
    wallets=("spot", "funding", "usdm", "coinm", "earn-flexible", "earn-locked"),
    spot="spot",
    margin=MappingProxyType({MarketType.LINEAR: "usdm", MarketType.INVERSE: "coinm"}),
    earn=MappingProxyType(
        {
            "flexible": EarnPlan(wallet="earn-flexible", source="spot", target="spot"),
            "locked": EarnPlan(wallet="earn-locked", source="spot", target="spot"),
        }
    ),
)
"""A locked redemption arrives at once unless the caller gives it a notice."""

OKX: Final = Layout(
    wallets=("trading", "funding", "earn"),
    spot="trading",
    margin=MappingProxyType({MarketType.LINEAR: "trading", MarketType.INVERSE: "trading"}),
    earn=MappingProxyType(
        {
            "flexible": EarnPlan(wallet="earn", source="funding", target="funding"),
            "locked": EarnPlan(wallet="earn", source="funding", target="funding", notice_s=_LOCK_S),
            "staking": EarnPlan(wallet="earn", source="funding", target="funding", notice_s=_LOCK_S),
        }
    ),
    client_ids_once=True,
    post_only_ends=True,
    leverage=3,
)
"""`flexible`: savings. `locked`: on-chain earn. `staking`: ETH. All take from and give to the funding account."""

KUCOIN: Final = Layout(
    wallets=("main", "trade", "futures", "earn"),
    spot="trade",
    margin=MappingProxyType({MarketType.LINEAR: "futures", MarketType.INVERSE: "futures"}),
    earn=MappingProxyType(
        {
            "flexible": EarnPlan(wallet="earn", source="main", target="main"),
            "locked": EarnPlan(wallet="earn", source="main", target="main", notice_s=_LOCK_S),
            "staking": EarnPlan(wallet="earn", source="main", target="main", notice_s=_LOCK_S),
        }
    ),
    post_only_ends=True,
    fee_in_quote=True,
    leverage=3,
    isolated=True,
)
