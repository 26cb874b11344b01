"""What goes on when the power goes. A new way of the bot to act belongs into `SCENARIOS`, as soon as there is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal as D
from typing import Final

from bot.domain.control import Control, ControlKind
from bot.domain.plan import Verdict
from bot.journal.store import SqlJournal
from bot.paper.engine.defaults import Starting
from bot.paper.engine.model import NewOrder, OrderKind, Side, TimeInForce
from bot.paper.faults import Fault, FaultKind
from tests.crash.harness import VENUES, Scenario, position_of
from tests.sim.stage import KEY, Stage

EVERYWHERE: Final = ("binance", "okx", "kucoin")
BINANCE: Final = ("binance",)
OTHERS: Final = ("okx", "kucoin")
DOLLARS: Final = D(2_000_000)
LAG_S: Final = 40.0
"""After a trade, a position is not adopted for 30 s: it may lag behind."""


def rich(coins: str = "1") -> Mapping[str, Starting]:
    """Coins to hedge, and margin for anything, on every venue."""
    return {
        "binance": {"spot": {"BTC": D(coins)}, "usdm": {"USDT": DOLLARS}},
        "okx": {"trading": {"BTC": D(coins), "USDT": DOLLARS}},
        "kucoin": {"trade": {"BTC": D(coins)}, "futures": {"USDT": DOLLARS}},
    }


def scarce() -> Mapping[str, Starting]:
    """Little margin beside the short, and stablecoins where coins are sold."""
    return {
        "binance": {"spot": {"BTC": D(1), "USDT": DOLLARS}, "usdm": {"USDT": D(110_000)}},
        "okx": {"trading": {"BTC": D(1), "USDT": DOLLARS}},
        "kucoin": {"trade": {"BTC": D(1), "USDT": DOLLARS}, "futures": {"USDT": D(110_000)}},
    }


def poor() -> Mapping[str, Starting]:
    """Margin for the short, and no more."""
    return {"binance": {"spot": {"BTC": D(1)}, "usdm": {"USDT": D(101_000)}}}


def safe(stage: Stage) -> bool:
    """The price could nearly double before the short is liquidated."""
    position = position_of(stage)
    return position is not None and (position.liquidation_price or 0) > D("1.75") * position.mark_price


def rise(price: str) -> Callable[[Stage], None]:
    """The price rises, and the margin of the short shrinks."""
    return lambda stage: stage.world.set_price("BTC", D(price))


def deposit(coins: str) -> Callable[[Stage], None]:
    """Coins come, or go when negative."""
    return lambda stage: void(stage.exchange.deposit(KEY, VENUES[stage.exchange_name].coins, "BTC", D(coins)))


def void(_: object) -> None:
    """Nothing of it matters."""


def struck_by(kind: FaultKind, act: Callable[[Stage], None]) -> Callable[[Stage], None]:
    """The next order suffers a fault."""

    def struck(stage: Stage) -> None:
        path = VENUES[stage.exchange_name].order
        stage.world.faults.add(Fault(venue=stage.exchange_name, path=path, kind=kind, method="POST"))
        act(stage)

    return struck


def by_hand(side: Side, coins: str) -> Callable[[Stage], None]:
    """The owner trades the perpetual beside the bot."""

    def trade(stage: Stage) -> None:
        venue = VENUES[stage.exchange_name]
        order = NewOrder(
            listing_key=venue.perpetual,
            side=side,
            kind=OrderKind.LIMIT,
            tif=TimeInForce.IOC,
            quantity=D(coins) / venue.size,
            price=D(101_000) if side is Side.BUY else D(99_000),
            reduce_only=side is Side.BUY,
        )
        stage.exchange.submit(KEY, order)

    return trade


def unwind(stage: Stage) -> None:
    """A person has the short closed."""
    control = Control(kind=ControlKind.UNWIND, hedge=None, who="tester", why="", since_ms=stage.clock.now_ms())
    with SqlJournal.open_beside(stage.journal_path) as journal:
        journal.control(control)


async def short_by_hand(stage: Stage) -> None:
    """There is a short already, and no journal."""
    symbol = VENUES[stage.exchange_name].perpetual.partition(":")[2]
    _, isolated = stage.exchange.account(KEY).settings(symbol)
    if not isolated:
        stage.exchange.set_margin_mode(KEY, symbol, isolated=True)
    stage.exchange.set_leverage(KEY, symbol, 1)
    by_hand(Side.SELL, "0.6")(stage)
    await stage.clock.sleep(LAG_S)


def fall(price: str) -> Callable[[Stage], None]:
    """The price falls away from under an order, so that it fills in part."""
    return lambda stage: stage.world.set_price("BTC", D(price))


OPENS: Final = Scenario(name="opens", starting=rich(), target=D(1), ceiling=D(1), traded=D(1))
GROWS: Final = Scenario(
    name="grows",
    starting=rich(),
    first=D(1),
    act=deposit("0.5"),
    target=D("1.5"),
    ceiling=D("1.5"),
    traded=D("1.5"),
)
SHRINKS: Final = Scenario(
    name="shrinks",
    starting=rich(),
    first=D(1),
    act=deposit("-0.4"),
    target=D("0.6"),
    ceiling=D(1),
    traded=D("1.4"),
)
CLOSES: Final = Scenario(
    name="closes", starting=rich(), first=D(1), act=deposit("-1"), target=D(0), ceiling=D(1), traded=D(2)
)
LOST_ANSWER: Final = Scenario(
    name="lost answer",
    starting=rich(),
    first=D(1),
    act=struck_by(FaultKind.DROP_AFTER, deposit("0.5")),
    target=D("1.5"),
    ceiling=D("1.5"),
    traded=D("1.5"),
)
LOST_REQUEST: Final = Scenario(
    name="lost request",
    starting=rich(),
    first=D(1),
    act=struck_by(FaultKind.DROP_BEFORE, deposit("0.5")),
    target=D("1.5"),
    ceiling=D("1.5"),
    traded=D("1.5"),
)
REFUSED: Final = Scenario(
    name="refused",
    starting=rich(),
    first=D(1),
    act=struck_by(FaultKind.REJECT, deposit("0.5")),
    target=D("1.5"),
    ceiling=D("1.5"),
    traded=D("1.5"),
)
FILLS_IN_PART: Final = Scenario(
    name="fills in part",
    starting=rich("9"),
    act=lambda _: None,
    at={"order: before it is sent": fall("99510")},
    extra='caps = {order_notional = "2000000", notional_per_hour = "5000000"}\n',
    target=D(9),
    ceiling=D(9),
    traded=D(9),
)
FOREIGN: Final = Scenario(
    name="bought back by hand",
    starting=rich(),
    first=D(1),
    act=by_hand(Side.BUY, "0.4"),
    target=D(1),
    ceiling=D(1),
    traded=D("1.4"),
)
ADOPTS: Final = Scenario(
    name="adopts", starting=rich(), prepare=short_by_hand, target=D(1), ceiling=D(1), traded=D("0.4")
)
UNWINDS: Final = Scenario(
    name="unwinds",
    starting=rich(),
    first=D(1),
    act=unwind,
    target=D(0),
    ceiling=D(1),
    traded=D(2),
    rests=Verdict.UNWOUND,
)
TOPS_UP: Final = Scenario(
    name="tops up",
    starting=scarce(),
    first=D(1),
    act=rise("140000"),
    target=D(1),
    ceiling=D(1),
    traded=D(1),
    also=safe,
    margin=D(153_009),
    extra="ladder = {top_up = true}\n",
)
REDUCES: Final = Scenario(
    name="reduces",
    starting=poor(),
    first=D(1),
    act=rise("140000"),
    target=D("0.789"),
    ceiling=D(1),
    traded=D("1.211"),
    also=safe,
    margin=D(120_724),
    coins=D("0.789"),
    extra="ladder = {reduce = true}\n",
)

SCENARIOS: Final[tuple[tuple[Scenario, tuple[str, ...], tuple[str, ...]], ...]] = (
    (OPENS, EVERYWHERE, ()),
    (GROWS, EVERYWHERE, ()),
    (SHRINKS, EVERYWHERE, ()),
    (LOST_ANSWER, EVERYWHERE, ()),
    (LOST_REQUEST, BINANCE, OTHERS),
    (CLOSES, BINANCE, OTHERS),
    (REFUSED, BINANCE, OTHERS),
    (FILLS_IN_PART, BINANCE, OTHERS),
    (FOREIGN, BINANCE, OTHERS),
    (ADOPTS, BINANCE, OTHERS),
    (UNWINDS, BINANCE, OTHERS),
    # KuCoin does not list the margin that was added: one whose answer is lost calls a person.
    (TOPS_UP, BINANCE, ("okx",)),
    (REDUCES, BINANCE, ()),
)
"""Each with its venues, and those on which `make torture` plays it besides."""
