"""What is skipped or kept because nothing has changed would come out the same once more."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import SUSPENDED, TRADING, OrderStatus
from tests.paper_engine.operations import Operations, pick, picks
from tests.paper_engine.orders import KEY, LINEAR, D, New, now
from tests.paper_engine.scenes import BINANCE_SCENE, OKX_SCENE


class Tireless(Exchange):
    """An exchange that can be made to look again at everything."""

    def look_again(self) -> None:
        self._swept = ()
        self._floor._kept.clear()
        self.advance()


class Sweeps(Operations):
    """Markets close and open, too: what a closed one left crossed fills when time goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.exchange: Tireless = Tireless(
            name="x",
            listings=self.scene.listings,
            starting=self.scene.starting,
            time_ms=lambda: self.now,
            funding_follows_clock=True,
            layout=self.scene.layout,
        )

    @rule(number=picks, closed=st.booleans())
    def close_or_open(self, number: int, closed: bool) -> None:
        self.exchange.set_status(pick(self.scene.markets, number), SUSPENDED if closed else TRADING)

    @invariant()
    def a_second_look_finds_nothing(self) -> None:
        before = None
        while before != (now := self.everything()):
            before = now
            self.exchange.advance()
        figures = self.figures()
        self.exchange.look_again()
        assert self.everything() == before
        assert self.figures() == figures

    def figures(self) -> object:
        accounts = self.exchange.accounts().values()
        balances = [account.balances(wallet) for account in accounts for wallet in self.scene.wallets]
        summaries = [account.margin_summary(asset) for account in accounts for asset in ("USDT", "BTC")]
        return balances, summaries, [self.exchange.depth(market) for market in self.scene.markets]


class OnBinance(Sweeps):
    """A wallet for each kind of market."""

    scene = BINANCE_SCENE


class OnOkx(Sweeps):
    """One wallet for all."""

    scene = OKX_SCENE


_SETTINGS = settings(
    max_examples=20, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestOnBinance = OnBinance.TestCase
TestOnOkx = OnOkx.TestCase
TestOnBinance.settings = TestOnOkx.settings = _SETTINGS


def test_a_market_that_opens_again_fills_what_was_crossed_meanwhile(exchange: Exchange, new: New) -> None:
    order = exchange.submit(KEY, new(LINEAR, "SELL", "1", "101000"))
    exchange.set_status(LINEAR, SUSPENDED)
    exchange.set_price("BTC", D("102000"))
    exchange.advance()
    assert now(exchange, order).status is OrderStatus.NEW
    exchange.set_status(LINEAR, TRADING)
    exchange.advance()
    assert now(exchange, order).status is OrderStatus.FILLED
