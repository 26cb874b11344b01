"""Every exchange that may be named can be pointed at, and a failed switch never trades real money."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import ccxt.async_support as ccxt
import pytest

from bot.domain.environment import Environment
from bot.domain.errors import ConfigFault, StartFault
from bot.domain.ids import ClientOrderId, Epoch, client_order_id
from bot.settings.exchanges import ALIASES, UNVERIFIED, VERIFIED, WITH_TESTNET, WITHOUT_PERPETUALS
from bot.venue.client import check_client, make_client
from bot.venue.spec import VenueSpec
from bot.venue.unified import ways_for
from bot.venue.unified.client import hosts_of
from bot.venue.unified.facts import TESTNETS, our_id, their_id
from bot.venue.ways import ways_of
from tests.venue.unified_paper import spec_of
from tests.venue.wire import EPOCH_MS, Anything, Wire

USABLE = sorted(UNVERIFIED - WITHOUT_PERPETUALS - ALIASES.keys())
NO_PLACE_FOR_ITS_KEYS = {"modetrade", "woofipro"}
NO_STEPS = {"bitfinex"}
Make = Callable[[VenueSpec], Anything]


def ccxt_class(exchange: str) -> Anything:
    return getattr(ccxt, exchange)


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    made: list[Anything] = []

    def one(spec: VenueSpec) -> Anything:
        made.append(make_client(spec, ways_of(spec), time_ms=lambda: EPOCH_MS, session=Wire()))
        return made[-1]

    yield one
    for client in made:
        await client.close()


@pytest.mark.parametrize("exchange", USABLE)
async def test_a_client_of_every_exchange_points_at_its_own_hosts(exchange: str, make: Make) -> None:
    if exchange in NO_PLACE_FOR_ITS_KEYS | NO_STEPS:
        with pytest.raises(ConfigFault, match=exchange):
            ways_for(exchange)
        return
    spec = spec_of(exchange, Environment.LIVE)
    client = make(spec)
    check_client(spec, client, ways_for(exchange).offer(spec))
    assert hosts_of(client)
    assert client.options["maxRetriesOnFailure"] == 0


def test_the_settings_and_the_table_agree_on_testnets() -> None:
    assert TESTNETS.keys() == WITH_TESTNET - VERIFIED


@pytest.mark.parametrize("exchange", sorted(TESTNETS))
async def test_a_testnet_has_hosts_or_a_mark_of_its_own(exchange: str, make: Make) -> None:
    live, play = make(spec_of(exchange, Environment.LIVE)), make(spec_of(exchange, Environment.TESTNET))
    assert hosts_of(play) == TESTNETS[exchange].hosts
    assert hosts_of(live).isdisjoint(hosts_of(play)) or TESTNETS[exchange].marks


@pytest.mark.parametrize("exchange", sorted(set(USABLE) - TESTNETS.keys() - NO_PLACE_FOR_ITS_KEYS - NO_STEPS))
def test_no_other_exchange_has_a_testnet(exchange: str, make: Make) -> None:
    with pytest.raises(ConfigFault, match="does not have"):
        make(spec_of(exchange, Environment.TESTNET))


@pytest.mark.parametrize("exchange", sorted(TESTNETS.keys() - {"bitget"}))
def test_a_switch_that_does_nothing_is_refused(exchange: str, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ccxt_class(exchange), "set_sandbox_mode", lambda self, enabled: None)
    with pytest.raises(StartFault, match="testnet leads to"):
        make(spec_of(exchange, Environment.TESTNET))


@pytest.mark.parametrize("exchange", sorted(TESTNETS.keys() - {"bitget"}))
def test_a_switch_that_leaves_one_address_is_refused(
    exchange: str, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ccxt_class(exchange).set_sandbox_mode

    def half(self: Anything, enabled: bool) -> None:
        kept = dict(self.urls["api"])
        whole(self, enabled)
        self.urls["api"] = {**self.urls["api"], "left": next(iter(kept.values()))}

    monkeypatch.setattr(ccxt_class(exchange), "set_sandbox_mode", half)
    with pytest.raises(StartFault, match="testnet leads to"):
        make(spec_of(exchange, Environment.TESTNET))


def test_a_switch_that_breaks_is_refused(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Anything, enabled: bool) -> None:
        raise TypeError("'NoneType' object is not iterable")

    monkeypatch.setattr(ccxt_class("gate"), "set_sandbox_mode", broken)
    with pytest.raises(StartFault, match="switch to its testnet failed"):
        make(spec_of("gate", Environment.TESTNET))


async def test_no_request_leaves_for_another_host(make: Make) -> None:
    client = make(spec_of("bybit", Environment.TESTNET))
    for address in ("https://api.bybit.com/v5/order/create", "http://api-testnet.bybit.com/v5/order/create"):
        with pytest.raises(StartFault, match="would go to"):
            await client.fetch(address, "POST")
    assert client.session.asked == []


async def test_no_signed_request_of_bitgets_testnet_lacks_its_mark(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    client = make(spec_of("bitget", Environment.TESTNET))
    client.judge_with(lambda *told: None)
    client.session.serve("GET", "/api/v2/mix/account/accounts", {"code": "00000", "data": [{}]})
    await client.privateMixGetV2MixAccountAccounts({"productType": "USDT-FUTURES"})
    assert len(client.session.asked) == 1

    monkeypatch.setattr(ccxt_class("bitget"), "set_sandbox_mode", lambda self, enabled: None)
    sabotaged = make(spec_of("bitget", Environment.TESTNET))
    with pytest.raises(StartFault, match="PAPTRADING"):
        await sabotaged.privateMixGetV2MixAccountAccounts({"productType": "USDT-FUTURES"})
    assert sabotaged.session.asked == []


def test_hyperliquid_signs_with_the_wallet_of_the_settings(make: Make) -> None:
    client = make(spec_of("hyperliquid", Environment.TESTNET, key="0xabc"))
    assert (client.walletAddress, client.privateKey) == ("0xabc", "0xabc")
    assert client.options["builderFee"] is False
    assert "0xabc" not in repr(spec_of("hyperliquid", key="0xabc"))


@pytest.mark.parametrize("exchange", ["bybit", "hyperliquid"])
@pytest.mark.parametrize(("epoch", "sequence"), [("abcdefghij", 1), ("9999999999", 10**15 - 1), ("aaaaaaaaaa", 7)])
def test_r19_our_ids_survive_the_way_there_and_back(exchange: str, epoch: str, sequence: int) -> None:
    ours = client_order_id(Epoch(epoch), sequence)
    theirs = their_id(exchange, ours)
    assert our_id(theirs) == ours
    assert exchange != "hyperliquid" or (len(theirs) == 34 and int(theirs, 16) < 2**128)


@pytest.mark.parametrize(
    ("told", "read"),
    [
        (None, None),
        ("", None),
        ("t-habc", "habc"),
        ("0x4ed6e00" + "f" * 25, "0x4ed6e00" + "f" * 25),
        ("0x" + "1" * 32, "0x" + "1" * 32),
    ],
)
def test_ids_of_others_are_never_ours(told: str | None, read: str | None) -> None:
    assert our_id(told) == (None if read is None else ClientOrderId(read))
