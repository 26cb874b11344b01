"""R6: nothing is counted by two hedges, and no account under two names."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain.errors import ConfigFault
from bot.settings import load_settings

HEDGE = """
[[hedges]]
name = "{name}"
asset = "BTC"
holdings = [{holdings}]
short = {{venue = "{venue}", symbol = "{symbol}"}}
"""


def load(tmp_path: Path, venues: str, *hedges: tuple[str, str, str, str]) -> str:
    """The message; empty when the file is fine."""
    path = tmp_path / "settings.toml"
    text = venues + "".join(
        HEDGE.format(name=name, holdings=holdings, venue=venue, symbol=symbol)
        for name, holdings, venue, symbol in hedges
    )
    path.write_text(text, "utf-8")
    try:
        load_settings(path, {}, paper=True)
    except ConfigFault as fault:
        return fault.message
    return ""


MAIN = '[venues.main]\nexchange = "binance"\nenvironment = "paper"\n'


def test_coins_on_their_way_belong_to_one_hedge(tmp_path: Path) -> None:
    said = load(
        tmp_path,
        MAIN,
        ("a", '{source = "earn", venue = "main"}', "main", "BTC/USDT:USDT"),
        ("b", '{source = "transit", venue = "main"}', "main", "BTC/USDC:USDC"),
    )
    assert "BTC in transit on main is already used by hedges[0] (a)" in said


@pytest.mark.parametrize(("path", "fine"), [("sum", False), ("other", True)])
def test_a_number_in_a_file_belongs_to_one_hedge(tmp_path: Path, path: str, *, fine: bool) -> None:
    said = load(
        tmp_path,
        MAIN,
        ("a", '{source = "external", file = "f.json", path = "sum"}', "main", "BTC/USDT:USDT"),
        ("b", f'{{source = "external", file = "f.json", path = "{path}"}}', "main", "BTC/USDC:USDC"),
    )
    assert ("the number in f.json sum is already used by hedges[0] (a)" in said) != fine


def test_one_account_under_two_names_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(
        MAIN.replace("paper", "testnet")
        + MAIN.replace("main", "other").replace("paper", "testnet")
        + HEDGE.format(name="a", holdings='{source = "spot", venue = "other"}', venue="main", symbol="BTC/USDT:USDT"),
        "utf-8",
    )
    prefixes = ("HEDGEBOT_VENUES__MAIN", "HEDGEBOT_VENUES__OTHER")
    keys = {f"{prefix}__{part}": "x" * 20 for prefix in prefixes for part in ("API_KEY", "SECRET")}
    with pytest.raises(ConfigFault, match=r"the key of venues\.main too"):
        load_settings(path, keys, paper=False)


def test_two_accounts_of_one_exchange_are_two_on_paper(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(
        MAIN
        + MAIN.replace("main", "other")
        + HEDGE.format(name="a", holdings='{source = "spot", venue = "other"}', venue="main", symbol="BTC/USDT:USDT"),
        "utf-8",
    )
    settings = load_settings(path, {}, paper=True)
    keys = [venue.api_key.get_secret_value() for venue in settings.venues.values()]
    assert keys == ["paper", "paper-other"]
    assert settings.secrets() == ("paper-other",)
