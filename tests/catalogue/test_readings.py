"""B: positions and holdings that are told in misleading ways (cases 22 to 29)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal as D
from typing import Any

import pytest

from bot.core import units
from bot.domain.observation import FlatProof, Position
from bot.paper.faults import FaultKind
from bot.venue.binance import contracts as binance_contracts
from bot.venue.binance import dialect as binance_dialect
from bot.venue.binance import futures as binance_futures
from bot.venue.kucoin import futures as kucoin_futures
from bot.venue.kucoin.wallets import Overview
from bot.venue.okx import dialect as okx_dialect
from bot.venue.okx import futures as okx_futures
from bot.venue.shapes import Row, decimal_in, positive_in
from tests.catalogue.case import case
from tests.catalogue.places import EVERYWHERE
from tests.catalogue.tale import Tale
from tests.catalogue.wire import Json, changed
from tests.sim.stage import KEY

ZERO = D(0)


def reads_quantities_alone(patch: pytest.MonkeyPatch) -> None:
    """reads how much a position is and not on which side"""
    sides = kucoin_futures._sides

    def unsigned(*given: Any) -> tuple[D, D]:  # noqa: ANN401 - passed on
        ours, other = sides(*given)
        return abs(ours), other

    patch.setattr(binance_futures, "_signed", lambda row: abs(decimal_in(row, "positionAmt")))
    patch.setattr(okx_futures, "_signed_sum", lambda rows: sum((abs(decimal_in(row, "pos")) for row in rows), ZERO))
    patch.setattr(kucoin_futures, "_sides", unsigned)


@case(22, mutant=reads_quantities_alone, shows="the short was read as", on=EVERYWHERE, sabotaged_on=EVERYWHERE)
async def test_f22_signs_of_hedge_mode(tale: Tale) -> None:
    """The account is in hedge mode, where venues sign the short side each in its own way.

    The side decides the sign, and a sign that does not fit its side is not believed; the short is read as a short.
    """
    tale.set_stage()
    tale.exchange.set_hedged(KEY, hedged=True)
    await tale.begin()
    done = await tale.balanced()
    assert tale.plan is not None
    assert tale.plan.view.short == D(1), f"the short was read as {tale.plan.view.short}"
    assert done, "not hedged"
    await tale.run(60)
    assert len(tale.orders) == 1


def reads_the_other_field(patch: pytest.MonkeyPatch) -> None:
    """reads an empty row's side and size from the fields beside its quantity"""

    def other(row: Row, key: str) -> D:
        value = decimal_in(row, key)
        return -decimal_in(row, "availPos") if key == "pos" and not value else value

    patch.setattr(okx_futures, "decimal_in", other)


@case(23, mutant=reads_the_other_field, shows="a phantom", on=("okx",))
async def test_f23_flat_row_with_a_side(tale: Tale) -> None:
    """A flat account is told as a row of quantity 0 that names a side, a size and a value.

    The quantity alone says what is held; the account is flat, and the hedge is opened in full.
    """
    flat = {
        "instType": "SWAP",
        "instId": tale.place.linear,
        "pos": "0",
        "posSide": "short",
        "mgnMode": "isolated",
        "availPos": "10",
        "avgPx": "100000",
        "markPx": "100000",
        "liqPx": "",
        "notionalUsd": "10000",
        "margin": "10000",
        "ccy": "USDT",
        "lever": "1",
        "upl": "0",
        "mmr": "40",
        "imr": "",
    }

    def with_row(body: Json) -> Json:
        rows = [row for row in body["data"] if row["pos"] != "0"]
        return {**body, "data": rows or [flat]}

    tale.set_stage()
    tale.lay(changed([tale.place.positions[0]], with_row))
    await tale.begin()
    await tale.run(60)
    assert tale.sold == D(1), f"a phantom of a position: {tale.sold} coins sold"
    assert await tale.balanced(within_s=30), "not hedged"


def trusts_every_unit(patch: pytest.MonkeyPatch) -> None:
    """believes the contract size of the market list"""
    patch.setattr(units, "check_volume", lambda *_: None)
    patch.setattr(units, "check_notional", lambda *_: None)


def sized(body: Json, name: str, key: str, factor: str) -> Json:
    """A market list in which one contract has another size."""
    rows = [
        {**row, key: str(D(str(row[key])) * D(factor))} if name in {row.get("instId"), row.get("symbol")} else row
        for row in body["data"]
    ]
    return {**body, "data": rows}


