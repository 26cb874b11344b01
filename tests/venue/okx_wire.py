"""A wire that serves canned OKX bodies through the session seam."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal

from yarl import URL

from bot.domain.environment import Environment
from bot.domain.ids import Asset, Symbol, VenueName
from bot.domain.observation import Holding, Position, Source, Unknown, VenueObservation, Wanted
from bot.venue.gateway import CcxtVenue, open_venue
from bot.venue.spec import VenueSpec
from tests.venue.wire import EPOCH_MS, KEY, SECRET, Anything, Asked, HandClock, Wire

BTC = Symbol("BTC/USDT:USDT")
PEPE = Symbol("PEPE/USDT:USDT")
COIN_M = Symbol("BTC/USD:BTC")
COIN = Asset("BTC")
PHRASE = "phr4se-never-shown"


def spec(environment: Environment = Environment.LIVE, **secrets: str) -> VenueSpec:
    given = {"api_key": KEY, "secret": SECRET, "password": PHRASE, **secrets}
    return VenueSpec(name=VenueName("main"), exchange="okx", environment=environment, **given)


@asynccontextmanager
async def started(wire: Wire, clock: HandClock, *symbols: Symbol, **more: Anything) -> AsyncIterator[CcxtVenue]:
    """A gateway that has read the lists and accepted the account."""
    venue = open_venue(more.pop("account", spec()), clock=clock, session=wire, symbols=symbols, **more)
    try:
        await venue.start()
        yield venue
    finally:
        await venue.close()


def answer(*rows: object) -> dict[str, object]:
    return {"code": "0", "msg": "", "data": list(rows)}


def refused(code: str, text: str = "why") -> dict[str, object]:
    return {"code": code, "msg": text, "data": []}


def part_refused(code: str, text: str = "why", whole: str = "1") -> dict[str, object]:
    row = {"clOrdId": "", "ordId": "", "sCode": code, "sMsg": text, "tag": ""}
    return {"code": whole, "msg": "Operation failed.", "data": [row]}


class OkxWire(Wire):
    """Keeps what is in the headers and in JSON bodies too."""

    def __init__(self) -> None:
        super().__init__()
        self.sent_headers: list[Mapping[str, str]] = []

    def serve_rows(self, path: str, *rows: object) -> None:
        """Rows in the envelope of a good answer."""
        self.serve("GET", f"/api/v5/{path}", answer(*rows))

    @asynccontextmanager
    async def _request(self, method: str, url: URL, **rest: Anything) -> AsyncIterator[Anything]:
        data = (rest.get("data") or b"").decode()
        self.sent_headers.append(dict(rest.get("headers") or {}))
        given = json.loads(data) if data else {}
        fields = {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}
        async with super()._request(method, url.update_query(fields), **{**rest, "data": b""}) as response:
            yield response

    def headers_of(self, path: str) -> Mapping[str, str]:
        """Of the last request for a path."""
        index = max(index for index, asked in enumerate(self.asked) if asked.path == path)
        return self.sent_headers[index]


def swap(
    base: str, quote: str, *, value: str, step: str = "0.01", tick: str = "0.1", **more: object
) -> dict[str, object]:
    inverse = quote == "USD"
    return {
        "instType": "SWAP",
        "instId": f"{base}-{quote}-SWAP",
        "uly": f"{base}-{quote}",
        "instFamily": f"{base}-{quote}",
        "baseCcy": "",
        "quoteCcy": "",
        "settleCcy": base if inverse else quote,
        "ctVal": value,
        "ctMult": "1",
        "ctValCcy": quote if inverse else base,
        "ctType": "inverse" if inverse else "linear",
        "lotSz": step,
        "minSz": step,
        "maxLmtSz": "100000000",
        "maxMktSz": "12000",
        "tickSz": tick,
        "lever": "100",
        "state": "live",
        "listTime": "1573557408000",
        "expTime": "",
        **more,
    }


def pair(base: str, quote: str) -> dict[str, object]:
    return {
        "instType": "SPOT",
        "instId": f"{base}-{quote}",
        "uly": "",
        "instFamily": "",
        "baseCcy": base,
        "quoteCcy": quote,
        "settleCcy": "",
        "ctVal": "",
        "ctMult": "",
        "ctValCcy": "",
        "ctType": "",
        "lotSz": "0.00000001",
        "minSz": "0.00001",
        "maxLmtSz": "9999999999",
        "maxMktSz": "1000000",
        "tickSz": "0.1",
        "lever": "10",
        "state": "live",
        "listTime": "1611907686000",
        "expTime": "",
    }


def coin(name: str, quantity: str, **more: str) -> dict[str, str]:
    return {
        "ccy": name,
        "eq": quantity,
        "cashBal": quantity,
        "availEq": quantity,
        "availBal": quantity,
        "frozenBal": "0",
        "upl": "0",
        "isoEq": "0",
        "isoUpl": "0",
        "imr": "",
        "mmr": "",
        "ordFrozen": "0",
        "stgyEq": "0",
        "liab": "",
        **more,
    }


def balance(*coins: Mapping[str, str], total: str = "200000") -> dict[str, object]:
    return {"totalEq": total, "isoEq": "0", "imr": "", "mmr": "", "uTime": str(EPOCH_MS), "details": list(coins)}


def held(market_id: str, pos: str, side: str = "net", **more: str) -> dict[str, str]:
    return {
        "instId": market_id,
        "instType": "SWAP",
        "mgnMode": "isolated",
        "posId": "1",
        "posSide": side,
        "pos": pos,
        "ccy": "USDT",
        "avgPx": "100000",
        "markPx": "100000",
        "liqPx": "195000",
        "margin": "100000",
        "imr": "",
        "mmr": "400",
        "notionalUsd": "100000",
        "upl": "0",
        "lever": "1",
        **more,
    }


def config(**more: object) -> dict[str, object]:
    return {
        "acctLv": "2",
        "posMode": "net_mode",
        "perm": "read_only,trade",
        "ip": "",
        "ctIsoMode": "automatic",
        **more,
    }


def leverage(market_id: str, lever: str, mode: str, side: str = "net") -> dict[str, str]:
    return {"instId": market_id, "lever": lever, "mgnMode": mode, "posSide": side, "ccy": ""}


def order(client_id: str, **more: object) -> dict[str, object]:
    return {
        "instType": "SWAP",
        "instId": "BTC-USDT-SWAP",
        "ordId": "312269865356374016",
        "clOrdId": client_id,
        "side": "sell",
        "posSide": "net",
        "state": "filled",
        "sz": "100",
        "accFillSz": "100",
        "avgPx": "99990.5",
        "px": "99500",
        "fee": "-49.99525",
        "feeCcy": "USDT",
        "reduceOnly": "false",
        "category": "normal",
        "ordType": "ioc",
        "cTime": str(EPOCH_MS),
        "uTime": str(EPOCH_MS),
        **more,
    }


def fill(number: int, **more: object) -> dict[str, object]:
    return {
        "instType": "SWAP",
        "instId": "BTC-USDT-SWAP",
        "billId": str(number),
        "tradeId": str(number % 1_000),
        "ordId": "312269865356374016",
        "clOrdId": "",
        "side": "sell",
        "posSide": "net",
        "fillPx": "99990",
        "fillSz": "1",
        "fillPnl": "0",
        "fee": "-0.5",
        "feeCcy": "USDT",
        "execType": "T",
        "fillTime": str(EPOCH_MS + number),
        "ts": str(EPOCH_MS + number),
        **more,
    }


MARKETS: Sequence[dict[str, object]] = (
    swap("BTC", "USDT", value="0.01"),
    swap("PEPE", "USDT", value="10000000", step="0.1", tick="0.000000001"),
    swap("BTC", "USD", value="100", step="1"),
)


def flat_account(clock: HandClock) -> OkxWire:
    """1 BTC and 200,000 USDT in the trading account, no position, nothing under way."""
    wire = OkxWire()

    def instruments(asked: Asked) -> dict[str, object]:
        return answer(*(MARKETS if asked.params["instType"] == "SWAP" else (pair("BTC", "USDT"), pair("PEPE", "USDT"))))

    def leverages(asked: Asked) -> dict[str, object]:
        names = asked.params["instId"].split(",")
        return answer(*(leverage(name, "1", asked.params["mgnMode"]) for name in names))

    wire.serve("GET", "/api/v5/public/time", lambda _asked: answer({"ts": str(clock.now_ms())}))
    wire.serve("GET", "/api/v5/public/instruments", instruments)
    wire.serve("GET", "/api/v5/account/leverage-info", leverages)
    wire.serve_rows("account/config", config())
    wire.serve_rows(
        "account/trade-fee", {"maker": "-0.0002", "taker": "-0.0005", "makerU": "-0.0001", "takerU": "-0.0004"}
    )
    wire.serve_rows("account/balance", balance(coin("BTC", "1"), coin("USDT", "200000")))
    wire.serve_rows("asset/balances")
    wire.serve_rows("account/positions")
    wire.serve_rows("finance/savings/balance")
    wire.serve_rows("finance/staking-defi/orders-active")
    wire.serve_rows("asset/deposit-history")
    wire.serve_rows("asset/withdrawal-history")
    serve_prices(wire)
    return wire


def serve_prices(wire: OkxWire) -> None:
    swaps = {"BTC-USDT-SWAP": "100000", "PEPE-USDT-SWAP": "0.00001", "BTC-USD-SWAP": "100100"}
    wire.serve_rows("public/mark-price", *({"instId": name, "markPx": price} for name, price in swaps.items()))

    def indexes(asked: Asked) -> dict[str, object]:
        every = {"BTC-USDT": "99999", "PEPE-USDT": "0.0000101", "BTC-USD": "100090"}
        named, quote = asked.params.get("instId"), asked.params.get("quoteCcy")
        return answer(
            *(
                {"instId": name, "idxPx": price}
                for name, price in every.items()
                if name == named or name.partition("-")[2] == quote
            )
        )

    def tickers(_asked: Asked) -> dict[str, object]:
        return answer(
            *(
                {"instId": name, "bidPx": price, "askPx": price + "5" if "." in price else price + ".5"}
                for name, price in swaps.items()
            )
        )

    wire.serve("GET", "/api/v5/market/index-tickers", indexes)
    wire.serve("GET", "/api/v5/market/tickers", tickers)
    wire.serve("GET", "/api/v5/market/ticker", tickers)
    wire.serve_rows("public/funding-rate", *({"instId": name, "fundingRate": "0.0001"} for name in swaps))
    wire.serve_rows(
        "market/books",
        {
            "bids": [["100000", "500", "0", "3"], ["99999.9", "10", "0", "1"]],
            "asks": [["100000.5", "500", "0", "2"]],
            "ts": "1",
        },
    )


def values(*found: Anything) -> Anything:
    """What was found, to be compared with plain numbers."""
    return found


async def seen(venue: CcxtVenue, *symbols: Symbol, **more: Anything) -> VenueObservation:
    return await venue.observe(Wanted(symbols=frozenset(symbols), **more))


async def position(venue: CcxtVenue, symbol: Symbol = BTC) -> Position | Unknown:
    return (await seen(venue, symbol)).positions[symbol]


async def holding(venue: CcxtVenue, source: Source, asset: Asset = COIN, **more: Anything) -> Holding | Unknown:
    asked: dict[str, Anything] = {source.value: frozenset({asset}), **more}
    wanted = Wanted(**asked)
    return (await venue.observe(wanted)).holdings[source, asset]


def by_name(*rows: dict[str, str]) -> Anything:
    """Positions: those of 0 are told only to whoever names the market."""

    def positions(asked: Asked) -> dict[str, object]:
        names = asked.params.get("instId")
        if names is None:
            return answer(*(row for row in rows if Decimal(row["pos"]) != 0))
        return answer(*(row for row in rows if row["instId"] in names.split(",")))

    return positions
