"""ETH and SOL staking under `/sapi`: what the account holds of their tokens, which lie in the spot wallet.

Nothing can be staked or redeemed here, so the histories are empty; a token is worth one coin.

Source: https://developers.binance.com/docs/staking (read 2025-11).
"""

from __future__ import annotations

from typing import Final

from bot.paper.wire.binance.digits import eight
from bot.paper.wire.binance.earn import WEIGHT
from bot.paper.wire.binance.endpoint import Call, Endpoint
from bot.paper.wire.binance.history import page


def _held(call: Call, token: str) -> str:
    return eight(call.exchange.account(call.key).balance("spot", token).total)


def _eth_account(call: Call) -> object:
    held = _held(call, "WBETH")
    return {
        "holdingInETH": held,
        "holdings": {"wbethAmount": held, "bethAmount": "0.00000000"},
        "thirtyDaysProfitInETH": "0.00000000",
        "profit": {"amountFromWBETH": "0.00000000", "amountFromBETH": "0.00000000"},
    }


def _sol_account(call: Call) -> object:
    held = _held(call, "BNSOL")
    return {"bnsolAmount": held, "holdingInSOL": held, "thirtyDaysProfitInSOL": "0.00000000"}


def _nothing(call: Call) -> object:
    return page([], call.params)


ENDPOINTS: Final = (
    Endpoint(method="GET", path="/sapi/v1/eth-staking/account", handle=_eth_account, weight=WEIGHT),
    Endpoint(method="GET", path="/sapi/v2/eth-staking/account", handle=_eth_account, weight=WEIGHT),
    Endpoint(method="GET", path="/sapi/v1/sol-staking/account", handle=_sol_account, weight=WEIGHT),
    *(
        Endpoint(method="GET", path=f"/sapi/v1/{coin}-staking/{coin}/history/{kind}", handle=_nothing, weight=WEIGHT)
        for coin in ("eth", "sol")
        for kind in ("stakingHistory", "redemptionHistory")
    ),
)
