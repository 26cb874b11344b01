"""Binance's two futures APIs, USD-M (`fapi`) and COIN-M (`dapi`), told apart by data alone.

Source: Binance USD-M and COIN-M futures REST documentation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.domain.instrument import ContractKind
from bot.venue.endpoint import Endpoint, at
from bot.venue.throttle import Cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One futures API.

    Attributes:
        kind: of its contracts.
        wallet: the name of its margin wallet.
        status: key of a contract's status in the market list.
        notional: key of a position's value; USD-M tells it in quote, COIN-M in coins.
        filled: key of what an order filled, in the same units.
        order_page: the most rows that the list of all orders gives at once.
        config: tells leverage and margin mode of each symbol; at COIN-M that is the margin account, which lists them
            all, those without a position too.
        mode: tells the position mode.
        transfers: types of a transfer from the spot wallet, and of one to it.
    """

    kind: ContractKind
    wallet: str
    status: str
    notional: str
    filled: str
    order_page: int
    transfers: tuple[str, str]
    exchange_info: Endpoint
    account: Endpoint
    positions: Endpoint
    config: Endpoint
    mode: Endpoint
    mark: Endpoint
    marks: Endpoint
    ticker: Endpoint
    tickers: Endpoint
    depth: Endpoint
    volumes: Endpoint
    brackets: Endpoint
    funding_terms: Endpoint
    fundings: Endpoint
    fees: Endpoint
    set_leverage: Endpoint
    set_margin_mode: Endpoint
    place: Endpoint
    find_order: Endpoint
    cancel: Endpoint
    open_orders: Endpoint
    all_orders: Endpoint
    trades: Endpoint
    income: Endpoint
    add_margin: Endpoint
    margin_moves: Endpoint
    countdown: Endpoint


PLACE_COST: Final = Cost(
    family="fapi", units={"fapi": 1, "fapi-orders-10s": 1, "fapi-orders-1m": 1, "dapi": 1, "dapi-orders-1m": 1}
)
"""Room is asked for an order on any contract, linear or inverse, so it counts at both."""

LINEAR: Final = Family(
    kind=ContractKind.LINEAR,
    wallet="usdm",
    status="status",
    notional="notional",
    filled="cumQuote",
    order_page=1_000,
    transfers=("MAIN_UMFUTURE", "UMFUTURE_MAIN"),
    exchange_info=at("fapi", "fapiPublicGetExchangeInfo", "read the contract list", 1),
    account=at("fapi", "fapiPrivateV3GetAccount", "read the margin account", 5),
    positions=at("fapi", "fapiPrivateV3GetPositionRisk", "read positions", 5),
    config=at("fapi", "fapiPrivateGetSymbolConfig", "read leverage and margin mode", 5),
    # Tells position and multi-assets mode for a sixth of what either endpoint of its own costs.
    mode=at("fapi", "fapiPrivateGetAccountConfig", "read position and multi-assets mode", 5),
    mark=at("fapi", "fapiPublicGetPremiumIndex", "read the mark price", 1),
    marks=at("fapi", "fapiPublicGetPremiumIndex", "read mark prices", 10),
    ticker=at("fapi", "fapiPublicGetTickerBookTicker", "read bid and ask", 2),
    tickers=at("fapi", "fapiPublicGetTickerBookTicker", "read bids and asks", 5),
    depth=at("fapi", "fapiPublicGetDepth", "read the order book", 2),
    volumes=at("fapi", "fapiPublicGetTicker24hr", "read 24 h volumes", 1),
    brackets=at("fapi", "fapiPrivateGetLeverageBracket", "read the leverage brackets", 1),
    funding_terms=at("fapi", "fapiPublicGetFundingInfo", "read funding intervals", 1),
    fundings=at("fapi", "fapiPublicGetFundingRate", "read past funding", 1),
    fees=at("fapi", "fapiPrivateGetCommissionRate", "read fee rates", 20),
    set_leverage=at("fapi", "fapiPrivatePostLeverage", "set leverage", 1),
    set_margin_mode=at("fapi", "fapiPrivatePostMarginType", "set the margin mode", 1),
    place=Endpoint(method="fapiPrivatePostOrder", operation="place an order", cost=PLACE_COST),
    find_order=at("fapi", "fapiPrivateGetOrder", "look an order up", 1),
    cancel=at("fapi", "fapiPrivateDeleteOrder", "cancel an order", 1),
    open_orders=at("fapi", "fapiPrivateGetOpenOrders", "read open orders", 1),
    all_orders=at("fapi", "fapiPrivateGetAllOrders", "read all orders", 5),
    trades=at("fapi", "fapiPrivateGetUserTrades", "read trades", 5),
    income=at("fapi", "fapiPrivateGetIncome", "read the margin account's ledger", 30),
    add_margin=at("fapi", "fapiPrivatePostPositionMargin", "add margin to a position", 1),
    margin_moves=at("fapi", "fapiPrivateGetPositionMarginHistory", "read margin added to a position", 1),
    countdown=at("fapi", "fapiPrivatePostCountdownCancelAll", "set the switch that cancels orders", 10),
)