@case(24, mutant=trusts_every_unit, shows="traded in a wrong unit", on=("okx", "kucoin"))
async def test_f24_contract_size_is_wrong(tale: Tale) -> None:
    """The market list tells half of the true contract size, so that twice the contracts would be sold.

    Before the first order it is compared with the venue's own volumes; beyond 5 % the start is refused.
    """
    path, key = {
        "okx": ("/api/v5/public/instruments", "ctVal"),
        "kucoin": ("/api/v1/contracts/active", "multiplier"),
    }[tale.place.exchange]
    tale.set_stage()
    tale.lay(changed([path], lambda body: sized(body, tale.place.linear, key, "0.5")))
    await tale.begin()
    await tale.run(60)
    assert not tale.orders, f"traded in a wrong unit: short {tale.short}"
    assert tale.stage.starts_failed
    tale.wire.clear()
    assert await tale.balanced(), "not hedged once the list was right"


INVERSE = """
[journal]
path = "{journal}"

[venues.main]
exchange    = "binance"
environment = "paper"
streams     = false

[[hedges]]
name     = "btc"
kind     = "spot-perp"
asset    = "BTC"
holdings = [ {source = "margin", venue = "main"} ]
short    = {venue = "main", symbol = "BTC/USD:BTC"}
"""


def zero_is_one(patch: pytest.MonkeyPatch) -> None:
    """takes a contract size that is 0 or missing for 1, and does not check it"""

    def positive(row: Row, key: str) -> D:
        return D(1) if key == "contractSize" and not decimal_in(row, key) else positive_in(row, key)

    patch.setattr(binance_contracts, "positive_in", positive)
    trusts_every_unit(patch)


@case(25, mutant=zero_is_one, shows="ordered a contract without a size")
async def test_f25_contract_size_zero(tale: Tale) -> None:
    """The market list tells a coin-margined contract of size 0.

    Such a market is refused; nothing is divided by it and nothing is sent.
    """

    def zero(body: Json) -> Json:
        return {**body, "symbols": [{**row, "contractSize": 0} for row in body["symbols"]]}

    tale.set_stage(settings=INVERSE)
    tale.deposit("1", wallet="coinm")
    tale.lay(changed(["/dapi/v1/exchangeInfo"], zero))
    await tale.begin()
    await tale.run(60)
    assert not tale.wire.sent("/dapi/v1/order"), "ordered a contract without a size"
    assert tale.stage.starts_failed


def takes_the_first_row(patch: pytest.MonkeyPatch) -> None:
    """takes the first row of a market for the position"""
    read = binance_futures.position_rows

    def first(body: object) -> binance_futures.PositionRows:
        rows: dict[str, Any] = {}
        for row in body if isinstance(body, list) else []:
            rows.setdefault(row["symbol"], row)
        return read(list(rows.values()))

    patch.setattr(binance_dialect, "position_rows", first)


@case(26, mutant=takes_the_first_row, shows="the short was read as")
async def test_f26_first_row_is_the_empty_side(tale: Tale) -> None:
    """In hedge mode the list begins with the empty long side; the short is the row behind it.

    All rows are read, by side.
    """

    def both(body: Json) -> Json:
        shorts = [row for row in body if row["positionSide"] == "SHORT"]
        empty = [{**row, "positionSide": "LONG", "positionAmt": "0", "notional": "0"} for row in shorts]
        return [*empty, *shorts]

    tale.set_stage()
    tale.exchange.set_hedged(KEY, hedged=True)
    tale.lay(changed([tale.place.positions[0]], both))
    await tale.begin()
    done = await tale.balanced()
    assert tale.plan is not None
    assert tale.plan.view.short == D(1), f"the short was read as {tale.plan.view.short}"
    assert done, "not hedged"


def empty_means_flat(patch: pytest.MonkeyPatch) -> None:
    """takes a list of positions without the market for a flat account"""
    binance, okx = binance_futures.position_of, okx_futures.position_of

    def flat(instrument: Any, stamp: Any) -> Position:  # noqa: ANN401 - passed on
        return Position.flat(instrument.symbol, FlatProof.ACCOUNT, stamp)

    def of_binance(instrument: Any, market: str, family: Any, risk: Any, account: Any, stamp: Any) -> Any:  # noqa: ANN401
        listed = any(name == market for name, _ in risk.rows)
        return binance(instrument, market, family, risk, account, stamp) if listed else flat(instrument, stamp)

    def of_okx(instrument: Any, market: str, positions: Any, trading: Any, stamp: Any) -> Any:  # noqa: ANN401
        listed = bool(positions.rows.get(market))
        return okx(instrument, market, positions, trading, stamp) if listed else flat(instrument, stamp)

    patch.setattr(binance_dialect, "position_of", of_binance)
    patch.setattr(okx_dialect, "position_of", of_okx)
    patch.setattr(Overview, "without_position", property(lambda _: True))


