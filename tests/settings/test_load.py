from __future__ import annotations

import dataclasses
from decimal import Decimal
from pathlib import Path

import ccxt
import pytest
from pydantic import ValidationError

from bot.domain.environment import Environment
from bot.domain.errors import ConfigFault
from bot.domain.instrument import MarginMode
from bot.domain.observation import Source
from bot.domain.policy import Band, Caps, HoldingSpec, Timing
from bot.settings import Settings, load_settings, policies
from bot.settings.exchanges import (
    ALIASES,
    UNIFIED,
    UNVERIFIED,
    VERIFIED,
    WITH_PASSPHRASE,
    WITH_TESTNET,
    WITHOUT_PERPETUALS,
)

CONFIG = Path(__file__).parents[2] / "config"
API_KEY = "HEDGEBOT_VENUES__MAIN__API_KEY"


@pytest.fixture
def path(tmp_path: Path, good: str) -> Path:
    file = tmp_path / "settings.toml"
    file.write_text(good, encoding="utf-8")
    return file


def change(path: Path, old: str, new: str) -> Path:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def test_everything_has_the_documented_default(path: Path, keys: dict[str, str]) -> None:
    change(path, "interval_s = 5\n", "")
    change(path, 'ratio = "1"\n', "")
    change(path, 'band = {relative = "0.005", notional = "20"}\n', "")
    change(path, ', margin = "isolated", leverage = 1', "")
    settings = load_settings(path, keys, paper=False)
    (policy,) = policies(settings)

    assert settings.interval_s == Decimal(5)
    assert settings.journal == Path("hedgebot.db")
    assert not settings.paper
    assert settings.warnings == ()
    venue = settings.venues[policy.venue]
    assert (venue.exchange, venue.environment, venue.allow_withdraw_key) == ("binance", Environment.TESTNET, False)
    assert (policy.name, policy.asset, policy.symbol) == ("btc", "BTC", "BTC/USDT:USDT")
    assert (policy.ratio, policy.margin_mode, policy.leverage) == (Decimal(1), MarginMode.ISOLATED, 1)
    assert policy.holdings == (HoldingSpec(source=Source.SPOT, venue=policy.venue),)
    assert policy.band == Band(relative=Decimal("0.005"), notional=Decimal(20))
    assert policy.caps == Caps(
        order_notional=Decimal(250_000),
        notional_per_hour=Decimal(1_000_000),
        orders_per_minute=20,
        total_short=Decimal("1.05"),
    )
    assert policy.timing == Timing(
        dwell_s=Decimal(60),
        confirm_s=Decimal(1),
        foreign_grace_s=Decimal(600),
        proof_grace_s=Decimal(30),
        proof_spacing_s=Decimal(5),
        age_max_s=Decimal(15),
        settle_s=Decimal(4),
    )
    assert (policy.slippage, policy.slippage_urgent) == (Decimal("0.005"), Decimal("0.02"))
    assert policy.margin_reserve == 0


def test_a_hedge_takes_what_it_does_not_say_from_the_top_of_the_file(path: Path, keys: dict[str, str]) -> None:
    change(path, "interval_s = 5", 'dwell_s = 2\nslippage = "0.01"\nband = {notional = "7", relative = "0.5"}')
    change(path, 'band = {relative = "0.005", notional = "20"}', 'slippage = "0.002"\nband = {notional = "20"}')
    (policy,) = policies(load_settings(path, {**keys, "HEDGEBOT_CAPS__ORDER_NOTIONAL": "9"}, paper=False))

    assert policy.timing.dwell_s == Decimal(2)
    assert policy.slippage == Decimal("0.002")
    assert policy.band == Band(relative=Decimal("0.5"), notional=Decimal(20))
    assert policy.caps.order_notional == Decimal(9)
    assert policy.caps.notional_per_hour == Decimal(1_000_000)


def test_numbers_keep_their_digits(path: Path, keys: dict[str, str]) -> None:
    change(path, 'notional = "20"', 'notional = "20.000000000000000001"')
    change(path, "interval_s = 5", "interval_s = 0.1")
    settings = load_settings(path, keys, paper=False)
    assert policies(settings)[0].band.notional == Decimal("20.000000000000000001")
    assert settings.interval_s == Decimal("0.1")


