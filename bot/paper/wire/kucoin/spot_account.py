"""The main and the trading account: balances, ledgers, fees, and what the key may do.

Source: https://www.kucoin.com/docs-new/rest/account-info (read 2025-11).
"""

from __future__ import annotations

from typing import Final

from bot.domain.numbers import plain
from bot.paper.engine.model import Balance
from bot.paper.wire.kucoin.endpoint import Call, Endpoint
from bot.paper.wire.kucoin.errors import bad_parameter
from bot.paper.wire.kucoin.history import newest, page, window
from bot.paper.wire.kucoin.ledger import Entry, entries, entry_row
from bot.paper.wire.kucoin.limits import Pool
from bot.paper.wire.kucoin.names import MAIN, TRADE, wallet_of

_TYPES: Final = frozenset({"main", "trade", "trade_hf", "trade_uta", "margin", "isolated", "contract"})
_UID: Final = 165_111_215
_CREATED_MS: Final = 1_728_443_843_000


def trade_type(call: Call) -> str:
    """What this account's trading wallet is called: `trade_hf`, or `trade` of the old system."""
    return "trade_hf" if call.hf else "trade"


def _accounts(call: Call) -> object:
    """Both wallets; with `type` the one of exactly that name, so that no coin is ever shown under two names."""
    wanted, currency = call.params.text("type"), call.params.text("currency")
    if wanted is not None and wanted not in _TYPES:
        raise bad_parameter("type parameter is invalid")
    return [
        _account_row(asset, kind, balance)
        for wallet, kind in ((MAIN, "main"), (TRADE, trade_type(call)))
        if wanted in (None, kind)
        for asset, balance in call.account.balances(wallet).items()
        if currency in (None, asset)
    ]


def _account_row(asset: str, kind: str, balance: Balance) -> dict[str, object]:
    return {"id": account_id(asset, kind), "currency": asset, "type": kind, **_amounts(balance)}


def _amounts(balance: Balance) -> dict[str, object]:
    return {
        "balance": plain(balance.total),
        "available": plain(balance.free),
        "holds": plain(balance.locked),
    }


def account_id(asset: str, kind: str) -> str:
    """The id of one coin's account: 24 hexadecimal digits."""
    return f"{kind[0]}-{asset}".encode().hex().ljust(24, "0")


def _one_account(call: Call) -> object:
    wanted = call.params.need("accountId")
    for wallet, kind in ((MAIN, "main"), (TRADE, trade_type(call))):
        for asset, balance in call.account.balances(wallet).items():
            if account_id(asset, kind) == wanted:
                return {"currency": asset, **_amounts(balance)}
    raise bad_parameter("account does not exist")


def _transferable(call: Call) -> object:
    asset, kind = call.params.need("currency"), call.params.need("type")
    balance = call.account.balance(wallet_of(kind), asset)
    return {"currency": asset, **_amounts(balance), "transferable": plain(balance.free)}


def _ledgers(call: Call) -> object:
    """The main account, and the trading account of the old system."""
    found = entries(call.account, MAIN, "MAIN")
    if not call.hf:
        found = sorted([*found, *entries(call.account, TRADE, "TRADE")], key=lambda entry: entry.row_id)
    rows = _filtered(call, found)
    return page([entry_row(entry) for entry in rows], call.params)


def _hf_ledgers(call: Call) -> object:
    """Only the newest rows, as a bare list; `lastId` asks for what is older."""
    if not call.hf:
        return []
    rows = _filtered(call, entries(call.account, TRADE, "TRADE_HF"))
    last = call.params.integer("lastId")
    older = [entry for entry in rows if last is None or entry.row_id < last]
    return [entry_row(entry) for entry in newest(older, call.params, default=100)]


def _filtered(call: Call, found: list[Entry]) -> list[Entry]:
    params = call.params
    currencies = (params.text("currency") or "").split(",")
    direction, business = params.text("direction"), params.text("bizType")
    return [
        entry
        for entry in window(found, params, lambda entry: entry.time_ms)
        if (currencies == [""] or entry.asset in currencies)
        and direction in (None, "in" if entry.change > 0 else "out")
        and business in (None, entry.business.asked)
    ]