@case(27, mutant=empty_means_flat, shows="opened the hedge twice", on=EVERYWHERE, sabotaged_on=EVERYWHERE)
async def test_f27_empty_list(tale: Tale) -> None:
    """A bot without its journal starts beside its short while the list of positions is answered empty, with success.

    Empty means flat only together with the account's own figures; without them it is unknown, and nothing is sent.
    """
    await begin_without_journal(tale, lambda: tale.fault(FaultKind.EMPTY_LIST, tale.place.positions[0], count=10_000))
    await tale.run(60)
    assert tale.short <= 1, f"opened the hedge twice: short {tale.short}"
    assert tale.alarmed(), "nobody was told"
    tale.stage.world.faults.clear()
    assert await tale.balanced(within_s=60), "the short was not adopted"
    assert len(tale.orders) == 1


async def begin_without_journal(tale: Tale, before: Callable[[], None]) -> None:
    """Hedge, lose the journal, and start again some time later, with something done before it."""
    await tale.hedged()
    tale.stage.cut()
    await tale.alone(120)
    for path in tale.stage.journal_path.parent.glob("journal.db*"):
        path.unlink()
    tale.stage.plans.clear()
    before()
    tale.stage.start()


def adds_up_double_rows(patch: pytest.MonkeyPatch) -> None:
    """adds up all rows of a market, also those that are told twice"""
    amounts = ("positionAmt", "notional", "initialMargin", "maintMargin", "isolatedWallet")
    risk, account = binance_futures.position_rows, binance_futures.account_of

    def added(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        sums: dict[tuple[str, str], dict[str, Any]] = {}
        for row in rows:
            first = sums.get((row["symbol"], row["positionSide"]))
            if first is None:
                sums[row["symbol"], row["positionSide"]] = dict(row)
                continue
            first |= {key: str(D(str(first[key])) + D(str(row[key]))) for key in amounts if key in row}
        return list(sums.values())

    patch.setattr(binance_dialect, "position_rows", lambda body: risk(added(body)))
    patch.setattr(
        binance_dialect,
        "account_of",
        lambda body, family: account({**body, "positions": added(body["positions"])}, family),
    )


@case(
    28,
    mutant=adds_up_double_rows,
    shows="closed a short that it had read twice",
    on=EVERYWHERE,
    sabotaged_on=("binance",),
)
async def test_f28_rows_told_twice(tale: Tale) -> None:
    """A bot without its journal starts beside its short while each row of the positions is told twice.

    Two rows for one side contradict each other: unknown, nothing is sent.
    """

    def twice(body: Json) -> Json:
        match body:
            case list():
                return [*body, *body]
            case {"positions": list(rows)}:
                return {**body, "positions": [*rows, *rows]}
            case {"data": list(rows)}:
                return {**body, "data": [*rows, *rows]}
            case _:
                return None

    listing = tale.place.positions if tale.place.exchange == "binance" else tale.place.positions[:1]
    await begin_without_journal(tale, lambda: tale.lay(changed(listing, twice)))
    await tale.run(120)
    assert tale.bought == 0, f"closed a short that it had read twice: {tale.bought} bought"
    assert tale.alarmed(), "nobody was told"
    tale.wire.clear()
    assert await tale.balanced(within_s=60), "the short was not adopted"


def counts_margin_loans(patch: pytest.MonkeyPatch) -> None:
    """counts every row on the coin, spot margin too"""

    def open_in(positions: okx_futures.PositionRows, market_id: str) -> Sequence[Row]:
        coin = market_id.partition("-")[0]
        found = [row for name, rows in positions.rows.items() if name.startswith(coin) for row in rows]
        return [row for row in found if decimal_in(row, "pos") != 0]

    patch.setattr(okx_futures.PositionRows, "open_in", open_in)


@case(29, mutant=counts_margin_loans, shows="a margin position counted", on=("okx",))
async def test_f29_margin_position_beside_the_swap(tale: Tale) -> None:
    """A spot margin position on the same coin stands in the list of positions, in net mode and without a side.

    Only rows of the hedge's own contract count.
    """
    loan = {
        "instType": "MARGIN",
        "instId": "BTC-USDT",
        "pos": "-50",
        "posSide": "net",
        "posCcy": "BTC",
        "ccy": "BTC",
        "mgnMode": "isolated",
        "availPos": "50",
        "avgPx": "100000",
        "markPx": "100000",
        "liqPx": "",
        "notionalUsd": "50000",
        "margin": "0.1",
        "lever": "3",
        "upl": "0",
        "mmr": "0.01",
        "imr": "",
    }

    def with_loan(body: Json) -> Json:
        return {**body, "data": [*body["data"], loan]}

    tale.set_stage()
    tale.lay(changed([tale.place.positions[0]], with_loan))
    await tale.begin()
    done = await tale.balanced()
    assert tale.short == 1, f"a margin position counted as one of the swap: short {tale.short}"
    assert done, "not hedged"
    assert len(tale.orders) == 1
