"""What is looked at before the first order, with every venue fact set by hand (R5, R15, R24, R28)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.domain.check import CheckLine, CheckVerdict
from bot.domain.errors import VenueRejected
from bot.domain.ids import Asset
from bot.domain.instrument import Instrument, MarginMode
from bot.domain.ledger import WalletBalance
from bot.domain.observation import Source, SymbolConfig, VenueObservation, Wanted
from bot.domain.orders import Side
from bot.domain.policy import HedgePolicy, HoldingSpec
from bot.ports import KeyScope
from bot.runtime.preflight import Preflight
from tests.core.coins import COINED, CONTRACT
from tests.core.instruments import BTC, LINEAR, MAIN, POLICY
from tests.runtime.exchange import Exchange, SimulatedVenue
from tests.runtime.world import on_virtual_time
from tests.venue.wire import LoopClock

PASS, WARN, FAIL = CheckVerdict.PASS, CheckVerdict.WARN, CheckVerdict.FAIL


class Checked(SimulatedVenue):
    """A venue of which everything can be asked, and whose leverage and margin mode can be set."""

    def __init__(self, coins: str = "1", instrument: Instrument = LINEAR) -> None:
        clock = LoopClock()
        super().__init__(clock, Exchange(clock, D(coins), D(100_000), instrument))
        if instrument is CONTRACT:
            self.truth.park(Source.MARGIN, coins)
        self.setting: tuple[int, MarginMode] | None = None
        self.configured: list[tuple[int, MarginMode]] = []
        self.refuses = False
        self.unreadable = self.unknown_key = False
        self.balances: list[WalletBalance] = []

    async def observe(self, wanted: Wanted) -> VenueObservation:
        seen = await super().observe(wanted)
        if self.setting is None:
            return seen
        leverage, mode = self.setting
        configs = {
            symbol: replace(config, leverage=leverage, margin_mode=mode)
            for symbol, config in seen.configs.items()
            if isinstance(config, SymbolConfig)
        }
        return replace(seen, configs=configs)

    async def configure(self, symbol: str, leverage: int, margin_mode: MarginMode) -> SymbolConfig:  # type: ignore[override]
        if self.refuses:
            raise VenueRejected("there is a position", venue=MAIN, operation="set", code="-4048")
        self.configured.append((leverage, margin_mode))
        return SymbolConfig(
            symbol=self.truth.instrument.symbol, leverage=leverage, margin_mode=margin_mode, hedged=self.hedged
        )

    async def maintenance(self, symbol: str, notional: D) -> tuple[D, D]:  # type: ignore[override]
        return D("0.004"), D(0)

    async def key_scope(self) -> KeyScope:  # type: ignore[override]
        if self.unknown_key:
            raise VenueRejected("-2015 Invalid API-key", venue=MAIN, operation="read what the key may do", code="-2015")
        return KeyScope(trade=True, withdraw=False, ip_restricted=True)

    async def wallets(self) -> Sequence[WalletBalance]:  # type: ignore[override]
        if self.unreadable:
            raise VenueRejected("read Earn: 400007 Access denied", venue=MAIN, operation="read Earn", code="400007")
        return self.balances

    async def volumes_24h(self, symbol: str) -> tuple[D, D, D]:  # type: ignore[override]
        instrument = self.truth.instrument
        return D(1000), instrument.notional(D(1000), D(100_000)), D(100_000)


async def lines(venue: Checked, policy: HedgePolicy, *, apply: bool = False) -> dict[str, CheckLine]:
    preflight = Preflight(
        venues={MAIN: venue}, policies=[policy], allow_withdraw_key=frozenset(), now_ms=venue.now_ms(), apply=apply
    )
    return {line.name.removeprefix("btc: "): line for line in await preflight.run()}


def short(venue: Checked, contracts: str) -> None:
    venue.truth.fill(Side.SELL, D(contracts))


@on_virtual_time
async def test_all_is_well() -> None:
    found = await lines(Checked(), POLICY)
    assert {line.verdict for line in found.values()} == {PASS}
    assert found["margin"].detail == "100,550.00 USDT needed, 100,000,000.00 free"
    assert "1.99 times the mark" in found["liquidation"].detail


@on_virtual_time
async def test_r8_a_wallet_that_the_key_may_not_read_is_told_and_stops_no_hedge_that_needs_none_of_it() -> None:
    venue = Checked()
    venue.unreadable = True
    found = await lines(venue, POLICY)
    told = found.pop("main: wallets")
    assert told.verdict is WARN
    assert "read Earn" in told.detail
    assert {line.verdict for line in found.values()} == {PASS}
    venue.unknown_key = True
    refused = (await lines(venue, POLICY))["main: key"]
    assert (refused.verdict, refused.mendable) == (FAIL, False), "the key itself is refused"


@on_virtual_time
async def test_r28_a_full_inverse_hedge_has_no_liquidation_price() -> None:
    venue = Checked(instrument=CONTRACT)
    before = await lines(venue, COINED)
    assert {line.verdict for line in before.values()} == {PASS}
    assert before["margin"].detail == "margin balance 1.00000000 BTC; 999 more contracts fit at an effective 1x"
    short(venue, "999")
    venue.truth.price = D(150_000)
    after = await lines(venue, COINED)
    for found in (before, after):
        assert found["liquidation"].detail == "none: the short is backed in full by its own coins (R28)"
    assert "0 more contracts fit" in after["margin"].detail
    assert after["margin"].verdict is PASS


@on_virtual_time
async def test_r28_a_short_that_its_coins_back_in_part_says_where_it_ends() -> None:
    """1,000 contracts from 100,000 on 0.95 coins: b = 0.95, so 0.996 x 100,000 / 0.05."""
    venue = Checked(instrument=CONTRACT)
    short(venue, "1000")
    venue.truth.parked[Source.MARGIN], venue.truth.coins = D("0.95"), D("0.05")
    both = (*COINED.holdings, HoldingSpec(source=Source.SPOT, venue=MAIN))
    found = await lines(venue, replace(COINED, holdings=both))
    assert found["liquidation"].detail == "expected at 1,992,000.00, 19.92 times the mark of 100,000.00"


@on_virtual_time
async def test_r15_coins_that_are_not_in_the_margin_are_missing_there() -> None:
    venue = Checked("0.3", CONTRACT)
    venue.truth.coins = D("0.7")
    both = (*COINED.holdings, HoldingSpec(source=Source.SPOT, venue=MAIN))
    found = (await lines(venue, replace(COINED, holdings=both)))["margin"]
    assert (found.verdict, found.mendable) == (FAIL, True)
    assert "299 more contracts fit" in found.detail
    assert "missing" in found.detail


@on_virtual_time
async def test_r2_an_inverse_hedge_without_the_coins_that_margin_it_is_told() -> None:
    venue = Checked(instrument=CONTRACT)
    short(venue, "999")
    spot = replace(COINED, holdings=(HoldingSpec(source=Source.EARN, venue=MAIN),))
    found = (await lines(venue, spot))["margin"]
    assert (found.verdict, found.mendable) == (FAIL, True)
    assert "R2" in found.detail


@pytest.mark.parametrize("hedged", [False, True])
@pytest.mark.parametrize("apply", [False, True])
@on_virtual_time
async def test_both_position_modes_pass_and_neither_is_switched(hedged: bool, apply: bool) -> None:
    venue = Checked()
    venue.hedged = hedged
    found = (await lines(venue, POLICY, apply=apply))["leverage and modes"]
    assert found.verdict is PASS
    assert found.detail == f"leverage 1, isolated, {'hedge' if hedged else 'one-way'} mode"
    assert venue.configured == [], "nothing is set that is set already"


@on_virtual_time
async def test_another_leverage_is_set_on_apply_only() -> None:
    venue = Checked()
    venue.setting = (20, MarginMode.CROSS)
    told = (await lines(venue, POLICY))["leverage and modes"]
    assert told.verdict is WARN
    assert "would set leverage 1, isolated" in told.detail
    assert venue.configured == []
    assert (await lines(venue, POLICY, apply=True))["leverage and modes"].verdict is PASS
    assert venue.configured == [(1, MarginMode.ISOLATED)]
    venue.refuses = True
    refused = (await lines(venue, POLICY, apply=True))["leverage and modes"]
    assert (refused.verdict, refused.mendable) == (FAIL, False)


@on_virtual_time
async def test_nothing_is_set_under_a_position_that_is_not_ours() -> None:
    venue = Checked()
    venue.setting = (20, MarginMode.CROSS)
    venue.truth.fill(Side.BUY, D("0.2"))
    found = await lines(venue, POLICY, apply=True)
    assert found["position"].verdict is FAIL
    assert "a long of 0.2" in found["position"].detail
    assert venue.configured == []


@pytest.mark.parametrize(
    ("setting", "fits"),
    [((1, MarginMode.CROSS), False), ((2, MarginMode.ISOLATED), False), ((10, MarginMode.CROSS), True)],
)
@on_virtual_time
async def test_r15_an_inverse_short_wants_cross_margin_and_a_setting_of_2_or_more(
    setting: tuple[int, MarginMode], fits: bool
) -> None:
    venue = Checked(instrument=CONTRACT)
    venue.setting = setting
    isolated = replace(COINED, leverage=1, margin_mode=MarginMode.ISOLATED)
    assert (await lines(venue, isolated, apply=True))["leverage and modes"].verdict is PASS
    assert venue.configured == ([] if fits else [(2, MarginMode.CROSS)])


@pytest.mark.parametrize("hedged", [False, True])
@on_virtual_time
async def test_r24_a_long_that_is_not_ours_is_explained_and_not_borne(hedged: bool) -> None:
    venue = Checked()
    venue.hedged = hedged
    if hedged:
        venue.other_side = D("0.2")
    else:
        venue.truth.fill(Side.BUY, D("0.2"))
    found = (await lines(venue, POLICY))["position"]
    assert (found.verdict, found.mendable) == (FAIL, False)
    assert "a long of 0.2 contracts" in found.detail
    assert "touches nothing" in found.hint


@pytest.mark.parametrize(
    ("wallet", "sources", "warned"),
    [
        ("funding", (Source.SPOT,), False),
        ("trade_hf", (Source.SPOT,), False),
        ("trading", (Source.SPOT,), False),
        ("trading", (Source.EARN,), True),
        ("coinm", (Source.SPOT,), True),
        ("coinm", (Source.SPOT, Source.MARGIN), False),
        ("futures", (Source.MARGIN,), False),
        ("savings", (Source.SPOT,), True),
        ("earn-locked", (Source.EARN,), False),
        ("vault", (Source.SPOT,), True),
    ],
)
@on_virtual_time
async def test_r5_a_wallet_that_no_source_covers_is_told(
    wallet: str, sources: tuple[Source, ...], warned: bool
) -> None:
    venue = Checked()
    venue.balances = [
        WalletBalance(venue=MAIN, wallet=wallet, asset=BTC, quantity=D(1)),
        WalletBalance(venue=MAIN, wallet=wallet, asset=Asset("DOGE"), quantity=D(1)),
    ]
    specs = tuple(HoldingSpec(source=source, venue=MAIN) for source in sources)
    found = await lines(venue, replace(POLICY, holdings=specs))
    assert (f"main: wallet {wallet}" in found) is warned
