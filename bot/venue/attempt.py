"""What can't be read becomes Unknown (R8)."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from bot.domain.errors import NotOffered, VenueFault
from bot.domain.observation import Unknown

T = TypeVar("T")


async def attempt(what: str, reading: Awaitable[T]) -> T | Unknown:
    """The value of a reading, or why there is none; a VenueFault goes no further."""
    try:
        return await reading
    except VenueFault as fault:
        return Unknown(what=what, reason=fault.message, lasting=isinstance(fault, NotOffered))