INVERSE: Final = Family(
    kind=ContractKind.INVERSE,
    wallet="coinm",
    status="contractStatus",
    notional="notionalValue",
    filled="cumBase",
    order_page=100,
    transfers=("MAIN_CMFUTURE", "CMFUTURE_MAIN"),
    exchange_info=at("dapi", "dapiPublicGetExchangeInfo", "read the coin-margined contract list", 1),
    account=at("dapi", "dapiPrivateGetAccount", "read the coin-margin account", 5),
    positions=at("dapi", "dapiPrivateGetPositionRisk", "read coin-margined positions", 1),
    config=at("dapi", "dapiPrivateGetAccount", "read leverage and margin mode", 5),
    mode=at("dapi", "dapiPrivateGetPositionSideDual", "read the position mode", 30),
    mark=at("dapi", "dapiPublicGetPremiumIndex", "read the mark price", 10),
    marks=at("dapi", "dapiPublicGetPremiumIndex", "read mark prices", 10),
    ticker=at("dapi", "dapiPublicGetTickerBookTicker", "read bid and ask", 2),
    tickers=at("dapi", "dapiPublicGetTickerBookTicker", "read bids and asks", 5),
    depth=at("dapi", "dapiPublicGetDepth", "read the order book", 2),
    volumes=at("dapi", "dapiPublicGetTicker24hr", "read 24 h volumes", 1),
    brackets=at("dapi", "dapiPrivateV2GetLeverageBracket", "read the leverage brackets", 1),
    funding_terms=at("dapi", "dapiPublicGetFundingInfo", "read funding intervals", 1),
    fundings=at("dapi", "dapiPublicGetFundingRate", "read past funding", 1),
    fees=at("dapi", "dapiPrivateGetCommissionRate", "read fee rates", 20),
    set_leverage=at("dapi", "dapiPrivatePostLeverage", "set leverage", 1),
    set_margin_mode=at("dapi", "dapiPrivatePostMarginType", "set the margin mode", 1),
    place=Endpoint(method="dapiPrivatePostOrder", operation="place an order", cost=PLACE_COST),
    find_order=at("dapi", "dapiPrivateGetOrder", "look an order up", 1),
    cancel=at("dapi", "dapiPrivateDeleteOrder", "cancel an order", 1),
    open_orders=at("dapi", "dapiPrivateGetOpenOrders", "read open orders", 1),
    all_orders=at("dapi", "dapiPrivateGetAllOrders", "read all orders", 20),
    trades=at("dapi", "dapiPrivateGetUserTrades", "read trades", 20),
    income=at("dapi", "dapiPrivateGetIncome", "read the coin-margin account's ledger", 20),
    add_margin=at("dapi", "dapiPrivatePostPositionMargin", "add margin to a position", 1),
    margin_moves=at("dapi", "dapiPrivateGetPositionMarginHistory", "read margin added to a position", 1),
    countdown=at("dapi", "dapiPrivatePostCountdownCancelAll", "set the switch that cancels orders", 10),
)

FAMILIES: Final = (LINEAR, INVERSE)


def family_of(kind: ContractKind) -> Family:
    """The API that serves contracts of a kind."""
    return next(family for family in FAMILIES if family.kind is kind)