def test_the_environment_wins_over_the_file(path: Path, keys: dict[str, str]) -> None:
    environ = {**keys, "HEDGEBOT_INTERVAL_S": "2.5", "HEDGEBOT_JOURNAL__PATH": "/var/lib/x.db", "PATH": "/bin"}
    environ["HEDGEBOT_VENUES__MAIN__ALLOW_WITHDRAW_KEY"] = "true"
    environ["HEDGEBOT_REAL_MONEY"] = ""
    settings = load_settings(path, environ, paper=False)
    assert (settings.interval_s, settings.journal) == (Decimal("2.5"), Path("/var/lib/x.db"))
    assert [venue.allow_withdraw_key for venue in settings.venues.values()] == [True]


def test_the_whole_list_of_hedges_may_come_as_json(path: Path, keys: dict[str, str]) -> None:
    hedges = """[{"name": "bnb", "asset": "BNB", "holdings": [{"source": "external", "amount": "3"}],
        "short": {"venue": "main", "symbol": "BNB/USDT:USDT", "leverage": 2}, "allow_leverage": true}]"""
    (policy,) = policies(load_settings(path, {**keys, "HEDGEBOT_HEDGES": hedges}, paper=False))
    assert policy.holdings == (HoldingSpec(source=Source.EXTERNAL, venue=None, amount=Decimal(3)),)
    assert policy.leverage == 2


def test_several_hedges_share_a_venue(path: Path, keys: dict[str, str]) -> None:
    more = """
[[hedges]]
name = "pepe"
asset = "PEPE"
holdings = [{source = "spot", venue = "main"}, {source = "earn", venue = "main"}, {source = "external", amount = 5}]
short = {venue = "main", symbol = "1000PEPE/USDT:USDT", margin = "cross"}
"""
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    _, pepe = policies(load_settings(path, keys, paper=False))
    # What Earn gives back comes with it (R11).
    assert [spec.source for spec in pepe.holdings] == [Source.SPOT, Source.EARN, Source.EXTERNAL, Source.TRANSIT]
    assert pepe.margin_mode is MarginMode.CROSS


@pytest.mark.parametrize(
    ("asset", "base", "fits"),
    [
        ("PEPE", "1000PEPE", True),
        ("1000CAT", "1000CAT", True),
        ("CAT", "1000CAT", False),
        ("1000PEPE", "1000PEPE", False),
    ],
)
def test_r7_what_a_base_stands_for_is_told_by_one_table(
    path: Path, keys: dict[str, str], asset: str, base: str, *, fits: bool
) -> None:
    change(path, "BTC/USDT:USDT", f"{base}/USDT:USDT")
    change(path, 'asset = "BTC"', f'asset = "{asset}"')
    if fits:
        assert policies(load_settings(path, keys, paper=False))[0].symbol == f"{base}/USDT:USDT"
        return
    with pytest.raises(ConfigFault, match=f"expected a perpetual on {asset}"):
        load_settings(path, keys, paper=False)


def secrets_of(settings: Settings) -> list[tuple[str, str, str | None]]:
    return [
        (
            venue.api_key.get_secret_value(),
            venue.secret.get_secret_value(),
            None if venue.password is None else venue.password.get_secret_value(),
        )
        for venue in settings.venues.values()
    ]


