"""What every venue's gateway must do, as numbered cases; each runs on every venue, contract kind and shell."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.domain.errors import VenueRejected
from bot.domain.instrument import ContractKind
from bot.domain.observation import FlatProof, Holding, Source, SymbolConfig
from bot.domain.orders import (
    Acked,
    Side,
)
from bot.paper.engine.model import PositionSide
from bot.venue.gateway import open_venue
from tests.contract.rig import COIN, KEY, PRICE, Rig, spec_of

# Connect.


async def test_c01_a_start_knows_the_clock_and_the_contract(rig: Rig) -> None:
    assert rig.venue.has_offset()
    assert rig.venue.now_ms() == rig.clock.now_ms()
    instrument = rig.instrument
    assert instrument.active
    assert instrument.asset == COIN
    assert instrument.kind is (ContractKind.INVERSE if rig.inverse else ContractKind.LINEAR)
    assert instrument.settle == (COIN if rig.inverse else "USDT")
    assert 0 < instrument.taker_fee < Decimal("0.01")


@pytest.mark.parametrize(
    "wrong", [{"api_key": "nobody"}, {"secret": "wrong"}, {"password": "wrong"}], ids=["key", "secret", "password"]
)
async def test_c02_a_wrong_credential_is_refused(rig: Rig, wrong: dict[str, str]) -> None:
    if "password" in wrong and rig.ground.exchange == "binance":
        return  # a key has two parts there
    other = open_venue(
        spec_of(rig.ground.exchange, **wrong), clock=rig.clock, session=rig.session, symbols=[rig.symbol]
    )
    try:
        with pytest.raises(VenueRejected) as refused:
            await other.start()
    finally:
        await other.close()
    assert "wrong" not in refused.value.message


async def test_c03_what_a_key_may_do_is_told(rig: Rig) -> None:
    scope = await rig.venue.key_scope()
    assert scope.trade
    assert scope.withdraw is False


# Holdings.


async def test_c04_spot_is_every_wallet_coins_can_be_sold_from(rig: Rig) -> None:
    rig.exchange.deposit(KEY, rig.ground.funding, COIN, Decimal("0.25"))
    holding = await rig.holding()
    assert isinstance(holding, Holding)
    assert holding.quantity == holding.principal == Decimal("1.25")


async def test_c05_coins_in_earn_are_found_there_and_nowhere_else(rig: Rig) -> None:
    source = rig.exchange.layout.earn["flexible"].source
    if source != rig.ground.spot:
        rig.exchange.transfer(KEY, rig.ground.spot, source, COIN, Decimal("0.4"))
    rig.exchange.earn_subscribe(KEY, "flexible", COIN, Decimal("0.4"))
    seen = await rig.observe(earn=frozenset({COIN}))
    spot, earn = seen.holdings[Source.SPOT, COIN], seen.holdings[Source.EARN, COIN]
    assert isinstance(spot, Holding)
    assert isinstance(earn, Holding)
    assert (spot.quantity, earn.quantity) == (Decimal("0.6"), Decimal("0.4"))


async def test_c06_coins_on_their_way_from_earn_are_in_transit(rig: Rig) -> None:
    source = rig.exchange.layout.earn["locked"].source
    if source != rig.ground.spot:
        rig.exchange.transfer(KEY, rig.ground.spot, source, COIN, Decimal("0.4"))
    rig.exchange.earn_subscribe(KEY, "locked", COIN, Decimal("0.4"))
    rig.exchange.earn_redeem(KEY, "locked", COIN, Decimal("0.4"), notice_s=172_800)
    seen = await rig.observe(earn=frozenset({COIN}), transit=frozenset({COIN}), transit_max_ms=604_800_000)
    parts = [seen.holdings[source, COIN] for source in (Source.SPOT, Source.EARN, Source.TRANSIT)]
    quantities = [part.quantity for part in parts if isinstance(part, Holding)]
    assert len(quantities) == len(parts), parts
    assert sum(quantities) == 1
    assert quantities[0] == Decimal("0.6")


async def test_c07_r2_margin_counts_with_its_unrealised_profit(rig: Rig) -> None:
    if not rig.inverse:
        return
    await rig.sell("0.5")
    rig.exchange.set_price(COIN, Decimal(80_000))
    source = Source.SPOT if rig.ground.unified else Source.MARGIN
    holding = await rig.holding(source)
    assert isinstance(holding, Holding)
    position = await rig.position()
    assert position.entry_price is not None
    profit = rig.instrument.notional(position.contracts, PRICE) * (1 / position.entry_price - 1 / Decimal(80_000))
    assert abs(holding.quantity - holding.principal - profit) < Decimal("0.00000002")
    assert profit > Decimal("0.1")


# Positions.


async def test_c08_r9_a_flat_account_is_proven_flat(rig: Rig) -> None:
    position = await rig.position()
    assert position.contracts == 0
    assert position.proof is not FlatProof.NOT_FLAT


async def test_c09_a_short_is_negative_and_in_contracts(rig: Rig) -> None:
    ticket = await rig.sell("0.1")
    position = await rig.position()
    assert position.contracts == -ticket.request.contracts
    assert position.proof is FlatProof.NOT_FLAT
    assert position.other_side == 0
    assert position.entry_price is not None
    assert abs(position.entry_price - PRICE) < 100
    assert position.raw_notional is not None
    assert abs(position.raw_notional - 10_000) < 100


async def test_c10_a_backed_inverse_short_has_no_liquidation_price_and_a_linear_one_has(rig: Rig) -> None:
    await rig.sell("0.5")
    price = (await rig.position()).liquidation_price
    if rig.inverse:
        assert price is None
    else:
        assert price is not None
        assert Decimal(150_000) < price < Decimal(210_000)


async def test_c11_margin_is_told_in_the_settle_currency(rig: Rig) -> None:
    margin = await rig.margin()
    assert margin.asset == rig.instrument.settle
    assert margin.wallet > 0
    assert 0 < margin.available <= margin.wallet
    assert margin.balance == margin.wallet


async def test_c12_prices_have_mark_index_and_both_sides_of_the_book(rig: Rig) -> None:
    prices = await rig.prices()
    assert prices.mark == PRICE
    assert prices.index == PRICE
    assert prices.bid < PRICE < prices.ask
    assert prices.funding_rate is not None
    assert prices.book is not None
    assert prices.book.bids[0].price == prices.bid
    # Depth is in contracts: at least 5 BTC on the first level.
    assert rig.instrument.coins(prices.book.bids[0].contracts, PRICE) >= 5


# Modes.


async def test_c31_what_is_already_set_is_success(rig: Rig) -> None:
    wanted = SymbolConfig(symbol=rig.symbol, leverage=rig.leverage, margin_mode=rig.margin_mode, hedged=False)
    assert await rig.venue.configure(rig.symbol, rig.leverage, rig.margin_mode) == wanted
    assert (await rig.observe()).configs[rig.symbol] == wanted


async def test_c32_hedge_mode_works_and_is_left_as_it_is(rig: Rig) -> None:
    rig.exchange.set_hedged(KEY, True)
    config = await rig.venue.configure(rig.symbol, rig.leverage, rig.margin_mode)
    assert config.hedged
    sold = rig.contracts("0.2")
    outcome = await rig.place(rig.ticket(Side.SELL, sold, "99000", hedged=True))
    assert isinstance(outcome, Acked), outcome
    position = await rig.position()
    assert (position.contracts, position.other_side) == (-sold, Decimal(0))
    await rig.place(rig.ticket(Side.BUY, rig.contracts("0.1"), "101000", hedged=True))
    assert (await rig.position()).contracts == -(sold - rig.contracts("0.1"))
    assert rig.exchange.account(KEY).hedged
    trades = await rig.venue.trades(rig.symbol, rig.cursor())
    assert sum(trade.moved for trade in trades) == -(sold - rig.contracts("0.1"))


async def test_c33_a_long_of_others_beside_our_short_is_told_apart(rig: Rig) -> None:
    rig.exchange.set_hedged(KEY, True)
    await rig.venue.configure(rig.symbol, rig.leverage, rig.margin_mode)
    await rig.place(rig.ticket(Side.SELL, rig.contracts("0.2"), "99000", hedged=True))
    rig.exchange.submit(KEY, rig.market_buy("0.1"))
    position = await rig.position()
    assert (position.contracts, position.other_side) == (-rig.contracts("0.2"), rig.contracts("0.1"))
    assert rig.exchange.account(KEY).position(rig.market_id, PositionSide.LONG) is not None
    trades = await rig.venue.trades(rig.symbol, rig.cursor())
    assert sum(trade.moved for trade in trades) == -rig.contracts("0.2")


async def test_c34_a_long_where_the_short_belongs_is_positive(rig: Rig) -> None:
    rig.exchange.submit(KEY, rig.market_buy("0.1", hedged=False))
    assert (await rig.position()).contracts == rig.contracts("0.1")


# Units.


async def test_c35_r7_contract_sizes_agree_with_the_venues_own_volumes(rig: Rig) -> None:
    contracts, quote, average = await rig.venue.volumes_24h(rig.symbol)
    assert contracts > 0
    ours = rig.instrument.notional(contracts, average)
    assert abs(ours - quote) / quote < Decimal("0.05")


async def test_c36_maintenance_is_a_small_fraction(rig: Rig) -> None:
    rate, minus = await rig.venue.maintenance(rig.symbol, Decimal(10_000))
    assert 0 < rate < Decimal("0.05")
    assert minus >= 0


# Books.


async def test_c37_r29_the_venues_ledger_explains_every_wallet(rig: Rig) -> None:
    since_ms = rig.clock.now_ms()
    before = {(row.wallet, row.asset): row.quantity for row in await rig.venue.wallets()}
    ticket = await rig.sell("0.1")
    rig.exchange.settle_funding(COIN, Decimal("0.0001"))
    await rig.place(rig.ticket(Side.BUY, ticket.request.contracts, "101000"))
    after = {(row.wallet, row.asset): row.quantity for row in await rig.venue.wallets()}
    rows = await rig.venue.ledger(since_ms, [rig.symbol])
    for wallet in before.keys() | after.keys():
        moved = sum((row.amount for row in rows if (row.wallet, row.asset) == wallet), Decimal(0))
        assert after.get(wallet, Decimal(0)) - before.get(wallet, Decimal(0)) == moved, wallet
    assert {row.kind.value for row in rows} >= {"fee", "funding"}
