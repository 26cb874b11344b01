"""Asks by ccxt's unified methods."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from bot.domain.errors import NotOffered
from bot.venue.endpoint import at
from bot.venue.link import Link, Timed
from bot.venue.throttle import Lane
from bot.venue.unified.client import Stumble

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Nature:
    """What ccxt says that an exchange can; `idle` is a client of its class that nobody uses."""

    exchange: str
    idle: Any

    def has(self, ability: str) -> bool:
        """Whether it can, emulated by ccxt or not."""
        return bool(self.idle.has.get(ability))

    def feature(self, method: str, name: str) -> object:
        """A detail of a method for linear perpetuals, such as the rows of a page; None when ccxt does not say."""
        return self.idle.feature_value_by_type("swap", "linear", method, name)


@dataclass(frozen=True, slots=True)
class Calls:
    """The way to one account by ccxt's unified methods."""

    link: Link
    nature: Nature

    async def ask(
        self, call: str, args: tuple[object, ...], parse: Callable[[object], T], *, lane: Lane = Lane.READ
    ) -> T:
        """Like `Link.ask`, by a unified method and its arguments."""
        return (await self.read(call, args, parse, lane=lane)).value

    async def read(
        self, call: str, args: tuple[object, ...], parse: Callable[[object], T], *, lane: Lane = Lane.READ
    ) -> Timed[T]:
        """Like `Link.read`, by a unified method and its arguments."""
        return await self.link.read(
            at("requests", "unified", call), lambda body: parse(value_of(body)), {"call": call, "args": args}, lane=lane
        )

    async def send(self, call: str, args: tuple[object, ...], parse: Callable[[object], T]) -> T:
        """Like `Link.send`: once, now."""
        endpoint = at("requests", "unified", call)
        return await self.link.send(endpoint, lambda body: parse(value_of(body)), {"call": call, "args": args})

    def not_offered(self, what: str) -> NoReturn:
        """Raise NotOffered."""
        raise NotOffered(
            f"{what}: not known on {self.nature.exchange}, which hedgebot was not verified on",
            venue=self.link.name,
            operation=what,
        )


def value_of(body: object) -> object:
    """What ccxt made of an answer. Raises ValueError when it did not get on with it."""
    if isinstance(body, Stumble):
        raise ValueError(body.why)  # noqa: TRY004 - one error type for every bad shape
    return body