def _opened(call: Call) -> object:
    return call.hf


def _trade_fees(call: Call) -> object:
    wanted = call.params.need("symbols").split(",")
    found = {listing.symbol: listing for listing in call.pairs()}
    if len(wanted) > 10 or not set(wanted) <= found.keys():
        raise bad_parameter("symbols parameter is invalid")
    return [
        {
            "symbol": symbol,
            "takerFeeRate": plain(call.account.fees(found[symbol])[1]),
            "makerFeeRate": plain(call.account.fees(found[symbol])[0]),
            "sellTaxRate": None,
            "buyTaxRate": None,
        }
        for symbol in wanted
    ]


def _base_fee(call: Call) -> object:
    maker, taker = call.account.fees(call.pairs()[0])
    return {"takerFeeRate": plain(taker), "makerFeeRate": plain(maker)}


def _api_key(call: Call) -> object:
    """`Transfer` is the right to withdraw; `InnerTransfer` moves money between one's own wallets only."""
    rights = "General,Spot,Futures,Earn,InnerTransfer"
    return {
        "remark": "paper",
        "apiKey": call.key,
        "apiVersion": 3,
        "permission": f"{rights},Transfer" if "withdraw" in call.key else rights,
        "ipWhitelist": "127.0.0.1",
        "createdAt": _CREATED_MS,
        "uid": _UID,
        "isMaster": True,
    }


def _user_info(_: Call) -> object:
    kinds = ("sub", "spotSub", "marginSub", "futuresSub", "optionSub")
    most = ("maxSub", "maxDefaultSub", "maxSpotSub", "maxMarginSub", "maxFuturesSub", "maxOptionSub")
    return {"level": 0, **{f"{kind}Quantity": 0 for kind in kinds}, **{f"{kind}Quantity": 5 for kind in most}}


def _account_mode(_: Call) -> object:
    return {"selfAccountMode": "CLASSIC"}


def _margin_symbols(call: Call) -> object:
    """No pair can be traded on margin here."""
    return {"timestamp": call.now_ms, "items": []}


def _isolated_symbols(_: Call) -> object:
    return []


_MANAGED: Final = Pool.MANAGEMENT
ENDPOINTS: Final = (
    Endpoint(method="GET", path="/api/v1/accounts", handle=_accounts, pool=_MANAGED, weight=5),
    Endpoint(method="GET", path="/api/v1/accounts/ledgers", handle=_ledgers, pool=_MANAGED, weight=2),
    Endpoint(method="GET", path="/api/v1/accounts/transferable", handle=_transferable, pool=_MANAGED, weight=20),
    Endpoint(method="GET", path="/api/v1/accounts/{accountId}", handle=_one_account, pool=_MANAGED, weight=5),
    Endpoint(method="GET", path="/api/v1/hf/accounts/ledgers", handle=_hf_ledgers, pool=Pool.SPOT, weight=2),
    Endpoint(method="GET", path="/api/v1/hf/accounts/opened", handle=_opened, pool=Pool.SPOT, weight=2),
    Endpoint(method="GET", path="/api/v1/trade-fees", handle=_trade_fees, pool=Pool.SPOT, weight=3),
    Endpoint(method="GET", path="/api/v1/base-fee", handle=_base_fee, pool=Pool.SPOT, weight=3),
    Endpoint(method="GET", path="/api/v1/user/api-key", handle=_api_key, pool=_MANAGED, weight=20),
    Endpoint(method="GET", path="/api/v2/user-info", handle=_user_info, pool=_MANAGED, weight=20),
    Endpoint(method="GET", path="/api/ua/v1/account/mode", handle=_account_mode, pool=_MANAGED, weight=30),
    Endpoint(method="GET", path="/api/v3/margin/symbols", handle=_margin_symbols, signed=False, weight=3),
    Endpoint(method="GET", path="/api/v1/isolated/symbols", handle=_isolated_symbols, signed=False, weight=3),
)