def test_secrets_come_from_variables_or_files(path: Path, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("key from a file\r\n", encoding="utf-8")
    (tmp_path / "secret").write_text("-----BEGIN-----\nabc\n-----END-----\n", encoding="utf-8")
    change(path, 'environment = "testnet"', f'environment = "testnet"\napi_key_file = "{tmp_path / "key"}"')
    environ = {"HEDGEBOT_VENUES__MAIN__SECRET_FILE": str(tmp_path / "secret")}
    environ["HEDGEBOT_VENUES__MAIN__PASSWORD"] = "a phrase"
    settings = load_settings(path, environ, paper=False)
    expected = ("key from a file", "-----BEGIN-----\nabc\n-----END-----", "a phrase")
    assert secrets_of(settings) == [expected]
    assert settings.secrets() == expected


def test_a_password_is_not_asked_for_where_none_is_needed(path: Path, keys: dict[str, str]) -> None:
    assert secrets_of(load_settings(path, keys, paper=False)) == [(*keys.values(), None)]


def test_on_paper_what_is_missing_is_paper_and_what_is_given_is_sent(path: Path) -> None:
    bare = load_settings(path, {}, paper=True)
    assert bare.paper
    assert secrets_of(bare) == [("paper", "paper", "paper")]
    assert bare.secrets() == ()
    given = load_settings(path, {API_KEY: "paper-two"}, paper=True)
    assert secrets_of(given) == [("paper-two", "paper", "paper")]
    assert given.secrets() == ("paper-two",)


def test_a_paper_venue_puts_the_run_on_paper(path: Path) -> None:
    change(path, '"testnet"', '"paper"')
    assert load_settings(path, {}, paper=False).paper


@pytest.mark.parametrize("where", ["venue", "top"])
def test_real_money_is_said_once(path: Path, keys: dict[str, str], where: str) -> None:
    change(path, '"testnet"', '"live"\nreal_money = true' if where == "venue" else '"live"')
    if where == "top":
        change(path, "interval_s = 5", "interval_s = 5\nreal_money = true")
    settings = load_settings(path, keys, paper=False)
    assert [venue.environment for venue in settings.venues.values()] == [Environment.LIVE]
    assert not settings.paper


def test_real_money_is_not_asked_for_on_paper(path: Path) -> None:
    change(path, '"testnet"', '"live"')
    assert load_settings(path, {}, paper=True).paper


def test_a_variable_for_another_files_venue_is_ignored_with_a_warning(path: Path, keys: dict[str, str]) -> None:
    environ = {**keys, "HEDGEBOT_VENUES__OTHER__API_KEY": "a-key-of-another-file"}
    (warning,) = load_settings(path, environ, paper=False).warnings
    assert "HEDGEBOT_VENUES__OTHER__API_KEY" in warning
    assert "[venues.other]" in warning
    assert "a-key-of" not in warning


def test_a_misspelt_venue_is_suggested_beside_the_missing_key(path: Path, keys: dict[str, str]) -> None:
    environ = {**keys, "HEDGEBOT_VENUES__MAINN__ENVIRONMENT": "live"}
    (warning,) = load_settings(path, environ, paper=False).warnings
    assert "did you mean `HEDGEBOT_VENUES__MAIN__ENVIRONMENT`?" in warning


def test_settings_are_frozen_and_hide_their_secrets(path: Path, keys: dict[str, str]) -> None:
    settings = load_settings(path, keys, paper=False)
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.paper = True  # type: ignore[misc]
    with pytest.raises(ValidationError):
        settings.hedges[0].ratio = Decimal(0)  # type: ignore[misc]
    with pytest.raises(TypeError):
        settings.venues["x"] = settings.venues["main"]  # type: ignore[index]
    shown = f"{settings!r} {settings}"
    for secret in keys.values():
        assert secret not in shown


def test_a_folder_is_no_settings_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigFault, match="can't be read: Is a directory"):
        load_settings(tmp_path, {}, paper=True)


def test_other_encodings_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes("# Grüße".encode("latin-1"))
    with pytest.raises(ConfigFault, match="expected UTF-8"):
        load_settings(path, {}, paper=True)


def test_a_key_file_that_is_no_text_is_refused(path: Path, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigFault, match="the file holds no text"):
        load_settings(path, {f"{API_KEY}_FILE": str(tmp_path / "key")}, paper=True)


@pytest.mark.parametrize("path", sorted(CONFIG.glob("*.toml")), ids=lambda path: path.name)
def test_the_files_that_come_with_the_bot_run_on_paper(path: Path) -> None:
    settings = load_settings(path, {}, paper=True)
    assert not settings.warnings
    if not settings.hedges:
        assert settings.pairs or settings.exits
        return
    policy, *standing_by = policies(settings)
    assert all(other.stands_in is not None and other.caps == policy.caps for other in standing_by)
    # One order for the 1 BTC and 200,000 USDT that a paper account starts with.
    assert policy.caps.order_notional >= Decimal(100_500)
    assert policy.ratio == 1


def test_the_known_exchanges_are_those_of_ccxt() -> None:
    assert frozenset(ccxt.exchanges) == VERIFIED | UNVERIFIED
    assert WITH_TESTNET <= VERIFIED | UNVERIFIED
    assert WITHOUT_PERPETUALS <= UNVERIFIED
    assert UNIFIED <= VERIFIED
    assert ALIASES.keys() <= UNVERIFIED
    assert not VERIFIED & UNVERIFIED


@pytest.mark.parametrize("exchange", sorted((VERIFIED | UNVERIFIED) - WITHOUT_PERPETUALS - ALIASES.keys()))
def test_a_passphrase_is_asked_for_exactly_where_ccxt_needs_one(exchange: str) -> None:
    needed = getattr(ccxt, exchange)().requiredCredentials
    assert bool(needed.get("password")) == (exchange in WITH_PASSPHRASE)
